"""The parts of the report: their figures, and their words in order."""

from __future__ import annotations

from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.li2025 import along, comparisons, sweeps
from spinglass_nn.reports.model import Drawing, Section
from spinglass_nn.studies import StudyRun


def figures(run: StudyRun) -> Drawn:
    """All figures of the report by name: what was drawn, caption, alternative text."""
    p, results = run.parameters, run.results
    epochs = results["epochs"]
    return {
        **along.figures(epochs, results["nulls"], p.compared_at),
        **sweeps.figures(p, results),
        **comparisons.figures(
            epochs, results["matched"], results["backdoor"], results["limits"]
        ),
    }


def all_sections(run: StudyRun, drawings: dict[str, Drawing]) -> list[Section]:
    """Sections in the order of the claims."""
    parts = (
        along.section, comparisons.equal_accuracy, sweeps.section, comparisons.hidden,
        comparisons.limits,
    )  # fmt: skip
    return [part(run, drawings) for part in parts]
