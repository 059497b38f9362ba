"""Trees and distances as graphs: networkx, Newick's notation, the minimum spanning tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.overlaps.metric import Distances, as_distances, square
from spinglass_nn.typing import Float64Array, IntArray

if TYPE_CHECKING:
    from spinglass_nn.overlaps.branches import BranchSupport
    from spinglass_nn.overlaps.clustering import Tree

_RESERVED = frozenset("()[]':;, \t\n\"")


@result()
class ReorderedMatrix:
    """A matrix whose rows and columns stand in the order of a tree's leaves.

    Parameters
    ----------
    values : array (n_points, n_points)
        ``values[a, b]`` belongs to the points ``order[a]`` and ``order[b]``.
    order : array (n_points,)
        Points from left to right.
    """

    values: Float64Array
    order: IntArray


def reordered(matrix: Distances | ArrayLike, tree: Tree | ArrayLike) -> ReorderedMatrix:
    """Put rows and columns of a matrix into the order of a tree.

    Blocks along the diagonal show clusters. The order of any tree makes noise look smoother
    too: neighbours were chosen for being near.

    Parameters
    ----------
    matrix : Distances or array (n_points, n_points)
        Distances, overlaps, or anything symmetric about the same points.
    tree : Tree or array (n_points,)
        From `cluster`; or an order of your own.

    Returns
    -------
    ReorderedMatrix
        The matrix and the order.

    Raises
    ------
    ShapeError
        If the order does not hold every point once.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> d = sg.overlaps.distances([[0.0], [5.0], [1.0], [6.0]])
    >>> found = sg.overlaps.reordered(d, sg.overlaps.cluster(d))
    >>> found.order.tolist(), found.values[0].tolist()
    ([0, 2, 1, 3], [0.0, 1.0, 5.0, 6.0])
    """
    values = matrix.values if isinstance(matrix, Distances) else square(matrix, "matrix")
    given: Any = tree
    order = check.array(getattr(given, "order", given), "order", shape=(None,), dtype=np.int64)
    if sorted(order.tolist()) != list(range(len(values))):
        raise ShapeError(
            f"order must hold every number from 0 to {len(values) - 1} once, got "
            f"{order.size} entries"
        )
    return ReorderedMatrix(values[np.ix_(order, order)], order)


def minimum_spanning_tree(distances: Distances | ArrayLike) -> Any:
    """The tree of least total length through all points.

    Its edges, sorted, are the heights of single linkage, and the longest edge on the path
    between two points is their distance in the subdominant ultrametric. Points at distance
    zero are joined by edges of weight zero (a sparse matrix would take them for absent).

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        Distances, or overlaps q (unit diagonal), which become 1 - q.

    Returns
    -------
    networkx.Graph
        Nodes 0 ... n - 1, n - 1 edges with ``weight``. Where distances are tied there are
        several such trees, all with the same sorted weights; this is one of them.

    Raises
    ------
    DataError
        If the matrix is not one of distances, or has fewer than 2 points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> d = sg.overlaps.distances([[0.0], [5.0], [1.0], [5.0]])
    >>> sorted(sg.overlaps.minimum_spanning_tree(d).edges(data="weight"))
    [(0, 2, 1.0), (1, 2, 4.0), (1, 3, 0.0)]
    """
    values = as_distances(distances, minimum=2).values
    graph = nx.Graph()
    graph.add_nodes_from(range(len(values)))
    for a, b in spanning_edges(values):
        graph.add_edge(int(a), int(b), weight=float(values[a, b]))
    return graph


def spanning_edges(weights: Float64Array) -> IntArray:
    """Edges (n - 1, 2) of a minimum spanning tree of a dense symmetric matrix, by Prim.

    Entries may be infinite; such edges are taken where there are no others.
    """
    n_points = len(weights)
    nearest = np.zeros(n_points, dtype=np.int64)
    reach = weights[0].astype(np.float64)
    outside = np.ones(n_points, dtype=np.bool_)
    outside[0] = False
    edges = np.empty((n_points - 1, 2), dtype=np.int64)
    for k in range(n_points - 1):
        left = np.flatnonzero(outside)
        new = int(left[reach[left].argmin()])
        edges[k] = nearest[new], new
        outside[new] = False
        closer = outside & (weights[new] < reach)
        reach[closer] = weights[new, closer]
        nearest[closer] = new
    return edges


def tree_graph(
    linkage: Float64Array,
    names: Sequence[object] | None,
    support: BranchSupport | ArrayLike | None,
) -> Any:
    """The directed graph of a linkage; see `Tree.to_networkx`."""
    n = linkage.shape[0] + 1
    graph = nx.DiGraph(root=2 * n - 2)
    for point, name in enumerate(checked_names(names, n)):
        graph.add_node(point, height=0.0, size=1, name=name)
    shares = checked_support(support, n)
    for row, (left, right, height, size) in enumerate(linkage.tolist()):
        more = {} if shares is None else {"support": float(shares[row])}
        graph.add_node(n + row, height=height, size=int(size), **more)
        for child in (int(left), int(right)):
            graph.add_edge(n + row, child, length=height - graph.nodes[child]["height"])
    return graph


def newick(
    linkage: Float64Array,
    names: Sequence[object] | None,
    support: BranchSupport | ArrayLike | None,
) -> str:
    """The text of a linkage; see `Tree.to_newick`."""
    n = linkage.shape[0] + 1
    texts = [_quoted(str(name)) for name in checked_names(names, n)]
    heights = [0.0] * n
    shares = checked_support(support, n)
    for row, (left, right, height, _) in enumerate(linkage.tolist()):
        parts = []
        for child in (int(left), int(right)):
            parts.append(f"{texts[child]}:{height - heights[child]:.12g}")
            texts[child] = ""  # each is needed once; long trees would fill the memory
        share = "" if shares is None or np.isnan(shares[row]) else f"{shares[row]:.3f}"
        texts.append(f"({','.join(parts)}){share}")
        heights.append(height)
    return f"{texts[-1]};"


def checked_names(names: Sequence[object] | None, n_points: int) -> Sequence[object]:
    """Names of points, their numbers by default."""
    if names is None:
        return range(n_points)
    if len(names) != n_points:
        raise ShapeError(f"names must have {n_points} entries, one a point, got {len(names)}")
    return names


def checked_support(
    support: BranchSupport | ArrayLike | None, n_points: int
) -> Float64Array | None:
    """Share in which each merge survived; NaN where it was never put to the test."""
    if support is None:
        return None
    inside: Any = support.support.mean if hasattr(support, "support") else support
    shares: Float64Array = check.array(inside, "support", shape=(n_points - 1,), finite=False)
    if (shares < 0).any() or (shares > 1).any():
        worst = shares[(shares < 0) | (shares > 1)][0]
        raise DataError(f"support must lie in [0, 1], got {worst:g}")
    return shares


def _quoted(name: str) -> str:
    if name and not _RESERVED.intersection(name):
        return name
    inside = name.replace("'", "''")
    return f"'{inside}'"
