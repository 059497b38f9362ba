from __future__ import annotations

import numpy as np
import pytest
from naive import symmetries as naive

from spinglass_nn import networks
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.streams import stream_states
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.symmetries import identity, match, match_pairs, random_permutation
from spinglass_nn.symmetries._annealing import COLD, HOT, annealed
from spinglass_nn.symmetries._assignment import descend, gram, inner_product, pair_of

DEEP = [MLP((3, 4, 5, 2)), MLP((3, 9, 4, 5, 2), bias=False), MLP((2, 3, 1, 3, 2))]


def planted(net: MLP, noise: float, seed: int):
    """Points a and b and the permutation that makes b into a, up to noise on each layer."""
    a = networks.initialize(net, rng=seed)[0]
    b = Replica(net, a.weights.copy())
    rng = np.random.default_rng(seed)
    for layer in b.layers:
        spread = noise * layer.weight.std()
        layer.weight[...] += spread * rng.standard_normal(layer.weight.shape)
    hidden = random_permutation(net, rng=seed)
    return a, hidden.apply(b), hidden.inverse()


def temperatures_for(pair, start, n_sweeps):
    """The ladder from its definition: typical gains of all swaps, one by one."""
    gains = []
    for k, order in enumerate(start):
        similar = gram(pair, start, k)[:, order]
        changes = [
            similar[i, j] + similar[j, i] - similar[i, i] - similar[j, j]
            for i in range(order.size)
            for j in range(order.size)
        ]
        gains.append(np.sqrt(np.mean(np.square(changes))))
    return np.geomspace(HOT * max(gains), COLD * min(g for g in gains if g > 0), n_sweeps)


@pytest.mark.parametrize("net", DEEP, ids=str)
def test_annealing_is_its_slow_twin(net):
    a, b = networks.initialize(net, n_replicas=2, rng=1)
    pair, start = pair_of(a, b), random_permutation(net, rng=2).orders
    state = stream_states(Seed(3), Stream.ANNEALED_MATCHING, 1, 4)[0]
    found = annealed(pair, start, 12, state)
    expected = naive.annealed_orders(
        a.layers, b.layers, start, temperatures_for(pair, start, 12),
        Seed(3).generator(Stream.ANNEALED_MATCHING, 4, 0),
    )  # fmt: skip
    assert [order.tolist() for order in found] == expected


def test_networks_without_weights_stay_as_they_are():
    net = DEEP[0]
    zero = Replica(net, np.zeros(net.n_parameters))
    found = match(zero, zero, method="annealing", rng=0)
    assert (found.similarity_after, found.permutation.n_moved) == (0.0, 0)


def test_a_small_network_is_matched_best_in_every_search():
    net = MLP((3, 4, 3, 2))
    for seed in range(4):
        a, b = networks.initialize(net, n_replicas=2, rng=seed)
        found = match(a, b, method="annealing", n_restarts=6, rng=0)
        best = naive.best_overlap(a.layers, b.layers, net.hidden_sizes) / (a.norm * b.norm)
        assert (found.method, found.exact) == ("annealing", False)
        np.testing.assert_allclose(found.restarts[1:], best, atol=1e-13)


def test_searches_do_not_depend_on_threads_or_on_how_many_there_are():
    a, b = networks.initialize(MLP((3, 20, 20, 20, 2)), n_replicas=2, rng=0)
    settings = {"method": "annealing", "n_sweeps": 50, "rng": 5}
    one = match(a, b, n_restarts=6, n_threads=1, **settings)
    two = match(a, b, n_restarts=6, n_threads=2, **settings)
    few = match(a, b, n_restarts=3, **settings)
    np.testing.assert_array_equal(one.restarts, two.restarts)
    np.testing.assert_array_equal(one.restarts[:3], few.restarts)
    assert one.permutation == two.permutation


def test_the_first_search_is_assignment_and_every_other_one_is_annealed():
    net = MLP((3, 12, 11, 2))
    a, b = networks.initialize(net, n_replicas=2, rng=6)
    found = match(a, b, method="annealing", n_restarts=3, n_sweeps=30, rng=7)
    assert found.restarts[0] == match(a, b, n_restarts=1).similarity_after
    pair = pair_of(a, b)
    for k in (1, 2):
        start = random_permutation(net, rng=Seed(7).generator(Stream.MATCHING, k, 0)).orders
        state = stream_states(Seed(7), Stream.ANNEALED_MATCHING, 1, k)[0]
        orders = descend(
            pair,
            list(annealed(pair, start, 30, state)),
            Seed(7).generator(Stream.MATCHING, k, 1),
        )
        assert found.restarts[k] == inner_product(pair, orders) / pair.norm


@pytest.mark.parametrize("net", [MLP((5, 9, 3)), DEEP[0]], ids=str)
def test_annealing_that_could_anneal_nothing_is_refused(net):
    points = networks.initialize(net, n_replicas=2, rng=0)
    message = "n_restarts must be at least 2 for method='annealing', whose first .*, got 1"
    with pytest.raises(ParameterError, match=message):
        match(*points, method="annealing", n_restarts=1)
    with pytest.raises(ParameterError, match=message):
        match_pairs(points, method="annealing", n_restarts=1)
    assert match(*points, n_restarts=1).restarts.shape == (1,)


def test_one_hidden_layer_needs_no_annealing():
    a, b = networks.initialize(MLP((5, 9, 3)), n_replicas=2, rng=0)
    found = match(a, b, method="annealing")
    assert found.exact
    assert found.similarity_after == match(a, b).similarity_after


def starts_that_find(net, method, noise, n_pairs, n_starts):
    """Of all starts from random permutations, and of pairs by the best of theirs."""
    starts = pairs = 0
    for seed in range(n_pairs):
        a, b, hidden = planted(net, noise, seed)
        found = match(a, b, method=method, n_restarts=1 + n_starts, n_sweeps=1000, rng=seed)
        pair = pair_of(a, b)
        goal = inner_product(pair, hidden.orders) / pair.norm
        assert inner_product(pair, identity(net).orders) / pair.norm < 0.6 * goal
        hits = found.restarts[1:] > 0.99 * goal
        starts += int(hits.sum())
        pairs += bool(hits.any())
    return starts, pairs


@pytest.mark.physics
@pytest.mark.parametrize("width", [32, 128])
@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("method", ["weights", "annealing"])
def test_every_start_finds_what_is_planted_in_networks_with_many_inputs(method, depth, width):
    net = MLP((64, *[width] * depth, 10))
    assert starts_that_find(net, method, 0.5, n_pairs=2, n_starts=5) == (10, 2)


@pytest.mark.physics
def test_annealing_finds_what_assignment_does_not_where_inputs_say_little():
    net = MLP((2, 128, 128, 128, 2), bias=False)
    alone = starts_that_find(net, "weights", 0.5, n_pairs=4, n_starts=5)
    annealing = starts_that_find(net, "annealing", 0.5, n_pairs=4, n_starts=5)
    assert annealing[0] >= alone[0] + 4
    assert annealing[1] == 4
