from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from spinglass_nn.errors import ParameterError
from spinglass_nn.spins import hopfield_theory as theory


def average(function):
    return quad(
        lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * function(z), -9, 9,
        points=[0.0], limit=400, epsabs=1e-12,
    )[0]  # fmt: skip


def test_critical_load():
    """Replica-symmetric, T = 0: 0.137905566 (Amit et al. 1985 give 0.138)."""
    load, overlap = theory.critical_load()
    assert_allclose(load, 0.137905566, atol=5e-10)
    assert_allclose(overlap, 0.967417, atol=5e-7)
    assert_allclose(theory.ground_state_load(), 0.05185, atol=5e-6)  # 0.051 in Amit et al.


@pytest.mark.parametrize(("load", "m", "energy"), [
    (0.05, 0.999992, -0.500000), (0.10, 0.997999, -0.500154), (0.13, 0.987212, -0.500912),
])  # fmt: skip
def test_retrieval_at_zero_temperature(load, m, energy):
    found = theory.retrieval(load)
    assert_allclose((found.m, found.energy), (m, energy), atol=6e-7)
    assert found.entropy < 0


@pytest.mark.parametrize(("load", "temperature"), [(0.05, 0.3), (0.1, 0.2), (0.02, 0.6)])
@pytest.mark.parametrize("solve", [theory.retrieval, theory.spin_glass])
def test_equations_by_adaptive_quadrature(solve, load, temperature):
    found, beta = solve(load, temperature), 1 / temperature
    width = np.sqrt(load * found.r)
    tanh = lambda z: np.tanh(beta * (found.m + width * z))  # noqa: E731
    assert abs(average(tanh) - found.m) < 1e-9
    assert abs(average(lambda z: tanh(z) ** 2) - found.q) < 1e-9
    assert_allclose(found.r, found.q / (1 - beta * (1 - found.q)) ** 2, rtol=1e-8)


@pytest.mark.parametrize(("load", "temperature"), [(0.05, 0.3), (0.1, 0.2), (0.3, 1.7)])
def test_entropy_is_the_slope_of_the_free_energy(load, temperature):
    solves = [theory.spin_glass, theory.retrieval] if load < 0.13 else [theory.spin_glass]
    for solve in solves:
        up, down = (solve(load, temperature + d).free_energy for d in (1e-4, -1e-4))
        assert abs(-(up - down) / 2e-4 - solve(load, temperature).entropy) < 1e-7


@pytest.mark.parametrize("solve", [theory.retrieval, theory.spin_glass])
def test_zero_temperature_is_the_limit(solve):
    frozen, cold = solve(0.08), solve(0.08, 0.004)
    assert abs(frozen.energy - cold.energy) < 1e-4
    assert abs(frozen.m - cold.m) < 1e-4
    assert abs(frozen.r / cold.r - 1) < 1e-2


def test_glass_transition():
    """T_g = 1 + sqrt(alpha); above it u = -(alpha/2) / (1 - beta) + alpha/2."""
    for load in (0.01, 0.25, 2.0):
        t = theory.glass_temperature(load)
        assert theory.spin_glass(load, t * 1.001).q == 0
        assert 0 < theory.spin_glass(load, t * 0.999).q < 0.01
        hot = theory.spin_glass(load, 2 * t)
        assert_allclose(hot.energy, load / 2 * (1 - 1 / (1 - 1 / (2 * t))))


def test_phase_lines():
    """T_M: no retrieval above; T_c: equal free energies, below T_M; both fall with load."""
    t_m = [theory.retrieval_temperature(a) for a in (0.01, 0.05, 0.12)]
    assert (np.diff(t_m) < 0).all()
    theory.retrieval(0.05, t_m[1] - 1e-4)
    with pytest.raises(ParameterError, match="must allow retrieval"):
        theory.retrieval(0.05, t_m[1] + 1e-4)
    t_c = theory.equilibrium_temperature(0.02)
    a, b = theory.retrieval(0.02, t_c), theory.spin_glass(0.02, t_c)
    assert abs(a.free_energy - b.free_energy) < 1e-8
    assert t_c < theory.retrieval_temperature(0.02)


@pytest.mark.physics
def test_phase_lines_at_small_load():
    """T_M = 1 - 1.95 sqrt(alpha), T_c = 1 - 2.6 sqrt(alpha) (Amit et al. 1987)."""
    loads = np.array([0.001, 0.002, 0.005])
    for line, slope in ((theory.retrieval_temperature, 1.95),
                        (theory.equilibrium_temperature, 2.6)):  # fmt: skip
        ratios = [(1 - line(a)) / np.sqrt(a) for a in loads]
        limit = np.polynomial.Polynomial.fit(np.sqrt(loads), ratios, 1)(0.0)
        assert abs(limit - slope) < 0.03


@pytest.mark.parametrize(("load", "temperature", "message"), [
    (0.14, 0.0, "must allow retrieval .load up to 0.137906"),
    (0.1, 0.5, "must allow retrieval"),
    (0.05, 1.5, "must allow retrieval"),
    (-1.0, 0.0, "load must be positive, got -1"),
    (0.1, 1e-4, "temperature must be 0 or at least 0.002"),
    (0.1, -1, "temperature must not be negative"),
])  # fmt: skip
def test_refused(load, temperature, message):
    with pytest.raises(ParameterError, match=message):
        theory.retrieval(load, temperature)
