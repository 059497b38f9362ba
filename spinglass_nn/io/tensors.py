"""Named arrays from files of weights, whatever program wrote them; nothing is unpickled."""

from __future__ import annotations

import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.errors import DataError, FormatError, MissingDependency, SpinglassError
from spinglass_nn.typing import PathType

Array = NDArray[Any]

_SAFETENSORS_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
_TORCH = (
    "is a pickle, which would have to be run to be read; save the weights by "
    "`safetensors.torch.save_file(model.state_dict(), 'x.safetensors')` "
    "or `numpy.savez('x.npz', **{k: v.numpy() for k, v in model.state_dict().items()})`"
)
_KERAS = "is a whole model of Keras; save the weights by `model.save_weights('x.weights.h5')`"
_REFUSED = {
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"), _TORCH),
    ".keras": _KERAS,
}


class Tensors(NamedTuple):
    """What a file holds.

    Parameters
    ----------
    arrays : dict of arrays
        By name.
    inputs_first : bool
        Whether the format's habit is matrices of shape (inputs, outputs).
    order : {"stated", "written", "none"}
        What the order of the arrays means: the file says it is that of the layers, somebody
        wrote them so, or nothing.
    """

    arrays: dict[str, Array]
    inputs_first: bool
    order: str


def read_tensors(path: Path) -> Tensors:
    """All arrays of a file of weights, half precision widened to float32.

    Raises
    ------
    FormatError
        If the ending is unknown, or the file truncated or foreign.
    MissingDependency
        If the package that reads the format is not installed.
    DataError
        If an array is not of real floating-point numbers.
    FileNotFoundError
        If there is no such file.
    """
    suffix = path.suffix.lower()
    if suffix in _REFUSED:
        raise FormatError(f"{path} {_REFUSED[suffix]}")
    if suffix not in _READERS:
        raise FormatError(
            f"{path} must end in {', '.join(sorted(_READERS))} to be read as weights"
        )
    os.stat(path)  # a missing file is reported as such, whatever reads it
    return _READERS[suffix](path)


def _safetensors(path: Path) -> Tensors:
    try:
        import safetensors
    except ImportError as error:
        raise _missing(path, "safetensors") from error
    try:
        deserialize: Any = safetensors.deserialize
        stored = deserialize(path.read_bytes())
    except safetensors.SafetensorError as error:
        raise FormatError(f"{path} must be a whole safetensors file: {error}") from error
    arrays = {}
    for name, tensor in sorted(stored, key=lambda item: str(item[0])):  # it comes shuffled
        kind = tensor["dtype"]
        if kind not in _SAFETENSORS_TYPES:
            raise DataError(f"{path}: {name!r} must hold floating-point numbers, got {kind}")
        values = np.frombuffer(tensor["data"], dtype=_SAFETENSORS_TYPES[kind])
        if kind == "BF16":  # the upper half of a float32
            values = (values.astype(np.uint32) << 16).view(np.float32)
        arrays[name] = values.reshape(tensor["shape"])
    return Tensors(arrays, False, "none")


@contextmanager
def opened_npz(path: PathType) -> Iterator[Mapping[str, Array]]:
    """The arrays of an `.npz` file, read as they are asked for; objects are refused.

    Raises
    ------
    FormatError
        On opening or in the block, if the file is truncated or foreign or holds objects.
    FileNotFoundError
        If there is no such file.
    """
    with open(path, "rb") as file:
        if file.read(2) != b"PK":
            raise FormatError(f"{path} must be an .npz file, got a file of another kind")
        file.seek(0)
        try:
            with np.load(file, allow_pickle=False) as stored:
                yield stored
        except SpinglassError:
            raise
        except (
            OSError,
            ValueError,
            EOFError,
            KeyError,
            TypeError,
            AttributeError,
            MemoryError,
            NotImplementedError,
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
        ) as error:
            raise FormatError(
                f"{path} must be a whole .npz file of plain arrays: {error}"
            ) from error


def _npz(path: Path) -> Tensors:
    with opened_npz(path) as stored:
        return Tensors({name: stored[name] for name in stored}, False, "written")


def _hdf5(path: Path) -> Tensors:
    try:
        import h5py
    except ImportError as error:
        raise _missing(path, "h5py") from error
    arrays: dict[str, Array] = {}
    limit = 1100 * os.path.getsize(path)  # gzip expands by no more

    def collect(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or _is_of_training(name):
            return
        if item.is_virtual or item.external:
            raise FormatError(f"{path}: {name!r} must lie in the file, it points elsewhere")
        if item.nbytes > limit:
            raise FormatError(
                f"{path}: {name!r} claims {item.nbytes} bytes, more than the file can hold"
            )
        arrays[name] = np.asarray(item[()])

    try:
        with h5py.File(path, "r") as file:
            file.visititems(collect)
            order = _stated_order(file)
    except FormatError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise FormatError(f"{path} must be a whole HDF5 file: {error}") from error
    if not order:
        return Tensors(arrays, True, "none")
    names = sorted(arrays, key=lambda name: _place(name, order))
    return Tensors({name: arrays[name] for name in names}, True, "stated")


def _is_of_training(name: str) -> bool:
    """Whether Keras keeps something under this name that is no part of the network."""
    parts = name.split("/")
    return parts[0] in ("optimizer", "optimizer_weights") or "seed_generator" in parts


def _stated_order(file: Any) -> list[str]:
    """Names of the layers as Keras lists them in its older format, or nothing."""
    group = file.get("model_weights", file)
    names = group.attrs.get("layer_names", [])
    return [n.decode() if isinstance(n, bytes) else str(n) for n in names]


def _place(name: str, order: list[str]) -> int:
    parts = name.split("/")
    layer = parts[1] if parts[0] == "model_weights" and len(parts) > 1 else parts[0]
    return order.index(layer) if layer in order else len(order)


def _missing(path: Path, package: str) -> MissingDependency:
    return MissingDependency(
        f"reading {path} needs the package {package}, which is not installed; "
        "pip install 'spinglass_nn[weights]' brings it"
    )


_READERS: dict[str, Callable[[Path], Tensors]] = {
    ".safetensors": _safetensors,
    ".npz": _npz,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
}
