"""Compiled kernels: the loss where all parameters have moved, of inputs held as bytes."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spinglass_nn._core.jit import inlined, kernel
from spinglass_nn._core.products import ZERO, Int
from spinglass_nn._core.simd_codes import decode
from spinglass_nn._core.simd_layers import (
    LAYER_VECTORS,
    TALLEST,
    listed_2,
    listed_4,
    listed_6,
    listed_8,
    listed_10,
    listed_12,
)
from spinglass_nn._core.simd_reals import lanes_of
from spinglass_nn.networks._column_loss_kernels import COLUMNS
from spinglass_nn.networks._kernels import Layout
from spinglass_nn.walks._change_kernels import Memory, Table, climb

Array = NDArray[Any]


@kernel
def loss_of_blocks(
    codes: Array, inputs: Array, starts: Array, scale: Array, weights: Array, biases: Array,
    layout: Layout, table: Table, memory: Memory, room: Array, first: Int, end: Int,
) -> float:  # fmt: skip
    """Summed loss of samples ``first`` to ``end``.

    Of block b ``codes`` holds the inputs ``starts[b]`` to ``starts[b + 1]``, `COLUMNS` codes
    each; ``inputs`` says where the weights of each begin. ``weights`` is (n_inputs, n_units)
    with a row of zeros after it, as is ``biases``.
    """
    total = 0.0
    for low in range(first, end, COLUMNS):
        begin, stop = starts[low // COLUMNS], starts[low // COLUMNS + 1]
        decode(codes[begin * COLUMNS : stop * COLUMNS], scale, room, 0)
        n_inputs, width = stop - begin, layout.sizes[1]
        sums_of(weights, inputs, begin, n_inputs, biases, width, room, memory.active)
        n = min(COLUMNS, end - low)
        total += climb(memory, table, layout, ZERO, ZERO, low, n, False)
    return total


@inlined
def sums_of(
    weights: Array, inputs: Array, begin: Int, n: Int, biases: Array, width: Int, room: Array,
    sums: Array,
) -> None:  # fmt: skip
    """Sums of the first layer of a block, of the ``n`` inputs listed from ``begin`` on.

    Up to one row more than ``width`` is written.
    """
    wide = LAYER_VECTORS * lanes_of(room)
    tiles = (width + TALLEST - 1) // TALLEST
    tall = (width + 2 * tiles - 1) // (2 * tiles) * 2  # even, as tiles are: none is half used
    for i in range(0, COLUMNS, wide):
        for r in range(0, width, tall):
            rows, z = min(tall, width - r), r * COLUMNS + i
            if rows > 10:
                listed_12(weights, r, inputs, begin, biases, r, room, i, COLUMNS, n, sums, z)
            elif rows > 8:
                listed_10(weights, r, inputs, begin, biases, r, room, i, COLUMNS, n, sums, z)
            elif rows > 6:
                listed_8(weights, r, inputs, begin, biases, r, room, i, COLUMNS, n, sums, z)
            elif rows > 4:
                listed_6(weights, r, inputs, begin, biases, r, room, i, COLUMNS, n, sums, z)
            elif rows > 2:
                listed_4(weights, r, inputs, begin, biases, r, room, i, COLUMNS, n, sums, z)
            else:
                listed_2(weights, r, inputs, begin, biases, r, room, i, COLUMNS, n, sums, z)
