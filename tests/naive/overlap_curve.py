"""Q(T) of configurations from its definition: loops over pairs, times, layers and spins."""

from __future__ import annotations

import itertools
import math

import numpy as np


def pair_means(spins, sizes, folded):
    """Mean over times of |q| or q, of all spins and in each layer; spins (R, n_times, N)."""
    n = len(spins)
    total, layers = np.ones((n, n)), np.ones((len(sizes), n, n))
    for a, b in itertools.combinations(range(n), 2):
        q, parts = [], [[] for _ in sizes]
        for one, other in zip(spins[a].tolist(), spins[b].tolist(), strict=True):
            q.append(sum(x * y for x, y in zip(one, other, strict=True)) / len(one))
            first = 0
            for part, size in zip(parts, sizes, strict=True):
                part.append(sum(one[i] * other[i] for i in range(first, first + size)) / size)
                first += size
        for matrix, values in zip([total, *layers], [q, *parts], strict=True):
            values = [abs(v) for v in values] if folded else values
            matrix[a, b] = matrix[b, a] = sum(values) / len(values)
    return total, layers


def free_overlap(n):
    """Mean |q| of free spins, over all numbers of spins that may agree."""
    return sum(math.comb(n, k) * abs(2 * k - n) for k in range(n + 1)) / 2**n / n
