"""Small Ising models state by state, from the definitions."""

from __future__ import annotations

import itertools
import math


def energy(matrix, fields, spins):
    n = len(spins)
    total = 0.0
    for i in range(n):
        total -= fields[i] * spins[i]
        for j in range(i + 1, n):
            total -= matrix[i][j] * spins[i] * spins[j]
    return total


def states(n):
    return list(itertools.product([1, -1], repeat=n))


def boltzmann(energies, temperature):
    weights = [math.exp(-e / temperature) for e in energies]
    total = sum(weights)
    return [w / total for w in weights], total


def mean(values, law):
    return sum(v * p for v, p in zip(values, law, strict=True))


def overlap_law(n, law):
    """Probability of every overlap -1, ..., 1 of two replicas, pair by pair."""
    every = states(n)
    found = [0.0] * (n + 1)
    for a, p_a in zip(every, law, strict=True):
        for b, p_b in zip(every, law, strict=True):
            equal = sum(x == y for x, y in zip(a, b, strict=True))
            found[equal] += p_a * p_b
    return found
