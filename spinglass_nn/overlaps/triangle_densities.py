"""How the sides of triangles differ: P(K) and the two differences of ordered overlaps."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check, threads
from spinglass_nn._core.results import result
from spinglass_nn.overlaps import _binning_kernels, _triples
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.statistics import Estimate, Estimates, jackknife_from
from spinglass_nn.typing import Float64Array


@result()
class TriangleDistribution:
    """Distributions of X = d3 - d2 and Y = d2 - d1 over all triangles.

    Parameters
    ----------
    edges : array (n_bins + 1,)
        Edges of the bins, in units of ``sd``.
    x_density : Estimates (n_bins,)
        Density of X/sd(d): P(K), since K of a triangle is its X/sd(d).
    y_density : Estimates (n_bins,)
        Density of Y/sd(d).
    x, y : Estimate
        Mean X and Y, in units of the distances (of the overlaps, if they are 1 - q).
    x_variance, y_variance : Estimate
        Their variances over triangles.
    x_beyond, y_beyond : float
        Shares of triangles beyond the last edge; densities integrate to what is left.
    sd : float
        Standard deviation of the distances; 1 if all are equal.
    n_points, n_triangles : int
        Number of points, and of triangles among them.
    """

    edges: Float64Array
    x_density: Estimates
    y_density: Estimates
    x: Estimate
    y: Estimate
    x_variance: Estimate
    y_variance: Estimate
    x_beyond: float
    y_beyond: float
    sd: float
    n_points: int
    n_triangles: int

    @property
    def centers(self) -> Float64Array:
        """Middles of the bins, (n_bins,), in units of ``sd``."""
        found: Float64Array = (self.edges[1:] + self.edges[:-1]) / 2
        return found

    def __repr__(self) -> str:
        return (
            f"<{self.n_triangles} triangles of {self.n_points} points: X = {self.x}, "
            f"Y = {self.y}>"
        )


class Bins(NamedTuple):
    """Bins of equal width from zero on, in units of a deviation."""

    edges: Float64Array
    sd: float

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return int(self.edges.size - 1)

    def scale(self, unit: float) -> float:
        """Factor from distances over ``unit`` to numbers of bins."""
        return unit * self.n_bins / (self.sd * float(self.edges[-1]))

    def densities(self, counts: ArrayLike, n_triangles: float) -> Float64Array:
        """Counts (..., n_bins + 1) as densities (..., n_bins)."""
        found: Float64Array = np.asarray(counts)[..., :-1] / (n_triangles * self.edges[1])
        return found


def bins(pairs: Float64Array, n_bins: int, upper: float | None) -> Bins:
    """Bins for the differences of these distances; up to the largest there can be."""
    check.count(n_bins, "n_bins")
    sd = _triples.spread(pairs) or 1.0
    if upper is None:
        largest = float(np.ptp(pairs)) / sd
        upper = largest * (1 + 1e-9) if largest > _triples.ZERO else 1.0  # the last included
    return Bins(np.linspace(0.0, check.positive(upper, "upper"), n_bins + 1), sd)


def triangle_distribution(
    distances: Distances | ArrayLike,
    *,
    n_bins: int = 50,
    upper: float | None = None,
    n_threads: int | None = None,
) -> TriangleDistribution:
    """Distributions of the differences of sides, over all triangles.

    With sides d1 <= d2 <= d3: X = d3 - d2 and Y = d2 - d1. X/sd(d) is K of one triangle,
    whose law P(K) shrinks to a peak at zero if points become ultrametric (Katzgraber and
    Hartmann, arXiv:0807.3513). For distances 1 - q, X = q_med - q_min and
    Y = q_max - q_med are the differences of ordered overlaps of Contucci et al. (Phys. Rev.
    Lett. 99 (2007) 057206): in an ultrametric phase X concentrates at zero while Y keeps a
    broad law. They may be taken of q, ``|q|``, q^2 or the link overlap: hand in that matrix,
    with its unit diagonal. Compare systems of several sizes, and nulls: X is never zero, and
    for distances drawn independently from a symmetric law X and Y have the same law.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        Distances; a matrix with unit diagonal holds overlaps q and counts as 1 - q.
    n_bins : int, default 50
        Number of bins.
    upper : float, optional
        Last edge, in units of sd(d); by default the largest difference of two distances.
    n_threads : int, optional
        Threads; the bits do not depend on their number.

    Returns
    -------
    TriangleDistribution
        Densities, means and variances; errors by jackknife over points (NaN for three
        points), with bins and sd(d) held fixed.

    Raises
    ------
    DataError
        If the matrix is not one of distances, or has fewer than 3 points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> overlaps = [[1.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 1.0]]
    >>> found = sg.overlaps.triangle_distribution(overlaps)
    >>> round(found.x.mean, 6), round(found.y.mean, 6)
    (0.1, 0.3)
    """
    found = as_distances(distances)
    n = found.n_points
    grid = bins(found.pairs, n_bins, upper)
    matrix = _triples.ready(found.values)
    x, y = _counts(matrix, grid, n_threads)
    sums = _triples.point_sums(matrix, 0.0, n_threads)
    x_mean, y_mean, x_variance, y_variance = _moments(sums, matrix.scale)
    n_triangles = math.comb(n, 3)
    x_beyond, y_beyond = (float(c[:, -1].sum()) / 3 / n_triangles for c in (x, y))
    return TriangleDistribution(
        grid.edges,
        _density(x, grid),
        _density(y, grid),
        x_mean,
        y_mean,
        x_variance,
        y_variance,
        x_beyond,
        y_beyond,
        grid.sd,
        n,
        n_triangles,
    )


def _counts(
    matrix: _triples.Ready, grid: Bins, n_threads: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Triangles of each point in each bin, twice (n_points, n_bins + 1)."""
    n, stride = matrix.rows.shape
    x, y = np.zeros((2, n, grid.n_bins + 1), dtype=np.int64)
    flat, scale = matrix.rows.reshape(-1), grid.scale(matrix.scale)

    def point(i: int) -> None:
        _binning_kernels.bin_triangles(flat, n, stride, i, i + 1, scale, x, y)

    threads.run(point, range(n), n_threads)
    return x, y


def _density(counts: NDArray[np.int64], grid: Bins) -> Estimates:
    n = counts.shape[0]
    total = counts.sum(axis=0) // 3  # each triangle stands with all three of its points
    value = grid.densities(total, math.comb(n, 3))
    if n == 3:
        return Estimates(value, np.full(grid.n_bins, math.nan))
    left_out = grid.densities(total - counts, math.comb(n - 1, 3))
    spread = np.square(left_out - left_out.mean(axis=0)).sum(axis=0)
    return Estimates(value, np.sqrt((n - 1) / n * spread))


def _moments(sums: Float64Array, unit: float) -> list[Estimate]:
    """X, Y, Var X, Var Y with errors, from the sums of the points' triangles."""
    n = sums.shape[1]
    totals = sums.sum(axis=1) / 3
    values = moments_of(totals, math.comb(n, 3), unit)
    if n == 3:
        return [Estimate(float(value), math.nan) for value in values]
    left_out = moments_of(totals[:, None] - sums, math.comb(n - 1, 3), unit)
    return [jackknife_from(float(v), left) for v, left in zip(values, left_out, strict=True)]


def moments_of(sums: Float64Array, n_triangles: float, unit: float) -> Float64Array:
    """X, Y, Var X, Var Y, (4, ...), from sums over triangles (11, ...)."""
    mean = dict(zip(_triples.SUMS, sums / n_triangles, strict=True))
    x, y = mean["gap"], mean["rest"]
    variances = mean["gap_square"] - x**2, mean["rest_square"] - y**2
    found: Float64Array = np.stack([
        x * unit, y * unit, *(np.maximum(variance, 0.0) * unit**2 for variance in variances)
    ])  # fmt: skip
    return found
