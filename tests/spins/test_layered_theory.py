"""Random layers: critical temperatures, the replica-symmetric solution, and the spectrum."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins import LayeredIsing, layered_spectrum, replica_symmetric
from spinglass_nn.spins import layered_theory as theory
from tests.naive import layered as naive

ROOT2 = math.sqrt(2)
MNIST = (784, 512, 512, 10)


@pytest.mark.parametrize("n_matrices", [1, 2, 3, 4, 5, 10, 50])
@pytest.mark.parametrize("gain", [1.0, 1.7])
def test_equal_widths_have_a_closed_form(n_matrices, gain):
    found = theory.critical_temperature((30,) * (n_matrices + 1), gain)
    expected = gain * math.sqrt(2 * math.cos(math.pi / (n_matrices + 2)))
    assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize(("widths", "gains", "expected"), [
    ((7, 7, 7), 1, 1.189207), ((9,) * 5, 1, 1.316074), ((9,) * 6, 1, 1.342362),
    ((9,) * 11, 1, 1.389911), ((9,) * 51, 1, 1.412923),
    (MNIST, 1, 1.135924), (MNIST, ROOT2, 1.606438), (MNIST, (ROOT2, ROOT2, 1), 1.604284),
    ((784, 512, 512, 512, 10), 1, 1.242751), ((784, 1024, 1024, 1024, 10), 1, 1.299264),
    ((784, 256, 128, 10), 1, 0.967311), ((64, 64, 64, 10), 1, 1.201),
    ((64, 64, 64, 10), ROOT2, 1.698),
])  # fmt: skip
def test_critical_temperatures(widths, gains, expected):
    """Eigenvalues of the variance profile, computed apart from this package."""
    decimals = len(str(expected).split(".")[1])
    assert_allclose(
        theory.critical_temperature(widths, gains), expected, atol=1.1 * 10**-decimals
    )


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_two_groups_of_different_size(share):
    """Variances 1/N: T_c = [a (1 - a)]^(1/4), Barra, Genovese & Guerra 2011."""
    n = 1000
    sizes = (int(share * n), n - int(share * n))
    found = theory.critical_temperature(sizes, math.sqrt(sizes[0] / n))
    assert_allclose(found, (share * (1 - share)) ** 0.25, rtol=1e-12)


def test_the_profile_is_the_largest_eigenvalue():
    profile = theory.variance_profile(MNIST, (1.0, 1.3, 0.7))
    largest = np.linalg.eigvals(profile).real.max()
    assert_allclose(
        theory.critical_temperature(MNIST, (1.0, 1.3, 0.7)) ** 2, largest, rtol=1e-12
    )


@pytest.mark.parametrize(("widths", "temperature", "q", "free_energy", "energy"), [
    ((8, 8), 0.5, (0.53037, 0.53037), -0.792393, -0.718709),
    ((8, 8, 8), 0.5, (0.56657, 0.65412, 0.56657), -0.899270, -0.839196),
    ((8, 8, 8), 0.9, (0.22124, 0.28821, 0.22124), -0.990179, -0.693507),
    (MNIST, 0.5, (0.48891, 0.64349, 0.56656, 0.54190), -0.830521, -0.751582),
    (MNIST, 0.9, (0.14880, 0.25168, 0.20391, 0.17439), -0.937798, -0.603957),
])  # fmt: skip
def test_replica_symmetric_values(widths, temperature, q, free_energy, energy):
    """Computed apart from this package, to the digits given."""
    found = theory.solve(widths, temperature)
    assert_allclose(found.q, q, atol=6e-6)
    assert_allclose((found.free_energy, found.energy), (free_energy, energy), atol=6e-7)
    assert found.replicon < 0


@pytest.mark.parametrize("temperature", [0.1, 0.4, 0.8, 0.97])
def test_two_equal_layers_are_the_model_of_sherrington_and_kirkpatrick(temperature):
    pair, sk = theory.solve((5, 5), temperature), replica_symmetric.solve(temperature)
    assert_allclose(pair.q, sk.q, atol=1e-10)
    for name in ("energy", "free_energy", "entropy", "replicon"):
        assert_allclose(getattr(pair, name), getattr(sk, name), atol=1e-9)


@pytest.mark.parametrize("gains", [1.0, (1.4, 0.8)])
def test_overlaps_by_iteration_and_quadrature(gains):
    widths = (30, 12, 5)
    profile = theory.variance_profile(widths, gains)
    found = theory.solve(widths, 0.6 * theory.critical_temperature(widths, gains), gains)
    assert_allclose(found.q, naive.overlaps(profile, 1 / found.temperature), atol=1e-9)


@pytest.mark.parametrize("temperature", [0.2, 0.7, 1.1, 1.6])
@pytest.mark.parametrize("gains", [1.0, (1.2, 0.9, 1.5)])
def test_energy_is_the_slope_of_the_free_energy(temperature, gains):
    beta, step = 1 / temperature, 1e-4
    ends = [theory.solve(MNIST, 1 / b, gains) for b in (beta - step, beta + step)]
    slope = (ends[1].free_energy / ends[1].temperature
             - ends[0].free_energy / ends[0].temperature) / (2 * step)  # fmt: skip
    assert abs(slope - theory.solve(MNIST, temperature, gains).energy) < 1e-7


def test_paramagnet():
    found = theory.solve((8, 8, 8), 1.5)
    assert not found.q.any()
    assert_allclose(found.energy, -2 / 3 / 1.5)  # -(beta/N) sum C N
    assert_allclose(found.free_energy, -1.5 * math.log(2) - 2 / 3 / 3.0)
    assert "paramagnet" in repr(found)
    at = theory.solve((8, 8, 8), found.critical_temperature)
    assert not at.q.any()
    assert abs(at.replicon) < 1e-9


def test_failure_at_low_temperature_is_said():
    found = theory.solve(MNIST, 0.05)
    assert found.entropy < 0
    assert "wrong: entropy -0.11" in found.sentence
    assert "approximate" in theory.solve(MNIST, 0.9).sentence


@pytest.mark.parametrize(("widths", "expected"), [
    ((9, 9), 2.0), ((9, 9, 9), 1 + ROOT2), (MNIST, 2.3396), ((784, 256, 128, 10), 2.0640),
    ((64, 64, 64, 10), 2.4380),
])  # fmt: skip
def test_bulk_edges(widths, expected):
    """The first two in closed form, the others computed apart from this package."""
    found = layered_spectrum.bulk_edge(widths)
    assert_allclose(found, expected, atol=6e-5)
    assert found > theory.critical_temperature(widths)
    assert_allclose(layered_spectrum.bulk_edge(widths, 1.5), 1.5 * found, rtol=1e-6)


def test_bulk_edge_from_the_plain_iteration():
    profile = theory.variance_profile((20, 30, 7), (1.0, 0.8))
    found = layered_spectrum.bulk_edge((20, 30, 7), (1.0, 0.8))
    assert 0 <= found - naive.edge(profile) <= 3 / 2000 + 1e-9


def test_edge_of_two_layers_is_that_of_marchenko_and_pastur():
    found = layered_spectrum.bulk_edge((80, 20), 1.3)
    assert_allclose(found, 1.3 * (1 + math.sqrt(20 / 80)), rtol=1e-9)


@pytest.mark.parametrize(("widths", "expected"), [
    (MNIST, 774), ((784, 256, 128, 10), 646), ((400, 400, 400), 400), ((5, 5), 0),
    ((20, 3, 4, 20), 33), ((4, 30, 4, 4, 30, 4), 44),
])  # fmt: skip
def test_zero_modes(widths, expected):
    assert layered_spectrum.zero_modes(widths) == expected
    if sum(widths) < 100:
        draw = np.random.default_rng(3)
        pairs = itertools.pairwise(widths)
        model = LayeredIsing.from_weights([draw.standard_normal((b, a)) for a, b in pairs])
        assert sum(widths) - np.linalg.matrix_rank(model.matrix()) == expected


@pytest.mark.parametrize("widths", [(5, 5), (5, 5, 5), MNIST, (20, 3, 4, 20)])
def test_density_is_normalised_and_has_the_right_moments(widths):
    edge = layered_spectrum.bulk_edge(widths)
    x = np.linspace(-edge, edge, 4001)
    density = layered_spectrum.density_of_states(widths, x)
    share = 1 - layered_spectrum.zero_modes(widths) / sum(widths)
    assert_allclose(np.trapezoid(density, x), share, atol=2e-4)
    profile, sizes = theory.variance_profile(widths), np.array(widths) / sum(widths)
    second = profile.sum(axis=1)
    fourth = second * second + profile @ second  # trees of two edges
    assert_allclose(np.trapezoid(density * x**2, x), sizes @ second, rtol=1e-3)
    assert_allclose(np.trapezoid(density * x**4, x), sizes @ fourth, rtol=1e-3)


def test_density_of_two_equal_layers_is_the_semicircle():
    x = np.linspace(-1.99, 1.99, 100)
    expected = np.sqrt(4 - x * x) / (2 * math.pi)
    assert_allclose(layered_spectrum.density_of_states((6, 6), x), expected, atol=1e-6)


def test_density_of_two_layers_is_that_of_marchenko_and_pastur():
    """Singular values of a matrix 20 x 80 of variance 1/80; two eigenvalues each."""
    r = 20 / 80
    x = np.linspace(1 - math.sqrt(r) + 0.01, 1 + math.sqrt(r) - 0.01, 50)
    inside = ((1 + math.sqrt(r)) ** 2 - x**2) * (x**2 - (1 - math.sqrt(r)) ** 2)
    expected = np.sqrt(inside) / (math.pi * r * x) * 20 / 100
    assert_allclose(layered_spectrum.density_of_states((80, 20), x), expected, rtol=1e-5)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: theory.critical_temperature((5,)), ShapeError,
     "widths must be at least 2 layers, got 1"),
    (lambda: theory.critical_temperature((5, 0)), ParameterError,
     r"widths\[1\] must be at least 1, got 0"),
    (lambda: theory.critical_temperature((5, 5), (1.0, 1.0)), ShapeError,
     "gains must be 1, one a matrix, got 2"),
    (lambda: theory.critical_temperature((5, 5), -1.0), ParameterError,
     "gains must be positive, got -1"),
    (lambda: theory.critical_temperature((5, 5), [math.nan]), ParameterError,
     r"gains\[0\] must be finite, got nan"),
    (lambda: theory.solve((5, 5), 0.0), ParameterError, "temperature must be positive, got 0"),
    (lambda: theory.solve((5, 5), 1e-5), ParameterError,
     "temperature must be at least 0.001 T_c = 0.001, got 1e-05"),
    (lambda: layered_spectrum.density_of_states((5, 5), [math.inf]), DataError,
     "values must be finite"),
])  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
