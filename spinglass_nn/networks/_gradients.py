"""Summed loss, alone or with its gradient, over data that were checked once."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.simd import aligned
from spinglass_nn._core.simd_tiles import TILE_REALS
from spinglass_nn.networks import _blocks, _kernels
from spinglass_nn.networks import _gradient_kernels as kernels
from spinglass_nn.networks._curvature_kernels import ACROSS, BIAS, DOWN
from spinglass_nn.networks._output_kernels import Answers
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
        self._data, self._layout = data, net.layout
        size = _blocks.workspace_size(net)
        self._scratch = threads.Lent(
            lambda: (*np.empty((2, size), data.dtype), np.empty(net.n_parameters, data.dtype))
        )

    def prepared(self, theta: FloatArray) -> FloatArray:
        """See `Gradient`."""
        return theta

    def over(self, theta: FloatArray, segment: tuple[int, int]) -> tuple[float, Float64Array]:
        """See `Gradient`."""
        loss, total = 0.0, np.zeros(theta.size)
        with self._scratch.one() as (activations, errors, part):
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
        self._scratch = threads.Lent(self._new_scratch)

    def prepared(self, theta: FloatArray) -> kernels.Weights:
        """See `Gradient`."""
        plan = self._plan
        sizes = (plan.size(ACROSS), max(1, plan.size(DOWN)), plan.size(BIAS))
        weights = kernels.Weights(*(aligned(size, plan.dtype) for size in sizes))
        kernels.pack_point(
            np.ascontiguousarray(theta), bool(self._net.bias), plan.table, weights
        )
        return weights

    def over(
        self, weights: kernels.Weights, segment: tuple[int, int]
    ) -> tuple[float, Float64Array]:
        """See `Gradient`."""
        plan, data = self._plan, self._data
        loss, total, order = 0.0, np.zeros(plan.n_sums), np.arange(RUN)
        with self._scratch.one() as scratch:
            for start in range(*segment, RUN):
                stop = min(start + RUN, segment[1])
                inputs = np.ascontiguousarray(data.inputs[start:stop], dtype=plan.dtype)
                answers = Answers(data.labels[start:stop], data.targets[start:stop])
                for values in (inputs, *answers):  # views or copies; kernels know one kind
                    values.flags.writeable = False
                loss += kernels.add_gradient(
                    self._layout, plan.table, weights, inputs.reshape(-1), answers, order,
                    scratch, BLOCK, total,
                )  # fmt: skip
        return loss, total

    def _new_scratch(self) -> kernels.Scratch:
        plan = self._plan
        units = BLOCK * plan.size(BIAS)
        sizes = (units, units, BLOCK * plan.widest, TILE_REALS, plan.n_sums)
        return kernels.Scratch(*(aligned(size, plan.dtype) for size in sizes))

    def unpacked(self, sums: Float64Array) -> Float64Array:
        """See `Gradient`."""
        flat: Float64Array = self._plan.unpacked(sums, 1)[0]
        return flat


def summed_gradient(
    way: Gradient, theta: FloatArray, data: _blocks.Source, n_threads: int
) -> tuple[float, Float64Array]:
    """Loss and gradient summed over all samples; equal bits for any number of threads."""
    point = way.prepared(theta)
    parts = threads.run(lambda segment: way.over(point, segment), data.segments(), n_threads)
    loss, sums = parts[0]
    for more, others in parts[1:]:
        loss += more
        sums += others
    return loss, way.unpacked(sums)


def summed_loss(net: MLP, theta: FloatArray, data: _blocks.Source, n_threads: int) -> float:
    """Loss summed over all samples."""

    def work(segment: tuple[int, int]) -> float:
        activations = np.empty(_blocks.workspace_size(net), dtype=theta.dtype)
        blocks, layout = data.blocks(*segment), net.layout
        return sum(_kernels.loss_of_block(theta, layout, *b, activations)[0] for b in blocks)

    return sum(threads.run(work, data.segments(), n_threads))
