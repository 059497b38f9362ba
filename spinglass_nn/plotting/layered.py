"""Figures of networks read as spins: stability of the trivial state, spectra, TAP solutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from spinglass_nn.errors import ShapeError
from spinglass_nn.plotting._axes import axes_for, legend
from spinglass_nn.plotting.appearance import FAINT, INK, SMALL, category

if TYPE_CHECKING:
    from spinglass_nn.spins import BondSpectrum, Instability, StabilityCurve, TAPSolutions

_LOWEST = 0.35  # of a curve that is drawn below zero


def stability_curve(
    curve: StabilityCurve,
    *,
    at: Instability | None = None,
    label: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the lowest eigenvalue of the linearised TAP equations against inverse temperature.

    Where it crosses zero, or is least, the trivial state ceases to be stable; that it is
    positive again further right is an artefact.

    Parameters
    ----------
    curve : StabilityCurve
        Of `spinglass_nn.spins.instability.curve`.
    at : Instability, optional
        Marks T_c of the same model: a dot where the curve crosses, a ring where it touches.
    label : str
        Name for the legend; draw several models on one ``ax``.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax)
    number = sum(1 for line in ax.get_lines() if line.get_gid() == "curve")
    color = category(number)
    if number == 0:
        ax.axhline(0, color=INK, linewidth=0.8, zorder=1, label="_zero")
    order = np.argsort(1 / curve.temperatures)
    beta, values = 1 / curve.temperatures[order], curve.values[order]
    if at is not None:
        label = f"{label}, T$_c$ = {at.temperature:.3g}".lstrip(", ")
    ax.plot(beta, values, color=color, label=label, gid="curve")
    if at is not None:
        height = 0.0 if at.status == "cross" else at.minimum
        face = color if at.status == "cross" else "white"
        ax.plot(
            [1 / at.temperature], [height], "o", color=color, markerfacecolor=face,
            markersize=7, zorder=4, label="_Tc",
        )  # fmt: skip
    lowest = min(
        np.min(line.get_ydata()) for line in ax.get_lines() if line.get_gid() == "curve"
    )
    ax.set_ylim(max(lowest * 1.1, -_LOWEST) if lowest < 0 else -0.05, None)
    ax.set_xlabel(r"inverse temperature $\beta$")
    ax.set_ylabel(r"lowest eigenvalue of $1 + \beta^2 a - \beta J$")
    legend(ax)
    return ax


def bond_spectrum(
    result: BondSpectrum,
    *,
    law: ArrayLike | None = None,
    label: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the density of the eigenvalues of the couplings, with what stands apart from it.

    Dashed lines mark the edge of the bulk, a bar on the axis at zero stands for the zero modes,
    which are no part of the density, and triangles are single eigenvalues beyond the edge.

    Parameters
    ----------
    result : BondSpectrum
        Of `spinglass_nn.spins.bond_spectrum.find`.
    law : array (n_points,), optional
        Density from theory at ``result.values``, such as
        `spinglass_nn.spins.layered_spectrum.density_of_states`.
    label : str
        Name for the legend; draw several on one ``ax`` to compare.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ShapeError
        If the law is not given at the values.
    """
    ax = axes_for(ax)
    number = len(ax.collections)
    color = category(number)
    if result.n_zero:
        share = 100 * result.n_zero / result.n_spins
        label = f"{label}, {result.n_zero} zero modes ({share:.0f} %)".lstrip(", ")
        ax.plot(
            [0, 0], [0, 0.3 - 0.08 * number], color=color, linewidth=3,
            transform=ax.get_xaxis_transform(), label="_zero",
        )  # fmt: skip
    ax.plot(result.values, result.density, color=color, linewidth=1.4, label=label)
    ax.fill_between(
        result.values, np.maximum(result.density - result.error, 0),
        result.density + result.error, color=color, alpha=0.3, linewidth=0,
    )  # fmt: skip
    if law is not None:
        theory = np.asarray(law, dtype=np.float64)
        if theory.shape != result.values.shape:
            raise ShapeError(f"law must have shape {result.values.shape}, got {theory.shape}")
        ax.plot(result.values, theory, color=INK, linewidth=1, linestyle=":", label="theory")
    for end in (-result.edge, result.edge):
        ax.axvline(end, color=color, linestyle="--", linewidth=0.9, zorder=1, label="_edge")
    alone = result.outliers
    if result.symmetric:
        alone = np.concatenate([alone, -alone])
    if alone.size:
        ax.plot(
            alone, np.full(alone.size, 0.03 + 0.05 * number), "v", color=color, markersize=6,
            transform=ax.get_xaxis_transform(), label="_outliers", clip_on=False,
        )  # fmt: skip
    ax.set_ylim(0, None)
    ax.set_xlabel("eigenvalue of the couplings J")
    ax.set_ylabel("density")
    legend(ax)
    return ax


def tap_solutions(
    result: TAPSolutions, *, critical: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the number of TAP solutions other than m = 0 against temperature.

    Lines with open marks count distinct solutions (pairs, where there are no fields), full marks
    those that pass both filters. Crosses below the axis stand where at least half of the starts
    fell into m = 0: there a count of plain solutions means little.

    Parameters
    ----------
    result : TAPSolutions
        Of `spinglass_nn.spins.tap.solve`.
    critical : float, optional
        T_c, as a line.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax)
    order = np.argsort(result.temperatures)
    where = result.temperatures[order]
    most = max(1, int(result.n_distinct.max(initial=1)))
    for k, scheme in enumerate(result.schemes):
        color, marker, size = category(k), "so"[k % 2], (8, 5)[k % 2]
        found, valid = result.n_distinct[k][order], result.n_valid[k][order]
        ax.plot(
            where, found, marker=marker, color=color, markerfacecolor="white", markersize=size,
            linewidth=1.4, label=scheme,
        )  # fmt: skip
        ax.plot(
            where[valid > 0], valid[valid > 0], marker, color=color, markersize=size,
            label="_valid",
        )  # fmt: skip
        trapped = 2 * result.n_trapped[k][order] >= np.maximum(result.n_starts[k][order], 1)
        ax.plot(
            where[trapped], np.full(trapped.sum(), -0.05 * (k + 1) * most), "x", color=color,
            markersize=5, label="_trapped",
        )  # fmt: skip
    ax.plot([], [], "ko", markersize=5, label="valid")
    ax.plot([], [], "kx", markersize=5, label="starts end at m = 0")
    if critical is not None:
        ax.axvline(critical, color=FAINT, linestyle="--", linewidth=1, label="_Tc")
        ax.annotate(
            "T$_c$", (critical, 1), xycoords=ax.get_xaxis_transform(), xytext=(3, -3),
            textcoords="offset points", va="top", color=FAINT, fontsize=SMALL,
        )  # fmt: skip
    ax.set_ylim(-0.16 * most, 1.08 * most)
    ax.axhline(0, color=INK, linewidth=0.6, zorder=1, label="_zero")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("temperature T")
    ax.set_ylabel("pairs of solutions" if result.folded else "solutions")
    legend(ax)
    return ax
