"""Numbers that say how near points are to a tree; each with an error, none with a verdict."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster import hierarchy

from spinglass_nn._core.results import result
from spinglass_nn.overlaps import _clusters, _triples
from spinglass_nn.overlaps.clustering import cophenetic_correlation
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.typing import Float64Array

TOLERANCE = 0.1  # sides are equal if they differ by no more than this many sd(d)


class Measure(NamedTuple):
    """One entry of `tree_measures`.

    Parameters
    ----------
    name : str
        For tables.
    side : str
        Where trees lie: "low" or "high".
    description : str
        The definition in words.
    field : str
        Its name in `TreeStatistics`.
    concentrates : bool
        Whether it moves towards trees when distances concentrate, as when a constant is
        added to all of them or the dimension grows, whatever the points.
    """

    name: str
    side: Literal["low", "high"]
    description: str
    field: str
    concentrates: bool


_ALL = "over all triangles"
_PICKED = "over triples with a point in each of the three topmost clusters of Ward's dendrogram"
MEASURES: tuple[Measure, ...] = (
    Measure("K", "low", f"mean of (d3 - d2)/sd(d) {_ALL}", "k", False),
    Measure("K'", "low", f"mean of (d3 - d2)/d1 {_ALL}", "relative", True),
    Measure("iso", "low", f"mean of (d3 - d2)/(d3 - d1) {_ALL}", "iso", False),
    Measure(
        "X of X and Y", "low", f"Var X/(Var X + Var Y), X = d3 - d2, Y = d2 - d1, {_ALL}",
        "x_share", False,
    ),
    Measure(
        "isosceles", "high", f"share of triangles with d3 - d2 <= {TOLERANCE} sd(d)",
        "isosceles", False,
    ),
    Measure(
        "Murtagh's coefficient", "high",
        "share of triangles whose two larger angles differ by at most 2 degrees",
        "murtagh", True,
    ),
    Measure("K, dendrogram", "low", f"mean of (d3 - d2)/sd(d) {_PICKED}", "k_picked", False),
    Measure(
        "K', dendrogram", "low", f"mean of (d3 - d2)/d1 {_PICKED}", "relative_picked", True
    ),
    Measure(
        "Rammal's D", "low", "mean of d - u over mean of d, u the subdominant ultrametric",
        "rammal", True,
    ),
    Measure(
        "cophenetic correlation", "high",
        "correlation of distances with the heights of their average-linkage tree",
        "cophenetic", False,
    ),
)  # fmt: skip


@result()
class TreeStatistics:
    """How near points are to a tree, by ten measures, with jackknife errors over points.

    The order is that of ``MEASURES``; trees lie low or high as said for each. None is zero
    for points without hierarchy: compare with nulls (`ultrametricity`).

    Parameters
    ----------
    k : Estimate
        Low. Mean of (d3 - d2)/sd(d).
    relative : Estimate
        Low. K': mean of (d3 - d2)/d1, in [0, 1]; a triangle that breaks the triangle
        inequality counts as 1, 0/0 as 0.
    iso : Estimate
        Low. Mean of (d3 - d2)/(d3 - d1), in [0, 1].
    x_share : Estimate
        Low. Var X/(Var X + Var Y) with X = d3 - d2 and Y = d2 - d1.
    isosceles : Estimate
        High. Share with d3 - d2 <= 0.1 sd(d), equilateral triangles among them.
    murtagh : Estimate
        High. Share whose two larger angles differ by at most 2 degrees.
    k_picked, relative_picked : Estimate
        Low. K and K' over the triples that Ward's dendrogram picks (`dendrogram_triples`).
    rammal : Estimate
        Low. Sum of d - u over sum of d.
    cophenetic : Estimate
        High. Correlation of distances with the heights of their average-linkage tree.
    broken : float
        Share of triangles that break the triangle inequality, d3 > d1 + d2.
    n_points, n_triangles : int
        Number of points, and of triangles among them.
    """

    k: Estimate
    relative: Estimate
    iso: Estimate
    x_share: Estimate
    isosceles: Estimate
    murtagh: Estimate
    k_picked: Estimate
    relative_picked: Estimate
    rammal: Estimate
    cophenetic: Estimate
    broken: float
    n_points: int
    n_triangles: int

    @property
    def values(self) -> tuple[Estimate, ...]:
        """All ten in the order of ``MEASURES``."""
        return tuple(getattr(self, measure.field) for measure in MEASURES)

    def __str__(self) -> str:
        lines = (
            f"{measure.name} = {value} ({measure.side} for trees)"
            for measure, value in zip(MEASURES, self.values, strict=True)
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"<tree statistics of {self.n_points} points: K = {self.k}, D = {self.rammal}, "
            f"cophenetic correlation = {self.cophenetic}>"
        )


def tree_statistics(
    distances: Distances | ArrayLike, *, n_threads: int | None = None
) -> TreeStatistics:
    r"""Measure how near points are to a tree, in ten ways.

    Over all triangles, with sides :math:`d_1 \le d_2 \le d_3`:

    .. math:: K = \Bigl\langle \frac{d_3 - d_2}{\mathrm{sd}(d)} \Bigr\rangle, \quad
              K' = \Bigl\langle \frac{d_3 - d_2}{d_1} \Bigr\rangle, \quad
              \frac{\mathrm{Var} X}{\mathrm{Var} X + \mathrm{Var} Y}, \quad
              X = d_3 - d_2, \; Y = d_2 - d_1 ,

    after Katzgraber and Hartmann (arXiv:0807.3513), Hed, Young and Domany
    (cond-mat/0310609), and Contucci et al. (Phys. Rev. Lett. 99 (2007) 057206), whose X and
    Y are differences of ordered overlaps: those of d = 1 - q. The first two take triples
    through a dendrogram, which here is done too. Murtagh's coefficient (J. Classification 21
    (2004) 167) is the share of triangles whose smallest angle is at most 60 degrees (it
    always is) and whose other two differ by at most 2 degrees; the distances count as
    lengths, so triangles that break the triangle inequality have no angles and do not count.
    Rammal's D (with Angles d'Auriac and Doucot, 1985) is

    .. math:: D = \sum_{i<j} (d_{ij} - u_{ij}) \Big/ \sum_{i<j} d_{ij},

    with u the subdominant ultrametric: the largest one nowhere above d, that is, the heights
    of single linkage.

    An exactly ultrametric set has 0 in all that are low for trees and 1 in all that are
    high, equal distances too. All are unchanged when distances are multiplied by a factor;
    K, iso, Var X/(Var X + Var Y), the share of isosceles triangles and the cophenetic
    correlation also when a constant is added (K of the dendrogram, if its clusters stay).
    K', Murtagh's coefficient and D are not: they move towards a tree where distances
    concentrate, whatever the points. Points on a noisy tree, whose distances are spread out,
    lie farther from a tree by these three than independent points of the same dimension do;
    compare them only between sets with the same mean and width of distances. For distances
    drawn independently from one symmetric law, Var X/(Var X + Var Y) is 1/2; from a normal
    law, K = 3/(2 sqrt(pi)) = 0.846. Where distances are tied a dendrogram is not unique, and
    what rests on one may change with the order of the points.

    Errors are jackknife errors over points; for D, the cophenetic correlation and the
    dendrogram's measures over points or, of more than 64, 64 blocks of points, with new
    trees each time. The tolerance is held fixed. NaN for three points.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        Distances; a matrix with unit diagonal holds overlaps q and counts as 1 - q.
    n_threads : int, optional
        Threads; the bits do not depend on their number.

    Returns
    -------
    TreeStatistics
        The ten measures with errors.

    Raises
    ------
    DataError
        If the matrix is not one of distances, or has fewer than 3 points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> tree = [[0, 1, 4, 4], [1, 0, 4, 4], [4, 4, 0, 2], [4, 4, 2, 0]]
    >>> found = sg.overlaps.tree_statistics(tree)
    >>> found.k.mean, found.rammal.mean, found.murtagh.mean
    (0.0, 0.0, 1.0)
    """
    found = as_distances(distances)
    n = found.n_points
    matrix = _triples.ready(found.values)
    sd, left_out_sd = _triples.deviations(found.values)
    tolerance = _tolerance(sd / matrix.scale)
    sums = _triples.point_sums(matrix, tolerance, n_threads)
    totals = sums.sum(axis=1) / 3  # each triangle stands with all three of its points
    whole = _of_triangles(totals, math.comb(n, 3), sd / matrix.scale)
    scaled = found.values / matrix.scale
    trees = _of_trees(scaled, found.pairs / matrix.scale)
    broken = float(totals[_triples.SUMS.index("broken")]) / math.comb(n, 3)
    if n == 3:
        estimates = [Estimate(float(v), math.nan) for v in (*whole, *trees)]
    else:
        left = totals[:, None] - sums
        left_out = _of_triangles(left, math.comb(n - 1, 3), left_out_sd / matrix.scale)
        estimates = [jackknife_from(float(v), w) for v, w in zip(whole, left_out, strict=True)]
        left_out = _triples.leaving_out(scaled, _of_trees, n_threads).T
        estimates += [jackknife_from(float(v), w) for v, w in zip(trees, left_out, strict=True)]
    named: dict[str, Any] = {m.field: e for m, e in zip(MEASURES, estimates, strict=True)}
    return TreeStatistics(**named, broken=broken, n_points=n, n_triangles=math.comb(n, 3))


def tree_measures(values: Float64Array, pairs: Float64Array) -> Float64Array:
    """``MEASURES`` of a checked matrix and its upper triangle: for data and null draws alike.

    On this thread. The lock is released but for the trees.
    """
    matrix = _triples.ready(values)
    sd = _triples.spread(pairs) / matrix.scale
    sums = _triples.total_sums(matrix, _tolerance(sd))
    triangles = _of_triangles(sums, math.comb(values.shape[0], 3), sd)
    trees = _of_trees(values / matrix.scale, pairs / matrix.scale)
    return np.concatenate([triangles, trees])


def _tolerance(sd: float) -> float:
    return max(TOLERANCE * sd, _triples.ZERO)


def _of_triangles(
    sums: Float64Array, n_triangles: int, sd: Float64Array | float
) -> Float64Array:
    """The measures that rest on all triangles, (6, ...), from sums (11, ...)."""
    mean = dict(zip(_triples.SUMS, sums / n_triangles, strict=True))
    x = np.maximum(mean["gap_square"] - mean["gap"] ** 2, 0.0)
    y = np.maximum(mean["rest_square"] - mean["rest"] ** 2, 0.0)
    both = np.where(x + y > _triples.ZERO**2, x + y, 0.0)  # else rounding
    found: Float64Array = np.stack([
        _triples.ratio(mean["gap"], sd),
        mean["relative"],
        mean["iso"],
        _triples.ratio(x, both),
        mean["isosceles"],
        mean["murtagh"],
    ])  # fmt: skip
    return found


def _of_trees(values: Float64Array, pairs: Float64Array) -> Float64Array:
    """The measures that need a tree, (4,), of distances up to 1."""
    labels = _clusters.three_clusters(hierarchy.linkage(pairs, "ward"))
    ab, ac, bc, n = _clusters.between(values, labels, 1.0)
    sums, count = _clusters.sums_between(ab, ac, bc, n, 0.0), ab.size * n
    k = _triples.ratio(sums[0] / count, _triples.spread(pairs))
    return np.array([
        float(k), sums[1] / count, _distance_to_tree(pairs), cophenetic_correlation(pairs)
    ])  # fmt: skip


def _distance_to_tree(pairs: Float64Array) -> float:
    """Rammal's D, from the merges of single linkage: each joins n_1 n_2 pairs at its height."""
    linkage = hierarchy.linkage(pairs, "single")
    n_points = linkage.shape[0] + 1
    sizes = np.concatenate([np.ones(n_points), linkage[:, 3]])
    joined = sizes[linkage[:, :2].astype(np.int64)].prod(axis=1)
    total = float(pairs.sum())
    excess = total - float(joined @ linkage[:, 2])
    return excess / total if excess > 1e-14 * total else 0.0
