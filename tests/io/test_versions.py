from __future__ import annotations

import os
from datetime import UTC, datetime

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.io import versions


def test_provenance():
    found = sg.io.provenance()
    assert list(found) == [
        "spinglass_nn",
        "python",
        "numpy",
        "numba",
        "scipy",
        "platform",
        "cpu",
        "cores",
        "date",
    ]
    assert all(isinstance(value, str) and value for value in found.values())
    assert found["spinglass_nn"] == sg.__version__
    assert found["numpy"] == np.__version__
    assert found["cores"].endswith(f"of {os.cpu_count()}")
    made = datetime.fromisoformat(found["date"])
    assert made.tzinfo is not None
    assert abs((datetime.now(UTC) - made).total_seconds()) < 60


def test_unknown_package_and_processor(monkeypatch):
    assert versions._version("no-such-package-here") == "unknown"

    def unreadable(*args, **kwargs):
        raise OSError

    monkeypatch.setattr("pathlib.Path.read_text", unreadable)
    monkeypatch.setattr("platform.processor", lambda: "some processor")
    assert versions._cpu() == "some processor"


def test_system_without_affinity(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    n = os.cpu_count()
    assert versions._cores() == f"{n} of {n}"


@pytest.mark.parametrize("name", ["numpy", "scipy", "numba"])
def test_versions_are_read_without_importing(name):
    assert versions._version(name)[0].isdigit()
