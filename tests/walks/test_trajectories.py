"""Integrators: there and back, volume kept, errors of second order; priors exact by themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.networks import MLP, initialize
from spinglass_nn.walks import (
    HMC,
    MALA,
    GaussianPrior,
    RandomWalkMetropolis,
    SphericalPrior,
)
from spinglass_nn.walks._trajectories import Target

FLOAT64 = np.dtype(np.float64)
PRIORS = {
    "gaussian": GaussianPrior(0.7),
    "layers": GaussianPrior((1.0, 0.3), fan_in=True),
    "sphere": SphericalPrior(3.0),
}
every_prior = pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)


def target_of(net, data, prior, n_steps=1):
    return Target(net, data, prior.flow(net, FLOAT64), HMC(n_steps), FLOAT64)


def followed(target, theta, momentum, beta, angle):
    """The end of a trajectory and the rise of H; the start is left as it is."""
    momentum = momentum.copy()
    there, rise = target._followed(target.at(theta, 1), momentum, beta, angle, 1)
    return there.theta, momentum, rise


@every_prior
def test_trajectories_lead_back(net, small_data, prior):
    target, rng = target_of(net, small_data, prior, 7), np.random.default_rng(1)
    theta = target.flow.draw(rng)
    momentum = target.flow.momentum(theta, rng)
    end, arriving, rise = followed(target, theta, momentum, 0.2, 0.1)
    assert np.abs(end - theta).max() > 0.1
    back, returning, fall = followed(target, end, -arriving, 0.2, 0.1)
    np.testing.assert_allclose(back, theta, atol=1e-12)
    np.testing.assert_allclose(-returning, momentum, atol=1e-12)
    assert rise == pytest.approx(-fall, abs=1e-11)


def jacobian(function, x, h=1e-6):
    return np.stack(
        [(function(x + e) - function(x - e)) / (2 * h) for e in h * np.eye(x.size)], axis=1
    )


@pytest.mark.parametrize("prior", [GaussianPrior(0.7), GaussianPrior((1.0, 0.3))])
def test_gaussian_steps_keep_volume(small_data, prior):
    net = MLP((4, 2, 3), activation="tanh")
    target, rng, n = target_of(net, small_data, prior, 3), np.random.default_rng(2), 19

    def step(x):
        return np.concatenate(followed(target, x[:n], x[n:], 0.3, 0.3)[:2])

    determinant = np.linalg.det(jacobian(step, rng.standard_normal(2 * n)))
    assert determinant == pytest.approx(1, abs=1e-6)


def test_spherical_steps_keep_volume():
    """On a circle, in angle and angular velocity, both canonical up to a factor."""
    from spinglass_nn.datasets import Dataset

    rng, radius = np.random.default_rng(3), 2.0
    data = Dataset(rng.standard_normal((12, 1)), None, rng.standard_normal((12, 1)))
    net = MLP((1, 1, 1), activation="tanh", bias=False, loss="squared_error")
    target = target_of(net, data, SphericalPrior(radius), 3)

    def step(x):
        e = np.array([math.cos(x[0]), math.sin(x[0])])
        across = np.array([-e[1], e[0]])
        theta, momentum, _ = followed(target, radius * e, x[1] * across, 0.5, 0.4)
        across = np.array([-theta[1], theta[0]]) / radius
        return np.array([math.atan2(theta[1], theta[0]), momentum @ across])

    start = np.array([0.4, 0.9])
    assert np.abs(step(start) - start).max() > 0.05
    assert np.linalg.det(jacobian(step, start)) == pytest.approx(1, abs=1e-7)


@every_prior
def test_the_rise_is_of_second_order(net, small_data, prior):
    rng = np.random.default_rng(4)
    flow = prior.flow(net, FLOAT64)
    theta = flow.draw(rng)
    momentum = flow.momentum(theta, rng)
    rises = [
        followed(target_of(net, small_data, prior, n), theta, momentum, 0.1, 0.4 / n)[2]
        for n in (16, 32, 64)
    ]
    assert rises[0] / rises[1] == pytest.approx(4, rel=0.05)
    assert rises[1] / rises[2] == pytest.approx(4, rel=0.05)


@every_prior
def test_without_data_motion_is_exact(net, prior):
    flow, rng = prior.flow(net, FLOAT64), np.random.default_rng(5)
    theta = flow.draw(rng)
    momentum = flow.momentum(theta, rng)
    start, before = theta.copy(), flow.action(theta, momentum)
    for _ in range(100):
        flow.turn(theta, momentum, 0.3)
    assert flow.action(theta, momentum) == pytest.approx(before, rel=1e-12)
    for _ in range(100):
        flow.turn(theta, momentum, -0.3)
    np.testing.assert_allclose(theta, start, atol=1e-12)
    if isinstance(prior, SphericalPrior):
        assert np.linalg.norm(theta) == pytest.approx(3, rel=1e-14)
        assert theta @ momentum == pytest.approx(0, abs=1e-12)


@every_prior
def test_momenta_have_the_temperature_of_their_masses(net, prior):
    """<action> of the momenta is half their number: N, or N - 1 in the tangent plane."""
    flow, rng = prior.flow(net, FLOAT64), np.random.default_rng(6)
    sphere = isinstance(prior, SphericalPrior)
    theta = flow.draw(rng) if sphere else np.zeros(net.n_parameters)
    actions = [flow.action(theta, flow.momentum(theta, rng)) for _ in range(4000)]
    n = net.n_parameters - sphere
    assert np.mean(actions) == pytest.approx(n / 2, abs=4 * math.sqrt(n / 2 / 4000))


def test_initial_ensemble_has_the_variance_of_the_prior(net):
    """Uniform within 1/sqrt(inputs), the default initialiser, and its normal counterpart."""
    drawn = initialize(net, n_replicas=4000, rng=7).weights
    scale = GaussianPrior(3**-0.5, fan_in=True).scale(net)
    np.testing.assert_allclose(drawn.std(axis=0), scale, rtol=0.06)


def test_deviations_by_layer():
    net = MLP((4, 2, 3))
    scale = GaussianPrior((1.0, 0.5)).scale(net)
    assert scale.tolist() == [1.0] * 10 + [0.5] * 9
    np.testing.assert_allclose(GaussianPrior(1.0, fan_in=True).scale(net)[:10], 0.5)


def test_bad_priors_and_samplers(net):
    with pytest.raises(ParameterError, match="deviation must be positive, got 0"):
        GaussianPrior(0.0)
    with pytest.raises(ParameterError, match="deviation must be positive, got -1"):
        GaussianPrior((1.0, -1.0))
    with pytest.raises(ShapeError, match=r"deviation must be one number or 2 for .*, got 3"):
        GaussianPrior((1.0, 1.0, 1.0)).scale(net)
    with pytest.raises(ParameterError, match="norm must be positive"):
        SphericalPrior(-1.0)
    with pytest.raises(DataError, match="start must have the prior's norm 2, got 3"):
        SphericalPrior(2.0).placed(np.array([[3.0, 0.0]]))
    with pytest.raises(ParameterError, match="n_steps must be at least 1, got 0"):
        HMC(0)
    for sampler in (HMC, MALA, RandomWalkMetropolis):
        with pytest.raises(ParameterError, match="step must be positive, got 0"):
            sampler(step=0.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_kernel_has_the_bits_of_single_steps(net, small_data, dtype):
    dtype, rng = np.dtype(dtype), np.random.default_rng(1)
    prior = PRIORS["layers"]
    one = Target(net, small_data, prior.flow(net, dtype), HMC(9), dtype)
    many = Target(net, small_data, prior.flow(net, dtype), HMC(9), dtype)
    assert one._block is not None
    many._block = None
    theta = one.flow.draw(rng)
    momentum = one.flow.momentum(theta, rng)
    ends = [followed(target, theta, momentum, 0.2, 0.1) for target in (one, many)]
    for single, stepwise in zip(*ends, strict=True):
        np.testing.assert_array_equal(single, stepwise)
    assert ends[0][0].dtype == dtype


@pytest.mark.parametrize("kernel", [True, False])
def test_a_trajectory_that_overflows_is_refused(small_data, kernel):
    """Weights of 10^18 have sums beyond float32."""
    net, single = MLP(sizes=(4, 5, 3)), np.dtype(np.float32)
    target = Target(net, small_data, GaussianPrior(1e18).flow(net, single), HMC(5), single)
    if not kernel:
        target._block = None
    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        here = target.drawn(rng, 1)
        momentum = target.flow.momentum(here.theta, rng)
        there, rise = target._followed(here, 1e6 * momentum, 1.0, 0.1, 1)
    assert math.isfinite(here.energy)
    assert there.energy == rise == math.inf
