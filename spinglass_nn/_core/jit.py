"""How kernels are compiled; beside `simd` and its like, no other module imports numba."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])

# Read once: SPINGLASS_NN_JIT_CACHE=0 compiles afresh in every process.
_CACHE = os.environ.get("SPINGLASS_NN_JIT_CACHE", "1") != "0"


def kernel(function: Function) -> Function:
    """Compile a kernel: no Python objects, no lock held, IEEE division, cached on disk.

    Fast-math is never on: it lets results depend on the vector width of the machine.
    """
    compiled = njit(cache=_CACHE, nogil=True, error_model="numpy")(function)
    return cast(Function, compiled)


def inlined(function: Function) -> Function:
    """Compile a small kernel that is always inlined into the kernels that call it."""
    inner: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled = njit(
        cache=_CACHE, nogil=True, error_model="numpy", forceinline=True, **inner
    )(function)  # fmt: skip
    return cast(Function, compiled)


def part(function: Function) -> Function:
    """Compile a kernel that only other kernels call: without a way in from Python, sooner."""
    inner: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled = njit(cache=_CACHE, nogil=True, error_model="numpy", **inner)(function)
    return cast(Function, compiled)


def spliced(function: Function) -> Function:
    """Put a small kernel's text into the kernels that call it, before types are inferred.

    It costs no compilation of its own, which `inlined` does; so kernels of many small pieces
    are ready sooner.
    """
    compiled = njit(inline="always", nogil=True, error_model="numpy")(function)
    return cast(Function, compiled)
