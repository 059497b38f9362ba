"""One call of `langevin`: where all replicas are, and how they go on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.streams import States
from spinglass_nn.dynamics import _sphere
from spinglass_nn.dynamics._sphere import Landscape
from spinglass_nn.typing import Float64Array, IntArray, ProgressLike

_STRETCH = 0.25  # seconds of one block between two points where an interrupt is heard


class Course(NamedTuple):
    """What stays as it is."""

    landscape: Landscape
    temperature: float
    time_step: float
    record_every: int
    waiting_steps: IntArray


class Now(NamedTuple):
    """Where the replicas are, and what was recorded on the way.

    Arrays as in `LangevinState`; records are a list of (energy, correlation, overlap).
    """

    n_steps: int
    points: Float64Array
    references: Float64Array
    streams: States
    accepted: IntArray
    records: list[tuple[Float64Array, Float64Array, Float64Array]]


class Walkers(NamedTuple):
    """One block of replicas on its way."""

    points: Float64Array
    fields: Float64Array
    energies: Float64Array


def stops(course: Course, made: int, n_steps: int) -> Iterator[int]:
    """Steps at which all replicas meet: at records and waiting times, and for interrupts."""
    landscape = course.landscape
    seconds = 2e-4 + 3e-9 * landscape.model.n_terms
    longest, every = max(1, int(_STRETCH / seconds)), course.record_every
    while made < n_steps:
        ends = [made + longest, (made // every + 1) * every, n_steps]
        ends += [int(step) for step in course.waiting_steps if step > made]
        made = min(ends)
        yield made


def advance(course: Course, now: Now, until: int, team: threads.Team) -> Now:
    """All replicas at step ``until``; what is known now is left as it is."""
    points, streams = now.points.copy(), now.streams.copy()
    accepted, references = now.accepted.copy(), now.references

    def move(part: slice) -> None:
        points[part], streams[part], moves = _walk(
            course, points[part], streams[part], until - now.n_steps
        )
        accepted[part] += moves

    team.run(move, _sphere.blocks_of(len(points)))
    reached = course.waiting_steps == until
    if reached.any():
        references = references.copy()
        references[:, reached] = points[:, None]
    after = Now(until, points, references, streams, accepted, now.records)
    if until % course.record_every == 0:
        after = after._replace(records=[*now.records, record(course, after)])
    return after


def record(course: Course, now: Now) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Energies, overlaps with the references and overlaps of all pairs, as things are."""
    energy = np.empty(len(now.points))
    for part in _sphere.blocks_of(len(now.points)):
        rows = _sphere.filled(now.points[part])
        found = course.landscape.energies(rows, course.landscape.fields(rows))
        energy[part] = found[: len(now.points[part])]
    n = course.landscape.n_spins
    correlation = np.einsum("ri,rwi->rw", now.points, now.references) / n
    later = [
        np.einsum("ri,i->r", now.points[a + 1 :], now.points[a]) / n
        for a in range(len(now.points))
    ]
    return energy, correlation, np.concatenate(later)


def _walk(
    course: Course, points: Float64Array, streams: States, n_steps: int
) -> tuple[Float64Array, States, IntArray]:
    """Move one block; where it is, its streams and how many moves each replica accepted."""
    count = len(points)
    rows = _sphere.filled(points)
    fields = course.landscape.fields(rows)
    walkers = Walkers(rows, fields, course.landscape.energies(rows, fields))
    generators = [_generator(words) for words in streams]
    accepted = np.zeros(_sphere.BLOCK, dtype=np.int64)
    noise, uniform = np.zeros_like(rows), np.ones(_sphere.BLOCK)
    for _ in range(n_steps):
        if course.temperature > 0:
            for k, generator in enumerate(generators):
                generator.standard_normal(out=noise[k])
                uniform[k] = 1 - generator.random()
        walkers, taken = _step(course, walkers, noise, uniform)
        accepted += taken
    words = np.stack([_words(generator) for generator in generators])
    return walkers.points[:count], words, accepted[:count]


def _step(
    course: Course, walkers: Walkers, noise: Float64Array, uniform: Float64Array
) -> tuple[Walkers, np.ndarray]:
    """One move of every replica: half a kick, along great circles, half a kick, the test."""
    landscape, temperature = course.landscape, course.temperature
    half = math.sqrt(course.time_step / 2)  # of the leapfrog step sqrt(2 dt)
    velocity = _sphere.tangent(math.sqrt(temperature) * noise, walkers.points)
    before = walkers.energies + _sphere.products(velocity, velocity) / 2
    velocity += half * _sphere.tangent(walkers.fields, walkers.points)
    points, velocity = landscape.moved(walkers.points, velocity, 2 * half)
    fields = landscape.fields(points)
    energies = landscape.energies(points, fields)
    if temperature == 0:
        return Walkers(points, fields, energies), np.ones(_sphere.BLOCK, dtype=bool)
    velocity += half * _sphere.tangent(fields, points)
    gain = before - energies - _sphere.products(velocity, velocity) / 2
    taken = temperature * np.log(uniform) <= gain
    old = ~taken
    points[old], fields[old] = walkers.points[old], walkers.fields[old]
    energies[old] = walkers.energies[old]
    return Walkers(points, fields, energies), taken


def _generator(words: States) -> np.random.Generator:
    bits = np.random.SFC64(0)
    bits.state = {
        "bit_generator": "SFC64",
        "state": {"state": words.copy()},
        "uinteger": 0,  # normal variates and doubles take whole words
        "has_uint32": 0,
    }
    return np.random.Generator(bits)


def _words(generator: np.random.Generator) -> States:
    words: States = generator.bit_generator.state["state"]["state"]
    return words


class Clock:
    """When a checkpoint is due."""

    def __init__(self, seconds: float = 20.0) -> None:
        self.seconds, self.last = seconds, time.monotonic()

    def due(self) -> bool:
        """Whether that many seconds have passed since it last was."""
        late = time.monotonic() - self.last > self.seconds
        self.last = time.monotonic() if late else self.last
        return late


def walk(
    course: Course,
    now: Now,
    n_steps: int,
    progress: ProgressLike,
    n_threads: int | None,
) -> Iterator[Now]:
    """Where the replicas are after every stretch, up to step ``n_steps``."""
    total = (n_steps - now.n_steps) * len(now.points)
    with (
        threads.Team(n_threads) as team,
        track(total, f"Langevin dynamics of {course.landscape.model}", progress) as report,
    ):
        for until in stops(course, now.n_steps, n_steps):
            made = until - now.n_steps
            now = advance(course, now, until, team)
            report(made * len(now.points))
            yield now
