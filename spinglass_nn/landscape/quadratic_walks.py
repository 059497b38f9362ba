"""Walks on a purely quadratic landscape: how much ruggedness a smooth bowl shows."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.landscape._walk_residuals import Trend, evenly_spaced, fall_length, normalized
from spinglass_nn.statistics import Estimate
from spinglass_nn.typing import Float64Array
from spinglass_nn.walks import AlwaysAccept, Isotropic, RandomWalk


@result()
class QuadraticWalk:
    """What walks on a purely quadratic landscape would show as ruggedness.

    Parameters
    ----------
    mean_square : Estimate
        Expected mean square of the residual; the error is that of the curvature's moments.
    rms : float
        The root of its mean.
    up_share : float
        Expected share of up-moves, taking the changes of the loss as Gaussian.
    length : float
        Steps after which the expected autocorrelation of the residual has fallen to 1/e.
    correlation : array (n_lags,)
        Expected autocorrelation at 0, 1, ... records (a ratio of expectations).
    """

    mean_square: Estimate
    rms: float
    up_share: float
    length: float
    correlation: Float64Array


def quadratic_walk(
    walk: RandomWalk,
    first_moment: Estimate | float,
    second_moment: Estimate | float,
    *,
    gradient_norm: float,
) -> QuadraticWalk:
    r"""Ruggedness of free walks on :math:`L = g \cdot x + \frac12 x^T H x`: the null.

    The change of the loss in step s, less its mean :math:`r^2 h_1 / 2`, has no memory, and
    averaging over unit vectors u with
    :math:`\langle u_i u_j u_k u_l \rangle = (\delta_{ij}\delta_{kl} + \ldots) / N(N+2)` gives
    its variance

    .. math:: v_s = \frac{r^2 |g|^2}{N} + r^4 (s - 1) \frac{h_2}{N}
              + \frac{r^4}{2(N+2)} (h_2 - h_1^2), \qquad
              h_k = \frac1N \mathrm{tr}\, H^k = \frac1N \sum_i \lambda_i^k ,

    exactly. So :math:`\mathrm{Cov}(L_t, L_{t'}) = \sum_{s \le \min(t, t')} v_s`, and with the
    projector Q on what is no parabola in t, the expected mean square is
    :math:`\mathrm{tr}(Q\,\mathrm{Cov}) / n`. It needs two moments of the spectrum and the
    gradient. In units of the rise of the loss the residual is of the order of
    :math:`(N h_1^2 / h_2)^{-1/2}`: a bowl with few large eigenvalues looks rugged.

    Parameters
    ----------
    walk : RandomWalk
        The walk, for its step, records and N; isotropic, in flat space, all moves accepted.
    first_moment, second_moment : Estimate or float
        :math:`h_1` and :math:`h_2` at the start, as `SpectralDensity` has them.
    gradient_norm : float
        :math:`|g|` at the start.

    Returns
    -------
    QuadraticWalk
        Expected mean square, up-moves and memory.

    Raises
    ------
    ParameterError
        If the walk is not isotropic, whose steps alone have the moments above, is on a sphere
        or rejects moves, or if a number makes no sense.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> walk = sg.walks.random_walk(
    ...     net, data, np.zeros(4), n_steps=100, step=0.1, n_walkers=200, record_every=1, rng=0
    ... )
    >>> h = np.diag([0.5, 2.0, 0.5, 2.0])
    >>> g = sg.networks.gradient(net, np.zeros(4), data)
    >>> null = quadratic_walk(
    ...     walk, h.trace() / 4, (h @ h).trace() / 4, gradient_norm=np.linalg.norm(g)
    ... )
    >>> abs(sg.landscape.ruggedness(walk).excess(null).z()) < 3
    True
    """
    check.choice(walk.move, "move of the walk", (repr(Isotropic()),))
    check.choice(walk.geometry, "geometry of the walk", ("flat",))
    check.choice(walk.rule, "rule of the walk", (repr(AlwaysAccept()),))
    n, r = walk.n_parameters, walk.step
    first, second = (
        m if isinstance(m, Estimate) else Estimate(check.number(m, name), 0.0)
        for m, name in ((first_moment, "first_moment"), (second_moment, "second_moment"))
    )
    slope = check.non_negative(gradient_norm, "gradient_norm") ** 2
    interval, n_records = evenly_spaced(walk)
    trend = Trend(n_records)
    s = np.arange(1.0, interval * (n_records - 1) + 1)
    parts = np.stack([  # of the variance of each step: gradient, h_2, h_1^2
        np.full(s.size, r**2 / n),
        r**4 * (s - 1) / n + r**4 / (2 * (n + 2)),
        np.full(s.size, -(r**4) / (2 * (n + 2))),
    ])  # fmt: skip
    weights = np.array([slope, second.mean, first.mean**2])
    each = [trend.lagged(_grown(part, interval))[0] for part in parts]
    # the two moments come from the same probes: their errors add up at worst
    error = abs(each[1]) * second.error + abs(2 * first.mean * each[2]) * first.error
    variance = weights @ parts
    expected = trend.lagged(_grown(variance, interval))
    squared = Estimate(float(weights @ each), float(error))
    correlation = normalized(expected)
    return QuadraticWalk(
        mean_square=squared,
        rms=float(np.sqrt(max(squared.mean, 0.0))),
        up_share=_ups(variance, interval, r**2 * first.mean / 2),
        length=fall_length(correlation) * interval,
        correlation=correlation,
    )


def _grown(variance: Float64Array, interval: int) -> Float64Array:
    """Variance of the loss at the records, from that of each step."""
    return np.concatenate([[0.0], np.cumsum(variance)])[::interval]


def _ups(variance: Float64Array, interval: int, drift: float) -> float:
    """Mean chance that the loss rises from record to record."""
    spread = np.sqrt(np.maximum(variance.reshape(-1, interval).sum(axis=1), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(ndtr(drift * interval / spread).mean())
