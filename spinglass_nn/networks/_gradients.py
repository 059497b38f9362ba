"""Summed loss, alone or with its gradient, over data that were checked once."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn.networks import _blocks, _kernels
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.typing import Float64Array, FloatArray


def gradient_over(
    net: MLP, theta: FloatArray, data: _blocks.Source, segment: tuple[int, int]
) -> tuple[float, Float64Array]:
    """Loss and gradient of one parameter vector, summed over a segment in float64."""
    size, layout = _blocks.workspace_size(net), net.layout
    activations = np.empty(size, dtype=theta.dtype)
    errors = np.empty(size, dtype=theta.dtype)
    part = np.empty_like(theta)
    loss, total = 0.0, np.zeros(net.n_parameters)
    for block in data.blocks(*segment):
        found, _ = _kernels.gradient_of_block(theta, layout, *block, activations, errors, part)
        loss += found
        total += part
    return loss, total


def loss_over(
    net: MLP, theta: FloatArray, data: _blocks.Source, segment: tuple[int, int]
) -> float:
    """Loss of one parameter vector, summed over a segment."""
    activations = np.empty(_blocks.workspace_size(net), dtype=theta.dtype)
    blocks, layout = data.blocks(*segment), net.layout
    return sum(_kernels.loss_of_block(theta, layout, *b, activations)[0] for b in blocks)


def summed_gradient(
    net: MLP, theta: FloatArray, data: _blocks.Source, n_threads: int
) -> tuple[float, Float64Array]:
    """Loss and gradient summed over all samples; equal bits for any number of threads."""
    parts = threads.run(
        lambda segment: gradient_over(net, theta, data, segment), data.segments(), n_threads
    )
    return sum(loss for loss, _ in parts), np.add.reduce([total for _, total in parts])


def summed_loss(net: MLP, theta: FloatArray, data: _blocks.Source, n_threads: int) -> float:
    """Loss summed over all samples."""
    return sum(
        threads.run(
            lambda segment: loss_over(net, theta, data, segment), data.segments(), n_threads
        )
    )
