"""What is known of each point, as colours: names, strips, branches of one group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import columns_for
from spinglass_nn.plotting.appearance import INK, SMALL, colors_for
from spinglass_nn.typing import Float64Array, IntArray

LINE = 0.24  # of a legend, inches
_MOST_NAMED = 8


class Groups(NamedTuple):
    """Groups in order of first appearance, their colours, and the group of each point."""

    names: list[str]
    colors: list[str]
    numbers: IntArray


def groups_of(groups: Sequence[object] | None, n_points: int) -> Groups | None:
    """Check one entry a point and give each group a colour."""
    if groups is None:
        return None
    if len(groups) != n_points:
        raise ShapeError(f"groups must have {n_points} entries, one a point, got {len(groups)}")
    names = list(dict.fromkeys(groups))
    colors = colors_for(len(names), ordered=len(names) > 7)
    numbers = np.array([names.index(group) for group in groups], dtype=np.int64)
    return Groups([str(name) for name in names], colors, numbers)


def group_handles(groups: Groups | None) -> list[Artist]:
    """Entries of a legend; none where there are too many to be told apart."""
    if groups is None or len(groups.names) > _MOST_NAMED:
        return []
    return [
        Patch(color=color, label=name)
        for name, color in zip(groups.names, groups.colors, strict=True)
    ]


def legend_rows(host: Axes | Figure, x: float, y: float, *rows: Sequence[Artist]) -> None:
    """Put legends above each other, the lowest at (x, y) in the coordinates of the host."""
    inside = host.transAxes if isinstance(host, Axes) else host.transSubfigure
    inches = host.get_figure(root=True).dpi_scale_trans  # type: ignore[union-attr]
    height, last = 0.0, None
    for handles in reversed([row for row in rows if row]):
        texts = [str(handle.get_label()) for handle in handles]
        made = host.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(x, y),
            bbox_transform=inside + ScaledTranslation(0, height, inches),
            ncols=columns_for(texts),
            frameon=False,
            fontsize=SMALL,
            labelcolor=INK,
            borderpad=0.0,
            borderaxespad=0.0,
            handlelength=1.0,
            handletextpad=0.5,
            columnspacing=1.2,
        )
        if isinstance(host, Axes):
            if last is not None:  # the new one took its place
                host.add_artist(last)
                last.set_clip_on(False)  # so that the layout makes room for it
            last = made
        height += LINE * n_lines(handles)


def n_lines(handles: Sequence[Artist]) -> int:
    """Lines that a legend takes."""
    texts = [str(handle.get_label()) for handle in handles]
    return -(-len(texts) // columns_for(texts)) if texts else 0


def draw_strip(ax: Axes, groups: Groups | None, order: IntArray) -> None:
    """Draw one cell a point in the colour of its group."""
    ax.set_axis_off()
    if groups is None:
        return
    ax.imshow(
        groups.numbers[order][None, :],
        cmap=ListedColormap(groups.colors),
        vmin=-0.5,
        vmax=len(groups.names) - 0.5,
        interpolation="none",
        aspect="auto",
    )


def node_colors(merges: Float64Array, groups: Groups | None, n_leaves: int) -> list[str]:
    """Colours of leaves and merges: that of the group where all below are of one."""
    n_nodes = n_leaves + len(merges)
    if groups is None:
        return [INK] * n_nodes
    pure = groups.numbers.tolist()
    for left, right in merges[:, :2].astype(np.int64).tolist():
        pure.append(pure[left] if pure[left] == pure[right] else -1)
    return [INK if number < 0 else groups.colors[number] for number in pure]
