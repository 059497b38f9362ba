"""Many numbers from a simulation at once: means and errors along an axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.statistics.estimate import Estimate
from spinglass_nn.typing import Float64Array


@result()
class Estimates:
    """Means and their standard errors, such as one for each temperature.

    Parameters
    ----------
    mean : array (n,)
        The values; NaN where nothing could be computed.
    error : array (n,)
        One standard deviation of each mean; NaN where unknown. The entries may be correlated.

    Raises
    ------
    ShapeError
        If the two do not have the same length.
    ParameterError
        If an error is negative.

    Examples
    --------
    >>> from spinglass_nn.statistics import Estimates
    >>> curve = Estimates([-1.0, -0.5], [0.01, 0.02])
    >>> print(curve[1])
    -0.500 ± 0.020
    >>> curve.z(-0.98).round(3).tolist()
    [-2.0, 24.0]
    """

    mean: Float64Array
    error: Float64Array

    def __post_init__(self) -> None:
        mean = np.asarray(self.mean, dtype=np.float64)
        error = np.asarray(self.error, dtype=np.float64)
        if mean.ndim != 1 or mean.shape != error.shape:
            raise ShapeError(
                f"mean and error must have one shape (n,), got {mean.shape} and {error.shape}"
            )
        if (error < 0).any():
            raise ParameterError(f"error must not be negative, got {error.min():g}")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "error", error)

    def __len__(self) -> int:
        return self.mean.size

    def __getitem__(self, place: int) -> Estimate:
        return Estimate(float(self.mean[place]), float(self.error[place]))

    def __iter__(self) -> Iterator[Estimate]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        shown = ", ".join(str(value) for value in list(self)[:6])
        return f"<{len(self)} estimates: {shown}{', ...' if len(self) > 6 else ''}>"

    def __mul__(self, factor: ArrayLike) -> Estimates:
        scale = np.asarray(factor, dtype=np.float64)
        return Estimates(self.mean * scale, self.error * np.abs(scale))

    __rmul__ = __mul__

    def z(self, other: Estimates | ArrayLike = 0.0) -> Float64Array:
        """Differences to other values in units of the combined errors.

        Parameters
        ----------
        other : Estimates, float or array (n,)
            Numbers count as exact, Estimates as independent.

        Returns
        -------
        array (n,)
            Zero where both are equal without error, infinite where they differ without error.
        """
        if isinstance(other, Estimates):
            difference = self.mean - other.mean
            error = np.hypot(self.error, other.error)
        else:
            difference = self.mean - check.array(other, "other")
            error = self.error
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Float64Array = np.where(difference == 0, 0.0, difference / error)
        return found
