"""Compiled kernels for paths: all points of a leg from two first-layer products.

Arrays here hold one unit a row and one sample a column, (units, n), so that a unit which a
leg does not change is left alone, and passes over samples are contiguous.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel
from spinglass_nn.networks._kernels import (
    CROSS_ENTROPY,
    SQUARED_HINGE,
    Layout,
    activate,
    weight_view,
)

Array = NDArray[Any]

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10  # sum: log 2
ROUNDER = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to a whole number


class Leg(NamedTuple):
    """A straight leg: its ends, what it changes in the first layer, and where to look."""

    start: Array  # (n_parameters,)
    end: Array
    changed: Array  # units of the first layer that differ at the two ends
    rows: Array  # (n_new, n_inputs), input weights at the end of the first n_new of them
    source: Array  # the rest end as these units start
    mix: Array  # (n_points, 2), weights of the two ends at each point


class Scratch(NamedTuple):
    """Flat workspaces of one thread."""

    pre: Array  # first-layer pre-activations at the leg's start
    pre_end: Array  # those of the changed units at its end
    active: Array  # activations of all layers at the point
    theta: Array  # parameters above the first layer at the point
    top: Array  # per sample: largest logit
    sums: Array  # (3 * samples), float64: for sums of exponentials
    best: Array  # per sample, int64: predicted class


@kernel
def units_view(workspace: Array, sizes: Array, layer: int, n: int) -> Array:
    """The activations (units, n) after weight layer ``layer`` in a flat workspace."""
    start = 0
    for k in range(layer):
        start += n * sizes[k + 1]
    units = sizes[layer + 1]
    return workspace[start : start + n * units].reshape((units, n))


@kernel
def add_to_rows(values: Array, theta: Array, start: int) -> None:
    """Add the bias of each unit, from ``start`` of ``theta`` on, to its row."""
    for j in range(values.shape[0]):
        bias = theta[start + j]
        row = values[j]
        for i in range(row.size):
            row[i] += bias


@kernel
def begin_block(theta: Array, layout: Layout, inputs: Array, scratch: Scratch) -> None:
    """Fill in first-layer pre-activations and activations at a node."""
    sizes, n = layout.sizes, inputs.shape[0]
    pre = units_view(scratch.pre, sizes, 0, n)
    weight = weight_view(theta, sizes, 0, 0)
    np.dot(weight, inputs.T, pre)
    if layout.bias:
        add_to_rows(pre, theta, weight.size)
    active = units_view(scratch.active, sizes, 0, n)
    active[:] = pre
    if sizes.size > 2:
        activate(active, layout.activation)


@kernel
def leg_of_block(
    leg: Leg,
    layout: Layout,
    inputs: Array,
    labels: Array,
    targets: Array,
    scratch: Scratch,
    sums: Array,
) -> None:
    """Add the block's loss and right answers at every point of a leg to ``sums``.

    Before the first leg of a block comes `begin_block`; each leg then leaves ``scratch`` as
    the next one needs it.
    """
    sizes, n = layout.sizes, inputs.shape[0]
    n_changed = leg.changed.size
    pre = units_view(scratch.pre, sizes, 0, n)
    active = units_view(scratch.active, sizes, 0, n)
    pre_end = scratch.pre_end[: n_changed * n].reshape((n_changed, n))
    end_of_leg(leg, layout, inputs, pre, pre_end)
    for p in range(leg.mix.shape[0]):
        for k in range(n_changed):
            unit = leg.changed[k]
            mix_rows(pre[unit], pre_end[k], leg.mix[p], active[unit])
            if sizes.size > 2:
                activate(active[unit], layout.activation)
        logits = upper_layers(leg, p, layout, scratch, n)
        loss, right = loss_of_columns(logits, labels, targets, layout.loss, scratch)
        sums[p, 0] += loss
        sums[p, 1] += right
    for k in range(n_changed):
        unit = leg.changed[k]
        pre[unit] = pre_end[k]
        active[unit] = pre_end[k]
        if sizes.size > 2:
            activate(active[unit], layout.activation)


@kernel
def end_of_leg(leg: Leg, layout: Layout, inputs: Array, pre: Array, pre_end: Array) -> None:
    """Pre-activations of the changed units at the end of a leg, (n_changed, n)."""
    n_new, first = leg.rows.shape[0], layout.sizes[0] * layout.sizes[1]
    if n_new > 0:
        np.dot(leg.rows, inputs.T, pre_end[:n_new])
    if layout.bias:
        for k in range(n_new):
            pre_end[k] += leg.end[first + leg.changed[k]]
    for k in range(leg.source.size):
        pre_end[n_new + k] = pre[leg.source[k]]


@kernel
def mix_rows(start: Array, end: Array, mix: Array, out: Array) -> None:
    """Write (1 - t) times one row plus t times another."""
    one, other = mix[0], mix[1]
    for i in range(out.size):
        out[i] = one * start[i] + other * end[i]


@kernel
def upper_layers(leg: Leg, p: int, layout: Layout, scratch: Scratch, n: int) -> Array:
    """Carry the first layer's activations up at point p; the logits (outputs, n)."""
    sizes, last = layout.sizes, layout.sizes.size - 2
    below = units_view(scratch.active, sizes, 0, n)
    start = sizes[1] * (sizes[0] + layout.bias)
    mix_rows(leg.start[start:], leg.end[start:], leg.mix[p], scratch.theta[start:])
    for layer in range(1, last + 1):
        out = units_view(scratch.active, sizes, layer, n)
        weight = weight_view(scratch.theta, sizes, start, layer)
        np.dot(weight, below, out)
        start += weight.size
        if layout.bias:
            add_to_rows(out, scratch.theta, start)
            start += sizes[layer + 1]
        if layer < last:
            activate(out, layout.activation)
        below = out
    return below


@kernel
def loss_of_columns(
    logits: Array, labels: Array, targets: Array, loss: int, scratch: Scratch
) -> tuple[float, int]:
    """Summed loss and number of right answers of a block; the logits are left alone."""
    n = logits.shape[1]
    top, best = scratch.top[:n], scratch.best[:n]
    largest(logits, top, best)
    right = 0
    for i in range(labels.size):
        right += best[i] == labels[i]
    if loss == CROSS_ENTROPY:
        sums = scratch.sums  # slices keep it contiguous for the compiler, rows would not
        return cross_entropy_of_columns(
            logits, labels, top, sums[:n], sums[n : 2 * n], sums[2 * n : 3 * n]
        ), right
    total = 0.0
    for c in range(logits.shape[0]):
        for i in range(n):
            t = targets[i, c]
            error = logits[c, i] - t
            if loss == SQUARED_HINGE and t * logits[c, i] >= 1:  # t = ±1, so else it is z - t
                error *= 0
            total += 0.5 * float(error) * float(error)
    return total, right


@kernel
def largest(logits: Array, top: Array, best: Array) -> None:
    """The largest logit of each sample and its place; the sign of a single output."""
    top[:] = logits[0]
    if logits.shape[0] == 1:
        for i in range(top.size):
            best[i] = 1 if top[i] > 0 else 0
        return
    best[:] = 0
    for c in range(1, logits.shape[0]):
        row = logits[c]
        for i in range(top.size):
            larger = row[i] > top[i]
            best[i] = c if larger else best[i]
            top[i] = row[i] if larger else top[i]


@kernel
def cross_entropy_of_columns(
    logits: Array, labels: Array, top: Array, sums: Array, terms: Array, powers: Array
) -> float:
    """Summed cross-entropy of a block."""
    sums[:] = 0
    for c in range(logits.shape[0]):
        row = logits[c]
        for i in range(sums.size):
            terms[i] = row[i] - top[i]
        exponentials(terms, powers)
        for i in range(sums.size):
            sums[i] += terms[i]
    loss = 0.0
    for i in range(sums.size):
        loss += math.log(sums[i]) - float(logits[labels[i], i] - top[i])
    return loss


@kernel
def exponentials(values: Array, powers: Array) -> None:
    """Replace float64 numbers, none above zero, by their exponentials, to 1e-15 relative.

    The compiler turns these loops into vector code, which a call of the library's exp
    forbids. With x = k log 2 + r, exp(x) = 2^k exp(r), |r| < 0.35: a Taylor polynomial of
    degree 13 and bits put straight into the exponent. Below -700 the result is exp(-700).
    """
    for i in range(values.size):
        x = -700.0 if values[i] < -700.0 else values[i]  # keeps a NaN
        shifted = x * LOG2_E + ROUNDER
        k = shifted - ROUNDER
        r = (x - k * LN2_HIGH) - k * LN2_LOW
        p = 1 / 6227020800 * r + 1 / 479001600
        p = (p * r + 1 / 39916800) * r + 1 / 3628800
        p = (p * r + 1 / 362880) * r + 1 / 40320
        p = (p * r + 1 / 5040) * r + 1 / 720
        p = (p * r + 1 / 120) * r + 1 / 24
        p = (p * r + 1 / 6) * r + 1 / 2
        values[i] = (p * r + 1) * r + 1
        powers[i] = shifted
    bits = powers.view(np.int64)
    for i in range(bits.size):
        bits[i] = (bits[i] + 1023) << 52  # k stood in the lowest bits
    for i in range(values.size):
        values[i] *= powers[i]
