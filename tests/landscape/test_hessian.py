"""Trace and eigenvalues against the dense Hessian, and that against its closed form."""

from __future__ import annotations

import numpy as np
import pytest
from naive import networks as naive

from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import NotConverged, ParameterError, ShapeError
from spinglass_nn.landscape import dense_hessian, hessian_trace, largest_eigenvalues
from spinglass_nn.networks import MLP, initialize


@pytest.fixture(scope="module")
def curved():
    """A small tanh network at a random point."""
    net = MLP(sizes=(4, 6, 3), activation="tanh")
    return net, initialize(net, rng=2)[0]


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(4)
    inputs = rng.standard_normal((30, 3)) * [1.0, 2.0, 0.5]
    return Dataset(inputs, None, rng.standard_normal((30, 2)))


def test_dense_hessian_is_that_of_the_definition(curved, small_data):
    net, point = curved
    found = dense_hessian(net, point, small_data)
    for k in (0, 17, net.n_parameters - 1):
        unit = np.eye(net.n_parameters)[k]
        column = naive.hessian_vector_product(
            net, point.weights, unit, small_data.inputs, small_data.labels
        )
        np.testing.assert_allclose(found[:, k], column, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)


def test_linear_regression_has_the_covariance_of_its_inputs(regression):
    # loss = |W x + b - t|^2 / 2: one block <x x^T> per output, x with a one for the bias
    net = MLP(sizes=(3, 2), activation="identity", loss="squared_error")
    design = np.c_[regression.inputs, np.ones(30)]
    covariance = design.T @ design / 30
    found = dense_hessian(net, np.zeros(8), regression)
    weights, biases = np.arange(6).reshape(2, 3), np.array([6, 7])
    expected = np.zeros((8, 8))
    for output in range(2):
        own = [*weights[output], biases[output]]
        expected[np.ix_(own, own)] = covariance
    np.testing.assert_allclose(found, expected, atol=1e-14)
    top = largest_eigenvalues(net, np.ones(8), regression, n=2, tolerance=1e-10)
    np.testing.assert_allclose(top.values, np.linalg.eigvalsh(covariance)[-1], rtol=1e-9)
    trace = hessian_trace(net, np.ones(8), regression, n_probes=400, rng=1)
    assert abs(trace.z(2 * np.trace(covariance))) < 4


def test_trace_of_a_network(curved, small_data):
    net, point = curved
    exact = np.trace(dense_hessian(net, point, small_data))
    few = hessian_trace(net, point, small_data, n_probes=20, rng=3)
    many = hessian_trace(net, point, small_data, n_probes=320, rng=3)
    assert abs(few.z(exact)) < 4
    assert abs(many.z(exact)) < 4
    assert few.error / many.error == pytest.approx(4, rel=0.4)


def test_trace_has_the_same_bits_on_any_threads(curved, small_data):
    net, point = curved
    one, three = (
        hessian_trace(net, point, small_data, n_probes=6, rng=3, n_threads=n) for n in (1, 3)
    )
    assert (one.mean, one.error) == (three.mean, three.error)


def test_largest_eigenvalues_are_those_of_the_dense_matrix(curved, small_data):
    net, point = curved
    matrix = dense_hessian(net, point, small_data)
    expected = np.linalg.eigvalsh(matrix)[::-1]
    found = largest_eigenvalues(net, point, small_data, n=4, tolerance=1e-8, rng=1)
    np.testing.assert_allclose(found.values, expected[:4], rtol=1e-8)
    for value, vector, residual in zip(
        found.values, found.vectors, found.residuals, strict=True
    ):
        assert np.linalg.norm(vector) == pytest.approx(1)
        assert np.linalg.norm(matrix @ vector - value * vector) == pytest.approx(
            residual, abs=1e-12
        )
        assert residual <= 1e-8 * found.values[0]
    assert found.n_products > 4


def test_eigenvalues_have_the_same_bits_each_time(curved, small_data):
    net, point = curved
    runs = [largest_eigenvalues(net, point, small_data, n=2, n_threads=n) for n in (1, 2)]
    np.testing.assert_array_equal(runs[0].values, runs[1].values)
    np.testing.assert_array_equal(runs[0].vectors, runs[1].vectors)


def test_float32_points_are_measured_in_float64(curved, small_data):
    net, point = curved
    single = point.weights.astype(np.float32)
    found = dense_hessian(net, single, small_data)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(
        found, dense_hessian(net, single.astype(np.float64), small_data)
    )


def test_flat_landscape_has_zero_curvature():
    # every hinge beyond its margin: loss, gradient and Hessian are exactly zero
    data = Dataset(np.ones((5, 2)), np.ones(5, dtype=np.int64), n_classes=2)
    net = MLP(sizes=(2, 1), loss="squared_hinge")
    point = np.array([5.0, 5.0, 5.0])
    assert hessian_trace(net, point, data, n_probes=3, rng=0).mean == 0
    assert largest_eigenvalues(net, point, data).values.tolist() == [0.0]


def test_no_convergence_carries_what_was_found(curved, small_data):
    net, point = curved
    with pytest.raises(NotConverged, match="3 eigenvalues must converge to 1e-17, got") as e:
        largest_eigenvalues(net, point, small_data, n=3, tolerance=1e-17, max_iterations=1)
    assert len(e.value.last.values) < 3
    assert e.value.last.n_products > 0


def test_bad_input(curved, small_data):
    net, point = curved
    with pytest.raises(ParameterError, match="n_probes must be at least 2, got 1"):
        hessian_trace(net, point, small_data, n_probes=1)
    with pytest.raises(ParameterError, match="n must be below the 51 parameters, got 51"):
        largest_eigenvalues(net, point, small_data, n=51)
    with pytest.raises(ParameterError, match="tolerance must be positive, got 0"):
        largest_eigenvalues(net, point, small_data, tolerance=0.0)
    with pytest.raises(ParameterError, match="theta must be one point, got 2 replicas"):
        hessian_trace(net, initialize(net, n_replicas=2), small_data)
    large = MLP(sizes=(4, 300, 3))
    with pytest.raises(ParameterError, match="at most 2000 parameters for a dense Hessian"):
        dense_hessian(large, initialize(large)[0], small_data)
    other = MLP(sizes=(5, 3))
    with pytest.raises(ShapeError, match="data must have 5 inputs"):
        hessian_trace(other, initialize(other)[0], small_data)
