from __future__ import annotations

import gzip
import inspect
from pathlib import Path

import numpy as np
import pytest
from naive.datasets import first_balanced, idx_bytes, moments

import spinglass_nn
from spinglass_nn import datasets
from spinglass_nn.datasets import _balance, _images
from spinglass_nn.errors import DataError, FormatError, ParameterError

FILES = Path(inspect.getfile(spinglass_nn)).parent / "datasets" / "files"
FULL = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def write_folder(folder, rng, stems, n_classes=10, first=0, n=(40, 20), shape=(28, 28)):
    """Small IDX files; returns pixels and labels of both parts."""
    made = []
    for stem, count in zip(stems, n, strict=True):
        pixels = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
        labels = (np.arange(count) % n_classes + first).astype(np.uint8)
        path = folder / f"{stem}-images-idx3-ubyte.gz"
        path.write_bytes(gzip.compress(idx_bytes(pixels)))
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
        made.append((pixels, labels))
    return made


def test_fashion_mnist_subset():
    data = datasets.fashion_mnist()
    assert repr(data) == (
        "<Fashion-MNIST (built-in subset): 6000 x 784, 10 classes, 2000 held out>"
    )
    assert data.image_shape == data.test.image_shape == (28, 28)
    assert data.inputs.dtype == np.float32
    assert data.labels.dtype == np.int64
    assert np.bincount(data.labels).tolist() == [600] * 10
    assert np.bincount(data.test.labels).tolist() == [200] * 10
    assert data.test.test is None


def test_standardised_by_training_set():
    data = datasets.fashion_mnist(dtype=np.float64)
    assert abs(data.inputs.mean()) < 1e-12
    assert abs(data.inputs.std() - 1) < 1e-12
    assert abs(data.test.inputs.mean()) > 1e-4  # its own mean would give zero
    raw = datasets.fashion_mnist(standardize=False, dtype=np.float64)
    mean, deviation = raw.inputs.mean(), raw.inputs.std()
    np.testing.assert_allclose(
        data.test.inputs, (raw.test.inputs - mean) / deviation, rtol=0, atol=1e-12
    )
    assert f"{mean:.4f} subtracted and divided by {deviation:.4f}" in data.preprocessing
    assert raw.preprocessing == "pixels divided by 255"
    assert raw.inputs.min() == 0
    assert raw.inputs.max() == 1


def test_moments_against_loops(rng):
    pixels = rng.integers(0, 256, (3, 5, 5), dtype=np.uint8)
    np.testing.assert_allclose(_images.moments(pixels, "x"), moments(pixels), rtol=1e-14)


@pytest.mark.parametrize("n", [1, 7, 10, 25, 33])
def test_first_balanced_against_loops(rng, n):
    labels = rng.choice(4, size=33, p=[0.6, 0.25, 0.1, 0.05])
    chosen = _balance.first_balanced(labels, n)
    assert chosen.tolist() == first_balanced(labels.tolist(), n)


def test_smaller_choice_is_part_of_larger():
    small, large = datasets.digits(n_train=50), datasets.digits(n_train=200)
    rows = {row.tobytes() for row in (large.inputs > 0)}
    assert all(row.tobytes() in rows for row in (small.inputs > 0))
    assert np.bincount(large.labels).tolist() == [20] * 10


def test_n_train_n_test():
    data = datasets.fashion_mnist(n_train=105, n_test=40)
    assert sorted(np.bincount(data.labels).tolist()) == [10] * 5 + [11] * 5
    assert np.bincount(data.test.labels).tolist() == [4] * 10
    with pytest.raises(ParameterError, match="n_train must be at most 6000, got 6001"):
        datasets.fashion_mnist(n_train=6001)
    with pytest.raises(ParameterError, match="n_test must be at least 1, got 0"):
        datasets.fashion_mnist(n_test=0)


def test_dtype_is_checked():
    with pytest.raises(ParameterError, match="dtype must be float32 or float64, got 'int8'"):
        datasets.digits(dtype="int8")


def test_digits():
    data = datasets.digits(standardize=False, dtype=np.float64)
    assert (len(data), len(data.test), data.n_inputs) == (1437, 360, 64)
    assert np.bincount(data.test.labels).tolist() == [36] * 10
    assert data.image_shape == (8, 8)
    assert data.labels[:10].tolist() == list(range(10))  # the file begins so
    assert data.inputs.max() == 1
    assert data.preprocessing == "pixels divided by 16"


def test_digits_are_those_of_scikit_learn():
    reference = pytest.importorskip("sklearn.datasets").load_digits()
    with np.load(FILES / "digits.npz") as stored:
        np.testing.assert_array_equal(stored["images"], reference.images)
        np.testing.assert_array_equal(stored["labels"], reference.target)


def test_arrays_are_read_only():
    data = datasets.digits()
    for array in (data.inputs, data.labels, data.test.inputs, data.test.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_licences_and_sizes_of_built_in_files():
    names = {path.name for path in FILES.iterdir()}
    assert {"LICENSE-fashion-mnist.txt", "LICENSE-digits.txt", "README.md"} <= names
    assert "Copyright (c) 2017 Zalando SE" in (FILES / "LICENSE-fashion-mnist.txt").read_text()
    assert "CC BY 4.0" in (FILES / "LICENSE-digits.txt").read_text()
    assert max(path.stat().st_size for path in FILES.iterdir()) < 2_600_000


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_folder_of_idx_files(tmp_path, rng, name):
    train, test = write_folder(tmp_path, rng, ("train", "t10k"))
    data = getattr(datasets, name)(tmp_path, standardize=False, dtype=np.float64)
    np.testing.assert_array_equal(data.inputs, train[0].reshape(40, -1) / 255)
    np.testing.assert_array_equal(data.test.labels, test[1])
    assert data.name == {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}[name]


def test_folder_without_files(tmp_path):
    with pytest.raises(DataError, match="data_dir must hold train-images-idx3-ubyte"):
        datasets.mnist(tmp_path)


def test_damaged_file_is_named(tmp_path, rng):
    write_folder(tmp_path, rng, ("train", "t10k"))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x14abc")
    with pytest.raises(FormatError, match="t10k-labels-idx1-ubyte must hold 20 bytes"):
        datasets.mnist(tmp_path)


def test_constant_images_cannot_be_standardised(tmp_path, rng):
    write_folder(tmp_path, rng, ("train", "t10k"))
    blank = np.full((40, 28, 28), 7, dtype=np.uint8)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(blank)))
    with pytest.raises(DataError, match="MNIST must have pixels that differ"):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize(
    ("split", "n_classes", "first"),
    [("balanced", 47, 0), ("letters", 26, 1), ("byclass", 62, 0)],
)
def test_emnist_is_turned_upright(tmp_path, rng, split, n_classes, first):
    stems = (f"emnist-{split}-train", f"emnist-{split}-test")
    train, test = write_folder(tmp_path, rng, stems, n_classes, first, n=(70, 65))
    data = datasets.emnist(tmp_path, split, standardize=False, dtype=np.float64)
    np.testing.assert_array_equal(data.inputs[3].reshape(28, 28), train[0][3].T / 255)
    np.testing.assert_array_equal(data.test.inputs[4].reshape(28, 28), test[0][4].T / 255)
    np.testing.assert_array_equal(data.labels, train[1].astype(int) - first)
    assert (data.n_classes, data.name) == (n_classes, f"EMNIST {split}")


def test_emnist_split_is_checked(tmp_path):
    with pytest.raises(ParameterError, match="did you mean 'letters'"):
        datasets.emnist(tmp_path, "leters")


@pytest.mark.real_data
@pytest.mark.skipif(not FULL.is_dir(), reason="package dataset-fashion-mnist not installed")
def test_built_in_subset_follows_its_rule():
    full = datasets.fashion_mnist(FULL, standardize=False)
    assert (len(full), len(full.test)) == (60000, 10000)
    built_in = datasets.fashion_mnist(standardize=False)
    for part, whole, per_class in ((built_in, full, 600), (built_in.test, full.test, 200)):
        rule = np.sort(
            np.concatenate([np.flatnonzero(whole.labels == c)[:per_class] for c in range(10)])
        )
        np.testing.assert_array_equal(part.inputs, whole.inputs[rule])
        np.testing.assert_array_equal(part.labels, whole.labels[rule])


@pytest.mark.real_data
@pytest.mark.skipif(not FULL.is_dir(), reason="package dataset-fashion-mnist not installed")
def test_full_fashion_mnist_standardised():
    data = datasets.fashion_mnist(FULL)
    assert "0.2860 subtracted and divided by 0.3530" in data.preprocessing
    assert abs(data.inputs.mean(dtype=np.float64)) < 1e-6
    assert np.bincount(data.labels).tolist() == [6000] * 10
