"""Symmetries the loss must have, whatever the weights (hypothesis)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, gradient, hessian_vector_product, logits, loss

sizes = st.tuples(*[st.integers(1, 6)] * 2, st.integers(1, 6), st.integers(2, 5))
seeds = st.integers(0, 2**32 - 1)


def setting(shape, activation, seed, name="cross_entropy"):
    net = MLP(shape, activation, loss=name)
    rng = np.random.default_rng(seed)
    theta = rng.standard_normal(net.n_parameters)
    data = Dataset(
        rng.standard_normal((20, shape[0])), rng.integers(0, shape[-1], 20), n_classes=shape[-1]
    )
    return net, theta, data, rng


def rescale(net, theta, factors):
    """Multiply what enters hidden unit j by factor j, divide what leaves it."""
    out = theta.copy()
    layers = net.layers(out)
    for k, factor in enumerate(factors):
        layers[k].weight[...] *= factor[:, None]
        layers[k].bias[...] *= factor
        layers[k + 1].weight[...] /= factor
    return out


def permute(net, theta, orders):
    """Renumber the hidden units: place j takes unit order[j]."""
    out = theta.copy()
    layers = net.layers(out)
    for k, order in enumerate(orders):
        layers[k].weight[...] = layers[k].weight[order]
        layers[k].bias[...] = layers[k].bias[order]
        layers[k + 1].weight[...] = layers[k + 1].weight[:, order]
    return out


@given(sizes, seeds)
def test_positive_rescaling_of_relu_units(shape, seed):
    net, theta, data, rng = setting(shape, "relu", seed)
    factors = [np.exp(rng.standard_normal(n)) for n in net.hidden_sizes]
    moved = rescale(net, theta, factors)
    expected = logits(net, theta, data)
    assert_allclose(logits(net, moved, data), expected, atol=1e-12 * abs(expected).max())
    # the gradient moves the other way, so that g . d(theta) is invariant
    inverse = rescale(net, gradient(net, theta, data), [1 / f for f in factors])
    scale = 1 + abs(inverse).max()
    assert_allclose(gradient(net, moved, data), inverse, rtol=0, atol=1e-11 * scale)


@given(sizes, seeds, st.sampled_from(["relu", "tanh", "identity"]))
def test_permutation_of_hidden_units(shape, seed, activation):
    net, theta, data, rng = setting(shape, activation, seed)
    orders = [rng.permutation(n) for n in net.hidden_sizes]
    moved = permute(net, theta, orders)
    assert loss(net, moved, data) == pytest.approx(loss(net, theta, data), rel=1e-12)
    slope = gradient(net, theta, data)
    found = gradient(net, moved, data)
    assert_allclose(
        found, permute(net, slope, orders), rtol=0, atol=1e-13 * (1 + abs(slope).max())
    )
    v = rng.standard_normal(theta.size)
    product = hessian_vector_product(net, theta, v, data)
    found = hessian_vector_product(net, moved, permute(net, v, orders), data)
    expected = permute(net, product, orders)
    assert_allclose(found, expected, rtol=0, atol=1e-12 * (1 + abs(product).max()))


@given(sizes, seeds)
def test_sign_flips_of_tanh_units(shape, seed):
    net, theta, data, rng = setting(shape, "tanh", seed)
    signs = [rng.choice([-1.0, 1.0], n) for n in net.hidden_sizes]
    moved = rescale(net, theta, signs)
    expected = logits(net, theta, data)
    assert_allclose(
        logits(net, moved, data), expected, rtol=0, atol=1e-13 * (1 + abs(expected).max())
    )


@given(sizes, seeds)
def test_rescaling_directions_are_flat(shape, seed):
    """For ReLU, incoming weights . gradient = outgoing weights . gradient at every unit."""
    net, theta, data, _ = setting(shape, "relu", seed)
    layers, slopes = net.layers(theta), net.layers(gradient(net, theta, data))
    for k in range(len(net.hidden_sizes)):
        entering = (layers[k].weight * slopes[k].weight).sum(axis=1)
        entering = entering + layers[k].bias * slopes[k].bias
        leaving = (layers[k + 1].weight * slopes[k + 1].weight).sum(axis=0)
        assert_allclose(entering, leaving, rtol=0, atol=1e-12 * (1 + abs(leaving).max()))


@given(sizes, seeds)
def test_common_shift_of_the_outputs_is_flat_for_the_cross_entropy(shape, seed):
    net, theta, data, rng = setting(shape, "tanh", seed)
    moved = theta.copy()
    net.layers(moved)[-1].bias[...] += rng.standard_normal()
    assert loss(net, moved, data) == pytest.approx(loss(net, theta, data), rel=1e-12)
    assert abs(net.layers(gradient(net, theta, data))[-1].bias.sum()) < 1e-14
