"""Figures of flatness and generalization over batch sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from spinglass_nn._core import check
from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import (
    axes_for,
    draw_bars,
    legend,
    name_decades,
    note,
    table,
)
from spinglass_nn.plotting.appearance import FAINT, SMALL, category, marker, shades
from spinglass_nn.plotting.paths import label_values
from spinglass_nn.typing import Float64Array

if TYPE_CHECKING:
    from spinglass_nn.statistics import Estimate


def flatness(
    batch_sizes: ArrayLike,
    measured: Mapping[str, ArrayLike],
    *,
    measure: str = "rise of the loss ΔL (nats)",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a measure of flatness against batch size, one series a stop rule.

    Every seed is a faint point; the mean carries its standard error over seeds. Draw both
    stop rules: their trends may have opposite signs.

    Parameters
    ----------
    batch_sizes : array (n_batches,)
        Batch sizes.
    measured : mapping of str to array (n_batches, n_seeds)
        The measure under each stop rule; NaN where a run is missing.
    measure : str
        Name and unit of the measure; small values mean flat.
    log : bool
        A logarithmic vertical axis.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    return _against_batch(batch_sizes, measured, measure, log=log, ax=ax)


def generalization_gap(
    batch_sizes: ArrayLike,
    measured: Mapping[str, ArrayLike],
    *,
    measure: str = "gap: test − train loss (nats per sample)",
    ax: Axes | None = None,
) -> Axes:
    """Draw the generalization gap against batch size, one series a stop rule.

    Parameters
    ----------
    batch_sizes : array (n_batches,)
        Batch sizes.
    measured : mapping of str to array (n_batches, n_seeds)
        The gap under each stop rule; NaN where a run is missing.
    measure : str
        Name and unit of the vertical axis.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    return _against_batch(batch_sizes, measured, measure, log=False, ax=ax)


def flatness_against_generalization(
    measured: ArrayLike,
    generalization: ArrayLike,
    *,
    batch_sizes: ArrayLike,
    measure: str = "rise of the loss ΔL (nats)",
    target: str = "test accuracy (fraction correct)",
    correlation: Estimate | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one point a run, flatness across and generalization up, with Spearman's ρ.

    Parameters
    ----------
    measured, generalization : array (n_batches, n_seeds)
        A measure of flatness and of generalization of every run; NaN where one is missing.
    batch_sizes : array (n_batches,)
        Batch sizes; they give the points their colours and shapes.
    measure, target : str
        Names and units of the axes.
    correlation : Estimate, optional
        Spearman's ρ with its error; by default ρ of the points drawn, without an error.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on; ρ stands in their upper right corner.
    """
    batches = check.array(batch_sizes, "batch_sizes", shape=(None,))
    across = _rows(measured, len(batches), "measured")
    up = table(generalization, "generalization", across.shape[1])
    both = np.isfinite(across) & np.isfinite(up)
    ax = axes_for(ax)
    colors = shades(len(batches))
    for index, batch in enumerate(batches):
        chosen = both[index]
        ax.plot(
            across[index][chosen],
            up[index][chosen],
            linestyle="none",
            markersize=7,
            marker=marker(index),
            color=colors[index],
            markeredgecolor="white",
            markeredgewidth=0.6,
            label=f"B = {batch:g}",
        )
    if not both.any():
        note(ax, "no run was measured")
    ax.annotate(
        _correlation(across[both], up[both], correlation),
        (0.98, 0.97),
        xycoords="axes fraction",
        ha="right",
        va="top",
        fontsize=SMALL,
        color=FAINT,
    )
    ax.margins(y=0.14)
    ax.set_xlabel(measure)
    ax.set_ylabel(target)
    legend(ax)
    return ax


def _correlation(x: Float64Array, y: Float64Array, given: Estimate | None) -> str:
    """Word the rank correlation."""
    if given is not None:
        return f"Spearman ρ = {given.mean:.2f} ± {given.error:.2f}".replace("-", "−")
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return "Spearman ρ not defined"
    found = f"{spearmanr(x, y).statistic:.2f}".replace("-", "−")
    return f"Spearman ρ = {found} ({len(x)} runs)"


def _against_batch(
    batch_sizes: ArrayLike,
    measured: Mapping[str, ArrayLike],
    measure: str,
    *,
    log: bool,
    ax: Axes | None,
) -> Axes:
    batches = check.array(batch_sizes, "batch_sizes", shape=(None,))
    ax = axes_for(ax)
    drawn = False
    for index, (label, values) in enumerate(measured.items()):
        rows = _rows(values, len(batches), f"measured[{label!r}]")
        drawn |= draw_bars(
            ax,
            batches,
            rows,
            color=category(index),
            label=label,
            marker=marker(index),
        )
    if not drawn:
        note(ax, "no run was measured")
    elif log:
        ax.set_yscale("log")
        name_decades(ax.yaxis)
    label_values(ax, batches)
    ax.set_xlabel("batch size B")
    ax.set_ylabel(measure)
    legend(ax)
    return ax


def _rows(values: ArrayLike, n_rows: int, name: str) -> Float64Array:
    rows = table(values, name)
    if len(rows) != n_rows:
        raise ShapeError(f"{name} must have {n_rows} rows, one a batch size, got {len(rows)}")
    return rows
