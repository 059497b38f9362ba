"""Order among doubles, eight at a time: the smaller, the larger, which are at most, sums."""

from __future__ import annotations

from typing import Any

from spinglass_nn._core.jit import inlined
from spinglass_nn._core.simd import (
    DOUBLE_LANES,
    DOUBLES,
    constant,
    load_doubles,
    store_doubles,
    vector_code,
)


@vector_code
def smaller(typing_context: Any, a: Any, b: Any) -> Any:
    """The smaller of a and b in each lane."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", *args), *args)

    return DOUBLES(DOUBLES, DOUBLES), code


@vector_code
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """The larger of a and b in each lane."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return DOUBLES(DOUBLES, DOUBLES), code


@vector_code
def one_if_at_most(typing_context: Any, a: Any, b: Any) -> Any:
    """1.0 in the lanes where ``a <= b``, 0.0 in the others."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = builder.fcmp_ordered("<=", *args)
        ones, zeros = constant(DOUBLE_LANES, 1.0), constant(DOUBLE_LANES, 0.0)
        return builder.select(lanes, ones, zeros)

    return DOUBLES(DOUBLES, DOUBLES), code


@inlined
def add_doubles(array: Any, index: int, value: Any) -> None:
    """Add doubles to array[index:index + 8]."""
    store_doubles(array, index, load_doubles(array, index) + value)


@inlined
def sum_doubles(value: Any, work: Any) -> Any:
    """Sum of the eight lanes, in pairs; ``work`` (8,) is scratch."""
    store_doubles(work, 0, value)
    return ((work[0] + work[4]) + (work[2] + work[6])) + (
        (work[1] + work[5]) + (work[3] + work[7])
    )
