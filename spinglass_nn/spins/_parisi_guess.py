"""Where Newton's method for the Parisi functional starts.

Parisi & Toulouse, J. Physique Lett. 41, L361 (1980), supposed that x(q) / T does not depend on
temperature and field and that the largest overlap is that of the de Almeida-Thouless line.
Nearly true, it puts every start within about a hundredth of the solution.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from spinglass_nn.spins import _parisi_newton as newton
from spinglass_nn.spins import replica_symmetric
from spinglass_nn.spins._parisi_newton import Iterate
from spinglass_nn.typing import Float64Array

_STEPS = 8  # of the mesh for the smallest overlap

Curve = Callable[[Float64Array], Float64Array]


def _share(t: Float64Array) -> Float64Array:
    """(1 - q) / T^2 on the line of de Almeida and Thouless: a fit, to 0.5 %."""
    return 1.51 + t**2 * (0.347 + t * (-1.734 + 0.877 * t))


def _share_slope(t: Float64Array) -> Float64Array:
    return t * (2 * 0.347 + t * (-3 * 1.734 + 4 * 0.877 * t))


def largest_overlap(temperature: float) -> float:
    """q_EA without a field, to about 0.005."""
    share = _share(np.array(temperature))
    return float(1 - share * temperature**2)


def without_field(temperature: float, q: Float64Array) -> Float64Array:
    """x(q) of Parisi and Toulouse: T times the derivative of 1 - (1 - q) / T_AT(q)."""
    table = np.linspace(0.0, 1.0, 2001)[1:]
    t = np.interp(-q, -(1 - _share(table) * table**2), table)  # T of the line at q
    numerator = _share(t) + _share_slope(t) * t
    x = temperature / t * numerator / (numerator + _share(t))
    return np.clip(x, 1e-9, 0.9)


def at_nodes(x: Float64Array, zero_field: bool) -> Float64Array:
    """X at the mesh points from its values between them."""
    inner = (x[1:] + x[:-1]) / 2
    low = 0.0 if zero_field else 2 * x[0] - inner[0]
    return np.concatenate([[low], inner, [2 * x[-1] - inner[-1]]])


def curve(found: Iterate, zero_field: bool) -> Curve:
    """x(q) of a solution as a function, to start another one."""
    q = newton.mesh(found.q_low, found.q_high, found.x.size)
    nodes = at_nodes(found.x, zero_field)
    through = PchipInterpolator(q, nodes, extrapolate=False)

    def x_of(at: Float64Array) -> Float64Array:
        inside = through(np.clip(at, q[0], q[-1]))
        return np.clip(inside, 1e-9, 1 - 1e-9)

    return x_of


def largest_in_field(temperature: float, field: float, line: float, without: float) -> float:
    """Largest overlap in a field, between those without and on the line where x(q) ends."""
    on_line = replica_symmetric.solve(temperature, line).q
    return without + (on_line - without) * (field / line) ** 4


def smallest_in_field(temperature: float, field: float, q_high: float, x_of: Curve) -> float:
    """The smallest overlap, <m^2> = q at the lower end of a curve x(q) known beforehand."""
    problem = newton.discretize(temperature, field, _STEPS, q_high / 2, q_high)

    def excess(q_low: float) -> float:
        q = newton.mesh(q_low, q_high, _STEPS)
        unknowns = np.append(x_of((q[1:] + q[:-1]) / 2), [q_high, q_low])
        return float(newton.residuals(problem, unknowns)[0]) / q_low

    low, high = 1e-9 * q_high, q_high * (1 - 1e-6)
    if excess(high) >= 0:
        return high
    if excess(low) <= 0:
        return low
    return float(brentq(excess, low, high, xtol=1e-6 * q_high, rtol=1e-4))
