from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import curves as naive

from spinglass_nn import io, networks
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.landscape import (
    LossCurve,
    interpolate,
    line,
    loss_curve,
    loss_curves,
    mean_barrier,
    spare_unit_path,
    swap_chain,
)
from spinglass_nn.landscape import curves as module
from spinglass_nn.networks import MLP, _affine
from spinglass_nn.symmetries import balance, random_permutation, swap

HIDDEN = [(), (7,), (7, 5), (7, 5, 6)]
LOSSES = ["cross_entropy", "squared_error", "squared_hinge"]


def clouds(n: int, *, seed: int = 0, dtype=np.float64) -> Dataset:
    """More than one block and more than one segment of samples, with held-out ones."""
    rng = np.random.default_rng(seed)
    inputs, labels = rng.standard_normal((n + 70, 4)).astype(dtype), rng.integers(0, 3, n + 70)
    held_out = Dataset(inputs[n:], labels[n:], n_classes=3)
    return Dataset(inputs[:n], labels[:n], n_classes=3, test=held_out)


def assert_is_evaluate(net, data, path, tolerance):
    curve = loss_curve(net, data, path)
    one_by_one = [networks.evaluate(net, path.at(s), data) for s in path.positions]
    held_out = [networks.evaluate(net, path.at(s), data.test) for s in path.positions]
    for found, expected in (
        (curve.loss, [e.loss for e in one_by_one]),
        (curve.accuracy, [e.accuracy for e in one_by_one]),
        (curve.test_loss, [e.loss for e in held_out]),
        (curve.test_accuracy, [e.accuracy for e in held_out]),
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(
    ("bias", "activation"), [(True, "relu"), (False, "relu"), (True, "tanh")]
)
def test_equal_to_evaluate_at_each_point(hidden, bias, activation, loss):
    net = MLP((4, *hidden, 3), bias=bias, loss=loss, activation=activation)
    a, b = networks.initialize(net, n_replicas=2, gain=2, rng=1)
    assert_is_evaluate(net, clouds(600), interpolate(a, b, n_points=7), 1e-12)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("loss", LOSSES)
def test_equal_to_evaluate_in_single_precision(hidden, loss):
    net = MLP((4, *hidden, 3), loss=loss)
    a, b = networks.initialize(net, n_replicas=2, gain=2, dtype=np.float32, rng=1)
    # an accuracy differs by 1/600 where rounding decides a tie; there are none here
    assert_is_evaluate(net, clouds(600), interpolate(a, b, n_points=7), 1e-5)


@pytest.mark.parametrize("net", [MLP((4, 30, 3)), MLP((4, 25, 9, 3), bias=False)], ids=str)
def test_chains_cut_in_pieces_are_equal_to_evaluate(net, monkeypatch):
    monkeypatch.setattr(_affine, "MOST_UNITS", 300)
    a = networks.initialize(net, gain=2, rng=2)[0]
    path = swap_chain(a, random_permutation(net, kind="cycle", rng=3), n_points_per_leg=4)
    assert len(_affine._cuts(net, module._terms([path]), True)) > 2
    assert_is_evaluate(net, clouds(600), path, 1e-12)


def test_regression_and_one_output():
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((300, 4))
    targets = Dataset(inputs, None, targets=rng.standard_normal((300, 2)))
    net = MLP((4, 6, 2), loss="squared_error")
    a, b = networks.initialize(net, n_replicas=2, rng=4)
    path = interpolate(a, b, n_points=5)
    curve = loss_curve(net, targets, path)
    expected = [networks.loss(net, path.at(s), targets) for s in path.positions]
    np.testing.assert_allclose(curve.loss, expected, atol=1e-12)
    assert np.isnan(curve.accuracy).all()
    assert curve.test_loss is None
    two = Dataset(inputs, rng.integers(0, 2, 300), n_classes=2, test=None)
    net = MLP((4, 6, 1), loss="squared_hinge")
    a, b = networks.initialize(net, n_replicas=2, rng=4)
    path = interpolate(a, b, n_points=5)
    curve = loss_curve(net, two, path)
    for k, s in enumerate(path.positions):
        expected = networks.evaluate(net, path.at(s), two)
        assert curve.loss[k] == pytest.approx(expected.loss, abs=1e-12)
        assert curve.accuracy[k] == expected.accuracy


@pytest.mark.parametrize(
    "net", [MLP((4, 20, 3)), MLP((4, 9, 8, 3), activation="tanh")], ids=str
)
def test_involutions_have_mirror_symmetric_curves(net):  # T2
    a = networks.initialize(net, gain=2, rng=5)[0]
    for index in range(3):
        permutation = random_permutation(net, kind="involution", index=index, rng=6)
        curve = loss_curve(net, clouds(700), interpolate(a, permutation.apply(a)))
        assert np.ptp(curve.loss) > 1e-3
        assert np.abs(curve.loss - curve.loss[::-1]).max() < 1e-12


@pytest.mark.parametrize("bias", [True, False])
def test_a_spare_unit_makes_a_flat_path(bias):  # T5
    net = MLP((4, 12, 3), bias=bias)
    a = networks.initialize(net, gain=3, rng=7)[0]
    a.layers[1].weight[:, 8] = 0
    inputs = clouds(700).inputs  # labelled by the network itself, so that it is a solution
    data = Dataset(inputs, networks.predictions(net, a, inputs), n_classes=3)
    path = spare_unit_path(a, 2, 5, 8)
    copy = swap(net, 0, 2, 5).apply(a)
    np.testing.assert_array_equal(path.nodes[-1], copy.weights)
    curve = loss_curve(net, data, path)
    assert np.abs(curve.loss - curve.loss[0]).max() < 1e-12
    direct = loss_curve(net, data, interpolate(a, copy))
    assert direct.barrier > 1e-3
    assert direct.barrier_position == pytest.approx(0.5, abs=0.05)


def test_a_spare_unit_in_use_costs_its_removal():
    net = MLP((4, 12, 3))
    a = networks.initialize(net, gain=3, rng=7)[0]
    without = networks.initialize(net, gain=3, rng=7)[0]
    without.layers[1].weight[:, 8] = 0
    data = clouds(700)
    curve = loss_curve(net, data, spare_unit_path(a, 2, 5, 8))
    middle = (curve.coordinate >= 1) & (curve.coordinate <= 6)
    expected = networks.loss(net, without, data)
    np.testing.assert_allclose(curve.loss[middle], expected, atol=1e-12)


def test_balanced_gauge_has_the_same_loss_and_another_shape():  # T9, first half
    net = MLP((4, 12, 3))
    a = networks.initialize(net, gain=2, rng=8)[0]
    direction = networks.initialize(net, rng=9)[0].weights
    raw, gauged = (
        loss_curve(net, clouds(700), line(point, direction)) for point in (a, balance(a))
    )
    middle = raw.loss.size // 2
    assert abs(raw.loss[middle] - gauged.loss[middle]) < 1e-12
    assert abs(raw.loss[0] - gauged.loss[0]) > 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_and_company_do_not_change_a_bit(dtype):
    net = MLP((4, 30, 5, 3))
    a, b = networks.initialize(net, n_replicas=2, dtype=dtype, rng=10)
    data = clouds(2000, dtype=dtype)
    chain = swap_chain(a, random_permutation(net, rng=1))
    paths = [interpolate(a, b), chain, interpolate(b, a)]
    alone = [loss_curve(net, data, path, n_threads=1) for path in paths]
    seen = []
    together = loss_curves(
        net, data, paths, n_threads=3, progress=lambda *x: seen.append(x[:2])
    )
    for one, many in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.loss, many.loss)
        np.testing.assert_array_equal(one.test_accuracy, many.test_accuracy)
    done = [number for number, _ in seen]
    assert done == sorted(set(done))
    assert seen[-1][0] == seen[-1][1]


def test_paths_of_different_precision_go_together():
    net = MLP((4, 6, 3))
    a, b = networks.initialize(net, n_replicas=2, rng=10)
    single = networks.Replicas(net, np.stack([a.weights, b.weights]).astype(np.float32))
    curves = loss_curves(net, clouds(300), [interpolate(a, b), interpolate(*single)])
    np.testing.assert_allclose(curves[0].loss, curves[1].loss, atol=1e-5)
    assert (curves[0].loss != curves[1].loss).any()
    assert loss_curves(net, clouds(300), []) == []


def test_held_out_data_are_left_out_when_asked():
    net = MLP((4, 6, 3))
    path = interpolate(*networks.initialize(net, n_replicas=2, rng=11))
    curve = loss_curve(net, clouds(300), path, test=False)
    assert curve.test_loss is None
    assert curve.test_accuracy is None


def curve_of(losses, coordinate=None):
    losses = np.asarray(losses, dtype=float)
    if coordinate is None:
        coordinate = np.linspace(0, 1, losses.size)
    return LossCurve(
        np.asarray(coordinate, dtype=float),
        np.asarray(coordinate) * 2.0,
        losses,
        1 - losses / 10,
    )


@given(st.lists(st.floats(0, 5), min_size=2, max_size=30))
def test_barrier_is_the_definition(losses):
    curve = curve_of(losses)
    height, _ = naive.barrier(losses)
    assert curve.barrier == pytest.approx(height, abs=1e-12)
    assert curve.barrier >= 0
    assert curve.barrier_above_ends >= 0
    t = curve.barrier_position
    k = round(t * (len(losses) - 1))
    assert losses[k] - (1 - t) * losses[0] - t * losses[-1] == pytest.approx(height, abs=1e-12)


def test_barriers_of_a_known_curve():
    curve = curve_of([1.0, 3.0, 2.5, 2.0, 2.0])
    assert curve.barrier == pytest.approx(1.75)
    assert curve.barrier_position == 0.25
    assert curve.barrier_above_ends == 1.0
    assert curve.lowest_accuracy == pytest.approx(0.7)


def test_leg_barriers_are_those_of_each_leg():
    curve = curve_of([0, 1, 0, 2, 4, 4.5, 3], [0, 0.5, 1, 1.5, 2, 2.5, 3])
    np.testing.assert_allclose(curve.leg_barriers, [1.0, 0.0, 1.0])
    assert curve.barrier == pytest.approx(4.5 - 3 * 2.5 / 3)
    holes = curve_of([0, 1, 0], [0, 1.5, 3]).leg_barriers
    assert np.isnan(holes).all()


def test_mean_barrier_is_over_curves():
    curves = [curve_of([0, h, 0]) for h in (1.0, 2.0, 3.0)]
    estimate = mean_barrier(curves)
    assert estimate.mean == pytest.approx(2)
    assert estimate.error == pytest.approx(1 / math.sqrt(3))
    with pytest.raises(DataError, match="at least 2 independent units"):
        mean_barrier(curves[:1])


def test_large_logits_overflow_nowhere():
    net = MLP((4, 6, 3))
    a, b = networks.initialize(net, n_replicas=2, gain=1e3, rng=0)
    assert_is_evaluate(net, clouds(300), interpolate(a, b, n_points=3), 1e-7)


def test_curve_survives_a_file(tmp_path):
    net = MLP((4, 6, 3))
    path = interpolate(*networks.initialize(net, n_replicas=2, rng=11), name="two seeds")
    curve = loss_curve(net, clouds(300), path)
    again = io.load(io.save(curve, tmp_path / "curve.npz"))
    np.testing.assert_array_equal(again.test_loss, curve.test_loss)
    assert (again.name, again.barrier) == ("two seeds", curve.barrier)


def test_errors_say_what_is_wrong():
    net = MLP((4, 6, 3))
    path = interpolate(*networks.initialize(net, n_replicas=2, rng=11))
    with pytest.raises(ParameterError, match=r"path must belong to MLP\(4-5-3"):
        loss_curve(MLP((4, 5, 3)), clouds(300), path)
    wide = Dataset(np.zeros((3, 5)), np.zeros(3, dtype=np.int64), n_classes=3)
    with pytest.raises(ShapeError, match="data must have 4 inputs per sample"):
        loss_curve(net, wide, path)
