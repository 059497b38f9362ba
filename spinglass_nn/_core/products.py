"""Products of matrices in compiled code, tile by tile, for sizes where BLAS is slow.

The right factor B (depth, width) is *packed* first: Into panels of `TILE_VECTORS` vectors of
columns (the last one may be a single vector), one panel after the other, row by row inside,
zeros where columns are missing. A tile then reads it straight through, whatever its width. The
left factor may lie in memory anyhow: entry (i, k) is ``a[start + i row + k column]``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import part, spliced
from spinglass_nn._core.simd import prefetch_far
from spinglass_nn._core.simd_reals import lanes_of, load_reals, store_reals
from spinglass_nn._core.simd_tiles import (
    TILE_ROWS,
    TILE_VECTORS,
    narrow_tile,
    transpose_square,
    wide_tile,
)

Array = NDArray[Any]
Int: TypeAlias = Any  # int64, of Python or NumPy: kernels are the same for both

ZERO: Int = np.int64(0)  # a literal 0 as an argument would have a kernel compiled for it alone
_ROWS: Int = np.int64(TILE_ROWS)
_LINE = 64  # bytes of a cache line


@spliced
def whole_vectors(n: Int, array: Array) -> Any:
    """``n`` rounded up to whole vectors of the array's precision."""
    lanes = lanes_of(array)
    return (n + lanes - 1) // lanes * lanes


@spliced
def panel_width(left: Int, array: Array) -> Any:
    """Columns of the next panel, where ``left`` columns, whole vectors, are left."""
    lanes = lanes_of(array)
    return TILE_VECTORS * lanes if left >= TILE_VECTORS * lanes else lanes


@spliced
def ask_for(array: Array, start: Int, stop: Int) -> None:
    """Have ``array[start:stop]`` brought near, as far as it exists, without waiting for it.

    The machine notices by itself that memory is read in order, but not across pages: rows of
    some thousand bytes, eight at a time, come late unless they are asked for.
    """
    for i in range(start, min(stop, array.size), _LINE // array.itemsize):
        prefetch_far(array, i)


@spliced
def tile_of_panel(
    a: Array, a_start: Int, a_row: Int, a_column: Int, b: Array, b_start: Int, b_row: Int,
    depth: Int, rows: Int, width: Int, out: Array, out_start: Int,
) -> None:  # fmt: skip
    """Rows of ``A B`` to ``out[out_start:]``, ``width`` columns each: those of one panel."""
    if width > lanes_of(b):
        wide_tile(a, a_start, a_row, a_column, b, b_start, b_row, depth, rows, out, out_start)
    else:
        narrow_tile(a, a_start, a_row, a_column, b, b_start, b_row, depth, rows, out, out_start)


@part
def pack(
    source: Array, start: Int, row: Int, column: Int, depth: Int, width: Int,
    panels: Array, at: Int,
) -> None:  # fmt: skip
    """Pack B: entry (k, j) is ``source[start + k row + j column]``; panels begin at ``at``."""
    total = whole_vectors(width, panels)
    first = ZERO
    while first < total:
        wide = panel_width(total - first, panels)
        begin = at + first * depth
        if row == 1:
            _pack_transposed(source, start, column, depth, width, panels, begin, first, wide)
        else:
            for k in range(depth):
                for j in range(wide):
                    value = panels.dtype.type(0)
                    if first + j < width:
                        value = source[start + k * row + (first + j) * column]
                    panels[begin + k * wide + j] = value
        first += wide


@part
def _pack_transposed(
    source: Array, start: Int, column: Int, depth: Int, width: Int,
    panels: Array, begin: Int, first: Int, wide: Int,
) -> None:  # fmt: skip
    """Pack one panel of a matrix whose columns lie each in one piece, square by square."""
    lanes = lanes_of(panels)
    whole = depth // lanes * lanes
    for j in range(0, wide, lanes):
        full = first + j + lanes <= width
        if full:
            head = start + (first + j) * column
            for k in range(0, whole, lanes):
                transpose_square(source, head + k, column, panels, begin + k * wide + j, wide)
        for jj in range(j, j + lanes):
            for k in range(whole if full else ZERO, depth):
                value = panels.dtype.type(0)
                if first + jj < width:
                    value = source[start + (first + jj) * column + k]
                panels[begin + k * wide + jj] = value


@part
def unpack(
    panels: Array, at: Int, out: Array, start: Int, row: Int, column: Int, depth: Int,
    width: Int,
) -> None:  # fmt: skip
    """Undo `pack`: entry (k, j) goes to ``out[start + k row + j column]``."""
    total = whole_vectors(width, panels)
    first = ZERO
    while first < total:
        wide = panel_width(total - first, panels)
        begin = at + first * depth
        for j in range(min(wide, width - first)):
            for k in range(depth):
                out[start + k * row + (first + j) * column] = panels[begin + k * wide + j]
        first += wide


@part
def multiply(
    a: Array, a_start: Int, a_row: Int, a_column: Int, rows: Int, depth: Int,
    panels: Array, at: Int, width: Int, out: Array, out_start: Int, out_row: Int, tile: Array,
) -> None:  # fmt: skip
    """``out = A B`` for packed B, any shape; ``tile`` is scratch of `TILE_REALS` entries.

    Row i of the result goes to ``out[out_start + i out_row:][:width]``; nothing else is written.
    """
    lanes = lanes_of(out)
    total = whole_vectors(width, panels)
    first = ZERO
    while first < total:
        wide = panel_width(total - first, panels)
        whole = min(wide, (width - first) // lanes * lanes)
        for i in range(0, rows, TILE_ROWS):
            n = min(_ROWS, rows - i)
            tile_of_panel(
                a, a_start + i * a_row, a_row, a_column, panels, at + first * depth, wide,
                depth, n, wide, tile, ZERO,
            )  # fmt: skip
            for r in range(n):
                place = out_start + (i + r) * out_row + first
                for j in range(0, whole, lanes):
                    store_reals(out, place + j, load_reals(tile, r * wide + j))
                for j in range(whole, min(wide, width - first)):
                    out[place + j] = tile[r * wide + j]
        first += wide
