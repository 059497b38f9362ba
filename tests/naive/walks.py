"""Random walks from their definition, one number at a time.

Only the random numbers are the package's: NumPy's SFC64 seeded with (seed, stream 4, walker), whose
first 32 words seed the normal numbers of the moves.
"""

from __future__ import annotations

import math

import numpy as np
from naive import networks

from spinglass_nn._core.simd_normals import fill_normals

WALKS = 4  # number of the stream


def length(vector):
    return math.sqrt(math.fsum(float(x) ** 2 for x in vector))


def overlap(a, b):
    return math.fsum(float(x) * float(y) for x, y in zip(a, b, strict=True)) / (
        length(a) * length(b)
    )


def positions(
    net, data, start, *, n_steps, step, seed, walker, sphere=False, accept=None, energy=None
):
    """The walker's positions after 0, 1, ..., n_steps steps.

    ``accept(before, after, generator)`` decides on a move; None accepts all. It is told the
    energies, which are losses by default.
    """
    if energy is None:

        def energy(theta):
            return loss(net, theta, data)

    sequence = np.random.SeedSequence(seed, spawn_key=(WALKS, walker))
    generator = np.random.Generator(np.random.SFC64(sequence))
    state = generator.bit_generator.random_raw(32)
    room = np.zeros(-(-len(start) // 32) * 32, np.float32)
    here = [float(x) for x in start]
    radius = length(here)
    path = [list(here)]
    for _ in range(n_steps):
        fill_normals(room, state)
        g = [float(x) for x in room[: len(here)]]
        there = [x + step * y / length(g) for x, y in zip(here, g, strict=True)]
        if sphere:
            scale = radius / length(there)
            there = [x * scale for x in there]
        if accept is None or accept(energy(here), energy(there), generator):
            here = there
        path.append(list(here))
    return np.array(path)


def loss(net, theta, data):
    theta = np.array(theta)
    return networks.loss(net, theta, data.inputs, data.labels, data.targets)


def metropolis(temperature):
    def accept(before, after, generator):
        uniform = generator.random()
        return after <= before or uniform < math.exp(-(after - before) / temperature)

    return accept


def with_prior(net, loss, deviations, temperature):
    """Loss plus temperature times the exponent of a normal prior, one deviation a layer."""

    def energy(theta):
        exponent, begin = 0.0, 0
        layers = zip(net.sizes[:-1], net.sizes[1:], deviations, strict=True)
        for n_in, n_out, deviation in layers:
            end = begin + n_out * (n_in + int(net.bias))
            squares = math.fsum(float(x) ** 2 for x in theta[begin:end])
            exponent += squares / (2 * deviation**2)
            begin = end
        return loss(theta) + temperature * exponent

    return energy


SINGLE = 24  # number of the stream of moves of one weight or unit


def moved_parameters(net, of_weight, generator):
    """Places, in the flat vector, of the parameters that one move changes."""
    shapes = [(n_in, n_out) for n_in, n_out in zip(net.sizes[:-1], net.sizes[1:], strict=True)]
    bias = int(net.bias)
    if of_weight:
        return [int(generator.random() * net.n_parameters)]
    unit, begin = int(generator.random() * sum(net.sizes[1:])), 0
    for n_in, n_out in shapes:
        if unit < n_out:
            own = [begin + unit * n_in + k for k in range(n_in)]
            return own + [begin + n_in * n_out + unit] * bias
        unit -= n_out
        begin += n_out * (n_in + bias)
    raise AssertionError


def normals(n, generator):
    """As many normal numbers, by Box and Muller."""
    found = []
    while len(found) < n:
        radius = math.sqrt(-2 * math.log(1 - generator.random()))
        angle = 2 * math.pi * generator.random()
        found += [radius * math.cos(angle), radius * math.sin(angle)]
    return found[:n]


def single_moves(net, start, loss, *, n_steps, step, seed, walker, of_weight, accept):
    """Positions of a walker that moves one weight or one unit at a time.

    ``loss(position)`` is computed from scratch for each; ``accept(before, after, generator)``.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(SINGLE, walker))
    generator = np.random.Generator(np.random.SFC64(sequence))
    here = np.array(start, dtype=np.float64)
    now, path = loss(here), [here]
    for _ in range(n_steps):
        places = moved_parameters(net, of_weight, generator)
        there = here.copy()
        for place, g in zip(places, normals(len(places), generator), strict=True):
            there[place] += step / math.sqrt(len(places)) * g
        after = loss(there)
        if accept(now, after, generator):
            here, now = there, after
        path.append(here)
    return np.array(path)
