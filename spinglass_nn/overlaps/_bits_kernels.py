"""How many bits differ between rows of packed bits: exclusive or, and counts of ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, kernel
from spinglass_nn._core.simd import count_each, load_words, spread_word, sum_words

_0 = np.uint64(0)
_TILE = 32  # rows b at a time, so that they stay in the cache while all rows a pass by


@inlined
def _zeros() -> Any:
    zero = spread_word(_0)
    return zero, zero, zero, zero


@inlined
def _add(counts: Any, a: int, b: int, sums: Any) -> None:
    counts[a, b] += sum_words(sums[0])
    counts[a, b + 1] += sum_words(sums[1])
    counts[a, b + 2] += sum_words(sums[2])
    counts[a, b + 3] += sum_words(sums[3])


@kernel
def add_differences(one: Any, two: Any, counts: Any) -> None:
    """Add to ``counts[a, b]`` the bits in which row a of ``one`` and row b of ``two`` differ.

    Rows are whole vectors of eight words; ``one`` has an even number of them, ``two`` a
    multiple of four: two by four are compared at a time, so that each vector that was loaded
    serves several pairs.
    """
    n_words = one.shape[1]
    left, right = one.reshape(one.size), two.reshape(two.size)
    for start in range(0, two.shape[0], _TILE):
        stop = min(start + _TILE, two.shape[0])
        for a in range(0, one.shape[0], 2):
            for b in range(start, stop, 4):
                c0, c1, c2, c3 = _zeros()
                d0, d1, d2, d3 = _zeros()
                for w in range(0, n_words, 8):
                    i, j = a * n_words + w, b * n_words + w
                    x, y = load_words(left, i), load_words(left, i + n_words)
                    z = load_words(right, j)
                    c0, d0 = c0 + count_each(x ^ z), d0 + count_each(y ^ z)
                    z = load_words(right, j + n_words)
                    c1, d1 = c1 + count_each(x ^ z), d1 + count_each(y ^ z)
                    z = load_words(right, j + 2 * n_words)
                    c2, d2 = c2 + count_each(x ^ z), d2 + count_each(y ^ z)
                    z = load_words(right, j + 3 * n_words)
                    c3, d3 = c3 + count_each(x ^ z), d3 + count_each(y ^ z)
                _add(counts, a, b, (c0, c1, c2, c3))
                _add(counts, a + 1, b, (d0, d1, d2, d3))
