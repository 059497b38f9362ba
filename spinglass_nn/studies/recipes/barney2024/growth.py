"""Laws of growth of the critical temperature with training time, fitted to runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError
from spinglass_nn.statistics import Estimate, bootstrap
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, Parameters
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import RNG, Float64Array

_LARGEST = 3.0  # exponent looked for in the shifted law
_SMALLEST = 1e-3  # where it cannot be told from a logarithm
_FEWEST = 5  # times in a fit


class PowerLaw(NamedTuple):
    """T = c t^alpha, a straight line in the logarithms."""

    exponent: float
    amplitude: float
    r_squared: float


class ShiftedPowerLaw(NamedTuple):
    """T = T_0 + c t^alpha."""

    exponent: float
    offset: float
    amplitude: float
    r_squared: float


@result()
class Growth:
    """Fits to all runs of one kind of network together, errors from resampled runs.

    Parameters
    ----------
    first, last : float
        Ends of the range, in epochs.
    amplitude : float
        Of the power law c t^alpha, of T_c at epoch 1.
    exponent, r_squared : Estimate
        Its exponent, and R^2 of the line in the logarithms.
    shifted_exponent : Estimate
        Of T_0 + c t^alpha.
    shifted_r_squared, logarithm_r_squared : float
        R^2 of that law and of a + b ln t, both of T_c itself.
    early_slope, late_slope : Estimate
        Exponents in the first and in the last half of the range on the logarithmic axis.
    """

    first: float
    last: float
    amplitude: float
    exponent: Estimate
    r_squared: Estimate
    shifted_exponent: Estimate
    shifted_r_squared: float
    logarithm_r_squared: float
    early_slope: Estimate
    late_slope: Estimate

    @property
    def shifted(self) -> str:
        """The exponent of T_0 + c t^alpha in words."""
        if self.shifted_exponent.mean < 2 * _SMALLEST:
            return "α as small as is looked for, so a logarithm"
        return f"α = {self.shifted_exponent}"

    @property
    def decades(self) -> float:
        """Of time that the fits cover."""
        return math.log10(self.last / self.first)


@result()
class MeltingGrowth:
    """Growth of T_c in both kinds of network.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of network.
    fits : tuple of Growth or None
        None where order does not set in early enough in every run.
    """

    kinds: tuple[str, ...]
    fits: tuple[Growth | None, ...]

    def of(self, kind: str) -> Growth | None:
        """The fits of one kind."""
        return self.fits[self.kinds.index(kind)]


def run(context: Context) -> MeltingGrowth:
    """Fit the growth of T_c."""
    p: Parameters = context.parameters
    fits = [
        growth(
            context.results[kind],
            p.fit_onsets,
            n_bootstrap=p.n_bootstrap,
            rng=context.rng(number),
        )
        for number, kind in enumerate(KINDS)
    ]
    return MeltingGrowth(tuple(KINDS), tuple(fits))


def power_law(times: Float64Array, values: Float64Array) -> PowerLaw:
    """Least squares in the logarithms."""
    x, y = np.log(times), np.log(values)
    slope, intercept = np.polyfit(x, y, 1)
    return PowerLaw(
        float(slope), float(np.exp(intercept)), _explained(y, slope * x + intercept)
    )


def shifted_power_law(times: Float64Array, values: Float64Array) -> ShiftedPowerLaw:
    """Least squares; for every exponent the two other numbers follow from a linear fit."""
    scaled = times / times[-1]

    def fitted(alpha: float) -> tuple[Float64Array, Float64Array]:
        columns = np.stack([np.ones_like(scaled), scaled**alpha], axis=1)
        solution = np.linalg.lstsq(columns, values, rcond=None)[0]
        return solution, columns @ solution

    best = minimize_scalar(
        lambda alpha: float(((values - fitted(alpha)[1]) ** 2).sum()),
        bounds=(_SMALLEST, _LARGEST),
        method="bounded",
    )
    alpha = float(best.x)
    (offset, amplitude), law = fitted(alpha)
    return ShiftedPowerLaw(
        alpha, float(offset), float(amplitude * times[-1] ** -alpha), _explained(values, law)
    )


def local_slopes(times: Float64Array, values: Float64Array) -> Float64Array:
    """Slope d ln T / d ln t at every time, from its neighbours."""
    slopes: Float64Array = np.gradient(np.log(values), np.log(times))
    return slopes


def _explained(values: Float64Array, law: Float64Array) -> float:
    return float(1 - ((values - law) ** 2).sum() / ((values - values.mean()) ** 2).sum())


def fit_range(run: MeltingRun, onsets: float) -> NDArray[np.bool_]:
    """Which snapshots are fitted: from some multiple of the latest onset of order."""
    chosen: NDArray[np.bool_] = (run.steps >= onsets * run.onsets.max()) & (run.steps > 0)
    return chosen


def growth(run: MeltingRun, onsets: float, *, n_bootstrap: int, rng: RNG) -> Growth | None:
    """Fit all runs of one kind together; None if too few times are left.

    The fitted curve is the geometric mean over runs. Slopes are of the first and the last
    half of the range on the logarithmic axis.
    """
    chosen = fit_range(run, onsets)
    if chosen.sum() < _FEWEST:
        return None
    times = run.epochs[chosen]
    curves = np.log(run.readings.temperature[:, chosen])
    middle = math.sqrt(times[0] * times[-1])
    if min((times <= middle).sum(), (times >= middle).sum()) < 2:
        return None

    def resampled(function: Callable[[Float64Array], float]) -> Estimate:
        def of_mean(rows: Float64Array) -> float:
            return function(np.exp(rows.mean(axis=0)))

        try:
            return bootstrap(of_mean, curves, n_resamples=n_bootstrap, rng=rng).estimate
        except DataError:
            return Estimate(math.nan, math.nan)

    def slope(part: NDArray[np.bool_]) -> Estimate:
        return resampled(lambda values: power_law(times[part], values[part]).exponent)

    mean = np.exp(curves.mean(axis=0))
    x = np.log(times)
    slope_of_log, constant = np.polyfit(x, mean, 1)
    return Growth(
        first=float(times[0]),
        last=float(times[-1]),
        amplitude=power_law(times, mean).amplitude,
        exponent=resampled(lambda values: power_law(times, values).exponent),
        r_squared=resampled(lambda values: power_law(times, values).r_squared),
        shifted_exponent=resampled(lambda values: shifted_power_law(times, values).exponent),
        shifted_r_squared=shifted_power_law(times, mean).r_squared,
        logarithm_r_squared=_explained(mean, slope_of_log * x + constant),
        early_slope=slope(times <= middle),
        late_slope=slope(times >= middle),
    )
