"""Stars: what is left of distances beside how far out points lie, turned at random."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn.overlaps._null_draws import haar, squares_of, symmetric_normal
from spinglass_nn.overlaps.metric import Distances
from spinglass_nn.typing import Float64Array

_NEAREST = 0.05  # reach counts as at least this share of its mean in the weights


class Star:
    r"""Points in random directions about a centre, taken apart and put together again.

    Distances: :math:`D_{ab} = s_a + s_b - 2 \sqrt{s_a s_b}\, c_{ab}`, where c are overlaps of
    the directions in which points lie from the centre, at distance :math:`\sqrt{s_a}`. The
    fit is by least squares, weighted by :math:`1/(s_a s_b)` with s from a first fit without
    weights. Up to three points are a star without noise.

    Parameters
    ----------
    values : array (n, n)
        Squared distances; the diagonal is not looked at.
    """

    def __init__(self, values: Float64Array) -> None:
        self.n_points = values.shape[0]
        self.freedom = self.n_points * (self.n_points - 3) / 2
        self._fit(values)
        self.residuals = self.without_star(values)
        self.expected = values - self.residuals
        self.size = float(np.linalg.norm(self.residuals / self.noise_scale))

    def _fit(self, values: Float64Array) -> None:
        reach = star_reach(values)
        mean = float(reach.mean())
        floor = np.maximum(reach, _NEAREST * mean) if mean > 0 else np.ones(self.n_points)
        self._weigh(-2 * np.sqrt(np.outer(floor, floor)), np.ones(self.n_points))

    def _weigh(self, noise_scale: Float64Array, direction: Float64Array) -> None:
        """Prepare fits of x_a t_b + x_b t_a, t the ``direction``."""
        self.noise_scale, self.direction = noise_scale, direction
        self._precision = 1 / np.square(noise_scale)
        np.fill_diagonal(self._precision, 0.0)
        if self.n_points > 3:
            normal = self._precision * np.outer(direction, direction)
            normal += np.diag(self._precision @ np.square(direction))
            self._inverse = np.linalg.inv(normal)

    def change(self, values: Float64Array) -> Float64Array:
        """Weighted least-squares x of x_a t_b + x_b t_a."""
        found = self._inverse @ ((self._precision * values) @ self.direction)
        return np.asarray(found, dtype=np.float64)

    def without_star(self, values: Float64Array) -> Float64Array:
        """What the weighted fit leaves; zero diagonal."""
        if self.n_points < 4:
            return np.zeros((self.n_points, self.n_points))
        part = np.outer(self.change(values), self.direction)
        residuals = values - part - part.T
        np.fill_diagonal(residuals, 0.0)
        return np.asarray(residuals, dtype=np.float64)

    def noise(self, generator: np.random.Generator) -> Float64Array:
        """Residuals of the same size, with directions turned at random.

        The overlaps c of independent Gaussian points, divided by their lengths, keep their
        law when the lengths are put back, points are rotated among each other, and lengths
        are taken out again. What the fit took from c is added anew before, and taken out
        after. So the spectrum of c, and with it a low dimension of the points, stays.
        """
        n_points = self.n_points
        if n_points < 4 or self.size == 0:
            return np.zeros((n_points, n_points))
        sd = self.size / math.sqrt(2 * self.freedom)
        fresh = symmetric_normal(n_points, generator) * sd
        missing = fresh - self.without_star(fresh * self.noise_scale) / self.noise_scale
        whole = self.residuals / self.noise_scale + missing
        np.fill_diagonal(whole, 1.0)
        # squared lengths vary by twice the variance of overlaps
        lengths = np.exp(sd / math.sqrt(2) * generator.standard_normal(n_points))
        turn = haar(n_points, generator) * lengths
        turned = turn @ whole @ turn.T
        lengths = np.sqrt(np.maximum(np.diagonal(turned), _NEAREST))
        found = self._resized(turned / np.outer(lengths, lengths))
        return (found + found.T) / 2

    def _resized(self, overlaps: Float64Array) -> Float64Array:
        found = self.without_star(overlaps * self.noise_scale)
        return found * (self.size / float(np.linalg.norm(found / self.noise_scale)))


def directions(found: Distances) -> Distances:
    """1 - c, with c the overlaps of directions from the centre; noise beyond +-1 is cut."""
    star = Star(squares_of(found))
    cosines = np.clip(star.residuals / star.noise_scale, -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return Distances(1 - cosines, "1 - overlap")


def star_reach(squares: Float64Array) -> Float64Array:
    """Least-squares s of s_a + s_b over pairs, each of the same weight."""
    n_points = squares.shape[0]
    if n_points < 3:
        return np.full(n_points, squares[0, -1] / 2)
    rows = squares.sum(axis=1) - np.diagonal(squares)
    reach = (rows - rows.sum() / (2 * (n_points - 1))) / (n_points - 2)
    return np.asarray(reach, dtype=np.float64)
