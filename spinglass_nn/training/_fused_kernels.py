"""Training in packed form: forward, back and the optimizer's step, a register tile at a time.

A piece of the gradient is used as soon as its tile is summed: the parameters move, and the
gradient is never stored, unless a batch takes several blocks.

Several threads can take the steps of one network together. A layer's tiles, of activations, of
errors and of gradients, are shared out among them, panel by panel, so that the weights of a panel
mostly stay with one core; they meet before one reads what another has written.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel, part, spliced
from spinglass_nn._core.products import ZERO, Int, panel_width, tile_of_panel, whole_vectors
from spinglass_nn._core.simd_functions import hyperbolic_tangents
from spinglass_nn._core.simd_layers import where_larger
from spinglass_nn._core.simd_meetings import Crew, common_loss, meet, share_of, tell_loss
from spinglass_nn._core.simd_reals import (
    lanes_of,
    larger_of,
    load_reals,
    rectified,
    spread_real,
    store_reals,
    where_positive,
)
from spinglass_nn._core.simd_tiles import TILE_ROWS, TILE_VECTORS, transpose_square
from spinglass_nn.networks._kernels import IDENTITY, RELU, SIGN, TANH
from spinglass_nn.networks._output_kernels import Answers, output_errors
from spinglass_nn.training._gather_kernels import Inputs, gather, prefetch_rows
from spinglass_nn.training._update_kernels import (
    Numbers,
    Update,
    add_collected,
    collect,
    descend,
    numbers_of_step,
)

Array = NDArray[Any]
ONE: Int = np.int64(1)
ROWS: Int = np.int64(TILE_ROWS)
# Rows of weights whose gradient is summed before they move: 8 tiles are 8 kB of float32.
GROUP = 8 * TILE_ROWS


class Plan(NamedTuple):
    """Sizes and places, as kernels read them; layers count from 0."""

    sizes: Array  # (n_layers + 1,)
    bias: bool
    activation: int
    loss: int
    weights: Array  # where the packed weights of a layer begin
    biases: Array  # where its biases begin
    turned: Array  # where its weights, packed the other way round, begin
    places: Array  # where its activations, and errors, begin
    rows: Array  # entries from one sample's activations to the next sample's
    input_row: int  # the same for the inputs
    block: int  # samples at a time
    batch: int  # samples of a step


class Room(NamedTuple):
    """Memory of one replica in training, all of it flat and aligned.

    Threads that train it together share all but ``inputs``, ``sums`` and ``tile``.
    """

    packed: Array  # parameters
    slots: Array  # the optimizer's memory, one packed vector after the other
    total: Array  # gradient summed over the blocks so far, packed
    turned: Array  # weights packed the other way round, for the way back
    inputs: Array
    activations: Array
    errors: Array
    sums: Array  # of one column each, for the biases
    tile: Array


@spliced
def n_panels(total: Int, array: Array) -> Any:
    """Panels of ``total`` columns, whole vectors."""
    return -(-total // (TILE_VECTORS * lanes_of(array)))


@part
def turn(
    packed: Array, plan: Plan, layer: Int, low: Int, begin: Int, end: Int, turned: Array
) -> None:
    """Pack W (outputs, inputs) of a layer as a right factor, from W^T packed as one.

    Only the panel of outputs that begins at ``low``, and inputs ``begin`` to ``end``, which are
    bounds of panels of W.
    """
    lanes = lanes_of(packed)
    n_in = whole_vectors(plan.sizes[layer], packed)
    n_out = whole_vectors(plan.sizes[layer + 1], packed)
    wide = panel_width(n_out - low, packed)
    left = begin  # first input of a panel of W
    while left < end:
        across = panel_width(n_in - left, packed)
        source = plan.weights[layer] + low * n_in + left * wide
        place = plan.turned[layer] + left * n_out + low * across
        for i in range(0, across, lanes):
            for o in range(0, wide, lanes):
                corner = place + o * across + i
                transpose_square(packed, source + i * wide + o, wide, turned, corner, across)
        left += across


@part
def turn_layer(packed: Array, plan: Plan, layer: Int, turned: Array) -> None:
    """All of a layer's weights packed the other way round."""
    n_in = whole_vectors(plan.sizes[layer], packed)
    n_out = whole_vectors(plan.sizes[layer + 1], packed)
    for low in range(0, n_out, TILE_VECTORS * lanes_of(packed)):
        turn(packed, plan, layer, low, ZERO, n_in, turned)


@spliced
def finish_activations(
    tile: Array, n: Int, wide: Int, biases: Array, bias_at: Int, out: Array, at: Int, row: Int,
    activation: Int,
) -> None:  # fmt: skip
    """Add biases to a tile, apply the activation, and put it where it belongs."""
    zero, one = spread_real(tile.dtype.type(0)), spread_real(tile.dtype.type(1))
    beyond = spread_real(tile.dtype.type(1) + np.finfo(tile.dtype).eps)
    for j in range(0, wide, lanes_of(tile)):
        bias = load_reals(biases, bias_at + j)
        for r in range(n):
            z = load_reals(tile, r * wide + j) + bias
            if activation == RELU:
                z = rectified(z)
            elif activation == TANH:
                z = hyperbolic_tangents(z)
            elif activation == SIGN:
                size = where_larger(one, larger_of(z, zero - z), beyond, one)
                z = where_larger(zero, z, zero - size, size)
            store_reals(out, at + r * row + j, z)


@part
def forward_layer(
    below: Array, start: Int, row: Int, n: Int, plan: Plan, layer: Int, room: Room,
    inputs: Inputs, order: Array, coming: Int, crew: Crew,
) -> None:  # fmt: skip
    """Activations of one layer; the first asks for the inputs of the samples coming next."""
    depth, lines = plan.sizes[layer], plan.rows[layer]
    spacing = whole_vectors(depth, room.packed)
    total = whole_vectors(plan.sizes[layer + 1], room.packed)
    activation = plan.activation if layer + 1 < plan.rows.size else IDENTITY
    tiles = -(-n // ROWS)
    begin, end = share_of(crew, tiles * n_panels(total, room.packed))
    for tile in range(begin, end):
        first, i = tile // tiles * TILE_VECTORS * lanes_of(room.packed), tile % tiles * ROWS
        wide = panel_width(total - first, room.packed)
        if layer == 0 and tile < begin + tiles:
            soon = coming + (tile - begin) * ROWS
            prefetch_rows(inputs, order, soon, soon + ROWS)
        rows = min(ROWS, n - i)
        tile_of_panel(
            below, start + i * row, row, ONE, room.packed,
            plan.weights[layer] + first * spacing, wide, depth, rows, wide, room.tile, ZERO,
        )  # fmt: skip
        finish_activations(
            room.tile, rows, wide, room.packed, plan.biases[layer] + first, room.activations,
            plan.places[layer] + i * lines + first, lines, activation,
        )  # fmt: skip


@spliced
def finish_errors(
    tile: Array, n: Int, wide: Int, activations: Array, at: Int, row: Int, errors: Array,
    activation: Int,
) -> None:  # fmt: skip
    """Multiply a tile by the slope of the activation, told from its output."""
    zero, one = spread_real(tile.dtype.type(0)), spread_real(tile.dtype.type(1))
    for r in range(n):
        for j in range(0, wide, lanes_of(tile)):
            e, place = load_reals(tile, r * wide + j), at + r * row + j
            a = load_reals(activations, place)
            if activation == RELU:
                e = where_positive(e, a)
            elif activation == TANH:
                e = e * (one - a * a)
            elif activation == SIGN:
                e = where_larger(larger_of(a, zero - a), one, e, zero)
            store_reals(errors, place, e)


@part
def errors_below(delta: Array, n: Int, plan: Plan, layer: Int, room: Room, crew: Crew) -> None:
    """Errors of the layer below, from those of ``layer``."""
    n_out, row, lower = plan.sizes[layer + 1], plan.rows[layer], plan.rows[layer - 1]
    spacing = whole_vectors(n_out, room.packed)
    total = whole_vectors(plan.sizes[layer], room.packed)
    tiles = -(-n // ROWS)
    begin, end = share_of(crew, tiles * n_panels(total, room.packed))
    for tile in range(begin, end):
        first, i = tile // tiles * TILE_VECTORS * lanes_of(room.packed), tile % tiles * ROWS
        wide, rows = panel_width(total - first, room.packed), min(ROWS, n - i)
        tile_of_panel(
            delta, plan.places[layer] + i * row, row, ONE, room.turned,
            plan.turned[layer] + first * spacing, wide, n_out, rows, wide, room.tile, ZERO,
        )  # fmt: skip
        finish_errors(
            room.tile, rows, wide, room.activations,
            plan.places[layer - 1] + i * lower + first, lower, room.errors, plan.activation,
        )  # fmt: skip


@spliced
def learn(
    room: Room, at: Int, gradient: Array, n: Int, how: Update, by: Numbers, first: bool,
    last: bool,
) -> None:  # fmt: skip
    """Use a piece of gradient: the parameters move with the last block of a batch."""
    if not last:
        collect(room.total, at, gradient, n, first)
        return
    if not first:
        add_collected(gradient, room.total, at, n)
    descend(room.packed, at, gradient, n, room.slots, how, by)


@part
def learn_layer(
    below: Array, start: Int, below_row: Int, delta: Array, n: Int, plan: Plan, layer: Int,
    room: Room, how: Update, by: Numbers, first_block: bool, last_block: bool, crew: Crew,
) -> None:  # fmt: skip
    """Gradient of one layer's weights and biases, used tile by tile."""
    n_in, row = plan.sizes[layer], plan.rows[layer]
    spacing = whole_vectors(n_in, room.packed)
    total = whole_vectors(plan.sizes[layer + 1], room.packed)
    groups = -(-n_in // GROUP)
    begin, stop = share_of(crew, groups * n_panels(total, room.packed))
    for group in range(begin, stop):
        first = group // groups * TILE_VECTORS * lanes_of(room.packed)
        low: Int = group % groups * GROUP
        wide, end = panel_width(total - first, room.packed), min(low + GROUP, n_in)
        for i in range(low, end, TILE_ROWS):
            tile_of_panel(
                below, start + i, ONE, below_row, delta, plan.places[layer] + first,
                row, n, min(ROWS, end - i), wide, room.tile, (i - low) * wide,
            )  # fmt: skip
        here, size = plan.weights[layer] + first * spacing + low * wide, (end - low) * wide
        learn(room, here, room.tile, size, how, by, first_block, last_block)
        if layer > 0 and last_block:
            to = min(low + GROUP, spacing)
            turn(room.packed, plan, layer, first, low, to, room.turned)
        if plan.bias and low == 0:
            column_sums(delta, plan.places[layer] + first, row, n, wide, room.sums)
            at = plan.biases[layer] + first
            learn(room, at, room.sums, wide, how, by, first_block, last_block)


@spliced
def column_sums(values: Array, start: Int, row: Int, n: Int, width: Int, out: Array) -> None:
    """Sums over ``n`` rows, for ``width`` columns in whole vectors."""
    for j in range(0, width, lanes_of(values)):
        total = load_reals(values, start + j)
        for i in range(1, n):
            total = total + load_reals(values, start + i * row + j)
        store_reals(out, j, total)


@spliced
def block_errors(
    plan: Plan, inputs: Inputs, answers: Answers, order: Array, begin: Int, n: Int, room: Room,
    crew: Crew,
) -> None:  # fmt: skip
    """Activations of a block, then the errors of its outputs; this member's loss is told."""
    top = plan.rows.size - 1
    gather(inputs, order, begin, n, room.inputs, plan.input_row)
    below, start, row = room.inputs, ZERO, plan.input_row
    for layer in range(top + 1):
        coming = begin + n if layer == 0 else order.size
        forward_layer(
            below, start, row, n, plan, layer, room, inputs, order, coming, crew
        )  # fmt: skip
        meet(crew)
        below, start, row = room.activations, plan.places[layer], plan.rows[layer]
    low, high = share_of(crew, n)
    loss = output_errors(
        room.activations, plan.places[top] + low * row, row, high - low, plan.sizes[top + 1],
        answers, order, begin + low, plan.loss,
    )  # fmt: skip
    tell_loss(crew, loss)
    meet(crew)


@spliced
def block_step(
    plan: Plan, n: Int, room: Room, how: Update, by: Numbers, first: bool, last: bool,
    crew: Crew,
) -> None:  # fmt: skip
    """What the errors of a block do, layer by layer, from the top down."""
    delta = room.activations
    for layer in range(plan.rows.size - 1, -1, -1):
        below, start, row = room.inputs, ZERO, plan.input_row
        if layer > 0:
            below, start, row = room.activations, plan.places[layer - 1], plan.rows[layer - 1]
            errors_below(delta, n, plan, layer, room, crew)
            meet(crew)
        learn_layer(
            below, start, row, delta, n, plan, layer, room, how, by, first, last, crew
        )  # fmt: skip
        delta = room.errors
    meet(crew)


@kernel
def train_fused(
    plan: Plan, inputs: Inputs, answers: Answers, order: Array, rates: Array,
    first_step: Int, how: Update, room: Room, crew: Crew,
) -> float:  # fmt: skip
    """One step per entry of ``rates``, on consecutive batches of ``order``.

    The last batch may be smaller. Returns the summed loss of the batches, NaN once training
    has diverged. All of a crew have to call it at the same time.
    """
    for layer in range(1, plan.rows.size):
        if crew.member == 0:
            turn_layer(room.packed, plan, layer, room.turned)
    meet(crew)
    for k in range(rates.size):
        begin = k * plan.batch
        end = min(begin + plan.batch, order.size)
        by = numbers_of_step(how, end - begin, rates[k], first_step + k + 1, room.packed)
        low = begin
        while low < end:
            n = min(plan.block, end - low)
            block_errors(plan, inputs, answers, order, low, n, room, crew)
            block_step(plan, n, room, how, by, low == begin, low + n == end, crew)
            low += n
        if not math.isfinite(common_loss(crew)):
            return math.nan
    return common_loss(crew)
