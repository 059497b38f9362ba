from __future__ import annotations

import numpy as np
import pytest
from naive import points as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps import function_points, layer_matrices, matrix

NET = sg.networks.MLP(sizes=(4, 5, 3))
DEEP = sg.networks.MLP(sizes=(4, 5, 6, 3))
INPUTS = np.random.default_rng(8).normal(size=(70, 4))


def replicas_of(net, n=4, seed=3):
    weights = np.random.default_rng(seed).normal(size=(n, net.n_parameters))
    return sg.networks.Replicas(net, weights)


def on(replicas):
    return [naive.hidden_units_on(replicas.network, r.weights, INPUTS) for r in replicas]


@pytest.mark.parametrize("net", [NET, DEEP], ids=["one layer", "two layers"])
def test_patterns_as_points_are_those_of_loops(net):
    replicas = replicas_of(net)
    found = function_points(replicas, INPUTS, of="activations")
    expected = [[b for layer in p for unit in layer for b in unit] for p in on(replicas)]
    assert np.array_equal(found > 0, np.array(expected))
    assert set(np.unique(found)) == {-1, 1}


@pytest.mark.parametrize("net", [NET, DEEP], ids=["one layer", "two layers"])
def test_overlap_of_patterns_against_loops(net):
    replicas = replicas_of(net)
    q = matrix(replicas, of="activations", data=INPUTS)
    np.testing.assert_allclose(
        q, naive.all_pairs(naive.pattern_overlap, on(replicas)), atol=1e-12
    )
    last = len(net.hidden_sizes) - 1
    parts = [p[last:] for p in on(replicas)]
    q = matrix(replicas, of="activations", data=INPUTS, layer=last)
    np.testing.assert_allclose(q, naive.all_pairs(naive.pattern_overlap, parts), atol=1e-12)


def test_units_paired_by_their_patterns_agree_best():
    replicas = replicas_of(NET)
    found = matrix(replicas, of="activations", data=INPUTS, align="activations")
    expected = naive.all_pairs(naive.best_pattern_overlap, on(replicas))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("align", ["permutations", "balanced"])
@pytest.mark.parametrize("net", [NET, DEEP], ids=["one layer", "two layers"])
def test_units_paired_by_their_weights(net, align):
    replicas = replicas_of(net, n=3)
    found = matrix(replicas, of="activations", data=INPUTS, align=align)
    patterns = on(replicas)
    members = [sg.symmetries.balance(r) if align == "balanced" else r for r in replicas]
    for a, b in ((0, 1), (1, 2)):
        rng = np.random.SeedSequence(0, spawn_key=(a, b))
        orders = sg.symmetries.match(members[a], members[b], rng=rng).permutation.orders
        expected = naive.pattern_overlap(patterns[a], patterns[b], orders)
        assert found[a, b] == found[b, a] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("align", ["permutations", "balanced", "activations"])
def test_permuted_copies_have_overlap_one_after_matching(align):
    first = replicas_of(NET, n=1)[0]
    copy = sg.symmetries.random_permutation(NET, rng=1).apply(first)
    pair = [first, copy]
    assert matrix(pair, of="activations", data=INPUTS)[0, 1] < 0.9
    matched = matrix(pair, of="activations", data=INPUTS, align=align)
    assert matched[0, 1] == pytest.approx(1, abs=1e-12)


def test_rescaling_changes_no_pattern():
    first = replicas_of(NET, n=1)[0]
    scaled = sg.symmetries.rescale(first, [np.array([0.5, 2.0, 1.0, 3.0, 0.25])])
    assert matrix([first, scaled], of="activations", data=INPUTS)[0, 1] == 1


def test_independent_patterns_have_no_overlap_beyond_chance():
    """Units that are on at random, at any rate, agree as often as chance has it."""
    rng = np.random.default_rng(1)
    biases = rng.normal(size=(6, 40))
    net = sg.networks.MLP(sizes=(40 * 6, 40, 2))
    parts = []
    for k in range(6):  # network k looks at inputs of its own
        weight = np.zeros((40, 240))
        weight[:, 40 * k : 40 * (k + 1)] = np.eye(40)
        parts.append([(weight, biases[k]), (np.ones((2, 40)), np.zeros(2))])
    replicas = sg.networks.Replicas.from_layers(net, parts)
    data = rng.normal(size=(4000, 240))
    q = matrix(replicas, of="activations", data=data)[np.triu_indices(6, 1)]
    # each unit's sum has variance at most 1/n; 40 units share the samples, but not the inputs
    assert np.all(np.abs(q) < 4 / np.sqrt(4000 * 40))
    shares = (function_points(replicas, data, of="activations") > 0).reshape(6, 40, -1).mean(2)
    assert np.mean(shares[0] * shares[1] + (1 - shares[0]) * (1 - shares[1])) > 0.5


def test_threads_precision_and_data_sets_do_not_matter(small_data):
    replicas = replicas_of(NET)
    found = [
        matrix(replicas, of="activations", data=small_data, align=align, n_threads=n)
        for align in (None, "activations")
        for n in (1, 2)
    ]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[2], found[3])
    assert np.array_equal(matrix(replicas, of="activations", data=small_data.inputs), found[0])
    single = sg.networks.Replicas(NET, replicas.weights.astype(np.float32))
    assert np.allclose(matrix(single, of="activations", data=small_data), found[0], atol=0.02)


@pytest.mark.parametrize(
    ("net", "options", "error", "message"),
    [
        (
            sg.networks.MLP((4, 3), loss="cross_entropy"),
            {},
            ParameterError,
            "hidden ReLU units",
        ),
        (
            sg.networks.MLP((4, 5, 3), activation="tanh"),
            {},
            ParameterError,
            "hidden ReLU units",
        ),
        (NET, {"layer": 1}, ParameterError, "layer must be below 1 for hidden layers, got 1"),
        (NET, {"layer": -1}, ParameterError, "layer must be at least 0"),
        (NET, {"data": INPUTS[:, :3]}, ShapeError, r"shape \(n_samples, 4\)"),
        (NET, {"data": INPUTS[:0]}, ShapeError, r"shape \(n_samples, 4\)"),
        (NET, {"data": INPUTS * np.nan}, DataError, "data must be finite"),
        (NET, {"data": None}, ParameterError, "data must be given"),
        (NET, {"align": "permutation"}, ParameterError, "did you mean 'permutations'"),
    ],
)
def test_refuses(net, options, error, message):
    with pytest.raises(error, match=message):
        matrix(replicas_of(net), of="activations", **({"data": INPUTS} | options))


def test_dead_networks_are_refused():
    weights = replicas_of(NET).weights.copy()
    weights[2, :25] = -1.0
    dead = sg.networks.Replicas(NET, weights)
    with pytest.raises(
        DataError, match=r"on for some samples and off for others, .* network 2"
    ):
        matrix(dead, of="activations", data=np.abs(INPUTS))


@pytest.mark.parametrize("align", [None, "permutations", "balanced"])
def test_overlap_of_all_weights_is_the_mean_of_layers_by_their_norms(align):
    replicas = replicas_of(DEEP)
    if align == "balanced":
        replicas = [sg.symmetries.balance(r) for r in replicas]
    layers = layer_matrices(replicas, align=align)
    assert layers.shape == (3, 4, 4)
    norms = np.array(
        [np.linalg.norm(sg.overlaps.weight_points(replicas, layer=k), axis=1) for k in range(3)]
    )
    total = sum(q * np.outer(n, n) for q, n in zip(layers, norms, strict=True))
    whole = np.sqrt((norms**2).sum(axis=0))
    np.testing.assert_allclose(
        total / np.outer(whole, whole), matrix(replicas, align=align), atol=1e-12
    )
    np.testing.assert_allclose(matrix(replicas, align=align, layer=1), layers[1], atol=1e-12)


def test_a_layer_of_zeros_has_no_direction():
    weights = replicas_of(NET).weights.copy()
    weights[1, 25:] = 0
    for align in (None, "permutations"):
        with pytest.raises(DataError, match=r"must not be zero to have a direction, .* at 1"):
            layer_matrices(sg.networks.Replicas(NET, weights), align=align)


def test_overlap_of_logits_is_the_correlation_of_centred_logits(small_data):
    replicas = replicas_of(NET)
    points = function_points(replicas, small_data, of="logits")
    q = matrix(replicas, of="logits", data=small_data)
    np.testing.assert_allclose(q, np.corrcoef(points), atol=1e-12)
