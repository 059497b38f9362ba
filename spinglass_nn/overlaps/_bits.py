"""Exact counts for points of two-valued components: packed into bits, 64 to a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn.overlaps import _bits_kernels as kernels
from spinglass_nn.typing import IntArray

Bits = Callable[[slice, slice], NDArray[np.bool_]]  # points, columns -> their values
Words = NDArray[np.uint64]

_WIDTH = 1 << 16  # columns packed at a time: 8 kB a point
_BLOCK = 1 << 22  # two-valued components, a byte each, made at a time
_STRIP = 64  # points whose pairs with all later ones are counted in one go
_VECTOR = 512  # bits; rows are padded to whole vectors
_LITTLE = 1 << 26  # bits to compare, below which threads cost more than they gain


def differences(
    bits_of: Bits, n_points: int, n_columns: int, n_threads: int | None = 1
) -> IntArray:
    """In how many columns two points differ, for all pairs; exact.

    Parameters
    ----------
    bits_of : callable
        Takes a slice of points and one of columns, returns bool (n_points, n_columns) of them.
        It is asked for a bounded block at a time.
    n_points, n_columns : int
        Size of the whole.
    n_threads : int, optional
        Threads over points. The counts are integers, whatever the number.
    """
    counts = np.zeros((n_points + -n_points % 4,) * 2, dtype=np.int64)
    for start in range(0, n_columns, _WIDTH):
        columns = slice(start, min(start + _WIDTH, n_columns))
        add_counts(pack(bits_of, n_points, columns, n_threads), counts, n_threads)
    return mirrored(counts, n_points)


def pack(bits_of: Bits, n_points: int, columns: slice, n_threads: int | None = 1) -> Words:
    """Some columns of all points as words (n_points padded to fours, n_words padded to eights)."""
    width = columns.stop - columns.start
    packed = np.zeros((n_points + -n_points % 4, -(-width // _VECTOR) * 8), dtype=np.uint64)
    n_bytes, step = -(-width // 8), max(1, _BLOCK // width)

    def one(start: int) -> None:
        points = slice(start, min(start + step, n_points))
        row_bytes = packed[points].view(np.uint8)
        row_bytes[:, :n_bytes] = np.packbits(bits_of(points, columns), axis=1)

    little = n_points * width < _LITTLE
    threads.run(one, range(0, n_points, step), 1 if little else n_threads)
    return packed


def add_counts(packed: Words, counts: IntArray, n_threads: int | None = 1) -> None:
    """Add the differences of all pairs of packed points, on and above the diagonal."""

    def one(start: int) -> None:
        strip = slice(start, start + _STRIP)
        kernels.add_differences(packed[strip], packed[start:], counts[strip, start:])

    little = packed.size * len(packed) * 32 < _LITTLE
    threads.run(one, range(0, len(packed), _STRIP), 1 if little else n_threads)


def mirrored(counts: NDArray[Any], n_points: int) -> IntArray:
    """The counts above the diagonal, below it too, and zeros on it."""
    upper = np.triu(counts[:n_points, :n_points], 1)
    found: IntArray = upper + upper.T
    return found
