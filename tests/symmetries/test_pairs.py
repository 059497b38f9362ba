from __future__ import annotations

import itertools

import numpy as np
import pytest

from spinglass_nn import datasets, io, landscape, networks, overlaps, training
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, stack
from spinglass_nn.symmetries import balance, match, match_pairs, rescale

NET = MLP((6, 8, 7, 3))


def test_pairs_are_matches_one_by_one(small_data):
    net = MLP((4, 8, 7, 3))
    points = networks.initialize(net, n_replicas=4, rng=0)
    for settings in (
        {},
        {"balanced": True},
        {"method": "annealing", "n_sweeps": 20},
        {"method": "activations", "data": small_data},
    ):
        found = match_pairs(points, n_restarts=3, n_threads=2, rng=9, **settings)
        for a, b in ((0, 1), (1, 3)):
            rng = np.random.SeedSequence(9, spawn_key=(a, b))
            one = match(points[a], points[b], n_restarts=3, rng=rng, **settings)
            assert found.permutation(a, b) == one.permutation
            assert found.permutation(b, a) == one.permutation.inverse()
            assert found.similarity_before[a, b] == found.similarity_before[b, a]
            assert found.similarity_after[b, a] == one.similarity_after
            assert found.spread[a, b] == one.spread
        assert (np.diag(found.similarity_after) == 1).all()
        assert found.permutation(2, 2).n_moved == 0


@pytest.mark.parametrize("align", ["permutations", "balanced"])
def test_pairs_agree_with_overlaps(align):
    points = networks.initialize(NET, n_replicas=5, rng=1)
    found = match_pairs(points, balanced=align == "balanced", rng=0)
    expected = overlaps.matrix(points, of="weights", align=align)
    np.testing.assert_allclose(found.similarity_after, expected, atol=1e-12)


def test_untrained_networks_are_alike_after_matching():
    """The pilot's baseline: 0.111 for 64 units and images, after matching, where raw is 0."""
    points = networks.initialize(MLP((784, 64, 10)), n_replicas=6, rng=2)
    found = match_pairs(points)
    upper = np.triu_indices(6, 1)
    assert abs(found.similarity_before[upper].mean()) < 0.01
    assert found.similarity_after[upper].mean() == pytest.approx(0.111, abs=0.005)
    assert "15 matched pairs of 6 networks" in repr(found)


def test_the_balanced_gauge_sees_through_rescaling():
    a, b = networks.initialize(NET, n_replicas=2, rng=3)
    rng = np.random.default_rng(0)
    far = rescale(b, [np.exp(rng.uniform(-2, 2, size)) for size in NET.hidden_sizes])
    first, second = (match(a, x, balanced=True, rng=0) for x in (b, far))
    assert first.permutation == second.permutation
    assert first.similarity_after == pytest.approx(second.similarity_after, abs=1e-10)
    after = balance(first.apply(far)).weights
    cosine = balance(a).weights @ after / (balance(a).norm * np.linalg.norm(after))
    assert cosine == pytest.approx(first.similarity_after, abs=1e-10)


def test_pairs_survive_a_file_and_errors_say_what_is_wrong(tmp_path):
    points = networks.initialize(NET, n_replicas=3, rng=4)
    found = match_pairs(points)
    again = io.load(io.save(found, tmp_path / "pairs.npz"))
    assert again.permutation(0, 2) == found.permutation(0, 2)
    assert len(again) == 3
    with pytest.raises(ParameterError, match="points must hold at least 2 points, got 1"):
        match_pairs(stack([points[0]]))
    with pytest.raises(ParameterError, match="data must be given for method='activations'"):
        match_pairs(points, method="activations")
    tanh = networks.initialize(MLP((3, 4, 2), activation="tanh"), n_replicas=2, rng=0)
    with pytest.raises(ParameterError, match="activation 'relu' or 'identity'"):
        match_pairs(tanh, balanced=True)


@pytest.mark.physics
def test_barriers_between_solutions_fall_five_fold_when_they_are_matched():  # T8
    """Pilot: from 0.413 to 0.025 on Fashion-MNIST with 100 hidden units."""
    data = datasets.fashion_mnist()
    data = datasets.Dataset(data.inputs[:3000], data.labels[:3000], n_classes=10)
    net = MLP((784, 100, 10))
    solutions = training.train_replicas(
        net, data, n_replicas=4, n_epochs=200, stop_at_loss=0.03, rng=1
    ).replicas
    found = match_pairs(solutions)
    for a, b in itertools.combinations(range(4), 2):
        near = found.permutation(a, b).apply(solutions[b])
        points = stack([solutions[a], solutions[b], near])
        barrier = landscape.pair_barriers(net, data, points).barrier[0]
        assert barrier[1] > 5 * barrier[2]
