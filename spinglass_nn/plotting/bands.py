"""Figures of elastic bands, and of the barriers between many solutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from spinglass_nn._core import check
from spinglass_nn.plotting._axes import axes_for, legend
from spinglass_nn.plotting._groups import group_handles, groups_of, legend_rows
from spinglass_nn.plotting.appearance import FAINT, INK, SEQUENTIAL, SMALL, category, style
from spinglass_nn.plotting.paths import QUANTITIES, curve_values

if TYPE_CHECKING:
    from spinglass_nn.landscape import BarrierGraph, ElasticBand, LossCurve

_LINES = 0.45  # opacity of edges that are not in the tree
_WIDE = 10  # ratio of saddles from which colours stand for ratios


def elastic_band(
    band: ElasticBand,
    *,
    before: LossCurve | None = None,
    quantity: str = "loss",
    ax: Axes | None = None,
) -> Axes:
    """Draw a band along its length, with its pivots and its saddle, and what it began as.

    Parameters
    ----------
    band : ElasticBand
        Its dense scan is drawn as a line, pivots as dots, the saddle of the loss as a star.
    before : LossCurve, optional
        The path before, such as the straight line between the ends.
    quantity : {"loss", "accuracy", "test_loss", "test_accuracy"}
        What to draw.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on. Each path is drawn against the fraction of its own length.
    """
    check.choice(quantity, "quantity", QUANTITIES)
    ax = axes_for(ax)
    if before is not None:
        values = curve_values(before, quantity)
        ax.plot(_fraction(before), values, color=FAINT, linestyle="--", label=before.name)
    curve, color = band.curve, category(0)
    x, values = _fraction(curve), curve_values(curve, quantity)
    ax.plot(x, values, color=color, label=curve.name)
    pivots = np.isclose(curve.coordinate, np.round(curve.coordinate), atol=1e-9)
    ax.plot(x[pivots], values[pivots], linestyle="none", marker="o", markersize=4.5,
            color=color, markeredgecolor="white", markeredgewidth=0.5,
            label=f"{band.n_pivots} pivots")  # fmt: skip
    top = int(curve.loss.argmax())
    ax.plot(x[top], values[top], linestyle="none", marker="*", markersize=11,
            color=category(1), markeredgecolor="white", markeredgewidth=0.5,
            label=f"saddle {curve.loss[top]:.3g}")  # fmt: skip
    ax.set_xlabel("fraction of the length of the path")
    ax.set_ylabel(QUANTITIES[quantity])
    legend(ax)
    return ax


def barrier_graph(
    graph: BarrierGraph, *, groups: Sequence[object] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw solutions on a circle, joined by saddles, with the minimum spanning tree in bold.

    Solutions stand in the order of the disconnectivity graph, so that those behind low
    barriers are neighbours; distances mean nothing.

    Parameters
    ----------
    graph : BarrierGraph
        From `spinglass_nn.landscape.barrier_graph`.
    groups : sequence (n_solutions,), optional
        What is known of each solution, drawn as colours.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on; the colour of an edge is the loss of its saddle.
    """
    ax = axes_for(ax, (5.6, 4.6))
    n, known = len(graph), groups_of(groups, len(graph))
    angles = np.empty(n)
    angles[graph.tree.order] = np.pi / 2 - 2 * np.pi * np.arange(n) / n
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    tree = graph.spanning_pairs
    in_tree = np.zeros((n, n), dtype=np.bool_)
    in_tree[tuple(np.sort(tree, axis=1).T)] = True
    others = np.argwhere(np.triu(~in_tree, 1))
    saddles = graph.saddles[np.triu_indices(n, 1)]
    wide = saddles.min() > 0 and saddles.max() > _WIDE * saddles.min()
    scale = matplotlib.colors.LogNorm if wide else matplotlib.colors.Normalize
    span = scale(saddles.min(), saddles.max())
    for pairs, width, alpha in ((others, 0.8, _LINES), (tree, 3.2, 1.0)):
        lines = [places[pair] for pair in pairs]
        edges = LineCollection(lines, cmap=SEQUENTIAL, norm=span, linewidths=width, alpha=alpha)
        edges.set_array(graph.saddles[tuple(pairs.T)])
        ax.add_collection(edges)
    colors = [INK] * n if known is None else [known.colors[k] for k in known.numbers]
    size = float(np.clip(900 / n, 12, 60))
    x, y = places.T
    ax.scatter(x, y, s=size, c=colors, linewidths=0.8, edgecolors="white", zorder=3)
    for k in range(n):
        ax.text(1.12 * x[k], 1.12 * y[k], str(k), ha="center", va="center",
                fontsize=SMALL, color=INK)  # fmt: skip
    with style():
        bar = ax.figure.colorbar(edges, ax=ax, fraction=0.05, pad=0.03)
        bar.set_label("saddle L (nats per sample); bold: spanning tree")
    bar.outline.set_visible(False)
    ax.set_xlim(-1.25, 1.25)
    ax.set_ylim(-1.25, 1.25)
    ax.set_aspect("equal")
    ax.set_axis_off()
    legend_rows(ax, 0.0, 1.02, group_handles(known))
    return ax


def _fraction(curve: LossCurve) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Fraction of the length at each point of a curve."""
    length = np.asarray(curve.distance, dtype=np.float64)
    return length / length[-1] if length[-1] > 0 else length
