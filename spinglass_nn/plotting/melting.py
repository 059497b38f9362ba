"""Figures of networks as spin models along training: mapping, phases, growth, states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import (
    axes_for,
    band_of,
    draw_band,
    legend,
    name_decades,
    new_figure,
    same_length,
    table,
)
from spinglass_nn.plotting.appearance import (
    FAINT,
    INK,
    SEQUENTIAL,
    SMALL,
    category,
    marker,
    shades,
    style,
)
from spinglass_nn.typing import Float64Array

if TYPE_CHECKING:
    from spinglass_nn.spins import LayeredIsing

_CELLS = 120  # of the matrix as drawn
_SHOWN = 6  # units of a layer as drawn
_WIDE = (8.0, 3.8)


def layered_mapping(model: LayeredIsing) -> Figure:
    """Draw how a network becomes a spin model: its units as spins, its weights as couplings.

    On the left a sketch of the layers, some units each; on the right the matrix of
    couplings, which has blocks beside the diagonal only. What is drawn of it are means of
    the size of J over small patches, each block in units of its own mean, so that all can be seen.

    Parameters
    ----------
    model : LayeredIsing
        A network read as a spin model.

    Returns
    -------
    Figure
        With two panels.
    """
    figure = new_figure(_WIDE)
    with style():
        left, right = figure.subplots(1, 2)
    sizes = [model.weights[0].shape[1], *(len(weight) for weight in model.weights)]
    _sketch(left, model, sizes)
    image = right.imshow(_patches(model, sizes), cmap=SEQUENTIAL, interpolation="nearest")
    ends = np.cumsum(_cells(sizes))
    for end in ends[:-1]:
        right.axhline(end - 0.5, color="white", linewidth=0.8)
        right.axvline(end - 0.5, color="white", linewidth=0.8)
    middles = ends - np.array(_cells(sizes)) / 2 - 0.5
    right.set_xticks(middles, [str(n) for n in sizes])
    right.set_yticks(middles, [str(n) for n in sizes])
    right.tick_params(length=0)
    right.grid(False)
    right.set_xlabel("spin j, layer by layer")
    right.set_ylabel("spin i")
    figure.colorbar(image, ax=right, label="|J| over its mean", shrink=0.7)
    return figure


def _sketch(ax: Axes, model: LayeredIsing, sizes: list[int]) -> None:
    """Some units of every layer and the weights between them."""
    shown = [min(n, _SHOWN) for n in sizes]
    heights = [np.arange(n) - (n - 1) / 2 for n in shown]
    for k, weight in enumerate(model.weights):
        part = weight[: shown[k + 1], : shown[k]]
        lines = [[(k, a), (k + 1, b)] for b in heights[k + 1] for a in heights[k]]
        largest = np.abs(part).max() or 1.0
        colors = [category(0) if w > 0 else category(1) for w in part.flat]
        widths = 1.8 * np.abs(part).reshape(-1) / largest
        ax.add_collection(LineCollection(lines, colors=colors, linewidths=widths, alpha=0.7))
    for k, (n, where) in enumerate(zip(sizes, heights, strict=True)):
        ax.plot(np.full(where.size, k), where, "o", color="white", markeredgecolor=INK,
                markersize=9, zorder=3)  # fmt: skip
        ax.text(k, -_SHOWN / 2 - 0.7, f"{n} spins", ha="center", color=INK, fontsize=SMALL)
        if n > _SHOWN:
            ax.text(k, _SHOWN / 2 + 0.2, "⋮", ha="center", color=FAINT)
    ax.set_xlim(-0.5, len(sizes) - 0.5)
    ax.set_ylim(-_SHOWN / 2 - 1.2, _SHOWN / 2 + 0.9)
    ax.axis("off")


def _cells(sizes: list[int]) -> list[int]:
    return [min(n, max(4, round(_CELLS * n / sum(sizes)))) for n in sizes]


def _patches(model: LayeredIsing, sizes: list[int]) -> Float64Array:
    """Means of the couplings' sizes over patches; NaN where there are none."""
    cells = _cells(sizes)
    ends = np.cumsum([0, *cells])
    image = np.full((ends[-1], ends[-1]), np.nan)
    for k, weight in enumerate(model.weights):
        size = np.abs(weight) / (np.abs(weight).mean() or 1.0)
        rows = np.array_split(np.arange(sizes[k + 1]), cells[k + 1])
        columns = np.array_split(np.arange(sizes[k]), cells[k])
        block = np.array([[size[np.ix_(r, c)].mean() for c in columns] for r in rows])
        image[ends[k + 1] : ends[k + 2], ends[k] : ends[k + 1]] = block
        image[ends[k] : ends[k + 1], ends[k + 1] : ends[k + 2]] = block.T
    return image


def phase_diagram(
    times: ArrayLike,
    critical: ArrayLike,
    glass: ArrayLike,
    onsets: ArrayLike,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the phases of a network as a spin model against training time and temperature.

    Parameters
    ----------
    times : array (n_times,)
        Training time; on a logarithmic axis, so times of zero are left out.
    critical, glass : array (n_runs, n_times)
        T_c of the linear instability and T_g of random couplings with the same mean squares.
    onsets : array (n_runs,)
        Time at which order sets in; infinite where it does not.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If arrays do not fit.
    """
    ax = axes_for(ax)
    when, (upper, lower) = _rows(times, {"critical": critical, "glass": glass})
    high, low = band_of(upper)[0], band_of(lower)[0]
    top = 1.25 * max(high.max(), low.max())
    begins = np.asarray(onsets, dtype=np.float64)
    begins = begins[np.isfinite(begins)]
    onset = float(np.median(begins)) if begins.size else when[-1]
    early = when <= onset
    ax.fill_between(when, high, top, color=category(5), alpha=0.15, linewidth=0)
    ax.fill_between(when, 0, high, where=early, color=category(3), alpha=0.25, linewidth=0)
    ax.fill_between(
        when, 0, high, where=when >= onset, color=category(2), alpha=0.2, linewidth=0
    )
    draw_band(ax, when, upper, color=INK, label="T$_c$")
    draw_band(ax, when, lower, color=FAINT, label="T$_g$", linestyle="--")
    if begins.size:
        ax.axvspan(begins.min(), begins.max(), color=INK, alpha=0.12, linewidth=0)
    ax.set_xscale("log")
    ax.set_xlim(when[0], when[-1])
    ax.set_ylim(0, top)

    def named(x: float, y: float, text: str) -> None:
        ax.text(x, y, text, ha="center", va="center", color=INK, fontsize=SMALL)

    named(np.sqrt(when[0] * when[-1]), (high[early].max() + 2 * top) / 3, "paramagnet")
    if begins.size:
        named(np.sqrt(onset * when[-1]), 0.45 * low[-1], "hidden order")
    named(np.sqrt(when[0] * onset), 0.45 * high[0], "spin glass")
    ax.set_xlabel("training time t (epochs)")
    ax.set_ylabel("temperature T")
    name_decades(ax.xaxis)
    legend(ax)
    return ax


def critical_growth(
    times: Sequence[ArrayLike],
    temperatures: Sequence[ArrayLike],
    labels: Sequence[str],
    *,
    laws: Sequence[tuple[float, float, float, float] | None] | None = None,
    untrained: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw critical temperatures against training time on logarithmic axes.

    Parameters
    ----------
    times : sequence of array (n_times,)
        Of each series; times of zero are left out.
    temperatures : sequence of array (n_runs, n_times)
        T_c; the mean over runs is drawn with the 10-90 % band.
    labels : sequence of str
        One name a series.
    laws : sequence of tuple, optional
        For each series the ends of a range, and amplitude and exponent of a power law drawn
        there, dashed.
    untrained : sequence of float, optional
        T_c of random layers from theory for each series, dotted.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If arrays or lists do not fit.
    """
    ax = axes_for(ax)
    same_length(labels, len(temperatures), "labels")
    same_length(times, len(temperatures), "times")
    for k, label in enumerate(labels):
        when, (rows,) = _rows(times[k], {f"temperatures[{k}]": temperatures[k]})
        draw_band(ax, when, rows, color=category(k), label=label)
        mean = band_of(rows)[0]
        ax.plot(when, mean, marker(k), color=category(k), markersize=4, label="_points")
        if untrained is not None:
            ax.axhline(untrained[k], color=category(k), linestyle=":", linewidth=1.2,
                       label="_untrained")  # fmt: skip
        if laws is not None and laws[k] is not None:
            first, last, amplitude, exponent = laws[k]  # type: ignore[misc]
            x = np.geomspace(first, last, 50)
            ax.plot(x, amplitude * x**exponent, "--", color=INK, linewidth=1.6,
                    label=f"t^{exponent:.3f}")  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("training time t (epochs)")
    ax.set_ylabel("critical temperature T$_c$")
    name_decades(ax.xaxis)
    name_decades(ax.yaxis)
    legend(ax)
    return ax


def in_training(
    times: ArrayLike,
    series: Mapping[str, ArrayLike],
    *,
    quantity: str,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw anything against training time on a logarithmic axis: mean and 10-90 % band of runs.

    Parameters
    ----------
    times : array (n_times,)
        Training time; times of zero are left out.
    series : mapping of str to array (n_runs, n_times)
        What to draw, by name.
    quantity : str
        Name of the vertical axis.
    log : bool
        Logarithmic vertical axis.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If arrays do not fit.
    """
    ax = axes_for(ax)
    when, all_rows = _rows(times, series)
    for k, (label, rows) in enumerate(zip(series, all_rows, strict=True)):
        draw_band(ax, when, rows, color=category(k), label=label, positive=log)
    ax.set_xscale("log")
    if log:
        ax.set_yscale("log")
        name_decades(ax.yaxis)
    ax.set_xlabel("training time t (epochs)")
    ax.set_ylabel(quantity)
    name_decades(ax.xaxis)
    legend(ax)
    return ax


def states_in_training(
    temperatures: ArrayLike,
    distinct: ArrayLike,
    valid: ArrayLike,
    labels: Sequence[str],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw numbers of TAP states against temperature at several times of training.

    Lines with open marks count distinct solutions other than m = 0, full marks those that
    pass both filters of `spinglass_nn.spins.tap.solve`.

    Parameters
    ----------
    temperatures : array (n_temperatures,)
        In units of each network's T_c.
    distinct, valid : array (n_times, n_temperatures)
        Numbers.
    labels : sequence of str
        One name a time.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If arrays or lists do not fit.
    """
    ax = axes_for(ax)
    where = np.asarray(temperatures, dtype=np.float64)
    all_found, good = (
        table(values, name, where.size)
        for values, name in ((distinct, "distinct"), (valid, "valid"))
    )
    same_length(labels, len(all_found), "labels")
    same_length(good, len(all_found), "valid")
    for k, (label, color) in enumerate(zip(labels, shades(len(labels)), strict=True)):
        beside = where + 0.006 * (k - (len(labels) - 1) / 2)  # integers would hide each other
        ax.plot(beside, all_found[k], marker=marker(k), color=color, markerfacecolor="white",
                markersize=7, linewidth=1.4, label=label)  # fmt: skip
        some = good[k] > 0
        ax.plot(beside[some], good[k][some], marker(k), color=color, markersize=7,
                label="_valid")  # fmt: skip
    ax.axvline(1, color=FAINT, linestyle="--", linewidth=1, label="_Tc")
    ax.set_ylim(-0.2, None)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("temperature T / T$_c$")
    ax.set_ylabel("pairs of solutions")
    legend(ax)
    return ax


def _rows(
    times: ArrayLike, series: Mapping[str, ArrayLike]
) -> tuple[Float64Array, list[Float64Array]]:
    """Times above zero, and the columns of every table that belong to them."""
    when = np.asarray(times, dtype=np.float64)
    if when.ndim != 1:
        raise ShapeError(f"times must have shape (n_times,), got {when.shape}")
    later = when > 0
    return when[later], [
        table(rows, name, when.size)[:, later] for name, rows in series.items()
    ]
