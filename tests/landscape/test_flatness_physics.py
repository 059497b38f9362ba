"""The quadratic law around a trained network (T4)."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.datasets import fashion_mnist, subset
from spinglass_nn.landscape import flatness, hessian_trace
from spinglass_nn.networks import MLP, Replica, gradient, initialize, loss
from spinglass_nn.walks import quadratic_law, random_walk

RHO = (0.01, 0.03, 0.1, 0.3, 1.0)


def trained(activation):
    """A network after 600 plain gradient steps on batches of 64 images, in float64."""
    data = subset(fashion_mnist(), 2000, rng=0)
    net = MLP(sizes=(784, 64, 10), activation=activation)
    theta = initialize(net, rng=0).weights[0].astype(np.float32)
    rng = np.random.default_rng(1)
    for _ in range(600):
        batch = subset(data, 64, rng=rng)
        theta -= np.float32(0.1) * gradient(net, theta, batch, n_threads=1)
    return net, data, Replica(net, theta.astype(np.float64))


@pytest.mark.physics
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_quadratic_bowl_around_a_trained_network(activation):
    net, data, point = trained(activation)
    assert loss(net, point, data) < 0.5
    curvature = np.array(
        [
            flatness(net, point, data, excursion=rho, n_directions=12, rng=3).mean / rho**2
            for rho in RHO
        ]
    )
    np.testing.assert_allclose(curvature, curvature.mean(), rtol=0.1)
    if activation == "tanh":  # smooth: here the trace says how large the rise is
        trace = hessian_trace(net, point, data, n_probes=64, rng=2)
        small = flatness(net, point, data, excursion=0.01, n_directions=64, rng=4)
        law = quadratic_law(trace, net.n_parameters, 0.01 * point.norm)
        assert abs(small.z(law)) < 4
        walk = random_walk(
            net, data, point, n_steps=100, excursion=0.3, n_walkers=12, record_every=100, rng=5
        )
        rise = walk.loss[:, -1] - walk.loss[:, 0]
        law = quadratic_law(trace, net.n_parameters, 0.3 * point.norm)
        assert rise.mean() == pytest.approx(law.mean, rel=0.15)
