"""Flips that cost nothing: without reluctance sweeps in a fixed order miss states."""

from __future__ import annotations

import math

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.dynamics._reluctance import quantum_of, reluctance

LADDER = sg.dynamics.geometric(0.5, 2.0, n=6)


def ring(n):
    return sg.spins.EdwardsAnderson((n,), "pm1", rng=3)


@pytest.mark.parametrize("kernel", ["multispin", "sparse", "dense"])
@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize(
    "model",
    [ring(9), ring(8), sg.spins.EdwardsAnderson((3, 3), "pm1", rng=1, sample=4),
     sg.spins.EdwardsAnderson((2, 4), "pm1", rng=2)],
    ids=["ring of 9", "ring of 8", "3x3", "2x4"],
)  # fmt: skip
def test_all_states_are_reached(kernel, exchange, model):
    """Energies of these are wrong by many errors if free flips are always made."""
    begin = sg.dynamics.parallel_tempering if exchange else sg.dynamics.simulate
    run = begin([model] * 24, LADDER, n_sweeps=8192, kernel=kernel, rng=2)
    exact = sg.spins.exact.enumerate(model, LADDER)
    assert np.abs(run.energy.z(exact.energy / model.n_spins)).max() < 4.5
    q2 = (exact.overlaps**2 * exact.overlap_probabilities).sum(axis=-1)
    assert np.abs(run.average("q^2").z(q2)).max() < 4.5


def test_three_spin_couplings_of_one_size():
    signs = np.random.default_rng(1).choice([-0.3, 0.3], math.comb(8, 3))
    model = sg.spins.PSpin(8, 3, couplings=signs)
    run = sg.dynamics.parallel_tempering([model] * 16, LADDER, n_sweeps=4096, rng=2)
    exact = sg.spins.exact.enumerate(model, LADDER)
    assert np.abs(run.energy.z(exact.energy / 8)).max() < 4.5


@pytest.mark.parametrize(
    ("couplings", "fields", "quantum"),
    [
        ([1.0, -1.0, 0.0], [0.0], 1.0),
        ([0.3, -0.9], [0.6], 0.3),
        ([1.0, 1.5], [0.0], 0.0),
        ([1.0, math.pi], [0.0], 0.0),
        ([0.0], [0.0], 0.0),
        ([1.0, 1e9], [0.0], 0.0),
    ],
)
def test_the_quantum_of_couplings(couplings, fields, quantum):
    assert quantum_of(np.array(couplings), np.array(fields)) == pytest.approx(quantum)


def test_reluctance_leaves_flips_that_cost_something_alone():
    assert reluctance(1.0, np.array([0.5, 2.0])) == pytest.approx(math.log(8 / 7))
    assert reluctance(1.0, np.array([100.0])) < 2 * 1.0 / 100
    assert reluctance(0.0, np.array([1.0])) == 0
