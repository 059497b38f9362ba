"""Rank correlations of sharpness with generalization: between settings, and within them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinglass_nn.errors import DataError
from spinglass_nn.statistics import RankGrid, spearman_grid
from spinglass_nn.studies.recipes.liao2024.flatness import Sweep
from spinglass_nn.studies.recipes.liao2024.measures import GAUGES, Measures
from spinglass_nn.studies.recipes.liao2024.rugged_walks import RuggedWalks
from spinglass_nn.typing import Float64Array

# declared before looking: walk flatness and ruggedness, in both gauges
PRIMARY = tuple(f"F{k}, {gauge}" for gauge in GAUGES for k in range(1, 5))
# each with the sign of its correlation with sharpness if flat is good
TARGETS = {"test accuracy": -1, "test loss": 1, "loss gap": 1, "accuracy gap": 1}
LEVEL = 0.99


def all_measures(measures: Measures, rugged: RuggedWalks) -> dict[str, Float64Array]:
    """Every measure of every run by name, the primary ones first."""
    found = {name: measures.at(name) for name in measures.names}
    found |= {f"F4, {gauge}": rugged.rms[g] for g, gauge in enumerate(GAUGES)}
    found |= {f"F4 excess, {gauge}": rugged.excess[g] for g, gauge in enumerate(GAUGES)}
    names = [*PRIMARY, *(name for name in found if name not in PRIMARY)]
    return {name: found[name] for name in names}


def targets(sweep: Sweep) -> dict[str, Float64Array]:
    """The numbers of generalization of every run."""
    return dict(
        zip(
            TARGETS,
            (sweep.test_accuracy, sweep.test_loss, sweep.gap, sweep.accuracy_gap),
            strict=True,
        )
    )


def grid(
    sharpness: dict[str, Float64Array],
    sweep: Sweep,
    rule: int,
    *,
    within: bool,
    only: Sequence[str] | None = None,
) -> RankGrid | None:
    """All correlations under one stopping rule, corrected together; None if nothing varies.

    Between settings, a setting being a batch size at a rate, the points are the means of its
    runs: few, but nothing is counted twice. Within settings ranks are taken among the runs of
    each, so that what batch size and rate do to both is out of it.
    """
    n_seeds = sweep.gap.shape[-1]
    strata = np.arange(sweep.gap[0].size) // n_seeds

    def points(values: Float64Array) -> Float64Array:
        runs = values[rule] if within else values[rule].mean(axis=-1)
        found: Float64Array = runs.ravel()
        return found

    def varying(table: dict[str, Float64Array]) -> dict[str, Float64Array]:
        rows = {name: points(values) for name, values in table.items()}
        return {name: row for name, row in rows.items() if _varies(row, within, n_seeds)}

    x = varying({name: sharpness[name] for name in (only or sharpness)})
    y = varying(targets(sweep))
    if not x or not y:
        return None
    try:
        return spearman_grid(x, y, strata=strata if within else None, level=LEVEL, rng=0)
    except DataError:  # too few points, or constant in too many resamples
        return None


def _varies(row: Float64Array, within: bool, n_seeds: int) -> bool:
    """Whether there is anything to rank."""
    if not np.isfinite(row).all():
        return False
    parts = row.reshape(-1, n_seeds) if within else row[None]
    return bool((np.ptp(parts, axis=1) > 0).any())
