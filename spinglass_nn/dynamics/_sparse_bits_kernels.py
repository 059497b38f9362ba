"""Kernels between floats ±1 in lanes, packed configurations, and packed sites.

A packed configuration is a row of words, spin i in bit i % 64 of word i // 64, set where the
spin is -1; rows are padded to whole vectors of eight words, 512 spins. Packed sites hold one
bit of each of 64 systems in the word of a site; site 512 m + 64 c + r stands at place
512 m + 8 r + c, so that eight transpositions of 64 x 64 bits go on at once in vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, kernel, part
from spinglass_nn._core.simd import (
    count_ones,
    load_floats,
    load_words,
    mask_negative,
    signs,
    spread_word,
    store_floats,
    store_words,
)

_MASKS = (0x00000000FFFFFFFF, 0x0000FFFF0000FFFF, 0x00FF00FF00FF00FF,
          0x0F0F0F0F0F0F0F0F, 0x3333333333333333, 0x5555555555555555)  # fmt: skip
_TABLE = np.array(_MASKS, dtype=np.uint64)
_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)


@inlined
def place_of(site: int) -> int:
    """Where the word of a site stands among packed sites."""
    return (site & ~511) + 8 * (site & 63) + ((site >> 6) & 7)


@part
def transpose(rows: Any) -> None:
    """Transpose 64 rows of eight words (512,), each word column by itself."""
    n_rows, step = rows.shape[0] // 8, 0
    j = n_rows // 2
    while j > 0:  # six steps, not known to the compiler, which would write all of them out
        mask, shift = spread_word(_TABLE[step]), np.uint64(j)
        for k in range(n_rows):
            if k & j == 0:
                a, b = load_words(rows, 8 * k), load_words(rows, 8 * (k + j))
                moved = ((a >> shift) ^ b) & mask
                store_words(rows, 8 * k, a ^ (moved << shift))
                store_words(rows, 8 * (k + j), b ^ moved)
        j //= 2
        step += 1


@part
def pack_block(
    blocks: Any, spins: Any, block: int, n_spins: int, begin: int, rows: Any
) -> None:
    """Signs of the 512 spins from ``begin`` on, of up to 64 lanes, as packed sites."""
    vector, width = blocks[block, 0], blocks[block, 1]
    start = 16 * vector * n_spins
    for k in range(512):
        rows[k] = _0
    for i in range(begin, min(begin + 512, n_spins)):
        word = _0
        for v in range(width):
            signs = mask_negative(load_floats(spins, start + 16 * (i * width + v)))
            word |= signs << np.uint64(16 * v)
        rows[place_of(i - begin)] = word


@kernel
def pack_lanes(
    blocks: Any, spins: Any, n_spins: int, row_of: Any, bits: Any, rows: Any
) -> None:
    """Pack all systems: lane k into row ``row_of[k]`` of ``bits`` (n_systems, n_words)."""
    n_systems, n_words = bits.shape
    flat = bits.reshape(n_systems * n_words)
    for block in range(blocks.shape[0]):
        lane = 16 * blocks[block, 0]
        there = min(16 * blocks[block, 1], n_systems - lane)
        for begin in range(0, n_spins, 512):
            pack_block(blocks, spins, block, n_spins, begin, rows)
            transpose(rows)
            for k in range(there):
                at = row_of[lane + k] * n_words + begin // 64
                store_words(flat, at, load_words(rows, 8 * k))


@kernel
def unpack_lanes(
    blocks: Any, spins: Any, n_spins: int, row_of: Any, bits: Any, rows: Any
) -> None:
    """The reverse of `pack_lanes`; lanes behind the last system become +1."""
    n_systems, n_words = bits.shape
    flat = bits.reshape(n_systems * n_words)
    for block in range(blocks.shape[0]):
        vector, width = blocks[block, 0], blocks[block, 1]
        lane, start = 16 * vector, 16 * vector * n_spins
        there = min(16 * width, n_systems - lane)
        for begin in range(0, n_spins, 512):
            for k in range(512):
                rows[k] = _0
            for k in range(there):
                at = row_of[lane + k] * n_words + begin // 64
                store_words(rows, 8 * k, load_words(flat, at))
            transpose(rows)
            for i in range(begin, min(begin + 512, n_spins)):
                word, at = rows[place_of(i - begin)], start + 16 * width * i
                for v in range(width):
                    store_floats(spins, at + 16 * v, signs(word >> np.uint64(16 * v)))


@part
def pack_products(one: Any, two: Any, first: int, count: int, sites: Any) -> None:
    """Products of configurations t = first, ..., first + count - 1 as packed sites.

    ``one`` and ``two`` are (n_temperatures, n_words) of two replicas; bit t - first of a word
    is set where their spins differ. The word behind the last stays 0.
    """
    n_temperatures, n_words = one.shape
    a = one.reshape(n_temperatures * n_words)
    b = two.reshape(n_temperatures * n_words)
    for w in range(0, n_words, 8):
        start = 64 * w
        for k in range(start, start + 512):
            sites[k] = _0
        for t in range(count):
            at = (first + t) * n_words + w
            store_words(sites, start + 8 * t, load_words(a, at) ^ load_words(b, at))
        transpose(sites[start : start + 512])


@inlined
def _full_adder(a: Any, b: Any, c: Any) -> Any:
    half = a ^ b
    return half ^ c, (a & b) | (half & c)


@part
def _carry(planes: Any, plane: int, word: Any) -> None:
    while word != _0:
        before = planes[plane]
        planes[plane] = before ^ word
        word = before & word
        plane += 1


@part
def count_pairs(sites: Any, pairs: Any, planes: Any) -> None:
    """How many pairs differ, for 64 systems at once, as binary numbers in ``planes``.

    Bit k of plane p is digit p of the number of pairs of places whose words differ in bit k.
    Seven words at a time become three by full adders.
    """
    for p in range(planes.shape[0]):
        planes[p] = _0
    e, stop = 0, pairs.shape[0]
    while e + 7 <= stop:
        a = sites[pairs[e, 0]] ^ sites[pairs[e, 1]]
        b = sites[pairs[e + 1, 0]] ^ sites[pairs[e + 1, 1]]
        c = sites[pairs[e + 2, 0]] ^ sites[pairs[e + 2, 1]]
        d = sites[pairs[e + 3, 0]] ^ sites[pairs[e + 3, 1]]
        f = sites[pairs[e + 4, 0]] ^ sites[pairs[e + 4, 1]]
        g = sites[pairs[e + 5, 0]] ^ sites[pairs[e + 5, 1]]
        h = sites[pairs[e + 6, 0]] ^ sites[pairs[e + 6, 1]]
        one, two = _full_adder(a, b, c)
        one, other = _full_adder(one, d, f)
        one, third = _full_adder(one, g, h)
        two, four = _full_adder(two, other, third)
        planes[0], one = planes[0] ^ one, planes[0] & one
        planes[1], two = _full_adder(planes[1], two, one)
        planes[2], four = _full_adder(planes[2], four, two)
        _carry(planes, 3, four)
        e += 7
    while e < stop:
        _carry(planes, 0, sites[pairs[e, 0]] ^ sites[pairs[e, 1]])
        e += 1


@part
def number(planes: Any, k: int) -> Any:
    """The number that the planes hold for system k."""
    found = _0
    for p in range(planes.shape[0]):
        found |= ((planes[p] >> np.uint64(k)) & _1) << np.uint64(p)
    return np.int64(found)


@part
def place_of_set_bit(words: Any, which: int) -> Any:
    """Which bit of a row of words is set bit number ``which``."""
    w = 0
    while which >= count_ones(words[w]):
        which -= count_ones(words[w])
        w += 1
    word = words[w]
    for _ in range(which):
        word &= word - _1
    return 64 * w + count_ones((word & (~word + _1)) - _1)
