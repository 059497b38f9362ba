"""Kernels that count, in each of 512 lanes, how many of many words have a bit set.

Lane (column, bit) is one bit of eight words. A count is kept as bit planes: plane p, eight
words, holds the bits of weight 2^p of all lanes. Carry-save adders take eight words at a time
and hand on one carry of weight 8; carries wait in pairs at each plane above, so that a full
adder serves two of them. `to_integers` turns planes into one integer a lane.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, part
from spinglass_nn._core.simd import any_bit, load_words, majority, spread_word, store_words

N_PLANES = 32
FIRST = np.int64(0)  # a literal 0 as an argument would have a kernel compiled for it alone
_ZERO = np.uint64(0)


@inlined
def _add_eight(
    ones: Any, twos: Any, fours: Any,
    a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any,
) -> Any:  # fmt: skip
    """Seven full adders: the new ones, twos and fours, and a carry of weight 8."""
    two_1, ones = majority(ones, a, b), ones ^ a ^ b
    two_2, ones = majority(ones, c, d), ones ^ c ^ d
    two_3, ones = majority(ones, e, f), ones ^ e ^ f
    two_4, ones = majority(ones, g, h), ones ^ g ^ h
    four_1, twos = majority(twos, two_1, two_2), twos ^ two_1 ^ two_2
    four_2, twos = majority(twos, two_3, two_4), twos ^ two_3 ^ two_4
    eight, fours = majority(fours, four_1, four_2), fours ^ four_1 ^ four_2
    return ones, twos, fours, eight


@inlined
def _carry(planes: Any, waiting: Any, turn: int, carry: Any) -> None:
    """Add the carry of the turn-th eight words: a full adder wherever another one waits."""
    at = 24
    while turn & 1:
        low, other = load_words(planes, at), load_words(waiting, at)
        store_words(planes, at, low ^ other ^ carry)
        carry = majority(low, other, carry)
        turn >>= 1
        at += 8
    store_words(waiting, at, carry)


@inlined
def _clear(planes: Any) -> Any:
    zero = spread_word(_ZERO)
    for p in range(N_PLANES):
        store_words(planes, 8 * p, zero)
    return zero


@part
def _finish(planes: Any, waiting: Any, n_turns: int, ones: Any, twos: Any, fours: Any) -> None:
    """Put the lowest planes in place and add the carries still waiting."""
    store_words(planes, 0, ones)
    store_words(planes, 8, twos)
    store_words(planes, 16, fours)
    at = np.int64(24)
    while n_turns > 0:
        if n_turns & 1:
            add_bits(planes, at, load_words(waiting, at))
        n_turns >>= 1
        at += 8


@inlined
def add_bits(planes: Any, at: Any, bits: Any) -> None:
    """Add to each lane 2^p, p = at / 8, where its bit is set."""
    while any_bit(bits):
        old = load_words(planes, at)
        store_words(planes, at, old ^ bits)
        bits = old & bits
        at += 8


@inlined
def _differ(
    words: Any, tails: Any, heads: Any, b: int, signs: Any, n_bond: Any
) -> Any:  # fmt: skip
    return (
        load_words(words, tails[b])
        ^ load_words(words, heads[b])
        ^ load_words(signs, n_bond * b)
    )  # fmt: skip


@part
def count_unsatisfied(
    words: Any, tails: Any, heads: Any, signs: Any, n_bond: Any, planes: Any, waiting: Any
) -> None:
    """Count the pairs that differ, or agree where their sign is set; a multiple of 8.

    The sign of pair b is the eight words at ``signs[n_bond b]``.
    """
    zero = _clear(planes)
    ones, twos, fours = zero, zero, zero
    n_turns = tails.shape[0] // 8
    for turn in range(n_turns):
        b = 8 * turn
        ones, twos, fours, eight = _add_eight(
            ones, twos, fours,
            _differ(words, tails, heads, b, signs, n_bond),
            _differ(words, tails, heads, b + 1, signs, n_bond),
            _differ(words, tails, heads, b + 2, signs, n_bond),
            _differ(words, tails, heads, b + 3, signs, n_bond),
            _differ(words, tails, heads, b + 4, signs, n_bond),
            _differ(words, tails, heads, b + 5, signs, n_bond),
            _differ(words, tails, heads, b + 6, signs, n_bond),
            _differ(words, tails, heads, b + 7, signs, n_bond),
        )  # fmt: skip
        _carry(planes, waiting, turn, eight)
    _finish(planes, waiting, n_turns, ones, twos, fours)


@part
def count_set(
    words: Any, places: Any, start: Any, stop: Any, planes: Any, waiting: Any
) -> None:
    """Count the words at ``places[start:stop]``, a multiple of 8 of them."""
    zero = _clear(planes)
    ones, twos, fours = zero, zero, zero
    n_turns = (stop - start) // 8
    for turn in range(n_turns):
        b = start + 8 * turn
        ones, twos, fours, eight = _add_eight(
            ones, twos, fours,
            load_words(words, places[b]), load_words(words, places[b + 1]),
            load_words(words, places[b + 2]), load_words(words, places[b + 3]),
            load_words(words, places[b + 4]), load_words(words, places[b + 5]),
            load_words(words, places[b + 6]), load_words(words, places[b + 7]),
        )  # fmt: skip
        _carry(planes, waiting, turn, eight)
    _finish(planes, waiting, n_turns, ones, twos, fours)


@inlined
def product(a: Any, b: Any, at: int, offset: int, left: int, right: int) -> Any:
    """Where systems differ: words of a, and those of b so many columns and bits away."""
    return load_words(a, at) ^ ((load_words(b, at + offset) >> right) << left)


@part
def count_products(
    a: Any, b: Any, offset: int, left: int, right: int, n_words: int, planes: Any, waiting: Any
) -> None:
    """Count the sites where two systems differ; ``n_words`` is a multiple of 64."""
    zero = _clear(planes)
    ones, twos, fours = zero, zero, zero
    n_turns = n_words // 64
    for turn in range(n_turns):
        at = 8 + 64 * turn
        ones, twos, fours, eight = _add_eight(
            ones, twos, fours,
            product(a, b, at, offset, left, right),
            product(a, b, at + 8, offset, left, right),
            product(a, b, at + 16, offset, left, right),
            product(a, b, at + 24, offset, left, right),
            product(a, b, at + 32, offset, left, right),
            product(a, b, at + 40, offset, left, right),
            product(a, b, at + 48, offset, left, right),
            product(a, b, at + 56, offset, left, right),
        )  # fmt: skip
        _carry(planes, waiting, turn, eight)
    _finish(planes, waiting, n_turns, ones, twos, fours)


@part
def to_integers(planes: Any, start: Any) -> None:
    """Turn 32 bit planes, the first at ``start``, into integers in place.

    Bit b of plane p becomes bit p of word b, in both halves of each word alike: afterwards the
    low half of word (b, column) is the count of lane (column, b), the high half that of
    (column, b + 32); see `place_of`.
    """
    mask = np.uint64(0x0000FFFF0000FFFF)
    width = 16
    while width > 0:
        spread = spread_word(mask)
        for p in range(N_PLANES):
            if p & width == 0:
                at = start + 8 * p
                low, high = load_words(planes, at), load_words(planes, at + 8 * width)
                moved = ((low >> width) ^ high) & spread
                store_words(planes, at, low ^ (moved << width))
                store_words(planes, at + 8 * width, high ^ moved)
        width >>= 1
        mask ^= mask << np.uint64(width)


@inlined
def place_of(column: int, bit: int) -> int:
    """Where the count of a lane stands among the int32 made by `to_integers`."""
    return 16 * (bit & 31) + 2 * column + (bit >> 5)
