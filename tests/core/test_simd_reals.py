"""Vectors of either precision: operations, exponentials and tangents against NumPy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spinglass_nn._core import simd_functions, simd_reals
from spinglass_nn._core.jit import kernel
from spinglass_nn._core.simd_reals import lanes_of, load_reals, store_reals

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@kernel
def _operations(x, out, count):
    n = lanes_of(x)
    a, b, c = load_reals(x, 0), load_reals(x, n), load_reals(x, 2 * n)
    results = (
        a / b,
        simd_reals.fused(a, b, c),
        simd_reals.rectified(a),
        simd_reals.where_positive(b, a),
        simd_reals.larger_of(a, b),
        simd_reals.square_root(b * b),
        simd_reals.first_lanes(a, count, b),
        simd_reals.spread_real(x[3]),
    )
    for k in range(8):
        store_reals(out, k * n, results[k])
    out[8 * n] = simd_reals.sum_of_lanes(a)
    out[8 * n + 1] = simd_reals.largest_lane(a)
    return simd_reals.any_unequal(a, b), simd_reals.any_unequal(a, a)


@BOTH
def test_operations_as_numpy_has_them(dtype):
    n = 64 // np.dtype(dtype).itemsize
    x = np.random.default_rng(0).standard_normal(3 * n).astype(dtype)
    a, b, c = x[:n], x[n : 2 * n], x[2 * n :]
    out = np.zeros(9 * n, dtype)
    assert _operations(x, out, 5) == (True, False)
    rows = out[: 8 * n].reshape(8, n)
    exact = a.astype(np.longdouble) * b + c
    np.testing.assert_array_equal(rows[0], a / b)
    np.testing.assert_allclose(rows[1], exact.astype(dtype), atol=4 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(rows[2], np.maximum(a, 0))
    np.testing.assert_array_equal(rows[3], np.where(a > 0, b, 0))
    np.testing.assert_array_equal(rows[4], np.maximum(a, b))
    np.testing.assert_allclose(rows[5], np.abs(b), rtol=np.finfo(dtype).eps)
    np.testing.assert_array_equal(rows[6], np.where(np.arange(n) < 5, a, b))
    np.testing.assert_array_equal(rows[7], np.full(n, x[3]))
    np.testing.assert_allclose(out[8 * n], a.sum(), rtol=20 * np.finfo(dtype).eps)
    assert out[8 * n + 1] == a.max()


@BOTH
def test_a_rectified_nan_stays_nan(dtype):
    x = np.full(48, np.nan, dtype)
    out = np.zeros(9 * 16, dtype)
    _operations(x, out, 1)
    n = 64 // np.dtype(dtype).itemsize
    assert np.isnan(out[2 * n : 3 * n]).all()


@kernel
def _bytes(codes, out):
    for i in range(0, codes.size, lanes_of(out)):
        store_reals(out, i, simd_reals.load_as(codes, i, out))


@BOTH
def test_bytes_become_numbers(dtype):
    codes = np.arange(256, dtype=np.uint8)
    out = np.zeros(256, dtype)
    _bytes(codes, out)
    np.testing.assert_array_equal(out, np.arange(256))


@kernel
def _exponentials(x, out):
    for i in range(0, x.size, lanes_of(x)):
        store_reals(out, i, simd_functions.exponentials(load_reals(x, i)))


@kernel
def _tangents(x, out):
    for i in range(0, x.size, lanes_of(x)):
        store_reals(out, i, simd_functions.hyperbolic_tangents(load_reals(x, i)))


@kernel
def _less_one(x, out):
    for i in range(0, x.size, lanes_of(x)):
        store_reals(out, i, simd_functions.exponentials_less_one(load_reals(x, i)))


def arguments(dtype):
    rng = np.random.default_rng(1)
    low, high = (-86.5, 88) if dtype == np.float32 else (-706.9, 709)
    spread = rng.standard_normal(1 << 14) * 10.0 ** rng.uniform(-30, 1, 1 << 14)
    return np.concatenate([np.linspace(low, high, 1 << 14), spread]).astype(dtype)


def error_in_ulp(function, kernel_, dtype, largest=np.inf):
    x = arguments(dtype)
    x = x[np.abs(x) <= largest]
    x = x[: x.size // 16 * 16]
    out = np.empty_like(x)
    kernel_(x, out)
    exact = function(x.astype(np.float64 if dtype == np.float32 else np.longdouble))
    return np.abs((out - exact) / np.spacing(np.abs(exact).astype(dtype))).max()


@BOTH
def test_exponentials_err_by_a_last_place(dtype):
    assert error_in_ulp(np.exp, _exponentials, dtype) < 1.2


@BOTH
def test_exponentials_less_one_err_by_a_last_place(dtype):
    assert error_in_ulp(np.expm1, _less_one, dtype, 0.5) < 1.5


@BOTH
def test_tangents_err_by_three_last_places(dtype):
    assert error_in_ulp(np.tanh, _tangents, dtype) < 3


@BOTH
def test_far_arguments(dtype):
    x = np.array([np.inf, 1e4, -1e4, -np.inf, np.nan, 0.0, -0.0, 1e-30] * 2, dtype)
    out = np.empty_like(x)
    _exponentials(x, out)
    np.testing.assert_array_equal(out[:8], [np.inf, np.inf, 0, 0, np.nan, 1, 1, 1])
    _tangents(x, out)
    np.testing.assert_array_equal(out[:8], x[:8].clip(-1, 1))
    assert np.signbit(out[6])


@BOTH
def test_no_exponential_is_denormal(dtype):
    low = -90 if dtype == np.float32 else -710
    x = np.linspace(low, low + 5, 1 << 12).astype(dtype)
    out = np.empty_like(x)
    _exponentials(x, out)
    assert out.min() == 0
    assert out[out > 0].min() >= np.finfo(dtype).tiny


@pytest.mark.parametrize(
    "features", ["", "+sse2,+avx,+avx2,+fma"], ids=["without AVX", "without AVX-512"]
)
def test_machines_with_narrower_vectors(features, tmp_path):
    """The same tests with kernels compiled for other machines."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        pytest.skip("names features of x86-64")
    root = Path(__file__).resolve().parents[2]
    files = ["tests/core/test_products.py", "tests/core/test_simd_reals.py"]
    told = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": features}
    paths = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k",
         "not machines and not hypothesis", *files],
        cwd=root, env=os.environ | told | paths, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
