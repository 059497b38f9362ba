"""Exact minima and barriers of small Ising models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import trees as naive
from scipy.special import ndtr

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError
from spinglass_nn.overlaps import flood
from spinglass_nn.statistics import mean_estimate

MODELS = {
    "SK": sg.spins.SherringtonKirkpatrick(8, rng=1),
    "EA Gaussian": sg.spins.EdwardsAnderson((3, 3), distribution="gaussian", rng=2),
    "EA ±J": sg.spins.EdwardsAnderson((3, 3), distribution="pm1", rng=3),
    "EA ±J in a field": sg.spins.EdwardsAnderson((2, 4), distribution="pm1", field=1.0, rng=4),
    "p-spin": sg.spins.PSpin(7, p=3, rng=5),
}


def ring(n, coupling=1.0):
    sites = np.arange(n)
    return sg.spins.IsingGraph.from_arrays(sites, np.roll(sites, -1), coupling, n)


def complete(n):
    i, j = np.triu_indices(n, 1)
    return sg.spins.IsingGraph.from_arrays(i, j, 1 / n, n)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_minima_and_barriers_against_all_paths(model):
    found = flood(model)
    minima, energies, barriers = naive.landscape(
        lambda state: float(model.energy(np.array(state))), model.n_spins
    )
    assert found.n_minima == len(minima) > 1
    np.testing.assert_allclose(found.energies, energies)
    match = [
        next(k for k, states in enumerate(minima) if tuple(s) in states)
        for s in found.spins.tolist()
    ]
    assert sorted(match) == list(range(len(minima)))
    assert found.n_states.tolist() == [len(minima[k]) for k in match]
    np.testing.assert_allclose(
        found.graph.minimax_barriers(), barriers[np.ix_(match, match)], atol=1e-12
    )
    np.testing.assert_allclose(model.energy(found.spins), found.energies)


@given(st.lists(st.integers(-1, 1), min_size=10, max_size=10), st.integers(-1, 1))
@settings(max_examples=15)
def test_plateaus_of_five_spins(couplings, field):
    i, j = np.triu_indices(5, 1)
    fields = np.full(5, float(field))
    model = sg.spins.IsingGraph.from_arrays(i, j, couplings, 5, fields=fields)
    found = flood(model)
    minima, energies, barriers = naive.landscape(
        lambda state: float(model.energy(np.array(state))), 5
    )
    assert found.n_minima == len(minima)
    assert sorted(found.n_states) == sorted(len(states) for states in minima)
    np.testing.assert_allclose(found.energies, sorted(energies))
    ours = found.graph.minimax_barriers()
    np.testing.assert_allclose(np.sort(ours, axis=None), np.sort(barriers, axis=None))


@pytest.mark.parametrize("n", [4, 9, 14])
def test_ring_needs_two_domain_walls(n):
    found = flood(ring(n))
    assert found.energies.tolist() == [-n, -n]
    assert found.graph.minimax_barriers()[0, 1] == -n + 4
    assert found.graph.depths.tolist() == [np.inf, np.inf]
    assert found.graph.escape_barriers.tolist() == [4, 4]


@pytest.mark.parametrize("n", [6, 7, 12])
def test_complete_graph_climbs_to_zero_magnetisation(n):
    """H = -(M^2 - N)/(2 N); the way over leads through M = 0, or ±1 for odd N."""
    found = flood(complete(n))
    assert found.n_minima == 2
    np.testing.assert_allclose(found.energies, -(n**2 - n) / (2 * n))
    top = -((n % 2) - n) / (2 * n)
    assert found.graph.minimax_barriers()[0, 1] == pytest.approx(top)


def test_wall_in_a_chain_rests_at_its_weak_bond():
    """It leaves over the bond of 2, for twice the difference to the bond of 1."""
    found = flood(sg.spins.IsingGraph.from_arrays([0, 1, 2], [1, 2, 3], [3.0, 1.0, 2.0], 4))
    assert found.energies.tolist() == [-6, -6, -4, -4]
    assert found.graph.depths[2:].tolist() == [2, 2]


def test_without_a_field_every_minimum_has_a_mirror_image():
    found = flood(MODELS["SK"])
    rows = {tuple(s) for s in found.spins.tolist()}
    assert {tuple(-x for x in s) for s in rows} == rows
    np.testing.assert_allclose(found.energies[::2], found.energies[1::2])
    exact = sg.spins.exact.enumerate(MODELS["SK"], 1.0)
    assert found.energies[0] == pytest.approx(exact.ground_energy)


def test_no_flip_lowers_a_minimum():
    model = sg.spins.SherringtonKirkpatrick(14, rng=7)
    found = flood(model)
    assert (found.spins * model.local_fields(found.spins) > 0).all()
    assert np.all(np.diff(found.energies) >= -1e-12)
    assert np.all(found.graph.escape_barriers > 0)


def expected_minima(n):
    """Mean number of minima of SK with n spins.

    After a gauge transformation, 2^n times the chance that all sums of rows of the couplings
    are positive. They have variance (n-1)/n and covariance 1/n: a normal number common to
    all, and one of its own for each.
    """
    g, weight = np.polynomial.hermite_e.hermegauss(80)
    chance = weight @ ndtr(g / np.sqrt(n - 2)) ** n / np.sqrt(2 * np.pi)
    return 2**n * chance


@pytest.mark.parametrize("n", [6, 12])
def test_mean_number_of_minima_of_sk_is_exact(n):
    counts = [
        flood(sg.spins.SherringtonKirkpatrick(n, sample=k, rng=11)).n_minima for k in range(300)
    ]
    assert abs(mean_estimate(counts).z(expected_minima(n))) < 4


def test_number_of_minima_grows_with_the_known_exponent():
    growth = np.log(expected_minima(401) / expected_minima(400))
    assert growth == pytest.approx(0.1992, abs=2e-3)


def test_free_spins_are_one_plateau():
    free = sg.spins.IsingGraph.from_arrays([0], [1], [0.0], 4)
    found = flood(free)
    assert (found.n_minima, found.n_states.tolist()) == (1, [16])
    single = sg.spins.IsingGraph.from_arrays([], [], [], 1, fields=np.array([1.0]))
    assert flood(single).spins.tolist() == [[1]]


def test_refuses():
    with pytest.raises(ParameterError, match=r"n_spins must be at most 20 .*, got 21"):
        flood(ring(21))
    with pytest.raises(ParameterError, match="must have Ising spins to be flooded"):
        flood(sg.spins.PSpin(5, p=3, spins="spherical", rng=1))


def test_round_trip(tmp_path):
    found = flood(MODELS["SK"])
    loaded = sg.load(sg.save(found, tmp_path / "flood.npz"))
    assert np.array_equal(loaded.spins, found.spins)
    assert np.array_equal(loaded.graph.merges, found.graph.merges)
    assert "8 spins" in repr(loaded)
