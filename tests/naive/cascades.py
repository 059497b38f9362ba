"""Slow, obvious twins of random cascades and of what star and cluster nulls keep."""

from __future__ import annotations

import itertools

import numpy as np


def truncated_cascade(breakpoints, n_replicas, rng, width=400):
    """States of replicas from nested Poisson processes, cut at the largest `width` weights.

    Points of a Poisson process of density m u^(-1-m) are u = (Gamma_1 + ... + Gamma_j)^(-1/m);
    the weight of a leaf is the product along its branch. Returns one path a replica.
    """
    paths, weights = [()], [1.0]
    for m in breakpoints:
        new_paths, new_weights = [], []
        for path, weight in zip(paths, weights, strict=True):
            total = 0.0
            for child in range(width):
                total += rng.exponential()
                new_paths.append((*path, child))
                new_weights.append(weight * total ** (-1 / m))
        keep = sorted(range(len(new_weights)), key=lambda k: -new_weights[k])[: 20 * width]
        paths = [new_paths[k] for k in keep]
        weights = [new_weights[k] for k in keep]
    chances = np.array(weights) / sum(weights)
    return [paths[k] for k in rng.choice(len(paths), n_replicas, p=chances)]


def overlap_of_paths(first, second, values):
    shared = 0
    for a, b in zip(first, second, strict=True):
        if a != b:
            break
        shared += 1
    return values[shared]


def equilateral_share(breakpoints):
    """Chance that three replicas have one and the same overlap, by summing over steps."""
    steps = [0.0, *breakpoints, 1.0]
    return sum((high - low) * (2 * high - low) / 2 for low, high in itertools.pairwise(steps))


def coalescence(n_points, kind, rng):
    """Times at which pairs merge, by waiting for every possible group at its own rate."""
    from math import factorial

    blocks, time = [{k} for k in range(n_points)], 0.0
    times = np.zeros((n_points, n_points))
    while len(blocks) > 1:
        b = len(blocks)
        rates = {}
        for j in range(2, b + 1):
            rate = factorial(j - 2) * factorial(b - j) / factorial(b - 1)
            for group in itertools.combinations(range(b), j):
                rates[group] = rate if kind == "bolthausen-sznitman" else float(j == 2)
        waits = {g: rng.exponential(1 / r) for g, r in rates.items() if r > 0}
        group = min(waits, key=waits.get)
        time += waits[group]
        for one, other in itertools.combinations(group, 2):
            for a in blocks[one]:
                for c in blocks[other]:
                    times[a, c] = times[c, a] = time
        union = set().union(*(blocks[g] for g in group))
        blocks = [x for k, x in enumerate(blocks) if k not in group] + [union]
    return times
