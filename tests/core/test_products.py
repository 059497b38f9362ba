"""Products by register tiles against sums written out in float64."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn._core import simd_tiles
from spinglass_nn._core.jit import kernel
from spinglass_nn._core.products import multiply, pack, unpack
from spinglass_nn._core.simd import aligned
from spinglass_nn._core.simd_reals import lanes_of

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
ROWS = (1, 2, 7, 8, 9, 17)
DEPTHS = (0, 1, 5, 16, 33)
WIDTHS = (1, 10, 15, 16, 17, 31, 32, 33, 50, 100)


@kernel
def _multiplied(a, a_row, a_column, b, b_row, b_column, shape, panels, out, out_row, tile):
    rows, depth, width = shape
    zero = np.int64(0)
    pack(b, zero, b_row, b_column, depth, width, panels, zero)
    multiply(
        a, zero, a_row, a_column, rows, depth, panels, zero, width, out, zero, out_row, tile
    )


def product(a, b, *, a_by_columns=False, b_by_columns=False):
    """``a @ b`` by tiles, and what lies around the result, which was 7 before."""
    (rows, depth), width, dtype = a.shape, b.shape[1], a.dtype
    left = np.append(a.T if a_by_columns else a, 0).astype(dtype)
    right = np.append(b.T if b_by_columns else b, 0).astype(dtype)
    strides = (1, rows) if a_by_columns else (depth, 1)
    b_strides = (1, depth) if b_by_columns else (width, 1)
    panels = aligned((width + 64) * max(depth, 1), dtype)
    panels[:] = np.nan
    out = np.full((rows + 1) * (width + 1), 7, dtype)
    tile = aligned(simd_tiles.TILE_REALS, dtype)
    _multiplied(left, *strides, right, *b_strides, (rows, depth, width), panels, out, width + 1,
                tile)  # fmt: skip
    out = out.reshape(rows + 1, width + 1)
    return out[:rows, :width], np.append(out[rows], out[:rows, width])


@BOTH
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("rows", ROWS)
def test_any_shape_and_any_order(dtype, rows, width):
    rng = np.random.default_rng(rows * 1000 + width)
    for depth in DEPTHS:
        a = rng.standard_normal((rows, depth)).astype(dtype)
        b = rng.standard_normal((depth, width)).astype(dtype)
        exact = a.astype(np.float64) @ b.astype(np.float64)
        size = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64)
        for orders in ((False, False), (False, True), (True, False), (True, True)):
            found, around = product(a, b, a_by_columns=orders[0], b_by_columns=orders[1])
            # a sum of n products errs by at most n roundings of their sizes
            bound = (depth + 1) * np.finfo(dtype).eps * size
            assert (np.abs(found - exact) <= bound).all(), (depth, orders)
            assert (around == 7).all(), (depth, orders)


@BOTH
def test_every_entry_is_one_sum_first_to_last(dtype):
    """So the order of memory, the width and the neighbours do not change a bit."""
    rng = np.random.default_rng(3)
    a = rng.standard_normal((13, 40)).astype(dtype)
    b = rng.standard_normal((40, 50)).astype(dtype)
    whole, _ = product(a, b)
    turned, _ = product(a, b, a_by_columns=True, b_by_columns=True)
    np.testing.assert_array_equal(whole, turned)
    part, _ = product(a[4:6], b[:, 3:20])
    np.testing.assert_array_equal(whole[4:6, 3:20], part)


@BOTH
def test_infinite_and_huge_entries(dtype):
    a = np.array([[np.inf, 1.0], [0.0, 1.0], [1e30, 1e30]], dtype)
    b = np.array([[1.0, 2.0], [3.0, 4.0]], dtype)
    found, _ = product(a, b)
    with np.errstate(invalid="ignore"):  # 0 x inf, in what NumPy pads with
        np.testing.assert_array_equal(found, a @ b)


@kernel
def _there_and_back(b, row, column, shape, panels, out):
    depth, width = shape
    zero = np.int64(0)
    pack(b, zero, row, column, depth, width, panels, zero)
    unpack(panels, zero, out, zero, row, column, depth, width)


@BOTH
@pytest.mark.parametrize("width", WIDTHS)
def test_unpacking_undoes_packing(dtype, width):
    for depth in DEPTHS[1:]:
        b = np.arange(1, depth * width + 1).astype(dtype)
        for strides in ((width, 1), (1, depth)):
            panels, out = aligned((width + 64) * depth, dtype), np.zeros_like(b)
            panels[:] = np.nan
            _there_and_back(b, *strides, (depth, width), panels, out)
            np.testing.assert_array_equal(out, b)
            used = panels[~np.isnan(panels)]
            assert used.size % (64 // np.dtype(dtype).itemsize) == 0
            assert np.count_nonzero(used) == b.size  # the rest pads with zeros


@kernel
def _transposed(a, out):
    n = lanes_of(a)
    simd_tiles.transpose_square(a, np.int64(0), n + 3, out, np.int64(1), n + 5)


@BOTH
def test_squares_are_transposed(dtype):
    n = 64 // np.dtype(dtype).itemsize
    a = np.arange(n * (n + 3)).astype(dtype)
    out = np.full(1 + n * (n + 5), -1, dtype)
    _transposed(a, out)
    square = a.reshape(n, n + 3)[:, :n]
    np.testing.assert_array_equal(out[1:].reshape(n, n + 5)[:, :n], square.T)
    assert (out == -1).sum() == 1 + 5 * n
