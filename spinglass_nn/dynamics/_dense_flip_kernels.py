"""Kernels that find the flips of one block of 64 spins, in registers, two systems at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spinglass_nn._core.jit import inlined
from spinglass_nn._core.simd import (
    load_floats,
    load_ints,
    load_words,
    lowest_bit,
    mask_negative,
    multiply_add,
    signs,
    spread_float,
    store_floats,
    store_words,
    to_floats,
)
from spinglass_nn.dynamics._ladder_kernels import threshold
from spinglass_nn.typing import IntArray

ROOM = 66  # places in a list of at most 64 flips: one more flip may be written, not counted

_0, _1, _16, _32, _48 = (np.uint64(n) for n in (0, 1, 16, 32, 48))
_CHANGE = np.array([-1, 0, 1], dtype=np.float32)


class Flips(NamedTuple):
    """Flips of one block of spins in all systems, with room for one system more.

    Parameters
    ----------
    rows : int64 array (ROOM * (n_systems + 1),)
        Where in a tile the row of each flipped spin begins: in the room of each system, from
        the front those to be added, from the back those to be subtracted.
    added, subtracted : integer arrays (n_systems + 1,)
        How many.
    """

    rows: IntArray
    added: IntArray
    subtracted: IntArray


@inlined
def four_floats(array: Any, place: int) -> Any:
    return (
        load_floats(array, place),
        load_floats(array, place + 16),
        load_floats(array, place + 32),
        load_floats(array, place + 48),
    )


@inlined
def four_signs(spins: Any) -> Any:
    return signs(spins), signs(spins >> _16), signs(spins >> _32), signs(spins >> _48)


@inlined
def negative_lanes(t: Any) -> Any:
    """A bit for each of 64 floats: set if negative."""
    low = mask_negative(t[0]) | (mask_negative(t[1]) << _16)
    return low | (mask_negative(t[2]) << _32) | (mask_negative(t[3]) << _48)


@inlined
def enter(flips: Any, m: int, place: Any, up: Any, added: Any, subtracted: Any) -> None:
    """List a flip behind those that are counted; ``up`` is 1 if the spin was down, or 0."""
    flips.rows[ROOM * m + up * added + (1 - up) * (ROOM - 1 - subtracted)] = place * 64


@inlined
def list_all(flips: Any, m: int, spins: Any, ready: Any) -> None:
    """List flips of system m that do not depend on one another."""
    added = subtracted = np.int64(0)
    while ready != _0:
        place = lowest_bit(ready)
        up = np.int64((spins >> np.uint64(place)) & _1)
        enter(flips, m, place, up, added, subtracted)
        added, subtracted = added + up, subtracted + 1 - up
        ready &= ready - _1
    flips.added[m], flips.subtracted[m] = added, subtracted


@inlined
def draw(systems: Any, heat_bath: bool, margins: Any, block: int, r: int) -> None:
    """Margins of one block in all systems of ladder r: s f less the random thresholds."""
    n_systems, n_temperatures = systems.energy.shape[0], systems.order.shape[1]
    idle, states = load_floats(systems.idle, 0), systems.states[r]
    a, b = load_words(states, 0), load_words(states, 8)
    c, d = load_words(states, 16), load_words(states, 24)
    for x in range(n_temperatures):
        m = r * n_temperatures + x
        scale = spread_float(systems.scale[m])
        spins, place = systems.words[block, m], (block * n_systems + m) * 64
        for lane in range(0, 64, 16):
            e, a, b, c, d = threshold(heat_bath, scale, idle, a, b, c, d)
            f = to_floats(load_ints(systems.fields, place + lane))
            store_floats(margins, 64 * x + lane, signs(spins >> np.uint64(lane)) * f - e)
    store_words(states, 0, a)
    store_words(states, 8, b)
    store_words(states, 16, c)
    store_words(states, 24, d)


@inlined
def flip_first(row: int, near: Any, s: Any, t: Any, change: Any) -> Any:
    """Margins after a flip by ``change`` (0 for none) of the spin whose couplings these are."""
    return (
        multiply_add(s[0] * load_floats(near, row), change, t[0]),
        multiply_add(s[1] * load_floats(near, row + 16), change, t[1]),
        multiply_add(s[2] * load_floats(near, row + 32), change, t[2]),
        multiply_add(s[3] * load_floats(near, row + 48), change, t[3]),
    )


@inlined
def find(near: Any, start: int, flips: Any, m: int, words: Any, x: Any, y: Any) -> Any:
    """List the flips of two systems, m and the next, one after the other in each.

    A flip waits for the last one of its system; two systems at a time halve the waiting. The
    one that is done first goes on with flips by nothing. ``words`` holds the spins of both
    systems and which of the 64 are spins of each; ``x`` and ``y`` are the margins.
    """
    spins, other, left, other_left = words
    s, u = four_signs(spins), four_signs(other)
    ready, also = negative_lanes(x) & left, negative_lanes(y) & other_left
    added = subtracted = other_added = other_subtracted = np.int64(0)
    flipped = other_flipped = _0
    while (ready | also) != _0:
        i, j = lowest_bit(ready), lowest_bit(also)  # 64 where nothing is ready
        bit, other_bit = ready & (_0 - ready), also & (_0 - also)
        up, other_up = np.int64((spins & bit) != _0), np.int64((other & other_bit) != _0)
        one, other_one = np.int64(bit != _0), np.int64(other_bit != _0)
        change = spread_float(_CHANGE[2 * up + 1 - one])
        x = flip_first(start + 64 * i, near, s, x, change)
        change = spread_float(_CHANGE[2 * other_up + 1 - other_one])
        y = flip_first(start + 64 * j, near, u, y, change)
        left &= ~(bit | (bit - _1))
        other_left &= ~(other_bit | (other_bit - _1))
        ready, also = negative_lanes(x) & left, negative_lanes(y) & other_left
        enter(flips, m, i, up, added, subtracted)
        enter(flips, m + 1, j, other_up, other_added, other_subtracted)
        added, subtracted = added + up, subtracted + one - up
        other_added += other_up
        other_subtracted += other_one - other_up
        flipped, other_flipped = flipped | bit, other_flipped | other_bit
    flips.added[m], flips.subtracted[m] = added, subtracted
    flips.added[m + 1], flips.subtracted[m + 1] = other_added, other_subtracted
    return flipped, other_flipped


@inlined
def update_block(
    couplings: Any,
    systems: Any,
    flips: Any,
    margins: Any,
    heat_bath: bool,
    block: int,
    r: int,
) -> None:
    """Update one block of spins in all systems of ladder r, listing the flips."""
    n_temperatures, words = systems.order.shape[1], systems.words[block]
    first, valid = r * n_temperatures, couplings.valid[block]
    draw(systems, heat_bath, margins, block, r)
    if not couplings.inner[block]:
        for x in range(n_temperatures):
            ready = negative_lanes(four_floats(margins, 64 * x)) & valid
            list_all(flips, first + x, words[first + x], ready)
            words[first + x] ^= ready
        return
    for x in range(0, n_temperatures, 2):
        m, paired = first + x, x + 1 < n_temperatures
        other = words[m + 1] if paired else _0
        flipped, other_flipped = find(
            couplings.near,
            block * 4096,
            flips,
            m,
            (words[m], other, valid, valid if paired else _0),
            four_floats(margins, 64 * x),
            four_floats(margins, 64 * x + 64),
        )
        words[m] ^= flipped
        if paired:
            words[m + 1] ^= other_flipped
