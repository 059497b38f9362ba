"""One step of an elastic band against the bare gradients of its pivots, in turn.

Both see the same minibatches, which for the bare gradients are cut out beforehand. Each round
runs both on one thread, so that what else the machine does hits both alike; the ratio of
processor times stands in ``extra_info``.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.landscape._band_job import BandJob, Scan
from spinglass_nn.landscape._bands import TANGENTS, Rules

N_PIVOTS, N_STEPS = 9, 10

pytestmark = pytest.mark.filterwarnings("default")


def spent(function):
    start = time.thread_time()
    function()
    return time.thread_time() - start


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("batch_size", [512, None], ids=["minibatch", "full"])
@pytest.mark.parametrize("hidden", [32, 100])
def test_a_step_costs_its_gradients(
    benchmark, images, rounds, summary, hidden, batch_size, dtype
):
    n_samples = 2000
    data = sg.datasets.Dataset(
        images.inputs[:n_samples].astype(dtype), images.labels[:n_samples], n_classes=10
    )
    net = sg.networks.MLP(sizes=(784, hidden, 10))
    a, b = sg.networks.initialize(net, n_replicas=2, dtype=dtype, rng=0)
    band = sg.landscape.nudged_elastic_band(
        net, data, a, b, n_pivots=N_PIVOTS, n_steps=1, batch_size=batch_size, n_threads=1,
        record_every=10**6, rng=1,
    )  # fmt: skip
    rules = Rules(sg.training.SGD(0.1, momentum=0.9), np.inf, TANGENTS[0], False)
    job = BandJob(net, data, band.state, rules, None, Scan(11, 10**6, "band"), 1)
    pivots = band.path.nodes[1:-1]
    rows = [np.arange(n_samples)]
    if batch_size is not None:
        rows = [job.batches.rows(step) for step in range(job.batches.per_epoch)]
    parts = [
        sg.datasets.Dataset(data.inputs[some], data.labels[some], n_classes=10) for some in rows
    ]
    ratios = []

    def steps():
        for _ in range(N_STEPS):
            job.step()

    def gradients():
        for step in range(N_STEPS):
            sg.networks.gradient(net, pivots, parts[step % len(parts)], n_threads=1)

    def both():
        alone = spent(gradients)
        ratios.append(spent(steps) / alone)

    both()
    ratios.clear()
    benchmark.group = f"band of {N_PIVOTS} pivots, 784-{hidden}-10, {np.dtype(dtype)}"
    benchmark.pedantic(both, rounds=rounds)
    ratio = float(np.median(ratios))
    benchmark.extra_info.update(ratio=ratio, best=min(ratios))
    summary.append(
        f"{benchmark.group}, batch {batch_size or n_samples}: a step costs {ratio:.2f} times "
        f"its {N_PIVOTS} gradients (best of rounds {min(ratios):.2f})"
    )
    # minibatches have to be gathered, and the band's own arithmetic weighs more
    assert ratio < (1.15 if batch_size is None else 1.3)
