"""Figures of the loss on planes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError
from spinglass_nn.plotting._axes import axes_for, note
from spinglass_nn.plotting.appearance import INK, SEQUENTIAL, marker, style
from spinglass_nn.plotting.paths import QUANTITIES
from spinglass_nn.typing import Float64Array

if TYPE_CHECKING:
    from spinglass_nn.landscape import LossSurface


def surface(
    surface: LossSurface,
    *,
    quantity: str = "loss",
    n_levels: int = 12,
    log: bool | None = None,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw loss or accuracy on a plane as filled contours, with marks at known points.

    Parameters
    ----------
    surface : LossSurface
        Values on a grid, with the coordinates of its marks.
    quantity : {"loss", "accuracy", "test_loss", "test_accuracy"}
        What to draw.
    n_levels : int
        Number of contours.
    log : bool, optional
        Levels at equal ratios; by default where the values are positive and their range is
        more than a factor 20.
    limits : (float, float), optional
        Lowest and highest level; by default those of the values. What is beyond has the
        colour of the limit.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ParameterError
        If the surface does not have the quantity, or the limits do not increase.
    """
    check.choice(quantity, "quantity", QUANTITIES)
    n_levels = check.count(n_levels, "n_levels", minimum=2)
    values = _values(surface, quantity)
    ax = axes_for(ax, (5.6, 4.4))
    ax.grid(visible=False)
    finite = values[np.isfinite(values)]
    low, high = _limits(finite, limits)
    if not finite.size or min(values.shape) < 2 or not low < high:
        note(ax, "no surface to draw")
        return ax
    if log is None:
        log = bool(low > 0 and high > 20 * low)
    levels = _levels(low, high, n_levels, log)
    norm: Any = (LogNorm if log else Normalize)(levels[0], levels[-1])
    shown = np.clip(values, levels[0], levels[-1])
    filled = ax.contourf(surface.x, surface.y, shown, levels, norm=norm, cmap=SEQUENTIAL)
    ax.contour(
        surface.x, surface.y, shown, levels[1:-1], colors="white", linewidths=0.5, alpha=0.6
    )
    with style():
        bar = ax.figure.colorbar(filled, ax=ax, fraction=0.05, pad=0.03)
        bar.set_label(QUANTITIES[quantity])
        bar.set_ticks(levels[:: max(1, n_levels // 6)].tolist())
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
        bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    _draw_marks(ax, surface)
    ax.set_xlabel("x (lengths of the first direction)")
    ax.set_ylabel("y (lengths of the second direction)")
    return ax


def _values(surface: LossSurface, quantity: str) -> Float64Array:
    values = getattr(surface, quantity)
    if values is None:
        raise ParameterError(f"quantity must be one the surface has, got {quantity!r}")
    return np.asarray(values, dtype=np.float64)


def _limits(finite: Float64Array, limits: tuple[float, float] | None) -> tuple[float, float]:
    if limits is None:
        return float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    low, high = (check.number(limit, "limits") for limit in limits)
    if not low < high:
        raise ParameterError(f"limits must go from a lower to a higher number, got {limits}")
    return low, high


def _levels(low: float, high: float, n_levels: int, log: bool) -> Float64Array:
    if not log:
        return np.linspace(low, high, n_levels + 1)
    if low <= 0:
        raise ParameterError(f"log must be False where the lowest level is {low:g}")
    levels = np.geomspace(low, high, n_levels + 1)
    levels[[0, -1]] = low, high
    return levels


def _draw_marks(ax: Axes, surface: LossSurface) -> None:
    """A white sign with a dark edge at each mark, its name beside it."""
    middle = (surface.x[0] + surface.x[-1]) / 2
    for k, ((x, y), name) in enumerate(zip(surface.marks, surface.mark_names, strict=True)):
        ax.plot(
            x, y, linestyle="none", marker=marker(k), markersize=7, color="white",
            markeredgecolor=INK, zorder=4,
        )  # fmt: skip
        left = x > middle
        text = ax.annotate(
            name, (x, y), xytext=(-8 if left else 8, 6), textcoords="offset points",
            color="white", ha="right" if left else "left", zorder=5,
        )  # fmt: skip
        text.set_path_effects([withStroke(linewidth=2.2, foreground=INK)])
