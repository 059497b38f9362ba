"""Langevin dynamics of spherical models, exact in equilibrium whatever the time step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check, random
from spinglass_nn._core.random import Stream
from spinglass_nn._core.results import result
from spinglass_nn._core.streams import stream_states
from spinglass_nn.dynamics import _langevin_job as job
from spinglass_nn.dynamics import _sphere
from spinglass_nn.dynamics._langevin_job import Course, Now
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.io.archive import save
from spinglass_nn.io.resuming import check_same, earlier, fingerprint, seed_in
from spinglass_nn.spins import models
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.typing import RNG, Float64Array, IntArray, PathType, ProgressLike

_N_RECORDS = 100  # about so many, where the user does not say


@result()
class LangevinState:
    """Where a run is; hand it back as ``state=`` to go on to the same bits.

    Parameters
    ----------
    settings : dict
        What must be the same when the run goes on; all random numbers follow from it.
    n_steps : int
        Steps made by every replica.
    points : array (n_replicas, n_spins)
        Where they are.
    references : array (n_replicas, n_waiting, n_spins)
        Where they were at the waiting times; NaN before.
    streams : uint64 array (n_replicas, 4)
        Random streams.
    accepted : int64 array (n_replicas,)
        Moves accepted.
    energy, correlation, overlap : arrays (..., n_records)
        Records so far, without a last one off their stride.
    """

    settings: dict[str, Any]
    n_steps: int
    points: Float64Array
    references: Float64Array
    streams: NDArray[np.uint64]
    accepted: IntArray
    energy: Float64Array
    correlation: Float64Array
    overlap: Float64Array

    def __repr__(self) -> str:
        return f"<state of {len(self.points)} Langevin replicas after {self.n_steps} steps>"


@result()
class LangevinRun:
    r"""Energies and overlaps along Langevin trajectories.

    Parameters
    ----------
    model : str
        The model, in words.
    temperature, time_step : float
        T and dt.
    times : array (n_records,)
        Time of each record, from 0 to the last.
    energy : array (n_replicas, n_records)
        Of the whole system.
    waiting_times : array (n_waiting,)
        The t_w of ``correlation``, rounded to whole steps.
    correlation : array (n_replicas, n_waiting, n_records)
        C(t_w, t) = (1/N) s(t_w)·s(t); NaN for t before t_w.
    overlap : array (n_pairs, n_records)
        (1/N) s^a·s^b at equal times, pairs of replicas in the order (0, 1), (0, 2), ...
    points : array (n_replicas, n_spins)
        Where the replicas are in the end.
    acceptance : array (n_replicas,)
        Share of moves accepted.
    state : LangevinState
        Hand it back as ``state=`` to go on.
    """

    model: str
    temperature: float
    time_step: float
    times: Float64Array
    energy: Float64Array
    waiting_times: Float64Array
    correlation: Float64Array
    overlap: Float64Array
    points: Float64Array
    acceptance: Float64Array
    state: LangevinState

    def __repr__(self) -> str:
        per_spin = self.energy.mean(axis=0) / self.points.shape[1]
        return (
            f"<Langevin dynamics of {self.model} at T = {self.temperature:g}: "
            f"{len(self.points)} replicas to t = {self.times[-1]:g}, energy per spin "
            f"{per_spin[0]:.4g} to {per_spin[-1]:.4g}>"
        )


def langevin(
    model: PSpin,
    temperature: float,
    *,
    n_steps: int,
    time_step: float | None = None,
    n_replicas: int = 2,
    start: ArrayLike | None = None,
    waiting_times: Sequence[float] = (0.0,),
    record_every: int | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
    state: LangevinState | None = None,
    checkpoint: PathType | None = None,
) -> LangevinRun:
    r"""Overdamped Langevin dynamics on the sphere, :math:`\sum_i s_i^2 = N`.

    .. math:: ds = -P\,\nabla H\, dt + \sqrt{2T}\, P \circ dW, \qquad
              P = 1 - s s^T\!/N

    whose stationary law is that of Boltzmann. A step draws a tangent velocity v of variance T,
    makes one leapfrog step of length :math:`\sqrt{2\,dt}` along great circles [1]_ and takes
    it with probability :math:`\min(1, e^{-\Delta(H + v^2/2)/T})` [2]_. This test makes averages
    in equilibrium exact for any time step; a rejected replica stays for the step, so that the
    dynamics is right to first order in dt as long as nearly all moves are accepted. The
    rejected share grows as :math:`\sqrt{N}\,dt^{3/2}`. At T = 0 every step is taken: gradient
    descent along great circles, stable for a time step below about 0.3.

    Couplings are read once for eight replicas, which cost about as much as one.

    Parameters
    ----------
    model : PSpin
        A spherical one.
    temperature : float
        T, zero or above.
    n_steps : int
        Steps of each replica, counted from the start (with ``state`` too).
    time_step : float, optional
        dt, in the units in which ds/dt = -dH/ds. Default: 0.1/N^(1/3), of whose moves 2 to 3 %
        are rejected.
    n_replicas : int
        Independent replicas. Each has its own stream: replica 17 is replica 17 in any number.
    start : array (n_spins,) or (n_replicas, n_spins), optional
        Where replicas start, all at one point or each at its own. Default: random points.
    waiting_times : sequence of float
        Times t_w at which points are kept, for C(t_w, t).
    record_every : int, optional
        Steps between two records; the first is the start, and the last step is always
        recorded. Default: about 100 records.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).
    n_threads : int, optional
        Threads, eight replicas each, by default all cores. Results do not depend on it.
    rng : Generator, SeedSequence, int or None
        Seed of starts and noise.
    state : LangevinState, optional
        Go on from here to the same bits: repeat the call with a larger ``n_steps``, or the
        same after an interrupt.
    checkpoint : path, optional
        File that holds the state: written every now and then and when interrupted. If it is
        there at the start, the run goes on from it.

    Returns
    -------
    LangevinRun
        Energies, two-time overlaps, overlaps between replicas, and the state to go on from.

    Raises
    ------
    ParameterError
        If a number makes no sense, the model is not spherical, or ``state`` belongs to
        another run.
    DataError, ShapeError
        If the start is not on the sphere, or does not fit.
    Interrupted
        On an interrupt from the keyboard; its ``state`` holds all that was done.

    References
    ----------
    .. [1] S. Byrne and M. Girolami, Scand. J. Stat. 40 (2013) 825.
    .. [2] G. O. Roberts and R. L. Tweedie, Bernoulli 2 (1996) 341.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.PSpin(60, 3, "spherical", rng=1)
    >>> run = langevin(model, 1.0, n_steps=200, time_step=0.05, n_replicas=8, rng=2)
    >>> run.energy.shape, run.correlation.shape, run.overlap.shape
    ((8, 101), (8, 1, 101), (28, 101))
    """
    model = _sphere.check_spherical(model)
    n_steps = check.count(n_steps, "n_steps")
    state = earlier(state, checkpoint, LangevinState)
    kept = {} if state is None else state.settings
    seed = random.seed_of(rng) if rng is not None or state is None else seed_in(kept)
    n_replicas = check.count(n_replicas, "n_replicas")
    course = _course(
        model, temperature, time_step, waiting_times,
        kept.get("record_every") if record_every is None else record_every, n_steps,
    )  # fmt: skip
    settings = {
        "model": fingerprint(model),
        "temperature": course.temperature,
        "time_step": course.time_step,
        "n_replicas": n_replicas,
        "start": "random" if start is None else fingerprint(np.asarray(start)),
        "waiting_times": tuple(course.waiting_steps.tolist()),
        "record_every": course.record_every,
        "entropy": seed.entropy,
        "key": seed.key,
    }
    check_same(settings, settings if state is None else kept)
    if state is not None and n_steps < state.n_steps:
        raise ParameterError(
            f"n_steps must be at least the {state.n_steps} that state has made, got {n_steps}"
        )
    _check_memory(course, n_replicas, n_steps)
    if state is None:
        points = _sphere.start_points(model, start, n_replicas, seed)
        streams = stream_states(seed, Stream.LANGEVIN, n_replicas)
        now = _begin(course, points, streams)
    else:
        now = _taken_up(state)
    return _run(course, settings, now, n_steps, progress, n_threads, checkpoint)


def _course(
    model: PSpin,
    temperature: float,
    time_step: float | None,
    waiting_times: Sequence[float],
    record_every: int | None,
    n_steps: int,
) -> Course:
    temperature = check.non_negative(temperature, "temperature")
    if time_step is None:
        time_step = 0.1 / model.n_spins ** (1 / 3)
    time_step = check.positive(time_step, "time_step")
    waits = [check.non_negative(t, "waiting_times") for t in waiting_times]
    if record_every is None:
        record_every = max(1, n_steps // _N_RECORDS)
    every = check.count(record_every, "record_every")
    steps = np.rint(np.array(waits) / time_step).astype(np.int64)
    return Course(_sphere.Landscape(model), temperature, time_step, every, steps)


def _check_memory(course: Course, n_replicas: int, n_steps: int) -> None:
    """Refuse records and references that exceed the memory before the first step."""
    n_records = n_steps // course.record_every + 2
    columns = n_replicas * (1 + course.waiting_steps.size + (n_replicas - 1) / 2)
    kept = n_replicas * course.landscape.n_spins * (course.waiting_steps.size + 4)
    models.refuse_if_larger(
        8.0 * (columns * n_records + kept),
        f"{n_records} records and {n_replicas} replicas of {course.landscape.n_spins} spins",
    )


def _begin(course: Course, points: Float64Array, streams: NDArray[np.uint64]) -> Now:
    shape = (len(points), course.waiting_steps.size, points.shape[1])
    references = np.full(shape, np.nan)
    references[:, course.waiting_steps == 0] = points[:, None]
    accepted = np.zeros(len(points), dtype=np.int64)
    now = Now(0, points, references, streams, accepted, [])
    return now._replace(records=[job.record(course, now)])


def _taken_up(state: LangevinState) -> Now:
    columns = (state.energy, state.correlation, state.overlap)
    records = [
        (energy, correlation, overlap)
        for energy, correlation, overlap in zip(
            *(np.moveaxis(column, -1, 0) for column in columns), strict=True
        )
    ]
    return Now(
        state.n_steps, state.points, state.references, state.streams, state.accepted, records
    )


def _state(settings: dict[str, Any], now: Now) -> LangevinState:
    energy, correlation, overlap = (
        np.stack(c, axis=-1) for c in zip(*now.records, strict=True)
    )
    return LangevinState(
        settings=settings,
        n_steps=now.n_steps,
        points=now.points,
        references=now.references,
        streams=now.streams,
        accepted=now.accepted,
        energy=energy,
        correlation=correlation,
        overlap=overlap,
    )


def _run(
    course: Course,
    settings: dict[str, Any],
    now: Now,
    n_steps: int,
    progress: ProgressLike,
    n_threads: int | None,
    checkpoint: PathType | None,
) -> LangevinRun:
    clock = job.Clock()
    try:
        for reached in job.walk(course, now, n_steps, progress, n_threads):
            now = reached
            if checkpoint is not None and clock.due():
                save(_state(settings, now), checkpoint)
    except KeyboardInterrupt:
        state, where = _state(settings, now), "its state"
        if checkpoint is not None:
            save(state, checkpoint)
            where = str(checkpoint)
        raise Interrupted(
            f"Langevin dynamics interrupted after {now.n_steps} of {n_steps} steps; "
            f"it goes on from {where}",
            state,
        ) from None
    state = _state(settings, now)
    if checkpoint is not None:
        save(state, checkpoint)
    return _result(course, state, now)


def _result(course: Course, state: LangevinState, now: Now) -> LangevinRun:
    """Arrays by name; the last record may stand off the grid of the others."""
    steps = course.record_every * np.arange(len(now.records))
    if now.n_steps % course.record_every:
        now = now._replace(records=[*now.records, job.record(course, now)])
        steps = np.append(steps, now.n_steps)
    last = _state(state.settings, now)
    return LangevinRun(
        model=repr(course.landscape.model),
        temperature=course.temperature,
        time_step=course.time_step,
        times=np.asarray(steps * course.time_step, dtype=np.float64),
        energy=last.energy,
        waiting_times=np.asarray(course.waiting_steps * course.time_step, dtype=np.float64),
        correlation=last.correlation,
        overlap=last.overlap,
        points=now.points.copy(),
        acceptance=now.accepted / now.n_steps,
        state=state,
    )
