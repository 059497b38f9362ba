"""A statistic beside its draws under a null model, and the price of many tries."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError
from spinglass_nn.typing import Float64Array

SIDES = ("low", "high", "two-sided")


@result()
class Band:
    """Where a statistic falls under a null model.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation of the draws.
    low, high : float
        Central interval that holds ``level`` of the draws.
    level : float
        Its nominal content.
    n_draws : int
        Number of draws.
    """

    mean: float
    sd: float
    low: float
    high: float
    level: float
    n_draws: int

    def __str__(self) -> str:
        return f"{self.mean:.3g} ({self.level:.0%} band {self.low:.3g} to {self.high:.3g})"


def p_value(observed: float, null_draws: ArrayLike, *, side: str = "two-sided") -> float:
    """P-value of an observed statistic among draws from its null model.

    With k of n draws at least as extreme, p = (1 + k)/(1 + n): the observation counts as
    one of its own null draws, which makes the test exact and p never zero. The two-sided
    value is twice the smaller one-sided one, at most 1.

    Parameters
    ----------
    observed : float
        The statistic of the data.
    null_draws : array (n_draws,)
        The same statistic of data drawn from the null model.
    side : {"two-sided", "low", "high"}
        Which values count as extreme.

    Returns
    -------
    float
        Between 1/(1 + n_draws) and 1.

    Raises
    ------
    DataError
        If there are no draws, or NaN among them or observed.

    Examples
    --------
    >>> from spinglass_nn.statistics import p_value
    >>> p_value(3.5, range(9), side="high")
    0.6
    """
    check.choice(side, "side", SIDES)
    draws = _draws(null_draws)
    value = check.number(observed, "observed")
    low = (1 + int(np.count_nonzero(draws <= value))) / (1 + draws.size)
    high = (1 + int(np.count_nonzero(draws >= value))) / (1 + draws.size)
    return {"low": low, "high": high, "two-sided": min(1.0, 2 * min(low, high))}[side]


def band(null_draws: ArrayLike, *, level: float = 0.98) -> Band:
    """Mean, standard deviation and central interval of draws from a null model.

    Parameters
    ----------
    null_draws : array (n_draws,)
        A statistic of data drawn from the null model.
    level : float, default 0.98
        Content of the interval; 0.98 is the band from 1 to 99 %.

    Returns
    -------
    Band
        With linearly interpolated quantiles.
    """
    check.within(level, "level", 0, 1)
    draws = _draws(null_draws)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    sd = float(draws.std(ddof=1)) if draws.size > 1 else 0.0
    return Band(float(draws.mean()), sd, float(low), float(high), level, draws.size)


def holm(p_values: ArrayLike) -> Float64Array:
    """P-values corrected for having tried several tests (Holm's step-down rule).

    The i-th smallest of m becomes max over j <= i of min(1, (m - j + 1) p_(j)). Rejecting
    where the corrected value is at most alpha keeps the chance of any false rejection below
    alpha, however the tests depend on each other (Holm 1979, Scand. J. Statist. 6, 65).

    Parameters
    ----------
    p_values : array (n_tests,)
        Each in [0, 1].

    Returns
    -------
    array (n_tests,)
        In the order given.

    Raises
    ------
    DataError
        If a value is not a probability.

    Examples
    --------
    >>> from spinglass_nn.statistics import holm
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = check.array(p_values, "p_values", shape=(None,))
    if values.size and (values.min() < 0 or values.max() > 1):
        raise DataError(
            f"p_values must lie in [0, 1], got {values.min():g} to {values.max():g}"
        )
    order = np.argsort(values, kind="stable")
    factors = np.arange(values.size, 0, -1)
    stepped = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    corrected: Float64Array = np.empty_like(values)
    corrected[order] = stepped
    return corrected


def _draws(null_draws: ArrayLike) -> Float64Array:
    draws: Float64Array = check.array(null_draws, "null_draws", shape=(None,))
    if draws.size == 0:
        raise DataError("null_draws must hold at least one draw, got none")
    return draws
