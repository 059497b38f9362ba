from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import symmetries as naive

from spinglass_nn import networks
from spinglass_nn.errors import NotConverged, ParameterError, ShapeError
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.symmetries import balance, balancing_factors, rescale

NETS = [
    MLP((4, 5, 3)),
    MLP((4, 5, 3), bias=False),
    MLP((4, 5, 3), activation="identity"),
    MLP((4, 6, 5, 3)),
    MLP((4, 6, 5, 4, 3), bias=False),
]


@pytest.mark.parametrize("net", NETS, ids=str)
def test_balanced_units_have_equal_norms(net):
    replica = networks.initialize(net, rng=1)[0]
    balanced = balance(replica)
    for hidden, size in enumerate(net.hidden_sizes):
        for unit in range(size):
            inner, outer = naive.norms(balanced.layers, hidden, unit)
            assert inner == pytest.approx(outer, rel=1e-11)
    assert balanced.norm < replica.norm


@pytest.mark.parametrize("net", [MLP((4, 8, 3)), MLP((4, 6, 5, 3))], ids=str)
def test_balanced_gauge_leaves_the_loss(net, small_data):  # T9, first half
    replica = networks.initialize(net, rng=2)[0]
    before = networks.loss(net, replica, small_data)
    assert abs(networks.loss(net, balance(replica), small_data) - before) < 1e-12


def test_one_hidden_layer_is_the_formula():
    net = MLP((4, 5, 3))
    replica = networks.initialize(net, rng=3)[0]
    (w, b), (a, _) = replica.layers
    expected = np.sqrt(np.linalg.norm(a, axis=0) / np.sqrt((w**2).sum(axis=1) + b**2))
    found = balancing_factors(replica)
    np.testing.assert_allclose(found.factors[0], expected, rtol=1e-14)
    assert (found.n_iterations, found.residual, found.n_dead) == (1, 0.0, 0)


@given(st.integers(0, 3), st.integers(0, 1000))
def test_any_rescaled_copy_has_the_same_logits_and_the_same_balanced_point(which, seed):
    net = NETS[which]
    rng = np.random.default_rng(seed)
    replica = networks.initialize(net, rng=seed)[0]
    copy = rescale(replica, [np.exp(rng.uniform(-2, 2, size)) for size in net.hidden_sizes])
    inputs = rng.standard_normal((6, net.n_inputs))
    np.testing.assert_allclose(
        networks.logits(net, copy, inputs), networks.logits(net, replica, inputs), atol=1e-12
    )
    np.testing.assert_allclose(balance(copy).weights, balance(replica).weights, atol=1e-10)


def test_dead_units_are_counted_and_left_alone():
    net = MLP((3, 4, 5, 2))
    replica = networks.initialize(net, rng=4)[0]
    first, second, third = replica.layers
    first.weight[1], first.bias[1] = 0, 0  # nothing in
    second.weight[:, 2] = 0  # nothing out
    third.weight[:, 3] = 0
    found = balancing_factors(replica)
    assert found.n_dead == 3
    assert found.factors[0][1] == found.factors[0][2] == found.factors[1][3] == 1
    assert found.residual <= 1e-12
    assert np.isfinite(balance(replica).weights).all()


def test_precision_is_kept_and_no_hidden_layer_is_no_work():
    small = networks.initialize(MLP((3, 4, 2)), dtype=np.float32, rng=0)[0]
    assert balance(small).weights.dtype == np.float32
    linear = networks.initialize(MLP((3, 2)), rng=0)[0]
    np.testing.assert_array_equal(balance(linear).weights, linear.weights)


def test_too_few_passes_say_so_and_carry_the_last():
    replica = networks.initialize(MLP((4, 6, 5, 3)), rng=1)[0]
    with pytest.raises(NotConverged, match="residual of 1e-12 within 2 passes") as caught:
        balancing_factors(replica, max_iterations=2)
    assert caught.value.last.residual > 1e-12
    assert caught.value.last.n_iterations == 2


def test_errors_say_what_is_wrong():
    bent = networks.initialize(MLP((3, 4, 2), activation="tanh"), rng=0)[0]
    replica = networks.initialize(MLP((3, 4, 2)), rng=0)[0]
    with pytest.raises(ParameterError, match="activation 'relu' or 'identity'"):
        balance(bent)
    with pytest.raises(ParameterError, match="activation 'relu' or 'identity'"):
        rescale(bent, [np.ones(4)])
    with pytest.raises(ShapeError, match="factors must hold 1 arrays"):
        rescale(replica, [])
    with pytest.raises(ShapeError, match=r"factors\[0\] must have shape \(4,\)"):
        rescale(replica, [np.ones(3)])
    with pytest.raises(ParameterError, match=r"factors\[0\] must be positive, got -1"):
        rescale(replica, [np.array([1, -1, 2, 3])])
    assert isinstance(rescale(replica, [np.ones(4)]), Replica)
