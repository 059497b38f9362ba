"""Measurements of configurations from their definitions, for comparison."""

from __future__ import annotations

import numpy as np


def overlap(a, b):
    return float(np.mean([x * y for x, y in zip(a.tolist(), b.tolist(), strict=True)]))


def link_overlap(a, b, links):
    return float(np.mean([a[i] * a[j] * b[i] * b[j] for i, j in links]))


def structure(a, b, shape):
    """|q(k)|^2 at the smallest wave vector of each axis."""
    q = (a.astype(float) * b).reshape(shape)
    found = []
    for axis, size in enumerate(shape):
        x = np.indices(shape)[axis]
        found.append(abs((q * np.exp(2j * np.pi * x / size)).mean()) ** 2)
    return found


def moments(energies, overlaps):
    """Means over measurements of replica and pair averages, as `accumulate` sums them."""
    return {
        "energy": energies.mean(axis=(0, 1)),
        "energy^2": (energies**2).mean(axis=(0, 1)),
        "|q|": np.abs(overlaps).mean(axis=(0, 1)),
        "q": overlaps.mean(axis=(0, 1)),
        "q^2": (overlaps**2).mean(axis=(0, 1)),
        "q^4": (overlaps**4).mean(axis=(0, 1)),
    }
