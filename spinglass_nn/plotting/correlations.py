"""Figure of rank correlations: every measure with every target, and what can be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn.plotting._axes import axes_for
from spinglass_nn.plotting.appearance import DIVERGING, INK, SMALL, style

if TYPE_CHECKING:
    from spinglass_nn.statistics import RankGrid

_CELL = (1.05, 0.34)  # inches
_DARK = 0.55  # correlations of this size on have letters in white
_MARKS = {"correlated": " ●", "none": "", "cannot tell": " ?"}


def rank_correlations(grid: RankGrid, *, ax: Axes | None = None) -> Axes:
    """Draw rank correlations as a heat map, measures down and targets across.

    A dot stands where the p-value corrected for the whole grid passes, a question mark where
    nothing can be said; a bare number is a correlation too small to matter.

    Parameters
    ----------
    grid : RankGrid
        From `spinglass_nn.statistics.spearman_grid`.
    ax : Axes, optional
        Where to draw; a figure of its own by default, as large as the grid needs.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    n_rows, n_columns = grid.correlation.shape
    longest = max(map(len, grid.measures))
    width = max(4.4, 1.4 + 0.09 * longest + _CELL[0] * n_columns)
    ax = axes_for(ax, (width, 1.5 + _CELL[1] * n_rows))
    image = ax.imshow(
        grid.correlation, cmap=DIVERGING, vmin=-1, vmax=1, interpolation="none", aspect="auto"
    )
    for (row, column), verdict in np.ndenumerate(grid.verdicts):
        value = grid.correlation[row, column]
        ax.text(
            column,
            row,
            f"{value:+.2f}".replace("-", "−") + _MARKS[verdict],
            ha="center",
            va="center",
            fontsize=SMALL,
            color="white" if abs(value) > _DARK else INK,
        )
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_xticks(range(n_columns), grid.targets)
    ax.set_yticks(range(n_rows), [name.replace("_", " ") for name in grid.measures])
    ax.set_xlabel(
        f"● p ≤ {1 - grid.level:.2g} corrected for {grid.correlation.size} cells   "
        f"? cannot tell\n{grid.n_points} {grid.design}"
    )
    with style():
        bar = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03)
        bar.set_label("Spearman ρ")
    bar.outline.set_visible(False)
    return ax
