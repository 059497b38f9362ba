"""Kernels that count triangles by d3 - d2 and d2 - d1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import inlined, kernel
from spinglass_nn._core.simd import load_doubles, spread_double, store_doubles
from spinglass_nn.overlaps._kernels import sides
from spinglass_nn.typing import Float64Array


@inlined
def _fill(
    x: Float64Array, at: int, y: Float64Array, to: int, base: float, n: int, scale: float,
    gaps: Float64Array, rests: Float64Array,
) -> None:  # fmt: skip
    """Bins, as numbers with a fraction, of triangles with sides base, x[at + k], y[to + k]."""
    c, factor = spread_double(base), spread_double(scale)
    for k in range(0, n, 8):
        d1, d2, d3 = sides(load_doubles(x, at + k), load_doubles(y, to + k), c)
        store_doubles(gaps, k, (d3 - d2) * factor)
        store_doubles(rests, k, (d2 - d1) * factor)


@kernel
def bin_triangles(
    flat: Float64Array, n: int, stride: int, first: int, last: int, scale: float,
    x: NDArray[np.int64], y: NDArray[np.int64],
) -> None:  # fmt: skip
    """Count the triangles of points ``first <= i < last``, each point on its own.

    ``x`` and ``y`` (n, n_bins + 1) count d3 - d2 and d2 - d1 times ``scale``, rounded down;
    the last column takes what lies beyond.
    """
    gaps, rests = np.empty(stride), np.empty(stride)
    n_bins = x.shape[1] - 1
    for i in range(first, last):
        for j in range(n - 1):
            if j == i:
                continue
            size = n - j - 1
            at, to = i * stride + j + 1, j * stride + j + 1
            _fill(flat, at, flat, to, flat[i * stride + j], size, scale, gaps, rests)
            for k in range(size):
                if j + 1 + k != i:
                    x[i, int(min(gaps[k], n_bins))] += 1
                    y[i, int(min(rests[k], n_bins))] += 1


@kernel
def bin_between(
    ab: Float64Array, ac: Float64Array, bc: Float64Array, n: int, scale: float,
    x: NDArray[np.int64], y: NDArray[np.int64],
) -> None:  # fmt: skip
    """Count the triangles with a corner in each of A, B and C; ``x``, ``y`` (n_bins + 1,).

    The matrices are those of `_kernels.add_between`.
    """
    stride = ac.shape[1]
    gaps, rests = np.empty(stride), np.empty(stride)
    flat_ac, flat_bc = ac.reshape(-1), bc.reshape(-1)
    n_bins = x.size - 1
    for i in range(ab.shape[0]):
        for j in range(ab.shape[1]):
            at, to = i * stride, j * stride
            _fill(flat_ac, at, flat_bc, to, ab[i, j], n, scale, gaps, rests)
            for k in range(n):
                x[int(min(gaps[k], n_bins))] += 1
                y[int(min(rests[k], n_bins))] += 1
