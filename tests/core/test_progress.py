"""Progress: silent unless asked, a bar on standard error, or a callable."""

from __future__ import annotations

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
