"""CIFAR-10 and CIFAR-100 from a folder or archive, in the binary or the Python version."""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from spinglass_nn.datasets._cifar_pickle import unpickle_batch
from spinglass_nn.datasets._images import Options, Part, check_labels, image_dataset
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import DataError, FormatError
from spinglass_nn.typing import PathType

_PIXELS = 3 * 32 * 32
_LARGEST = 1 << 29  # bytes; the largest true member has 155 MB

Reader = Callable[[str], bytes | None]  # from a file's name to its bytes, if it is there


class _Version(NamedTuple):
    """Where labels stand: bytes before the pixels, which of them, and the pickle's key."""

    train: tuple[str, ...]
    test: str
    n_classes: int
    label_bytes: int
    label_byte: int
    key: bytes


_TEN = _Version(
    tuple(f"data_batch_{i}" for i in range(1, 6)), "test_batch", 10, 1, 0, b"labels"
)
_COARSE = _Version(("train",), "test", 20, 2, 0, b"coarse_labels")
_FINE = _Version(("train",), "test", 100, 2, 1, b"fine_labels")


def cifar10(
    path: PathType,
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    standardize: bool = True,
    dtype: DTypeLike = np.float32,
) -> Dataset:
    """CIFAR-10 from a folder or a ``.tar.gz`` of the binary or the Python version.

    Parameters
    ----------
    path : path
        The archive as published, or a folder with ``data_batch_1.bin`` ... ``test_batch.bin``
        or ``data_batch_1`` ... ``test_batch``, also one level down. Pickles are read by a
        reader that makes arrays and plain containers and refuses everything else.
    n_train, n_test : int, optional
        Take only so many, the first of each class, classes as equal as can be. Default: all.
    standardize : bool
        Subtract one mean and divide by one standard deviation, those of all pixels of the
        training images taken. Otherwise pixels lie in [0, 1].
    dtype : float32 or float64
        Precision of the inputs.

    Returns
    -------
    Dataset
        Inputs (50000, 3072), all red pixels first, then green, then blue; 10 classes;
        ``image_shape`` is (3, 32, 32).

    Raises
    ------
    DataError
        If files are missing or hold labels out of range.
    FormatError
        If a file is truncated or foreign.

    References
    ----------
    A. Krizhevsky, Learning multiple layers of features from tiny images (2009).
    """
    return _load(path, _TEN, Options(n_train, n_test, standardize, dtype), "CIFAR-10")


def cifar100(
    path: PathType,
    *,
    coarse: bool = False,
    n_train: int | None = None,
    n_test: int | None = None,
    standardize: bool = True,
    dtype: DTypeLike = np.float32,
) -> Dataset:
    """CIFAR-100 from a folder or a ``.tar.gz`` of either version, read as by `cifar10`.

    Parameters
    ----------
    path : path
        The archive as published, or a folder with ``train.bin`` and ``test.bin``, or
        ``train`` and ``test``.
    coarse : bool
        Take the 20 superclasses instead of the 100 classes.
    n_train, n_test : int, optional
        Take only so many, the first of each class, classes as equal as can be. Default: all.
    standardize : bool
        Subtract the mean and divide by the standard deviation of all training pixels taken.
        Otherwise pixels lie in [0, 1].
    dtype : float32 or float64
        Precision of the inputs.

    Returns
    -------
    Dataset
        Inputs (50000, 3072), 100 or 20 classes.

    Raises
    ------
    DataError
        If files are missing or hold labels out of range.
    FormatError
        If a file is truncated or foreign.
    """
    version = _COARSE if coarse else _FINE
    name = "CIFAR-100 (20 superclasses)" if coarse else "CIFAR-100"
    return _load(path, version, Options(n_train, n_test, standardize, dtype), name)


def _load(path: PathType, version: _Version, options: Options, name: str) -> Dataset:
    where = Path(path)
    if where.is_dir():
        train, test = _read(_folder_reader(where), where, version)
    elif where.is_file():
        train, test = _read_archive(where, version)
    else:
        raise DataError(f"path must be a folder or archive of {name}, got {where}")
    return image_dataset(train, test, options, n_classes=version.n_classes, name=name)


def _read_archive(where: Path, version: _Version) -> tuple[Part, Part]:
    try:
        with tarfile.open(where) as archive:
            return _read(_archive_reader(archive, where), where, version)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise FormatError(f"{where} must be a whole tar archive: {error}") from error


def _folder_reader(folder: Path) -> Reader:
    def read(name: str) -> bytes | None:
        found = [folder / name, *sorted(folder.glob(f"*/{name}"))]
        for file in found:
            if file.is_file():
                _check_size(file, os.path.getsize(file))
                return file.read_bytes()
        return None

    return read


def _archive_reader(archive: tarfile.TarFile, where: Path) -> Reader:
    members = {os.path.basename(m.name): m for m in archive.getmembers() if m.isfile()}

    def read(name: str) -> bytes | None:
        if name not in members:
            return None
        _check_size(f"{name} in {where}", members[name].size)
        file = archive.extractfile(members[name])
        assert file is not None  # it is a regular file
        return file.read()

    return read


def _check_size(name: object, size: int) -> None:
    if size > _LARGEST:
        raise FormatError(f"{name} must be at most {_LARGEST} bytes long, got {size}")


def _read(read: Reader, where: Path, version: _Version) -> tuple[Part, Part]:
    """Training and test set in whichever version is there; the binary one comes first."""
    decode = _from_binary
    suffix = ".bin" if read(f"{version.test}.bin") is not None else ""
    if not suffix:
        decode = _from_pickle

    def part(names: tuple[str, ...]) -> Part:
        batches = []
        for name in names:
            content = read(name + suffix)
            if content is None:
                raise DataError(
                    f"{where} must hold {name} or {name}.bin, found neither"
                    if not suffix
                    else f"{where} must hold {name}.bin, found none"
                )
            batches.append(decode(content, f"{name}{suffix} in {where}", version))
        pixels = np.concatenate([batch.pixels for batch in batches])
        return Part(
            pixels.reshape(-1, 3, 32, 32), np.concatenate([batch.labels for batch in batches])
        )

    return part(version.train), part((version.test,))


def _from_binary(content: bytes, source: str, version: _Version) -> Part:
    record = version.label_bytes + _PIXELS
    if not content or len(content) % record:
        raise FormatError(
            f"{source} must hold whole records of {record} bytes, got {len(content)} bytes"
        )
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, record)
    labels = records[:, version.label_byte].astype(np.int64)
    check_labels(labels, version.n_classes, source)
    return Part(records[:, version.label_bytes :], labels)


def _from_pickle(content: bytes, source: str, version: _Version) -> Part:
    pixels, numbers = unpickle_batch(content, source, version.key)
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != _PIXELS:
        raise FormatError(
            f"{source} must hold unsigned bytes of shape (n, {_PIXELS}), got "
            f"{pixels.dtype} of shape {pixels.shape}"
        )
    if numbers.dtype.kind not in "iu" or numbers.shape != pixels.shape[:1]:
        raise DataError(
            f"{source} must hold one integer label for each of its {len(pixels)} images, got "
            f"{numbers.dtype} of shape {numbers.shape}"
        )
    check_labels(numbers, version.n_classes, source)
    return Part(pixels, numbers.astype(np.int64))
