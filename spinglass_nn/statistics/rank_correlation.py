"""Rank correlation with a permutation p-value and a bootstrap error, also in blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError
from spinglass_nn.statistics._ranks import (
    NUMBERS_AT_ONCE,
    correlations,
    design_of,
    ranks,
    resampled,
    shuffler,
)
from spinglass_nn.statistics.estimate import Estimate
from spinglass_nn.statistics.nulls import p_value
from spinglass_nn.statistics.resampling import bootstrap_from
from spinglass_nn.typing import RNG, Float64Array, IntArray


@result()
class RankCorrelation:
    """Spearman's rank correlation with its error, interval and p-value.

    Parameters
    ----------
    estimate : Estimate
        The correlation and its bootstrap error.
    low, high : float
        Percentile interval.
    level : float
        Its nominal content.
    p_value : float
        Two-sided permutation p-value of no association.
    n_points : int
        Number of pairs.
    design : str
        What was resampled and permuted, in words.
    """

    estimate: Estimate
    low: float
    high: float
    level: float
    p_value: float
    n_points: int
    design: str

    def __str__(self) -> str:
        return (
            f"{self.estimate} ({self.level:.0%}: {self.low:.2f} to {self.high:.2f}, "
            f"p = {self.p_value:.2g}, {self.n_points} {self.design})"
        )


def spearman(
    x: ArrayLike,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    n_resamples: int = 2000,
    n_permutations: int = 9999,
    level: float = 0.95,
    rng: RNG = None,
) -> RankCorrelation:
    """Spearman's rank correlation, for independent points or for points in blocks.

    - Neither ``groups`` nor ``strata``: points are independent; they are resampled and
      permuted one by one.
    - ``groups``: points of one group belong together (runs that share an initial point).
      Whole groups are resampled, and whole groups of y are permuted against x, which needs
      groups of equal size, listed in the same order inside; with m groups the p-value
      cannot fall below about 1/m!.
    - ``strata``: is there an association *within* strata (at equal batch size)? Ranks are
      taken within each stratum, divided by its size plus one and centred, so differences
      between strata count for nothing; resampling and permutation stay inside strata.
    - Both: ranks within strata, groups resampled and permuted whole (the same initial points
      at every batch size). Groups must list the same strata in the same order.

    Parameters
    ----------
    x, y : array (n_points,)
        The two measurements of each point.
    groups, strata : array (n_points,) of labels, optional
        What belongs together, and within what to look.
    n_resamples : int, default 2000
        Bootstrap resamples.
    n_permutations : int, default 9999
        Random permutations for the two-sided p-value, (1 + k)/(1 + n).
    level : float, default 0.95
        Content of the percentile interval.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    RankCorrelation
        Correlation, error, interval, p-value.

    Raises
    ------
    DataError
        If there are fewer than three points, NaN entries, or one side is constant.

    Examples
    --------
    >>> from spinglass_nn.statistics import spearman
    >>> spearman([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5], rng=1).estimate.mean.__round__(4)
    0.8286
    """
    a = check.array(x, "x", shape=(None,))
    b = check.array(y, "y", shape=(a.size,))
    if a.size < 3:
        raise DataError(f"x must hold at least 3 points, got {a.size}")
    within, blocks, design = design_of(groups, strata, a.size)
    value = float(correlations(a, b, within))
    if math.isnan(value):
        raise DataError("x and y must vary (within strata), got a constant")
    shuffle = shuffler(within, blocks)
    seed = seed_of(rng)
    check.count(n_resamples, "n_resamples", minimum=2)
    generator = seed.generator(Stream.RESAMPLING)
    at_once = max(1, NUMBERS_AT_ONCE // a.size)
    draws = np.empty(n_resamples)
    for low in range(0, n_resamples, at_once):
        n = min(at_once, n_resamples - low)
        rows = np.stack([resampled(generator, within, blocks) for _ in range(n)])
        draws[low : low + n] = correlations(a[rows], b[rows], within[rows[0]])
    found = bootstrap_from(value, draws, level=level)
    n_draws = check.count(n_permutations, "n_permutations")
    orders = (shuffle(generator) for generator in [seed.generator(Stream.NULLS)] * n_draws)
    p = _permutation_p(ranks(a, within), ranks(b, within), orders)
    return RankCorrelation(found.estimate, found.low, found.high, level, p, a.size, design)


def _permutation_p(a: Float64Array, b: Float64Array, orders: Iterable[IntArray]) -> float:
    """Two-sided p-value of the ranks' product among those with b in other orders."""
    draws = np.array([a @ b[order] for order in orders])
    # equal rank sums must tie whatever order they were added in
    scale = math.sqrt(float(a @ a) * float(b @ b))
    observed = round(abs(float(a @ b)) / scale, 10)
    return p_value(observed, np.round(np.abs(draws) / scale, 10), side="high")
