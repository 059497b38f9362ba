"""Slow, obvious twins of P(q), its order parameters and the identities of replicas."""

from __future__ import annotations

import itertools
import math


def counts_of(row, edges):
    """How many overlaps lie in each bin, the last of which is closed."""
    found = [0] * (len(edges) - 1)
    for q in row:
        for k in range(len(found)):
            inside = edges[k] <= q < edges[k + 1]
            if inside or (k == len(found) - 1 and q == edges[-1]):
                found[k] += 1
    return found


def jackknife(function, units):
    """Value and error of a function of a list of units."""
    units = list(units)
    n = len(units)
    left = [function(units[:i] + units[i + 1 :]) for i in range(n)]
    mean = sum(left) / n
    return function(units), math.sqrt((n - 1) / n * sum((x - mean) ** 2 for x in left))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def binder(rows):
    """(3 - [q^4]/[q^2]^2)/2 of rows of overlaps."""
    q2 = mean(mean(q**2 for q in row) for row in rows)
    q4 = mean(mean(q**4 for q in row) for row in rows)
    return (3 - q4 / q2**2) / 2


def replica_means(matrices, power):
    """Averages over all ordered choices of distinct replicas and all records of a sample."""
    n = len(matrices[0])
    p = power

    def over(n_chosen, function):
        return mean(
            function(q, chosen)
            for q in matrices
            for chosen in itertools.permutations(range(n), n_chosen)
        )

    return [
        over(2, lambda q, c: q[c[0]][c[1]] ** p),
        over(2, lambda q, c: q[c[0]][c[1]] ** (2 * p)),
        over(3, lambda q, c: q[c[0]][c[1]] ** p * q[c[0]][c[2]] ** p),
        over(4, lambda q, c: q[c[0]][c[1]] ** p * q[c[2]][c[3]] ** p),
    ]


def squared_mean(values):
    """[x]^2 from products of different samples."""
    return mean(a * b for a, b in itertools.permutations(values, 2))


def identity_sides(samples, power):
    """The five averages over samples of matrices."""
    rows = [replica_means(sample, power) for sample in samples]
    columns = [[row[k] for row in rows] for k in range(4)]
    return [mean(column) for column in columns] + [squared_mean(columns[0])]


def partition(n_replicas, discount, rng):
    """States of replicas, whose weights have the law of Poisson and Dirichlet.

    The Chinese restaurant of discount m: a replica joins a state of k replicas with
    probability (k - m)/n, or opens a new one. No weight has to be drawn, none is cut off.
    """
    sizes, states = [], []
    for n in range(n_replicas):
        u, state = rng.random() * n, 0
        while state < len(sizes) and u >= sizes[state] - discount:
            u -= sizes[state] - discount
            state += 1
        if state == len(sizes):
            sizes.append(0)
        sizes[state] += 1
        states.append(state)
    return states


def one_step_overlaps(n_samples, n_replicas, m, q0, q1, rng):
    """Overlap matrices of one step of replica-symmetry breaking, one record a sample."""
    out = []
    for _ in range(n_samples):
        s = partition(n_replicas, m, rng)
        out.append([[[1.0 if a == b else q1 if s[a] == s[b] else q0
                      for b in range(n_replicas)] for a in range(n_replicas)]])  # fmt: skip
    return out


def two_step_overlaps(n_samples, n_replicas, m1, m2, q, rng):
    """Two steps: states of discount m2, gathered in clusters by a partition of m1/m2."""
    out = []
    for _ in range(n_samples):
        s = partition(n_replicas, m2, rng)
        t = partition(max(s) + 1, m1 / m2, rng)
        out.append([[[1.0 if a == b else
                      q[2] if s[a] == s[b] else q[1] if t[s[a]] == t[s[b]] else q[0]
                      for b in range(n_replicas)] for a in range(n_replicas)]])  # fmt: skip
    return out
