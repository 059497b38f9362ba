"""Progress of long runs: a bar, a callable of the user's, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from tqdm import tqdm

from spinglass_nn.typing import ProgressLike


@contextmanager
def track(
    total: int, description: str, progress: ProgressLike = False
) -> Iterator[Callable[[int], None]]:
    """Yield a function that takes the number of units just done; safe to call from threads.

    Parameters
    ----------
    total : int
        Units in all.
    description : str
        What is being done, in a few words.
    progress : bool or callable
        False for silence, True for a bar on standard error, or a callable that receives
        ``(done, total, description)``.
    """
    if progress is False:
        yield lambda _: None
        return
    lock = Lock()
    if callable(progress):
        done = 0

        def report(units: int) -> None:
            nonlocal done
            with lock:
                done += units
                progress(done, total, description)

        yield report
        return
    # a terminal that claims to have no width (in containers) would get empty lines
    sized = shutil.get_terminal_size((0, 0)).columns > 0
    # a log file gets a line now and then instead of thousands of redrawn bars
    with tqdm(
        total=total,
        desc=description,
        disable=not progress,
        mininterval=0.5,
        dynamic_ncols=sized,
        ncols=None if sized else 80,
        nrows=None if sized else 20,
        leave=True,
    ) as bar:

        def advance(units: int) -> None:
            with lock:
                bar.update(units)

        yield advance
