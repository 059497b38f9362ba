"""Vectors of whatever precision an array has: 16 float32 or 8 float64, by one name.

`load_reals(array, i)` gives `Floats` or `Doubles`, as the array's entries are; so one kernel
text serves both precisions. Scalars must be of the array's own precision.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types

from spinglass_nn._core.simd import (
    DOUBLE_LANES,
    DOUBLES,
    FLOAT_LANES,
    FLOATS,
    FUSED,
    INT32,
    constant,
    insert,
    overload_binary,
    vector_code,
)

KINDS = {types.float32: (FLOATS, FLOAT_LANES), types.float64: (DOUBLES, DOUBLE_LANES)}
SHAPES = {FLOATS: FLOAT_LANES, DOUBLES: DOUBLE_LANES}
_SUFFIXES = {FLOAT_LANES: "v16f32", DOUBLE_LANES: "v8f64"}

overload_binary(operator.truediv, FLOATS, "fdiv")


def emit_call(builder: Any, name: str, *args: Any) -> Any:
    """One of LLVM's own functions of vectors of one kind, which gives another of them."""
    lanes = args[0].type
    kind = ir.FunctionType(lanes, [lanes] * len(args))
    return builder.call(insert(builder.module, kind, f"llvm.{name}.{_SUFFIXES[lanes]}"), args)


def emit_fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once where the machine can."""
    if FUSED:
        return emit_call(builder, "fma", a, b, c)
    return builder.fadd(builder.fmul(a, b), c)


def place_of(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """The address of an entry of an array."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def emit_load(builder: Any, place: Any, lanes: Any, align: int = 4) -> Any:
    """A vector from an address that is a multiple of ``align`` bytes, no more."""
    value = builder.load(builder.bitcast(place, lanes.as_pointer()))
    value.align = align
    return value


def emit_store(builder: Any, value: Any, place: Any) -> None:
    """A vector to an address that need not be aligned."""
    builder.store(value, builder.bitcast(place, value.type.as_pointer())).align = 4


def emit_spread(builder: Any, value: Any, lanes: Any) -> Any:
    """A vector with one value in every lane."""
    nothing = ir.Constant(lanes, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(INT32, lanes.count), [0] * lanes.count)
    return builder.shuffle_vector(
        builder.insert_element(nothing, value, INT32(0)), nothing, zeros
    )


@vector_code
def lanes_of(typing_context: Any, array: Any) -> Any:
    """Entries of an array that fit a vector: 16 or 8, known when compiling."""
    count = KINDS[array.dtype][1].count

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(ir.IntType(64), count)

    return types.int64(array), code


@vector_code
def load_reals(typing_context: Any, array: Any, index: Any) -> Any:
    """The vector at array[index:index + lanes]."""
    kind, lanes = KINDS[array.dtype]

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *args)
        return emit_load(builder, place, lanes)

    return kind(array, types.intp), code


@vector_code
def store_reals(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Put a vector at array[index:index + lanes]."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *args[:2])
        emit_store(builder, args[2], place)
        return context.get_dummy_value()

    return types.void(array, types.intp, KINDS[array.dtype][0]), code


@vector_code
def load_as(typing_context: Any, array: Any, index: Any, like: Any) -> Any:
    """The entries at array[index:index + lanes] as numbers of the precision of ``like``.

    They may be bytes, or be of that precision already.
    """
    kind, lanes = KINDS[like.dtype]
    coded = array.dtype == types.uint8

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *args[:2])
        if not coded:
            return emit_load(builder, place, lanes)
        value = emit_load(builder, place, ir.VectorType(ir.IntType(8), lanes.count), 1)
        return builder.uitofp(value, lanes)

    return kind(array, types.intp, like), code


@vector_code
def spread_real(typing_context: Any, value: Any) -> Any:
    """A vector with one value, float32 or float64, in every lane."""
    kind, lanes = KINDS[value]

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit_spread(builder, args[0], lanes)

    return kind(value), code


def _elementwise(emit: Callable[..., Any], n: int, name: str, summary: str) -> Any:
    """A function of ``n`` vectors of one kind that gives another."""

    def typed(*vectors: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit(builder, *args)

        kind = vectors[0]
        return (kind(*[kind] * n), code) if all(v is kind for v in vectors) else None

    def one(typing_context: Any, a: Any) -> Any:
        return typed(a)

    def two(typing_context: Any, a: Any, b: Any) -> Any:
        return typed(a, b)

    def three(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
        return typed(a, b, c)

    function: Any = (one, two, three)[n - 1]
    function.__name__ = function.__qualname__ = name
    function.__doc__ = summary
    return vector_code(function)


def _rectified(builder: Any, x: Any) -> Any:
    zero = constant(x.type, 0.0)
    return builder.select(builder.fcmp_ordered("<", x, zero), zero, x)


def _where_positive(builder: Any, x: Any, a: Any) -> Any:
    zero = constant(x.type, 0.0)
    return builder.select(builder.fcmp_ordered(">", a, zero), x, zero)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


fused = _elementwise(
    emit_fused, 3, "fused", "``a * b + c``, rounded once where the machine can."
)
rectified = _elementwise(_rectified, 1, "rectified", "``x``, but 0 where it is negative.")
where_positive = _elementwise(
    _where_positive, 2, "where_positive", "``x`` where ``a > 0``, 0 elsewhere."
)
larger_of = _elementwise(_larger, 2, "larger_of", "The larger in each lane; b if a is NaN.")
square_root = _elementwise(
    lambda builder, x: emit_call(builder, "sqrt", x), 1, "square_root", "Roots, as IEEE wants."
)


@vector_code
def first_lanes(typing_context: Any, x: Any, count: Any, other: Any) -> Any:
    """The first ``count`` lanes of ``x``, and those of ``other`` after them."""
    lanes = SHAPES[x]

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = ir.VectorType(INT32, lanes.count)
        places = ir.Constant(numbers, list(range(lanes.count)))
        limit = emit_spread(builder, builder.trunc(args[1], INT32), numbers)
        return builder.select(builder.icmp_signed("<", places, limit), args[0], args[2])

    return x(x, types.int64, x), code


def _folded(name: str, combine: Callable[[Any, Any, Any], Any], summary: str) -> Any:
    """All lanes joined into one number, the halves of the vector first."""

    def fold(typing_context: Any, x: Any) -> Any:
        lanes = SHAPES[x]
        real = types.float32 if x is FLOATS else types.float64

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value, half = args[0], lanes.count // 2
            while half:
                order = [(k + half) % lanes.count for k in range(lanes.count)]
                turned = builder.shuffle_vector(
                    value, value, ir.Constant(ir.VectorType(INT32, lanes.count), order)
                )
                value, half = combine(builder, value, turned), half // 2
            return builder.extract_element(value, INT32(0))

        return real(x), code

    fold.__name__ = fold.__qualname__ = name
    fold.__doc__ = summary
    return vector_code(fold)


sum_of_lanes = _folded("sum_of_lanes", lambda b, x, y: b.fadd(x, y), "The sum of all lanes.")
largest_lane = _folded("largest_lane", _larger, "The largest lane.")


@vector_code
def any_unequal(typing_context: Any, x: Any, y: Any) -> Any:
    """Whether any lane of ``x`` differs from that of ``y``, or is NaN."""
    lanes = SHAPES[x]

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        differ = builder.fcmp_unordered("!=", *args)
        mask = builder.bitcast(differ, ir.IntType(lanes.count))
        return builder.icmp_unsigned("!=", mask, ir.Constant(mask.type, 0))

    return types.boolean(x, x), code
