"""Replica-symmetric theory of the Hopfield model with a finite load.

Amit, Gutfreund & Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985) and Ann. Phys. 173, 30 (1987).
P = alpha N random patterns, J_ij = (1/N) sum_mu xi_i xi_j with a zero diagonal,
H = -sum_{i<j} J_ij s_i s_j, k_B = 1, energies per spin in the limit of many spins.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins._gaussian import gaussian_rule, log_2cosh

_LOWEST = 0.002  # of positive temperatures


@result()
class HopfieldSolution:
    """One phase of the Hopfield model at one load and temperature.

    Parameters
    ----------
    load, temperature : float
        Patterns a spin, alpha, and T.
    m : float
        Overlap with the retrieved pattern; 0 in the spin-glass phase and above it.
    q, r : float
        Overlap of two replicas, and mean squared overlap with the other patterns divided by
        alpha (per pattern, in units of 1/N).
    energy, free_energy, entropy : float
        Per spin.
    """

    load: float
    temperature: float
    m: float
    q: float
    r: float
    energy: float
    free_energy: float
    entropy: float


def retrieval(load: float, temperature: float = 0.0) -> HopfieldSolution:
    r"""The state near a stored pattern.

    With :math:`H = \beta(m + \sqrt{\alpha r}\,z)` and :math:`C = \beta(1-q)`,

    .. math:: m = \overline{\tanh H}, \quad q = \overline{\tanh^2 H}, \quad
        r = \frac{q}{(1-C)^2}, \qquad
        f = \tfrac{\alpha + m^2}{2} + \tfrac{\alpha}{2\beta}
        \left[\ln(1-C) - \tfrac{\beta q}{1-C}\right]
        + \tfrac{\alpha\beta}{2} r(1-q) - T\,\overline{\ln 2\cosh H} ;

    at T = 0 with :math:`y = m/\sqrt{2\alpha r}`: :math:`m = \mathrm{erf}\,y` and
    :math:`\sqrt{2\alpha} = \mathrm{erf}(y)/y - \frac{2}{\sqrt\pi} e^{-y^2}`.

    Parameters
    ----------
    load : float
        Patterns a spin, positive.
    temperature : float
        0, or at least 0.002.

    Returns
    -------
    HopfieldSolution
        With m > 0.

    Raises
    ------
    ParameterError
        If no pattern is retrieved at this load and temperature, or one is out of range.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.hopfield_theory.retrieval(0.10).m, 6)
    0.997999
    """
    load, temperature = _checked(load, temperature)
    if load > critical_load()[0]:
        found = None
    elif temperature == 0:
        found = _frozen(load)
    else:
        found = _at(load, temperature, True)
    if found is None:
        raise ParameterError(
            f"load and temperature must allow retrieval (load up to {critical_load()[0]:.6f} at "
            f"T = 0), got load {load:g} and temperature {temperature:g}"
        )
    return found


def spin_glass(load: float, temperature: float = 0.0) -> HopfieldSolution:
    r"""The state without overlap with any pattern (replica-symmetric, as `retrieval`).

    Parameters
    ----------
    load : float
        Patterns a spin, positive.
    temperature : float
        0, or at least 0.002.

    Returns
    -------
    HopfieldSolution
        With m = 0; above `glass_temperature` also with q = 0.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> sg.spins.hopfield_theory.spin_glass(0.1, 1.4).q
    0.0
    """
    load, temperature = _checked(load, temperature)
    if temperature == 0:
        c = math.sqrt(2 / math.pi)  # sqrt(alpha r) = sqrt(alpha) + c
        width = math.sqrt(load) + c
        return _thermodynamics(load, 0.0, 0.0, 1.0, width**2 / load, c / width)
    found = _at(load, temperature, False)
    assert found is not None
    return found


def glass_temperature(load: float) -> float:
    r"""Temperature of the transition from the paramagnet, :math:`1 + \sqrt\alpha`.

    Parameters
    ----------
    load : float
        Patterns a spin, positive.

    Returns
    -------
    float
        T_g.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> sg.spins.hopfield_theory.glass_temperature(0.25)
    1.5
    """
    return 1 + math.sqrt(check.positive(load, "load"))


@cache
def critical_load() -> tuple[float, float]:
    """Largest load with retrieval at T = 0, and the overlap with the pattern there.

    The maximum over y of the expression for sqrt(2 alpha) in `retrieval`. Breaking replica
    symmetry raises it to about 0.1382.

    Returns
    -------
    load, overlap : float
        alpha_c and m_c.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> [round(x, 6) for x in sg.spins.hopfield_theory.critical_load()]
    [0.137906, 0.967417]
    """
    y = _root(_slope, 1.0, 2.0)
    return _root_load(y) ** 2 / 2, float(erf(y))


@cache
def ground_state_load() -> float:
    """Load below which retrieval has the lowest energy at T = 0.

    Returns
    -------
    float
        Where the energies of `retrieval` and `spin_glass` are equal.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.hopfield_theory.ground_state_load(), 4)
    0.0519
    """
    return _root(lambda a: retrieval(a).energy - spin_glass(a).energy, 0.02, 0.13)


def retrieval_temperature(load: float) -> float:
    """Temperature up to which there is retrieval, T_M.

    Parameters
    ----------
    load : float
        From 0.001 up to `critical_load`.

    Returns
    -------
    float
        Where the state of `retrieval` ceases to exist, to about 1e-5.

    Raises
    ------
    ParameterError
        If the load is out of range.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.hopfield_theory.retrieval_temperature(0.05), 3)
    0.542
    """
    load = check.within(load, "load", 0.001, critical_load()[0] * (1 - 1e-4))
    low, high = _LOWEST, 1.0
    while high - low > 1e-5:
        middle = (low + high) / 2
        low, high = (middle, high) if _at(load, middle, True) else (low, middle)
    return (low + high) / 2


def equilibrium_temperature(load: float) -> float:
    """Temperature below which retrieval has the lowest free energy, T_c.

    Parameters
    ----------
    load : float
        From 0.001 up to `ground_state_load`.

    Returns
    -------
    float
        Where the free energies of `retrieval` and `spin_glass` are equal.

    Raises
    ------
    ParameterError
        If the load is out of range.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.hopfield_theory.equilibrium_temperature(0.02), 3)
    0.591
    """
    load = check.within(load, "load", 0.001, ground_state_load() * (1 - 1e-3))
    highest = retrieval_temperature(load) - 2e-5

    def difference(t: float) -> float:
        return retrieval(load, t).free_energy - spin_glass(load, t).free_energy

    return _root(difference, 0.005, highest, 1e-8)


def _checked(load: float, temperature: float) -> tuple[float, float]:
    load = check.positive(load, "load")
    temperature = check.non_negative(temperature, "temperature")
    if 0 < temperature < _LOWEST:
        raise ParameterError(
            f"temperature must be 0 or at least {_LOWEST}, got {temperature:g}"
        )
    return load, temperature


def _root_load(y: float) -> float:
    """sqrt(2 alpha) at T = 0 as a function of y = m / sqrt(2 alpha r)."""
    return float(erf(y)) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)


def _slope(y: float) -> float:
    gauss = 2 / math.sqrt(math.pi) * math.exp(-y * y)
    return gauss / y - float(erf(y)) / y**2 + 2 * y * gauss


def _frozen(load: float) -> HopfieldSolution:
    """Retrieval at T = 0: the larger of the two roots in y."""
    end = _root(_slope, 1.0, 2.0)
    target = math.sqrt(2 * load)
    y = _root(lambda v: _root_load(v) - target, end, max(2.0, 2 / target))
    m = float(erf(y))
    width = m / (math.sqrt(2) * y)  # sqrt(alpha r)
    c = math.sqrt(2 / math.pi) / width * math.exp(-y * y)
    return _thermodynamics(load, 0.0, m, 1.0, width**2 / load, c)


def _at(load: float, temperature: float, retrieving: bool) -> HopfieldSolution | None:
    """The solution at T > 0; None where there is no retrieval."""
    beta = 1 / temperature
    if not retrieving:
        width = _glass_width(load, beta)
        return _finished(load, beta, 0.0, width)
    if temperature >= 1:
        return None
    # along solutions of m = <tanh H> with a given ratio of m to the noise sqrt(alpha r),
    # the load rises to a maximum and falls: retrieval is on the falling branch
    best = minimize_scalar(
        lambda s: -_load_at(beta, math.exp(s)), bounds=(-1.0, 5.0), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    if -best.fun < load:
        return None
    log_ratio = _root(lambda s: _load_at(beta, math.exp(s)) - load, best.x, 12.0)
    ratio = math.exp(log_ratio)
    m = _overlap(beta, ratio)
    return _finished(load, beta, m, m / ratio)


def _overlap(beta: float, ratio: float) -> float:
    """The positive solution of m = <tanh(beta m (1 + z / ratio))>."""

    def excess(m: float) -> float:
        nodes, weights = gaussian_rule(ratio / (beta * m))
        return float(weights @ np.tanh(beta * m * (1 + nodes / ratio))) / m - 1

    return _root(excess, 1e-7, 1.0)


def _moments(beta: float, m: float, width: float) -> tuple[float, float]:
    """Q and C."""
    nodes, weights = gaussian_rule(1 / max(beta * width, 1e-9))
    tanh = np.tanh(beta * (m + width * nodes))
    return float(weights @ tanh**2), beta * float(weights @ (1 - tanh**2))


def _load_at(beta: float, ratio: float) -> float:
    m = _overlap(beta, ratio)
    q, c = _moments(beta, m, m / ratio)
    return math.copysign((m / ratio * (1 - c)) ** 2 / q, 1 - c)


def _glass_width(load: float, beta: float) -> float:
    """sqrt(alpha r) without retrieval; zero above the glass temperature."""
    if beta * (1 + math.sqrt(load)) <= 1:
        return 0.0

    def excess(width: float) -> float:
        q, c = _moments(beta, 0.0, width)
        return 1 - c - math.sqrt(load * q) / width

    smallest = 1e-7
    if excess(smallest) >= 0:  # at the transition to within rounding
        return 0.0
    return _root(excess, smallest, math.sqrt(load) + 2.0)


def _finished(load: float, beta: float, m: float, width: float) -> HopfieldSolution:
    if width == 0:
        c = beta
        return _thermodynamics(load, 1 / beta, m, 0.0, 0.0, c)
    q, c = _moments(beta, m, width)
    return _thermodynamics(load, 1 / beta, m, q, width**2 / load, c)


def _thermodynamics(
    load: float, temperature: float, m: float, q: float, r: float, c: float
) -> HopfieldSolution:
    """Energies from the order parameters; C = beta (1 - q) has a limit at T = 0."""
    energy = (load - m * m - load * (1 / (1 - c) + c * r)) / 2
    if temperature == 0:
        free_energy = energy
        entropy = -load / 2 * (math.log1p(-c) + c / (1 - c))
    else:
        beta, width = 1 / temperature, math.sqrt(load * r)
        nodes, weights = gaussian_rule(1 / max(beta * width, 1e-9))
        log_term = float(weights @ log_2cosh(beta * (m + width * nodes)))
        logs = temperature * math.log1p(-c) - q / (1 - c) + c * r
        free_energy = (load + m * m + load * logs) / 2 - temperature * log_term
        entropy = (energy - free_energy) / temperature
    return HopfieldSolution(
        load=load,
        temperature=temperature,
        m=m,
        q=q,
        r=r,
        energy=energy,
        free_energy=free_energy,
        entropy=entropy,
    )


def _root(
    function: Callable[[float], float], low: float, high: float, xtol: float = 1e-14
) -> float:
    return float(brentq(function, low, high, xtol=xtol, rtol=1e-13))
