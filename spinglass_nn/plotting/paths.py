"""Figures of paths between points: curves, chains of swaps, barriers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.plotting._axes import (
    axes_for,
    draw_band,
    draw_bars,
    legend,
    name_decades,
    note,
    same_length,
    table,
)
from spinglass_nn.plotting.appearance import FAINT, category, colors_for, marker
from spinglass_nn.typing import Float64Array

if TYPE_CHECKING:
    from spinglass_nn.landscape.curves import LossCurve

QUANTITIES = {
    "loss": "loss L (nats per sample)",
    "accuracy": "accuracy (fraction correct)",
    "test_loss": "test loss L (nats per sample)",
    "test_accuracy": "test accuracy (fraction correct)",
}


def curves(
    groups: Sequence[LossCurve | Sequence[LossCurve]],
    labels: Sequence[str],
    *,
    quantity: str = "loss",
    individual: bool = False,
    ordered: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw loss or accuracy along paths between two points, one group of paths a series.

    Parameters
    ----------
    groups : sequence of LossCurve or of sequences of LossCurve
        One series each; a group is drawn as its mean with the 10-90 % band, and its curves
        must have their points at the same coordinates.
    labels : sequence of str
        One name a group.
    quantity : {"loss", "accuracy", "test_loss", "test_accuracy"}
        What to draw.
    individual : bool
        Draw every curve as a thin line behind the mean, in place of the band.
    ordered : bool
        Colour the series by shades, for labels that have an order.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    check.choice(quantity, "quantity", QUANTITIES)
    same_length(labels, len(groups), "labels")
    ax = axes_for(ax)
    drawn = False
    colors = colors_for(len(groups), ordered=ordered)
    for group, label, color in zip(groups, labels, colors, strict=True):
        members = list(group) if isinstance(group, Sequence) else [group]
        x, values = _stack(members, quantity)
        if individual and len(values) > 1:
            ax.plot(x, values.T, color=color, linewidth=0.7, alpha=0.4)
            values = values.mean(axis=0, keepdims=True)
        drawn |= draw_band(ax, x, values, color=color, label=label)
    if not drawn:
        note(ax, "no curve to draw")
    ax.set_xlabel("fraction of the path t")
    ax.set_ylabel(QUANTITIES[quantity])
    legend(ax)
    return ax


def chain_profile(
    curve: LossCurve, *, quantity: str = "loss", label: str = "", ax: Axes | None = None
) -> Axes:
    """Draw loss or accuracy along a chain of legs, with dots where legs meet.

    Parameters
    ----------
    curve : LossCurve
        Its coordinate runs from 0 to the number of legs.
    quantity : {"loss", "accuracy", "test_loss", "test_accuracy"}
        What to draw.
    label : str
        Name for the legend; none by default.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    check.choice(quantity, "quantity", QUANTITIES)
    ax = axes_for(ax)
    x = np.asarray(curve.coordinate, dtype=np.float64)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    values = curve_values(curve, quantity)
    color = category(len(ax.get_lines()) // 2)
    meets = np.isclose(x, np.round(x), atol=1e-9)
    if np.isfinite(values).any():
        ax.plot(x, values, color=color, linewidth=1.3, label=label)
        ax.plot(
            x[meets],
            values[meets],
            linestyle="none",
            marker="o",
            markersize=4,
            color=color,
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
    else:
        note(ax, "no finite value on this chain")
    ax.set_xlabel("legs of the chain passed (one swap each)")
    ax.set_ylabel(QUANTITIES[quantity])
    legend(ax)
    return ax


def barrier_against_fraction(
    fractions: ArrayLike,
    barriers: ArrayLike | Mapping[str, ArrayLike],
    *,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the barrier against the fraction of hidden units that were permuted.

    Every repeat is a faint point; the mean carries its standard error over repeats.

    Parameters
    ----------
    fractions : array (n_fractions,)
        Fraction of permuted units, 0 to 1.
    barriers : array (n_fractions, n_repeats) or mapping of names to such arrays
        Barriers in nats per sample; NaN where a repeat is missing.
    log : bool
        Two logarithmic axes.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = _barriers(fractions, barriers, "fractions", log=log, ax=ax)
    if log:
        label_values(ax, np.asarray(fractions, dtype=np.float64))
    ax.set_xlabel("fraction of hidden units permuted f")
    return ax


def barrier_against_width(
    widths: ArrayLike,
    barriers: ArrayLike | Mapping[str, ArrayLike],
    *,
    log: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the barrier against the number of hidden units.

    Parameters
    ----------
    widths : array (n_widths,)
        Number of hidden units.
    barriers : array (n_widths, n_repeats) or mapping of names to such arrays
        Barriers in nats per sample; NaN where a repeat is missing.
    log : bool
        A logarithmic axis of barriers; that of widths always is.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = _barriers(widths, barriers, "widths", log=log, ax=ax)
    label_values(ax, np.asarray(widths, dtype=np.float64))
    ax.set_xlabel("hidden units M")
    return ax


def label_values(ax: Axes, values: Float64Array) -> None:
    """Make the horizontal axis logarithmic and name the values themselves."""
    ax.set_xscale("log")
    ax.set_xticks(values, [f"{value:g}" for value in values])
    ax.xaxis.set_minor_locator(NullLocator())


def _barriers(
    where: ArrayLike,
    barriers: ArrayLike | Mapping[str, ArrayLike],
    name: str,
    *,
    log: bool,
    ax: Axes | None,
) -> Axes:
    x = check.array(where, name, shape=(None,))
    series = barriers if isinstance(barriers, Mapping) else {"": barriers}
    ax = axes_for(ax)
    drawn = False
    for index, (label, values) in enumerate(series.items()):
        rows = table(values, "barriers")
        if len(rows) != len(x):
            raise ShapeError(
                f"barriers must have {len(x)} rows, one for each of {name}, got {len(rows)}"
            )
        if log and not (rows > 0).any():
            rows[:] = np.nan  # zeros count in means, but alone there is nothing to draw
        drawn |= draw_bars(
            ax,
            x,
            rows,
            color=category(index),
            label=label,
            marker=marker(index),
        )
    if not drawn:
        note(ax, "no barrier was measured")
    elif log:
        ax.set_yscale("log")
        name_decades(ax.yaxis)
    else:
        ax.axhline(0.0, color=FAINT, linewidth=0.8)
    ax.set_ylabel("barrier B (nats per sample)")
    legend(ax)
    return ax


def _stack(members: list[LossCurve], quantity: str) -> tuple[Float64Array, Float64Array]:
    """Fraction of the path (n_points,) and values (n_curves, n_points) of a group."""
    if not members:
        return np.empty(0), np.empty((0, 0))
    first = np.asarray(members[0].coordinate, dtype=np.float64)
    rows = []
    for curve in members:
        coordinate = np.asarray(curve.coordinate, dtype=np.float64)
        if coordinate.shape != first.shape or not np.allclose(coordinate, first):
            raise ShapeError(
                "curves of one group must have the same coordinates, got "
                f"{len(first)} and {len(coordinate)} points"
            )
        rows.append(curve_values(curve, quantity))
    span = first[-1] if len(first) and first[-1] > 0 else 1.0
    return first / span, table(rows, quantity)


def curve_values(curve: LossCurve, quantity: str) -> Float64Array:
    """A quantity along a curve; refuses what the curve does not have."""
    values = getattr(curve, quantity)
    if values is None:
        raise ParameterError(f"quantity must be one the curve has, got {quantity!r}")
    return np.asarray(values, dtype=np.float64)
