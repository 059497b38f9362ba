from __future__ import annotations

import numpy as np
import pytest
from naive import parisi as naive
from numpy.testing import assert_allclose

import spinglass_nn as sg
from spinglass_nn.errors import NotConverged, ParameterError
from spinglass_nn.spins import _parisi_newton as newton
from spinglass_nn.spins import parisi, replica_symmetric

# T: u, f, s, q_EA, integral of q^2, dq/dx at 0; an independent solver (60 to 80 steps, fixed
# point on fixed x). Errors 2e-6 of u and f, 2e-4 of q_EA, 1 % of the slope; printed digits.
# q_EA at T = 0.25 was printed as 0.901, which falls off the smooth (1 - q_EA) / T^2: see
# test_largest_overlap_is_smooth_in_temperature.
TABLE = {
    0.90: (-0.549677, -0.901412, 0.390816, 0.1091, 0.010581, 0.651),
    0.80: (-0.597450, -0.865114, 0.334581, 0.2334, 0.044080, 0.810),
    0.60: (-0.679949, -0.809955, 0.216678, 0.5051, 0.184062, 1.196),
    0.50: (-0.711461, -0.791178, 0.159432, 0.6382, 0.288539, 1.466),
    0.40: (-0.735105, -0.777908, 0.107007, 0.7591, 0.411916, 1.850),
    0.25: (-0.755888, -0.766869, 0.04393, None, 0.622056, 2.97),
    0.10: (-0.762688, -0.763407, 0.0072, 0.984, 0.847462, 7.4),
}


def test_kernels_against_nested_integrals():
    """phi, m and <m^2> of a function x(q) of two steps in a field."""
    beta, field = 1.6, 0.3
    problem = newton.discretize(1 / beta, field, 2, 0.2, 0.6)
    q, x = newton.mesh(0.2, 0.6, 2), np.array([0.25, 0.5])
    excess = newton.residuals(problem, np.array([*x, 0.6, 0.2]))[:-1]
    second = naive.second_moments(q, x, beta, field)
    assert_allclose(excess + q, second, atol=1e-11)
    phi, m = naive.phi_and_m(field + np.sqrt(q[0]) * naive.NODES, 0, q, x, beta)
    assert_allclose(problem.ends[0], naive.WEIGHTS @ phi, atol=1e-11)
    assert_allclose(problem.ends[1], naive.WEIGHTS @ m, atol=1e-11)


def test_x_changed_below_an_interval_only():
    """The short way through the Jacobian is the long way."""
    problem = newton.discretize(0.5, 0.0, 4, 0.0, 0.6)
    at = np.array([0.1, 0.2, 0.3, 0.4, 0.6])
    newton.residuals(problem, at)
    for j in range(4):
        moved = at.copy()
        moved[j] += 0.01
        short = newton.residuals(problem, moved, j + 1)
        again = newton.discretize(0.5, 0.0, 4, 0.0, 0.6)
        assert_allclose(short, newton.residuals(again, moved), atol=1e-15)


@pytest.mark.parametrize("temperature", TABLE)
def test_table(temperature):
    u, f, s, q_ea, second, slope = TABLE[temperature]
    found = parisi.solve(temperature)
    numerical = 2e-6 if temperature >= 0.25 else 1e-5
    assert found.converged
    assert abs(found.energy - u) < numerical
    assert abs(found.free_energy - f) < numerical
    assert abs(found.entropy - s) < (2e-6 if temperature > 0.25 else 2e-5)
    assert abs(found.moments[1] - second) < 2e-6
    if q_ea is not None:
        assert abs(found.q_ea - q_ea) < 2.5e-4
    assert abs(1 / found.overlap_distribution.density[0] / slope - 1) < 0.02


@pytest.mark.parametrize("temperature", [0.1, 0.25, 0.5, 0.9, 0.99, 0.999])
def test_susceptibility_is_one(temperature):
    """beta (1 - integral of q) = 1 below T = 1 (Parisi 1980)."""
    found = parisi.solve(temperature)
    assert abs(found.moments[0] - (1 - temperature)) < 1e-5


def test_largest_overlap_is_smooth_in_temperature():
    """(1 - q_EA) / T^2 falls steadily from about 1.60 at T = 0 to 1 at T = 1."""
    temperatures = np.array([0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 0.9])
    ratio = np.array([(1 - parisi.solve(t).q_ea) / t**2 for t in temperatures])
    through = np.polynomial.Polynomial.fit(temperatures, ratio, 5)
    assert (np.diff(ratio) < 0).all()
    assert_allclose(through(temperatures), ratio, atol=3e-3)


@pytest.mark.parametrize(("temperature", "field"), [(0.5, 0.0), (0.3, 0.4), (0.8, 0.05)])
def test_derivatives_of_the_free_energy(temperature, field):
    """s = -df/dT and m = -df/dh, with u from its own formula."""
    found, e = parisi.solve(temperature, field), 1e-3
    up, down = parisi.solve(temperature + e, field), parisi.solve(temperature - e, field)
    assert abs(-(up.free_energy - down.free_energy) / (2 * e) - found.entropy) < 1e-6
    if field:
        up, down = parisi.solve(temperature, field + e), parisi.solve(temperature, field - e)
        slope = -(up.free_energy - down.free_energy) / (2 * e)
        assert abs(slope - found.magnetization) < 2e-6


@pytest.mark.parametrize(("temperature", "field"), [(0.5, 0.0), (0.3, 0.4), (0.1, 1.0)])
def test_function_and_law_of_the_overlap(temperature, field):
    found = parisi.solve(temperature, field)
    law = found.overlap_distribution
    assert found.x[0] == 0
    assert found.x[-1] == 1
    assert (np.diff(found.x) > 0).all()
    assert (np.diff(found.q) >= 0).all()
    assert found.q_min == found.q[0]
    assert found.q_ea == found.q[-1] == law.atoms[-1]
    assert (found.q_min > 0) == (field > 0)
    assert (law.density > 0).all()
    for power in range(5):
        continuous = np.trapezoid(law.density * law.q**power, law.q)
        total = continuous + law.masses @ law.atoms**power
        assert abs(total - (1 if power == 0 else found.moments[power - 1])) < 2e-3


def test_doubling_the_steps_changes_little():
    for temperature, field in [(0.5, 0.0), (0.3, 0.5)]:
        coarse = parisi.solve(temperature, field, n_steps=16)
        fine = parisi.solve(temperature, field, n_steps=32)
        assert abs(coarse.energy - fine.energy) < 2e-8
        assert abs(coarse.q_ea - fine.q_ea) < 3e-5
        assert coarse.error < 1e-6
        assert fine.error < coarse.error


def test_above_the_line_replica_symmetry_holds():
    for temperature, field in [(1.0, 0.0), (1.7, 0.0), (0.5, 0.6), (1.2, 0.3)]:
        full = parisi.solve(temperature, field)
        symmetric = replica_symmetric.solve(temperature, field)
        assert full.free_energy == symmetric.free_energy
        assert full.q_ea == full.q_min == symmetric.q
        assert full.overlap_distribution.masses.tolist() == [1.0]
    high = parisi.solve(2.0)  # u = -1/(2T), f = -T ln 2 - 1/(4T) (Aizenman et al. 1987)
    assert_allclose([high.energy, high.free_energy], [-0.25, -2 * np.log(2) - 0.125])


@pytest.mark.parametrize("temperature", [0.3, 0.8])
def test_continuous_at_the_line(temperature):
    line = replica_symmetric.almeida_thouless_field(temperature)
    below, above = (parisi.solve(temperature, line * r) for r in (0.99, 1.0))
    symmetric = replica_symmetric.solve(temperature, line * 0.99)
    assert below.n_steps > 0
    assert above.n_steps == 0
    assert 0 < below.free_energy - symmetric.free_energy < 1e-6
    assert below.q_min < symmetric.q < below.q_ea


def test_near_the_critical_temperature():
    """q_EA = tau + tau^2 and x_max = 2 tau + O(tau^2), with tau = 1 - T."""
    for tau in (0.01, 0.001, 0.0002):
        found = parisi.solve(1 - tau)
        assert abs(found.q_ea - tau - tau**2) < 2 * tau**3 + 1e-12
        assert abs(found.x_max - 2 * tau) < 6 * tau**2


def test_field_and_its_opposite():
    up, down = parisi.solve(0.4, 0.2), parisi.solve(0.4, -0.2)
    assert up.energy == down.energy
    assert up.magnetization == -down.magnetization > 0


def test_weak_field():
    """f(h) = f(0) - h^2 / 2: the susceptibility is 1."""
    zero, weak = parisi.solve(0.5), parisi.solve(0.5, 1e-3)
    assert abs(weak.free_energy - zero.free_energy + 0.5e-6) < 1e-8


def test_broken_symmetry_raises_the_free_energy():
    """Symmetric < one step < full: the functional is maximal in q(x) (Guerra 2003)."""
    for temperature, field in [(0.2, 0.0), (0.5, 0.0), (0.5, 0.3), (0.8, 0.0)]:
        symmetric = replica_symmetric.solve(temperature, field).free_energy
        one = parisi.solve_1rsb(temperature, field).free_energy
        assert symmetric < one < parisi.solve(temperature, field).free_energy


@pytest.mark.parametrize(("temperature", "field"), [(0.3, 0.0), (0.5, 0.2), (0.9, 0.01)])
def test_one_step_derivatives(temperature, field):
    found, e = parisi.solve_1rsb(temperature, field), 1e-4
    up, down = (parisi.solve_1rsb(temperature + d, field).free_energy for d in (e, -e))
    assert abs(-(up - down) / (2 * e) - found.entropy) < 1e-6
    assert 0 < found.q0 < found.q1 < 1
    assert found.residual < 1e-7


def test_one_step_with_two_values_of_x_by_nested_integrals():
    found = parisi.solve_1rsb(0.5, 0.2)
    q, x = np.array([found.q0, found.q1]), np.array([found.m])
    assert_allclose(naive.second_moments(q, x, 2.0, 0.2), q, atol=1e-8)


def test_not_converged_carries_what_was_reached():
    with pytest.raises(NotConverged, match=r"must meet a tolerance of 1e-30") as error:
        parisi.solve(0.5, tolerance=1e-30)
    assert abs(error.value.last.energy + 0.711461) < 1e-5
    assert not error.value.last.converged


@pytest.mark.parametrize(("arguments", "message"), [
    ({"temperature": 0.0}, "temperature must be positive, got 0"),
    ({"temperature": 0.01}, "temperature must be at least 0.02 in the broken phase, got 0.01"),
    ({"temperature": 0.5, "field": np.inf}, "field must be finite"),
    ({"temperature": 0.5, "n_steps": 10}, "n_steps must be a multiple of 4"),
    ({"temperature": 0.5, "n_steps": 0}, "n_steps must be at least 4"),
    ({"temperature": 0.5, "tolerance": 0.0}, "tolerance must be positive"),
])  # fmt: skip
def test_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        parisi.solve(**arguments)


def test_one_step_refused():
    with pytest.raises(ParameterError, match=r"field must be below 0\.5699"):
        parisi.solve_1rsb(0.5, 0.6)
    with pytest.raises(ParameterError, match="temperature must lie in"):
        parisi.solve_1rsb(1.0)


def test_saved_and_loaded(tmp_path):
    found = parisi.solve(0.6)
    again = sg.load(sg.save(found, tmp_path / "parisi.npz"))
    assert again.overlap_distribution.masses.tolist() == (
        found.overlap_distribution.masses.tolist()
    )


@pytest.mark.physics
def test_ground_state_energy():
    """e_0 = -0.76316672 (Oppermann & Schmidt, Phys. Rev. E 78, 061124 (2008)).

    With u = e_0 + c T^3 + d T^4, entropy 0.72 T^2 and q_EA = 1 - 1.60 T^2 (Crisanti & Rizzo,
    Phys. Rev. E 65, 046137 (2002)).
    """
    temperatures = np.array([0.03, 0.05, 0.07, 0.1])
    found = [parisi.solve(t, n_steps=80) for t in temperatures]
    powers = np.stack([temperatures**0, temperatures**3, temperatures**4], axis=1)
    fit = np.linalg.lstsq(powers, [s.energy for s in found], rcond=None)[0]
    assert abs(fit[0] + 0.76316672) < 5e-7
    assert abs(fit[1] - 0.48) < 0.02
    assert abs(found[0].entropy / 0.03**2 - 0.72) < 0.01
    assert abs((1 - found[0].q_ea) / 0.03**2 - 1.60) < 0.01


@pytest.mark.physics
@pytest.mark.parametrize("temperature", [0.05, 0.1, 0.25, 0.5, 0.9])
def test_default_steps_are_enough(temperature):
    default, many = parisi.solve(temperature), parisi.solve(temperature, n_steps=96)
    assert abs(default.energy - many.energy) < 1e-8 + default.error
    assert abs(default.free_energy - many.free_energy) < 5e-8
    assert abs(default.q_ea - many.q_ea) < 1e-5


@pytest.mark.physics
def test_one_step_ground_state():
    """e = -0.7652 and s = -0.0125 at T = 0 (Parisi, Phys. Lett. A 73, 203 (1979))."""
    found = [parisi.solve_1rsb(t) for t in (0.02, 0.03, 0.04)]
    fit = np.polynomial.Polynomial.fit([0.02, 0.03, 0.04], [s.free_energy for s in found], 2)
    assert abs(fit(0.0) + 0.7652) < 1e-4
    assert found[0].entropy < -0.01


@pytest.mark.physics
def test_over_the_whole_plane():
    """Every temperature and field converges, and the free energy falls smoothly."""
    for temperature in (0.05, 0.15, 0.35, 0.55, 0.75, 0.95):
        line = replica_symmetric.almeida_thouless_field(temperature)
        fields = line * np.array([0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.999, 0.9997])
        found = [parisi.solve(temperature, h) for h in fields]
        f = [s.free_energy for s in found]
        assert (np.diff(f) < 0).all()
        for a, b, h, g in zip(found, found[1:], fields, fields[1:], strict=False):
            slope = -(b.free_energy - a.free_energy) / (g - h)
            assert a.magnetization - 1e-4 < slope < b.magnetization + 1e-4
