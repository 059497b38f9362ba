"""Compiled kernels: where walkers are, in one pass over their parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel

Array = NDArray[Any]

CHUNK = 4096  # parameters at a time, in float64: in cache, and too few for threads of BLAS


@kernel
def whereabouts(position: Array, origin: Array) -> tuple[float, float, float]:
    """Squared distance from the origin, squared length, and product with the origin."""
    away, here, there = np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK)
    distance, length, product = 0.0, 0.0, 0.0
    for low in range(0, position.size, CHUNK):
        n = min(CHUNK, position.size - low)
        for i in range(n):
            x, start = np.float64(position[low + i]), np.float64(origin[low + i])
            away[i] = x - start
            here[i] = x
            there[i] = start
        distance += np.dot(away[:n], away[:n])
        length += np.dot(here[:n], here[:n])
        product += np.dot(here[:n], there[:n])
    return distance, length, product


@kernel
def squared_mean_direction(positions: Array) -> float:
    """Squared length of the sum of the unit vectors of all rows; NaN if a row is zero."""
    factors = np.zeros(len(positions))
    total = np.empty(CHUNK)
    for k in range(len(positions)):
        for low in range(0, positions.shape[1], CHUNK):
            n = min(CHUNK, positions.shape[1] - low)
            for i in range(n):
                total[i] = np.float64(positions[k, low + i])
            factors[k] += np.dot(total[:n], total[:n])
        factors[k] = 1 / math.sqrt(factors[k]) if factors[k] > 0 else math.nan
    square = 0.0
    for low in range(0, positions.shape[1], CHUNK):
        n = min(CHUNK, positions.shape[1] - low)
        total[:n] = 0
        for k in range(len(positions)):
            factor = factors[k]
            for i in range(n):
                total[i] += factor * np.float64(positions[k, low + i])
        square += np.dot(total[:n], total[:n])
    return square
