"""Slow twins of nulls: weighted star fits by a general solver, rotations of explicit points."""

from __future__ import annotations

import itertools
import math

import numpy as np


def star_fit(squares):
    """s of the fit s_a + s_b to pairs, weighted by 1/(s_a s_b) of a fit without weights."""
    n = len(squares)
    pairs = list(itertools.combinations(range(n), 2))
    design = np.array([[float(k in pair) for k in range(n)] for pair in pairs])
    data = np.array([squares[a][b] for a, b in pairs])
    first = np.linalg.lstsq(design, data, rcond=None)[0]
    floor = np.maximum(first, 0.05 * first.mean())
    weight = np.array([1 / math.sqrt(floor[a] * floor[b]) for a, b in pairs])
    second = np.linalg.lstsq(design * weight[:, None], data * weight, rcond=None)[0]
    return second, floor


def squared_distances(points):
    return np.array([[float(((x - y) ** 2).sum()) for y in points] for x in points])


def between_clusters(distances, labels):
    """K over triples from three different clusters, with the spread of all distances."""
    n = len(distances)
    gaps = []
    for a, b, c in itertools.combinations(range(n), 3):
        if len({labels[a], labels[b], labels[c]}) == 3:
            _low, mid, high = sorted([distances[a][b], distances[a][c], distances[b][c]])
            gaps.append(high - mid)
    pairs = [distances[a][b] for a, b in itertools.combinations(range(n), 2)]
    return float(np.mean(gaps)) / float(np.std(pairs))
