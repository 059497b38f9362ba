"""The optimizers' arithmetic on vectors, applied where a piece of the gradient is ready."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from numpy.typing import NDArray

from spinglass_nn._core.jit import part, spliced
from spinglass_nn._core.simd_reals import (
    fused,
    lanes_of,
    load_reals,
    spread_real,
    square_root,
    store_reals,
)

Array = NDArray[Any]

SGD, ADAM = 0, 1


class Update(NamedTuple):
    """An optimizer as numbers: which one, and its constants."""

    kind: int
    momentum: float  # beta1 for Adam
    beta2: float
    epsilon: float
    weight_decay: float
    variant: bool  # Nesterov for SGD, decoupled weight decay for Adam


class Numbers(NamedTuple):
    """What one step multiplies with, in the precision of the parameters."""

    scale: Any  # one over the samples of the batch: gradients come summed
    rate: Any  # for Adam with the correction of the first moment
    decay: Any  # what is added to the gradient, per parameter
    shrink: Any  # what is taken off the parameters (decoupled decay)
    momentum: Any
    beta2: Any
    epsilon: Any
    correction: Any  # of the root of the second moment


@spliced
def numbers_of_step(how: Update, n: int, rate: float, step: int, like: Array) -> Numbers:
    """The numbers of step ``step``, counted from 1, on a batch of ``n``."""
    real = like.dtype.type
    size, shrink, correction, decay = rate, 0.0, 1.0, how.weight_decay
    if how.kind == ADAM:
        size = rate / (1 - how.momentum**step)
        correction = 1 / math.sqrt(1 - how.beta2**step)
        if how.variant:
            decay, shrink = 0.0, rate * how.weight_decay
    return Numbers(
        real(1.0 / n), real(size), real(decay), real(shrink), real(how.momentum),
        real(how.beta2), real(how.epsilon), real(correction),
    )  # fmt: skip


@part
def descend(
    theta: Array, at: int, gradient: Array, n: int, slots: Array, how: Update, by: Numbers
) -> None:
    """Move ``theta[at:at + n]``, whole vectors, along its summed gradient."""
    if how.kind == ADAM:
        _adam(theta, at, gradient, n, slots, by)
    elif how.momentum == 0:
        scale, decay = spread_real(by.scale), spread_real(by.decay)
        down = spread_real(-by.rate)
        for i in range(0, n, lanes_of(theta)):
            w = load_reals(theta, at + i)
            g = fused(decay, w, scale * load_reals(gradient, i))
            store_reals(theta, at + i, fused(down, g, w))
    else:
        _momentum(theta, at, gradient, n, slots, how.variant, by)


@spliced
def _momentum(
    theta: Array, at: int, gradient: Array, n: int, slots: Array, nesterov: bool, by: Numbers
) -> None:
    """Velocity v <- m v + g, and a step along it, or along g + m v for Nesterov's variant."""
    scale, decay = spread_real(by.scale), spread_real(by.decay)
    down, m = spread_real(-by.rate), spread_real(by.momentum)
    for i in range(0, n, lanes_of(theta)):
        w = load_reals(theta, at + i)
        g = fused(decay, w, scale * load_reals(gradient, i))
        v = fused(m, load_reals(slots, at + i), g)
        store_reals(slots, at + i, v)
        along = fused(m, v, g) if nesterov else v
        store_reals(theta, at + i, fused(down, along, w))


@spliced
def _adam(theta: Array, at: int, gradient: Array, n: int, slots: Array, by: Numbers) -> None:
    """Algorithm 1 of Kingma and Ba (2015); decoupled decay as Loshchilov and Hutter (2019)."""
    one = spread_real(theta.dtype.type(1))
    scale, decay, keep = spread_real(by.scale), spread_real(by.decay), spread_real(by.shrink)
    b1, b2 = spread_real(by.momentum), spread_real(by.beta2)
    rate, epsilon = spread_real(by.rate), spread_real(by.epsilon)
    correction = spread_real(by.correction)
    second = at + theta.size
    for i in range(0, n, lanes_of(theta)):
        w = load_reals(theta, at + i)
        g = fused(decay, w, scale * load_reals(gradient, i))
        first = fused(b1, load_reals(slots, at + i), (one - b1) * g)
        square = fused(b2, load_reals(slots, second + i), (one - b2) * g * g)
        store_reals(slots, at + i, first)
        store_reals(slots, second + i, square)
        step = rate * first / fused(square_root(square), correction, epsilon)
        store_reals(theta, at + i, w - fused(keep, w, step))


@part
def collect(total: Array, at: int, gradient: Array, n: int, first: bool) -> None:
    """Add a piece of gradient to the total, or begin the total with it."""
    for i in range(0, n, lanes_of(total)):
        g = load_reals(gradient, i)
        if not first:
            g = g + load_reals(total, at + i)
        store_reals(total, at + i, g)


@part
def add_collected(gradient: Array, total: Array, at: int, n: int) -> None:
    """Add what was collected to the last piece."""
    for i in range(0, n, lanes_of(total)):
        store_reals(gradient, i, load_reals(gradient, i) + load_reals(total, at + i))
