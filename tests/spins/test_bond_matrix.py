"""Couplings as an operator and their spectrum, against dense matrices and known laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.spins import (
    BondMatrix,
    LayeredIsing,
    SherringtonKirkpatrick,
    bond_spectrum,
    layered_spectrum,
    layered_theory,
)
from tests.spins.test_instability import random_layers, spiked

MODELS = {
    "layers": random_layers((30, 20, 11, 3), seed=1),
    "bottleneck": random_layers((20, 3, 4, 20), seed=2),
    "planted": random_layers((40, 30, 20, 5), spike=2.5, seed=3),
    "SK": SherringtonKirkpatrick(61, rng=1),
    "spiked SK": spiked(150, 2.5, 4)[0],
    "lattice": sg.spins.EdwardsAnderson((7, 6, 6), rng=1),
    "small lattice": sg.spins.EdwardsAnderson((4, 4), rng=1),
    "Hopfield": sg.spins.Hopfield(50, n_patterns=3, rng=1),
    "graph": sg.spins.IsingGraph.from_matrix(SherringtonKirkpatrick(9, rng=1).matrix()),
}
every_model = pytest.mark.parametrize("name", MODELS)


@every_model
def test_products_against_the_dense_matrix(name):
    model = MODELS[name]
    bonds, dense = BondMatrix(model), model.matrix()
    vectors = np.random.default_rng(0).standard_normal((2, 5, model.n_spins))
    assert_allclose(bonds.product(vectors), vectors @ dense, atol=1e-12)
    assert_allclose(bonds.squares_product(vectors), vectors @ dense**2, atol=1e-12)
    assert_allclose(bonds.row_squares, (dense**2).sum(axis=1), rtol=1e-12)
    columns = vectors[0].T
    assert_allclose(bonds.operator() @ columns, dense @ columns, atol=1e-12)
    assert_allclose(bonds.operator() @ columns[:, 0], dense @ columns[:, 0], atol=1e-12)
    f = np.abs(vectors[0, 0])
    largest = np.linalg.eigvalsh(f[:, None] * dense**2 * f)[-1]
    assert_allclose(bonds.squares_radius(f), largest, rtol=1e-9)


@every_model
def test_moments_against_powers(name):
    model = MODELS[name]
    bonds, power = BondMatrix(model), np.eye(model.n_spins)
    found = bonds.moments()
    assert found.shape == (len(bonds.sizes), 4)
    for p in range(4):
        power = power @ model.matrix()
        expected = [np.diag(power)[part].mean() for part in bonds.layer_slices]
        assert_allclose(found[:, p], expected, atol=1e-10)


def test_measured_profile_is_that_of_the_gains():
    model = MODELS["layers"]
    expected = layered_theory.variance_profile(model.sizes, model.gains)
    assert_allclose(BondMatrix(model).mean_squares(), expected, rtol=1e-12)
    unit = LayeredIsing.from_weights(model.weights, scale="layer")
    assert_allclose(unit.gains, 1)


@every_model
def test_exact_spectrum(name):
    model = MODELS[name]
    found = bond_spectrum.find(model)
    expected = np.linalg.eigvalsh(model.matrix())
    assert found.exact
    assert_allclose(found.eigenvalues, expected, atol=1e-7)
    assert found.n_zero == (np.abs(expected) < 1e-7 * expected[-1]).sum()
    share = 1 - found.n_zero / model.n_spins
    assert_allclose(np.trapezoid(found.density, found.values), share, atol=1e-4)


@every_model
@pytest.mark.parametrize("exact", [True, False])
def test_outliers_are_eigenpairs_beyond_the_edge(name, exact):
    model = MODELS[name]
    found = bond_spectrum.find(model, exact=exact, n_probes=2, n_steps=5)
    expected = np.linalg.eigvalsh(model.matrix())
    limit = found.edge * (1 + model.n_spins ** (-2 / 3))
    beyond = expected[(expected > limit) | (expected < -limit)]
    if isinstance(model, LayeredIsing):
        beyond = beyond[beyond > 0]
    assert_allclose(found.outliers, beyond[::-1], rtol=1e-8)
    assert_allclose(found.vectors @ found.vectors.T, np.eye(beyond.size), atol=1e-7)
    assert_allclose(
        found.vectors @ model.matrix(), found.outliers[:, None] * found.vectors, atol=1e-6
    )
    assert (found.residuals < 1e-6).all()
    assert found.complete


@pytest.mark.parametrize("name", ["layers", "bottleneck", "planted", "SK", "lattice"])
def test_sampled_density_agrees_within_its_error(name):
    model = MODELS[name]
    exact = bond_spectrum.find(model, width=0.3)
    sampled = bond_spectrum.find(model, exact=False, width=0.3, n_probes=32, rng=3)
    assert sampled.n_zero == exact.n_zero
    assert not sampled.eigenvalues.size
    there = np.interp(exact.values, sampled.values, sampled.density)
    error = np.interp(exact.values, sampled.values, sampled.error)
    busy = exact.density > 0.1 * exact.density.max()
    z = (there - exact.density)[busy] / error[busy]
    assert np.abs(z).max() < 4


def test_edge_of_the_untrained_network_can_be_given():
    own, given = (bond_spectrum.find(MODELS["planted"], edge=e) for e in (None, 1.5))
    assert given.edge == 1.5
    assert given.outliers.size > own.outliers.size >= 1
    assert f"{given.outliers.size} outliers beyond the bulk edge 1.5" in repr(given)


def test_more_outliers_than_asked_for_are_owned_up_to():
    found = bond_spectrum.find(MODELS["SK"], edge=0.2, max_outliers=2)
    assert not found.complete
    assert found.outliers.size == 4
    assert "at least 4 outliers" in repr(found)
    every = bond_spectrum.find(MODELS["SK"], edge=1.0)
    assert every.complete
    assert every.outliers.size > 16


def test_comes_back_from_its_file(tmp_path):
    found = bond_spectrum.find(MODELS["planted"])
    loaded = sg.load(sg.save(found, tmp_path / "found.npz"))
    assert_array_equal(loaded.vectors, found.vectors)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: BondMatrix(sg.spins.PSpin(8, p=3, rng=1)), ParameterError,
     "model must be a model of pairs of spins"),
    (lambda: BondMatrix(MODELS["SK"]).product(np.ones(3)), ShapeError,
     r"vectors must have shape \(..., 61\), got \(3,\)"),
    (lambda: bond_spectrum.find(MODELS["SK"], n_probes=1), ParameterError,
     "n_probes must be at least 2, got 1"),
    (lambda: bond_spectrum.find(MODELS["SK"], edge=-1.0), ParameterError,
     "edge must be positive, got -1"),
])  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.physics
def test_semicircle_of_sherrington_and_kirkpatrick():
    """Moments 1 and 2, edges at ±2, no outlier: Wigner."""
    samples = [BondMatrix(SherringtonKirkpatrick(500, rng=s)).moments()[0] for s in range(8)]
    mean, error = np.mean(samples, axis=0), np.std(samples, axis=0, ddof=1) / math.sqrt(8)
    # (N-1)/N and (N-1)(2N-3)/N² + O(1/N²) for a zero diagonal
    assert abs(mean[1] - 499 / 500) / error[1] < 4
    assert abs(mean[3] - 499 * 997 / 500**2) / error[3] < 4
    found = bond_spectrum.find(SherringtonKirkpatrick(1000, rng=1))
    inside = np.abs(found.values) < 1.8
    semicircle = np.sqrt(4 - found.values[inside] ** 2) / (2 * math.pi)
    assert np.abs(found.density[inside] - semicircle).max() < 0.03
    assert not found.outliers.size


@pytest.mark.physics
@pytest.mark.parametrize("strength", [0.7, 1.5, 2.0])
def test_a_spike_makes_an_outlier_if_stronger_than_one(strength):
    """Baik, Ben Arous & Péché: at J0 + 1/J0, squared overlap 1 - 1/J0²; none for J0 < 1."""
    tops, along = [], []
    for seed in range(10):
        model, spike = spiked(800, strength, seed)
        found = bond_spectrum.find(model, edge=2.0, exact=False, n_probes=2, n_steps=2)
        if strength < 1:
            assert not found.outliers.size
            continue
        assert found.outliers.size == 1
        tops.append(found.outliers[0])
        along.append((found.vectors[0] @ spike) ** 2 / 800)
    for values, expected in ((tops, strength + 1 / strength), (along, 1 - strength**-2)):
        if values:
            error = np.std(values, ddof=1) / math.sqrt(len(values))
            assert abs(np.mean(values) - expected) / error < 4


@pytest.mark.physics
@pytest.mark.parametrize("widths", [(784, 512, 512, 10), (400, 400, 400)])
def test_random_layers_follow_the_cavity_equations(widths):
    found = bond_spectrum.find(random_layers(widths))
    law = layered_spectrum.density_of_states(widths, found.values)
    spread = np.exp(-0.5 * ((found.values[:, None] - found.values) / found.width) ** 2)
    smeared = spread @ law / spread.sum(axis=1)
    assert np.abs(found.density - smeared).max() < 0.02
    assert found.n_zero == layered_spectrum.zero_modes(widths)
    assert abs(found.eigenvalues[-1] / layered_spectrum.bulk_edge(widths) - 1) < 0.02
    assert not found.outliers.size
