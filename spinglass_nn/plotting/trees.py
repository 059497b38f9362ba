"""Figures of hierarchies: dendrograms, distance matrices, and both on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import axes_for, columns_for, new_figure, note
from spinglass_nn.plotting.appearance import (
    DIVERGING,
    INK,
    SEQUENTIAL,
    SMALL,
    colors_for,
    style,
)
from spinglass_nn.typing import Float64Array, IntArray

if TYPE_CHECKING:
    from spinglass_nn.overlaps import Distances, Tree

_COMBINED = (5.6, 7.1)  # inches
_ABOVE = 0.35  # inches for the names of groups


def dendrogram(
    tree: Tree, *, height: str = "distance at the merge", ax: Axes | None = None
) -> Axes:
    """Draw a hierarchy: leaves in their order, a bracket at the height of every merge.

    The heights start at zero, so that merges at nearly one distance look like it. Every
    clustering draws a tree, that of pure noise too; compare with a null before reading it.

    Parameters
    ----------
    tree : Tree
        ``linkage`` (n - 1, 4) in SciPy's form and ``order`` (n,) of the leaves.
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
    _draw_tree(ax, tree)
    n_leaves = len(np.asarray(tree.order))
    ax.set_xlim(-0.5, n_leaves - 0.5)
    ax.set_xticks([])
    ax.grid(visible=False, axis="x")
    ax.set_xlabel(f"{n_leaves} points, ordered by the tree")
    ax.set_ylabel(height)
    return ax


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
        colours between tree and matrix.
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
    figure = new_figure((_COMBINED[0], _COMBINED[1] + (0.0 if groups is None else _ABOVE)))
    upper, strip, lower, bar_axes = _stacked_axes(figure)
    dendrogram(tree, height="height", ax=upper)
    upper.set_xlabel("")
    upper.spines["bottom"].set_visible(False)
    upper.locator_params(axis="y", nbins=4)
    _draw_strip(strip, groups, order)
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


def _stacked_axes(figure: Figure) -> list[Axes]:
    """Axes for tree, strip, matrix and colour bar, flush with each other."""
    figure.set_layout_engine("none")
    width, height = figure.get_size_inches()
    side = 4.6  # of the square matrix; all in inches
    with style():
        return [
            figure.add_axes((0.78 / width, bottom / height, side / width, tall / height))
            for bottom, tall in ((5.72, 1.25), (5.58, 0.12), (0.94, side), (0.56, 0.12))
        ]


def _draw_tree(ax: Axes, tree: Tree) -> None:
    linkage = np.asarray(tree.linkage, dtype=np.float64)
    order = np.asarray(tree.order, dtype=np.int64)
    n_leaves = len(order)
    if linkage.shape != (max(n_leaves - 1, 0), 4):
        raise ShapeError(
            f"tree.linkage must have shape ({n_leaves - 1}, 4) for {n_leaves} leaves, "
            f"got {linkage.shape}"
        )
    if n_leaves < 2:
        note(ax, "a tree needs two points")
        return
    place = np.empty(2 * n_leaves - 1)
    place[order] = np.arange(n_leaves)
    height = np.concatenate([np.zeros(n_leaves), linkage[:, 2]])
    brackets = []
    for node, (left, right) in enumerate(linkage[:, :2].astype(np.int64), start=n_leaves):
        top = height[node]
        place[node] = 0.5 * (place[left] + place[right])
        brackets.append(
            [
                (place[left], height[left]),
                (place[left], top),
                (place[right], top),
                (place[right], height[right]),
            ]
        )
    ax.add_collection(LineCollection(brackets, colors=INK, linewidths=1.0))
    ax.set_ylim(0.0, 1.05 * float(height.max()) or 1.0)


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


def _draw_strip(ax: Axes, groups: Sequence[object] | None, order: IntArray) -> None:
    ax.set_axis_off()
    if groups is None:
        return
    if len(groups) != len(order):
        raise ShapeError(
            f"groups must have {len(order)} entries, one a point, got {len(groups)}"
        )
    names = list(dict.fromkeys(groups))  # in order of first appearance
    colors = colors_for(len(names), ordered=len(names) > 7)
    numbers = np.array([names.index(groups[int(point)]) for point in order])
    ax.imshow(
        numbers[None, :],
        cmap=ListedColormap(colors),
        vmin=-0.5,
        vmax=len(names) - 0.5,
        interpolation="none",
        aspect="auto",
    )
    if len(names) <= 8:
        texts = [str(name) for name in names]
        handles = [Patch(color=color) for color in colors]
        ax.figure.legend(
            handles,
            texts,
            loc="upper left",
            bbox_to_anchor=(0.12, 0.995),
            ncols=columns_for(texts),
            frameon=False,
            fontsize=SMALL,
            labelcolor=INK,
            borderpad=0.0,
            handlelength=1.0,
            columnspacing=1.2,
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
