"""Compiled kernels: kicks, rotations and whole trajectories, without Python's lock."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel
from spinglass_nn.networks._kernels import Layout, gradient_of_block

Array = NDArray[Any]


class Room(NamedTuple):
    """Room for the gradient of one block of samples."""

    activations: Array
    errors: Array


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


@kernel
def follow(
    theta: Array, momentum: Array, gradient: Array, squared: Array, layout: Layout,
    inputs: Array, labels: Array, targets: Array, room: Room, n_steps: int, time: float,
    cosine: float, sine: float,
) -> float:  # fmt: skip
    """Kick, rotate and kick again ``n_steps`` times; the energy where the last step ends.

    All samples are one block. It ends early where the energy is not finite.
    """
    energy = 0.0
    for _ in range(n_steps):
        kick(momentum, squared, gradient, time)
        rotate(theta, momentum, cosine, sine, 1.0)
        energy, _ = gradient_of_block(
            theta, layout, inputs, labels, targets, room.activations, room.errors, gradient
        )  # fmt: skip
        if not math.isfinite(energy):
            break
        kick(momentum, squared, gradient, time)
    return energy
