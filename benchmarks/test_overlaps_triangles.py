"""All triangles of many points, beside SciPy's pdist and linkage, and beside NumPy.

SciPy has no statistics of triangles: ``pdist`` and ``linkage`` on the same points are the price of
the dendrogram that one would draw. NumPy's version goes through the triangles of one first point
at a time, on a fifth of the points. Each round runs everything in turn, on one thread, and rates
are of processor time, which other processes disturb less.
"""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform

from spinglass_nn._core.threads import one_blas_thread
from spinglass_nn.overlaps import triangle_distribution, triangle_statistics
from spinglass_nn.overlaps.triangles import mean_gap
from spinglass_nn.overlaps.ultrametric import tree_measures

N_POINTS, N_DIMENSIONS = 2000, 100

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).normal(size=(N_POINTS, N_DIMENSIONS))


def gaps_by_numpy(values):
    """K of all triangles; the inner two loops are NumPy's."""
    n, total = len(values), 0.0
    for i in range(n - 2):
        c = values[i + 1 :, i + 1 :]
        a, b = values[i, i + 1 :, None], values[i, None, i + 1 :]
        low, high = np.minimum(a, b), np.maximum(a, b)
        gap = np.maximum(high, c) - np.maximum(low, np.minimum(high, c))
        total += gap[np.triu_indices(n - i - 1, 1)].sum()
    return total / math.comb(n, 3) / values[np.triu_indices(n, 1)].std()


def seconds(function):
    began = time.process_time()
    function()
    return time.process_time() - began


def rates(benchmark, summary, rounds, n_points, contenders, peers):
    """Best triangles per ns of each contender, best seconds of each peer, interleaved."""
    for function in contenders.values():
        function()  # compile
    took = {name: [] for name in (*contenders, *peers)}
    with one_blas_thread():  # as in null draws
        for _ in range(rounds):
            for name, function in (contenders | peers).items():
                took[name].append(seconds(function))
    benchmark.pedantic(next(iter(contenders.values())), rounds=1, iterations=1)
    best = {name: min(found) for name, found in took.items()}
    per_ns = {name: math.comb(n_points, 3) / best[name] / 1e9 for name in contenders}
    benchmark.extra_info.update(triangles_per_ns=per_ns, seconds=best)
    words = ", ".join(
        f"{name} {value:.2f} ({1e3 * best[name]:.3g} ms)" for name, value in per_ns.items()
    )
    others = ", ".join(f"{name} {1e3 * best[name]:.3g} ms" for name in peers)
    summary.append(f"{benchmark.name}: triangles/ns/core: {words}; beside {others}")
    assert all(value > 0 for value in per_ns.values())


def test_all_triangles(benchmark, summary, rounds, points):
    pairs = pdist(points)
    values = squareform(pairs)
    few = np.ascontiguousarray(values[: N_POINTS // 5, : N_POINTS // 5])
    small = np.ascontiguousarray(few[np.triu_indices(len(few), 1)])
    assert mean_gap(few, small) == pytest.approx(gaps_by_numpy(few), rel=1e-12)
    scaled = math.comb(N_POINTS, 3) / math.comb(len(few), 3)
    contenders = {
        "K": lambda: mean_gap(values, pairs),
        "ten measures": lambda: tree_measures(values, pairs),
        "with errors": lambda: triangle_statistics(values, n_threads=1),
        "P(K)": lambda: triangle_distribution(values, n_threads=1),
    }
    peers = {
        "pdist": lambda: pdist(points),
        "average linkage": lambda: hierarchy.linkage(pairs, "average"),
        f"K by NumPy of {len(few)} points (x {scaled:.0f})": lambda: gaps_by_numpy(few),
    }
    rates(benchmark, summary, min(rounds, 3), N_POINTS, contenders, peers)


@pytest.mark.parametrize("n_points", [32, 128, 500])
def test_null_draws(benchmark, summary, rounds, points, n_points):
    pairs = pdist(points[:n_points])
    values = squareform(pairs)
    contenders = {
        "K": lambda: mean_gap(values, pairs),
        "ten measures": lambda: tree_measures(values, pairs),
    }
    peers = {
        "pdist": lambda: pdist(points[:n_points]),
        "average linkage": lambda: hierarchy.linkage(pairs, "average"),
    }
    rates(benchmark, summary, rounds, n_points, contenders, peers)
