"""The report of the study `liao2024`: its figures and its text."""

from spinglass_nn.reports.liao2024.figures import figures
from spinglass_nn.reports.liao2024.text import report

__all__ = ["figures", "report"]
