"""Compiled kernels: the loss where all parameters have moved, of inputs held as bytes."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel
from spinglass_nn._core.products import ZERO, Int
from spinglass_nn._core.simd_codes import decode
from spinglass_nn._core.simd_reals import lanes_of, load_reals, spread_real, store_reals
from spinglass_nn.networks._affine_kernels import layer_above
from spinglass_nn.networks._column_loss_kernels import COLUMNS
from spinglass_nn.networks._kernels import Layout
from spinglass_nn.walks._change_kernels import Memory, Table, climb

Array = NDArray[Any]


@kernel
def loss_of_blocks(
    blocks: Array, scale: Array, weights: Array, biases: Array, layout: Layout, table: Table,
    memory: Memory, room: Array, first: Int, end: Int,
) -> float:  # fmt: skip
    """Summed loss of samples ``first`` to ``end``; the bits are those of `evaluate`.

    ``blocks`` (n_blocks, n_inputs, COLUMNS) are codes, ``weights`` (n_inputs, n_units) with a
    row of zeros after them: biases are added to the sums, not the sums to biases.
    """
    n_inputs, width = layout.sizes[0], layout.sizes[1]
    active, top, total = memory.active, n_inputs * COLUMNS, 0.0
    for low in range(first, end, COLUMNS):
        decode(blocks[low // COLUMNS], scale, room, 0)
        layer_above(weights, ZERO, n_inputs, width, room, ZERO, top)
        for unit in range(width):
            bias, at = spread_real(biases[unit]), unit * COLUMNS
            for i in range(at, at + COLUMNS, lanes_of(room)):
                store_reals(active, i, load_reals(room, top + i) + bias)
        n = min(COLUMNS, end - low)
        total += climb(memory, table, layout, ZERO, ZERO, low, n, False)
    return total
