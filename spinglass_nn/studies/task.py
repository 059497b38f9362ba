"""Tasks: the pieces of a study; recipes write them, the engine runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spinglass_nn._core.random import Stream
from spinglass_nn.typing import ProgressLike


@dataclass(frozen=True)
class Context:
    """What a task may use.

    Parameters
    ----------
    parameters : object
        The study's parameters.
    shared : object
        What the recipe prepared once for all tasks, such as the data.
    results : mapping
        Results of the tasks it needs.
    seed : int
        Master seed of the study.
    number : int
        Number of the task, which sets its random streams apart.
    checkpoint : callable
        ``checkpoint(name)`` is a path where a long run inside the task may keep its state.
    progress : bool or callable
        Handed on to long functions.
    n_threads : int, optional
        Handed on to parallel functions.
    """

    parameters: Any
    shared: Any
    results: Mapping[str, Any]
    seed: int
    number: int
    checkpoint: Callable[[str], Path]
    progress: ProgressLike = False
    n_threads: int | None = None

    def rng(self, *index: int) -> np.random.SeedSequence:
        """A seed of this task's own."""
        key = (int(Stream.STUDY), self.number, *index)
        return np.random.SeedSequence(self.seed, spawn_key=key)


@dataclass(frozen=True)
class Task:
    """One piece of a study: a pure function of parameters, seed and earlier results.

    Parameters
    ----------
    name : str
        File name of its result.
    number : int
        Belongs to its random streams; never changes.
    title : str
        What it does, for people.
    run : callable
        Takes a `Context`, returns a result that can be saved.
    needs : tuple of str
        Names of the tasks whose results it reads.
    """

    name: str
    number: int
    title: str
    run: Callable[[Context], Any]
    needs: tuple[str, ...] = field(default=())
