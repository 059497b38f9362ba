"""Loops between the matrix products: sums in float64, and pairs one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, kernel


@kernel
def accumulate(total: Any, product: Any) -> None:
    """Add a float32 product to a float64 total."""
    for i in range(total.shape[0]):
        sums, terms = total[i], product[i]
        for j in range(total.shape[1]):
            sums[j] += terms[j]


@kernel
def add_squares(block: Any, squares: Any) -> None:
    """Add to ``squares[a]`` the sum of squares of row a, in float64."""
    for a in range(block.shape[0]):
        row = block[a]
        total = 0.0
        for i in range(row.size):
            x = np.float64(row[i])  # float() would leave it in float32
            total += x * x
        squares[a] += total


@inlined
def _square(x: Any, y: Any, factor_x: float, factor_y: float) -> Any:
    difference = x * factor_x - y * factor_y  # factors are float64
    return difference * difference


@kernel
def separations(rows: Any, factors: Any, first: Any, second: Any, signs: Any,
                squares: Any) -> None:  # fmt: skip
    """|c_a x_a - s c_b x_b|^2 in float64, for the pairs of points listed, signs s = ±1."""
    n = rows.shape[1]
    even = n - n % 4
    for k in range(first.size):
        x, y = rows[first[k]], rows[second[k]]
        c, d = factors[first[k]], factors[second[k]] * signs[k]
        s0 = s1 = s2 = s3 = 0.0  # four sums, for each addition waits for the one before
        for i in range(0, even, 4):
            s0 += _square(x[i], y[i], c, d)
            s1 += _square(x[i + 1], y[i + 1], c, d)
            s2 += _square(x[i + 2], y[i + 2], c, d)
            s3 += _square(x[i + 3], y[i + 3], c, d)
        for i in range(even, n):
            s0 += _square(x[i], y[i], c, d)
        squares[k] = (s0 + s1) + (s2 + s3)
