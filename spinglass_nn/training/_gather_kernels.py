"""Samples on their way into a block: copied, converted, and asked for ahead of time."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from spinglass_nn._core.jit import part, spliced
from spinglass_nn._core.simd import prefetch_far
from spinglass_nn._core.simd_codes import decode

Array = NDArray[Any]

_LINE = 64  # bytes


class Inputs(NamedTuple):
    """Inputs of all samples: as they are, and as a byte each if they take few values."""

    rows: Array  # (n_samples, n_inputs)
    codes: Array  # uint8 (n_samples, n_inputs in whole vectors), or empty
    scale: Array  # a code c is worth (m s0 + s1) + (m s2 + s3), m = c - s4


@part
def gather(inputs: Inputs, order: Array, begin: int, n: int, out: Array, row: int) -> None:
    """Copy samples ``order[begin:begin + n]`` to rows of ``out``, in its precision."""
    if inputs.codes.size > 0:
        for k in range(n):
            decode(inputs.codes[order[begin + k]], inputs.scale, out, k * row)
        return
    for k in range(n):
        source = inputs.rows[order[begin + k]]
        place = out[k * row : k * row + source.size]
        for d in range(source.size):
            place[d] = source[d]


@spliced
def prefetch_rows(inputs: Inputs, order: Array, first: int, end: int) -> None:
    """Ask for the inputs of samples ``order[first:end]``, as many as there are."""
    for k in range(first, min(end, order.size)):
        if inputs.codes.size > 0:
            codes = inputs.codes[order[k]]
            for d in range(0, codes.size, _LINE):
                prefetch_far(codes, d)
        else:
            row = inputs.rows[order[k]]
            for d in range(0, row.size, _LINE // row.itemsize):
                prefetch_far(row, d)
