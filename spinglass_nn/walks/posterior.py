"""Sampling the Gibbs measure of a network, at one temperature or along a ladder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.random import Seed
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.networks import MLP, Replica, Replicas
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.typing import RNG, Float64Array, FloatArray, LabelledData, ProgressLike
from spinglass_nn.walks._fingerprints import check_data, fingerprint_of
from spinglass_nn.walks._ladder import Ladder
from spinglass_nn.walks._sampling import Sampling
from spinglass_nn.walks._trajectories import Target
from spinglass_nn.walks.posterior_results import PosteriorPlan, PosteriorRun, PosteriorState
from spinglass_nn.walks.priors import GaussianPrior, Prior
from spinglass_nn.walks.samplers import HMC, Sampler

_POSITIONS = 16  # of each replica, about, where the user does not say
_N_TUNING = 200
_NORMAL, _HAMILTONIAN = GaussianPrior(), HMC()


def sample_posterior(
    net: MLP,
    data: LabelledData,
    *,
    temperatures: float | ArrayLike = 1.0,
    prior: Prior = _NORMAL,
    sampler: Sampler = _HAMILTONIAN,
    n_replicas: int = 2,
    n_sweeps: int,
    n_tuning: int = _N_TUNING,
    record_every: int | None = None,
    keep: float | Sequence[float] | None = None,
    keep_every: int | None = None,
    start: Replica | Replicas | ArrayLike | None = None,
    dtype: DTypeLike = np.float64,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
    state: PosteriorState | None = None,
) -> PosteriorRun:
    r"""Draw weights from the Gibbs measure of a network: the posterior, tempered.

    .. math:: P_T(\theta) \propto p(\theta)\, e^{-E(\theta) / T}, \qquad E(\theta) = n L(\theta)

    with the prior p, the mean loss L over n samples, and :math:`k_B = 1`. Only the data are
    tempered: at :math:`T = \infty` the weights are those of the prior, and at T = 1 with the
    cross-entropy they are the Bayesian posterior. A temperature in the unit of the mean loss,
    as that of `Metropolis`, is T / n.

    In a sweep every system follows one trajectory of the sampler over *all* of the data and is
    then accepted or not, so that the measure is exact whatever the step. With several
    temperatures, neighbours then exchange with probability
    :math:`\min\{1, \exp[(\beta_t - \beta_{t+1})(E_t - E_{t+1})]\}`, pairs from even and odd
    temperatures in turn [1]_. Each replica is a ladder of its own.

    Steps are tuned in the first ``n_tuning`` sweeps, for each temperature of each replica, by
    dual averaging [2]_, to at most a quarter turn a trajectory; then they stand, and only then
    records begin.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    data : Dataset
        The n samples.
    temperatures : float or array (n_temperatures,)
        T, increasing; the last may be infinity, as `free_energy` of the run needs.
        `spinglass_nn.dynamics.geometric` makes ladders.
    prior : GaussianPrior or SphericalPrior
        Distribution of the weights without data.
    sampler : HMC, MALA or RandomWalkMetropolis
        How systems move.
    n_replicas : int
        Independent ladders; replica 17 draws the same numbers in any number.
    n_sweeps : int
        Sweeps after tuning, counted from its end (with ``state`` too).
    n_tuning : int
        Sweeps before, in which steps are tuned and nothing is recorded; with 0 the sampler's
        step is used as it is.
    record_every : int, optional
        Sweeps between records of the energy; 1 by default.
    keep : float or sequence of float, optional
        Temperatures at which weights are kept; the lowest by default, () for none.
    keep_every : int, optional
        Sweeps between weights kept, which take n_parameters numbers for each replica and
        temperature. Default: 16 times in all.
    start : Replica, Replicas or array (n_parameters,) or (n_replicas, n_parameters), optional
        Where all systems begin, or those of each replica; draws of the prior by default.
    dtype : float32 or float64
        Precision of weights and gradients; sums over samples are float64 in any case.
    progress : bool or callable
        Progress in sweeps of a ladder.
    n_threads : int, optional
        Threads, over replicas, then temperatures, then samples; the same bits for any number.
    rng : Generator, SeedSequence, int or None
        Seed.
    state : PosteriorState, optional
        Go on from here to the same bits: repeat the call with a larger ``n_sweeps``, or the
        same after an interrupt. ``start`` then has no part in it, and what is left to
        defaults in ``record_every``, ``keep`` and ``keep_every`` is as before.

    Returns
    -------
    PosteriorRun
        Energies, weights, rates, and the state to go on from.

    Raises
    ------
    ParameterError
        If a number makes no sense, or ``state`` belongs to another run.
    DataError, ShapeError
        If start, prior, data and network do not fit, or are not finite.
    Interrupted
        On an interrupt from the keyboard; its ``state`` holds all sweeps and records so far.

    References
    ----------
    .. [1] K. Hukushima and K. Nemoto, J. Phys. Soc. Jpn. 65 (1996) 1604.
    .. [2] M. D. Hoffman and A. Gelman, J. Mach. Learn. Res. 15 (2014) 1593, section 3.2.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1])
    >>> net = sg.networks.MLP(sizes=(2, 3, 2), activation="tanh")
    >>> run = sample_posterior(net, data, temperatures=[1.0, 3.0], n_sweeps=200, rng=1)
    >>> run.energies.shape, len(run.replicas(temperature=1.0))
    ((2, 2, 200), 2)
    """
    n_sweeps = check.count(n_sweeps, "n_sweeps")
    precision = check.precision(dtype)
    plan = _plan(
        fingerprint_of(net, data, precision), temperatures, prior, sampler, n_replicas,
        n_tuning, record_every, keep, keep_every, n_sweeps, rng, state,
    )  # fmt: skip
    target = Target(net, data, plan.prior.flow(net, precision), sampler, precision)
    if state is not None:
        _check_state(state, net, plan, n_sweeps, precision)
    points = _starts(net, start, plan, precision) if state is None else None
    n_workers = threads.resolve(n_threads)
    each = max(1, n_workers // plan.n_replicas)
    seed = Seed(plan.seed[0], plan.seed[1:])
    ladders = [
        Ladder(target, plan.temperatures, seed, r, None if points is None else points[r], each)
        for r in range(plan.n_replicas)
    ]
    if state is not None:
        _restore(ladders, state)
    sampling = Sampling(net, plan, ladders, n_sweeps, precision, state)
    sampling.run(progress, n_workers)
    return _result(target, sampling.state(), ladders, n_sweeps)


def _plan(
    data: str, temperatures: float | ArrayLike, prior: Prior, sampler: Sampler, n_replicas: int,
    n_tuning: int, record_every: int | None, keep: float | Sequence[float] | None,
    keep_every: int | None, n_sweeps: int, rng: RNG, state: PosteriorState | None,
) -> PosteriorPlan:  # fmt: skip
    """All that stays as it is when sampling goes on; what was left out is the state's."""
    if not isinstance(prior, Prior):
        raise ParameterError(
            f"prior must be GaussianPrior(...) or SphericalPrior(...), got {prior!r}"
        )
    if not isinstance(sampler, Sampler):
        raise ParameterError(
            f"sampler must be HMC(...), MALA(...) or RandomWalkMetropolis(...), got {sampler!r}"
        )
    ladder = _checked_temperatures(temperatures)
    held = None if state is None else state.plan
    if record_every is None:
        record_every = 1 if held is None else held.record_every
    if keep_every is None:
        keep_every = max(1, n_sweeps // _POSITIONS) if held is None else held.keep_every
    if keep is None:
        keep = (float(ladder[0]),) if held is None else held.keep
    repeatable = isinstance(rng, (int, np.integer, np.random.SeedSequence))
    if held is not None and not repeatable:
        seed = held.seed
    else:
        grown = random.seed_of(rng)
        seed = (grown.entropy, *grown.key)
    return PosteriorPlan(
        data=data,
        temperatures=ladder,
        prior=prior,
        sampler=sampler,
        n_replicas=check.count(n_replicas, "n_replicas"),
        n_tuning=check.count(n_tuning, "n_tuning", minimum=0),
        record_every=check.count(record_every, "record_every"),
        keep=_checked_keep(keep, ladder),
        keep_every=check.count(keep_every, "keep_every"),
        seed=seed,
    )


def _checked_temperatures(temperatures: float | ArrayLike) -> Float64Array:
    given = np.atleast_1d(np.asarray(temperatures, dtype=np.float64))
    if given.ndim != 1 or given.size == 0 or np.isnan(given).any():
        raise ParameterError(
            f"temperatures must be one number or several, got {temperatures!r}"
        )
    if given[0] <= 0 or (given[1:] <= given[:-1]).any():
        raise ParameterError(f"temperatures must be positive and increasing, got {given}")
    return given


def _checked_keep(keep: float | Sequence[float], ladder: Float64Array) -> tuple[float, ...]:
    """The ladder's own numbers for the temperatures at which weights are kept."""
    found = []
    for value in np.atleast_1d(np.asarray(keep, dtype=np.float64)):
        near = np.isclose(ladder, value, rtol=1e-6, atol=0)
        if not near.any():
            raise ParameterError(f"keep must be among the temperatures {ladder}, got {value:g}")
        found.append(float(ladder[near][0]))
    return tuple(sorted(set(found)))


def _starts(
    net: MLP, start: Any, plan: PosteriorPlan, dtype: np.dtype[Any]
) -> FloatArray | None:
    """A starting point for each replica, or None for draws of the prior."""
    if start is None:
        return None
    rows, single = as_rows(net, start)
    if not single and len(rows) != plan.n_replicas:
        raise ParameterError(
            f"start must be one point or one for each of {plan.n_replicas} replicas, "
            f"got {len(rows)}"
        )
    points = np.repeat(rows, plan.n_replicas, axis=0) if single else rows
    check.all_finite(points, "start")  # weights can be written to after their check
    return plan.prior.placed(points.astype(dtype))


def _check_state(
    state: PosteriorState, net: MLP, plan: PosteriorPlan, n_sweeps: int, dtype: np.dtype[Any]
) -> None:
    """Refuse a state of another run, naming what differs."""
    pairs: list[tuple[str, object, object]] = [
        ("net", net, state.network),
        ("dtype", dtype, state.systems["positions"].dtype),
    ]
    for field in fields(plan):
        name = "rng" if field.name == "seed" else field.name
        if name != "data":
            pairs.append((name, getattr(plan, field.name), getattr(state.plan, field.name)))
    for name, given, kept in pairs:
        if not _alike(given, kept):
            raise ParameterError(f"{name} must be that of state, {kept}, got {given}")
    check_data("data", plan.data, state.plan.data)
    measured = state.n_sweeps - plan.n_tuning
    if n_sweeps < measured:
        raise ParameterError(
            f"n_sweeps must be at least the {measured} that state has made, got {n_sweeps}"
        )


def _alike(one: Any, other: Any) -> bool:
    """Whether two settings are equal; priors and samplers are by kind and numbers."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, (Prior, Sampler)):
        return type(one) is type(other) and _numbers(one) == _numbers(other)
    return bool(one == other)


def _numbers(settings: Any) -> list[Any]:
    return [getattr(settings, field.name) for field in fields(settings)]


def _restore(ladders: list[Ladder], state: PosteriorState) -> None:
    for r, ladder in enumerate(ladders):
        if not ladder.put_back({name: values[r] for name, values in state.systems.items()}):
            raise DataError("state must hold the energies of its weights, got others")


def _result(
    target: Target, state: PosteriorState, ladders: list[Ladder], n_sweeps: int
) -> PosteriorRun:
    plan = state.plan
    steps = np.exp(np.stack([ladder.log_steps for ladder in ladders], axis=1))
    steps[np.isinf(plan.temperatures)] = math.nan
    tried = np.sum([ladder.tried for ladder in ladders], axis=0)
    swapped = np.sum([ladder.swapped for ladder in ladders], axis=0)
    n_records = state.energies.shape[2]
    return PosteriorRun(
        network=state.network,
        temperatures=plan.temperatures,
        energies=state.energies,
        record_sweeps=plan.record_every * np.arange(1, n_records + 1),
        acceptance=np.stack([ladder.accepted for ladder in ladders], axis=1) / n_sweeps,
        step_sizes=steps,
        swap_rates=swapped / np.maximum(tried, 1),
        round_trips=np.concatenate([ladder.round_trips for ladder in ladders]),
        kept_temperatures=np.array(plan.keep),
        positions=state.positions,
        n_samples=target.n_samples,
        n_sweeps=n_sweeps,
        state=state,
    )
