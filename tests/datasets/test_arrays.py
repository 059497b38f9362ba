from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spinglass_nn as sg
from spinglass_nn.datasets import Dataset, from_arrays, from_npz
from spinglass_nn.errors import DataError, FormatError, ParameterError, ShapeError

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 2, 0, 1, 2])


def test_labels():
    data = from_arrays(X, Y)
    assert repr(data) == "<user data: 6 x 2, 3 classes>"
    np.testing.assert_array_equal(data.inputs, X)
    assert data.labels.dtype == np.int64
    assert data.labels.tolist() == Y.tolist()
    assert data.targets is None
    assert isinstance(data, sg.typing.LabelledData)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, bool, np.float32, np.float64, np.uint64])
def test_labels_of_any_integer_valued_dtype(dtype):
    y = (Y > 0).astype(dtype)
    data = from_arrays(X, y)
    assert data.labels.dtype == np.int64
    assert data.labels.tolist() == [0, 1, 1, 0, 1, 1]
    assert data.n_classes == 2


def test_one_class_counts_as_two():
    assert from_arrays(X, np.zeros(6)).n_classes == 2


def test_n_classes_given():
    data = from_arrays(X, Y[:, None], 5)
    assert data.n_classes == 5
    assert data.labels.shape == (6,)


@pytest.mark.parametrize(
    ("y", "shape"),
    [(Y + 0.5, (6, 1)), (Y[:, None], (6, 1)), (np.eye(6)[:, :3], (6, 3))],
)
def test_real_targets(y, shape):
    data = from_arrays(X, y)
    assert (data.labels, data.n_classes) == (None, None)
    assert data.targets.shape == shape
    np.testing.assert_array_equal(data.targets, np.reshape(y, shape))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.float64, np.float64),
        (np.float32, np.float32),
        (np.float16, np.float32),
        (np.uint8, np.float32),
        (np.int64, np.float32),
        (bool, np.float32),
    ],
)
def test_dtype_follows_the_inputs(dtype, expected):
    assert from_arrays(X.astype(dtype), Y).inputs.dtype == expected


def test_dtype_asked_for():
    assert from_arrays(X, Y, dtype=np.float32).inputs.dtype == np.float32
    assert from_arrays(X.astype("f4"), Y, dtype="f8").inputs.dtype == np.float64
    with pytest.raises(ParameterError, match="dtype must be float32 or float64"):
        from_arrays(X, Y, dtype=np.int32)
    with pytest.raises(DataError, match="X in float32 must be finite, got 1 NaN or infinite"):
        from_arrays([[1e300], [0.0]], [0, 1], dtype=np.float32)


def test_images_are_flattened_and_remembered():
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    data = from_arrays(images, [0, 1])
    assert data.image_shape == (3, 4)
    np.testing.assert_array_equal(data.inputs, images.reshape(2, 12))
    assert from_arrays(X, Y, image_shape=[2, 1]).image_shape == (2, 1)
    assert from_arrays([1.0, 2.0], [0, 1]).inputs.shape == (2, 1)
    with pytest.raises(ShapeError, match=r"image_shape must have a product of 2.*got \(3, 3\)"):
        from_arrays(X, Y, image_shape=(3, 3))


def test_nothing_is_shared_with_the_user():
    x, y, t = X.copy(), Y.copy(), X.copy()
    data, real = from_arrays(x, y), from_arrays(x, t)
    x[:], y[:], t[:] = -1, 2, -1
    np.testing.assert_array_equal(data.inputs, X)
    assert data.labels.tolist() == Y.tolist()
    np.testing.assert_array_equal(real.targets, X)
    assert x.flags.writeable
    for array in (data.inputs, data.labels, real.targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_dataset_leaves_the_flags_of_its_arguments():
    x = X.copy()
    data = Dataset(x, Y)
    assert x.flags.writeable
    assert not data.inputs.flags.writeable


@pytest.mark.parametrize(
    ("x", "y", "kwargs", "error", "message"),
    [
        (
            [[0, np.nan], [np.inf, 1]],
            [0, 1],
            {},
            DataError,
            r"X must be finite, got 2 NaN or infinite entries \(first at \(0, 1\)\)",
        ),
        (
            X,
            [0, 1, np.nan, 1, 0, 1],
            {},
            DataError,
            r"y must be finite, got 1 NaN or infinite entries \(first at \(2,\)\)",
        ),
        (
            X,
            [0, 1, 2, 3, 1, 0],
            dict(n_classes=3),
            DataError,
            r"y must hold labels from 0 to 2, got 1 others \(first 3 at sample 3\)",
        ),
        (
            X,
            [0, -1, 2, 3, -1, 0],
            {},
            DataError,
            r"y must hold labels from 0 to 3, got 2 others \(first -1 at sample 1\)",
        ),
        (
            X,
            [0, 1, 0.5, 1, 0, 1],
            dict(n_classes=2),
            DataError,
            r"y must hold integers to be labels, got 0\.5 at 2",
        ),
        (X, Y[:5], {}, ShapeError, "X and y must have the same length, got 6 and 5"),
        (X[:0], Y[:0], {}, DataError, r"X must hold at least one sample .* shape \(0, 2\)"),
        (X[:, :0], Y, {}, DataError, r"X must hold at least one sample .* shape \(6, 0\)"),
        (3.0, [0], {}, DataError, r"X must hold at least one sample .* shape \(\)"),
        (X, list("abcabc"), {}, DataError, "y must hold real numbers, got dtype <U1"),
        (X.astype(complex), Y, {}, DataError, "X must hold real numbers, got dtype complex128"),
        ([[1, 2], [3]], [0, 1], {}, DataError, "X must be an array of numbers"),
        (
            X,
            np.eye(6),
            dict(n_classes=6),
            ShapeError,
            r"y must have shape \(n_samples,\) to be labels, got \(6, 6\)",
        ),
        (X, np.zeros((6, 2, 2)), {}, ShapeError, "y must have one or two axes"),
        (X, np.zeros((6, 0)), {}, DataError, "y must hold at least one target"),
        (X, Y, dict(n_classes=1), ParameterError, "n_classes must be at least 2, got 1"),
        (X, Y, dict(n_classes=2.5), ParameterError, "n_classes must be an integer, got 2.5"),
        (X, Y, dict(test=5), DataError, r"test must be a pair \(X, y\) or a Dataset, got int"),
        (
            X,
            Y,
            dict(test=(X[:, :1], Y)),
            ShapeError,
            "test X must have 2 entries per sample as X has, got 1",
        ),
        (X, Y, dict(test=(X, Y + 0.5)), DataError, "test y must be labels as y is, got real"),
        (X, Y[:, None], dict(test=(X, X)), ShapeError, "test y must have 1 targets per sample"),
        (
            X,
            Y,
            dict(n_classes=3, test=(X, Y + 1)),
            DataError,
            r"test y must hold labels from 0 to 2, got 2 others \(first 3 at sample 2\)",
        ),
    ],
)
def test_errors(x, y, kwargs, error, message):
    with pytest.raises(error, match=message):
        from_arrays(x, y, **kwargs)


def test_held_out_pair():
    data = from_arrays(X, Y, name="mine", test=(X[:3].astype(np.float32), [3, 1, 0]))
    assert repr(data) == "<mine: 6 x 2, 4 classes, 3 held out>"
    assert (data.test.n_classes, data.test.name) == (4, "mine, test")
    assert data.test.inputs.dtype == data.inputs.dtype == np.float64


def test_held_out_dataset_with_fewer_classes():
    held_out = from_arrays(X[:2].astype(np.float32), [0, 1])
    data = from_arrays(X, Y, test=held_out)
    assert data.n_classes == data.test.n_classes == 3
    assert data.test.inputs.dtype == np.float64
    assert held_out.n_classes == 2


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_any_labels_survive(labels):
    data = from_arrays(np.zeros((len(labels), 1)), labels)
    assert data.labels.tolist() == labels
    assert data.n_classes == max(2, max(labels) + 1)


@pytest.mark.parametrize(
    ("inputs", "answers"),
    [("X", "y"), ("x", "labels"), ("inputs", "targets"), ("x_train", "y_train")],
)
def test_npz_keys(tmp_path, inputs, answers):
    path = tmp_path / "mine.npz"
    np.savez(path, **{inputs: X, answers: Y})
    data = from_npz(path)
    assert repr(data) == "<mine.npz: 6 x 2, 3 classes>"
    np.testing.assert_array_equal(data.inputs, X)


def test_npz_with_test_set(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, X=X, y=Y, X_test=X[:2], y_test=Y[:2])
    data = from_npz(path, 4, name="two")
    assert repr(data) == "<two: 6 x 2, 4 classes, 2 held out>"
    np.savez(path, X=X, y=Y, X_test=X[:2])
    with pytest.raises(FormatError, match="must hold both 'X_test' and 'y_test' or neither"):
        from_npz(path)


def test_npz_errors(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, images=X, y=Y)
    with pytest.raises(
        FormatError,
        match=r"must hold inputs as 'X' and labels or targets as "
        r"'y', got the keys \['images', 'y'\]",
    ):
        from_npz(path)
    np.savez(path, X=X, y=np.array([None] * 6))
    with pytest.raises(FormatError, match=r"mine\.npz must be a whole \.npz file of plain"):
        from_npz(path)
    np.savez(path, X=X, y=[0, 1, 0, 1, 0, -1])
    with pytest.raises(DataError, match=r"mine\.npz: y must hold labels from 0 to 1"):
        from_npz(path)
    content = path.read_bytes()
    for cut in (0, 10, 300, len(content) - 30):
        path.write_bytes(content[:cut])
        with pytest.raises(FormatError, match=r"mine\.npz must be (a whole|an) \.npz"):
            from_npz(path)
    np.save(tmp_path / "one.npy", X)
    with pytest.raises(FormatError, match=r"must be an \.npz file, got a file of another kind"):
        from_npz(tmp_path / "one.npy")
    with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
        from_npz(tmp_path / "absent.npz")


def test_saved_and_loaded(tmp_path):
    data = from_arrays(X, Y, test=(X, Y))
    sg.save(data, tmp_path / "data.npz")
    again = sg.load(tmp_path / "data.npz")
    assert repr(again) == repr(data)
    np.testing.assert_array_equal(again.test.labels, Y)
    assert not again.inputs.flags.writeable
