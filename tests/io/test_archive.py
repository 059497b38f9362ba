"""Results on disk: the same back, refusals in words, and never half a file."""

from __future__ import annotations

import errno
import io
import json
import os
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import spinglass_nn as sg
from spinglass_nn._core import results
from spinglass_nn._core.results import result
from spinglass_nn.errors import FormatError, ParameterError
from spinglass_nn.io import archive
from spinglass_nn.networks import MLP, Evaluation, Replicas

NET = MLP((2, 3, 2), "tanh", bias=False, loss="squared_error")


@pytest.fixture
def box(monkeypatch):
    """A result that holds anything, filed as if it were of this package's networks."""
    monkeypatch.setattr(results, "_REGISTRY", dict(results._REGISTRY))

    @result(version=2)
    class Box:
        content: object

    return Box


@pytest.fixture
def path(tmp_path):
    return tmp_path / "result.npz"


def there_and_back(value, path):
    sg.save(value, path)
    return sg.load(path)


def rewrite(path, change, keep=lambda name: True):
    """Store a file again with its header changed, or without some entries."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    header = json.loads(bytes(arrays.pop("header.json")))
    change(header)
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    arrays = {name: values for name, values in arrays.items() if keep(name)}
    np.savez(path, **{"header.json": text}, **arrays)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_replicas_come_back(path, dtype):
    weights = np.random.default_rng(0).standard_normal((3, NET.n_parameters)).astype(dtype)
    found = there_and_back(Replicas(NET, weights), path)
    assert type(found) is Replicas
    assert found.network == NET
    assert found.network.n_parameters == NET.n_parameters
    assert found.weights.dtype == dtype
    assert_array_equal(found.weights, weights)


@pytest.mark.parametrize("name", ["result.npz", "result", "name with space.dat", "ü.npz"])
def test_any_name_is_kept(tmp_path, name):
    written = sg.save(Evaluation(1.0, 0.5), tmp_path / name)
    assert written == tmp_path / name
    assert os.listdir(tmp_path) == [name]
    assert sg.load(str(written)).loss == 1.0


@pytest.mark.parametrize(
    "content",
    [None, True, False, 0, -3, 2**80, "", "text\n\u00fc\u2211", 0.1, -0.0, 1e-320, 1 / 3, (),
     (1, (2.5, None), "x"), {}, {"a": 1, "b": {"c": (1, 2)}}, {1: "one", 2: "two"},
     {(1, 2): 3, None: 4, True: 5}, {"array": 1, "tuple": 2, "kind": "x", "float": "nan"}],
    ids=repr,
)  # fmt: skip
def test_plain_values_come_back(box, path, content):
    found = there_and_back(box(content), path).content
    assert found == content
    assert type(found) is type(content)
    assert repr(found) == repr(content)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_json_does_not_know(box, path, value):
    found = there_and_back(box((value, {"x": value}, np.float32(value))), path).content
    assert_array_equal([found[0], found[1]["x"], found[2]], [value] * 3)


def test_lists_and_numpy_scalars_come_back_as_plain_ones(box, path):
    content = [np.int64(3), np.float32(0.5), np.bool_(True), np.str_("s")]
    found = there_and_back(box(content), path).content
    assert found == (3, 0.5, True, "s")
    assert [type(v) for v in found] == [int, float, bool, str]


@pytest.mark.parametrize(
    "content",
    [np.array(3.5), np.zeros((0, 4)), np.arange(6, dtype=np.int8).reshape(2, 3),
     np.array([True, False]), np.array([np.nan, np.inf]), np.array(["a", "bcd"]),
     np.array([1 + 2j]), np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
     np.asfortranarray(np.eye(3)), np.arange(10)[::3]],
    ids=lambda a: f"{a.dtype}{a.shape}",
)  # fmt: skip
def test_arrays_come_back(box, path, content):
    found = there_and_back(box(content), path).content
    assert found.dtype == content.dtype
    assert_array_equal(found, content)


def test_results_within_results(box, path):
    replicas = Replicas(NET, np.zeros((2, NET.n_parameters)))
    content = {"run": box((replicas, Evaluation(np.ones(2), None))), "nets": [NET, MLP((3, 2))]}
    found = there_and_back(box(content), path).content
    assert found["run"].content[0].network == NET
    assert_array_equal(found["run"].content[1].loss, [1, 1])
    assert found["run"].content[1].accuracy is None
    assert found["nets"] == (NET, MLP((3, 2)))


def test_keys_that_look_alike_stay_apart(box, path):
    a, b, c = np.zeros(1), np.ones(2), np.full(3, 2.0)
    found = there_and_back(box({"x.y": a, "x": {"y": b}, "../x/y": c}), path).content
    assert_array_equal(found["x.y"], a)
    assert_array_equal(found["x"]["y"], b)
    assert_array_equal(found["../x/y"], c)


def test_what_stands_in_the_file(path):
    sg.save(Replicas(NET, np.zeros((2, NET.n_parameters))), path)
    with np.load(path, allow_pickle=False) as stored:
        assert set(stored.files) == {"header.json", "result.weights"}
        header = json.loads(bytes(stored["header.json"]))
    assert header["format"] == "spinglass_nn result"
    assert header["package_version"] == sg.__version__
    assert header["result"]["kind"] == "networks.Replicas"
    assert header["result"]["version"] == 1


@pytest.mark.parametrize("value", [3, None, {"a": 1}, np.zeros(3), [MLP((2, 2))], MLP])
def test_only_results_are_saved(path, value):
    with pytest.raises(ParameterError, match=r"value must be a result of spinglass_nn, got "):
        sg.save(value, path)
    assert not path.exists()


@pytest.mark.parametrize("content", [object(), 1j, {1, 2}, b"bytes", io.StringIO, lambda: 0])
def test_contents_that_cannot_be_saved(box, path, content):
    with pytest.raises(ParameterError, match=r"result.content.k cannot be saved: \w+ is not a"):
        sg.save(box({"k": content}), path)
    assert not path.exists()


def test_arrays_of_objects_are_not_pickled(box, path):
    with pytest.raises(ParameterError, match=r"result.content cannot .* holds Python objects"):
        sg.save(box(np.array([1, "a", None], dtype=object)), path)
    assert not path.exists()


def test_folder_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError):
        sg.save(Evaluation(1.0, 0.5), tmp_path / "nowhere" / "x.npz")
    with pytest.raises(FileNotFoundError):
        sg.load(tmp_path / "nothing.npz")


def saved_bytes(path):
    sg.save(Replicas(NET, np.arange(36.0).reshape(3, 12)), path)
    return path.read_bytes()


def test_truncated_anywhere(path):
    whole = saved_bytes(path)
    for length in {0, 1, 3, 4, 10, *range(20, len(whole), 37), len(whole) - 1}:
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError, match=r"result\.npz must be a whole \.npz file"):
            sg.load(path)


def test_damaged_bytes_are_refused_or_harmless(path):
    """A wrong byte raises FormatError, or hits a part of the zip that means nothing."""
    whole = saved_bytes(path)
    expected = sg.load(path).weights
    refused = 0
    for place in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            found = sg.load(path)
        except FormatError:
            refused += 1
        else:
            assert_array_equal(found.weights, expected)
    assert refused > 0.5 * len(whole) / 5


def test_foreign_files(tmp_path):
    text, plain, foreign = (tmp_path / n for n in ("a.txt", "a.npy", "a.npz"))
    text.write_text("epoch,loss\n1,0.5\n")
    np.save(plain, np.zeros(3))
    np.savez(foreign, weights=np.zeros(3))
    for file in (text, plain):
        with pytest.raises(FormatError, match=r"must be a whole \.npz file of results"):
            sg.load(file)
    with pytest.raises(
        FormatError, match=r"must be a result saved by spinglass_nn, got another"
    ):
        sg.load(foreign)
    with zipfile.ZipFile(foreign, "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(FormatError, match=r"must be a result saved by spinglass_nn"):
        sg.load(foreign)
    with pytest.raises(FormatError, match=r"must be a whole \.npz file"):
        sg.load(tmp_path)


@pytest.mark.parametrize("header", [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b'{"a": 1}'])
def test_foreign_headers(path, header):
    np.savez(path, **{"header.json": np.frombuffer(header, dtype=np.uint8)})
    with pytest.raises(FormatError, match=r"must be a result saved by spinglass_nn"):
        sg.load(path)


def test_pickled_arrays_are_never_opened(path):
    """Neither as the header nor as a part."""
    for name in ("header.json", "result.weights"):
        saved_bytes(path)
        with np.load(path) as stored:
            arrays = {key: stored[key] for key in stored.files}
        arrays[name] = np.array([{"a": 1}], dtype=object)
        np.savez(path, **arrays)
        with pytest.raises(FormatError, match=r"must be a whole \.npz file .*allow_pickle"):
            sg.load(path)


def test_another_version(path):
    saved_bytes(path)
    rewrite(path, lambda header: header["result"].update(version=99))
    message = r"networks.Replicas must be of format version 1, got 99; load it with the version"
    with pytest.raises(FormatError, match=message):
        sg.load(path)


@pytest.mark.parametrize(
    "kind", ["networks.Nothing", "nowhere.Box", "os.system", "networks", "", "..os.Box",
             "networks.loss", "_core.random.Seed"]
)  # fmt: skip
def test_unknown_kinds(path, kind):
    saved_bytes(path)
    rewrite(path, lambda header: header["result"].update(kind=kind))
    with pytest.raises(FormatError, match=r"results of kind .* are not known here"):
        sg.load(path)


@pytest.mark.parametrize(
    "change",
    [lambda header: header.pop("result"),
     lambda header: header["result"].pop("kind"),
     lambda header: header["result"].pop("fields"),
     lambda header: header["result"].update(kind=3),
     lambda header: header["result"].update(kind=["networks.Replicas"]),
     lambda header: header["result"].update(fields=[1, 2]),
     lambda header: header["result"]["fields"].pop("weights"),
     lambda header: header["result"]["fields"].update(other=1),
     lambda header: header["result"]["fields"].update(weights=None),
     lambda header: header["result"]["fields"].update(network=None),
     lambda header: header["result"]["fields"].update(weights={"array": "absent"}),
     lambda header: header["result"]["fields"].update(weights={"float": "x"}),
     lambda header: header["result"]["fields"].update(weights={"dict": 5})],
)  # fmt: skip
def test_damaged_headers(path, change):
    saved_bytes(path)
    rewrite(path, change)
    with pytest.raises(FormatError, match=r"result\.npz has entries missing or damaged"):
        sg.load(path)


def test_missing_array(path):
    saved_bytes(path)
    rewrite(path, lambda header: None, keep=lambda name: name != "result.weights")
    with pytest.raises(FormatError, match=r"entries missing or damaged: 'result.weights'"):
        sg.load(path)


def full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["fsync", "write", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(path, monkeypatch, where):
    old = saved_bytes(path)
    target = {"fsync": (os, "fsync"), "replace": (os, "replace"), "write": (np, "savez")}[where]
    monkeypatch.setattr(*target, full_disk)
    with pytest.raises(OSError, match="No space left"):
        sg.save(Evaluation(1.0, 0.5), path)
    monkeypatch.undo()
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_a_disk_that_fills_halfway(path, monkeypatch):
    """Some bytes do reach the temporary file before the error."""
    old = saved_bytes(path)
    sizes = []

    def half(file, **_arrays):
        file.write(b"x" * 100_000)
        file.flush()
        sizes.extend(p.stat().st_size for p in path.parent.glob("*.partial"))
        full_disk()

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(OSError, match="No space left"):
        sg.save(Evaluation(1.0, 0.5), path)
    assert sizes == [100_000]
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_an_interrupt_leaves_nothing(path):
    def interrupted():
        with archive.written_whole(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(path.parent) == []


def test_nothing_is_seen_under_the_name_before_the_end(path):
    with archive.written_whole(path) as file:
        file.write(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"


def test_on_disk_before_it_is_renamed(path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, real=real, name=name: (calls.append(name), real(*a))[1]
        )
    sg.save(Evaluation(1.0, 0.5), path)
    assert calls[:2] == ["fsync", "replace"]
