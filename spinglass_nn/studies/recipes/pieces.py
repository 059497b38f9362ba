"""Pieces of a long task, each kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from spinglass_nn._core.results import result
from spinglass_nn.io import load, save
from spinglass_nn.studies.task import Context

Piece = TypeVar("Piece")


@result()
class Kept:
    """What a file of a piece holds.

    Parameters
    ----------
    value : result, array, number, or tuple of such
        The piece.
    """

    value: Any


def kept(context: Context, name: str, compute: Callable[[], Piece]) -> Piece:
    """A piece that is computed once, even if the task is killed after it; lists as tuples.

    Pieces are kept where checkpoints are, and removed with them when the task is done.
    """
    path = context.checkpoint(name)
    if path.exists():
        return cast(Piece, load(path).value)
    found = compute()
    save(Kept(found), path)
    return found
