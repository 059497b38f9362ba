"""Triples that a dendrogram picks: one point from each of its three topmost clusters."""

from __future__ import annotations

import numpy as np

from spinglass_nn.overlaps import _kernels, _triples
from spinglass_nn.typing import Float64Array, IntArray


def three_clusters(linkage: Float64Array) -> IntArray:
    """Cluster of each point: 0 below the top merge, 1 and 2 in its larger child, split again.

    Of two children of one size the one that was formed at the greater height is split.
    """
    n_points = linkage.shape[0] + 1
    nodes = linkage[:, :2].astype(np.int64).tolist()
    rank = [(1.0, 0.0)] * n_points + [
        (size, height) for height, size in linkage[:, 2:].tolist()
    ]
    split = max(nodes[-1], key=lambda node: (*rank[node], node))
    label = [0] * (2 * n_points - 1)
    label[nodes[split - n_points][0]], label[nodes[split - n_points][1]] = 1, 2
    for node in range(2 * n_points - 3, n_points - 1, -1):
        if node != split:
            left, right = nodes[node - n_points]
            label[left] = label[right] = label[node]
    return np.array(label[:n_points], dtype=np.int64)


def between(
    values: Float64Array, labels: IntArray, scale: float
) -> tuple[Float64Array, Float64Array, Float64Array, int]:
    """Distances between clusters A, B, C, the last the largest, as kernels read them.

    AB (n_a, n_b), AC and BC padded, scaled; and the number of points of C.
    """
    a, b, c = sorted((np.flatnonzero(labels == k) for k in range(3)), key=len)
    return (
        np.ascontiguousarray(values[np.ix_(a, b)]) / scale,
        _triples.padded(values[np.ix_(a, c)], scale),
        _triples.padded(values[np.ix_(b, c)], scale),
        int(c.size),
    )


def sums_between(
    ab: Float64Array, ac: Float64Array, bc: Float64Array, n: int, tolerance: float
) -> Float64Array:
    """Sums over the triples with a point in each cluster, (11,)."""
    sums = np.zeros(len(_triples.SUMS))
    _kernels.add_between(ab, ac, bc, n, _triples.limits(tolerance), sums)
    return sums
