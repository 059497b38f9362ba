"""Stars: what is left of distances beside how far out points lie, turned at random."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn.overlaps._null_draws import haar, symmetric_normal
from spinglass_nn.typing import Float64Array

_NEAREST = 0.05  # reach counts as at least this share of its mean in the weights
_STEPS = 6  # of Gauss and Newton for a cone


class Star:
    r"""Points in random directions about a centre, taken apart and put together again.

    Distances: :math:`D_{ab} = s_a + s_b - 2 \sqrt{s_a s_b}\, c_{ab}`, where c are overlaps of
    the directions in which points lie from the centre, at distance :math:`\sqrt{s_a}`. The
    fit is by least squares, weighted by :math:`1/(s_a s_b)` with s from a first fit without
    weights. Up to three points are a star without noise. See `Cone` for overlaps.

    Parameters
    ----------
    values : array (n, n)
        Squared distances; the diagonal is not looked at.
    """

    keeps_histogram = False

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
        if self.keeps_histogram:
            found = self._resized(self._with_histogram(found))
        return (found + found.T) / 2

    def _resized(self, overlaps: Float64Array) -> Float64Array:
        found = self.without_star(overlaps * self.noise_scale)
        return found * (self.size / float(np.linalg.norm(found / self.noise_scale)))

    def _with_histogram(self, noise: Float64Array) -> Float64Array:
        """The residuals of the data, in the order of size that ``noise`` has."""
        upper = np.triu_indices(self.n_points, 1)
        dealt = np.empty(upper[0].size)
        dealt[np.argsort((noise / self.noise_scale)[upper])] = np.sort(
            (self.residuals / self.noise_scale)[upper]
        )
        values = np.zeros((self.n_points, self.n_points))
        values[upper] = dealt
        return values + values.T


class Cone(Star):
    r"""Directions about a common one: overlaps instead of distances.

    :math:`q_{ab} = t_a t_b + \sqrt{(1 - t_a^2)(1 - t_b^2)}\, c_{ab}`, with t the overlap with
    the centre, fitted by weighted least squares (Gauss and Newton). Where the mean overlap is
    within its noise there is no centre, and only a mean is fitted. Overlaps of spins are
    skew at finite size, and so draws keep the histogram of c as well, by order of size.

    Parameters
    ----------
    values : array (n, n)
        Overlaps; the diagonal is not looked at.
    """

    keeps_histogram = True

    def _fit(self, values: Float64Array) -> None:
        n_points = self.n_points
        off = values - np.diag(np.diagonal(values))
        pairs = values[np.triu_indices(n_points, 1)]
        mean = float(pairs.mean())
        self._centred = n_points > 3 and mean >= 3 * float(pairs.std()) / math.sqrt(n_points)
        if not self._centred:
            self.freedom = n_points * (n_points - 1) / 2 - 1
            share = min(max(mean, 0.0), 0.999)
            self._weigh(np.full(values.shape, 1 - share), np.ones(n_points))
            return
        centre = off.sum(axis=1) / (n_points - 1) / math.sqrt(mean)
        for step in range(_STEPS):
            centre = np.clip(centre, -0.999, 0.999)
            rest = np.sqrt(1 - np.square(centre))
            self._weigh(np.outer(rest, rest), centre)
            if step < _STEPS - 1:
                centre = centre + self.change(off - np.outer(centre, centre))

    def without_star(self, values: Float64Array) -> Float64Array:
        """What the weighted fit leaves; zero diagonal."""
        if self._centred:  # t_a t_b is of the form that is fitted
            return super().without_star(values)
        weights = self._precision / self._precision.sum()
        residuals = values - float((weights * values).sum())
        np.fill_diagonal(residuals, 0.0)
        return np.asarray(residuals, dtype=np.float64)


def star_reach(squares: Float64Array) -> Float64Array:
    """Least-squares s of s_a + s_b over pairs, each of the same weight."""
    n_points = squares.shape[0]
    if n_points < 3:
        return np.full(n_points, squares[0, -1] / 2)
    rows = squares.sum(axis=1) - np.diagonal(squares)
    reach = (rows - rows.sum() / (2 * (n_points - 1))) / (n_points - 2)
    return np.asarray(reach, dtype=np.float64)
