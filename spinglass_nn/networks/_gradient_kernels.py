"""Compiled gradients in register tiles, for layers that fit in the caches.

Activations and errors lie layer after layer, the units of a sample filled up with zeros to whole
vectors. Weights are packed both ways, and the gradient of a layer is summed as (inputs, outputs).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel, part
from spinglass_nn._core.products import ZERO, multiply, pack
from spinglass_nn.networks._curvature_kernels import (
    ACROSS,
    BIAS,
    BIAS_SUM,
    DOWN,
    N_IN,
    N_OUT,
    SLOPES,
    SUM,
    WIDE_IN,
    WIDE_OUT,
    add_product,
    add_vectors,
    pack_block,
)
from spinglass_nn.networks._kernels import Layout, activate, multiply_by_slope
from spinglass_nn.networks._output_kernels import Answers, output_errors

Array = NDArray[Any]


class Weights(NamedTuple):
    """A point: weights for the way up and, of all but the first layer, down; biases."""

    up: Array
    down: Array
    biases: Array


class Scratch(NamedTuple):
    """Room for one block: activations, errors, a packed factor, one tile; sums over a run."""

    activations: Array
    errors: Array
    panels: Array
    tile: Array
    sums: Array


@kernel
def pack_point(theta: Array, bias: bool, table: Array, weights: Weights) -> None:
    """Pack a parameter vector; what fills up biases is left as it is."""
    start: Any = np.int64(0)
    one: Any = np.int64(1)
    for layer in range(table.shape[0]):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        pack(theta, start, one, n_in, n_in, n_out, weights.up, table[layer, ACROSS])
        if layer > 0:
            pack(theta, start, n_in, one, n_out, n_in, weights.down, table[layer, DOWN])
        start += n_in * n_out
        if bias:
            first = table[layer, BIAS]
            weights.biases[first : first + n_out] = theta[start : start + n_out]
            start += n_out


@part
def block_up(
    layout: Layout, table: Array, weights: Weights, inputs: Array, low: int, n: int,
    scratch: Scratch,
) -> None:  # fmt: skip
    """Activations of all layers; the last are the logits."""
    last = table.shape[0] - 1
    one: Any = np.int64(1)
    below, at, row = inputs, low * table[0, N_IN], table[0, N_IN]
    for layer in range(last + 1):
        wide, place = table[layer, WIDE_OUT], n * table[layer, SLOPES]
        multiply(
            below, at, row, one, n, table[layer, N_IN], weights.up, table[layer, ACROSS], wide,
            scratch.activations, place, wide, scratch.tile,
        )  # fmt: skip
        values = scratch.activations[place : place + n * wide]
        if layout.bias:
            for i in range(n):
                add_vectors(values[i * wide :], weights.biases[table[layer, BIAS] :], wide)
        if layer < last:
            activate(values, layout.activation)
        below, at, row = scratch.activations, place, wide


@part
def block_down(
    layout: Layout, table: Array, weights: Weights, inputs: Array, low: int, n: int,
    scratch: Scratch,
) -> None:  # fmt: skip
    """Add a block's gradient to the sums, from dL/dlogits in place of the logits."""
    last, sums = table.shape[0] - 1, scratch.sums
    one: Any = np.int64(1)
    delta = scratch.activations[n * table[last, SLOPES] :]
    for back in range(last + 1):
        layer = last - back
        n_in, wide = table[layer, N_IN], table[layer, WIDE_OUT]
        below, at, row = inputs, low * n_in, n_in
        if layer > 0:
            row = table[layer, WIDE_IN]
            below, at = scratch.activations, n * table[layer - 1, SLOPES]
        pack_block(delta, n, wide, scratch.panels)
        ahead = (low + n) * n_in if layer == 0 else below.size  # the next block's inputs
        add_product(
            below, at, one, row, n_in, n, scratch.panels, wide, sums, table[layer, SUM],
            scratch.tile, ahead,
        )  # fmt: skip
        if layout.bias:
            for i in range(n):
                add_vectors(sums[table[layer, BIAS_SUM] :], delta[i * wide :], wide)
        if layer > 0:
            lower = scratch.errors[at : at + n * row]
            multiply(
                delta, ZERO, wide, one, n, table[layer, N_OUT], weights.down,
                table[layer, DOWN], row, lower, ZERO, row, scratch.tile,
            )  # fmt: skip
            multiply_by_slope(lower, below[at : at + n * row], layout.activation)
            delta = lower


@kernel
def add_gradient(
    layout: Layout, table: Array, weights: Weights, inputs: Array, answers: Answers,
    order: Array, scratch: Scratch, block: int, sums: Array,
) -> float:  # fmt: skip
    """Add the gradient of a run of samples to float64 ``sums``; return their summed loss.

    ``order`` counts the samples of the run.
    """
    total, last = 0.0, table.shape[0] - 1
    n_run = inputs.size // table[0, N_IN]
    for i in range(sums.size):
        scratch.sums[i] = 0
    for low in range(0, n_run, block):
        n = min(block, n_run - low)
        block_up(layout, table, weights, inputs, low, n, scratch)
        total += output_errors(
            scratch.activations, n * table[last, SLOPES], table[last, WIDE_OUT], n,
            table[last, N_OUT], answers, order, low, layout.loss,
        )  # fmt: skip
        block_down(layout, table, weights, inputs, low, n, scratch)
    for i in range(sums.size):
        sums[i] += scratch.sums[i]
    return total
