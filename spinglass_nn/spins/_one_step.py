"""One step of replica-symmetry breaking of the Sherrington-Kirkpatrick model."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import root

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import NotConverged, ParameterError
from spinglass_nn.spins import _parisi_guess as guess
from spinglass_nn.spins import replica_symmetric
from spinglass_nn.spins._gaussian import gaussian_rule, log_2cosh
from spinglass_nn.typing import Float64Array

_LOWEST = 0.02
_CRITICAL = 0.03  # nearer to T = 1 the equations drown in rounding


@result()
class OneStepSolution:
    """One step of replica-symmetry breaking at one temperature and field.

    Parameters
    ----------
    temperature, field : float
        T and the uniform field h.
    energy, free_energy, entropy : float
        Per spin.
    magnetization : float
        Mean of <s_i>.
    q0, q1 : float
        Overlap of different states, and of a state with itself.
    m : float
        Probability that two replicas are in different states.
    residual : float
        Largest violation of the equations.
    """

    temperature: float
    field: float
    energy: float
    free_energy: float
    entropy: float
    magnetization: float
    q0: float
    q1: float
    m: float
    residual: float


class _Averages(NamedTuple):
    q0: float
    q1: float
    log_norm: float  # <ln of the inner mean of (2 cosh)^m> / m
    log_cosh: float  # <ln 2 cosh> under the tilted law
    magnetization: float


def solve_1rsb(temperature: float, field: float = 0.0) -> OneStepSolution:
    r"""One-step solution of the Sherrington-Kirkpatrick model.

    With :math:`H = \beta(h + \sqrt{q_0} z_0 + \sqrt{q_1 - q_0} z_1)`, the mean
    over :math:`z_1` weighted by :math:`\cosh^m H`, and the mean over :math:`z_0`,

    .. math:: -f = \frac{T}{m}\, \overline{\ln \overline{(2\cosh H)^m}}
        + \frac{\beta}{4}\left[(1 - q_1)^2 + m (q_0^2 - q_1^2)\right],

    stationary in :math:`q_0 = \overline{\langle\tanh H\rangle^2}`,
    :math:`q_1 = \overline{\langle\tanh^2 H\rangle}` and m.

    Parameters
    ----------
    temperature : float
        From 0.02 to 0.97.
    field : float
        Uniform field, below the line of de Almeida and Thouless.

    Returns
    -------
    OneStepSolution
        Without a field too q0 is above zero: the free energy is larger than with q0 = 0.

    Raises
    ------
    ParameterError
        If replica symmetry holds, or a parameter is out of range.
    NotConverged
        If the equations were not solved; very near to the line they are not.

    References
    ----------
    .. [1] G. Parisi, Phys. Lett. A 73, 203 (1979).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> found = sg.spins.parisi.solve_1rsb(0.5)
    >>> found.free_energy < sg.spins.parisi.solve(0.5).free_energy
    True
    """
    temperature, h = _checked(temperature, field)
    beta = 1 / temperature
    line = replica_symmetric.almeida_thouless_field(temperature)
    if h >= line:
        raise ParameterError(
            f"field must be below {line:.6g}, where replica symmetry breaks at this "
            f"temperature, got {field:g}"
        )
    unknowns, residual = _stationary(beta, h)
    q1, m, q0 = (float(value) for value in unknowns)
    means = _averages(beta, h, q0, q1, m)
    second = m * q0**2 + (1 - m) * q1**2
    free_energy = -temperature * means.log_norm - beta / 4 * (
        (1 - q1) ** 2 + m * (q0**2 - q1**2)
    )
    energy = -beta / 2 * (1 - second) - h * means.magnetization
    return OneStepSolution(
        temperature=temperature,
        field=field,
        energy=energy,
        free_energy=free_energy,
        entropy=beta * (energy - free_energy),
        magnetization=math.copysign(means.magnetization, field) if field else 0.0,
        q0=q0,
        q1=q1,
        m=m,
        residual=residual,
    )


def _checked(temperature: float, field: float) -> tuple[float, float]:
    temperature = check.positive(temperature, "temperature")
    if not _LOWEST <= temperature <= 1 - _CRITICAL:
        raise ParameterError(
            f"temperature must lie in [{_LOWEST}, {1 - _CRITICAL}], got {temperature:g}"
        )
    return temperature, abs(check.number(field, "field"))


def _stationary(beta: float, h: float) -> tuple[Float64Array, float]:
    """Solve for (q1, m, q0)."""

    def equations(unknowns: Float64Array) -> Float64Array:
        q1, m, q0 = unknowns
        q1, m = min(max(q1, 1e-9), 1 - 1e-12), min(max(m, 1e-6), 1.0)
        q0 = min(max(q0, 0.0), q1 * (1 - 1e-9))
        means = _averages(beta, h, q0, q1, m)
        # derivative of f with respect to m
        balance = means.log_cosh - means.log_norm - m * beta**2 / 4 * (q1**2 - q0**2)
        gap = q1 - q0
        return np.array(
            [(means.q1 - q1) / gap, balance / (m * gap) ** 2, (means.q0 - q0) / gap]
        )

    solution = root(equations, _start(beta, h), method="hybr", options={"xtol": 1e-12})
    residual = float(np.abs(equations(solution.x)).max())
    q1, m, q0 = solution.x
    if not (residual < 1e-7 and 0 < q0 < q1 < 1 and 0 < m < 1):
        raise NotConverged(
            f"the one-step equations at T = {1 / beta:g}, h = {h:g} must be solved to 1e-7, "
            f"got a residual of {residual:.2g}",
            solution.x,
        )
    return solution.x, residual


def _start(beta: float, h: float) -> Float64Array:
    """The largest overlap as in the full solution; x and the smallest one in its middle."""
    temperature = 1 / beta
    q1 = guess.largest_overlap(temperature)
    end = replica_symmetric.almeida_thouless_temperature(h)
    low = guess.largest_overlap(end)
    q0 = min(low + 0.35 * (q1 - low), 0.98 * q1)
    middle = guess.without_field(temperature, np.array([(q0 + q1) / 2]))
    return np.array([q1, float(middle[0]), q0])


def _averages(beta: float, h: float, q0: float, q1: float, m: float) -> _Averages:
    """Means over both Gaussians of the one-step measure."""
    inner, w1 = gaussian_rule(1 / (beta * math.sqrt(q1 - q0)))
    if q0 > 0:  # the inner mean has smoothed what the outer one sees
        outer, w0 = gaussian_rule(max(1 / (beta * math.sqrt(q0)), 0.2))
    else:
        outer, w0 = np.zeros(1), np.ones(1)
    y = h + math.sqrt(q0) * outer[:, None] + math.sqrt(q1 - q0) * inner
    log_cosh = log_2cosh(beta * y)
    top = log_cosh.max(axis=1, keepdims=True)
    weights = w1 * np.exp(m * (log_cosh - top))
    norm = weights.sum(axis=1)
    weights /= norm[:, None]
    tanh = np.tanh(beta * y)
    first = (weights * tanh).sum(axis=1)
    return _Averages(
        q0=float(w0 @ first**2),
        q1=float(w0 @ (weights * tanh**2).sum(axis=1)),
        log_norm=float(w0 @ (top[:, 0] + np.log(norm) / m)),
        log_cosh=float(w0 @ (weights * log_cosh).sum(axis=1)),
        magnetization=float(w0 @ first),
    )
