"""Kernels that sweep 512 systems at once: the Metropolis rule in bits, exact to 2^-56.

A site is eight words, and a word column holds systems of one disorder sample. Each site has
``slots`` bonds; those that the graph lacks are bonds of the site with itself, always satisfied
or never. With k unsatisfied bonds a flip costs 2 |J| (slots - 2 k). Above k = slots / 2 it is
certain, below there is one chance for each k. A lane draws a uniform number u bit by bit and
flips if u < P, P its chance in 56 bits: the first 12 bits are compared from the lowest up,
`low` being the outcome so far, and where all of them tie (one lane in 4096) the others follow
from the highest down, four at a time, until nothing ties.

At k = slots / 2 a flip costs nothing and is made with probability 7/8. Were it certain, sweeps
in a fixed order would not reach all states of rings, of spins without bonds, and of some
samples of any small lattice: walls would be carried along, and patterns repeat, for ever.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, part
from spinglass_nn._core.simd import (
    any_bit,
    load_words,
    majority,
    mask_nonzero,
    spread_word,
    store_words,
)
from spinglass_nn._core.simd_draws import next_words

N_BITS = 56
_AT_ONCE = 12
_MORE = 4


@inlined
def _unsatisfied(spins: Any, signs: Any, table: Any, k: int, x: Any) -> Any:
    return x ^ load_words(spins, table[k]) ^ load_words(signs, table[k + 1])


@inlined
def _count(slots: int, spins: Any, signs: Any, table: Any, k: int, x: Any) -> Any:
    """Where more than half are unsatisfied, where half, and the two lowest bits of how many."""
    a = _unsatisfied(spins, signs, table, k, x)
    b = _unsatisfied(spins, signs, table, k + 2, x)
    c = _unsatisfied(spins, signs, table, k + 4, x)
    d = _unsatisfied(spins, signs, table, k + 6, x)
    one_1, two_1 = a ^ b ^ c, majority(a, b, c)
    if slots == 4:
        two_2, ones = one_1 & d, one_1 ^ d
        twos, fours = two_1 ^ two_2, two_1 & two_2
        return fours | (twos & ones), twos & ~ones, ones, twos
    e = _unsatisfied(spins, signs, table, k + 8, x)
    f = _unsatisfied(spins, signs, table, k + 10, x)
    one_2, two_2 = d ^ e ^ f, majority(d, e, f)
    if slots == 6:
        ones, two_3 = one_1 ^ one_2, one_1 & one_2
        twos, fours = two_1 ^ two_2 ^ two_3, majority(two_1, two_2, two_3)
        return fours, twos & ones, ones, twos
    g = _unsatisfied(spins, signs, table, k + 12, x)
    h = _unsatisfied(spins, signs, table, k + 14, x)
    one_3, two_3 = one_1 ^ one_2 ^ g, majority(one_1, one_2, g)
    ones, two_4 = one_3 ^ h, one_3 & h
    two_5, four_1 = two_1 ^ two_2 ^ two_3, majority(two_1, two_2, two_3)
    twos, four_2 = two_5 ^ two_4, two_5 & two_4
    half = (four_1 ^ four_2) & ~(twos | ones)
    return (four_1 | four_2) & ~half, half, ones, twos


@inlined
def _chance(slots: int, chances: Any, at: int, ones: Any, twos: Any) -> Any:
    """One bit of the chance of each lane, by its number of unsatisfied bonds."""
    zero, one = load_words(chances, at), load_words(chances, at + 8)
    below_two = (one & ones) | (zero & ~ones)
    if slots == 4:
        return below_two
    two = load_words(chances, at + 16)
    if slots == 6:
        return (two & twos) | (below_two & ~twos)
    three = load_words(chances, at + 24)
    above = (three & ones) | (two & ~ones)
    return (above & twos) | (below_two & ~twos)


@inlined
def _blend(where: Any, a: Any, b: Any) -> Any:
    return (a & where) | (b & ~where)


@inlined
def _settle(
    slots: int, chances: Any, at: int, ones: Any, twos: Any, low: Any, tied: Any,
    a: Any, b: Any, c: Any, d: Any,
) -> Any:  # fmt: skip
    """Compare further bits where all so far tie.

    Only columns with a tie draw, so that a column's numbers do not depend on its neighbours.
    """
    step = 4 * slots  # words of one bit of the chances
    drawn = _AT_ONCE
    while any_bit(tied) and drawn < N_BITS:
        mine = mask_nonzero(tied)
        e, f, g, h = a, b, c, d
        for _ in range(_MORE):
            word, e, f, g, h = next_words(e, f, g, h)
            bit = _chance(slots, chances, at + drawn * step, ones, twos)
            low = low | (tied & word & bit)
            tied = tied & (word ^ bit)
            drawn += 1
        a, b = _blend(mine, e, a), _blend(mine, f, b)
        c, d = _blend(mine, g, c), _blend(mine, h, d)
    return low, a, b, c, d


@part
def sweep(
    kind: Any, spins: Any, signs: Any, table: Any, chance_at: Any, chances: Any, used: Any,
    moves: Any,
) -> None:  # fmt: skip
    """Update every spin of one block once, in the order of the sites.

    ``kind`` is a tuple with an entry for each slot, of which the length alone matters: as it
    belongs to the type, each number of slots is compiled by itself, when it is needed.
    """
    slots = len(kind)
    step = 4 * slots
    a, b = load_words(moves, 0), load_words(moves, 8)
    c, d = load_words(moves, 16), load_words(moves, 24)
    mine = load_words(used, 0)
    for i in range(chance_at.shape[0]):
        x = load_words(spins, 8 * i + 8)
        above, half, ones, twos = _count(slots, spins, signs, table, 2 * slots * i, x)
        low, tied = spread_word(np.uint64(0)), mine & ~(above | half)
        at, idle = chance_at[i] + _AT_ONCE * step, half
        for _ in range(_AT_ONCE // 3):
            idle = half
            for _ in range(3):
                at -= step
                word, a, b, c, d = next_words(a, b, c, d)
                bit = _chance(slots, chances, at, ones, twos)
                low = majority(low, word, bit)  # word is the complement of a bit of u
                tied = tied & (word ^ bit)
                idle = idle & word
        if any_bit(tied):
            low, a, b, c, d = _settle(
                slots, chances, at, ones, twos, low, tied, a, b, c, d
            )  # fmt: skip
        flips = above | _blend(half, ~idle, low)
        store_words(spins, 8 * i + 8, x ^ flips)
    store_words(moves, 0, a)
    store_words(moves, 8, b)
    store_words(moves, 16, c)
    store_words(moves, 24, d)
