"""Ruggedness of walks from its definition, and its null as a dense covariance matrix."""

from __future__ import annotations

import itertools
import math

import numpy as np


def detrended(series):
    t = np.arange(len(series), dtype=float)
    return series - np.polyval(np.polyfit(t, series, 2), t)


def lagged(residuals):
    """Mean product of entries k apart, of one walker's residual."""
    n = len(residuals)
    return [
        sum(residuals[i] * residuals[i + k] for i in range(n - k)) / (n - k)
        for k in range(n // 2)
    ]


def fall_length(correlation):
    for k in range(1, len(correlation)):
        high, low = correlation[k - 1], correlation[k]
        if low <= math.exp(-1):
            return k - 1 + (high - math.exp(-1)) / (high - low)
    return math.nan


def ruggedness(losses):
    """Mean square, share of up-moves and memory in records."""
    residuals = [detrended(row) for row in losses]
    products = np.mean([lagged(row) for row in residuals], axis=0)
    ups = [b > a for row in losses for a, b in itertools.pairwise(row)]
    squares = [float(np.mean(row**2)) for row in residuals]
    return np.mean(squares), np.mean(ups), fall_length(products / products[0])


def null_mean_square(hessian, gradient, step, steps):
    """Expected mean square on a quadratic landscape, from all entries of the covariance."""
    n = len(gradient)
    values = np.linalg.eigvalsh(hessian)
    one, two = values.sum(), (values**2).sum()

    def variance(s):  # of the change of the loss in step s
        along = step**2 / n * (gradient @ gradient + step**2 * (s - 1) / n * two)
        across = step**4 / 4 * ((one**2 + 2 * two) / (n * (n + 2)) - one**2 / n**2)
        return along + across

    up_to = [sum(variance(s) for s in range(1, t + 1)) for t in steps]
    covariance = np.array([[min(a, b) for b in up_to] for a in up_to])
    basis = np.linalg.qr(np.vander(np.asarray(steps, dtype=float), 3))[0]
    q = np.eye(len(steps)) - basis @ basis.T
    return np.trace(q @ covariance @ q) / len(steps)
