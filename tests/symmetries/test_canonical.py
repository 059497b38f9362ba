from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import symmetries as naive

from spinglass_nn import networks
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.symmetries import canonical, random_permutation, rescale

NETS = [
    MLP((4, 7, 3)),
    MLP((4, 7, 3), bias=False),
    MLP((4, 7, 3), activation="identity"),
    MLP((4, 7, 3), activation="tanh"),
    MLP((4, 6, 5, 3)),
    MLP((4, 6, 5, 4, 3), bias=False),
    MLP((4, 6, 5, 3), activation="tanh"),
    MLP((4, 3)),
]
nets = st.sampled_from(NETS)
seeds = st.integers(0, 10_000)


def some_copy(replica: Replica, seed: int) -> Replica:
    net, rng = replica.network, np.random.default_rng(seed)
    copy = random_permutation(net, rng=seed).apply(replica)
    if net.activation == "tanh":
        return copy
    return rescale(copy, [np.exp(rng.uniform(-2, 2, size)) for size in net.hidden_sizes])


def assert_same_function(one: Replica, other: Replica) -> None:
    net = one.network
    inputs = np.random.default_rng(0).standard_normal((7, net.n_inputs))
    logits = networks.logits(net, one, inputs)
    np.testing.assert_allclose(networks.logits(net, other, inputs), logits, atol=1e-11)


@given(nets, seeds)
def test_copies_have_one_form(net, seed):
    replica = networks.initialize(net, rng=seed)[0]
    form = canonical(replica)
    assert_same_function(replica, form)
    copy = canonical(some_copy(replica, seed))
    np.testing.assert_allclose(copy.weights, form.weights, rtol=0, atol=1e-9)
    np.testing.assert_allclose(canonical(form).weights, form.weights, rtol=0, atol=1e-9)


@given(st.sampled_from([net for net in NETS if len(net.hidden_sizes) == 1]), seeds)
def test_ties_are_broken_and_dead_units_buried(net, seed):
    """Weights -1, 0 and 1: many equal norms, equal units, units without inputs or outputs."""
    rng = np.random.default_rng(seed)
    replica = Replica(net, rng.integers(-1, 2, net.n_parameters).astype(np.float64))
    form = canonical(replica)
    assert_same_function(replica, form)
    copy = canonical(some_copy(replica, seed))
    np.testing.assert_allclose(copy.weights, form.weights, rtol=0, atol=1e-9)


def test_units_stand_by_falling_norm():
    form = canonical(networks.initialize(NETS[5], rng=3)[0])
    for hidden, size in enumerate(NETS[5].hidden_sizes):
        norms = [naive.norms(form.layers, hidden, unit)[0] for unit in range(size)]
        assert norms == sorted(norms, reverse=True)


def test_what_dies_with_a_dead_unit_is_buried_too():
    net = MLP((2, 1, 1, 2), bias=False)
    replica = Replica(net, np.array([0.0, 0.0, 3.0, 1.0, 2.0]))
    assert not canonical(replica).weights.any()
    alive = Replica(net, np.array([1.0, 0.0, 3.0, 1.0, 2.0]))
    assert_same_function(alive, canonical(alive))


def test_precision_is_kept_and_near_ties_jump():
    net = MLP((2, 2, 1), bias=False, loss="squared_error")
    single = networks.initialize(net, dtype=np.float32, rng=0)[0]
    assert canonical(single).weights.dtype == np.float32
    one, other = (
        canonical(Replica(net, np.array([1.0, 0.0, 0.0, 1.0 + shift, 1.0, 1.0])))
        for shift in (-1e-6, 1e-6)
    )
    assert np.linalg.norm(one.weights - other.weights) == pytest.approx(2.0, abs=1e-5)
