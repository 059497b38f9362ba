"""Normal numbers on vectors: the transform against NumPy on the same words, and their law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spinglass_nn._core import simd
from spinglass_nn._core.jit import kernel
from spinglass_nn._core.simd_draws import next_words
from spinglass_nn._core.simd_normals import N_WORDS, TOGETHER, fill_normals


@kernel
def _words(state, out):
    a, b = simd.load_words(state, 0), simd.load_words(state, 8)
    c, d = simd.load_words(state, 16), simd.load_words(state, 24)
    for i in range(0, out.size, 8):
        word, a, b, c, d = next_words(a, b, c, d)
        simd.store_words(out, i, word)


def seeded(seed):
    return np.random.SFC64(seed).random_raw(N_WORDS)


def drawn(seed, n):
    state, out = seeded(seed), simd.aligned(n, np.float32)
    fill_normals(out, state)
    return out.astype(np.float64)


def transformed(words):
    """Box and Muller's transform as the words define it, in float64."""
    first, second = (words.reshape(-1, 2, 8)[:, k].copy().view(np.uint32) for k in (0, 1))
    radius = np.sqrt(-2 * np.log((first + 0.5) / 2**32))
    angle = (second & ~np.uint32(3)).view(np.int32) * (np.pi / 4 / 2**31)
    cosine = np.where(second & 1, -1, 1) * np.cos(angle)
    sine = np.sin(angle)
    turned = (second & 2) > 0
    pair = np.where(turned, sine, cosine), np.where(turned, cosine, sine)
    return np.stack([radius * one for one in pair], axis=1).ravel()


def test_numbers_are_those_of_the_transform():
    n = 1 << 16
    words = np.empty(n // 2, np.uint64)
    _words(seeded(7), words)
    expected = transformed(words)
    found = drawn(7, n)
    # the logarithm, which is half the squared radius, is good to 1e-6
    assert (np.abs(found**2 - expected**2) < 4e-6 + 2e-6 * expected**2).all()
    far = np.abs(expected) > 0.01
    assert np.array_equal(np.sign(found[far]), np.sign(expected[far]))


@pytest.mark.parametrize("seed", [1, 2])
def test_law_and_moments(seed):
    """Four moments by z-scores, the law by Kolmogorov and Smirnov, tails by counts."""
    n = 1 << 22
    x = drawn(seed, n)
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3), (6, 15)):
        deviation = np.sqrt(stats.norm.moment(2 * power) - moment**2)
        assert abs((x**power).mean() - moment) < 4 * deviation / np.sqrt(n)
    assert stats.kstest(x[::4], "norm").pvalue > 1e-3
    assert np.abs(x).max() < 6.8
    for limit in (3, 4, 4.5):
        expected = 2 * stats.norm.sf(limit) * n
        assert abs((np.abs(x) > limit).sum() - expected) < 4 * np.sqrt(expected)


def test_numbers_of_a_pair_and_neighbours_are_independent():
    """Products of numbers and of squares, of the two coordinates, of lanes, and in time."""
    x = drawn(3, 1 << 22)
    pairs = x.reshape(-1, 2, TOGETHER // 2)
    others = (
        (pairs[:, 0], pairs[:, 1]),
        (pairs[:, :, :-1], pairs[:, :, 1:]),
        (x[:-TOGETHER], x[TOGETHER:]),
    )
    for a, b in others:
        for f in (lambda v: v, lambda v: (v**2 - 1) / np.sqrt(2)):
            product = f(a) * f(b)
            assert abs(product.mean()) < 4 / np.sqrt(product.size)


def test_a_stream_goes_on_where_it_was():
    whole, state = drawn(5, 4 * TOGETHER), seeded(5)
    out = simd.aligned(2 * TOGETHER, np.float32)
    for half in (whole[: 2 * TOGETHER], whole[2 * TOGETHER :]):
        fill_normals(out, state)
        np.testing.assert_array_equal(out, half)


def test_the_largest_uniform_is_no_point_without_a_direction():
    """Of these states the first words are all ones: u rounds to 1, whose logarithm is 0."""
    state = np.zeros((4, 8), np.uint64)
    state[0], state[1:3], state[3] = 2**64 - 1, 7, 1
    words = np.empty(8, np.uint64)
    _words(state.reshape(-1).copy(), words)
    assert (words == 2**64 - 1).all()
    out = simd.aligned(TOGETHER, np.float32)
    fill_normals(out, state.reshape(-1).copy())
    radius = np.hypot(*out.reshape(2, 16))
    np.testing.assert_allclose(radius, np.sqrt(2 * 2.0**-33), rtol=1e-5)
