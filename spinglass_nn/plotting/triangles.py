"""Figures of triangles: P(K) and ordered overlaps, and a statistic against the size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import axes_for, legend, same_length
from spinglass_nn.plotting.appearance import CATEGORIES, FAINT, INK
from spinglass_nn.statistics import Band, Estimate, Estimates, band

if TYPE_CHECKING:
    from spinglass_nn.overlaps import DendrogramTriples, TriangleDistribution

_NULL = "#bdbdbd"


def triangle_histogram(
    result: TriangleDistribution | DendrogramTriples,
    *,
    nulls: Sequence[TriangleDistribution | DendrogramTriples] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw how far the two longer sides of triangles differ, beside points without structure.

    P(K), the density of (d3 - d2)/sd(d), is drawn as a histogram with its errors; of all
    triangles also that of (d2 - d1)/sd(d), as a line. Of a tree the first stands at zero.

    Parameters
    ----------
    result : TriangleDistribution or DendrogramTriples
        From `triangle_distribution` or `dendrogram_triples`.
    nulls : sequence of the same
        P(K) of null draws in the same bins (give ``upper``, the last edge, to all). Of
        several the 1-99 % band is drawn in each bin.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If nulls are not in the same bins.
    """
    ax = axes_for(ax)
    found = _density(result)
    tops = [_draw_nulls(ax, result, nulls)] if nulls else []
    mean, error, color = found.mean, np.nan_to_num(found.error), CATEGORIES[0]
    ax.stairs(mean, result.edges, fill=True, color=color, alpha=0.25)
    ax.stairs(mean, result.edges, color=color, linewidth=1.5, label="P(K), K = (d₃ − d₂)/sd(d)")
    full = mean > 0
    ax.errorbar(
        result.centers[full], mean[full], yerr=error[full], linestyle="none", color=color,
        elinewidth=1.2, capsize=2,
    )  # fmt: skip
    tops.append(float((mean + error).max()))
    rest: Estimates | None = getattr(result, "y_density", None)
    if rest is not None:
        label = "(d₂ − d₁)/sd(d)"
        ax.stairs(
            rest.mean,
            result.edges,
            baseline=None,
            color=CATEGORIES[1],
            linewidth=1.5,
            label=label,
        )
        tops.append(float(rest.mean.max()))
    ax.set_ylim(0.0, 1.08 * max(tops) or 1.0)
    ax.set_xlabel("difference of sides, in sd(d)")
    ax.set_ylabel("density over triangles")
    legend(ax)
    return ax


def _density(result: TriangleDistribution | DendrogramTriples) -> Estimates:
    """P(K), which goes by the name of X where Y stands beside it."""
    name = "x_density" if hasattr(result, "x_density") else "k_density"
    found: Estimates = getattr(result, name)
    return found


def _draw_nulls(
    ax: Axes,
    result: TriangleDistribution | DendrogramTriples,
    nulls: Sequence[TriangleDistribution | DendrogramTriples],
) -> float:
    """Draw one null as a line, several as a band; return how high the axis must reach."""
    for null in nulls:
        if null.edges.shape != result.edges.shape or not np.allclose(null.edges, result.edges):
            raise ShapeError(
                f"nulls must have the bins of the result, {result.edges.size - 1} up to "
                f"{result.edges[-1]:.4g}, got {null.edges.size - 1} up to {null.edges[-1]:.4g}"
            )
    densities = np.array([_density(null).mean for null in nulls])
    if len(nulls) == 1:
        ax.stairs(
            densities[0], result.edges, baseline=None, color=FAINT, linewidth=1.5,
            label="P(K), null",
        )  # fmt: skip
        return float(densities.max())
    low, high = np.percentile(densities, [1, 99], axis=0)
    ax.stairs(
        high, result.edges, baseline=low, fill=True, color=_NULL, linewidth=0,
        label="P(K), null 1–99 %",
    )  # fmt: skip
    return float(high.max())


def against_size(
    sizes: ArrayLike,
    values: Sequence[Estimate] | Estimates,
    *,
    nulls: Sequence[ArrayLike | Band] = (),
    statistic: str = "K",
    size: str = "number of spins N",
    ax: Axes | None = None,
) -> Axes:
    """Draw a statistic against the size of the system, over the 1-99 % bands of its nulls.

    One size proves little: a hierarchy that belongs to the limit grows clearer with it.

    Parameters
    ----------
    sizes : array (n_sizes,)
        Sizes, drawn on a logarithmic axis.
    values : sequence of Estimate, or Estimates (n_sizes,)
        The statistic and its error at each size.
    nulls : sequence of arrays (n_draws,) or of Band
        Draws of the null at each size, or their band; none by default.
    statistic, size : str
        Names of the axes.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax)
    x = np.asarray(sizes, dtype=np.float64)
    same_length(list(values), x.size, "values")
    if len(nulls):
        same_length(nulls, x.size, "nulls")
        limits = [null if isinstance(null, Band) else band(null) for null in nulls]
        low, middle, high = (
            [getattr(limit, name) for limit in limits] for name in ("low", "mean", "high")
        )
        ax.fill_between(x, low, high, color=_NULL, linewidth=0, label="null 1–99 %")
        ax.plot(x, middle, color=FAINT, linewidth=1.2)
    ax.errorbar(
        x, [v.mean for v in values], yerr=[v.error for v in values], color=INK, marker="o",
        markersize=5, linewidth=1.2, capsize=3, label=statistic,
    )  # fmt: skip
    ax.set_xscale("log", base=2)
    ax.set_xticks(x, [f"{value:g}" for value in x])
    ax.minorticks_off()
    ax.set_xlabel(size)
    ax.set_ylabel(statistic)
    legend(ax)
    return ax
