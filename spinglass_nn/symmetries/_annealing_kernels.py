"""Kernel of annealed matching: swaps of hidden units under Metropolis' rule.

Unit i of layer k has one row of numbers that meet a neighbouring hidden layer: its ``width``
weights from the layer below and its ``width`` weights to the layer above, zero where there is
nothing. What meets inputs, biases and outputs, which nobody permutes, is in ``fixed``: entry
(k, i, j) is that part of the inner product of a's unit i and b's unit j. Rows of b lie in the
order found so far, so that a swap of two units exchanges two rows in their own layer and two
columns in both neighbours.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, kernel
from spinglass_nn._core.simd import load_doubles, spread_double
from spinglass_nn._core.simd_order import sum_doubles
from spinglass_nn._core.streams import below, uniform
from spinglass_nn.typing import Float64Array, IntArray

VECTOR = 8  # doubles in one


@inlined
def _overlap_of_differences(a: Any, b: Any, i: int, j: int, length: int, work: Any) -> Any:
    """(a_i - a_j) . (b_i - b_j), of rows that begin at places i and j of flat arrays."""
    total = spread_double(0.0)
    for m in range(0, length, VECTOR):
        difference = load_doubles(b, i + m) - load_doubles(b, j + m)
        total = total + (load_doubles(a, i + m) - load_doubles(a, j + m)) * difference
    return sum_doubles(total, work)


@inlined
def _exchange(rows: Any, first: int, second: int, count: int, stride: int) -> None:
    """Exchange two rows (stride 1) or columns of a flat array."""
    for m in range(0, count * stride, stride):
        rows[first + m], rows[second + m] = rows[second + m], rows[first + m]


@inlined
def _swap(rows: Any, orders: Any, k: int, i: int, j: int, width: int) -> None:
    """Swap units i and j of b's layer k: their rows, and their columns in both neighbours."""
    length = 2 * width
    layer = width * length
    _exchange(rows, k * layer + i * length, k * layer + j * length, length, 1)
    if k > 0:
        below_it = (k - 1) * layer + width
        _exchange(rows, below_it + i, below_it + j, width, length)
    if k + 1 < orders.shape[0]:
        above_it = (k + 1) * layer
        _exchange(rows, above_it + i, above_it + j, width, length)
    orders[k, i], orders[k, j] = orders[k, j], orders[k, i]


@kernel
def anneal(
    rows_a: Float64Array,
    rows_b: Float64Array,
    fixed: Float64Array,
    orders: IntArray,
    sizes: IntArray,
    temperatures: Float64Array,
    state: Any,
) -> None:
    """One sweep at each temperature: for every unit, the proposal to swap it with another."""
    width = fixed.shape[1]
    work = np.empty(VECTOR)
    for temperature in temperatures:
        for k in range(sizes.size):
            order = orders[k]
            for i in range(sizes[k] if sizes[k] > 1 else 0):
                j = below(state, sizes[k] - 1)
                j += j >= i
                gain = fixed[k, i, order[j]] + fixed[k, j, order[i]]
                gain -= fixed[k, i, order[i]] + fixed[k, j, order[j]]
                first, second = (k * width + i) * 2 * width, (k * width + j) * 2 * width
                gain -= _overlap_of_differences(rows_a, rows_b, first, second, 2 * width, work)
                if gain >= 0 or uniform(state) < math.exp(gain / temperature):
                    _swap(rows_b, orders, k, i, j, width)
