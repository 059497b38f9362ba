"""From block averages to numbers with errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spinglass_nn.dynamics._blocks import window_start
from spinglass_nn.errors import ParameterError
from spinglass_nn.statistics import Estimates
from spinglass_nn.typing import Float64Array, IntArray

if TYPE_CHECKING:
    from spinglass_nn.dynamics.results import MonteCarloRun

_TIME_ROWS = 16  # rows that stand for time blocks of a single sample


def _inside(run: MonteCarloRun) -> slice:
    """The blocks that count."""
    ends = np.cumsum(run.lengths)
    first = int(np.searchsorted(ends, window_start(int(ends[-1])), side="right"))
    return slice(first, None)


def of_samples(run: MonteCarloRun, column: int) -> Float64Array:
    """Averages over the blocks that count, (n_samples, n_temperatures)."""
    inside = _inside(run)
    weights = run.lengths[inside] / run.lengths[inside].sum()
    found: Float64Array = np.einsum("b,bst->st", weights, run.averages[inside, ..., column])
    return found


def _units(run: MonteCarloRun, columns: Sequence[int]) -> Float64Array:
    """Averages of independent units, (n_units, n_temperatures, n_columns).

    Units are disorder samples, or for a single one the whole blocks of time.
    """
    if run.n_samples > 1:
        return np.stack([of_samples(run, column) for column in columns], axis=-1)
    inside = _inside(run)
    whole = run.lengths[inside] == run.lengths[inside].max()
    found: Float64Array = run.averages[inside][whole][:, 0][..., list(columns)]
    return found


def estimates(
    run: MonteCarloRun,
    function: Callable[[Float64Array], Float64Array],
    columns: Sequence[int],
) -> Estimates:
    """A function of means (..., n_temperatures, n_columns), with jackknife errors."""
    return _jackknife(_units(run, columns), function)


def _jackknife(
    units: Float64Array, function: Callable[[Float64Array], Float64Array]
) -> Estimates:
    n = len(units)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = function(units.mean(axis=0))
        if n < 2:
            return Estimates(value, np.full(value.shape, math.nan))
        left_out = function((units.sum(axis=0) - units) / (n - 1))
        spread = np.square(left_out - left_out.mean(axis=0)).sum(axis=0)
    return Estimates(value, np.sqrt((n - 1) / n * spread))


def heat_capacity(run: MonteCarloRun) -> Estimates:
    """(<E^2> - <E>^2) / (T^2 N): the square of a mean is taken within each sample."""
    scale = 1 / (run.temperatures**2 * run.n_spins)
    if run.n_samples == 1:
        return estimates(run, lambda m: (m[..., 1] - m[..., 0] ** 2) * scale, [0, 1])
    variance = of_samples(run, 1) - of_samples(run, 0) ** 2
    return _jackknife(variance[..., None] * scale[:, None], lambda m: m[..., 0])


def correlation_length(run: MonteCarloRun, q2: int, axes: Sequence[int]) -> Estimates:
    """Second-moment correlation length over L, averaged over the axes."""
    sizes = np.array(run.facts["shape"], dtype=np.float64)
    factor = 1 / (2 * sizes * np.sin(math.pi / sizes))

    def length(mean: Float64Array) -> Float64Array:
        ratio = mean[..., :1] / mean[..., 1:] - 1
        found: Float64Array = (np.sqrt(ratio) * factor).mean(axis=-1)
        return found

    return estimates(run, length, [q2, *axes])


def share(part: IntArray, whole: IntArray) -> Float64Array:
    """Part / whole, NaN where nothing was tried."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Float64Array = part / whole
    return found


def histogram(
    counts: IntArray, n_values: int, n_bins: int | None
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Edges, density and error over samples of counts (n_samples, n_counted) on -1 ... 1."""
    n_samples, n_counted = counts.shape
    first = -(-np.arange(n_counted + 1) * (n_values + 1) // n_counted)  # value of each bin
    if n_bins is not None and n_bins < n_counted:
        joined = np.arange(n_bins + 1) * n_counted // n_bins
        counts, first = np.add.reduceat(counts, joined[:-1], axis=1), first[joined]
    edges = (2 * first - 1) / n_values - 1
    shares = counts / counts.sum(axis=1, keepdims=True) / np.diff(edges)
    error = np.full(edges.size - 1, math.nan)
    if n_samples > 1:
        error = shares.std(axis=0, ddof=1) / math.sqrt(n_samples)
    return edges, shares.mean(axis=0), error


def overlap_rows(run: MonteCarloRun, temperature: int) -> Float64Array:
    """Overlaps of the series inside the window, one row a unit."""
    late = run.record_sweeps > run.window
    values = run.overlap_series[:, :, temperature][..., late]
    if not values.size:
        raise ParameterError(
            "overlaps needs at least 2 replicas, 'overlap' among the observables, and a "
            "time series (record_every)"
        )
    if run.n_samples > 1:
        return values.reshape(run.n_samples, -1)
    n_rows = min(_TIME_ROWS, values.shape[2])
    length = values.shape[2] // n_rows
    rows = values[0, :, -n_rows * length :].reshape(values.shape[1], n_rows, length)
    return np.ascontiguousarray(np.moveaxis(rows, 1, 0).reshape(n_rows, -1))
