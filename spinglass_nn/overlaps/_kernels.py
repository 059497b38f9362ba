"""Kernels of the overlaps: what is added up over triangles, eight triangles at a time.

A triangle has sides d1 <= d2 <= d3. `_measures` lists what each adds; the order is that of
`_triples.SUMS`. Rows of matrices are padded so that eight numbers can be read from any place
(`_triples.padded`), and matrices are handed over flat. ``limits`` holds the tolerance, the
distance that counts as zero, tan^2 of half of Murtagh's angle, and then eight ones and eight
zeros: reading eight of these sixteen from the right place gives the mask of a last vector.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, kernel
from spinglass_nn._core.simd import load_doubles, spread_double
from spinglass_nn._core.simd_order import (
    add_doubles,
    larger,
    one_if_at_most,
    smaller,
    sum_doubles,
)
from spinglass_nn.typing import Float64Array

N_SUMS = 11
_MASKS = 3  # place of the ones in ``limits``
_ROWS = 8  # first points that meet each second point together, while its row is at hand


@inlined
def sides(a: Any, b: Any, c: Any) -> Any:
    """d1, d2, d3: three sides in order."""
    low, high = smaller(a, b), larger(a, b)
    return smaller(low, c), larger(low, smaller(high, c)), larger(high, c)


@inlined
def _gap(a: Any, b: Any, c: Any) -> Any:
    """d3 - d2 alone."""
    high = larger(a, b)
    return larger(high, c) - larger(smaller(a, b), smaller(high, c))


@inlined
def _measures(a: Any, b: Any, c: Any, limits: Any) -> Any:
    """What triangles with sides a, b, c add to each sum."""
    d1, d2, d3 = sides(a, b, c)
    tolerance, zero, angle, one = limits
    gap, rest, spread = d3 - d2, d2 - d1, d3 - d1
    # one division for three ratios; 0/0 is 0 since the gap vanishes first
    p, q, r = larger(d1, zero), larger(spread, zero), larger(d3, zero)
    pq = p * q
    inverse = gap / (pq * r)
    square, long, short = gap * gap, (d2 + d3) * (d2 + d3), d1 * d1
    return (
        gap,
        smaller(inverse * (q * r), one),
        inverse * (p * r),
        inverse * pq,
        one_if_at_most(square * (long - short), angle * (long * (short - square))),
        one_if_at_most(gap, tolerance),
        one_if_at_most(spread, tolerance),
        one - one_if_at_most(gap, d1 + zero),
        square,
        rest,
        rest * rest,
    )


@inlined
def _limits(limits: Float64Array) -> Any:
    return (
        spread_double(limits[0]),
        spread_double(limits[1]),
        spread_double(limits[2]),
        spread_double(1.0),
    )


@inlined
def _nothing() -> Any:
    o = spread_double(0.0)
    return o, o, o, o, o, o, o, o, o, o, o


@inlined
def _plus(s: Any, t: Any) -> Any:
    return (
        s[0] + t[0], s[1] + t[1], s[2] + t[2], s[3] + t[3], s[4] + t[4], s[5] + t[5],
        s[6] + t[6], s[7] + t[7], s[8] + t[8], s[9] + t[9], s[10] + t[10],
    )  # fmt: skip


@inlined
def _masked(t: Any, m: Any) -> Any:
    return (
        t[0] * m, t[1] * m, t[2] * m, t[3] * m, t[4] * m, t[5] * m, t[6] * m, t[7] * m,
        t[8] * m, t[9] * m, t[10] * m,
    )  # fmt: skip


@inlined
def _row(
    x: Any, at: int, y: Any, to: int, c: Any, n: int, bounds: Any, lim: Any, s: Any
) -> Any:
    """Sums plus those of triangles with sides c, x[at + k], y[to + k] for k < n."""
    k = 0
    while k + 8 <= n:
        s = _plus(s, _measures(load_doubles(x, at + k), load_doubles(y, to + k), c, bounds))
        k += 8
    if k < n:
        found = _measures(load_doubles(x, at + k), load_doubles(y, to + k), c, bounds)
        s = _plus(s, _masked(found, load_doubles(lim, _MASKS + 8 - (n - k))))
    return s


@inlined
def _collect(s: Any, work: Float64Array, sums: Float64Array) -> None:
    sums[0] += sum_doubles(s[0], work)
    sums[1] += sum_doubles(s[1], work)
    sums[2] += sum_doubles(s[2], work)
    sums[3] += sum_doubles(s[3], work)
    sums[4] += sum_doubles(s[4], work)
    sums[5] += sum_doubles(s[5], work)
    sums[6] += sum_doubles(s[6], work)
    sums[7] += sum_doubles(s[7], work)
    sums[8] += sum_doubles(s[8], work)
    sums[9] += sum_doubles(s[9], work)
    sums[10] += sum_doubles(s[10], work)


@kernel
def add_triangles(
    flat: Float64Array, n: int, stride: int, first: int, last: int,
    limits: Float64Array, sums: Float64Array,
) -> None:  # fmt: skip
    """Add all triangles i < j < k with ``first <= i < last`` to ``sums`` (11,)."""
    work = np.empty(8)
    bounds = _limits(limits)
    for start in range(first, last, _ROWS):
        found = _nothing()
        for j in range(start + 1, n - 1):
            for i in range(start, min(start + _ROWS, last, j)):
                c = spread_double(flat[i * stride + j])
                x, y = i * stride + j + 1, j * stride + j + 1
                found = _row(flat, x, flat, y, c, n - j - 1, bounds, limits, found)
        _collect(found, work, sums)


@kernel
def total_gap(flat: Float64Array, n: int, stride: int, mask: Float64Array) -> float:
    """Sum of d3 - d2 over all triangles; ``mask`` holds eight ones, then eight zeros."""
    work = np.empty(8)
    total = 0.0
    for start in range(0, n - 2, _ROWS):
        found = spread_double(0.0)
        for j in range(start + 1, n - 1):
            for i in range(start, min(start + _ROWS, j)):
                c = spread_double(flat[i * stride + j])
                x, y = i * stride + j + 1, j * stride + j + 1
                size, k = n - j - 1, 0
                while k + 8 <= size:
                    gap = _gap(load_doubles(flat, x + k), load_doubles(flat, y + k), c)
                    found = found + gap
                    k += 8
                if k < size:
                    gap = _gap(load_doubles(flat, x + k), load_doubles(flat, y + k), c)
                    found = found + gap * load_doubles(mask, 8 - (size - k))
        total += sum_doubles(found, work)
    return total


@kernel
def add_between(
    ab: Float64Array, ac: Float64Array, bc: Float64Array, n: int,
    limits: Float64Array, sums: Float64Array,
) -> None:  # fmt: skip
    """Add all triangles with a corner in each of A, B and C to ``sums`` (11,).

    ``ab`` (n_a, n_b); ``ac`` (n_a, stride) and ``bc`` (n_b, stride) hold n distances a row.
    """
    work = np.empty(8)
    bounds = _limits(limits)
    x, y = ac.reshape(-1), bc.reshape(-1)
    stride = ac.shape[1]
    for i in range(ab.shape[0]):
        found = _nothing()
        for j in range(ab.shape[1]):
            c = spread_double(ab[i, j])
            found = _row(x, i * stride, y, j * stride, c, n, bounds, limits, found)
        _collect(found, work, sums)


@inlined
def _share(t: Any, sums: Float64Array, at: int, stride: int) -> None:
    """Give eight triangles to their third corners."""
    add_doubles(sums, at, t[0])
    add_doubles(sums, at + stride, t[1])
    add_doubles(sums, at + 2 * stride, t[2])
    add_doubles(sums, at + 3 * stride, t[3])
    add_doubles(sums, at + 4 * stride, t[4])
    add_doubles(sums, at + 5 * stride, t[5])
    add_doubles(sums, at + 6 * stride, t[6])
    add_doubles(sums, at + 7 * stride, t[7])
    add_doubles(sums, at + 8 * stride, t[8])
    add_doubles(sums, at + 9 * stride, t[9])
    add_doubles(sums, at + 10 * stride, t[10])


@inlined
def _shared_row(
    flat: Float64Array, x: int, y: int, c: Any, size: int, bounds: Any, limits: Float64Array,
    sums: Float64Array, at: int, stride: int,
) -> Any:  # fmt: skip
    """Triangles of one first and second corner: given to the third, returned for the two."""
    found = _nothing()
    k = 0
    while k < size:
        t = _measures(load_doubles(flat, x + k), load_doubles(flat, y + k), c, bounds)
        if k + 8 > size:
            t = _masked(t, load_doubles(limits, _MASKS + 8 - (size - k)))
        found = _plus(found, t)
        _share(t, sums, at + k, stride)
        k += 8
    return found


@kernel
def share_triangles(
    flat: Float64Array, n: int, stride: int, first: int, last: int,
    limits: Float64Array, sums: Float64Array,
) -> None:  # fmt: skip
    """Add all triangles i < j < k with ``first <= i < last`` to the sums of their corners.

    ``sums`` is (11, stride), flat: one row for each sum, one column for each point.
    """
    work = np.empty(8)
    own = np.empty(N_SUMS)
    bounds = _limits(limits)
    for start in range(first, last, _ROWS):
        for j in range(start + 1, n - 1):
            for i in range(start, min(start + _ROWS, last, j)):
                c = spread_double(flat[i * stride + j])
                x, y = i * stride + j + 1, j * stride + j + 1
                size = n - j - 1
                found = _shared_row(flat, x, y, c, size, bounds, limits, sums, j + 1, stride)
                own[:] = 0.0
                _collect(found, work, own)
                for s in range(N_SUMS):
                    sums[s * stride + i] += own[s]
                    sums[s * stride + j] += own[s]
