"""Moments that grow: values come in chunks, from one process or many."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.typing import Float64Array

_NUMBERS_AT_ONCE = 1 << 15  # so that a block's powers stay in the cache
_HIGHEST = 4


@result()
class Moments:
    r"""Mean and sums of powers of deviations, up to the fourth; never changed, only added to.

    Parts a and b, with :math:`\delta = m_b - m_a` the difference of their means, are joined
    by formulas that subtract no large numbers (Chan, Golub and LeVeque 1983; Pébay 2008):

    .. math:: m = m_a + \delta\, n_b / n, \qquad
              M_2 = M_{2a} + M_{2b} + \delta^2 n_a n_b / n,

    and so on for :math:`M_3, M_4`. The order of joining matters to rounding only.

    Parameters
    ----------
    count : int
        Number of values.
    mean : array (...)
        Their mean, one for each entry of a value; NaN if there are none.
    sums : array (3, ...)
        Sums of the second, third and fourth power of deviations from it.

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from spinglass_nn.statistics import Moments
    >>> overlaps = Moments.empty()
    >>> for chunk in np.array([[0.1, 0.7], [0.3, -0.5]]):
    ...     overlaps = overlaps.add(chunk)
    >>> print(round(float(overlaps.mean), 12), round(float(overlaps.raw(2)), 12))
    0.15 0.21
    >>> whole = overlaps + overlaps
    >>> whole.count
    8
    """

    count: int
    mean: Float64Array
    sums: Float64Array

    def __post_init__(self) -> None:
        check.count(self.count, "count", minimum=0)
        mean = np.asarray(self.mean, dtype=np.float64)
        sums = np.asarray(self.sums, dtype=np.float64)
        if sums.shape != (_HIGHEST - 1, *mean.shape):
            raise ShapeError(
                f"sums must have shape {(_HIGHEST - 1, *mean.shape)}, got {sums.shape}"
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "sums", sums)

    @classmethod
    def empty(cls, shape: tuple[int, ...] = ()) -> Moments:
        """Start without values.

        Parameters
        ----------
        shape : tuple of int, default ()
            Shape of one value, such as (n_temperatures,).

        Returns
        -------
        Moments
            Of no values.
        """
        return cls(0, np.full(shape, np.nan), np.zeros((_HIGHEST - 1, *shape)))

    def add(self, values: ArrayLike) -> Moments:
        """Take in more values.

        Parameters
        ----------
        values : array (n_values, ...)
            The first axis counts values.

        Returns
        -------
        Moments
            New ones; these stay as they are.

        Raises
        ------
        ShapeError
            If one value has another shape than those before.
        DataError
            If there are NaN or infinite entries.
        """
        data: Float64Array = check.array(values, "values")
        if data.ndim == 0 or data.shape[1:] != self.mean.shape:
            wanted = ", ".join(["n_values", *map(str, self.mean.shape)])
            raise ShapeError(f"values must have shape ({wanted}), got {data.shape}")
        n_rows = max(1, _NUMBERS_AT_ONCE // max(1, self.mean.size))
        whole = self
        for first in range(0, len(data), n_rows):
            whole = whole + _of_block(data[first : first + n_rows])
        return whole

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        if self.mean.shape != other.mean.shape:
            raise ShapeError(
                "moments must be of values of one shape to be added, got "
                f"{self.mean.shape} and {other.mean.shape}"
            )
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        return _joined(self, other)

    def __radd__(self, other: int) -> Moments:
        """Let `sum` begin with its zero."""
        return self if other == 0 else NotImplemented

    @property
    def variance(self) -> Float64Array:
        """Unbiased variance of the values; NaN for fewer than two."""
        if self.count < 2:
            return np.full(self.mean.shape, np.nan)
        return np.asarray(self.sums[0] / (self.count - 1))

    @property
    def error(self) -> Float64Array:
        """Standard error of the mean, if the values are independent."""
        return np.asarray(np.sqrt(self.variance / max(self.count, 1)))

    def central(self, order: int) -> Float64Array:
        """Mean power of deviations from the mean.

        Parameters
        ----------
        order : {1, 2, 3, 4}
            The power.

        Returns
        -------
        array (...)
            Sum over values divided by their number.

        Raises
        ------
        ParameterError
            If the order is not one of the four.
        DataError
            If there are no values.
        """
        self._check(order)
        if order == 1:
            return np.zeros(self.mean.shape)
        return np.asarray(self.sums[order - 2] / self.count)

    def raw(self, order: int) -> Float64Array:
        """Mean power of the values, such as <q^2> and <q^4> of overlaps.

        Parameters
        ----------
        order : {1, 2, 3, 4}
            The power.

        Returns
        -------
        array (...)
            Of the shape of one value.

        Raises
        ------
        ParameterError
            If the order is not one of the four.
        DataError
            If there are no values.
        """
        self._check(order)
        m = self.mean
        if order == 1:
            return m
        c2 = self.central(2)
        if order == 2:
            return np.asarray(c2 + m**2)
        c3 = self.central(3)
        if order == 3:
            return np.asarray(c3 + 3 * m * c2 + m**3)
        return np.asarray(self.central(4) + 4 * m * c3 + 6 * m**2 * c2 + m**4)

    def _check(self, order: int) -> None:
        if check.count(order, "order") > _HIGHEST:
            raise ParameterError(f"order must be at most {_HIGHEST}, got {order}")
        if self.count == 0:
            raise DataError("moments must be of at least one value, got none")


def _of_block(values: Float64Array) -> Moments:
    mean = values.mean(axis=0)
    deviations = values - mean
    squares = deviations * deviations
    powers = (squares, squares * deviations, squares * squares)
    return Moments(len(values), mean, np.stack([power.sum(axis=0) for power in powers]))


def _joined(a: Moments, b: Moments) -> Moments:
    """Pébay's formulas with the shares p = n_a / n and q = n_b / n."""
    n = a.count + b.count
    p, q = a.count / n, b.count / n
    d = b.mean - a.mean
    a2, a3, a4 = a.sums
    b2, b3, b4 = b.sums
    pq = n * p * q
    sums = [
        a2 + b2 + d**2 * pq,
        a3 + b3 + d**3 * pq * (p - q) + 3 * d * (p * b2 - q * a2),
        a4 + b4 + d**4 * pq * (p * p - p * q + q * q)
        + 6 * d**2 * (p * p * b2 + q * q * a2) + 4 * d * (p * b3 - q * a3),
    ]  # fmt: skip
    return Moments(n, a.mean + d * q, np.stack(sums))
