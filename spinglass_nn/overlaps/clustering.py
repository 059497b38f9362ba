"""Hierarchical clustering: a tree from any distances, which is no evidence of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.overlaps import _linkages, graphs
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.typing import Float64Array, IntArray

if TYPE_CHECKING:
    from spinglass_nn.overlaps.branches import BranchSupport

Method: TypeAlias = Literal["average", "single", "complete", "ward"]
METHODS: tuple[Method, ...] = ("average", "single", "complete", "ward")


@result()
class Tree:
    """A hierarchy of points.

    Parameters
    ----------
    linkage : array (n_points - 1, 4)
        Merges in SciPy's form: two members, height, number of points.
    order : array (n_points,)
        Leaves from left to right.
    cophenetic_correlation : float
        Pearson correlation of the distances with the heights at which pairs meet; 1 if the
        distances are ultrametric.
    method : str
        The linkage.
    kind : str
        What was clustered.
    """

    linkage: Float64Array
    order: IntArray
    cophenetic_correlation: float
    method: str
    kind: str = "given"

    @property
    def n_points(self) -> int:
        """Number of leaves."""
        return int(self.order.size)

    @property
    def heights(self) -> Float64Array:
        """Heights of the merges, (n_points - 1,), from the first to the last."""
        return self.linkage[:, 2]

    def labels(self, n_clusters: int) -> IntArray:
        """Cluster of each point when the tree is cut into ``n_clusters`` branches.

        Where merges are tied in height, which of them is undone first means nothing;
        `labels_at` and `largest_gap` never cut between such merges.

        Parameters
        ----------
        n_clusters : int
            From 1 to ``n_points``.

        Returns
        -------
        array (n_points,) of int64
            Numbers 0, 1, ... in the order of their first points.
        """
        if check.count(n_clusters, "n_clusters") > self.n_points:
            raise ParameterError(
                f"n_clusters must be at most {self.n_points}, got {n_clusters}"
            )
        return _linkages.labels_after(self.linkage, self.n_points - n_clusters)

    def labels_at(self, height: float) -> IntArray:
        """Cluster of each point when all merges up to a height are done.

        Parameters
        ----------
        height : float
            Merges at this height count as done.

        Returns
        -------
        array (n_points,) of int64
            Numbers 0, 1, ... in the order of their first points.
        """
        done = int(np.count_nonzero(self.heights <= check.number(height, "height")))
        return _linkages.labels_after(self.linkage, done)

    def to_networkx(
        self,
        *,
        names: Sequence[object] | None = None,
        support: BranchSupport | ArrayLike | None = None,
    ) -> Any:
        """The tree as a directed graph, from the root to the leaves.

        Parameters
        ----------
        names : sequence (n_points,), optional
            Names of the points; their numbers by default.
        support : BranchSupport or array (n_points - 1,), optional
            How often each merge survived, from `support_by_dimensions` or
            `support_by_points`.

        Returns
        -------
        networkx.DiGraph
            Nodes are numbered as in ``linkage``: points 0 ... n - 1, then the merges in
            their order. All have ``height`` and ``size`` (points below), points have
            ``name``, merges ``support`` where given; edges have ``length``, the difference
            of heights. ``graph.graph["root"]`` is the root.
        """
        return graphs.tree_graph(self.linkage, names, support)

    def to_newick(
        self,
        *,
        names: Sequence[object] | None = None,
        support: BranchSupport | ArrayLike | None = None,
    ) -> str:
        """The tree in Newick's notation, which programs for phylogenies read.

        Parameters
        ----------
        names : sequence (n_points,), optional
            Names of the points; their numbers by default.
        support : BranchSupport or array (n_points - 1,), optional
            Written as the names of merges, with three digits.

        Returns
        -------
        str
            With lengths of branches, so that all leaves are equally far from the root.

        Examples
        --------
        >>> import spinglass_nn as sg
        >>> d = sg.overlaps.distances([[0.0], [1.0], [4.0]])
        >>> sg.overlaps.cluster(d, optimal_order=False).to_newick()
        '(2:3.5,(0:1,1:1):2.5);'
        """
        return graphs.newick(self.linkage, names, support)

    def __repr__(self) -> str:
        return (
            f"<tree of {self.n_points} points, {self.method} linkage of {self.kind}, "
            f"cophenetic correlation {self.cophenetic_correlation:.3f}>"
        )


def cluster(
    distances: Distances | ArrayLike,
    *,
    method: Method = "average",
    optimal_order: bool = True,
) -> Tree:
    """Cluster points hierarchically.

    Any distances give a tree, those of pure noise too, and its heights are ultrametric by
    construction: only the comparison with nulls (`ultrametricity`) tells a hierarchy.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        Distances; a matrix with unit diagonal holds overlaps q and is clustered by 1 - q.
    method : {"average", "single", "complete", "ward"}
        Linkage. "ward" minimises variances and needs Euclidean distances; distances after
        pairwise matching are only nearly Euclidean, and there it is a heuristic.
    optimal_order : bool, default True
        Order leaves so that neighbours are as near as the tree allows (slow above a few
        thousand points).

    Returns
    -------
    Tree
        Linkage, order of leaves, cophenetic correlation (1 by definition if all distances
        are equal, for then the tree reproduces them).

    Raises
    ------
    DataError
        If the matrix is not one of distances, or has fewer than 3 points.
    ParameterError
        If "ward" is asked for distances that are not Euclidean.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> d = sg.overlaps.distances(np.array([[0.0], [1.0], [10.0], [11.0]]))
    >>> sg.overlaps.cluster(d).labels(2).tolist()
    [0, 0, 1, 1]
    """
    check.choice(method, "method", METHODS)
    found = as_distances(distances)
    if method == "ward" and not found.kind.endswith("euclidean"):
        raise ParameterError(
            f"method must not be 'ward' for distances of kind {found.kind!r}, which are not "
            "Euclidean; give Distances of kind 'euclidean' if they are"
        )
    pairs = squareform(found.values, checks=False)
    linkage = hierarchy.linkage(pairs, method)
    if optimal_order:
        linkage = hierarchy.optimal_leaf_ordering(linkage, pairs)
    order = np.asarray(hierarchy.leaves_list(linkage), dtype=np.int64)
    correlation = _correlation(linkage, pairs, method)
    return Tree(linkage, order, correlation, method, found.kind)


def cophenetic_matrix(tree: Tree) -> Float64Array:
    """Heights at which pairs of points meet in a tree.

    Parameters
    ----------
    tree : Tree
        From `cluster`.

    Returns
    -------
    array (n_points, n_points)
        Symmetric, zero diagonal; ultrametric: of any three, the two largest are equal.
    """
    return np.asarray(squareform(hierarchy.cophenet(tree.linkage)), dtype=np.float64)


def cophenetic_correlation(pairs: Float64Array, method: Method = "average") -> float:
    """Correlate distances with the heights at which their own tree joins the points.

    Parameters
    ----------
    pairs : array (n_points (n_points - 1) / 2,)
        Distances in condensed form.
    method : {"average", "single", "complete", "ward"}
        Linkage.

    Returns
    -------
    float
        Pearson's correlation; 1 for ultrametric points.
    """
    return _correlation(hierarchy.linkage(pairs, method), pairs, method)


def _correlation(linkage: Float64Array, pairs: Float64Array, method: Method) -> float:
    own = pairs - pairs.mean()
    squares = float(own @ own)
    noise = 1e-20 * float(pairs @ pairs)
    if squares <= noise:  # all equal: the tree reproduces them
        return 1.0
    if method == "average":
        return min(1.0, math.sqrt(_between(linkage, float(pairs.mean())) / squares))
    met = hierarchy.cophenet(linkage)
    met -= met.mean()
    scale = math.sqrt(squares * float(met @ met))
    # only the heights are equal: the tree knows nothing of the distances
    return float(own @ met) / scale if scale > noise else 0.0


def _between(linkage: Float64Array, mean: float) -> float:
    """Sum over pairs of (height at which they meet - mean)^2, for average linkage.

    There the height h of a merge is the mean distance of the pairs that it joins, so that
    sum d h = sum h^2 over pairs and the correlation is sd(h)/sd(d): no need to write out
    the heights of all pairs.
    """
    n_points = linkage.shape[0] + 1
    sizes = np.concatenate([np.ones(n_points), linkage[:, 3]])
    members = linkage[:, :2].astype(np.int64)
    joined = sizes[members[:, 0]] * sizes[members[:, 1]]
    return float(joined @ np.square(linkage[:, 2] - mean))
