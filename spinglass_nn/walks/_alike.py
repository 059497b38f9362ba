"""An order of samples in which neighbours have the same inputs at rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.typing import IntArray

_ROUNDS = 2  # of the power iteration; any direction will do, a good one does better


def order_alike(patterns: NDArray[np.bool_], leaf: int) -> IntArray:
    """Order rows so that runs of ``leaf`` rows are alike.

    The rows are cut in two halves along the direction in which they differ most, and each half
    again, down to leaves.

    Parameters
    ----------
    patterns : bool array (n_rows, n_columns)
        What is to be alike.
    leaf : int
        Rows of a run; every cut is at a multiple of it.

    Returns
    -------
    int64 array (n_rows,)
        The rows in their new order.
    """
    generator = np.random.default_rng(0)
    start = generator.standard_normal((patterns.shape[1],), dtype=np.float32)

    def cut(rows: IntArray) -> IntArray:
        if rows.size <= leaf:
            return rows
        centred = patterns[rows].astype(np.float32)
        centred -= centred.mean(axis=0)
        direction: NDArray[Any] = start
        for _ in range(_ROUNDS):
            direction = centred.T @ (centred @ direction)
            length = float(np.linalg.norm(direction))
            if length == 0:  # all alike
                return rows
            direction = direction / length
        ordered = rows[np.argsort(centred @ direction, kind="stable")]
        middle = -(-rows.size // (2 * leaf)) * leaf
        return np.concatenate([cut(ordered[:middle]), cut(ordered[middle:])])

    return cut(np.arange(len(patterns)))
