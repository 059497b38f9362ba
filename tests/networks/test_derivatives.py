"""Gradient and Hessian-vector product against the definition, differences and complex steps."""

from __future__ import annotations

import itertools

import naive.networks as naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, Replicas, gradient, hessian_vector_product, loss

DEPTHS = [(5, 3), (5, 4, 3), (5, 4, 6, 3), (5, 4, 6, 3, 3)]
ACTIVATIONS = ["relu", "tanh", "identity"]
LOSSES = ["cross_entropy", "squared_error", "squared_hinge"]
every_network = [
    pytest.mark.parametrize("sizes", DEPTHS, ids=lambda s: "-".join(map(str, s))),
    pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"]),
    pytest.mark.parametrize("activation", ACTIVATIONS),
    pytest.mark.parametrize("name", LOSSES),
]


def on_every_network(test):
    for mark in every_network:
        test = mark(test)
    return test


def assert_close(found, expected, tolerance):
    """Equal up to ``tolerance`` of the largest entry."""
    assert found.shape == expected.shape
    assert_allclose(found, expected, rtol=0, atol=tolerance * max(abs(expected).max(), 1e-3))


def kink_distance(case):
    """How far the nearest ReLU or hinge is from its kink."""
    *hidden, out = naive.preactivations(case.net, case.theta, case.inputs)
    distances = [abs(z).min() for z in hidden] if case.net.activation == "relu" else []
    if case.net.loss == "squared_hinge":
        distances.append(abs(1 - naive.targets_of(case.net, case.labels) * out).min())
    return min(distances, default=np.inf)


def away_from_kinks(draw_case, *args, **options):
    """The first random case whose kinks are further away than any difference reaches."""
    for seed in itertools.count():
        case = draw_case(*args, seed=seed, **options)
        if kink_distance(case) > 1e-3:
            return case
    raise AssertionError


@on_every_network
def test_derivatives_equal_the_definition(draw_case, sizes, bias, activation, name):
    case = draw_case(sizes, activation=activation, bias=bias, loss=name)
    net, theta, v = case.net, case.theta, case.vector
    assert_close(
        gradient(net, theta, case.data), naive.gradient(net, theta, *case.arrays), 1e-13
    )
    product = hessian_vector_product(net, theta, v, case.data)
    assert_close(product, naive.hessian_vector_product(net, theta, v, *case.arrays), 1e-13)


@on_every_network
def test_single_precision_derivatives(draw_case, sizes, bias, activation, name):
    case = draw_case(sizes, activation=activation, bias=bias, loss=name)
    theta, v = case.theta.astype(np.float32), case.vector.astype(np.float32)
    exact = theta.astype(float), v.astype(float)
    found = gradient(case.net, theta, case.data)
    assert found.dtype == np.float32
    assert_close(found, naive.gradient(case.net, exact[0], *case.arrays), 1e-5)
    product = hessian_vector_product(case.net, theta, v, case.data)
    assert product.dtype == np.float32
    assert_close(product, naive.hessian_vector_product(case.net, *exact, *case.arrays), 1e-5)


@on_every_network
def test_gradient_is_the_complex_step_of_the_loss(draw_case, sizes, bias, activation, name):
    case = draw_case(sizes, n=12, activation=activation, bias=bias, loss=name)
    expected = naive.complex_step_gradient(case.net, case.theta, *case.arrays)
    assert_close(gradient(case.net, case.theta, case.data), expected, 1e-13)


@on_every_network
def test_derivatives_against_central_differences(draw_case, sizes, bias, activation, name):
    """Nothing of the twin takes part: the loss differentiated, then the gradient."""
    case = away_from_kinks(draw_case, sizes, n=8, activation=activation, bias=bias, loss=name)
    net, theta, data = case.net, case.theta, case.data
    v = case.vector / np.linalg.norm(case.vector)
    h = 1e-5
    slope = (loss(net, theta + h * v, data) - loss(net, theta - h * v, data)) / (2 * h)
    here = gradient(net, theta, data)
    assert slope == pytest.approx(here @ v, abs=1e-8 * max(1, np.linalg.norm(here)))
    bend = (gradient(net, theta + h * v, data) - gradient(net, theta - h * v, data)) / (2 * h)
    product = hessian_vector_product(net, theta, v, data)
    assert_allclose(product, bend, rtol=0, atol=1e-7 * max(1, abs(bend).max()))


@on_every_network
def test_hessian_is_symmetric_and_linear(draw_case, sizes, bias, activation, name):
    case = draw_case(sizes, activation=activation, bias=bias, loss=name)
    u, v = np.random.default_rng(3).standard_normal((2, case.net.n_parameters))

    def times(w):
        return hessian_vector_product(case.net, case.theta, w, case.data)

    hu, hv = times(u), times(v)
    scale = np.linalg.norm(hu) * np.linalg.norm(v)
    assert abs(u @ hv - v @ hu) < 1e-13 * scale
    assert_close(times(2 * u - 3 * v), 2 * hu - 3 * hv, 1e-12)
    assert not times(np.zeros_like(u)).any()


@pytest.mark.parametrize("n", [1, 2, 255, 256, 257, 2049, 5000])
def test_derivatives_on_any_number_of_samples(draw_case, n):
    case = draw_case((4, 5, 3), n=n, activation="tanh")
    net, theta, v = case.net, case.theta, case.vector
    assert_close(
        gradient(net, theta, case.data), naive.gradient(net, theta, *case.arrays), 1e-12
    )
    product = hessian_vector_product(net, theta, v, case.data)
    assert_close(product, naive.hessian_vector_product(net, theta, v, *case.arrays), 1e-12)


@pytest.mark.parametrize(
    ("sizes", "name"),
    [((4, 6, 20), "cross_entropy"), ((4, 6, 100), "cross_entropy"), ((4, 2), "cross_entropy"),
     ((4, 5, 1), "squared_error"), ((4, 5, 1), "squared_hinge"), ((1, 1, 1), "squared_hinge"),
     ((2, 40, 2), "squared_error"), ((40, 2, 2), "squared_error"),
     ((2, 30, 2, 30, 2), "squared_hinge")],
)  # fmt: skip
def test_derivatives_of_unusual_shapes(draw_case, sizes, name):
    case = draw_case(sizes, n=260, loss=name, activation="tanh")
    net, theta, v = case.net, case.theta, case.vector
    assert_close(
        gradient(net, theta, case.data), naive.gradient(net, theta, *case.arrays), 1e-12
    )
    product = hessian_vector_product(net, theta, v, case.data)
    assert_close(product, naive.hessian_vector_product(net, theta, v, *case.arrays), 1e-12)


@pytest.mark.parametrize("sizes", [(3, 2), (3, 4, 2), (3, 4, 1)])
def test_derivatives_with_regression_targets(sizes):
    rng = np.random.default_rng(4)
    net = MLP(sizes, activation="tanh", loss="squared_error")
    inputs, targets = rng.standard_normal((300, 3)), rng.standard_normal((300, sizes[-1]))
    theta, v = rng.standard_normal((2, net.n_parameters))
    data = Dataset(inputs, None, targets)
    expected = naive.gradient(net, theta, inputs, None, targets)
    assert_close(gradient(net, theta, data), expected, 1e-12)
    expected = naive.hessian_vector_product(net, theta, v, inputs, None, targets)
    assert_close(hessian_vector_product(net, theta, v, data), expected, 1e-12)


def test_hessian_of_linear_regression_is_the_covariance():
    rng = np.random.default_rng(8)
    inputs = rng.standard_normal((700, 6))
    net = MLP((6, 1), bias=False, loss="squared_error")
    data = Dataset(inputs, None, rng.standard_normal((700, 1)))
    hessian = np.array([
        hessian_vector_product(net, np.zeros(6), row, data) for row in np.eye(6)
    ])  # fmt: skip
    assert_allclose(hessian, inputs.T @ inputs / 700, rtol=1e-12, atol=1e-14)


def test_slope_of_relu_at_zero_is_zero():
    net = MLP((1, 1, 1), bias=False, loss="squared_error")
    data = Dataset(np.ones((1, 1)), None, np.ones((1, 1)))
    assert_array_equal(gradient(net, np.array([0.0, 3.0]), data), [0, 0])
    assert_array_equal(hessian_vector_product(net, np.array([0.0, 3.0]), np.ones(2), data), 0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_many_replicas_equal_one_at_a_time(draw_case, dtype):
    case = draw_case((4, 5, 3), n=600)
    rng = np.random.default_rng(1)
    rows, vectors = rng.standard_normal((2, 19, case.net.n_parameters)).astype(dtype)
    replicas = Replicas(case.net, rows)
    slopes = gradient(case.net, replicas, case.data)
    products = hessian_vector_product(case.net, replicas, vectors, case.data)
    for k, replica in enumerate(replicas):
        assert_array_equal(slopes[k], gradient(case.net, replica, case.data))
        alone = hessian_vector_product(case.net, rows[k], vectors[k], case.data)
        assert_array_equal(products[k], alone)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_bits_for_any_number_of_threads(draw_case, dtype):
    case = draw_case((20, 30, 10), n=3000)
    rows = np.stack([case.theta, case.vector]).astype(dtype)
    vectors = rows[::-1]
    one = gradient(case.net, rows, case.data, n_threads=1)
    product = hessian_vector_product(case.net, rows, vectors, case.data, n_threads=1)
    for n in (2, 3):
        assert_array_equal(gradient(case.net, rows, case.data, n_threads=n), one)
        again = hessian_vector_product(case.net, rows, vectors, case.data, n_threads=n)
        assert_array_equal(again, product)
