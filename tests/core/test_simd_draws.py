"""Vectors for moves of spins against NumPy on the same bits."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import simd, simd_draws
from spinglass_nn._core.jit import kernel


@kernel
def _draw(words, logarithms, signs, n):
    for k in range(n):
        drawn = simd.load_words(words, 8 * k)
        simd.store_floats(logarithms, 16 * k, simd_draws.halvings(drawn))
        simd.store_floats(signs, 16 * k, simd_draws.random_signs(drawn))


def _drawn(halves):
    words = simd.aligned(len(halves) // 2, np.uint64)
    words[:] = np.asarray(halves, dtype=np.uint32).view(np.uint64)
    out = simd.aligned((2, len(halves)), np.float32)
    _draw(words, out[0], out[1], len(halves) // 16)
    return out[0] * np.float64(simd_draws.UNIT), out[1]


def test_halvings_are_logarithms_to_the_base_two():
    rng = np.random.default_rng(3)
    halves = rng.integers(1, 2**32, 160_000, dtype=np.uint64) >> rng.integers(
        0, 31, 160_000, dtype=np.uint64
    )
    halves = np.maximum(halves, 1)
    found, signs = _drawn(halves)
    right = 32 - np.log2(halves)
    assert (np.abs(found - right) < 4e-7 + 1.2e-7 * right).all()
    assert np.array_equal(signs, np.where(halves >> np.uint64(31), -1, 1))


def test_the_ends_of_the_unit_interval_are_finite():
    found, _ = _drawn([0, 1, 2**31, 2**32 - 1] * 4)
    assert np.allclose(found[:4], [159, 32, 1, 0], atol=1e-6)


@kernel
def _flip(x, out):
    a, b = simd.load_floats(x, 0), simd.load_floats(x, 16)
    simd.store_floats(out, 0, simd_draws.flip_where_negative(a, b))
    simd.store_floats(out, 16, simd.signs(np.uint64(0xFFFF00000000A5C3)))


def test_flips_and_signs_from_bits():
    x = np.random.default_rng(4).normal(size=32).astype(np.float32)
    x[16], x[17] = 0.0, -0.0
    out = np.zeros(32, dtype=np.float32)
    _flip(x, out)
    assert np.array_equal(out[:16], np.where(np.signbit(x[16:]), -x[:16], x[:16]))
    assert np.array_equal(out[16:], [-1 if 0xA5C3 >> k & 1 else 1 for k in range(16)])
