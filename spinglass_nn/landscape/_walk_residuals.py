"""Residuals of series about a parabola: of measured ones, and of their expected covariance."""

from __future__ import annotations

import numpy as np
from scipy.signal import correlate

from spinglass_nn.typing import Float64Array
from spinglass_nn.walks import RandomWalk

_ROUNDING = 1e-28  # of the square of the values


class Trend:
    """Parabolas in the number of the record, and what is left of a series without them."""

    def __init__(self, n_records: int) -> None:
        powers = np.vander(np.linspace(-1.0, 1.0, n_records), 3, increasing=True)
        self._basis = np.linalg.qr(powers)[0].T  # (3, n_records), orthonormal

    def residual(self, series: Float64Array) -> Float64Array:
        """Series (n_walkers, n_records) less the parabola fitted to each."""
        shifted = series - series[:, :1]  # digits are for the changes
        left: Float64Array = shifted - (shifted @ self._basis.T) @ self._basis
        left[np.square(left) < _ROUNDING * np.square(series).max()] = 0.0
        return left

    def lagged(self, variance: Float64Array) -> Float64Array:
        """Expected `lagged_products` of residuals, of series with a given covariance.

        The covariance of records i and j is ``variance[min(i, j)]``: that of a sum of steps
        without memory. The matrix (1 - BB') C (1 - BB') is summed along its diagonals without
        being made.
        """
        basis, n = self._basis, variance.size
        after = basis.sum(axis=1, keepdims=True) - np.cumsum(basis, axis=1)
        image = np.cumsum(variance * basis, axis=1) + variance * after  # basis @ C
        inner = image @ basis.T
        totals = np.cumsum(variance)[::-1][: n // 2].copy()  # sums of C along its diagonals
        mixed = inner @ basis
        for one, other in ((basis, image), (image, basis)):
            totals -= sum(_forward(a, b) for a, b in zip(one, other, strict=True))
        totals += sum(_forward(a, b) for a, b in zip(basis, mixed, strict=True))
        return totals / np.arange(n, n - n // 2, -1)


def lagged_products(residual: Float64Array) -> Float64Array:
    """Mean product of records 0, 1, ... apart, (n_walkers, n_records // 2)."""
    n = residual.shape[1]
    totals = np.stack([_forward(row, row) for row in residual])
    return totals / np.arange(n, n - n // 2, -1)


def _forward(a: Float64Array, b: Float64Array) -> Float64Array:
    """Sums of a[i] b[i + k] for k = 0 ... n // 2 - 1."""
    n = a.size
    sums: Float64Array = correlate(b, a, mode="full")[n - 1 : n - 1 + n // 2]
    return sums


def normalized(products: Float64Array) -> Float64Array:
    """Autocorrelation from mean products; NaN if there is nothing but zeros."""
    return products / products[0] if products[0] > 0 else np.full(products.shape, np.nan)


def fall_length(correlation: Float64Array) -> float:
    """Lag where an autocorrelation first falls to 1/e, between records; NaN if it never does."""
    below = np.flatnonzero(correlation <= np.exp(-1.0))
    if not below.size:
        return float("nan")
    k = int(below[0])
    high, low = correlation[k - 1], correlation[k]
    return float(k - 1 + (high - np.exp(-1.0)) / (high - low))


def evenly_spaced(walk: RandomWalk) -> tuple[int, int]:
    """Steps between records, and how many records keep to it; the last may not."""
    steps = walk.steps
    interval = int(steps[1] - steps[0])
    on_grid = steps.size if steps[-1] - steps[-2] == interval else steps.size - 1
    return interval, on_grid
