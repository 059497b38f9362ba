"""Barriers from region to region, barriers of accuracy, and their errors."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape import (
    LossCurve,
    interpolate,
    loss_curve,
    mean_barrier,
    pair_barriers,
    region_barriers,
)
from spinglass_nn.networks import MLP, _affine
from spinglass_nn.symmetries import random_permutation

NET = MLP((4, 6, 3))
NAMES = ("barrier", "barrier_above_ends", "accuracy_barrier", "accuracy_barrier_below_ends")


@pytest.fixture(scope="module")
def points():
    return sg.networks.initialize(NET, n_replicas=7, gain=3, rng=1)


@pytest.mark.parametrize("most", [1 << 12, 24])
@pytest.mark.parametrize("permuted", [False, True])
def test_barriers_are_those_of_the_lines(small_data, points, permuted, most, monkeypatch):
    monkeypatch.setattr(_affine, "MOST_UNITS", most)
    hidden = random_permutation(NET, rng=4) if permuted else None
    first, second = points[:3], points[3:]
    found = region_barriers(
        NET, small_data, first, second, permutation=hidden, n_points=9, n_threads=2
    )
    assert found.barrier.shape == (3, 4)
    ends = hidden.apply(second) if permuted else second
    for i, a in enumerate(first):
        for j, b in enumerate(ends):
            curve = loss_curve(NET, small_data, interpolate(a, b, n_points=9))
            for name in (*NAMES, "lowest_accuracy"):
                value = getattr(found, name)[i, j]
                assert value == pytest.approx(getattr(curve, name), abs=1e-12)
            assert found.position[i, j] == pytest.approx(curve.barrier_position)
            assert found.accuracy_position[i, j] == curve.accuracy_barrier_position
            assert found.second_loss[j] == pytest.approx(curve.loss[-1])
            assert found.loss[i] == pytest.approx(curve.loss[0])


def test_pairs_have_barriers_of_accuracy_too(small_data, points):
    found = pair_barriers(NET, small_data, points, n_points=9)
    for i in range(7):
        for j in range(i + 1, 7):
            line = interpolate(points[i], points[j], n_points=9)
            curve = loss_curve(NET, small_data, line)
            for name in NAMES:
                values = getattr(found, name)
                assert values[i, j] == pytest.approx(getattr(curve, name), abs=1e-12)
                assert values[i, j] == values[j, i]
            assert found.accuracy_position[i, j] == curve.accuracy_barrier_position
    assert not found.accuracy_barrier.diagonal().any()


@pytest.mark.parametrize("of", NAMES)
def test_errors_are_from_points(small_data, points, of):
    found = pair_barriers(NET, small_data, points, n_points=5)
    values, upper = getattr(found, of), np.triu_indices(7, 1)
    without = [
        np.delete(np.delete(values, k, 0), k, 1)[np.triu_indices(6, 1)].mean() for k in range(7)
    ]
    expected = sg.statistics.jackknife_from(values[upper].mean(), without)
    estimate = found.mean(of)
    assert estimate.mean == pytest.approx(expected.mean)
    assert estimate.error == pytest.approx(expected.error)
    regions = region_barriers(NET, small_data, points[:3], points[3:], n_points=5)
    values = getattr(regions, of)
    squared = values.mean(axis=1).var(ddof=1) / 3 + values.mean(axis=0).var(ddof=1) / 4
    assert regions.mean(of).mean == pytest.approx(values.mean())
    assert regions.mean(of).error == pytest.approx(np.sqrt(squared))
    assert np.isnan(region_barriers(NET, small_data, points[:1], points[1:]).mean().error)
    assert np.isnan(pair_barriers(NET, small_data, points[:2]).mean().error)


def test_the_error_covers_what_new_points_would_give():
    """Effects of rows, of columns and of single pairs: their mean scatters as the error says."""
    rng = np.random.default_rng(0)
    blank = np.zeros((6, 8))
    means, errors = [], []
    for _ in range(2000):
        values = rng.normal(0, 1, (6, 1)) + rng.normal(0, 1, 8) + rng.normal(0, 0.5, (6, 8))
        made = sg.landscape.RegionBarriers(
            values, *[blank] * 6, blank[:, 0], blank[:, 0], blank[0], blank[0], 5
        )
        means.append(made.mean().mean)
        errors.append(made.mean().error)
    true = 1 / 6 + 1 / 8 + 0.25 / 48
    assert np.var(means) == pytest.approx(true, rel=4 * np.sqrt(2 / 2000))
    surplus = 0.25 / 48  # what single pairs bring is counted twice, as is said
    spread = np.std(np.square(errors)) / np.sqrt(2000)
    assert abs(np.mean(np.square(errors)) - true - surplus) < 4 * spread


def test_walks_around_a_solution_and_around_its_copy(small_data):
    """Points near a solution and near a permuted copy: the barrier is that of the copies."""
    run = sg.training.train_replicas(NET, small_data, n_epochs=20, rng=2)
    a, hidden = run.replicas[0], random_permutation(NET, rng=3)
    ends = [
        sg.walks.random_walk(
            NET, small_data, a, n_steps=5, excursion=0.02, n_walkers=4, rng=seed
        ).state.positions
        for seed in (1, 2)
    ]
    first, second = (sg.networks.Replicas(NET, one) for one in ends)
    found = region_barriers(NET, small_data, first, second, permutation=hidden)
    direct = loss_curve(NET, small_data, interpolate(a, hidden.apply(a))).barrier
    assert found.mean().mean == pytest.approx(direct, rel=0.2)
    assert region_barriers(NET, small_data, first, second).mean().mean < 0.05 * direct


def test_both_barriers_of_accuracy():
    t = np.linspace(0, 1, 5)
    accuracy = np.array([0.9, 0.6, 0.7, 0.8, 0.5])
    curve = LossCurve(t, 2 * t, np.ones(5), accuracy)
    assert curve.accuracy_barrier == pytest.approx(0.8 - 0.6)
    assert curve.accuracy_barrier_position == 0.25
    assert curve.accuracy_barrier_below_ends == 0
    dip = LossCurve(t, 2 * t, np.array([0, 1, 2, 1, 0.0]), np.array([0.9, 0.6, 0.4, 0.8, 0.9]))
    assert dip.accuracy_barrier == dip.accuracy_barrier_below_ends == pytest.approx(0.5)
    assert dip.mean_by_length == 1.0
    estimate = mean_barrier([curve, dip], of="accuracy_barrier")
    assert estimate.mean == pytest.approx(0.35)
    with pytest.raises(ParameterError, match="of must be one of 'barrier'"):
        mean_barrier([curve, dip], of="accuracy")


def test_regression_has_no_accuracy():
    rng = np.random.default_rng(3)
    data = Dataset(rng.standard_normal((30, 4)), None, targets=rng.standard_normal((30, 3)))
    net = MLP((4, 6, 3), loss="squared_error")
    some = sg.networks.initialize(net, n_replicas=3, rng=0)
    found = pair_barriers(net, data, some, n_points=3)
    assert np.isnan(found.accuracy_barrier).all()
    assert np.isfinite(found.barrier).all()
    curve = loss_curve(net, data, interpolate(some[0], some[1]))
    assert np.isnan([curve.accuracy_barrier, curve.accuracy_barrier_below_ends]).all()


def test_errors_say_what_is_wrong(small_data, points):
    other = sg.networks.initialize(MLP((4, 5, 3)), n_replicas=2, rng=0)
    with pytest.raises(ParameterError, match=r"second must belong to MLP\(4-6-3"):
        region_barriers(NET, small_data, points, other)
    with pytest.raises(ParameterError, match="first must be Replicas, got Replica"):
        region_barriers(NET, small_data, points[0], points)
    with pytest.raises(ParameterError, match="second must hold at least 1 point, got 0"):
        region_barriers(NET, small_data, points, points[:0])
    with pytest.raises(ParameterError, match="n_points must be at least 2"):
        region_barriers(NET, small_data, points, points, n_points=1)
