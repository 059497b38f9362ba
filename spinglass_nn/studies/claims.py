"""Claims: what was said, what was measured, against what, and a verdict that may be no."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError
from spinglass_nn.statistics import Estimate, RankCorrelation, mean_estimate, spearman

SUPPORTED = "supported"
NOT_SUPPORTED = "not supported"
CANNOT_TELL = "cannot tell here"

# where a claim comes from
ABSTRACT = "abstract"
SUMMARY = "third-party summary"
INFERRED = "inferred, not seen in the paper"

# two-sided error probability of a verdict: that of three standard errors of a Gaussian
_ALPHA = 0.0027


@result()
class Claim:
    """One row of a claims table.

    Parameters
    ----------
    identifier : str
        Short name, such as ``"C10"``.
    statement : str
        The claim as a sentence that can be checked.
    source : str
        Where it comes from.
    protocol : str
        Letter of the protocol that tests it.
    statistic : str
        What was computed.
    value : Estimate or None
        The statistic with its standard error.
    control : str
        The null model or control it is held against, with numbers.
    verdict : {"supported", "not supported", "cannot tell here"}
        What follows.
    reason : str
        One sentence that says why.
    extreme : bool
        Whether the value is the largest or smallest of several, and so in another run perhaps
        another one's: not to be averaged over runs.
    """

    identifier: str
    statement: str
    source: str
    protocol: str
    statistic: str
    value: Estimate | None
    control: str
    verdict: str
    reason: str
    extreme: bool = False


def n_errors(n_units: int | None = None) -> float:
    """How many standard errors make a verdict: 3, or more where few units gave the error.

    Parameters
    ----------
    n_units : int, optional
        Independent units behind the standard error; Student's distribution then replaces
        the Gaussian at the same probability, 0.27 %.

    Returns
    -------
    float
        The factor; infinite for fewer than two units.
    """
    if n_units is None:
        return 3.0
    if n_units < 2:
        return math.inf
    return float(stats.t.ppf(1 - _ALPHA / 2, n_units - 1))


def above(value: Estimate, threshold: float, n_units: int | None = None) -> str:
    """Verdict on 'the quantity lies above the threshold'.

    Supported if it does by `n_errors` standard errors, not supported if it lies below by as
    much, otherwise it cannot be told.
    """
    if not math.isfinite(value.mean) or not math.isfinite(value.error):
        return CANNOT_TELL
    reach = n_errors(n_units) * value.error if value.error else 0.0
    if value.mean - reach > threshold:
        return SUPPORTED
    return NOT_SUPPORTED if value.mean + reach < threshold else CANNOT_TELL


def below(value: Estimate, threshold: float, n_units: int | None = None) -> str:
    """Verdict on 'the quantity lies below the threshold'; the mirror of `above`."""
    return above(Estimate(-value.mean, value.error), -threshold, n_units)


def outside(value: Estimate, low: float, high: float, n_units: int | None = None) -> str:
    """Verdict on 'the quantity lies outside [low, high]' (an effect of at least that size).

    Supported if it is outside by `n_errors` standard errors, not supported if it is inside
    by as much: absence of an effect has to be shown too.
    """
    verdicts = {below(value, low, n_units), above(value, high, n_units)}
    if SUPPORTED in verdicts:
        return SUPPORTED
    return NOT_SUPPORTED if verdicts == {NOT_SUPPORTED} else CANNOT_TELL


def all_of(*verdicts: str) -> str:
    """Verdict on several conditions that must all hold."""
    if all(v == SUPPORTED for v in verdicts):
        return SUPPORTED
    return NOT_SUPPORTED if NOT_SUPPORTED in verdicts else CANNOT_TELL


def mean_of(units: ArrayLike) -> Estimate:
    """Mean of independent units with its error; NaN, of which nothing can be told, if one is.

    A ratio with nothing below the line is no reason to lose a study at its end.
    """
    values = np.asarray(units, dtype=float)
    if not np.isfinite(values).all():
        return Estimate(math.nan, math.nan)
    return mean_estimate(values)


def ranked(
    x: ArrayLike,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> RankCorrelation:
    """Spearman's rank correlation of two arrays; NaN with p = 1 where it is not defined.

    Accuracies on a small test set may all be equal. For ``groups`` and ``strata`` see
    `spinglass_nn.statistics.spearman`.
    """
    a, b = np.ravel(x), np.ravel(y)
    try:
        return spearman(a, b, groups=groups, strata=strata, rng=0)
    except DataError:
        none = Estimate(math.nan, math.nan)
        design = "points, too few or too many of them equal"
        return RankCorrelation(none, math.nan, math.nan, 0.95, 1.0, a.size, design)
