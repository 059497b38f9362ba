"""Spin models from their definitions: every pair, every tuple, one at a time."""

from __future__ import annotations

import itertools
import math


def pair_energy(matrix, fields, spins):
    """-Σ_{i<j} J_ij s_i s_j - Σ_i h_i s_i."""
    n = len(spins)
    terms = [-matrix[i][j] * spins[i] * spins[j] for i in range(n) for j in range(i + 1, n)]
    return math.fsum(terms) - math.fsum(h * s for h, s in zip(fields, spins, strict=True))


def pair_local_fields(matrix, fields, spins):
    n = len(spins)
    return [
        math.fsum(matrix[i][j] * spins[j] for j in range(n) if j != i) + fields[i]
        for i in range(n)
    ]


def lattice_bonds(shape, periodic):
    """(axis, site, next site) of every bond; sites numbered with the last axis fastest."""
    sites = list(itertools.product(*(range(length) for length in shape)))
    number = {x: k for k, x in enumerate(sites)}
    found = []
    for axis, length in enumerate(shape):
        for x in sites:
            if length == 1 or (x[axis] == length - 1 and not periodic[axis]):
                continue
            y = list(x)
            y[axis] = (x[axis] + 1) % length
            found.append((axis, number[x], number[tuple(y)]))
    return found


def lattice_matrix(bonds, couplings, n):
    matrix = [[0.0] * n for _ in range(n)]
    for axis, x, y in bonds:
        matrix[x][y] += couplings[axis][x]
        matrix[y][x] += couplings[axis][x]
    return matrix


def p_spin_energy(couplings, p, spins):
    tuples = itertools.combinations(range(len(spins)), p)
    return -math.fsum(
        c * math.prod(spins[i] for i in group)
        for c, group in zip(couplings, tuples, strict=True)
    )


def p_spin_local_field(couplings, p, spins, site):
    tuples = itertools.combinations(range(len(spins)), p)
    return math.fsum(
        c * math.prod(spins[i] for i in group if i != site)
        for c, group in zip(couplings, tuples, strict=True)
        if site in group
    )


def hopfield_matrix(patterns):
    n = len(patterns[0])
    return [
        [0.0 if i == j else math.fsum(xi[i] * xi[j] for xi in patterns) / n for j in range(n)]
        for i in range(n)
    ]


def layered_matrix(weights):
    sizes = [len(weights[0][0]), *(len(w) for w in weights)]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    n = sum(sizes)
    matrix = [[0.0] * n for _ in range(n)]
    for k, w in enumerate(weights):
        for a, row in enumerate(w):
            for b, value in enumerate(row):
                i, j = starts[k + 1] + a, starts[k] + b
                matrix[i][j] = matrix[j][i] = float(value)
    return matrix


def cut(bonds, spins):
    """Sum of weights w of the bonds (i, j, w) whose ends differ."""
    return math.fsum(w for i, j, w in bonds if spins[i] != spins[j])
