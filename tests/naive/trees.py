"""Slow, obvious twins of trees, branches and barriers; plain loops from definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np

from spinglass_nn._core.random import Stream, seed_of


def leaves(linkage, node):
    n = len(linkage) + 1
    if node < n:
        return frozenset([int(node)])
    left, right = linkage[node - n][:2]
    return leaves(linkage, int(left)) | leaves(linkage, int(right))


def branches(linkage):
    """Leaves below each merge, and whether it lies below the next one (the root: True)."""
    n = len(linkage) + 1
    found = []
    for row in range(n - 1):
        above = [h for left, right, h, _ in linkage if n + row in (left, right)]
        found.append((leaves(linkage, n + row), not above or above[0] - linkage[row][2] > 1e-9))
    return found


def real_branches(linkage):
    return {members for members, real in branches(linkage)[:-1] if real}


def support_by_dimensions(points, metric, link, n_resamples, rng):
    """Share of resamples with the branch, for each row of the linkage but the last."""
    points = np.asarray(points)
    n_dimensions = points.shape[1]
    old = [members for members, _ in branches(link(metric(points)))]
    counts = [0] * (len(old) - 1)
    for k in range(n_resamples):
        generator = seed_of(rng).generator(Stream.BRANCHES, k)
        drawn = [points[:, c] for c in generator.integers(0, n_dimensions, n_dimensions)]
        new = real_branches(link(metric(np.array(drawn).T)))
        for row, members in enumerate(old[:-1]):
            counts[row] += members in new
    return [count / n_resamples for count in counts]


def support_by_points(distances, link, n_drawn, n_resamples, rng, jaccard):
    """Mean score and number of trials for each row of the linkage but the last."""
    n = len(distances)
    old = [members for members, _ in branches(link(distances))]
    scores = [[] for _ in old[:-1]]
    for k in range(n_resamples):
        generator = seed_of(rng).generator(Stream.BRANCHES, k)
        chosen = sorted(generator.choice(n, n_drawn, replace=False).tolist())
        sub = np.array([[distances[a][b] for b in chosen] for a in chosen])
        new = {frozenset(chosen[i] for i in b) for b in real_branches(link(sub))}
        for row, members in enumerate(old[:-1]):
            rest = members & set(chosen)
            if 2 <= len(rest) < n_drawn:
                similar = [len(rest & b) / len(rest | b) for b in new]
                scores[row].append(max(similar, default=0) if jaccard else float(rest in new))
    return [sum(s) / len(s) if s else math.nan for s in scores], [len(s) for s in scores]


def largest_gap(heights, sizes):
    """Number of clusters and size of the largest gap, by the function of (low, high)."""
    n = len(heights) + 1
    found = []
    for n_clusters in range(2, n):
        low, high = heights[n - n_clusters - 1], heights[n - n_clusters]
        found.append((sizes(low, high), -n_clusters))
    size, n_clusters = max(found)
    return -n_clusters, size


def minimax(energies, edges):
    """Lowest highest point of all paths between two nodes, by Floyd and Warshall."""
    n = len(energies)
    found = np.full((n, n), math.inf)
    for i in range(n):
        found[i, i] = energies[i]
    for i, j, height in edges:
        found[i, j] = found[j, i] = min(found[i, j], height)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                found[i, j] = min(found[i, j], max(found[i, k], found[k, j]))
    return found


def depths(energies, barriers):
    """Climb from each minimum to the nearest lower one."""
    n = len(energies)
    found = []
    for i in range(n):
        lower = [barriers[i][j] - energies[i] for j in range(n) if energies[j] < energies[i]]
        found.append(min(lower, default=math.inf))
    return found


def superbasins(energies, barriers, level):
    """Sets of minima at or below a level that are joined at or below it."""
    below = [i for i in range(len(energies)) if energies[i] <= level]
    return {frozenset(j for j in below if barriers[i][j] <= level) for i in below}


def landscape(energy, n):
    """Minima (sets of states) and the barriers between them, from all paths of single flips."""
    states = list(itertools.product([1, -1], repeat=n))
    energies = [energy(state) for state in states]
    number = {state: k for k, state in enumerate(states)}
    joined = np.full((len(states), len(states)), math.inf)
    for k, state in enumerate(states):
        joined[k, k] = energies[k]
        for i in range(n):
            other = number[(*state[:i], -state[i], *state[i + 1 :])]
            joined[k, other] = max(energies[k], energies[other])
    for k in range(len(states)):  # Floyd and Warshall, one row at a time
        joined = np.minimum(joined, np.maximum(joined[:, k : k + 1], joined[k : k + 1, :]))
    minima = {}
    for k, here in enumerate(energies):
        reached = [j for j in range(len(states)) if joined[k, j] <= here + 1e-9]
        if all(energies[j] >= here - 1e-9 for j in reached):
            minima[frozenset(reached)] = k
    order = sorted(minima.items(), key=lambda item: energies[item[1]])
    firsts = [k for _, k in order]
    return (
        [{states[j] for j in members} for members, _ in order],
        [energies[k] for k in firsts],
        joined[np.ix_(firsts, firsts)],
    )
