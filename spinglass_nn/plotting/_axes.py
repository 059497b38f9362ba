"""Parts that figures share: axes of their own, bands, bars, legends, and what is absent."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting.appearance import FAINT, INK, SIZE, SMALL, style
from spinglass_nn.typing import Float64Array

_LINE_OF_LEGEND = 62  # characters
_KEY = 6.5  # characters that a line and its gap take in a legend
_PAD = 0.09  # inches


def new_figure(size: tuple[float, float] = SIZE) -> Figure:
    """Make a figure that belongs to nobody: no pyplot, nothing global."""
    with style():
        figure = Figure(figsize=size, layout="constrained")
        figure.set_layout_engine("constrained", w_pad=_PAD, h_pad=_PAD)
        FigureCanvasAgg(figure)
    return figure


def axes_for(ax: Axes | None, size: tuple[float, float] = SIZE) -> Axes:
    """Return the caller's axes, or new ones in our style."""
    if ax is not None:
        return ax
    figure = new_figure(size)
    with style():
        made = figure.add_subplot()
    made.locator_params(nbins=6)
    return made


def table(values: ArrayLike, name: str, n_columns: int | None = None) -> Float64Array:
    """Make a two-dimensional float array in which infinities count as absent."""
    result = np.array(values, dtype=np.float64)
    if result.ndim != 2 or (n_columns is not None and result.shape[1] != n_columns):
        wanted = "any" if n_columns is None else str(n_columns)
        raise ShapeError(f"{name} must have shape (any, {wanted}), got {result.shape}")
    result[~np.isfinite(result)] = np.nan
    return result


def band_of(values: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Take mean, 10 and 90 % quantiles over the finite entries of columns; NaN if none."""
    present = np.isfinite(values).any(axis=0)
    out = np.full((3, values.shape[1]), np.nan)
    if present.any():
        out[0, present] = np.nanmean(values[:, present], axis=0)
        out[1:, present] = np.nanpercentile(values[:, present], [10, 90], axis=0)
    return out[0], out[1], out[2]


def mean_and_error(values: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Take the mean of rows and its standard error, NaN for a single entry."""
    counts = np.isfinite(values).sum(axis=1)
    mean = np.full(len(values), np.nan)
    error = np.full(len(values), np.nan)
    for row, count in enumerate(counts):
        finite = values[row][np.isfinite(values[row])]
        if count > 0:
            mean[row] = finite.mean()
        if count > 1:
            error[row] = finite.std(ddof=1) / np.sqrt(count)
    return mean, error


def draw_band(
    ax: Axes,
    x: Float64Array,
    values: Float64Array,
    *,
    color: str,
    label: str,
    positive: bool = False,
    **line: Any,
) -> bool:
    """Draw the mean and 10-90 % band over rows; False, and a note, if all is absent.

    ``positive`` readies means for a logarithmic axis: those not above zero are absent, and
    the band is cut off well below the smallest of the others.
    """
    mean, low, high = band_of(values)
    if positive:
        mean = np.where(mean > 0, mean, np.nan)
        floor = 0.2 * np.nanmin(mean) if np.isfinite(mean).any() else np.nan
        low, high = np.maximum(low, floor), np.maximum(high, floor)
    if not np.isfinite(mean).any():
        absent(ax, label, color)
        return False
    if len(values) > 1:
        ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    ax.plot(x, mean, color=color, label=label, **{"linewidth": 1.8, **line})
    return True


def draw_bars(
    ax: Axes, x: Float64Array, values: Float64Array, *, color: str, label: str, marker: str
) -> bool:
    """Draw points, faint, and their mean with its standard error; False if all is absent.

    ``values`` is (n_x, n_repeats).
    """
    mean, error = mean_and_error(values)
    if not np.isfinite(mean).any():
        absent(ax, label, color)
        return False
    ax.plot(
        x,
        values,
        linestyle="none",
        marker=marker,
        markersize=3.5,
        color=color,
        alpha=0.3,
        markeredgewidth=0,
    )
    ax.errorbar(
        x,
        mean,
        yerr=error,
        color=color,
        marker=marker,
        markersize=6,
        linewidth=1.5,
        capsize=2.5,
        label=label,
    )
    return True


def absent(ax: Axes, label: str, color: str) -> None:
    """Enter a series that has nothing to draw in the legend."""
    ax.plot([], [], color=color, label=f"{label} (no data)".strip())


def note(ax: Axes, text: str) -> None:
    """Write a remark in the middle of axes that stay empty."""
    ax.tick_params(labelbottom=False, labelleft=False, length=0)
    ax.grid(visible=False)
    ax.text(
        0.5,
        0.5,
        text,
        transform=ax.transAxes,
        ha="center",
        va="center",
        color=FAINT,
        fontsize=SMALL,
    )


def legend(ax: Axes) -> None:
    """Put the legend above the data, in as many columns as fit."""
    handles, labels = ax.get_legend_handles_labels()
    if not any(labels):
        return
    ax.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.02),
        ncols=columns_for(labels),
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        borderaxespad=0.0,
        borderpad=0.0,
        handlelength=1.6,
        columnspacing=1.4,
    )


def columns_for(labels: Sequence[str]) -> int:
    """Count the columns of a legend that fit one above the other into a figure's width."""
    for n_columns in range(len(labels), 1, -1):
        parts = np.array_split(np.array([len(text) + _KEY for text in labels]), n_columns)
        if sum(float(part.max()) for part in parts) <= _LINE_OF_LEGEND:
            return n_columns
    return 1


def name_decades(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers where it spans little."""
    low, high = axis.get_view_interval()
    if low <= 0 or high / low > 300:
        return
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low > 4 else "all"))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_formatter(NullFormatter())


def same_length(labels: Sized, n_wanted: int, name: str) -> None:
    """Refuse labels that do not go with their series one to one."""
    if len(labels) != n_wanted:
        raise ShapeError(
            f"{name} must have {n_wanted} entries, one a series, got {len(labels)}"
        )
