"""Barriers between points that were matched pair by pair, against one pair at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from naive import families as naive

import spinglass_nn as sg
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape import interpolate, loss_curve, pair_barriers
from spinglass_nn.networks import MLP, Replicas, _affine, stack
from spinglass_nn.symmetries import balance, match, match_pairs, random_permutation, rescale

NET, DEEP = MLP((4, 6, 3)), MLP((4, 5, 4, 3))
PAIRS = list(itertools.combinations(range(5), 2))
SYMMETRIC = (
    "barrier",
    "barrier_above_ends",
    "accuracy_barrier",
    "accuracy_barrier_below_ends",
    "lowest_accuracy",
)


def points(net=NET, n=5):
    return sg.networks.initialize(net, n_replicas=n, gain=3, rng=1)


def solutions(data, net=NET, dtype=np.float64):
    run = sg.training.train_replicas(net, data, n_replicas=5, n_epochs=30, rng=3)
    return Replicas(net, run.replicas.weights.astype(dtype))


def assert_line(found, i, j, curve):
    """To the last bit: a line does not depend on the others."""
    for name in SYMMETRIC:
        assert getattr(found, name)[i, j] == getattr(curve, name)
        assert getattr(found, name)[j, i] == getattr(curve, name)
    for name, there in (
        ("position", curve.barrier_position),
        ("accuracy_position", curve.accuracy_barrier_position),
    ):
        assert getattr(found, name)[i, j] == there
        assert getattr(found, name)[j, i] == (1 - there if there > 0 else 0)


@pytest.mark.parametrize("align", ["permutations", "balanced"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("net", [NET, DEEP], ids=str)
@pytest.mark.parametrize("most", [_affine.MOST_UNITS, 50])  # in one part, and in parts of 4
def test_lines_are_those_of_one_pair_at_a_time(
    small_data, net, dtype, align, most, monkeypatch
):
    monkeypatch.setattr(_affine, "MOST_UNITS", most)
    some = solutions(small_data, net, dtype)
    found = pair_barriers(net, small_data, some, align=align, n_points=9, n_threads=2, rng=9)
    ends = [balance(point) if align == "balanced" else point for point in some]
    for i, j in PAIRS:
        rng = np.random.SeedSequence(9, spawn_key=(i, j))
        copy = match(ends[i], ends[j], rng=rng).apply(ends[j])
        line = interpolate(ends[i], copy, n_points=9)
        assert_line(found, i, j, loss_curve(net, small_data, line, n_threads=1))
    assert found.barrier.max() > 0.01
    assert not found.barrier.diagonal().any()
    np.testing.assert_array_equal(found.lowest_accuracy.diagonal(), found.accuracy)
    assert found.n_points == 9


def test_copies_are_the_nearest_of_all(small_data):
    """All 24 permutations of four units, and losses of points mixed by hand."""
    net = MLP((4, 4, 3))
    some = solutions(small_data, net)[:3]
    found = pair_barriers(net, small_data, some, align="permutations", n_points=7)
    orders = [np.array(order) for order in itertools.permutations(range(4))]
    t = np.linspace(0, 1, 7)[:, None]
    for i, j in itertools.combinations(range(3), 2):
        copies = [sg.symmetries.Permutation((order,)).apply(some[j]) for order in orders]
        nearest = min(copies, key=lambda copy: np.linalg.norm(copy.weights - some[i].weights))
        line = (1 - t) * some[i].weights + t * nearest.weights
        losses = naive.losses(net, line, np.eye(7), small_data.inputs, small_data.labels)[:, 0]
        height = (losses - (1 - t[:, 0]) * losses[0] - t[:, 0] * losses[-1]).max()
        assert found.barrier[i, j] == pytest.approx(height, abs=1e-12)
        assert found.loss[j] == pytest.approx(losses[-1], abs=1e-12)


@pytest.mark.parametrize(
    "settings", [{"method": "activations"}, {"method": "annealing", "n_sweeps": 20}]
)
def test_matches_found_in_another_way_can_be_given(small_data, settings):
    some = solutions(small_data, DEEP)
    data = small_data if settings["method"] == "activations" else None
    matches = match_pairs(some, data=data, rng=2, **settings)
    found = pair_barriers(DEEP, small_data, some, align=matches, n_points=5)
    for i, j in PAIRS:
        copy = matches.permutation(i, j).apply(some[j])
        curve = loss_curve(DEEP, small_data, interpolate(some[i], copy, n_points=5))
        assert_line(found, i, j, curve)


def test_matches_by_weights_are_what_is_found_without_them(small_data):
    some = solutions(small_data, DEEP)
    given, found = (
        pair_barriers(DEEP, small_data, some, align=align, n_points=5, rng=3)
        for align in (match_pairs(some, rng=3), "permutations")
    )
    np.testing.assert_array_equal(given.barrier, found.barrier)


def test_copies_have_no_barrier_once_their_symmetries_are_removed(small_data):
    """The outputs of one network are the targets, so all that is not it lies higher."""
    net = MLP((4, 6, 3), loss="squared_error")
    a = points(net, 1)[0]
    inputs = small_data.inputs
    data = Dataset(inputs, None, targets=sg.networks.logits(net, a, inputs))
    copies = [random_permutation(net, rng=seed).apply(a) for seed in range(3)]
    factors = [np.exp(np.random.default_rng(0).uniform(-1, 1, 6))]
    some = stack([*copies, rescale(copies[0], factors)])
    raw, permuted, balanced = (
        pair_barriers(net, data, some, align=align).barrier
        for align in (None, "permutations", "balanced")
    )
    upper = np.triu_indices(4, 1)
    assert raw[upper].min() > 0.1
    assert permuted[:3, :3].max() < 1e-12
    assert permuted[:3, 3].min() > 0.1
    assert balanced.max() < 1e-12


def test_threads_do_not_change_a_bit_and_progress_is_told(small_data):
    told, some = [], solutions(small_data, DEEP)
    one, two = (
        pair_barriers(
            DEEP, small_data, some, align="permutations", n_points=5, n_threads=k,
            progress=lambda *step: told.append(step), rng=1,
        )
        for k in (1, 3)
    )  # fmt: skip
    for name in (*SYMMETRIC, "position", "accuracy_position"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert {step[1] for step in told} == {len(PAIRS)}
    assert {step[2] for step in told} == {"matching pairs", "lines between pairs"}
    assert told[-1][0] == len(PAIRS)


def test_regression_has_no_accuracy(small_data):
    net = MLP((4, 6, 3), loss="squared_error")
    targets = np.random.default_rng(3).standard_normal((len(small_data.inputs), 3))
    data = Dataset(small_data.inputs, None, targets=targets)
    found = pair_barriers(net, data, points(net, 3), align="permutations", n_points=3)
    assert np.isnan(found.accuracy_barrier).all()
    assert np.isnan(found.lowest_accuracy).all()
    assert np.isfinite(found.barrier).all()


def test_errors_say_what_is_wrong(small_data):
    some = points()
    with pytest.raises(ParameterError, match="align must be one of 'permutations', 'balanced'"):
        pair_barriers(NET, small_data, some, align="signs")
    with pytest.raises(ParameterError, match="points must be Replicas, got list"):
        pair_barriers(NET, small_data, list(some))
    fewer, wider = match_pairs(some[:4]), match_pairs(points(MLP((4, 7, 3))))
    with pytest.raises(ParameterError, match=r"matches of 5 points of .*, got those of 4"):
        pair_barriers(NET, small_data, some, align=fewer)
    with pytest.raises(ParameterError, match=r"got those of 5 points with \(7,\) hidden"):
        pair_barriers(NET, small_data, some, align=wider)
    tanh = MLP((4, 6, 3), activation="tanh")
    with pytest.raises(ParameterError, match="activation 'relu' or 'identity'"):
        pair_barriers(tanh, small_data, points(tanh), align="balanced")
