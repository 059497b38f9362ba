"""Which equilibration tests a run allows, and their data."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from spinglass_nn.dynamics.equilibration import (
    EquilibrationTest,
    link_overlap_identity,
    overlap_identity,
    stationarity,
)
from spinglass_nn.errors import DataError
from spinglass_nn.typing import Float64Array

if TYPE_CHECKING:
    from spinglass_nn.dynamics.results import MonteCarloRun

_DOUBLINGS = 4  # last half, the quarter before, ...
_FEWEST = 5  # units, for three blocks to be compared


def equilibration_tests(run: MonteCarloRun, place: int) -> tuple[EquilibrationTest, ...]:
    """All tests at one temperature that this run can be put to."""
    tests = []
    if run.n_samples >= _FEWEST:
        for name in ("energy", "q^2"):
            if name in run.columns:
                blocks = _doubling_blocks(run, run.columns.index(name), place)
                tests.append(stationarity(blocks / _per(name, run), name=name))
        tests += _identity(run, place)
    elif run.energy_series.shape[1] >= _FEWEST and run.energy_series.shape[-1] >= 2**_DOUBLINGS:
        series = run.energy_series[0, :, place] / run.n_spins  # replicas are the units
        tests.append(stationarity(_doublings(series), name="energy"))
    if not tests:
        raise DataError(
            f"equilibration needs at least {_FEWEST} samples, or as many replicas and a time "
            f"series, got {run.n_samples} and {run.energy_series.shape[1]}"
        )
    return tuple(tests)


def _per(name: str, run: MonteCarloRun) -> float:
    return run.n_spins if name == "energy" else 1.0


def _doubling_blocks(run: MonteCarloRun, column: int, place: int) -> Float64Array:
    """Averages of each sample over doubling times, (n_samples, n_blocks)."""
    whole = run.lengths == run.lengths.max()
    return _doublings(run.averages[whole][:, :, place, column].T)


def _doublings(values: Float64Array) -> Float64Array:
    """Means over the last half, the quarter before, ... of the last axis, oldest first."""
    n = values.shape[-1]
    ends = [n >> k for k in range(_DOUBLINGS)]
    parts = [values[:, b:a].mean(axis=1) for a, b in itertools.pairwise(ends)]
    return np.stack(parts[::-1], axis=1)


def _identity(run: MonteCarloRun, place: int) -> list[EquilibrationTest]:
    temperature = float(run.temperatures[place])
    energy = run.sample_averages("energy")[:, place]
    identity = run.facts["identity"]
    if identity == "edwards-anderson" and "q_l" in run.columns:
        links = run.sample_averages("q_l")[:, place]
        n_bonds = run.facts["n_bonds"]
        return [
            link_overlap_identity(
                energy, links, temperature, n_spins=run.n_spins, n_bonds=n_bonds
            )
        ]
    if identity == "sk" and "q^2" in run.columns:
        squares = run.sample_averages("q^2")[:, place]
        return [overlap_identity(energy, squares, temperature, n_spins=run.n_spins)]
    return []
