"""Fused steps where registers are narrower, and tiles smaller: the definition all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from naive import training as naive

import spinglass_nn as sg

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import numpy as np
import spinglass_nn as sg
from spinglass_nn.training import SGD, _job, _steps, train_replicas
_steps.WORTH_A_CREW = 0
_job.fused_is_faster = lambda *_: True
rng = np.random.default_rng(0)
data = sg.datasets.Dataset(rng.standard_normal((21, 7)), rng.integers(0, 5, 21), n_classes=5)
net = sg.networks.MLP((7, 19, 5))
start = sg.networks.initialize(net, rng=1)[0]
run = train_replicas(
    net, data, n_epochs=1, batch_size=21, optimizer=SGD(0.5), start=start, n_threads=2, rng=0
)
np.save("found.npy", run.replicas.weights)
"""


@pytest.mark.parametrize("features", ["+sse2", "+sse2,+avx,+avx2,+fma"])
def test_a_step_is_the_definition(features, tmp_path):
    machine = {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": features,
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run(
        [sys.executable, "-c", CODE], env=os.environ | machine, cwd=tmp_path, check=True
    )
    found = np.load(tmp_path / "found.npy")[0]
    rng = np.random.default_rng(0)
    data = sg.datasets.Dataset(
        rng.standard_normal((21, 7)), rng.integers(0, 5, 21), n_classes=5
    )
    net = sg.networks.MLP((7, 19, 5))
    theta = sg.networks.initialize(net, rng=1)[0].weights
    gradient = naive.gradient(net, theta, data.inputs, data.labels)
    np.testing.assert_allclose(found, theta - 0.5 * gradient, rtol=1e-11, atol=1e-12)
