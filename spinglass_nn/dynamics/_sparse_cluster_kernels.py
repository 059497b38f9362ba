"""Houdayer's cluster moves, on packed configurations."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, part
from spinglass_nn._core.simd import count_ones
from spinglass_nn._core.streams import below
from spinglass_nn.dynamics._sparse_bits_kernels import place_of_set_bit, unpack_lanes

_0, _1 = np.uint64(0), np.uint64(1)


@part
def move_clusters(network: Any, systems: Any, ladders: Any, room: Any) -> None:
    """One cluster for each pair of replicas (0, 1), (2, 3), ... at each temperature.

    A site is drawn among those where the two replicas differ; the connected cluster of such
    sites around it is exchanged between them. Which sites differ stays the same, so the move
    is its own reverse, and the sum of both energies does not change.
    J. Houdayer, Eur. Phys. J. B 22 (2001) 479. Configurations are packed already.
    """
    n_replicas, n_temperatures = ladders.order.shape
    n_words = room.bits.shape[1]
    bits = room.bits.reshape(n_replicas, n_temperatures, n_words)
    for a in range(0, n_replicas - 1, 2):
        for t in range(n_temperatures):
            seed = _draw_site(bits[a, t], bits[a + 1, t], room, ladders.clusters)
            if seed >= 0:
                gain = _exchange_cluster(network, bits[a, t], bits[a + 1, t], room, seed)
                systems.energy[a * n_temperatures + ladders.order[a, t]] += gain
                systems.energy[(a + 1) * n_temperatures + ladders.order[a + 1, t]] -= gain
    unpack_lanes(
        systems.blocks, systems.spins, network.fields.shape[0], room.row_of, room.bits,
        room.rows,
    )  # fmt: skip


@part
def _draw_site(one: Any, two: Any, room: Any, state: Any) -> int:
    """A site where two configurations differ; -1 if there is none."""
    n_different = 0
    for w in range(one.shape[0]):
        room.joint[w] = one[w] ^ two[w]
        n_different += count_ones(room.joint[w])
    which = below(state, max(n_different, 1))
    return place_of_set_bit(room.joint, which) if n_different > 0 else -1


@inlined
def _mark(i: int) -> Any:
    return _1 << np.uint64(i & 63)


@part
def _exchange_cluster(network: Any, one: Any, two: Any, room: Any, seed: int) -> float:
    """Grow the cluster around a site and exchange it; return what the first system gains.

    That is 2 s_i (h_i + J_ij s_j), summed over sites i of the cluster and their neighbours j
    outside; the second loses as much.
    """
    first, neighbors = network.first, network.neighbors
    couplings, fields = network.exact, network.exact_fields
    joint, inside, stack = room.joint, room.inside, room.stack
    for w in range(inside.shape[0]):
        inside[w] = _0
    inside[seed >> 6] = _mark(seed)
    stack[0], n_waiting, gain = seed, 1, 0.0
    while n_waiting > 0:
        n_waiting -= 1
        i = stack[n_waiting]
        local = fields[i]
        for e in range(first[i], first[i + 1]):
            j = neighbors[e]
            w, mark = j >> 6, _mark(j)
            if joint[w] & mark == _0:
                local += -couplings[e] if one[w] & mark else couplings[e]
            elif inside[w] & mark == _0:
                inside[w] |= mark
                stack[n_waiting] = j
                n_waiting += 1
        gain += -2 * local if one[i >> 6] & _mark(i) else 2 * local
    for w in range(inside.shape[0]):
        one[w] ^= inside[w]
        two[w] ^= inside[w]
    return gain
