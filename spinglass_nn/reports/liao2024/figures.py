"""The figures of the study, each with a caption and words for those who cannot see it."""

from __future__ import annotations

from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.liao2024 import (
    aging,
    connections,
    disorder,
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
from spinglass_nn.studies import StudyRun


def figures(run: StudyRun) -> Drawn:
    """All figures of the report by name: what was drawn, caption, alternative text."""
    results = run.results
    return {
        **solutions.figures(results["solutions"]),
        **walks.figures(results["walks"]),
        **moves.figures(results["moves"]),
        **aging.figures(results["aging"]),
        **gibbs.figures(results["gibbs"]),
        **paths.figures(results["interpolation"]),
        **connections.figures(results),
        **hierarchy.figures(results["hierarchy"], results["solutions"], results["ensembles"]),
        **glasses.figures(results["glasses"], results["hierarchy"]),
        **disorder.figures(results["disorder"]),
        **flatness.figures(results["flatness"], results["measures"], results["rugged"]),
        **width_flatness.figures(results["width_flatness"]),
    }
