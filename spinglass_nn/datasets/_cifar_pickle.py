"""A reader for the pickles of CIFAR that can build arrays and plain containers, nothing else.

A pickle is a program, and may name any function on the machine. Here every name it may use
is one of ours: arrays are put together from their bytes without a call into NumPy's own
reconstruction, and any other name is refused.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.errors import FormatError

_CORES = ("numpy.core", "numpy._core")
_MEMO = ("PUT", "BINPUT", "LONG_BINPUT")
_NUMBERS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")


class _Type:
    """Stands for a NumPy dtype: one of the integers, of either byte order."""

    def __init__(self, name: str | bytes, *flags: object) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) else str(name)
        self.text = text
        self.order = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1]
        self.order = order.decode("latin1") if isinstance(order, bytes) else str(order)

    def dtype(self) -> np.dtype[Any]:
        if self.text not in _NUMBERS or self.order not in "<>|=":
            raise pickle.UnpicklingError(f"an array of type {self.text!r}")
        order = "=" if self.order == "|" else self.order
        return np.dtype(order + self.text)


class _Array:
    """Stands for a NumPy array while it is put together."""

    values: NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, by_columns, content = state
        self.fill(content, kind, shape, "F" if by_columns else "C")

    def fill(self, content: Any, kind: Any, shape: Any, order: str) -> None:
        if not isinstance(kind, _Type) or not isinstance(content, (bytes, bytearray)):
            raise pickle.UnpicklingError("an array without plain numbers")
        dtype = kind.dtype()
        lengths = tuple(int(n) for n in shape)
        if min(lengths, default=0) < 0 or len(content) != dtype.itemsize * math.prod(lengths):
            raise pickle.UnpicklingError(f"{len(content)} bytes for an array of {lengths}")
        flat = np.frombuffer(content, dtype=dtype) if content else np.zeros(0, dtype)
        self.values = flat.reshape(lengths, order="F" if order == "F" else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _from_buffer(content: Any, kind: Any, shape: Any, order: str) -> _Array:
    made = _Array()
    made.fill(content, kind, shape, order)
    return made


def _encode(text: str, encoding: str = "latin1") -> bytes:
    return text.encode("latin1")


def _ndarray(*_: object) -> None:
    raise pickle.UnpicklingError("a call of numpy.ndarray")


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    **{(f"{core}.multiarray", "_reconstruct"): _reconstruct for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): _from_buffer for core in _CORES},
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _ndarray,
    ("_codecs", "encode"): _encode,  # how protocol 2 writes bytes
}


class _Stream:
    """Bytes to read from, and no ``readinto``: a truncated one upsets CPython's own reader."""

    def __init__(self, content: bytes) -> None:
        stream = io.BytesIO(content)
        self.read = stream.read
        self.readline = stream.readline


def _check_memo(content: bytes) -> None:
    """Refuse to make room for more objects than the pickle could hold."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in _MEMO and int(argument or 0) > len(content):
            raise pickle.UnpicklingError(f"object number {argument} in {len(content)} bytes")


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"the name {module}.{name}")
        return _ALLOWED[module, name]


def unpickle_batch(
    content: bytes, source: str, key: bytes
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pixels and labels of one batch.

    Raises
    ------
    FormatError
        If the pickle asks for anything but arrays and containers, is damaged, or lacks
        ``data`` or the labels.
    """
    try:
        _check_memo(content)
        batch = _Reader(_Stream(content), encoding="bytes").load()
    except pickle.UnpicklingError as error:
        raise FormatError(
            f"{source} must be a pickle of arrays and lists alone, got {error}"
        ) from error
    except Exception as error:  # a damaged pickle may raise anything
        raise FormatError(
            f"{source} must be a whole pickle, got a damaged one: {error}"
        ) from error
    if not isinstance(batch, dict):
        raise FormatError(f"{source} must hold a dictionary, got {type(batch).__name__}")
    named = {k.encode() if isinstance(k, str) else k: v for k, v in batch.items()}
    for wanted in (b"data", key):
        if wanted not in named:
            keys = sorted(str(k, "latin1") for k in named if isinstance(k, bytes))
            raise FormatError(f"{source} must hold {wanted.decode()!r}, got the keys {keys}")
    return _as_array(named[b"data"], source), _as_array(named[key], source)


def _as_array(value: Any, source: str) -> NDArray[Any]:
    if isinstance(value, _Array) and value.values is not None:
        return value.values
    if isinstance(value, list) and all(type(v) is int and abs(v) < 2**62 for v in value):
        return np.array(value, dtype=np.int64)
    raise FormatError(f"{source} must hold arrays or lists of integers")
