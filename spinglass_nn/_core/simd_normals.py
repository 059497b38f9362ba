"""Normal numbers, thirty-two at a time: the transform of Box and Muller on vectors.

With u and a uniform, the point at radius sqrt(-2 ln u) and angle a has two independent normal
coordinates. The angle is drawn in an eighth of the circle to each side of an axis, where sine and
cosine are short series; two bits more choose the axis.
"""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel
from spinglass_nn._core.simd import (
    FLOAT_LANES,
    FLOATS,
    INT_LANES,
    WORDS,
    constant,
    emit_multiply_add,
    load_words,
    spread_float,
    store_floats,
    store_words,
    vector_code,
)
from spinglass_nn._core.simd_draws import exponential, next_words
from spinglass_nn._core.simd_reals import larger_of, square_root

TOGETHER = 32  # numbers drawn at a time: arrays to be filled are a multiple of it long
N_WORDS = 32  # of the state: four of xoshiro256++ for each of eight streams

# -ln u of the largest u; in float32 it comes out as zero or less, and a point at radius zero
# has no direction
_LEAST = 2.0**-33
_ANGLE = math.pi / 4 * 2.0**-31  # of the integers of 32 bits
_SINE = (1 / 362880, -1 / 5040, 1 / 120, -1 / 6)  # of x^9 down to x^3
_COSINE = (1 / 40320, -1 / 720, 1 / 24, -1 / 2)  # of x^8 down to x^2


def _emit_point(builder: Any, words: Any) -> tuple[Any, Any]:
    """Two coordinates of points on the unit circle."""
    drawn = builder.bitcast(words, INT_LANES)
    high = builder.and_(drawn, constant(INT_LANES, -4))  # the two lowest bits choose the axis
    x = builder.fmul(builder.sitofp(high, FLOAT_LANES), constant(FLOAT_LANES, _ANGLE))
    square = builder.fmul(x, x)
    sine, cosine = (constant(FLOAT_LANES, series[0]) for series in (_SINE, _COSINE))
    for s, c in zip(_SINE[1:], _COSINE[1:], strict=True):
        sine = emit_multiply_add(builder, sine, square, constant(FLOAT_LANES, s))
        cosine = emit_multiply_add(builder, cosine, square, constant(FLOAT_LANES, c))
    sine = emit_multiply_add(builder, builder.fmul(sine, square), x, x)
    cosine = emit_multiply_add(builder, cosine, square, constant(FLOAT_LANES, 1.0))
    sign = builder.shl(drawn, constant(INT_LANES, 31))
    bits = builder.xor(builder.bitcast(cosine, INT_LANES), sign)
    cosine = builder.bitcast(bits, FLOAT_LANES)
    turned = builder.icmp_signed(
        "!=", builder.and_(drawn, constant(INT_LANES, 2)), constant(INT_LANES, 0)
    )
    return builder.select(turned, sine, cosine), builder.select(turned, cosine, sine)


@vector_code
def across(typing_context: Any, words: Any) -> Any:
    """First coordinates of sixteen random points on the unit circle, from eight random words."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _emit_point(builder, args[0])[0]

    return FLOATS(WORDS), code


@vector_code
def upward(typing_context: Any, words: Any) -> Any:
    """Second coordinates of the same points."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _emit_point(builder, args[0])[1]

    return FLOATS(WORDS), code


@kernel
def fill_normals(out: NDArray[Any], state: NDArray[Any]) -> None:
    """Fill float32 ``out`` with normal numbers and advance the state (`N_WORDS`,).

    Squares are those of normal numbers to 4e-6; none is beyond 6.8 in size, and no two of a pair
    are both zero.
    """
    a, b = load_words(state, 0), load_words(state, 8)
    c, d = load_words(state, 16), load_words(state, 24)
    two, least = spread_float(out.dtype.type(2)), spread_float(out.dtype.type(_LEAST))
    for i in range(0, out.size, TOGETHER):
        word, a, b, c, d = next_words(a, b, c, d)
        radius = square_root(larger_of(exponential(word), least) * two)
        word, a, b, c, d = next_words(a, b, c, d)
        store_floats(out, i, radius * across(word))
        store_floats(out, i + 16, radius * upward(word))
    store_words(state, 0, a)
    store_words(state, 8, b)
    store_words(state, 16, c)
    store_words(state, 24, d)
