from __future__ import annotations

import math

import numpy as np
import pytest
from naive import distributions as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import (
    OverlapCounts,
    compare_with_theory,
    distribution,
    expected_density,
)
from spinglass_nn.spins import OverlapLaw, parisi

SOLUTION = parisi.solve(0.5)
EDGES = np.linspace(-1, 1, 42)
NOTHING = np.empty(0)


def exact_distribution(n_spins, n_samples, temperature=0.5, **options):
    found = [
        sg.spins.exact.enumerate(
            sg.spins.SherringtonKirkpatrick(n_spins, sample=k, rng=n_spins), temperature
        ).overlap_probabilities[0]
        for k in range(n_samples)
    ]
    return distribution(OverlapCounts.from_histogram(found, n_spins=n_spins), **options)


class TestExpectedDensity:
    def test_is_the_slope_of_x(self):
        masses = expected_density(SOLUTION, EDGES) * np.diff(EDGES)
        assert masses.sum() == pytest.approx(1)
        np.testing.assert_allclose(masses, masses[::-1], atol=1e-12)
        positive = EDGES[EDGES > 0]
        x = np.interp(positive, SOLUTION.q[:-1], SOLUTION.x[:-1])
        x[positive > SOLUTION.q_ea] = 1
        np.testing.assert_allclose(np.cumsum(masses)[20:], (1 + x) / 2, atol=2e-3)

    def test_moments_in_narrow_bins_are_those_of_the_solution(self):
        edges = np.linspace(0, 1, 4001)
        density = expected_density(SOLUTION, edges, fold=True)
        middles = (edges[1:] + edges[:-1]) / 2
        for power in (1, 2, 3, 4):
            moment = (density * middles**power).sum() / 4000
            assert moment == pytest.approx(SOLUTION.moments[power - 1], abs=5e-4)

    def test_folded_is_the_sum_of_both_signs(self):
        edges = np.linspace(-1, 1, 21)
        both = expected_density(SOLUTION, edges)
        folded = expected_density(SOLUTION, edges[10:], fold=True)
        np.testing.assert_allclose(folded, both[10:] + both[9::-1], atol=1e-12)

    def test_of_a_paramagnet_is_a_delta_function_at_zero(self):
        assert expected_density(parisi.solve(1.2), EDGES)[20] == pytest.approx(20.5)
        halves = expected_density(parisi.solve(1.2), [-0.1, 0.0, 0.1])
        assert halves == pytest.approx([5, 5])
        assert expected_density(parisi.solve(1.2), [0.0, 0.1], fold=True)[0] == 10

    def test_in_a_field_has_no_negative_overlaps_and_two_delta_functions(self):
        solution = parisi.solve(0.4, 0.3)
        law = solution.overlap_distribution
        masses = expected_density(solution, EDGES) * np.diff(EDGES)
        assert masses[:20].sum() == 0
        for place, mass in zip(law.atoms, law.masses, strict=True):
            assert masses[np.searchsorted(EDGES, place) - 1] >= mass
        assert masses.sum() == pytest.approx(1)

    def test_of_one_step(self):
        one = parisi.solve_1rsb(0.5)
        masses = expected_density(one, EDGES) * np.diff(EDGES)
        assert masses[np.searchsorted(EDGES, one.q0) - 1] == pytest.approx(one.m / 2)
        assert masses[np.searchsorted(EDGES, -one.q1) - 1] == pytest.approx((1 - one.m) / 2)

    def test_of_a_law_without_mirror_image(self):
        law = OverlapLaw(NOTHING, NOTHING, np.array([0.0, 0.7]), np.array([0.6, 0.4]))
        masses = expected_density(law, EDGES, mirrored=False) * np.diff(EDGES)
        assert masses[20] == pytest.approx(0.6)
        assert masses[np.searchsorted(EDGES, 0.7) - 1] == pytest.approx(0.4)

    @pytest.mark.parametrize(
        ("theory", "edges", "options", "message"),
        [
            (SOLUTION, [0.5], {}, "edges must be at least two, in ascending order"),
            (SOLUTION, [0.5, 0.1], {}, "in ascending order"),
            (SOLUTION, [-0.5, 0.1], {"fold": True}, r"edges of \|q\| must not be negative"),
            ("SK", [0, 1], {"mirrored": True}, "theory must be a ParisiSolution, .* got str"),
        ],
    )
    def test_refuses(self, theory, edges, options, message):
        with pytest.raises(ParameterError, match=message):
            expected_density(theory, edges, **options)


class TestComparison:
    def test_distances_against_loops(self):
        pq = exact_distribution(8, 10)
        found = compare_with_theory(pq, SOLUTION)
        theory = found.density * np.diff(pq.edges)

        def distance(rows):
            return sum(abs(np.mean(rows, axis=0) - theory)) / 2

        def shift(rows):
            q = np.linspace(pq.edges[0], pq.edges[-1], 9 * 2000 + 1)
            measured = np.interp(q, pq.edges, np.append(0, np.cumsum(np.mean(rows, axis=0))))
            masses = expected_density(SOLUTION, q) * np.diff(q)
            return np.abs(measured - np.append(0, np.cumsum(masses))).mean() * (q[-1] - q[0])

        for measured, function in ((found.distance, distance), (found.shift, shift)):
            value, error = naive.jackknife(function, list(pq.shares))
            assert measured.mean == pytest.approx(value, rel=0.03)
            assert measured.error == pytest.approx(error, rel=0.03)
        assert found.distance.mean == pytest.approx(distance(pq.shares), rel=1e-12)
        assert found.z[0] == pq.second_moment.z(SOLUTION.moments[1])
        assert "N → ∞" in repr(found)

    def test_of_delta_functions_a_known_way_apart(self):
        law = OverlapLaw(NOTHING, NOTHING, np.array([0.7]), np.ones(1))
        pq = distribution(np.full((3, 5), 0.505), bins=200)
        found = compare_with_theory(pq, law, mirrored=False)
        assert found.distance.mean == pytest.approx(1)
        assert found.shift.mean == pytest.approx(0.195, abs=1e-3)
        assert found.expected_second_moment == pytest.approx(0.49)

    def test_draws_from_the_law_are_as_far_as_noise_makes_them(self):
        rng = np.random.default_rng(1)
        x = rng.uniform(size=(100, 60))
        rows = np.interp(x, SOLUTION.x, SOLUTION.q) * rng.choice([-1, 1], x.shape)
        for options in ({}, {"fold": True}):
            pq = distribution(rows, bins=20, **options)
            found = compare_with_theory(pq, SOLUTION)
            assert found.distance.mean == pytest.approx(found.noise, rel=0.5)
            assert found.shift.mean < 0.02
            assert max(np.abs(found.z)) < 4

    def test_moments_of_a_bare_law(self):
        pq = distribution(np.zeros((2, 3)))
        one, other = (
            compare_with_theory(pq, theory)
            for theory in (SOLUTION, SOLUTION.overlap_distribution)
        )
        assert one.expected_second_moment == pytest.approx(
            other.expected_second_moment, abs=2e-4
        )
        assert one.expected_fourth_moment == pytest.approx(
            other.expected_fourth_moment, abs=2e-4
        )

    def test_bins_must_hold_all(self):
        pq = distribution([[0.1, 0.2], [0.3, -0.4]], limits=(-0.35, 0.5))
        with pytest.raises(DataError, match=r"must hold all overlaps, got 0\.5 outside"):
            compare_with_theory(pq, SOLUTION)

    def test_round_trip(self, tmp_path):
        found = compare_with_theory(exact_distribution(6, 4), SOLUTION)
        assert repr(sg.load(sg.save(found, tmp_path / "theory.npz"))) == repr(found)


@pytest.mark.physics
def test_finite_systems_approach_parisi():
    """Exact P(q) of small SK systems: all distances fall with N, towards zero.

    Corrections fall as a power of N near 1/3, so [<q^2>] at three sizes, drawn against that
    power, must point at the limit.
    """
    sizes, found = (6, 10, 16), []
    for n_spins in sizes:
        pq = exact_distribution(n_spins, 120, fold=True)
        found.append(compare_with_theory(pq, SOLUTION))
    shifts = [f.shift.mean for f in found]
    assert shifts[0] > shifts[1] > shifts[2] > 0.05
    above = [f.second_moment.mean - f.expected_second_moment for f in found]
    power = -math.log(above[2] / above[0]) / math.log(sizes[2] / sizes[0])
    assert 0.15 < power < 1.0
