"""Motion under a prior alone, which is exact: rotations, for normal weights and on a sphere.

The momentum is in the unit of the weights: mass 1/s^2 for a prior of deviation s (on the sphere
s = R / sqrt(N)), so that times are angles and one step fits all layers. With the potential
beta E of the data switched on in kicks before and after each rotation, a step is symmetric in
time and keeps volume, whatever its length.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from spinglass_nn._core import vectors
from spinglass_nn.typing import FloatArray
from spinglass_nn.walks import _flow_kernels as kernels


class Flow(ABC):
    """What a trajectory asks of a prior; arrays are changed in place."""

    @abstractmethod
    def draw(self, generator: np.random.Generator) -> FloatArray:
        """A point of the prior."""

    @abstractmethod
    def momentum(self, theta: FloatArray, generator: np.random.Generator) -> FloatArray:
        """A momentum from its normal distribution."""

    @abstractmethod
    def turn(self, theta: FloatArray, momentum: FloatArray, angle: float) -> None:
        """Move freely for a time, which is the angle a typical point turns by."""

    @abstractmethod
    def kick(
        self, theta: FloatArray, momentum: FloatArray, gradient: FloatArray, time: float
    ) -> None:
        """Change the momentum by the force -gradient over a time."""

    @abstractmethod
    def action(self, theta: FloatArray, momentum: FloatArray) -> float:
        """Minus the logarithm of the density of point and momentum, without data."""


class GaussianFlow(Flow):
    """Normal weights: every parameter and its momentum turn like a harmonic oscillator."""

    def __init__(self, scale: FloatArray) -> None:
        self._scale = scale
        self.squared = scale * scale

    def draw(self, generator: np.random.Generator) -> FloatArray:
        normal = generator.standard_normal(self._scale.size, dtype=self._scale.dtype)
        drawn: FloatArray = self._scale * normal
        return drawn

    def momentum(self, theta: FloatArray, generator: np.random.Generator) -> FloatArray:
        return self.draw(generator)

    def turn(self, theta: FloatArray, momentum: FloatArray, angle: float) -> None:
        kernels.rotate(theta, momentum, math.cos(angle), math.sin(angle), 1.0)

    def kick(
        self, theta: FloatArray, momentum: FloatArray, gradient: FloatArray, time: float
    ) -> None:
        kernels.kick(momentum, self.squared, gradient, time)

    def action(self, theta: FloatArray, momentum: FloatArray) -> float:
        squares = vectors.norm(theta / self._scale) ** 2
        return (squares + vectors.norm(momentum / self._scale) ** 2) / 2


class SphereFlow(Flow):
    """Weights of one length: great circles, momenta in the tangent plane."""

    def __init__(self, norm: float, size: int, dtype: np.dtype[np.floating]) -> None:
        self._norm, self._size, self._dtype = norm, size, dtype
        self._scale = norm / math.sqrt(size)

    def draw(self, generator: np.random.Generator) -> FloatArray:
        point = generator.standard_normal(self._size, dtype=self._dtype)
        point *= self._norm / vectors.norm(point)
        return point

    def momentum(self, theta: FloatArray, generator: np.random.Generator) -> FloatArray:
        momentum = generator.standard_normal(self._size, dtype=self._dtype)
        momentum *= self._scale
        self._to_tangent(theta, momentum)
        return momentum

    def turn(self, theta: FloatArray, momentum: FloatArray, angle: float) -> None:
        speed = vectors.norm(momentum) / self._norm  # typically 1
        if speed == 0:
            return
        kernels.rotate(theta, momentum, math.cos(angle * speed), math.sin(angle * speed), speed)
        theta *= self._norm / vectors.norm(theta)  # rounding must not add up
        self._to_tangent(theta, momentum)

    def kick(
        self, theta: FloatArray, momentum: FloatArray, gradient: FloatArray, time: float
    ) -> None:
        momentum -= (time * self._scale**2) * gradient
        self._to_tangent(theta, momentum)

    def action(self, theta: FloatArray, momentum: FloatArray) -> float:
        return (vectors.norm(momentum) / self._scale) ** 2 / 2

    def _to_tangent(self, theta: FloatArray, momentum: FloatArray) -> None:
        along = float((theta * momentum).sum(dtype=np.float64)) / self._norm**2
        momentum -= along * theta
