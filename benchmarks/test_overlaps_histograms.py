"""P(q) of 10^8 overlaps that are never all in memory, against numpy.histogram.

A part of 2 million overlaps of 20 samples is made once and counted 50 times, as if it came from
a simulation; NumPy makes histograms of the same parts, and the four moments. Each round runs
both. Replica identities are timed against loops over all choices of replicas.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

import spinglass_nn as sg

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

N_UNITS, N_VALUES, N_PARTS = 20, 100_000, 50

pytestmark = pytest.mark.filterwarnings("default")


def numpy_counts(part, edges):
    limits = edges[0], edges[-1]  # bins of equal width: NumPy's fast way
    counts = np.stack([np.histogram(row, edges.size - 1, limits)[0] for row in part])
    size, square = np.abs(part), part * part
    powers = (part, size, square, square * square)
    return counts, np.stack([power.sum(axis=1) for power in powers], axis=1)


@pytest.mark.benchmark(group="P(q) of 10^8 overlaps")
@pytest.mark.parametrize("kind", ["spins", "continuous"])
def test_counting(benchmark, summary, rounds, kind):
    rng = np.random.default_rng(1)
    if kind == "spins":
        part = rng.binomial(1024, 0.5, size=(N_UNITS, N_VALUES)) / 512 - 1
        options = {"n_spins": 1024}
    else:
        part, options = rng.uniform(-1, 1, size=(N_UNITS, N_VALUES)), {"bins": 50}
    edges = sg.overlaps.count_overlaps(part[:, :9], **options).edges
    theirs: list[float] = []

    def peer():  # a tenth of the parts
        begin = time.thread_time()
        for _ in range(N_PARTS // 10):
            numpy_counts(part, edges)
        theirs.append(10 * (time.thread_time() - begin))

    own: list[float] = []

    def ours():
        begin = time.thread_time()
        counts = sum(sg.overlaps.count_overlaps(part, **options) for _ in range(N_PARTS))
        found = sg.overlaps.distribution(counts)
        own.append(time.thread_time() - begin)
        return found

    found = benchmark.pedantic(ours, setup=peer, rounds=rounds)
    assert found.shares.sum() == pytest.approx(N_UNITS)
    ratio = float(np.median(np.array(theirs) / own))
    rate = N_UNITS * N_VALUES * N_PARTS / min(own) / 1e9
    benchmark.extra_info.update(time_ratio=ratio, overlaps_per_ns=rate)
    summary.append(f"P(q) of 10^8 overlaps, {kind}: {rate:.2f} per ns, {ratio:.1f} x numpy")


@pytest.mark.benchmark(group="identities of 8 replicas")
def test_identities(benchmark, summary, rounds):
    from naive import distributions as naive

    rng = np.random.default_rng(1)
    q = rng.uniform(-1, 1, size=(100, 500, 8, 8))
    q = (q + np.swapaxes(q, 2, 3)) / 2
    begin = time.thread_time()
    naive.replica_means(q[0, :1].tolist(), 2)
    loops = (time.thread_time() - begin) * 100 * 500
    benchmark.pedantic(sg.overlaps.replica_identities, (q,), rounds=rounds, warmup_rounds=1)
    ratio = loops / benchmark.stats.stats.min
    benchmark.extra_info.update(time_ratio=ratio)
    summary.append(f"identities of 8 replicas: {ratio:.0f} x loops over all choices")
