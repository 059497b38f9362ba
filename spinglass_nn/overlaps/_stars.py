"""Stars: squared distances s_a + s_b + noise, taken apart and put together again."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn.overlaps._null_draws import haar, symmetric_normal
from spinglass_nn.typing import Float64Array

_NEAREST = 0.05  # reach counts as at least this share of its mean in the weights


class Star:
    r"""Squared distances as a star, :math:`D_{ab} = s_a + s_b + \sqrt{s_a s_b} c_{ab}`.

    Points in random directions :math:`u_a` at distance :math:`\sqrt{s_a}` from a centre have
    :math:`c_{ab} = -2 u_a \cdot u_b`. The fit is by least squares, weighted by
    :math:`1/(s_a s_b)` with s from a first fit without weights. Up to three points are a
    star without noise.

    Parameters
    ----------
    squares : array (n, n)
        Squared distances; the diagonal is not looked at.
    """

    def __init__(self, squares: Float64Array) -> None:
        n_points = squares.shape[0]
        self.n_points = n_points
        self.reach = star_reach(squares)
        mean = float(self.reach.mean())
        floor = np.maximum(self.reach, _NEAREST * mean) if mean > 0 else np.ones(n_points)
        self.noise_scale = np.sqrt(np.outer(floor, floor))
        precision = 1 / np.square(self.noise_scale)
        np.fill_diagonal(precision, 0.0)
        self._precision = precision
        if n_points > 3:
            self._inverse = np.linalg.inv(precision + np.diag(precision.sum(axis=1)))
        self.residuals = self.without_star(squares)
        self.expected = squares - self.residuals
        self.size = float(np.linalg.norm(self.residuals / self.noise_scale))

    def without_star(self, values: Float64Array) -> Float64Array:
        """What the weighted fit leaves; zero diagonal."""
        if self.n_points < 4:
            return np.zeros((self.n_points, self.n_points))
        reach = self._inverse @ (self._precision * values).sum(axis=1)
        residuals = values - reach[:, None] - reach
        np.fill_diagonal(residuals, 0.0)
        return np.asarray(residuals, dtype=np.float64)

    def noise(self, generator: np.random.Generator) -> Float64Array:
        """Residuals of the same size in directions turned at random.

        Independent noise c with the diagonal that a symmetric Gaussian matrix has (twice the
        variance) keeps its law under all rotations of the points. What the fit took, and the
        diagonal, are added anew; then points are rotated, and both are taken out again. The
        spectrum of c, and with it a low dimension of the points, stays.
        """
        n_points = self.n_points
        if n_points < 4 or self.size == 0:
            return np.zeros((n_points, n_points))
        sd = self.size / math.sqrt(n_points * (n_points - 3))
        fresh = symmetric_normal(n_points, generator) * sd
        whole = (
            self.residuals - self.without_star(fresh * self.noise_scale)
        ) / self.noise_scale
        whole += fresh
        np.fill_diagonal(whole, generator.standard_normal(n_points) * (sd * math.sqrt(2)))
        turn = haar(n_points, generator)
        turned = self.without_star(turn @ whole @ turn.T * self.noise_scale)
        turned *= self.size / float(np.linalg.norm(turned / self.noise_scale))
        return (turned + turned.T) / 2


def star_reach(squares: Float64Array) -> Float64Array:
    """Least-squares s of s_a + s_b over pairs, each of the same weight; at least 3 points."""
    n_points = squares.shape[0]
    if n_points < 3:
        return np.full(n_points, squares[0, -1] / 2)
    rows = squares.sum(axis=1) - np.diagonal(squares)
    reach = (rows - rows.sum() / (2 * (n_points - 1))) / (n_points - 2)
    return np.asarray(reach, dtype=np.float64)
