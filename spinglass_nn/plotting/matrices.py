"""Figures of matrices between points: alone, and below the dendrogram that orders them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import axes_for, new_figure, note
from spinglass_nn.plotting._groups import (
    LINE,
    draw_strip,
    group_handles,
    groups_of,
    legend_rows,
    n_lines,
)
from spinglass_nn.plotting.appearance import DIVERGING, SEQUENTIAL, style
from spinglass_nn.plotting.trees import draw_tree, support_handles
from spinglass_nn.typing import Float64Array, IntArray

if TYPE_CHECKING:
    from spinglass_nn.overlaps import BranchSupport, Distances, Gap, Tree

_WIDTH, _SIDE = 5.6, 4.6  # of the figure and of the square matrix; all in inches
_TREE, _STRIP, _BAR = 1.7, 0.13, 0.12
_LEFT, _BELOW = 0.78, 0.94


def overlap_matrix(
    matrix: Distances | ArrayLike,
    *,
    order: ArrayLike | None = None,
    label: str | None = None,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a symmetric matrix of distances or overlaps as a heat map.

    Parameters
    ----------
    matrix : Distances or array (n, n)
        What to draw; NaN cells stay white.
    order : array (n,), optional
        Order of rows and columns, as ``tree.order``.
    label : str, optional
        Name of the colour bar; the kind of the distances by default.
    limits : (float, float), optional
        Range of the colours. By default from zero to the largest entry, so that nearly
        equal distances look equal; symmetric about zero where entries are negative.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    values, kind = _matrix(matrix)
    ax = axes_for(ax, (5.6, 4.6))
    image = _draw_matrix(ax, values, _order(order, len(values)), limits)
    if image is not None:
        with style():
            bar = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03)
            bar.set_label(label or kind)
        bar.outline.set_visible(False)
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("point")
    ax.set_ylabel("point")
    return ax


def dendrogram_and_matrix(
    tree: Tree,
    matrix: Distances | ArrayLike,
    *,
    groups: Sequence[object] | None = None,
    support: BranchSupport | ArrayLike | None = None,
    cut: Gap | float | None = None,
    label: str | None = None,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw a dendrogram above the matrix it orders, on one horizontal axis.

    Parameters
    ----------
    tree : Tree
        ``linkage`` (n - 1, 4) in SciPy's form and ``order`` (n,) of the leaves.
    matrix : Distances or array (n, n)
        What was clustered.
    groups : sequence (n,), optional
        What is known of each point (its history, its batch size, ...); drawn as a strip of
        colours between tree and matrix, and branches within one group in its colour.
    support : BranchSupport or array (n - 1,), optional
        How often each merge survived resampling, as in `dendrogram`.
    cut : Gap or float, optional
        Where to cut the tree, as in `dendrogram`.
    label : str, optional
        Name of the colour bar and of the heights; the kind of the distances by default.
    limits : (float, float), optional
        Range of the colours, as in `overlap_matrix`.

    Returns
    -------
    Figure
        The figure; its axes are the tree, the strip, the matrix and the colour bar.
    """
    values, kind = _matrix(matrix)
    order = _order(tree.order, len(values))
    known = groups_of(groups, len(order))
    legends = group_handles(known), support_handles(support, len(order))
    figure, (upper, strip, lower, bar_axes) = _stacked_axes(sum(map(n_lines, legends)))
    draw_tree(upper, tree, known, support, cut)
    upper.set_ylabel("height")
    upper.spines["bottom"].set_visible(False)
    upper.locator_params(axis="y", nbins=4)
    draw_strip(strip, known, order)
    legend_rows(figure, _LEFT / _WIDTH, upper.get_position().y1 + 0.012, *legends)
    image = _draw_matrix(lower, values, order, limits)
    lower.set_xlabel(f"{len(order)} points, ordered by the tree")
    lower.set_ylabel("the same points")
    lower.set_xticks([])
    lower.set_yticks([])
    if image is None:
        bar_axes.set_axis_off()
        return figure
    with style():
        bar = figure.colorbar(image, cax=bar_axes, orientation="horizontal")
        bar.set_label(label or kind)
    bar.outline.set_visible(False)
    return figure


def _stacked_axes(lines: int) -> tuple[Figure, list[Axes]]:
    """Axes for tree, strip, matrix and colour bar, flush with each other."""
    heights = (_TREE, _STRIP, _SIDE, _BAR)
    strip = _BELOW + _SIDE + 0.04
    bottoms = (strip + _STRIP + 0.03, strip, _BELOW, 0.56)
    tall = bottoms[0] + _TREE + 0.12 + lines * LINE
    figure = new_figure((_WIDTH, tall))
    figure.set_layout_engine("none")
    with style():
        return figure, [
            figure.add_axes((_LEFT / _WIDTH, bottom / tall, _SIDE / _WIDTH, height / tall))
            for bottom, height in zip(bottoms, heights, strict=True)
        ]


def _draw_matrix(
    ax: Axes, values: Float64Array, order: IntArray, limits: tuple[float, float] | None
) -> AxesImage | None:
    finite = values[np.isfinite(values)]
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    if not finite.size:
        note(ax, "no distance to draw")
        return None
    signed = bool(finite.min() < 0)
    top = float(np.abs(finite).max()) or 1.0
    low, high = limits or (-top if signed else 0.0, top)
    return ax.imshow(
        values[np.ix_(order, order)],
        cmap=DIVERGING if signed else SEQUENTIAL,
        vmin=low,
        vmax=high,
        interpolation="none",
        aspect="auto",
    )


def _matrix(matrix: Distances | ArrayLike) -> tuple[Float64Array, str]:
    inside = getattr(matrix, "values", matrix)
    values = np.array(inside, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise ShapeError(f"matrix must have shape (n, n), got {values.shape}")
    kind = getattr(matrix, "kind", None)
    return values, "value" if kind is None else f"distance ({kind})".replace(" - ", " − ")


def _order(order: ArrayLike | None, n_points: int) -> NDArray[np.int64]:
    found = np.arange(n_points) if order is None else np.asarray(order, dtype=np.int64)
    if sorted(found.tolist()) != list(range(n_points)):
        raise ShapeError(
            f"order must hold every number from 0 to {n_points - 1} once, "
            f"got {len(found)} entries"
        )
    return found
