"""The jackknife over rows of numbers, for functions of their means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinglass_nn.statistics import Estimate, Estimates
from spinglass_nn.typing import Float64Array

Function = Callable[[Float64Array], Float64Array]


def without_each(rows: Float64Array, copies: int = 1) -> Float64Array:
    """Means over rows without each in turn, (n_rows, n_columns).

    ``copies`` is 2 where a row holds the pairs of one replica with all others: each pair then
    stands in two rows, and both its entries go.
    """
    n = len(rows)
    found: Float64Array = (rows.sum(axis=0) - copies * rows) / (n - copies)
    return found


def jackknifed(rows: Float64Array, function: Function, copies: int = 1) -> Estimates:
    """A function of the means of columns, (..., n_columns) to (..., n), with its errors."""
    n = len(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = function(rows.mean(axis=0))
        left_out = function(without_each(rows, copies))
        spread = np.square(left_out - left_out.mean(axis=0)).sum(axis=0)
    return Estimates(value, np.sqrt((n - 1) / n * spread))


def jackknifed_one(rows: Float64Array, function: Function, copies: int = 1) -> Estimate:
    """The same for a function whose last axis is gone: (..., n_columns) to (...)."""
    return jackknifed(rows, lambda means: function(means)[..., None], copies)[0]
