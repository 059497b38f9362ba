"""The loss along walks that move all parameters at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import simd, threads
from spinglass_nn._core.codes import SMALLEST, coded
from spinglass_nn._core.simd_layers import TALLEST
from spinglass_nn.networks import MLP, _affine, evaluate
from spinglass_nn.networks._blocks import source
from spinglass_nn.networks._column_loss_kernels import COLUMNS
from spinglass_nn.typing import FloatArray, IntArray, LabelledData
from spinglass_nn.walks._alike import order_alike
from spinglass_nn.walks._change_kernels import Table
from spinglass_nn.walks._whole_kernels import loss_of_blocks
from spinglass_nn.walks.singles import memory_of, table_of

_MOST_MOVED = 0.9  # share of the inputs; if more are not at rest, no order helps


class Listed(NamedTuple):
    """Samples in blocks of `COLUMNS`, of each the inputs that are not at rest in all of them."""

    codes: NDArray[np.uint8]  # (n_listed * COLUMNS,)
    inputs: IntArray  # (n_listed,): where the weights of each begin
    starts: IntArray  # (n_blocks + 1,): of each block in the list
    scale: FloatArray  # how codes are read, less the value at rest
    rest: float  # the value at rest


class Whole(NamedTuple):
    """Data to evaluate over and over; ``blocks`` is None for data that have no codes.

    Most pixels of a block are at rest, black that is, in all its samples if these are chosen
    alike. What rests adds the same to all sums, and is added once.
    """

    net: MLP
    data: LabelledData
    segments: list[tuple[int, int]]
    n_samples: int
    table: Table
    blocks: Listed | None


def prepare_whole(net: MLP, data: LabelledData, dtype: np.dtype[Any]) -> Whole:
    """Lay out the data for the walkers of a run."""
    known = source(net, data, dtype)
    blocks, n, ordered = None, 0, known
    if known.inputs.dtype == dtype and known.inputs.nbytes >= SMALLEST:
        found = coded(known.inputs)
        if found is not None:
            blocks, order = _listed(*found, net.sizes[1])
            n = known.n_samples
            labels = known.labels[order] if known.labels.size else known.labels
            ordered = known._replace(labels=labels, targets=known.targets[order])
    table = table_of(net, ordered, n)
    return Whole(net, data, known.segments(), known.n_samples, table, blocks)


def _listed(codes: NDArray[np.uint8], scale: FloatArray, width: int) -> tuple[Listed, IntArray]:
    """Blocks of samples, and the order in which these stand in them."""
    rest = int(np.bincount(codes.reshape(-1), minlength=256).argmax())
    moved = codes != rest
    order = np.arange(len(codes))
    if moved.mean() < _MOST_MOVED:
        with threads.one_blas_thread():  # the order is not to depend on how many there are
            order = order_alike(moved, COLUMNS)
    n_blocks = -(-len(codes) // COLUMNS)
    padded = np.full((n_blocks * COLUMNS, codes.shape[1]), rest, np.uint8)
    padded[: len(codes)] = codes[order]
    parts, inputs = [], []
    for block in padded.reshape(n_blocks, COLUMNS, -1):
        listed = np.flatnonzero((block != rest).any(axis=0))
        listed = listed if listed.size else np.zeros(1, np.int64)  # kernels take one or more
        inputs.append(listed)
        parts.append(block.T[listed].reshape(-1))
    starts = np.cumsum([0, *(listed.size for listed in inputs)])
    slope, center = float(scale[0]) + float(scale[2]), rest - float(scale[4])
    less = np.zeros_like(scale)
    less[0], less[4] = slope, rest
    less[2] = slope - float(less[0])
    at_rest = center * slope + float(scale[1]) + float(scale[3])
    listed_codes = Listed(
        np.concatenate(parts), np.concatenate(inputs) * width, starts, less, at_rest
    )
    return listed_codes, order


def loss(whole: Whole, position: FloatArray, n_threads: int) -> float:
    """Mean loss, that of `evaluate` but for rounding; the same for any number of threads."""
    net, data, segments, n_samples, table, blocks = whole
    if blocks is None:
        return float(evaluate(net, position, data, n_threads=n_threads).loss)
    family = _affine.pack_family(net, position[None], _affine.each(1), False)
    weights, biases = _first_layer(net, position, blocks.rest)

    def work(segments: list[tuple[int, int]]) -> list[float]:
        memory = memory_of(net, 0, family)
        room = simd.aligned(net.n_inputs * COLUMNS, position.dtype)
        return [
            loss_of_blocks(
                blocks.codes, blocks.inputs, blocks.starts, blocks.scale, weights, biases,
                net.layout, table, memory, room, *ends,
            )
            for ends in segments
        ]  # fmt: skip

    share = -(-len(segments) // n_threads)
    groups = [segments[k : k + share] for k in range(0, len(segments), share)]
    total = 0.0
    for sums in threads.run(work, groups, n_threads):
        for part in sums:  # one by one, in order: as on any number of threads
            total += part
    return total / n_samples


def _first_layer(net: MLP, position: FloatArray, rest: float) -> tuple[FloatArray, FloatArray]:
    """Weights (n_inputs, n_units), and biases with what inputs at rest add, with room after."""
    layer, width = net.layers(position)[0], net.sizes[1]
    weights = simd.aligned(net.n_inputs * width + TALLEST, position.dtype)
    weights[: net.n_inputs * width] = layer.weight.T.reshape(-1)
    biases = simd.aligned(width + TALLEST, position.dtype)
    biases[:width] = rest * layer.weight.sum(axis=1, dtype=np.float64)
    if layer.bias is not None:
        biases[:width] += layer.bias
    return weights, biases
