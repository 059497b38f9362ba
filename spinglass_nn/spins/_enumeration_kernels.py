"""Kernels that go through all 2^N states; bit i of a state's number is set where s_i = -1."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn._core.jit import kernel
from spinglass_nn.typing import Float64Array, IntArray

BLOCK_BITS = 12  # states of one block differ in these low bits; 32 KiB of energies


@kernel
def pair_energies(
    first: IntArray,
    neighbors: IntArray,
    couplings: Float64Array,
    fields: Float64Array,
    energies: Float64Array,
) -> None:
    """Energies of all states of a two-body model.

    Blocks start afresh, so that rounding does not pile up over millions of flips.
    """
    n = fields.size
    low = min(n, BLOCK_BITS)
    size = 1 << low
    spins = np.empty(n)
    local = np.empty(n)
    for block in range(energies.size // size):
        for i in range(n):
            spins[i] = 1.0 - 2.0 * ((block << low >> i) & 1)
        energy = 0.0
        for i in range(n):
            pairs = 0.0
            for k in range(first[i], first[i + 1]):
                pairs += couplings[k] * spins[neighbors[k]]
            local[i] = fields[i] + pairs
            energy -= spins[i] * (fields[i] + 0.5 * pairs)
        walk_block(first, neighbors, couplings, spins, local, energy, low,
                   energies[block * size : (block + 1) * size])  # fmt: skip


@kernel
def walk_block(
    first: IntArray,
    neighbors: IntArray,
    couplings: Float64Array,
    spins: Float64Array,
    local: Float64Array,
    energy: float,
    low: int,
    energies: Float64Array,
) -> None:
    """Energies of the states of one block in the order of Gray's code, one flip at a time."""
    energies[0] = energy
    for step in range(1, energies.size):
        i = 0
        while (step >> i) & 1 == 0:
            i += 1
        energy += 2.0 * spins[i] * local[i]
        spins[i] = -spins[i]
        change = 2.0 * spins[i]
        for k in range(first[i], first[i + 1]):
            local[neighbors[k]] += change * couplings[k]
        energies[step ^ (step >> 1)] = energy


@kernel
def weigh(
    energies: Float64Array, lowest: float, beta: float, weights: Float64Array
) -> tuple[float, float, float]:
    """Boltzmann weights exp(-beta (E - lowest)); their sum, and those with (E - lowest)^1, 2."""
    total, first, second = 0.0, 0.0, 0.0
    size = min(energies.size, 1 << BLOCK_BITS)
    for start in range(0, energies.size, size):
        t, f, s = 0.0, 0.0, 0.0  # sums of sums lose fewer digits
        for i in range(start, start + size):
            above = energies[i] - lowest
            w = math.exp(-beta * above)
            weights[i] = w
            t += w
            f += w * above
            s += w * above * above
        total, first, second = total + t, first + f, second + s
    return total, first, second


@kernel
def walsh_hadamard(values: Float64Array) -> None:
    """Transform in place: entry S becomes the sum over states of value times prod_S s_i."""
    block = min(values.size, 1 << BLOCK_BITS)
    for start in range(0, values.size, block):
        combine(values[start : start + block], 1)
    combine(values, block)


@kernel
def combine(values: Float64Array, width: int) -> None:
    """Butterflies of the transform from a width up."""
    while width < values.size:
        for start in range(0, values.size, 2 * width):
            left = values[start : start + width]
            right = values[start + width : start + 2 * width]
            for i in range(width):
                a, b = left[i], right[i]
                left[i] = a + b
                right[i] = a - b
        width *= 2


@kernel
def square(values: Float64Array, scale: float) -> None:
    """Squares of scaled values, in place."""
    for i in range(values.size):
        values[i] = (values[i] * scale) ** 2


@kernel
def fold(values: Float64Array, sums: Float64Array) -> None:
    """Sums of the values over states with the same number of set bits."""
    size = min(values.size, 1 << BLOCK_BITS)
    part = np.empty(sums.size)
    for start in range(0, values.size, size):
        part[:] = 0.0
        for i in range(start, start + size):
            bits, rest = 0, i
            while rest:
                rest &= rest - 1
                bits += 1
            part[bits] += values[i]
        sums += part
