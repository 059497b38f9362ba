"""Figures of distributions: overlaps, and observed statistics against their nulls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import axes_for, legend, note, same_length
from spinglass_nn.plotting.appearance import CATEGORIES, FAINT, INK, SMALL, category
from spinglass_nn.statistics import Band
from spinglass_nn.typing import Float64Array

if TYPE_CHECKING:
    from spinglass_nn.dynamics import OverlapHistogram
    from spinglass_nn.overlaps import OverlapDistribution, TheoryComparison
    from spinglass_nn.statistics import Estimate


def overlap_distribution(
    result: OverlapDistribution | OverlapHistogram,
    *,
    label: str = "",
    quantity: str = "",
    theory: TheoryComparison | ArrayLike | None = None,
    band: bool = False,
    n_units: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the distribution of overlaps as a histogram with its errors.

    Parameters
    ----------
    result : OverlapDistribution or OverlapHistogram
        Bins, density and its standard error.
    label : str
        Name for the legend; none by default. Draw several on one ``ax`` to compare.
    quantity : str
        Name of the horizontal axis; the overlap by default.
    theory : TheoryComparison or array (n_bins,), optional
        Theory's density in the same bins, drawn as a line. Draw it once, with the last of
        several distributions. Bins with a delta function are cut off where they would press
        down the rest, and their probability is written there.
    band : bool
        Draw errors as a band about the histogram, for many bins or several distributions;
        by default as bars.
    n_units : int
        Draw the densities of the first so many units (disorder samples) too, as thin lines.
        Peaks of single units that stick out are cut off.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If theory is not in the same bins.
    """
    ax = axes_for(ax)
    density = np.asarray(result.density, dtype=np.float64)
    edges = np.asarray(result.edges, dtype=np.float64)
    number = sum(
        isinstance(patch, StepPatch) and bool(patch.get_fill()) for patch in ax.patches
    )
    if np.isfinite(density).any():
        top = ax.get_ylim()[1] if number else 0.0
        expected = None if theory is None else _expected(theory, density.size)
        top = max(top, _draw_units(ax, result, n_units, category(number)))
        top = max(top, _draw_histogram(ax, result, label, category(number), band))
        if expected is not None:
            top = _draw_theory(ax, expected, edges, top)
        ax.set_ylim(0.0, top or 1.0)
    else:
        note(ax, "no overlap was measured")
    folded = bool(getattr(result, "folded", False))
    ax.set_xlabel(quantity or ("size of the overlap |q|" if folded else "overlap q"))
    of_q = not quantity or quantity == "overlap q"
    ax.set_ylabel(f"density P({'|q|' if folded else 'q'})" if of_q else "density")
    legend(ax)
    return ax


def _draw_histogram(
    ax: Axes,
    result: OverlapDistribution | OverlapHistogram,
    label: str,
    color: str,
    band: bool,
) -> float:
    """Draw density and errors; return how high the axis must reach."""
    density = np.asarray(result.density, dtype=np.float64)
    error = np.nan_to_num(np.asarray(result.error, dtype=np.float64))
    edges = np.asarray(result.edges)
    full = density > 0
    if band:
        low, high = np.maximum(density - error, 0.0), density + error
        ax.stairs(
            np.nan_to_num(high), edges, baseline=np.nan_to_num(low), fill=True, color=color,
            alpha=0.35, linewidth=0,
        )  # fmt: skip
    else:
        ax.stairs(np.nan_to_num(density), edges, fill=True, color=color, alpha=0.25)
        ax.errorbar(
            np.asarray(result.centers)[full], density[full], yerr=error[full], linestyle="none",
            color=color, elinewidth=1.2, capsize=2,
        )  # fmt: skip
    ax.stairs(np.where(full, density, np.nan), edges, color=color, linewidth=1.5, label=label)
    return 1.08 * float(np.nanmax(density + error))


def _draw_units(
    ax: Axes, result: OverlapDistribution | OverlapHistogram, n_units: int, color: str
) -> float:
    """Draw thin lines for single units; return how high the axis should reach for them."""
    units = getattr(result, "unit_densities", None)
    if n_units < 1 or units is None:
        return 0.0
    shown = np.asarray(units, dtype=np.float64)[:n_units]
    for row in shown:
        ax.stairs(row, result.edges, baseline=None, color=color, alpha=0.35, linewidth=0.6)
    highest = float(np.nanmax(np.asarray(result.density)))
    return min(1.02 * float(shown.max()), 2.5 * highest)


def _draw_theory(ax: Axes, density: Float64Array, edges: Float64Array, top: float) -> float:
    """Draw theory's density below 1.6 times the height of the rest; return the height."""
    top = max(top, min(1.08 * float(density.max()), 1.6 * top))
    ax.stairs(density, edges, baseline=None, color=INK, linewidth=1.6, label="theory, N → ∞")
    for k in np.flatnonzero(density > top):
        right = edges[k] + edges[k + 1] >= 0  # written on the outer side
        ax.annotate(
            f"{density[k] * (edges[k + 1] - edges[k]):.2f}", (edges[k + right], top),
            xytext=(4 if right else -4, -4), textcoords="offset points",
            ha="left" if right else "right", va="top", fontsize=SMALL, color=INK,
        )  # fmt: skip
    return top


def _expected(theory: TheoryComparison | ArrayLike, n_bins: int) -> Float64Array:
    values = np.asarray(getattr(theory, "density", theory), dtype=np.float64)
    if values.shape != (n_bins,):
        raise ShapeError(f"theory must have shape ({n_bins},), a bin each, got {values.shape}")
    return values


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
