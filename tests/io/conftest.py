from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def npz(tmp_path):
    def write(arrays, name="net.npz"):
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return write


@pytest.fixture
def safe(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")

    def write(arrays, name="net.safetensors"):
        arrays = {key: np.ascontiguousarray(value) for key, value in arrays.items()}
        numpy.save_file(arrays, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def hdf5(tmp_path):
    h5py = pytest.importorskip("h5py")

    def write(arrays, name="net.h5", group="", layer_names=None):
        with h5py.File(tmp_path / name, "w") as file:
            for key, value in arrays.items():
                file[f"{group}{key}"] = value
            if layer_names is not None:
                where = file[group.strip("/")] if group else file
                where.attrs["layer_names"] = [n.encode() for n in layer_names]
        return tmp_path / name

    return write
