"""Bonds of a graph: checks, and the compressed form in which each stands at both of its ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from spinglass_nn.errors import DataError
from spinglass_nn.typing import Float64Array, IntArray

_ROUNDING = 1e-12  # of the largest coupling: an asymmetry that is only rounding


def check_bonds(i: IntArray, j: IntArray, n: int) -> None:
    """Ends in range and apart, and each pair just once."""
    for name, ends in (("i", i), ("j", j)):
        outside = (ends < 0) | (ends >= n)
        if outside.any():
            at = int(outside.argmax())
            raise DataError(f"{name} must lie in 0 ... {n - 1}, got {ends[at]} (bond {at})")
    if (i == j).any():
        at = int((i == j).argmax())
        raise DataError(f"bonds must join two different spins, got ({i[at]}, {j[at]})")
    low, high = np.minimum(i, j), np.maximum(i, j)
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    same = (low[1:] == low[:-1]) & (high[1:] == high[:-1])
    if same.any():
        at = int(same.argmax())
        raise DataError(
            f"bonds must be given once each, got ({low[at]}, {high[at]}) twice or in both "
            "directions"
        )


def compressed(
    i: IntArray, j: IntArray, couplings: Float64Array, n: int
) -> tuple[IntArray, IntArray, Float64Array]:
    """Each bond at both ends: (first, neighbors, couplings) with neighbours ascending."""
    ends, others = np.concatenate([i, j]), np.concatenate([j, i])
    order = np.lexsort((others, ends))
    first = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(ends, minlength=n), out=first[1:])
    return first, others[order], np.concatenate([couplings, couplings])[order]


def check_rows(first: IntArray, neighbors: IntArray, couplings: Float64Array) -> None:
    """Rows that chain, neighbours ascending, no loops, and every bond at both of its ends."""
    n, counts = first.size - 1, np.diff(first)
    if first[0] != 0 or first[-1] != neighbors.size or (counts < 0).any():
        raise DataError(f"first must ascend from 0 to {neighbors.size}, got {first}")
    i = np.repeat(np.arange(n), counts)
    if ((neighbors < 0) | (neighbors >= n) | (neighbors == i)).any():
        raise DataError(f"neighbors must be other spins in 0 ... {n - 1}")
    if ((np.diff(neighbors) <= 0) & (np.diff(i) == 0)).any():
        raise DataError("neighbors must ascend for each spin")
    turned = scipy.sparse.csr_array((couplings, neighbors, first), (n, n)).T.tocsr()
    if not (
        np.array_equal(turned.indptr, first)
        and np.array_equal(turned.indices, neighbors)
        and np.array_equal(turned.data, couplings)
    ):
        raise DataError("couplings must be equal at both ends of each bond")


def check_symmetric(matrix: Any, name: str) -> None:
    """Refuse an asymmetric matrix (dense or sparse), or one with a diagonal."""
    diagonal: NDArray[Any] = matrix.diagonal()
    if diagonal.any():
        at = int((diagonal != 0).argmax())
        raise DataError(
            f"{name} must have a zero diagonal, got {diagonal[at]:g} at ({at}, {at})"
        )
    difference = abs(matrix - matrix.T)
    largest = float(abs(matrix).max()) if matrix.shape[0] else 0.0
    if float(difference.max() if matrix.shape[0] else 0.0) > _ROUNDING * largest:
        i, j = divmod(int(difference.argmax()), matrix.shape[1])
        raise DataError(
            f"{name} must be symmetric, got {matrix[i, j]:g} at ({i}, {j}) and "
            f"{matrix[j, i]:g} at ({j}, {i}); of a triangle, add its transpose"
        )
