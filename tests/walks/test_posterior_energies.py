"""Energy, heat capacity and free energy of a run against their slow twins, value and error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from naive import thermodynamics as naive

from spinglass_nn.walks import GaussianPrior, sample_posterior

TEMPERATURES = [2.0, 5.0, 20.0, np.inf]


@pytest.fixture(scope="module")
def run(net, small_data):
    return sample_posterior(
        net, small_data, temperatures=TEMPERATURES, prior=GaussianPrior(0.5), n_replicas=5,
        n_sweeps=43, n_tuning=10, rng=1, keep=(),
    )  # fmt: skip


def assert_is_its_twin(run):
    temperatures = run.temperatures
    values, errors, quadrature = naive.with_errors(temperatures, run.energies)
    free = run.free_energy
    found = {
        "energy": run.energy, "heat_capacity": run.heat_capacity,
        "log_z": free.log_z, "entropy": free.entropy,
    }  # fmt: skip
    for name, estimates in found.items():
        np.testing.assert_allclose(estimates.mean, values[name], rtol=1e-9, err_msg=name)
        np.testing.assert_allclose(estimates.error, errors[name], rtol=1e-7, err_msg=name)
    np.testing.assert_allclose(free.quadrature, quadrature, rtol=1e-7)
    finite = temperatures[:-1]
    np.testing.assert_allclose(
        free.free_energy.mean[:-1], -finite * values["log_z"][:-1], rtol=1e-9
    )
    np.testing.assert_allclose(
        free.free_energy.error[:-1], finite * errors["log_z"][:-1], rtol=1e-7
    )
    assert np.isnan(free.free_energy.mean[-1])
    assert (run.energy.error > 0).all()


@pytest.mark.parametrize(
    ("n_replicas", "n_records"), [(16, 5), (17, 1), (5, 43), (2, 40), (1, 37), (1, 5), (3, 2)]
)
def test_is_its_slow_twin(run, n_replicas, n_records):
    """Replicas as units, blocks of them, and fewer blocks where records are few."""
    rng = np.random.default_rng(3)
    shape = (len(TEMPERATURES), n_replicas, n_records)
    made = np.array([10.0, 15.0, 30.0, 60.0])[:, None, None] * (1 + rng.exponential(size=shape))
    assert_is_its_twin(replace(run, energies=made))


def test_a_sampled_run_is_its_slow_twin(run):
    assert_is_its_twin(run)
