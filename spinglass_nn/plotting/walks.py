"""Figures of random walks: loss and accuracy against step or distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError
from spinglass_nn.plotting._axes import (
    axes_for,
    band_of,
    draw_band,
    legend,
    note,
    same_length,
    table,
)
from spinglass_nn.plotting.appearance import FAINT, colors_for
from spinglass_nn.typing import Float64Array
from spinglass_nn.walks.laws import quadratic_law

if TYPE_CHECKING:
    from spinglass_nn.statistics import Estimate


class Walked(Protocol):
    """What is drawn of a walk: a `RandomWalk`, or several of them put together."""

    @property
    def steps(self) -> Any: ...  # noqa: D102

    @property
    def distance(self) -> Any: ...  # noqa: D102

    @property
    def start_norm(self) -> float: ...  # noqa: D102

    @property
    def n_parameters(self) -> int: ...  # noqa: D102


_ACROSS = {"distance": "distance |θ − θ₀| / |θ₀|", "steps": "walk step t"}
_LAWFUL = {  # what a `RandomWalk` says of itself if its mean loss is that of the law
    "move": ("Isotropic()", "OneWeight()"),
    "geometry": ("flat",),
    "rule": ("AlwaysAccept()",),
}


def walk_loss(
    walks: Sequence[Walked],
    labels: Sequence[str],
    *,
    against: str = "distance",
    traces: Sequence[Estimate | None] | None = None,
    rise: bool = False,
    test: bool = False,
    ordered: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the loss along random walks: mean over walkers with the 10-90 % band.

    With ``traces`` the law of a quadratic bowl is drawn dashed for each walk, L(θ₀) +
    tr(H) d² / 2N, with the error of the trace as a band, as far as the walk went; d² is the
    mean squared distance. It is the law of free walks in flat space whose moves are isotropic
    or of one weight, and is refused for others; walks that do not say how they went, as several
    put together, are taken for such. The vertical range is that of the walks.

    Parameters
    ----------
    walks : sequence of RandomWalk
        One series each.
    labels : sequence of str
        One name a walk.
    against : {"distance", "steps"}
        Horizontal axis: distance in units of the start's norm, or step.
    traces : sequence of Estimate or None, optional
        Trace of the Hessian at each walk's start (nats per sample); None draws no law.
    rise : bool
        Draw L - L(θ₀) on two logarithmic axes, where the law is a straight line (of slope
        2 against distance, 1 against steps).
    test : bool
        Draw the loss on the test set; ``traces`` should then be those of the test loss.
    ordered : bool
        Colour the series by shades, for labels that have an order.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ParameterError
        If a trace is given for a walk with another law, or test losses were not recorded.
    ShapeError
        If there is not one label or trace for each walk.
    """
    if traces is not None:
        same_length(traces, len(walks), "traces")
        for walk, trace in zip(walks, traces, strict=True):
            if trace is not None:
                _check_lawful(walk)
    ax = axes_for(ax)
    _draw(ax, walks, labels, "test_loss" if test else "loss", against, ordered, rise)
    _fix_range(ax, logarithmic=rise)
    if traces is not None:
        colors = colors_for(len(walks), ordered=ordered)
        for walk, trace, color in zip(walks, traces, colors, strict=True):
            if trace is not None:
                _draw_law(
                    ax, walk, trace, color, "test_loss" if test else "loss", against, rise
                )
        ax.plot([], [], color=FAINT, linestyle="--", label="quadratic law")
    what = "test loss" if test else "loss"
    ax.set_ylabel(
        f"rise of the {what} L − L(θ₀) (nats)" if rise else f"{what} L (nats per sample)"
    )
    legend(ax)
    return ax


def walk_accuracy(
    walks: Sequence[Walked],
    labels: Sequence[str],
    *,
    against: str = "distance",
    test: bool = False,
    ordered: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the accuracy along random walks: mean over walkers with the 10-90 % band.

    Parameters are those of `walk_loss`.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax)
    _draw(
        ax, walks, labels, "test_accuracy" if test else "accuracy", against, ordered, rise=False
    )
    ax.set_ylabel(f"{'test ' if test else ''}accuracy (fraction correct)")
    legend(ax)
    return ax


def _draw(
    ax: Axes,
    walks: Sequence[Walked],
    labels: Sequence[str],
    name: str,
    against: str,
    ordered: bool,
    rise: bool,
) -> None:
    check.choice(against, "against", _ACROSS)
    same_length(labels, len(walks), "labels")
    colors = colors_for(len(walks), ordered=ordered)
    drawn = False
    for walk, label, color in zip(walks, labels, colors, strict=True):
        x = _across(walk, against)
        values = _values(walk, name)
        if rise:
            values = values - values[:, :1]
            x = _above_zero(x)
        drawn |= draw_band(ax, x, values, color=color, label=label, positive=rise)
    if not drawn:
        note(ax, "no walk was recorded")
    elif rise:
        ax.set_xscale("log")
        ax.set_yscale("log")
    ax.set_xlabel(_ACROSS[against])


def _check_lawful(walk: Walked) -> None:
    """Refuse a law that is not the walk's; what a walk does not say is as it should be."""
    for name, lawful in _LAWFUL.items():
        found = getattr(walk, name, lawful[0])
        if found not in lawful:
            raise ParameterError(
                f"traces must be None for walks to which tr(H) d² / 2N does not apply: {name} "
                f"must be {' or '.join(lawful)}, got {found}"
            )


def _draw_law(
    ax: Axes,
    walk: Walked,
    trace: Estimate,
    color: str,
    name: str,
    against: str,
    rise: bool,
) -> None:
    squared, _, _ = band_of(table(walk.distance, "distance") ** 2)
    start = 0.0 if rise else float(band_of(_values(walk, name))[0][0])
    x = _across(walk, against)
    if against == "distance":  # a smooth line between records that lie apart
        finite = squared[np.isfinite(squared)]
        reach = np.sqrt(finite.max()) / walk.start_norm if finite.size else 0.0
        x = reach * (np.logspace(-4, 0, 201) if rise else np.linspace(0, 1, 201))
        squared = (x * walk.start_norm) ** 2
    there = np.isfinite(squared)
    law = quadratic_law(trace, walk.n_parameters, np.sqrt(squared[there]))
    x, middle = x[there], start + law.mean
    low, high = middle - law.error, middle + law.error
    if rise:
        low, middle, high = (_above_zero(part) for part in (low, middle, high))
    ax.fill_between(x, low, high, color=color, alpha=0.12, linewidth=0)
    ax.plot(x, middle, color=color, linestyle="--", linewidth=1.3)


def _across(walk: Walked, against: str) -> Float64Array:
    if against == "steps":
        return np.asarray(walk.steps, dtype=np.float64)
    distance, _, _ = band_of(table(walk.distance, "distance", len(walk.steps)))
    return np.asarray(distance / walk.start_norm, dtype=np.float64)


def _values(walk: Walked, name: str) -> Float64Array:
    values = getattr(walk, name)
    if values is None:
        raise ParameterError(f"test must be False for a walk without {name}")
    return table(values, name, len(walk.steps))


def _above_zero(values: Float64Array) -> Float64Array:
    """Keep what a logarithmic axis can show; the rest is absent."""
    return np.where(values > 0, values, np.nan)


def _fix_range(ax: Axes, *, logarithmic: bool) -> None:
    """Hold the range of the walks: the law may leave it by orders of magnitude."""
    if not ax.has_data():
        return
    low, high = ax.get_ylim()
    if not logarithmic and low < 0.1 * high:
        low = min(low, 0.0)
    ax.set_ylim(low, high)
    ax.set_xlim(ax.get_xlim())
