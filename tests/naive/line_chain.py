"""A chain on a line, solved: one normal weight, a quadratic energy, moves as a matrix on a grid.

The trajectory of a Hamiltonian sampler is an affine map of weight and momentum here, so that the
density of where it ends is known, and with it all correlations in time.
"""

from __future__ import annotations

import math

import numpy as np

JITTER = 0.2


class LineChain:
    """Energy c (x - m)^2 / 2 above its minimum, at a temperature, x normal with a deviation.

    ``share`` of the posterior at each point of the grid ``x``; ``moves[i, j]`` is the probability
    of going from x_i to x_j and being accepted, ``matrix`` has the refused moves on its diagonal.
    """

    def __init__(
        self, curvature, minimum, temperature, deviation, *, step, n_steps, gradient, n=400
    ):
        self.curvature, self.minimum = curvature, minimum
        self.beta, self.deviation = 1 / temperature, deviation
        precision = self.beta * curvature + 1 / deviation**2
        centre = self.beta * curvature * minimum / precision
        self.width = 1 / math.sqrt(precision)
        self.x = centre + self.width * np.linspace(-7, 7, n)
        spacing = self.x[1] - self.x[0]
        weight = np.exp(-((self.x - centre) ** 2) / (2 * self.width**2))
        self.share = weight / weight.sum()
        nodes, weights = np.polynomial.legendre.leggauss(8)
        self.moves = np.zeros((n, n))
        for node, weight in zip(nodes, weights, strict=True):
            angle = step * (1 + JITTER * node)
            density = self._accepted(angle, n_steps, gradient)
            self.moves += weight / 2 * spacing * density
        self.matrix = self.moves + np.diag(1 - self.moves.sum(axis=1))

    def energy(self, x):
        return self.curvature * (x - self.minimum) ** 2 / 2

    def _map(self, angle, n_steps, gradient):
        """The trajectory as a matrix that acts on (x, p, 1)."""
        c, s = math.cos(angle), math.sin(angle)
        turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        if not gradient:
            return turn
        push = self.beta * angle / 2 * self.deviation**2 * self.curvature
        kick = np.array([[1, 0, 0], [-push, 1, push * self.minimum], [0, 0, 1]])
        return np.linalg.matrix_power(kick @ turn @ kick, n_steps)

    def _accepted(self, angle, n_steps, gradient):
        """Density of arriving at x_j from x_i and being accepted."""
        (a, b, c), (d, e, f), _ = self._map(angle, n_steps, gradient)
        here, there = self.x[:, None], self.x[None, :]
        p = (there - a * here - c) / b  # the momentum that leads there
        arriving = d * here + e * p + f
        variance = self.deviation**2
        rise = self.beta * (self.energy(there) - self.energy(here))
        if gradient:
            rise = rise + (there**2 + arriving**2 - here**2 - p**2) / (2 * variance)
        density = np.exp(-(p**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
        return density / abs(b) * np.exp(-np.maximum(rise, 0))

    @property
    def acceptance(self):
        return float(self.share @ self.moves.sum(axis=1))

    def mean(self, values):
        return float(self.share @ values)

    def function(self, values, n_lags, every=1):
        """rho(0), rho(1), ... of values recorded at each ``every``-th move."""
        matrix = np.linalg.matrix_power(self.matrix, every)
        away = values - self.mean(values)
        later, found = away, []
        for _ in range(n_lags):
            found.append(self.mean(away * later))
            later = matrix @ later
        return np.array(found) / found[0]

    def time(self, values, every=1):
        """1/2 + rho(1) + rho(2) + ... to infinity, from one system of equations."""
        matrix = np.linalg.matrix_power(self.matrix, every)
        away = values - self.mean(values)
        summed = np.linalg.solve(np.eye(len(matrix)) - matrix + self.share, away)
        return self.mean(away * summed) / self.mean(away**2) - 0.5
