"""Training by plain loops and BLAS: gather a minibatch, its gradient, the update, again.

Which is for networks where BLAS wins, see `_steps`, and for tests of `_fused_kernels`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel
from spinglass_nn.networks._kernels import Layout, gradient_of_block
from spinglass_nn.training._update_kernels import ADAM, Update

Array = NDArray[Any]


class Samples(NamedTuple):
    """The training data a kernel reads."""

    inputs: Array
    labels: Array
    targets: Array


class Scratch(NamedTuple):
    """Room for one minibatch: its samples, activations, errors and gradient."""

    inputs: Array
    labels: Array
    targets: Array
    activations: Array
    errors: Array
    gradient: Array


@kernel
def gather(samples: Samples, order: Array, scratch: Scratch) -> None:
    """Copy the rows named by ``order`` into the scratch, converting precision."""
    for k in range(order.size):
        row, out = samples.inputs[order[k]], scratch.inputs[k]
        for d in range(row.size):
            out[d] = row[d]
        if samples.labels.size > 0:
            scratch.labels[k] = samples.labels[order[k]]
        for c in range(samples.targets.shape[1]):
            scratch.targets[k, c] = samples.targets[order[k], c]


@kernel
def sgd_update(
    theta: Array, slots: Array, gradient: Array, scale: float, rate: float, how: Update
) -> None:
    """Step theta -= rate * g, with momentum v <- m v + g, and g + m v for Nesterov."""
    real = theta.dtype.type
    scale_, rate_, decay, m = (
        real(scale),
        real(rate),
        real(how.weight_decay),
        real(how.momentum),
    )
    if how.momentum == 0:
        for i in range(theta.size):
            theta[i] -= rate_ * (scale_ * gradient[i] + decay * theta[i])
        return
    velocity = slots[0]
    for i in range(theta.size):
        g = scale_ * gradient[i] + decay * theta[i]
        velocity[i] = m * velocity[i] + g
        theta[i] -= rate_ * (g + m * velocity[i] if how.variant else velocity[i])


@kernel
def adam_update(
    theta: Array,
    slots: Array,
    gradient: Array,
    scale: float,
    rate: float,
    step: int,
    how: Update,
) -> None:
    """Algorithm 1 of Kingma and Ba (2015); decoupled decay as Loshchilov and Hutter (2019)."""
    real = theta.dtype.type
    scale_, b1, b2 = real(scale), real(how.momentum), real(how.beta2)
    one, epsilon = real(1), real(how.epsilon)
    coupled = real(0.0 if how.variant else how.weight_decay)
    shrink = real(rate * how.weight_decay if how.variant else 0.0)
    size = real(rate / (1 - how.momentum**step))
    correction = real(1 / math.sqrt(1 - how.beta2**step))
    first, second = slots[0], slots[1]
    for i in range(theta.size):
        g = scale_ * gradient[i] + coupled * theta[i]
        first[i] = b1 * first[i] + (one - b1) * g
        second[i] = b2 * second[i] + (one - b2) * g * g
        theta[i] -= shrink * theta[i] + size * first[i] / (
            np.sqrt(second[i]) * correction + epsilon
        )


@kernel
def train_steps(
    theta: Array,
    slots: Array,
    layout: Layout,
    samples: Samples,
    order: Array,
    rates: Array,
    first_step: int,
    how: Update,
    scratch: Scratch,
) -> float:
    """One step per entry of ``rates``, on consecutive minibatches of ``order``.

    The minibatch size is the room in ``scratch``; the last batch may be smaller. Returns the
    summed loss of the minibatches, NaN once training has diverged.
    """
    size, total = scratch.inputs.shape[0], 0.0
    for k in range(rates.size):
        rows = order[k * size : (k + 1) * size]
        n = rows.size
        gather(samples, rows, scratch)
        loss, _ = gradient_of_block(
            theta,
            layout,
            scratch.inputs[:n],
            scratch.labels[:n],
            scratch.targets[:n],
            scratch.activations,
            scratch.errors,
            scratch.gradient,
        )
        total += loss
        if not math.isfinite(loss):
            return math.nan
        if how.kind == ADAM:
            step = first_step + k + 1
            adam_update(theta, slots, scratch.gradient, 1.0 / n, rates[k], step, how)
        else:
            sgd_update(theta, slots, scratch.gradient, 1.0 / n, rates[k], how)
    return total
