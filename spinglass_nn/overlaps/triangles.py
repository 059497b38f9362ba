"""Ultrametricity: whether the two longest sides of triangles are equal."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn._core.simd import aligned
from spinglass_nn.overlaps import _kernels, _rank_kernels, _triples
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.typing import Float64Array

TOLERANCE = 0.1
_MANY = 1500  # points from which counting triangles is faster than visiting them


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

    Conventions: 0/0 is 0, so that equal distances (also all zero) are ultrametric; in the
    denominators of iso and rel, lengths below 1e-12 of the largest distance count as that.
    The tolerance is held fixed when points are left out. Errors are jackknife errors over
    points, NaN for three points. All arithmetic is in float64; the time grows as n^3/6
    (2,000 points: seconds), the memory as n^2.

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
    matrix = _triples.ready(values)
    whole_sd, left_out_sd = _triples.deviations(values)
    scales = {"gap": (whole_sd / matrix.scale, left_out_sd / matrix.scale)}
    sums = _triples.point_sums(matrix, tolerance * whole_sd / matrix.scale, n_threads)
    found = dict(zip(_triples.SUMS, sums, strict=True))
    found["isosceles"] -= found["equilateral"]
    plain = (1.0, np.ones(n_points))
    k, iso, rel, equilateral, isosceles = (
        _mean(found[name], *scales.get(name, plain))
        for name in ("gap", "iso", "rel", "equilateral", "isosceles")
    )
    n_triangles = math.comb(n_points, 3)
    return Triangles(
        k, iso, rel, equilateral, isosceles, float(tolerance), n_points, n_triangles
    )


def mean_gap(values: Float64Array, pairs: Float64Array) -> float:
    """K alone, of a checked matrix and its upper triangle, on this thread.

    Few points meet in all triangles; of many points triangles are counted instead, in order
    of their sides, which takes n times less than visiting each.
    """
    n_points = values.shape[0]
    spread = _triples.spread(pairs)
    if n_points < _MANY:
        matrix = _triples.ready(values)
        n, stride = matrix.rows.shape
        mask = _triples.limits(0.0)[3:]
        gap = _kernels.total_gap(matrix.rows.reshape(-1), n, stride, mask) * matrix.scale
    else:
        width = -(-n_points // 512) * 8
        order = np.argsort(pairs).astype(np.int64, copy=False)
        bits, degree = aligned(n_points * width, np.uint64), np.zeros(n_points, dtype=np.int64)
        centre = float(pairs.mean())
        gap = _rank_kernels.gap_by_ranks(order, pairs, centre, bits, width, degree)
    return float(_triples.ratio(gap / math.comb(n_points, 3), spread))


def _mean(sums: Float64Array, scale: float, left_out_scale: Float64Array) -> Estimate:
    """Mean over triangles of the sums of their corners, jackknifed over points."""
    n_points = sums.size
    total = float(sums.sum()) / 3  # each triangle stands with all three of its points
    value = float(_triples.ratio(total / math.comb(n_points, 3), scale))
    remaining = math.comb(n_points - 1, 3)
    if remaining == 0:
        return Estimate(value, math.nan)
    return jackknife_from(value, _triples.ratio((total - sums) / remaining, left_out_scale))
