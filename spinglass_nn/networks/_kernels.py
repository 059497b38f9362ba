"""Compiled network kernels: forward, loss, backward and R-operator on blocks of samples.

Parameters are one flat vector: per layer the weight matrix (outputs, inputs) row by row, then
the biases. A block's activations lie layer after layer in one flat workspace. All matrix
products are BLAS calls on views; nothing is allocated inside.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel

Array = NDArray[Any]

ACTIVATIONS = {"identity": 0, "relu": 1, "tanh": 2, "sign": 3}
LOSSES = {"cross_entropy": 0, "squared_error": 1, "squared_hinge": 2}

IDENTITY, RELU, TANH, SIGN = 0, 1, 2, 3
CROSS_ENTROPY, SQUARED_ERROR, SQUARED_HINGE = 0, 1, 2


class Layout(NamedTuple):
    """What kernels know of a network: sizes, whether biases, codes of activation and loss."""

    sizes: Array
    bias: bool
    activation: int
    loss: int


@kernel
def weight_view(theta: Array, sizes: Array, start: int, layer: int) -> Array:
    """The weight matrix (outputs, inputs) of a layer whose parameters begin at ``start``."""
    n_in, n_out = sizes[layer], sizes[layer + 1]
    return theta[start : start + n_in * n_out].reshape((n_out, n_in))


@kernel
def activation_view(workspace: Array, sizes: Array, layer: int, n: int) -> Array:
    """The activations (n, units) after weight layer ``layer`` in a flat workspace."""
    start = 0
    for k in range(layer):
        start += n * sizes[k + 1]
    units = sizes[layer + 1]
    return workspace[start : start + n * units].reshape((n, units))


@kernel
def activate(values: Array, activation: int) -> None:
    """Apply the hidden activation in place.

    The slope is told from its output, see `multiply_by_slope`. So a sign of a sum within the
    window of the straight-through slope is not 1 but the next number beyond.
    """
    flat = values.reshape(values.size)
    if activation == RELU:
        for i in range(flat.size):  # stored always, without a branch: signs are random
            flat[i] = flat.dtype.type(0) if flat[i] < 0 else flat[i]
    elif activation == TANH:
        for i in range(flat.size):
            flat[i] = math.tanh(flat[i])
    elif activation == SIGN:
        one = flat.dtype.type(1)
        beyond = one + np.finfo(flat.dtype).eps
        for i in range(flat.size):
            size = beyond if abs(flat[i]) < one else one
            flat[i] = -size if flat[i] < 0 else size


@kernel
def multiply_by_slope(values: Array, activations: Array, activation: int) -> None:
    """Multiply in place by the derivative of the activation, told from its output.

    Of signs, whose derivative is zero, by the straight-through slope: 1 for sums in (-1, 1).
    """
    v, a = values.reshape(values.size), activations.reshape(activations.size)
    if activation == RELU:
        for i in range(v.size):
            v[i] = v[i] if a[i] > 0 else v.dtype.type(0)
    elif activation == TANH:
        for i in range(v.size):
            v[i] *= 1 - a[i] * a[i]
    elif activation == SIGN:
        for i in range(v.size):
            v[i] = v[i] if abs(a[i]) > 1 else v.dtype.type(0)


@kernel
def add_bias(values: Array, theta: Array, start: int) -> None:
    """Add the biases that begin at ``start`` of ``theta`` to every row."""
    n, units = values.shape
    for i in range(n):
        for j in range(units):
            values[i, j] += theta[start + j]


@kernel
def forward(theta: Array, layout: Layout, inputs: Array, workspace: Array) -> None:
    """Fill the workspace with the activations of all layers; the last are the logits."""
    sizes = layout.sizes
    n = inputs.shape[0]
    previous, start, last = inputs, 0, sizes.size - 2
    for layer in range(last + 1):
        out = activation_view(workspace, sizes, layer, n)
        weight = weight_view(theta, sizes, start, layer)
        np.dot(previous, weight.T, out)
        start += weight.size
        if layout.bias:
            add_bias(out, theta, start)
            start += sizes[layer + 1]
        if layer < last:
            activate(out, layout.activation)
        previous = out


@kernel
def output_loss(logits: Array, labels: Array, targets: Array, loss: int) -> tuple[float, int]:
    """Summed loss of a block and its number of right answers; logits become dL/dlogits.

    ``labels`` is empty for regression, where nothing counts as right; ``targets`` is read by
    the two squared losses.
    """
    n, n_out = logits.shape
    total, right = 0.0, 0
    for i in range(n):
        z = logits[i]
        if labels.size > 0:
            right += predicted_class(z) == labels[i]
        if loss == CROSS_ENTROPY:
            total += cross_entropy_row(z, labels[i])
        else:
            for c in range(n_out):
                t = targets[i, c]
                error = z[c] - t
                if loss == SQUARED_HINGE and t * z[c] >= 1:  # t = ±1, so else it is z - t
                    error *= 0
                total += 0.5 * float(error) * float(error)
                z[c] = error
    return total, right


@kernel
def losses_of_samples(
    logits: Array, labels: Array, targets: Array, loss: int, found: Array
) -> None:
    """The loss of every sample by itself; logits become dL/dlogits."""
    for i in range(len(logits)):
        one = slice(i, i + 1)
        found[i] = output_loss(logits[one], labels[one], targets[one], loss)[0]


@kernel
def predicted_class(z: Array) -> int:
    """The largest logit's place; the sign of a single output."""
    if z.size == 1:
        return 1 if z[0] > 0 else 0
    best = 0
    for c in range(1, z.size):
        if z[c] > z[best]:
            best = c
    return best


@kernel
def cross_entropy_row(z: Array, label: int) -> float:
    """Cross-entropy of one sample; ``z`` becomes softmax minus one-hot."""
    top = z[0]
    for c in range(1, z.size):
        top = max(top, z[c])
    shifted = float(z[label] - top)
    total = 0.0
    for c in range(z.size):
        z[c] = math.exp(z[c] - top)
        total += z[c]
    for c in range(z.size):
        z[c] = z[c] / total
    z[label] -= 1
    return math.log(total) - shifted


@kernel
def backward(
    theta: Array,
    layout: Layout,
    inputs: Array,
    workspace: Array,
    errors: Array,
    gradient: Array,
) -> None:
    """Write the block's summed gradient.

    On entry the last activations in ``workspace`` hold dL/dlogits; ``errors`` is a second
    workspace of the same size.
    """
    sizes = layout.sizes
    n, last = inputs.shape[0], sizes.size - 2
    end = theta.size
    delta = activation_view(workspace, sizes, last, n)
    for back in range(last + 1):
        layer = last - back
        n_out = sizes[layer + 1]
        if layout.bias:
            end -= n_out
            column_sums(delta, gradient, end)
        end -= n_out * sizes[layer]
        below = inputs if layer == 0 else activation_view(workspace, sizes, layer - 1, n)
        np.dot(delta.T, below, weight_view(gradient, sizes, end, layer))
        if layer > 0:
            lower = activation_view(errors, sizes, layer - 1, n)
            np.dot(delta, weight_view(theta, sizes, end, layer), lower)
            multiply_by_slope(lower, below, layout.activation)
            delta = lower


@kernel
def column_sums(values: Array, out: Array, start: int) -> None:
    """Write the column sums of ``values`` to ``out`` from ``start`` on."""
    n, units = values.shape
    for j in range(units):
        out[start + j] = 0
    for i in range(n):
        for j in range(units):
            out[start + j] += values[i, j]


@kernel
def loss_of_block(
    theta: Array,
    layout: Layout,
    inputs: Array,
    labels: Array,
    targets: Array,
    workspace: Array,
) -> tuple[float, int]:
    """Summed loss and right answers of one block of samples."""
    forward(theta, layout, inputs, workspace)
    logits = activation_view(workspace, layout.sizes, layout.sizes.size - 2, inputs.shape[0])
    return output_loss(logits, labels, targets, layout.loss)


@kernel
def gradient_of_block(
    theta: Array,
    layout: Layout,
    inputs: Array,
    labels: Array,
    targets: Array,
    workspace: Array,
    errors: Array,
    gradient: Array,
) -> tuple[float, int]:
    """Write the summed gradient of one block; return its summed loss and right answers."""
    loss, right = loss_of_block(theta, layout, inputs, labels, targets, workspace)
    backward(theta, layout, inputs, workspace, errors, gradient)
    return loss, right
