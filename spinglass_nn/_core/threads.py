"""Threads in one place: ours over independent work, and BLAS held to one each.

Threaded BLAS on small matrices collapses under any other load, and BLAS threads inside our
threads multiply; so every parallel section runs our threads with one BLAS thread in each.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from threading import Event, Lock, current_thread, main_thread
from typing import Any, Generic, TypeVar

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


def _free_control() -> None:
    """Let this thread set limits; threadpoolctl 3.8 keeps out all but the first that did."""
    for library in _controller().lib_controllers:
        clear = getattr(library, "clear_controlling_thread", None)
        if clear is not None:
            clear(force=True)


class _Hold:
    """One limit on BLAS, shared: the first to enter sets it, the last to leave lifts it.

    Limits of one's own would be lifted in any order by callers on several threads, too early
    for some and then put back for good.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                _free_control()
                self._limit = _controller().limit(limits=1, user_api="blas")
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                _free_control()
                self._limit.restore_original_limits()
                _free_control()


_HOLD = _Hold()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold every loaded BLAS to one thread inside the block, whoever else does so too."""
    with _HOLD:
        yield


class Lent(Generic[Value]):
    """Things made when needed, lent to one user at a time, and lent again.

    Workspaces, above all: fresh memory costs a visit to the system for every page of it.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._free: list[Value] = []  # append and pop are whole, whoever calls them

    @contextmanager
    def one(self) -> Iterator[Value]:
        """Something of one's own inside the block; after an error it is not lent again."""
        try:
            item = self._free.pop()
        except IndexError:
            item = self._make()
        yield item
        self._free.append(item)


_EXECUTORS: dict[int, Lent[ThreadPoolExecutor]] = {}
if hasattr(os, "register_at_fork"):  # not on every system; threads do not live on in a child
    os.register_at_fork(after_in_child=_EXECUTORS.clear)


def _executors(n: int) -> Lent[ThreadPoolExecutor]:
    """Executors of n threads, which stay between calls; a call inside a call gets another."""
    return _EXECUTORS.setdefault(n, Lent(lambda: ThreadPoolExecutor(n)))


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
        with _executors(n_workers).one() as pool:
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
                pool.shutdown(cancel_futures=True)
                raise


def together(function: Callable[[int], Value], n: int) -> Value:
    """``function(0)``, while ``function(1)`` to ``function(n - 1)`` run at the same time.

    For kernels that wait for each other: none may be missing, so Ctrl-C is noticed at the end.
    """
    if n == 1:
        return function(0)
    with one_blas_thread(), _executors(n - 1).one() as pool:

        def all_of_them() -> Value:
            others = [pool.submit(function, k) for k in range(1, n)]
            found = function(0)
            for other in others:
                other.result()
            return found

        return whole(all_of_them)


def whole(function: Callable[[], Value]) -> Value:
    """Call the function; Ctrl-C is noticed once it has come to its end."""
    if current_thread() is not main_thread():  # no interrupt arrives here
        return function()
    noted = False

    def note(*_: object) -> None:
        nonlocal noted
        noted = True

    before = signal.signal(signal.SIGINT, note)
    try:
        return function()
    finally:
        signal.signal(signal.SIGINT, before)
        if noted:
            signal.raise_signal(signal.SIGINT)


class Team:
    """Threads that stay, for work done in many short rounds that must not be broken off."""

    def __init__(self, n_threads: int | None = None) -> None:
        self.n_threads = resolve(n_threads)

    def __enter__(self) -> Team:
        _HOLD.__enter__()
        self._pool = ThreadPoolExecutor(self.n_threads)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        _HOLD.__exit__()

    def run(self, function: Callable[[Item], object], items: Sequence[Item]) -> None:
        """Call the function on every item, to the end of all."""
        if self.n_threads == 1 or len(items) == 1:
            for item in items:
                function(item)
            return
        futures = [self._pool.submit(function, item) for item in items]
        wait(futures)
        for future in futures:
            future.result()
