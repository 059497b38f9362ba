"""Ultrametricity of triples that a dendrogram picks, one point from each of three clusters."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster import hierarchy

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.overlaps import _binning_kernels, _clusters, _triples
from spinglass_nn.overlaps.clustering import METHODS, Method
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.overlaps.triangle_densities import Bins, bins, moments_of
from spinglass_nn.statistics import Estimate, Estimates, jackknife_from
from spinglass_nn.typing import Float64Array, IntArray


@result()
class DendrogramTriples:
    """Triangles with a corner in each of the three topmost clusters of a dendrogram.

    Parameters
    ----------
    k : Estimate
        Mean of (d3 - d2)/sd(d), with sd(d) of all pairs of points.
    relative : Estimate
        K': mean of (d3 - d2)/d1, in [0, 1]; a triangle that breaks the triangle inequality
        counts as 1, 0/0 as 0.
    x, y : Estimate
        Mean X = d3 - d2 and Y = d2 - d1, in units of the distances.
    x_variance, y_variance : Estimate
        Their variances over triangles.
    edges : array (n_bins + 1,)
        Edges of the bins, in units of ``sd``.
    k_density : Estimates (n_bins,)
        P(K), the density of X/sd(d).
    beyond : float
        Share of triangles beyond the last edge; the density integrates to what is left.
    sd : float
        Standard deviation of the distances; 1 if all are equal.
    labels : array (n_points,)
        Cluster of each point: 0 below the top merge, 1 and 2 in the child that was split.
    method : str
        The linkage.
    n_triangles : int
        Product of the sizes of the clusters.
    """

    k: Estimate
    relative: Estimate
    x: Estimate
    y: Estimate
    x_variance: Estimate
    y_variance: Estimate
    edges: Float64Array
    k_density: Estimates
    beyond: float
    sd: float
    labels: IntArray
    method: str
    n_triangles: int

    @property
    def sizes(self) -> IntArray:
        """Number of points in each of the three clusters."""
        return np.bincount(self.labels, minlength=3)

    @property
    def centers(self) -> Float64Array:
        """Middles of the bins, (n_bins,), in units of ``sd``."""
        found: Float64Array = (self.edges[1:] + self.edges[:-1]) / 2
        return found

    def __repr__(self) -> str:
        sizes = " x ".join(str(size) for size in self.sizes)
        return f"<{sizes} triples of a dendrogram ({self.method}): K = {self.k}>"


def dendrogram_triples(
    distances: Distances | ArrayLike,
    *,
    method: Method = "ward",
    n_bins: int = 50,
    upper: float | None = None,
    n_threads: int | None = None,
) -> DendrogramTriples:
    """Ultrametricity of triples that lie in three different clusters.

    The dendrogram is cut at its top, then the larger of the two clusters is split again, and
    all triples with a point in each of the three count (Katzgraber and Hartmann,
    arXiv:0807.3513, who draw some of them). Triples inside one state, which say nothing
    about a hierarchy of states, are left out. Of two clusters of one size the one that was
    formed at the greater height is split.

    Average linkage of points without structure parts single outliers from the rest; then few
    triples are left, their K scatters, and a tree is hard to tell. Ward's linkage makes
    clusters of similar size. Its rule is applied to the distances as they are, Euclidean or
    not: here it only chooses triples.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        Distances; a matrix with unit diagonal holds overlaps q and counts as 1 - q.
    method : {"ward", "average", "single", "complete"}
        Linkage.
    n_bins : int, default 50
        Number of bins of P(K).
    upper : float, optional
        Last edge, in units of sd(d); by default the largest difference of two distances.
    n_threads : int, optional
        Threads over left-out blocks; the bits do not depend on their number.

    Returns
    -------
    DendrogramTriples
        K, K', X and Y, P(K), and the clusters. Errors by jackknife over points or, of more
        than 64, 64 blocks of points, with a new dendrogram each time and the bins held
        fixed; NaN for three points.

    Raises
    ------
    DataError
        If the matrix is not one of distances, or has fewer than 3 points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> tree = [[0, 1, 4, 4], [1, 0, 4, 4], [4, 4, 0, 2], [4, 4, 2, 0]]
    >>> found = sg.overlaps.dendrogram_triples(tree)
    >>> found.k.mean, found.labels.tolist()
    (0.0, [0, 0, 1, 2])
    """
    check.choice(method, "method", METHODS)
    found = as_distances(distances)
    grid = bins(found.pairs, n_bins, upper)
    labels = _clusters.three_clusters(hierarchy.linkage(found.pairs, method))
    value = _numbers(found.values, found.pairs, labels, grid)
    n_triangles = int(np.bincount(labels).prod())
    if found.n_points == 3:
        error = np.full(value.size, math.nan)
    else:

        def left_out(values: Float64Array, pairs: Float64Array) -> Float64Array:
            again = _clusters.three_clusters(hierarchy.linkage(pairs, method))
            return _numbers(values, pairs, again, grid)

        parts = _triples.leaving_out(found.values, left_out, n_threads).T
        error = np.array([jackknife_from(0.0, part).error for part in parts])
    k, relative, x, y, x_variance, y_variance = Estimates(value[:6], error[:6])
    return DendrogramTriples(
        k,
        relative,
        x,
        y,
        x_variance,
        y_variance,
        grid.edges,
        Estimates(value[7:], error[7:]),
        float(value[6]),
        grid.sd,
        labels,
        method,
        n_triangles,
    )


def _numbers(
    values: Float64Array, pairs: Float64Array, labels: IntArray, grid: Bins
) -> Float64Array:
    """K, K', X, Y, their variances, share beyond the bins, density: (7 + n_bins,)."""
    scale = _triples.scale_of(pairs)
    ab, ac, bc, n = _clusters.between(values, labels, scale)
    sums = _clusters.sums_between(ab, ac, bc, n, 0.0)
    counts, rest = np.zeros((2, grid.n_bins + 1), dtype=np.int64)
    _binning_kernels.bin_between(ab, ac, bc, n, grid.scale(scale), counts, rest)
    n_triangles = ab.size * n
    k = _triples.ratio(sums[0] / n_triangles, _triples.spread(pairs) / scale)
    return np.concatenate([
        [float(k), sums[1] / n_triangles],
        moments_of(sums, n_triangles, scale),
        [counts[-1] / n_triangles],
        grid.densities(counts, n_triangles),
    ])  # fmt: skip
