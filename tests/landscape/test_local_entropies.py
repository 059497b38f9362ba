"""Local free energies against closed forms and integrals over a grid."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.errors import ChainTooShort, ParameterError
from spinglass_nn.landscape import LocalEntropy, local_entropy
from spinglass_nn.networks import loss


def exact_free_energy(hessian, slope, gamma, temperature):
    """Of a quadratic loss, by the Gaussian integral."""
    stiffness = hessian / temperature + gamma * np.eye(len(slope))
    determinant = np.linalg.slogdet(stiffness / gamma)[1]
    fall = slope @ np.linalg.solve(stiffness, slope) / temperature**2
    return temperature * (determinant - fall) / 2


@pytest.mark.parametrize("where", ["minimum", "point"])
@pytest.mark.parametrize(("gamma", "temperature"), [(1.0, 1.0), (30.0, 0.1), (1.0, 0.1)])
def test_quadratic_loss(quadratic, where, gamma, temperature):
    point = getattr(quadratic, where)
    found = local_entropy(
        quadratic.net, point, quadratic.data, gamma=gamma, temperature=temperature, rng=3
    )
    slope = quadratic.hessian @ (point - quadratic.minimum)
    exact = exact_free_energy(quadratic.hessian, slope, gamma, temperature)
    assert abs(found.free_energy.z(exact)) < 4
    assert abs(found.last_term.z()) < 4
    assert found.acceptance.min() > 0.5


@pytest.mark.physics
def test_errors_are_those_of_repeated_runs(quadratic):
    slope = quadratic.gradient
    exact = exact_free_energy(quadratic.hessian, slope, 2.0, 0.5)
    runs = [
        local_entropy(
            quadratic.net, quadratic.point, quadratic.data, gamma=2.0, temperature=0.5, rng=seed
        )
        for seed in range(40)
    ]
    z = np.array([run.free_energy.z(exact) for run in runs])
    assert abs(z.mean()) * np.sqrt(len(z)) < 4
    assert 0.65 < z.std(ddof=1) < 1.5  # 4 sigma of a standard deviation from 40, and its bias


@pytest.mark.parametrize(("gamma", "temperature"), [(2.0, 0.05), (0.5, 0.2)])
def test_crooked_loss_against_the_integral(two_parameters, gamma, temperature):
    """Far from quadratic: the Gaussian reaches over to the mirror image of the minimum."""
    net, data, point = two_parameters.net, two_parameters.data, two_parameters.point
    found = local_entropy(
        net, point, data, gamma=gamma, temperature=temperature, n_samples=200, n_nodes=8, rng=1
    )
    x = np.linspace(-7, 7, 401) / np.sqrt(gamma)
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    rise = loss(net, point + grid, data) - loss(net, point, data)
    weight = np.exp(-gamma * (grid**2).sum(axis=1) / 2)
    exact = -temperature * np.log((weight * np.exp(-rise / temperature)).sum() / weight.sum())
    assert abs(found.free_energy.z(exact)) < 4
    assert found.free_energy.error < 0.15 * abs(exact)


def test_hot_chains_see_the_mean_rise(quadratic):
    """For a large temperature the free energy is the mean rise, tr H / 2 gamma."""
    found = local_entropy(
        quadratic.net, quadratic.minimum, quadratic.data, gamma=5.0, temperature=1e4, rng=0
    )
    assert abs(found.free_energy.z(quadratic.hessian.trace() / 10)) < 4


def test_same_bits_on_any_threads(quadratic):
    one, two = (
        local_entropy(
            quadratic.net, quadratic.point, quadratic.data, gamma=3.0, rng=2, n_threads=n
        )
        for n in (1, 2)
    )
    assert one.free_energy.mean == two.free_energy.mean
    np.testing.assert_array_equal(one.virial.mean, two.virial.mean)
    assert "local free energy" in repr(one)


def test_chains_too_short_for_an_error_are_refused(quadratic):
    with pytest.raises(ChainTooShort, match=r"chains at gamma = .* cannot be used") as caught:
        local_entropy(
            quadratic.net, quadratic.point, quadratic.data, gamma=0.01, n_chains=2,
            n_samples=16, rng=1,
        )  # fmt: skip
    assert isinstance(caught.value.estimate, LocalEntropy)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gamma": 0.0}, "gamma must be positive, got 0"),
        ({"temperature": -1.0}, "temperature must be positive, got -1"),
        ({"n_nodes": 1}, "n_nodes must be at least 2, got 1"),
        ({"n_chains": 1}, "n_chains must be at least 2, got 1"),
        ({"n_samples": 5}, "n_samples must be at least 16, got 5"),
    ],
)
def test_bad_input(quadratic, given, message):
    with pytest.raises(ParameterError, match=message):
        local_entropy(quadratic.net, quadratic.point, quadratic.data, **{"gamma": 1.0, **given})


def test_one_point_at_a_time(quadratic):
    points = np.stack([quadratic.point, quadratic.minimum])
    with pytest.raises(ParameterError, match="theta must be one point, got 2 replicas"):
        local_entropy(quadratic.net, points, quadratic.data, gamma=1.0)
