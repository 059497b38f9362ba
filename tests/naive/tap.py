"""The TAP free energy and what derives from it, in plain loops."""

from __future__ import annotations

import math

import numpy as np


def free_energy(matrix, fields, m, temperature):
    n, beta = len(m), 1 / temperature
    total = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            total -= matrix[i, j] * m[i] * m[j]
            total -= beta / 2 * matrix[i, j] ** 2 * (1 - m[i] ** 2) * (1 - m[j] ** 2)
        total -= fields[i] * m[i]
        for sign in (1, -1):
            p = (1 + sign * m[i]) / 2
            total += temperature * p * math.log(p) if p > 0 else 0.0
    return total


def energy(matrix, fields, m, temperature):
    n, total = len(m), -float(np.dot(fields, m))
    for i in range(n):
        for j in range(i + 1, n):
            total -= matrix[i, j] * m[i] * m[j]
            total -= matrix[i, j] ** 2 * (1 - m[i] ** 2) * (1 - m[j] ** 2) / temperature
    return total


def gradient(function, m, step=1e-5):
    out = np.empty(len(m))
    for i in range(len(m)):
        up, down = m.copy(), m.copy()
        up[i] += step
        down[i] -= step
        out[i] = (function(up) - function(down)) / (2 * step)
    return out


def plefka(matrix, m, temperature):
    full = np.array([
        [(matrix[i, j] / temperature) ** 2 * (1 - m[j] ** 2) ** 2 for j in range(len(m))]
        for i in range(len(m))
    ])  # fmt: skip
    return np.abs(np.linalg.eigvals(full)).max()


def iterate(matrix, fields, m, temperature, damping, n_steps, frozen=None):
    beta, squares = 1 / temperature, matrix**2
    for _ in range(n_steps):
        reaction = beta**2 * (squares @ (1 - m**2)) if frozen is None else frozen
        m = (1 - damping) * m + damping * np.tanh(beta * (fields + matrix @ m) - reaction * m)
    return m
