"""Threads in one place: ours over independent work, and BLAS held to one each.

Threaded BLAS on small matrices collapses under any other load, and BLAS threads inside our
threads multiply; so every parallel section runs our threads with one BLAS thread in each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from threading import Event
from typing import Any, TypeVar

import scipy.linalg  # loads the BLAS that compiled kernels call, so that it is limited too
from threadpoolctl import ThreadpoolController

from spinglass_nn._core import check

Item = TypeVar("Item")
Value = TypeVar("Value")

_ENVIRONMENT = "SPINGLASS_NN_THREADS"


def resolve(n_threads: int | None) -> int:
    """Threads to use: as asked, else SPINGLASS_NN_THREADS, else the cores this process has."""
    if n_threads is not None:
        return check.count(n_threads, "n_threads")
    text = os.environ.get(_ENVIRONMENT, "")
    if text:
        return check.count(int(text) if text.isdecimal() else text, _ENVIRONMENT)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


@cache
def _controller() -> ThreadpoolController:
    assert scipy.linalg is not None
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold every loaded BLAS to one thread inside the block."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


def run(
    function: Callable[[Item], Value],
    items: Iterable[Item],
    n_threads: int | None = None,
    stop: Event | None = None,
) -> list[Value]:
    """``[function(item) for item in items]``, on several threads; order is kept.

    ``function`` should spend its time where the lock is released (kernels, BLAS, random
    draws). After an error or an interrupt no further item is started, and ``stop`` is set so
    that long items under way can end early.
    """
    work = list(items)
    n_workers = min(resolve(n_threads), len(work))
    with one_blas_thread():
        if n_workers <= 1:
            return [function(item) for item in work]
        with ThreadPoolExecutor(n_workers) as pool:
            futures: list[Any] = [pool.submit(function, item) for item in work]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in futures:  # at once, while earlier items may still be running
                    if future in done:
                        future.result()
                return [future.result() for future in futures]
            except BaseException:
                if stop is not None:
                    stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
