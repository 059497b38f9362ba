"""Training from the definitions, one sample and one weight at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np


def unpack(sizes, bias, theta):
    """Nested lists of one flat vector: per layer (weight rows, biases)."""
    layers, place = [], 0
    for n_in, n_out in itertools.pairwise(sizes):
        rows = []
        for _ in range(n_out):
            rows.append([float(v) for v in theta[place : place + n_in]])
            place += n_in
        offsets = [0.0] * n_out
        if bias:
            offsets = [float(v) for v in theta[place : place + n_out]]
            place += n_out
        layers.append((rows, offsets))
    return layers


def activations(sizes, activation, bias, theta, x):
    """Values of all layers, inputs first, logits last."""
    values = [[float(v) for v in x]]
    layers = unpack(sizes, bias, theta)
    for number, (rows, offsets) in enumerate(layers):
        z = [
            offset + sum(w * v for w, v in zip(row, values[-1], strict=True))
            for row, offset in zip(rows, offsets, strict=True)
        ]
        if number + 1 < len(layers):
            if activation == "relu":
                z = [max(0.0, v) for v in z]
            elif activation == "tanh":
                z = [math.tanh(v) for v in z]
            elif activation == "sign":
                z = [-1.0 if v < 0 else 1.0 for v in z]
        values.append(z)
    return values


def sample_loss(loss, z, label):
    """Loss of one sample and its derivative by the logits."""
    if loss == "cross_entropy":
        total = sum(math.exp(v) for v in z)
        slope = [math.exp(v) / total - (c == label) for c, v in enumerate(z)]
        return math.log(total) - z[label], slope
    if loss == "squared_error":
        error = [v - (c == label) for c, v in enumerate(z)]
        return 0.5 * sum(e * e for e in error), error
    sign = [1.0 if c == label else -1.0 for c in range(len(z))]
    short = [max(0.0, 1 - s * v) for s, v in zip(sign, z, strict=True)]
    return 0.5 * sum(s * s for s in short), [-s * e for s, e in zip(sign, short, strict=True)]


def slope(activation, z):
    """Derivative of an activation; of the sign, the straight-through one."""
    if activation == "relu":
        return 1.0 if z > 0 else 0.0
    if activation == "tanh":
        return 1 - math.tanh(z) ** 2
    if activation == "sign":
        return 1.0 if abs(z) < 1 else 0.0
    return 1.0


def gradient(net, theta, inputs, labels):
    """Mean gradient over a few samples, by the chain rule weight by weight."""
    total = np.zeros(len(theta))
    layers = unpack(net.sizes, net.bias, theta)
    for x, label in zip(inputs, labels, strict=True):
        values = activations(net.sizes, net.activation, net.bias, theta, x)
        delta = sample_loss(net.loss, values[-1], label)[1]
        end = len(theta)
        for number in range(len(layers) - 1, -1, -1):
            rows, below = layers[number][0], values[number]
            n_out, n_in = len(rows), len(below)
            if net.bias:
                end -= n_out
                for j in range(n_out):
                    total[end + j] += delta[j]
            end -= n_out * n_in
            for j in range(n_out):
                for i in range(n_in):
                    total[end + j * n_in + i] += delta[j] * below[i]
            lower = []
            for i in range(n_in):
                d = sum(rows[j][i] * delta[j] for j in range(n_out))
                if number > 0:
                    weights, offset = layers[number - 1][0][i], layers[number - 1][1][i]
                    under = values[number - 1]
                    z = offset + sum(w * v for w, v in zip(weights, under, strict=True))
                    d *= slope(net.activation, z)
                lower.append(d)
            delta = lower
    return total / len(inputs)


def sgd(theta, velocity, g, rate, *, momentum=0.0, nesterov=False, weight_decay=0.0):
    """One step; lists in, lists out."""
    new_theta, new_velocity = [], []
    for t, v, gi in zip(theta, velocity, g, strict=True):
        gi = gi + weight_decay * t
        v = momentum * v + gi
        new_theta.append(t - rate * (gi + momentum * v if nesterov else v))
        new_velocity.append(v)
    return new_theta, new_velocity


def adam(theta, memory, g, rate, step, *, beta1, beta2, epsilon, weight_decay, decoupled):
    """One step of Adam (or AdamW); ``step`` counts from 1, ``memory`` is (m, s)."""
    first, second = [], []
    new_theta = []
    for t, m, s, gi in zip(theta, *memory, g, strict=True):
        if decoupled:
            t = t - rate * weight_decay * t
        else:
            gi = gi + weight_decay * t
        m = beta1 * m + (1 - beta1) * gi
        s = beta2 * s + (1 - beta2) * gi**2
        m_hat, s_hat = m / (1 - beta1**step), s / (1 - beta2**step)
        new_theta.append(t - rate * m_hat / (math.sqrt(s_hat) + epsilon))
        first.append(m)
        second.append(s)
    return new_theta, (first, second)


def constant(epoch):
    return 1.0


def step_decay(every, ratio):
    def factor(epoch):
        drops, passed = 1.0, every
        while passed <= epoch:
            drops, passed = drops * ratio, passed + every
        return drops

    return factor


def cosine(n_epochs, floor, warm_up):
    def factor(epoch):
        if epoch < warm_up:
            return epoch / warm_up
        done = min(1.0, (epoch - warm_up) / (n_epochs - warm_up))
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2

    return factor


def train(net, theta, inputs, labels, orders, batch_size, rate, step, factor=constant):
    """Parameters after every step.

    ``orders`` holds one permutation of the samples per epoch; ``step(theta, g, rate, number)``
    is an optimizer with its memory inside.
    """
    trajectory, number = [list(theta)], 0
    for epoch, order in enumerate(orders):
        starts = range(0, len(order), batch_size)
        for place, start in enumerate(starts):
            rows = order[start : start + batch_size]
            g = gradient(net, trajectory[-1], inputs[rows], labels[rows])
            number += 1
            now = rate * factor(epoch + place / len(starts))
            trajectory.append(step(trajectory[-1], list(g), now, number))
    return np.array(trajectory)
