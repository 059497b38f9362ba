"""A number from a simulation: its mean and its standard error, never a bare float."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError

_MOST_DECIMALS = 15


@result()
class Estimate:
    """A mean and its standard error, printed as ``-0.7632 ± 0.0042``.

    Sums and differences take the two numbers to be independent. A number computed from
    correlated data belongs in `jackknife` or `bootstrap`, not in this arithmetic.

    Parameters
    ----------
    mean : float
        The value; NaN where nothing could be computed.
    error : float
        One standard deviation of ``mean``; zero for an exact number, NaN where unknown.

    Raises
    ------
    ParameterError
        If the error is negative.

    Examples
    --------
    >>> from spinglass_nn.statistics import Estimate
    >>> print(Estimate(-0.76321, 0.00417))
    -0.7632 ± 0.0042
    >>> print(Estimate(2.5e-9, 4e-11))
    (2.500 ± 0.040)e-09
    >>> Estimate(1.0, 0.3).z(Estimate(2.0, 0.4))
    -2.0
    """

    mean: float
    error: float

    def __post_init__(self) -> None:
        for name in ("mean", "error"):
            try:
                object.__setattr__(self, name, float(getattr(self, name)))
            except (TypeError, ValueError) as error:
                raise ParameterError(
                    f"{name} must be a real number, got {getattr(self, name)!r}"
                ) from error
        if self.error < 0:
            raise ParameterError(f"error must not be negative, got {self.error:g}")

    def z(self, other: Estimate | float = 0.0) -> float:
        """Difference to another value in units of the combined error.

        Parameters
        ----------
        other : Estimate or float, default 0
            A float counts as exact; an Estimate as independent.

        Returns
        -------
        float
            Zero if the two are equal, infinite if they differ and neither has an error.
        """
        difference = self - other
        if difference.error == 0:
            return 0.0 if difference.mean == 0 else math.copysign(math.inf, difference.mean)
        return difference.mean / difference.error

    def __neg__(self) -> Estimate:
        return Estimate(-self.mean, self.error)

    def __add__(self, other: Estimate | float) -> Estimate:
        if isinstance(other, Estimate):
            return Estimate(self.mean + other.mean, math.hypot(self.error, other.error))
        return Estimate(self.mean + other, self.error)

    def __sub__(self, other: Estimate | float) -> Estimate:
        return self + (-other)

    def __mul__(self, factor: float) -> Estimate:
        return Estimate(self.mean * factor, self.error * abs(factor))

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        return _written(self.mean, self.error)

    def __repr__(self) -> str:
        return f"Estimate({self})"

    def __format__(self, spec: str) -> str:
        """Mean and error in one numeric format; padding such as ``>20`` applies to both."""
        if not spec:
            return str(self)
        if spec[-1].isalpha() and spec[-1] != "s":
            return f"{self.mean:{spec}} ± {self.error:{spec}}"
        return format(str(self), spec)


def mean_estimate(samples: ArrayLike, *, axis: int = 0) -> Estimate:
    """Mean and standard error of the mean over independent units.

    Parameters
    ----------
    samples : array (n_units,) or with more axes
        One entry for each independent unit (a disorder sample, a run, a walker). Further
        axes hold correlated measurements of one unit; they are averaged first.
    axis : int, default 0
        The axis that counts units.

    Returns
    -------
    Estimate
        The mean m of the unit means x_i and sqrt(sum (x_i - m)^2 / (n (n - 1))).

    Raises
    ------
    DataError
        If there are fewer than two units, or NaN or infinite entries.

    Examples
    --------
    >>> from spinglass_nn.statistics import mean_estimate
    >>> print(mean_estimate([1.0, 2.0, 3.0, 4.0]))
    2.50 ± 0.65
    """
    values = check.array(samples, "samples")
    if not -values.ndim <= axis < values.ndim:
        raise ParameterError(f"axis must be below {values.ndim}, got {axis}")
    if values.size == 0 or values.shape[axis] < 2:
        raise DataError(
            f"samples must hold at least 2 independent units, got shape {values.shape}"
        )
    units = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1).mean(axis=1)
    return Estimate(float(units.mean()), float(units.std(ddof=1) / math.sqrt(units.size)))


def _exponent(value: float) -> int:
    """Power of ten of a positive number written with two significant digits."""
    return int(f"{value:.1e}".split("e")[1])


def _written(mean: float, error: float) -> str:
    """Both numbers to two significant digits of the error."""
    if not (math.isfinite(mean) and math.isfinite(error)) or error == 0:
        return f"{mean:.6g} ± {error:.2g}"
    power = _exponent(max(abs(mean), error))
    if power < -300:
        return f"{mean:.3g} ± {error:.2g}"
    if -3 <= power < 6:
        return _plain(mean, error)
    scale = 10.0**power
    return f"({_plain(mean / scale, error / scale)})e{power:+03d}"


def _plain(mean: float, error: float) -> str:
    decimals = min(1 - _exponent(error), _MOST_DECIMALS)
    shown = max(decimals, 0)
    # adding zero turns a rounded -0.0 into 0.0
    return f"{round(mean, decimals) + 0.0:.{shown}f} ± {round(error, decimals):.{shown}f}"
