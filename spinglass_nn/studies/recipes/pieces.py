"""Pieces of a long task, each kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from spinglass_nn.io import load, save
from spinglass_nn.studies.task import Context

Piece = TypeVar("Piece")


def kept(context: Context, name: str, compute: Callable[[], Piece]) -> Piece:
    """A result that is computed once, even if the task is killed after it.

    Pieces are kept where checkpoints are, and removed with them when the task is done.
    """
    path = context.checkpoint(name)
    if path.exists():
        return cast(Piece, load(path))
    found = compute()
    save(found, path)
    return found
