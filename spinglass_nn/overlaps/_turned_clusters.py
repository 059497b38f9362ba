"""Points of clusters turned at random within their cluster, and the clusters among each other."""

from __future__ import annotations

import math

import numpy as np
import scipy.stats

from spinglass_nn.overlaps._null_draws import (
    OVERLAP_UNITS,
    complement,
    haar,
    products_of,
    squares_from,
    squares_of,
)
from spinglass_nn.overlaps._stars import Star, star_reach
from spinglass_nn.overlaps.metric import Distances
from spinglass_nn.typing import Float64Array, IntArray

_NEAREST = 0.05
_TINY = 1e-24


class Clusters:
    """Squared distances of clustered points, to be turned within and among clusters."""

    def __init__(self, found: Distances, which: IntArray) -> None:
        squares = squares_of(found)
        self.members = [np.flatnonzero(which == k) for k in range(which.max() + 1)]
        self.blocks = np.ix_(which, which)
        one_hot = np.eye(len(self.members))[which]
        weights = one_hot / one_hot.sum(axis=0)
        means = weights.T @ squares @ weights
        own = np.diagonal(means) / 2  # mean square distance from the centre
        self.centres = Star(means - own[:, None] - own)
        unit = OVERLAP_UNITS.get(found.kind)
        self.cloud: _Plane | _Sphere = (
            _Plane(squares, self.members)
            if unit is None
            else _Sphere(1 - squares / unit, self.members, unit)
        )

    def draw(self, generator: np.random.Generator) -> Float64Array:
        moved = self.centres.noise(generator) - self.centres.residuals
        return self.cloud.turned(generator) + moved[self.blocks]


class _Plane:
    """Points of clusters that lie anywhere, turned about the weighted mean of their own."""

    def __init__(self, squares: Float64Array, members: list[IntArray]) -> None:
        self.members = members
        self.products = products_of(squares)
        self.scales = _scales([squares[np.ix_(m, m)] for m in members])
        self.bases = [complement(1 / scale) for scale in self.scales]

    def turned(self, generator: np.random.Generator) -> Float64Array:
        products = self.products.copy()
        for members, scale, basis in zip(self.members, self.scales, self.bases, strict=True):
            if members.size > 1:
                turn = _turn(1 / scale, basis, generator) * np.outer(scale, 1 / scale)
                _apply(turn, products, members)
        return squares_from(products)


class _Sphere:
    """Points of one length: heights over the centre of their cluster stay, directions turn.

    Whatever law depends on the angle from the centre alone has directions about it that are
    uniform and independent of the height. They are turned as Gaussian points are, with
    lengths put in before and taken out after.
    """

    def __init__(self, overlaps: Float64Array, members: list[IntArray], unit: float) -> None:
        self.members, self.unit = members, unit
        n_points, n_clusters = len(overlaps), len(members)
        one_hot = np.zeros((n_points, n_clusters))
        for k, own in enumerate(members):
            one_hot[own, k] = 1.0
        means = (one_hot / one_hot.sum(axis=0)).T
        lengths = np.sqrt(np.maximum(np.diagonal(means @ overlaps @ means.T), _TINY))
        axes = means / lengths[:, None]
        heights = ((overlaps @ axes.T) * one_hot).sum(axis=1)
        self.heights = one_hot * heights[:, None]
        self.widths = np.sqrt(np.maximum(1 - np.square(heights), _TINY))
        rest = (np.eye(n_points) - self.heights @ axes) / self.widths[:, None]
        frame = np.concatenate([rest, axes])
        self.products = frame @ overlaps @ frame.T  # of directions, then of the axes
        self.bases = [complement(self.widths[own]) for own in members]
        self.spread = _spread(self.products[:n_points, :n_points], members)

    def turned(self, generator: np.random.Generator) -> Float64Array:
        n_points = len(self.widths)
        products = self.products.copy()
        # squared lengths vary by twice the variance of overlaps
        lengths = np.exp(self.spread / np.sqrt(2) * generator.standard_normal(n_points))
        for members, basis in zip(self.members, self.bases, strict=True):
            if members.size > 1:
                turn = _turn(self.widths[members], basis, generator) * lengths[members]
                _apply(turn, products, members)
        scale = np.sqrt(np.maximum(np.diagonal(products)[:n_points], _TINY))
        back = np.concatenate([np.diag(self.widths / scale), self.heights], axis=1)
        found: Float64Array = self.unit * (1 - back @ products @ back.T)
        return found


def _turn(
    kept: Float64Array, basis: Float64Array, generator: np.random.Generator
) -> Float64Array:
    """A random orthogonal matrix that leaves one vector where it is."""
    turn = np.outer(kept, kept) / (kept @ kept)
    turn += basis @ haar(kept.size - 1, generator) @ basis.T
    return turn


def _apply(turn: Float64Array, products: Float64Array, members: IntArray) -> None:
    products[members] = turn @ products[members]
    products[:, members] = products[:, members] @ turn.T


def _spread(cosines: Float64Array, members: list[IntArray]) -> float:
    """Standard deviation of overlaps of independent directions."""
    total, freedom = 0.0, 0.0
    for k, own in enumerate(members):
        inside = cosines[np.ix_(own, own)]
        if own.size > 3:
            left = inside + 1 / (own.size - 1)  # for they add up to nothing
            total += np.square(left[np.triu_indices(own.size, 1)]).sum()
            freedom += own.size * (own.size - 3) / 2
        for other in members[k + 1 :]:
            total += np.square(cosines[np.ix_(own, other)]).sum()
            freedom += (own.size - 1) * (other.size - 1)
    return math.sqrt(min(total / freedom, 1.0)) if freedom else 0.0


def _scales(blocks: list[Float64Array]) -> list[Float64Array]:
    """Reach of points relative to their cluster, as far as it is more than Gaussian noise.

    Gaussian points of equal reach have noise of variance V = 4 tr C^2 for pairs, lengths of
    variance V/2, and V/(n - 2) in the fit. Clusters are pooled to compare with that by an F
    ratio; below its 99 % point reach counts as equal, for unequal scales would spoil a test
    that is exact without them.
    """
    reaches, found, noise = [], 0.0, 0.0
    freedom, left_freedom = 0, 0
    for block in blocks:
        n_points = block.shape[0]
        reach = star_reach(block)
        if n_points < 4 or reach.mean() <= 0:
            reaches.append(np.ones(n_points))
            continue
        relative, reach = block / reach.mean(), reach / reach.mean()
        left = relative - reach[:, None] - reach
        np.fill_diagonal(left, 0.0)
        pairs = n_points * (n_points - 3) // 2
        variance = np.square(left).sum() / (2 * pairs)
        noise += (n_points - 1) * variance * (0.5 + 1 / (n_points - 2))
        found += np.square(reach - 1).sum()
        freedom, left_freedom = freedom + n_points - 1, left_freedom + pairs
        reaches.append(reach)
    if found > 0:
        noise *= float(scipy.stats.f.ppf(0.99, freedom, left_freedom))
    kept = np.sqrt(max(1 - noise / found, 0.0)) if found > 0 else 0.0
    return [np.sqrt(np.maximum(1 + kept * (r - 1), _NEAREST)) for r in reaches]
