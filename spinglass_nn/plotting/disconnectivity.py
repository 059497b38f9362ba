"""The figure of a disconnectivity graph: minima as ends of lines, joined at barriers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from spinglass_nn._core import check
from spinglass_nn.plotting._axes import axes_for
from spinglass_nn.plotting._groups import group_handles, groups_of, legend_rows, node_colors
from spinglass_nn.typing import Float64Array, IntArray

if TYPE_CHECKING:
    from spinglass_nn.overlaps import DisconnectivityGraph

_SAME = 1e-9  # of the range: energies nearer than that are one level
_STEM = 0.06  # of the range, above the last merge

Line = list[tuple[float, float]]


def disconnectivity_graph(
    graph: DisconnectivityGraph,
    *,
    groups: Sequence[object] | None = None,
    n_levels: int | None = None,
    energy: str = "energy",
    ax: Axes | None = None,
) -> Axes:
    """Draw minima as the lower ends of lines that join where a barrier lets them.

    By default every barrier stands at its own energy, and the line of a minimum runs up to
    the barrier behind which there is a lower one: its length is the minimum's depth. With
    ``n_levels`` barriers are raised to the next of evenly spaced energies and branches leave a
    node like the limbs of a tree, the form of Becker and Karplus.

    Parameters
    ----------
    graph : DisconnectivityGraph
        Of `spinglass_nn.overlaps.disconnectivity_graph`, or the ``graph`` of a flooded
        landscape.
    groups : sequence (n_minima,), optional
        What is known of each minimum; lines are coloured where all minima below are of one
        group.
    n_levels : int, optional
        Number of energies at which superbasins are looked at, from the lowest minimum (not
        one of them) to the highest barrier.
    energy : str
        Name of the vertical axis.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on. Minima that no known barrier joins to others end in dotted lines.
    """
    ax = axes_for(ax)
    known = groups_of(groups, graph.n_minima)
    height = np.concatenate([graph.energies, graph.merges[:, 2]])
    low, high = float(height.min()), float(height.max())
    extent = (high - low) or 1.0
    if n_levels is None:
        places = _trunk_places(graph, _SAME * extent)
        lines = _brackets(graph.merges, places, height)
    else:
        spacing = extent / check.count(n_levels, "n_levels")
        places, lines = _limbs(graph, height, low, spacing)
    colors = node_colors(graph.merges, known, graph.n_minima)
    width = float(np.clip(90 / graph.n_minima, 0.7, 1.6))
    nodes = list(lines)
    ax.add_collection(
        LineCollection([lines[k] for k in nodes], colors=[colors[k] for k in nodes],
                       linewidths=width, capstyle="projecting")
    )  # fmt: skip
    inner = {int(k) for k in graph.merges[:, :2].ravel()}
    roots = [k for k in range(height.size) if k not in inner]
    top = high + _STEM * extent
    ax.add_collection(
        LineCollection([[(places[k], height[k]), (places[k], top)] for k in roots],
                       colors=[colors[k] for k in roots], linewidths=width,
                       linestyles="solid" if len(roots) == 1 else (0, (1, 1.5)))
    )  # fmt: skip
    _draw_ends(ax, graph, places, colors)
    ax.set_xlim(-0.8, graph.n_minima - 0.2)
    ax.set_ylim(low - 0.05 * extent, top)
    ax.set_xticks([])
    ax.grid(visible=False, axis="x")
    ax.set_xlabel(f"{graph.n_minima} minima, ordered by the graph")
    ax.set_ylabel(energy)
    legend_rows(ax, 0.0, 1.02, group_handles(known))
    return ax


def _draw_ends(
    ax: Axes, graph: DisconnectivityGraph, places: Float64Array, colors: list[str]
) -> None:
    n = graph.n_minima
    size = float(np.clip(500 / n, 3, 16))
    ax.scatter(places[:n], graph.energies, s=size, c=colors[:n], linewidths=0, zorder=3)


def _leaf_places(order: IntArray, n_nodes: int) -> Float64Array:
    places = np.zeros(n_nodes)
    places[order] = np.arange(order.size)
    return places


def _trunk_places(graph: DisconnectivityGraph, near: float) -> Float64Array:
    """Each superbasin above its lowest minimum, or between two that tie."""
    n = graph.n_minima
    places = _leaf_places(graph.order, n + len(graph.merges))
    lowest = graph.energies.tolist()
    for node, (a, b) in enumerate(graph.merges[:, :2].astype(np.int64).tolist(), start=n):
        if abs(lowest[a] - lowest[b]) <= near:
            places[node] = 0.5 * (places[a] + places[b])
        else:
            places[node] = places[a] if lowest[a] < lowest[b] else places[b]
        lowest.append(min(lowest[a], lowest[b]))
    return places


def _brackets(
    merges: Float64Array, places: Float64Array, height: Float64Array
) -> dict[int, Line]:
    """Line of each node: up to the height of its merge, then across to it."""
    n_leaves = len(places) - len(merges)
    lines: dict[int, Line] = {}
    for node, pair in enumerate(merges[:, :2].astype(np.int64).tolist(), start=n_leaves):
        for child in pair:
            lines[child] = [
                (places[child], height[child]),
                (places[child], height[node]),
                (places[node], height[node]),
            ]
    return lines


def _limbs(
    graph: DisconnectivityGraph, height: Float64Array, low: float, spacing: float
) -> tuple[Float64Array, dict[int, Line]]:
    """Places and lines with barriers raised to levels, and merges of one level in one node."""
    n = graph.n_minima
    level = np.ceil((height - low) / spacing - 1e-6).astype(np.int64)
    raised = height.copy()
    raised[n:] = low + spacing * level[n:]
    up = np.arange(height.size)  # the node that a merge is part of, at its level
    parent = np.full(height.size, -1)
    spans = np.repeat(_leaf_places(graph.order, height.size)[:, None], 2, axis=1)
    for node, pair in enumerate(graph.merges[:, :2].astype(np.int64).tolist(), start=n):
        parent[pair] = node
        spans[node] = spans[pair].min(), spans[pair].max()
    for node in range(height.size - 1, n - 1, -1):
        above = parent[node]
        if above >= 0 and level[above] == level[node]:
            up[node] = up[above]
    places = spans.mean(axis=1)[up]
    lines: dict[int, Line] = {}
    for node in range(height.size):
        if parent[node] < 0 or up[node] != node:
            continue
        end = up[parent[node]]
        bend = max(raised[node], raised[end] - spacing)
        lines[node] = [
            (places[node], raised[node]),
            (places[node], bend),
            (places[end], raised[end]),
        ]
    return places, lines
