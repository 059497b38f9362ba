"""The protocols as sections: what was asked, how, and what came out."""

from __future__ import annotations

from spinglass_nn.reports.liao2024 import (
    aging,
    connections,
    disorder,
    facts,
    flatness,
    gibbs,
    glasses,
    hierarchy,
    moves,
    paths,
    solutions,
    walks,
    width_flatness,
)
from spinglass_nn.reports.model import Drawing, Section
from spinglass_nn.studies import StudyRun


def all_sections(run: StudyRun, drawings: dict[str, Drawing]) -> list[Section]:
    """Sections in the order of the protocols."""
    parts = (
        solutions, walks, moves, aging, gibbs, paths, connections, hierarchy, glasses, disorder,
        flatness, width_flatness, facts,
    )  # fmt: skip
    return [part.section(run, drawings) for part in parts]
