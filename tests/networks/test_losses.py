"""Loss, accuracy, outputs and predictions against the slow twin, and at the extremes."""

from __future__ import annotations

from types import SimpleNamespace

import naive.networks as naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spinglass_nn import networks
from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, Replica, Replicas

DEPTHS = [(5, 3), (5, 4, 3), (5, 4, 6, 3), (5, 4, 6, 3, 3)]
ACTIVATIONS = ["relu", "tanh", "identity"]
LOSSES = ["cross_entropy", "squared_error", "squared_hinge"]


def assert_agrees(case, dtype=np.float64, rtol=1e-12):
    """Every number of the forward pass equals the twin's, taken at the very same weights."""
    net, theta = case.net, case.theta.astype(dtype)
    exact = theta.astype(np.float64)
    found = networks.evaluate(net, theta, case.data)
    assert isinstance(found.loss, float)
    assert_allclose(found.loss, naive.loss(net, exact, *case.arrays), rtol=rtol)
    assert found.accuracy == pytest.approx(naive.accuracy(net, exact, *case.arrays), abs=1e-15)
    assert networks.loss(net, theta, case.data) == found.loss
    assert networks.accuracy(net, theta, case.data) == found.accuracy
    outputs = networks.logits(net, theta, case.data)
    expected = naive.logits(net, exact, case.inputs)
    assert outputs.dtype == dtype
    assert outputs.shape == expected.shape
    assert_allclose(outputs, expected, rtol=0, atol=rtol * max(1, abs(expected).max()))
    classes = networks.predictions(net, theta, case.data)
    assert classes.dtype == np.int64
    assert_array_equal(classes, naive.predictions(net, exact, case.inputs))


@pytest.mark.parametrize("sizes", DEPTHS, ids=lambda s: "-".join(map(str, s)))
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_forward_pass_equals_the_definition(draw_case, sizes, bias, activation, loss):
    case = draw_case(sizes, activation=activation, bias=bias, loss=loss)
    assert_agrees(case)
    assert_agrees(case, np.float32, rtol=5e-6)


@pytest.mark.parametrize("n", [1, 2, 255, 256, 257, 2049, 5000])
@pytest.mark.parametrize("loss", LOSSES)
def test_any_number_of_samples(draw_case, n, loss):
    assert_agrees(draw_case((4, 5, 3), n=n, loss=loss))


@pytest.mark.parametrize("n_classes", [2, 3, 7, 20, 100])
@pytest.mark.parametrize("loss", LOSSES)
def test_any_number_of_classes(draw_case, n_classes, loss):
    assert_agrees(draw_case((4, 6, n_classes), n=80, loss=loss))


@pytest.mark.parametrize("loss", ["squared_error", "squared_hinge"])
@pytest.mark.parametrize("sizes", [(4, 1), (4, 5, 1), (1, 1, 1)])
def test_single_output_tells_two_classes_by_its_sign(draw_case, sizes, loss):
    assert_agrees(draw_case(sizes, loss=loss))
    assert_agrees(draw_case(sizes, loss=loss), np.float32, rtol=5e-6)


def test_fewer_classes_than_outputs_are_allowed(draw_case):
    assert_agrees(draw_case((4, 6, 5), n_classes=3))


@pytest.mark.parametrize("sizes", [(3, 2), (3, 4, 2), (3, 4, 1)])
def test_regression_targets(sizes):
    rng = np.random.default_rng(4)
    net = MLP(sizes, activation="tanh", loss="squared_error")
    inputs, targets = rng.standard_normal((300, 3)), rng.standard_normal((300, sizes[-1]))
    theta = rng.standard_normal(net.n_parameters)
    data = Dataset(inputs, None, targets)
    found = networks.evaluate(net, theta, data)
    assert_allclose(found.loss, naive.loss(net, theta, inputs, None, targets), rtol=1e-13)
    assert np.isnan(found.accuracy)


def test_hinge_by_hand():
    net = MLP((1, 1), bias=False, loss="squared_hinge")
    data = Dataset(np.array([[0.25], [2.0], [0.5]]), np.array([1, 1, 0]), n_classes=2)
    # margins 1 - t f: 0.75, -1 (outside), 1.5
    assert networks.loss(net, np.array([1.0]), data) == (0.75**2 + 1.5**2) / 6
    assert networks.accuracy(net, np.array([1.0]), data) == pytest.approx(2 / 3)


def test_cross_entropy_by_hand():
    net = MLP((1, 3), bias=False)
    data = Dataset(np.ones((2, 1)), np.array([0, 2]), n_classes=3)
    weights = np.log(np.array([1.0, 2.0, 5.0]))
    expected = -(np.log(1 / 8) + np.log(5 / 8)) / 2
    assert networks.loss(net, weights, data) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_many_replicas_equal_one_at_a_time(draw_case, dtype):
    case = draw_case((4, 5, 3), n=600)
    rows = np.random.default_rng(1).standard_normal((4, case.net.n_parameters)).astype(dtype)
    replicas = Replicas(case.net, rows)
    together = networks.evaluate(case.net, replicas, case.data)
    outputs = networks.logits(case.net, replicas, case.data)
    classes = networks.predictions(case.net, rows, case.data)
    assert together.loss.shape == together.accuracy.shape == (4,)
    assert outputs.shape == (4, 600, 3)
    for k, replica in enumerate(replicas):
        alone = networks.evaluate(case.net, replica, case.data)
        assert (together.loss[k], together.accuracy[k]) == (alone.loss, alone.accuracy)
        assert_array_equal(outputs[k], networks.logits(case.net, rows[k], case.data))
        assert_array_equal(classes[k], networks.predictions(case.net, replica, case.data))


def test_one_row_gives_arrays_of_length_one(draw_case):
    case = draw_case((4, 5, 3))
    assert networks.loss(case.net, case.theta[None], case.data).shape == (1,)
    assert networks.logits(case.net, case.theta[None], case.data).shape == (1, 60, 3)


@pytest.mark.parametrize("n", [60, 700, 5000])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_bits_for_any_number_of_threads(draw_case, n, dtype):
    case = draw_case((20, 30, 10), n=n)
    rows = np.stack([case.theta, case.vector, case.theta - case.vector]).astype(dtype)
    one = networks.evaluate(case.net, rows, case.data, n_threads=1)
    outputs = networks.logits(case.net, rows, case.data, n_threads=1)
    for n_threads in (2, 3):
        many = networks.evaluate(case.net, rows, case.data, n_threads=n_threads)
        assert_array_equal(many.loss, one.loss)
        assert_array_equal(many.accuracy, one.accuracy)
        again = networks.logits(case.net, rows, case.data, n_threads=n_threads)
        assert_array_equal(again, outputs)


def test_any_layout_and_kind_of_inputs(draw_case):
    case = draw_case((4, 5, 3), n=300)
    whole = np.rint(case.inputs * 40 + 100).clip(0, 255)
    expected = networks.loss(case.net, case.theta, Dataset(whole, case.labels, n_classes=3))
    strided = np.repeat(whole, 2, axis=1)[:, ::2]
    for inputs in (
        np.asfortranarray(whole),
        strided,
        whole.astype(np.uint8),
        whole[::-1][::-1],
    ):
        data = Dataset(inputs, case.labels, n_classes=3)
        assert networks.loss(case.net, case.theta, data) == expected
        assert_array_equal(
            networks.logits(case.net, case.theta, inputs),
            networks.logits(case.net, case.theta, whole),
        )


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.uint64])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_hinge"])
def test_any_kind_of_integer_labels(draw_case, kind, loss):
    case = draw_case((4, 5, 2), loss=loss)
    data = SimpleNamespace(
        inputs=case.inputs, labels=case.labels.astype(kind), targets=None, n_classes=2
    )
    assert networks.loss(case.net, case.theta, data) == networks.loss(
        case.net, case.theta, case.data
    )


def test_callers_arrays_stay_writable(draw_case):
    case = draw_case((4, 5, 3))
    inputs, labels = case.inputs.copy(), case.labels.copy()
    data = SimpleNamespace(inputs=inputs, labels=labels, targets=None, n_classes=3)
    theta = case.theta.copy()
    networks.gradient(case.net, theta, data)
    networks.logits(case.net, theta, inputs)
    assert inputs.flags.writeable
    assert labels.flags.writeable
    assert_array_equal(theta, case.theta)
    assert_array_equal(inputs, case.inputs)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_huge_weights_stay_finite(draw_case, loss, activation, dtype):
    case = draw_case((5, 4, 6, 3), scale=1e4, activation=activation, loss=loss)
    theta = case.theta.astype(dtype)
    found = networks.evaluate(case.net, theta, case.data)
    assert np.isfinite(found.loss)
    assert found.loss > 1
    assert_allclose(
        found.loss, naive.loss(case.net, theta.astype(float), *case.arrays), rtol=1e-5
    )
    assert np.isfinite(networks.gradient(case.net, theta, case.data)).all()
    product = networks.hessian_vector_product(case.net, theta, case.vector, case.data)
    assert np.isfinite(product).all()


@pytest.mark.parametrize("n_classes", [2, 10])
def test_zero_weights_know_nothing(draw_case, n_classes):
    case = draw_case((4, 5, n_classes), n=500)
    zero = np.zeros(case.net.n_parameters)
    found = networks.evaluate(case.net, zero, case.data)
    assert found.loss == pytest.approx(np.log(n_classes), rel=1e-14)
    assert found.accuracy == (case.labels == 0).mean()  # a tie goes to the first class
    layers = case.net.layers(networks.gradient(case.net, zero, case.data))
    counts = np.bincount(case.labels, minlength=n_classes)
    assert_allclose(layers[-1].bias, 1 / n_classes - counts / 500, atol=1e-15)
    assert not layers[0].weight.any()


def test_dead_units_have_no_gradient_and_no_curvature(draw_case):
    case = draw_case((4, 5, 3))
    theta = case.theta.copy()
    layers = case.net.layers(theta)
    layers[0].weight[2] = 0
    layers[0].bias[2] = -1.0
    gradient = case.net.layers(networks.gradient(case.net, theta, case.data))
    product = networks.hessian_vector_product(case.net, theta, case.vector, case.data)
    for found in (gradient, case.net.layers(product)):
        assert not found[0].weight[2].any()
        assert found[0].bias[2] == 0
        assert not found[1].weight[:, 2].any()
        assert found[0].weight[1].any()


def test_logits_of_plain_arrays_and_of_data_without_labels(draw_case):
    case = draw_case((4, 5, 3))
    expected = networks.logits(case.net, case.theta, case.data)
    unlabelled = Dataset(case.inputs, None)
    for data in (case.inputs, case.inputs.tolist(), unlabelled):
        assert_array_equal(networks.logits(case.net, case.theta, data), expected)
        classes = networks.predictions(case.net, case.theta, data)
        assert_array_equal(classes, expected.argmax(axis=1))


def test_weights_of_one_loss_can_be_read_with_another(draw_case):
    case = draw_case((4, 5, 3))
    other = MLP((4, 5, 3), loss="squared_error")
    replica = Replica(case.net, case.theta)
    assert networks.loss(other, replica, case.data) == pytest.approx(
        naive.loss(other, case.theta, *case.arrays), rel=1e-12
    )
