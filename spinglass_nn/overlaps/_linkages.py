"""Trees as arrays: which leaves lie under which merge, and which merges are real."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.typing import Float64Array, IntArray

SAME = 1e-9  # of the highest merge: heights nearer than that are one height

Members = NDArray[np.bool_]


def members(linkage: Float64Array) -> Members:
    """Leaves under each merge, (n_merges, n_leaves)."""
    n_leaves = linkage.shape[0] + 1
    found = np.zeros((2 * n_leaves - 1, n_leaves), dtype=np.bool_)
    np.fill_diagonal(found, True)
    for row, (left, right) in enumerate(linkage[:, :2].astype(np.int64)):
        np.logical_or(found[left], found[right], out=found[n_leaves + row])
    return found[n_leaves:]


def parents(linkage: Float64Array) -> IntArray:
    """Merge that each node goes into, as a row of the linkage, (2 n - 1,); -1 for the root."""
    found = np.full(2 * linkage.shape[0] + 1, -1, dtype=np.int64)
    found[linkage[:, :2].astype(np.int64)] = np.arange(linkage.shape[0])[:, None]
    return found


def resolved(linkage: Float64Array) -> NDArray[np.bool_]:
    """Merges that lie below the next one; the others only spell out a tie. True for the root.

    Where three groups meet at one height, any two of them may be called first: a branch
    without length, which no data stand behind.
    """
    heights = linkage[:, 2]
    above = parents(linkage)[heights.size + 1 :]
    length = heights[above] - heights
    found: NDArray[np.bool_] = length > SAME * abs(heights[-1])
    found[-1] = True
    return found


def clades(linkage: Float64Array) -> list[bytes]:
    """Sets of leaves under the resolved merges but the root, each as its own bits."""
    keep = resolved(linkage)
    keep[-1] = False
    return keys(members(linkage)[keep])


def keys(sets: Members) -> list[bytes]:
    """Sets as strings of bits that can be looked up."""
    return [row.tobytes() for row in np.packbits(sets, axis=1)]


def labels_after(linkage: Float64Array, n_merges: int) -> IntArray:
    """Clusters once the first merges are done, numbered in the order of their first points."""
    n_leaves = linkage.shape[0] + 1
    owner = np.arange(2 * n_leaves - 1)
    nodes = linkage[:n_merges, :2].astype(np.int64)
    for row in range(n_merges - 1, -1, -1):
        owner[nodes[row]] = owner[n_leaves + row]
    cut = owner[:n_leaves].tolist()
    names = {label: number for number, label in enumerate(dict.fromkeys(cut))}
    return np.array([names[label] for label in cut], dtype=np.int64)
