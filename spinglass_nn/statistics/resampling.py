"""Errors by resampling independent units: leave one out, or draw with replacement."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.statistics.estimate import Estimate
from spinglass_nn.typing import RNG, Float64Array, IntArray

Statistic: TypeAlias = Callable[..., Any]

_UNDEFINED_SHARE = 0.05


@result()
class Bootstrap:
    """A statistic with its bootstrap error and percentile interval.

    Parameters
    ----------
    estimate : Estimate
        The statistic of the data, and the standard deviation of its resampled values.
    low, high : float
        Percentile interval.
    level : float
        Its nominal content.
    """

    estimate: Estimate
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        return f"{self.estimate} ({self.level:.0%}: {self.low:.3g} to {self.high:.3g})"


def jackknife(function: Statistic, *samples: ArrayLike) -> Estimate:
    """Estimate a statistic and its error by leaving out one independent unit at a time.

    Error^2 = (n - 1)/n sum_i (t_i - t)^2, with t_i the statistic without unit i and t their
    mean (Efron and Stein 1981). The value is the statistic of all data, not corrected for
    bias.

    Parameters
    ----------
    function : callable
        Takes as many arrays as there are ``samples``, returns a number.
    *samples : array (n_units, ...)
        Measurements; the first axis counts the same independent units in each.

    Returns
    -------
    Estimate
        The statistic and its jackknife error.

    Raises
    ------
    DataError
        If there are fewer than two units, NaN entries, or the statistic is not a number.
    ShapeError
        If the samples differ in the number of units.

    Examples
    --------
    >>> import numpy as np
    >>> from spinglass_nn.statistics import jackknife
    >>> e, e2 = np.array([1.0, 2.0, 4.0, 5.0]), np.array([1.5, 4.5, 17.0, 26.0])
    >>> print(jackknife(lambda a, b: b.mean() - a.mean() ** 2, e, e2))
    3.2 ± 1.2
    """
    arrays, n_units = _units(samples)
    value = _value(function, arrays)
    left_out = np.empty(n_units)
    keep = np.ones(n_units, dtype=bool)
    for unit in range(n_units):
        keep[unit] = False
        left_out[unit] = _value(function, [values[keep] for values in arrays])
        keep[unit] = True
    return jackknife_from(value, left_out)


def jackknife_from(value: float, left_out: ArrayLike) -> Estimate:
    """Make the jackknife estimate from values computed without each unit in turn.

    Parameters
    ----------
    value : float
        The statistic of all units.
    left_out : array (n_units,)
        The statistic without unit i (or without block i of equal size).

    Returns
    -------
    Estimate
        The value and its jackknife error.
    """
    values = check.array(left_out, "left_out", shape=(None,))
    if values.size < 2:
        raise DataError(f"left_out must hold at least 2 units, got {values.size}")
    spread = float(np.square(values - values.mean()).sum())
    return Estimate(value, math.sqrt((values.size - 1) / values.size * spread))


def bootstrap(
    function: Statistic,
    *samples: ArrayLike,
    levels: Sequence[int] = (0,),
    n_resamples: int = 2000,
    level: float = 0.95,
    rng: RNG = None,
) -> Bootstrap:
    """Estimate a statistic, its error and its interval from resampled independent units.

    Whole units are drawn with replacement, together in all samples. Resamples for which the
    statistic is undefined (NaN) are left out if they are few.

    Units may be nested: chains inside disorder samples, blocks inside chains. Which levels
    to draw anew depends on what would be new if everything were done again:

    - ``(0,)``, the outermost units whole: for averages over disorder. The scatter between
      samples already contains what chains and blocks add to it.
    - ``(1,)``, chains inside each sample, samples kept: for these very samples, whose
      disorder is part of the question.
    - ``(0, 1)`` counts the inner scatter twice: the squared error is too large by that of
      ``(1,)``. For statistics that need distinct inner units it is wrong in other ways too.

    Parameters
    ----------
    function : callable
        Takes as many arrays as there are ``samples``, returns a number.
    *samples : array (n_units, ...)
        Measurements; the first axis counts the same independent units in each, further axes
        nested units wherever they are resampled.
    levels : sequence of int, default (0,)
        Axes to resample; inside each unit drawn at one level the units of the next are drawn
        afresh.
    n_resamples : int, default 2000
        Number of resamples.
    level : float, default 0.95
        Content of the interval.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    Bootstrap
        Estimate and interval.

    Raises
    ------
    DataError
        If there are fewer than two units, NaN entries, or the statistic is undefined on the
        data or on more than 5 % of the resamples.
    ShapeError
        If the samples differ in the number of units at a level that is resampled.

    Examples
    --------
    >>> import numpy as np
    >>> from spinglass_nn.statistics import bootstrap
    >>> found = bootstrap(np.median, np.arange(31.0), rng=1)
    >>> found.low < found.estimate.mean < found.high
    True

    The thermal part of an error: 2 samples far apart, 50 records each.

    >>> energy = np.array([[-1.0], [-2.0]]) + np.random.default_rng(1).normal(size=(2, 50))
    >>> print(bootstrap(np.mean, energy, levels=(1,), rng=1).estimate)
    -1.574 ± 0.088
    """
    arrays, _ = _units(samples)
    shape = _nested_shape(arrays, levels)
    check.count(n_resamples, "n_resamples", minimum=2)
    value = _value(function, arrays)
    generator = seed_of(rng).generator(Stream.RESAMPLING)
    draws = np.empty(n_resamples)
    for k in range(n_resamples):
        rows = _drawn(generator, shape, levels)
        draws[k] = function(*(values[rows] for values in arrays))
    return bootstrap_from(value, draws, level=level)


def bootstrap_from(value: float, draws: ArrayLike, *, level: float = 0.95) -> Bootstrap:
    """Make the bootstrap result from a statistic's resampled values.

    Parameters
    ----------
    value : float
        The statistic of the data.
    draws : array (n_resamples,)
        The statistic of each resample; up to 5 % of them may be NaN.
    level : float, default 0.95
        Content of the percentile interval.

    Returns
    -------
    Bootstrap
        Estimate and interval.
    """
    check.within(level, "level", 0, 1)
    values = check.array(draws, "draws", shape=(None,), finite=False)
    defined: Float64Array = values[~np.isnan(values)]
    if defined.size < 2 or values.size - defined.size > _UNDEFINED_SHARE * values.size:
        raise DataError(
            "draws must be defined on at least 95 % of the resamples, got "
            f"{values.size - defined.size} of {values.size} undefined "
            "(too few units, or too many of them equal)"
        )
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    error = float(defined.std(ddof=1))
    return Bootstrap(Estimate(value, error), float(low), float(high), level)


def _units(samples: tuple[ArrayLike, ...]) -> tuple[list[NDArray[Any]], int]:
    """Check arrays and count the units they share."""
    if not samples:
        raise DataError("samples must hold at least one array, got none")
    arrays = [
        check.array(values, f"sample {k}", dtype=np.asarray(values).dtype)
        for k, values in enumerate(samples)
    ]
    lengths = [values.shape[0] if values.ndim else 0 for values in arrays]
    if len(set(lengths)) > 1:
        raise ShapeError(f"samples must have the same number of units, got {lengths}")
    if lengths[0] < 2:
        raise DataError(f"samples must hold at least 2 independent units, got {lengths[0]}")
    return arrays, lengths[0]


def _nested_shape(arrays: list[NDArray[Any]], levels: Sequence[int]) -> tuple[int, ...]:
    """Numbers of units down to the innermost level that is resampled."""
    chosen = [check.count(axis, "levels", minimum=0) for axis in levels]
    if not chosen or len(set(chosen)) < len(chosen):
        raise ParameterError(f"levels must be different axes, at least one, got {levels}")
    depth = max(chosen) + 1
    shapes = {values.shape[:depth] for values in arrays}
    shape = min(shapes, key=len)
    if len(shapes) > 1 or len(shape) < depth:
        raise ShapeError(
            f"samples must share {depth} axes to be resampled at levels {tuple(chosen)}, "
            f"got shapes {[values.shape for values in arrays]}"
        )
    few = [axis for axis in chosen if shape[axis] < 2]
    if few:
        raise DataError(
            f"samples must hold at least 2 units at each resampled level, got {shape[few[0]]} "
            f"at level {few[0]}"
        )
    return shape


def _drawn(
    generator: np.random.Generator, shape: tuple[int, ...], levels: Sequence[int]
) -> tuple[IntArray, ...]:
    """Indices of one resample: at each level drawn for every unit above, or left in order."""
    indices = []
    for axis, size in enumerate(shape):
        above = shape[: axis + 1]
        rows = generator.integers(0, size, above) if axis in levels else np.arange(size)
        indices.append(rows.reshape(rows.shape + (1,) * (len(shape) - 1 - axis)))
    return tuple(indices)


def _value(function: Statistic, arrays: list[NDArray[Any]]) -> float:
    value = float(function(*arrays))
    if math.isnan(value):
        raise DataError("the statistic must be defined on these units, got NaN")
    return value
