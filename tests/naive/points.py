"""Slow, obvious twins of overlaps between points; plain loops from definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np


def overlap_of_spins(a, b):
    return sum(int(s) * int(t) for s, t in zip(a, b, strict=True)) / len(a)


def overlap_of_links(a, b, links):
    products = [int(a[i]) * int(a[j]) * int(b[i]) * int(b[j]) for i, j in links]
    return sum(products) / len(products)


def all_pairs(function, points):
    return np.array([[function(a, b) for b in points] for a in points])


def hidden_units_on(net, theta, inputs):
    """One list of booleans a hidden unit and sample, layer by layer: [layer][unit][sample]."""
    found = [[[] for _ in range(size)] for size in net.hidden_sizes]
    for x in inputs:
        values = [float(v) for v in x]
        for k, layer in enumerate(net.layers(np.asarray(theta, dtype=np.float64))[:-1]):
            above = []
            for j, row in enumerate(layer.weight):
                z = sum(float(w) * v for w, v in zip(row, values, strict=True))
                z += 0.0 if layer.bias is None else float(layer.bias[j])
                found[k][j].append(z > 0)
                above.append(max(z, 0.0))
            values = above
    return found


def pattern_overlap(a, b, orders=None):
    """Agreement beyond chance of units on or off; b's unit orders[layer][j] belongs to j."""
    above, possible = 0.0, 0.0
    for k, layer in enumerate(a):
        for j, unit in enumerate(layer):
            other = b[k][j if orders is None else orders[k][j]]
            n = len(unit)
            f, g = sum(unit) / n, sum(other) / n
            chance = f * g + (1 - f) * (1 - g)
            above += sum(x == y for x, y in zip(unit, other, strict=True)) / n - chance
            possible += 1 - chance
    return above / possible


def best_pattern_overlap(a, b):
    """The pairing of units with the largest sum of agreement beyond chance, by trying all."""
    orders = []
    for k, layer in enumerate(a):
        best = max(
            itertools.permutations(range(len(layer))),
            key=lambda order, k=k: sum(
                _covariance(a[k][j], b[k][order[j]]) for j in range(len(order))
            ),
        )
        orders.append(best)
    return pattern_overlap(a, b, orders)


def _covariance(one, other):
    n = len(one)
    both = sum(x and y for x, y in zip(one, other, strict=True)) / n
    return both - sum(one) / n * sum(other) / n


def best_signs(q):
    """Signs, the first +1, that make the sum of overlaps largest, by trying all."""
    n = len(q)
    rest = itertools.product([1, -1], repeat=n - 1)
    return max(
        ((1, *signs) for signs in rest),
        key=lambda s: sum(
            s[a] * s[b] * q[a][b] for a, b in itertools.combinations(range(n), 2)
        ),
    )


def separation(a, b):
    return math.sqrt(math.fsum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)))
