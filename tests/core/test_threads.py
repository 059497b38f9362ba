"""Threads: order, errors, the number used, and BLAS held to one inside."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
import scipy.linalg  # noqa: F401 - its BLAS is one of those held
import threadpoolctl

from spinglass_nn._core import threads
from spinglass_nn.errors import ParameterError


def blas_threads():
    return [
        p["num_threads"] for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"
    ]


@pytest.mark.parametrize("n_threads", [1, 2, 3, 50])
def test_order_is_kept(n_threads):
    def late(i):
        time.sleep(0.002 * (7 - i))
        return i * i

    assert threads.run(late, range(8), n_threads) == [i * i for i in range(8)]


def test_nothing_to_do():
    assert threads.run(lambda item: item, [], 2) == []


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_stops_what_has_not_started(n_threads):
    started = []

    def work(i):
        started.append(i)
        if i == 1:
            raise ZeroDivisionError("item 1")
        time.sleep(0.01)

    with pytest.raises(ZeroDivisionError, match="item 1"):
        threads.run(work, range(200), n_threads)
    assert len(started) < 10


def test_an_error_stops_the_rest_while_an_earlier_item_still_runs():
    started, failed = [], threading.Event()

    def work(i):
        started.append(i)
        if i == 0:
            failed.wait(5)
            time.sleep(0.1)
        elif i == 1:
            failed.set()
            raise ZeroDivisionError("item 1")
        else:
            time.sleep(0.005)

    with pytest.raises(ZeroDivisionError, match="item 1"):
        threads.run(work, range(200), 2)
    assert len(started) < 10


def test_an_error_sets_stop():
    stop = threading.Event()

    def work(i):
        if i == 0:
            raise ZeroDivisionError
        assert stop.wait(5)

    with pytest.raises(ZeroDivisionError):
        threads.run(work, range(2), 2, stop)
    assert stop.is_set()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_blas_is_held_to_one_inside_and_released_after(n_threads):
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        inside = threads.run(lambda _: blas_threads(), range(2), n_threads)
        assert all(set(found) == {1} for found in inside)
        assert len(inside[0]) >= 1
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError):
            threads.run(lambda _: 1 / 0, range(2), n_threads)
        assert blas_threads() == before


@pytest.mark.parametrize("main_first", [True, False])
def test_callers_on_several_threads_share_the_hold(main_first):
    """Whoever leaves first, the other is still held; and in the end both are free."""
    entered, leave, stay = threading.Event(), threading.Event(), threading.Event()
    seen = []

    def other():
        with threads.one_blas_thread():
            entered.set()
            assert leave.wait(5)
            seen.append(blas_threads())
        entered.clear()
        assert stay.wait(5)  # alive to the end, as threads of a pool are

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        thread = threading.Thread(target=other)
        if not main_first:
            thread.start()
            assert entered.wait(5)
        with threads.one_blas_thread():
            if main_first:
                thread.start()
                assert entered.wait(5)
            else:
                leave.set()
                while entered.is_set():
                    time.sleep(0.001)
            seen.append(blas_threads())
        if main_first:
            leave.set()
            while entered.is_set():
                time.sleep(0.001)
        assert [set(found) for found in seen] == [{1}, {1}]
        assert blas_threads() == before
        stay.set()
        thread.join()


def test_runs_inside_runs():
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas_threads()

        def outer(i):
            inner = threads.run(lambda j: (i, j, set(blas_threads())), range(3), 2)
            return inner, set(blas_threads())

        for i, (inner, after) in enumerate(threads.run(outer, range(4), 2)):
            assert inner == [(i, j, {1}) for j in range(3)]
            assert after == {1}
        assert blas_threads() == before


def test_matrix_products_have_the_same_bits():
    a = np.random.default_rng(0).standard_normal((300, 400))
    one = threads.run(lambda k: a.T @ (a * k), range(4), 1)
    two = threads.run(lambda k: a.T @ (a * k), range(4), 2)
    for left, right in zip(one, two, strict=True):
        assert np.array_equal(left, right)


def test_number_of_threads(monkeypatch):
    monkeypatch.delenv("SPINGLASS_NN_THREADS", raising=False)
    assert threads.resolve(None) >= 1
    monkeypatch.setenv("SPINGLASS_NN_THREADS", "5")
    assert threads.resolve(None) == 5
    assert threads.resolve(2) == 2
    monkeypatch.setenv("SPINGLASS_NN_THREADS", "")
    assert threads.resolve(None) >= 1


@pytest.mark.parametrize(
    ("text", "message"), [("0", "at least 1, got 0"), ("two", "an integer, got 'two'"),
                          ("-1", "an integer, got '-1'"), ("1.5", "an integer, got '1.5'")]
)  # fmt: skip
def test_bad_environment(monkeypatch, text, message):
    monkeypatch.setenv("SPINGLASS_NN_THREADS", text)
    with pytest.raises(ParameterError, match=f"SPINGLASS_NN_THREADS must be {message}"):
        threads.resolve(None)


@pytest.mark.parametrize("value", [0, -2, 1.5, "2", True])
def test_bad_numbers(value):
    with pytest.raises(ParameterError, match="n_threads must be"):
        threads.run(lambda item: item, [1, 2], value)


def test_what_must_be_whole_finishes_when_an_interrupt_hits():
    done = []

    def work():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        done.append(True)

    with pytest.raises(KeyboardInterrupt):
        threads.whole(work)
    assert done == [True]


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_a_team_runs_every_item(n_threads):
    seen = []
    with threads.Team(n_threads) as team:
        team.run(seen.append, range(5))
        team.run(seen.append, [7])
    assert sorted(seen) == [0, 1, 2, 3, 4, 7]


def test_a_team_passes_errors_on():
    def fail(item):
        raise ValueError(f"no {item}")

    with threads.Team(2) as team:
        with pytest.raises(ValueError, match="no 0"):
            team.run(fail, [0, 1])
        with pytest.raises(ValueError, match="no 3"):
            threads.whole(lambda: fail(3))


def test_what_is_lent_is_lent_again_but_to_one_at_a_time():
    made = []
    lent = threads.Lent(lambda: made.append(0) or [len(made)])
    with lent.one() as first, lent.one() as second:
        assert first is not second
    with lent.one() as third:
        assert third in (first, second)
    with pytest.raises(ZeroDivisionError), lent.one() as broken:
        raise ZeroDivisionError
    with lent.one() as fourth, lent.one() as fifth:
        assert broken is not fourth
        assert broken is not fifth


def test_calls_inside_calls_and_after_errors():
    def outer(i):
        return sum(threads.run(lambda j: i * j, range(4), 2))

    for _ in range(3):
        assert threads.run(outer, range(5), 2) == [6 * i for i in range(5)]
        with pytest.raises(ZeroDivisionError):
            threads.run(lambda i: 1 // i, range(4), 2)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_all_that_wait_for_each_other_run_together(n):
    barrier = threading.Barrier(n)

    def wait(k):
        barrier.wait(5)
        return k

    assert threads.together(wait, n) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own():
    threads.run(lambda item: item, range(4), 2)
    pid = os.fork()
    if pid == 0:
        fine = threads.run(lambda item: item, range(4), 2) == [0, 1, 2, 3]
        os._exit(0 if fine else 1)
    assert os.waitpid(pid, 0)[1] == 0
