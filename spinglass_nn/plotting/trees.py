"""Figures of hierarchies: dendrograms and minimum spanning trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import axes_for, note
from spinglass_nn.plotting._groups import (
    Groups,
    draw_strip,
    group_handles,
    groups_of,
    legend_rows,
    node_colors,
)
from spinglass_nn.plotting.appearance import FAINT, INK, SMALL
from spinglass_nn.typing import Float64Array

if TYPE_CHECKING:
    from spinglass_nn.overlaps import BranchSupport, Gap, Tree

# shares of resamples, from the best: fill and name of the mark
_GRADES = (
    (0.95, INK, "support ≥ 95 %"),
    (0.70, "#9a9a9a", "≥ 70 %"),
    (0.0, "white", "less"),
)
_FEW = 40  # points; among more of them marks of little support would hide the tree


def dendrogram(
    tree: Tree,
    *,
    groups: Sequence[object] | None = None,
    names: Sequence[object] | None = None,
    support: BranchSupport | ArrayLike | None = None,
    cut: Gap | float | None = None,
    height: str = "distance at the merge",
    ax: Axes | None = None,
) -> Axes:
    """Draw a hierarchy: leaves in their order, a bracket at the height of every merge.

    The heights start at zero, so that merges at nearly one distance look like it. Every
    clustering draws a tree, that of pure noise too; compare with a null before reading it.

    Parameters
    ----------
    tree : Tree
        ``linkage`` (n - 1, 4) in SciPy's form and ``order`` (n,) of the leaves.
    groups : sequence (n,), optional
        What is known of each point; drawn as a strip of colours below the leaves, and
        branches within one group in its colour.
    names : sequence (n,), optional
        Names to write below the leaves, as far as there is room (about 70 points).
    support : BranchSupport or array (n - 1,), optional
        How often each merge survived resampling; drawn as a mark on the merge, black from
        95 %, grey from 70 %, white below (up to 40 points); none for the root.
    cut : Gap or float, optional
        A height to cut at, or the gap of `spinglass_nn.overlaps.largest_gap`; drawn as a
        line with the number of clusters.
    height : str
        Name of the vertical axis.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax)
    n_leaves = len(np.asarray(tree.order))
    known = groups_of(groups, n_leaves)
    draw_tree(ax, tree, known, support, cut)
    _name_leaves(ax, tree, names)
    if known is not None:
        draw_strip(ax.inset_axes((0.0, -0.055, 1.0, 0.04)), known, np.asarray(tree.order))
        ax.tick_params(axis="x", pad=14)
        ax.xaxis.labelpad = 4 if names is not None else 16
    legend_rows(ax, 0.0, 1.02, group_handles(known), support_handles(support, n_leaves))
    ax.set_xlabel(f"{n_leaves} points, ordered by the tree")
    ax.set_ylabel(height)
    return ax


def spanning_tree(
    graph: Any, *, groups: Sequence[object] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a minimum spanning tree with edges of their true lengths, none crossing.

    Every branch takes a wedge as wide as the number of its ends asks for. Distances between
    points that no edge joins mean nothing, nor do angles.

    Parameters
    ----------
    graph : networkx.Graph
        From `spinglass_nn.overlaps.minimum_spanning_tree`; nodes 0 ... n - 1, ``weight``.
    groups : sequence (n,), optional
        What is known of each point, drawn as colours.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax, (5.6, 5.2))
    n_points = graph.number_of_nodes()
    known = groups_of(groups, n_points)
    places = _spread(graph)
    lines = [(places[a], places[b]) for a, b in graph.edges]
    ax.add_collection(LineCollection(lines, colors=FAINT, linewidths=1.0, zorder=1))
    colors = [INK] * n_points if known is None else [known.colors[k] for k in known.numbers]
    size = float(np.clip(1800 / max(n_points, 1), 6, 36))
    ax.scatter(
        places[:, 0],
        places[:, 1],
        s=size,
        c=colors,
        linewidths=0.5,
        edgecolors="white",
        zorder=2,
    )
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()
    legend_rows(ax, 0.0, 1.02, group_handles(known))
    return ax


def support_handles(support: BranchSupport | ArrayLike | None, n_leaves: int) -> list[Artist]:
    """Entries of a legend for marks of support."""
    if support is None:
        return []
    return [
        Line2D([], [], linestyle="none", marker="o", markersize=6, markerfacecolor=fill,
               markeredgecolor=INK, markeredgewidth=0.8, label=name)
        for _, fill, name in _grades(n_leaves)
    ]  # fmt: skip


def _grades(n_leaves: int) -> tuple[tuple[float, str, str], ...]:
    return _GRADES if n_leaves <= _FEW else _GRADES[:-1]


def draw_tree(
    ax: Axes,
    tree: Tree,
    groups: Groups | None,
    support: BranchSupport | ArrayLike | None,
    cut: Gap | float | None,
) -> None:
    """Draw brackets, marks and the cut on axes with one unit a leaf."""
    linkage = np.asarray(tree.linkage, dtype=np.float64)
    order = np.asarray(tree.order, dtype=np.int64)
    n_leaves = len(order)
    if linkage.shape != (max(n_leaves - 1, 0), 4):
        raise ShapeError(
            f"tree.linkage must have shape ({n_leaves - 1}, 4) for {n_leaves} leaves, "
            f"got {linkage.shape}"
        )
    ax.set_xlim(-0.5, n_leaves - 0.5)
    ax.set_xticks([])
    ax.grid(visible=False, axis="x")
    if n_leaves < 2:
        note(ax, "a tree needs two points")
        return
    height = np.concatenate([np.zeros(n_leaves), linkage[:, 2]])
    top = float(height.max()) or 1.0
    place = np.empty(2 * n_leaves - 1)
    place[order] = np.arange(n_leaves)
    members = linkage[:, :2].astype(np.int64)
    for node, pair in enumerate(members, start=n_leaves):
        place[node] = place[pair].mean()
    left, right = members.T
    feet = [(place[left], height[left]), (place[right], height[right])]
    tops = [(place[left], linkage[:, 2]), (place[right], linkage[:, 2])]
    brackets = np.array([feet[0], *tops, feet[1]]).transpose(2, 0, 1)
    colors = node_colors(linkage, groups, n_leaves)[n_leaves:]
    width = float(np.clip(90 / n_leaves, 0.6, 1.4))
    ax.add_collection(LineCollection(list(brackets), colors=colors, linewidths=width))
    ax.set_ylim(0.0, 1.05 * top)
    if support is not None:
        _draw_support(ax, place[n_leaves:], linkage[:, 2], support)
    if cut is not None:
        _draw_cut(ax, linkage[:, 2], cut)


def _draw_support(
    ax: Axes, x: Float64Array, y: Float64Array, support: BranchSupport | ArrayLike
) -> None:
    inside: Any = support.support.mean if hasattr(support, "support") else support
    shares = np.asarray(inside, dtype=np.float64)
    if shares.shape != y.shape:
        raise ShapeError(
            f"support must have shape ({y.size},), one a merge, got {shares.shape}"
        )
    size = float(np.clip(900 / max(y.size, 1), 6, 30))
    upper = np.inf
    for lowest, fill, _ in _grades(y.size + 1):
        chosen = np.flatnonzero((shares[:-1] >= lowest) & (shares[:-1] < upper))
        ax.scatter(
            x[chosen], y[chosen], s=size, c=fill, edgecolors=INK, linewidths=0.8, zorder=3
        )
        upper = lowest


def _draw_cut(ax: Axes, heights: Float64Array, cut: Gap | float) -> None:
    given: Any = cut
    at = float(getattr(given, "height", given))
    n_clusters = heights.size + 1 - int(np.count_nonzero(heights <= at))
    if hasattr(given, "low"):
        ax.axhspan(given.low, given.high, color=FAINT, alpha=0.12, linewidth=0, zorder=0)
    ax.axhline(at, color=FAINT, linestyle=(0, (5, 3)), linewidth=1.0)
    ax.annotate(
        f"{n_clusters} cluster{'s' * (n_clusters != 1)}", (1.0, at), (-3, 2),
        xycoords=ax.get_yaxis_transform(), textcoords="offset points", ha="right", va="bottom",
        color=FAINT, fontsize=SMALL, zorder=4,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip


def _name_leaves(ax: Axes, tree: Tree, names: Sequence[object] | None) -> None:
    if names is None:
        return
    order = np.asarray(tree.order, dtype=np.int64)
    if len(names) != order.size:
        raise ShapeError(f"names must have {order.size} entries, one a point, got {len(names)}")
    room = 330 / order.size  # points of type, across the axes
    if room < 4.5:
        return
    ax.set_xticks(np.arange(order.size), [str(names[k]) for k in order], rotation=90,
                  fontsize=min(SMALL, room))  # fmt: skip
    ax.tick_params(axis="x", length=0)


def _spread(graph: Any) -> Float64Array:
    """Places of nodes, each branch in a wedge as wide as its number of ends asks for."""
    n_points = graph.number_of_nodes()
    places = np.zeros((n_points, 2))
    parent, visited = _walk(graph, _centre(graph))
    ends = np.array([float(graph.degree(node) == 1) for node in range(n_points)])
    ends[visited[0]] = 0.0
    for node in reversed(visited[1:]):
        ends[parent[node]] += ends[node]
    start = {visited[0]: 0.0}
    for node in visited[1:]:
        above_it = parent[node]
        wedge = 2 * np.pi * ends[node] / ends[visited[0]]
        angle = start[above_it] + wedge / 2
        start[node] = start[above_it]
        start[above_it] += wedge
        step = np.array([np.cos(angle), np.sin(angle)])
        places[node] = places[above_it] + graph.edges[above_it, node]["weight"] * step
    return places


def _walk(graph: Any, root: int) -> tuple[dict[int, int], list[int]]:
    """Parents, and nodes in an order in which parents come first."""
    parent, visited = {root: root}, [root]
    for node in visited:
        for neighbor in graph.neighbors(node):
            if neighbor not in parent:
                parent[neighbor] = node
                visited.append(neighbor)
    return parent, visited


def _centre(graph: Any) -> int:
    """The node whose removal leaves the smallest largest part."""
    parent, visited = _walk(graph, 0)
    below = dict.fromkeys(visited, 1)
    largest = dict.fromkeys(visited, 0)
    for node in reversed(visited[1:]):
        below[parent[node]] += below[node]
        largest[parent[node]] = max(largest[parent[node]], below[node])
    n_points = len(visited)
    return min(visited, key=lambda node: max(largest[node], n_points - below[node]))
