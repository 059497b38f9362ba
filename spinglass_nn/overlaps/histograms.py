"""P(q): the distribution of overlaps, with an error from independent units."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps.metric import checked_overlaps
from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.typing import Float64Array


@result()
class OverlapDistribution:
    """A histogram of overlaps with errors.

    Parameters
    ----------
    centers : array (n_bins,)
        Middles of the bins.
    edges : array (n_bins + 1,)
        Their edges.
    density : array (n_bins,)
        Probability density; integrates to the share of overlaps inside the edges.
    error : array (n_bins,)
        Jackknife error of the density.
    mean : Estimate
        Mean overlap.
    second_moment : Estimate
        Mean squared overlap.
    n_units : int
        Number of independent units the errors come from.
    unit : str
        What was left out one at a time.
    """

    centers: Float64Array
    edges: Float64Array
    density: Float64Array
    error: Float64Array
    mean: Estimate
    second_moment: Estimate
    n_units: int
    unit: str

    def __repr__(self) -> str:
        return (
            f"<P(q) in {self.centers.size} bins, mean {self.mean}, "
            f"errors from {self.n_units} {self.unit}>"
        )


def distribution(
    overlaps: ArrayLike,
    *,
    bins: int = 50,
    limits: tuple[float, float] = (-1.0, 1.0),
) -> OverlapDistribution:
    """Distribution of overlaps, with jackknife errors over independent units.

    The n (n - 1)/2 overlaps of n replicas are not independent, since pairs share replicas.
    For a matrix the unit is therefore a replica: each in turn is left out with all its
    pairs. The error holds for the mean over pairs at fixed disorder. It is right where some
    replicas overlap more with all others than the rest do, and too large, by up to sqrt(2),
    where all pairs fluctuate on their own (independent directions).

    Parameters
    ----------
    overlaps : array (n_replicas, n_replicas), (n_units, n_values) or (n_units,)
        A square symmetric matrix with unit diagonal holds the overlaps of replicas;
        otherwise each row holds overlaps of one independent unit (a disorder sample), all
        rows with equal weight.
    bins : int, default 50
        Number of bins of equal width.
    limits : (float, float), default (-1, 1)
        Outer edges. Overlaps outside count in the norm of the density but in no bin.

    Returns
    -------
    OverlapDistribution
        Histogram, errors, moments.

    Raises
    ------
    DataError
        If there are fewer than three replicas or two units, NaN, or overlaps outside
        [-1, 1].

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> points = np.random.default_rng(1).normal(size=(20, 1000))
    >>> pq = sg.overlaps.distribution(sg.overlaps.matrix(points), bins=20)
    >>> bool(abs(pq.mean.z()) < 4)
    True
    """
    edges = _edges(bins, limits)
    values = check.array(overlaps, "overlaps")
    if values.size and np.abs(values).max() > 1 + 1e-9:
        raise DataError(f"overlaps must lie in [-1, 1], got {np.abs(values).max():g} in size")
    if _is_matrix(values):
        sums, weights, unit = _of_replicas(checked_overlaps(values), edges)
    else:
        sums, weights, unit = _of_units(values, edges)
    whole = sums.sum(axis=0) / weights.sum()
    if unit == "replicas":  # each pair stands in the row of both its replicas
        left_out = (sums.sum(axis=0) - 2 * sums) / (weights.sum() - 2 * weights)[:, None]
    else:
        left_out = (sums.sum(axis=0) - sums) / (weights.sum() - weights)[:, None]
    found = [jackknife_from(float(v), left_out[:, k]) for k, v in enumerate(whole)]
    width = np.diff(edges)
    return OverlapDistribution(
        (edges[1:] + edges[:-1]) / 2,
        edges,
        whole[2:] / width,
        np.array([e.error for e in found[2:]]) / width,
        found[0],
        found[1],
        len(weights),
        unit,
    )


def _edges(bins: int, limits: tuple[float, float]) -> Float64Array:
    low, high = (check.number(value, "limits") for value in limits)
    if low >= high:
        raise ParameterError(f"limits must rise, got ({low:g}, {high:g})")
    return np.linspace(low, high, check.count(bins, "bins") + 1)


def _is_matrix(values: Float64Array) -> bool:
    square = values.ndim == 2 and values.shape[0] == values.shape[1] and values.size > 0
    return bool(square and np.allclose(np.diagonal(values), 1.0, rtol=0, atol=1e-6))


def _of_replicas(
    values: Float64Array, edges: Float64Array
) -> tuple[Float64Array, Float64Array, str]:
    n_replicas = values.shape[0]
    if n_replicas < 3:
        raise DataError(f"overlaps must be of at least 3 replicas, got {n_replicas}")
    keep = ~np.eye(n_replicas, dtype=bool)
    rows = [values[a][keep[a]] for a in range(n_replicas)]
    sums = np.stack([_sums(row, edges) for row in rows])
    return sums, np.full(n_replicas, n_replicas - 1.0), "replicas"


def _of_units(
    values: Float64Array, edges: Float64Array
) -> tuple[Float64Array, Float64Array, str]:
    rows = values.reshape(values.shape[0] if values.ndim else 0, -1)
    if rows.shape[0] < 2 or rows.shape[1] < 1:
        raise DataError(
            f"overlaps must come from at least 2 independent units, got shape {values.shape}"
        )
    sums = np.stack([_sums(row, edges) for row in rows])
    return sums, np.full(rows.shape[0], float(rows.shape[1])), "units"


def _sums(row: Float64Array, edges: Float64Array) -> Float64Array:
    """Sum, sum of squares and histogram of one unit's overlaps."""
    counts = np.histogram(row, bins=edges)[0]
    return np.concatenate([[row.sum(), float(row @ row)], counts])
