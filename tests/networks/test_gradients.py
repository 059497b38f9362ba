"""Two ways to the gradient, by BLAS and by register tiles, against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from naive import networks as naive

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, _blocks, gradient, initialize, loss
from spinglass_nn.networks._gradients import (
    PlainGradient,
    TiledGradient,
    gradient_of,
    summed_gradient,
    summed_loss,
)

WAYS = pytest.mark.parametrize("way", [PlainGradient, TiledGradient])
NETS = [
    MLP((5, 7, 3), activation="tanh"),
    MLP((5, 3), bias=False),
    MLP((5, 33, 18, 3), activation="relu", loss="squared_hinge"),
    MLP((5, 16, 16, 3), activation="identity", loss="squared_error", bias=False),
    MLP((5, 8, 2, 1), activation="tanh", loss="squared_error"),
]


def some_data(net, n):
    rng = np.random.default_rng(n)
    inputs = rng.standard_normal((n, 5))
    if net.n_outputs == 1:
        return Dataset(inputs, None, rng.standard_normal((n, 1)))
    return Dataset(inputs, rng.integers(0, 3, n), n_classes=3)


def found_by(way, net, data, theta, n_threads=1):
    source = _blocks.source(net, data, theta.dtype)
    return summed_gradient(way(net, source), theta, source, n_threads)


@WAYS
@pytest.mark.parametrize("net", NETS, ids=repr)
def test_is_the_complex_step(way, net):
    data, theta = some_data(net, 11), initialize(net, rng=1)[0].weights
    sums, total = found_by(way, net, data, theta)[1], 0.0
    expected = naive.complex_step_gradient(net, theta, data.inputs, data.labels, data.targets)
    np.testing.assert_allclose(sums, 11 * expected, rtol=1e-11, atol=1e-13)
    total = naive.loss(net, theta, data.inputs, data.labels, data.targets)
    assert found_by(way, net, data, theta)[0] == pytest.approx(11 * total, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("net", NETS[:3], ids=repr)
def test_both_ways_agree_over_several_runs_and_segments(net, dtype):
    """2,500 samples: segments of more than one block, the last one cut short."""
    data, theta = some_data(net, 2500), initialize(net, rng=2, dtype=dtype)[0].weights
    (a, one), (b, other) = (
        found_by(w, net, data, theta) for w in (PlainGradient, TiledGradient)
    )
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    assert a == pytest.approx(b, rel=tolerance)
    assert np.abs(one - other).max() < tolerance * np.abs(one).max()
    source = _blocks.source(net, data, theta.dtype)
    assert summed_loss(net, theta, source, 1) == pytest.approx(a, rel=tolerance)
    assert a == pytest.approx(2500 * loss(net, theta, data), rel=tolerance)


@WAYS
def test_threads_change_no_bit(way):
    net = NETS[0]
    data, theta = some_data(net, 2500), initialize(net, rng=3)[0].weights
    one, many = (found_by(way, net, data, theta, n) for n in (1, 3))
    assert one[0] == many[0]
    np.testing.assert_array_equal(one[1], many[1])


def test_the_way_is_told_by_sizes():
    """And the public gradient takes it, for one point and for many."""
    rng = np.random.default_rng(4)
    data = Dataset(rng.standard_normal((600, 300)), rng.integers(0, 3, 600), n_classes=3)
    net, wide = MLP((300, 40, 3)), MLP((300, 400, 3))
    for made, kind in ((net, TiledGradient), (wide, PlainGradient)):
        source = _blocks.source(made, data, np.dtype(np.float64))
        assert type(gradient_of(made, source)) is kind
    small = _blocks.source(NETS[0], some_data(NETS[0], 50), np.dtype(np.float64))
    assert type(gradient_of(NETS[0], small)) is PlainGradient
    replicas = initialize(net, n_replicas=3, rng=5)
    found = gradient(net, replicas, data)
    for replica, row in zip(replicas, found, strict=True):
        expected = found_by(PlainGradient, net, data, replica.weights)[1] / 600
        np.testing.assert_allclose(row, expected, rtol=1e-10, atol=1e-14)
        np.testing.assert_array_equal(gradient(net, replica, data), row)
