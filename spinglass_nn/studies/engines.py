"""The engine: runs a study's tasks in order, skips what is done, resumes after an interrupt."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from spinglass_nn.errors import FormatError, Interrupted, SpinglassError
from spinglass_nn.studies.store import Store
from spinglass_nn.studies.task import Context, Task
from spinglass_nn.typing import ProgressLike

logger = logging.getLogger(__name__)


def run_tasks(
    tasks: Sequence[Task],
    store: Store,
    *,
    parameters: Any,
    shared: Any,
    seed: int,
    progress: ProgressLike = False,
    n_threads: int | None = None,
) -> dict[str, Any]:
    """Run tasks one after the other; each uses all threads by itself.

    Parameters
    ----------
    tasks : sequence of Task
        In an order in which every task comes after those it needs.
    store : Store
        Where results are kept; a task whose result is there is not run again.
    parameters, shared, seed
        Handed to every task (see `Context`).
    progress : bool or callable
        Handed on.
    n_threads : int, optional
        Handed on.

    Returns
    -------
    dict
        Result of every task, by its name.

    Raises
    ------
    Interrupted
        On Ctrl-C; finished tasks and checkpoints are on disk.
    """
    results: dict[str, Any] = {}
    for place, task in enumerate(tasks, start=1):
        if store.has(task.name):
            logger.info("[%d/%d] %s: done before", place, len(tasks), task.title)
            results[task.name] = store.load(task.name)
            store.tidy(task.name)  # killed just after it was saved
            continue
        logger.info("[%d/%d] %s", place, len(tasks), task.title)
        context = Context(
            parameters=parameters,
            shared=shared,
            results={name: results[name] for name in task.needs},
            seed=seed,
            number=task.number,
            checkpoint=lambda name, task=task.name: store.checkpoint(task, name),  # type: ignore[misc]
            progress=progress,
            n_threads=n_threads,
        )
        started = time.perf_counter()
        try:
            results[task.name] = task.run(context)
            store.save(task.name, results[task.name])
        except FormatError as error:  # a task reads no files but its checkpoints
            raise FormatError(f"{error}; delete it and run the study again") from error
        except Interrupted:
            raise _interrupted(task, store) from None
        except SpinglassError as error:
            raise type(error)(f"{task.title}: {error}") from error
        except KeyboardInterrupt:
            raise _interrupted(task, store) from None
        logger.info("      %.1f s", time.perf_counter() - started)
    return results


def _interrupted(task: Task, store: Store) -> Interrupted:
    return Interrupted(
        f"interrupted in '{task.title}'; the same command goes on from {store.folder}"
    )
