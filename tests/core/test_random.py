"""Random streams: pure functions of seed, stream and index, and separate ones."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest

from spinglass_nn._core.random import Seed, Stream, seed_of
from spinglass_nn.errors import ParameterError


def words(generator):
    return tuple(generator.integers(0, 2**63, 4).tolist())


def test_streams_are_pure_functions():
    seed = Seed(5)
    first = words(seed.generator(Stream.WALKS, 3))
    words(seed.generator(Stream.WALKS, 4))
    assert words(seed.generator(Stream.WALKS, 3)) == first
    assert words(Seed(5).generator(Stream.WALKS, 3)) == first


def test_a_stream_is_numpys_own_for_its_key():
    sequence = np.random.SeedSequence(5, spawn_key=(int(Stream.DATA), 7))
    expected = words(np.random.Generator(np.random.SFC64(sequence)))
    assert words(Seed(5).generator(Stream.DATA, 7)) == expected


def test_no_two_keys_share_a_stream():
    """All paths of up to two levels and two indices: no generator of a child is a parent's."""
    seeds = [Seed(5), Seed(6)]
    small = range(4)
    seeds += [Seed(5).child(i) for i in small]
    seeds += [Seed(5).child(i, j) for i, j in itertools.product(small, repeat=2)]
    indices = [(), *((i,) for i in small), *itertools.product(small, repeat=2)]
    streams = [Stream(k) for k in (1, 2, 3)]
    drawn = [words(s.generator(k, *i)) for s in seeds for k in streams for i in indices]
    assert len(set(drawn)) == len(drawn)


def test_children():
    seed = Seed(5)
    assert seed.child(1, 2) == seed.child(1).child(2)
    assert seed.child(1, 2) != seed.child(2, 1)
    assert hash(seed.child(1)) == hash(seed.child(np.int64(1)))
    assert pickle.loads(pickle.dumps(seed.child(4))) == seed.child(4)


def test_values_of_streams_never_change():
    """They belong to saved results; new ones go to the end."""
    known = ["INITIAL_WEIGHTS", "MINIBATCHES", "SUBSETS", "WALKS", "RANDOM_POINTS",
             "PERMUTATIONS", "MATCHING", "PROBES", "NULLS", "RESAMPLING", "DATA", "LABELS",
             "DIRECTIONS", "STUDY", "TRIANGLES"]  # fmt: skip
    assert [s.name for s in Stream][: len(known)] == known
    values = [int(s) for s in Stream]
    assert values[: len(known)] == list(range(1, len(known) + 1))
    assert values == sorted(set(values))  # numbers may be kept free for others


@pytest.mark.parametrize("value", [0, 7, 2**200, np.int64(7), np.uint8(7)])
def test_same_int_same_seed(value):
    assert seed_of(value) == seed_of(int(value)) == Seed(int(value))


def test_a_seed_passes_through():
    seed = Seed(5).child(1)
    assert seed_of(seed) is seed


def test_seed_sequences():
    assert seed_of(np.random.SeedSequence(7)) == seed_of(7)
    parent = np.random.SeedSequence(7)
    first, second = parent.spawn(2)
    assert seed_of(first) == seed_of(7).child(0)
    assert seed_of(first) != seed_of(second)
    assert seed_of(parent) == seed_of(7)  # spawning from it changes nothing


def test_seed_sequences_of_several_words():
    a, b = np.random.SeedSequence([1, 2]), np.random.SeedSequence([2, 1])
    assert seed_of(a) == seed_of(np.random.SeedSequence([1, 2]))
    assert seed_of(a) != seed_of(b)


def test_generators_are_consumed():
    generator = np.random.default_rng(3)
    first, second = seed_of(generator), seed_of(generator)
    assert first != second
    again = np.random.default_rng(3)
    assert (seed_of(again), seed_of(again)) == (first, second)
    assert first.entropy.bit_length() > 96


def test_unseeded_is_fresh():
    assert len({seed_of(None) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "value", [-1, 1.0, True, "seed", [1, 2], np.random.RandomState(0), np.random.SFC64(0)]
)
def test_messages(value):
    message = r"rng must be a Generator, SeedSequence, non-negative int or None, got "
    with pytest.raises(ParameterError, match=message):
        seed_of(value)


def test_first_draws_of_many_streams_are_uniform():
    """A mean and a lag correlation over streams, |z| < 4."""
    u = np.array([Seed(1).generator(Stream.WALKS, k).random() for k in range(4000)])
    assert abs(u.mean() - 0.5) * np.sqrt(12 * 4000) < 4
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) * np.sqrt(4000) < 4
