"""Kernels of the statistics: values into bins of equal width."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel, part
from spinglass_nn.typing import FloatArray, IntArray


@kernel
def count_uniform(
    values: FloatArray,
    grid: tuple[float, float, float, float, float],
    slots: NDArray[np.int32],
    counts: IntArray,
) -> None:
    """Add values to the bins of a grid; ``counts`` (4, n_bins + 2) begin with those below.

    Of ``grid`` = (low, high, step, scale, offset) the caller has made sure that the edges are
    k * step + low, to the last bit, and that (value - low) * scale - offset lies in the
    value's bin or the one below. NaN counts as below. ``slots`` (block,) is scratch.
    """
    n_bins = counts.shape[1] - 2
    for first in range(0, values.size, slots.size):
        block = values[first : first + slots.size]
        _find_slots(block, grid, n_bins, slots)
        _count_slots(slots, block.size, counts)


@part
def _find_slots(
    values: FloatArray,
    grid: tuple[float, float, float, float, float],
    n_bins: int,
    slots: NDArray[np.int32],
) -> None:
    """Number each value's bin from 1; 0 is below and n_bins + 1 above all bins."""
    low, high, step, scale, offset = grid
    last = float(n_bins)
    # without branches and tables, which the compiler turns into vector code
    for k in range(values.size):
        value = float(values[k])
        place = (value - low) * scale - offset
        place = place if place > -1.0 else -1.0  # also NaN
        place = place if place < last else last
        above = np.floor(place) + 1.0
        slot = above + (1.0 if value >= above * step + low else 0.0)
        slot = slot if slot < last else last  # the last bin holds its upper edge
        slots[k] = np.int32(slot if not value > high else last + 1.0)


@part
def _count_slots(slots: NDArray[np.int32], n_slots: int, counts: IntArray) -> None:
    """Count in four rows in turn: equal slots side by side need not wait for one another."""
    whole = n_slots - n_slots % 4
    for k in range(0, whole, 4):
        counts[0, np.uint32(slots[k])] += 1
        counts[1, np.uint32(slots[k + 1])] += 1
        counts[2, np.uint32(slots[k + 2])] += 1
        counts[3, np.uint32(slots[k + 3])] += 1
    for k in range(whole, n_slots):
        counts[0, np.uint32(slots[k])] += 1
