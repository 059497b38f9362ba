"""Results on disk: one `.npz` a result, without pickle, whole or not there at all."""

from __future__ import annotations

import importlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from spinglass_nn._core import results
from spinglass_nn._version import __version__
from spinglass_nn.errors import FormatError, ParameterError
from spinglass_nn.typing import PathType

_HEADER = "header.json"
_FORMAT = "spinglass_nn result"


@contextmanager
def written_whole(path: PathType) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name only once it is complete and on disk.

    The bytes go to a temporary name in the same folder, are fsynced, and renamed; after an
    error (a full disk, an interrupt) the old file is still there and the temporary one gone.
    """
    target = Path(path)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and not error.filename:
            error.filename = str(target)  # a full disk does not say where
        raise


def save(value: Any, path: PathType) -> Path:
    """Save a result to one `.npz` file.

    Parameters
    ----------
    value : result
        Any result of this package (a training run, replicas, a curve, ...).
    path : path
        File to write; its folder must exist.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ParameterError
        If ``value`` is not a result of this package.

    Examples
    --------
    >>> import tempfile, pathlib, spinglass_nn as sg
    >>> net = sg.networks.MLP(sizes=(2, 3, 2))
    >>> replicas = sg.networks.initialize(net, n_replicas=2, rng=0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "replicas.npz"
    >>> _ = sg.save(replicas, path)
    >>> sg.load(path).weights.shape
    (2, 17)
    """
    if results.registered(results.kind_of(type(value))) is not type(value):
        raise ParameterError(
            f"value must be a result of spinglass_nn, got {type(value).__name__}"
        )
    arrays: dict[str, Any] = {}
    header = {
        "format": _FORMAT,
        "package_version": __version__,
        "result": _encode(value, "result", arrays),
    }
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    with written_whole(path) as file:
        np.savez(file, **(arrays | {_HEADER: text}))
    return Path(path)


def load(path: PathType) -> Any:
    """Load what `save` wrote.

    Parameters
    ----------
    path : path
        File to read.

    Returns
    -------
    result
        As it was saved; lists come back as tuples.

    Raises
    ------
    FormatError
        If the file is truncated, not of this package, or of an unknown version.
    FileNotFoundError
        If there is no such file.
    """
    try:
        # opened here: NumPy leaves a broken file open
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise
    except (
        OSError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
        AttributeError,
        TypeError,
        KeyError,
        NotImplementedError,
        zlib.error,
    ) as error:
        raise FormatError(f"{path} must be a whole .npz file of results: {error}") from error
    try:
        header = json.loads(bytes(arrays.pop(_HEADER)))
        known = header["format"] == _FORMAT
    except (KeyError, ValueError, TypeError) as error:
        raise FormatError(
            f"{path} must be a result saved by spinglass_nn, got another file"
        ) from error
    if not known:
        raise FormatError(f"{path} must be a result saved by spinglass_nn")
    try:
        return _decode(header["result"], arrays)
    except FormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"{path} has entries missing or damaged: {error}") from error


def _encode(value: Any, name: str, arrays: dict[str, Any]) -> Any:
    """A JSON tree of ``value``; arrays are moved to ``arrays`` under their path."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise ParameterError(f"{name} cannot be saved: its array holds Python objects")
        while name in arrays:  # keys with dots can meet
            name += "'"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"float": repr(value)}
    if isinstance(value, (list, tuple)):
        return {"tuple": [_encode(v, f"{name}.{i}", arrays) for i, v in enumerate(value)]}
    if isinstance(value, dict):
        return {
            "dict": [
                [_encode(k, name, arrays), _encode(v, f"{name}.{k}", arrays)]
                for k, v in value.items()
            ]
        }
    if is_dataclass(value) and results.registered(results.kind_of(type(value))):
        inside = {
            f.name: _encode(getattr(value, f.name), f"{name}.{f.name}", arrays)
            for f in fields(value)
            if f.init
        }
        version = getattr(type(value), "__format_version__")  # noqa: B009 - set by @result
        return {"kind": results.kind_of(type(value)), "version": version, "fields": inside}
    raise ParameterError(f"{name} cannot be saved: {type(value).__name__} is not a result")


def _decode(tree: Any, arrays: dict[str, Any]) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return arrays[tree["array"]]
    if "float" in tree:
        return float(tree["float"])
    if "tuple" in tree:
        return tuple(_decode(item, arrays) for item in tree["tuple"])
    if "dict" in tree:
        return {_decode(key, arrays): _decode(item, arrays) for key, item in tree["dict"]}
    cls = _class(tree["kind"], tree["version"])
    return cls(**{key: _decode(item, arrays) for key, item in tree["fields"].items()})


def _class(kind: str, version: int) -> Any:
    """The registered class of a kind; its room is imported on first need."""
    room, _, name = kind.partition(".")
    if results.registered(kind) is None and room.isidentifier():
        try:
            getattr(importlib.import_module(f"spinglass_nn.{room}"), name)
        except (ImportError, AttributeError) as error:
            raise FormatError(f"results of kind {kind!r} are not known here") from error
    cls: Any = results.registered(kind)
    if cls is None:
        raise FormatError(f"results of kind {kind!r} are not known here")
    if cls.__format_version__ != version:
        raise FormatError(
            f"{kind} must be of format version {cls.__format_version__}, got {version}; "
            "load it with the version of spinglass_nn that saved it"
        )
    return cls
