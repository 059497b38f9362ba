"""Flatness from its definition, one parameter at a time, along the package's directions."""

from __future__ import annotations

import math

import numpy as np
from naive import networks

DIRECTIONS = 13  # number of the stream


def units_of(net):
    """For every unit the places of its parameters in the flat vector."""
    units, place = [], 0
    for n_in, n_out in zip(net.sizes[:-1], net.sizes[1:], strict=True):
        biases = place + n_in * n_out
        for j in range(n_out):
            own = [place + j * n_in + i for i in range(n_in)]
            units.append([*own, biases + j] if net.bias else own)
        place = biases + (n_out if net.bias else 0)
    return units


def length(values):
    return math.sqrt(math.fsum(float(v) ** 2 for v in values))


def displacement(net, theta, seed, index, *, radius, kind):
    sequence = np.random.SeedSequence(seed, spawn_key=(DIRECTIONS, index))
    g = np.random.Generator(np.random.SFC64(sequence)).standard_normal(len(theta))
    if kind == "isotropic":
        return radius * g / length(g)
    rho = radius / length(theta)
    moved = np.zeros(len(theta))
    for unit in units_of(net):
        for k in unit:
            moved[k] = rho * length(theta[unit]) * g[k] / length(g[unit])
    return moved


def flatness(net, theta, data, *, radius, kind, n_directions, antithetic, seed):
    """Mean and standard error of the rise."""

    def loss(point):
        return networks.loss(net, point, data.inputs, data.labels, data.targets)

    rises = []
    for index in range(n_directions):
        d = displacement(net, theta, seed, index, radius=radius, kind=kind)
        rise = loss(theta + d) - loss(theta)
        if antithetic:
            rise = (rise + loss(theta - d) - loss(theta)) / 2
        rises.append(rise)
    mean = sum(rises) / n_directions
    variance = sum((r - mean) ** 2 for r in rises) / (n_directions - 1)
    return mean, math.sqrt(variance / n_directions)


def noisy(net, theta, data, *, sigma, n_directions, seed):
    """Mean and error of the rise of the loss, and of the drop of the accuracy."""

    def measured(point):
        right = networks.accuracy(net, point, data.inputs, data.labels)
        return np.array([networks.loss(net, point, data.inputs, data.labels, None), -right])

    found = []
    for index in range(n_directions):
        sequence = np.random.SeedSequence(seed, spawn_key=(DIRECTIONS, index))
        z = np.random.Generator(np.random.SFC64(sequence)).standard_normal(len(theta))
        both = [measured(theta * (1 + sign * sigma * z)) for sign in (1, -1)]
        found.append((both[0] + both[1]) / 2 - measured(theta))
    return np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(n_directions)


def fisher_rao(net, theta, data, *, labels):
    """theta F theta: the mean square of the slope of -log p along theta, over labels y."""
    step = networks.STEP
    grown = networks.logits(net, theta * (1 + 1j * step), data.inputs)
    outputs, slopes = grown.real, grown.imag / step
    p = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    total = 0.0
    for i, label in enumerate(data.labels):
        for c in range(net.n_outputs):
            weight = p[i, c] if labels == "network" else float(c == label)
            total += weight * (p[i] @ slopes[i] - slopes[i, c]) ** 2
    return total / len(data.labels)
