"""The figures of the study, each with a caption and words for those who cannot see it."""

from __future__ import annotations

from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.barney2024 import melting, order, states, untrained
from spinglass_nn.studies import StudyRun


def figures(run: StudyRun) -> Drawn:
    """All figures of the report by name: what was drawn, caption, alternative text."""
    return {
        **untrained.figures(run),
        **melting.figures(run),
        **states.figures(run),
        **order.figures(run),
    }
