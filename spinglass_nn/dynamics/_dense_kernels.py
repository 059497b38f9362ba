"""Kernels of sweeps through dense couplings: blocks of 64 spins, tiles of 64 x 64 couplings.

Within a block, flips are found in registers with fields in single precision; a flip is then
entered into the exact fields of the whole system by adding or subtracting a row of couplings.
This is done tile by tile for all systems, so that a tile is read from far once a sweep. Tiles
without couplings are left out. Energies are made of the fields after each sweep.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import inlined, kernel, part
from spinglass_nn._core.simd import (
    high_halves,
    load_ints,
    low_halves,
    negate_where,
    prefetch_far,
    spread_int,
    store_ints,
    sum_lanes,
)
from spinglass_nn.dynamics._dense_flip_kernels import ROOM, list_all, update_block
from spinglass_nn.dynamics._ladder_kernels import note, settle
from spinglass_nn.typing import IntArray

TILE = 4096  # couplings in a tile

_1 = np.uint64(1)


class Couplings(NamedTuple):
    """Couplings of one sample, in its unit.

    Parameters
    ----------
    tiles : int32 array (n_tiles * 64 * 64,)
        2 J_ij of the tiles that are not zero, one row of 64 after the other.
    first, columns : integer arrays (n_blocks + 1,) and (n_tiles,)
        Where the tiles of each block begin, and the block of spins each tile acts on; the
        block's own tile comes first and is always there.
    near : float32 array ((n_blocks + 1) * 64 * 64,)
        The blocks' own tiles once more, and an empty one.
    inner : bool array (n_blocks,)
        Whether spins of a block act on one another.
    valid : uint64 array (n_blocks,)
        The bits of each block that are spins.
    up : int32 array (n_blocks * 64,)
        Fields when all spins are +1.
    outer : int64 array (n_blocks * 64,)
        External fields.
    outside : bool array (n_blocks,)
        Whether external fields act on a block.
    """

    tiles: NDArray[np.int32]
    first: IntArray
    columns: IntArray
    near: NDArray[np.float32]
    inner: NDArray[np.bool_]
    valid: NDArray[np.uint64]
    up: NDArray[np.int32]
    outer: IntArray
    outside: NDArray[np.bool_]


@inlined
def four_ints(array: Any, place: int) -> Any:
    return (
        load_ints(array, place),
        load_ints(array, place + 16),
        load_ints(array, place + 32),
        load_ints(array, place + 48),
    )


@inlined
def put_ints(array: Any, place: int, x: Any) -> None:
    store_ints(array, place, x[0])
    store_ints(array, place + 16, x[1])
    store_ints(array, place + 32, x[2])
    store_ints(array, place + 48, x[3])


@inlined
def plus(x: Any, tiles: Any, row: int) -> Any:
    """Add 64 couplings."""
    a, b, c, d = four_ints(tiles, row)
    return x[0] + a, x[1] + b, x[2] + c, x[3] + d


@inlined
def minus(x: Any, tiles: Any, row: int) -> Any:
    """Subtract 64 couplings."""
    a, b, c, d = four_ints(tiles, row)
    return x[0] - a, x[1] - b, x[2] - c, x[3] - d


@inlined
def push(tiles: Any, tile: int, fields: Any, place: int, flips: Any, m: int) -> None:
    """Enter the flips of system m into 64 of its fields."""
    front, back = ROOM * m, ROOM * (m + 1)
    x = four_ints(fields, place)
    for f in range(front, front + flips.added[m]):
        x = plus(x, tiles, tile + flips.rows[f])
    for f in range(back - flips.subtracted[m], back):
        x = minus(x, tiles, tile + flips.rows[f])
    put_ints(fields, place, x)


@inlined
def push_two(
    tiles: Any, tile: int, fields: Any, place: int, other: int, flips: Any, m: int
) -> None:
    """Enter the flips of system m into twice 64 of its fields, by a tile and the next one."""
    front, back, following = ROOM * m, ROOM * (m + 1), tile + TILE
    x, y = four_ints(fields, place), four_ints(fields, other)
    for f in range(front, front + flips.added[m]):
        x = plus(x, tiles, tile + flips.rows[f])
        y = plus(y, tiles, following + flips.rows[f])
    for f in range(back - flips.subtracted[m], back):
        x = minus(x, tiles, tile + flips.rows[f])
        y = minus(y, tiles, following + flips.rows[f])
    put_ints(fields, place, x)
    put_ints(fields, other, y)


@inlined
def push_tiles(
    couplings: Any, systems: Any, flips: Any, place: int, two: bool, first: int, stop: int
) -> None:
    """Enter the flips of systems first ... stop - 1 into fields that one or two tiles act on.

    The ends of the loops over flips are hard to foresee for the machine: with two tiles
    at a time there are half as many.
    """
    n_systems, tile = systems.energy.shape[0], place * TILE
    width = TILE * (1 + np.int64(two))
    share = -(-width // (stop - first))  # of the next tiles, asked for meanwhile
    for m in range(first, stop):
        coming = tile + width + (m - first) * share
        for line in range(coming, coming + share, 16):
            prefetch_far(couplings.tiles, line)
        if flips.added[m] + flips.subtracted[m] > 0:
            target = (couplings.columns[place] * n_systems + m) * 64
            if two:
                other = (couplings.columns[place + 1] * n_systems + m) * 64
                push_two(couplings.tiles, tile, systems.fields, target, other, flips, m)
            else:
                push(couplings.tiles, tile, systems.fields, target, flips, m)


@inlined
def push_row(
    couplings: Any, systems: Any, flips: Any, place: int, end: int, first: Any, stop: int
) -> None:
    """Enter the flips of systems first ... stop - 1 through tiles place ... end - 1."""
    while place < end:
        two = place + 1 < end
        push_tiles(couplings, systems, flips, place, two, first, stop)
        place += 2 if two else 1


@inlined
def outer_sum(couplings: Any, block: int, spins: Any) -> Any:
    """Sum of s_i h_i over the spins of a block."""
    total = np.int64(0)
    for i in range(64):
        down = np.int64((spins >> np.uint64(i)) & _1)
        total += (1 - 2 * down) * couplings.outer[block * 64 + i]
    return total


@part
def weigh(couplings: Any, systems: Any, first: Any, stop: int) -> None:
    """Energies of systems first ... stop - 1, H = -(1/2) s.(f + h), from their fields."""
    n_systems, n_blocks = systems.energy.shape[0], systems.words.shape[0]
    for m in range(first, stop):
        low = high = spread_int(np.int32(0))
        total = np.int64(0)
        for block in range(n_blocks):
            place, spins = (block * n_systems + m) * 64, systems.words[block, m]
            for quarter in range(4):
                x = load_ints(systems.fields, place + 16 * quarter)
                x = negate_where(x, spins >> np.uint64(16 * quarter))
                low = low + low_halves(x)  # 32 bits would not hold sums of whole fields
                high = high + high_halves(x)
            if couplings.outside[block]:
                total += outer_sum(couplings, block, spins)
        total += sum_lanes(low) + (sum_lanes(high) << 16)
        systems.energy[m] = -(total // 2)


@part
def sweep(
    couplings: Any,
    systems: Any,
    flips: Any,
    margins: Any,
    heat_bath: bool,
    first: int,
    stop: int,
) -> None:
    """Update all spins of ladders first ... stop - 1, in their order."""
    n_temperatures = systems.order.shape[1]
    begin, end = first * n_temperatures, stop * n_temperatures
    for block in range(couplings.first.shape[0] - 1):
        for r in range(first, stop):
            update_block(couplings, systems, flips, margins, heat_bath, block, r)
        own = 0 if couplings.inner[block] else 1
        row, next_row = couplings.first[block] + own, couplings.first[block + 1]
        push_row(couplings, systems, flips, row, next_row, begin, end)
    weigh(couplings, systems, begin, end)


@kernel
def advance(
    couplings: Any,
    systems: Any,
    flips: Any,
    margins: Any,
    rules: Any,
    notes: Any,
    n_notes: int,
    first: int,
    stop: int,
) -> None:
    """Advance ladders first ... stop - 1 of one sample and note what is to be measured."""
    for n in range(n_notes):
        for _ in range(rules.measure_every):
            sweep(couplings, systems, flips, margins, rules.heat_bath, first, stop)
            for r in range(first, stop):
                settle(systems, rules, r)
        for r in range(first, stop):
            note(systems, rules, notes, n, r)


@kernel
def refresh(couplings: Any, systems: Any, flips: Any) -> None:
    """Fields and energies of all systems from their spins."""
    n_systems, n_blocks = systems.energy.shape[0], systems.words.shape[0]
    begin = np.int64(0)  # a plain 0 would have the kernels compiled once more, for 0 alone
    for block in range(n_blocks):
        for m in range(n_systems):
            place = (block * n_systems + m) * 64
            for i in range(64):
                systems.fields[place + i] = couplings.up[block * 64 + i]
    for block in range(n_blocks):
        for m in range(n_systems):  # as if the spins that are down had just left +1
            list_all(flips, m, np.uint64(0), systems.words[block, m])
        row, next_row = couplings.first[block], couplings.first[block + 1]
        push_row(couplings, systems, flips, row, next_row, begin, n_systems)
    weigh(couplings, systems, begin, n_systems)
