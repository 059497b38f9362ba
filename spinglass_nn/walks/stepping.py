"""One walker's moves and what is recorded of it; everything a thread does."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.networks import MLP, evaluate
from spinglass_nn.typing import Float64Array, FloatArray, LabelledData
from spinglass_nn.walks.results import (
    COLUMNS,
    WalkPlan,
    WalkState,
    pack_generator,
    unpack_generator,
)


class Course(NamedTuple):
    """What all walkers of a run share."""

    net: MLP
    data: LabelledData
    test: LabelledData | None
    origin: FloatArray
    norm: float
    plan: WalkPlan
    n_threads: int  # of one walker's evaluations


class Reached(NamedTuple):
    """Where a walker came to, and its record if one was due."""

    position: FloatArray
    loss: float
    accepted: int
    generator: NDArray[np.uint64]
    record: Float64Array | None


def walk_to(course: Course, state: WalkState, walker: int, until: int) -> Reached:
    """Move one walker to step ``until``; the state is left untouched.

    The walker works on copies, so that an interrupt can drop a half-done stretch.
    """
    position = state.positions[walker].copy()
    generator = unpack_generator(state.generators[walker])
    n_moves = until - state.n_steps
    if course.plan.rule.needs_loss:
        loss, accepted = _chosen_moves(
            course, position, float(state.losses[walker]), generator, n_moves
        )
    else:
        noise = np.empty_like(position)
        for _ in range(n_moves):
            _move(course, position, noise, generator)
        loss, accepted = math.nan, n_moves
    due = until % course.plan.record_every == 0
    record = observe(course, position) if due else None
    total = int(state.accepted[walker]) + accepted
    return Reached(position, loss, total, pack_generator(generator), record)


def _chosen_moves(
    course: Course,
    position: FloatArray,
    loss: float,
    generator: np.random.Generator,
    n_moves: int,
) -> tuple[float, int]:
    """Propose moves, evaluate, and take those the rule accepts."""
    proposal, noise = np.empty_like(position), np.empty_like(position)
    accepted = 0
    for _ in range(n_moves):
        proposal[...] = position
        _move(course, proposal, noise, generator)
        found = evaluate(course.net, proposal, course.data, n_threads=course.n_threads)
        if course.plan.rule.accepts(loss, found.loss, generator):
            position[...] = proposal
            loss = found.loss
            accepted += 1
    return loss, accepted


def _move(
    course: Course, position: FloatArray, noise: FloatArray, generator: np.random.Generator
) -> None:
    """Add r g/|g| with g normal, in place; on the sphere, return to the starting norm."""
    generator.standard_normal(dtype=noise.dtype, out=noise)
    noise *= course.plan.step / _norm(noise)
    position += noise
    if course.plan.geometry == "sphere":
        position *= course.norm / _norm(position)


def _norm(vector: FloatArray) -> float:
    return math.sqrt(float(np.dot(vector, vector)))


def observe(course: Course, position: FloatArray) -> Float64Array:
    """Distance, overlap, loss, accuracy, and the last two on test data: one row."""
    row = np.full(len(COLUMNS), math.nan)
    here = position.astype(np.float64, copy=False)
    start = course.origin.astype(np.float64, copy=False)
    row[0] = _norm(here - start)
    scale = _norm(here) * course.norm
    overlap = float(np.dot(here, start)) / scale if scale > 0 else math.nan
    row[1] = min(max(overlap, -1.0), 1.0) if scale > 0 else overlap  # rounding may pass 1
    found = evaluate(course.net, position, course.data, n_threads=course.n_threads)
    row[2:4] = found.loss, found.accuracy
    if course.test is not None:
        found = evaluate(course.net, position, course.test, n_threads=course.n_threads)
        row[4:6] = found.loss, found.accuracy
    return row
