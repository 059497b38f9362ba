"""Exponentials of vectors, to the last bit or so, and never a denormal number.

``x = n ln 2 + r`` with |r| <= ln 2 / 2; ``q = e^r - 1`` is its Taylor series, which ends below
rounding; then ``e^x = 2^n + 2^n q`` and ``e^x - 1 = 2^n q + (2^n - 1)``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from llvmlite import ir

from spinglass_nn._core.simd import DOUBLE_LANES, FLOAT_LANES, constant, vector_code
from spinglass_nn._core.simd_reals import SHAPES, emit_fused


class _Format(NamedTuple):
    """What the arithmetic needs to know of a precision."""

    bits: int  # of a number
    fraction: int  # bits of its fraction
    bias: int  # of its exponent
    terms: int  # of the series
    ln2: tuple[float, float]  # ln 2 in two parts: n times the first is exact
    lowest: float  # where e^x is still a normal number, with a factor 2 to spare
    highest: float  # where 2^n is still finite


_FORMATS = {
    FLOAT_LANES: _Format(32, 23, 127, 7, (0.693359375, -2.12194440e-4), -86.6, 88.0),
    DOUBLE_LANES: _Format(
        64, 52, 1023, 13, (0.693147180369123816490, 1.90821492927058770002e-10), -707.0, 709.0
    ),
}


def _split(builder: Any, x: Any, form: _Format) -> tuple[Any, Any]:
    """``2^n`` and ``e^r - 1``, for x where both are normal numbers."""
    lanes = x.type
    # adding 1.5 2^fraction rounds to an integer, which then stands in the lowest bits
    magic = constant(lanes, 1.5 * 2.0**form.fraction)
    shifted = emit_fused(builder, x, constant(lanes, 1 / math.log(2)), magic)
    n = builder.fsub(shifted, magic)
    r = emit_fused(builder, n, constant(lanes, -form.ln2[0]), x)
    r = emit_fused(builder, n, constant(lanes, -form.ln2[1]), r)
    q = _series(builder, r, form.terms)
    words = ir.VectorType(ir.IntType(form.bits), lanes.count)
    exponent = builder.add(builder.bitcast(shifted, words), constant(words, form.bias))
    power = builder.bitcast(builder.shl(exponent, constant(words, form.fraction)), lanes)
    return power, q


def _series(builder: Any, r: Any, terms: int) -> Any:
    """``e^r - 1`` for small r, the first terms of it."""
    series = constant(r.type, 1 / math.factorial(terms))
    for k in range(terms - 1, 1, -1):
        series = emit_fused(builder, series, r, constant(r.type, 1 / math.factorial(k)))
    return emit_fused(builder, builder.fmul(r, r), series, r)


def _emit_exponential(builder: Any, x: Any) -> Any:
    form = _FORMATS[x.type]
    low, high = (constant(x.type, value) for value in (form.lowest, form.highest))
    under = builder.fcmp_ordered("<", x, low)
    over = builder.fcmp_ordered(">", x, high)
    inside = builder.select(under, low, builder.select(over, high, x))
    power, q = _split(builder, inside, form)
    value = emit_fused(builder, power, q, power)
    value = builder.select(over, constant(x.type, math.inf), value)
    return builder.select(under, constant(x.type, 0.0), value)


@vector_code
def exponentials(typing_context: Any, x: Any) -> Any:
    """``e^x`` of floats or doubles; NaN stays NaN.

    Zero below -86.6 (doubles: -707) and infinite above 88 (709), a little before the numbers
    end, so that neither the result nor anything on the way is denormal.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _emit_exponential(builder, args[0])

    return x(x), code


@vector_code
def exponentials_less_one(typing_context: Any, x: Any) -> Any:
    """``e^x - 1`` of floats or doubles between -1/2 and 1/2, relative to itself to rounding."""
    lanes = SHAPES[x]

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _series(builder, args[0], _FORMATS[lanes].terms + 1)

    return x(x), code


@vector_code
def hyperbolic_tangents(typing_context: Any, x: Any) -> Any:
    """``tanh x`` of floats or doubles, by ``e^(-2|x|) - 1``; NaN stays NaN."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = SHAPES[x]
        form, value = _FORMATS[lanes], args[0]
        one, two, zero = (constant(lanes, number) for number in (1.0, 2.0, 0.0))
        negative = builder.fcmp_ordered("<", value, zero)
        y = builder.fmul(two, builder.select(negative, value, builder.fneg(value)))
        limit = constant(lanes, -50.0)  # beyond, the answer is 1 in either precision
        y = builder.select(builder.fcmp_ordered("<", y, limit), limit, y)
        power, q = _split(builder, y, form)
        less = emit_fused(builder, power, q, builder.fsub(power, one))
        size = builder.fdiv(builder.fneg(less), builder.fadd(two, less))
        size = builder.select(negative, builder.fneg(size), size)
        # where x is tiny or zero the quotient is x, sign of zero included
        tiny = constant(lanes, 2.0 ** -(form.fraction // 2 + 1))
        small = builder.fcmp_ordered("<", builder.fneg(y), tiny)
        return builder.select(small, value, size)

    return x(x), code
