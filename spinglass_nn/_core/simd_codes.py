"""Numbers that take few values, as a byte each: found, written down, read in kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel, spliced
from spinglass_nn._core.simd_reals import fused, lanes_of, load_as, spread_real, store_reals

Array = NDArray[Any]


@spliced
def decode(codes: Array, scale: Array, out: Array, at: int) -> None:
    """The numbers codes stand for; the first sum is exact, the second its correction."""
    s0, s1 = spread_real(scale[0]), spread_real(scale[1])
    s2, s3 = spread_real(scale[2]), spread_real(scale[3])
    center = spread_real(scale[4])
    for d in range(0, codes.size, lanes_of(scale)):
        c = load_as(codes, d, scale) - center
        store_reals(out, at + d, fused(c, s0, s1) + fused(c, s2, s3))


@kernel
def few_values(bits: Array, table: Array, used: Array) -> int:
    """How many different words there are, or -1 for more than 256.

    They are left in ``table``, a power of two long, where ``used`` is set.
    """
    n, mask, last = 0, table.size - 1, bits[0]
    for i in range(bits.size):
        word = bits[i]
        if i > 0 and word == last:
            continue
        last = word
        place = np.int64((np.uint64(word) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32))
        place &= mask
        while used[place] and table[place] != word:
            place = (place + 1) & mask
        if not used[place]:
            if n == 256:
                return -1
            n += 1
            used[place], table[place] = True, word
    return n


@kernel
def encode(rows: Array, first: float, step: float, codes: Array) -> None:
    """The number of each entry on the grid ``first + k step``."""
    for i in range(rows.shape[0]):
        for d in range(rows.shape[1]):
            codes[i, d] = np.uint8((rows[i, d] - first) / step + 0.5)
