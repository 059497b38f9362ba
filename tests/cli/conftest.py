"""Run the command line inside this process."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from spinglass_nn import cli


class Outcome(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def spinglass(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder; returns status, output and complaints."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        try:
            status = cli.main([str(a) for a in arguments])
        except SystemExit as leaving:  # argparse
            status = leaving.code or 0
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def assert_refused(spinglass):
    """A command fails with one sentence on standard error, status 2, and no output."""

    def check(*arguments):
        outcome = spinglass(*arguments)
        assert outcome.status == 2
        assert outcome.out == ""
        last = outcome.err.splitlines()[-1]
        assert last.startswith("spinglass-nn")
        assert "Traceback" not in outcome.err
        assert all(line.startswith(("[", "  ")) for line in outcome.err.splitlines()[:-1])
        return last

    return check


@pytest.fixture
def as_typed(tiny_settings):
    """The tiny parameters as they are typed."""
    return [
        f"--set={name}={','.join(map(str, v)) if isinstance(v, tuple) else v}"
        for name, v in tiny_settings.items()
    ]
