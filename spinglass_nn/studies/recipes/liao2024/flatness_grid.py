"""Rank correlations of sharpness with generalization: between settings, and within them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinglass_nn.errors import DataError
from spinglass_nn.statistics import RankGrid, spearman_grid
from spinglass_nn.studies.recipes.liao2024.flatness import Sweep
from spinglass_nn.studies.recipes.liao2024.measures import GAUGES, Measures
from spinglass_nn.studies.recipes.liao2024.rugged_walks import RuggedWalks
from spinglass_nn.studies.recipes.liao2024.width_flatness import WidthFlatness
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


def targets(runs: Sweep | WidthFlatness) -> dict[str, Float64Array]:
    """The numbers of generalization of every run."""
    found = (
        runs.test_accuracy,
        runs.test_loss,
        runs.test_loss - runs.train_loss,
        runs.train_accuracy - runs.test_accuracy,
    )
    return dict(zip(TARGETS, found, strict=True))


def grid(
    sharpness: dict[str, Float64Array],
    sweep: Sweep,
    rule: int,
    *,
    within: bool,
    only: Sequence[str] | None = None,
) -> RankGrid | None:
    """`correlations` under one stopping rule, of all measures or of some."""
    return correlations(
        {name: sharpness[name][rule] for name in (only or sharpness)},
        {name: values[rule] for name, values in targets(sweep).items()},
        within=within,
    )


def correlations(
    sharpness: dict[str, Float64Array],
    generalization: dict[str, Float64Array],
    *,
    within: bool,
) -> RankGrid | None:
    """All correlations, corrected together; None if nothing varies.

    Values are those of runs, (..., n_seeds). Between settings, a setting being a batch size at
    a rate, or a width, the points are the means of its runs: few, but nothing is counted twice.
    Within settings ranks are taken among the runs of each, so that what the setting does to
    both is out of it.
    """
    some = next(iter(generalization.values()))
    n_seeds = some.shape[-1]
    strata = np.arange(some.size) // n_seeds

    def varying(table: dict[str, Float64Array]) -> dict[str, Float64Array]:
        rows = {
            name: (values if within else values.mean(axis=-1)).ravel()
            for name, values in table.items()
        }
        return {name: row for name, row in rows.items() if _varies(row, within, n_seeds)}

    x, y = varying(sharpness), varying(generalization)
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
