"""Zero-temperature dynamics from its definition: energies of whole configurations.

Only the random numbers are the package's: SFC64 of (seed, stream 22, start), of which a
number below n is the integer part of n times a double.
"""

from __future__ import annotations

import numpy as np

QUENCHES = 22  # number of the stream


def flipped(spins, i):
    other = spins.copy()
    other[i] = -other[i]
    return other


def gain(model, spins, i):
    """By how much the energy falls if spin i flips; what is only rounding is nothing."""
    change = model.energy(spins) - model.energy(flipped(spins, i))
    return change if change > 1e-9 else 0.0


def random_order(model, start, seed, number):
    """Final spins, flips and sweeps."""
    sequence = np.random.SeedSequence(seed, spawn_key=(QUENCHES, number))
    generator = np.random.Generator(np.random.SFC64(sequence))
    spins, order = start.copy(), list(range(model.n_spins))
    n_flips = n_sweeps = 0
    while True:
        for last in range(model.n_spins - 1, 0, -1):
            other = int((last + 1) * generator.random())
            order[last], order[other] = order[other], order[last]
        n_sweeps += 1
        before = n_flips
        for i in order:
            if gain(model, spins, i) > 0:
                spins = flipped(spins, i)
                n_flips += 1
        if n_flips == before:
            return spins, n_flips, n_sweeps


def greedy(model, start):
    """Final spins and flips."""
    spins, n_flips = start.copy(), 0
    while True:
        gains = [gain(model, spins, i) for i in range(model.n_spins)]
        if max(gains) == 0:
            return spins, n_flips
        first = next(i for i, g in enumerate(gains) if g > max(gains) - 1e-9)
        spins = flipped(spins, first)
        n_flips += 1
