"""Slow, obvious twins of the ultrametricity statistics; plain loops from definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np
from naive.overlaps import average_linkage_heights


def deviation(distances):
    pairs = [distances[a][b] for a, b in itertools.combinations(range(len(distances)), 2)]
    mean = sum(pairs) / len(pairs)
    return math.sqrt(sum((d - mean) ** 2 for d in pairs) / len(pairs))


def triples(distances):
    """Sorted sides of all triangles."""
    for a, b, c in itertools.combinations(range(len(distances)), 3):
        yield sorted([distances[a][b], distances[a][c], distances[b][c]])


def angle(opposite, a, b):
    """By the law of cosines; NaN where there is no such triangle."""
    cosine = (a * a + b * b - opposite * opposite) / (2 * a * b)
    return math.acos(cosine) if -1 <= cosine <= 1 else math.nan


def is_murtagh(d1, d2, d3):
    if d2 == d3:  # a pair of equal points has two right angles, three of them any
        return True
    if d1 == 0 or d3 > d1 + d2:
        return False
    smallest, middle, largest = angle(d1, d2, d3), angle(d2, d1, d3), angle(d3, d1, d2)
    return smallest <= math.pi / 3 + 1e-9 and largest - middle <= math.radians(2)


def relative(d1, d2, d3):
    if d3 == d2:
        return 0.0
    return 1.0 if d3 - d2 >= d1 else (d3 - d2) / d1


def measures_of(sides, sd):
    """K, K', X, Y, Var X, Var Y of some triangles."""
    x = [d3 - d2 for d1, d2, d3 in sides]
    y = [d2 - d1 for d1, d2, d3 in sides]
    n = len(sides)
    means = sum(x) / n, sum(y) / n
    return [
        means[0] / sd if sd > 0 else 0.0,
        sum(relative(*s) for s in sides) / n,
        *means,
        sum((v - means[0]) ** 2 for v in x) / n,
        sum((v - means[1]) ** 2 for v in y) / n,
    ]


def subdominant(distances):
    """The longest step of the path from a to b whose longest step is shortest."""
    u = np.array(distances, dtype=float)
    n = len(u)
    for k in range(n):
        for a in range(n):
            for b in range(n):
                u[a, b] = min(u[a, b], max(u[a, k], u[k, b]))
    return u


def rammal(distances):
    u, n = subdominant(distances), len(distances)
    pairs = list(itertools.combinations(range(n), 2))
    total = sum(distances[a][b] for a, b in pairs)
    return sum(distances[a][b] - u[a, b] for a, b in pairs) / total if total > 0 else 0.0


def ward_tree(distances):
    """Nested pairs (members, height, children), by Ward's recurrence on all pairs."""
    nodes = [([a], 0.0, None) for a in range(len(distances))]
    d = {
        (a, b): float(distances[a][b]) for a, b in itertools.combinations(range(len(nodes)), 2)
    }
    alive = set(range(len(nodes)))
    while len(alive) > 1:
        (a, b), height = min(
            ((pair, h) for pair, h in d.items() if set(pair) <= alive), key=lambda x: x[1]
        )
        new = len(nodes)
        nodes.append((nodes[a][0] + nodes[b][0], height, (a, b)))
        alive -= {a, b}
        size_a, size_b = len(nodes[a][0]), len(nodes[b][0])
        for c in alive:
            size_c = len(nodes[c][0])
            to_a, to_b = d[min(a, c), max(a, c)], d[min(b, c), max(b, c)]
            d[c, new] = math.sqrt(
                ((size_a + size_c) * to_a**2 + (size_b + size_c) * to_b**2 - size_c * height**2)
                / (size_a + size_b + size_c)
            )
        alive.add(new)
    return nodes


def ward_clusters(distances):
    """Three sets of points: the top is split, then its larger child."""
    nodes = ward_tree(distances)
    children = sorted(nodes[-1][2], key=lambda c: (len(nodes[c][0]), nodes[c][1]))
    small, large = children
    return [nodes[k][0] for k in (small, *nodes[large][2])]


def sides_between(distances, clusters):
    return [
        sorted([distances[a][b], distances[a][c], distances[b][c]])
        for a, b, c in itertools.product(*clusters)
    ]


def cophenetic(distances):
    met, n = average_linkage_heights(distances), len(distances)
    upper = np.triu_indices(n, 1)
    return np.corrcoef(np.asarray(distances)[upper], met[upper])[0, 1]


def tree_measures(distances, tolerance=0.1):
    """All ten, in the order of MEASURES."""
    sd = deviation(distances)
    sides = list(triples(distances))
    n = len(sides)
    k, k_prime, _, _, x, y = measures_of(sides, sd)
    picked = measures_of(sides_between(distances, ward_clusters(distances)), sd)
    return [
        k,
        k_prime,
        sum((d3 - d2) / (d3 - d1) if d3 > d2 else 0.0 for d1, d2, d3 in sides) / n,
        x / (x + y) if x + y > 0 else 0.0,
        sum(d3 - d2 <= tolerance * sd for _, d2, d3 in sides) / n,
        sum(is_murtagh(*s) for s in sides) / n,
        picked[0],
        picked[1],
        rammal(distances),
        cophenetic(distances),
    ]


def histogram(values, edges):
    """Density over all values, those beyond the last edge counted too."""
    counts = np.zeros(len(edges) - 1)
    for v in values:
        for k in range(len(counts)):
            if edges[k] <= v < edges[k + 1]:
                counts[k] += 1
    return counts / len(values) / np.diff(edges)
