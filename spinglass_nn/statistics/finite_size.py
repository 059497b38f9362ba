"""Limits of large systems from small ones: weighted fits of power-law corrections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, optimize, special

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, NotConverged, ParameterError
from spinglass_nn.statistics.estimate import Estimate
from spinglass_nn.statistics.estimates import Estimates
from spinglass_nn.typing import Float64Array

EXPONENTS = (0.02, 20.0)  # where a free exponent is sought
_N_TRIED = 120


class _Fit(NamedTuple):
    """Parameters: limit, amplitude, next amplitude if any; then the exponent if it is free."""

    exponent: float
    parameters: Float64Array
    covariance: Float64Array
    chi_squared: float


@result()
class Extrapolation:
    """A limit of infinite size, and how far the fit behind it is to be believed.

    Parameters
    ----------
    limit : Estimate
        Value at infinite size.
    amplitude : Estimate
        Of the leading correction, a.
    exponent : Estimate
        Of the leading correction, omega; its error is zero if it was given.
    next_amplitude : Estimate or None
        Of the second correction, if there is one.
    next_exponent : float or None
        Its exponent.
    chi_squared : float
        Sum of squared differences between values and fit, in units of errors.
    n_freedom : int
        Number of values less the number of parameters.
    goodness : float
        Probability Q of a chi squared as large as this, if fit and errors are right. Below
        about 0.01 the form is wrong at these sizes, or errors are too small; values near one
        mean errors too large.
    shift : Estimate
        Change of the limit when the smallest size is left out, with the error of the change.
        More than two of its errors: sizes too small for the form; otherwise, what the form
        could still hide. NaN where too few sizes would be left.
    sizes : array (n,)
        The sizes.
    values : Estimates
        What was fitted.
    covariance : array (n_parameters, n_parameters)
        Of limit, amplitude, next amplitude if any, exponent if free, in this order.
    """

    limit: Estimate
    amplitude: Estimate
    exponent: Estimate
    next_amplitude: Estimate | None
    next_exponent: float | None
    chi_squared: float
    n_freedom: int
    goodness: float
    shift: Estimate
    sizes: Float64Array
    values: Estimates
    covariance: Float64Array

    @property
    def systematic(self) -> float:
        """Size of the shift: a systematic error to quote beside the statistical one."""
        return abs(self.shift.mean)

    def at(self, sizes: ArrayLike) -> Estimates:
        """Values of the fit, with errors from those of its parameters.

        Parameters
        ----------
        sizes : array (n,)
            Sizes; infinity gives the limit.

        Returns
        -------
        Estimates
            One for each size.
        """
        n = check.array(sizes, "sizes", shape=(None,), finite=False)
        amplitudes = [self.amplitude.mean]
        if self.next_amplitude is not None:
            amplitudes.append(self.next_amplitude.mean)
        free = len(self.covariance) > 1 + len(amplitudes)
        slopes = _slopes(n, self.exponent.mean, self.next_exponent, amplitudes[0], free)
        columns = slopes[:, : 1 + len(amplitudes)]
        mean = columns @ np.array([self.limit.mean, *amplitudes])
        squared = np.einsum("ki,ij,kj->k", slopes, self.covariance, slopes)
        return Estimates(mean, np.sqrt(np.maximum(squared, 0)))

    def __repr__(self) -> str:
        return (
            f"<limit {self.limit}, exponent {self.exponent}, chi squared "
            f"{self.chi_squared:.3g} for {self.n_freedom} (Q = {self.goodness:.2g}), "
            f"without the smallest size {self.shift}>"
        )


def extrapolate(
    sizes: ArrayLike,
    values: Estimates | Sequence[Estimate],
    *,
    exponent: float | None,
    next_exponent: float | None = None,
) -> Extrapolation:
    r"""Fit values of finite systems and read off the limit of infinite size.

    .. math:: y(N) = y_\infty + a N^{-\omega} \; [\, + \, b N^{-\omega'}]

    by weighted least squares. Errors are taken as they are, not scaled to make chi squared
    fit. With a given exponent the fit is linear and its errors exact for Gaussian data; a
    free exponent is found on a grid, then refined, and errors are those of the linearised
    problem, to be trusted where the exponent's is small.

    Corrections of mean-field spin glasses below T_c go with :math:`N^{-2/3}`
    (``exponent=2/3``, sizes in spins).

    Parameters
    ----------
    sizes : array (n,)
        Numbers of spins, or linear sizes; the exponent is one of whatever is given.
    values : Estimates or sequence of Estimate
        Value at each size, independent of one another.
    exponent : float or None
        Omega; None to fit it too.
    next_exponent : float, optional
        Exponent of a second correction, above the first.

    Returns
    -------
    Extrapolation
        Limit, amplitudes, exponent, goodness of fit, and the shift without the smallest size.

    Raises
    ------
    DataError
        If there are not more different sizes than parameters, or an error is zero or NaN.
    NotConverged
        If the data do not determine a free exponent: its interval of one standard error
        reaches 0.02 or 20 or ``next_exponent``, as it does if nothing depends on size, or
        the smallest size alone. Its ``last`` is the fit at the best exponent found.

    Examples
    --------
    >>> import numpy as np
    >>> from spinglass_nn.statistics import Estimates, extrapolate
    >>> n = np.array([24, 48, 96, 192, 384])
    >>> noise = 1e-4 * np.array([1.0, -1.2, 0.4, 0.6, -0.9])
    >>> energy = Estimates(-0.7632 + 0.70 * n ** (-2 / 3) + noise, np.full(5, 1e-4))
    >>> found = extrapolate(n, energy, exponent=2 / 3)
    >>> print(found.limit, found.n_freedom, round(found.goodness, 2))
    -0.763251 ± 0.000085 3 0.35
    >>> print(extrapolate(n, energy, exponent=None).exponent)
    0.6685 ± 0.0049
    """
    n, estimates = _checked(sizes, values)
    if exponent is not None:
        check.positive(exponent, "exponent")
    if next_exponent is not None:
        check.positive(next_exponent, "next_exponent")
        if next_exponent <= (EXPONENTS[0] if exponent is None else exponent):
            raise ParameterError(
                f"next_exponent must be above the exponent, got {next_exponent:g}"
            )
    n_parameters = 2 + (exponent is None) + (next_exponent is not None)
    n_different = np.unique(n).size
    if n_different <= n_parameters:
        raise DataError(
            f"sizes must be at least {n_parameters + 1} different ones for {n_parameters} "
            f"parameters and a test of the fit, got {n_different}"
        )
    fit = _fitted(n, estimates, exponent, next_exponent)
    shift = _shift(n, estimates, exponent, next_exponent, fit)
    return _result(n, estimates, fit, next_exponent, shift)


def _checked(
    sizes: ArrayLike, values: Estimates | Sequence[Estimate]
) -> tuple[Float64Array, Estimates]:
    n: Float64Array = check.array(sizes, "sizes", shape=(None,))
    if not isinstance(values, Estimates):
        means, errors = ([v.mean for v in values], [v.error for v in values])
        values = Estimates(np.array(means), np.array(errors))
    if len(values) != n.size:
        raise DataError(f"values must be one for each of {n.size} sizes, got {len(values)}")
    check.all_finite(values.mean, "values")
    if n.size and n.min() <= 0:
        raise DataError(f"sizes must be positive, got {n.min():g}")
    bad = ~(np.isfinite(values.error) & (values.error > 0))
    if bad.any():
        raise DataError(
            "errors of values must be positive and finite, "
            f"got {values.error[bad][0]:g} at size {n[bad][0]:g}"
        )
    return n, values


def _slopes(
    n: Float64Array, omega: ArrayLike, next_exponent: float | None, amplitude: float, free: bool
) -> Float64Array:
    """Derivatives of the fit by limit, amplitude, next amplitude and exponent.

    For each of one or many exponents, (..., n, n_parameters).
    """
    leading = n ** -np.asarray(omega, dtype=np.float64)[..., None]
    columns = [np.ones_like(leading), leading]
    if next_exponent is not None:
        columns.append(n**-next_exponent * np.ones_like(leading))
    if free:
        with np.errstate(invalid="ignore"):  # at infinite size
            columns.append(np.where(leading > 0, -amplitude * np.log(n) * leading, 0.0))
    return np.stack(columns, axis=-1)


def _solved(
    slopes: Float64Array, values: Estimates
) -> tuple[Float64Array, Float64Array, float]:
    """Weighted least squares: parameters, their covariance, chi squared."""
    design = slopes / values.error[:, None]
    scale = np.linalg.norm(design, axis=0)
    q, r = np.linalg.qr(design / scale)
    target = values.mean / values.error
    found = linalg.solve_triangular(r, q.T @ target) / scale
    inverse = linalg.solve_triangular(r, np.eye(len(r))) / scale[:, None]
    residual = target - design @ found
    return found, inverse @ inverse.T, float(residual @ residual)


def _fitted(
    n: Float64Array, values: Estimates, exponent: float | None, next_exponent: float | None
) -> _Fit:
    if exponent is not None:
        slopes = _slopes(n, exponent, next_exponent, 0.0, False)
        return _Fit(exponent, *_solved(slopes, values))
    omega, determined = _best_exponent(n, values, next_exponent)
    fit = _fitted(n, values, omega, next_exponent)
    if not determined:
        shift = Estimate(math.nan, math.nan)
        raise NotConverged(
            "exponent must be determined by the values, got none excluded from about "
            f"{omega:.3g} to an end of the range; give the exponent, or more sizes",
            _result(n, values, fit, next_exponent, shift),
        )
    slopes = _slopes(n, omega, next_exponent, float(fit.parameters[1]), True)
    return fit._replace(covariance=_solved(slopes, values)[1])


def _best_exponent(
    n: Float64Array, values: Estimates, next_exponent: float | None
) -> tuple[float, bool]:
    """Exponent of least chi squared, and whether the ends of the range are worse by one."""
    target = values.mean / values.error

    def chi_squared(log_omega: Float64Array) -> Float64Array:
        design = _slopes(n, np.exp(log_omega), next_exponent, 0.0, False)
        design /= values.error[:, None]
        q, _ = np.linalg.qr(design / np.linalg.norm(design, axis=-2, keepdims=True))
        fitted = q @ (np.swapaxes(q, -1, -2) @ target[:, None])
        return np.asarray(np.square(target - fitted[..., 0]).sum(axis=-1))

    lowest, highest = EXPONENTS
    if next_exponent is not None:
        highest = min(highest, 0.999 * next_exponent)  # equal ones cannot be told apart
    tried = np.linspace(math.log(lowest), math.log(highest), _N_TRIED)
    costs = chi_squared(tried)
    best = int(costs.argmin())
    if min(costs[0], costs[-1]) - costs[best] < 1:
        return math.exp(tried[best]), False
    refined = optimize.minimize_scalar(
        lambda x: float(chi_squared(np.array(x))),
        bounds=(tried[best - 1], tried[best + 1]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return math.exp(float(refined.x)), True


def _result(
    n: Float64Array,
    values: Estimates,
    fit: _Fit,
    next_exponent: float | None,
    shift: Estimate,
) -> Extrapolation:
    errors = np.sqrt(np.diagonal(fit.covariance))
    free = errors.size > fit.parameters.size
    n_freedom = n.size - errors.size
    limit, amplitude, *others = (
        Estimate(float(mean), float(error))
        for mean, error in zip(fit.parameters, errors, strict=False)
    )
    return Extrapolation(
        limit,
        amplitude,
        Estimate(fit.exponent, float(errors[-1]) if free else 0.0),
        others[0] if others else None,
        next_exponent,
        fit.chi_squared,
        n_freedom,
        float(special.chdtrc(n_freedom, fit.chi_squared)),
        shift,
        n,
        values,
        fit.covariance,
    )


def _shift(
    n: Float64Array,
    values: Estimates,
    exponent: float | None,
    next_exponent: float | None,
    fit: _Fit,
) -> Estimate:
    """Change of the limit without the smallest size; the variances of nested fits subtract."""
    kept = n > n.min()
    if np.unique(n[kept]).size < len(fit.covariance):
        return Estimate(math.nan, math.nan)
    rest = Estimates(values.mean[kept], values.error[kept])
    try:
        without = _fitted(n[kept], rest, exponent, next_exponent)
    except NotConverged:
        return Estimate(math.nan, math.nan)
    change = without.parameters[0] - fit.parameters[0]
    variance = float(without.covariance[0, 0] - fit.covariance[0, 0])
    return Estimate(float(change), math.sqrt(max(variance, 0.0)))
