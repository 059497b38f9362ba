"""Figures of replica overlaps: against temperature, and what networks are against them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import axes_for, legend, name_decades, same_length, table
from spinglass_nn.plotting.appearance import FAINT, SMALL, category, colors_for, marker
from spinglass_nn.statistics import Estimates


def overlap_curves(
    temperatures: Sequence[ArrayLike],
    overlaps: Sequence[Estimates],
    labels: Sequence[str],
    *,
    baseline: float | None = None,
    reduced: bool = False,
    ordered: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw Q(T) of one or several networks, or means over networks, with bands of one error.

    Parameters
    ----------
    temperatures : sequence of arrays (n_temperatures,)
        Of each curve: ``curve.temperatures``, or ``curve.reduced`` with ``reduced=True``.
    overlaps : sequence of Estimates
        Q at these: ``curve.overlap`` of `spinglass_nn.dynamics.replica_overlap_curve`, or
        ``curve.layer(k)``.
    labels : sequence of str
        Names for the legend.
    baseline : float, optional
        Q of free spins, as a line.
    reduced : bool
        Whether temperatures are in units of T_c, which is then marked.
    ordered : bool
        Whether the curves have an order, such as epochs; they are then shades of one colour.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If there is not one label a curve, or one value a temperature.
    """
    same_length(labels, len(overlaps), "labels")
    same_length(temperatures, len(overlaps), "temperatures")
    ax = axes_for(ax)
    colors = colors_for(len(overlaps), ordered=ordered)
    for where, values, label, color in zip(temperatures, overlaps, labels, colors, strict=True):
        x = np.asarray(where, dtype=np.float64)
        if x.shape != values.mean.shape:
            raise ShapeError(
                f"overlaps must hold {x.size} estimates, one a temperature, got {len(values)}"
            )
        ax.plot(x, values.mean, color=color, linewidth=1.6, label=label)
        error = np.nan_to_num(values.error)
        ax.fill_between(
            x, values.mean - error, values.mean + error, color=color, alpha=0.22, linewidth=0
        )
    if baseline is not None:
        ax.axhline(baseline, color=FAINT, linestyle=":", linewidth=1.2, label="free spins")
    if reduced:
        ax.axvline(1, color=FAINT, linestyle="--", linewidth=1, label="_Tc")
        ax.annotate(
            "T$_c$", (1, 1), xycoords=ax.get_xaxis_transform(), xytext=(3, -3),
            textcoords="offset points", va="top", color=FAINT, fontsize=SMALL,
        )  # fmt: skip
    ax.set_xscale("log")
    name_decades(ax.xaxis)
    ax.set_ylim(min(0, ax.get_ylim()[0]), 1.02)
    ax.set_xlabel("temperature T / T$_c$" if reduced else "temperature T")
    ax.set_ylabel("replica overlap Q")
    legend(ax)
    return ax


def overlap_against(
    overlaps: ArrayLike,
    values: ArrayLike,
    names: Sequence[str],
    *,
    quantity: str,
    overlap: str = "replica overlap Q",
    ax: Axes | None = None,
) -> Axes:
    """Draw a number of networks against their replica overlap, one mark a network.

    Parameters
    ----------
    overlaps, values : array (n_groups, n_networks)
        Q across and the number up; NaN where one is missing.
    names : sequence of str
        Of the groups, which differ in colour and shape.
    quantity, overlap : str
        Names of the axes.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If the shapes differ, or there is not one name a group.
    """
    across = table(overlaps, "overlaps")
    up = table(values, "values", across.shape[1])
    same_length(names, len(across), "names")
    same_length(up, len(across), "values")
    ax = axes_for(ax)
    for place, name in enumerate(names):
        ax.plot(
            across[place], up[place], linestyle="none", marker=marker(place), markersize=6.5,
            color=category(place), markeredgecolor="white", markeredgewidth=0.6, label=name,
        )  # fmt: skip
    ax.set_xlabel(overlap)
    ax.set_ylabel(quantity)
    legend(ax)
    return ax
