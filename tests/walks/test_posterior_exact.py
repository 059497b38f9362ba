"""Samples of tiny networks against numerical integration of the same posterior.

The check is one function, which is first shown to notice what it is there for: moves or
exchanges that are accepted whatever they cost.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive import posterior as naive
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
        weights = weights * np.exp(-(self.energies - self.energies.min()) / temperature)
        self.weights = weights / weights.sum()

    def mean(self, values):
        return self.weights @ values

    def tenths(self, values):
        """Values below which lie one tenth, two tenths ... of the posterior."""
        order = np.argsort(values)
        below = np.cumsum(self.weights[order])
        return values[order][np.searchsorted(below, np.arange(1, 10) / 10)]

    def shares(self, values, edges):
        return np.bincount(np.searchsorted(edges, values), self.weights, minlength=10)


def deviations(run, exact, place=0):
    """How far means are off, in errors from independent replicas, and the histogram's chi^2."""
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
    seen = np.bincount(np.searchsorted(edges, np.abs(positions[..., 0]).ravel()), minlength=10)
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


TEMPERATURES = np.array([0.1, 0.3, 1.0, np.inf])


def ladder_deviations(**given):
    data = noisy_wave(FLAT)
    kept = {"temperatures": TEMPERATURES, "keep": TEMPERATURES}
    run = sampled(FLAT, data, GaussianPrior(1.5), HMC(4), **kept, **given)
    grid = naive.plane(1.5)
    return run, {
        f"{name} at T = {t:g}": value
        for place, t in enumerate(TEMPERATURES)
        for name, value in deviations(run, Exact(FLAT, data, grid, t), place).items()
    }


@pytest.mark.physics
def test_exchange_keeps_the_joint_distribution():
    run, found = ladder_deviations(n_sweeps=200)
    assert max(map(abs, found.values())) < 4.3, found  # 20 numbers
    assert (run.swap_rates > 0.2).all()
    assert (run.round_trips > 10).all()


def test_exchange_at_any_price_is_noticed(monkeypatch):
    def always(self, first):
        done = list(range(first, self.order.size - 1, 2))
        for t in done:
            self.order[[t, t + 1]] = self.order[[t + 1, t]]
        return done

    monkeypatch.setattr(_ladder.Ladder, "_swap", always)
    _, found = ladder_deviations(n_sweeps=40, n_tuning=20, keep_every=10, n_replicas=16)
    assert max(map(abs, found.values())) > 8


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
