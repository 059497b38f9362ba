"""Kernels of sweeps through dense couplings: blocks of 64 spins, tiles of 64 x 64 couplings.

Within a block, flips are found in registers with fields in single precision; a flip is then
entered into the exact fields of the whole system by adding or subtracting a row of couplings.
This is done tile by tile for all systems, so that a tile is read from far once a sweep. Tiles
without couplings are left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import inlined, kernel
from spinglass_nn._core.simd import (
    load_floats,
    load_ints,
    load_words,
    lowest_bit,
    mask_negative,
    multiply_add,
    prefetch,
    signs,
    spread_float,
    store_ints,
    store_words,
    to_floats,
)
from spinglass_nn.dynamics._ladder_kernels import note, settle, threshold
from spinglass_nn.typing import IntArray

TILE = 4096  # couplings in a tile

_0, _1, _16, _32, _48 = (np.uint64(n) for n in (0, 1, 16, 32, 48))


class Couplings(NamedTuple):
    """Couplings of one sample, in its unit.

    Parameters
    ----------
    tiles : int32 array (n_tiles * 64 * 64,)
        2 J_ij of the tiles that are not zero, one row of 64 after the other.
    first, columns : integer arrays (n_blocks + 1,) and (n_tiles,)
        Where the tiles of each block begin, and the block of spins each tile acts on; the
        block's own tile comes first and is always there.
    near : float32 array (n_blocks * 64 * 64,)
        The blocks' own tiles once more.
    inner : bool array (n_blocks,)
        Whether spins of a block act on one another.
    valid : uint64 array (n_blocks,)
        The bits of each block that are spins.
    up : int32 array (n_blocks * 64,)
        Fields when all spins are +1.
    outer : int64 array (n_blocks * 64,)
        External fields.
    """

    tiles: NDArray[np.int32]
    first: IntArray
    columns: IntArray
    near: NDArray[np.float32]
    inner: NDArray[np.bool_]
    valid: NDArray[np.uint64]
    up: NDArray[np.int32]
    outer: IntArray


class Flips(NamedTuple):
    """Flips of one block of spins in all systems.

    Parameters
    ----------
    rows : int64 array (64 * n_systems,)
        Where in a tile the row of each flipped spin begins: in the room of each system, from
        the front those to be added, from the back those to be subtracted.
    added, subtracted : integer arrays (n_systems,)
        How many.
    """

    rows: IntArray
    added: IntArray
    subtracted: IntArray


@inlined
def negative_lanes(t0: Any, t1: Any, t2: Any, t3: Any) -> Any:
    """A bit for each of 64 floats: set if negative."""
    low = mask_negative(t0) | (mask_negative(t1) << _16)
    return low | (mask_negative(t2) << _32) | (mask_negative(t3) << _48)


@inlined
def push(tiles: Any, tile: int, fields: Any, place: int, flips: Any, m: int) -> None:
    """Enter the flips of system m into 64 of its fields."""
    x0, x1 = load_ints(fields, place), load_ints(fields, place + 16)
    x2, x3 = load_ints(fields, place + 32), load_ints(fields, place + 48)
    front, back = 64 * m, 64 * (m + 1)
    for f in range(front, front + flips.added[m]):
        row = tile + flips.rows[f]
        x0 = x0 + load_ints(tiles, row)
        x1 = x1 + load_ints(tiles, row + 16)
        x2 = x2 + load_ints(tiles, row + 32)
        x3 = x3 + load_ints(tiles, row + 48)
    for f in range(back - flips.subtracted[m], back):
        row = tile + flips.rows[f]
        x0 = x0 - load_ints(tiles, row)
        x1 = x1 - load_ints(tiles, row + 16)
        x2 = x2 - load_ints(tiles, row + 32)
        x3 = x3 - load_ints(tiles, row + 48)
    store_ints(fields, place, x0)
    store_ints(fields, place + 16, x1)
    store_ints(fields, place + 32, x2)
    store_ints(fields, place + 48, x3)


@inlined
def enter(flips: Any, m: int, i: int, spins: Any) -> Any:
    """List a flip of spin i of system m; return the spin as it is after the flip."""
    up = np.int64((spins >> np.uint64(i)) & _1)  # 1 if it was down
    added, subtracted = flips.added[m], flips.subtracted[m]
    flips.rows[64 * m + up * added + (1 - up) * (63 - subtracted)] = i * 64
    flips.added[m] = added + up
    flips.subtracted[m] = subtracted + 1 - up
    return 2 * up - 1


@inlined
def find(
    couplings: Any,
    block: int,
    spins: Any,
    s: Any,
    t: Any,
    fields: Any,
    place: int,
    flips: Any,
    m: int,
) -> Any:
    """List the flips of one block of system m, one after the other.

    ``t`` holds s f less the thresholds, of 64 spins in four vectors. Returned are the flipped
    spins as bits of a word, and the sum over them of new s times old field.
    """
    t0, t1, t2, t3 = t
    left, gain = couplings.valid[block], np.int64(0)
    ready, flipped = negative_lanes(t0, t1, t2, t3) & left, _0
    if not couplings.inner[block]:
        flipped = ready
        while ready != _0:
            i = lowest_bit(ready)
            gain += np.int64(fields[place + i]) * enter(flips, m, i, spins)
            ready &= ready - _1
        return flipped, gain
    s0, s1, s2, s3 = s
    while ready != _0:
        i = lowest_bit(ready)
        bit = _1 << np.uint64(i)
        flipped |= bit
        left &= ~(bit | (bit - _1))
        new = enter(flips, m, i, spins)
        gain += np.int64(fields[place + i]) * new
        change = spread_float(np.float32(new))
        row = block * TILE + i * 64
        t0 = multiply_add(s0 * change, load_floats(couplings.near, row), t0)
        t1 = multiply_add(s1 * change, load_floats(couplings.near, row + 16), t1)
        t2 = multiply_add(s2 * change, load_floats(couplings.near, row + 32), t2)
        t3 = multiply_add(s3 * change, load_floats(couplings.near, row + 48), t3)
        ready = negative_lanes(t0, t1, t2, t3) & left
    return flipped, gain


@inlined
def new_fields(fields: Any, place: int, flips: Any, m: int) -> Any:
    """The sum over the flips of system m of new s times new field."""
    total, front, back = np.int64(0), 64 * m, 64 * (m + 1)
    for f in range(front, front + flips.added[m]):
        total += fields[place + (flips.rows[f] >> 6)]
    for f in range(back - flips.subtracted[m], back):
        total -= fields[place + (flips.rows[f] >> 6)]
    return total


@inlined
def update_block(
    couplings: Any, systems: Any, flips: Any, heat_bath: bool, block: int, r: int
) -> None:
    """Update one block of spins in all systems of ladder r, listing the flips."""
    n_systems, n_temperatures = systems.energy.shape[0], systems.order.shape[1]
    tile, idle = couplings.first[block] * TILE, load_floats(systems.idle, 0)
    states = systems.states[r]
    a, b = load_words(states, 0), load_words(states, 8)
    c, d = load_words(states, 16), load_words(states, 24)
    for m in range(r * n_temperatures, (r + 1) * n_temperatures):
        scale = spread_float(systems.scale[m])
        spins, place = systems.words[block, m], (block * n_systems + m) * 64
        e0, a, b, c, d = threshold(heat_bath, scale, idle, a, b, c, d)
        e1, a, b, c, d = threshold(heat_bath, scale, idle, a, b, c, d)
        e2, a, b, c, d = threshold(heat_bath, scale, idle, a, b, c, d)
        e3, a, b, c, d = threshold(heat_bath, scale, idle, a, b, c, d)
        s0, s1 = signs(spins), signs(spins >> _16)
        s2, s3 = signs(spins >> _32), signs(spins >> _48)
        t0 = s0 * to_floats(load_ints(systems.fields, place)) - e0
        t1 = s1 * to_floats(load_ints(systems.fields, place + 16)) - e1
        t2 = s2 * to_floats(load_ints(systems.fields, place + 32)) - e2
        t3 = s3 * to_floats(load_ints(systems.fields, place + 48)) - e3
        flips.added[m] = flips.subtracted[m] = 0
        flipped, gain = find(
            couplings,
            block,
            spins,
            (s0, s1, s2, s3),
            (t0, t1, t2, t3),
            systems.fields,
            place,
            flips,
            m,
        )
        if flipped != _0:  # H = -(1/2) s.(f + h) changes by -Σ s' (f + f'), s' the new spins
            if couplings.inner[block]:
                push(couplings.tiles, tile, systems.fields, place, flips, m)
                gain += new_fields(systems.fields, place, flips, m)
            else:
                gain *= 2
            systems.energy[m] -= gain
            systems.words[block, m] = spins ^ flipped
    store_words(states, 0, a)
    store_words(states, 8, b)
    store_words(states, 16, c)
    store_words(states, 24, d)


@inlined
def push_tile(
    couplings: Any, systems: Any, flips: Any, place: int, first: int, stop: int
) -> None:
    """Enter the flips of systems first ... stop - 1 into the fields that one tile acts on."""
    n_systems, tile = systems.energy.shape[0], place * TILE
    share = -(-TILE // (stop - first))  # of the next tile, asked for meanwhile
    for m in range(first, stop):
        coming = tile + TILE + (m - first) * share
        for line in range(coming, coming + share, 16):
            prefetch(couplings.tiles, line)
        if flips.added[m] + flips.subtracted[m] > 0:
            target = (couplings.columns[place] * n_systems + m) * 64
            push(couplings.tiles, tile, systems.fields, target, flips, m)


@kernel
def sweep(
    couplings: Any, systems: Any, flips: Any, heat_bath: bool, first: int, stop: int
) -> None:
    """Update all spins of ladders first ... stop - 1, in their order."""
    n_temperatures = systems.order.shape[1]
    for block in range(couplings.first.shape[0] - 1):
        for r in range(first, stop):
            update_block(couplings, systems, flips, heat_bath, block, r)
        for place in range(couplings.first[block] + 1, couplings.first[block + 1]):
            push_tile(
                couplings, systems, flips, place, first * n_temperatures, stop * n_temperatures
            )


@kernel
def advance(
    couplings: Any,
    systems: Any,
    flips: Any,
    rules: Any,
    notes: Any,
    n_notes: int,
    first: int,
    stop: int,
) -> None:
    """Advance ladders first ... stop - 1 of one sample and note what is to be measured."""
    for n in range(n_notes):
        for _ in range(rules.measure_every):
            sweep(couplings, systems, flips, rules.heat_bath, first, stop)
            for r in range(first, stop):
                settle(systems, rules, r)
        for r in range(first, stop):
            note(systems, rules, notes, n, r)


@kernel
def refresh(couplings: Any, systems: Any, flips: Any) -> None:
    """Fields and energies of all systems from their spins."""
    n_systems, n_blocks = systems.energy.shape[0], systems.words.shape[0]
    fields, words = systems.fields, systems.words
    for block in range(n_blocks):
        for m in range(n_systems):
            place = (block * n_systems + m) * 64
            for i in range(64):
                fields[place + i] = couplings.up[block * 64 + i]
    for block in range(n_blocks):
        for m in range(n_systems):
            flips.added[m] = flips.subtracted[m] = 0
            down = words[block, m]
            while down != _0:
                enter(flips, m, lowest_bit(down), _0)
                down &= down - _1
        for place in range(couplings.first[block], couplings.first[block + 1]):
            push_tile(couplings, systems, flips, place, 0, n_systems)
    for m in range(n_systems):
        total = np.int64(0)
        for i in range(n_blocks * 64):
            both = fields[((i >> 6) * n_systems + m) * 64 + (i & 63)] + couplings.outer[i]
            down = np.int64((words[i >> 6, m] >> np.uint64(i & 63)) & _1)
            total += both * (1 - 2 * down)
        systems.energy[m] = -(total // 2)
