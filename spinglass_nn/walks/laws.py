"""What a free walk would see in a perfectly quadratic bowl."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.statistics.estimate import Estimate
from spinglass_nn.typing import Float64Array


@result()
class LawCurve:
    """A law at many distances, with the error of its coefficient.

    Parameters
    ----------
    distance : array (n_points,)
        Euclidean distance from the start.
    mean, error : array (n_points,)
        Mean loss rise and its standard error (fully correlated between points).
    """

    distance: Float64Array
    mean: Float64Array
    error: Float64Array


@overload
def quadratic_law(trace: Estimate, n_parameters: int, distance: float) -> Estimate: ...


@overload
def quadratic_law(trace: float, n_parameters: int, distance: float) -> float: ...


@overload
def quadratic_law(
    trace: Estimate | float, n_parameters: int, distance: NDArray[np.floating] | list[float]
) -> LawCurve: ...


def quadratic_law(
    trace: Estimate | float, n_parameters: int, distance: ArrayLike
) -> Estimate | float | LawCurve:
    r"""Mean loss rise at a distance, in random directions around a stationary point.

    .. math:: \langle \Delta L \rangle(d) = \frac{d^2}{2N}\, \mathrm{tr}\, H

    The mean over isotropic directions of the second-order expansion: the gradient drops out
    and :math:`\langle u_i u_j \rangle = \delta_{ij}/N`. A walk of step r has
    :math:`d^2 = r^2 t` after t steps, so the rise is linear in the number of steps.

    Parameters
    ----------
    trace : Estimate or float
        Trace of the Hessian, as from `spinglass_nn.landscape.hessian_trace`.
    n_parameters : int
        N.
    distance : float or array (n_points,)
        Distance d from the point where the trace was taken.

    Returns
    -------
    Estimate, float or LawCurve
        For one distance what the trace was; for several a `LawCurve`, whose error is zero
        if the trace was a float.

    Raises
    ------
    ParameterError
        If N is not positive or a number is not finite.
    DataError
        If a distance is NaN or infinite.

    Examples
    --------
    >>> quadratic_law(8.0, 4, 0.5)
    0.25
    >>> from spinglass_nn.statistics import Estimate
    >>> print(quadratic_law(Estimate(8.0, 0.8), 4, 0.5))
    0.250 ± 0.025
    """
    n = check.count(n_parameters, "n_parameters")
    d = check.array(distance, "distance")
    if np.ndim(distance) == 0:
        factor = float(d.item()) ** 2 / (2 * n)
        if isinstance(trace, Estimate):
            return trace * factor
        return check.number(trace, "trace") * factor
    known = trace if isinstance(trace, Estimate) else Estimate(check.number(trace, "trace"), 0)
    factors = d**2 / (2 * n)
    return LawCurve(d, known.mean * factors, known.error * factors)
