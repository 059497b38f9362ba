"""Curvature matrices from their definitions, sample by sample; slow and obvious."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from naive import networks


def hessian(net, theta, inputs, labels, targets=None):
    rows = [
        networks.hessian_vector_product(net, theta, unit, inputs, labels, targets)
        for unit in np.eye(len(theta))
    ]
    return np.array(rows)


def jacobians(net, theta, inputs):
    """dz_c / dtheta_k of every sample, (n_samples, n_outputs, n_parameters)."""
    columns = [
        networks.logits(net, theta + 1j * networks.STEP * unit, inputs).imag / networks.STEP
        for unit in np.eye(len(theta))
    ]
    return np.stack(columns, axis=-1)


def output_curvature(net, z, label, target):
    """Second derivatives of one sample's loss in its outputs."""
    if net.loss == "cross_entropy":
        p = np.exp(z - z.max())
        p /= p.sum()
        return np.diag(p) - np.outer(p, p)
    if net.loss == "squared_error":
        return np.eye(len(z))
    return np.diag([1.0 if 1 - t * v > 0 else 0.0 for t, v in zip(target, z, strict=True)])


def gauss_newton(net, theta, inputs, labels):
    total = np.zeros((len(theta), len(theta)))
    targets = networks.targets_of(net, labels)
    z = networks.logits(net, theta, inputs)
    for i, jacobian in enumerate(jacobians(net, theta, inputs)):
        total += jacobian.T @ output_curvature(net, z[i], labels[i], targets[i]) @ jacobian
    return total / len(inputs)


def empirical_fisher(net, theta, inputs, labels):
    total = np.zeros((len(theta), len(theta)))
    for i in range(len(inputs)):
        slope = networks.gradient(net, theta, inputs[i : i + 1], labels[i : i + 1])
        total += np.outer(slope, slope)
    return total / len(inputs)


def softmax_fisher(net, theta, inputs):
    """Gradients of -log p averaged over all labels with the network's own probabilities."""
    total = np.zeros((len(theta), len(theta)))
    for x, z in zip(inputs, networks.logits(net, theta, inputs), strict=True):
        p = np.exp(z - z.max())
        p /= p.sum()
        for label, probability in enumerate(p):
            slope = networks.gradient(net, theta, x[None], np.array([label]))
            total += probability * np.outer(slope, slope)
    return total / len(inputs)


def residual_part(net, theta, inputs, labels):
    """The network's own bends: the Hessian of sum_c e_c z_c with the errors e held fixed."""
    z = networks.logits(net, theta, inputs)
    errors = networks.output_errors(net, z, labels)
    h, n = 1e-4, len(theta)
    out = np.empty((n, n))

    def slope(at):
        return np.einsum("nc,ncp->p", errors, jacobians(net, at, inputs)) / len(inputs)

    for k, unit in enumerate(np.eye(n)):
        out[k] = (slope(theta + h * unit) - slope(theta - h * unit)) / (2 * h)
    return out


def kinks(net, theta, direction, data):
    """Sum over units of dl/da max(0, |b| - |z|), mean over samples.

    A change of the output a of a unit is a change of the biases above it by its weights there.
    """
    step = networks.STEP
    with_biases = replace(net, bias=True)
    parts = [
        np.concatenate([weight.ravel(), bias]) for weight, bias in networks.split(net, theta)
    ]
    point = np.concatenate(parts)
    ends = np.cumsum([len(part) for part in parts])
    moved = networks.preactivations(net, theta + 1j * step * direction, data.inputs)
    total = 0.0
    for layer, z in enumerate(moved[:-1]):
        weight, _ = networks.split(net, theta)[layer + 1]
        for unit in range(z.shape[1]):
            lifted = point.astype(complex)
            lifted[ends[layer + 1] - len(weight) : ends[layer + 1]] += (
                1j * step * weight[:, unit]
            )
            losses = networks.losses(
                with_biases, lifted, data.inputs, data.labels, data.targets
            )
            for i, each in enumerate(losses.imag / step):
                b = z[i, unit].imag / step
                total += each * max(0.0, abs(b) - abs(z[i, unit].real))
    return total / len(data.inputs)
