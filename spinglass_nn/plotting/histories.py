"""Figures of training: loss and accuracy against epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from spinglass_nn._core import check
from spinglass_nn.plotting._axes import (
    axes_for,
    draw_band,
    legend,
    name_decades,
    note,
    table,
)
from spinglass_nn.plotting.appearance import category
from spinglass_nn.typing import Float64Array

if TYPE_CHECKING:
    from spinglass_nn.training.history import History

AXES = {"loss": "loss L (nats per sample)", "accuracy": "accuracy (fraction correct)"}


def training_curves(
    history: History,
    *,
    quantity: str = "loss",
    log: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw loss or accuracy against epoch: mean over replicas with the 10-90 % band.

    The mean is over replicas still training; a dot marks where a replica stopped.

    Parameters
    ----------
    history : History
        Records of a training run, ``(n_replicas, n_records)``; NaN where a replica had
        stopped or there is no test set.
    quantity : {"loss", "accuracy"}
        What to draw.
    log : bool, optional
        Logarithmic vertical axis; by default for the loss only.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    check.choice(quantity, "quantity", AXES)
    ax = axes_for(ax)
    epochs = np.asarray(history.epochs, dtype=np.float64)
    drawn = False
    for index, part in enumerate(("train", "test")):
        name = f"{part}_{quantity}"
        values = table(getattr(history, name), name, len(epochs))
        drawn |= draw_band(ax, epochs, values, color=category(index), label=part)
        _mark_stops(ax, epochs, values, category(index))
    if not drawn:
        note(ax, "no epoch was recorded")
    elif quantity == "loss" if log is None else log:
        ax.set_yscale("log")
        name_decades(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel(AXES[quantity])
    legend(ax)
    return ax


def _mark_stops(ax: Axes, epochs: Float64Array, values: Float64Array, color: str) -> None:
    """Mark the last record of every replica, unless all stopped together."""
    ends = [np.flatnonzero(np.isfinite(row)) for row in values]
    last = [(row, int(end[-1])) for row, end in enumerate(ends) if len(end)]
    if len({column for _, column in last}) < 2:
        return
    rows, columns = (list(part) for part in zip(*last, strict=True))
    ax.plot(
        epochs[columns],
        values[rows, columns],
        linestyle="none",
        marker="o",
        markersize=4,
        color=color,
        markeredgecolor="white",
        markeredgewidth=0.6,
    )
