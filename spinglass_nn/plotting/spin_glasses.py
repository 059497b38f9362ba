"""Figures of spin glasses: observables against temperature, Parisi's P(q), the ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import axes_for, legend, new_figure, note
from spinglass_nn.plotting.appearance import CATEGORIES, FAINT, INK, SIZE, category
from spinglass_nn.statistics import Estimates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinglass_nn.dynamics import MonteCarloRun
    from spinglass_nn.spins import OverlapLaw


def against_temperature(
    temperatures: ArrayLike,
    values: Estimates,
    *,
    label: str = "",
    quantity: str = "energy per spin",
    ax: Axes | None = None,
) -> Axes:
    """Draw an observable against temperature with its error bars.

    Parameters
    ----------
    temperatures : array (n_temperatures,)
        Where.
    values : Estimates
        One for each temperature, such as ``run.energy`` or ``run.correlation_length``.
    label : str
        Name for the legend; draw several on one ``ax`` to see them cross.
    quantity : str
        Name of the vertical axis.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If there is not one value for each temperature.
    """
    where = np.asarray(temperatures, dtype=np.float64)
    if where.shape != values.mean.shape:
        raise ShapeError(
            f"values must hold {where.size} estimates, one a temperature, got {len(values)}"
        )
    ax = axes_for(ax)
    number = len(ax.containers)
    if np.isfinite(values.mean).any():
        ax.errorbar(
            where, values.mean, yerr=np.nan_to_num(values.error), color=category(number),
            marker="os^Dvph*"[number % 8], markersize=5, linewidth=1.4, capsize=2, label=label,
        )  # fmt: skip
    else:
        note(ax, "nothing was measured")
    ax.set_xlabel("temperature T")
    ax.set_ylabel(quantity)
    legend(ax)
    return ax


def parisi_law(
    law: OverlapLaw, *, label: str = "Parisi", signed: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw the law of the overlap from theory; delta functions as spikes with their mass.

    Parameters
    ----------
    law : OverlapLaw
        ``solution.overlap_distribution`` of `spinglass_nn.spins.parisi.solve`.
    label : str
        Name for the legend.
    signed : bool
        Draw the even law on [-1, 1] (no field); otherwise the law on q >= 0.
    ax : Axes, optional
        Where to draw, usually over a measured distribution.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax)
    half = 0.5 if signed else 1.0
    for sign in (1, -1) if signed else (1,):
        name = label if sign == 1 else ""
        ax.plot(sign * law.q, half * law.density, color=INK, linewidth=1.6, label=name)
        top = ax.get_ylim()[1]
        for place, mass in zip(law.atoms, law.masses, strict=True):
            ax.plot([sign * place] * 2, [0, top], color=INK, linewidth=1.6, linestyle=":")
            ax.annotate(
                f"{half * mass:.2f}", (sign * place, top), xytext=(3 * sign, -3),
                textcoords="offset points", ha="left" if sign == 1 else "right", va="top",
                fontsize="small", color=INK,
            )  # fmt: skip
        ax.set_ylim(0, top)
    ax.set_xlabel("overlap q")
    ax.set_ylabel("density P(q)")
    legend(ax)
    return ax


def ladder(run: MonteCarloRun) -> Figure:
    """Draw how well systems travel along the temperatures of a run.

    The share from the hot end should rise evenly from 0 at the cold end to 1 at the hot one; a
    steep step is a bottleneck, whatever the swap rate there.

    Parameters
    ----------
    run : MonteCarloRun
        Of `spinglass_nn.dynamics.parallel_tempering`.

    Returns
    -------
    Figure
        Swap rates above, share of systems from the hot end below.
    """
    figure = new_figure((SIZE[0], 1.3 * SIZE[1]))
    above, below = figure.subplots(2, sharex=True)
    middles = (run.temperatures[1:] + run.temperatures[:-1]) / 2
    above.plot(middles, run.swap_rates, "o-", color=CATEGORIES[0], markersize=4)
    above.set_ylim(0, 1)
    above.set_ylabel("exchanges accepted")
    below.plot(run.temperatures, run.hot_share, "o-", color=CATEGORIES[1], markersize=4)
    even = np.linspace(0, 1, run.temperatures.size)
    below.plot(run.temperatures, even, color=FAINT, linewidth=1, label="even flow")
    below.set_ylim(-0.03, 1.03)
    below.set_xlabel("temperature T")
    below.set_ylabel("share from the hot end")
    legend(below)
    return figure
