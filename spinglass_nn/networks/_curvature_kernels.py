"""Compiled Hessian-vector products: Pearlmutter's R-operator over the plain kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel
from spinglass_nn.networks._kernels import (
    CROSS_ENTROPY,
    SQUARED_HINGE,
    TANH,
    Layout,
    activation_view,
    add_bias,
    column_sums,
    forward,
    multiply_by_slope,
    output_loss,
    weight_view,
)

Array = NDArray[Any]


@kernel
def r_forward(
    theta: Array,
    vector: Array,
    layout: Layout,
    inputs: Array,
    workspace: Array,
    r_workspace: Array,
    scratch: Array,
) -> None:
    """Directional derivative of all activations along ``vector`` (Pearlmutter's R-operator).

    ``workspace`` holds the activations; hidden entries of ``r_workspace`` become R{a}, the
    last ones R{logits}.
    """
    sizes = layout.sizes
    n, last, start = inputs.shape[0], sizes.size - 2, 0
    for layer in range(last + 1):
        below = inputs if layer == 0 else activation_view(workspace, sizes, layer - 1, n)
        out = activation_view(r_workspace, sizes, layer, n)
        np.dot(below, weight_view(vector, sizes, start, layer).T, out)
        if layer > 0:
            extra = activation_view(scratch, sizes, layer, n)
            r_below = activation_view(r_workspace, sizes, layer - 1, n)
            np.dot(r_below, weight_view(theta, sizes, start, layer).T, extra)
            out += extra
        start += sizes[layer] * sizes[layer + 1]
        if layout.bias:
            add_bias(out, vector, start)
            start += sizes[layer + 1]
        if layer < last:
            multiply_by_slope(
                out, activation_view(workspace, sizes, layer, n), layout.activation
            )


@kernel
def r_output(logits: Array, r_logits: Array, labels: Array, targets: Array, loss: int) -> None:
    """Turn logits into dL/dlogits and R{logits} into R{dL/dlogits}."""
    n, n_out = logits.shape
    output_loss(logits, labels, targets, loss)
    for i in range(n):
        e, r = logits[i], r_logits[i]
        if loss == CROSS_ENTROPY:  # (diag p - p p^T) R{z}
            e[labels[i]] += 1
            mean = 0.0
            for c in range(n_out):
                mean += e[c] * r[c]
            for c in range(n_out):
                r[c] = e[c] * (r[c] - mean)
            e[labels[i]] -= 1
        elif loss == SQUARED_HINGE:  # curvature 1 inside the margin, 0 outside
            for c in range(n_out):
                if e[c] == 0:
                    r[c] = 0


@kernel
def r_backward(
    theta: Array,
    vector: Array,
    layout: Layout,
    inputs: Array,
    workspace: Array,
    r_workspace: Array,
    errors: Array,
    r_errors: Array,
    scratch: Array,
    product: Array,
) -> None:
    """Write the block's summed Hessian-vector product; the transpose of `r_forward`.

    Last entries of ``workspace`` and ``r_workspace`` hold dL/dlogits and its R-derivative.
    """
    sizes = layout.sizes
    n, last, end = inputs.shape[0], sizes.size - 2, theta.size
    delta = activation_view(workspace, sizes, last, n)
    r_delta = activation_view(r_workspace, sizes, last, n)
    for back in range(last + 1):
        layer = last - back
        n_out, n_in = sizes[layer + 1], sizes[layer]
        if layout.bias:
            end -= n_out
            column_sums(r_delta, product, end)
        end -= n_out * n_in
        below = inputs if layer == 0 else activation_view(workspace, sizes, layer - 1, n)
        block = weight_view(product, sizes, end, layer)
        np.dot(r_delta.T, below, block)
        if layer > 0:
            r_below = activation_view(r_workspace, sizes, layer - 1, n)
            extra = scratch[: n_out * n_in].reshape((n_out, n_in))
            np.dot(delta.T, r_below, extra)
            block += extra
            weight = weight_view(theta, sizes, end, layer)
            r_lower = activation_view(r_errors, sizes, layer - 1, n)
            lower = activation_view(errors, sizes, layer - 1, n)
            np.dot(r_delta, weight, r_lower)
            np.dot(delta, weight_view(vector, sizes, end, layer), lower)
            r_lower += lower
            np.dot(delta, weight, lower)
            r_slope(r_lower, lower, below, r_below, layout.activation)
            delta, r_delta = lower, r_lower


@kernel
def r_slope(
    r_lower: Array, lower: Array, activations: Array, r_activations: Array, activation: int
) -> None:
    """Finish R{delta} and delta with first and second derivative of the activation.

    For tanh, a'' = -2 a a' and R{z} a' = R{a}, so R{a'} = -2 a R{a}.
    """
    if activation == TANH:
        n, units = lower.shape
        for i in range(n):
            for j in range(units):
                slope = 1 - activations[i, j] * activations[i, j]
                bend = -2 * activations[i, j] * r_activations[i, j]
                r_lower[i, j] = r_lower[i, j] * slope + lower[i, j] * bend
                lower[i, j] *= slope
    else:
        multiply_by_slope(r_lower, activations, activation)
        multiply_by_slope(lower, activations, activation)


@kernel
def product_of_block(
    theta: Array,
    vector: Array,
    layout: Layout,
    inputs: Array,
    labels: Array,
    targets: Array,
    workspaces: Array,
    scratch: Array,
    product: Array,
) -> None:
    """Write the summed Hessian-vector product of one block.

    ``workspaces`` has four rows: activations, their R-derivatives, errors, theirs.
    """
    forward(theta, layout, inputs, workspaces[0])
    r_forward(theta, vector, layout, inputs, workspaces[0], workspaces[1], scratch)
    n, last = inputs.shape[0], layout.sizes.size - 2
    r_output(
        activation_view(workspaces[0], layout.sizes, last, n),
        activation_view(workspaces[1], layout.sizes, last, n),
        labels,
        targets,
        layout.loss,
    )
    r_backward(
        theta,
        vector,
        layout,
        inputs,
        workspaces[0],
        workspaces[1],
        workspaces[2],
        workspaces[3],
        scratch,
        product,
    )
