"""Random vectors for kernels: words, and the thresholds that moves of spins compare with."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined
from spinglass_nn._core.simd import (
    FLOAT_LANES,
    FLOATS,
    INT_LANES,
    WORDS,
    constant,
    emit_multiply_add,
    vector_code,
)

UNIT = 2.0**-23  # of what `halvings` returns

# ln(1 + m) / m on [0, 1], least maximal error of m p(m) (2.2e-7); highest power first
_LOGARITHM = (
    0.010764515, -0.0551452041, 0.134674549, -0.225898027, 0.328242213, -0.499471784,
    0.999981165,
)  # fmt: skip

# log2(1 + m) / m - 1 on [0, 1], least maximal error of m p(m) (3e-7); highest power first
_EXCESS = (
    0.01552997, -0.07955793, 0.19429462, -0.32590218, 0.47355348, -0.72058548, 0.44266783,
)  # fmt: skip


@inlined
def next_words(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Eight random words and the states after them: eight streams of xoshiro256++ at once.

    D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47 (2021) 36.
    """
    start = a + d
    drawn = ((start << 23) | (start >> 41)) + a
    shifted = b << 17
    c = c ^ a
    d = d ^ b
    b = b ^ c
    a = a ^ d
    c = c ^ shifted
    d = (d << 45) | (d >> 19)
    return drawn, a, b, c, d


@vector_code
def exponential(typing_context: Any, words: Any) -> Any:
    """Sixteen exponential variates -ln u from eight random words.

    u = (n + 1/2) / 2^32 for each 32-bit half n; the error of the logarithm is below 1e-6.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _minus_log(builder, builder.bitcast(args[0], INT_LANES))

    return FLOATS(WORDS), code


@vector_code
def logistic(typing_context: Any, words: Any) -> Any:
    """Sixteen logistic variates ln((1 - u) / u) from eight random words."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        drawn = builder.bitcast(args[0], INT_LANES)
        mirrored = builder.xor(drawn, constant(INT_LANES, -1))
        return builder.fsub(_minus_log(builder, drawn), _minus_log(builder, mirrored))

    return FLOATS(WORDS), code


def _minus_log(builder: Any, drawn: Any) -> Any:
    """-ln((n + 1/2) / 2^32): exponent and mantissa by bits, the mantissa by a polynomial."""
    value = builder.fadd(builder.uitofp(drawn, FLOAT_LANES), constant(FLOAT_LANES, 0.5))
    bits = builder.bitcast(value, INT_LANES)
    exponent = builder.sub(
        builder.lshr(bits, constant(INT_LANES, 23)), constant(INT_LANES, 127 + 32)
    )
    mantissa = builder.and_(bits, constant(INT_LANES, 0x7FFFFF))
    one_to_two = builder.bitcast(
        builder.or_(mantissa, constant(INT_LANES, 127 << 23)), FLOAT_LANES
    )
    m = builder.fsub(one_to_two, constant(FLOAT_LANES, 1.0))
    series = constant(FLOAT_LANES, _LOGARITHM[0])
    for coefficient in _LOGARITHM[1:]:
        series = emit_multiply_add(builder, series, m, constant(FLOAT_LANES, coefficient))
    whole = builder.fmul(
        builder.sitofp(exponent, FLOAT_LANES), constant(FLOAT_LANES, -np.log(2.0))
    )
    return builder.fsub(whole, builder.fmul(series, m))


@vector_code
def halvings(typing_context: Any, words: Any) -> Any:
    """Sixteen variates -log2 u from eight random words, in units of 2^-23.

    u = n / 2^32 for each 32-bit half n (2^-159 if n = 0); the error is below 2.5e-7 of one
    halving, and 1e-7 relative. A float's bits, read as an integer, are its logarithm but for
    a small excess, which a polynomial corrects.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.uitofp(builder.bitcast(args[0], INT_LANES), FLOAT_LANES)
        bits = builder.bitcast(value, INT_LANES)
        mantissa = builder.and_(bits, constant(INT_LANES, 0x7FFFFF))
        one_to_two = builder.or_(mantissa, constant(INT_LANES, 127 << 23))
        m = builder.fsub(builder.bitcast(one_to_two, FLOAT_LANES), constant(FLOAT_LANES, 1.0))
        missing = builder.sub(constant(INT_LANES, (127 + 32) << 23), bits)
        series = constant(FLOAT_LANES, -_EXCESS[0] / UNIT)
        for coefficient in _EXCESS[1:]:
            term = constant(FLOAT_LANES, -coefficient / UNIT)
            series = emit_multiply_add(builder, series, m, term)
        return emit_multiply_add(builder, series, m, builder.sitofp(missing, FLOAT_LANES))

    return FLOATS(WORDS), code


@vector_code
def reluctant(typing_context: Any, x: Any, limit: Any) -> Any:
    """``x``, but just below zero in the lanes where ``x < limit``."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        below = builder.fcmp_ordered("<", args[0], args[1])
        return builder.select(below, constant(FLOAT_LANES, -(2.0**-20)), args[0])

    return FLOATS(FLOATS, FLOATS), code


@vector_code
def flip_where_negative(typing_context: Any, x: Any, a: Any) -> Any:
    """``-x`` in the lanes where ``a`` has its sign bit set, ``x`` in the others."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, a = (builder.bitcast(value, INT_LANES) for value in args)
        sign = builder.and_(a, constant(INT_LANES, -(2**31)))
        return builder.bitcast(builder.xor(x, sign), FLOAT_LANES)

    return FLOATS(FLOATS, FLOATS), code


@vector_code
def random_signs(typing_context: Any, words: Any) -> Any:
    """Sixteen floats ±1, the sign of each from the highest bit of a 32-bit half."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        drawn = builder.bitcast(args[0], INT_LANES)
        sign = builder.and_(drawn, constant(INT_LANES, -(2**31)))
        one = constant(INT_LANES, 127 << 23)
        return builder.bitcast(builder.or_(sign, one), FLOAT_LANES)

    return FLOATS(WORDS), code
