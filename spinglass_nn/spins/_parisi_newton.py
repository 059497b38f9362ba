"""Newton's method for the stationary points of the Parisi functional on a mesh of overlaps.

x(q) is constant on each interval of the mesh. The unknowns are its values and the two ends of
the mesh; the equations say that the functional is stationary in every overlap of the mesh,
<m(q)^2> = q, and that the largest one is marginal. The functional then errs by n_steps^-4 only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spinglass_nn.spins import _parisi_kernels as kernels
from spinglass_nn.typing import Float64Array

_DEVIATIONS = 7.5  # kept of the law of y on either side
_POINTS = 10_000  # at most, on the grid of y
_MAX_STEPS = 25  # of Newton's method
_CONTRACTION = 0.1  # a step that gains less takes a new Jacobian


@dataclass(frozen=True, slots=True)
class Discretization:
    """Mesh and grid of one problem.

    ``y`` holds the fields, ``start`` is the index of the external one, ``fields`` and
    ``second``, ``ends`` are room for the kernels.
    """

    beta: float
    field: float
    n_steps: int
    y: Float64Array
    start: int
    fields: tuple[Float64Array, Float64Array, Float64Array, Float64Array]
    second: Float64Array
    ends: Float64Array

    @property
    def in_field(self) -> bool:
        """Whether the smallest overlap is an unknown."""
        return self.field > 0


@dataclass(frozen=True, slots=True)
class Iterate:
    """Where Newton's method stands: x on the intervals, ends of the mesh, residual."""

    x: Float64Array
    q_low: float
    q_high: float
    residual: float
    converged: bool


def mesh(q_low: float, q_high: float, n_steps: int) -> Float64Array:
    """Overlaps from the smallest to the largest, 1 - q in geometric progression.

    Towards q = 1 everything varies on the scale of 1 - q.
    """
    t = np.linspace(0.0, 1.0, n_steps + 1)
    q: Float64Array = 1 - (1 - q_low) * ((1 - q_high) / (1 - q_low)) ** t
    q[0], q[-1] = q_low, q_high
    return q


def discretize(
    temperature: float, field: float, n_steps: int, q_low: float, q_high: float
) -> Discretization:
    """Choose the grid of y for a temperature, a field >= 0 and about these overlaps."""
    narrowest = math.sqrt(float(np.diff(mesh(q_low, q_high, n_steps)).min()))
    spacing = min(max(0.8 * narrowest, 0.002 * temperature), 0.4 * temperature)
    width = _DEVIATIONS * math.sqrt(q_high) + min(1.0, 3 * q_high)  # the drift is below 1
    n_side = min(int(width / spacing) + 1, _POINTS // 2)
    y: Float64Array = field + width * np.linspace(-1.0, 1.0, 2 * n_side + 1)
    shapes = [(n_steps + 1, y.size)] * 2 + [(n_steps, y.size)] * 2
    phi, m, weights, norms = (np.empty(shape) for shape in shapes)
    return Discretization(
        beta=1 / temperature,
        field=field,
        n_steps=n_steps,
        y=y,
        start=n_side,
        fields=(phi, m, weights, norms),
        second=np.empty(n_steps + 1),
        ends=np.empty(4),
    )


def residuals(
    problem: Discretization, unknowns: Float64Array, top: int | None = None
) -> Float64Array:
    """The equations at a point: <m^2> - q on the mesh, and marginality at its end.

    With ``top``, only unknowns of the intervals below it have changed since the last call.

    A stepwise x(q) is met by <m'^2> - 1 = beta x'(q) <m'^3> (dq)^2 / 6 at the mesh points (two
    integrations of F'' = 2 beta <m'^3> (x(q) - x_step), with F zero at both ends).
    """
    x, q_low, q_high = split(problem, unknowns)
    q = mesh(q_low, q_high, problem.n_steps)
    kernels.sweep(
        problem.y, q, x, problem.beta, problem.start,
        problem.n_steps if top is None else top,
        problem.fields, problem.second, problem.ends,
    )  # fmt: skip
    wide, narrow = q[-2] - q[-3], q[-1] - q[-2]
    slope = 2 * (x[-1] - x[-2]) / (wide + narrow)
    marginal = problem.beta * slope * problem.ends[3] * narrow**2 / 6
    excess = problem.second - q
    kept = excess if problem.in_field else excess[1:]
    return np.append(kept, problem.ends[2] - 1 - marginal)


def split(problem: Discretization, unknowns: Float64Array) -> tuple[Float64Array, float, float]:
    """The unknowns as x, smallest and largest overlap."""
    k = problem.n_steps
    q_low = float(unknowns[k + 1]) if problem.in_field else 0.0
    return unknowns[:k], q_low, float(unknowns[k])


def solve(
    problem: Discretization, x: Float64Array, q_low: float, q_high: float, tolerance: float
) -> Iterate:
    """Newton's method from a guess; a Jacobian is kept as long as steps with it gain enough."""
    ends = [q_high, q_low] if problem.in_field else [q_high]
    at = np.append(x, ends)
    scales = _scales(problem, at)
    value = residuals(problem, at)
    jacobian = _jacobian(problem, at, value, scales)
    fresh, converged = True, False
    for _ in range(_MAX_STEPS):
        try:
            newton_step = np.linalg.solve(jacobian, -value).astype(np.float64, copy=False)
        except np.linalg.LinAlgError:
            break
        step = _bounded(problem, at, newton_step)
        reached = at + step
        after = residuals(problem, reached)
        gained = np.abs(after).max() < _CONTRACTION * np.abs(value).max()
        moved = float(np.abs(step / scales).max())
        if not np.isfinite(after).all():
            break
        at, value = reached, after
        converged = bool(moved < 1e-4 and np.abs(value).max() <= tolerance)
        if converged and (moved < 1e-7 or not gained):
            break
        if not gained and (not fresh or moved > 1e-3):
            scales = _scales(problem, at)
            jacobian, fresh = _jacobian(problem, at, value, scales), True
        else:
            fresh = False
    return Iterate(*split(problem, at), float(np.abs(value).max()), converged)


def _scales(problem: Discretization, at: Float64Array) -> Float64Array:
    x, q_low, q_high = split(problem, at)
    scales = np.full(at.size, max(abs(float(x[-1])), 1e-8))
    scales[x.size :] = max(q_high - q_low, 1e-10)
    return scales


def _jacobian(
    problem: Discretization, at: Float64Array, value: Float64Array, scales: Float64Array
) -> Float64Array:
    """Forward differences, one solution of the Parisi equation for each unknown."""
    jacobian = np.empty((at.size, at.size))
    _, q_low, q_high = split(problem, at)
    fraction = _difference(q_low, q_high, problem.n_steps)
    residuals(problem, at)
    for j in range(at.size):  # upwards: what lies above interval j is still that of ``at``
        top = j + 1 if j < problem.n_steps else None
        moved = at.copy()
        moved[j] += fraction * scales[j]
        jacobian[:, j] = (residuals(problem, moved, top) - value) / (moved[j] - at[j])
    return jacobian


def _difference(q_low: float, q_high: float, n_steps: int) -> float:
    """Step of the differences in units of the unknowns.

    Where overlaps span little, <m^2> - q is as small as the cube of their span, and linear.
    """
    span = math.log((1 - q_low) / (1 - q_high))
    return min(max(1e-7 * (n_steps / 16 / span) ** 2, 1e-6), 1e-3)


def _bounded(problem: Discretization, at: Float64Array, step: Float64Array) -> Float64Array:
    """The step, shortened until it leads to ordered overlaps and to an x that can be.

    On the way x may become negative at the lower end, where on fine meshes it alternates.
    """
    for _ in range(40):
        x, q_low, q_high = split(problem, at + step)
        if x.min() > -0.5 and x.max() < 1 and 0 <= q_low < q_high < 1:
            return step
        step = step / 2
    return step
