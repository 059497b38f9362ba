"""Which samples to take so that classes are represented as evenly as they can be."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError
from spinglass_nn.typing import IntArray


def first_balanced(labels: IntArray, n: int, name: str = "n") -> IntArray:
    """Indices of the first samples of each class, ``n`` in all, in ascending order.

    Class counts differ by at most one as long as no class runs out. The choice for a smaller
    ``n`` is contained in that for a larger one.

    Raises
    ------
    ParameterError
        If there are fewer than ``n`` samples.
    """
    n = at_most(n, labels.size, name)
    by_class = np.argsort(labels, kind="stable")
    grouped = labels[by_class]
    rank = np.empty(labels.size, dtype=np.int64)  # how many of its class came before it
    rank[by_class] = np.arange(labels.size) - np.searchsorted(grouped, grouped)
    return np.sort(np.lexsort((labels, rank))[:n])


def at_most(n: int, available: int, name: str) -> int:
    """A count that the data can meet."""
    n = check.count(n, name)
    if n > available:
        raise ParameterError(f"{name} must be at most {available}, got {n}")
    return n
