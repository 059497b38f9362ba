"""How long chains of a posterior remember: slow twins, known series, chains that are solved."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
from naive import statistics as naive
from naive.line_chain import LineChain

from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import ChainTooShort
from spinglass_nn.networks import MLP
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.walks import (
    HMC,
    MALA,
    GaussianPrior,
    RandomWalkMetropolis,
    sample_posterior,
)


def autoregressive(a, shape, rng):
    """Stationary Gaussian chains with rho(t) = a^t, so tau = (1 + a) / (2 (1 - a))."""
    noise = rng.standard_normal(shape)
    noise[..., 0] /= math.sqrt(1 - a * a)
    return scipy.signal.lfilter([1], [1, -a], noise, axis=-1)


DECAYS = {1.0: 0.8, 2.0: 0.5, 4.0: 0.9}


def series(net, data, n_replicas, n_records):
    """A run whose energies are autoregressive, with another decay at each temperature."""
    run = sample_posterior(
        net, data, temperatures=[*DECAYS], n_sweeps=1, n_tuning=0, rng=1, keep=()
    )
    rng = np.random.default_rng(7)
    shape = (n_replicas, n_records)
    made = [5 + 2 * autoregressive(a, shape, rng) for a in DECAYS.values()]
    return replace(run, energies=np.stack(made))


@pytest.mark.parametrize("n_replicas", [1, 4])
def test_a_known_series_has_its_time(net, small_data, n_replicas):
    run = series(net, small_data, n_replicas, 40_000 // n_replicas)
    for temperature, a in DECAYS.items():
        found = run.autocorrelation(temperature=temperature)
        assert (found.n_chains, found.n_records) == (n_replicas, 40_000 // n_replicas)
        assert abs(found.time.z((1 + a) / (2 * (1 - a)))) < 4
        for lag in (1, 2, 4):
            assert abs(found.function[lag].z(a**lag)) < 4
        assert abs(found.mean.z(5.0)) < 4


def test_times_are_those_of_double_loops(net, small_data):
    run = series(net, small_data, 3, 300)
    for temperature, chains in zip(DECAYS, run.energies.tolist(), strict=True):
        found = run.autocorrelation(temperature=temperature)
        window, tau = naive.autocorrelation_window(chains)
        assert found.window == window
        raw = np.array([naive.autocovariance(chains, lag) for lag in range(2 * window + 1)])
        # the mean was measured with the same records, which lowers all covariances
        covariance = raw + 2 * tau * raw[0] / 900
        rho = covariance / covariance[0]
        np.testing.assert_allclose(found.function.mean, rho, rtol=1e-9, atol=1e-12)
        expected = 0.5 + math.fsum(rho[1:window]) + rho[window] / 2
        assert found.time.mean == pytest.approx(expected, rel=1e-9)


def test_a_slow_series_is_refused(net, small_data):
    run = series(net, small_data, 2, 100)
    with pytest.raises(ChainTooShort, match="at least 50 autocorrelation times") as caught:
        run.autocorrelation(temperature=4.0)
    assert caught.value.estimate.n_chains == 2


def test_r_hat_is_by_its_steps_at_every_temperature(net, small_data):
    """Ranks, halves, and distances from the median: each replica is a chain."""
    run = sample_posterior(
        net, small_data, temperatures=[0.5, 5.0, np.inf], prior=GaussianPrior(0.5),
        n_replicas=3, n_sweeps=21, n_tuning=0, sampler=MALA(0.01), rng=2,
    )  # fmt: skip
    expected = [naive.r_hat(chains) for chains in run.energies.tolist()]
    np.testing.assert_allclose(run.r_hat, expected, rtol=1e-12)
    assert run.r_hat[0] > 1.2


@pytest.fixture(scope="module")
def line():
    """One weight with a quadratic energy: network, data, curvature and minimum of n L."""
    rng = np.random.default_rng(21)
    inputs = rng.standard_normal((8, 1))
    targets = 0.9 * inputs + 0.5 * rng.standard_normal((8, 1))
    net = MLP((1, 1), activation="identity", bias=False, loss="squared_error")
    curvature = float((inputs**2).sum())
    minimum = float((inputs * targets).sum()) / curvature
    return net, Dataset(inputs, None, targets), curvature, minimum


TEMPERATURE, DEVIATION = 2.0, 1.5
SAMPLERS = {
    "hmc": HMC(2, 0.12),
    "long steps": HMC(2, 0.45),
    "mala": MALA(0.12),
    "metropolis": RandomWalkMetropolis(0.2),
}
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)


def solved(line, sampler, n=400):
    _, _, curvature, minimum = line
    return LineChain(
        curvature, minimum, TEMPERATURE, DEVIATION, step=sampler.step,
        n_steps=sampler.n_steps, gradient=sampler.uses_gradient, n=n,
    )  # fmt: skip


@every_sampler
def test_solved_chains_are_solved(line, sampler):
    """The grid holds the chain: nothing is lost, and it is in detailed balance."""
    fine, coarse = solved(line, sampler), solved(line, sampler, 200)
    assert (fine.moves.sum(axis=1) < 1 + 1e-6).all()
    flow = fine.share[:, None] * fine.moves
    np.testing.assert_allclose(flow, flow.T, atol=1e-12)
    for every in (1, 3):
        times = [one.time(one.energy(one.x), every) for one in (fine, coarse)]
        assert times[0] == pytest.approx(times[1], rel=2e-5)
        rho = fine.function(fine.energy(fine.x), 400, every)
        assert 0.5 + rho[1:].sum() == pytest.approx(times[0], rel=1e-9)


def off(run, exact, number):
    """How far a number of all replicas is from the exact one, in errors from leaving out each.

    The errors that come with a chain's times are for linear series (Bartlett), which energies
    are not: there they are too small, of single lags up to threefold.
    """

    def measure(kept):
        some = replace(run, energies=run.energies[:, kept])
        return number(some.autocorrelation(temperature=TEMPERATURE))

    value, error = naive.jackknife(run.energies.shape[1], measure)
    return (value - exact) / error


@pytest.mark.physics
@every_sampler
@pytest.mark.parametrize("every", [1, 3])
def test_times_of_a_quadratic_loss(line, sampler, every):
    """Acceptance, energy, its correlations in time and their sum, from equilibrium on."""
    net, data, *_ = line
    exact = solved(line, sampler)
    rng = np.random.default_rng(5)
    start = rng.choice(exact.x, size=(24, 1), p=exact.share)
    run = sample_posterior(
        net, data, temperatures=TEMPERATURE, prior=GaussianPrior(DEVIATION), sampler=sampler,
        n_replicas=24, n_sweeps=1500, n_tuning=0, record_every=every, start=start, rng=9,
        n_threads=1, keep=(),
    )  # fmt: skip
    values = exact.energy(exact.x)
    lowest = float(((exact.minimum * data.inputs - data.targets) ** 2).sum()) / 2
    mean = lowest + exact.mean(values)
    assert abs(mean_estimate(run.acceptance[0]).z(exact.acceptance)) < 4
    assert abs(run.energy.z([mean])[0]) < 4
    assert abs(run.autocorrelation(temperature=TEMPERATURE).mean.z(mean)) < 4
    assert abs(off(run, exact.time(values, every), lambda found: found.time.mean)) < 4
    rho = exact.function(values, 5, every)
    for lag in (1, 2, 4):
        assert abs(off(run, rho[lag], lambda found, k=lag: found.function.mean[k])) < 4


def test_fresh_draws_remember_nothing(line):
    net, data, *_ = line
    run = sample_posterior(net, data, temperatures=np.inf, n_sweeps=4000, n_tuning=0, rng=3)
    assert abs(run.autocorrelation(temperature=np.inf).time.z(0.5)) < 4
