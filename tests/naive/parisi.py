"""The Parisi functional of a few steps by nested Gaussian integrals."""

from __future__ import annotations

import math

import numpy as np

NODES = np.linspace(-8, 8, 161)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()


def phi_and_m(y, level, q, x, beta):
    """phi(q_level, y) and its derivative for an array y."""
    if level == len(x):
        phi = np.log(2 * np.cosh(beta * y)) / beta + beta / 2 * (1 - q[-1])
        return phi, np.tanh(beta * y)
    width = math.sqrt(q[level + 1] - q[level])
    phi, m = phi_and_m(y[..., None] + width * NODES, level + 1, q, x, beta)
    tilted = WEIGHTS * np.exp(beta * x[level] * phi)
    norm = tilted.sum(axis=-1)
    return np.log(norm) / (beta * x[level]), (tilted * m).sum(axis=-1) / norm


def second_moments(q, x, beta, field):
    """<m(q_i, y)^2> at each q_i, with the same nested weights."""
    found = []
    for level in range(len(q)):
        y = field + math.sqrt(q[0]) * NODES
        found.append(float(WEIGHTS @ nested(y, 0, level, q, x, beta)))
    return found


def nested(y, at, level, q, x, beta):
    """Mean of m(q_level)^2 given that the field is y at q_at."""
    if at == level:
        return phi_and_m(y, level, q, x, beta)[1] ** 2
    width = math.sqrt(q[at + 1] - q[at])
    above = y[..., None] + width * NODES
    tilted = WEIGHTS * np.exp(beta * x[at] * phi_and_m(above, at + 1, q, x, beta)[0])
    return (tilted * nested(above, at + 1, level, q, x, beta)).sum(-1) / tilted.sum(-1)
