"""Random layers and the trivial state's stability from the definitions, with dense matrices."""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq


def gaussian(function):
    return quad(
        lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * function(z), -9, 9,
        points=[0.0], limit=400, epsabs=1e-13,
    )[0]  # fmt: skip


def overlaps(profile, beta, n_steps=4000):
    """The replica-symmetric equations, iterated."""
    q = np.ones(len(profile))
    for _ in range(n_steps):
        widths = beta * np.sqrt(profile @ q)
        new = np.array([gaussian(lambda z, w=w: np.tanh(w * z) ** 2) for w in widths])
        if np.abs(new - q).max() < 1e-11:
            break
        q = new
    return q


def lowest(matrix, beta):
    """Lowest eigenvalue of 1 + beta² diag(a) - beta J."""
    diagonal = 1 + beta**2 * (matrix**2).sum(axis=1)
    return np.linalg.eigvalsh(np.diag(diagonal) - beta * matrix)[0]


def critical(matrix, n_points=150):
    """(T, status, minimum) from a fine grid, the first root or the lowest point."""
    top = np.linalg.eigvalsh(matrix)[-1]
    glass = np.sqrt(np.linalg.eigvalsh(matrix**2)[-1])
    betas = np.geomspace(0.99 / top, 5 / glass, n_points)
    values = np.array([lowest(matrix, beta) for beta in betas])
    if (values < 0).any():
        k = int(np.argmax(values < 0))
        root = brentq(lambda beta: lowest(matrix, beta), betas[k - 1], betas[k], xtol=1e-10)
        return 1 / root, "cross", values.min()
    k = int(values.argmin())
    return 1 / betas[k], "touch", values[k]


def edge(profile, n_points=1501):
    """Where the iteration from above ceases to find a positive solution, coarsely."""
    for z in np.linspace(1, 4, n_points)[::-1]:
        g = np.full(len(profile), 0.0)
        for _ in range(20_000):
            below = z - profile @ g
            if (below <= 0).any():
                return z
            new = 1 / below
            if np.abs(new - g).max() < 1e-13:
                break
            g = new
    return 1.0
