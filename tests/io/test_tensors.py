from __future__ import annotations

import builtins
import json
import struct

import numpy as np
import pytest
from naive.weights import assert_same, named, random_layers

from spinglass_nn.errors import DataError, FormatError, MissingDependency
from spinglass_nn.io import read_layers


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.float16, np.float32), (np.float32, np.float32), (np.float64, np.float64)],
)
def test_dtypes(npz, safe, hdf5, dtype, expected):
    layers = random_layers(dtype=dtype)
    arrays = named("d{i}/kernel", "d{i}/bias", layers)
    for path in (npz(arrays), safe(arrays), hdf5(arrays)):
        found = read_layers(path)
        assert {a.dtype for pair in found for a in pair} == {np.dtype(expected)}
        assert_same(found, layers)


def write_raw_safetensors(path, tensors):
    """The format by hand: header length, JSON header, bytes."""
    header, content = {}, b""
    for name, (dtype, shape, data) in tensors.items():
        offsets = [len(content), len(content) + len(data)]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        content += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)


def test_bfloat16(tmp_path):
    pytest.importorskip("safetensors")
    values = np.array([[1.0, -2.5, 0.15625], [3e38, 1e-30, 0.0]], dtype=np.float32)
    upper = (values.view(np.uint32) >> 16).astype("<u2")
    path = tmp_path / "net.safetensors"
    write_raw_safetensors(path, {"0.weight": ("BF16", (2, 3), upper.tobytes())})
    ((weight, bias),) = read_layers(path)
    assert (weight.dtype, bias) == (np.float32, None)
    np.testing.assert_array_equal(weight[0], values[0])  # exact in bfloat16
    np.testing.assert_allclose(weight, values, rtol=2**-7)


def test_torch_writes_what_we_read(tmp_path):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    net = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    expected = [(m.weight.detach().numpy(), m.bias.detach().numpy()) for m in (net[0], net[2])]
    state = net.state_dict()
    save_file(state, tmp_path / "net.safetensors")
    np.savez(tmp_path / "net.npz", **{k: v.numpy() for k, v in state.items()})
    for name in ("net.safetensors", "net.npz"):
        assert_same(read_layers(tmp_path / name), expected)
    low = {k: v.to(torch.bfloat16) for k, v in state.items()}
    save_file(low, tmp_path / "low.safetensors")
    expected = [
        (low[f"{i}.weight"].float().numpy(), low[f"{i}.bias"].float().numpy()) for i in (0, 2)
    ]
    assert_same(read_layers(tmp_path / "low.safetensors"), expected)


def test_not_a_number(npz):
    arrays = named("{i}.weight", "{i}.bias")
    arrays["1.bias"] = np.array([0, np.nan, np.inf])
    with pytest.raises(
        DataError,
        match=r"net\.npz: bias of '1' must be finite, got 2 NaN or "
        r"infinite entries \(first at \(1,\)\)",
    ):
        read_layers(npz(arrays))


def test_integers_are_refused(npz, tmp_path):
    with pytest.raises(DataError, match=r"weight of '0' must hold floating-point numbers"):
        read_layers(npz({"0.weight": np.ones((2, 3), dtype=int)}))
    pytest.importorskip("safetensors")
    path = tmp_path / "f8.safetensors"
    write_raw_safetensors(path, {"0.weight": ("F8_E4M3", (2, 2), bytes(4))})
    with pytest.raises(DataError, match=r"'0\.weight' must hold floating-point numbers"):
        read_layers(path)


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.3, 0.9])
@pytest.mark.parametrize("kind", ["npz", "safe", "hdf5"])
def test_truncated_files(request, kind, keep):
    write = request.getfixturevalue(kind)
    path = write(named("d{i}/kernel", "d{i}/bias"))
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(FormatError, match=r"net\.\w+ must be (a|an) (whole|\.npz)"):
        read_layers(path)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".h5", ".hdf5"])
def test_foreign_and_missing_files(tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    with pytest.raises(FileNotFoundError, match="net"):
        read_layers(path)
    path.write_bytes(b"nothing of the kind, but long enough to hold a header" * 20)
    with pytest.raises(FormatError, match=r"net\.\w+ must be (a|an) (whole|\.npz)"):
        read_layers(path)


def test_objects_in_npz_are_refused(npz):
    with pytest.raises(FormatError, match=r"must be a whole \.npz file of plain arrays: Obj"):
        read_layers(npz({"W": np.array([[None]])}))


@pytest.mark.parametrize(
    ("suffix", "hint"),
    [
        (".pt", "safetensors.torch.save_file"),
        (".pth", "numpy.savez"),
        (".pkl", "safetensors"),
        (".keras", "model.save_weights"),
    ],
)
def test_files_that_are_not_read(tmp_path, suffix, hint):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=rf"net\{suffix} is a .*; save the .*{hint}"):
        read_layers(path)


def test_unknown_ending(tmp_path):
    with pytest.raises(FormatError, match=r"net\.txt must end in \.h5, \.hdf5, \.npz, \.safe"):
        read_layers(tmp_path / "net.txt")


@pytest.mark.parametrize(
    ("suffix", "package"), [(".h5", "h5py"), (".safetensors", "safetensors")]
)
def test_missing_packages(tmp_path, monkeypatch, suffix, package):
    real = builtins.__import__

    def hidden(name, *args, **kwargs):
        if name == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    path = tmp_path / f"net{suffix}"
    path.write_bytes(b"")
    monkeypatch.setattr(builtins, "__import__", hidden)
    with pytest.raises(
        MissingDependency,
        match=rf"needs the package {package}, .*"
        r"spinglass_nn\[weights\]",
    ):
        read_layers(path)


def test_hdf5_pointing_elsewhere_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(48))
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.create_dataset("d0/kernel", (2, 3), "f8", external=[(str(secret), 0, 48)])
    with pytest.raises(FormatError, match=r"'d0/kernel' must lie in the file, it points"):
        read_layers(tmp_path / "net.h5")


def test_hdf5_claiming_more_than_it_holds(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.create_dataset("d0/kernel", (10**7, 10**7), "f8", chunks=(10, 10))
    with pytest.raises(FormatError, match=r"'d0/kernel' claims 8\d+ bytes, more than the file"):
        read_layers(tmp_path / "net.h5")
