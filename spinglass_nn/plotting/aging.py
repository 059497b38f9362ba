"""Figures of aging: two-time quantities of training against the time since they began."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError
from spinglass_nn.plotting._axes import absent, axes_for, legend, note
from spinglass_nn.plotting.appearance import shades

if TYPE_CHECKING:
    from spinglass_nn.training.aging import TwoTime

_AXES = {
    "displacement": "displacement Δ($t_w$, $t_w$ + t)",
    "overlap": "overlap C($t_w$, $t_w$ + t)",
}
_ACROSS = {"time": "time t since $t_w$ (steps)", "ratio": "time over waiting time t / $t_w$"}
_MOST_WAITINGS = 6


def two_time(
    found: TwoTime,
    *,
    of: str = "displacement",
    against: str = "time",
    waitings: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw displacement or overlap against time, one curve a waiting time.

    Lines are means over replicas, bands one standard error either way. Curves of a stationary
    motion fall onto one against t, curves of full aging against t / t_w.

    Parameters
    ----------
    found : TwoTime
        Two-time quantities of a run.
    of : {"displacement", "overlap"}
        What to draw; the displacement on two logarithmic axes.
    against : {"time", "ratio"}
        Horizontal axis, logarithmic.
    waitings : sequence of int, optional
        Waiting times to draw, steps of snapshots; above zero for ``"ratio"``. Default: six at
        most, spread over those above zero that at least two snapshots follow.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    check.choice(of, "of", _AXES)
    check.choice(against, "against", _ACROSS)
    chosen = _chosen(found) if waitings is None else [int(w) for w in waitings]
    if against == "ratio" and any(w <= 0 for w in chosen):
        raise ParameterError(f"waitings must be above zero for against='ratio', got {chosen}")
    ax = axes_for(ax)
    for waiting, color in zip(chosen, shades(len(chosen)), strict=True):
        _draw(ax, found, of, waiting, waiting if against == "ratio" else 1, color)
    if ax.has_data():
        ax.set_xscale("log")
        if of == "displacement":
            ax.set_yscale("log")
    else:
        note(ax, "no snapshot follows a waiting time")
    ax.set_xlabel(_ACROSS[against])
    ax.set_ylabel(_AXES[of])
    legend(ax)
    return ax


def _chosen(found: TwoTime) -> list[int]:
    steps = [int(step) for step in found.steps[:-2] if step > 0]
    places = np.linspace(0, len(steps) - 1, min(len(steps), _MOST_WAITINGS))
    return [steps[place] for place in np.rint(places).astype(int)]


def _draw(ax: Axes, found: TwoTime, of: str, waiting: int, unit: int, color: str) -> None:
    values, label = found.estimates(of, waiting), f"$t_w$ = {waiting:,}"
    x = found.times(waiting) / unit
    there = np.isfinite(values.mean)
    if of == "displacement":
        there &= values.mean > 0
    if not there.any():
        absent(ax, label, color)
        return
    x, mean = x[there], values.mean[there]
    error = np.nan_to_num(values.error[there])
    low = mean - error
    if of == "displacement":  # what a logarithmic axis can show
        low = np.maximum(low, 0.2 * mean)
    ax.fill_between(x, low, mean + error, color=color, alpha=0.25, linewidth=0)
    ax.plot(x, mean, color=color, label=label, marker="o", markersize=3, linewidth=1.5)
