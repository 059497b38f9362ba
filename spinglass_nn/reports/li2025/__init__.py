"""The report of the study `li2025`: its figures and its text."""

from spinglass_nn.reports.li2025.sections import figures
from spinglass_nn.reports.li2025.text import report

__all__ = ["figures", "report"]
