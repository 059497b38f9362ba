"""Binarised networks: exact signs, the straight-through gradient, training and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from naive import networks as naive
from naive import training as slow

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP


def case(sizes, n=40, **kind):
    rng = np.random.default_rng(sum(sizes))
    net = MLP(sizes, activation="sign", **kind)
    data = sg.datasets.Dataset(
        rng.standard_normal((n, sizes[0])), rng.integers(0, sizes[-1], n), n_classes=sizes[-1]
    )
    return net, sg.networks.initialize(net, rng=1).weights[0], data


@pytest.mark.parametrize("sizes", [(4, 5, 3), (6, 20, 17, 4), (300, 40, 5), (5, 4, 4, 4, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_and_straight_through_gradient_are_those_of_the_definition(sizes, bias):
    net, theta, data = case(sizes, bias=bias)
    expected = naive.preactivations(net, theta, data.inputs)[-1]
    np.testing.assert_allclose(sg.networks.logits(net, theta, data), expected, rtol=1e-12)
    gradient = sg.networks.gradient(net, theta, data)
    by_hand = slow.gradient(net, theta, data.inputs, data.labels)
    np.testing.assert_allclose(gradient, by_hand, rtol=1e-9, atol=1e-12)


def test_the_gradient_in_tiles_is_the_same():
    net, theta, data = case((300, 40, 5), n=600)
    by_hand = slow.gradient(net, theta, data.inputs, data.labels)
    np.testing.assert_allclose(
        sg.networks.gradient(net, theta, data), by_hand, rtol=1e-9, atol=1e-12
    )


def test_a_sum_of_zero_is_up():
    net = MLP((1, 1, 2), activation="sign", bias=False)
    data = sg.datasets.Dataset(np.array([[0.0], [-1.0], [1.0]]), np.array([0, 0, 1]), 2)
    z = sg.networks.logits(net, np.array([2.0, 1.0, -3.0]), data)
    np.testing.assert_array_equal(z, [[1, -3], [-1, 3], [1, -3]])


def test_the_top_layer_has_the_true_gradient():
    """Signs do not depend on the weights above them."""
    net, theta, data = case((6, 9, 4))
    gradient = net.layers(sg.networks.gradient(net, theta, data))[-1].weight
    moved = theta.copy()
    net.layers(moved)[-1].weight[2, 3] += 1e-6
    rise = (sg.networks.loss(net, moved, data) - sg.networks.loss(net, theta, data)) / 1e-6
    np.testing.assert_allclose(gradient[2, 3], rise, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_learns(dtype):
    data = sg.datasets.digits()
    net = MLP((64, 64, 64, 10), activation="sign", bias=False)
    run = sg.training.train_replicas(
        net, data, n_epochs=6, batch_size=64, dtype=dtype, rng=0,
        optimizer=sg.training.SGD(0.01, momentum=0.9),
    )  # fmt: skip
    assert run.history.last("test_accuracy")[0] > 0.8


def test_what_needs_a_derivative_is_refused():
    net, theta, data = case((4, 5, 3))
    with pytest.raises(ParameterError, match=r"activation with a derivative .* got 'sign'"):
        sg.networks.Curvature(net, theta, data)
    with pytest.raises(ParameterError, match="activation with a derivative"):
        sg.networks.hessian_vector_product(net, theta, theta, data)
    replica = sg.networks.Replica(net, theta)
    with pytest.raises(ParameterError, match="activation 'relu' or 'identity'"):
        sg.symmetries.balance(replica)
