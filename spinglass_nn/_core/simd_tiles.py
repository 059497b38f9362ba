"""Register tiles: a few rows of a matrix product, summed without leaving the registers.

`tile_product` computes ``out = A B`` for up to `TILE_ROWS` rows and one or two vectors of
columns. A may be walked in any order (its two strides are free), so the same tile serves
``X W``, ``X^T E`` and ``E W``; the columns of B lie side by side. Every entry is one sum over
the depth, first to last, so results do not depend on the size of the tile.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba.core import types

from spinglass_nn._core.simd import INT64, constant, supported, vector_code
from spinglass_nn._core.simd_reals import (
    KINDS,
    emit_fused,
    emit_load,
    emit_spread,
    emit_store,
    place_of,
)


def _tile_shape() -> tuple[int, int]:
    """Rows and vectors of the widest tile, so that all sums stay in registers.

    A vector is 64 bytes. With AVX-512 it is one register of 32: 8 x 2 sums, 2 for B, 1 for A
    leave enough over, and each step has 16 multiply-adds for 10 loads. With AVX2 it is two
    registers of 16: 6 x 1 x 2 sums, 2 for B, 1 for A. With SSE it is four of 16: 2 x 1 x 4
    sums. Other machines (ARM has 32 of a quarter) do well with the second.
    """
    if supported("avx512f"):
        return 8, 2
    if platform.machine() in ("x86_64", "AMD64") and not supported("avx"):
        return 2, 1
    return 6, 1


TILE_ROWS, TILE_VECTORS = _tile_shape()
TILE_REALS = TILE_ROWS * TILE_VECTORS * 16  # entries a tile takes at most


def _tile(name: str, n_vectors: int, summary: str) -> Any:
    """The code of a tile of some width."""

    def product(
        typing_context: Any, a: Any, a_start: Any, a_row: Any, a_column: Any,
        b: Any, b_start: Any, b_row: Any, depth: Any, rows: Any, out: Any, out_start: Any,
    ) -> Any:  # fmt: skip
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            a, start, a_row, a_column, b, b_start, b_row, depth, rows, out, out_start = args
            kinds = signature.args
            first = place_of(context, builder, kinds[0], a, start)
            top = place_of(context, builder, kinds[4], b, b_start)
            corner = place_of(context, builder, kinds[9], out, out_start)
            heads = _row_heads(builder, first, a_row, rows)
            lanes = KINDS[kinds[0].dtype][1]

            def addends(step: Any) -> tuple[list[Any], Iterator[Any]]:
                across = builder.gep(top, [builder.mul(step, b_row)])
                beside = [INT64(j * lanes.count) for j in range(n_vectors)]
                row = [emit_load(builder, builder.gep(across, [j]), lanes) for j in beside]
                offset = [builder.mul(step, a_column)]
                column = (builder.load(builder.gep(head, offset)) for head in heads)
                return row, (emit_spread(builder, value, lanes) for value in column)

            sums = _summed(builder, depth, addends, n_vectors, lanes)
            for number, value in enumerate(sums):
                place = builder.gep(corner, [INT64(number * lanes.count)])
                emit_store(builder, value, place)
            return context.get_dummy_value()

        i = types.intp
        return types.void(a, i, i, i, b, i, i, i, i, out, i), code

    product.__name__ = product.__qualname__ = name
    product.__doc__ = summary
    return vector_code(product)


def _row_heads(builder: Any, first: Any, a_row: Any, rows: Any) -> list[Any]:
    """Where the rows of A begin; rows beyond the last are the last once more."""
    heads, last = [], builder.sub(rows, INT64(1))
    for i in range(TILE_ROWS):
        there = builder.icmp_signed("<", INT64(i), rows)
        row = builder.select(there, INT64(i), last)
        heads.append(builder.gep(first, [builder.mul(row, a_row)]))
    return heads


def _summed(builder: Any, depth: Any, addends: Any, n_vectors: int, lanes: Any) -> list[Any]:
    """A loop over the depth that adds products to sums which begin at zero."""
    before = builder.block
    loop, after = (builder.append_basic_block(f"tile.{name}") for name in ("loop", "end"))
    zero, n_sums = constant(lanes, 0.0), TILE_ROWS * n_vectors
    builder.cbranch(builder.icmp_signed(">", depth, INT64(0)), loop, after)
    builder.position_at_end(loop)
    step = builder.phi(INT64)
    sums = [builder.phi(lanes) for _ in range(n_sums)]
    across, down = addends(step)
    new = []
    for i, value in enumerate(down):
        for j in range(n_vectors):
            new.append(emit_fused(builder, value, across[j], sums[i * n_vectors + j]))
    following = builder.add(step, INT64(1))
    step.add_incoming(INT64(0), before)
    step.add_incoming(following, loop)
    for total, value in zip(sums, new, strict=True):
        total.add_incoming(zero, before)
        total.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)
    builder.position_at_end(after)
    done = []
    for value in new:
        total = builder.phi(lanes)
        total.add_incoming(zero, before)
        total.add_incoming(value, loop)
        done.append(total)
    return done


_SUMMARY = """Rows of ``A B``, {width} wide, to ``out``, row after row.

``a[a_start + i a_row + k a_column]`` is A[i, k], ``b[b_start + k b_row + j]`` is B[k, j], for
k below ``depth``; arrays are flat. All `TILE_ROWS` rows are written, the last of ``rows`` again
where there are fewer.
"""
narrow_tile = _tile("narrow_tile", 1, _SUMMARY.format(width="one vector"))
wide_tile = _tile("wide_tile", TILE_VECTORS, _SUMMARY.format(width="`TILE_VECTORS` vectors"))


def _turned(builder: Any, rows: list[Any], lanes: Any) -> list[Any]:
    """A square of lanes transposed: pairs of rows change halves, then quarters, and so on."""
    n = lanes.count
    numbers = ir.VectorType(ir.IntType(32), n)
    half = n // 2
    while half:
        low = [k if not k & half else n + k - half for k in range(n)]
        high = [k + half if not k & half else n + k for k in range(n)]
        turned = list(rows)
        for i in (i for i in range(n) if not i & half):
            pair = rows[i], rows[i + half]
            turned[i] = builder.shuffle_vector(*pair, ir.Constant(numbers, low))
            turned[i + half] = builder.shuffle_vector(*pair, ir.Constant(numbers, high))
        rows, half = turned, half // 2
    return rows


@vector_code
def transpose_square(
    typing_context: Any, a: Any, a_start: Any, a_row: Any, out: Any, out_start: Any,
    out_row: Any,
) -> Any:  # fmt: skip
    """A square of lanes x lanes entries of ``a``, its rows as the columns of ``out``."""
    lanes = KINDS[a.dtype][1]

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, a_start, a_row, out, out_start, out_row = args
        head = place_of(context, builder, signature.args[0], a, a_start)
        corner = place_of(context, builder, signature.args[3], out, out_start)
        rows = [
            emit_load(builder, builder.gep(head, [builder.mul(INT64(k), a_row)]), lanes)
            for k in range(lanes.count)
        ]
        for k, row in enumerate(_turned(builder, rows, lanes)):
            emit_store(builder, row, builder.gep(corner, [builder.mul(INT64(k), out_row)]))
        return context.get_dummy_value()

    i = types.intp
    return types.void(a, i, i, out, i, i), code
