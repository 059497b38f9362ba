"""Bezier curves and polygonal chains between solutions."""

from __future__ import annotations

import numpy as np
import pytest
from naive import bands as naive
from naive import training as naive_training

import spinglass_nn as sg
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.landscape import bezier_curve, curve_coefficients, polygonal_chain
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.training import SGD, Adam

NET = MLP((4, 5, 3))
POINTS = {"bezier": naive.bezier_point, "polygon": naive.polygon_point}
TRAIN = {"bezier": bezier_curve, "polygon": polygonal_chain}
KINDS = pytest.mark.parametrize("kind", POINTS)


@pytest.fixture(scope="module")
def ends(small_data):
    run = sg.training.train_replicas(NET, small_data, n_replicas=2, n_epochs=15, rng=3)
    return run.replicas


def trained(kind, data, ends, **changes):
    given = {"n_bends": 2, "n_epochs": 4, "batch_size": 25, "n_points": 7, "rng": 5}
    return TRAIN[kind](NET, data, *ends, **(given | changes))


def assert_same(one, other):
    for part in ("controls", "slots", "epoch_losses", "n_steps", "under_way"):
        np.testing.assert_array_equal(getattr(one.state, part), getattr(other.state, part))
    np.testing.assert_array_equal(one.curve.loss, other.curve.loss)
    np.testing.assert_array_equal(one.curve.test_accuracy, other.curve.test_accuracy)


@KINDS
@pytest.mark.parametrize("n_controls", [2, 3, 6])
def test_coefficients_give_the_points_of_the_curve(kind, n_controls):
    controls = np.random.default_rng(1).standard_normal((n_controls, 3))
    t = np.linspace(0, 1, 23)
    found = curve_coefficients(kind, t, n_controls)
    assert found.shape == (23, n_controls)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-14)
    expected = [POINTS[kind](controls, s) for s in t]
    np.testing.assert_allclose(found @ controls, expected, atol=1e-13)


@KINDS
def test_training_is_that_of_the_slow_twin(small_data, ends, kind):
    optimizer = SGD(0.05, momentum=0.8, weight_decay=0.01)
    found = trained(kind, small_data, ends, n_epochs=2, optimizer=optimizer)
    a, b = (end.weights for end in ends)
    controls = [a, (2 * a + b) / 3, (a + 2 * b) / 3, b]
    speeds = [np.zeros_like(a)] * 2
    seen = np.zeros(2)
    for step in range(6):
        epoch, place = divmod(step, 3)
        order = seed_of(5).generator(Stream.CURVES, 0, epoch).permutation(60)
        t = seed_of(5).generator(Stream.CURVES, 1, epoch).random(3)[place]
        rows = order[place * 25 : (place + 1) * 25]
        x, y = small_data.inputs[rows], small_data.labels[rows]
        point = np.array(POINTS[kind](controls, t))
        some = sg.datasets.Dataset(x, y, n_classes=3)
        seen[epoch] += float(sg.networks.loss(NET, point, some)) * len(rows) / 60
        g = naive_training.gradient(NET, point, x, y) + 0.01 * point
        shares = curve_coefficients(kind, t, 4)
        for j in (1, 2):
            moved = naive_training.sgd(
                controls[j], speeds[j - 1], shares[j] * g, 0.05, momentum=0.8
            )  # fmt: skip
            controls[j], speeds[j - 1] = np.array(moved[0]), np.array(moved[1])
    np.testing.assert_allclose(found.controls, controls, atol=1e-12)
    np.testing.assert_allclose(found.epoch_losses, seen, atol=1e-12)


@KINDS
def test_a_step_goes_down_the_gradient_of_the_loss_on_the_curve(small_data, ends, kind):
    """Finite differences of L(phi(t)) in every control point."""
    net = MLP((4, 5, 3), activation="tanh")
    a, b = (Replica(net, end.weights) for end in ends)
    start = TRAIN[kind](net, small_data, a, b, n_bends=2, n_epochs=0, batch_size=None, rng=8)
    optimizer = SGD(1e-3)
    after = TRAIN[kind](
        net, small_data, a, b, n_bends=2, n_epochs=1, batch_size=None, rng=8,
        optimizer=optimizer,
    )  # fmt: skip
    found = (start.controls - after.controls)[1:-1] / 1e-3
    t = seed_of(8).generator(Stream.CURVES, 1, 0).random(1)[0]
    rng, h = np.random.default_rng(0), 1e-5
    for _ in range(5):
        direction = rng.standard_normal((2, net.n_parameters))
        ahead, back = start.controls.copy(), start.controls.copy()
        ahead[1:-1] += h * direction
        back[1:-1] -= h * direction
        up, down = (
            sg.networks.loss(net, np.array(POINTS[kind](c, t)), small_data)
            for c in (ahead, back)
        )
        assert (found * direction).sum() == pytest.approx((up - down) / (2 * h), abs=1e-7)


@KINDS
def test_the_curve_is_evaluated_where_it_runs(small_data, ends, kind):
    found = trained(kind, small_data, ends)
    path = found.path(7)
    again = sg.landscape.loss_curve(NET, small_data, path)
    np.testing.assert_allclose(found.curve.loss, again.loss, atol=1e-12)
    np.testing.assert_allclose(found.curve.test_accuracy, again.test_accuracy)
    np.testing.assert_allclose(found.curve.distance, path.distance, atol=1e-12)
    np.testing.assert_allclose(found.at(1 / 6).weights, path.nodes[1], atol=1e-15)
    np.testing.assert_array_equal(found.controls[[0, -1]], ends.weights)
    assert found.curve.coordinate[[0, -1]].tolist() == [0, 1]
    d, loss = path.distance, again.loss
    by_hand = sum((d[k + 1] - d[k]) * (loss[k] + loss[k + 1]) / 2 for k in range(6)) / d[-1]
    assert found.curve.mean_by_length == pytest.approx(by_hand)
    assert found.n_bends == 2


@KINDS
def test_training_lowers_the_barrier(small_data, ends, kind):
    line = sg.landscape.loss_curve(NET, small_data, sg.landscape.interpolate(*ends))
    found = TRAIN[kind](NET, small_data, *ends, n_epochs=40, batch_size=20, rng=1)
    assert found.curve.loss.size == 61
    assert found.curve.barrier < 0.5 * line.barrier
    assert found.epoch_losses[-1] < found.epoch_losses[0]


@KINDS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_and_interrupts_do_not_change_a_bit(small_data, ends, kind, dtype, tmp_path):
    ends = [Replica(NET, end.weights.astype(dtype)) for end in ends]
    whole = trained(kind, small_data, ends, n_threads=1)
    assert_same(trained(kind, small_data, ends, n_threads=3), whole)
    assert_same(sg.load(sg.save(whole, tmp_path / "curve.npz")), whole)
    for after in (0, 3, 5):

        def stop(done, total, what, after=after):
            assert total == 12
            if done == after:
                raise KeyboardInterrupt

        with pytest.raises(Interrupted, match=rf"interrupted after {after} of 12") as caught:
            trained(kind, small_data, ends, progress=stop)
        state = sg.load(sg.save(caught.value.state, tmp_path / "state.npz"))
        assert_same(trained(kind, small_data, ends, state=state), whole)
    part = trained(kind, small_data, ends, n_epochs=2)
    assert_same(trained(kind, small_data, ends, state=part.state, rng=None), whole)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_bends": 0}, "n_bends must be at least 1, got 0"),
        ({"n_epochs": -1}, "n_epochs must be at least 0"),
        ({"n_points": 1}, "n_points must be at least 2"),
        ({"optimizer": Adam()}, "optimizer must be SGD"),
        ({"optimizer": SGD(1e300)}, "learning_rate must keep training finite"),
        ({"state": 1}, "state must be a CurveState"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_errors_say_what_is_wrong(small_data, ends, changes, message):
    with pytest.raises(ParameterError, match=message):
        trained("bezier", small_data, ends, **changes)


def test_errors_of_states_and_coefficients(small_data, ends):
    state = trained("bezier", small_data, ends, n_epochs=1).state
    with pytest.raises(ParameterError, match="kind must be as in the state"):
        trained("polygon", small_data, ends, state=state)
    with pytest.raises(ParameterError, match="kind must be one of 'bezier', 'polygon'"):
        curve_coefficients("spline", 0.5, 3)
    with pytest.raises(ParameterError, match=r"t must lie in \[0, 1\], got -0.1 to 1"):
        curve_coefficients("bezier", [-0.1, 1], 3)
