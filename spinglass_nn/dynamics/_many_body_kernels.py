"""Kernels of sweeps through interactions of three or four spins.

What the flip of spin i does to the field on j is a sum over the other spins of each of its
terms: of one more spin for p = 3, of a pair for p = 4. These are called partners; the row of
i and a partner holds the couplings to all j.
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
    spread_float,
    spread_int,
    store_floats,
    store_ints,
    store_words,
)
from spinglass_nn.dynamics._ladder_kernels import note, settle, threshold
from spinglass_nn.typing import Float64Array, IntArray

_0, _1 = np.uint64(0), np.uint64(1)


class Tensor(NamedTuple):
    """Couplings of one sample, in its unit.

    Parameters
    ----------
    rows : int32 array (n_spins * n_partners * width,)
        4 J of spin i, a partner and every j, the last fastest.
    totals : int32 array (n_spins * width,)
        2 J summed over the partners.
    up : int32 array (width,)
        Fields when all spins are +1.
    energy : int64 array (1,)
        Energy when all spins are +1.
    n_spins, order, width, n_partners : int
        Number of spins N, p, N rounded up to 16, and N or N (N - 1) / 2.
    """

    rows: NDArray[np.int32]
    totals: NDArray[np.int32]
    up: NDArray[np.int32]
    energy: IntArray
    n_spins: int
    order: int
    width: int
    n_partners: int


@inlined
def is_down(words: Any, i: int, m: int) -> Any:
    """1 if spin i of system m is -1, 0 if it is +1."""
    return np.int64((words[i >> 6, m] >> np.uint64(i & 63)) & _1)


@inlined
def pair_index(i: int, j: int, n: int) -> int:
    """Place of the pair i < j in the order of `itertools.combinations`."""
    return i * (2 * n - i - 1) // 2 + j - i - 1


@inlined
def list_bits(word: Any, start: int, found: Any, count: int, factor: int) -> int:
    """Append factor times the number of every spin whose bit is set; return the new count."""
    while word != _0:
        found[count] = (start + lowest_bit(word)) * factor
        word &= word - _1
        count += 1
    return count


@inlined
def odd_partners(tensor: Any, words: Any, m: int, rows: Any, groups: Any) -> int:
    """List where the rows of partners with product -1 begin; return their number."""
    n, width, n_down = tensor.n_spins, tensor.width, 0
    if tensor.order == 3:
        for block in range(words.shape[0]):
            n_down = list_bits(words[block, m], block * 64, rows, n_down, width)
        return n_down
    for block in range(words.shape[0]):
        n_down = list_bits(words[block, m], block * 64, groups, n_down, 1)
    n_listed = n_down
    for block in range(words.shape[0]):
        up = ~words[block, m]
        if n - block * 64 < 64:
            up &= (_1 << np.uint64(n - block * 64)) - _1
        n_listed = list_bits(up, block * 64, groups, n_listed, 1)
    count = 0
    for a in range(n_down):
        for b in range(n_down, n):
            low, high = min(groups[a], groups[b]), max(groups[a], groups[b])
            rows[count] = pair_index(low, high, n) * width
            count += 1
    return count


@inlined
def add_chunk(
    tensor: Any, i: int, chunk: int, fields: Any, place: int, mask: Any, rows: Any, count: int
) -> None:
    """Sixteen fields after the flip of spin i."""
    start = i * tensor.n_partners * tensor.width + chunk
    x, y = load_ints(tensor.totals, i * tensor.width + chunk), spread_int(np.int32(0))
    for f in range(0, count - 1, 2):
        x = x - load_ints(tensor.rows, start + rows[f])
        y = y + load_ints(tensor.rows, start + rows[f + 1])
    if count % 2:
        x = x - load_ints(tensor.rows, start + rows[count - 1])
    flip = spread_int(mask)  # -x if the spin was up, x if it was down
    changed = load_ints(fields, place + chunk) + (((x - y) ^ flip) - flip)
    store_ints(fields, place + chunk, changed)


@inlined
def add_wide(
    tensor: Any, i: int, chunk: int, fields: Any, place: int, mask: Any, rows: Any, count: int
) -> None:
    """Sixty-four fields after the flip of spin i."""
    start, total = i * tensor.n_partners * tensor.width + chunk, i * tensor.width + chunk
    x0, x1 = load_ints(tensor.totals, total), load_ints(tensor.totals, total + 16)
    x2, x3 = load_ints(tensor.totals, total + 32), load_ints(tensor.totals, total + 48)
    for f in range(count):
        row = start + rows[f]
        x0 = x0 - load_ints(tensor.rows, row)
        x1 = x1 - load_ints(tensor.rows, row + 16)
        x2 = x2 - load_ints(tensor.rows, row + 32)
        x3 = x3 - load_ints(tensor.rows, row + 48)
    flip, place = spread_int(mask), place + chunk
    store_ints(fields, place, load_ints(fields, place) + ((x0 ^ flip) - flip))
    store_ints(fields, place + 16, load_ints(fields, place + 16) + ((x1 ^ flip) - flip))
    store_ints(fields, place + 32, load_ints(fields, place + 32) + ((x2 ^ flip) - flip))
    store_ints(fields, place + 48, load_ints(fields, place + 48) + ((x3 ^ flip) - flip))


@inlined
def flip_spin(tensor: Any, systems: Any, m: int, i: int, rows: Any, groups: Any) -> None:
    """Flip one spin: its field stays, all others follow."""
    place = m * tensor.width
    down = is_down(systems.words, i, m)
    systems.energy[m] += 2 * (1 - 2 * down) * np.int64(systems.fields[place + i])
    count = odd_partners(tensor, systems.words, m, rows, groups)
    mask, chunk = np.int32(down - 1), 0
    while chunk + 64 <= tensor.width:
        add_wide(tensor, i, chunk, systems.fields, place, mask, rows, count)
        chunk += 64
    while chunk < tensor.width:
        add_chunk(tensor, i, chunk, systems.fields, place, mask, rows, count)
        chunk += 16
    systems.words[i >> 6, m] ^= _1 << np.uint64(i & 63)


@inlined
def draw_block(systems: Any, heat_bath: bool, r: int, thresholds: Any) -> None:
    """Thresholds (n_systems * 64,) of the next 64 spins in all systems of ladder r."""
    states, n_temperatures = systems.states[r], systems.order.shape[1]
    a, b = load_words(states, 0), load_words(states, 8)
    c, d = load_words(states, 16), load_words(states, 24)
    for m in range(r * n_temperatures, (r + 1) * n_temperatures):
        scale, idle = spread_float(systems.scale[m]), load_floats(systems.idle, 0)
        for place in range(m * 64, m * 64 + 64, 16):
            e, a, b, c, d = threshold(heat_bath, scale, idle, a, b, c, d)
            store_floats(thresholds, place, e)
    store_words(states, 0, a)
    store_words(states, 8, b)
    store_words(states, 16, c)
    store_words(states, 24, d)


@kernel
def sweep(
    tensor: Any, systems: Any, heat_bath: bool, thresholds: Any, rows: Any, groups: Any,
    first: int, stop: int,
) -> None:  # fmt: skip
    """Update all spins of ladders first ... stop - 1: spin by spin, each in all systems."""
    n_temperatures, fields = systems.order.shape[1], systems.fields
    for i in range(tensor.n_spins):
        if i % 64 == 0:
            for r in range(first, stop):
                draw_block(systems, heat_bath, r, thresholds)
        for m in range(first * n_temperatures, stop * n_temperatures):
            sign = np.float32(1 - 2 * is_down(systems.words, i, m))
            gain = sign * np.float32(fields[m * tensor.width + i])
            if gain < thresholds[m * 64 + i % 64]:
                flip_spin(tensor, systems, m, i, rows, groups)


@kernel
def advance(
    tensor: Any, systems: Any, rules: Any, thresholds: Any, notes: Any, n_notes: int,
    first: int, stop: int,
) -> None:  # fmt: skip
    """Advance ladders first ... stop - 1 of one sample and note what is to be measured."""
    rows = np.empty(tensor.n_partners, dtype=np.int64)
    groups = np.empty(tensor.n_spins, dtype=np.int64)
    for n in range(n_notes):
        for _ in range(rules.measure_every):
            sweep(
                tensor, systems, rules.heat_bath, thresholds, rows, groups, first, stop
            )  # fmt: skip
            for r in range(first, stop):
                settle(systems, rules, r)
        for r in range(first, stop):
            note(systems, rules, notes, n, r)


@kernel
def refresh(tensor: Any, systems: Any) -> None:
    """Fields and energies of all systems from their spins: flipped one by one from all up."""
    rows = np.empty(tensor.n_partners, dtype=np.int64)
    groups = np.empty(tensor.n_spins, dtype=np.int64)
    wanted = np.empty(systems.words.shape[0], dtype=np.uint64)
    for m in range(systems.energy.shape[0]):
        for w in range(wanted.size):
            wanted[w], systems.words[w, m] = systems.words[w, m], _0
        for j in range(tensor.width):
            systems.fields[m * tensor.width + j] = tensor.up[j]
        systems.energy[m] = tensor.energy[0]
        for i in range(tensor.n_spins):
            if (wanted[i >> 6] >> np.uint64(i & 63)) & _1:
                flip_spin(tensor, systems, m, i, rows, groups)


@kernel
def put(tensor: Any, i: int, partner: int, j: int, coupling: int) -> None:
    """One coupling into the row of a spin and a partner; sums are modulo 2^32."""
    place = (i * tensor.n_partners + partner) * tensor.width + j
    tensor.rows[place] = np.int32(4 * coupling)
    tensor.totals[i * tensor.width + j] += np.int32(2 * coupling)


@kernel
def expand_three(couplings: Float64Array, unit: float, tensor: Any) -> None:
    """Every coupling into its six places."""
    n, term = tensor.n_spins, 0
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                value = int(np.rint(couplings[term] / unit))
                term += 1
                put(tensor, i, j, k, value)
                put(tensor, i, k, j, value)
                put(tensor, j, i, k, value)
                put(tensor, j, k, i, value)
                put(tensor, k, i, j, value)
                put(tensor, k, j, i, value)
                add_up(tensor, (i, j, k), value)


@kernel
def expand_four(couplings: Float64Array, unit: float, tensor: Any) -> None:
    """Every coupling into its twelve places."""
    n, term = tensor.n_spins, 0
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                for last in range(k + 1, n):
                    value = int(np.rint(couplings[term] / unit))
                    term += 1
                    four = (i, j, k, last)
                    for a in range(4):
                        for b in range(4):
                            if a != b:
                                pair = other_pair(four, a, b, n)
                                put(tensor, four[a], pair, four[b], value)
                    add_up(tensor, four, value)


@kernel
def other_pair(four: Any, a: int, b: int, n: int) -> int:
    """Place of the pair that is left of four spins."""
    low, high = -1, -1
    for c in range(4):
        if c not in (a, b):
            low, high = (four[c], high) if low < 0 else (low, four[c])
    return pair_index(low, high, n)


@kernel
def add_up(tensor: Any, spins: Any, value: int) -> None:
    """One term of the energy and fields of all spins up."""
    for i in spins:
        tensor.up[i] += np.int32(value)
    tensor.energy[0] -= value
