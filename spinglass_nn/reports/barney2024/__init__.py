"""The report of the study `barney2024`: its figures and its text."""

from spinglass_nn.reports.barney2024.figures import figures
from spinglass_nn.reports.barney2024.text import report

__all__ = ["figures", "report"]
