"""Random walks from their definition, one number at a time.

Only the random numbers are the package's: NumPy's SFC64 seeded with (seed, stream 4, walker).
"""

from __future__ import annotations

import math

import numpy as np
from naive import networks

WALKS = 4  # number of the stream


def length(vector):
    return math.sqrt(math.fsum(float(x) ** 2 for x in vector))


def overlap(a, b):
    return math.fsum(float(x) * float(y) for x, y in zip(a, b, strict=True)) / (
        length(a) * length(b)
    )


def positions(net, data, start, *, n_steps, step, seed, walker, sphere=False, accept=None):
    """The walker's positions after 0, 1, ..., n_steps steps.

    ``accept(loss, proposed, generator)`` decides on a move; None accepts all.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(WALKS, walker))
    generator = np.random.Generator(np.random.SFC64(sequence))
    here = [float(x) for x in start]
    radius = length(here)
    path = [list(here)]
    for _ in range(n_steps):
        g = generator.standard_normal(len(here))
        there = [x + step * y / length(g) for x, y in zip(here, g, strict=True)]
        if sphere:
            scale = radius / length(there)
            there = [x * scale for x in there]
        if accept is None or accept(loss(net, here, data), loss(net, there, data), generator):
            here = there
        path.append(list(here))
    return np.array(path)


def loss(net, theta, data):
    theta = np.array(theta)
    return networks.loss(net, theta, data.inputs, data.labels, data.targets)


def metropolis(temperature):
    def accept(before, after, generator):
        uniform = generator.random()
        return uniform < min(1.0, math.exp(-(after - before) / temperature))

    return accept
