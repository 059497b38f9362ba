"""From the start of a walk to its end, in stretches between which nothing can be lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.simd_normals import N_WORDS
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.typing import Float64Array, ProgressLike
from spinglass_nn.walks._fingerprints import check_data
from spinglass_nn.walks.results import WalkPlan, WalkState, pack_generator
from spinglass_nn.walks.stepping import Course, Reached, mutual_overlap, observe, walk_to
from spinglass_nn.walks.whole import loss as loss_at

_STRETCH = 0.25  # seconds of one walker between two points where an interrupt loses nothing


def begin(course: Course, n_walkers: int) -> WalkState:
    """The state before the first step: everyone at the start, one record made."""
    record = observe(course, course.origin)
    # a rule compares losses that are computed alike, to the last bit
    whole = course.whole
    loss = float(record[2])
    if whole is not None and whole.blocks is not None:
        loss = loss_at(whole, course.origin, course.n_threads)
    course.plan.rule.check_start(loss)
    seed = Seed(course.plan.seed[0], course.plan.seed[1:])
    stream = Stream.WALK_MOVES if course.plan.move.alone else Stream.WALKS
    n_words = 0 if course.plan.move.alone else N_WORDS
    streams = []
    for k in range(n_walkers):
        generator = seed.generator(stream, course.plan.first_walker + k)
        words = generator.bit_generator.random_raw(n_words)
        streams.append(np.concatenate([pack_generator(generator), words]))
    positions = np.tile(course.origin, (n_walkers, 1))
    return WalkState(
        network=course.net,
        plan=course.plan,
        n_steps=0,
        origin=course.origin.copy(),
        positions=positions,
        losses=np.full(n_walkers, loss if course.plan.rule.needs_loss else math.nan),
        accepted=np.zeros(n_walkers, dtype=np.int64),
        generators=np.stack(streams),
        drift=np.zeros(n_walkers),
        records=np.tile(record, (n_walkers, 1, 1)),
        mutual_overlap=np.array([mutual_overlap(positions)]),
    )


def check_state(
    state: WalkState, course: Course, n_walkers: int, n_steps: int, excursion: float | None
) -> None:
    """Refuse a state of another run, naming what differs."""
    held, plan = state.plan, course.plan
    pairs: list[tuple[str, object, object]] = [
        ("net", course.net, state.network),
        ("n_walkers", n_walkers, len(state.positions)),
        ("first_walker", plan.first_walker, held.first_walker),
        ("move", repr(plan.move), repr(held.move)),
        ("geometry", plan.geometry, held.geometry),
        ("record_every", plan.record_every, held.record_every),
        ("dtype", course.origin.dtype, state.positions.dtype),
        ("rng", plan.seed, held.seed),
        ("test data", plan.has_test, held.has_test),
        ("gradient", plan.has_gradient, held.has_gradient),
    ]
    for name, given, kept in pairs:
        if given != kept:
            raise ParameterError(f"{name} must be that of state, {kept}, got {given}")
    if not plan.rule.same_as(held.rule):
        raise ParameterError(f"rule must be that of state, {held.rule}, got {plan.rule}")
    _check_step(plan, held, n_steps, excursion)
    if not np.array_equal(course.origin, state.origin):
        raise ParameterError("start must be that of state, got another point")
    check_data("data", plan.data, held.data)
    check_data("data.test", plan.test, held.test)
    if n_steps < state.n_steps:
        raise ParameterError(
            f"n_steps must be at least the {state.n_steps} that state has made, got {n_steps}"
        )


def _check_step(plan: WalkPlan, held: WalkPlan, n_steps: int, excursion: float | None) -> None:
    """Refuse another step, and say how to do without."""
    if math.isclose(plan.step, held.step, rel_tol=1e-12):
        return
    if excursion is None:
        raise ParameterError(
            f"step must be that of state, {held.step:.8g}, got {plan.step:.8g}; leave it out "
            "to go on"
        )
    raise ParameterError(
        f"excursion must be left out to go on to another n_steps: {excursion:g} in "
        f"{n_steps} steps takes a step of {plan.step:.8g}, and that of state is {held.step:.8g}"
    )


class Table(NamedTuple):
    """All records of a walk, with those of its last step."""

    rows: Float64Array  # (n_walkers, n_records, n_columns)
    mutual_overlap: Float64Array  # (n_records,)


def run(
    course: Course,
    state: WalkState,
    n_steps: int,
    progress: ProgressLike,
    n_threads: int | None,
) -> tuple[WalkState, Table]:
    """Walk on to step ``n_steps``; the state there, and all records with the last step's.

    Raises
    ------
    Interrupted
        With the state of the last stretch that all walkers had finished.
    """
    if state.refreshed is not None and n_steps > state.n_steps:
        state = state.refreshed
    n_walkers = len(state.positions)
    log = _Log([state.records], [state.mutual_overlap])
    try:
        with track((n_steps - state.n_steps) * n_walkers, "random walk", progress) as report:
            for until in _stops(course, state.n_steps, n_steps):
                task = partial(walk_to, course, state, until=until)
                reached = threads.run(task, range(n_walkers), n_threads)
                made = until - state.n_steps
                state = _advanced(state, reached, until, log)
                report(made * n_walkers)
        state = _with_records(state, log)
        if n_steps % course.plan.record_every == 0:
            return state, Table(state.records, state.mutual_overlap)
        rows = threads.run(partial(observe, course), list(state.positions), n_threads)
    except KeyboardInterrupt:
        message = (
            f"random walk interrupted after {state.n_steps} of {n_steps} steps; "
            "repeat the call with state= to go on"
        )
        raise Interrupted(message, _with_records(state, log)) from None
    overlap = mutual_overlap(state.positions)
    return state, Table(
        np.concatenate([state.records, np.stack(rows)[:, None, :]], axis=1),
        np.append(state.mutual_overlap, overlap),
    )


class _Log(NamedTuple):
    """Records in the order they were made, to be joined in the end."""

    rows: list[Float64Array]
    overlaps: list[Float64Array]


def _stops(course: Course, made: int, n_steps: int) -> Iterator[int]:
    """Steps at which walkers meet: at records, and often enough for interrupts.

    Where moves of one part go on from the last one's sums, these are points of a grid that
    does not depend on where the walk began or ends; for there sums are made afresh, which
    changes last bits.
    """
    every, fresh = course.plan.record_every, course.plan.refresh_every
    n = course.net.n_parameters
    seconds = 1e-8 * n
    if course.plan.rule.needs_loss and not fresh:
        seconds += 1e-4 + 4e-10 * n * len(course.data.inputs)
    longest = max(1, int(_STRETCH / seconds))
    while made < n_steps:
        stop = (made // fresh + 1) * fresh if fresh else made + longest
        made = min(stop, (made // every + 1) * every, n_steps)
        yield made


def _advanced(state: WalkState, reached: list[Reached], n_steps: int, log: _Log) -> WalkState:
    """The state after a stretch; its records go to the log."""
    rows = [one.record for one in reached if one.record is not None]
    fresh, every = state.plan.refresh_every, state.plan.record_every
    between = fresh > 0 and n_steps % fresh > 0 and n_steps % every > 0
    after = replace(
        state,
        n_steps=n_steps,
        positions=np.stack([one.position for one in reached]),
        losses=np.array([one.loss for one in reached]),
        accepted=np.array([one.accepted for one in reached], dtype=np.int64),
        generators=np.stack([one.generator for one in reached]),
        drift=np.array([one.drift for one in reached]),
        refreshed=state if between else None,
    )
    if rows:
        log.rows.append(np.stack(rows)[:, None, :])
        log.overlaps.append(np.array([mutual_overlap(after.positions)]))
    return after


def _with_records(state: WalkState, log: _Log) -> WalkState:
    """The state with all records made up to its step."""
    n = state.n_steps // state.plan.record_every + 1  # an interrupt may have left one more
    joined = np.concatenate(log.rows, axis=1)[:, :n], np.concatenate(log.overlaps)[:n]
    before = state.refreshed
    if before is not None:
        before = replace(before, records=joined[0], mutual_overlap=joined[1])
    return replace(state, records=joined[0], mutual_overlap=joined[1], refreshed=before)
