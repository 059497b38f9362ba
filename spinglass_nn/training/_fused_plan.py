"""Where everything lies in fused training: packed parameters, activations, blocks of samples.

During an epoch the weights of a layer are packed as `spinglass_nn._core.products` describes,
as the right factor W^T (inputs, outputs); biases are padded to whole vectors. The optimizer's
memory lies alike. What a user sees, before and after, is the flat vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.simd import aligned
from spinglass_nn._core.simd_tiles import TILE_REALS, TILE_ROWS, TILE_VECTORS
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.training._fused_kernels import GROUP, Plan, Room

Array = NDArray[Any]

# Samples at a time: a batch is split so that its inputs stay in the second cache, since they
# are read once per panel of weights, forward and back. 128 rows of 784 float32 take 0.4 MB.
BLOCK_BYTES = 128 * 816 * 4
BLOCK_ROWS = 32, 128  # at least and at most; fewer rows would make little of the weights read
LINE = 64  # bytes of a cache line


def row_length(n: int, dtype: np.dtype[Any]) -> int:
    """Entries of a row of ``n``, an odd number of cache lines.

    Rows a power of two apart would share a few places of the first cache.
    """
    per_line = LINE // dtype.itemsize
    lines = -(-n // per_line)
    return (lines + 1 - lines % 2) * per_line


def whole(n: int, dtype: np.dtype[Any]) -> int:
    """``n`` in whole vectors, which are a cache line each."""
    per_line = LINE // dtype.itemsize
    return -(-n // per_line) * per_line


def plan_of(net: MLP, batch: int, dtype: np.dtype[Any]) -> Plan:
    """Lay out a network for batches of some size."""
    input_row = row_length(net.n_inputs, dtype)
    fitting = BLOCK_BYTES // (input_row * dtype.itemsize)
    n_blocks = -(-batch // min(max(fitting, BLOCK_ROWS[0]), BLOCK_ROWS[1]))
    block = -(-batch // n_blocks)  # blocks of about one size
    weights, biases, turned, places, rows = [], [], [], [], []
    packed = turned_size = place = 0
    for layer, (n_in, n_out) in enumerate(zip(net.sizes[:-1], net.sizes[1:], strict=True)):
        weights.append(packed)
        packed += whole(n_in, dtype) * whole(n_out, dtype)
        biases.append(packed)
        packed += whole(n_out, dtype)
        turned.append(turned_size)
        turned_size += whole(n_in, dtype) * whole(n_out, dtype) if layer else 0
        places.append(place)
        rows.append(row_length(n_out, dtype))
        place += block * rows[-1]
    layout = net.layout
    return Plan(
        layout.sizes, layout.bias, layout.activation, layout.loss,
        np.array(weights), np.array([*biases, packed]), np.array([*turned, turned_size]),
        np.array([*places, place]), np.array(rows), input_row, block, batch,
    )  # fmt: skip


def rooms_of(
    net: MLP, plan: Plan, n_slots: int, dtype: np.dtype[Any], n_threads: int = 1
) -> list[Room]:
    """Memory for a plan and the threads that train it, each with some of its own."""
    first = room_of(net, plan, n_slots, dtype)
    own = ("inputs", "sums", "tile")
    others = [
        {name: aligned(getattr(first, name).size, dtype) for name in own}
        for _ in range(n_threads - 1)
    ]
    return [first, *(first._replace(**memory) for memory in others)]


def room_of(net: MLP, plan: Plan, n_slots: int, dtype: np.dtype[Any]) -> Room:
    """Memory for a plan, zeroed: what pads rows and panels is zero and stays so."""
    packed = int(plan.biases[-1])
    widest = TILE_VECTORS * LINE // dtype.itemsize  # a panel
    sizes = {
        "packed": packed,
        "slots": packed * n_slots,
        "total": packed if plan.batch > plan.block else 0,
        "turned": int(plan.turned[-1]),
        "inputs": plan.block * plan.input_row,
        "activations": int(plan.places[-1]),
        "errors": int(plan.places[-1]),
        "sums": widest,
        "tile": TILE_REALS * (GROUP // TILE_ROWS),
    }
    return Room(**{name: aligned(size, dtype) for name, size in sizes.items()})


def panels(matrix: Array, depth: int, n_columns: int) -> Iterator[tuple[slice, Array]]:
    """Columns of a packed right factor, panel by panel, as views (depth, columns)."""
    lanes = LINE // matrix.itemsize
    first = 0
    while first < n_columns:
        left = n_columns - first
        wide = lanes * (TILE_VECTORS if left >= TILE_VECTORS * lanes else 1)
        yield (
            slice(first, first + wide),
            matrix[first * depth : (first + wide) * depth].reshape(depth, wide),
        )
        first += wide


def _pieces(net: MLP, plan: Plan, flat: Array, packed: Array) -> Iterator[tuple[Array, Array]]:
    """Views of the flat and of the packed form that hold the same numbers."""
    for number, layer in enumerate(net.layers(flat)):
        n_out, n_in = layer.weight.shape
        begin, bias = plan.weights[number], plan.biases[number]
        depth = whole(n_in, flat.dtype)
        for columns, panel in panels(packed[begin:bias], depth, whole(n_out, flat.dtype)):
            rows = layer.weight[columns]
            yield rows.T, panel[:n_in, : len(rows)]
        if layer.bias is not None:
            yield layer.bias, packed[bias : bias + n_out]


def pack_parameters(net: MLP, plan: Plan, flat: Array, packed: Array) -> None:
    """Pack a flat vector of parameters, or of what the optimizer remembers of each."""
    for ours, theirs in _pieces(net, plan, flat, packed):
        theirs[...] = ours


def unpack_parameters(net: MLP, plan: Plan, packed: Array, flat: Array) -> None:
    """Undo `pack_parameters`."""
    for ours, theirs in _pieces(net, plan, flat, packed):
        ours[...] = theirs
