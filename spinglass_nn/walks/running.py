"""From the start of a walk to its end, in stretches between which nothing can be lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.networks import evaluate
from spinglass_nn.typing import Float64Array, ProgressLike
from spinglass_nn.walks.results import WalkState, pack_generator
from spinglass_nn.walks.stepping import Course, Reached, observe, walk_to

_STRETCH = 0.25  # seconds of one walker between two points where an interrupt loses nothing


def begin(course: Course, n_walkers: int) -> WalkState:
    """The state before the first step: everyone at the start, one record made."""
    record = observe(course, course.origin)
    loss = float(record[2])
    course.plan.rule.check_start(loss)
    seed = Seed(course.plan.seed[0], course.plan.seed[1:])
    streams = [
        pack_generator(seed.generator(Stream.WALKS, course.plan.first_walker + k))
        for k in range(n_walkers)
    ]
    return WalkState(
        network=course.net,
        plan=course.plan,
        n_steps=0,
        origin=course.origin.copy(),
        positions=np.tile(course.origin, (n_walkers, 1)),
        losses=np.full(n_walkers, loss if course.plan.rule.needs_loss else math.nan),
        accepted=np.zeros(n_walkers, dtype=np.int64),
        generators=np.stack(streams),
        records=np.tile(record, (n_walkers, 1, 1)),
    )


def check_state(state: WalkState, course: Course, n_walkers: int, n_steps: int) -> None:
    """Refuse a state of another run, naming what differs."""
    held, plan = state.plan, course.plan
    pairs: list[tuple[str, object, object]] = [
        ("net", course.net, state.network),
        ("n_walkers", n_walkers, len(state.positions)),
        ("first_walker", plan.first_walker, held.first_walker),
        ("geometry", plan.geometry, held.geometry),
        ("record_every", plan.record_every, held.record_every),
        ("dtype", course.origin.dtype, state.positions.dtype),
        ("rng", plan.seed, held.seed),
        ("test data", plan.has_test, held.has_test),
    ]
    for name, given, kept in pairs:
        if given != kept:
            raise ParameterError(f"{name} must be that of state, {kept}, got {given}")
    if not plan.rule.same_as(held.rule):
        raise ParameterError(f"rule must be that of state, {held.rule}, got {plan.rule}")
    if not math.isclose(plan.step, held.step, rel_tol=1e-12):
        raise ParameterError(
            f"step must be that of state, {held.step:.8g}, got {plan.step:.8g}; to walk "
            "further give neither step nor excursion"
        )
    if not np.array_equal(course.origin, state.origin):
        raise ParameterError("start must be that of state, got another point")
    loss = evaluate(course.net, course.origin, course.data, n_threads=course.n_threads).loss
    if not math.isclose(loss, state.records[0, 0, 2], rel_tol=1e-5):
        raise ParameterError(
            f"data must be those of state: the loss at the start was "
            f"{state.records[0, 0, 2]:.6g}, got {loss:.6g}"
        )
    if n_steps < state.n_steps:
        raise ParameterError(
            f"n_steps must be at least the {state.n_steps} that state has made, got {n_steps}"
        )


def run(
    course: Course,
    state: WalkState,
    n_steps: int,
    progress: ProgressLike,
    n_threads: int | None,
) -> tuple[WalkState, Float64Array]:
    """Walk on to step ``n_steps``; the state there, and all records with the last step's.

    Raises
    ------
    Interrupted
        With the state of the last stretch that all walkers had finished.
    """
    n_walkers = len(state.positions)
    records = [state.records]
    try:
        with track((n_steps - state.n_steps) * n_walkers, "random walk", progress) as report:
            for until in _stops(course, state.n_steps, n_steps):
                task = partial(walk_to, course, state, until=until)
                reached = threads.run(task, range(n_walkers), n_threads)
                made = until - state.n_steps
                state = _advanced(state, reached, until, records)
                report(made * n_walkers)
        state = _with_records(state, records)
        if n_steps % course.plan.record_every == 0:
            return state, state.records
        rows = threads.run(partial(observe, course), list(state.positions), n_threads)
    except KeyboardInterrupt:
        message = (
            f"random walk interrupted after {state.n_steps} of {n_steps} steps; "
            "repeat the call with state= to go on"
        )
        raise Interrupted(message, _with_records(state, records)) from None
    return state, np.concatenate([state.records, np.stack(rows)[:, None, :]], axis=1)


def _stops(course: Course, made: int, n_steps: int) -> Iterator[int]:
    """Steps at which walkers meet: at records, and often enough for interrupts."""
    n = course.net.n_parameters
    seconds = 1e-8 * n
    if course.plan.rule.needs_loss:
        seconds += 1e-4 + 4e-10 * n * len(course.data.inputs)
    longest = max(1, int(_STRETCH / seconds))
    every = course.plan.record_every
    while made < n_steps:
        made = min(made + longest, (made // every + 1) * every, n_steps)
        yield made


def _advanced(
    state: WalkState, reached: list[Reached], n_steps: int, records: list[Float64Array]
) -> WalkState:
    """The state after a stretch; its records go to the list, to be joined in the end."""
    rows = [one.record for one in reached if one.record is not None]
    after = replace(
        state,
        n_steps=n_steps,
        positions=np.stack([one.position for one in reached]),
        losses=np.array([one.loss for one in reached]),
        accepted=np.array([one.accepted for one in reached], dtype=np.int64),
        generators=np.stack([one.generator for one in reached]),
    )
    if rows:
        records.append(np.stack(rows)[:, None, :])
    return after


def _with_records(state: WalkState, records: list[Float64Array]) -> WalkState:
    n = state.n_steps // state.plan.record_every + 1  # an interrupt may have left one more
    joined = np.concatenate(records, axis=1)[:, :n]
    return replace(state, records=joined)
