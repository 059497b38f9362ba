"""Figures of distributions: overlaps, and observed statistics against their nulls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from spinglass_nn.plotting._axes import axes_for, legend, note, same_length
from spinglass_nn.plotting.appearance import CATEGORIES, FAINT, INK, SMALL, category
from spinglass_nn.statistics import Band

if TYPE_CHECKING:
    from spinglass_nn.overlaps import OverlapDistribution
    from spinglass_nn.statistics import Estimate


def overlap_distribution(
    result: OverlapDistribution,
    *,
    label: str = "",
    quantity: str = "overlap q",
    ax: Axes | None = None,
) -> Axes:
    """Draw the distribution of overlaps as a histogram with error bars.

    Parameters
    ----------
    result : OverlapDistribution
        Bins, density and its standard error.
    label : str
        Name for the legend; none by default. Draw several on one ``ax`` to compare.
    quantity : str
        Name of the horizontal axis.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax)
    density = np.asarray(result.density, dtype=np.float64)
    error = np.asarray(result.error, dtype=np.float64)
    color = category(len(ax.containers))
    if np.isfinite(density).any():
        full = density > 0
        top = float(np.nanmax(density + np.nan_to_num(error)))
        top = max(1.08 * top, ax.get_ylim()[1] if ax.containers else 0.0) or 1.0
        ax.stairs(
            np.nan_to_num(density), np.asarray(result.edges), fill=True, color=color, alpha=0.25
        )
        ax.stairs(
            np.where(full, density, np.nan),
            np.asarray(result.edges),
            color=color,
            linewidth=1.5,
            label=label,
        )
        ax.errorbar(
            np.asarray(result.centers)[full],
            density[full],
            yerr=error[full],
            linestyle="none",
            color=color,
            elinewidth=1.2,
            capsize=2,
        )
        ax.set_ylim(0.0, top)
    else:
        note(ax, "no overlap was measured")
    ax.set_xlabel(quantity)
    ax.set_ylabel("density P(q)" if quantity == "overlap q" else "density")
    legend(ax)
    return ax


def null_band(
    values: Sequence[Estimate | None],
    nulls: Sequence[ArrayLike | Band],
    *,
    names: Sequence[str],
    statistic: str = "statistic",
    ax: Axes | None = None,
) -> Axes:
    """Draw observed statistics with their errors against the 1-99 % bands of their nulls.

    A filled diamond lies outside its band, an open circle inside.

    Parameters
    ----------
    values : sequence of Estimate or None
        One row each; None, or a mean that is not finite, is written as not measured.
    nulls : sequence of arrays (n_draws,) or of Band
        Draws of the null model, one array a row; or their band, drawn as it is.
    names : sequence of str
        One name a row.
    statistic : str
        Name of the horizontal axis.
    ax : Axes, optional
        Where to draw; a figure of its own by default, higher with more rows.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    same_length(nulls, len(values), "nulls")
    same_length(names, len(values), "names")
    ax = axes_for(ax, (5.6, 1.5 + 0.55 * max(len(values), 2)))
    for row, (value, null) in enumerate(zip(values, nulls, strict=True)):
        _draw_row(ax, row, value, *_limits(null))
    if not len(values):
        note(ax, "no statistic to draw")
    ax.fill_betweenx([], [], [], color="#bdbdbd", label="null 1–99 %")
    ax.plot([], [], "|", color=FAINT, markersize=9, label="middle")
    ax.plot([], [], "D", color=CATEGORIES[1], label="outside")
    ax.plot([], [], "o", color=CATEGORIES[0], markerfacecolor="white", label="inside")
    for row, name in enumerate(
        names
    ):  # above the row: beside it names would need half the width
        ax.annotate(
            name,
            (0.0, row - 0.33),
            xycoords=("axes fraction", "data"),
            fontsize=SMALL,
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
    ax.set_yticks([])
    ax.set_ylim(max(len(values), 1) - 0.5, -0.6)
    ax.grid(visible=False, axis="y")
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel(statistic)
    legend(ax)
    return ax


def _limits(null: ArrayLike | Band) -> tuple[float, float, float]:
    """Give the lower limit, middle and upper limit of a null; NaN where there are no draws."""
    if isinstance(null, Band):
        return null.low, null.mean, null.high
    draws = np.asarray(null, dtype=np.float64)
    draws = draws[np.isfinite(draws)]
    if not draws.size:
        return np.nan, np.nan, np.nan
    low, middle, high = np.percentile(draws, [1, 50, 99])
    return float(low), float(middle), float(high)


def _draw_row(
    ax: Axes, row: int, value: Estimate | None, low: float, middle: float, high: float
) -> None:
    known = np.isfinite(middle)
    if known:
        ax.fill_betweenx([row - 0.14, row + 0.26], low, high, color="#bdbdbd", linewidth=0)
        ax.plot([middle], [row + 0.06], "|", color=FAINT, markersize=13, zorder=2.5)
    if value is None or not np.isfinite(value.mean):
        ax.annotate(
            "not measured",
            (0.99, row),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=SMALL,
            color=FAINT,
        )
        return
    inside = bool(low <= value.mean <= high)
    color = CATEGORIES[0] if inside else CATEGORIES[1] if known else INK
    ax.errorbar(
        [value.mean],
        [row + 0.06],
        xerr=[value.error],
        color=color,
        capsize=3,
        marker="o" if inside or not known else "D",
        markersize=7,
        linewidth=1.5,
        markerfacecolor="white" if inside else color,
        zorder=3,
    )
