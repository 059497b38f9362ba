"""Losses from pixels held as bytes, those at rest left out, are those of `evaluate`."""

from __future__ import annotations

import numpy as np
import pytest
from naive import networks as naive

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, evaluate, initialize
from spinglass_nn.walks import Metropolis, PerLayer, random_walk, whole
from spinglass_nn.walks._alike import order_alike

NETWORKS = [
    MLP(sizes=(20, 12, 3)),
    MLP(sizes=(20, 3), bias=False),
    MLP(sizes=(20, 9, 8, 3), activation="tanh", loss="squared_error"),
    MLP(sizes=(20, 9, 3), loss="squared_hinge"),
]


@pytest.fixture
def pixels(monkeypatch):
    monkeypatch.setattr(whole, "SMALLEST", 0)

    def made(dtype, at_rest=0.0, rest=0):
        """Ten inputs that are at rest in a share of two kinds of samples each."""
        rng = np.random.default_rng(5)
        codes, kinds = rng.integers(0, 256, (700, 20)), rng.integers(0, 2, 700)
        resting = (np.arange(20) < 10) == (kinds[:, None] == 0)
        codes[resting & (rng.random((700, 1)) < at_rest)] = rest
        codes[0, :2] = 0, 255
        inputs = ((codes - 64) / 64).astype(dtype)
        return Dataset(inputs, rng.integers(0, 3, 700), n_classes=3)

    return made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("net", NETWORKS, ids=repr)
@pytest.mark.parametrize("at_rest", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("rest", [0, 255])
def test_losses_of_evaluate(net, pixels, dtype, at_rest, rest):
    """Black or white pixels at rest, standardised, so that what rests is not zero."""
    data = pixels(dtype, at_rest, rest)
    ready = whole.prepare_whole(net, data, np.dtype(dtype))
    assert ready.blocks is not None
    share = ready.blocks.inputs.size / (11 * net.n_inputs)
    assert (share < 0.7) if at_rest else share == 1
    for weights in initialize(net, n_replicas=3, rng=2, dtype=dtype).weights:
        exact = naive.loss(net, weights.astype(float), data.inputs, data.labels)
        found = whole.loss(ready, weights, 1)
        assert found == pytest.approx(exact, rel=1e-6 if dtype is np.float32 else 1e-13)
        for n_threads in (2, 3, 20):
            assert whole.loss(ready, weights, n_threads) == found


@pytest.mark.parametrize("n_samples", [1, 5, 64, 65, 257])
@pytest.mark.parametrize("width", [1, 12, 13, 25, 37])
def test_any_number_of_samples_and_units(pixels, n_samples, width):
    """Of several tiles, the last not full; targets go with their samples."""
    rng, labelled = np.random.default_rng(width), pixels(np.float64, 0.9)
    rows = labelled.inputs[:n_samples].copy()
    rows[0, :4] = -1, -63 / 64, 0, 191 / 64  # from which a grid of 256 values is seen
    data = Dataset(rows, None, rng.standard_normal((n_samples, 2)))
    net = MLP(sizes=(20, width, 2), loss="squared_error")
    ready = whole.prepare_whole(net, data, np.dtype(np.float64))
    assert ready.blocks is not None
    weights = initialize(net, rng=2)[0].weights
    exact = naive.loss(net, weights, data.inputs, None, data.targets)
    assert whole.loss(ready, weights, 2) == pytest.approx(exact, rel=1e-13)


def test_rules_compare_losses_computed_alike(pixels):
    """The start's is not that of `evaluate`, which differs in the last bits."""
    net, data = NETWORKS[0], pixels(np.float32, 0.9)
    start = initialize(net, rng=2, dtype=np.float32)[0]
    ready = whole.prepare_whole(net, data, np.dtype(np.float32))
    walk = random_walk(net, data, start, n_steps=1, step=1e-9, rule=Metropolis(1e-30), rng=1)
    assert walk.state.losses[0] == whole.loss(ready, start.weights, 1)


def test_inputs_of_another_precision_are_streamed(pixels):
    net, data = NETWORKS[0], pixels(np.float32)
    ready = whole.prepare_whole(net, data, np.dtype(np.float64))
    assert ready.blocks is None
    start = initialize(net, rng=2)[0]
    assert whole.loss(ready, start.weights, 1) == evaluate(net, start, data).loss


def test_a_walk_is_the_same_with_codes_and_without(pixels, monkeypatch):
    net, data = NETWORKS[0], pixels(np.float64)
    start = initialize(net, rng=2)[0]
    kind = {"n_steps": 60, "step": 0.3, "rule": Metropolis(0.003), "n_walkers": 2, "rng": 1}
    walk = random_walk(net, data, start, move=PerLayer(), **kind)
    monkeypatch.setattr(whole, "SMALLEST", 1 << 40)
    again = random_walk(net, data, start, move=PerLayer(), **kind)
    assert 0 < walk.acceptance.mean() < 1
    np.testing.assert_allclose(walk.loss, again.loss, rtol=1e-12)
    np.testing.assert_array_equal(walk.state.positions, again.state.positions)


def test_order_puts_alike_rows_together():
    """Sixteen patterns, shuffled, come out in runs; and every row comes out once."""
    rng = np.random.default_rng(1)
    patterns = rng.random((16, 40)) < 0.5
    kinds = rng.permutation(np.repeat(np.arange(16), 32))
    order = order_alike(patterns[kinds], 32)
    np.testing.assert_array_equal(np.sort(order), np.arange(512))
    runs = kinds[order].reshape(16, 32)
    assert (runs == runs[:, :1]).all()
    np.testing.assert_array_equal(order_alike(np.ones((70, 3), bool), 32), np.arange(70))
