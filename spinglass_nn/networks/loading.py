"""Users' own trained networks, from file to replicas."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from numpy.typing import DTypeLike

from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.io.weights import read_layers
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replicas
from spinglass_nn.typing import PathType


def load_replicas(
    paths: PathType | Sequence[PathType],
    net: MLP | None = None,
    *,
    names: str | None = None,
    transpose: bool | None = None,
    dtype: DTypeLike | None = None,
) -> Replicas:
    """Load trained weights, one replica a file.

    Parameters
    ----------
    paths : path, pattern such as ``"models/*.safetensors"``, or sequence of paths
        Files of safetensors, NumPy (.npz) or Keras HDF5 weights; a pattern's files are
        taken in the order of their names.
    net : MLP, optional
        What they must fit. Default: a ReLU network with cross-entropy and the sizes found.
    names : str, optional
        Pattern of the tensors' names such as ``"layer{i}/{kind}"``, where they cannot be
        told by themselves.
    transpose : bool, optional
        True for matrices of shape (inputs, outputs), False for (outputs, inputs). Default:
        told by how the shapes chain, else by the format's habit.
    dtype : float32 or float64, optional
        Default: float32 if every array is, else float64.

    Returns
    -------
    Replicas
        In the order of the files.

    Raises
    ------
    FormatError, ShapeError, DataError, MissingDependency
        If a file cannot be read, does not chain or fit, or holds NaN.
    FileNotFoundError
        If there is no such file.
    """
    files = _files(paths)
    sizes = None if net is None else net.sizes
    found = [read_layers(f, names=names, sizes=sizes, transpose=transpose) for f in files]
    if net is None:
        first = found[0]
        net = MLP(
            sizes=(first[0][0].shape[1], *(w.shape[0] for w, _ in first)),
            bias=first[0][1] is not None,
        )
    for file, layers in zip(files, found, strict=True):
        try:
            Replicas.from_layers(net, [layers], dtype=dtype)
        except (ShapeError, DataError) as error:
            raise type(error)(f"{file}: {error}") from error
    return Replicas.from_layers(net, found, dtype=dtype)


def _files(paths: PathType | Sequence[PathType]) -> list[Path]:
    if isinstance(paths, (list, tuple)):
        files = [Path(p) for p in paths]
    elif any(c in str(paths) for c in "*?["):
        files = [Path(p) for p in sorted(glob.glob(str(paths)))]
    else:
        files = [Path(str(paths))]
    if not files:
        raise FileNotFoundError(f"no file matches {paths}")
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"no such file: {file}")
    return files
