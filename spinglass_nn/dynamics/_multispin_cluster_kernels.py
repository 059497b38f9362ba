"""Kernel of Houdayer's cluster moves, for all pairs of replicas at once.

J. Houdayer, Eur. Phys. J. B 22 (2001) 479: where two replicas at the same temperature differ,
a connected cluster of sites is exchanged between them, which keeps the sum of their energies.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, part
from spinglass_nn._core.simd import any_bit, load_words, spread_word, store_words
from spinglass_nn._core.streams import below

_ONE = np.uint64(1)


@part
def exchange_clusters(
    spins: Any, n_spins: int, lattice: Any, places: Any, partners: Any, states: Any,
    scratch: Any,
) -> None:  # fmt: skip
    """Exchange one cluster in every pair of replicas (0, 1), (2, 3), ...

    A system's partner is ``partners.offset`` words and ``partners.shift`` bits further on;
    ``partners.first`` (n_blocks, 8) has the bits of those that have one.
    """
    differ, cluster, zero = scratch.joint, scratch.cluster, spread_word(np.uint64(0))
    n_words, offset, shift = 8 + 8 * n_spins, partners.offset, partners.shift
    for block in range(spins.shape[0]):
        words, first = spins[block], load_words(partners.first[block], 0)
        for at in range(8, n_words, 8):
            other = load_words(words, at + offset) >> shift
            store_words(differ, at, (load_words(words, at) ^ other) & first)
            store_words(cluster, at, zero)
        _sow(block, places, partners.n_temperatures, n_spins, states, differ, cluster)
        _grow(lattice, differ, cluster)
        for at in range(8, n_words, 8):
            both = load_words(cluster, at) ^ (load_words(cluster, at - offset) << shift)
            store_words(words, at, load_words(words, at) ^ both)


@part
def _sow(
    block: int, places: Any, n_temperatures: int, n_spins: int, states: Any, differ: Any,
    cluster: Any,
) -> None:  # fmt: skip
    """Take a random site of each pair; it seeds a cluster if the replicas differ there."""
    n_samples, n_pairs = states.shape[0], states.shape[1]
    for k in range(n_samples):
        for pair in range(n_pairs):
            if places[k, 2 * pair, 0] == block:
                column, bit = places[k, 2 * pair, 1], places[k, 2 * pair, 2]
                for t in range(n_temperatures):
                    at = 8 + 8 * below(states[k, pair], n_spins) + column
                    cluster[at] |= differ[at] & (_ONE << np.uint64(bit + t))


@part
def _grow(lattice: Any, differ: Any, cluster: Any) -> None:
    """Join the neighbours that differ, forwards and backwards, until nothing changes."""
    n_spins = lattice.chance_at.shape[0]
    growing = True
    while growing:
        joined = spread_word(np.uint64(0))
        for i in range(n_spins):
            joined = joined | _join(lattice, differ, cluster, i)
        for i in range(n_spins - 1, -1, -1):
            joined = joined | _join(lattice, differ, cluster, i)
        growing = any_bit(joined)


@inlined
def _join(lattice: Any, differ: Any, cluster: Any, i: int) -> Any:
    """Join one site where a neighbour is in the cluster; return where it is new."""
    n_slots = len(lattice.slots)
    first = 2 * n_slots * i
    near = load_words(cluster, lattice.table[first])
    for q in range(1, n_slots):
        near = near | load_words(cluster, lattice.table[first + 2 * q])
    old = load_words(cluster, 8 + 8 * i)
    new = near & load_words(differ, 8 + 8 * i) & ~old
    store_words(cluster, 8 + 8 * i, old | new)
    return new
