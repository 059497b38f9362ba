"""Losses from pixels held as bytes have the bits of `evaluate`."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, evaluate, initialize
from spinglass_nn.walks import Metropolis, PerLayer, random_walk, whole

NETWORKS = [
    MLP(sizes=(20, 12, 3)),
    MLP(sizes=(20, 3), bias=False),
    MLP(sizes=(20, 9, 8, 3), activation="tanh", loss="squared_error"),
    MLP(sizes=(20, 9, 3), loss="squared_hinge"),
]


@pytest.fixture
def pixels(monkeypatch):
    monkeypatch.setattr(whole, "SMALLEST", 0)

    def made(dtype):
        rng = np.random.default_rng(5)
        inputs = (rng.integers(0, 256, (700, 20)) / dtype(256)).astype(dtype)
        return Dataset(inputs, rng.integers(0, 3, 700), n_classes=3)

    return made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("net", NETWORKS, ids=repr)
def test_bits_of_evaluate(net, pixels, dtype):
    data = pixels(dtype)
    ready = whole.prepare_whole(net, data, np.dtype(dtype))
    assert ready.blocks is not None
    for weights in initialize(net, n_replicas=5, rng=2, dtype=dtype).weights:
        expected = evaluate(net, weights, data).loss
        for n_threads in (1, 2, 3, 20):
            assert whole.loss(ready, weights, n_threads) == expected


def test_inputs_of_another_precision_are_streamed(pixels):
    net, data = NETWORKS[0], pixels(np.float32)
    ready = whole.prepare_whole(net, data, np.dtype(np.float64))
    assert ready.blocks is None
    start = initialize(net, rng=2)[0]
    assert whole.loss(ready, start.weights, 1) == evaluate(net, start, data).loss


def test_a_walk_is_the_same_with_codes_and_without(pixels, monkeypatch):
    net, data = NETWORKS[0], pixels(np.float32)
    start = initialize(net, rng=2, dtype=np.float32)[0]
    kind = {"n_steps": 60, "step": 0.3, "rule": Metropolis(0.003), "n_walkers": 2, "rng": 1}
    walk = random_walk(net, data, start, move=PerLayer(), **kind)
    monkeypatch.setattr(whole, "SMALLEST", 1 << 40)
    again = random_walk(net, data, start, move=PerLayer(), **kind)
    assert 0 < walk.acceptance.mean() < 1
    np.testing.assert_array_equal(walk.loss, again.loss)
    np.testing.assert_array_equal(walk.state.positions, again.state.positions)
