"""Compiled gradients in register tiles, for layers that fit in the caches.

Activations and errors of a block lie as in `_kernels`; weights are packed both ways, and the
gradient of a layer is summed as (inputs, outputs), outputs filled up to whole vectors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel, part
from spinglass_nn._core.products import ZERO, multiply, pack
from spinglass_nn.networks._curvature_kernels import (
    ACROSS,
    BIAS_SUM,
    DOWN,
    N_IN,
    N_OUT,
    SUM,
    WIDE_OUT,
    add_product,
)
from spinglass_nn.networks._kernels import (
    Layout,
    activate,
    activation_view,
    add_bias,
    multiply_by_slope,
    output_loss,
)

Array = NDArray[Any]


class Scratch(NamedTuple):
    """Room for one block: activations, errors, a packed factor, one tile."""

    activations: Array
    errors: Array
    panels: Array
    tile: Array


@kernel
def pack_both_ways(theta: Array, bias: bool, table: Array, up: Array, down: Array) -> None:
    """Pack the weights of all layers for the way up, and of all but the first for that down."""
    start: Any = np.int64(0)
    one: Any = np.int64(1)
    for layer in range(table.shape[0]):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        pack(theta, start, one, n_in, n_in, n_out, up, table[layer, ACROSS])
        if layer > 0:
            pack(theta, start, n_in, one, n_out, n_in, down, table[layer, DOWN])
        start += n_in * n_out + (n_out if bias else 0)


@part
def block_up(
    theta: Array, layout: Layout, table: Array, up: Array, inputs: Array, low: int, n: int,
    scratch: Scratch,
) -> None:  # fmt: skip
    """Activations of all layers; the last are the logits."""
    last = table.shape[0] - 1
    one: Any = np.int64(1)
    start, place = ZERO, ZERO
    below, at = inputs, low * table[0, N_IN]
    for layer in range(last + 1):
        n_in, n_out = table[layer, N_IN], table[layer, N_OUT]
        multiply(
            below, at, n_in, one, n, n_in, up, table[layer, ACROSS], n_out,
            scratch.activations, place, n_out, scratch.tile,
        )  # fmt: skip
        values = scratch.activations[place : place + n * n_out].reshape((n, n_out))
        start += n_in * n_out
        if layout.bias:
            add_bias(values, theta, start)
            start += n_out
        if layer < last:
            activate(values, layout.activation)
        below, at = scratch.activations, place
        place += n * n_out


@part
def block_down(
    layout: Layout, table: Array, down: Array, inputs: Array, low: int, n: int,
    scratch: Scratch, sums: Array,
) -> None:  # fmt: skip
    """Add a block's gradient to ``sums``, from dL/dlogits in place of the logits."""
    sizes, last = layout.sizes, table.shape[0] - 1
    one: Any = np.int64(1)
    above, here = scratch.activations, n * (sizes[1:].sum() - sizes[last + 1])
    for back in range(last + 1):
        layer = last - back
        n_in, n_out, wide = table[layer, N_IN], table[layer, N_OUT], table[layer, WIDE_OUT]
        below, at = inputs, low * n_in
        if layer > 0:
            below, at = scratch.activations, here - n * n_in
            # errors lie where their activations do, but for those of the outputs
        pack(above, here, n_out, one, n, n_out, scratch.panels, ZERO)
        add_product(
            below, at, one, n_in, n_in, n, scratch.panels, wide, sums, table[layer, SUM],
            scratch.tile,
        )  # fmt: skip
        if layout.bias:
            first = table[layer, BIAS_SUM]
            for i in range(n):
                for j in range(n_out):
                    sums[first + j] += above[here + i * n_out + j]
        if layer > 0:
            multiply(
                above, here, n_out, one, n, n_out, down, table[layer, DOWN], n_in,
                scratch.errors, at, n_in, scratch.tile,
            )  # fmt: skip
            lower = scratch.errors[at : at + n * n_in].reshape((n, n_in))
            multiply_by_slope(
                lower, activation_view(scratch.activations, sizes, layer - 1, n),
                layout.activation,
            )  # fmt: skip
            above, here = scratch.errors, at


@kernel
def add_gradient(
    theta: Array, layout: Layout, table: Array, up: Array, down: Array, inputs: Array,
    labels: Array, targets: Array, scratch: Scratch, block: int, sums: Array,
) -> float:  # fmt: skip
    """Add the gradient of a run of samples to ``sums``; return their summed loss."""
    total, last = 0.0, table.shape[0] - 1
    n_run = inputs.size // table[0, N_IN]
    for low in range(0, n_run, block):
        n = min(block, n_run - low)
        block_up(theta, layout, table, up, inputs, low, n, scratch)
        logits = activation_view(scratch.activations, layout.sizes, last, n)
        loss, _ = output_loss(
            logits, labels[low : low + n], targets[low : low + n], layout.loss
        )
        total += loss
        block_down(layout, table, down, inputs, low, n, scratch, sums)
    return total
