"""Whether chains have mixed: the rank-normalised split R-hat."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from spinglass_nn._core import check
from spinglass_nn.errors import DataError
from spinglass_nn.typing import Float64Array

_FEWEST_RECORDS = 4


def r_hat(chains: ArrayLike) -> float:
    r"""Rank-normalised split R-hat: how much more all chains scatter than each half does.

    Every chain is cut in halves. With the variance W within the 2m halves, averaged, and the
    variance B/n of their n-record means,

    .. math:: \hat R = \sqrt{\frac{n - 1}{n} + \frac{B}{n W}},

    taken of ranks turned to normal scores, :math:`z = \Phi^{-1}((r - 3/8) / (S + 1/4))` for
    rank r of S values, so that it is defined without moments; and once more of the distances
    from the median, which shows chains of one centre and different width. The larger of the
    two is returned.

    Parameters
    ----------
    chains : array (n_chains, n_records) or (n_records,)
        Chains of one quantity; of an odd number of records the middle one is left out.

    Returns
    -------
    float
        1 for chains that agree; above 1.01 they are not to be trusted [1]_. Infinite for
        chains that stand still at different values, NaN if all values are equal.

    Raises
    ------
    DataError
        If chains are shorter than 4 records, or not finite.

    Notes
    -----
    Values near 1 are necessary, not sufficient: chains that have all missed the same region
    agree, and so do chains in regions that differ by a symmetry of the quantity.

    References
    ----------
    .. [1] A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Bürkner,
       *Rank-normalization, folding, and localization: an improved R-hat for assessing
       convergence of MCMC*, Bayesian Anal. 16 (2021) 667, arXiv:1903.08008.

    Examples
    --------
    >>> import numpy as np
    >>> from spinglass_nn.statistics import r_hat
    >>> chains = np.random.default_rng(1).normal(size=(4, 1000))
    >>> r_hat(chains) < 1.01, r_hat(chains + [[0], [0], [0], [2]]) > 1.1
    (True, True)
    """
    values = np.atleast_2d(check.array(chains, "chains"))
    if values.ndim != 2 or values.shape[0] < 1 or values.shape[1] < _FEWEST_RECORDS:
        raise DataError(
            f"chains must have shape (n_chains, n_records) with {_FEWEST_RECORDS} records or "
            f"more, got {values.shape}"
        )
    n = values.shape[1] // 2
    halves = np.concatenate([values[:, :n], values[:, -n:]])
    folded = np.abs(halves - np.median(halves))
    both = [_ratio(_scores(halves)), _ratio(_scores(folded))]
    return max(one for one in both if not math.isnan(one)) if np.ptp(halves) else math.nan


def _scores(values: Float64Array) -> Float64Array:
    """Normal scores of the ranks, equal values sharing theirs."""
    ranks = stats.rankdata(values).reshape(values.shape)
    scores: Float64Array = special.ndtri((ranks - 0.375) / (values.size + 0.25))
    return scores


def _ratio(halves: Float64Array) -> float:
    n = halves.shape[1]
    within = float(halves.var(axis=1, ddof=1).mean())
    between = float(halves.mean(axis=1).var(ddof=1))
    if within == 0:
        return math.inf if between > 0 else math.nan
    return math.sqrt((n - 1) / n + between / within)
