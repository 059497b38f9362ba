"""Sweeps of the engines with kept fields, from their definition and the same random numbers."""

from __future__ import annotations

import math

import numpy as np

MASK = 2**64 - 1


def rotated(x, places):
    return ((x << places) | (x >> (64 - places))) & MASK


def next_words(state):
    """Eight words of xoshiro256++ from lists a, b, c, d of eight; the state is advanced."""
    a, b, c, d = state
    drawn = []
    for k in range(8):
        drawn.append((rotated((a[k] + d[k]) & MASK, 23) + a[k]) & MASK)
        shifted = (b[k] << 17) & MASK
        c[k] ^= a[k]
        d[k] ^= b[k]
        b[k] ^= c[k]
        a[k] ^= d[k]
        c[k] ^= shifted
        d[k] = rotated(d[k], 45)
    return drawn


def uniforms(state):
    """Sixteen numbers, two from each word, the lower half first."""
    halves = [half for word in next_words(state) for half in (word & 0xFFFFFFFF, word >> 32)]
    return [(half + 0.5) / 2**32 for half in halves]


def sweep(model, spins, temperatures, words, heat_bath):
    """One sweep of the systems of a ladder; ``words`` (32,) are its stream's state before.

    Spins (n_temperatures, n_spins) are changed in place. A Metropolis flip happens with
    probability exp(-dE / T), a heat bath's with probability 1 / (1 + exp(dE / T)).
    """
    state = [[int(w) for w in words[8 * k : 8 * k + 8]] for k in range(4)]
    n_spins = spins.shape[1]
    for start in range(0, n_spins, 64):
        for row, temperature in zip(spins, temperatures, strict=True):
            drawn = [u for _ in range(4) for u in uniforms(state)]
            for i in range(start, min(start + 64, n_spins)):
                cost = 2 * row[i] * model.local_fields(row)[i] / temperature
                u = drawn[i - start]
                if cost < (math.log((1 - u) / u) if heat_bath else -math.log(u)):
                    row[i] = -row[i]
    return np.array([word for part in state for word in part], dtype=np.uint64)
