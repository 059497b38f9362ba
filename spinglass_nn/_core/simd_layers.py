"""Layers of a network whose samples lie side by side: tall tiles, and losses lane by lane.

A layer ``z = W a + b`` on ``a`` of (units, samples) multiplies every number of W with a whole
vector of samples. Tiles of a few heights, all sums in registers, leave few rows unused: ten
outputs are one tile of ten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types

from spinglass_nn._core.simd import DOUBLE_LANES, INT64, constant, supported, vector_code
from spinglass_nn._core.simd_reals import (
    KINDS,
    SHAPES,
    emit_fused,
    emit_load,
    emit_spread,
    emit_store,
    place_of,
)

# Vectors of 64 bytes: with AVX-512 12 x 2 sums, 2 columns and 1 weight of 32 registers; with
# AVX2, where a vector takes two of 16, 6 x 1 sums; narrower machines spill a little at 2 x 1.
LAYER_VECTORS = 2 if supported("avx512f") else 1
TALLEST = 12 if supported("avx512f") else 6 if supported("avx") else 2


def _emit_tile(
    builder: Any, height: int, lanes: Any, places: tuple[Any, Any, Any], depth: Any,
    row: Any, down: Callable[[Any], Any],
) -> None:  # fmt: skip
    """The code of a tile: where biases, b and ``out`` begin, and where weights of k stand."""
    shift, top, corner = places
    sums = []
    for i in range(height):
        sums += [_spread_at(builder, shift, i, lanes)] * LAYER_VECTORS

    def step(k: Any, sums: list[Any]) -> list[Any]:
        across = builder.gep(top, [builder.mul(k, row)])
        columns, weights = _vectors(builder, across, lanes), down(k)
        new = []
        for i in range(height):
            weight = _spread_at(builder, weights, i, lanes)
            for j, column in enumerate(columns):
                new.append(emit_fused(builder, weight, column, sums[i * LAYER_VECTORS + j]))
        return new

    for number, value in enumerate(_loop(builder, depth, sums, step)):
        i, j = divmod(number, LAYER_VECTORS)
        place = builder.gep(corner, [builder.mul(INT64(i), row)])
        emit_store(builder, value, builder.gep(place, [INT64(j * lanes.count)]))


def _tall_tile(height: int) -> Any:
    """A tile of some height, all of whose weights are read."""

    def tile(
        typing_context: Any, w: Any, w_start: Any, w_row: Any, bias: Any, bias_start: Any,
        b: Any, b_start: Any, b_row: Any, depth: Any, out: Any, out_start: Any,
    ) -> Any:  # fmt: skip
        lanes = KINDS[w.dtype][1]

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            w, w_start, w_row, bias, bias_start, b, b_start, b_row, depth = args[:9]
            kinds = signature.args
            first = place_of(context, builder, kinds[0], w, w_start)
            places = (
                place_of(context, builder, kinds[3], bias, bias_start),
                place_of(context, builder, kinds[5], b, b_start),
                place_of(context, builder, kinds[9], args[9], args[10]),
            )

            def down(k: Any) -> Any:
                return builder.gep(first, [builder.mul(k, w_row)])

            _emit_tile(builder, height, lanes, places, depth, b_row, down)
            return context.get_dummy_value()

        i = types.intp
        return types.void(w, i, i, bias, i, b, i, i, i, out, i), code

    tile.__name__ = tile.__qualname__ = f"tile_{height}"
    tile.__doc__ = f"""``W b + bias`` for {height} rows and `LAYER_VECTORS` vectors of columns.

    W lies transposed: W[i, k] is ``w[w_start + k w_row + i]``. Rows of b and ``out`` have one
    stride. Weights and biases of all {height} rows are read, and all are written.
    """
    return vector_code(tile)


def _spread_at(builder: Any, place: Any, i: int, lanes: Any) -> Any:
    return emit_spread(builder, builder.load(builder.gep(place, [INT64(i)])), lanes)


def _vectors(builder: Any, place: Any, lanes: Any) -> list[Any]:
    places = [builder.gep(place, [INT64(j * lanes.count)]) for j in range(LAYER_VECTORS)]
    return [emit_load(builder, there, lanes) for there in places]


def _loop(
    builder: Any, depth: Any, sums: list[Any], step: Callable[[Any, list[Any]], list[Any]]
) -> list[Any]:
    """``sums = step(k, sums)`` for k below a depth of one or more."""
    before = builder.block
    loop, after = (builder.append_basic_block(f"tall.{name}") for name in ("loop", "end"))
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(INT64)
    carried = [builder.phi(value.type) for value in sums]
    new = step(k, carried)
    following = builder.add(k, INT64(1))
    k.add_incoming(INT64(0), before)
    k.add_incoming(following, loop)
    for phi, value, start in zip(carried, new, sums, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)
    builder.position_at_end(after)
    return new


tile_2, tile_4, tile_6, tile_8, tile_10, tile_12 = (_tall_tile(n) for n in (2, 4, 6, 8, 10, 12))


def _listed_tile(height: int) -> Any:
    """A tile of some height, the weights of whose inputs stand where a list says."""

    def tile(
        typing_context: Any, w: Any, w_start: Any, listed: Any, first: Any, bias: Any,
        bias_start: Any, b: Any, b_start: Any, b_row: Any, depth: Any, out: Any, out_start: Any,
    ) -> Any:  # fmt: skip
        lanes = KINDS[w.dtype][1]

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            w, w_start, listed, first, bias, bias_start, b, b_start, b_row, depth = args[:10]
            kinds = signature.args
            begin = place_of(context, builder, kinds[0], w, w_start)
            list_begin = place_of(context, builder, kinds[2], listed, first)
            places = (
                place_of(context, builder, kinds[4], bias, bias_start),
                place_of(context, builder, kinds[6], b, b_start),
                place_of(context, builder, kinds[10], args[10], args[11]),
            )

            def down(k: Any) -> Any:
                return builder.gep(begin, [builder.load(builder.gep(list_begin, [k]))])

            _emit_tile(builder, height, lanes, places, depth, b_row, down)
            return context.get_dummy_value()

        i = types.intp
        return types.void(w, i, listed, i, bias, i, b, i, i, i, out, i), code

    tile.__name__ = tile.__qualname__ = f"listed_{height}"
    tile.__doc__ = (
        f"""`tile_{height}` with W[i, k] at ``w[w_start + listed[first + k] + i]``."""
    )
    return vector_code(tile)


listed_2, listed_4, listed_6, listed_8, listed_10, listed_12 = (
    _listed_tile(n) for n in (2, 4, 6, 8, 10, 12)
)


def _choice(name: str, comparison: str, summary: str) -> Any:
    """A function that chooses lane by lane between its last two arguments."""

    def choose(typing_context: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            where = builder.fcmp_ordered(comparison, args[0], args[1])
            return builder.select(where, args[2], args[3])

        return a(a, a, a, a), code

    choose.__name__ = choose.__qualname__ = name
    choose.__doc__ = summary
    return vector_code(choose)


where_larger = _choice("where_larger", ">", "``x`` where ``a > b``, else ``y``.")
where_equal = _choice("where_equal", "==", "``x`` where ``a == b``, else ``y``.")


@vector_code
def product_beyond_one(typing_context: Any, x: Any) -> Any:
    """The product of ``1 + x`` over all lanes, in float64: small x are not lost."""
    lanes = SHAPES[x]

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = []
        for start in range(0, lanes.count, DOUBLE_LANES.count):
            places = [start + k for k in range(DOUBLE_LANES.count)]
            numbers = ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)
            part = builder.shuffle_vector(args[0], args[0], numbers)
            if lanes is not DOUBLE_LANES:
                part = builder.fpext(part, DOUBLE_LANES)
            parts.append(builder.fadd(part, constant(DOUBLE_LANES, 1.0)))
        value = parts[0] if len(parts) == 1 else builder.fmul(*parts)
        half = DOUBLE_LANES.count // 2
        while half:
            order = [(k + half) % DOUBLE_LANES.count for k in range(DOUBLE_LANES.count)]
            numbers = ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order)
            value = builder.fmul(value, builder.shuffle_vector(value, value, numbers))
            half //= 2
        return builder.extract_element(value, ir.IntType(32)(0))

    return types.float64(x), code
