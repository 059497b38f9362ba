"""Layered models of whole networks, and their null models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import DataError
from spinglass_nn.spins import LayeredIsing, instability, layered_nulls

NULLS = [layered_nulls.shuffled, layered_nulls.rotated]


def trained_like(n=120, seed=0):
    """Random weights with one strong mode through all layers, as training makes them."""
    rng = np.random.default_rng(seed)
    modes = [rng.choice([-1.0, 1.0], n) / np.sqrt(n) for _ in range(4)]
    return LayeredIsing.from_weights(
        [
            rng.standard_normal((n, n)) / np.sqrt(n) + 3 * np.outer(b, a)
            for a, b in itertools.pairwise(modes)
        ],
        [rng.standard_normal(n) * 0.1 for _ in range(3)],
    )


def test_a_network_is_its_weights_and_biases():
    net = sg.networks.MLP((5, 4, 3))
    replica = sg.networks.initialize(net, rng=0)[0]
    layers = replica.layers
    found = LayeredIsing.from_network(replica, "layer")
    expected = LayeredIsing.from_weights(
        [layer.weight for layer in layers], [layer.bias for layer in layers], "layer"
    )
    np.testing.assert_array_equal(found.fields, expected.fields)
    for one, other in zip(found.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not LayeredIsing.from_network(replica, fields=False).fields.any()
    bare = sg.networks.initialize(sg.networks.MLP((5, 4, 3), bias=False), rng=0)[0]
    assert not LayeredIsing.from_network(bare).fields.any()


def test_a_network_from_file_is_one_call_away(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "net.npz", w0=rng.standard_normal((4, 6)), w1=rng.standard_normal((2, 4))
    )
    replicas = sg.networks.load_replicas(tmp_path / "net.npz")
    assert LayeredIsing.from_network(replicas[0]).sizes == (6, 4, 2)


def test_several_replicas_are_refused():
    replicas = sg.networks.initialize(sg.networks.MLP((5, 4, 3)), n_replicas=2, rng=0)
    with pytest.raises(
        DataError, match="replica must be one network with layers, got Replicas"
    ):
        LayeredIsing.from_network(replicas)
    with pytest.raises(DataError, match="replica must be one network with layers, got list"):
        LayeredIsing.from_network([np.eye(3)])


def test_shuffling_keeps_the_numbers_and_rotation_the_singular_values():
    model = trained_like()
    mixed, turned = (null(model, rng=1) for null in NULLS)
    for w, s, r in zip(model.weights, mixed.weights, turned.weights, strict=True):
        np.testing.assert_array_equal(np.sort(s, axis=None), np.sort(w, axis=None))
        assert not np.array_equal(s, w)
        values = [np.linalg.svd(m, compute_uv=False) for m in (w, r)]
        np.testing.assert_allclose(*values, rtol=1e-10)
        assert abs(np.corrcoef(w.ravel(), r.ravel())[0, 1]) < 0.05
    for null in (mixed, turned):
        np.testing.assert_array_equal(null.fields, model.fields)
        assert null.scale == model.scale


@pytest.mark.parametrize("null", NULLS)
def test_nulls_are_a_function_of_the_seed(null):
    model = LayeredIsing.from_weights([np.arange(1.0, 13).reshape(4, 3), np.ones((1, 4))])
    one, same, other = (null(model, rng=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.weights[0], same.weights[0])
    assert not np.array_equal(one.weights[0], other.weights[0])


def test_rotations_are_uniform():
    """Second moments of an entry over O(n): 1/n, whatever the matrix they turn."""
    model = LayeredIsing.from_weights([np.eye(3)])
    draws = np.array([layered_nulls.rotated(model, rng=k).weights[0] for k in range(3000)])
    squares = draws**2
    error = squares.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(squares.mean(axis=0) - 1 / 3) < 4 * error).all()
    assert (np.abs(draws.mean(axis=0)) < 4 * draws.std(axis=0) / np.sqrt(len(draws))).all()


@pytest.mark.physics
def test_what_training_builds_is_gone_in_both_nulls():
    """Aligned modes of three layers melt above the glass scale; shuffled they do not."""
    model = trained_like(300)
    free = LayeredIsing(model.weights)
    found, mixed, turned = (
        instability.find(m)
        for m in (free, layered_nulls.shuffled(free, rng=0), layered_nulls.rotated(free, rng=0))
    )
    assert found.status == "cross"
    assert found.ratio > 1.5
    np.testing.assert_allclose(mixed.ratio, 1, atol=0.06)
    # the outliers stay, but no longer meet: less than the modes in line, more than none
    assert mixed.temperature < turned.temperature < 0.95 * found.temperature
