"""Trees of points against SciPy's pdist and linkage, spanning trees against networkx, floods.

Each round runs both sides, on one thread, and their times are compared within the round.
"""

from __future__ import annotations

import time

import networkx as nx
import numpy as np
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist
from threadpoolctl import threadpool_limits

import spinglass_nn as sg

pytestmark = pytest.mark.filterwarnings("default")


def compared(benchmark, rounds, ours, theirs):
    """Run both in turn; the benchmark's value, and the median of their time over ours."""
    times: dict[str, list[float]] = {"ours": [], "theirs": []}

    def timed(name, function):
        begin = time.thread_time()
        value = function()
        times[name].append(time.thread_time() - begin)
        return value

    def run(timed):
        timed("theirs", theirs)

    with threadpool_limits(1):
        ours()
        peer = timed("theirs", theirs)
        found = benchmark.pedantic(
            lambda: timed("ours", ours), setup=lambda: run(timed), rounds=rounds
        )
    ratio = float(np.median(np.array(times["theirs"][1:]) / times["ours"]))
    benchmark.extra_info.update(time_ratio=ratio)
    return found, peer, ratio


@pytest.mark.benchmark(group="tree of 1000 points")
@pytest.mark.parametrize("n_dimensions", [100, 5000])
def test_tree(benchmark, summary, rounds, n_dimensions):
    points = np.random.default_rng(1).normal(size=(1000, n_dimensions))

    def ours():
        return sg.overlaps.cluster(sg.overlaps.distances(points), optimal_order=False)

    def theirs():
        return hierarchy.linkage(pdist(points), "average")

    found, peer, ratio = compared(benchmark, rounds, ours, theirs)
    np.testing.assert_allclose(found.heights, peer[:, 2])
    summary.append(f"tree of 1,000 points in {n_dimensions}: {ratio:.1f} x scipy")


@pytest.mark.benchmark(group="spanning tree of 1000 points")
def test_spanning_tree(benchmark, summary, rounds):
    distances = sg.overlaps.distances(np.random.default_rng(1).normal(size=(1000, 20)))
    weights = distances.values

    def theirs():
        return nx.minimum_spanning_tree(nx.from_numpy_array(weights))

    found, peer, ratio = compared(
        benchmark, min(rounds, 3), lambda: sg.overlaps.minimum_spanning_tree(distances), theirs
    )
    assert found.size("weight") == pytest.approx(peer.size("weight"))
    summary.append(f"spanning tree of 1,000 points: {ratio:.0f} x networkx")


@pytest.mark.benchmark(group="flood of 20 spins")
def test_flood(benchmark, summary, rounds):
    model = sg.spins.SherringtonKirkpatrick(20, rng=1)
    found = benchmark.pedantic(lambda: sg.overlaps.flood(model), rounds=rounds, warmup_rounds=1)
    assert found.n_minima > 2
    seconds = benchmark.stats.stats.min
    benchmark.extra_info.update(states_per_ns=2**20 / seconds / 1e9)
    summary.append(f"flood of 2^20 states: {seconds:.2f} s")


@pytest.mark.benchmark(group="support of 100 points")
def test_support(benchmark, summary, rounds):
    points = np.random.default_rng(1).normal(size=(100, 1000))
    benchmark.pedantic(
        lambda: sg.overlaps.support_by_dimensions(points, rng=1, n_threads=1),
        rounds=rounds,
        warmup_rounds=1,
    )
    seconds = benchmark.stats.stats.min
    summary.append(f"support of 100 points in 1,000, 100 resamples: {seconds:.2f} s")
