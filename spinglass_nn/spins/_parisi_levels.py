"""The Parisi solution on one mesh, and what two meshes extrapolate to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from spinglass_nn.spins import _parisi_guess as guess
from spinglass_nn.spins import _parisi_newton as newton
from spinglass_nn.spins._parisi_newton import Iterate
from spinglass_nn.typing import Float64Array


@dataclass(frozen=True, slots=True)
class Level:
    """Stepwise solution and what follows from it, in a field >= 0."""

    iterate: Iterate
    energy: float
    free_energy: float
    magnetization: float
    moments: Float64Array
    q: Float64Array
    x: Float64Array


@dataclass(frozen=True, slots=True)
class Extrapolated:
    """Limit of many steps; q and x at the points of the finer mesh."""

    free_energy: float
    magnetization: float
    moments: Float64Array
    q: Float64Array
    x: Float64Array


def solve_level(
    temperature: float,
    field: float,
    n_steps: int,
    x_of: guess.Curve,
    ends: tuple[float, float],
    tolerance: float,
) -> Level:
    """Solve on a mesh, starting from a curve x(q) between two overlaps."""
    problem = newton.discretize(temperature, field, n_steps, *ends)
    q = newton.mesh(*ends, n_steps)
    found = newton.solve(problem, x_of((q[1:] + q[:-1]) / 2), *ends, tolerance)
    q = newton.mesh(found.q_low, found.q_high, n_steps)
    jumps = np.diff(np.concatenate([[0.0], found.x, [1.0]]))
    moments = np.array([jumps @ q**power for power in range(1, 5)])
    beta, (at_field, magnetization) = 1 / temperature, problem.ends[:2]
    return Level(
        iterate=found,
        energy=float(-beta / 2 * (1 - moments[1]) - field * magnetization),
        free_energy=float(beta / 4 * (1 - moments[1]) - at_field),
        magnetization=float(magnetization),
        moments=moments,
        q=q,
        x=guess.at_nodes(found.x, zero_field=field == 0),
    )


def extrapolated(coarse: Level, fine: Level) -> Extrapolated:
    """Richardson's extrapolation from a mesh and one with twice its steps.

    The free energy is stationary, so that it and its derivatives (energy and <q^2>,
    magnetization) err by the fourth power of a step, everything else by the second.
    """
    moments = fine.moments + (fine.moments - coarse.moments) / 3
    moments[1] = _fourth(coarse.moments[1], fine.moments[1])
    low, high = (
        fine.q[end] + (fine.q[end] - coarse.q[end]) / 3 if fine.q[end] > 0 else 0.0
        for end in (0, -1)
    )
    t = np.linspace(0, 1, fine.q.size)
    correction = CubicSpline(t[::2], (fine.x[::2] - coarse.x) / 3)(t)
    q, x = newton.mesh(max(low, 0.0), high, fine.q.size - 1), fine.x + correction
    if np.diff(x).min() <= 0 or x[0] < 0:  # a field too weak for the mesh
        q, x = fine.q, fine.x
    return Extrapolated(
        free_energy=_fourth(coarse.free_energy, fine.free_energy),
        magnetization=_fourth(coarse.magnetization, fine.magnetization),
        moments=moments,
        q=q,
        x=x,
    )


def _fourth(coarse: float, fine: float) -> float:
    return float(fine + (fine - coarse) / 15)
