"""Networks from their definition, one unit at a time; slow, obvious, and complex-safe.

Nothing here is shared with the package: `net` is only read for its sizes, activation, bias and
loss. Parameters may be complex, so that the imaginary part of f(theta + i h v) / h is the
directional derivative of f to rounding (h = 1e-30: no difference is ever taken). Where a
function has a kink, its branch is chosen by the real part.
"""

from __future__ import annotations

import numpy as np

STEP = 1e-30


def split(net, theta):
    """Matrices and biases, read off the flat vector number by number."""
    layers, place = [], 0
    for n_in, n_out in zip(net.sizes[:-1], net.sizes[1:], strict=True):
        weight = np.empty((n_out, n_in), dtype=theta.dtype)
        for j in range(n_out):
            for i in range(n_in):
                weight[j, i] = theta[place]
                place += 1
        bias = np.zeros(n_out, dtype=theta.dtype)
        if net.bias:
            for j in range(n_out):
                bias[j] = theta[place]
                place += 1
        layers.append((weight, bias))
    assert place == len(theta)
    return layers


def act(net, z):
    if net.activation == "relu":
        return np.where(z.real > 0, z, 0)
    if net.activation == "tanh":
        return np.tanh(z)
    if net.activation == "sign":
        return np.where(z.real < 0, -1.0, 1.0)
    return z


def slope(net, z):
    if net.activation == "relu":
        return np.where(z.real > 0, 1.0, 0.0)
    if net.activation == "tanh":
        return 1 - np.tanh(z) ** 2
    if net.activation == "sign":  # straight through
        return np.where(abs(z) < 1, 1.0, 0.0)
    return np.ones_like(z)


def preactivations(net, theta, inputs):
    """The z of every layer, a list over layers of arrays (n_samples, units)."""
    below, zs = np.asarray(inputs, dtype=np.float64), []
    layers = split(net, theta)
    for k, (weight, bias) in enumerate(layers):
        z = np.zeros((len(inputs), len(bias)), dtype=theta.dtype)
        for j in range(len(bias)):
            for i in range(weight.shape[1]):
                z[:, j] += weight[j, i] * below[:, i]
            z[:, j] += bias[j]
        zs.append(z)
        below = act(net, z) if k < len(layers) - 1 else z
    return zs


def logits(net, theta, inputs):
    return preactivations(net, theta, inputs)[-1]


def predictions(net, theta, inputs):
    out = logits(net, theta, inputs).real
    if net.sizes[-1] == 1:
        return np.array([1 if z > 0 else 0 for z in out[:, 0]])
    return np.array([list(z).index(max(z)) for z in out])


def accuracy(net, theta, inputs, labels):
    found = predictions(net, theta, inputs)
    return sum(int(a == b) for a, b in zip(found, labels, strict=True)) / len(labels)


def targets_of(net, labels):
    """One-hot rows for the squared error; ±1 for the hinge and for a single output."""
    n_out = net.sizes[-1]
    rows = []
    for label in labels:
        if n_out == 1:
            rows.append([1.0 if label == 1 else -1.0])
        else:
            off = 0.0 if net.loss == "squared_error" else -1.0
            rows.append([1.0 if c == label else off for c in range(n_out)])
    return np.array(rows)


def losses(net, theta, inputs, labels, targets=None):
    """Loss of every sample."""
    z = logits(net, theta, inputs)
    if net.loss == "cross_entropy":
        top = z.real.max(axis=1, keepdims=True)
        chosen = np.array([z[i, y] for i, y in enumerate(labels)])
        return np.log(np.exp(z - top).sum(axis=1)) + top[:, 0] - chosen
    t = targets_of(net, labels) if targets is None else targets
    if net.loss == "squared_error":
        return 0.5 * ((z - t) ** 2).sum(axis=1)
    margin = 1 - t * z
    return 0.5 * np.where(margin.real > 0, margin**2, 0).sum(axis=1)


def loss(net, theta, inputs, labels, targets=None):
    return losses(net, theta, inputs, labels, targets).mean()


def output_errors(net, z, labels, targets=None):
    """dL/dz of every sample at the outputs."""
    if net.loss == "cross_entropy":
        e = np.exp(z - z.real.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        for i, y in enumerate(labels):
            p[i, y] -= 1
        return p
    t = targets_of(net, labels) if targets is None else targets
    if net.loss == "squared_error":
        return z - t
    margin = 1 - t * z
    return np.where(margin.real > 0, -t * margin, 0)


def gradient(net, theta, inputs, labels, targets=None):
    """Backpropagation written out: chain rule through one weight at a time."""
    zs = preactivations(net, theta, inputs)
    layers = split(net, theta)
    delta = output_errors(net, zs[-1], labels, targets)
    parts = []
    for k in range(len(layers) - 1, -1, -1):
        weight, _ = layers[k]
        below = act(net, zs[k - 1]) if k > 0 else np.asarray(inputs, dtype=np.float64)
        n_out, n_in = weight.shape
        part = [(delta[:, j] * below[:, i]).mean() for j in range(n_out) for i in range(n_in)]
        if net.bias:
            part += [delta[:, j].mean() for j in range(n_out)]
        parts = part + parts
        if k > 0:
            lower = np.zeros_like(below, dtype=theta.dtype)
            for i in range(n_in):
                for j in range(n_out):
                    lower[:, i] += delta[:, j] * weight[j, i]
            delta = lower * slope(net, zs[k - 1])
    return np.array(parts)


def complex_step_gradient(net, theta, inputs, labels, targets=None):
    """Gradient from the loss alone, one parameter at a time."""
    out = np.empty(len(theta))
    for k in range(len(theta)):
        moved = theta.astype(complex)
        moved[k] += 1j * STEP
        out[k] = loss(net, moved, inputs, labels, targets).imag / STEP
    return out


def hessian_vector_product(net, theta, vector, inputs, labels, targets=None):
    """Derivative of the gradient along a vector, by a complex step."""
    moved = theta + 1j * STEP * vector
    return gradient(net, moved, inputs, labels, targets).imag / STEP
