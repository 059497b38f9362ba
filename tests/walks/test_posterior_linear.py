"""A linear network with squared error and normal weights: the posterior is known exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.walks import (
    HMC,
    MALA,
    GaussianPrior,
    RandomWalkMetropolis,
    sample_posterior,
)

NET = MLP((3, 1), activation="identity", loss="squared_error")
DEVIATION = 2.0


@pytest.fixture(scope="module")
def line():
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((30, 3))
    targets = inputs @ [[0.5], [-1.0], [0.2]] + 0.3 * rng.standard_normal((30, 1))
    return Dataset(inputs, None, targets)


class Conjugate(NamedTuple):
    """E = |A theta - t|^2 / 2 at temperature T, theta normal with deviation s: all is normal."""

    mean: np.ndarray
    covariance: np.ndarray
    energy: float
    heat_capacity: float
    log_z: float


def conjugate(data, temperature, deviation=DEVIATION):
    design = np.c_[data.inputs, np.ones(len(data.inputs))]
    t, n = data.targets[:, 0], len(data.inputs)
    gram = design.T @ design
    covariance = np.linalg.inv(gram / temperature + np.eye(4) / deviation**2)
    mean = covariance @ design.T @ t / temperature
    rest = design @ mean - t
    slope = design.T @ rest
    noisy = temperature * np.eye(n) + deviation**2 * design @ design.T
    return Conjugate(
        mean,
        covariance,
        (rest @ rest + np.trace(gram @ covariance)) / 2,
        (np.trace(gram @ covariance @ gram @ covariance) / 2 + slope @ covariance @ slope)
        / temperature**2,
        -(t @ np.linalg.solve(noisy, t) + np.linalg.slogdet(noisy / temperature)[1]) / 2,
    )


def test_closed_form_is_the_integral(line):
    """The formulas above against each other: d ln Z / d beta = -<E>, dE/dT = C."""
    t, h = 0.7, 1e-4
    low, here, high = (conjugate(line, x) for x in (t - h, t, t + h))
    slope = (high.log_z - low.log_z) / (1 / (t + h) - 1 / (t - h))
    assert slope == pytest.approx(-here.energy, rel=1e-6)
    assert (high.energy - low.energy) / (2 * h) == pytest.approx(here.heat_capacity, rel=1e-6)


SAMPLERS = [HMC(5), MALA(), RandomWalkMetropolis()]


@pytest.mark.physics
@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("temperature", [0.5, 20.0])
def test_mean_covariance_energy_and_heat_capacity(line, sampler, temperature):
    run = sample_posterior(
        NET, line, temperatures=temperature, prior=GaussianPrior(DEVIATION), sampler=sampler,
        n_replicas=32, n_sweeps=400, n_tuning=150, keep_every=4, rng=6,
    )  # fmt: skip
    exact = conjugate(line, temperature)
    assert abs(run.energy.z([exact.energy])) < 4
    assert abs(run.heat_capacity.z([exact.heat_capacity])) < 4
    away = run.positions[0] - exact.mean
    for i in range(4):
        assert abs(mean_estimate(away[:, :, i]).z()) < 4
        for j in range(i + 1):
            found = mean_estimate(away[:, :, i] * away[:, :, j])
            assert abs(found.z(exact.covariance[i, j])) < 4
    assert run.r_hat[0] < 1.15  # 1 + 1 / (independent values in half a chain)


@pytest.mark.physics
def test_equipartition(line):
    """Under a wide prior each of the N parameters holds T/2 above the minimum: C = N/2."""
    t, wide = 0.05, GaussianPrior(5.0)
    run = sample_posterior(
        NET, line, temperatures=t, prior=wide, sampler=HMC(8), n_replicas=16,
        n_sweeps=400, n_tuning=200, rng=7,
    )  # fmt: skip
    design = np.c_[line.inputs, np.ones(30)]
    lowest = np.linalg.lstsq(design, line.targets[:, 0], rcond=None)[1].item() / 2
    exact = conjugate(line, t, 5.0)
    assert exact.heat_capacity == pytest.approx(4 / 2, rel=1e-3)
    assert (exact.energy - lowest) == pytest.approx(4 * t / 2, rel=2e-3)
    assert abs(run.energy.z([lowest + 4 * t / 2])) < 4
    assert abs(run.heat_capacity.z([2.0])) < 4


@pytest.fixture(scope="module")
def ladder(line):
    temperatures = np.append(np.geomspace(0.5, 3000, 16), np.inf)
    return sample_posterior(
        NET, line, temperatures=temperatures, prior=GaussianPrior(DEVIATION), sampler=MALA(),
        n_replicas=8, n_sweeps=500, n_tuning=150, rng=8,
    )  # fmt: skip


@pytest.mark.physics
def test_free_energy_by_integration(line, ladder):
    found = ladder.free_energy
    exact = np.array([conjugate(line, t).log_z for t in ladder.temperatures[:-1]])
    error = np.hypot(found.log_z.error, found.quadrature)[:-1]
    assert (np.abs(found.log_z.mean[:-1] - exact) < 4 * error).all()
    assert found.log_z.error[0] < 0.2
    assert found.log_z[len(exact)].mean == found.log_z[len(exact)].error == 0
    np.testing.assert_allclose(
        found.free_energy.mean[:-1], -ladder.temperatures[:-1] * found.log_z.mean[:-1]
    )
    # the relative entropy of two normal distributions
    one = conjugate(line, 0.5)
    entropy = -(
        np.trace(one.covariance) / DEVIATION**2
        + one.mean @ one.mean / DEVIATION**2
        - 4
        + 4 * np.log(DEVIATION**2)
        - np.linalg.slogdet(one.covariance)[1]
    ) / 2  # fmt: skip
    off = found.entropy.mean[0] - entropy
    assert abs(off) < 4 * np.hypot(found.entropy.error[0], found.quadrature[0])
    assert "ln Z" in repr(found)


@pytest.mark.physics
def test_energies_along_the_ladder(line, ladder):
    exact = [conjugate(line, t) for t in ladder.temperatures[:-1]]
    z = np.append(
        ladder.energy.z([*(e.energy for e in exact), ladder.energy.mean[-1]])[:-1],
        ladder.heat_capacity.z([*(e.heat_capacity for e in exact), 0.0])[:-1],
    )
    assert np.abs(z).max() < 4.3  # 32 numbers
    assert (ladder.round_trips > 5).all()
    assert np.isnan(ladder.step_sizes[-1]).all()
    assert (ladder.acceptance[-1] == 1).all()
