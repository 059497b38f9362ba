"""Users' own data: arrays and `.npz` files, checked once at the door."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from spinglass_nn._core import check
from spinglass_nn.datasets._images import check_labels
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import DataError, FormatError, ShapeError
from spinglass_nn.io.tensors import opened_npz
from spinglass_nn.typing import PathType

_INPUT_KEYS = ("X", "x", "inputs", "X_train", "x_train")
_LABEL_KEYS = ("y", "labels", "targets", "y_train")
_TEST_INPUT_KEYS = ("X_test", "x_test")
_TEST_LABEL_KEYS = ("y_test",)


class _Answers(NamedTuple):
    """Exactly one of the two is there."""

    labels: NDArray[np.int64] | None
    targets: NDArray[Any] | None


def from_arrays(
    X: ArrayLike,
    y: ArrayLike,
    n_classes: int | None = None,
    *,
    name: str = "user data",
    test: tuple[ArrayLike, ArrayLike] | Dataset | None = None,
    image_shape: Sequence[int] | None = None,
    dtype: DTypeLike | None = None,
) -> Dataset:
    """Make a data set of a user's own arrays.

    Parameters
    ----------
    X : array (n_samples, ...)
        Numbers; each sample is flattened to a row.
    y : array (n_samples,) or (n_samples, n_outputs)
        One-dimensional and integer-valued: labels ``0 ... n_classes - 1``. Two-dimensional, or
        with fractions: real targets. For targets that happen to be integers hand over a
        column, ``y[:, None]``.
    n_classes : int, optional
        Number of classes; where given, ``y`` must be labels. Default: the largest label of
        training and test set, plus one, and at least 2.
    name : str
        What the data are called in reports.
    test : tuple (X, y) or Dataset, optional
        Held-out data of the same kind.
    image_shape : sequence of int, optional
        Shape of a sample as an image. Default: that of ``X`` if it has more than two axes.
    dtype : float32 or float64, optional
        Precision of the inputs. Default: float64 if ``X`` is, else float32.

    Returns
    -------
    Dataset
        Holds read-only arrays of its own: later changes of ``X`` do not reach it.

    Raises
    ------
    DataError
        If there are no samples, an entry is NaN or infinite, or a label is no integer or out
        of range.
    ShapeError
        If lengths differ, or test samples or ``image_shape`` do not fit.

    Examples
    --------
    >>> from_arrays([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 2])
    <user data: 3 x 2, 3 classes>
    >>> from_arrays([[0.0], [1.0]], [0.5, 1.5])
    <user data: 2 x 1, regression>
    """
    inputs, shape = _inputs(X, "X", dtype)
    if n_classes is not None:
        n_classes = check.count(n_classes, "n_classes", minimum=2)
    answers = _answers(y, "y", len(inputs), n_classes is not None)
    image_shape = shape if image_shape is None else _image_shape(image_shape, inputs.shape[1])
    held_out = None if test is None else _held_out(test, inputs.dtype, n_classes is not None)
    if held_out is not None:
        _check_kind(inputs, answers, held_out)
        image = held_out.image_shape or image_shape
        held_out = replace(held_out, name=f"{name}, test", image_shape=image)
    if answers.labels is not None:
        n_classes = _n_classes(answers.labels, held_out, n_classes)
        if held_out is not None:
            held_out = replace(held_out, n_classes=n_classes)
    return Dataset(
        inputs, answers.labels, answers.targets, n_classes, name, image_shape, held_out
    )


def from_npz(
    path: PathType,
    n_classes: int | None = None,
    *,
    name: str | None = None,
    image_shape: Sequence[int] | None = None,
    dtype: DTypeLike | None = None,
) -> Dataset:
    """Make a data set of the arrays in an `.npz` file.

    Parameters
    ----------
    path : path
        File with inputs ``X`` (or ``x``, ``inputs``, ``X_train``, ``x_train``) and labels or
        targets ``y`` (or ``labels``, ``targets``, ``y_train``), and if it likes ``X_test``
        (or ``x_test``) with ``y_test``. Pickled objects inside are refused.
    n_classes, image_shape, dtype
        As for `from_arrays`.
    name : str, optional
        What the data are called in reports. Default: the name of the file.

    Returns
    -------
    Dataset
        As `from_arrays` makes it.

    Raises
    ------
    FormatError
        If the file is not a whole `.npz`, holds objects, or lacks arrays of these names.
    DataError, ShapeError
        As `from_arrays`.
    FileNotFoundError
        If there is no such file.
    """
    with opened_npz(path) as stored:
        X, y, X_test, y_test = _picked(stored, path)
    title = str(path).replace("\\", "/").rsplit("/", 1)[-1] if name is None else name
    test = None if X_test is None else (X_test, y_test)
    try:
        return from_arrays(
            X, y, n_classes, name=title, test=test, image_shape=image_shape, dtype=dtype
        )
    except (DataError, ShapeError) as error:
        raise type(error)(f"{path}: {error}") from error


def _picked(stored: Mapping[str, NDArray[Any]], path: PathType) -> tuple[Any, ...]:
    """Inputs, answers, test inputs and test answers (or None) under their possible keys."""
    found: list[Any] = []
    for keys in (_INPUT_KEYS, _LABEL_KEYS, _TEST_INPUT_KEYS, _TEST_LABEL_KEYS):
        key = next((k for k in keys if k in stored), None)
        found.append(None if key is None else stored[key])
    inputs, answers, test_inputs, test_answers = found
    if inputs is None or answers is None:
        raise FormatError(
            f"{path} must hold inputs as 'X' and labels or targets as 'y', got the keys "
            f"{list(stored)}"
        )
    if (test_inputs is None) != (test_answers is None):
        raise FormatError(
            f"{path} must hold both 'X_test' and 'y_test' or neither, got the keys "
            f"{list(stored)}"
        )
    return tuple(found)


def _numeric(value: ArrayLike, name: str, kinds: str = "biuf") -> NDArray[Any]:
    try:
        values: NDArray[Any] = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise DataError(f"{name} must be an array of numbers: {error}") from error
    if values.dtype.kind not in kinds:
        raise DataError(f"{name} must hold real numbers, got dtype {values.dtype}")
    return values


def _owned(values: NDArray[Any], dtype: np.dtype[Any], name: str) -> NDArray[Any]:
    """A finite C-contiguous copy."""
    check.all_finite(values, name)
    with np.errstate(over="ignore"):
        made = np.array(values, dtype=dtype, order="C")
    if dtype.itemsize < values.dtype.itemsize:
        check.all_finite(made, f"{name} in {dtype}")
    return made


def _inputs(
    X: ArrayLike, name: str, dtype: DTypeLike | None
) -> tuple[NDArray[Any], tuple[int, ...] | None]:
    """Checked rows, and the shape of a sample if it has one."""
    values = _numeric(X, name)
    if values.ndim == 0 or values.size == 0:
        raise DataError(
            f"{name} must hold at least one sample with one entry, got shape {values.shape}"
        )
    if dtype is None:
        wide = values.dtype.kind == "f" and values.dtype.itemsize >= 8
        dtype = np.float64 if wide else np.float32
    rows = _owned(values.reshape(len(values), -1), check.precision(dtype), name)
    return rows, values.shape[1:] if values.ndim > 2 else None


def _answers(y: ArrayLike, name: str, n_samples: int, classes: bool) -> _Answers:
    """Labels or targets, told by shape and values; ``classes`` asks for labels."""
    values = _numeric(y, name)
    if values.ndim not in (1, 2):
        raise ShapeError(f"{name} must have one or two axes, got shape {values.shape}")
    if len(values) != n_samples:
        raise ShapeError(
            f"X and {name} must have the same length, got {n_samples} and {len(values)}"
        )
    check.all_finite(values, name)
    if classes and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if classes and values.ndim == 2:
        raise ShapeError(
            f"{name} must have shape (n_samples,) to be labels, got {values.shape}"
        )
    if values.ndim == 1:
        fractional = _fractional(values)
        if not fractional.size:
            return _Answers(values.astype(np.int64), None)
        if classes:
            k = int(fractional[0])
            raise DataError(f"{name} must hold integers to be labels, got {values[k]} at {k}")
    return _Answers(None, _targets(values, name))


def _fractional(values: NDArray[Any]) -> NDArray[np.intp]:
    """Where a vector holds what cannot be an integer label."""
    if values.dtype.kind != "f":
        return np.zeros(0, dtype=np.intp)
    return np.flatnonzero((values != np.floor(values)) | (np.abs(values) >= 2**53))


def _targets(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Real targets (n_samples, n_outputs)."""
    targets = values.reshape(len(values), -1)
    if targets.shape[1] == 0:
        raise DataError(f"{name} must hold at least one target, got shape {values.shape}")
    wide = targets.dtype if targets.dtype == np.float32 else np.dtype(np.float64)
    return _owned(targets, wide, name)


def _held_out(
    test: tuple[ArrayLike, ArrayLike] | Dataset, dtype: np.dtype[Any], classes: bool
) -> Dataset:
    if isinstance(test, Dataset):
        if test.inputs.dtype == dtype:
            return replace(test, test=None)
        return replace(test, inputs=_owned(test.inputs, dtype, "test X"), test=None)
    try:
        X, y = test
    except (TypeError, ValueError):
        raise DataError(
            f"test must be a pair (X, y) or a Dataset, got {type(test).__name__}"
        ) from None
    inputs, shape = _inputs(X, "test X", dtype)
    labels, targets = _answers(y, "test y", len(inputs), classes)
    return Dataset(inputs, labels, targets, image_shape=shape)


def _check_kind(inputs: NDArray[Any], answers: _Answers, test: Dataset) -> None:
    """Training and test set must be of the same kind and width."""
    if test.n_inputs != inputs.shape[1]:
        raise ShapeError(
            f"test X must have {inputs.shape[1]} entries per sample as X has, "
            f"got {test.n_inputs}"
        )
    if (answers.labels is None) != (test.labels is None):
        kinds = [
            "labels" if a is not None else "real targets" for a in (answers.labels, test.labels)
        ]
        raise DataError(f"test y must be {kinds[0]} as y is, got {kinds[1]}")
    if answers.targets is None or test.targets is None:
        return
    if answers.targets.shape[1:] != test.targets.shape[1:]:
        raise ShapeError(
            f"test y must have {answers.targets.shape[1]} targets per sample as y has, got "
            f"{test.targets.shape[1]}"
        )


def _n_classes(labels: NDArray[np.int64], test: Dataset | None, n_classes: int | None) -> int:
    """The number of classes, and that every label is below it."""
    held_out = None if test is None else test.labels
    if n_classes is None:
        both = [labels] if held_out is None else [labels, held_out]
        n_classes = max(2, *(int(one.max()) + 1 for one in both))
        if test is not None and test.n_classes is not None:
            n_classes = max(n_classes, test.n_classes)
    check_labels(labels, n_classes, "y")
    if held_out is not None:
        check_labels(held_out, n_classes, "test y")
    return n_classes


def _image_shape(shape: Sequence[int], n_inputs: int) -> tuple[int, ...]:
    lengths = tuple(check.count(n, "image_shape") for n in shape)
    if math.prod(lengths) != n_inputs:
        raise ShapeError(
            f"image_shape must have a product of {n_inputs}, the entries of a sample, "
            f"got {lengths}"
        )
    return lengths
