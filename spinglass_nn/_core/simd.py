"""Explicit vectors for kernels: 8 words or float64, 16 float32 or int32, in one register.

LLVM does not vectorise the loops of this package by itself (it cannot know that arrays do not
overlap, and prefers half the width), so kernels say what they mean. `Words`, `Floats`,
`Doubles` and `Ints` are types of compiled code alone: they live inside kernels, take the
operators ``^ & | ~ + << >>``, ``+ - *``, ``+ - * /`` and ``^ + -``, and move to and from flat
arrays. `simd_order` compares and sums doubles. Machines
with narrower registers run the same code in several steps and give the same bits, but for the
variates in `simd_draws`, whose last bit depends on whether the machine multiplies and adds in
one rounding.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

from spinglass_nn._core.jit import inlined

N_WORDS = 8
N_FLOATS = 16
ALIGNMENT = 64  # bytes

BIT, INT16, INT32, INT64 = (ir.IntType(bits) for bits in (1, 16, 32, 64))
_F32 = ir.FloatType()
WORD_LANES = ir.VectorType(INT64, N_WORDS)
FLOAT_LANES = ir.VectorType(_F32, N_FLOATS)
DOUBLE_LANES = ir.VectorType(ir.DoubleType(), N_WORDS)
INT_LANES = ir.VectorType(INT32, N_FLOATS)


def supported(feature: str) -> bool:
    """Whether kernels are compiled for machines that have a feature, such as ``"fma"``."""
    told: str | None = vars(config)["CPU_FEATURES"]  # what to compile for, if numba was told
    if told is not None:
        return f"+{feature}" in told.split(",")
    return bool(llvmlite.binding.get_host_cpu_features().get(feature, False))


FUSED = supported("fma")


def vector_code(function: Callable[..., Any]) -> Any:
    """Numba's decorator, untyped: kernels call the result, mypy does not see kernels."""
    return intrinsic(function)


def insert(module: Any, kind: Any, name: str) -> Any:
    """One of LLVM's own functions on vectors."""
    return cgutils.get_or_insert_function(module, kind, name)  # type: ignore[no-untyped-call]


class _Vector(types.Type):
    """A vector as numba sees it: its name tells everything."""


WORDS = _Vector("Words")
FLOATS = _Vector("Floats")
DOUBLES = _Vector("Doubles")
INTS = _Vector("Ints")


class _VectorModel(models.PrimitiveModel):
    """How a vector lies in memory: as LLVM's own vector type."""

    def __init__(self, manager: Any, kind: Any) -> None:
        shapes = {"Words": WORD_LANES, "Floats": FLOAT_LANES, "Ints": INT_LANES}
        shape = (shapes | {"Doubles": DOUBLE_LANES})[kind.name]
        super().__init__(manager, kind, shape)  # type: ignore[no-untyped-call]


register_model(_Vector)(_VectorModel)


def aligned(shape: tuple[int, ...] | int, dtype: Any) -> NDArray[Any]:
    """Zeros that begin at a multiple of 64 bytes, which vectors need to be fast."""
    size = math.prod(shape) if isinstance(shape, tuple) else shape
    n_bytes = int(size) * np.dtype(dtype).itemsize
    raw = np.zeros(n_bytes + ALIGNMENT, dtype=np.uint8)
    start = -raw.__array_interface__["data"][0] % ALIGNMENT  # .ctypes takes longer
    array: NDArray[Any] = raw[start : start + n_bytes].view(dtype).reshape(shape)
    return array


def _address(context: Any, builder: Any, kind: Any, args: Any, vector: Any) -> Any:
    array = context.make_array(kind)(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), vector.as_pointer())


def _loader(name: str, kind: _Vector, vector: Any, size: int, summary: str) -> Any:
    def load(typing_context: Any, array: Any, index: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value = builder.load(_address(context, builder, signature.args[0], args, vector))
            value.align = size
            return value

        return kind(array, types.intp), code

    return _named(load, name, summary)


def _storer(name: str, kind: _Vector, vector: Any, size: int, summary: str) -> Any:
    def store(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = _address(context, builder, signature.args[0], args, vector)
            builder.store(args[2], place).align = size
            return context.get_dummy_value()

        return types.void(array, types.intp, kind), code

    return _named(store, name, summary)


def _named(function: Callable[..., Any], name: str, summary: str) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = summary
    return vector_code(function)


load_words = _loader("load_words", WORDS, WORD_LANES, 8, "Words at array[index:index + 8].")
store_words = _storer(
    "store_words", WORDS, WORD_LANES, 8, "Put words at array[index:index + 8]."
)
load_floats = _loader(
    "load_floats", FLOATS, FLOAT_LANES, 4, "Floats at array[index:index + 16]."
)
store_floats = _storer(
    "store_floats", FLOATS, FLOAT_LANES, 4, "Put floats at array[index:index + 16]."
)
load_doubles = _loader(
    "load_doubles", DOUBLES, DOUBLE_LANES, 8, "Doubles at array[index:index + 8]."
)
store_doubles = _storer(
    "store_doubles", DOUBLES, DOUBLE_LANES, 8, "Put doubles at array[index:index + 8]."
)
load_ints = _loader("load_ints", INTS, INT_LANES, 4, "Ints at array[index:index + 16].")
store_ints = _storer("store_ints", INTS, INT_LANES, 4, "Put ints at array[index:index + 16].")


def _spread(builder: Any, value: Any, vector: Any) -> Any:
    """A vector with one value in every lane."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, INT32(0))
    zeros = ir.Constant(ir.VectorType(INT32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def constant(vector: Any, value: float) -> Any:
    return ir.Constant(vector, [value] * vector.count)


def _unary(
    name: str, result: Any, argument: Any, emit: Callable[[Any, Any], Any], summary: str
) -> Any:
    def apply(typing_context: Any, a: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit(builder, args[0])

        return result(argument), code

    return _named(apply, name, summary)


def _signs(builder: Any, word: Any) -> Any:
    lanes = builder.bitcast(builder.trunc(word, INT16), ir.VectorType(BIT, N_FLOATS))
    return builder.select(lanes, constant(FLOAT_LANES, -1.0), constant(FLOAT_LANES, 1.0))


def _mask_negative(builder: Any, a: Any) -> Any:
    lanes = builder.icmp_signed("<", builder.bitcast(a, INT_LANES), constant(INT_LANES, 0))
    return builder.zext(builder.bitcast(lanes, INT16), INT64)


spread_word = _unary(
    "spread_word", WORDS, types.uint64, lambda builder, x: _spread(builder, x, WORD_LANES),
    "Eight copies of a uint64.",
)  # fmt: skip
spread_float = _unary(
    "spread_float", FLOATS, types.float32, lambda builder, x: _spread(builder, x, FLOAT_LANES),
    "Sixteen copies of a float32.",
)  # fmt: skip
spread_double = _unary(
    "spread_double", DOUBLES, types.float64, lambda builder, x: _spread(builder, x, DOUBLE_LANES),
    "Eight copies of a float64.",
)  # fmt: skip
spread_int = _unary(
    "spread_int", INTS, types.int32, lambda builder, x: _spread(builder, x, INT_LANES),
    "Sixteen copies of an int32.",
)  # fmt: skip
to_floats = _unary(
    "to_floats", FLOATS, INTS, lambda builder, x: builder.sitofp(x, FLOAT_LANES),
    "The float32 nearest to each int32.",
)  # fmt: skip
signs = _unary(
    "signs", FLOATS, types.uint64, _signs,
    "Floats: -1 in lane k if bit k of a uint64 is set, +1 if not.",
)  # fmt: skip
mask_negative = _unary(
    "mask_negative", types.uint64, FLOATS, _mask_negative,
    "Bits k of a uint64 where lane k is negative (has its sign bit set).",
)  # fmt: skip
low_halves = _unary(
    "low_halves", INTS, INTS, lambda builder, x: builder.and_(x, constant(INT_LANES, 0xFFFF)),
    "The lower 16 bits of each int32.",
)  # fmt: skip
high_halves = _unary(
    "high_halves", INTS, INTS, lambda builder, x: builder.ashr(x, constant(INT_LANES, 16)),
    "Each int32 divided by 2^16, rounded down.",
)  # fmt: skip
count_ones = _unary(
    "count_ones", types.int64, types.uint64, lambda builder, x: builder.ctpop(x),
    "Number of bits set in a uint64.",
)  # fmt: skip
lowest_bit = _unary(
    "lowest_bit", types.int64, types.uint64, lambda builder, x: builder.cttz(x, BIT(0)),
    "Place of the lowest bit set in a uint64; 64 if there is none.",
)  # fmt: skip


def _prefetcher(name: str, level: int, summary: str) -> Any:
    def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = _address(context, builder, signature.args[0], args, ir.IntType(8))
            kind = ir.FunctionType(ir.VoidType(), [place.type, INT32, INT32, INT32])
            ask = insert(builder.module, kind, "llvm.prefetch.p0i8")
            builder.call(ask, [place, INT32(0), INT32(level), INT32(1)])  # to read data
            return context.get_dummy_value()

        return types.void(array, types.intp), code

    return _named(prefetch, name, summary)


prefetch = _prefetcher(
    "prefetch", 3,
    "Ask for the cache line of array[index], which need not exist, and do not wait.",
)  # fmt: skip
prefetch_far = _prefetcher(
    "prefetch_far", 2, "The same, only as near as the second cache: for what is needed later."
)


def _binary(kind: _Vector, instruction: str) -> Any:
    def apply(typing_context: Any, a: Any, b: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(args[0], args[1])

        return kind(kind, kind), code

    return _named(apply, f"{kind.name}_{instruction}", f"{instruction} of {kind.name}.")


def overload_binary(symbol: Any, kind: _Vector, instruction: str) -> None:
    apply = _binary(kind, instruction)

    @overload(symbol, strict=False)
    def of_vectors(a: Any, b: Any) -> Any:
        if a is kind and b is kind:
            return lambda a, b: apply(a, b)
        return None


def _overload_shift(symbol: Any, instruction: str) -> None:
    @vector_code
    def apply(typing_context: Any, words: Any, places: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(args[0], _spread(builder, args[1], WORD_LANES))

        return WORDS(WORDS, types.uint64), code

    @overload(symbol, strict=False)
    def of_words(words: Any, places: Any) -> Any:
        if words is WORDS and isinstance(places, types.Integer):
            return lambda words, places: apply(words, np.uint64(places))
        return None


for _symbol, _instruction in (
    (operator.xor, "xor"),
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.add, "add"),
):
    overload_binary(_symbol, WORDS, _instruction)
for _symbol, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
):
    overload_binary(_symbol, FLOATS, _instruction)
    overload_binary(_symbol, DOUBLES, _instruction)
overload_binary(operator.truediv, DOUBLES, "fdiv")
for _symbol in (operator.xor, operator.add, operator.sub):
    overload_binary(_symbol, INTS, _symbol.__name__)
_overload_shift(operator.lshift, "shl")
_overload_shift(operator.rshift, "lshr")


_complement = _unary(
    "_complement",
    WORDS,
    WORDS,
    lambda builder, x: builder.xor(x, constant(WORD_LANES, -1)),
    "~words.",
)


@overload(operator.invert, strict=False)
def _invert(words: Any) -> Any:
    return (lambda words: _complement(words)) if words is WORDS else None


def _any_bit(builder: Any, words: Any) -> Any:
    kind, name = ir.FunctionType(INT64, [WORD_LANES]), "llvm.vector.reduce.or.v8i64"
    joined = builder.call(insert(builder.module, kind, name), [words])
    return builder.icmp_unsigned("!=", joined, INT64(0))


any_bit = _unary(
    "any_bit", types.boolean, WORDS, _any_bit, "Whether any bit of the eight words is set."
)


def _sum_words(builder: Any, words: Any) -> Any:
    kind, name = ir.FunctionType(INT64, [WORD_LANES]), "llvm.vector.reduce.add.v8i64"
    return builder.call(insert(builder.module, kind, name), [words])


def _count_each(builder: Any, words: Any) -> Any:
    kind = ir.FunctionType(WORD_LANES, [WORD_LANES])
    return builder.call(insert(builder.module, kind, "llvm.ctpop.v8i64"), [words])


sum_words = _unary("sum_words", types.int64, WORDS, _sum_words, "Sum of the eight words.")
count_each = _unary(
    "count_each", WORDS, WORDS, _count_each, "Number of bits set in each of the eight words."
)


def _mask_nonzero(builder: Any, words: Any) -> Any:
    return builder.sext(builder.icmp_unsigned("!=", words, constant(WORD_LANES, 0)), WORD_LANES)


mask_nonzero = _unary(
    "mask_nonzero", WORDS, WORDS, _mask_nonzero,
    "Words of ones where a word is not zero, of zeros where it is.",
)  # fmt: skip


@vector_code
def multiply_add(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of floats, rounded once where the machine can; exact if a or b is ±1."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit_multiply_add(builder, *args)

    return FLOATS(FLOATS, FLOATS, FLOATS), code


def emit_multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    if not FUSED:
        return builder.fadd(builder.fmul(a, b), c)
    kind = ir.FunctionType(FLOAT_LANES, [FLOAT_LANES] * 3)
    fused = insert(builder.module, kind, "llvm.fma.v16f32")
    return builder.call(fused, [a, b, c])


@vector_code
def negate_where(typing_context: Any, x: Any, bits: Any) -> Any:
    """``-x`` in the lanes k of ints where bit k of a uint64 is set, ``x`` in the others."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = builder.bitcast(builder.trunc(args[1], INT16), ir.VectorType(BIT, N_FLOATS))
        return builder.select(lanes, builder.sub(constant(INT_LANES, 0), args[0]), args[0])

    return INTS(INTS, types.uint64), code


def _sum_lanes(builder: Any, x: Any) -> Any:
    wide = ir.VectorType(INT64, N_FLOATS)
    kind, name = ir.FunctionType(INT64, [wide]), "llvm.vector.reduce.add.v16i64"
    return builder.call(insert(builder.module, kind, name), [builder.sext(x, wide)])


sum_lanes = _unary("sum_lanes", types.int64, INTS, _sum_lanes, "The sum of sixteen int32.")


@inlined
def majority(a: Any, b: Any, c: Any) -> Any:
    """Bits set in at least two of three words: the carry of a full adder."""
    return (a & b) | (c & (a | b))
