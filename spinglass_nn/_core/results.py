"""Results: frozen, slotted dataclasses with a one-line ``repr`` that can be saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast, dataclass_transform

import numpy as np

Class = TypeVar("Class", bound=type)

_REGISTRY: dict[str, type] = {}


@dataclass_transform(frozen_default=True)
def result(*, version: int = 1) -> Callable[[Class], Class]:
    """Class decorator: a frozen slotted dataclass, known to `spinglass_nn.save` and ``load``.

    Parameters
    ----------
    version : int
        Raised whenever fields change meaning; files of other versions are refused.
    """

    def decorate(cls: Class) -> Class:
        made: Any = dataclass(frozen=True, slots=True, repr=False, eq=False)(cls)
        if "__repr__" not in cls.__dict__:
            made.__repr__ = _short_repr
        kind = kind_of(made)
        made.__format_version__ = version
        _REGISTRY[kind] = made
        return cast(Class, made)

    return decorate


def kind_of(cls: type) -> str:
    """The name a result is filed under: its room and its class."""
    room = cls.__module__.removeprefix("spinglass_nn.").split(".")[0]
    return f"{room}.{cls.__qualname__}"


def registered(kind: str) -> type | None:
    """The class filed under a name, if its room has been imported."""
    return _REGISTRY.get(kind)


def abbreviate(value: Any) -> str:
    """A value in a few characters: arrays by their shape, long text cut."""
    if isinstance(value, np.ndarray):
        if value.size > 4 or value.ndim > 1:  # a matrix would break the line
            return f"array{value.shape}"
        return np.array2string(value, precision=4)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple) and len(value) > 6:
        return f"<{len(value)} items>"
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."


def _short_repr(self: Any) -> str:
    inside = ", ".join(f"{f.name}={abbreviate(getattr(self, f.name))}" for f in fields(self))
    return f"{type(self).__name__}({inside})"
