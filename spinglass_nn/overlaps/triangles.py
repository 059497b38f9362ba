"""Ultrametricity: whether the two longest sides of triangles are equal."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check, threads
from spinglass_nn._core.results import result
from spinglass_nn.overlaps import _kernels
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.typing import Float64Array

TOLERANCE = 0.1
_BLOCK = 32  # first points handed to a thread at a time; fixed, so sums never depend on threads


@result()
class Triangles:
    """Averages over all triangles of a set of points, errors by jackknife over points.

    Parameters
    ----------
    k : Estimate
        Mean of (d3 - d2)/sd(d); 0 for an ultrametric set.
    iso : Estimate
        Mean of (d3 - d2)/(d3 - d1), in [0, 1].
    rel : Estimate
        Mean of (d3 - d2)/d3; small in high dimension whatever the structure.
    equilateral : Estimate
        Share with d3 - d1 <= tolerance * sd(d).
    isosceles : Estimate
        Share with two equal long sides and a shorter one: d3 - d2 <= tolerance * sd(d) but
        d3 - d1 above it.
    tolerance : float
        When two sides count as equal, in units of sd(d).
    n_points, n_triangles : int
        Number of points, and of triangles among them.
    """

    k: Estimate
    iso: Estimate
    rel: Estimate
    equilateral: Estimate
    isosceles: Estimate
    tolerance: float
    n_points: int
    n_triangles: int

    def __repr__(self) -> str:
        return (
            f"<{self.n_triangles} triangles of {self.n_points} points: K = {self.k}, "
            f"iso = {self.iso}>"
        )


def triangle_statistics(
    distances: Distances | ArrayLike,
    *,
    tolerance: float = TOLERANCE,
    n_threads: int | None = None,
) -> Triangles:
    r"""Ultrametricity statistics over all n (n - 1)(n - 2)/6 triangles.

    With sides :math:`d_1 \le d_2 \le d_3` and sd(d) the standard deviation of the
    n (n - 1)/2 distances about their mean (divided by their number),

    .. math:: K = \langle d_3 - d_2 \rangle / \mathrm{sd}(d), \quad
              \mathrm{iso} = \langle (d_3 - d_2)/(d_3 - d_1) \rangle, \quad
              \mathrm{rel} = \langle (d_3 - d_2)/d_3 \rangle .

    All are zero for an ultrametric set, in which every triangle has its two longest sides
    equal. K and iso do not change when all distances are scaled or shifted, and so are not
    fooled by the concentration of distances in high dimension; rel is. K follows Katzgraber
    and Hartmann (arXiv:0807.3513), who divide by the width of the distribution of
    distances; they choose three states through the dendrogram, here all triangles count.
    In full replica symmetry breaking 1/4 of the triangles are equilateral, 3/4 isosceles.

    Conventions: 0/0 is 0, so that equal distances (also all zero) are ultrametric; the
    tolerance is held fixed when points are left out. Errors are jackknife errors over
    points, NaN for three points.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        Distances; a matrix with unit diagonal holds overlaps q and counts as 1 - q.
    tolerance : float, default 0.1
        Sides are equal if they differ by no more than this many sd(d).
    n_threads : int, optional
        Threads; the bits do not depend on their number.

    Returns
    -------
    Triangles
        The statistics with errors.

    Raises
    ------
    DataError
        If the matrix is not one of distances, or has fewer than 3 points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> tree = [[0, 1, 4, 4], [1, 0, 4, 4], [4, 4, 0, 2], [4, 4, 2, 0]]
    >>> sg.overlaps.triangle_statistics(tree).k.mean
    0.0
    """
    check.non_negative(tolerance, "tolerance")
    values = as_distances(distances).values
    n_points = values.shape[0]
    whole_sd, left_out_sd = _deviations(values)
    sums = _point_sums(values, tolerance * whole_sd, n_threads)
    totals = sums.sum(axis=1) / 3  # each triangle stands with all three of its points
    n_triangles = math.comb(n_points, 3)
    remaining = math.comb(n_points - 1, 3)
    estimates = []
    for s in range(5):
        scale, left_scale = (whole_sd, left_out_sd) if s == 0 else (1.0, np.ones(n_points))
        value = _ratio(totals[s] / n_triangles, scale)
        if remaining == 0:
            estimates.append(Estimate(float(value), math.nan))
            continue
        left_out = _ratio((totals[s] - sums[s]) / remaining, left_scale)
        estimates.append(jackknife_from(float(value), left_out))
    k, iso, rel, equilateral, isosceles = estimates
    return Triangles(
        k, iso, rel, equilateral, isosceles, float(tolerance), n_points, n_triangles
    )


def mean_gap(values: Float64Array, pairs: Float64Array) -> float:
    """K alone, of a checked matrix and its upper triangle: what null draws need."""
    gap = _kernels.total_gap(values, np.empty(values.shape[0]))
    return float(_ratio(gap / math.comb(values.shape[0], 3), _spread(pairs)))


def _point_sums(values: Float64Array, tolerance: float, n_threads: int | None) -> Float64Array:
    n_points = values.shape[0]

    def block(first: int) -> Float64Array:
        sums = np.zeros((5, n_points))
        last = min(first + _BLOCK, n_points)
        work = np.empty((5, n_points))
        _kernels.triangle_rows(values, first, last, tolerance, work, sums)
        return sums

    if n_points <= _BLOCK:
        return block(0)
    parts = threads.run(block, range(0, n_points, _BLOCK), n_threads)
    total: Float64Array = np.zeros((5, n_points))
    for part in parts:
        total += part
    return total


def _deviations(values: Float64Array) -> tuple[float, Float64Array]:
    """Standard deviation of the distances, of all points and without each point in turn."""
    n_points = values.shape[0]
    pairs = values[np.triu_indices(n_points, 1)]
    shifted = values - pairs.mean()  # keeps the digits of the variances
    np.fill_diagonal(shifted, 0.0)
    first, second = shifted.sum(axis=1), np.square(shifted).sum(axis=1)
    n_pairs = max(math.comb(n_points - 1, 2), 1)
    mean = (first.sum() / 2 - first) / n_pairs
    variance = (second.sum() / 2 - second) / n_pairs - np.square(mean)
    return _spread(pairs), np.sqrt(np.maximum(variance, 0.0))


def _spread(pairs: Float64Array) -> float:
    """Standard deviation; what rounding leaves of equal distances is no spread."""
    found = float(pairs.std())
    return found if found > 1e-14 * float(pairs.max()) else 0.0


def _ratio(top: Float64Array | float, bottom: Float64Array | float) -> Float64Array:
    """Divide; where there is no spread there is no gap, and 0/0 is 0."""
    found = np.zeros(np.shape(top))
    np.divide(top, bottom, out=found, where=np.asarray(bottom) > 0)
    return found
