"""Compiled kernels for affine families: the loss at every mixture of some parameter vectors.

The first layer is linear, so its sums at a mixture are the same mixture of its sums at the
vectors; these are products over the data done once, in one go, for all units that differ.
A block of samples lies side by side, arrays are (units, `COLUMNS`), and every point of the
family passes over the block while it is in the cache.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import inlined, kernel, part
from spinglass_nn._core.products import ask_for, multiply, pack, panel_width, whole_vectors
from spinglass_nn._core.simd_functions import hyperbolic_tangents
from spinglass_nn._core.simd_layers import (
    LAYER_VECTORS,
    TALLEST,
    tile_2,
    tile_4,
    tile_6,
    tile_8,
    tile_10,
    tile_12,
    where_larger,
)
from spinglass_nn._core.simd_reals import (
    fused,
    lanes_of,
    load_reals,
    rectified,
    spread_real,
    store_reals,
)
from spinglass_nn._core.simd_tiles import TILE_ROWS, transpose_square
from spinglass_nn.networks._column_loss_kernels import (
    COLUMNS,
    cross_entropy,
    right_answers,
    squared_loss,
)
from spinglass_nn.networks._kernels import (
    CROSS_ENTROPY,
    RELU,
    SIGN,
    SQUARED_HINGE,
    TANH,
    Layout,
)

Array = NDArray[Any]

ROWS: Any = np.int64(TILE_ROWS)


class Family(NamedTuple):
    """Points that are mixtures of parameter vectors; point p owns terms first[p] and on."""

    panels: Array  # first-layer weights of all different units, packed
    biases: Array  # (n_units,), theirs
    units: Array  # (n_vectors * width,), which of them make a vector's first layer
    upper: Array  # (n_vectors * row,): above the first layer, weights (inputs, outputs), biases
    first: Array  # (n_points + 1,)
    vector: Array  # (n_terms,)
    coefficient: Array  # (n_terms,)


class Scratch(NamedTuple):
    """Flat workspaces of one thread."""

    across: Array  # (COLUMNS, a panel's width): sums as the product leaves them
    pool: Array  # (n_units, COLUMNS): first-layer sums of all different units
    active: Array  # (2, units, COLUMNS): layers below and above by turns
    theta: Array  # parameters above the first layer at a point
    labels: Array  # (COLUMNS,), as reals
    targets: Array  # (outputs, COLUMNS)
    tile: Array


@part
def prepare_block(family: Family, inputs: Array, low: int, n: int, scratch: Scratch) -> None:
    """First-layer sums of all units of a block; the next block is asked for on the way."""
    depth = inputs.shape[1]
    flat, start, end = inputs.reshape(inputs.size), low * depth, (low + n) * depth
    pool, across, lanes = scratch.pool, scratch.across, lanes_of(scratch.pool)
    width = family.biases.size
    total = whole_vectors(width, pool)
    first = np.int64(0)
    while first < total:
        wide = panel_width(total - first, pool)
        for i in range(0, n, TILE_ROWS):
            if first == 0:
                ask_for(flat, end + i * depth, end + (i + TILE_ROWS) * depth)
            multiply(
                flat, start + i * depth, depth, np.int64(1), min(ROWS, n - i), depth,
                family.panels, first * depth, min(wide, width - first), across, i * wide, wide,
                scratch.tile,
            )  # fmt: skip
        for i in range(0, COLUMNS, lanes):
            for j in range(0, wide, lanes):
                place = (first + j) * COLUMNS + i
                transpose_square(across, i * wide + j, wide, pool, place, np.int64(COLUMNS))
        first += wide
    for unit in range(width):
        bias = spread_real(family.biases[unit])
        for i in range(unit * COLUMNS, (unit + 1) * COLUMNS, lanes):
            store_reals(pool, i, load_reals(pool, i) + bias)


@part
def prepare_answers(labels: Array, targets: Array, low: int, n: int, scratch: Scratch) -> None:
    """Labels and targets of a block, samples side by side; where there are none, label -1."""
    for i in range(COLUMNS):
        scratch.labels[i] = labels[low + i] if i < n and labels.size > 0 else -1
    for c in range(targets.shape[1]):
        for i in range(n):
            scratch.targets[c * COLUMNS + i] = targets[low + i, c]


@inlined
def mix_units(
    pool: Array, units: Array, vector: Array, coefficient: Array, begin: int, n_terms: int,
    width: int, out: Array,
) -> None:  # fmt: skip
    """First-layer sums at a point, (width, COLUMNS): a mixture of those of its vectors."""
    lanes, columns = lanes_of(out), np.int64(COLUMNS)
    c0, v0 = spread_real(coefficient[begin]), vector[begin] * width
    if n_terms == 1:
        for unit in range(width):
            at, at0 = unit * columns, units[v0 + unit] * columns
            for i in range(0, COLUMNS, lanes):
                store_reals(out, at + i, c0 * load_reals(pool, at0 + i))
        return
    c1, v1 = spread_real(coefficient[begin + 1]), vector[begin + 1] * width
    for unit in range(width):
        at, at0, at1 = unit * columns, units[v0 + unit] * columns, units[v1 + unit] * columns
        for i in range(0, COLUMNS, lanes):
            value = c0 * load_reals(pool, at0 + i)
            store_reals(out, at + i, fused(c1, load_reals(pool, at1 + i), value))
    for t in range(begin + 2, begin + n_terms):
        c, v = spread_real(coefficient[t]), vector[t] * width
        for unit in range(width):
            at, there = unit * columns, units[v + unit] * columns
            for i in range(0, COLUMNS, lanes):
                value = load_reals(out, at + i)
                store_reals(out, at + i, fused(c, load_reals(pool, there + i), value))


@inlined
def mix_three_rectified(
    pool: Array, units: Array, vector: Array, coefficient: Array, begin: int, width: int,
    out: Array,
) -> None:  # fmt: skip
    """`mix_units` of three vectors, and rectified: what planes are made of."""
    lanes, columns = lanes_of(out), np.int64(COLUMNS)
    c0, v0 = spread_real(coefficient[begin]), vector[begin] * width
    c1, v1 = spread_real(coefficient[begin + 1]), vector[begin + 1] * width
    c2, v2 = spread_real(coefficient[begin + 2]), vector[begin + 2] * width
    for unit in range(width):
        at, at0 = unit * columns, units[v0 + unit] * columns
        at1, at2 = units[v1 + unit] * columns, units[v2 + unit] * columns
        for i in range(0, COLUMNS, lanes):
            value = fused(c1, load_reals(pool, at1 + i), c0 * load_reals(pool, at0 + i))
            value = fused(c2, load_reals(pool, at2 + i), value)
            store_reals(out, at + i, rectified(value))


@inlined
def mix_upper(
    upper: Array, vector: Array, coefficient: Array, begin: int, n_terms: int, theta: Array
) -> None:
    """The parameters above the first layer at a point."""
    lanes, size = lanes_of(theta), np.int64(theta.size)
    c, place = spread_real(coefficient[begin]), vector[begin] * size
    for i in range(0, size, lanes):
        store_reals(theta, i, c * load_reals(upper, place + i))
    for t in range(begin + 1, begin + n_terms):
        c, place = spread_real(coefficient[t]), vector[t] * size
        for i in range(0, size, lanes):
            value = load_reals(theta, i)
            store_reals(theta, i, fused(c, load_reals(upper, place + i), value))


@part
def bend(values: Array, at: int, units: int) -> None:
    """The hyperbolic tangent of some rows, in place."""
    for i in range(at, at + units * COLUMNS, lanes_of(values)):
        store_reals(values, i, hyperbolic_tangents(load_reals(values, i)))


@part
def straighten(values: Array, at: int, units: int) -> None:
    """Zero for what is negative in some rows, in place."""
    for i in range(at, at + units * COLUMNS, lanes_of(values)):
        store_reals(values, i, rectified(load_reals(values, i)))


@inlined
def signs_of(x: Any, zero: Any, one: Any) -> Any:
    """1 or -1 in each lane; 1 for zero."""
    return where_larger(zero, x, zero - one, one)


@part
def decide(values: Array, at: int, units: int) -> None:
    """The signs of some rows, in place."""
    zero, one = spread_real(values.dtype.type(0)), spread_real(values.dtype.type(1))
    for i in range(at, at + units * COLUMNS, lanes_of(values)):
        store_reals(values, i, signs_of(load_reals(values, i), zero, one))


@part
def layer_above(
    theta: Array, start: int, n_in: int, n_out: int, active: Array, below: int, above: int
) -> None:
    """``W a + b`` for a block; up to `TALLEST` rows more than ``n_out`` are written."""
    wide = LAYER_VECTORS * lanes_of(active)
    tiles = (n_out + TALLEST - 1) // TALLEST
    tall = (n_out + 2 * tiles - 1) // (2 * tiles) * 2  # even, as tiles are: none is half used
    columns, bias = np.int64(COLUMNS), start + n_in * n_out
    for i in range(0, COLUMNS, wide):
        for r in range(0, n_out, tall):
            rows, w, b = min(tall, n_out - r), start + r, bias + r
            z, a = above + r * columns + i, below + i
            if rows > 10:
                tile_12(theta, w, n_out, theta, b, active, a, columns, n_in, active, z)
            elif rows > 8:
                tile_10(theta, w, n_out, theta, b, active, a, columns, n_in, active, z)
            elif rows > 6:
                tile_8(theta, w, n_out, theta, b, active, a, columns, n_in, active, z)
            elif rows > 4:
                tile_6(theta, w, n_out, theta, b, active, a, columns, n_in, active, z)
            elif rows > 2:
                tile_4(theta, w, n_out, theta, b, active, a, columns, n_in, active, z)
            else:
                tile_2(theta, w, n_out, theta, b, active, a, columns, n_in, active, z)


@inlined
def outputs_at(
    units: Array, upper: Array, vector: Array, coefficient: Array, begin: int, n_terms: int,
    sizes: Array, activation: int, pool: Array, active: Array, theta: Array,
) -> int:  # fmt: skip
    """Compute the outputs at a point, (outputs, COLUMNS); where in ``active`` they begin.

    It takes arrays, not tuples of them: taking those apart counts references at each point.
    """
    last, width = sizes.size - 2, sizes[1]
    straight = last > 0 and activation == RELU and n_terms == 3
    if straight:
        mix_three_rectified(pool, units, vector, coefficient, begin, width, active)
    else:
        mix_units(pool, units, vector, coefficient, begin, n_terms, width, active)
    below: Any = np.int64(0)
    above: Any = active.size // 2
    start: Any = np.int64(0)
    if last > 0:
        mix_upper(upper, vector, coefficient, begin, n_terms, theta)
    for layer in range(1, last + 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        if activation == TANH:
            bend(active, below, n_in)
        elif activation == RELU and not (straight and layer == 1):
            straighten(active, below, n_in)
        elif activation == SIGN:
            decide(active, below, n_in)
        layer_above(theta, start, n_in, n_out, active, below, above)
        start += (n_in + 1) * n_out
        below, above = above, below
    return below  # type: ignore[no-any-return]


@kernel
def pack_rows(rows: Array, panels: Array) -> None:
    """Pack first-layer weights (units, inputs) for the product with the data."""
    units, depth = rows.shape
    flat = rows.reshape(rows.size)
    pack(flat, np.int64(0), np.int64(1), depth, depth, units, panels, np.int64(0))


@kernel
def family_of_run(
    family: Family, layout: Layout, inputs: Array, labels: Array, targets: Array, ends: Array,
    scratch: Scratch, sums: Array,
) -> None:  # fmt: skip
    """Add loss and right answers at every point to ``sums`` (n_segments, n_points, 2).

    Segments of the samples end where ``ends`` says.
    """
    begin = np.int64(0)
    for k in range(ends.size):
        for low in range(begin, ends[k], COLUMNS):
            n = min(COLUMNS, ends[k] - low)
            prepare_block(family, inputs, low, n, scratch)
            prepare_answers(labels, targets, low, n, scratch)
            family_of_block(family, layout, n, scratch, sums[k])
        begin = ends[k]


@part
def family_of_block(
    family: Family, layout: Layout, n: int, scratch: Scratch, sums: Array
) -> None:
    """Add loss and right answers of a prepared block at every point to ``sums``."""
    sizes, activation, loss = layout.sizes, layout.activation, layout.loss
    units, upper, vector = family.units, family.upper, family.vector
    first, coefficient, pool, active = (
        family.first, family.coefficient, scratch.pool, scratch.active
    )  # fmt: skip
    theta, known, wanted = scratch.theta, scratch.labels, scratch.targets
    n_out = sizes[sizes.size - 1]
    for p in range(sums.shape[0]):
        z = outputs_at(
            units, upper, vector, coefficient, first[p], first[p + 1] - first[p],
            sizes, activation, pool, active, theta,
        )  # fmt: skip
        if loss == CROSS_ENTROPY:
            total, right = cross_entropy(active, z, n_out, n, known)
        else:
            total = squared_loss(active, z, n_out, n, wanted, loss == SQUARED_HINGE)
            right = right_answers(active, z, n_out, n, known)
        sums[p, 0] += total
        sums[p, 1] += right


@kernel
def logits_of_block(
    family: Family, layout: Layout, inputs: Array, scratch: Scratch, out: Array, row: int
) -> None:
    """Outputs at every point to ``out`` (n_points, n_samples, outputs), from ``row`` on."""
    first, active = family.first, scratch.active
    for low in range(0, inputs.shape[0], COLUMNS):
        high = min(low + COLUMNS, inputs.shape[0])
        prepare_block(family, inputs, low, high - low, scratch)
        for p in range(out.shape[0]):
            z = outputs_at(
                family.units, family.upper, family.vector, family.coefficient, first[p],
                first[p + 1] - first[p], layout.sizes, layout.activation, scratch.pool,
                active, scratch.theta,
            )  # fmt: skip
            for i in range(high - low):
                for c in range(out.shape[2]):
                    out[p, row + low + i, c] = active[z + c * COLUMNS + i]
