"""Eigenvalues, traces and densities against the dense matrix, and traps that others fell into."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn._core.lanczos import extreme_pairs, quadratures
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import NotConverged, ParameterError
from spinglass_nn.landscape import (
    dense_hessian,
    hessian_trace,
    largest_eigenvalues,
    spectral_density,
)
from spinglass_nn.networks import MLP, initialize


@pytest.fixture(scope="module")
def curved(small_data):
    """A small network somewhere, its data, and the eigenvalues of its Hessian."""
    net = MLP(sizes=(4, 9, 3), activation="tanh")
    point = initialize(net, rng=2)[0]
    return net, point, small_data, np.linalg.eigvalsh(dense_hessian(net, point, small_data))


def bowl(eigenvalues):
    """Linear regression whose Hessian has these eigenvalues."""
    n = len(eigenvalues)
    inputs = np.diag(np.sqrt(n * np.asarray(eigenvalues)))
    net = MLP((n, 1), bias=False, loss="squared_error")
    return net, np.zeros(n), Dataset(inputs, None, np.zeros((n, 1)))


def matrix_with(eigenvalues, seed=0):
    n = len(eigenvalues)
    q = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]
    return (q * eigenvalues) @ q.T


@pytest.mark.parametrize("end", ["top", "bottom", "both"])
@pytest.mark.parametrize("matrix", ["hessian", "gauss_newton", "empirical_fisher"])
def test_both_ends(curved, end, matrix):
    net, point, data, _ = curved
    exact = np.linalg.eigvalsh(dense_hessian(net, point, data, matrix=matrix))[::-1]
    found = largest_eigenvalues(net, point, data, n=3, end=end, tolerance=1e-9, matrix=matrix)
    expected = {"top": exact[:3], "bottom": exact[-3:], "both": np.r_[exact[:3], exact[-3:]]}
    # semidefinite matrices have many zeros at the bottom, and values that are nearly zero
    np.testing.assert_allclose(found.values, expected[end], atol=1e-6 * exact[0])
    assert (found.residuals <= 1e-9 * abs(exact).max()).all()


def test_largest_is_not_largest_in_size():
    """Power iteration finds -5 here and calls it the largest."""
    matrix = matrix_with(np.r_[-5.0, np.linspace(-1, 1, 300), 2.0])
    found = extreme_pairs(
        lambda v: matrix @ v, len(matrix), (0, 1), 1e-8, 50, np.random.default_rng(0)
    )
    assert found.values[-1] == pytest.approx(2.0, abs=1e-7)
    assert found.norm == pytest.approx(5.0, rel=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_values_are_right_or_called_wrong(seed):
    """A fixed small number of steps returns a fifth value that is 25 % off in silence."""
    values = np.r_[np.linspace(0, 3.5, 400), 3.7, 5.4, 6, 7, 9, 20]
    matrix = matrix_with(values, seed)
    found = extreme_pairs(
        lambda v: matrix @ v, len(matrix), (0, 5), 1e-5, 50, np.random.default_rng(seed)
    )
    assert found.converged.all()
    np.testing.assert_allclose(found.values, [5.4, 6, 7, 9, 20], atol=2e-4)
    given_up = extreme_pairs(
        lambda v: matrix @ v, len(matrix), (0, 40), 1e-9, 1, np.random.default_rng(seed)
    )
    assert not given_up.converged.all()


@pytest.mark.parametrize("copies", [2, 3, 5])
def test_equal_eigenvalues_are_all_found(copies):
    """One start vector sees each of them once; the rest would be passed over in silence."""
    net, point, data = bowl(np.r_[np.linspace(0.1, 1, 200), np.full(copies, 4.0)])
    found = largest_eigenvalues(net, point, data, n=copies + 1, tolerance=1e-6)
    np.testing.assert_allclose(found.values, np.r_[np.full(copies, 4.0), 1.0], atol=1e-4)


def test_thick_restarts_go_on_where_they_were():
    matrix = matrix_with(np.r_[np.linspace(0, 1, 500), 1.003, 1.006])
    found = extreme_pairs(
        lambda v: matrix @ v, len(matrix), (0, 2), 1e-7, 100, np.random.default_rng(1)
    )
    assert found.n_products > 110  # more than one cycle
    np.testing.assert_allclose(found.values, [1.003, 1.006], atol=1e-6)


def test_few_products_where_few_are_needed(curved):
    net, point, data, _ = curved
    assert largest_eigenvalues(net, point, data, n=2, tolerance=1e-3).n_products < 40


def test_tolerances_beyond_float32_are_taken_in_float64(curved):
    net, point, data, _ = curved
    single = point.weights.astype(np.float32)
    found = largest_eigenvalues(net, single, data, n=2, tolerance=1e-10)
    exact = np.linalg.eigvalsh(dense_hessian(net, single, data))[::-1]
    np.testing.assert_allclose(found.values, exact[:2], rtol=1e-9)


@pytest.mark.parametrize("n_deflated", [0, 6])
def test_trace_covers_the_truth_as_its_error_says(curved, n_deflated):
    net, point, data, exact = curved
    z = np.array([
        hessian_trace(net, point, data, n_probes=24, n_deflated=n_deflated, rng=seed).z(exact.sum())
        for seed in range(60)
    ])  # fmt: skip
    assert abs(z).max() < 4.5
    assert abs(z.mean()) < 4 / np.sqrt(60)
    assert 0.7 < z.std() < 1.4


def test_trace_to_a_tolerance_is_as_good_as_it_says(curved):
    """Two running means that agree are a coincidence; the error is from the spread."""
    net, point, data, exact = curved
    estimates = [
        hessian_trace(net, point, data, tolerance=0.05, n_deflated=0, rng=seed)
        for seed in range(40)
    ]
    assert all(e.error <= 0.05 * abs(e.mean) for e in estimates)
    z = np.array([e.z(exact.sum()) for e in estimates])
    assert abs(z.mean()) < 4 / np.sqrt(40)
    assert 0.65 < z.std() < 1.5


def test_deflation_needs_fewer_probes():
    net, point, data = bowl(np.ones(40))
    rotated = Dataset(
        data.inputs @ matrix_with(np.r_[np.full(36, 0.1), 3, 4, 5, 6]), None, data.targets
    )
    plain = hessian_trace(net, point, rotated, n_probes=32, rng=1)
    deflated = hessian_trace(net, point, rotated, n_probes=32, n_deflated=8, rng=1)
    exact = 36 * 0.01 + 9 + 16 + 25 + 36
    assert deflated.error < 0.1 * plain.error
    assert abs(deflated.z(exact)) < 4


def test_trace_that_does_not_get_there_says_so(curved):
    net, point, data, _ = curved
    with pytest.raises(NotConverged, match="the error must be at most 1e-06 of the trace") as e:
        hessian_trace(net, point, data, tolerance=1e-6, n_probes=20, rng=1)
    assert e.value.last.error > 0
    with pytest.raises(ParameterError, match="n_deflated must be at most"):
        hessian_trace(net, point, data, n_deflated=10_000)


def test_trace_of_a_layer(curved):
    net, point, data, _ = curved
    exact = np.trace(dense_hessian(net, point, data, layer=1))
    assert abs(hessian_trace(net, point, data, layer=1, n_probes=200, rng=1).z(exact)) < 4


def test_density_has_the_moments_of_the_matrix(curved):
    net, point, data, exact = curved
    found = spectral_density(net, point, data, n_probes=200, n_steps=30, rng=3)
    assert np.trapezoid(found.density, found.values) == pytest.approx(1, abs=1e-5)
    assert abs(found.first_moment.z(exact.mean())) < 4
    assert abs(found.second_moment.z((exact**2).mean())) < 4
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-12)
    first = np.trapezoid(found.density * found.values, found.values)
    assert first == pytest.approx(found.first_moment.mean, abs=1e-5)


def test_density_covers_the_smeared_eigenvalues(curved):
    net, point, data, exact = curved
    found = spectral_density(
        net, point, data, n_probes=100, n_steps=net.n_parameters, width=0.05, rng=4
    )
    distance = (found.values[:, None] - exact) / 0.05
    expected = np.exp(-0.5 * distance**2).mean(axis=1) / (0.05 * np.sqrt(2 * np.pi))
    there = expected > 0.01 * expected.max()
    z = (found.density - expected)[there] / found.error[there]
    assert abs(z).max() < 4.5
    assert z.std() < 1.6


def test_quadrature_has_the_moments_its_probe_sees():
    rng = np.random.default_rng(5)
    matrix = matrix_with(rng.standard_normal(80))
    starts = rng.standard_normal((3, 80))
    starts /= np.linalg.norm(starts, axis=1)[:, None]
    nodes, weights = quadratures(lambda v: v @ matrix, starts, 7)
    for power in range(14):
        expected = [v @ np.linalg.matrix_power(matrix, power) @ v for v in starts]
        np.testing.assert_allclose((weights * nodes**power).sum(axis=1), expected, atol=1e-9)


def test_density_of_few_different_eigenvalues():
    net, point, data = bowl([1.0, 1.0, 1.0, 3.0])
    found = spectral_density(net, point, data, n_steps=4, rng=1)
    assert found.first_moment.mean == pytest.approx(1.5)
    assert found.first_moment.error == pytest.approx(0, abs=1e-12)
    assert np.trapezoid(found.density, found.values) == pytest.approx(1, abs=1e-5)


def test_density_has_the_same_bits_on_any_threads(curved):
    net, point, data, _ = curved
    one, two = (
        spectral_density(net, point, data, n_probes=3, n_steps=5, rng=1, n_threads=n)
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one.density, two.density)


def test_figure_shows_density_and_error(curved):
    net, point, data, _ = curved
    found = spectral_density(net, point, data, n_probes=4, n_steps=20, rng=1)
    ax = sg.plotting.spectral_density(found)
    np.testing.assert_array_equal(ax.get_lines()[0].get_xdata(), found.values)
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "eigenvalue of the Hessian"
