from __future__ import annotations

import itertools

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.dynamics.equilibration import (
    layer_identity,
    link_overlap_identity,
    overlap_identity,
    stationarity,
)
from spinglass_nn.dynamics.zero_temperature import quench
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins import EdwardsAnderson, LayeredIsing, SherringtonKirkpatrick, exact
from spinglass_nn.statistics import EquilibrationTest

TEMPERATURES = [0.4, 1.0, 2.5]


def all_pass(tests):
    z = np.array([test.z for test in tests])
    assert (np.abs(z) < 4).all(), z
    return all(test.passed for test in tests)


def test_sk_in_equilibrium_passes():
    found = [
        exact.enumerate(SherringtonKirkpatrick(8, sample=k, rng=1), TEMPERATURES)
        for k in range(400)
    ]
    energy, q2 = np.array([f.energy for f in found]), np.array([f.q2 for f in found])
    tests = [
        overlap_identity(energy[:, k], q2[:, k], t, n_spins=8)
        for k, t in enumerate(TEMPERATURES)
    ]
    assert all_pass(tests)
    # -0.37190(25) by enumeration of 200 000 samples
    assert abs(tests[1].left.z(sg.statistics.Estimate(-0.37190, 0.00025))) < 4
    assert tests[1].resolution < 0.03


@pytest.mark.parametrize(
    "settings",
    [{}, {"boundary": "free"}, {"boundary": ("periodic", "free")}, {"dilution": 0.7}],
)
def test_lattice_in_equilibrium_passes(settings):
    models = [EdwardsAnderson((3, 3), sample=k, rng=2, **settings) for k in range(300)]
    models = [m for m in models if m.n_bonds]
    found = [exact.enumerate(m, TEMPERATURES) for m in models]
    energy = np.array([f.energy for f in found])
    links = np.array([f.link_overlap for f in found])
    bonds = [m.n_bonds for m in models]
    assert all_pass(
        link_overlap_identity(energy[:, k], links[:, k], t, n_spins=9, n_bonds=bonds)
        for k, t in enumerate(TEMPERATURES)
    )


def layer_products(solution, slices):
    """<q q'> of neighbouring layers at each temperature, from <s_i s_j>^2."""
    squares = solution.correlations**2
    pairs = itertools.pairwise(slices)
    return np.stack([squares[:, a, b].mean(axis=(1, 2)) for a, b in pairs], axis=1)


def test_layers_in_equilibrium_pass():
    rng, sizes, variances = np.random.default_rng(6), (5, 4, 2), (0.2, 0.6)
    energy, products = [], []
    for _ in range(300):
        weights = [
            rng.standard_normal((sizes[k + 1], sizes[k])) * np.sqrt(variances[k])
            for k in range(2)
        ]
        model = LayeredIsing.from_weights(weights)
        found = exact.enumerate(model, TEMPERATURES)
        energy.append(found.energy)
        products.append(layer_products(found, model.layer_slices))
    energy, products = np.array(energy), np.array(products)
    assert all_pass(
        layer_identity(energy[:, k], products[:, k], t, sizes=sizes, variances=variances)
        for k, t in enumerate(TEMPERATURES)
    )


def test_quenched_configurations_fail():
    temperature, energy, q2, links, lattice = 0.5, [], [], [], []
    for k in range(100):
        model = SherringtonKirkpatrick(64, sample=k, rng=3)
        end = quench(model, n_starts=2, rng=k)
        energy.append(end.energies.mean())
        q2.append(np.mean(end.spins[0] * end.spins[1]) ** 2)
        model = EdwardsAnderson((6, 6), sample=k, rng=3)
        end = quench(model, n_starts=2, rng=k)
        i, j, _ = model.graph().bonds
        product = end.spins[0].astype(int) * end.spins[1]
        links.append(np.mean(product[i] * product[j]))
        lattice.append(end.energies.mean())
    sk = overlap_identity(energy, q2, temperature, n_spins=64)
    ea = link_overlap_identity(lattice, links, temperature, n_spins=36, n_bonds=72)
    for test in (sk, ea):
        assert not test.passed
        assert test.z > 5  # the energy is above what so low an overlap asks for


def test_short_runs_fail():
    # 3 naive Metropolis sweeps from random starts at a low temperature
    rng, temperature, energy, q2 = np.random.default_rng(1), 0.3, [], []
    for k in range(60):
        model = SherringtonKirkpatrick(40, sample=k, rng=4)
        spins = 2 * rng.integers(0, 2, (2, 40)) - 1
        for _ in range(3):
            for i in range(40):
                cost = 2 * spins[:, i] * (spins @ model.couplings[i])
                flips = rng.random(2) < np.exp(np.minimum(0, -cost / temperature))
                spins[flips, i] *= -1
        energy.append(model.energy(spins).mean())
        q2.append(np.mean(spins[0] * spins[1]) ** 2)
    assert overlap_identity(energy, q2, temperature, n_spins=40).z > 5


def test_errors_are_those_of_paired_differences():
    rng = np.random.default_rng(2)
    common = rng.standard_normal(200)
    energy = -10 + common + 0.01 * rng.standard_normal(200)
    q2 = 1 + 2 * energy / 10
    test = overlap_identity(energy, q2, 1.0, n_spins=10)
    assert test.difference.error < 1e-12 < test.left.error
    shifted = overlap_identity(energy + 0.01 * rng.standard_normal(200), q2, 1.0, n_spins=10)
    assert shifted.difference.error < 0.1 * shifted.left.error


def test_sentence_and_file(tmp_path):
    energy, q2 = [-8.0, -7.0, -7.5, -7.1], [0.5, 0.56, 0.52, 0.55]
    test = overlap_identity(energy, q2, 1.0, n_spins=10)
    assert test.sentence == (
        "energy against squared overlap at T = 1: failed, -0.740 ± 0.023 and -0.2337 ± 0.0069 "
        "differ by -0.506 ± 0.016 (z = -4.0, 4 units); differences above 0.15 would have been "
        "noticed"
    )
    assert repr(test) == f"<{test.sentence}>"
    again = sg.load(sg.save(test, tmp_path / "test.npz"))
    assert isinstance(again, EquilibrationTest)
    assert again.sentence == test.sentence


@pytest.mark.parametrize("n_units", [3, 6, 100])
def test_a_difference_of_the_resolution_is_what_just_fails(n_units):
    noise = np.random.default_rng(n_units).standard_normal(n_units)
    noise -= noise.mean()
    for factor, passes in ((0.99, True), (1.01, False)):
        shift = factor * overlap_identity(noise, np.ones(n_units), 1.0, n_spins=1).resolution
        test = overlap_identity(noise + shift, np.ones(n_units), 1.0, n_spins=1)
        assert test.passed is passes


@pytest.mark.parametrize("n_units", [4, 6, 40])
def test_stationary_blocks_are_refused_as_rarely_as_said(n_units):
    rng = np.random.default_rng(n_units)
    z = []
    for _ in range(600):
        common = 3 * rng.standard_normal((n_units, 1))  # samples differ, blocks do not
        z.append(stationarity(common + rng.standard_normal((n_units, 6))).z)
    z = np.array(z)
    assert abs(z.std() - 1) < 4 / np.sqrt(2 * z.size)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert np.mean(np.abs(z) > 3) < 0.015


def test_identity_refused_as_rarely_as_said_for_few_samples():
    rng = np.random.default_rng(8)
    z = [
        overlap_identity(rng.standard_normal(3), np.ones(3), 1.0, n_spins=1).z
        for _ in range(800)
    ]
    assert abs(np.std(z) - 1) < 4 / np.sqrt(2 * len(z))


def test_drifts_are_seen():
    rng = np.random.default_rng(4)
    noise = 0.01 * rng.standard_normal((50, 6))
    settled = -1 + 0.5 * np.exp(-np.arange(6.0) * 3)
    drifting = -1 - 0.02 * np.arange(6)
    bumped = np.array([0, 0, 0, 0, 1.0, 0])
    assert stationarity(settled + noise).passed
    falling = stationarity(drifting + noise)
    assert not falling.passed
    assert falling.z > 0  # the first of the compared blocks is the higher
    assert not stationarity(bumped + noise).passed  # ends agree, the middle does not
    assert not stationarity(settled + noise, n_last=6).passed
    assert stationarity(np.ones((5, 4))).z == 0
    assert not stationarity(np.ones((5, 4)) * np.arange(4)).passed  # a drift without scatter


def test_errors():
    with pytest.raises(DataError, match="energy must hold at least 2 disorder samples, got 1"):
        overlap_identity([-1.0], [0.5], 1.0, n_spins=4)
    with pytest.raises(ShapeError, match=r"squared_overlap must have shape \(2,\)"):
        overlap_identity([-1.0, -2.0], [0.5], 1.0, n_spins=4)
    with pytest.raises(ParameterError, match="temperature must be positive"):
        overlap_identity([-1.0, -2.0], [0.5, 0.5], 0.0, n_spins=4)
    with pytest.raises(DataError, match="link_overlap must be finite"):
        link_overlap_identity([-1.0, -2.0], [0.5, np.nan], 1.0, n_spins=4, n_bonds=4)
    with pytest.raises(ShapeError, match="variances must be one for each pair"):
        layer_identity([-1.0, -2.0], [[0.1], [0.1]], 1.0, sizes=(3, 2), variances=(1.0, 1.0))
    with pytest.raises(ParameterError, match="n_last must be at most 2 blocks, got 3"):
        stationarity(np.ones((9, 2)))
    with pytest.raises(DataError, match="blocks must have more than 3 units, got 3"):
        stationarity(np.ones((3, 5)))


def test_rounding_is_no_change():
    """A frozen system whose means differ by their rounding is at rest."""
    frozen = np.full((8, 4), -0.655) + np.array([0, 1e-16, 0, 2e-16])
    found = stationarity(frozen)
    assert found.passed
    assert found.z == 0
