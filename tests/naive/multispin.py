"""One system after another, bit by bit: what multi-spin coding does to all of them at once."""

from __future__ import annotations

import math

import numpy as np

FIRST, MORE, BITS = 12, 4, 56
WORD = 2**64 - 1


def next_word(state):
    """xoshiro256++ on a list of four integers, changed in place."""
    a, b, c, d = state
    start = (a + d) & WORD
    word = ((start << 23 | start >> 41) + a) & WORD
    shifted = b << 17 & WORD
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 45 | d >> 19) & WORD
    state[:] = a, b, c, d
    return word


def chance(cost, temperature, share):
    """Probability of a flip in units of 2^-56."""
    return int(math.exp(-cost / temperature) * share * 2**BITS)


def sweep(bonds, spins, temperatures, state):
    """Sweep systems (n_systems, n_spins), changed in place, that share the words drawn.

    System l takes bit l of each word; ``bonds[i]`` lists (neighbour, coupling) of site i.
    Flips that cost nothing, or at odd degree those between the two lowest costs, are made
    with 7/8 of the probability: not if bits of three words are set.
    """
    for i, mine in enumerate(bonds):
        unit = abs(mine[0][1]) if mine else 1.0
        words = [next_word(state) for _ in range(FIRST)][::-1]  # the lowest bit comes first
        flips, tied = set(), {}
        for system, spin in enumerate(spins):
            cost = 2 * spin[i] * sum(j * spin[k] for k, j in mine)
            odd = len(mine) % 2
            if cost == -2 * unit * odd:
                if not all(word >> system & 1 for word in words[:3]):
                    flips.add(system)
            elif cost < 0:
                flips.add(system)
            else:
                share = 7 / 8 if odd and cost == 2 * unit else 1.0
                p = chance(cost, temperatures[system], share)
                compare(system, drawn(words, system), p, len(words), flips, tied)
        while tied and len(words) < BITS:
            words += [next_word(state) for _ in range(MORE)]
            for system, p in list(tied.items()):
                del tied[system]
                compare(system, drawn(words, system), p, len(words), flips, tied)
        for system in flips:
            spins[system][i] *= -1


def drawn(words, system):
    """The bits of a uniform number: complements of a bit of each word, the highest first."""
    u = 0
    for word in words:
        u = 2 * u + 1 - (word >> system & 1)
    return u


def compare(system, u, p, n_bits, flips, tied):
    known = p >> (BITS - n_bits)
    if u < known:
        flips.add(system)
    elif u == known:
        tied[system] = p


def bonds_of(model):
    """Neighbours and couplings of each site; both bonds of a periodic axis of length 2."""
    found = [[] for _ in range(model.n_spins)]
    if hasattr(model, "shape"):
        for axis in range(model.dimension):
            for x in range(model.n_spins):
                if model.couplings[axis, x]:
                    y = int(model.neighbors[x, 2 * axis])
                    found[x].append((y, model.couplings[axis, x]))
                    found[y].append((x, model.couplings[axis, x]))
    else:
        for i, j, coupling in zip(*model.bonds, strict=True):
            found[i].append((int(j), coupling))
            found[j].append((int(i), coupling))
    return found


def exchange(model, spins, temperatures, parity, generator):
    """Neighbouring systems of one ladder, in place; return where exchanges were made."""
    made = []
    for t in range(parity, len(temperatures) - 1, 2):
        u = generator.random()
        gap = 1 / temperatures[t] - 1 / temperatures[t + 1]
        gain = gap * (model.energy(spins[t]) - model.energy(spins[t + 1]))
        if gain >= 0 or u < math.exp(gain):
            spins[[t, t + 1]] = spins[[t + 1, t]]
            made.append(t)
    return made


def component(bonds, wanted, seed):
    """Sites of a set that are connected to the seed within it."""
    found, front = {seed}, [seed]
    while front:
        for j, _ in bonds[front.pop()]:
            if wanted[j] and j not in found:
                found.add(j)
                front.append(j)
    return np.array(sorted(found))
