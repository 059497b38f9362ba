"""The package read as text: contracts hold for files, whether or not they are imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture
def run_python():
    """Run code in a fresh interpreter with warnings as errors; returns what it printed."""

    def run(code, *, cwd=ROOT, timeout=300):
        environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], cwd=cwd, env=environment,
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
