"""Figures of the curvature of a landscape: the density of its eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn.plotting._axes import axes_for, legend
from spinglass_nn.plotting.appearance import INK, category

if TYPE_CHECKING:
    from spinglass_nn.landscape import SpectralDensity

NAMES = {
    "hessian": "the Hessian",
    "gauss_newton": "the Gauss-Newton matrix",
    "fisher": "the Fisher matrix",
    "empirical_fisher": "the empirical Fisher matrix",
}


def spectral_density(
    result: SpectralDensity, *, label: str = "", lowest: float = 1.0, ax: Axes | None = None
) -> Axes:
    """Draw the density of eigenvalues on a logarithmic axis, with its error as a band.

    A bulk at zero and few eigenvalues far from it, as networks have them, are seen together
    only so: the axis ends where the density is that of ``lowest`` eigenvalues.

    Parameters
    ----------
    result : SpectralDensity
        Density and its standard error.
    label : str
        Name for the legend. Draw several on one ``ax`` to compare.
    lowest : float
        Height of the lower end, as the peak of so many eigenvalues.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = axes_for(ax)
    number = len(ax.collections)
    color = category(number)
    floor = lowest / (result.n_parameters * result.width * np.sqrt(2 * np.pi)) / 3
    density = np.maximum(result.density, 1e-3 * floor)
    low = np.maximum(result.density - result.error, 1e-3 * floor)
    ax.plot(result.values, density, color=color, linewidth=1.3, label=label)
    ax.fill_between(
        result.values, low, np.maximum(result.density + result.error, 1e-3 * floor),
        color=color, alpha=0.3, linewidth=0,
    )  # fmt: skip
    if number == 0:
        ax.set_yscale("log")
        ax.set_ylim(floor, 2 * float(density.max()))
        ax.axvline(0, color=INK, linewidth=0.6, alpha=0.5, zorder=0, label="_zero")
    ax.set_xlabel(f"eigenvalue of {NAMES[result.matrix]}")
    ax.set_ylabel("density")
    legend(ax)
    return ax
