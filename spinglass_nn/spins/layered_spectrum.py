"""Bond matrices of random layers: density of eigenvalues, its edge, and the zero modes.

The couplings of a chain of layers as one symmetric matrix (see `layered_theory` for the
conventions). Layers are two-coloured, so the spectrum is symmetric about zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn.errors import NotConverged
from spinglass_nn.spins.layered_theory import checked, variance_profile
from spinglass_nn.typing import Float64Array

_EXACT = 1e-13  # relative, of steps; the edge is good to about its square root
_MOST_STEPS = 100
_NEAREST = 1e-7  # distance to the real axis, in units of the edge


def zero_modes(widths: Sequence[int]) -> int:
    r"""Number of exact zero eigenvalues of the bond matrix of layers.

    As many as spins are left over when as many as possible are paired with spins of
    neighbouring layers; never less than the difference between the numbers of spins in even and
    in odd layers, and equal to it unless a bottleneck stands between wide layers.

    Parameters
    ----------
    widths : sequence of int
        Spins of each layer.

    Returns
    -------
    int
        The number, with probability 1 for weights with a density.

    Raises
    ------
    ShapeError, ParameterError
        If the widths make no sense.

    Examples
    --------
    >>> zero_modes((784, 512, 512, 10)), zero_modes((20, 3, 4, 20))
    (774, 33)
    """
    sizes, _ = checked(widths, 1.0)
    free, pairs = sizes[0], 0
    for n in sizes[1:]:  # from one end, greedily: best on a chain
        matched = min(free, n)
        pairs += matched
        free = n - matched
    return sum(sizes) - 2 * pairs


def bulk_edge(widths: Sequence[int], gains: float | Sequence[float] = 1.0) -> float:
    r"""Upper end of the spectrum of the bond matrix of wide random layers.

    The smallest z with a positive solution of :math:`g_k = 1 / (z - \sum_l A_{kl} g_l)`. It is
    not the critical temperature (2 and 1 for the model of Sherrington and Kirkpatrick): the
    reaction of the neighbours matters.

    Parameters
    ----------
    widths : sequence of int
        Spins of each layer.
    gains : float or sequence of float
        As for `layered_theory.variance_profile`.

    Returns
    -------
    float
        The edge; the spectrum reaches from minus to plus this number.

    Raises
    ------
    ShapeError, ParameterError
        If widths or gains make no sense.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.layered_spectrum.bulk_edge((784, 512, 512, 10)), 4)
    2.3396
    """
    return edge_of(variance_profile(widths, gains))


def edge_of(profile: Float64Array) -> float:
    """The edge that belongs to any profile of variances."""
    high = 2 * math.sqrt(float(profile.sum(axis=1).max()))  # g = 1 / sqrt(sum) is enough there
    low = 0.0
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if _has_solution(profile, middle) else (middle, high)
    return high


def density_of_states(
    widths: Sequence[int], values: ArrayLike, gains: float | Sequence[float] = 1.0
) -> Float64Array:
    r"""Density of the eigenvalues of the bond matrix of wide random layers, zero modes left out.

    .. math:: \rho(x) = -\frac{1}{\pi N} \mathrm{Im} \sum_k N_k\, g_k(x + i0)

    with the solution of the equations of `bulk_edge`.

    Parameters
    ----------
    widths : sequence of int
        Spins of each layer.
    values : array (...)
        Where, x.
    gains : float or sequence of float
        As for `layered_theory.variance_profile`.

    Returns
    -------
    array (...)
        Share of all eigenvalues per unit; the integral is 1 less the share of `zero_modes`.

    Raises
    ------
    ShapeError, ParameterError, DataError
        If widths, gains or values make no sense.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> x = np.array([0.0, 1.0, 2.5])
    >>> sg.spins.layered_spectrum.density_of_states((8, 8), x).round(4).tolist()
    [0.3183, 0.2757, 0.0]
    """
    sizes, factors = checked(widths, gains)
    x = check.array(values, "values")
    profile = variance_profile(sizes, factors)
    edge, share = edge_of(profile), np.array(sizes) / sum(sizes)
    near = _NEAREST * edge
    density: Float64Array = -(_resolvents(profile, x.ravel(), edge) @ share).imag / math.pi
    # what is left of the zero modes at this distance from the axis
    density -= zero_modes(sizes) / sum(sizes) * near / (math.pi * (x.ravel() ** 2 + near**2))
    density[np.abs(x.ravel()) >= edge] = 0.0
    return np.maximum(density, 0.0).reshape(x.shape)


def _has_solution(profile: Float64Array, z: float) -> bool:
    """Newton's method from below: every step is up as long as there is something to reach."""
    g = np.zeros(len(profile))
    for _ in range(_MOST_STEPS):
        target = z - profile @ g
        if (target <= 0).any():
            return False
        new = 1 / target
        try:
            step = np.linalg.solve(np.eye(len(g)) - new[:, None] ** 2 * profile, new - g)
        except np.linalg.LinAlgError:  # just where steps turn round
            return False
        if (step < -_EXACT * new).any():
            return False
        g = g + step
        if (step <= 1e-9 * g).all():
            return True
    return False


def _resolvents(profile: Float64Array, x: Float64Array, edge: float) -> NDArray[np.complex128]:
    """g_k (n_points, n_layers) near the real axis, followed down from far above it."""
    identity, distance = np.eye(len(profile)), 4 * edge
    z = x + 1j * distance
    g: NDArray[np.complex128] = np.repeat(1 / z[:, None], len(profile), axis=1)
    while True:
        for _ in range(_MOST_STEPS):
            target = z[:, None] - g @ profile.T
            miss = g * target - 1
            slopes = target[:, :, None] * identity - g[:, :, None] * profile
            step = np.linalg.solve(slopes, miss[:, :, None])[:, :, 0]
            g = g - step
            small = np.abs(step) <= 1e-11 * (np.abs(g) + 1 / edge)
            if (small | (np.abs(miss) <= 1e-12)).all():  # steps are rough at the edge itself
                break
        else:
            raise NotConverged("the resolvents must meet 1e-11, and did not", g)
        if distance <= _NEAREST * edge:
            return g
        distance = max(distance / 2, _NEAREST * edge)
        z = x + 1j * distance
