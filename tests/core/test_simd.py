"""Explicit vectors: every operation against NumPy on the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn._core import simd, simd_draws, simd_order
from spinglass_nn._core.jit import kernel


@pytest.fixture
def words():
    rng = np.random.default_rng(5)
    found = simd.aligned(32, np.uint64)
    found[:] = rng.integers(0, 2**64, 32, dtype=np.uint64)
    return found


@kernel
def _logic(words, out):
    a, b, c = simd.load_words(words, 0), simd.load_words(words, 8), simd.load_words(words, 16)
    simd.store_words(out, 0, a ^ b)
    simd.store_words(out, 8, a & b)
    simd.store_words(out, 16, a | b)
    simd.store_words(out, 24, a + b)
    simd.store_words(out, 32, ~a)
    simd.store_words(out, 40, a << 13)
    simd.store_words(out, 48, a >> np.uint64(5))
    simd.store_words(out, 56, simd.majority(a, b, c))
    simd.store_words(out, 64, simd.spread_word(words[3]))


def test_words_as_numpy_has_them(words):
    a, b, c = words[:8], words[8:16], words[16:24]
    out = np.zeros(72, dtype=np.uint64)
    _logic(words, out)
    expected = [a ^ b, a & b, a | b, a + b, ~a, a << np.uint64(13), a >> np.uint64(5),
                (a & b) | (b & c) | (a & c), np.full(8, a[3])]  # fmt: skip
    assert np.array_equal(out, np.concatenate(expected))


@kernel
def _floats(x, out):
    a, b, c = simd.load_floats(x, 0), simd.load_floats(x, 16), simd.load_floats(x, 32)
    simd.store_floats(out, 0, a + b)
    simd.store_floats(out, 16, a - b)
    simd.store_floats(out, 32, a * b)
    simd.store_floats(out, 48, simd.spread_float(x[5]))
    simd.store_floats(out, 64, c)
    return simd.mask_negative(a)


def test_floats_as_numpy_has_them():
    x = np.random.default_rng(6).normal(size=48).astype(np.float32)
    a, b, c = x[:16], x[16:32], x[32:]
    out = np.zeros(80, dtype=np.float32)
    negative = _floats(x, out)
    expected = [a + b, a - b, a * b, np.full(16, x[5]), c]
    assert np.array_equal(out, np.concatenate(expected))
    assert negative == sum(1 << int(k) for k in np.flatnonzero(a < 0))


@kernel
def _ints(x, bits, out):
    a, b = simd.load_ints(x, 0), simd.load_ints(x, 16)
    simd.store_ints(out, 0, a + b)
    simd.store_ints(out, 16, a - b)
    simd.store_ints(out, 32, simd.negate_where(a, bits))
    simd.store_ints(out, 48, simd.low_halves(a))
    simd.store_ints(out, 64, simd.high_halves(a))
    return simd.sum_lanes(a)


def test_ints_as_numpy_has_them():
    x = np.random.default_rng(8).integers(-(2**31) + 1, 2**31, 32).astype(np.int32)
    x[0] = x[1] = x[2] = 2**31 - 1  # a sum of 32 bits would not hold
    a, b, bits = x[:16], x[16:], np.uint64(0xA5F31)  # bits beyond the lanes do not count
    lanes = (int(bits) >> np.arange(16)) & 1
    out = np.zeros(80, dtype=np.int32)
    total = _ints(x, bits, out)
    expected = [a + b, a - b, np.where(lanes, -a, a), a & 0xFFFF, a >> 16]
    assert np.array_equal(out, np.concatenate(expected))
    assert total == int(a.astype(np.int64).sum())


@kernel
def _multiply_add(signs, x, out):
    product = simd.multiply_add(
        simd.load_floats(signs, 0), simd.load_floats(x, 0), simd.load_floats(x, 16)
    )
    simd.store_floats(out, 0, product)


def test_adding_plus_or_minus_a_number_rounds_once():
    rng = np.random.default_rng(7)
    x = rng.normal(size=32).astype(np.float32)
    signs = rng.choice([-1, 1], 16).astype(np.float32)
    out = np.zeros(16, dtype=np.float32)
    _multiply_add(signs, x, out)
    assert np.array_equal(out, x[16:] + signs * x[:16])


@kernel
def _bits(words):
    return (
        simd.any_bit(simd.load_words(words, 0)),
        simd.count_ones(words[0]),
        simd.lowest_bit(words[0]),
    )


@pytest.mark.parametrize("word", [0, 1, 1 << 63, 0b101000, 2**64 - 1])
def test_counting_bits(word):
    words = np.zeros(8, dtype=np.uint64)
    words[0] = word
    lowest = 64 if word == 0 else (word & -word).bit_length() - 1
    assert _bits(words) == (word != 0, word.bit_count(), lowest)


@kernel
def _draws(state, words, exponentials, logistics, n):
    a, b = simd.load_words(state, 0), simd.load_words(state, 8)
    c, d = simd.load_words(state, 16), simd.load_words(state, 24)
    for k in range(n):
        drawn, a, b, c, d = simd_draws.next_words(a, b, c, d)
        simd.store_words(words, 8 * k, drawn)
        simd.store_floats(exponentials, 16 * k, simd_draws.exponential(drawn))
        simd.store_floats(logistics, 16 * k, simd_draws.logistic(drawn))


def _xoshiro(state):
    """xoshiro256++ in plain integers, from its definition."""
    mask = 2**64 - 1

    def rotate(x, k):
        return ((x << k) | (x >> (64 - k))) & mask

    drawn = (rotate((state[0] + state[3]) & mask, 23) + state[0]) & mask
    shifted = (state[1] << 17) & mask
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = rotate(state[3], 45)
    return drawn


def test_each_lane_is_a_stream_of_its_own(words):
    drawn = np.zeros(8 * 50, dtype=np.uint64)
    floats = np.zeros(16 * 50, dtype=np.float32)
    _draws(words, drawn, floats, floats.copy(), 50)
    for lane in range(8):
        state = [int(words[8 * k + lane]) for k in range(4)]
        assert [_xoshiro(state) for _ in range(50)] == drawn[lane::8].tolist()


def test_variates_are_the_logarithms_they_claim_to_be(words):
    n = 20_000
    drawn = np.zeros(8 * n, dtype=np.uint64)
    exponentials, logistics = np.zeros((2, 16 * n), dtype=np.float32)
    _draws(words, drawn, exponentials, logistics, n)
    u = (drawn.view(np.uint32).astype(np.float64) + 0.5) / 2.0**32
    assert np.abs(exponentials + np.log(u)).max() < 2e-6  # float32 at a value of 20
    small = u > 0.3
    assert np.abs(exponentials + np.log(u))[small].max() < 5e-7
    assert np.abs(logistics - np.log((1 - u) / u)).max() < 3e-6


@pytest.mark.parametrize(("word", "value"), [(0, 33 * np.log(2)), (2**32 - 1, 0.0)])
def test_the_ends_of_the_unit_interval_are_finite(word, value):
    words = np.full(8, word | word << 32, dtype=np.uint64)
    out = np.zeros(16, dtype=np.float32)
    _exponential(words, out)
    assert np.abs(out - value).max() < 2e-6


@kernel
def _exponential(words, out):
    simd.store_floats(out, 0, simd_draws.exponential(simd.load_words(words, 0)))


@pytest.mark.parametrize(("shape", "dtype"), [(7, np.float32), ((3, 5), np.uint64)])
def test_aligned_arrays(shape, dtype):
    array = simd.aligned(shape, dtype)
    assert array.ctypes.data % simd.ALIGNMENT == 0
    assert array.shape == np.zeros(shape).shape
    assert array.dtype == dtype
    assert not array.any()


@kernel
def _doubles(x, out):
    a, b = simd.load_doubles(x, 0), simd.load_doubles(x, 8)
    simd.store_doubles(out, 0, a + b)
    simd.store_doubles(out, 8, a - b)
    simd.store_doubles(out, 16, a * b)
    simd.store_doubles(out, 24, a / b)
    simd.store_doubles(out, 32, simd_order.smaller(a, b))
    simd.store_doubles(out, 40, simd_order.larger(a, b))
    simd.store_doubles(out, 48, simd_order.one_if_at_most(a, b))
    simd.store_doubles(out, 56, simd.spread_double(x[3]))
    simd_order.add_doubles(out, 64, a)
    return simd_order.sum_doubles(a, np.empty(8))


def test_doubles_as_numpy_has_them():
    x = np.random.default_rng(7).normal(size=16)
    x[8:10] = x[:2]  # ties
    a, b = x[:8], x[8:]
    out = np.ones(72)
    total = _doubles(x, out)
    expected = [a + b, a - b, a * b, a / b, np.minimum(a, b), np.maximum(a, b),
                (a <= b).astype(float), np.full(8, a[3]), 1 + a]  # fmt: skip
    assert np.array_equal(out, np.concatenate(expected))
    assert total == ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))


@kernel
def _counts(words, out):
    counted = simd.count_each(simd.load_words(words, 0))
    simd.store_words(out, 0, counted)
    return simd.sum_words(counted)


def test_counting_bits_of_each_word():
    words = np.array([0, 1, 1 << 63, 0b101000, 2**64 - 1, 3, 2**32, 12345], dtype=np.uint64)
    out = np.zeros(8, dtype=np.uint64)
    expected = [int(word).bit_count() for word in words]
    assert _counts(words, out) == sum(expected)
    assert out.tolist() == expected
