"""Sweeps spin by spin and lane by lane, from the random words the vector kernels draw."""

from __future__ import annotations

import math

_MASK = 2**64 - 1


class Xoshiro:
    """One stream of xoshiro256++ (Blackman and Vigna 2021)."""

    def __init__(self, state):
        self.state = [int(word) for word in state]

    def word(self):
        a, b, c, d = self.state
        total = (a + d) & _MASK
        drawn = (((total << 23) | (total >> 41)) + a) & _MASK
        shifted = (b << 17) & _MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = ((d << 45) | (d >> 19)) & _MASK
        self.state = [a, b, c, d]
        return drawn


def sixteen(streams):
    """Sixteen numbers of 32 bits, the low half of each of eight words first."""
    words = [stream.word() for stream in streams]
    return [half for w in words for half in (w & 0xFFFFFFFF, w >> 32)]


def threshold(n, temperature, heat_bath):
    """What s h has to stay below for the spin to flip."""
    u = n / 2**32
    if heat_bath:
        return temperature / 2 * math.log((1 - u) / u)
    return -temperature / 2 * math.log(u)


def sweep(matrix, fields, spins, temperatures, streams, heat_bath):
    """One sweep in place of one block: ``spins[lane][i]``, one temperature a lane."""
    n = len(fields)
    for i in range(n):
        drawn = [m for _ in range(len(spins) // 16) for m in sixteen(streams)]
        for lane, s in enumerate(spins):
            h = fields[i] + sum(matrix[i][j] * s[j] for j in range(n))
            if s[i] * h < threshold(drawn[lane], temperatures[lane], heat_bath):
                s[i] = -s[i]
    for i in range(n):
        if fields[i] == 0 and not any(matrix[i]):
            drawn = [m for _ in range(len(spins) // 16) for m in sixteen(streams)]
            for lane, s in enumerate(spins):
                s[i] = -1 if drawn[lane] >> 31 else 1


def cluster(matrix, product, seed):
    """Sites connected to the seed by bonds between sites where the product is -1."""
    found, front = {seed}, [seed]
    while front:
        i = front.pop()
        for j in range(len(product)):
            if matrix[i][j] != 0 and product[j] == -1 and j not in found:
                found.add(j)
                front.append(j)
    return found
