from __future__ import annotations

import itertools

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError

NET = sg.networks.MLP(sizes=(4, 5, 3))


@pytest.fixture(scope="module")
def replicas():
    weights = np.random.default_rng(3).normal(size=(5, NET.n_parameters))
    return sg.networks.Replicas(NET, weights)


def permuted(replica, order):
    first, second = replica.layers
    moved = [(first.weight[order], first.bias[order]), (second.weight[:, order], second.bias)]
    return sg.networks.Replicas.from_layers(NET, [moved])[0]


def test_aligned_distance_is_the_least_over_all_permutations(replicas):
    found = sg.overlaps.distances(replicas[:3], kind="aligned euclidean").values
    for a, b in itertools.combinations(range(3), 2):
        least = min(
            np.linalg.norm(replicas[a].weights - permuted(replicas[b], list(order)).weights)
            for order in itertools.permutations(range(5))
        )
        assert found[a, b] == pytest.approx(least, rel=1e-12)
        assert found[b, a] == found[a, b]


@pytest.mark.parametrize("kind", ["aligned euclidean", "balanced euclidean"])
def test_permuted_copies_are_at_no_distance(replicas, kind):
    copies = [replicas[0], permuted(replicas[0], [3, 1, 4, 0, 2]), replicas[1]]
    found = sg.overlaps.distances(copies, kind=kind).values
    assert found[0, 1] == pytest.approx(0.0, abs=1e-12)
    assert found[0, 2] == pytest.approx(found[1, 2], rel=1e-12)
    assert sg.overlaps.distances(copies).values[0, 1] > 0.1


def test_balanced_distance_knows_no_rescaling(replicas):
    (w, b), (a, c) = [(k.weight, k.bias) for k in replicas[0].layers]
    s = np.array([0.5, 2.0, 1.0, 3.0, 0.25])
    scaled = sg.networks.Replicas.from_layers(NET, [[(w * s[:, None], b * s), (a / s, c)]])[0]
    both = [replicas[0], scaled, replicas[1]]
    assert sg.overlaps.distances(both, kind="balanced euclidean").values[0, 1] < 1e-12
    assert sg.overlaps.distances(both, kind="aligned euclidean").values[0, 1] > 0.1
    assert sg.overlaps.matrix(both, align="balanced")[0, 1] == pytest.approx(1.0)


def test_alignment_raises_overlaps(replicas):
    raw = sg.overlaps.matrix(replicas)
    aligned = sg.overlaps.matrix(replicas, align="permutations")
    assert np.all(aligned >= raw - 1e-12)
    d = sg.overlaps.distances(replicas, kind="aligned euclidean").values
    norms = np.linalg.norm(replicas.weights, axis=1)
    expected = (norms[:, None] ** 2 + norms[None, :] ** 2 - d**2) / (2 * np.outer(norms, norms))
    np.testing.assert_allclose(aligned, expected, atol=1e-12)


def test_threads_do_not_change_the_bits(replicas):
    one = sg.overlaps.distances(replicas, kind="aligned euclidean", n_threads=1)
    two = sg.overlaps.distances(replicas, kind="aligned euclidean", n_threads=2)
    assert np.array_equal(one.values, two.values)


def test_progress_counts_pairs(replicas):
    seen = []
    sg.overlaps.distances(
        replicas,
        kind="aligned euclidean",
        progress=lambda done, total, text: seen.append((done, total)),
    )
    assert len(seen) == 10
    assert max(seen) == (10, 10)


def test_function_space(replicas, small_data):
    labels = sg.networks.predictions(NET, replicas, small_data)
    d = sg.overlaps.distances(replicas, kind="disagreement", data=small_data)
    assert d.values[0, 1] == pytest.approx(np.mean(labels[0] != labels[1]))
    assert d.n_dimensions == 60
    points = sg.overlaps.function_points(replicas, small_data, of="logits")
    assert points.shape == (5, 180)
    np.testing.assert_allclose(points.reshape(5, 60, 3).sum(axis=2), 0, atol=1e-10)
    q = sg.overlaps.matrix(replicas, of="logits", data=small_data)
    np.testing.assert_allclose(q, sg.overlaps.matrix(points), atol=1e-12)
    assert sg.overlaps.matrix(replicas, of="labels", data=small_data).shape == (5, 5)


def test_softmax_shift_does_not_move_logit_points(replicas, small_data):
    shifted = replicas.weights.copy()
    shifted[:, -3:] += 1.5
    moved = sg.networks.Replicas(NET, shifted)
    np.testing.assert_allclose(
        sg.overlaps.function_points(moved, small_data, of="logits"),
        sg.overlaps.function_points(replicas, small_data, of="logits"),
        atol=1e-10,
    )


def test_layers_as_points(replicas):
    first = sg.overlaps.weight_points(replicas, layer=0)
    last = sg.overlaps.weight_points(replicas, layer=1)
    assert np.array_equal(np.concatenate([first, last], axis=1), replicas.weights)
    with pytest.raises(ParameterError, match="layer must be below 2, got 2"):
        sg.overlaps.weight_points(replicas, layer=2)


def test_mixed_networks_are_refused(replicas):
    wider = sg.networks.MLP((4, 6, 3))
    other = sg.networks.Replica(wider, np.ones(wider.n_parameters))
    with pytest.raises(ParameterError, match="replicas of one network"):
        sg.overlaps.matrix([replicas[0], other])
