"""Progress: silent unless asked, a bar on standard error, or a callable."""

from __future__ import annotations

import os
import select
from concurrent.futures import ThreadPoolExecutor

import pytest

from spinglass_nn._core.progress import track


def test_silent_by_default(capfd):
    with track(10, "counting") as advance:
        for _ in range(10):
            advance(1)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_a_bar_on_standard_error(capfd):
    with track(4, "counting", progress=True) as advance:
        advance(3)
        advance(1)
    out, err = capfd.readouterr()
    assert out == ""
    assert "counting" in err
    assert "4/4" in err


def test_a_callable_gets_running_totals():
    seen = []
    with track(10, "counting", lambda *report: seen.append(report)) as advance:
        advance(3)
        advance(7)
    assert seen == [(3, 10, "counting"), (10, 10, "counting")]


def test_a_callable_misses_nothing_among_threads():
    seen = []
    with (
        track(2000, "counting", lambda done, total, text: seen.append(done)) as advance,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(lambda _: advance(1), range(2000)))
    assert seen == list(range(1, 2001))


@pytest.mark.parametrize("progress", [False, True, lambda *_: None])
def test_errors_pass_through(progress, capfd):
    with pytest.raises(ZeroDivisionError), track(3, "counting", progress) as advance:
        advance(1 / 0)
    capfd.readouterr()


def test_a_terminal_without_width_still_gets_a_bar(tmp_path):
    """As in containers, whose terminals may report no columns."""
    pty = pytest.importorskip("pty")
    child, terminal = pty.openpty()
    with open(terminal, "w", encoding="utf-8") as stderr, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", stderr)
        patch.setattr("sys.__stdout__", stderr)
        patch.delenv("COLUMNS", raising=False)
        with track(4, "counting", progress=True) as advance:
            advance(4)
    shown = b""
    while select.select([child], [], [], 0.5)[0] and b"100%" not in shown:
        shown += os.read(child, 10_000)
    os.close(child)
    assert b"counting: 100%" in shown
