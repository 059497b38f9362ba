"""Diffusion, the quadratic law and detailed balance, where the answers are exact."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.walks import Metropolis, quadratic_law, random_walk


def test_free_walk_follows_the_quadratic_law_exactly(bowl):
    # <|d|^2> = r^2 t and <L> - L_0 = r^2 t tr H / 2N hold at every t for a quadratic loss
    net, data, minimum, hessian = bowl
    walk = random_walk(
        net, data, minimum, n_steps=40, step=0.2, n_walkers=400, record_every=20, rng=21
    )
    for column, t in ((1, 20), (2, 40)):
        d = 0.2 * np.sqrt(t)
        squared = mean_estimate(walk.distance[:, column] ** 2)
        assert abs(squared.z(d**2)) < 4
        rise = mean_estimate(walk.loss[:, column] - walk.loss[:, 0])
        assert abs(rise.z(quadratic_law(float(np.trace(hessian)), 3, d))) < 4


@pytest.mark.physics
@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_metropolis_reaches_the_gaussian_of_its_temperature(bowl, temperature):
    # density exp(-L/T): theta - minimum is normal with covariance T H^-1
    net, data, minimum, hessian = bowl
    step = 1.2 * np.sqrt(temperature / np.linalg.eigvalsh(hessian).max())
    walk = random_walk(
        net,
        data,
        minimum,
        n_steps=250,
        step=step,
        n_walkers=300,
        record_every=250,
        rule=Metropolis(temperature),
        rng=31,
    )
    assert 0.3 < walk.acceptance.mean() < 0.95
    away = walk.state.positions - minimum
    white = away @ np.linalg.cholesky(hessian) / np.sqrt(temperature)
    for k in range(3):
        assert abs(mean_estimate(white[:, k]).z(0.0)) < 4
        assert abs(mean_estimate(white[:, k] ** 2).z(1.0)) < 4
        assert abs(mean_estimate(white[:, k] * white[:, k - 1]).z(0.0)) < 4
    # equipartition: T/2 for each of three degrees of freedom
    energy = mean_estimate(walk.loss[:, -1] - walk.loss[:, 0])
    assert abs(energy.z(1.5 * temperature)) < 4


@pytest.mark.physics
def test_metropolis_on_the_circle():
    # two weights on a circle: the density exp(-L(phi)/T) in the angle, by quadrature
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((10, 2))
    data = Dataset(inputs, None, inputs @ [[0.5], [1.5]] + 0.2)
    net = MLP(sizes=(2, 1), bias=False, loss="squared_error")
    walk = random_walk(
        net,
        data,
        [1.0, 0.0],
        n_steps=200,
        step=0.8,
        n_walkers=300,
        record_every=200,
        geometry="sphere",
        rule=Metropolis(0.3),
        rng=5,
    )
    phi = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    points = np.c_[np.cos(phi), np.sin(phi)]
    losses = 0.5 * ((points @ inputs.T - data.targets[:, 0]) ** 2).mean(axis=1)
    weight = np.exp(-(losses - losses.min()) / 0.3)
    weight /= weight.sum()
    assert abs(mean_estimate(walk.loss[:, -1]).z(float(weight @ losses))) < 4
    for k in range(2):
        found = mean_estimate(walk.state.positions[:, k])
        assert abs(found.z(float(weight @ points[:, k]))) < 4
