"""Maximizing the loss in a set around a point: a step, projected ascent, a box."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

from spinglass_nn.networks import MLP, evaluate, gradient
from spinglass_nn.typing import Float64Array, LabelledData

MOMENTUM = 0.75  # weight of the new step against the last move
MUST_RISE = 0.75  # share of steps that must raise the loss, else the step is halved


class Summit(NamedTuple):
    """The highest point found, in the coordinates of the set, and its rise."""

    place: Float64Array
    rise: float


class Chart:
    """The loss around a point in coordinates u: at ``theta + (scale * u) @ axes``.

    Without axes each parameter has its own coordinate.
    """

    def __init__(
        self,
        net: MLP,
        data: LabelledData,
        theta: Float64Array,
        scale: Float64Array,
        axes: Float64Array | None,
        n_threads: int,
    ) -> None:
        self._net, self._data, self._theta = net, data, theta
        self._scale, self._axes, self._n_threads = scale, axes, n_threads
        self._base = evaluate(net, theta, data, n_threads=n_threads).loss

    def displacement(self, u: Float64Array) -> Float64Array:
        """The change of the parameters."""
        scaled = self._scale * u
        return scaled if self._axes is None else scaled @ self._axes

    def rise(self, u: Float64Array) -> float:
        """Loss above that of the point."""
        moved = self._theta + self.displacement(u)
        there = evaluate(self._net, moved, self._data, n_threads=self._n_threads).loss
        return float(there - self._base)

    def slope(self, u: Float64Array) -> Float64Array:
        """Derivative of the rise."""
        moved = self._theta + self.displacement(u)
        g = gradient(self._net, moved, self._data, n_threads=self._n_threads)
        return self._scale * (g if self._axes is None else self._axes @ g)


def step(chart: Chart, radius: float, start: Float64Array) -> Summit:
    """One step of length ``radius`` along the slope (SAM's)."""
    place = start + radius * _unit(chart.slope(start))
    return Summit(place, chart.rise(place))


def ascend(chart: Chart, radius: float, start: Float64Array, n_iterations: int) -> Summit:
    """Projected ascent with momentum in the ball |u| <= radius (Croce and Hein's APGD)."""
    place, rise, slope = start, chart.rise(start), chart.slope(start)
    best, best_slope = Summit(place, rise), slope
    last, length, n_risen = place, 2 * radius, 0
    kept = (best.rise, length)  # at the last checkpoint
    for before, end in itertools.pairwise(_checkpoints(n_iterations)):
        for k in range(before, end):
            weight = MOMENTUM if k else 1.0
            aim = _into_ball(place + length * _unit(slope), radius)
            moved = place + weight * (aim - place) + (1 - weight) * (place - last)
            last, place = place, _into_ball(moved, radius)
            before_it, rise, slope = rise, chart.rise(place), chart.slope(place)
            n_risen += rise > before_it
            if rise > best.rise:
                best, best_slope = Summit(place, rise), slope
        stuck = kept == (best.rise, length)
        kept = (best.rise, length)
        if n_risen < MUST_RISE * (end - before) or stuck:
            length /= 2
            (place, rise), slope = best, best_slope
        n_risen = 0
    return best


def _checkpoints(n_iterations: int) -> list[int]:
    """Iterations after which the step may be halved; ever closer (their section 3.2)."""
    shares = [0.0, 0.22]
    while shares[-1] < 1:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - 0.03, 0.06))
    ends = {min(math.ceil(round(p * n_iterations, 9)), n_iterations) for p in shares}
    return sorted(ends)


def climb_box(chart: Chart, start: Float64Array, n_iterations: int) -> Summit:
    """The highest point that L-BFGS-B finds with every |u_i| <= 1."""
    # its first step is the gradient: scaled so that it takes the typical u_i to its bound
    scale = 0.1 * float(np.abs(chart.slope(start)).mean()) or 1.0

    def fall(u: Float64Array) -> tuple[float, Float64Array]:
        return -chart.rise(u) / scale, -chart.slope(u) / scale

    found = minimize(
        fall,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(-1.0, 1.0),
        options={"maxiter": n_iterations, "ftol": 0.0, "gtol": 0.0},
    )
    place: NDArray[np.float64] = np.clip(found.x, -1.0, 1.0)
    return Summit(place, chart.rise(place))


def _unit(vector: Float64Array) -> Float64Array:
    """The direction of a vector; zero has none."""
    return vector / (float(np.linalg.norm(vector)) or 1.0)


def _into_ball(vector: Float64Array, radius: float) -> Float64Array:
    length = float(np.linalg.norm(vector))
    return vector * (radius / length) if length > radius else vector
