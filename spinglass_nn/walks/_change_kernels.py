"""Compiled kernels: what a change of one unit does to the loss.

Samples lie side by side, in rows of ``wide`` entries, a multiple of `COLUMNS`; entries beyond
the last sample never change. If the unit's activation changes by a, the outputs change by a
times its outgoing weights w. For the cross-entropy, with p the softmax of the outputs,

    l' - l = log(1 + u) - a w_y,    u = sum_c p_c (e^{a w_c} - 1),

which stays exact where changes are tiny; sums of ratios of exponentials would not.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import inlined, kernel, part
from spinglass_nn._core.products import ZERO, Int
from spinglass_nn._core.simd_functions import (
    exponentials,
    exponentials_less_one,
    hyperbolic_tangents,
)
from spinglass_nn._core.simd_layers import product_beyond_one, where_equal, where_larger
from spinglass_nn._core.simd_reals import (
    fused,
    lanes_of,
    larger_of,
    load_reals,
    rectified,
    spread_real,
    store_reals,
    sum_of_lanes,
)
from spinglass_nn.networks._affine_kernels import (
    Family,
    Scratch,
    bend,
    decide,
    layer_above,
    prepare_block,
    signs_of,
    straighten,
)
from spinglass_nn.networks._column_loss_kernels import COLUMNS, FAR, cross_entropy, squared_loss
from spinglass_nn.networks._kernels import (
    CROSS_ENTROPY,
    RELU,
    SIGN,
    SQUARED_HINGE,
    TANH,
    Layout,
)

Array = NDArray[Any]

NEAR = 0.5  # largest change of an output that is weighed by 1 + u


class Table(NamedTuple):
    """The data as single moves read them, the same for all walkers."""

    inputs: Array  # (n_inputs * wide,): bytes or reals, all samples of an input together
    scale: Array  # (2,): what is stored as c stands for c scale[0] + scale[1]
    labels: Array  # (wide,), as reals; -1 where there is none
    targets: Array  # (n_blocks, n_outputs, COLUMNS), flat


class Memory(NamedTuple):
    """What one walker knows of the point where it is, and room for a trial."""

    sums: Array  # (n_units, wide), flat: sums of all units, layer after layer; outputs last
    chances: Array  # (n_outputs, wide), flat: their softmax; empty for other losses
    upper: Array  # weights above the first layer, (inputs, outputs), and biases
    shift: Array  # (wide,): change of a unit's sum
    change: Array  # (wide,): change of its activation
    deltas: Array  # changes of the weights into a unit, and of its bias
    outgoing: Array  # weights out of it
    active: Array  # (2, units, COLUMNS), flat: layers below and above by turns


@inlined
def activated(x: Any, activation: Int, one: Any) -> Any:
    """The activation of a vector of sums; ``one`` is 1 in each lane."""
    if activation == RELU:
        return rectified(x)
    if activation == TANH:
        return hyperbolic_tangents(x)
    if activation == SIGN:
        return signs_of(x, one - one, one)
    return x


@inlined
def scale_down(values: Array, n: Int, wide: Int, at: Int, total: Any) -> None:
    """Divide n vectors, in columns from ``at`` on, by their sum."""
    share = spread_real(values.dtype.type(1)) / total
    for k in range(n):
        store_reals(values, k * wide + at, load_reals(values, k * wide + at) * share)


@part
def change_of_activation(memory: Memory, at: Int, activation: Int, out: Array) -> None:
    """Fill ``out`` for the unit whose sums begin at ``at``."""
    sums, shift, one = memory.sums, memory.shift, spread_real(out.dtype.type(1))
    for i in range(0, out.size, lanes_of(out)):
        old = load_reals(sums, at + i)
        new = old + load_reals(shift, i)
        store_reals(out, i, activated(new, activation, one) - activated(old, activation, one))


@part
def change_of_cross_entropy(
    change: Array, weights: Array, first: Int, end: Int, chances: Array, labels: Array
) -> float:
    """Summed change of the loss if outputs ``first`` to ``end`` change by change times weight."""
    wide, lanes = change.size, lanes_of(change)
    real = change.dtype.type
    zero = spread_real(real(0))
    product, total = 1.0, 0.0
    for low in range(0, wide, COLUMNS):
        answers = zero
        for i in range(low, low + COLUMNS, lanes):
            a, label, u = load_reals(change, i), load_reals(labels, i), zero
            for c in range(first, end):
                moved = a * spread_real(weights[c])
                chance = load_reals(chances, c * wide + i)
                u = fused(chance, exponentials_less_one(moved), u)
                answers = where_equal(label, spread_real(real(c)), answers + moved, answers)
            product *= product_beyond_one(u)
        total -= float(sum_of_lanes(answers))
        if not 1 / FAR < product < FAR:
            total += math.log(product)
            product = 1.0
    return total + math.log(product)


@part
def move_chances(change: Array, weights: Array, chances: Array) -> None:
    """The softmax after outputs change by change times weight, at most `NEAR`.

    Its sum is made 1 each time: rounding of ``1 + u`` has a bias that adds up.
    """
    wide = change.size
    for i in range(0, wide, lanes_of(change)):
        a, total = load_reals(change, i), spread_real(change.dtype.type(0))
        for c in range(weights.size):
            chance = load_reals(chances, c * wide + i)
            grown = fused(chance, exponentials_less_one(a * spread_real(weights[c])), chance)
            store_reals(chances, c * wide + i, grown)
            total = total + grown
        scale_down(chances, weights.size, wide, i, total)


@part
def change_of_squares(
    change: Array, weights: Array, first: Int, end: Int, sums: Array, at: Int, targets: Array,
    n_outputs: Int, hinge: bool,
) -> float:  # fmt: skip
    """The same for the squared error and hinge; outputs are ``sums`` from ``at`` on.

    Half a difference of squares is (m' - m) (m' + m) / 2.
    """
    wide, lanes = change.size, lanes_of(change)
    real = change.dtype.type
    zero, one, total = spread_real(real(0)), spread_real(real(1)), 0.0
    for low in range(0, wide, COLUMNS):
        some = zero
        for c in range(first, end):
            weight, goal = spread_real(weights[c]), low * n_outputs + c * COLUMNS
            for i in range(COLUMNS // lanes):
                step = i * lanes
                old = load_reals(sums, at + c * wide + low + step)
                new = fused(load_reals(change, low + step), weight, old)
                target = load_reals(targets, goal + step)
                before, after = old - target, new - target
                if hinge:  # targets are ±1, so within the margin it is the error
                    before = where_larger(target * old, one, zero, before)
                    after = where_larger(target * new, one, zero, after)
                some = fused(after - before, after + before, some)
        total += float(sum_of_lanes(some))
    return 0.5 * total


@part
def move_sums(change: Array, weights: Array, sums: Array, at: Int) -> None:
    """Add the change times a weight to each row of sums that begin at ``at``."""
    wide = change.size
    for c in range(weights.size):
        if weights[c] != 0:
            weight = spread_real(weights[c])
            for i in range(0, wide, lanes_of(change)):
                place = at + c * wide + i
                moved = fused(load_reals(change, i), weight, load_reals(sums, place))
                store_reals(sums, place, moved)


@part
def move_row(shift: Array, sums: Array, at: Int) -> None:
    """Add the shift to the sums of one unit."""
    for i in range(0, shift.size, lanes_of(shift)):
        store_reals(sums, at + i, load_reals(sums, at + i) + load_reals(shift, i))


@part
def keep_softmax(
    active: Array, at: Int, n_outputs: Int, chances: Array, wide: Int, to: Int
) -> None:
    """The softmax of a block of outputs."""
    real = active.dtype.type
    for i in range(0, COLUMNS, lanes_of(active)):
        top = load_reals(active, at + i)
        for c in range(1, n_outputs):
            top = larger_of(load_reals(active, at + c * COLUMNS + i), top)
        total = spread_real(real(0))
        for c in range(n_outputs):
            term = exponentials(load_reals(active, at + c * COLUMNS + i) - top)
            store_reals(chances, c * wide + to + i, term)
            total = total + term
        scale_down(chances, n_outputs, wide, to + i, total)


@part
def keep_block(active: Array, at: Int, units: Int, sums: Array, to: Int, wide: Int) -> None:
    """Copy a block's sums of a layer to where they are remembered."""
    for unit in range(units):
        for i in range(0, COLUMNS, lanes_of(active)):
            value = load_reals(active, at + unit * COLUMNS + i)
            store_reals(sums, to + unit * wide + i, value)


@part
def climb(
    memory: Memory, table: Table, layout: Layout, layer: Int, row: Int, low: Int, n: Int,
    keep: bool,
) -> float:  # fmt: skip
    """Summed loss of the ``n`` samples of a block from ``low`` on, from a layer's sums upwards.

    They stand at the beginning of ``active``; units of the layer are numbered from ``row``.
    """
    sizes, active = layout.sizes, memory.active
    last, wide = sizes.size - 2, memory.change.size
    below: Any = np.int64(0)
    above: Any = active.size // 2
    start: Any = np.int64(0)
    for under in range(1, layer + 1):
        start += (sizes[under] + 1) * sizes[under + 1]
    for here in range(layer, last + 1):
        n_in = sizes[here + 1]
        if keep:
            keep_block(active, below, n_in, memory.sums, row * wide + low, wide)
        if here < last:
            n_out = sizes[here + 2]
            if layout.activation == TANH:
                bend(active, below, n_in)
            elif layout.activation == RELU:
                straighten(active, below, n_in)
            elif layout.activation == SIGN:
                decide(active, below, n_in)
            layer_above(memory.upper, start, n_in, n_out, active, below, above)
            start += (n_in + 1) * n_out
            row += n_in
            below, above = above, below
    n_outputs = sizes[last + 1]
    if layout.loss == CROSS_ENTROPY:
        labels = table.labels[low : low + COLUMNS]
        if keep:
            keep_softmax(active, below, n_outputs, memory.chances, wide, low)
        total, _ = cross_entropy(active, below, n_outputs, n, labels)
        return total
    targets = table.targets[low * n_outputs : (low + COLUMNS) * n_outputs]
    hinge = layout.loss == SQUARED_HINGE
    return squared_loss(active, below, n_outputs, n, targets, hinge)


@part
def climb_all(
    memory: Memory, table: Table, layout: Layout, change: Array, layer: Int, row: Int, n: Int,
    keep: bool,
) -> float:  # fmt: skip
    """Summed loss if the sums of a layer change by the change times the outgoing weights."""
    units, wide, total = layout.sizes[layer + 1], change.size, 0.0
    active, sums, outgoing = memory.active, memory.sums, memory.outgoing
    for low in range(0, wide, COLUMNS):
        for unit in range(units):
            weight, at = spread_real(outgoing[unit]), (row + unit) * wide + low
            for i in range(0, COLUMNS, lanes_of(active)):
                moved = fused(load_reals(change, low + i), weight, load_reals(sums, at + i))
                store_reals(active, unit * COLUMNS + i, moved)
        some = min(COLUMNS, n - low)
        total += climb(memory, table, layout, layer, row, low, some, keep)
    return total


@kernel
def remember(
    family: Family, layout: Layout, inputs: Array, first: Int, table: Table, memory: Memory,
    scratch: Scratch,
) -> float:  # fmt: skip
    """Compute all sums of the samples ``inputs``, which begin at ``first``; their summed loss."""
    width, total = layout.sizes[1], 0.0
    pool, active = scratch.pool, memory.active
    for low in range(0, inputs.shape[0], COLUMNS):
        n = min(COLUMNS, inputs.shape[0] - low)
        prepare_block(family, inputs, low, n, scratch)
        for i in range(width * COLUMNS):
            active[i] = pool[i]
        total += climb(memory, table, layout, ZERO, ZERO, first + low, n, True)
    return total
