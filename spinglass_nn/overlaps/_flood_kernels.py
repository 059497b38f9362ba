"""Kernels that flood the hypercube of all 2^N states of an Ising model."""

from __future__ import annotations

from spinglass_nn._core.jit import kernel
from spinglass_nn.typing import Float64Array, IntArray


@kernel
def flood(
    order: IntArray,
    first: IntArray,
    n_spins: int,
    parent: IntArray,
    birth: IntArray,
    label: IntArray,
    minima: IntArray,
    passes: IntArray,
) -> int:
    """Flood states level by level and return the number of minima.

    ``order`` (2^N,) lists states by energy, ``first`` (n_levels + 1,) where each level of
    equal energies begins. ``parent`` (2^N,), -1 for dry states, is a forest of pools;
    ``birth`` holds the level at which the pool of a root began and ``label`` its minimum (-1
    for none). Row k of ``minima`` gets a state and the number of states of minimum k; row k of
    ``passes`` the minima of two pools and the level at which they met.
    """
    n_minima = 0
    n_passes = 0
    for level in range(first.size - 1):
        for place in range(first[level], first[level + 1]):
            state = order[place]
            parent[state] = state
            birth[state] = level
            for spin in range(n_spins):
                neighbor = state ^ (1 << spin)
                if parent[neighbor] >= 0:
                    n_passes = _join(state, neighbor, level, parent, birth, label, passes,
                                     n_passes)  # fmt: skip
        # pools that began at this level and met no older one are minima
        for place in range(first[level], first[level + 1]):
            root = _root_of(order[place], parent)
            if birth[root] == level:
                if label[root] < 0:
                    label[root] = n_minima
                    minima[n_minima, 0] = order[place]
                    n_minima += 1
                minima[label[root], 1] += 1
    return n_minima


@kernel
def _join(
    state: int,
    neighbor: int,
    level: int,
    parent: IntArray,
    birth: IntArray,
    label: IntArray,
    passes: IntArray,
    n_passes: int,
) -> int:
    """Unite two pools; the older one gives its name. Returns the number of passes."""
    a = _root_of(state, parent)
    b = _root_of(neighbor, parent)
    if a == b:
        return n_passes
    if birth[b] < birth[a]:
        a, b = b, a
    parent[b] = a
    if birth[b] == level:  # not a pool of its own yet
        return n_passes
    passes[n_passes, 0] = label[a]
    passes[n_passes, 1] = label[b]
    passes[n_passes, 2] = level
    return n_passes + 1


@kernel
def _root_of(state: int, parent: IntArray) -> int:
    while parent[state] != state:
        parent[state] = parent[parent[state]]
        state = parent[state]
    return state


@kernel
def levels(energies: Float64Array, order: IntArray, tolerance: float, level: IntArray) -> int:
    """Number energies from the lowest up, as one where they are nearer than ``tolerance``."""
    number = 0
    for place in range(order.size):
        if place > 0 and energies[order[place]] - energies[order[place - 1]] > tolerance:
            number += 1
        level[order[place]] = number
    return number + 1
