"""Time of `import spinglass_nn`, and of opening a room, in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TIMED = "import time; start = time.perf_counter()\n{}\nprint(time.perf_counter() - start)"


@pytest.mark.parametrize(
    "code",
    ["pass", "import spinglass_nn", "import spinglass_nn as sg; sg.networks.loss",
     "import spinglass_nn as sg; sg.load"],
    ids=["nothing", "package", "networks", "load"],
)  # fmt: skip
def test_import(benchmark, code):
    """The process is started each time; ``seconds_inside`` leaves Python's own start out."""
    command = [sys.executable, "-c", TIMED.format(code)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    inside = []

    def run():
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        inside.append(float(done.stdout))

    benchmark.pedantic(run, rounds=5, warmup_rounds=1)
    benchmark.extra_info["seconds_inside"] = min(inside)
