"""Affine families from their definition: every point made, and its loss taken by itself."""

from __future__ import annotations

import numpy as np
from naive import networks


def losses(net, vectors, coefficients, inputs, labels, targets=None):
    """Loss and accuracy (NaN without labels) of every mixture."""
    found = []
    for row in coefficients:
        theta = np.zeros(vectors.shape[1])
        for c, vector in zip(row, vectors, strict=True):
            theta = theta + c * vector.astype(np.float64)
        loss = networks.loss(net, theta, inputs, labels, targets)
        right = np.nan if labels is None else networks.accuracy(net, theta, inputs, labels)
        found.append((float(loss), right))
    return np.array(found)


def barriers(points, loss):
    """Both barriers of the straight lines between all points, by ``loss(i, j, t)``."""
    n, ts = len(points), np.linspace(0, 1, 7)
    chord, ends = np.zeros((n, n)), np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            along = [loss(i, j, t) for t in ts]
            first, last = along[0], along[-1]
            chord[i, j] = max(
                value - (1 - t) * first - t * last for t, value in zip(ts, along, strict=True)
            )
            ends[i, j] = max(along) - max(first, last)
    return chord, ends
