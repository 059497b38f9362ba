"""Compiled kernels: walks that move one weight or one unit at a time."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel, part
from spinglass_nn._core.products import ZERO, Int
from spinglass_nn._core.simd_reals import (
    fused,
    lanes_of,
    larger_of,
    largest_lane,
    load_as,
    load_reals,
    spread_real,
    store_reals,
)
from spinglass_nn._core.streams import below, uniform
from spinglass_nn.networks._kernels import CROSS_ENTROPY, SQUARED_HINGE, Layout
from spinglass_nn.walks._change_kernels import (
    NEAR,
    Memory,
    Table,
    activated,
    change_of_activation,
    change_of_cross_entropy,
    change_of_squares,
    climb_all,
    move_chances,
    move_row,
    move_sums,
)

Array = NDArray[Any]

FREE, METROPOLIS, CAP = 0, 1, 2
CHUNK = 2048  # samples whose shift stays in the first-level cache while inputs stream by


class Chance(NamedTuple):
    """How moves are drawn and judged."""

    weight: bool  # one weight at a time, or one unit
    step: float
    rule: Int
    limit: float  # temperature or highest loss
    penalties: Array  # (n_layers,): temperature over 2 sigma^2 of a normal prior; empty if none


class Place(NamedTuple):
    """Which parameters move: inputs ``first`` to ``end`` of a unit; the bias comes last."""

    layer: Int
    unit: Int
    first: Int
    end: Int
    start: Int  # of the layer, in the parameter vector
    upper: Int  # of the layer, in the transposed weights above the first
    row: Int  # of the layer's first unit among all


@part
def draw_place(layout: Layout, weight: bool, state: Array) -> Place:
    """Draw a parameter, or a unit, with equal probability."""
    sizes, bias = layout.sizes, np.int64(layout.bias)
    total: Int = ZERO
    for layer in range(sizes.size - 1):
        total += sizes[layer + 1] * (sizes[layer] + bias if weight else 1)
    drawn = below(state, total)
    start, upper, row = ZERO, ZERO, ZERO
    for layer in range(sizes.size - 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        inside = n_out * (n_in + bias) if weight else n_out
        if drawn < inside:
            break
        drawn -= inside
        start += n_out * (n_in + bias)
        upper += n_out * (n_in + 1) if layer > 0 else 0
        row += n_out
    if not weight:
        return Place(layer, drawn, ZERO, n_in + bias, start, upper, row)
    unit, k = drawn // n_in, drawn % n_in
    if drawn >= n_in * n_out:
        unit, k = drawn - n_in * n_out, n_in
    return Place(layer, unit, k, k + 1, start, upper, row)


@part
def parameter(layout: Layout, place: Place, k: Int) -> Int:
    """Where the weight of a unit's input k, or its bias, stands in the parameter vector."""
    n_in, n_out = layout.sizes[place.layer], layout.sizes[place.layer + 1]
    if k < n_in:
        return place.start + place.unit * n_in + k
    return place.start + n_in * n_out + place.unit


@part
def draw_deltas(
    layout: Layout, place: Place, length: float, position: Array, state: Array, deltas: Array
) -> None:
    """Draw the changes: normal, made so that what is added is what the sums will see."""
    scale = length / math.sqrt(place.end - place.first)
    for k in range(place.first, place.end, 2):  # Box and Muller, two at a time
        radius = scale * math.sqrt(-2 * math.log(1 - uniform(state)))
        angle = 2 * math.pi * uniform(state)
        deltas[k] = radius * math.cos(angle)
        if k + 1 < place.end:
            deltas[k + 1] = radius * math.sin(angle)
    for k in range(place.first, place.end):
        old = position[parameter(layout, place, k)]
        deltas[k] = (old + deltas[k]) - old


@part
def add_input(source: Array, at: Int, factor: float, shift: Array, low: Int, high: Int) -> None:
    """Add a multiple of one input."""
    weight = spread_real(factor)
    for i in range(low, high, lanes_of(shift)):
        value = fused(load_as(source, at + i, shift), weight, load_reals(shift, i))
        store_reals(shift, i, value)


@part
def add_four_inputs(
    source: Array, at: Int, wide: Int, deltas: Array, k: Int, scale: float, shift: Array,
    low: Int, high: Int,
) -> None:  # fmt: skip
    """Add multiples of four inputs, the first of which begins at ``at``."""
    a, b = spread_real(scale * deltas[k]), spread_real(scale * deltas[k + 1])
    c, d = spread_real(scale * deltas[k + 2]), spread_real(scale * deltas[k + 3])
    for i in range(low, high, lanes_of(shift)):
        place = at + i
        value = fused(load_as(source, place, shift), a, load_reals(shift, i))
        value = fused(load_as(source, place + wide, shift), b, value)
        value = fused(load_as(source, place + 2 * wide, shift), c, value)
        store_reals(shift, i, fused(load_as(source, place + 3 * wide, shift), d, value))


@part
def shift_from_inputs(table: Table, memory: Memory, place: Place, n_in: Int, wide: Int) -> None:
    """Change of the sums of a unit of the first layer."""
    shift, deltas, inputs = memory.shift, memory.deltas, table.inputs
    scale, constant = table.scale[0], 0.0
    end = min(place.end, n_in)
    for k in range(place.first, end):
        constant += float(deltas[k]) * float(table.scale[1])
    if place.end > n_in:
        constant += float(deltas[n_in])
    for low in range(0, wide, CHUNK):
        high = min(low + CHUNK, wide)
        shift[low:high] = constant
        k = place.first
        while k + 4 <= end:
            add_four_inputs(inputs, k * wide, wide, deltas, k, scale, shift, low, high)
            k += 4
        while k < end:
            add_input(inputs, k * wide, scale * deltas[k], shift, low, high)
            k += 1


@part
def shift_from_units(
    memory: Memory, place: Place, n_in: Int, wide: Int, activation: Int
) -> None:
    """Change of the sums of a unit above the first layer."""
    shift, deltas, sums = memory.shift, memory.deltas, memory.sums
    one = spread_real(shift.dtype.type(1))
    shift[:] = deltas[n_in] if place.end > n_in else 0
    for k in range(place.first, min(place.end, n_in)):
        weight, at = spread_real(deltas[k]), (place.row - n_in + k) * wide
        for i in range(0, wide, lanes_of(shift)):
            value = activated(load_reals(sums, at + i), activation, one)
            store_reals(shift, i, fused(value, weight, load_reals(shift, i)))


@part
def shift_of_unit(table: Table, memory: Memory, layout: Layout, place: Place, n: Int) -> None:
    """Change of the sums of the unit that moves; none beyond the last of n samples."""
    n_in, wide = layout.sizes[place.layer], memory.shift.size
    if place.layer == 0:
        shift_from_inputs(table, memory, place, n_in, wide)
    else:
        shift_from_units(memory, place, n_in, wide, layout.activation)
    memory.shift[n:] = 0


@part
def find_outgoing(memory: Memory, layout: Layout, place: Place) -> Int:
    """The weights by which a change of the unit enters the outputs, or the next layer.

    An output enters as itself. Returns the layer that they lead to.
    """
    sizes, outgoing = layout.sizes, memory.outgoing
    last = sizes.size - 2
    if place.layer == last:
        outgoing[: sizes[last + 1]] = 0
        outgoing[place.unit] = 1
        return last
    n_out = sizes[place.layer + 2]
    above = place.upper
    if place.layer > 0:
        above += (sizes[place.layer] + 1) * sizes[place.layer + 1]
    begin = above + place.unit * n_out
    for c in range(n_out):
        outgoing[c] = memory.upper[begin + c]
    return place.layer + 1


@part
def largest_change(memory: Memory, change: Array, units: Int) -> float:
    """The largest change of an output or a sum of the next layer."""
    zero = spread_real(change.dtype.type(0))
    top, weight = zero, 0.0
    for i in range(0, change.size, lanes_of(change)):
        value = load_reals(change, i)
        top = larger_of(larger_of(value, zero - value), top)
    for unit in range(units):
        weight = max(weight, abs(float(memory.outgoing[unit])))
    return float(largest_lane(top)) * weight


@part
def near_change(
    table: Table, memory: Memory, layout: Layout, place: Place, change: Array, row: Int
) -> float:
    """Summed change of the loss, from that of the outputs alone."""
    last = layout.sizes.size - 2
    n_outputs = layout.sizes[last + 1]
    first, end = ZERO, n_outputs
    if place.layer == last:
        first, end = place.unit, place.unit + 1
    outgoing = memory.outgoing[:n_outputs]
    if layout.loss == CROSS_ENTROPY:
        return change_of_cross_entropy(
            change, outgoing, first, end, memory.chances, table.labels
        )
    hinge = layout.loss == SQUARED_HINGE
    at = row * change.size
    return change_of_squares(
        change, outgoing, first, end, memory.sums, at, table.targets, n_outputs, hinge
    )


@part
def move_memory(
    table: Table, memory: Memory, layout: Layout, place: Place, change: Array, to: Int,
    row: Int, near: bool, n: Int,
) -> None:  # fmt: skip
    """Bring all that is remembered to the point after an accepted move."""
    units = layout.sizes[to + 1]
    if near:
        move_sums(change, memory.outgoing[:units], memory.sums, row * change.size)
        if layout.loss == CROSS_ENTROPY:
            move_chances(change, memory.outgoing[:units], memory.chances)
    else:
        climb_all(memory, table, layout, change, to, row, n, True)
    if place.layer == to:
        return
    move_row(memory.shift, memory.sums, (place.row + place.unit) * change.size)


@part
def move_upper(memory: Memory, layout: Layout, place: Place) -> None:
    """Add the changes to the transposed weights."""
    n_out = layout.sizes[place.layer + 1]
    for k in range(place.first, place.end):
        memory.upper[place.upper + k * n_out + place.unit] += memory.deltas[k]


@part
def accepts(chance: Chance, loss: float, change: float, state: Array) -> bool:
    """Whether a move is made; one uniform is drawn for Metropolis, whatever the change."""
    if chance.rule == CAP:
        return loss + change <= chance.limit
    drawn = uniform(state)
    if change <= 0:
        return True
    return chance.limit > 0 and drawn < math.exp(-change / chance.limit)


@part
def change_of_penalty(
    layout: Layout, place: Place, penalties: Array, position: Array, deltas: Array
) -> float:
    """Change of the penalty, of the numbers that the position holds before and after."""
    total = 0.0
    for k in range(place.first, place.end):
        old = position[parameter(layout, place, k)]
        new = old + deltas[k]
        before, after = np.float64(old), np.float64(new)
        total += (after - before) * (after + before)
    return float(penalties[place.layer]) * total


@kernel
def walk_singly(
    position: Array, state: Array, table: Table, memory: Memory, layout: Layout,
    chance: Chance, loss: float, n: Int, n_moves: Int,
) -> tuple[float, Int]:  # fmt: skip
    """Make moves of one weight or unit; the mean loss after them, and how many were made.

    Sums, softmax and weights in ``memory`` go with ``position``. A free walk needs none.
    """
    last, accepted = layout.sizes.size - 2, 0
    for _ in range(n_moves):
        place = draw_place(layout, chance.weight, state)
        draw_deltas(layout, place, chance.step, position, state, memory.deltas)
        if chance.rule != FREE:
            shift_of_unit(table, memory, layout, place, n)
            to = find_outgoing(memory, layout, place)
            row, moved = place.row, memory.shift
            if to > place.layer:
                row, moved = place.row + layout.sizes[place.layer + 1], memory.change
                at = (place.row + place.unit) * moved.size
                change_of_activation(memory, at, layout.activation, moved)
            near = to == last and (
                layout.loss != CROSS_ENTROPY
                or largest_change(memory, moved, layout.sizes[to + 1]) <= NEAR
            )
            if near:
                change = near_change(table, memory, layout, place, moved, row) / n
            else:
                change = climb_all(memory, table, layout, moved, to, row, n, False) / n - loss
            weighed = change
            if chance.penalties.size > 0:
                weighed += change_of_penalty(
                    layout, place, chance.penalties, position, memory.deltas
                )
            if not accepts(chance, loss, weighed, state):
                continue
            move_memory(table, memory, layout, place, moved, to, row, near, n)
            if place.layer > 0:
                move_upper(memory, layout, place)
            loss += change
        for k in range(place.first, place.end):
            position[parameter(layout, place, k)] += memory.deltas[k]
        accepted += 1
    return loss, accepted
