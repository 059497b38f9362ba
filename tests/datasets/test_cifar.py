from __future__ import annotations

import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from spinglass_nn import datasets
from spinglass_nn.errors import DataError, FormatError


class Batch:
    """A handful of images in the layout of either data set."""

    def __init__(self, seed, n=6):
        rng = np.random.default_rng(seed)
        self.pixels = rng.integers(0, 256, (n, 3072), dtype=np.uint8)
        self.ten = rng.integers(0, 10, n)
        self.fine = rng.integers(0, 100, n)
        self.coarse = rng.integers(0, 20, n)

    def binary(self, *labels):
        columns = [np.asarray(k, dtype=np.uint8)[:, None] for k in labels]
        return np.hstack([*columns, self.pixels]).tobytes()

    def pickled(self, protocol=2, **labels):
        content = {b"batch_label": b"a batch", b"data": self.pixels, b"filenames": [b"x.png"]}
        content |= {key.encode(): [int(k) for k in value] for key, value in labels.items()}
        return pickle.dumps(content, protocol)


NAMES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
BATCHES = [Batch(seed) for seed in range(6)]


def ten_files(version, protocol=2):
    if version == "binary":
        return {f"{n}.bin": b.binary(b.ten) for n, b in zip(NAMES, BATCHES, strict=True)}
    return {n: b.pickled(protocol, labels=b.ten) for n, b in zip(NAMES, BATCHES, strict=True)}


def hundred_files(version):
    pairs = dict(train=BATCHES[0], test=BATCHES[1])
    if version == "binary":
        return {f"{n}.bin": b.binary(b.coarse, b.fine) for n, b in pairs.items()}
    return {n: b.pickled(fine_labels=b.fine, coarse_labels=b.coarse) for n, b in pairs.items()}


def stored(tmp_path, files, form):
    """The files in a folder, one level down, or in an archive."""
    if form == "archive":
        path = tmp_path / "cifar.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(f"cifar-batches/{name}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return path
    folder = tmp_path / "inner" if form == "nested" else tmp_path
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("form", ["folder", "nested", "archive"])
@pytest.mark.parametrize("version", ["binary", "python"])
def test_cifar10(tmp_path, version, form):
    path = stored(tmp_path, ten_files(version), form)
    data = datasets.cifar10(path, standardize=False, dtype=np.float64)
    assert repr(data) == "<CIFAR-10: 30 x 3072, 10 classes, 6 held out>"
    expected = np.concatenate([b.pixels for b in BATCHES[:5]])
    np.testing.assert_array_equal(data.inputs, expected / 255)
    assert data.labels.tolist() == np.concatenate([b.ten for b in BATCHES[:5]]).tolist()
    assert data.test.labels.tolist() == BATCHES[5].ten.tolist()
    assert data.image_shape == (3, 32, 32)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_every_pickle_protocol(tmp_path, protocol):
    path = stored(tmp_path, ten_files("python", protocol), "folder")
    data = datasets.cifar10(path, standardize=False, dtype=np.float64)
    np.testing.assert_array_equal(data.test.inputs, BATCHES[5].pixels / 255)


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("version", ["binary", "python"])
def test_cifar100(tmp_path, version, coarse):
    path = stored(tmp_path, hundred_files(version), "archive")
    data = datasets.cifar100(path, coarse=coarse)
    batch = BATCHES[0]
    assert data.labels.tolist() == (batch.coarse if coarse else batch.fine).tolist()
    assert data.n_classes == (20 if coarse else 100)
    assert abs(data.inputs.mean(dtype=np.float64)) < 1e-6


class Opens:
    """Its pickle, if it were obeyed, would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


class Runs:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("where", ["whole", "inside"])
def test_hostile_pickle_is_refused_and_not_obeyed(tmp_path, where):
    trap = tmp_path / "trap"
    content = Opens(trap) if where == "whole" else {b"data": Opens(trap), b"labels": [1]}
    files = ten_files("python") | {"data_batch_1": pickle.dumps(content, 2)}
    folder = tmp_path / "cifar"
    folder.mkdir()
    with pytest.raises(
        FormatError,
        match=r"data_batch_1 in .* must be a pickle of arrays and "
        r"lists alone, got the name \S+\.open",
    ):
        datasets.cifar10(stored(folder, files, "folder"))
    assert not trap.exists()


def test_other_callables_are_refused(tmp_path):
    files = ten_files("python") | {"data_batch_1": pickle.dumps(Runs(), 2)}
    with pytest.raises(FormatError, match=r"got the name \w+\.system"):
        datasets.cifar10(stored(tmp_path, files, "folder"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({b"data": np.ones((2, 3072)), b"labels": [0, 1]}, 2), "type 'f8'"),
        (pickle.dumps({b"data": np.array([None]), b"labels": [0]}, 2), "array without plain"),
        (pickle.dumps({b"data": BATCHES[0].pixels}, 2), "must hold 'labels', got the keys"),
        (pickle.dumps([1, 2], 2), "must hold a dictionary, got list"),
        (pickle.dumps({b"data": "text", b"labels": [1]}, 2), "arrays or lists of integers"),
        (BATCHES[0].pickled(labels=BATCHES[0].ten)[:5000], "truncated|damaged"),
        (b"\x00garbage", "pickle"),
        (b"\x80\x02}r\xff\xff\xff\x7f.", "got object number 2147483647 in 9 bytes"),
        (BATCHES[0].pickled(labels=[0] * 5), "one integer label for each of its 6 images"),
    ],
)
def test_bad_pickles(tmp_path, content, message):
    files = ten_files("python") | {"data_batch_1": content}
    with pytest.raises((FormatError, DataError), match=message):
        datasets.cifar10(stored(tmp_path, files, "folder"))


def test_array_whose_bytes_do_not_fit_its_shape(tmp_path):
    content = BATCHES[0].pickled(labels=BATCHES[0].ten)
    # The shape (6, 3072) stands there as K\x06 M\x00\x0c; ask for 255 rows instead.
    lying = content.replace(b"K\x06M\x00\x0c", b"K\xffM\x00\x0c")
    assert lying != content
    files = ten_files("python") | {"data_batch_1": lying}
    with pytest.raises(FormatError, match=r"18432 bytes for an array of \(255, 3072\)"):
        datasets.cifar10(stored(tmp_path, files, "folder"))


def test_truncated_binary(tmp_path):
    files = ten_files("binary")
    files["data_batch_2.bin"] = files["data_batch_2.bin"][:-1]
    with pytest.raises(
        FormatError,
        match=r"data_batch_2\.bin in .* must hold whole records of "
        r"3073 bytes, got 18437 bytes",
    ):
        datasets.cifar10(stored(tmp_path, files, "archive"))


def test_wrong_set_is_noticed(tmp_path):
    with pytest.raises(DataError, match=r"must hold test_batch or|must hold data_batch_1"):
        datasets.cifar10(stored(tmp_path, hundred_files("binary"), "folder"))


def test_labels_out_of_range(tmp_path):
    batch = BATCHES[0]
    files = ten_files("binary") | {"data_batch_1.bin": batch.binary([3, 10, 0, 0, 0, 0])}
    with pytest.raises(DataError, match=r"labels from 0 to 9.*first 10 at sample 1"):
        datasets.cifar10(stored(tmp_path, files, "folder"))


def test_missing_batch(tmp_path):
    files = ten_files("binary")
    del files["data_batch_4.bin"]
    with pytest.raises(DataError, match=r"must hold data_batch_4\.bin"):
        datasets.cifar10(stored(tmp_path, files, "folder"))


def test_truncated_archive(tmp_path):
    path = stored(tmp_path, ten_files("binary"), "archive")
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(FormatError, match=r"cifar\.tar\.gz must be a whole tar archive"):
        datasets.cifar10(path)


def test_foreign_archive_and_absent_path(tmp_path):
    path = tmp_path / "foreign.tar.gz"
    path.write_bytes(b"no archive at all")
    with pytest.raises(FormatError, match=r"foreign\.tar\.gz must be a whole tar archive"):
        datasets.cifar10(path)
    with pytest.raises(DataError, match="path must be a folder or archive of CIFAR-100"):
        datasets.cifar100(tmp_path / "absent")


def test_bloated_member_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("spinglass_nn.datasets.cifar._LARGEST", 1000)
    with pytest.raises(FormatError, match="must be at most 1000 bytes long, got 18438"):
        datasets.cifar10(stored(tmp_path, ten_files("binary"), "archive"))
