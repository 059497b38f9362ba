"""Random streams: every algorithm has a number, every replica its own stream.

A stream is a pure function of (seed, stream, index), so replica 17 draws the same numbers
whether it runs alone or beside a thousand others, on one thread or on many.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from spinglass_nn.errors import ParameterError
from spinglass_nn.typing import RNG


class Stream(IntEnum):
    """Identifiers of random streams; their values belong to saved results and never change."""

    INITIAL_WEIGHTS = 1
    MINIBATCHES = 2
    SUBSETS = 3
    WALKS = 4
    RANDOM_POINTS = 5
    PERMUTATIONS = 6
    MATCHING = 7
    PROBES = 8
    NULLS = 9
    RESAMPLING = 10
    DATA = 11
    LABELS = 12
    DIRECTIONS = 13
    STUDY = 14
    TRIANGLES = 15
    DISORDER = 16
    MOVES = 17
    EXCHANGE = 18
    CLUSTERS = 19
    LANGEVIN = 20
    POPULATION = 21
    QUENCHES = 22
    BRANCHES = 23
    WALK_MOVES = 24
    POSTERIOR = 25
    ANNEALED_MATCHING = 26
    CURVES = 27
    TAP_STARTS = 28
    SPECTRUM = 29


@dataclass(frozen=True, slots=True)
class Seed:
    """A point in the tree of seeds from which independent generators grow.

    Parameters
    ----------
    entropy : int
        The user's seed, or fresh entropy where none was given.
    key : tuple of int
        Path in the tree, the beginning of a `numpy.random.SeedSequence`'s ``spawn_key``.
    """

    entropy: int
    key: tuple[int, ...] = ()

    def child(self, *index: int) -> Seed:
        """The seed one or more levels down.

        Each level begins with a zero, which no stream is called, so that no generator of a
        child is also one of its parent's.
        """
        steps = (word for i in index for word in (0, int(i)))
        return Seed(self.entropy, (*self.key, *steps))

    def generator(self, stream: Stream, *index: int) -> np.random.Generator:
        """The generator of one stream and index; equal arguments give equal draws."""
        key = (*self.key, int(stream), *(int(i) for i in index))
        sequence = np.random.SeedSequence(self.entropy, spawn_key=key)
        return np.random.Generator(np.random.SFC64(sequence))


def seed_of(rng: RNG | Seed) -> Seed:
    """Turn what a user gave as ``rng`` into a `Seed`.

    Parameters
    ----------
    rng : Generator, SeedSequence, int or None
        An int or SeedSequence gives the same seed each time; a Generator is drawn from (so
        that two calls differ); None takes fresh entropy from the operating system.

    Raises
    ------
    ParameterError
        If it is none of these, or a negative int.
    """
    if isinstance(rng, Seed):
        return rng
    if rng is None:
        return Seed(_as_int(np.random.SeedSequence().entropy))
    if isinstance(rng, np.random.SeedSequence):
        return Seed(_as_int(rng.entropy)).child(*rng.spawn_key)
    if isinstance(rng, np.random.Generator):
        words = rng.integers(0, 2**32, size=4, dtype=np.uint64)
        return Seed(sum(int(word) << (32 * place) for place, word in enumerate(words)))
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return Seed(int(rng))
    raise ParameterError(
        f"rng must be a Generator, SeedSequence, non-negative int or None, got {rng!r}"
    )


def _as_int(entropy: object) -> int:
    """One int for any entropy a SeedSequence may hold (an int or a sequence of ints)."""
    if isinstance(entropy, (int, np.integer)):
        return int(entropy)
    words = np.random.SeedSequence(entropy).generate_state(4, np.uint32)  # type: ignore[arg-type]
    return sum(int(word) << (32 * place) for place, word in enumerate(words))
