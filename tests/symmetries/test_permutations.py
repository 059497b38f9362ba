from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import symmetries as naive

from spinglass_nn import io, networks, symmetries
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.networks import MLP
from spinglass_nn.symmetries import Permutation, identity, random_permutation, swap

NETS = [
    MLP((4, 5, 3)),
    MLP((4, 5, 3), activation="tanh", bias=False),
    MLP((4, 6, 5, 3)),
    MLP((4, 3, 5, 4, 2), loss="squared_hinge", activation="tanh"),
]
LINEAR = MLP((4, 3))


def permutations(sizes):
    return st.tuples(*(st.permutations(range(n)) for n in sizes)).map(
        lambda orders: Permutation(tuple(np.array(order) for order in orders))
    )


@pytest.mark.parametrize("net", NETS, ids=str)
def test_apply_is_the_definition(net):
    replica = networks.initialize(net, rng=1)[0]
    permutation = random_permutation(net, rng=2)
    expected = naive.permuted_layers(replica.layers, permutation.orders)
    for layer, (weight, bias) in zip(permutation.apply(replica).layers, expected, strict=True):
        np.testing.assert_array_equal(layer.weight, weight)
        if bias is None:
            assert layer.bias is None
        else:
            np.testing.assert_array_equal(layer.bias, bias)


@pytest.mark.parametrize("net", [MLP((4, 8, 3)), MLP((4, 6, 5, 3), activation="tanh")], ids=str)
def test_permuted_copy_has_the_same_loss(net, small_data):  # T1
    replica = networks.initialize(net, rng=3)[0]
    loss = networks.loss(net, replica, small_data)
    for index in range(5):
        copy = random_permutation(net, index=index, rng=4).apply(replica)
        assert not np.array_equal(copy.weights, replica.weights)
        assert abs(networks.loss(net, copy, small_data) - loss) < 1e-12


@given(st.data())
def test_logits_do_not_change(data):
    net = data.draw(st.sampled_from(NETS))
    permutation = data.draw(permutations(net.hidden_sizes))
    replica = networks.initialize(net, rng=data.draw(st.integers(0, 1000)))[0]
    inputs = np.random.default_rng(0).standard_normal((7, net.n_inputs))
    np.testing.assert_allclose(
        networks.logits(net, permutation.apply(replica), inputs),
        networks.logits(net, replica, inputs),
        rtol=0,
        atol=1e-13,
    )


SIZES = (6, 4)


@given(permutations(SIZES), permutations(SIZES), permutations(SIZES))
def test_group_laws(p, q, r):
    one = identity(MLP((2, *SIZES, 2)))
    assert p.then(q).then(r) == p.then(q.then(r))
    assert p.then(one) == p == one.then(p)
    assert p.then(p.inverse()) == one == p.inverse().then(p)
    assert p.then(q).inverse() == q.inverse().then(p.inverse())
    assert hash(p.inverse().inverse()) == hash(p)


@given(permutations(SIZES), permutations(SIZES))
def test_then_applies_one_after_the_other(p, q):
    net = MLP((2, *SIZES, 2))
    replica = networks.initialize(net, rng=0)[0]
    both = p.then(q).apply(replica)
    np.testing.assert_array_equal(both.weights, q.apply(p.apply(replica)).weights)
    np.testing.assert_array_equal(p.inverse().apply(p.apply(replica)).weights, replica.weights)


@given(permutations(SIZES))
def test_transpositions_multiply_to_it_and_are_as_few_as_can_be(p):
    net = MLP((2, *SIZES, 2))
    product = identity(net)
    for layer, i, j in p.transpositions():
        product = product.then(swap(net, layer, i, j))
    assert product == p
    in_cycles = sum(len(cycle) for cycles in p.cycles() for cycle in cycles)
    assert in_cycles == p.n_moved
    n_cycles = sum(len(cycles) for cycles in p.cycles()) + p.n_units - p.n_moved
    assert len(p.transpositions()) == p.n_units - n_cycles


def test_cycles_are_read_as_documented():
    p = Permutation((np.array([1, 2, 0, 4, 3]),))
    assert p.cycles() == (((0, 1, 2), (3, 4)),)
    assert p.transpositions() == ((0, 0, 1), (0, 1, 2), (0, 3, 4))
    assert (p.n_moved, p.n_units, p.fraction_moved) == (5, 5, 1.0)


def test_replicas_are_permuted_together_and_precision_kept():
    net = MLP((3, 5, 2))
    replicas = networks.initialize(net, n_replicas=3, dtype=np.float32, rng=0)
    permutation = random_permutation(net, rng=1)
    together = permutation.apply(replicas)
    assert together.weights.dtype == np.float32
    for one, many in zip(replicas, together, strict=True):
        np.testing.assert_array_equal(permutation.apply(one).weights, many.weights)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("kind", ["cycle", "involution", "uniform"])
def test_random_permutations_move_what_they_say(fraction, kind):
    net = MLP((3, 40, 20, 2))
    permutation = random_permutation(net, fraction=fraction, kind=kind, rng=5)
    counts = [round(fraction * 40), round(fraction * 20)]
    if kind == "uniform":
        assert 0 < permutation.n_moved <= sum(counts)
    else:
        assert permutation.n_moved == sum(n - (kind == "involution" and n % 2) for n in counts)
    if kind == "cycle":
        assert [len(cycles) for cycles in permutation.cycles()] == [1, 1]
    if kind == "involution":
        assert permutation == permutation.inverse()


def test_uniform_permutations_are_uniform():
    net = MLP((1, 3, 2))
    seen: dict[Permutation, int] = {}
    for index in range(600):
        p = random_permutation(net, index=index, rng=6)
        seen[p] = seen.get(p, 0) + 1
    assert len(seen) == 6
    # multinomial with p = 1/6: standard deviation of a count is sqrt(600 * 5) / 6
    assert max(abs(count - 100) for count in seen.values()) < 4 * np.sqrt(600 * 5) / 6


def test_random_permutation_is_a_function_of_seed_and_index():
    net = MLP((3, 30, 2))
    assert random_permutation(net, index=3, rng=1) == random_permutation(net, index=3, rng=1)
    assert random_permutation(net, index=3, rng=1) != random_permutation(net, index=4, rng=1)
    assert random_permutation(net, fraction=0, rng=1) == identity(net)


def test_networks_without_hidden_units_have_the_empty_permutation():
    permutation = random_permutation(LINEAR, rng=0)
    assert permutation.orders == ()
    assert permutation.fraction_moved == 0
    assert permutation.transpositions() == ()
    replica = networks.initialize(LINEAR, rng=0)[0]
    np.testing.assert_array_equal(permutation.apply(replica).weights, replica.weights)


def test_permutation_survives_a_file(tmp_path):
    permutation = random_permutation(MLP((3, 6, 5, 2)), rng=0)
    again = io.load(io.save(permutation, tmp_path / "permutation.npz"))
    assert again == permutation
    assert repr(permutation) == f"<permutation of 11 units, {permutation.n_moved} moved>"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Permutation((np.array([0, 0, 1]),)), ParameterError, r"orders\[0\] must hold"),
        (lambda: Permutation((np.array([0.0, 1.0]),)), ParameterError, "row of integers"),
        (lambda: swap(MLP((2, 3, 2)), 1, 0, 1), ParameterError, "layer must be below 1"),
        (lambda: swap(MLP((2, 3, 2)), 0, 1, 1), ParameterError, "two different units below 3"),
        (lambda: swap(MLP((2, 3, 2)), 0, 0, 3), ParameterError, "two different units below 3"),
        (
            lambda: random_permutation(MLP((2, 32, 2)), fraction=0.02),
            ParameterError,
            "at least 2 units .* got 0.02 of a layer of 32 units, which is 1",
        ),
        (
            lambda: random_permutation(MLP((2, 3, 2)), kind="cycles"),
            ParameterError,
            "did you mean 'cycle'",
        ),
        (lambda: random_permutation(MLP((2, 3, 2)), fraction=1.5), ParameterError, r"\[0, 1\]"),
        (
            lambda: identity(MLP((2, 3, 2))).then(identity(MLP((2, 4, 2)))),
            ShapeError,
            r"layers of \(3,\) units, got \(4,\)",
        ),
        (
            lambda: identity(MLP((2, 3, 2))).apply(networks.initialize(MLP((2, 4, 2)), rng=0)),
            ShapeError,
            r"hidden layers of \(3,\) units",
        ),
    ],
)
def test_errors_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_public_names():
    assert symmetries.Permutation is Permutation
