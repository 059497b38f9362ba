"""Elastic bands of networks: what they find, and that they go on to the same bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive import bands as naive
from naive import training as naive_training

import spinglass_nn as sg
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import Interrupted, ParameterError, ShapeError
from spinglass_nn.landscape import AutoNEB, auto_neb, nudged_elastic_band
from spinglass_nn.landscape._samples import Minibatches
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.training import SGD, Adam

NET = MLP((4, 5, 3))
CYCLES = AutoNEB(n_steps=(6, 6, 4), factors=(1, 1, 0.5), threshold=0.01)


@pytest.fixture(scope="module")
def ends(small_data):
    run = sg.training.train_replicas(NET, small_data, n_replicas=2, n_epochs=15, rng=3)
    return run.replicas


def plain(net, data, a, b, **changes):
    given = {"n_pivots": 4, "n_steps": 14, "batch_size": 25, "record_every": 5, "rng": 2}
    return nudged_elastic_band(net, data, a, b, **(given | changes))


def automatic(net, data, a, b, **changes):
    given = {"schedule": CYCLES, "batch_size": 25, "record_every": 5, "rng": 2}
    return auto_neb(net, data, a, b, **(given | changes))


BOTH = pytest.mark.parametrize("make", [plain, automatic])


def assert_same(one, other):
    for part in ("nodes", "slots", "spacing", "records", "n_steps"):
        np.testing.assert_array_equal(getattr(one.state, part), getattr(other.state, part))
    for part in ("loss", "test_loss", "accuracy", "distance"):
        np.testing.assert_array_equal(getattr(one.curve, part), getattr(other.curve, part))
    for part in ("steps", "n_pivots", "saddle", "barrier", "length", "force"):
        np.testing.assert_array_equal(getattr(one.history, part), getattr(other.history, part))


@pytest.mark.parametrize("spring", [math.inf, 2.0])
def test_minibatch_steps_are_those_of_the_slow_twin(small_data, ends, spring):
    a, b = ends
    band = plain(NET, small_data, a, b, n_pivots=2, n_steps=4, spring=spring)
    t = np.linspace(0, 1, 4)[:, None]
    nodes = ((1 - t) * a.weights + t * b.weights).tolist()
    speeds = [[0.0] * NET.n_parameters] * 2
    for step in range(4):
        order = seed_of(2).generator(Stream.CURVES, 0, step // 3).permutation(60)
        rows = order[step % 3 * 25 : (step % 3 + 1) * 25]
        x, y = small_data.inputs[rows], small_data.labels[rows]
        some = Dataset(x, y, n_classes=3)
        losses = [float(sg.networks.loss(NET, np.array(node), some)) for node in nodes]
        gradients = [naive_training.gradient(NET, node, x, y) for node in nodes[1:-1]]
        nodes, speeds = naive.band_step(
            nodes, speeds, losses, gradients, rate=0.1, momentum=0.9, spring=spring,
            climbing=False,
        )  # fmt: skip
    np.testing.assert_allclose(band.path.nodes, nodes, atol=1e-11)


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "squared_hinge"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_of_samples_are_those_of_one_sample_each(small_data, loss, dtype):
    net = MLP((4, 5, 3), loss=loss)
    points = sg.networks.initialize(net, n_replicas=2, dtype=dtype, rng=1)
    batches = Minibatches(net, small_data, np.dtype(dtype), 25, seed_of(1), 1)
    found = batches.whole.of_samples(points.weights)
    one = [
        sg.networks.loss(net, points, Dataset(x[None], y[None], n_classes=3))
        for x, y in zip(small_data.inputs, small_data.labels, strict=True)
    ]
    np.testing.assert_allclose(found.T, one, rtol=1e-5 if dtype == np.float32 else 1e-13)
    assert found.dtype == np.float64


def test_losses_of_regression_samples(small_data):
    net = MLP((4, 5, 2), loss="squared_error")
    data = Dataset(small_data.inputs, None, np.random.default_rng(1).normal(size=(60, 2)))
    points = sg.networks.initialize(net, n_replicas=2, rng=1)
    batches = Minibatches(net, data, points.weights.dtype, None, seed_of(1), 1)
    errors = sg.networks.logits(net, points, data) - data.targets
    found = batches.whole.of_samples(points.weights)
    np.testing.assert_allclose(found, np.square(errors).sum(axis=2) / 2, rtol=1e-5)


def test_what_is_recorded_is_what_the_path_shows(small_data, ends):
    band = plain(NET, small_data, *ends, batch_size=None, n_steps=40)
    straight = sg.landscape.interpolate(*ends, n_points=51)
    line = sg.landscape.loss_curve(NET, small_data, straight)
    assert band.history.steps.tolist() == list(range(0, 41, 5))
    assert band.history.barrier[0] == pytest.approx(line.barrier, abs=1e-12)
    assert band.history.saddle[0] == pytest.approx(line.loss.max(), abs=1e-12)
    assert band.barrier < 0.5 * line.barrier
    assert band.saddle == band.curve.loss.max() == band.history.saddle[-1]
    assert band.force == band.history.force[-1]
    assert band.n_pivots == 4
    assert band.curve.test_loss is not None
    np.testing.assert_array_equal(band.path.nodes[[0, -1]], ends.weights)
    lengths = band.path.lengths  # equal along the path before the last step, which had bends
    np.testing.assert_allclose(lengths, lengths.mean(), rtol=0.01)
    nodes = band.path.nodes
    losses = sg.networks.loss(NET, nodes, small_data)
    g = sg.networks.gradient(NET, nodes[1:-1], small_data)
    lengths = []
    for k in range(4):
        tau = np.array(naive.tangent(*nodes[k : k + 3], losses[k : k + 3]))
        lengths.append(np.linalg.norm(g[k] - (g[k] @ tau) * tau))
    assert band.force == pytest.approx(max(lengths), abs=1e-12)


def test_a_spare_unit_lets_a_band_under_the_barrier():  # T5
    """The flat way around proves that copies are not separated; a band finds most of it."""
    net = MLP((4, 6, 2), loss="squared_error")
    a = sg.networks.initialize(net, gain=3, rng=7)[0]
    a.layers[1].weight[:, 5] = 0
    inputs = np.random.default_rng(0).standard_normal((256, 4))
    data = Dataset(inputs, None, targets=sg.networks.logits(net, a, inputs))
    b = sg.symmetries.swap(net, 0, 1, 3).apply(a)
    around = sg.landscape.spare_unit_path(a, 1, 3, 5)
    assert sg.landscape.loss_curve(net, data, around).loss.max() < 1e-12
    optimizer = SGD(0.03, momentum=0.9)
    band = nudged_elastic_band(
        net, data, a, b, n_pivots=15, n_steps=800, record_every=400, optimizer=optimizer
    )
    assert band.history.saddle[0] > 0.15
    assert band.saddle < 0.2 * band.history.saddle[0]


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_change_a_bit(small_data, ends, make, dtype):
    a, b = (Replica(NET, end.weights.astype(dtype)) for end in ends)
    one, two = (make(NET, small_data, a, b, n_threads=k) for k in (1, 3))
    assert one.path.nodes.dtype == dtype
    assert_same(one, two)


@BOTH
def test_interrupted_bands_go_on_to_the_same_bits(small_data, ends, make, tmp_path):
    whole = make(NET, small_data, *ends)
    for after in (0, 5, 6, 9, 12, 13):

        def stop(done, total, what, after=after):
            if done == after:
                raise KeyboardInterrupt

        with pytest.raises(Interrupted, match=rf"interrupted after {after} of") as caught:
            make(NET, small_data, *ends, progress=stop)
        state = sg.load(sg.save(caught.value.state, tmp_path / "state.npz"))
        assert_same(make(NET, small_data, *ends, state=state), whole)
        assert_same(make(NET, small_data, *ends, state=state, rng=None), whole)


def test_eight_steps_and_six_are_fourteen(small_data, ends):
    whole = plain(NET, small_data, *ends)
    first = plain(NET, small_data, *ends, n_steps=8)
    assert first.history.steps.tolist() == [0, 5, 8]
    assert_same(plain(NET, small_data, *ends, state=first.state), whole)
    assert_same(plain(NET, small_data, *ends, state=whole.state), whole)
    climbing = plain(NET, small_data, *ends, state=first.state, climbing=True)
    assert climbing.state.n_steps == 14


def test_pivots_come_where_they_are_wanted(small_data, ends):
    band = automatic(NET, small_data, *ends)
    assert band.history.n_pivots[0] == 3
    assert 3 < band.n_pivots <= 7
    assert band.state.spacing.sum() == pytest.approx(1)
    shares = band.path.lengths / band.path.lengths.sum()
    np.testing.assert_allclose(shares, band.state.spacing, atol=0.02)  # corners shorten legs
    strict = AutoNEB(n_steps=(6, 6, 4), factors=(1, 1, 0.5), threshold=10)
    assert automatic(NET, small_data, *ends, schedule=strict).n_pivots == 3


def test_bands_survive_a_file(small_data, ends, tmp_path):
    band = automatic(NET, small_data, *ends)
    again = sg.load(sg.save(band, tmp_path / "band.npz"))
    assert_same(again, band)
    assert repr(again) == repr(band)
    assert repr(CYCLES) == "<AutoNEB: 3 cycles, 16 steps>"
    assert sum(AutoNEB().n_steps) == 16_000


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_pivots": 0}, ParameterError, "n_pivots must be at least 1, got 0"),
        ({"spring": 0}, ParameterError, "spring must be positive, got 0"),
        ({"spring": math.nan}, ParameterError, "spring must be finite"),
        ({"batch_size": 0}, ParameterError, "batch_size must be at least 1"),
        ({"tangent": "mean"}, ParameterError, "tangent must be one of 'henkelman_jonsson'"),
        ({"optimizer": Adam()}, ParameterError, "optimizer must be SGD, got Adam"),
        ({"n_points_per_leg": 1}, ParameterError, "n_points_per_leg must be at least 2"),
        ({"record_every": 0}, ParameterError, "record_every must be at least 1"),
        ({"state": 3}, ParameterError, "state must be a BandState"),
        ({"optimizer": SGD(1e300)}, ParameterError, "learning_rate must keep the band finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_errors_say_what_is_wrong(small_data, ends, changes, error, message):
    with pytest.raises(error, match=message):
        plain(NET, small_data, *ends, **changes)


def test_errors_of_ends_states_and_schedules(small_data, ends):
    a, b = ends
    with pytest.raises(ParameterError, match="a and b must be different points"):
        plain(NET, small_data, a, a)
    with pytest.raises(ParameterError, match="b must be a Replica, got ndarray"):
        plain(NET, small_data, a, b.weights)
    other = MLP((4, 6, 3))
    with pytest.raises(ParameterError, match=r"a must belong to MLP\(4-6-3"):
        plain(other, small_data, a, b)
    wide = Dataset(np.zeros((3, 5)), np.zeros(3, dtype=np.int64), n_classes=3)
    with pytest.raises(ShapeError, match="data must have 4 inputs per sample"):
        plain(NET, wide, a, b)
    state = plain(NET, small_data, a, b, n_steps=2).state
    for changes, name in (({"n_pivots": 5}, "n_pivots"), ({"rng": 3}, "rng"),
                          ({"spring": 2.0}, "spring")):  # fmt: skip
        with pytest.raises(ParameterError, match=f"{name} must be as in the state"):
            plain(NET, small_data, a, b, state=state, **changes)
    with pytest.raises(ParameterError, match="a must be as in the state"):
        plain(NET, small_data, b, a, state=state)
    with pytest.raises(
        ParameterError, match="factors must be one for each of at least 1 cycle"
    ):
        AutoNEB(n_steps=(1, 2), factors=(1.0,))
