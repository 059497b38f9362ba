"""Full replica-symmetry-breaking solution of the Sherrington-Kirkpatrick model.

Parisi, Phys. Rev. Lett. 43, 1754 (1979) and J. Phys. A 13, 1101 (1980). Couplings of variance
1/N, H = -sum_{i<j} J_ij s_i s_j - h sum_i s_i, k_B = 1, energies per spin in the limit of many
spins.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.interpolate import CubicSpline

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import NotConverged, ParameterError
from spinglass_nn.spins import _parisi_guess as guess
from spinglass_nn.spins import replica_symmetric
from spinglass_nn.spins._one_step import OneStepSolution, solve_1rsb
from spinglass_nn.spins._parisi_levels import Level, extrapolated, solve_level
from spinglass_nn.typing import Float64Array

__all__ = ["OneStepSolution", "OverlapLaw", "ParisiSolution", "solve", "solve_1rsb"]

_LOWEST = 0.02  # of temperatures: the grid has 1/T points, the mesh more steps
_CRITICAL = 1e-4  # this near to T = 1 full and symmetric free energies agree to 1e-15
_NARROWEST = 1e-4  # span of overlaps; below it they agree to 1e-9


@result()
class OverlapLaw:
    """The law of the overlap of two replicas, on q >= 0.

    Without a field every state has its mirror image: the law of the signed overlap is the even
    one, with half of each number at q and half at -q.

    Parameters
    ----------
    q, density : array (n_points,)
        The continuous part, dx/dq; empty where replica symmetry holds.
    atoms, masses : array (n_atoms,)
        Places and probabilities of the delta functions, ascending; the last is at q_EA.
    """

    q: Float64Array
    density: Float64Array
    atoms: Float64Array
    masses: Float64Array


@result()
class ParisiSolution:
    """The solution at one temperature and field.

    Parameters
    ----------
    temperature, field : float
        T and the uniform field h.
    energy, free_energy, entropy : float
        Per spin.
    magnetization : float
        Mean of <s_i>.
    q_ea, q_min : float
        Largest and smallest overlap; q_ea is that of a state with itself.
    x, q : array (n_points,)
        The function q(x), with x ascending from 0 to 1; linear between the points is enough to
        draw it.
    x_max : float
        Where the plateau q = q_ea begins.
    moments : array (4,)
        Integrals of q, q^2, q^3, q^4 over x, the moments of the overlap (of its absolute value
        without a field).
    overlap_distribution : OverlapLaw
        P(q) = dx/dq and its delta functions.
    n_steps : int
        Steps of the finer of two meshes; 0 where the replica-symmetric solution holds.
    error : float
        Change of the energy by the last extrapolation: what is left is smaller.
    residual : float
        Largest violation of q = <m^2>.
    converged : bool
        Whether the residual is within the tolerance.
    """

    temperature: float
    field: float
    energy: float
    free_energy: float
    entropy: float
    magnetization: float
    q_ea: float
    q_min: float
    x: Float64Array
    q: Float64Array
    x_max: float
    moments: Float64Array
    overlap_distribution: OverlapLaw
    n_steps: int
    error: float
    residual: float
    converged: bool


def solve(
    temperature: float,
    field: float = 0.0,
    *,
    n_steps: int | None = None,
    tolerance: float = 1e-9,
) -> ParisiSolution:
    r"""Full solution of the Sherrington-Kirkpatrick model at any temperature and field.

    The free energy is the minimum over all non-decreasing x(q) of

    .. math:: -f = \phi(0, h) - \tfrac{\beta}{2} \int_0^1 q\,x(q)\,dq, \qquad
        \partial_q \phi = -\tfrac12\left[\phi'' + \beta x(q)\, \phi'^2\right], \qquad
        \phi(1, y) = T \ln 2\cosh\beta y,

    and at it :math:`q = \langle m(q, y)^2 \rangle`, with :math:`m = \phi'` and y following
    :math:`dy = \beta x m\,dq + dw`. x(q) is taken constant on ``n_steps`` and on half as many
    intervals, the stationarity conditions are solved by Newton's method on both meshes, and the
    results are extrapolated. The energy is :math:`u = -\frac{\beta}{2}(1 - \int_0^1 q^2 dx)
    - h\,m(0, h)`.

    Errors, against four times the steps: 1e-8 of the energies, 1e-5 of the overlaps and of
    their mean, 0.5 % of the density at q = 0. The time is a few hundredths of a second for
    T >= 0.25, and grows as 1/T^2 to one or two seconds at T = 0.02.

    Parameters
    ----------
    temperature : float
        At least 0.02, in units of sqrt(N Var J).
    field : float
        Uniform field, in the same units.
    n_steps : int, optional
        A multiple of 4 up to 512; by default from 4 near the line where replica symmetry
        breaks to 64 at the lowest temperature. The smallest overlap in a weak field is known
        to one step.
    tolerance : float
        Largest violation of q = <m^2> that is accepted.

    Returns
    -------
    ParisiSolution
        Above the line of de Almeida and Thouless, the replica-symmetric one; also so near
        below it that all overlaps lie within 1e-4, where the free energies are the same to 1e-9.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    NotConverged
        If the tolerance was not met; ``last`` holds what was reached.

    References
    ----------
    .. [1] G. Parisi, Phys. Rev. Lett. 43, 1754 (1979); J. Phys. A 13, 1101 (1980).
    .. [2] G. Parisi and G. Toulouse, J. Physique Lett. 41, L361 (1980): the starting point.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> found = sg.spins.parisi.solve(0.5)
    >>> round(found.energy, 5), round(found.q_ea, 3)
    (-0.71146, 0.638)
    """
    temperature = check.positive(temperature, "temperature")
    field = check.number(field, "field")
    tolerance = check.positive(tolerance, "tolerance")
    n_steps = _checked_steps(n_steps)
    line = replica_symmetric.almeida_thouless_field(max(temperature, 1e-3))
    if _is_symmetric(temperature, abs(field), line):
        return _symmetric(temperature, field)
    if temperature < _LOWEST:
        raise ParameterError(
            f"temperature must be at least {_LOWEST} in the broken phase, got {temperature:g}"
        )
    found = _broken(temperature, field, line, n_steps, tolerance)
    if not found.converged:
        raise NotConverged(
            f"the Parisi solution at T = {temperature:g}, h = {field:g} must meet a tolerance of "
            f"{tolerance:g}, got a residual of {found.residual:.2g}",
            found,
        )
    return found


def _checked_steps(n_steps: int | None) -> int | None:
    if n_steps is None:
        return None
    n_steps = check.count(n_steps, "n_steps", minimum=4)
    if n_steps % 4 or n_steps > 512:
        raise ParameterError(f"n_steps must be a multiple of 4 and at most 512, got {n_steps}")
    return n_steps


def _is_symmetric(temperature: float, field: float, line: float) -> bool:
    if temperature >= 1 - _CRITICAL:
        return True
    return field >= line


def _symmetric(temperature: float, field: float) -> ParisiSolution:
    found = replica_symmetric.solve(temperature, field)
    nothing = np.empty(0)
    return ParisiSolution(
        temperature=temperature,
        field=field,
        energy=found.energy,
        free_energy=found.free_energy,
        entropy=found.entropy,
        magnetization=found.magnetization,
        q_ea=found.q,
        q_min=found.q,
        x=np.array([0.0, 1.0]),
        q=np.array([found.q, found.q]),
        x_max=0.0,
        moments=np.array([found.q**power for power in range(1, 5)]),
        overlap_distribution=OverlapLaw(nothing, nothing, np.array([found.q]), np.ones(1)),
        n_steps=0,
        error=0.0,
        residual=0.0,
        converged=True,
    )


def _broken(
    temperature: float, field: float, line: float, n_steps: int | None, tolerance: float
) -> ParisiSolution:
    """Coarse meshes, fine mesh, extrapolation."""
    h = abs(field)
    q_low, q_high = 0.0, guess.largest_overlap(temperature)
    x_of: guess.Curve = partial(guess.without_field, temperature)
    if h > 0:
        half = _default_steps(0.0, q_high) // 2
        without = solve_level(temperature, 0.0, half, x_of, (0.0, q_high), tolerance)
        x_of = guess.curve(without.iterate, zero_field=True)
        q_high = guess.largest_in_field(temperature, h, line, without.iterate.q_high)
        q_low = guess.smallest_in_field(temperature, h, q_high, x_of)
        if q_high - q_low < _NARROWEST:
            return _symmetric(temperature, field)
    levels: list[Level] = []
    for steps in _ladder(n_steps or _default_steps(q_low, q_high)):
        found = solve_level(temperature, h, steps, x_of, (q_low, q_high), tolerance)
        x_of = guess.curve(found.iterate, zero_field=h == 0)
        q_low, q_high = found.iterate.q_low, found.iterate.q_high
        levels.append(found)
    return _assembled(temperature, field, levels[-2], levels[-1])


def _ladder(n_steps: int) -> list[int]:
    """Meshes from about five steps up: on few steps Newton's method finds its way."""
    steps = [n_steps // 2, n_steps]
    while steps[0] % 2 == 0 and steps[0] > 8:
        steps.insert(0, steps[0] // 2)
    return steps


def _default_steps(q_low: float, q_high: float) -> int:
    """Steps for the span of 1 - q; energies then err by 1e-6 at most.

    A multiple of four: x alternates about its limit where a mesh has an odd number of steps.
    """
    span = math.log((1 - q_low) / (1 - q_high))
    return max(8 if span > 0.02 else 4, 4 * round(6 * math.sqrt(span)))


def _assembled(temperature: float, field: float, coarse: Level, fine: Level) -> ParisiSolution:
    best = extrapolated(coarse, fine)
    second = float(best.moments[1])
    energy = -(1 - second) / (2 * temperature) - abs(field) * best.magnetization
    zero_field = field == 0
    x = np.concatenate([[] if zero_field else [0.0], best.x, [1.0]])
    q = np.concatenate([[] if zero_field else [best.q[0]], best.q, [best.q[-1]]])
    law = OverlapLaw(
        q=best.q,
        density=_slope(best.q, best.x, odd=zero_field),
        atoms=best.q[[-1]] if zero_field else best.q[[0, -1]],
        masses=np.array([*([] if zero_field else [best.x[0]]), 1 - best.x[-1]]),
    )
    return ParisiSolution(
        temperature=temperature,
        field=field,
        energy=energy,
        free_energy=best.free_energy,
        entropy=(energy - best.free_energy) / temperature,
        magnetization=math.copysign(best.magnetization, field) if field else 0.0,
        q_ea=float(best.q[-1]),
        q_min=float(best.q[0]),
        x=x,
        q=q,
        x_max=float(best.x[-1]),
        moments=best.moments,
        overlap_distribution=law,
        n_steps=fine.iterate.x.size,
        error=abs(energy - fine.energy),
        residual=max(coarse.iterate.residual, fine.iterate.residual),
        converged=coarse.iterate.converged and fine.iterate.converged,
    )


def _slope(q: Float64Array, x: Float64Array, *, odd: bool) -> Float64Array:
    """dx/dq at the points; without a field x(q) goes on as an odd function below q = 0."""
    if odd:
        q, x = (np.concatenate([-a[:0:-1], a]) for a in (q, x))
    slope: Float64Array = CubicSpline(q, x)(q, 1)
    return slope[q.size // 2 :] if odd else slope
