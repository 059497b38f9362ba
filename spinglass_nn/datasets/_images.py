"""From stored pixels to a data set: choose samples, scale, standardise."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spinglass_nn._core import check
from spinglass_nn.datasets._balance import first_balanced
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import DataError
from spinglass_nn.typing import FloatArray, IntArray

Pixels = NDArray[np.uint8]

_CHUNK = 1 << 22  # pixels counted at a time


class Part(NamedTuple):
    """Pixels (n, ...) and labels (n,) of a training or a test set."""

    pixels: Pixels
    labels: IntArray


class Options(NamedTuple):
    """What every loader of images lets its caller choose."""

    n_train: int | None = None
    n_test: int | None = None
    standardize: bool = True
    dtype: DTypeLike = np.float32


def image_dataset(
    train: Part, test: Part, options: Options, *, n_classes: int, name: str, white: int = 255
) -> Dataset:
    """A data set of images whose largest pixel value is ``white``."""
    dtype = check.precision(options.dtype)
    train = _chosen(train, options.n_train, "n_train", name)
    test = _chosen(test, options.n_test, "n_test", name)
    if options.standardize:
        mean, deviation = moments(train.pixels, name)
        table = (np.arange(256) - mean) / deviation
        words = (
            f"pixels divided by {white}; then {mean / white:.4f} subtracted and divided by "
            f"{deviation / white:.4f}, mean and standard deviation of all training pixels"
        )
    else:
        table = np.arange(256) / white
        words = f"pixels divided by {white}"
    table = table.astype(dtype)

    def made(part: Part, title: str, held_out: Dataset | None) -> Dataset:
        return Dataset(
            inputs=_looked_up(table, part.pixels),
            labels=part.labels.astype(np.int64),
            n_classes=n_classes,
            name=title,
            image_shape=part.pixels.shape[1:],
            test=held_out,
            preprocessing=words,
        )

    return made(train, name, made(test, f"{name}, test", None))


def moments(pixels: Pixels, name: str) -> tuple[float, float]:
    """Mean and standard deviation of all pixels, exactly, from their 256 counts."""
    counts = np.zeros(256, dtype=np.int64)
    flat = pixels.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        counts += np.bincount(flat[start : start + _CHUNK], minlength=256)
    total = int(counts.sum())
    first = sum(value * int(count) for value, count in enumerate(counts))
    second = sum(value**2 * int(count) for value, count in enumerate(counts))
    scatter = second * total - first**2  # integers: nothing cancels
    if scatter == 0:
        raise DataError(f"{name} must have pixels that differ, got one value everywhere")
    return first / total, math.sqrt(scatter) / total


def check_labels(
    labels: NDArray[np.integer[Any]], n_classes: int, source: object, first: int = 0
) -> None:
    """Refuse labels outside ``first ... first + n_classes - 1``, and say where they stand."""
    last = first + n_classes - 1
    wrong = np.flatnonzero((labels < first) | (labels > last))
    if wrong.size:
        raise DataError(
            f"{source} must hold labels from {first} to {last}, got {wrong.size} others "
            f"(first {labels[wrong[0]]} at sample {wrong[0]})"
        )


def _chosen(part: Part, n: int | None, name: str, title: str) -> Part:
    if part.labels.size == 0:
        raise DataError(f"{title} must hold at least one image, got none")
    if n is None or check.count(n, name) == part.labels.size:
        return part
    chosen = first_balanced(part.labels, n, name)
    return Part(part.pixels[chosen], part.labels[chosen])


def _looked_up(table: FloatArray, pixels: Pixels) -> FloatArray:
    out = np.empty((len(pixels), math.prod(pixels.shape[1:])), dtype=table.dtype)
    flat = pixels.reshape(len(pixels), -1)
    for start in range(0, len(pixels), 1024):  # np.take widens its indices to 8 bytes
        rows = slice(start, start + 1024)
        np.take(table, flat[rows], out=out[rows], mode="clip")
    return out
