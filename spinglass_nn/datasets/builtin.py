"""Data sets by name: built in, or the full files from a folder of the user's."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from spinglass_nn._core import check
from spinglass_nn.datasets._images import Options, Part, image_dataset
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.datasets.idx import read_part
from spinglass_nn.typing import PathType

_HELD_OUT_DIGITS = 36  # of each class; leaves 1,437 digits to train on


class _Split(NamedTuple):
    n_classes: int
    first: int = 0  # the number of the first class in the files


_EMNIST = {
    "balanced": _Split(47),
    "byclass": _Split(62),
    "bymerge": _Split(47),
    "letters": _Split(26, first=1),
    "digits": _Split(10),
    "mnist": _Split(10),
}


def fashion_mnist(
    data_dir: PathType | None = None,
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    standardize: bool = True,
    dtype: DTypeLike = np.float32,
) -> Dataset:
    """Fashion-MNIST: the built-in 6,000 + 2,000 images, or all 70,000 from a folder.

    Parameters
    ----------
    data_dir : path, optional
        Folder with the four IDX files, plain or gzipped. Default: the built-in subset.
    n_train, n_test : int, optional
        Take only so many, the first of each class, classes as equal as can be. Default: all.
    standardize : bool
        Subtract one mean and divide by one standard deviation, those of all pixels of the
        training images taken; the test images get the same. Otherwise pixels lie in [0, 1].
    dtype : float32 or float64
        Precision of the inputs.

    Returns
    -------
    Dataset
        Inputs (n_train, 784), 10 classes, the test images in ``.test``, and in
        ``.preprocessing`` a sentence that says what was done.

    Raises
    ------
    FormatError, DataError
        If a file is missing, damaged, or does not fit its partner.
    ParameterError
        If more images are asked for than there are.

    References
    ----------
    Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747); MIT licence, Zalando SE.

    Examples
    --------
    >>> fashion_mnist(n_train=500, n_test=100)
    <Fashion-MNIST (built-in subset): 500 x 784, 10 classes, 100 held out>
    """
    options = Options(n_train, n_test, standardize, dtype)
    if data_dir is not None:
        return _from_folder(Path(data_dir), "Fashion-MNIST", options)
    return image_dataset(
        _stored("fashion_mnist_train.npz"),
        _stored("fashion_mnist_test.npz"),
        options,
        n_classes=10,
        name="Fashion-MNIST (built-in subset)",
    )


def digits(
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    standardize: bool = True,
    dtype: DTypeLike = np.float32,
) -> Dataset:
    """Return the 1,797 handwritten digits of 8 x 8 pixels: 1,437 to train on, 360 held out.

    The last 36 images of each class are held out.

    Parameters
    ----------
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
        Inputs (1437, 64), 10 classes, test inputs (360, 64).

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository (1998); CC BY 4.0.

    Examples
    --------
    >>> digits()
    <digits (8x8): 1437 x 64, 10 classes, 360 held out>
    """
    pixels, labels = _stored("digits.npz")
    held_out = np.zeros(labels.size, dtype=bool)
    for c in range(10):
        held_out[np.flatnonzero(labels == c)[-_HELD_OUT_DIGITS:]] = True
    return image_dataset(
        Part(pixels[~held_out], labels[~held_out]),
        Part(pixels[held_out], labels[held_out]),
        Options(n_train, n_test, standardize, dtype),
        n_classes=10,
        name="digits (8x8)",
        white=16,
    )


def mnist(
    data_dir: PathType,
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    standardize: bool = True,
    dtype: DTypeLike = np.float32,
) -> Dataset:
    """MNIST from the four IDX files in a folder.

    Parameters
    ----------
    data_dir : path
        Folder with ``train-images-idx3-ubyte`` and its three relatives, plain or gzipped.
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
        Inputs (60000, 784), 10 classes, test inputs (10000, 784).

    Raises
    ------
    FormatError, DataError
        If a file is missing, damaged, or does not fit its partner.
    """
    options = Options(n_train, n_test, standardize, dtype)
    return _from_folder(Path(data_dir), "MNIST", options)


def emnist(
    data_dir: PathType,
    split: str = "balanced",
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    standardize: bool = True,
    dtype: DTypeLike = np.float32,
) -> Dataset:
    """EMNIST from its IDX files in a folder, turned upright.

    The files hold each image with rows and columns exchanged; here they are put back.

    Parameters
    ----------
    data_dir : path
        Folder with ``emnist-<split>-train-images-idx3-ubyte`` and its three relatives,
        plain or gzipped.
    split : {"balanced", "byclass", "bymerge", "letters", "digits", "mnist"}
        Which of the six sets; the letters, numbered from 1 in the files, count from 0 here.
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
        Inputs (n, 784); 47, 62, 47, 26, 10 or 10 classes.

    Raises
    ------
    FormatError, DataError
        If a file is missing, damaged, or does not fit its partner.

    References
    ----------
    Cohen, Afshar, Tapson and van Schaik 2017 (arXiv:1702.05373).
    """
    n_classes, first = _EMNIST[check.choice(split, "split", _EMNIST)]

    def upright(part: str) -> Part:
        stem = f"emnist-{split}-{part}"
        pixels, labels = read_part(
            Path(data_dir),
            f"{stem}-images-idx3-ubyte",
            f"{stem}-labels-idx1-ubyte",
            n_classes,
            first,
        )
        return Part(pixels.transpose(0, 2, 1), labels)

    options = Options(n_train, n_test, standardize, dtype)
    return image_dataset(
        upright("train"), upright("test"), options, n_classes=n_classes, name=f"EMNIST {split}"
    )


def _from_folder(folder: Path, name: str, options: Options) -> Dataset:
    train, test = (
        read_part(folder, f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte", 10)
        for stem in ("train", "t10k")
    )
    return image_dataset(train, test, options, n_classes=10, name=name)


def _stored(name: str) -> Part:
    with (
        files("spinglass_nn.datasets").joinpath("files", name).open("rb") as file,
        np.load(file, allow_pickle=False) as stored,
    ):
        return Part(stored["images"], stored["labels"].astype(np.int64))
