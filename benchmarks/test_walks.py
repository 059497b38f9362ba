"""Steps per second of random walks on a 784-64-10 network, and what an evaluation costs."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.datasets import fashion_mnist
from spinglass_nn.landscape import flatness, hessian_trace
from spinglass_nn.networks import MLP, evaluate, initialize
from spinglass_nn.walks import Metropolis, random_walk

NET = MLP(sizes=(784, 64, 10))
DTYPES = [np.float32, np.float64]


@pytest.fixture(scope="module")
def data():
    return fashion_mnist()


def point(dtype):
    return initialize(NET, rng=0, dtype=dtype)[0]


@pytest.mark.parametrize("n_walkers", [1, 4], ids="walkers={}".format)
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
def test_free_walk(benchmark, data, dtype, n_walkers):
    start, n_steps = point(dtype), 400

    def walk():
        random_walk(
            NET,
            data,
            start,
            n_steps=n_steps,
            excursion=0.3,
            n_walkers=n_walkers,
            record_every=n_steps,
            test=False,
            rng=1,
        )

    benchmark.pedantic(walk, rounds=5, warmup_rounds=1)
    rate = n_walkers * n_steps / benchmark.stats.stats.min
    benchmark.extra_info["steps/s, with 2 evaluations in all"] = rate


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
def test_metropolis_walk(benchmark, data, dtype):
    start, n_steps = point(dtype), 10

    def walk():
        random_walk(
            NET,
            data,
            start,
            n_steps=n_steps,
            excursion=0.1,
            n_walkers=2,
            rule=Metropolis(0.01),
            record_every=n_steps,
            test=False,
            rng=1,
        )

    benchmark.pedantic(walk, rounds=5, warmup_rounds=1)
    benchmark.extra_info["steps/s"] = 2 * n_steps / benchmark.stats.stats.min


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
def test_evaluation(benchmark, data, dtype):
    start = point(dtype)
    benchmark.pedantic(
        evaluate, (NET, start, data), {"n_threads": 1}, rounds=10, warmup_rounds=1
    )
    rate = data.n_samples / benchmark.stats.stats.min
    benchmark.extra_info["samples/s"] = rate


def test_flatness_directions(benchmark, data):
    start = point(np.float32)

    def measure():
        flatness(NET, start, data, excursion=0.3, n_directions=8, rng=1)

    benchmark.pedantic(measure, rounds=3, warmup_rounds=1)
    benchmark.extra_info["antithetic pairs/s"] = 8 / benchmark.stats.stats.min


def test_hessian_probes(benchmark, data):
    start = point(np.float64)

    def measure():
        hessian_trace(NET, start, data, n_probes=4, rng=1)

    benchmark.pedantic(measure, rounds=3, warmup_rounds=1)
    benchmark.extra_info["products/s"] = 4 / benchmark.stats.stats.min
