"""Random streams in kernels are NumPy's SFC64, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn._core.jit import kernel
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.streams import below, next_word, stream_states, uniform
from spinglass_nn.errors import ParameterError


@kernel
def draw_words(state, out):
    for k in range(out.size):
        out[k] = next_word(state)


@kernel
def draw_uniforms(state, out):
    for k in range(out.size):
        out[k] = uniform(state)


@kernel
def count_below(state, counts, n_draws):
    for _ in range(n_draws):
        counts[below(state, counts.size)] += 1


@pytest.fixture
def states():
    return stream_states(Seed(5), Stream.WALKS, 3)


def test_words_are_those_of_numpy(states):
    words = np.empty(1000, np.uint64)
    draw_words(states[1], words)
    expected = Seed(5).generator(Stream.WALKS, 1).bit_generator.random_raw(1000)
    np.testing.assert_array_equal(words, expected)


def test_uniforms_are_those_of_numpy_and_go_on_where_they_stopped(states):
    first, second = np.empty(300), np.empty(700)
    draw_uniforms(states[2], first)
    draw_uniforms(states[2], second)
    expected = Seed(5).generator(Stream.WALKS, 2).random(1000)
    np.testing.assert_array_equal(np.concatenate([first, second]), expected)


def test_a_row_does_not_depend_on_the_number_of_rows(states):
    np.testing.assert_array_equal(stream_states(Seed(5), Stream.WALKS, 9)[:3], states)


def test_rows_and_indices_are_set_apart():
    rows = [stream_states(Seed(5), Stream.WALKS, 50, sample) for sample in range(4)]
    assert len(np.unique(np.concatenate(rows), axis=0)) == 200


def test_integers_are_even_over_their_range(states):
    counts = np.zeros(7, np.int64)
    n_draws = 70_000
    count_below(states[0], counts, n_draws)
    expected = n_draws / 7
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi_squared - 6) < 4 * np.sqrt(12)


def test_no_stream_is_an_error():
    with pytest.raises(ParameterError, match="n_streams must be at least 1, got 0"):
        stream_states(Seed(5), Stream.WALKS, 0)
