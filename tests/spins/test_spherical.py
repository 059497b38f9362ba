from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins import spherical


def test_three_spins():
    """Crisanti & Sommers 1992, 1995; Crisanti, Horner & Sommers 1993."""
    assert_allclose(spherical.dynamical_transition(3), (np.sqrt(3 / 8), 0.5))
    assert_allclose(spherical.static_transition(3), (0.586054, 0.645007), atol=6e-7)
    assert_allclose(spherical.threshold_energy(3), -1.154701, atol=5e-7)
    assert_allclose(spherical.ground_state_energy(3), -1.171675, atol=5e-7)
    assert_allclose(spherical.complexity(-np.sqrt(4 / 3), 3), 0.013240, atol=5e-7)


# T (four digits): q, m, u, from the same equations solved in both unknowns at once
@pytest.mark.parametrize(("temperature", "expected"), [
    (0.4997, (0.711878, 0.735388, -0.905070)),
    (0.2982, (0.841879, 0.341261, -1.017566)),
    (0.2023, (0.896039, 0.210810, -1.068384)),
])  # fmt: skip
def test_broken_phase_of_three_spins(temperature, expected):
    found = spherical.solve(3, temperature)
    assert_allclose((found.q, found.m, found.energy), expected, atol=6e-5)


@pytest.mark.parametrize("p", [3, 4, 7])
def test_both_equations_hold(p):
    for t in np.array([0.05, 0.5, 0.999]) * spherical.static_transition(p)[0]:
        found = spherical.solve(p, t)
        q, m, beta = found.q, found.m, 1 / t
        rest = 1 - (1 - m) * q
        assert_allclose(p / 2 * beta**2 * q ** (p - 2) * (1 - q) * rest, 1)
        second = beta**2 * q**p / 2 + np.log((1 - q) / rest) / m**2 + q / (m * rest)
        assert abs(second) < 1e-9 * beta**2
        assert 0 < m < 1


@pytest.mark.parametrize("p", [2, 3, 4])
@pytest.mark.parametrize("temperature", [0.1, 0.4, 0.9, 2.0])
def test_entropy_is_the_slope_of_the_free_energy(p, temperature):
    e = 1e-4
    up, down = (spherical.solve(p, temperature + d).free_energy for d in (e, -e))
    found = spherical.solve(p, temperature)
    assert abs(-(up - down) / (2 * e) - found.entropy) < 1e-6
    assert_allclose(found.free_energy, found.energy - temperature * found.entropy)


def test_ground_state_of_statics_and_of_complexity():
    """Two independent ways: u at T -> 0, and the zero of the number of minima."""
    for p in (3, 4, 6):
        u = [spherical.solve(p, t).energy for t in (1e-4, 2e-4)]
        assert abs(2 * u[0] - u[1] - spherical.ground_state_energy(p)) < 1e-6
    assert abs(spherical.solve(3, 1e-5).m / 1e-5 - 0.883913) < 1e-4


def test_two_spins():
    """q = 1 - T, u = -1 + T/2 below T = 1, u = -1/(2T) above (Kosterlitz et al. 1976)."""
    assert spherical.static_transition(2) == (1.0, 0.0)
    assert spherical.dynamical_transition(2) == (1.0, 0.0)
    assert spherical.ground_state_energy(2) == spherical.threshold_energy(2) == -1
    found = spherical.solve(2, 0.3)
    assert_allclose((found.q, found.energy), (0.7, -0.85))
    assert_allclose(spherical.solve(2, 1.6).energy, -1 / 3.2)


def test_sample_energy_of_the_semicircle():
    """With z = T + 1/T (T > 1) or 2 (T < 1), u = (T - z) / 2."""
    share = (np.arange(4000) + 0.5) / 4000
    grid = np.linspace(-2, 2, 100_001)
    law = np.cumsum(np.sqrt(4 - grid**2))
    values = np.interp(share, law / law[-1], grid)
    for t in (0.4, 1.5, 3.0):
        expected = spherical.solve(2, t).energy
        assert abs(spherical.sample_energy(values, t) - expected) < 5e-3  # top: 1.993
    t = 1.7
    z = t - 2 * spherical.sample_energy(values, t)
    mean = quad(lambda x: np.sqrt(4 - x * x) / (2 * np.pi * (z - x)), -2, 2)[0]
    assert abs(t * mean - 1) < 1e-4


def test_sample_energy_of_one_sample():
    couplings = sg.spins.SherringtonKirkpatrick(300, rng=5).matrix()
    values = np.linalg.eigvalsh(couplings)
    for t in (0.2, 0.8, 2.0):
        u = spherical.sample_energy(values, t)
        z = t - 2 * u
        assert z > values.max()
        assert_allclose(t * np.mean(1 / (z - values)), 1, rtol=1e-9)
        assert abs(u - spherical.solve(2, t).energy) < 0.03
    assert_allclose(spherical.sample_energy(values, 1e-9), -values.max() / 2)


def test_refused():
    with pytest.raises(ParameterError, match="p must be at least 2, got 1"):
        spherical.solve(1, 0.5)
    with pytest.raises(ParameterError, match=r"energy must be at most -1\.154701"):
        spherical.complexity(-1.0, 3)
    with pytest.raises(ParameterError, match="eigenvalues must not be empty"):
        spherical.sample_energy([], 1.0)
    with pytest.raises(ParameterError, match="temperature must be positive"):
        spherical.solve(3, 0)
