from __future__ import annotations

import numpy as np
import pytest
from naive import symmetries as naive

from spinglass_nn import io, networks
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.symmetries import match, random_permutation

NETS = [MLP((12, 20, 5)), MLP((12, 20, 16, 5)), MLP((12, 20, 16, 14, 5), bias=False)]


def noisy(replica: Replica, size: float, seed: int) -> Replica:
    noise = np.random.default_rng(seed).standard_normal(replica.weights.size)
    spread = float(replica.weights.std())
    return Replica(replica.network, replica.weights + size * spread * noise)


@pytest.mark.parametrize("method", ["weights", "activations"])
@pytest.mark.parametrize("net", NETS, ids=str)
def test_a_planted_permutation_is_found(net, method):
    from spinglass_nn.datasets import Dataset

    rng = np.random.default_rng(0)
    data = Dataset(rng.standard_normal((500, 12)), rng.integers(0, 5, 500), n_classes=5)
    for seed in range(5):
        a = networks.initialize(net, rng=seed)[0]
        planted = random_permutation(net, rng=seed)
        b = planted.apply(noisy(a, 0.2, seed))
        found = match(a, b, method=method, data=data, rng=seed)
        assert found.permutation == planted.inverse()
        assert found.similarity_after > 0.9
        assert found.similarity_before < 0.5
        assert found.exact == (len(net.hidden_sizes) == 1 or method == "activations")


def test_one_hidden_layer_is_exact():
    net = MLP((3, 5, 2))
    for seed in range(4):
        a, b = networks.initialize(net, n_replicas=2, rng=seed)
        found = match(a, b)
        best = naive.best_overlap(a.layers, b.layers, net.hidden_sizes)
        assert found.exact
        assert found.similarity_after == pytest.approx(best / (a.norm * b.norm), abs=1e-13)


def test_deeper_networks_find_the_best_of_all_on_a_small_one():
    net = MLP((3, 4, 3, 2))
    for seed in range(4):
        a, b = networks.initialize(net, n_replicas=2, rng=seed)
        found = match(a, b, n_restarts=30, rng=0)
        best = naive.best_overlap(a.layers, b.layers, net.hidden_sizes)
        assert not found.exact
        assert found.similarity_after == pytest.approx(best / (a.norm * b.norm), abs=1e-13)
        assert found.restarts.shape == (30,)
        assert found.restarts.max() == found.similarity_after
        assert found.spread == np.ptp(found.restarts)


@pytest.mark.parametrize("net", [*NETS, MLP((4, 3))], ids=str)
def test_reported_similarities_are_those_of_the_points_and_never_get_worse(net):
    a, b = networks.initialize(net, n_replicas=2, rng=7)
    for first, second in ((a, b), (a, a), (b, a)):
        found = match(first, second, n_restarts=2, rng=0)
        scale = first.norm * second.norm
        after = found.apply(second)
        assert found.similarity_before == pytest.approx(first.weights @ second.weights / scale)
        assert found.similarity_after == pytest.approx(first.weights @ after.weights / scale)
        assert found.similarity_after >= found.similarity_before
    assert match(a, a, rng=0).permutation.n_moved == 0


def test_more_restarts_repeat_the_first_ones():
    a, b = networks.initialize(NETS[1], n_replicas=2, rng=8)
    few, many = match(a, b, n_restarts=3, rng=1), match(a, b, n_restarts=6, rng=1)
    np.testing.assert_array_equal(many.restarts[:3], few.restarts)
    assert many.similarity_after >= few.similarity_after


def test_correlation_is_numpys_and_constant_units_count_as_zero(small_data):
    net = MLP((4, 3, 3), activation="tanh")
    a, b = networks.initialize(net, n_replicas=2, rng=9)
    a.layers[0].weight[1] = 0  # a unit that never varies
    found = match(a, b, method="activations", data=small_data)
    hidden = [
        np.tanh(small_data.inputs @ r.layers[0].weight.T + r.layers[0].bias) for r in (a, b)
    ]
    rows = [
        0.0 if j == 1 else np.corrcoef(hidden[0][:, j], hidden[1][:, j])[0, 1] for j in range(3)
    ]
    assert found.similarity_before == pytest.approx(np.mean(rows), abs=1e-12)
    assert found.similarity_after >= found.similarity_before


def test_zero_networks_and_single_precision_match_too():
    net = MLP((3, 4, 2))
    zero = Replica(net, np.zeros(net.n_parameters))
    assert match(zero, zero).similarity_after == 0
    a = networks.initialize(net, dtype=np.float32, rng=0)[0]
    planted = random_permutation(net, rng=1)
    found = match(a, planted.apply(a))
    assert found.permutation == planted.inverse()
    assert found.apply(planted.apply(a)).weights.dtype == np.float32


def test_match_survives_a_file(tmp_path):
    a, b = networks.initialize(NETS[0], n_replicas=2, rng=0)
    found = match(a, b)
    again = io.load(io.save(found, tmp_path / "match.npz"))
    assert again.permutation == found.permutation
    assert again.similarity_after == found.similarity_after


def test_errors_say_what_is_wrong(small_data):
    a = networks.initialize(MLP((3, 4, 2)), rng=0)[0]
    b = networks.initialize(MLP((3, 5, 2)), rng=0)[0]
    with pytest.raises(ParameterError, match="a and b must belong to one network"):
        match(a, b)
    with pytest.raises(ParameterError, match="data must be given for method='activations'"):
        match(a, a, method="activations")
    with pytest.raises(ParameterError, match="did you mean 'weights'"):
        match(a, a, method="weight")
    with pytest.raises(ParameterError, match="n_restarts must be at least 1"):
        match(a, a, n_restarts=0)
