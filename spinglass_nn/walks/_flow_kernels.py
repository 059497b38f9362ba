"""Compiled kernels: kicks and rotations in one pass, without Python's lock."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel

Array = NDArray[Any]


@kernel
def kick(momentum: Array, squared: Array, gradient: Array, time: float) -> None:
    """Take ``time`` times the squared scale times the gradient from the momentum."""
    factor = momentum.dtype.type(time)
    for i in range(momentum.size):
        momentum[i] -= factor * (squared[i] * gradient[i])


@kernel
def rotate(theta: Array, momentum: Array, cosine: float, sine: float, speed: float) -> None:
    """Turn (theta, momentum / speed) in their plane."""
    real = theta.dtype.type
    along, forth, back = real(cosine), real(sine / speed), real(sine * speed)
    for i in range(theta.size):
        x, p = theta[i], momentum[i]
        theta[i] = along * x + forth * p
        momentum[i] = along * p - back * x
