"""The IDX format of MNIST and its relatives: big-endian arrays with a short header.

Two zero bytes, a code for the type, the number of dimensions, each dimension as a four-byte
integer, then the values; all big-endian. Files may be compressed with gzip.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.datasets._images import Part, check_labels
from spinglass_nn.errors import DataError, FormatError
from spinglass_nn.typing import PathType

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CHUNK = 1 << 22
_DEFLATE_LIMIT = 1032  # no gzip file expands by more
_MAX_DIMENSIONS = 8


def read_idx(path: PathType) -> NDArray[Any]:
    """Read an array from an IDX file, plain or gzipped (told by content, not by name).

    Parameters
    ----------
    path : path
        File to read.

    Returns
    -------
    array
        Values in the machine's own byte order.

    Raises
    ------
    FormatError
        If the file is not IDX, truncated, or longer than its header says. What the header
        asks for is compared with the size of the file before anything is allocated.
    FileNotFoundError
        If there is no such file.
    """
    size = os.path.getsize(path)
    try:
        with _opened(path) as (file, compressed):
            dtype, shape = _header(file, path)
            n_bytes = dtype.itemsize * math.prod(shape)
            if n_bytes > (size * _DEFLATE_LIMIT if compressed else size):
                raise FormatError(
                    f"{path} must hold {n_bytes} bytes of values as its header says, got a "
                    f"file of {size} bytes; it is truncated or its header is wrong"
                )
            values = _values(file, n_bytes, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(
            f"{path} must be a whole gzip file, got a damaged one: {error}"
        ) from error
    native = np.frombuffer(values, dtype=dtype).reshape(shape)
    return native.astype(dtype.newbyteorder("="), copy=False)


@contextmanager
def _opened(path: PathType) -> Iterator[tuple[IO[bytes], bool]]:
    with open(path, "rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if compressed:
            with gzip.GzipFile(fileobj=raw) as file:
                yield file, True  # type: ignore[misc]
        else:
            yield raw, False


def _header(file: IO[bytes], path: PathType) -> tuple[np.dtype[Any], tuple[int, ...]]:
    start = file.read(4)
    known = len(start) == 4 and start[:2] == b"\0\0" and start[2] in _TYPES
    if not known or not 1 <= start[3] <= _MAX_DIMENSIONS:
        raise FormatError(
            f"{path} must be an IDX file (two zero bytes, a type code, 1 to {_MAX_DIMENSIONS} "
            f"dimensions), got the first bytes {start.hex(' ') or '(none)'}"
        )
    n_dimensions = start[3]
    sizes = file.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise FormatError(f"{path} must hold {n_dimensions} dimensions, it is truncated")
    return np.dtype(_TYPES[start[2]]), struct.unpack(f">{n_dimensions}I", sizes)


def _values(file: IO[bytes], n_bytes: int, path: PathType) -> bytearray:
    """Exactly ``n_bytes``; memory grows with what is really there."""
    values = bytearray()
    while len(values) < n_bytes:
        chunk = file.read(min(_CHUNK, n_bytes - len(values)))
        if not chunk:
            raise FormatError(
                f"{path} must hold {n_bytes} bytes of values, got {len(values)}; "
                "it is truncated"
            )
        values += chunk
    if file.read(1):
        raise FormatError(f"{path} must end after {n_bytes} bytes of values, got more")
    return values


def read_part(folder: Path, images: str, labels: str, n_classes: int, first: int = 0) -> Part:
    """Images and labels that belong together.

    Parameters
    ----------
    folder : Path
        Where the files are.
    images, labels : str
        Names without ``.gz``, such as ``"train-images-idx3-ubyte"``.
    n_classes : int
        Number of classes.
    first : int
        The number of the first class in the file; it becomes 0.
    """
    images_path, labels_path = find_idx(folder, images), find_idx(folder, labels)
    pixels, numbers = read_idx(images_path), read_idx(labels_path)
    if pixels.dtype != np.uint8 or pixels.ndim != 3:
        raise FormatError(
            f"{images_path} must hold images of unsigned bytes (n, rows, columns), got "
            f"{pixels.dtype} of shape {pixels.shape}"
        )
    if numbers.dtype != np.uint8 or numbers.ndim != 1:
        raise FormatError(
            f"{labels_path} must hold labels of unsigned bytes (n,), got {numbers.dtype} "
            f"of shape {numbers.shape}"
        )
    if len(pixels) != len(numbers):
        raise DataError(
            f"{labels_path} must hold one label for each of the {len(pixels)} images of "
            f"{images_path.name}, got {len(numbers)}"
        )
    if pixels.size == 0:
        raise DataError(f"{images_path} must hold at least one pixel, got {pixels.shape}")
    check_labels(numbers, n_classes, labels_path, first)
    return Part(pixels, numbers.astype(np.int64) - first)


def find_idx(folder: Path, name: str) -> Path:
    """The file of that name, with or without ``.gz``, also in its spelling with a dot.

    Raises
    ------
    DataError
        If the folder or the file is not there.
    """
    if not folder.is_dir():
        raise DataError(f"data_dir must be a folder of IDX files, got {folder}")
    dotted = name.replace("-idx", ".idx")
    for candidate in (name, f"{name}.gz", dotted, f"{dotted}.gz"):
        if (folder / candidate).is_file():
            return folder / candidate
    raise DataError(f"data_dir must hold {name} or {name}.gz, found neither in {folder}")
