"""Ten measures of ultrametricity against loops, exact trees, closed forms and symmetries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive import overlaps as naive_overlaps
from naive import triangles as naive
from scipy.spatial.distance import pdist, squareform

import spinglass_nn as sg
from spinglass_nn.errors import DataError
from spinglass_nn.overlaps import tree_points, tree_statistics
from spinglass_nn.overlaps.triangles import mean_gap
from spinglass_nn.overlaps.ultrametric import MEASURES, tree_measures

CONCENTRATES = np.array([measure.concentrates for measure in MEASURES])


def condensed(values):
    return values[np.triu_indices(len(values), 1)]


def measured(values):
    values = np.ascontiguousarray(values, dtype=np.float64)
    return tree_measures(values, condensed(values))


def cloud(n_points, n_dimensions=5, seed=1):
    points = np.random.default_rng(seed).normal(size=(n_points, n_dimensions))
    return squareform(pdist(points))


def independent(n_points, seed=1, mean=50.0):
    """Distances that are independent normal variates, as of no points at all."""
    upper = np.triu(np.random.default_rng(seed).normal(mean, 1, (n_points, n_points)), 1)
    return upper + upper.T


def trees(depth, seed=3):
    """An exact ultrametric matrix: heights of a random tree."""
    rng = np.random.default_rng(seed)
    u = naive.subdominant(rng.uniform(1, 2, (depth, depth)))
    u = naive.subdominant(np.maximum(u, u.T))
    np.fill_diagonal(u, 0)
    return u


def random_matrices(low=4, high=9):
    def fill(n):
        return hnp.arrays(np.float64, (n, n), elements=st.floats(0.1, 10.0)).map(
            lambda values: np.triu(values, 1) + np.triu(values, 1).T
        )

    return st.integers(low, high).flatmap(fill)


@pytest.mark.parametrize("n_points", [3, 4, 5, 8, 9, 10, 11, 17, 26])
@pytest.mark.parametrize("n_dimensions", [1, 2, 30])
def test_against_loops(n_points, n_dimensions):
    d = cloud(n_points, n_dimensions)
    np.testing.assert_allclose(measured(d), naive.tree_measures(d), rtol=1e-9, atol=1e-12)


def test_a_matrix_that_is_no_metric_against_loops():
    d = np.random.default_rng(5).exponential(size=(12, 12))
    d = np.triu(d, 1) + np.triu(d, 1).T
    np.testing.assert_allclose(measured(d), naive.tree_measures(d), rtol=1e-9, atol=1e-12)
    broken = np.mean([d3 > d1 + d2 for d1, d2, d3 in naive.triples(d)])
    assert 0.2 < broken < 0.8
    assert tree_statistics(d).broken == pytest.approx(broken)


def test_errors_against_loops():
    d = cloud(10, 3)
    found = tree_statistics(d)
    tolerance = 0.1 * naive.deviation(d)
    left = []
    for i in range(10):
        part = naive_overlaps.without(d, i)
        left.append(naive.tree_measures(part, tolerance / naive.deviation(part)))
    np.testing.assert_allclose([v.mean for v in found.values], naive.tree_measures(d))
    expected = [naive_overlaps.jackknife_error(column) for column in zip(*left, strict=True)]
    np.testing.assert_allclose([v.error for v in found.values], expected, rtol=1e-8)


def test_of_data_and_of_null_draws_are_the_same_numbers():
    d = cloud(70, 20)
    found = tree_statistics(d)
    np.testing.assert_allclose([v.mean for v in found.values], measured(d), rtol=1e-12)
    assert found.k.mean == pytest.approx(sg.overlaps.triangle_statistics(d).k.mean, rel=1e-13)


def test_three_points_by_hand():
    found = tree_statistics([[0, 3, 4], [3, 0, 5], [4, 5, 0]])
    sd = math.sqrt(2 / 3)
    # single linkage joins at 3 and 4; average linkage at 3 and 4.5
    expected = [1 / sd, 1 / 3, 1 / 2, 0, 0, 0, 1 / sd, 1 / 3, 1 / 12, math.sqrt(0.75)]
    np.testing.assert_allclose([v.mean for v in found.values], expected, atol=1e-14)
    assert all(math.isnan(v.error) for v in found.values)


@pytest.mark.parametrize("n_points", [3, 4, 9, 20])
def test_exact_trees(n_points):
    perfect = [float(measure.side == "high") for measure in MEASURES]
    np.testing.assert_allclose(measured(trees(n_points)), perfect, atol=1e-12)
    np.testing.assert_array_equal(measured(trees(n_points))[:2], 0.0)


@pytest.mark.parametrize("size", [1.0, 0.1, 1e-200, 1e200, 0.0])
def test_equal_distances_are_ultrametric(size):
    found = tree_statistics(size * (np.ones((6, 6)) - np.eye(6)))
    perfect = [float(measure.side == "high") for measure in MEASURES]
    assert [v.mean for v in found.values] == perfect
    assert [v.error for v in found.values] == [0.0] * 10


def test_distances_equal_up_to_rounding_are_ultrametric():
    noise = 1e-16 * np.random.default_rng(1).integers(-1, 2, (12, 12))
    d = 1.0 + np.triu(noise, 1)
    d = np.triu(d, 1) + np.triu(d, 1).T
    perfect = [float(measure.side == "high") for measure in MEASURES]
    np.testing.assert_allclose(measured(d), perfect, atol=1e-3)


def test_copies_of_points():
    """Two copies and a third point: two sides equal, 0/0 is 0, the angles are 90 degrees."""
    d = squareform(pdist(np.repeat(np.arange(3.0) ** 2, 2)[:, None]))
    found = measured(d)
    np.testing.assert_allclose(found[:6], naive.tree_measures(d)[:6], rtol=1e-12)
    assert np.isfinite(found).all()
    two = squareform(pdist(np.array([0.0, 0, 0, 1, 1, 1])[:, None]))
    np.testing.assert_allclose(measured(two), [m.side == "high" for m in MEASURES], atol=1e-12)


def test_independent_normal_distances():
    """<d3 - d2> = 3/(2 sqrt(pi)) sd, and X and Y have one law: order statistics of three."""
    found = tree_statistics(independent(300))
    assert abs(found.k.z(3 / (2 * math.sqrt(math.pi)))) < 4
    assert found.k.error < 0.01
    assert abs(found.x_share.z(0.5)) < 4
    assert abs(found.isosceles.z(share_of_small_gaps(0.1))) < 4


def share_of_small_gaps(t):
    """P(d3 - d2 <= t) of three normal variates; the integral is over the middle one."""
    x = np.linspace(-8, 8, 20001)
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    cumulative = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])
    above = np.array([0.5 * math.erfc((v + t) / math.sqrt(2)) for v in x])
    return 1 - 6 * np.trapezoid(density * cumulative * above, x)


def test_points_on_a_tree_are_told_from_points_without():
    leaves = tree_points(branching=2, variances=(1,) * 5, n_dimensions=500, rng=1)
    tree, noise = measured(squareform(pdist(leaves))), measured(cloud(32, 500))
    for measure, a, b in zip(MEASURES, tree, noise, strict=True):
        nearer = a < b if measure.side == "low" else a > b
        # three of the measures see that the distances are spread out, not that there is a tree
        assert nearer != measure.concentrates, measure.name


def test_adding_a_constant():
    d = cloud(20)
    before, after = measured(d), measured(d + 30.0 * (1 - np.eye(20)))
    np.testing.assert_allclose(before[~CONCENTRATES], after[~CONCENTRATES], rtol=1e-9)
    sign = np.array([-1 if measure.side == "low" else 1 for measure in MEASURES])
    assert ((after - before) * sign)[CONCENTRATES].min() > 0.01


def test_concentrated_distances_keep_their_digits():
    d = np.round(cloud(20, 50), 4)
    far = d + 2.0**20 * (1 - np.eye(20))
    assert measured(far)[0] == pytest.approx(measured(d)[0], rel=1e-9)


@pytest.mark.parametrize("n_points", [40, 75])
def test_threads_do_not_change_the_bits(n_points):
    d = cloud(n_points)
    one, two = (tree_statistics(d, n_threads=n) for n in (1, 2))
    assert [(v.mean, v.error) for v in one.values] == [(v.mean, v.error) for v in two.values]


def test_counting_triangles_and_visiting_them_agree(monkeypatch):
    for n_points in (3, 64, 65, 130, 513):
        d = cloud(n_points, 4)
        d[d < 1] = 1.0  # ties
        np.fill_diagonal(d, 0)
        visited = mean_gap(d, condensed(d))
        with monkeypatch.context() as patch:
            patch.setattr("spinglass_nn.overlaps.triangles._MANY", 0)
            assert mean_gap(d, condensed(d)) == pytest.approx(visited, rel=1e-11)
    naive_k = naive.measures_of(list(naive.triples(cloud(30))), naive.deviation(cloud(30)))[0]
    assert mean_gap(cloud(30), condensed(cloud(30))) == pytest.approx(naive_k, rel=1e-12)


def test_counting_triangles_of_a_tree_gives_zero(monkeypatch):
    monkeypatch.setattr("spinglass_nn.overlaps.triangles._MANY", 0)
    tree = trees(40)
    assert mean_gap(tree, condensed(tree)) == pytest.approx(0.0, abs=1e-12)


def test_refuses():
    with pytest.raises(DataError, match="at least 3 points, got 2"):
        tree_statistics([[0, 1], [1, 0]])
    with pytest.raises(DataError, match="distances must be finite"):
        tree_statistics(np.full((4, 4), math.nan))
    with pytest.raises(DataError, match="must not be negative"):
        tree_statistics(1.0 * np.eye(4) - 1)


def test_round_trip_and_words(tmp_path):
    found = tree_statistics(cloud(6))
    loaded = sg.load(sg.save(found, tmp_path / "t.npz"))
    assert loaded.rammal.mean == found.rammal.mean
    assert repr(found).startswith("<tree statistics of 6 points: K = ")
    assert "Rammal's D = " in str(found)
    assert len(str(found).splitlines()) == len(MEASURES) == len({m.field for m in MEASURES})


@given(random_matrices(), st.floats(1e-3, 1e3), st.integers(0, 1000))
@settings(deadline=None)
def test_knows_no_scale(d, scale, seed):
    np.testing.assert_allclose(measured(d)[:6], measured(d * scale)[:6], rtol=1e-7, atol=1e-9)
    d = cloud(len(d), 3, seed)  # without ties, where trees are unique
    np.testing.assert_allclose(measured(d), measured(d * scale), rtol=1e-7, atol=1e-9)


@given(random_matrices(), st.integers(-300, 300))
@settings(deadline=None)
def test_powers_of_two_change_no_bit(d, power):
    np.testing.assert_array_equal(measured(d), measured(d * 2.0**power))


@given(st.integers(4, 20), st.randoms(use_true_random=False), st.integers(0, 1000))
@settings(deadline=None)
def test_knows_no_labels(n_points, random, seed):
    d = cloud(n_points, 3, seed)
    order = list(range(n_points))
    random.shuffle(order)
    relabelled = np.ascontiguousarray(d[np.ix_(order, order)])
    np.testing.assert_allclose(measured(d), measured(relabelled), rtol=1e-9, atol=1e-12)


@given(random_matrices())
@settings(deadline=None)
def test_ranges(d):
    found = dict(zip((m.field for m in MEASURES), measured(d), strict=True))
    assert found["k"] >= 0
    assert found["k_picked"] >= 0
    for name in set(found) - {"k", "k_picked", "cophenetic"}:
        assert 0 <= found[name] <= 1 + 1e-12
    assert -1 <= found["cophenetic"] <= 1
