"""The loss along walks that move all parameters at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import simd, threads
from spinglass_nn._core.codes import SMALLEST, coded
from spinglass_nn._core.simd_layers import TALLEST
from spinglass_nn.networks import MLP, _affine, evaluate
from spinglass_nn.networks._blocks import Source, source
from spinglass_nn.networks._column_loss_kernels import COLUMNS
from spinglass_nn.typing import FloatArray, LabelledData
from spinglass_nn.walks._change_kernels import Table
from spinglass_nn.walks._whole_kernels import loss_of_blocks
from spinglass_nn.walks.singles import memory_of, table_of


class Whole(NamedTuple):
    """Data to evaluate over and over, pixels as a byte each: a quarter of the memory streams by.

    ``blocks`` and ``scale`` are None for data that have no codes.
    """

    net: MLP
    data: LabelledData
    source: Source
    table: Table
    blocks: NDArray[np.uint8] | None
    scale: FloatArray


def prepare_whole(net: MLP, data: LabelledData, dtype: np.dtype[Any]) -> Whole:
    """Lay out the data for the walkers of a run."""
    known = source(net, data, dtype)
    blocks, scale, n = None, np.zeros(0, dtype), 0
    if known.inputs.dtype == dtype and known.inputs.nbytes >= SMALLEST:
        found = coded(known.inputs)
        if found is not None:
            codes, scale = found
            n = known.n_samples
            padded = np.zeros((-(-n // COLUMNS), COLUMNS, net.n_inputs), np.uint8)
            padded.reshape(-1, net.n_inputs)[:n] = codes
            blocks = np.ascontiguousarray(padded.swapaxes(1, 2)).reshape(len(padded), -1)
    return Whole(net, data, known, table_of(net, known, n), blocks, scale)


def loss(whole: Whole, position: FloatArray, n_threads: int) -> float:
    """Mean loss; to the bit what `evaluate` gives."""
    net, data, known, table, blocks, scale = whole
    if blocks is None:
        return float(evaluate(net, position, data, n_threads=n_threads).loss)
    family = _affine.pack_family(net, position[None], _affine.each(1), False)
    size = net.n_inputs * net.sizes[1]
    weights = simd.aligned(size + net.sizes[1] + TALLEST, position.dtype)
    weights[:size] = net.layers(position)[0].weight.T.reshape(-1)

    def work(segments: list[tuple[int, int]]) -> list[float]:
        memory = memory_of(net, 0, family)
        rows = net.n_inputs + net.sizes[1] + TALLEST
        room = simd.aligned(rows * COLUMNS, position.dtype)
        return [
            loss_of_blocks(
                blocks, scale, weights, family.biases, net.layout, table, memory, room, *ends
            )
            for ends in segments
        ]

    segments = known.segments()
    share = -(-len(segments) // n_threads)
    groups = [segments[k : k + share] for k in range(0, len(segments), share)]
    total = 0.0
    for sums in threads.run(work, groups, n_threads):
        for part in sums:  # one by one, in order: as on any number of threads
            total += part
    return total / known.n_samples
