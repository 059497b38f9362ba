"""Checks at the door: name, requirement, what was found, in one sentence."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from spinglass_nn.errors import DataError, ParameterError, ShapeError


def count(value: object, name: str, *, minimum: int = 1) -> int:
    """An integer not below ``minimum``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise ParameterError(f"{name} must be an integer, got {value!r}")
    if value < minimum:
        raise ParameterError(f"{name} must be at least {minimum}, got {value}")
    return int(value)


def number(value: object, name: str) -> float:
    """A finite real number."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise ParameterError(f"{name} must be a real number, got {value!r}")
    result = float(value)
    if not math.isfinite(result):
        raise ParameterError(f"{name} must be finite, got {result}")
    return result


def positive(value: object, name: str) -> float:
    """A finite number above zero."""
    result = number(value, name)
    if result <= 0:
        raise ParameterError(f"{name} must be positive, got {result:g}")
    return result


def non_negative(value: object, name: str) -> float:
    """A finite number, zero or above."""
    result = number(value, name)
    if result < 0:
        raise ParameterError(f"{name} must not be negative, got {result:g}")
    return result


def within(value: object, name: str, low: float, high: float) -> float:
    """A finite number in the closed interval from ``low`` to ``high``."""
    result = number(value, name)
    if not low <= result <= high:
        raise ParameterError(f"{name} must lie in [{low:g}, {high:g}], got {result:g}")
    return result


def choice(value: object, name: str, options: Iterable[str]) -> str:
    """One of the named options; a near miss is pointed out."""
    known = tuple(options)
    if isinstance(value, str) and value in known:
        return value
    listed = ", ".join(repr(option) for option in known)
    hint = nearest(value, known)
    raise ParameterError(f"{name} must be one of {listed}, got {value!r}{hint}")


def nearest(value: object, known: Sequence[str]) -> str:
    """A '; did you mean ...?' for the known words nearest to ``value``, or nothing."""
    close = difflib.get_close_matches(str(value), known, n=2, cutoff=0.5)
    return f"; did you mean {' or '.join(repr(word) for word in close)}?" if close else ""


def precision(value: DTypeLike, name: str = "dtype") -> np.dtype[Any]:
    """One of the two precisions weights come in."""
    try:
        result = np.dtype(value)
    except TypeError:
        result = np.dtype(object)
    if result not in (np.float32, np.float64):
        raise ParameterError(f"{name} must be float32 or float64, got {value!r}")
    return result


def array(
    value: ArrayLike,
    name: str,
    *,
    shape: tuple[int | None, ...] | None = None,
    dtype: DTypeLike = np.float64,
    finite: bool = True,
) -> NDArray[Any]:
    """A C-contiguous array of a dtype and shape; None in ``shape`` stands for any length."""
    try:
        given = np.asarray(value)
        if given.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            raise TypeError("imaginary parts would be lost")
        with np.errstate(invalid="ignore", over="ignore"):  # answered for below
            result = np.ascontiguousarray(given, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"{name} must be an array of numbers, got {type(value).__name__}: {error}"
        ) from error
    if given.ndim == 0 and shape is not None:
        result = result.reshape(())
    if result.dtype.kind in "iu" and given.dtype.kind == "f" and (result != given).any():
        raise DataError(f"{name} must hold whole numbers, got fractions, NaN or infinity")
    if shape is not None and not _fits(result.shape, shape):
        sizes = ", ".join("any" if n is None else str(n) for n in shape)
        wanted = f"({sizes},)" if len(shape) == 1 else f"({sizes})"
        raise ShapeError(f"{name} must have shape {wanted}, got {result.shape}")
    if finite:
        all_finite(result, name)
    return result


def all_finite(value: NDArray[Any], name: str) -> None:
    """Refuse NaN and infinity, and say how many there are and where the first one stands."""
    if value.dtype.kind not in "fc":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if bool(np.isfinite(value.sum())):
            return  # a finite sum has finite terms
    bad = ~np.isfinite(value)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name} must be finite, got {int(bad.sum())} NaN or infinite entries "
            f"(first at {first})"
        )


def _fits(found: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(found) == len(wanted) and all(
        w is None or f == w for f, w in zip(found, wanted, strict=True)
    )
