"""Threads that work on one thing at once: shares of it, and places to meet.

Each thread runs the same kernel with its own number. What one writes before a meeting all see
after it. A kernel that meets has to run on as many threads at the same time as it waits for.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import types
from numpy.typing import NDArray

from spinglass_nn._core.jit import part, spliced
from spinglass_nn._core.simd import INT32, INT64, insert, vector_code
from spinglass_nn._core.simd_reals import place_of

Int = Any

_PATIENCE = 2000  # looks, some tens of microseconds, before a waiting thread lets others run
_APART = 16  # counters a thread reads while others write stand on cache lines of their own
_GIVE_WAY = "SwitchToThread" if sys.platform == "win32" else "sched_yield"


class Crew(NamedTuple):
    """Who works on one thing: the number of this thread, how many, and what they share."""

    member: int
    size: int
    counters: NDArray[np.int64]  # arrivals, then meetings so far
    losses: NDArray[np.float64]  # of each member's part


def crew(size: int) -> list[Crew]:
    """Threads that share counters, one description each."""
    counters, losses = np.zeros(2 * _APART, np.int64), np.zeros(size * _APART)
    return [Crew(member, size, counters, losses) for member in range(size)]


@vector_code
def _add_one(typing_context: Any, array: Any, index: Any) -> Any:
    """Add one to an entry, as a whole, and return what was there before."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *args)
        return builder.atomic_rmw("add", place, INT64(1), "seq_cst")

    return types.int64(array, types.intp), code


@vector_code
def _seen(typing_context: Any, array: Any, index: Any) -> Any:
    """An entry as it is now; what was written before it was is seen after this."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *args)
        return builder.load_atomic(place, "acquire", 8)

    return types.int64(array, types.intp), code


@vector_code
def _clear(typing_context: Any, array: Any, index: Any) -> Any:
    """Set an entry to zero, before anything that follows."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *args)
        builder.store_atomic(INT64(0), place, "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.intp), code


@vector_code
def _give_way(typing_context: Any) -> Any:
    """Let another thread of the machine run."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.call(insert(builder.module, ir.FunctionType(INT32, []), _GIVE_WAY), [])
        return context.get_dummy_value()

    return types.void(), code


@part
def meet(crew: Crew) -> None:
    """Wait until all members have come here."""
    if crew.size == 1:
        return
    counters = crew.counters
    before = _seen(counters, _APART)
    if _add_one(counters, 0) == crew.size - 1:
        _clear(counters, 0)
        _add_one(counters, _APART)
        return
    looks = 0
    while _seen(counters, _APART) == before:
        looks += 1
        if looks > _PATIENCE:
            _give_way()


@spliced
def share_of(crew: Crew, n: Int) -> tuple[Int, Int]:
    """The part of ``n`` pieces that falls to a member: from, and up to."""
    return n * crew.member // crew.size, n * (crew.member + 1) // crew.size


@part
def common_loss(crew: Crew) -> float:
    """The sum over all members, the same for each; to be read after a meeting."""
    total = 0.0
    for member in range(crew.size):
        total += crew.losses[member * _APART]
    return total


@spliced
def tell_loss(crew: Crew, loss: float) -> None:
    """Add to this member's part of the loss; to be done before a meeting."""
    crew.losses[crew.member * _APART] += loss
