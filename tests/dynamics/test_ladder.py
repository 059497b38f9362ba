from __future__ import annotations

import numpy as np
import pytest
from naive import ladder as naive

from spinglass_nn.dynamics import tuning
from spinglass_nn.dynamics.ladder import (
    checked_temperatures,
    equal_acceptance,
    fastest_round_trips,
    geometric,
)
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins import EdwardsAnderson


def test_geometric():
    made = geometric(0.3, 1.6, n=24)
    assert made.shape == (24,)
    assert (made[0], made[-1]) == (0.3, 1.6)
    assert np.allclose(made[1:] / made[:-1], (1.6 / 0.3) ** (1 / 23))


@pytest.mark.parametrize(
    ("temperatures", "message"),
    [
        ([2.0, 1.0, 0.5], "must increase strictly, got decreasing ones: 2 before 1"),
        ([0.5, 2.0, 1.0], r"got an unsorted ladder: 2 before 1 \(places 1 and 2\)"),
        ([0.5, 0.5], "got an unsorted ladder: 0.5 before 0.5"),
        ([0.0, 1.0], "temperatures must be positive, got 0"),
        ([-1.0, 1.0], "temperatures must be positive, got -1"),
        ([1.0], "temperatures must be at least two to be exchanged, got only 1"),
        (0.7, "temperatures must be at least two to be exchanged, got only 0.7"),
    ],
)
def test_bad_ladders(temperatures, message):
    with pytest.raises(ParameterError, match=message):
        checked_temperatures(temperatures, exchange=True)


def test_checked_temperatures():
    with pytest.raises(DataError, match="temperatures must be finite, got 1 NaN"):
        checked_temperatures([0.5, np.nan], exchange=True)
    with pytest.raises(DataError, match="temperatures must be an array of numbers"):
        checked_temperatures("hot", exchange=True)
    for shape in ((0,), (2, 2)):
        with pytest.raises(ShapeError, match="temperatures must have shape"):
            checked_temperatures(np.ones(shape), exchange=False)
    given = np.array([1.0, 2.0])
    made = checked_temperatures(given, exchange=True)
    made[0] = 5
    assert given[0] == 1.0
    assert checked_temperatures(0.7, exchange=False).tolist() == [0.7]


def test_errors():
    with pytest.raises(ParameterError, match="highest must be above lowest, got 1 and 2"):
        geometric(2.0, 1.0, n=4)
    with pytest.raises(ParameterError, match="n must be at least 2, got 1"):
        geometric(1.0, 2.0, n=1)
    with pytest.raises(DataError, match=r"swap_rates must lie in \[0, 1\]"):
        equal_acceptance([1.0, 2.0], [1.5])
    with pytest.raises(ShapeError, match=r"swap_rates must have shape \(1,\)"):
        equal_acceptance([1.0, 2.0], [0.5, 0.5])
    with pytest.raises(DataError, match=r"hot_share must lie in \[0, 1\]"):
        fastest_round_trips([1.0, 2.0, 3.0], [0.0, 1.2, 1.0])
    with pytest.raises(ParameterError, match="target must be one of 'acceptance', 'feedback'"):
        tuning.tune_temperatures(None, 1.0, 2.0, n=3, n_sweeps=10, target="speed")


def test_equal_acceptance_of_normal_energies():
    # a constant heat capacity: the width of the energies is proportional to T
    def rates(ladder):
        return naive.normal_swap_rates(ladder, lambda t: 6 * t)

    ladder = np.array([0.5, 0.55, 0.8, 0.85, 1.5, 2.0])
    for _ in range(6):
        ladder = equal_acceptance(ladder, rates(ladder))
    assert np.ptp(rates(ladder)) < 1e-3
    assert np.allclose(ladder, geometric(0.5, 2.0, n=6), rtol=1e-3)
    longer = equal_acceptance(ladder, rates(ladder), n=11)
    assert np.allclose(longer[::2], ladder, rtol=0.01)


def test_rates_of_zero_and_one_do_no_harm():
    found = equal_acceptance([1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.5])
    assert (np.diff(found) > 0).all()
    assert (found[0], found[-1]) == (1.0, 4.0)
    assert found[2] < 2.0  # temperatures go where nothing was exchanged


@pytest.mark.parametrize("share", [[0, np.nan, np.nan, 1], [np.nan] * 4, [0, 0, 0, 0], [1] * 4,
                                   [0.0, 0.9, 0.1, 1.0]])  # fmt: skip
def test_poor_measurements_still_give_a_ladder(share):
    found = fastest_round_trips([1.0, 2.0, 4.0, 8.0], np.array(share, dtype=float))
    assert (np.diff(found) > 0).all()
    assert (found[0], found[-1]) == (1.0, 8.0)
    gaps = np.diff(np.log(found)) / np.log(2)
    assert gaps.max() < 3


def diffusivity(t):
    return 5e-4 * (0.03 + (np.log(t) / 0.5) ** 2)  # slow near T = 1


def swap_rates(ladder):
    return diffusivity((ladder[1:] + ladder[:-1]) / 2) / np.diff(ladder) ** 2


def best_round_trip(n):
    """Of n temperatures, with as many as needed wherever diffusion is slow."""
    t = np.linspace(0.5, 2.0, 100_001)
    return n * np.trapezoid(1 / np.sqrt(diffusivity(t)), t) ** 2 / (n - 1)


def test_share_and_round_trip_time_of_a_chain():
    rates = np.array([0.5, 0.1, 0.3, 0.2])
    share, time = naive.chain(rates)
    steps = 1 / rates / np.sum(1 / rates)
    assert np.allclose(share, np.concatenate([[0], np.cumsum(steps)]))
    assert time == pytest.approx(5 * np.sum(1 / rates))


@pytest.mark.parametrize("n", [12, 24])
def test_feedback_reaches_the_fastest_ladder(n):
    ladder = geometric(0.5, 2.0, n=n)
    times = []
    for _ in range(5):
        share, time = naive.chain(swap_rates(ladder))
        times.append(time / best_round_trip(n))
        ladder = fastest_round_trips(ladder, np.clip(share, 0, 1))
    assert times[0] > 1.4
    assert times[1] < 1.1
    assert times[-1] < 1.01


def test_feedback_bears_noise():
    n, rng, times = 24, np.random.default_rng(5), []
    for _ in range(20):
        ladder = geometric(0.5, 2.0, n=n)
        for _ in range(4):
            share = naive.chain(swap_rates(ladder))[0] + 0.05 * rng.standard_normal(n)
            ladder = fastest_round_trips(ladder, np.clip(share, 0, 1))
        times.append(naive.chain(swap_rates(ladder))[1] / best_round_trip(n))
    assert np.mean(times) < 1.1
    assert np.max(times) < 1.25


class Run:
    """What parallel tempering would measure on a chain of known diffusivity."""

    def __init__(self, ladder, n_sweeps, trips=10_000):
        self.swap_rates = np.minimum(1, swap_rates(ladder))
        share, time = naive.chain(swap_rates(ladder))
        self.hot_share = np.clip(share, 0, 1)
        self.round_trips = np.array([int(trips * n_sweeps * ladder.size / time)])


def test_tuning_with_a_known_answer(monkeypatch):
    calls = []

    def run(model, ladder, *, n_sweeps, rng, **_):
        calls.append((model, n_sweeps, rng.spawn_key))
        return Run(ladder, n_sweeps)

    monkeypatch.setattr(tuning, "parallel_tempering", run)
    found = tuning.tune_temperatures(
        "chain", 0.5, 2.0, n=16, n_sweeps=100, n_rounds=4, target="feedback", rng=3
    )
    assert [call[1] for call in calls] == [100, 200, 400, 800]
    assert len({call[2] for call in calls}) == 4
    assert found.n_sweeps.tolist() == [100, 200, 400, 800]
    assert np.array_equal(found.ladders[0], geometric(0.5, 2.0, n=16))
    assert naive.chain(swap_rates(found.temperatures))[1] < 1.02 * best_round_trip(16)
    assert found.round_trips[-1] > 1.2 * found.round_trips[0]
    assert found.hot_shares.shape == (4, 16)
    assert found.swap_rates.shape == (4, 15)


def test_tuning_without_travel_evens_the_rates(monkeypatch):
    def run(model, ladder, *, n_sweeps, **_):
        return Run(ladder, n_sweeps, trips=0)

    monkeypatch.setattr(tuning, "parallel_tempering", run)
    found = tuning.tune_temperatures(
        "chain", 0.5, 2.0, n=8, n_sweeps=10, n_rounds=1, target="feedback", rng=3
    )
    first = geometric(0.5, 2.0, n=8)
    rates = np.minimum(1, swap_rates(first))
    assert np.array_equal(found.temperatures, equal_acceptance(first, rates))


def test_tuning_of_a_small_lattice():
    model = EdwardsAnderson((4, 4, 4), "pm1", rng=1)
    given = dict(n=8, n_sweeps=2500, n_rounds=3, rng=2)
    found = tuning.tune_temperatures(model, 0.4, 2.5, n_threads=2, **given)
    assert np.ptp(found.swap_rates[-1]) < 0.5 * np.ptp(found.swap_rates[0])
    assert found.round_trips[-1] > found.round_trips[0]
    again = tuning.tune_temperatures(model, 0.4, 2.5, n_threads=1, **given)
    assert np.array_equal(again.temperatures, found.temperatures)
