"""Histograms and moments of a stream of overlaps, by us and by NumPy, in turn.

The unit is values per nanosecond of processor time on one thread. A hundred million overlaps
pass in chunks of a million and are not kept; each round gives every contender the same chunks.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from spinglass_nn.statistics import Histogram, Moments

N_VALUES = 100_000_000
CHUNK = 1_000_000
N_BINS = 100


def overlaps(kind):
    """A few chunks to take in turn, larger together than the cache of a core."""
    rng = np.random.default_rng(1)
    if kind == "continuous":
        return rng.normal(0, 0.4, (8, CHUNK)).clip(-1, 1)
    if kind == "of 64 spins":  # many lie on edges of bins
        return rng.integers(-32, 33, (8, CHUNK)) / 32
    return rng.normal(0, 0.4, (8, CHUNK)).clip(-1, 1).astype(np.float32)


def compare(benchmark, contenders, n_values, rounds, summary):
    """Best rate of each contender over interleaved rounds; the first is ours."""
    rates = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            began = time.process_time()
            run()
            spent = time.process_time() - began
            rates[name].append(n_values[name] / spent / 1e9)
    benchmark.pedantic(contenders["ours"], rounds=1, iterations=1)
    best = {name: max(found) for name, found in rates.items()}
    benchmark.extra_info["values_per_ns"] = best
    words = ", ".join(f"{name} {value:.3g}" for name, value in best.items())
    ratios = ", ".join(f"{best['ours'] / best[n]:.1f} x {n}" for n in list(best)[1:])
    summary.append(f"{benchmark.name}: {words} values/ns; {ratios}")


@pytest.mark.parametrize("kind", ["continuous", "of 64 spins", "float32"])
def test_histogram_of_a_stream(benchmark, rounds, summary, kind):
    chunks = overlaps(kind)
    start = Histogram.empty(N_BINS)
    expected = np.histogram(chunks[0], start.edges)[0]
    assert np.array_equal(start.add(chunks[0]).counts, expected)  # and compile

    def ours():
        whole = start
        for k in range(N_VALUES // CHUNK):
            whole = whole.add(chunks[k % 8])
        assert whole.n_values == N_VALUES

    def numpy():
        for chunk in chunks[:4]:
            np.histogram(chunk, N_BINS, (-1.0, 1.0))

    def numpy_with_edges():
        np.histogram(chunks[0], start.edges)

    compare(
        benchmark,
        {"ours": ours, "np.histogram": numpy, "np.histogram with edges": numpy_with_edges},
        {"ours": N_VALUES, "np.histogram": 4 * CHUNK, "np.histogram with edges": CHUNK},
        rounds, summary,
    )  # fmt: skip


def test_moments_of_a_stream(benchmark, rounds, summary):
    chunks = overlaps("continuous")

    def ours():
        whole = Moments.empty()
        for chunk in chunks:
            whole = whole.add(chunk)

    def numpy():
        for chunk in chunks:
            squares = chunk * chunk
            chunk.mean(), squares.mean(), (squares * chunk).mean(), (squares * squares).mean()

    n_values = dict.fromkeys(("ours", "NumPy, raw powers"), chunks.size)
    compare(
        benchmark, {"ours": ours, "NumPy, raw powers": numpy}, n_values, rounds, summary
    )  # fmt: skip
