from .model import (
    Drawing,
    Headline,
    Parameter,
    Reference,
    Report,
    Section,
    Summary,
    Table,
)
from .rendering import render, write
from .study import save_figures, study_report, write_study

__all__ = [
    "Drawing",
    "Headline",
    "Parameter",
    "Reference",
    "Report",
    "Section",
    "Summary",
    "Table",
    "render",
    "save_figures",
    "study_report",
    "write",
    "write_study",
]
