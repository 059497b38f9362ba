"""Collapse of two-time quantities, as functions of t, of t / t_w, or of what lies between."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.interpolate import BSpline

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, NotConverged
from spinglass_nn.statistics import Bootstrap, bootstrap_from
from spinglass_nn.training.aging import QUANTITIES, TwoTime
from spinglass_nn.typing import RNG, Float64Array

EXPONENTS = np.linspace(-1, 2, 151)
_N_PIECES = 6  # of the master curve
_LEAST_WAITINGS = 3


@result()
class AgingFit:
    r"""The exponent with which curves of all waiting times fall onto one.

    Parameters
    ----------
    exponent : Bootstrap
        :math:`\mu`, its error and interval over replicas: 0 for a stationary motion, 1 for
        full aging, between them for what lies between.
    unexplained : float
        Share of the variance about the best common curve, at this exponent.
    unexplained_stationary, unexplained_full : float
        The same as a function of t (:math:`\mu = 0`) and of t / t_w (:math:`\mu = 1`).
    of : str
        The quantity.
    n_points, n_waitings : int
        Pairs of times, and waiting times among them.
    """

    exponent: Bootstrap
    unexplained: float
    unexplained_stationary: float
    unexplained_full: float
    of: str
    n_points: int
    n_waitings: int

    @property
    def sentence(self) -> str:
        """The fit in words."""
        return (
            f"{self.of} of {self.n_waitings} waiting times: exponent {self.exponent}; one curve "
            f"leaves {self.unexplained:.2%} of the variance, {self.unexplained_stationary:.2%} "
            f"as a function of t, {self.unexplained_full:.2%} of t/t_w"
        )

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"<{self.sentence}>"


def aging_exponent(
    found: TwoTime,
    *,
    of: str = "overlap",
    first_waiting: int = 1,
    n_resamples: int = 500,
    level: float = 0.95,
    rng: RNG = None,
) -> AgingFit:
    r"""Fit the exponent of aging, without a guess of the curve.

    A motion whose clock runs slower and slower has

    .. math:: C(t_w, t_w + t) = F[h(t_w + t) - h(t_w)], \qquad
              h(t) = \frac{t^{1 - \mu}}{1 - \mu} \quad (\log t \text{ at } \mu = 1),

    which is a function of t for :math:`\mu = 0` and of :math:`t / t_w` for :math:`\mu = 1`.
    F is a cubic spline in the logarithm of its argument, of six pieces with equal numbers of
    points; the exponent is that with the smallest sum of squares, from -1 to 2. Overlaps are
    fitted as they are, displacements by their logarithm. Errors come from drawing whole
    replicas anew.

    An exponent says how curves fall onto one, not that they do: look at ``unexplained`` and
    at the figure. A drift, such as the fall of the loss itself, ages too.

    Parameters
    ----------
    found : TwoTime
        At least two replicas, and three waiting times.
    of : {"overlap", "displacement"}
        What to collapse.
    first_waiting : int
        Shortest waiting time taken, at least 1; longer to leave out a transient.
    n_resamples : int
        Resamples of the replicas.
    level : float
        Content of the interval.
    rng : Generator, SeedSequence, int or None
        Seed of the resamples.

    Returns
    -------
    AgingFit
        The exponent, and how well curves collapse with it, with 0 and with 1.

    Raises
    ------
    DataError
        If there are too few replicas or times, a replica stopped before the last, the
        quantity does not vary, or more than 5 % of resamples have no minimum inside.
    NotConverged
        If the sum of squares is smallest at -1 or at 2; ``.last`` holds that exponent.

    References
    ----------
    Struik, *Physical aging in amorphous polymers and other materials*, Elsevier 1978, the
    effective time; Vincent et al. 1997 (arXiv:cond-mat/9607224), the same in spin glasses.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> steps = sg.training.log_spaced_steps(1000, 9)
    >>> moves = np.random.default_rng(0).standard_normal((8, 9, 500))
    >>> moves *= np.sqrt(np.diff(steps, prepend=0))[:, None]
    >>> free = sg.training.Snapshots(steps, moves.cumsum(axis=1))
    >>> fit = aging_exponent(sg.training.two_time(free), of="displacement", rng=1)
    >>> abs(fit.exponent.estimate.z(0.0)) < 3
    True
    """
    check.choice(of, "of", QUANTITIES)
    first_waiting = check.count(first_waiting, "first_waiting")
    n_resamples = check.count(n_resamples, "n_resamples", minimum=2)
    curves = _curves(found, of, first_waiting)
    bases = [_basis(curves.clock(mu)) for mu in EXPONENTS]
    left = _unexplained(bases, curves.mean_of(np.arange(len(curves.values))))
    mu, least = _minimum(left)
    if np.isnan(mu):
        edge = float(EXPONENTS[left.argmin()])
        raise NotConverged(
            f"aging exponent must lie between {EXPONENTS[0]:g} and {EXPONENTS[-1]:g}, got the "
            f"smallest sum of squares at {edge:g}", edge,
        )  # fmt: skip
    generator = seed_of(rng).generator(Stream.RESAMPLING)
    draws = np.empty(n_resamples)
    for k in range(n_resamples):
        rows = generator.integers(0, len(curves.values), len(curves.values))
        draws[k] = _minimum(_unexplained(bases, curves.mean_of(rows)))[0]
    at_zero, at_one = (int(np.abs(EXPONENTS - mu).argmin()) for mu in (0.0, 1.0))
    return AgingFit(
        exponent=bootstrap_from(mu, draws, level=level),
        unexplained=least,
        unexplained_stationary=float(left[at_zero]),
        unexplained_full=float(left[at_one]),
        of=of,
        n_points=curves.time.size,
        n_waitings=int(np.unique(curves.waiting).size),
    )


class _Curves(NamedTuple):
    """Values (n_replicas, n_points) at pairs of a waiting time and a time after it."""

    waiting: Float64Array
    time: Float64Array
    values: Float64Array
    logarithmic: bool

    def mean_of(self, rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Float64Array:
        mean: Float64Array = self.values[rows].mean(axis=0)
        return np.log(mean) if self.logarithmic else mean

    def clock(self, mu: float) -> Float64Array:
        """log[h(t_w + t) - h(t_w)], stable for small t and near mu = 1."""
        rest, ratio = 1 - mu, np.log1p(self.time / self.waiting)
        if abs(rest) * float(ratio.max()) < 1e-9:
            return np.log(ratio)
        passed: Float64Array = rest * np.log(self.waiting)
        return passed + np.log(np.expm1(rest * ratio) / rest)


def _curves(found: TwoTime, of: str, first_waiting: int) -> _Curves:
    waitings = [int(w) for w in found.steps[:-1] if w >= first_waiting]
    if len(found.displacement) < 2 or len(waitings) < _LEAST_WAITINGS:
        raise DataError(
            f"found must hold at least 2 replicas and {_LEAST_WAITINGS} waiting times from "
            f"{first_waiting}, got {len(found.displacement)} and {len(waitings)}"
        )
    values = np.concatenate([found.values(of, w) for w in waitings], axis=1)
    check.all_finite(values, of)
    if np.ptp(values) == 0 or (of == "displacement" and (values <= 0).any()):
        raise DataError(f"{of} must vary, and parameters move between all snapshots")
    times = [found.times(w) for w in waitings]
    waiting = np.repeat(np.array(waitings, dtype=np.float64), [t.size for t in times])
    time = np.concatenate(times).astype(np.float64)
    return _Curves(waiting, time, values, of == "displacement")


def _basis(x: Float64Array) -> Float64Array:
    """Orthonormal columns (n_points, n) that span cubic splines, knots at quantiles."""
    inner = np.unique(np.quantile(x, np.linspace(0, 1, _N_PIECES + 1)))
    knots = np.concatenate([[inner[0]] * 3, inner, [inner[-1]] * 3])
    design = BSpline.design_matrix(x, knots, 3).toarray()
    columns, sizes, _ = np.linalg.svd(design, full_matrices=False)
    return np.asarray(columns[:, sizes > 1e-10 * sizes[0]])


def _unexplained(bases: list[Float64Array], y: Float64Array) -> Float64Array:
    """Share of the variance that the best curve leaves, for each exponent."""
    total = float(np.square(y - y.mean()).sum())
    rests = [y - basis @ (basis.T @ y) for basis in bases]
    return np.array([np.square(rest).sum() for rest in rests]) / total


def _minimum(left: Float64Array) -> tuple[float, float]:
    """The exponent and what it leaves, by a parabola through the lowest three; NaN at an end."""
    k = int(left.argmin())
    if k in (0, left.size - 1):
        return np.nan, float(left[k])
    before, here, after = left[k - 1 : k + 2]
    slope, bend = (after - before) / 2, after - 2 * here + before
    shift = -slope / bend if bend > 0 else 0.0
    step = EXPONENTS[1] - EXPONENTS[0]
    return float(EXPONENTS[k] + shift * step), float(max(here + slope * shift / 2, 0.0))
