"""Kernel of the mean gap d3 - d2: triangles are counted, 512 at a time, not visited."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel
from spinglass_nn._core.simd import count_each, load_words, prefetch, spread_word, sum_words
from spinglass_nn.typing import Float64Array

_0 = np.uint64(0)
_1 = np.uint64(1)
_AHEAD = 16  # distances asked for before they are needed: their order is random


@kernel
def gap_by_ranks(
    order: NDArray[np.int64],
    pairs: Float64Array,
    reference: float,
    bits: NDArray[np.uint64],
    width: int,
    degree: NDArray[np.int64],
) -> float:
    """Sum of d3 - d2 over all triangles.

    Pairs become edges of a graph from the nearest to the farthest. When (i, j) is added, the
    points k joined to both make the triangles in which it is the longest side, those joined
    to one of them the triangles in which it is the second; so it adds its distance (from
    ``reference``, which keeps the digits) times the difference of the two numbers.

    ``order`` sorts the condensed ``pairs``. ``bits`` (n, width), flat, and ``degree`` (n,)
    are zero on entry: who is joined to whom, and to how many.
    """
    n = degree.size
    start = np.empty(n, dtype=np.int64)  # where the pairs of each first point begin
    for i in range(n):
        start[i] = i * n - i * (i + 1) // 2
    total = 0.0
    for place in range(order.size):
        pair = order[place]
        prefetch(pairs, order[min(place + _AHEAD, order.size - 1)])
        i = _first(pair, start, n)
        j = pair - start[i] + i + 1
        counts = spread_word(_0)
        x, y = i * width, j * width
        for word in range(0, width, 8):
            both = load_words(bits, x + word) & load_words(bits, y + word)
            counts = counts + count_each(both)  # no += of vectors
        longest = sum_words(counts)
        second = degree[i] + degree[j] - 2 * longest
        total += (pairs[pair] - reference) * float(longest - second)
        bits[x + (j >> 6)] |= _1 << np.uint64(j & 63)
        bits[y + (i >> 6)] |= _1 << np.uint64(i & 63)
        degree[i] += 1
        degree[j] += 1
    return total


@kernel
def _first(pair: int, start: NDArray[np.int64], n: int) -> int:
    """The first point of a pair in condensed form: an estimate, put right."""
    b = 2.0 * n - 1.0
    i = int((b - np.sqrt(b * b - 8.0 * pair)) / 2.0)
    while start[i] > pair:
        i -= 1
    while i + 1 < n and start[i + 1] <= pair:
        i += 1
    return i
