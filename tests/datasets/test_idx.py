from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive.datasets import CODES, idx_bytes

from spinglass_nn import datasets
from spinglass_nn.datasets.idx import read_part
from spinglass_nn.errors import DataError, FormatError


@given(
    array=hnp.arrays(
        st.sampled_from([np.dtype(name) for name in CODES]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5),
    ),
    compressed=st.booleans(),
)
def test_round_trip(tmp_path_factory, array, compressed):
    path = tmp_path_factory.mktemp("idx") / "array"
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content, 1) if compressed else content)
    read = datasets.read_idx(path)
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


@pytest.fixture
def digits():
    return np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("missing", [1, 30, 59])
def test_truncated_values(tmp_path, digits, missing, compressed):
    content = idx_bytes(digits)[:-missing]
    path = tmp_path / "short"
    path.write_bytes(gzip.compress(content) if compressed else content)
    with pytest.raises(FormatError, match=r"short must hold 60 bytes of values.*truncated"):
        datasets.read_idx(path)


def test_truncated_gzip(tmp_path, digits):
    path = tmp_path / "short.gz"
    path.write_bytes(gzip.compress(idx_bytes(digits))[:-12])
    with pytest.raises(FormatError, match=r"short\.gz must be a whole gzip file"):
        datasets.read_idx(path)


def test_damaged_gzip(tmp_path, digits):
    content = bytearray(gzip.compress(idx_bytes(digits)))
    content[-6] ^= 255  # its checksum
    path = tmp_path / "bad.gz"
    path.write_bytes(bytes(content))
    with pytest.raises(FormatError, match=r"bad\.gz must be a whole gzip file"):
        datasets.read_idx(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_trailing_bytes(tmp_path, digits, compressed):
    content = idx_bytes(digits) + b"x"
    path = tmp_path / "long"
    path.write_bytes(gzip.compress(content) if compressed else content)
    with pytest.raises(FormatError, match=r"long must end after 60 bytes of values, got more"):
        datasets.read_idx(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\x08", b"\x89PNG\r\n", b"\0\0\x07\x01\0\0\0\0", b"\0\0\x08\0", b"\0\0\x08\x63"],
)
def test_foreign(tmp_path, content):
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="foreign must be an IDX file"):
        datasets.read_idx(path)


def test_truncated_header(tmp_path):
    path = tmp_path / "header"
    path.write_bytes(b"\0\0\x08\x03\0\0\0\x01\0")
    with pytest.raises(FormatError, match=r"header must hold 3 dimensions, it is truncated"):
        datasets.read_idx(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_lying_header_is_refused_before_memory_is_taken(tmp_path, compressed, monkeypatch):
    content = b"\0\0\x0e\x03" + struct.pack(">3I", *[2**32 - 1] * 3) + bytes(100)
    path = tmp_path / "liar"
    path.write_bytes(gzip.compress(content) if compressed else content)
    monkeypatch.setattr("spinglass_nn.datasets.idx._values", None)  # reading would fail
    with pytest.raises(FormatError, match=r"liar must hold \d+ bytes.*header is wrong"):
        datasets.read_idx(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        datasets.read_idx(tmp_path / "absent")


def write_pair(folder, images, labels):
    (folder / "a-images-idx3-ubyte").write_bytes(idx_bytes(images))
    (folder / "a-labels-idx1-ubyte").write_bytes(idx_bytes(labels))


def read_pair(folder, n_classes=10, first=0):
    return read_part(folder, "a-images-idx3-ubyte", "a-labels-idx1-ubyte", n_classes, first)


def test_pair(tmp_path, digits):
    write_pair(tmp_path, digits, np.array([1, 2, 3, 1, 3], dtype=np.uint8))
    pixels, labels = read_pair(tmp_path, 3, first=1)
    np.testing.assert_array_equal(pixels, digits)
    assert labels.tolist() == [0, 1, 2, 0, 2]


def test_pair_of_different_lengths(tmp_path, digits):
    write_pair(tmp_path, digits, np.zeros(4, dtype=np.uint8))
    with pytest.raises(
        DataError,
        match=r"labels-idx1-ubyte must hold one label for each of "
        r"the 5 images of a-images-idx3-ubyte, got 4",
    ):
        read_pair(tmp_path)


def test_labels_out_of_range(tmp_path, digits):
    write_pair(tmp_path, digits, np.array([0, 1, 10, 2, 11], dtype=np.uint8))
    with pytest.raises(
        DataError,
        match=r"must hold labels from 0 to 9, got 2 others "
        r"\(first 10 at sample 2\)",
    ):
        read_pair(tmp_path)
    with pytest.raises(DataError, match=r"from 1 to 26, got 1 others \(first 0 at sample 0\)"):
        read_pair(tmp_path, 26, first=1)


def test_images_and_labels_exchanged(tmp_path, digits):
    write_pair(tmp_path, np.zeros(5, dtype=np.uint8), digits)
    with pytest.raises(FormatError, match=r"images-idx3-ubyte must hold images of unsigned"):
        read_pair(tmp_path)
    write_pair(tmp_path, digits, digits)
    with pytest.raises(FormatError, match=r"labels-idx1-ubyte must hold labels of unsigned"):
        read_pair(tmp_path)


def test_empty_pair(tmp_path):
    write_pair(tmp_path, np.zeros((0, 4, 4), np.uint8), np.zeros(0, np.uint8))
    with pytest.raises(DataError, match="must hold at least one pixel"):
        read_pair(tmp_path)


def test_missing_pair(tmp_path):
    with pytest.raises(
        DataError,
        match=r"data_dir must hold a-images-idx3-ubyte or "
        r"a-images-idx3-ubyte\.gz, found neither",
    ):
        read_pair(tmp_path)
    with pytest.raises(DataError, match="data_dir must be a folder of IDX files"):
        read_pair(tmp_path / "absent")


def test_dotted_names(tmp_path, digits):
    labels = np.zeros(5, dtype=np.uint8)
    (tmp_path / "a-images.idx3-ubyte").write_bytes(idx_bytes(digits))
    (tmp_path / "a-labels.idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    assert len(read_pair(tmp_path).pixels) == 5
