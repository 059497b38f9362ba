"""Kernels of single-spin-flip dynamics at zero temperature, with the local fields kept."""

from __future__ import annotations

from typing import Any

from spinglass_nn._core.jit import kernel
from spinglass_nn._core.streams import below


@kernel
def flip(i: int, spins: Any, fields: Any, bonds: Any) -> None:
    """Flip spin i and bring the fields on the others up to date.

    ``bonds`` is either the dense matrix or rows of neighbours; the other one is empty.
    """
    spins[i] = -spins[i]
    twice = 2.0 * spins[i]
    if bonds.matrix.shape[0] > 0:
        row = bonds.matrix[i]
        for j in range(spins.shape[0]):
            fields[j] += twice * row[j]
        return
    for k in range(bonds.first[i], bonds.first[i + 1]):
        fields[bonds.neighbors[k]] += twice * bonds.couplings[k]


@kernel
def shuffle(order: Any, state: Any) -> None:
    """Put an order of the spins into random order (Fisher and Yates)."""
    for last in range(order.shape[0] - 1, 0, -1):
        other = below(state, last + 1)
        order[last], order[other] = order[other], order[last]


@kernel
def quench_random(
    spins: Any, fields: Any, bonds: Any, rounding: Any, order: Any, state: Any, counts: Any
) -> None:
    """Sweep over the spins in ever new random order until none lowers the energy.

    ``rounding`` (n_spins,) is what a field may be off by; ``counts`` gets sweeps and flips,
    the last sweep, in which nothing flipped, included.
    """
    n_spins = spins.shape[0]
    for i in range(n_spins):
        order[i] = i
    flipped = 1
    while flipped > 0:
        shuffle(order, state)
        flipped = 0
        for k in range(n_spins):
            i = order[k]
            if spins[i] * fields[i] < -rounding[i]:
                flip(i, spins, fields, bonds)
                flipped += 1
        counts[0] += 1
        counts[1] += flipped


@kernel
def quench_greedy(spins: Any, fields: Any, bonds: Any, rounding: Any, counts: Any) -> None:
    """Flip the spin that lowers the energy most (the first of equals) until none does."""
    while True:
        best, chosen = 0.0, -1
        for i in range(spins.shape[0]):
            aligned = spins[i] * fields[i]
            if aligned < best - rounding[i]:
                best, chosen = aligned, i
        if chosen < 0:
            return
        flip(chosen, spins, fields, bonds)
        counts[1] += 1
