"""Slow, obvious twins of what the room `overlaps` computes; plain loops from definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np


def euclidean(points):
    n = len(points)
    out = np.zeros((n, n))
    for a in range(n):
        for b in range(n):
            out[a, b] = math.sqrt(
                sum(
                    (float(x) - float(y)) ** 2
                    for x, y in zip(points[a], points[b], strict=True)
                )
            )
    return out


def cosine(points):
    n = len(points)
    out = np.zeros((n, n))
    for a in range(n):
        for b in range(n):
            dot = sum(float(x) * float(y) for x, y in zip(points[a], points[b], strict=True))
            norm_a = math.sqrt(sum(float(x) ** 2 for x in points[a]))
            norm_b = math.sqrt(sum(float(x) ** 2 for x in points[b]))
            out[a, b] = dot / (norm_a * norm_b)
    return out


def disagreement(labels):
    n, m = labels.shape
    out = np.zeros((n, n))
    for a in range(n):
        for b in range(n):
            out[a, b] = sum(labels[a, s] != labels[b, s] for s in range(m)) / m
    return out


def triangles(distances, tolerance):
    """K, iso, rel, share of equilateral, share of isosceles, from every triple."""
    n = len(distances)
    pairs = [distances[a][b] for a, b in itertools.combinations(range(n), 2)]
    mean = sum(pairs) / len(pairs)
    sd = math.sqrt(sum((d - mean) ** 2 for d in pairs) / len(pairs))
    rows = []
    for a, b, c in itertools.combinations(range(n), 3):
        d1, d2, d3 = sorted([distances[a][b], distances[a][c], distances[b][c]])
        equilateral = d3 - d1 <= tolerance * sd
        rows.append(
            [
                (d3 - d2) / sd if sd > 0 else 0.0,
                (d3 - d2) / (d3 - d1) if d3 > d1 else 0.0,
                (d3 - d2) / d3 if d3 > 0 else 0.0,
                float(equilateral),
                float(d3 - d2 <= tolerance * sd and not equilateral),
            ]
        )
    return np.array(rows).mean(axis=0)


def without(matrix, index):
    keep = [k for k in range(len(matrix)) if k != index]
    return np.array([[matrix[a][b] for b in keep] for a in keep])


def jackknife_error(values):
    n = len(values)
    mean = sum(values) / n
    return math.sqrt((n - 1) / n * sum((v - mean) ** 2 for v in values))


def pair_histogram(overlaps, edges):
    """Density of the overlaps of pairs a < b, normalised by the number of pairs."""
    n = len(overlaps)
    counts = np.zeros(len(edges) - 1)
    for a, b in itertools.combinations(range(n), 2):
        for k in range(len(counts)):
            q = overlaps[a][b]
            last = k == len(counts) - 1
            if edges[k] <= q < edges[k + 1] or (last and q == edges[-1]):
                counts[k] += 1
    return counts / (n * (n - 1) / 2) / np.diff(edges)


def average_linkage_heights(distances):
    """Height at which each pair of points meets under average linkage, by brute force."""
    n = len(distances)
    clusters = [[a] for a in range(n)]
    met = np.zeros((n, n))
    while len(clusters) > 1:
        best = None
        for a, b in itertools.combinations(range(len(clusters)), 2):
            height = np.mean([distances[i][j] for i in clusters[a] for j in clusters[b]])
            if best is None or height < best[0]:
                best = (height, a, b)
        height, a, b = best
        for i in clusters[a]:
            for j in clusters[b]:
                met[i, j] = met[j, i] = height
        merged = clusters[a] + clusters[b]
        clusters = [c for k, c in enumerate(clusters) if k not in (a, b)] + [merged]
    return met
