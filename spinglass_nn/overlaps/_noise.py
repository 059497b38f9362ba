"""Whether points are spread as independent ones in all directions alike."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erfc

from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.overlaps._null_draws import OVERLAP_UNITS, cosines, step_of
from spinglass_nn.overlaps.gaussian_nulls import gram_draw
from spinglass_nn.overlaps.metric import Distances

_BLUR = 10.0  # spins
_TIMES = {"1 - overlap": 1.0, "(1 - overlap)/2": 2.0}


def is_noise(samples: list[Distances]) -> float:
    """P-value of independent points of the same dimension; NaN where it is not known.

    Overlaps of independent directions in N dimensions have mean 0 and mean square 1/N;
    squared distances of independent Gaussian points with mean 2 N v have variance 8 N v^2.
    Both are compared, over all pairs of all samples, in units of their errors.
    """
    kind = samples[0].kind
    if any(sample.n_dimensions is None for sample in samples):
        return math.nan
    if kind in _TIMES:
        return _of_overlaps(samples, _TIMES[kind])
    if kind == "euclidean":
        return _of_distances(samples)
    return math.nan


def _of_overlaps(samples: list[Distances], factor: float) -> float:
    mean = square = count = 0.0
    for sample in samples:
        q = (1 - factor * sample.pairs) * math.sqrt(float(sample.n_dimensions or 1))
        mean, square, count = mean + q.sum(), square + (q * q - 1).sum(), count + q.size
    # pairs that share a point are uncorrelated, and so are, nearly, their squares
    return _joint(mean / math.sqrt(count), square / math.sqrt(2 * count))


def _of_distances(samples: list[Distances]) -> float:
    worst = 0.0
    for sample in samples:
        squares, n = np.square(sample.values), sample.n_points
        upper = squares[np.triu_indices(n, 1)]
        expected = 2 / float(sample.n_dimensions or 1)
        found = float(upper.var() / upper.mean() ** 2)
        # lengths of n points make half of the variance; their own variance is known to 2/n
        error = expected * math.sqrt(0.5 / (n - 1) + 1 / upper.size)
        worst += (found - expected) / error
    return _joint(worst / math.sqrt(len(samples)))


def _joint(*z: float) -> float:
    """Two-sided p-value of the largest of some scores, corrected for their number."""
    single = float(erfc(max(abs(value) for value in z) / math.sqrt(2)))
    return min(1.0, len(z) * single)


def blurred(found: Distances, seed: Seed, place: int) -> Distances:
    """Distances of Ising spins with Gaussian noise added to every component.

    Points are directions again. Noise in all directions alike leaves one state one state.
    """
    step = step_of(found)
    if not step:
        return found
    unit, n_points = OVERLAP_UNITS[found.kind], found.n_points
    n_dimensions = int(found.n_dimensions or 1)
    generator = seed.generator(Stream.RANDOM_POINTS, place)
    variance = _BLUR * step / unit / math.sqrt(n_dimensions)  # so overlaps move by ten spins
    sizes, axes = np.linalg.eigh(1 - found.values / unit)
    inside = axes * np.sqrt(np.maximum(sizes, 0.0))
    inside += math.sqrt(variance) * generator.standard_normal((n_points, n_points))
    outside = gram_draw(n_points, max(n_dimensions - n_points, 1), 0.0, generator)
    overlaps = cosines(inside @ inside.T + variance * outside)
    values = np.maximum(1 - (overlaps + overlaps.T) / 2, 0.0)
    np.fill_diagonal(values, 0.0)
    return Distances(values, "1 - overlap", found.convention)
