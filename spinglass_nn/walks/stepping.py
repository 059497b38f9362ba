"""One walker's moves and what is recorded of it; everything a thread does."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import simd, vectors
from spinglass_nn._core.simd_normals import TOGETHER, fill_normals
from spinglass_nn.networks import MLP, evaluate, gradient
from spinglass_nn.typing import Float64Array, FloatArray, IntArray, LabelledData
from spinglass_nn.walks._record_kernels import squared_mean_direction, whereabouts
from spinglass_nn.walks.results import (
    COLUMNS,
    GENERATOR_WORDS,
    WalkPlan,
    WalkState,
    pack_generator,
    unpack_generator,
)
from spinglass_nn.walks.singles import Singles, walk_one
from spinglass_nn.walks.whole import Whole
from spinglass_nn.walks.whole import loss as loss_at


class Shares(NamedTuple):
    """How a step is divided among the parts of a move."""

    parts: IntArray  # (n_parameters,)
    lengths: Float64Array  # (n_parts,); their squares add up to that of the step


class Course(NamedTuple):
    """What all walkers of a run share."""

    net: MLP
    data: LabelledData
    test: LabelledData | None
    origin: FloatArray
    norm: float
    plan: WalkPlan
    n_threads: int  # of one walker's evaluations
    shares: Shares | None  # for moves of several parts together
    singles: Singles | None  # for moves of one part alone
    whole: Whole | None  # for losses at each step of other moves
    penalty: Float64Array | None  # of other moves: coefficients of what the rule adds


class Draws(NamedTuple):
    """What a walker draws from: one generator for the rule, streams of vectors for moves."""

    generator: np.random.Generator
    stream: NDArray[np.uint64]
    room: FloatArray  # float32, as long as draws of vectors want it


class Reached(NamedTuple):
    """Where a walker came to, and its record if one was due."""

    position: FloatArray
    loss: float
    accepted: int
    generator: NDArray[np.uint64]
    drift: float
    record: Float64Array | None


def walk_to(course: Course, state: WalkState, walker: int, until: int) -> Reached:
    """Move one walker to step ``until``; the state is left untouched.

    The walker works on copies, so that an interrupt can drop a half-done stretch.
    """
    position = state.positions[walker].copy()
    words = state.generators[walker].copy()
    loss, n_moves = float(state.losses[walker]), until - state.n_steps
    drift = float(state.drift[walker])
    if course.singles is not None:
        loss, accepted, found = walk_one(course.singles, position, words, loss, n_moves)
        drift = max(drift, found)
    else:
        draws = Draws(
            unpack_generator(words),
            words[GENERATOR_WORDS:],
            simd.aligned(-(-position.size // TOGETHER) * TOGETHER, np.float32),
        )
        if course.plan.rule.needs_loss:
            loss, accepted = _chosen_moves(course, position, loss, draws, n_moves)
        else:
            for _ in range(n_moves):
                _move(course, position, draws)
            accepted = n_moves
        words = np.concatenate([pack_generator(draws.generator), draws.stream])
    due = until % course.plan.record_every == 0
    record = observe(course, position) if due else None
    return Reached(position, loss, int(state.accepted[walker]) + accepted, words, drift, record)


def _chosen_moves(
    course: Course,
    position: FloatArray,
    loss: float,
    draws: Draws,
    n_moves: int,
) -> tuple[float, int]:
    """Propose moves, evaluate, and take those the rule accepts."""
    proposal, accepted = np.empty_like(position), 0
    for _ in range(n_moves):
        proposal[...] = position
        _move(course, proposal, draws)
        assert course.whole is not None
        proposed = loss_at(course.whole, proposal, course.n_threads)
        weighed = proposed
        if course.penalty is not None:
            weighed += _change_of_penalty(course.penalty, position, proposal)
        if course.plan.rule.accepts(loss, weighed, draws.generator):
            position[...] = proposal
            loss = proposed
            accepted += 1
    return loss, accepted


def _change_of_penalty(
    penalty: Float64Array, position: FloatArray, proposal: FloatArray
) -> float:
    """Change of a weighted sum of squares, without a difference of two large sums."""
    before, after = position.astype(np.float64), proposal.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # such moves are refused
        return float((penalty * ((after - before) * (after + before))).sum())


def _move(course: Course, position: FloatArray, draws: Draws) -> None:
    """Add r g/|g| with g normal, in place, or such a vector for each part of a move.

    On the sphere, return to the starting norm.
    """
    fill_normals(draws.room, draws.stream)
    noise = draws.room[: position.size].astype(position.dtype, copy=False)
    if course.shares is None:
        noise *= course.plan.step / _norm(noise)
    else:
        parts, lengths = course.shares
        norms = np.sqrt(np.bincount(parts, weights=np.square(noise, dtype=np.float64)))
        noise *= (lengths / norms).astype(noise.dtype)[parts]
    position += noise
    if course.plan.geometry == "sphere":
        position *= course.norm / _norm(position)


def _norm(vector: FloatArray) -> float:
    return math.sqrt(float(np.dot(vector, vector)))


def observe(course: Course, position: FloatArray) -> Float64Array:
    """One row of a walk's records; what was not asked for is NaN."""
    row = np.full(len(COLUMNS), math.nan)
    distance, length, product = whereabouts(position, course.origin)
    row[0] = math.sqrt(distance)
    scale = math.sqrt(length) * course.norm
    if scale > 0:
        row[1] = min(max(product / scale, -1.0), 1.0)  # rounding may pass 1
    found = evaluate(course.net, position, course.data, n_threads=course.n_threads)
    row[2:4] = found.loss, found.accuracy
    if course.test is not None:
        found = evaluate(course.net, position, course.test, n_threads=course.n_threads)
        row[4:6] = found.loss, found.accuracy
    if course.plan.has_gradient:
        slope = gradient(course.net, position, course.data, n_threads=course.n_threads)
        row[6] = vectors.norm(slope)
    return row


def shares_of(net: MLP, plan: WalkPlan, origin: FloatArray) -> Shares | None:
    """Shares of the parts, by their norms at the start; None if all move as one."""
    parts = plan.move.parts(net)
    if plan.move.alone or not parts.any():
        return None
    squares = np.bincount(parts, weights=np.square(origin, dtype=np.float64))
    return Shares(parts, plan.step * np.sqrt(squares / squares.sum()))


def mutual_overlap(positions: FloatArray) -> float:
    """Mean cosine of two different rows; NaN for one row, or if one is zero.

    The square of a sum holds all pairs, so that no matrix of them is needed.
    """
    n = len(positions)
    if n < 2:
        return math.nan
    mean = (squared_mean_direction(positions) - n) / (n * (n - 1))
    return mean if math.isnan(mean) else min(max(mean, -1.0), 1.0)  # rounding may pass 1
