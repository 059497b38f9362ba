"""Exchanges counted: swap rates and round trips from a record, a slow twin and a conveyor belt."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from naive import exchange as counted
from naive import posterior as naive
from naive import statistics

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.walks import (
    HMC,
    GaussianPrior,
    RandomWalkMetropolis,
    SphericalPrior,
    _ladder,
    sample_posterior,
)


@pytest.fixture
def orders(monkeypatch):
    """Orders of each ladder, before the first sweep and after every one."""
    found = {}
    real = _ladder.Ladder.sweep

    def sweep(self, number, n_tuning):
        kept = found.setdefault(self, [self.order.tolist()])
        real(self, number, n_tuning)
        kept.append(self.order.tolist())

    monkeypatch.setattr(_ladder.Ladder, "sweep", sweep)
    return found


def assert_counted(run, records, n_tuning):
    """Counts are those of each ladder's orders after tuning."""
    measured = [kept[n_tuning:] for kept in records]
    tried, accepted = np.array([counted.swaps(kept, n_tuning % 2) for kept in measured]).sum(0)
    np.testing.assert_array_equal(run.swap_rates, accepted / np.maximum(tried, 1))
    # where systems stood before the first exchange that is counted, no record was made
    trips = [counted.round_trips(kept[1:]) for kept in measured]
    assert run.round_trips.tolist() == trips


@pytest.mark.parametrize("n_tuning", [0, 7, 8])
@pytest.mark.parametrize("n_temperatures", [1, 2, 5])
def test_counts_are_those_of_the_record(net, small_data, orders, n_temperatures, n_tuning):
    run = sample_posterior(
        net, small_data, temperatures=[20.0, 40.0, 80.0, 160.0, np.inf][-n_temperatures:],
        prior=GaussianPrior(0.5), sampler=HMC(3, 0.2), n_replicas=3, n_sweeps=91,
        n_tuning=n_tuning, n_threads=1, rng=4,
    )  # fmt: skip
    assert len(orders) == 3
    assert_counted(run, orders.values(), n_tuning)
    for kept in orders.values():
        counted.swaps(kept, 0)  # tuning included, nothing but neighbours of one parity moves
    if n_temperatures > 1:
        assert (run.round_trips > 0).all()
        assert (run.swap_rates < 1).all()
        assert len(set(run.round_trips.tolist())) > 1


def test_counts_of_a_run_that_went_on(net, small_data, orders):
    """Marks of where systems come from are handed on with the state."""
    kind = {
        "temperatures": [40.0, 80.0, 160.0, np.inf], "prior": GaussianPrior(0.5), "rng": 4,
        "sampler": HMC(3, 0.2), "n_replicas": 1, "n_tuning": 5, "n_threads": 1,
    }  # fmt: skip
    sample_posterior(net, small_data, n_sweeps=90, **kind)
    (whole,) = orders.values()
    run = None
    for n in (1, 8, 9, 30, 31, 90):
        run = sample_posterior(net, small_data, n_sweeps=n, state=run and run.state, **kind)
        assert_counted(run, [whole[: 5 + n + 1]], 5)
    assert run.round_trips[0] > 1


@pytest.mark.parametrize("temperatures", [[1.0, 4.0], [0.5, 1.0, 2.0, np.inf]])
def test_counts_are_those_of_the_slow_twin(temperatures):
    """Twin in everything: moves, exchanges and what is counted of them."""
    rng = np.random.default_rng(1)
    data = Dataset(rng.standard_normal((3, 2)), None, rng.standard_normal((3, 1)))
    net = MLP((2, 1, 1), activation="tanh", loss="squared_error")
    run = sample_posterior(
        net, data, temperatures=temperatures, prior=GaussianPrior(0.8), sampler=HMC(2, 0.3),
        n_replicas=2, n_sweeps=80, n_tuning=0, rng=12,
    )  # fmt: skip
    records = []
    for replica in (0, 1):
        energies, kept = naive.hamiltonian_ladder(
            net, data, temperatures, deviation=0.8, step=0.3, n_steps=2, n_sweeps=80, seed=12,
            replica=replica,
        )  # fmt: skip
        np.testing.assert_allclose(run.energies[:, replica], energies.T, rtol=1e-9)
        records.append(kept)
    assert_counted(run, records, 0)
    assert (run.round_trips > 1).all()
    assert (run.swap_rates < 1).all()


@pytest.mark.parametrize("n_temperatures", [2, 3, 4, 7])
def test_equal_energies_make_a_conveyor_belt(n_temperatures):
    """Where all weights have one energy every exchange is accepted: motion without chance.

    Every other sweep a system arrives at the cold end; the first n/2 of them never saw the
    hot one.
    """
    data = Dataset(np.zeros((3, 1)), None, np.ones((3, 1)))
    net = MLP((1, 1), activation="identity", bias=False, loss="squared_error")
    temperatures = np.append(np.arange(1.0, n_temperatures), np.inf)
    for n_sweeps in (1, 2, 9, 40):
        run = sample_posterior(
            net, data, temperatures=temperatures, n_sweeps=n_sweeps, n_tuning=0, rng=1
        )
        tried = [1, 1 if n_sweeps > 1 else 0] * n_temperatures
        assert run.swap_rates.tolist() == tried[: n_temperatures - 1]
        trips = max(0, (n_sweeps + 1) // 2 - n_temperatures // 2)
        assert run.round_trips.tolist() == [trips, trips]
        assert (run.energies == 1.5).all()


def test_exchange_alone_makes_a_chain_of_two_states():
    """A sphere of one dimension is two points, here of energies 0 and 4, and nothing moves there.

    At the cold end weights change by exchange alone, with fresh draws of the prior: from 0 to 4
    with probability exp(-1) / 2, back with 1 / 2, at every other sweep.
    """
    data = Dataset(np.ones((2, 1)), None, np.ones((2, 1)))
    net = MLP((1, 1), activation="identity", bias=False, loss="squared_error")
    run = sample_posterior(
        net, data, temperatures=[4.0, np.inf], prior=SphericalPrior(1.0), n_replicas=16,
        sampler=RandomWalkMetropolis(), n_sweeps=800, n_tuning=40, record_every=2, rng=3,
        n_threads=1,
    )  # fmt: skip
    assert set(np.unique(run.energies.round(12)).tolist()) == {0.0, 4.0}
    upper = 1 / (1 + math.e)
    assert abs(mean_estimate(run.energies[0]).z(4 * upper)) < 4
    counts = run.state.systems
    rates = mean_estimate(counts["swapped"] / counts["tried"])
    assert rates.mean == pytest.approx(run.swap_rates[0], rel=1e-12)
    assert abs(rates.z(0.5 + upper)) < 4
    kept = 1 - 0.5 - 0.5 / math.e  # of a deviation from the mean, at each exchange

    def times(replicas):
        return replace(run, energies=run.energies[:, replicas]).autocorrelation(temperature=4.0)

    value, error = statistics.jackknife(16, lambda replicas: times(replicas).time.mean)
    assert abs(value - (1 + kept) / (2 * (1 - kept))) < 4 * error
    value, error = statistics.jackknife(16, lambda replicas: times(replicas).function.mean[1])
    assert abs(value - kept) < 4 * error
