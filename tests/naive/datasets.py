"""Data from the definition: plain loops, no cleverness."""

from __future__ import annotations

import math
import struct

import numpy as np

CODES = {
    "uint8": 0x08,
    "int8": 0x09,
    "int16": 0x0B,
    "int32": 0x0C,
    "float32": 0x0D,
    "float64": 0x0E,
}


def idx_bytes(array):
    """An array in the IDX format."""
    header = bytes([0, 0, CODES[array.dtype.name], array.ndim])
    sizes = b"".join(struct.pack(">I", n) for n in array.shape)
    return header + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def first_balanced(labels, n):
    """Deal places to the classes in turn; each takes its first samples."""
    waiting = {c: [i for i, k in enumerate(labels) if k == c] for c in sorted(set(labels))}
    taken = []
    while len(taken) < n:
        for queue in waiting.values():
            if queue and len(taken) < n:
                taken.append(queue.pop(0))
    return sorted(taken)


def moments(values):
    """Mean and standard deviation of numbers, one by one."""
    numbers = [float(v) for v in np.ravel(values)]
    mean = math.fsum(numbers) / len(numbers)
    return mean, math.sqrt(math.fsum((v - mean) ** 2 for v in numbers) / len(numbers))
