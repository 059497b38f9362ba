"""Compiled curvature products of many vectors at once, over blocks of samples.

For k vectors the directional derivatives lie as (samples, k, units), units filled up with zeros to
whole vectors. Read as (samples, k units) they come from one wide product with the layer below;
read as (samples k, units) they go through the layer above in one tall product. What does not
depend on the vectors, activations and errors of the point, is computed before by `prepare`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel, part
from spinglass_nn._core.products import ask_for, multiply, pack, panel_width, tile_of_panel
from spinglass_nn._core.simd_reals import lanes_of, load_reals, store_reals
from spinglass_nn._core.simd_tiles import TILE_ROWS
from spinglass_nn.networks._kernels import (
    CROSS_ENTROPY,
    RELU,
    SQUARED_HINGE,
    TANH,
    Layout,
    activation_view,
    forward,
    multiply_by_slope,
    output_loss,
    weight_view,
)

Array = NDArray[Any]

HESSIAN, GAUSS_NEWTON, EMPIRICAL_FISHER = 0, 1, 2

# columns of the table of places, one row a layer: sizes (filled up: "wide"), then where the
# layer's part of each flat array begins; those of blocks count per sample
N_IN, N_OUT, WIDE_IN, WIDE_OUT = 0, 1, 2, 3
ACROSS, DEEP, BIAS, UP, DOWN = 4, 5, 6, 7, 8
UNITS, SLOPES, SUM, BIAS_SUM, CROSS_SUM, LAYER = 9, 10, 11, 12, 13, 14
N_COLUMNS = 15


class Weights(NamedTuple):
    """The point's weights, packed: transposed for the way up, as they are for the way down."""

    up: Array
    down: Array


class Vectors(NamedTuple):
    """The vectors, packed: as (inputs, k outputs), as (outputs, k inputs), and the biases."""

    across: Array
    deep: Array
    biases: Array


class Point(NamedTuple):
    """A run of samples seen from the point: activations, errors, and what tanh bends.

    The last of the activations are what the curvature of the loss in the outputs needs: the
    probabilities, or 1 and 0 where it is 1 and 0.
    """

    activations: Array
    errors: Array
    bends: Array


class Scratch(NamedTuple):
    """Room for one block: derivatives of activations and errors, panels, one tile."""

    slopes: Array
    errors: Array
    lower: Array
    extra: Array
    panels: Array
    tile: Array


@kernel
def prepare(
    theta: Array, layout: Layout, inputs: Array, labels: Array, targets: Array, point: Point
) -> None:
    """Fill in what a run of samples is at a point, before any vector is known."""
    sizes, n = layout.sizes, inputs.shape[0]
    last, end = sizes.size - 2, theta.size
    forward(theta, layout, inputs, point.activations)
    curved = activation_view(point.activations, sizes, last, n)
    delta = activation_view(point.errors, sizes, last, n)
    delta[:, :] = curved
    output_loss(delta, labels, targets, layout.loss)
    for i in range(n):
        for c in range(sizes[last + 1]):
            curved[i, c] = 1
            if layout.loss == CROSS_ENTROPY:
                curved[i, c] = delta[i, c] + (1 if labels[i] == c else 0)
            elif layout.loss == SQUARED_HINGE and delta[i, c] == 0:
                curved[i, c] = 0
    for back in range(last):
        layer = last - back
        n_out = sizes[layer + 1]
        end -= n_out * sizes[layer] + (n_out if layout.bias else 0)
        below = activation_view(point.activations, sizes, layer - 1, n)
        lower = activation_view(point.errors, sizes, layer - 1, n)
        np.dot(delta, weight_view(theta, sizes, end, layer), lower)
        if layout.activation == TANH:  # a'' = -2 a a'
            bend = activation_view(point.bends, sizes, layer - 1, n)
            for i in range(n):
                for j in range(sizes[layer]):
                    bend[i, j] = -2 * below[i, j] * lower[i, j]
        multiply_by_slope(lower, below, layout.activation)
        delta = lower


@kernel
def pack_weights(theta: Array, bias: bool, table: Array, weights: Weights) -> None:
    """Pack the weights of all layers but the first, both ways."""
    start: Any = np.int64(0)
    one: Any = np.int64(1)
    for layer in range(table.shape[0]):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        if layer > 0:
            pack(theta, start, one, n_in, n_in, n_out, weights.up, table[layer, UP])
            pack(theta, start, n_in, one, n_out, n_in, weights.down, table[layer, DOWN])
        start += n_in * n_out + (n_out if bias else 0)


@kernel
def pack_vectors(rows: Array, columns: Array, k: int, table: Array, vectors: Vectors) -> None:
    """Pack stacked vectors: ``rows`` (k, outputs, inputs) and ``columns`` (outputs, k, inputs)."""
    one: Any = np.int64(1)
    for layer in range(table.shape[0]):
        n_in, width = table[layer, N_IN], k * table[layer, WIDE_OUT]
        at = k * table[layer, ACROSS]
        pack(rows, at, one, n_in, n_in, width, vectors.across, at)
        if layer > 0:
            width, at = k * table[layer, WIDE_IN], k * table[layer, DEEP]
            pack(columns, at, width, one, table[layer, N_OUT], width, vectors.deep, at)


@part
def pack_block(source: Array, rows: int, width: int, panels: Array) -> None:
    """Pack rows that are whole vectors."""
    lanes = lanes_of(panels)
    first: Any = np.int64(0)
    while first < width:
        wide = panel_width(width - first, panels)
        for r in range(rows):
            for j in range(0, wide, lanes):
                value = load_reals(source, r * width + first + j)
                store_reals(panels, first * rows + r * wide + j, value)
        first += wide


@part
def add_product(
    a: Array, a_start: int, a_row: int, a_column: int, rows: int, depth: int,
    panels: Array, width: int, out: Array, out_start: int, tile: Array, ahead: int,
) -> None:  # fmt: skip
    """``out += A B`` for packed B, rows of whole vectors.

    On the way as many entries of ``a`` as A has are asked for, from ``ahead`` on.
    """
    lanes = lanes_of(out)
    first: Any = np.int64(0)
    while first < width:
        wide = panel_width(width - first, panels)
        for i in range(0, rows, TILE_ROWS):
            n: Any = min(np.int64(TILE_ROWS), rows - i)
            if first == 0:
                ask_for(a, ahead + i * depth, ahead + (i + n) * depth)
            tile_of_panel(
                a, a_start + i * a_row, a_row, a_column, panels, first * depth, wide,
                depth, n, wide, tile, np.int64(0),
            )  # fmt: skip
            for r in range(n):
                place = out_start + (i + r) * width + first
                for j in range(0, wide, lanes):
                    value = load_reals(out, place + j) + load_reals(tile, r * wide + j)
                    store_reals(out, place + j, value)
        first += wide


@part
def add_vectors(a: Array, b: Array, n: int) -> None:
    """``a += b`` over the first ``n`` entries, whole vectors."""
    lanes = lanes_of(a)
    for i in range(0, n, lanes):
        store_reals(a, i, load_reals(a, i) + load_reals(b, i))


@part
def slope_block(
    values: Array, start: int, activations: Array, at: int, n: int, k: int, units: int,
    wide: int, activation: int,
) -> None:  # fmt: skip
    """Multiply (n, k, units) in place by the activation's slope at the point."""
    if activation == RELU:
        for i in range(n):
            for v in range(k):
                place = start + (i * k + v) * wide
                for j in range(units):
                    if not activations[at + i * units + j] > 0:
                        values[place + j] = 0
    elif activation == TANH:
        for i in range(n):
            for v in range(k):
                place = start + (i * k + v) * wide
                for j in range(units):
                    a = activations[at + i * units + j]
                    values[place + j] *= 1 - a * a


@part
def bend_block(
    values: Array, slopes: Array, start: int, bends: Array, at: int, n: int, k: int,
    units: int, wide: int,
) -> None:  # fmt: skip
    """Add to R{delta} what comes from the activation's second derivative."""
    for i in range(n):
        for v in range(k):
            place = (i * k + v) * wide
            for j in range(units):
                values[place + j] += bends[at + i * units + j] * slopes[start + place + j]


@part
def curve_outputs(
    values: Array, curved: Array, errors: Array, at: int, n: int, k: int, units: int,
    wide: int, loss: int, matrix: int,
) -> None:  # fmt: skip
    """R{outputs} times the curvature of the loss in the outputs, or g g^T of the loss there."""
    projects = matrix == EMPIRICAL_FISHER or loss == CROSS_ENTROPY
    scales = projects or loss == SQUARED_HINGE
    factors = errors if matrix == EMPIRICAL_FISHER else curved
    for row in range(n * k if scales else np.int64(0)):
        here, place = at + row // k * units, row * wide
        total = 0.0
        if projects:
            for c in range(units):
                total += factors[here + c] * values[place + c]
        for c in range(units):
            if matrix == EMPIRICAL_FISHER:
                values[place + c] = factors[here + c] * total
            else:  # (diag p - p p^T) R{z}, or R{z} inside the margin
                values[place + c] = factors[here + c] * (values[place + c] - total)


@part
def go_up(
    layout: Layout, matrix: int, table: Array, weights: Weights, vectors: Vectors, k: int,
    inputs: Array, low: int, n: int, n_run: int, point: Point, scratch: Scratch,
) -> None:  # fmt: skip
    """R{activations} of a block, layer by layer; those of the outputs go to ``errors``."""
    last = table.shape[0] - 1
    one: Any = np.int64(1)
    zero: Any = np.int64(0)
    for layer in range(last + 1):
        n_in, n_out, wide = table[layer, N_IN], table[layer, N_OUT], table[layer, WIDE_OUT]
        out = scratch.errors if layer == last else scratch.slopes
        start = zero if layer == last else n * k * table[layer, SLOPES]
        below = inputs if layer == 0 else point.activations
        at = low * n_in + (zero if layer == 0 else n_run * table[layer - 1, UNITS])
        multiply(
            below, at, n_in, one, n, n_in, vectors.across, k * table[layer, ACROSS], k * wide,
            out, start, k * wide, scratch.tile,
        )  # fmt: skip
        if layer > 0:
            before = n * k * table[layer - 1, SLOPES]
            multiply(
                scratch.slopes, before, table[layer, WIDE_IN], one, n * k, n_in, weights.up,
                table[layer, UP], wide, scratch.extra, zero, wide, scratch.tile,
            )  # fmt: skip
            add_vectors(out[start:], scratch.extra, n * k * wide)
        if layout.bias:
            first = k * table[layer, BIAS]
            for i in range(n):
                add_vectors(out[start + i * k * wide :], vectors.biases[first:], k * wide)
        if layer < last:
            at = n_run * table[layer, UNITS] + low * n_out
            slope_block(out, start, point.activations, at, n, k, n_out, wide, layout.activation)


@part
def go_down(
    layout: Layout, matrix: int, table: Array, weights: Weights, vectors: Vectors, k: int,
    inputs: Array, low: int, n: int, n_run: int, point: Point, scratch: Scratch, sums: Array,
) -> None:  # fmt: skip
    """Add a block's products to ``sums``, the transpose of `go_up`."""
    last = table.shape[0] - 1
    one: Any = np.int64(1)
    zero: Any = np.int64(0)
    current, lower = scratch.errors, scratch.lower
    for back in range(last + 1):
        layer = last - back
        n_in, n_out, wide = table[layer, N_IN], table[layer, N_OUT], table[layer, WIDE_OUT]
        below = inputs if layer == 0 else point.activations
        at = low * n_in + (zero if layer == 0 else n_run * table[layer - 1, UNITS])
        pack_block(current, n, k * wide, scratch.panels)
        ahead = (low + n) * n_in if layer == 0 else below.size  # the next block's inputs
        add_product(
            below, at, one, n_in, n_in, n, scratch.panels, k * wide, sums,
            k * table[layer, SUM], scratch.tile, ahead,
        )  # fmt: skip
        if layout.bias:
            for i in range(n):
                add_vectors(
                    sums[k * table[layer, BIAS_SUM] :], current[i * k * wide :], k * wide
                )
        if layer > 0:
            wide_in = table[layer, WIDE_IN]
            multiply(
                current, zero, wide, one, n * k, n_out, weights.down, table[layer, DOWN],
                wide_in, lower, zero, wide_in, scratch.tile,
            )  # fmt: skip
            slope_block(
                lower, zero, point.activations, at, n, k, n_in, wide_in, layout.activation
            )
            if matrix == HESSIAN:
                add_residual(
                    layout, table, layer, vectors, k, low, n, n_run, at, point, scratch,
                    lower, sums,
                )  # fmt: skip
            current, lower = lower, current


@part
def add_residual(
    layout: Layout, table: Array, layer: int, vectors: Vectors, k: int, low: int, n: int,
    n_run: int, at: int, point: Point, scratch: Scratch, lower: Array, sums: Array,
) -> None:  # fmt: skip
    """Add what the Hessian has beside Gauss-Newton: the errors times the network's own bends."""
    one: Any = np.int64(1)
    zero: Any = np.int64(0)
    n_in, n_out, wide_in = table[layer, N_IN], table[layer, N_OUT], table[layer, WIDE_IN]
    here = n_run * table[layer, UNITS] + low * n_out
    start = n * k * table[layer - 1, SLOPES]
    pack_block(scratch.slopes[start:], n, k * wide_in, scratch.panels)
    add_product(
        point.errors, here, one, n_out, n_out, n, scratch.panels, k * wide_in, sums,
        k * table[layer, CROSS_SUM], scratch.tile, point.errors.size,
    )  # fmt: skip
    multiply(
        point.errors, here, n_out, one, n, n_out, vectors.deep, k * table[layer, DEEP],
        k * wide_in, scratch.extra, zero, k * wide_in, scratch.tile,
    )  # fmt: skip
    slope_block(
        scratch.extra, zero, point.activations, at, n, k, n_in, wide_in, layout.activation
    )
    add_vectors(lower, scratch.extra, n * k * wide_in)
    if layout.activation == TANH:
        bend_block(lower, scratch.slopes, start, point.bends, at, n, k, n_in, wide_in)


@kernel
def add_products(
    layout: Layout, matrix: int, table: Array, weights: Weights, vectors: Vectors, k: int,
    inputs: Array, point: Point, scratch: Scratch, block: int, sums: Array,
) -> None:  # fmt: skip
    """Add the products of ``k`` vectors, summed over a run of samples, to ``sums``."""
    n_run = point.activations.size // (table[-1, UNITS] + table[-1, N_OUT])
    last = table.shape[0] - 1
    for low in range(0, n_run, block):
        n = min(block, n_run - low)
        go_up(layout, matrix, table, weights, vectors, k, inputs, low, n, n_run, point, scratch)
        curve_outputs(
            scratch.errors, point.activations, point.errors,
            n_run * table[last, UNITS] + low * table[last, N_OUT],
            n, k, table[last, N_OUT], table[last, WIDE_OUT], layout.loss, matrix,
        )  # fmt: skip
        go_down(
            layout, matrix, table, weights, vectors, k, inputs, low, n, n_run, point, scratch,
            sums,
        )  # fmt: skip
