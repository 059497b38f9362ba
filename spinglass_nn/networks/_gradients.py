"""Summed loss, alone or with its gradient, over data that were checked once."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.simd import aligned
from spinglass_nn._core.simd_tiles import TILE_REALS
from spinglass_nn.networks import _blocks, _kernels
from spinglass_nn.networks import _gradient_kernels as kernels
from spinglass_nn.networks._curvature_kernels import ACROSS, DOWN
from spinglass_nn.networks._packing import BLOCK, RUN, Plan
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.typing import Float64Array, FloatArray

# Where tiles beat BLAS, as measured on many pixels: layers that are narrow enough for all their
# sums to stay near the core, and enough to do for packing to pay
FEWEST_INPUTS = 256
WIDEST = 160
FEWEST_PRODUCTS = 1 << 22  # samples times weights


class Gradient(Protocol):
    """A way to the gradient: what a point is prepared to, sums over segments, and back."""

    def prepared(self, theta: FloatArray) -> Any:
        """What all segments need of a parameter vector."""
        ...

    def over(self, point: Any, segment: tuple[int, int]) -> tuple[float, Float64Array]:
        """Loss and gradient summed over a segment, the latter as it comes."""
        ...

    def unpacked(self, sums: Float64Array) -> Float64Array:
        """Sums as a flat parameter vector."""
        ...


def gradient_of(net: MLP, data: _blocks.Source) -> Gradient:
    """The faster way, told from sizes alone."""
    narrow = net.n_inputs >= FEWEST_INPUTS and max(net.sizes[1:]) <= WIDEST
    worth = data.n_samples * net.n_parameters >= FEWEST_PRODUCTS
    return TiledGradient(net, data) if narrow and worth else PlainGradient(net, data)


class PlainGradient:
    """By BLAS, one layer and one block at a time."""

    def __init__(self, net: MLP, data: _blocks.Source) -> None:
        self._net, self._data, self._layout = net, data, net.layout

    def prepared(self, theta: FloatArray) -> FloatArray:
        """See `Gradient`."""
        return theta

    def over(self, theta: FloatArray, segment: tuple[int, int]) -> tuple[float, Float64Array]:
        """See `Gradient`."""
        size = _blocks.workspace_size(self._net)
        activations = np.empty(size, dtype=theta.dtype)
        errors = np.empty(size, dtype=theta.dtype)
        part = np.empty_like(theta)
        loss, total = 0.0, np.zeros(theta.size)
        for block in self._data.blocks(*segment):
            found, _ = _kernels.gradient_of_block(
                theta, self._layout, *block, activations, errors, part
            )
            loss += found
            total += part
        return loss, total

    def unpacked(self, sums: Float64Array) -> Float64Array:
        """See `Gradient`."""
        return sums


class TiledGradient:
    """By register tiles, on packed weights."""

    def __init__(self, net: MLP, data: _blocks.Source) -> None:
        self._net, self._data, self._layout = net, data, net.layout
        self._plan = Plan(net, data.dtype)

    def prepared(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """See `Gradient`."""
        plan = self._plan
        up = aligned(plan.size(ACROSS), plan.dtype)
        down = aligned(max(1, plan.size(DOWN)), plan.dtype)
        theta = np.ascontiguousarray(theta)
        kernels.pack_both_ways(theta, bool(self._net.bias), plan.table, up, down)
        return theta, up, down

    def over(self, point: Any, segment: tuple[int, int]) -> tuple[float, Float64Array]:
        """See `Gradient`."""
        plan, data = self._plan, self._data
        theta, up, down = point
        units = BLOCK * sum(self._net.sizes[1:])
        scratch = kernels.Scratch(
            aligned(units, plan.dtype),
            aligned(units, plan.dtype),
            aligned(BLOCK * plan.widest, plan.dtype),
            aligned(TILE_REALS, plan.dtype),
        )
        sums = aligned(plan.n_sums, plan.dtype)
        loss, total = 0.0, np.zeros(sums.size)
        for start in range(*segment, RUN):
            stop = min(start + RUN, segment[1])
            inputs = np.ascontiguousarray(data.inputs[start:stop], dtype=plan.dtype)
            labels, targets = data.labels[start:stop], data.targets[start:stop]
            for values in (inputs, labels, targets):  # so kernels are compiled for one kind
                values.flags.writeable = False
            sums[:] = 0
            loss += kernels.add_gradient(
                theta, self._layout, plan.table, up, down, inputs.reshape(-1), labels, targets,
                scratch, BLOCK, sums,
            )  # fmt: skip
            total += sums
        return loss, total

    def unpacked(self, sums: Float64Array) -> Float64Array:
        """See `Gradient`."""
        return self._plan.unpacked(sums, 1)[0]


def summed_gradient(
    way: Gradient, theta: FloatArray, data: _blocks.Source, n_threads: int
) -> tuple[float, Float64Array]:
    """Loss and gradient summed over all samples; equal bits for any number of threads."""
    point = way.prepared(theta)
    parts = threads.run(lambda segment: way.over(point, segment), data.segments(), n_threads)
    sums = np.add.reduce([total for _, total in parts])
    return sum(loss for loss, _ in parts), way.unpacked(sums)


def summed_loss(net: MLP, theta: FloatArray, data: _blocks.Source, n_threads: int) -> float:
    """Loss summed over all samples."""

    def work(segment: tuple[int, int]) -> float:
        activations = np.empty(_blocks.workspace_size(net), dtype=theta.dtype)
        blocks, layout = data.blocks(*segment), net.layout
        return sum(_kernels.loss_of_block(theta, layout, *b, activations)[0] for b in blocks)

    return sum(threads.run(work, data.segments(), n_threads))
