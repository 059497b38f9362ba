"""Kernels of the overlaps: all triangles of a set of points."""

from __future__ import annotations

from spinglass_nn._core.jit import kernel
from spinglass_nn.typing import Float64Array


@kernel
def total_gap(distances: Float64Array, work: Float64Array) -> float:
    """Sum of d3 - d2 over all triangles; ``work`` (n,) is scratch."""
    n_points = distances.shape[0]
    total = 0.0
    for i in range(n_points):
        for j in range(i + 1, n_points):
            base = distances[i, j]
            for k in range(j + 1, n_points):
                b = distances[i, k]
                c = distances[j, k]
                low = b if b < c else c
                high = c if b < c else b
                d3 = base if base > high else high
                inner = base if base < high else high
                work[k] = d3 - (inner if inner > low else low)
            total += _sum_from(work, j + 1)
    return total


@kernel
def triangle_rows(
    distances: Float64Array,
    first: int,
    last: int,
    tolerance: float,
    work: Float64Array,
    sums: Float64Array,
) -> None:
    """Add up all triangles i < j < k with ``first <= i < last``.

    ``distances`` is (n, n), ``work`` (5, n) scratch, ``sums`` (5, n): for each point the sum
    over triangles that hold it of d3 - d2, (d3 - d2)/(d3 - d1), (d3 - d2)/d3 (0/0 = 0), and
    the numbers of equilateral (d3 - d1 <= tolerance) and of merely isosceles ones
    (d3 - d2 <= tolerance), for sides d1 <= d2 <= d3.
    """
    n_points = distances.shape[0]
    for i in range(first, last):
        for j in range(i + 1, n_points):
            base = distances[i, j]
            # one pass without sums, which the compiler turns into vector code
            for k in range(j + 1, n_points):
                b = distances[i, k]
                c = distances[j, k]
                low = b if b < c else c
                high = c if b < c else b
                d3 = base if base > high else high
                d1 = base if base < low else low
                inner = base if base < high else high
                d2 = inner if inner > low else low
                gap = d3 - d2
                spread = d3 - d1
                work[0, k] = gap
                # where a divisor vanishes the gap does too; no branch, so no scalar code
                work[1, k] = gap / (spread if spread > 0.0 else 1.0)
                work[2, k] = gap / (d3 if d3 > 0.0 else 1.0)
                equal = 1.0 if spread <= tolerance else 0.0
                work[3, k] = equal
                work[4, k] = (1.0 if gap <= tolerance else 0.0) - equal
            for s in range(5):
                _spread_row(work[s], i, j, sums[s])


@kernel
def _spread_row(work: Float64Array, i: int, j: int, sums: Float64Array) -> None:
    """Give the values of triangles (i, j, k > j) to all three of their points."""
    total = _sum_from(work, j + 1)
    sums[i] += total
    sums[j] += total
    for k in range(j + 1, work.shape[0]):
        sums[k] += work[k]


@kernel
def _sum_from(work: Float64Array, start: int) -> float:
    """Sum of ``work[start:]`` in four interleaved parts: a fixed order without waiting."""
    a0 = a1 = a2 = a3 = 0.0
    k = start
    while k + 3 < work.shape[0]:
        a0 += work[k]
        a1 += work[k + 1]
        a2 += work[k + 2]
        a3 += work[k + 3]
        k += 4
    while k < work.shape[0]:
        a0 += work[k]
        k += 1
    return (a0 + a1) + (a2 + a3)
