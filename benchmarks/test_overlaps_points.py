"""All overlaps and distances of 2,000 points in 25,000 dimensions, against bare BLAS and SciPy.

The peer is ``x @ y.T`` in float32 with y a copy of x: NumPy hands that to sgemm, but ``x @ x.T``
to ssyrk, which does half the work; both are timed. BLAS and ours have the same number of threads.
Each round runs everything in turn. SciPy's ``pdist`` has no float32 and one thread; it is run once,
on a tenth of the points, and scaled up.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from threadpoolctl import threadpool_limits

import spinglass_nn as sg

N_POINTS, N_DIMENSIONS = 2000, 25_000

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    return rng.standard_normal((N_POINTS, N_DIMENSIONS), dtype=np.float32)


def seconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def processor_ratio(ours: Callable[[], object], peer: Callable[[], object]) -> float:
    """Processor time over that of the peer, which other processes disturb less."""
    took = []
    for function in (ours, peer) * 2:
        began = time.process_time()
        function()
        took.append(time.process_time() - began)
    return min(took[::2]) / min(took[1::2])


def compare(benchmark, rounds, ours, *peers):
    """Times (n_rounds, 1 + n_peers): ours, and each peer in turn with it."""
    theirs: list[list[float]] = []
    ours()  # compile
    benchmark.pedantic(
        ours,
        setup=lambda: theirs.append([seconds(peer) for peer in peers]),
        rounds=rounds,
    )
    times = np.column_stack([benchmark.stats.stats.data, theirs])
    benchmark.extra_info["seconds"] = times.tolist()
    return times


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("what", ["overlaps", "euclidean", "1 - overlap"])
def test_float32(benchmark, summary, rounds, points, what, n_threads):
    copy = points.copy()

    def limited(other):
        with threadpool_limits(n_threads, user_api="blas"):
            return points @ other.T

    def ours():
        if what == "overlaps":
            return sg.overlaps.matrix(points, n_threads=n_threads)
        return sg.overlaps.distances(points, kind=what, n_threads=n_threads)

    benchmark.group = f"{what}, {n_threads} threads"
    times = compare(benchmark, rounds, ours, lambda: limited(copy), lambda: limited(points))
    ratios = np.median(times[:, :1] / times[:, 1:], axis=0)
    best = times.min(axis=0)
    benchmark.extra_info |= {"over_sgemm": ratios[0], "over_ssyrk": ratios[1]}
    processor = processor_ratio(ours, lambda: limited(copy))
    summary.append(
        f"{benchmark.group}: {best[0]:.2f} s, {ratios[0]:.2f} times sgemm and "
        f"{ratios[1]:.2f} times ssyrk (best of rounds {best[0] / best[1]:.2f} and "
        f"{best[0] / best[2]:.2f}, processor time {processor:.2f} times sgemm)"
    )


@pytest.mark.parametrize("kind", ["euclidean", "1 - overlap"])
def test_pdist(benchmark, summary, points, kind):
    some = points[: N_POINTS // 10]
    metric = "cosine" if kind == "1 - overlap" else "euclidean"
    own = seconds(lambda: sg.overlaps.distances(points, kind=kind, n_threads=1))
    own = min(own, seconds(lambda: sg.overlaps.distances(points, kind=kind, n_threads=1)))
    theirs = 100 * benchmark.pedantic(lambda: seconds(lambda: pdist(some, metric)), rounds=1)
    benchmark.extra_info["time_ratio"] = theirs / own
    summary.append(
        f"{kind}, 1 thread: {theirs / own:.0f} times as fast as pdist ({theirs:.0f} s)"
    )


@pytest.mark.parametrize("what", ["spins", "hamming"])
def test_spins(benchmark, summary, rounds, points, what):
    """Packed bits against the float32 product that would count as exactly."""
    spins = np.where(points > 0, 1, -1).astype(np.int8)
    single, copy = spins.astype(np.float32), spins.astype(np.float32)

    def ours():
        if what == "spins":
            return sg.overlaps.matrix(spins, of="spins", n_threads=1)
        return sg.overlaps.distances(spins, kind=what, n_threads=1)

    def sgemm():
        with threadpool_limits(1, user_api="blas"):
            return single @ copy.T

    benchmark.group = f"{what}, 1 thread"
    times = compare(benchmark, rounds, ours, sgemm)
    ratio = float(np.median(times[:, 1] / times[:, 0]))
    benchmark.extra_info["time_ratio"] = ratio
    summary.append(
        f"{benchmark.group}: {times[:, 0].min():.3f} s, {ratio:.1f} times as fast as sgemm"
    )
