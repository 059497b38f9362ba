"""Local energy and the Fisher-Rao norm against their definitions and exact laws."""

from __future__ import annotations

import numpy as np
import pytest
from naive import sharpness as naive

from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape import dense_hessian, fisher_rao_norm, local_energy
from spinglass_nn.networks import MLP, initialize, logits


def test_local_energy_is_that_of_the_definition(small_data):
    net = MLP(sizes=(4, 5, 3))
    points = initialize(net, n_replicas=2, gain=2.0, rng=1)
    found = local_energy(net, points, small_data, sigmas=[0.1, 0.8], n_directions=11, rng=8)
    for k, point in enumerate(points):
        for s, sigma in enumerate(found.sigmas):
            mean, error = naive.noisy(
                net, point.weights, small_data, sigma=sigma, n_directions=11, seed=8
            )
            np.testing.assert_allclose([found.rise[k, s], found.drop[k, s]], mean, atol=1e-12)
            np.testing.assert_allclose(
                [found.rise_error[k, s], found.drop_error[k, s]], error, atol=1e-12
            )


def test_quadratic_loss_rises_by_the_diagonal(quadratic):
    sigmas = np.array([0.01, 1.0])
    found = local_energy(
        quadratic.net, quadratic.point, quadratic.data, sigmas=sigmas, n_directions=400, rng=1
    )
    exact = sigmas**2 / 2 * (quadratic.hessian.diagonal() @ quadratic.point**2)
    assert (np.abs(found.rise[0] - exact) < 4 * found.rise_error[0]).all()
    # pairs leave no odd orders, so the rise is exactly quadratic in sigma
    assert found.rise[0, 1] == pytest.approx(1e4 * found.rise[0, 0], rel=1e-7)
    assert np.isnan(found.drop).all()


def test_same_bits_on_any_threads_and_in_any_company(small_data):
    net = MLP(sizes=(4, 6, 3))
    points = initialize(net, n_replicas=3, rng=6)
    one, two = (
        local_energy(net, points, small_data, n_directions=9, rng=1, n_threads=n)
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one.rise, two.rise)
    alone = local_energy(net, points[1], small_data, sigmas=[0.1], n_directions=9, rng=1)
    assert alone.rise[0, 0] == one.rise[1, 1]
    assert len(one) == 3


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("matrix", "labels"), [("fisher", "network"), ("empirical_fisher", "data")]
)
def test_fisher_rao_norm_is_that_of_the_definition(small_data, bias, matrix, labels):
    net = MLP(sizes=(4, 5, 6, 3), bias=bias)
    points = initialize(net, n_replicas=2, gain=1.5, rng=2)
    found = fisher_rao_norm(net, points, small_data, matrix=matrix)
    for k, point in enumerate(points):
        exact = naive.fisher_rao(net, point.weights, small_data, labels=labels)
        assert found[k] ** 2 == pytest.approx(exact, rel=1e-9)
    assert fisher_rao_norm(net, points[0], small_data, matrix=matrix) == found[0]


@pytest.mark.parametrize("sizes", [(4, 3), (4, 6, 3), (4, 5, 4, 3)])
def test_euler_identity_without_biases(small_data, sizes):
    net = MLP(sizes=sizes, bias=False)
    point = initialize(net, gain=1.5, rng=3)[0]
    outputs = logits(net, point, small_data)
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    hot = np.eye(3)[small_data.labels]
    exact = net.n_layers**2 * np.mean(((p - hot) * outputs).sum(axis=1) ** 2)
    found = fisher_rao_norm(net, point, small_data, matrix="empirical_fisher")
    assert found**2 == pytest.approx(exact, rel=1e-9)


def test_fisher_rao_norm_of_a_linear_network(quadratic):
    found = fisher_rao_norm(quadratic.net, quadratic.point, quadratic.data)
    assert found**2 == pytest.approx(quadratic.point @ quadratic.hessian @ quadratic.point)
    np.testing.assert_allclose(
        dense_hessian(quadratic.net, quadratic.point, quadratic.data), quadratic.hessian
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sigmas": [0.1, 0.0]}, r"sigmas must be positive numbers, got \[0.1, 0.0\]"),
        ({"sigmas": []}, "sigmas must be positive numbers"),
        ({"n_directions": 1}, "n_directions must be at least 2, got 1"),
    ],
)
def test_bad_noise(quadratic, given, message):
    with pytest.raises(ParameterError, match=message):
        local_energy(quadratic.net, quadratic.point, quadratic.data, **given)


def test_bad_matrix(quadratic, small_data):
    with pytest.raises(ParameterError, match="matrix must be one of 'fisher'"):
        fisher_rao_norm(quadratic.net, quadratic.point, quadratic.data, matrix="hessian")
    hinge = MLP(sizes=(4, 3), loss="squared_hinge")
    with pytest.raises(ParameterError, match="no log-likelihood"):
        fisher_rao_norm(hinge, np.ones(15), small_data)
    assert fisher_rao_norm(hinge, np.ones(15), small_data, matrix="gauss_newton") > 0
