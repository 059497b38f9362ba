"""Ladders of temperatures: made, checked, and improved by what was measured on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfcinv

from spinglass_nn._core import check
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.typing import Float64Array

_RAREST = 1e-4  # swap rates are taken to be between this and one minus this
_EVEN = 0.1  # share of the weight of a ladder that is spread evenly, whatever was measured


def geometric(lowest: float, highest: float, *, n: int) -> Float64Array:
    """Temperatures of equal ratio, increasing.

    Parameters
    ----------
    lowest, highest : float
        Both ends, which are among the temperatures.
    n : int
        How many, at least 2.

    Returns
    -------
    array (n,)
        Temperatures.

    Raises
    ------
    ParameterError
        If the ends are not positive and in order, or there are fewer than two.

    Examples
    --------
    >>> geometric(0.5, 2.0, n=3).tolist()
    [0.5, 1.0, 2.0]
    """
    low, high = checked_ends(lowest, highest)
    made = np.geomspace(low, high, check.count(n, "n", minimum=2))
    made[0], made[-1] = low, high
    return made


def checked_ends(lowest: float, highest: float) -> tuple[float, float]:
    """Both ends of a ladder, positive and in order."""
    low, high = check.positive(lowest, "lowest"), check.positive(highest, "highest")
    if low >= high:
        raise ParameterError(f"highest must be above lowest, got {high:g} and {low:g}")
    return low, high


def checked_temperatures(temperatures: ArrayLike, *, exchange: bool) -> Float64Array:
    """Temperatures (n_temperatures,) of our own: finite, positive, increasing.

    With ``exchange`` there must be at least two; without, one number will do.
    """
    given = np.atleast_1d(check.array(temperatures, "temperatures"))
    if given.ndim != 1 or given.size == 0:
        raise ShapeError(
            f"temperatures must have shape (n_temperatures,), got {np.shape(temperatures)}"
        )
    if (given <= 0).any():
        raise ParameterError(f"temperatures must be positive, got {given.min():g}")
    falls = np.flatnonzero(np.diff(given) <= 0)
    if falls.size:
        k = int(falls[0])
        order = "decreasing ones" if falls.size == given.size - 1 > 1 else "an unsorted ladder"
        raise ParameterError(
            f"temperatures must increase strictly, got {order}: {given[k]:g} before "
            f"{given[k + 1]:g} (places {k} and {k + 1})"
        )
    if exchange and given.size == 1:
        raise ParameterError(
            f"temperatures must be at least two to be exchanged, got only {given[0]:g}"
        )
    return given.copy()


def equal_acceptance(
    temperatures: ArrayLike, swap_rates: ArrayLike, *, n: int | None = None
) -> Float64Array:
    r"""The ladder on which all neighbours should exchange equally often.

    Two normal distributions of energies a distance d apart in units of their width exchange
    with probability a = erfc(d/2). The distances d = 2 erfcinv(a) add up along the ladder;
    the new temperatures divide their sum into equal parts.

    Parameters
    ----------
    temperatures : array (n_temperatures,)
        Increasing.
    swap_rates : array (n_temperatures - 1,)
        Share of exchanges accepted between neighbours, 0 to 1.
    n : int, optional
        Number of new temperatures; default: as before.

    Returns
    -------
    array (n,)
        New temperatures with the same ends.

    Raises
    ------
    ParameterError, ShapeError, DataError
        If the temperatures are no ladder, or the rates no shares.

    Examples
    --------
    >>> equal_acceptance([1.0, 2.0, 4.0], [0.3, 0.3]).tolist()
    [1.0, 2.0, 4.0]
    """
    ladder = checked_temperatures(temperatures, exchange=True)
    rates = check.array(swap_rates, "swap_rates", shape=(ladder.size - 1,))
    if ((rates < 0) | (rates > 1)).any():
        raise DataError(
            f"swap_rates must lie in [0, 1], got {rates.min():g} ... {rates.max():g}"
        )
    lengths = 2 * erfcinv(np.clip(rates, _RAREST, 1 - _RAREST))
    return _divided(ladder, lengths, n)


def fastest_round_trips(
    temperatures: ArrayLike, hot_share: ArrayLike, *, n: int | None = None
) -> Float64Array:
    r"""The ladder on which systems should make most round trips, by feedback [1]_.

    Of the systems at a temperature that have been at an end of the ladder, a share f(T) was
    at the hot end last. It rises from 0 to 1, steeply where systems diffuse slowly. If
    they do diffuse, the rate of round trips is largest with a density of temperatures

    .. math:: \eta'(T) \propto \sqrt{\frac{1}{\Delta T}\,\frac{df}{dT}},

    which gives each step of the old ladder the weight :math:`\sqrt{\Delta f}`. A measured f is
    first made to rise (the mean of its running maximum from the cold end and its running
    minimum from the hot one), its steps are averaged with their neighbours' (weights 1/4, 1/2
    and 1/4), and a tenth of it is spread evenly, so that no gap grows by more than about
    three. To be repeated, with ever longer runs.

    Parameters
    ----------
    temperatures : array (n_temperatures,)
        Increasing.
    hot_share : array (n_temperatures,)
        f(T); NaN where it was not measured.
    n : int, optional
        Number of new temperatures; default: as before.

    Returns
    -------
    array (n,)
        New temperatures with the same ends.

    Raises
    ------
    ParameterError, ShapeError, DataError
        If the temperatures are no ladder, or f is no share.

    References
    ----------
    .. [1] H. G. Katzgraber, S. Trebst, D. A. Huse and M. Troyer, J. Stat. Mech. (2006) P03018.

    Examples
    --------
    >>> fastest_round_trips([1.0, 2.0, 4.0], [0.0, 0.5, 1.0]).tolist()
    [1.0, 2.0, 4.0]
    """
    ladder = checked_temperatures(temperatures, exchange=True)
    share = check.array(hot_share, "hot_share", shape=(ladder.size,), finite=False)
    if (np.abs(share - 0.5) > 0.5 + 1e-9).any():  # NaN is not
        raise DataError("hot_share must lie in [0, 1], or be NaN where it was not measured")
    steps = _smoothed(np.diff(_rising(share)))
    steps = (1 - _EVEN) * steps + _EVEN / steps.size
    return _divided(ladder, np.sqrt(steps), n)


def _rising(share: Float64Array) -> Float64Array:
    """The share made to rise from 0 to 1; what is missing is interpolated."""
    filled = share.copy()
    filled[0], filled[-1] = 0.0, 1.0
    known = np.flatnonzero(np.isfinite(filled))
    filled = np.interp(np.arange(filled.size), known, filled[known])
    from_cold = np.maximum.accumulate(filled)
    from_hot = np.minimum.accumulate(filled[::-1])[::-1]
    rising: Float64Array = (from_cold + from_hot) / 2
    return rising


def _smoothed(steps: Float64Array) -> Float64Array:
    """Each step averaged with its neighbours; their sum stays 1."""
    wide = np.concatenate([steps[:1], steps, steps[-1:]])
    smooth: Float64Array = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4
    smooth /= smooth.sum()
    return smooth


def _divided(ladder: Float64Array, weights: Float64Array, n: int | None) -> Float64Array:
    """Temperatures between which lie equal parts of the weight of the old steps."""
    count = ladder.size if n is None else check.count(n, "n", minimum=2)
    total = np.concatenate([[0.0], np.cumsum(weights)])
    logs = np.interp(np.linspace(0, total[-1], count), total, np.log(ladder))
    made: Float64Array = np.exp(logs)
    made[0], made[-1] = ladder[0], ladder[-1]
    return made
