"""Order parameters read off P(q): weight near zero, q_EA, and how samples differ."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps._leaving_out import jackknifed_one
from spinglass_nn.overlaps.histograms import OverlapDistribution
from spinglass_nn.statistics import Bootstrap, Estimate, bootstrap_from
from spinglass_nn.typing import RNG, Float64Array

_OF_MAXIMUM = 0.8  # bins this high belong to the top of the peak
_NUMBERS_AT_ONCE = 10_000_000


@result()
class WeightNearZero:
    """The weight of P(q) about q = 0.

    Parameters
    ----------
    density : Estimate
        Mean of P(q) over the window: P(0), of the signed overlap also where the distribution
        is folded.
    weight : Estimate
        Probability of the window.
    window : float
        Where it ends: the window is made of whole bins.
    unit_weights : array (n_units,)
        Its probability in each unit.
    """

    density: Estimate
    weight: Estimate
    window: float
    unit_weights: Float64Array

    def __repr__(self) -> str:
        return f"<P(0) = {self.density}, from |q| < {self.window:.3g}>"


@result()
class SampleFluctuations:
    """How P_J(q) differs between disorder samples J.

    Parameters
    ----------
    window, threshold : float
        q_0, rounded to whole bins, and kappa.
    weights : array (n_samples,)
        Probability of ``|q|`` < q_0 in each sample.
    peaks : array (n_samples,)
        The highest value of (P_J(q) + P_J(-q)) / 2 in the window.
    second_moments : array (n_samples,)
        <q^2> of each sample.
    peaked : Estimate
        Delta(q_0, kappa): share of samples with a peak above kappa.
    empty : Estimate
        Share of samples without any overlap in the window.
    median_weight : Bootstrap
        Median of the weights over samples.
    mean_weight : Estimate
        Their mean, the weight of the averaged P(q).
    """

    window: float
    threshold: float
    weights: Float64Array
    peaks: Float64Array
    second_moments: Float64Array
    peaked: Estimate
    empty: Estimate
    median_weight: Bootstrap
    mean_weight: Estimate

    def __repr__(self) -> str:
        return (
            f"<{self.weights.size} samples: Δ({self.window:.3g}, {self.threshold:g}) = "
            f"{self.peaked}, weight {self.mean_weight} in the mean, "
            f"{self.median_weight.estimate} in the median>"
        )


def weight_near_zero(pq: OverlapDistribution, *, window: float = 0.2) -> WeightNearZero:
    """P(0), averaged over the bins whose middles lie in ``|q|`` < window, with its error.

    Parameters
    ----------
    pq : OverlapDistribution
        Of `distribution`.
    window : float, default 0.2
        Half the width of the window, q_0.

    Returns
    -------
    WeightNearZero
        Density and weight, with jackknife errors, and the window as it is.

    Raises
    ------
    ParameterError
        If no bin lies in the window, or the bins there are not mirrored about 0.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> rows = np.random.default_rng(1).uniform(-1, 1, size=(30, 500))
    >>> zero = sg.overlaps.weight_near_zero(sg.overlaps.distribution(rows, bins=40))
    >>> round(zero.window, 6), abs(zero.density.z(0.5)) < 4
    (0.2, True)
    """
    inside, end = _window(pq, window)
    units = pq.shares[:, inside].sum(axis=1)
    weight = jackknifed_one(units[:, None], lambda mean: mean[..., 0], pq.copies)
    return WeightNearZero(weight * (0.5 / end), weight, end, units)


def edwards_anderson(
    pq: OverlapDistribution,
    *,
    above: float = 0.0,
    n_resamples: int = 1000,
    level: float = 0.95,
    rng: RNG = None,
) -> Bootstrap:
    """q_EA as the place of the peak of P(abs(q)), with a bootstrap error over units.

    The peak is the vertex of the parabola fitted by least squares to the bins around the
    highest one in which the density is above 80 % of the maximum (three at least). Its error
    is that of the place of the peak, not that of q_EA: in a finite system the peak is broad
    and lopsided, and stands elsewhere. For the Sherrington-Kirkpatrick model it lies above
    q_EA and comes down slowly with N, so extrapolate. Above the transition P(q) has its peak
    at 0, and so has this estimate, up to the width of what noise does to a flat top.

    Parameters
    ----------
    pq : OverlapDistribution
        Folded, or with bins mirrored about 0; both signs are then added. Bins should be wide
        enough for errors of a few percent at the peak.
    above : float, default 0
        Look at ``|q|`` > above only, where another peak is higher.
    n_resamples : int, default 1000
        Bootstrap resamples of units.
    level : float, default 0.95
        Content of the percentile interval.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    Bootstrap
        ``.estimate``, ``.low`` and ``.high``. Where units are replicas, a resample weighs the
        pairs of replicas a and b by w_a + w_b - 1, with w the times a replica was drawn: the
        product of the two to first order, without pairs of a replica and itself.

    Raises
    ------
    ParameterError
        If bins are not mirrored about 0, or none lies above ``above``.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> rng = np.random.default_rng(1)
    >>> rows = rng.choice([-1, 1], (40, 200)) * rng.normal(0.7, 0.1, (40, 200)).clip(0, 1)
    >>> found = sg.overlaps.edwards_anderson(sg.overlaps.distribution(rows, fold=True), rng=2)
    >>> abs(found.estimate.z(0.7)) < 4
    True
    """
    check.count(n_resamples, "n_resamples", minimum=2)
    centers, densities = _both_signs(pq)
    above = check.non_negative(above, "above")
    allowed = (centers >= 0) & (centers > above - 1e-12)
    if not allowed.any():
        raise ParameterError(f"above must leave bins to look at, got {above:g}")
    value = _peak(centers, densities.mean(axis=0), allowed)
    n = pq.n_units
    generator = seed_of(rng).generator(Stream.RESAMPLING)
    draws = np.empty(n_resamples)
    at_once = max(1, _NUMBERS_AT_ONCE // (n + centers.size))
    for first in range(0, n_resamples, at_once):
        size = min(at_once, n_resamples - first)
        drawn = generator.multinomial(n, np.full(n, 1 / n), size=size)
        means = (1 + pq.copies * (drawn - 1.0)) @ densities / n
        draws[first : first + size] = [_peak(centers, mean, allowed) for mean in means]
    return bootstrap_from(value, draws, level=level)


def sample_fluctuations(
    pq: OverlapDistribution,
    *,
    window: float = 0.2,
    threshold: float = 1.0,
    n_resamples: int = 1000,
    rng: RNG = None,
) -> SampleFluctuations:
    r"""How the weight near q = 0 is spread over disorder samples.

    With few pairs of states, P_J(q) is peaks on nothing and the averaged P(0) is made by rare
    samples; with many, every sample has weight there as N grows. The share of samples with

    .. math:: \max_{|q| < q_0} \tfrac12 [P_J(q) + P_J(-q)] > \kappa

    tells the two apart by its growth with N. Compare at the same width of bins only: a peak of
    one bin is as high as the bin is narrow. Thermal noise makes peaks too, and spreads weights;
    each sample needs many independent overlaps for its own P_J.

    Parameters
    ----------
    pq : OverlapDistribution
        Of disorder samples.
    window, threshold : float
        q_0 and kappa.
    n_resamples : int, default 1000
        Bootstrap resamples for the median.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    SampleFluctuations
        Numbers of each sample, and shares with errors; the error of a share k/n is
        :math:`\sqrt{(k+1)(n-k+1)/((n+2)^2(n+3))}`, which is not 0 where none or all count.

    Raises
    ------
    ParameterError
        If no bin lies in the window, or the bins there are not mirrored about 0.
    DataError
        If units are not disorder samples but replicas at one disorder.

    References
    ----------
    .. [1] B. Yucesoy, H. G. Katzgraber and J. Machta, Phys. Rev. Lett. 109, 177204 (2012).
    .. [2] A. A. Middleton, Phys. Rev. B 87, 220201 (2013): the median.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> rows = np.random.default_rng(1).uniform(-1, 1, size=(30, 500))
    >>> sg.overlaps.sample_fluctuations(sg.overlaps.distribution(rows, bins=20), rng=1).empty
    Estimate(0.000 ± 0.030)
    """
    if pq.unit != "units":
        raise DataError(f"fluctuations must be between disorder samples, got {pq.unit}")
    threshold = check.positive(threshold, "threshold")
    check.count(n_resamples, "n_resamples", minimum=2)
    near = weight_near_zero(pq, window=window)
    inside, _ = _window(pq, window)
    density = pq.unit_densities[:, inside]
    both = density if pq.folded else density + density[:, ::-1]
    n = pq.n_units
    generator = seed_of(rng).generator(Stream.RESAMPLING)
    at_once = max(1, _NUMBERS_AT_ONCE // n)
    medians = [
        np.median(near.unit_weights[generator.integers(0, n, (min(at_once, left), n))], axis=1)
        for left in range(n_resamples, 0, -at_once)
    ]
    return SampleFluctuations(
        window=near.window,
        threshold=threshold,
        weights=near.unit_weights,
        peaks=both.max(axis=1) / 2,
        second_moments=pq.unit_moments[:, 2],
        peaked=_share(both.max(axis=1) / 2 > threshold),
        empty=_share(near.unit_weights == 0),
        median_weight=bootstrap_from(
            float(np.median(near.unit_weights)), np.concatenate(medians)
        ),
        mean_weight=near.weight,
    )


def _window(pq: OverlapDistribution, window: float) -> tuple[NDArray[np.bool_], float]:
    """The bins of a window, and where it ends."""
    window = check.positive(window, "window")
    middles = np.abs(pq.centers)
    inside = middles < window - 1e-12  # both signs, whatever rounding does
    if not inside.any():
        narrowest = float(middles.min())
        raise ParameterError(f"window must reach beyond {narrowest:g}, got {window:g}")
    end = float(pq.edges[1:][inside].max())
    begin = float(pq.edges[:-1][inside].min())
    if not math.isclose(begin, 0.0 if pq.folded else -end, abs_tol=1e-12):
        raise ParameterError(
            f"bins in the window must be mirrored about q = 0, got them from {begin:g} to {end:g}"
        )
    return inside, end


def _both_signs(pq: OverlapDistribution) -> tuple[Float64Array, Float64Array]:
    """Centres and symmetrised densities of units on the signed axis."""
    density = pq.unit_densities
    if pq.folded:
        both = np.concatenate([density[:, ::-1], density], axis=1)
        return np.concatenate([-pq.centers[::-1], pq.centers]), both
    if not np.allclose(pq.edges, -pq.edges[::-1], rtol=0, atol=1e-12):
        raise ParameterError("bins must be mirrored about q = 0, or folded")
    return pq.centers, density + density[:, ::-1]


def _peak(
    centers: Float64Array,
    density: Float64Array,
    allowed: NDArray[np.bool_],
) -> float:
    """The vertex of a parabola through the top of the highest allowed bin."""
    top = int(np.where(allowed, density, -np.inf).argmax())
    low = density < _OF_MAXIMUM * density[top]
    left = top - int(np.append(low[:top][::-1], True).argmax())
    right = top + 1 + int(np.append(low[top + 1 :], True).argmax())
    left, right = max(0, min(left, top - 1)), min(density.size, max(right, top + 2))
    q = centers[left:right] - centers[top]
    if q.size < 3:
        return float(centers[top])
    curvature, slope, _ = np.polyfit(q, density[left:right], 2)
    vertex = -slope / (2 * curvature) if curvature < 0 else 0.0
    return float(abs(centers[top] + np.clip(vertex, q[0], q[-1])))


def _share(hits: NDArray[np.bool_]) -> Estimate:
    n, k = hits.size, int(hits.sum())
    return Estimate(k / n, math.sqrt((k + 1) * (n - k + 1) / ((n + 2) ** 2 * (n + 3))))
