"""Going on with an earlier run: where its state is, and whether it is the same run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from spinglass_nn._core.random import Seed
from spinglass_nn.errors import ParameterError
from spinglass_nn.io.archive import load
from spinglass_nn.typing import PathType

State = TypeVar("State")

_AS_GIVEN = {"entropy": "rng", "key": "rng"}  # what the user calls a setting


def earlier(
    state: State | None, checkpoint: PathType | None, kind: type[State]
) -> State | None:
    """The state a run goes on from, if any: as given, or as found in the checkpoint file."""
    name = "state"
    found: Any = state
    if checkpoint is not None:
        folder = Path(checkpoint).absolute().parent
        if not folder.is_dir():  # now, not after hours of work
            raise ParameterError(f"checkpoint must lie in an existing folder, got {checkpoint}")
        if state is None and Path(checkpoint).exists():
            found, name = load(checkpoint), f"checkpoint {checkpoint}"
    if found is not None and not isinstance(found, kind):
        raise ParameterError(
            f"{name} must be a {kind.__name__} (a run's .state), got {type(found).__name__}"
        )
    return found


def check_same(settings: Mapping[str, Any], then: Mapping[str, Any]) -> None:
    """Refuse to go on with other settings than the run began with."""
    for name, now in settings.items():
        before = then.get(name)
        if (tuple(before) if isinstance(before, (list, tuple)) else before) != now:
            raise ParameterError(
                f"{_AS_GIVEN.get(name, name)} must be as in the state it goes on from "
                f"({before}), got {now}"
            )


def seed_in(settings: Mapping[str, Any]) -> Seed:
    """The seed a run began with."""
    return Seed(int(settings["entropy"]), tuple(settings["key"]))


def fingerprint(*values: Any) -> str:
    """A short hash of arrays, results and plain values, every digit of them."""
    digest = hashlib.sha256()
    for value in values:
        _digest(digest, value)
    return digest.hexdigest()[:16]


def written(value: Any) -> str:
    """A value with every digit, unlike the ``repr`` of a result."""
    if not is_dataclass(value):
        return repr(value)
    inside = ", ".join(f"{f.name}={written(getattr(value, f.name))}" for f in fields(value))
    return f"{type(value).__name__}({inside})"


def _digest(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data)
    elif is_dataclass(value):
        digest.update(type(value).__qualname__.encode())
        for field in fields(value):
            _digest(digest, getattr(value, field.name))
    elif isinstance(value, (list, tuple)):
        digest.update(f"{len(value)}".encode())
        for item in value:
            _digest(digest, item)
    else:
        digest.update(repr(value).encode())
