"""Fused steps against the definitions, against the plain ones, and over shapes of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from naive import training as naive

import spinglass_nn as sg
from spinglass_nn.networks._blocks import source
from spinglass_nn.training import SGD, Adam, _fused_plan, _job, _steps, train_replicas
from spinglass_nn.training._steps import FusedSteps, PlainSteps, fused_is_faster, inputs_of

OPTIMIZERS = {
    "sgd": SGD(0.1, weight_decay=0.03),
    "momentum": SGD(0.05, momentum=0.9, weight_decay=0.01),
    "nesterov": SGD(0.05, momentum=0.9, nesterov=True),
    "adam": Adam(0.01, weight_decay=0.02),
    "adamw": Adam(0.01, weight_decay=0.1, decoupled=True),
}
SHAPES = [(4, 5, 3), (20, 10), (17, 33, 40, 7), (64, 32, 10), (9, 16, 32, 48, 100), (5, 1, 2)]


def problem(sizes, n, dtype=np.float64, **kind):
    """A network, data without structure, and a start."""
    rng = np.random.default_rng(n)
    net = sg.networks.MLP(sizes=sizes, **kind)
    inputs = rng.standard_normal((n, sizes[0])).astype(dtype)
    data = sg.datasets.Dataset(inputs, rng.integers(0, sizes[-1], n), n_classes=sizes[-1])
    return net, data, sg.networks.initialize(net, dtype=dtype, rng=1).weights[0]


def stepped(how, net, data, theta, optimizer, batch, order, n_epochs_left=0, n_threads=1):
    """Parameters and memory after one pass over ``order``, and the loss on the way."""
    checked = source(net, data, theta.dtype)
    if how == "plain":
        steps = PlainSteps(net, checked, optimizer.update, batch)
    else:
        inputs = inputs_of(checked, n_epochs_left)
        steps = FusedSteps(
            net, checked, inputs, optimizer.update, optimizer.n_slots, batch, n_threads
        )
    theta, slots = theta.copy(), np.zeros((optimizer.n_slots, theta.size), theta.dtype)
    rates = np.full(-(-order.size // batch), optimizer.learning_rate)
    loss = steps.train(theta, slots, order, rates, 0)
    return theta, slots, loss


def check_same_steps(net, data, theta, optimizer, batch, n_steps):
    order = np.random.default_rng(7).permutation(data.n_samples)[: batch * n_steps]
    told = (net, data, theta, optimizer, batch, order)
    fused, plain = stepped("fused", *told), stepped("plain", *told)
    tolerance = 5e-5 if theta.dtype == np.float32 else 1e-12
    for one, other in zip(fused, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("batch", [1, 7, 64, 300])
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_shape_gives_the_plain_steps(sizes, batch, dtype):
    for number, (bias, activation) in enumerate(
        [(True, "relu"), (False, "relu"), (True, "tanh"), (False, "identity"), (True, "sign")]
    ):
        if activation == "sign" and dtype == np.float32:
            continue  # rounding turns a few signs
        net, data, theta = problem(
            sizes, 2 * batch + 3, dtype, bias=bias, activation=activation
        )
        optimizer = list(OPTIMIZERS.values())[(number + batch) % len(OPTIMIZERS)]
        check_same_steps(net, data, theta, optimizer, batch, 3)


@pytest.mark.parametrize("n_threads", [2, 3, 5])
@pytest.mark.parametrize("sizes", [*SHAPES, (130, 70, 90, 40)], ids=str)
def test_threads_that_share_steps_take_the_same(sizes, n_threads):
    for batch, dtype, optimizer in [
        (1, np.float32, OPTIMIZERS["sgd"]),
        (33, np.float64, OPTIMIZERS["nesterov"]),
        (200, np.float32, OPTIMIZERS["adam"]),
    ]:
        net, data, theta = problem(sizes, 2 * batch + 3, dtype)
        told = ("fused", net, data, theta, optimizer, batch, np.arange(data.n_samples))
        one, some = stepped(*told), stepped(*told, n_threads=n_threads)
        np.testing.assert_array_equal(one[0], some[0])
        np.testing.assert_array_equal(one[1], some[1])
        np.testing.assert_allclose(one[2], some[2], rtol=1e-6)


def test_training_has_the_same_bits_with_threads_that_share_steps(monkeypatch):
    monkeypatch.setattr(_steps, "WORTH_A_CREW", 0.0)
    net, data, _ = problem((30, 50, 4), 200, np.float32)
    one, two = (
        train_replicas(net, data, n_epochs=3, batch_size=64, n_threads=k, rng=1) for k in (1, 2)
    )
    np.testing.assert_array_equal(one.replicas.weights, two.replicas.weights)


def test_diverging_is_told_by_all_that_share_steps():
    net, data, theta = problem((12, 70, 10), 32, np.float32)
    told = ("fused", net, data, theta * 1e25, SGD(1e-3), 8, np.arange(32))
    assert np.isnan(stepped(*told, n_threads=3)[2])


def test_the_faster_way_is_gone_and_the_slower_tried_again():
    ways, seconds = _steps.FasterWay([2, 1]), {2: 3.0, 1: 1.0}
    gone = []
    for turn in range(3 * ways.AGAIN):
        if turn == ways.AGAIN + 2:
            seconds[2] = 0.5  # the machine has become free
        gone.append(ways.next())
        ways.took(gone[-1], seconds[gone[-1]])
    assert gone[:3] == [2, 1, 1]
    assert gone[ways.AGAIN :][:2] == [2, 1]
    assert gone[2 * ways.AGAIN :][:3] == [2, 2, 2]


def test_who_takes_steps_together():
    small, wide = (sg.networks.MLP(sizes=(784, width, 10)) for width in (32, 512))
    assert _steps.crew_size(small, 64, 2) == 1
    assert _steps.crew_size(wide, 64, 2) == 2
    assert _steps.crew_size(wide, 64, 1) == 1


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "squared_hinge"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_any_loss_and_optimizer_gives_the_plain_steps(loss, name):
    net, data, theta = problem((11, 18, 5), 200, loss=loss)
    for batch in (16, 150):
        check_same_steps(net, data, theta, OPTIMIZERS[name], batch, 4)


@pytest.mark.parametrize("n_classes", [2, 3, 15, 16, 17, 40, 100])
def test_one_step_is_the_definition_for_any_number_of_classes(n_classes):
    net, data, theta = problem((6, 9, n_classes), 21)
    order = np.arange(21)
    found, _, _ = stepped("fused", net, data, theta, SGD(0.5), 21, order)
    gradient = naive.gradient(net, theta, data.inputs, data.labels)
    np.testing.assert_allclose(found, theta - 0.5 * gradient, rtol=1e-12, atol=1e-13)


def test_one_output_for_two_classes():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((40, 5))
    data = sg.datasets.Dataset(inputs, rng.integers(0, 2, 40), n_classes=2)
    net = sg.networks.MLP(sizes=(5, 8, 1), loss="squared_hinge")
    theta = sg.networks.initialize(net, dtype=np.float64, rng=1).weights[0]
    check_same_steps(net, data, theta, SGD(0.1), 9, 4)


def test_real_targets():
    rng = np.random.default_rng(0)
    data = sg.datasets.Dataset(rng.standard_normal((50, 5)), None, rng.standard_normal((50, 3)))
    net = sg.networks.MLP(sizes=(5, 20, 3), loss="squared_error", activation="tanh")
    theta = sg.networks.initialize(net, dtype=np.float64, rng=1).weights[0]
    check_same_steps(net, data, theta, Adam(0.01), 9, 5)


def test_single_precision_inputs_train_in_double():
    net, data, theta = problem((10, 20, 4), 64, np.float32)
    check_same_steps(net, data, theta.astype(np.float64), SGD(0.1), 16, 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0.0, 1e3, 1e15])
def test_zero_and_huge_weights_stay_finite(dtype, size):
    net, data, theta = problem((12, 20, 10), 32, dtype)
    theta = theta * dtype(size)
    after, _, loss = stepped("fused", net, data, theta, SGD(1e-3), 32, np.arange(32))
    assert np.isfinite(after).all()
    expected = 32 * sg.networks.loss(net, theta, data)
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    if size == 0:
        np.testing.assert_allclose(loss, 32 * np.log(10), rtol=1e-6)


def test_overflowing_logits_are_told():
    net, data, theta = problem((12, 20, 10), 32, np.float32)
    _, _, loss = stepped("fused", net, data, theta * 1e25, SGD(1e-3), 32, np.arange(32))
    assert np.isnan(loss)


def test_dead_units_do_not_move():
    net, data, theta = problem((6, 12, 4), 40)
    theta = theta.copy()
    first, second = net.layers(theta)
    first.weight[3], first.bias[3] = 0, -1.0
    after, _, _ = stepped("fused", net, data, theta, SGD(0.3), 8, np.arange(40))
    moved = net.layers(after)
    np.testing.assert_array_equal(moved[0].weight[3], 0)
    assert moved[0].bias[3] == -1
    np.testing.assert_array_equal(moved[1].weight[:, 3], second.weight[:, 3])


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_packing_and_unpacking(sizes, bias):
    net = sg.networks.MLP(sizes=sizes, bias=bias)
    dtype = np.dtype(np.float32)
    plan = _fused_plan.plan_of(net, 10, dtype)
    room = _fused_plan.room_of(net, plan, 0, dtype)
    theta = np.arange(1, net.n_parameters + 1, dtype=np.float32)
    _fused_plan.pack_parameters(net, plan, theta, room.packed)
    assert np.count_nonzero(room.packed) == theta.size  # zeros pad
    back = np.zeros_like(theta)
    _fused_plan.unpack_parameters(net, plan, room.packed, back)
    np.testing.assert_array_equal(back, theta)


@pytest.mark.parametrize("n", [1, 15, 16, 17, 784, 1024])
def test_rows_take_an_odd_number_of_cache_lines(n):
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        length = _fused_plan.row_length(n, dtype)
        assert length >= n
        assert (length * dtype.itemsize) % 128 == 64


def test_which_way_is_taken():
    def fused(sizes, batch, dtype=np.float32):
        return fused_is_faster(sg.networks.MLP(sizes=sizes), batch, np.dtype(dtype))

    assert fused((784, 32, 10), 64)
    assert fused((784, 512, 10), 512)
    assert not fused((784, 10), 64)
    assert not fused((784, 32, 10), 1)
    assert not fused((3072, 2048, 10), 64)
    assert not fused((784, 1024, 10), 512)
    assert fused((784, 1024, 10), 64)
    assert not fused((784, 1024, 10), 64, np.float64)


def runs(monkeypatch, net, data, **settings):
    """The same training by both ways."""
    found = []
    for way in (True, False):
        monkeypatch.setattr(_job, "fused_is_faster", lambda *_, way=way: way)
        found.append(train_replicas(net, data, rng=3, **settings))
    return found


def test_the_first_epochs_have_the_same_losses_both_ways(monkeypatch):
    data = sg.datasets.digits()
    net = sg.networks.MLP(sizes=(64, 32, 10))
    fused, plain = runs(monkeypatch, net, data, n_epochs=3, batch_size=32, n_replicas=2)
    np.testing.assert_allclose(
        fused.history.train_loss, plain.history.train_loss, rtol=2e-5, atol=1e-6
    )
    assert not np.array_equal(fused.replicas.weights, plain.replicas.weights)


@pytest.mark.physics
def test_final_losses_have_the_same_distribution_both_ways(monkeypatch):
    """By then rounding has grown: the runs differ, not their distribution."""
    from scipy.stats import ks_2samp, ttest_ind

    data = sg.datasets.digits()
    net = sg.networks.MLP(sizes=(64, 16, 10))
    settings = dict(n_epochs=30, batch_size=16, n_replicas=40, record_every=30)
    monkeypatch.setattr(_job, "fused_is_faster", lambda *_: True)
    fused = train_replicas(net, data, rng=1, **settings)
    monkeypatch.setattr(_job, "fused_is_faster", lambda *_: False)
    plain = train_replicas(net, data, rng=2, **settings)  # other seeds: independent samples
    for name in ("train_loss", "test_loss", "norm"):
        one, other = fused.history.last(name), plain.history.last(name)
        assert ks_2samp(one, other).pvalue > 1e-3, name
        assert ttest_ind(one, other).pvalue > 1e-3, name


def test_codes_train_to_the_same_bits(monkeypatch):
    """Inputs held as bytes are the same inputs."""
    rng = np.random.default_rng(4)
    pixels = rng.integers(0, 256, (300, 50))
    inputs = ((pixels - 72.94) / 90.02).astype(np.float32)
    data = sg.datasets.Dataset(inputs, rng.integers(0, 10, 300), n_classes=10)
    net = sg.networks.MLP(sizes=(50, 20, 10))
    found = []
    for smallest in (1, 1 << 40):
        monkeypatch.setattr(_steps, "SMALLEST", smallest)
        found.append(train_replicas(net, data, n_epochs=20, batch_size=16, rng=0))
    np.testing.assert_array_equal(found[0].replicas.weights, found[1].replicas.weights)
