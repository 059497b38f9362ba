"""Samples of tiny networks against numerical integration of the same posterior.

The check is one function, which is first shown to notice what it is there for: moves or
exchanges that are accepted whatever they cost.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from naive import posterior as naive
from naive import thermodynamics
from scipy import stats

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, evaluate
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.walks import (
    HMC,
    MALA,
    GaussianPrior,
    RandomWalkMetropolis,
    SphericalPrior,
    _ladder,
    _trajectories,
    sample_posterior,
)

SAMPLERS = {"hmc": HMC(4), "mala": MALA(), "metropolis": RandomWalkMetropolis()}
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)


def noisy_wave(net):
    """A dozen points that two or three weights can follow, roughly."""
    rng = np.random.default_rng(12)
    inputs = rng.standard_normal((12, net.n_inputs))
    targets = 0.8 * np.tanh(inputs[:, :1]) + 0.3 * rng.standard_normal((12, 1))
    return Dataset(inputs, None, targets)


FLAT = MLP((1, 1, 1), activation="tanh", bias=False, loss="squared_error")
SOLID = MLP((2, 1, 1), activation="tanh", bias=False, loss="squared_error")
WARM = 4.0  # spheres have four valleys each, between which chains must cross often
CASES = {
    "plane": (FLAT, GaussianPrior(1.5), naive.plane(1.5), 0.3),
    "circle": (FLAT, SphericalPrior(2.0), naive.circle(2.0), WARM),
    "sphere": (SOLID, SphericalPrior(2.0), naive.sphere(2.0), WARM),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


class Exact:
    """A posterior summed over a grid."""

    def __init__(self, net, data, grid, temperature):
        self.points, weights = grid
        self.energies = data.n_samples * evaluate(net, self.points, data).loss
        lowest = self.energies.min()
        prior, weights = weights, weights * np.exp(-(self.energies - lowest) / temperature)
        self.weights = weights / weights.sum()
        self.log_z = math.log(weights.sum() / prior.sum()) - lowest / temperature

    def mean(self, values):
        return self.weights @ values

    @property
    def variance(self):
        """Of the energy."""
        return self.mean((self.energies - self.mean(self.energies)) ** 2)

    def tenths(self, values):
        """Values below which lie one tenth, two tenths ... of the posterior."""
        order = np.argsort(values)
        below = np.cumsum(self.weights[order])
        return values[order][np.searchsorted(below, np.arange(1, 10) / 10)]

    def shares(self, values, edges):
        return np.bincount(np.searchsorted(edges, values), self.weights, minlength=10)


def deviations(run, exact, place=0, apart=1):
    """How far means are off, in errors from independent replicas, and the histogram's chi^2.

    The histogram needs independent positions, ``apart`` of those kept.
    """
    energies, positions = run.energies[place], run.positions[place]
    found = {
        "E": mean_estimate(energies).z(exact.mean(exact.energies)),
        "E^2": mean_estimate(energies**2).z(exact.mean(exact.energies**2)),
    }
    for i in range(positions.shape[-1]):
        expected = exact.mean(exact.points[:, i] ** 2)
        found[f"theta_{i}^2"] = mean_estimate(positions[:, :, i] ** 2).z(expected)
    values = np.abs(exact.points[:, 0])  # the sign is a symmetry, and rarely changes
    edges = exact.tenths(values)
    chosen = np.abs(positions[:, apart - 1 :: apart, 0]).ravel()
    seen = np.bincount(np.searchsorted(edges, chosen), minlength=10)
    expected = exact.shares(values, edges) * seen.sum()
    p = stats.chisquare(seen, expected).pvalue
    found["histogram"] = float(stats.norm.isf(p / 2)) if p > 0 else math.inf
    return found


def sampled(net, data, prior, sampler, **given):
    settings = {"temperatures": 0.3, "n_replicas": 32, "n_sweeps": 300, "n_tuning": 100}
    settings |= {"keep_every": 30, "rng": 5, "n_threads": 1} | given
    return sample_posterior(net, data, prior=prior, sampler=sampler, **settings)


@pytest.mark.physics
@every_case
@every_sampler
def test_moves_keep_the_posterior(case, sampler):
    net, prior, grid, t = case
    data = noisy_wave(net)
    run = sampled(net, data, prior, sampler, temperatures=t)
    found = deviations(run, Exact(net, data, grid, t))
    assert max(map(abs, found.values())) < 4, found


@pytest.mark.parametrize(
    ("sampler", "case"),
    [
        (HMC(4, 0.15), "plane"),
        (MALA(1.2), "circle"),
        (RandomWalkMetropolis(0.5), "plane"),
    ],
    ids=["hmc", "mala", "metropolis"],
)
def test_without_the_last_decision_it_is_noticed(monkeypatch, sampler, case):
    """The same moves, kept as they are and then accepted always: the check must tell them."""
    net, prior, grid, t = CASES[case]
    data = noisy_wave(net)
    exact = Exact(net, data, grid, t)
    given = {"temperatures": t, "n_tuning": 0, "n_sweeps": 360}
    given["start"] = exact.points[exact.energies.argmin()]
    right = sampled(net, data, prior, sampler, **given)
    assert 0.1 < right.acceptance.mean() < 0.97
    real = _trajectories.Target.moved

    def careless(self, *args):
        class Zero:
            def __init__(self, generator):
                self.generator = generator

            def __getattr__(self, name):
                return getattr(self.generator, name)

            def random(self):
                self.generator.random()
                return -1.0

        here, beta, step, generator, n_threads = args
        return real(self, here, beta, step, Zero(generator), n_threads)

    monkeypatch.setattr(_trajectories.Target, "moved", careless)
    wrong = sampled(net, data, prior, sampler, **given)
    assert (wrong.acceptance == 1).all()
    assert max(map(abs, deviations(right, exact).values())) < 4
    assert max(map(abs, deviations(wrong, exact).values())) > 8


LADDERS = {
    "plane": np.array([0.1, 0.3, 1.0, np.inf]),
    "circle": np.array([0.5, 1.5, 5.0, np.inf]),
    "sphere": np.array([0.5, 1.5, 5.0, np.inf]),
}


def ladder_deviations(name="plane", sampler=SAMPLERS["hmc"], **given):
    """Those of every rung, and of the share of exchanges accepted between neighbours."""
    net, prior, grid, _ = CASES[name]
    temperatures, data = LADDERS[name], noisy_wave(net)
    kept = {"temperatures": temperatures, "keep": temperatures}
    run = sampled(net, data, prior, sampler, **{**kept, "keep_every": 5, **given})
    exact = [Exact(net, data, grid, t) for t in temperatures]
    found = {
        f"{what} at T = {t:g}": value
        for place, t in enumerate(temperatures)
        for what, value in deviations(run, exact[place], place, apart=6).items()
    }
    counts = run.state.systems
    for k, (cold, hot) in enumerate(itertools.pairwise(exact)):
        expected = naive.swap_rate(cold.energies, cold.weights, hot.weights)
        rates = counts["swapped"][:, k] / counts["tried"][:, k]
        found[f"swaps above T = {temperatures[k]:g}"] = mean_estimate(rates).z(expected)
    return run, found


@pytest.mark.physics
@pytest.mark.parametrize("name", CASES)
@every_sampler
def test_exchange_keeps_the_joint_distribution(name, sampler):
    run, found = ladder_deviations(name, sampler)
    assert max(map(abs, found.values())) < 4.3, found  # 23 or 27 numbers
    assert (run.swap_rates > 0.2).all()
    assert (run.round_trips > 10).all()


def test_swap_rate_is_the_sum_over_pairs():
    """The twin's short form against what it stands for."""
    rng = np.random.default_rng(1)
    energies, prior = rng.exponential(size=50), rng.uniform(size=50)
    cold, hot = prior * np.exp(-2.0 * energies), prior * np.exp(-0.5 * energies)
    gain = np.minimum(1, np.exp(1.5 * (energies[:, None] - energies)))
    expected = (cold / cold.sum()) @ gain @ (hot / hot.sum())
    assert naive.swap_rate(energies, cold, hot) == pytest.approx(expected, rel=1e-12)


def test_exchange_at_any_price_is_noticed(monkeypatch):
    def always(self, first):
        done = list(range(first, self.order.size - 1, 2))
        for t in done:
            self.order[[t, t + 1]] = self.order[[t + 1, t]]
        return done

    monkeypatch.setattr(_ladder.Ladder, "_swap", always)
    _, found = ladder_deviations(n_sweeps=60, n_tuning=20, n_replicas=16)
    assert max(abs(value) for name, value in found.items() if "swaps" not in name) > 8


def integrated(temperatures, exact):
    """ln Z by the cubics of a free energy, from exact means and variances."""
    moments = [(e.mean(e.energies), e.variance, 0.0) for e in exact]
    parts = thermodynamics.integrals(temperatures, moments, 1)
    return -np.cumsum(parts[::-1])[::-1]


@pytest.mark.physics
@pytest.mark.parametrize("name", CASES)
def test_free_energy_is_the_integral(name):
    """The ladder is so fine that its cubics are exact; what is left is statistical."""
    net, prior, grid, _ = CASES[name]
    data = noisy_wave(net)
    temperatures = np.append(np.geomspace(0.5, 500, 18), np.inf)
    run = sampled(
        net, data, prior, SAMPLERS["mala"], temperatures=temperatures, keep=(), n_replicas=16,
    )  # fmt: skip
    exact = [Exact(net, data, grid, t) for t in temperatures]
    log_z = np.array([e.log_z for e in exact[:-1]])
    found, finite = run.free_energy, temperatures[:-1]
    assert (
        np.abs(integrated(temperatures, exact) - log_z) < 0.1 * found.log_z.error[:-1]
    ).all()
    energies = np.array([e.mean(e.energies) for e in exact])
    capacities = np.array([e.variance for e in exact]) / temperatures**2
    z = {
        "ln Z": (found.log_z.mean[:-1] - log_z) / found.log_z.error[:-1],
        "F": (found.free_energy.mean[:-1] + finite * log_z) / found.free_energy.error[:-1],
        "S": (found.entropy.mean - np.append(energies[:-1] / finite + log_z, 0))[:-1]
        / found.entropy.error[:-1],
        "E": run.energy.z(energies),
        "C": run.heat_capacity.z(capacities)[:-1],
    }
    assert max(np.abs(values).max() for values in z.values()) < 4.3, z
    assert found.log_z.error[0] < 0.05
    assert found.log_z.mean[-1] == found.log_z.error[-1] == found.entropy.mean[-1] == 0


def test_signs_are_exchanged_where_the_posterior_has_two_copies():
    """(w, a) and (-w, -a) are one network: a ladder finds both, a cold chain keeps to one."""
    data = noisy_wave(FLAT)
    kind = {"n_replicas": 8, "n_sweeps": 150, "keep_every": 5, "rng": 2}
    start = np.array([1.0, 1.0])
    alone = sample_posterior(FLAT, data, temperatures=0.02, start=start, **kind)
    ladder = [0.02, 0.06, 0.2, 0.6, np.inf]
    helped = sample_posterior(FLAT, data, temperatures=ladder, start=start, **kind)
    assert (alone.positions[0, :, :, 0] > 0).all()
    share = mean_estimate((helped.positions[0, :, :, 0] > 0).astype(float))
    assert abs(share.z(0.5)) < 4
    assert share.error < 0.1
    assert alone.r_hat[0] < 1.1  # the energy cannot tell
