"""Closed forms of spherical spin glasses, whose spins are real with sum_i s_i^2 = N.

p = 2: Kosterlitz, Thouless & Jones, Phys. Rev. Lett. 36, 1217 (1976). p > 2: Crisanti &
Sommers, Z. Phys. B 87, 341 (1992) for the equilibrium; Crisanti, Horner & Sommers, Z. Phys. B 92,
257 (1993) for the dynamics; Crisanti & Sommers, J. Physique I 5, 805 (1995) for the
complexity. H = -sum_{i1<...<ip} J s_i1 ... s_ip with couplings of variance p! / (2 N^(p-1)),
which is 1/N for p = 2; k_B = 1; energies per spin. Entropies are relative to the uniform law
on the sphere, so that they are zero at infinite temperature and negative below.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError


@result()
class SphericalSolution:
    """Equilibrium of a spherical model at one temperature.

    Parameters
    ----------
    p : int
        Spins in each interaction.
    temperature : float
        T.
    energy, free_energy, entropy : float
        Per spin.
    q : float
        Overlap of a state with itself; different states have overlap 0.
    m : float
        Probability that two replicas are in different states: 1 above the transition; 0 for
        p = 2, where below it there is one state and its mirror image.
    """

    p: int
    temperature: float
    energy: float
    free_energy: float
    entropy: float
    q: float
    m: float


def solve(p: int, temperature: float) -> SphericalSolution:
    r"""Equilibrium of the spherical p-spin model in the limit of many spins.

    p = 2: q = 1 - T and u = -1 + T/2 below T = 1. p > 2: one step of replica-symmetry breaking
    below T_s,

    .. math:: \tfrac{p}{2}\beta^2 q^{p-2} (1-q)\,(1-(1-m)q) = 1, \qquad
        \tfrac{\beta^2}{2} q^p + \tfrac{1}{m^2}\ln\frac{1-q}{1-(1-m)q}
        + \frac{q}{m\,(1-(1-m)q)} = 0,

    and :math:`u = -\frac{\beta}{2}[1 - (1-m)q^p]`. Above, :math:`u = -\beta/2`.

    Parameters
    ----------
    p : int
        Spins in each interaction, from 2.
    temperature : float
        In units of the couplings.

    Returns
    -------
    SphericalSolution
        Energies per spin, q and m.

    Raises
    ------
    ParameterError
        If p is below 2 or the temperature not positive.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> found = sg.spins.spherical.solve(3, 0.4997)
    >>> round(found.q, 4), round(found.m, 4), round(found.energy, 5)
    (0.7119, 0.7354, -0.90507)
    """
    p, t = check.count(p, "p", minimum=2), check.positive(temperature, "temperature")
    critical = static_transition(p)[0]
    if t >= critical:
        q, m = 0.0, 1.0
    elif p == 2:
        q, m = 1 - t, 0.0
    else:
        q, m = _broken(p, t)
    beta = 1 / t
    energy = -beta / 2 * (1 - (1 - m) * q**p)
    entropy = _entropy(p, beta, q, m)
    return SphericalSolution(
        p=p,
        temperature=t,
        energy=energy,
        free_energy=energy - t * entropy,
        entropy=entropy,
        q=q,
        m=m,
    )


def sample_energy(eigenvalues: ArrayLike, temperature: float) -> float:
    r"""Energy per spin of one sample of the p = 2 model, with its finite number of spins.

    :math:`u = (T - z)/2`, with z above the largest eigenvalue from
    :math:`\frac{T}{N}\sum_i \frac{1}{z - \lambda_i} = 1`: the constraint holds on average over
    the canonical law, which differs from the sphere by 1/N [1]_.

    Parameters
    ----------
    eigenvalues : array (n_spins,)
        Of the matrix of couplings, with a zero diagonal (``np.linalg.eigvalsh(model.matrix())``).
    temperature : float
        In units of the couplings.

    Returns
    -------
    float
        Energy per spin.

    References
    ----------
    .. [1] J. M. Kosterlitz, D. J. Thouless and R. C. Jones, Phys. Rev. Lett. 36, 1217 (1976).

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> round(sg.spins.spherical.sample_energy(np.array([1.0, -1.0]), 1.0), 6)
    -0.309017
    """
    values = check.array(eigenvalues, "eigenvalues", shape=(None,))
    t = check.positive(temperature, "temperature")
    if values.size == 0:
        raise ParameterError("eigenvalues must not be empty")
    top = float(values.max())
    gaps = top - values

    def excess(above: float) -> float:  # z = top + above; falls, zero between the ends
        return t * float(np.mean(1 / (above + gaps))) - 1

    above = _root(excess, t / values.size * 0.999999, t * 1.000001)
    return (t - top - above) / 2


def dynamical_transition(p: int) -> tuple[float, float]:
    r"""Temperature where the dynamics freezes, and the overlap at it.

    :math:`T_d^2 = \frac{p\,(p-2)^{p-2}}{2\,(p-1)^{p-1}}` and
    :math:`q_d = \frac{p-2}{p-1}` (Crisanti, Horner & Sommers 1993).

    Parameters
    ----------
    p : int
        Spins in each interaction, from 2 (where both are those of the static transition).

    Returns
    -------
    temperature, overlap : float
        T_d and q_d.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> [round(x, 6) for x in sg.spins.spherical.dynamical_transition(3)]
    [0.612372, 0.5]
    """
    p = check.count(p, "p", minimum=2)
    square = p * (p - 2.0) ** (p - 2) / (2 * (p - 1.0) ** (p - 1))
    return math.sqrt(square), (p - 2) / (p - 1)


def static_transition(p: int) -> tuple[float, float]:
    r"""Temperature of the transition in equilibrium, and the overlap just below it.

    The equations of `solve` with m = 1; eliminating the temperature leaves
    :math:`\frac{1}{p}\frac{q}{1-q} + \ln(1-q) + q = 0` (Crisanti & Sommers 1992).

    Parameters
    ----------
    p : int
        Spins in each interaction, from 2 (where q grows from 0 at T = 1).

    Returns
    -------
    temperature, overlap : float
        T_s and q_s.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> [round(x, 6) for x in sg.spins.spherical.static_transition(3)]
    [0.586054, 0.645007]
    """
    p = check.count(p, "p", minimum=2)
    if p == 2:
        return 1.0, 0.0
    q = _overlap(p)
    return math.sqrt(p / 2 * q ** (p - 2) * (1 - q)), q


def threshold_energy(p: int) -> float:
    r"""Energy where descent gets stuck, :math:`-\sqrt{2(p-1)/p}`.

    Above it stationary points are saddles, below it minima (Cugliandolo & Kurchan, Phys. Rev.
    Lett. 71, 173 (1993)).

    Parameters
    ----------
    p : int
        Spins in each interaction, from 2 (where it is the ground-state energy).

    Returns
    -------
    float
        Energy per spin.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.spherical.threshold_energy(3), 6)
    -1.154701
    """
    p = check.count(p, "p", minimum=2)
    return -math.sqrt(2 * (p - 1) / p)


def complexity(energy: float, p: int) -> float:
    r"""Logarithm of the number of minima of an energy, per spin, at T = 0.

    With :math:`z = [-E - \sqrt{E^2 - E_{th}^2}]/(p-1)`,

    .. math:: \Sigma = \tfrac12\left[\tfrac{2-p}{p} - \ln\tfrac{p z^2}{2}
        + \tfrac{(p-1) z^2}{2} - \tfrac{2}{p^2 z^2}\right]

    (Crisanti & Sommers 1995).

    Parameters
    ----------
    energy : float
        Per spin, at most `threshold_energy`.
    p : int
        Spins in each interaction, from 3.

    Returns
    -------
    float
        Sigma; negative below the ground state, where there are no minima.

    Raises
    ------
    ParameterError
        If the energy is above the threshold.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> threshold = sg.spins.spherical.threshold_energy(3)
    >>> round(sg.spins.spherical.complexity(threshold, 3), 6)
    0.01324
    """
    p, energy = check.count(p, "p", minimum=3), check.number(energy, "energy")
    threshold = threshold_energy(p)
    if energy > threshold:
        raise ParameterError(
            f"energy must be at most {threshold:.6f}, the threshold for p = {p}, got {energy:g}"
        )
    z = (-energy - math.sqrt(energy**2 - threshold**2)) / (p - 1)
    z2 = z * z
    bracket = (2 - p) / p - math.log(p * z2 / 2) + (p - 1) * z2 / 2 - 2 / (p * p * z2)
    return bracket / 2


def ground_state_energy(p: int) -> float:
    """Lowest energy per spin: -1 for p = 2, otherwise where the complexity vanishes.

    Parameters
    ----------
    p : int
        Spins in each interaction, from 2.

    Returns
    -------
    float
        Energy per spin.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.spherical.ground_state_energy(3), 6)
    -1.171675
    """
    p = check.count(p, "p", minimum=2)
    threshold = threshold_energy(p)
    if p == 2:
        return threshold
    # the complexity grows with the energy; the lower end lies below any minimum
    return _root(lambda e: complexity(e, p), threshold * (1 + math.log(p)), threshold)


def _overlap(p: int) -> float:
    """Q at the static transition: both equations with m = 1, without the temperature."""

    def difference(q: float) -> float:
        return q * q / (p * (1 - q)) + math.log1p(-q) + q

    # it falls from its root at q = 0 until q = 1 - 2/p, and rises to the other root
    return _root(difference, 1 - 2 / p, 1 - 1e-14)


def _broken(p: int, temperature: float) -> tuple[float, float]:
    """Solve for q and m.

    With x = m q / (1 - (1 - m) q) the two equations without the temperature read as those at
    m = 1 with x for q: x is the same at all temperatures.
    """
    x = _overlap(p)

    def excess(q: float) -> float:
        # with x fixed: 1 - (1 - m) q = (1 - q) / (1 - x)
        return p / 2 * q ** (p - 2) * (1 - q) ** 2 / (1 - x) / temperature**2 - 1

    q = _root(excess, (p - 2) / p, 1 - 1e-15)  # falls above (p - 2) / p
    m = x * (1 - q) / (q * (1 - x))
    return q, m


def _entropy(p: int, beta: float, q: float, m: float) -> float:
    rest = -(beta**2) / 4 * (1 - (1 - m) * q**p)
    if q == 0:
        return rest
    if m == 0:  # p = 2: the limit of what follows
        return rest + (math.log(1 - q) + q / (1 - q)) / 2
    logs = -(1 - m) * math.log(1 - q) + math.log(1 - (1 - m) * q)
    return rest + logs / (2 * m)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-15, rtol=1e-14))
