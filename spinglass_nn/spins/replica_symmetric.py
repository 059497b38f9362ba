"""Replica-symmetric solution of the Sherrington-Kirkpatrick model, and where it breaks.

Sherrington & Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975); de Almeida & Thouless, J. Phys. A
11, 983 (1978). Couplings of variance 1/N, H = -sum_{i<j} J_ij s_i s_j - h sum_i s_i, k_B = 1,
energies per spin in the limit of many spins.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins._gaussian import gaussian_rule, log_2cosh
from spinglass_nn.typing import Float64Array

_LOWEST = 1e-3  # of temperatures: the Gaussian averages take 1/T nodes
_SMALLEST = 1e-13  # an overlap below this is zero


@result()
class ReplicaSymmetricSolution:
    """The replica-symmetric solution at one temperature and field.

    Parameters
    ----------
    temperature, field : float
        T and the uniform field h.
    q : float
        The overlap of two replicas.
    energy, free_energy, entropy : float
        Per spin; the entropy becomes negative at low T, the sign that the solution is wrong.
    magnetization : float
        Mean of <s_i>.
    replicon : float
        1 - beta^2 <sech^4>; the solution is stable where it is positive.
    """

    temperature: float
    field: float
    q: float
    energy: float
    free_energy: float
    entropy: float
    magnetization: float
    replicon: float


def solve(temperature: float, field: float = 0.0) -> ReplicaSymmetricSolution:
    r"""Replica-symmetric solution of the Sherrington-Kirkpatrick model.

    With :math:`H(z) = \beta(\sqrt q\, z + h)` and the mean over a standard Gaussian z,

    .. math:: q = \overline{\tanh^2 H}, \qquad
        f = -T\,\overline{\ln 2\cosh H} - \tfrac{\beta}{4}(1-q)^2, \qquad
        u = -\tfrac{\beta}{2}(1-q^2) - h\,\overline{\tanh H} .

    Parameters
    ----------
    temperature : float
        At least 0.001, in units of sqrt(N Var J).
    field : float
        Uniform field, in the same units.

    Returns
    -------
    ReplicaSymmetricSolution
        Overlap, energies per spin and the replicon eigenvalue.

    Raises
    ------
    ParameterError
        If the temperature or the field is out of range.

    References
    ----------
    .. [1] D. Sherrington and S. Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> rs = sg.spins.replica_symmetric.solve(0.5)
    >>> round(rs.q, 6), round(rs.replicon, 4)
    (0.530368, -0.3627)
    """
    temperature, field = _checked(temperature), check.number(field, "field")
    beta = 1 / temperature
    q = _overlap(beta, abs(field))
    argument, weights = _argument(beta, q, field)
    tanh = np.tanh(argument)
    magnetization = float(weights @ tanh) if field else 0.0
    log_term = float(weights @ log_2cosh(argument))
    free_energy = -temperature * log_term - beta / 4 * (1 - q) ** 2
    energy = -beta / 2 * (1 - q * q) - field * magnetization
    return ReplicaSymmetricSolution(
        temperature=temperature,
        field=field,
        q=q,
        energy=energy,
        free_energy=free_energy,
        entropy=beta * (energy - free_energy),
        magnetization=magnetization,
        replicon=1 - beta**2 * float(weights @ (1 - tanh**2) ** 2),
    )


def almeida_thouless_field(temperature: float) -> float:
    r"""The field below which replica symmetry breaks, at a temperature.

    The solution h of :math:`1 = \beta^2\, \overline{\mathrm{sech}^4 \beta(\sqrt q\,z + h)}`,
    with the replica-symmetric q at (T, h).

    Parameters
    ----------
    temperature : float
        At least 0.001.

    Returns
    -------
    float
        The field, 0 for T >= 1.

    Raises
    ------
    ParameterError
        If the temperature is out of range.

    References
    ----------
    .. [1] J. R. L. de Almeida and D. J. Thouless, J. Phys. A 11, 983 (1978).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.replica_symmetric.almeida_thouless_field(0.5), 6)
    0.569934
    """
    temperature = _checked(temperature)
    if temperature >= 1:
        return 0.0
    beta = 1 / temperature
    highest = 1.5 + math.sqrt(2 * max(0.0, -math.log(temperature)))
    if _replicon(beta, 0.0) >= 0:  # T = 1 to within rounding
        return 0.0
    return _root(lambda h: _replicon(beta, h), 0.0, highest)


def almeida_thouless_temperature(field: float) -> float:
    """The temperature below which replica symmetry breaks, at a field.

    The inverse of `almeida_thouless_field`.

    Parameters
    ----------
    field : float
        Uniform field, with a magnitude of up to 3.4 (where the temperature is 0.0016).

    Returns
    -------
    float
        The temperature, 1 without a field.

    Raises
    ------
    ParameterError
        If the field is out of range.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> round(sg.spins.replica_symmetric.almeida_thouless_temperature(0.569934), 5)
    0.5
    """
    h = abs(check.within(field, "field", -3.4, 3.4))
    if h == 0:
        return 1.0
    if _replicon(1.0, h) <= 0:
        return 1.0
    return _root(lambda t: _replicon(1 / t, h), _LOWEST, 1.0)


def _checked(temperature: float) -> float:
    temperature = check.positive(temperature, "temperature")
    if temperature < _LOWEST:
        raise ParameterError(f"temperature must be at least {_LOWEST}, got {temperature:g}")
    return temperature


def _argument(beta: float, q: float, field: float) -> tuple[Float64Array, Float64Array]:
    width = beta * math.sqrt(q)
    nodes, weights = gaussian_rule(1 / max(width, 1e-3))
    return width * nodes + beta * field, weights


def _overlap(beta: float, field: float) -> float:
    """The fixed point of q; above T = 1 without a field there is only zero."""
    if field == 0 and beta <= 1:
        return 0.0

    def excess(q: float) -> float:
        argument, weights = _argument(beta, q, field)
        return float(weights @ np.tanh(argument) ** 2) / q - 1

    if excess(_SMALLEST) <= 0:
        return 0.0
    return _root(excess, _SMALLEST, 1.0)


def _replicon(beta: float, field: float) -> float:
    argument, weights = _argument(beta, _overlap(beta, field), field)
    return 1 - beta**2 * float(weights @ (1 - np.tanh(argument) ** 2) ** 2)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-15, rtol=1e-14))
