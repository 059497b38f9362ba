from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive import overlaps as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import distances, triangle_statistics
from spinglass_nn.overlaps.triangles import mean_gap

NAMES = ("k", "iso", "rel", "equilateral", "isosceles")


def cloud(n_points, n_dimensions, seed=1):
    return distances(np.random.default_rng(seed).normal(size=(n_points, n_dimensions)))


def random_matrices(low=3, high=8):
    def fill(n):
        return hnp.arrays(np.float64, (n, n), elements=st.floats(0.1, 10.0)).map(symmetric)

    return st.integers(low, high).flatmap(fill)


def symmetric(values):
    upper = np.triu(values, 1)
    return upper + upper.T


@pytest.mark.parametrize("n_points", [4, 5, 9, 33])
@pytest.mark.parametrize("tolerance", [0.0, 0.3])
def test_against_loops(n_points, tolerance):
    d = cloud(n_points, 6)
    found = triangle_statistics(d, tolerance=tolerance)
    expected = naive.triangles(d.values, tolerance)
    np.testing.assert_allclose([getattr(found, n).mean for n in NAMES], expected, rtol=1e-11)
    assert found.n_triangles == math.comb(n_points, 3)
    assert mean_gap(d.values, d.pairs) == pytest.approx(expected[0], rel=1e-12)


def test_errors_against_loops():
    d = cloud(10, 3).values
    found = triangle_statistics(d, tolerance=0.0)
    left = [naive.triangles(naive.without(d, i), 0.0) for i in range(10)]
    expected = [naive.jackknife_error([row[s] for row in left]) for s in range(5)]
    np.testing.assert_allclose([getattr(found, n).error for n in NAMES], expected, rtol=1e-9)


def test_threads_do_not_change_the_bits():
    d = cloud(75, 10)
    one, two = (triangle_statistics(d, n_threads=n) for n in (1, 2))
    for name in NAMES:
        assert getattr(one, name).mean == getattr(two, name).mean
        assert getattr(one, name).error == getattr(two, name).error


def test_exact_tree():
    tree = np.full((8, 8), 4.0)
    tree[:4, :4] = tree[4:, 4:] = 2.0
    for k in range(0, 8, 2):
        tree[k : k + 2, k : k + 2] = 1.0
    np.fill_diagonal(tree, 0)
    found = triangle_statistics(tree)
    assert (found.k.mean, found.iso.mean, found.rel.mean) == (0.0, 0.0, 0.0)
    assert found.k.error == 0.0
    # three different leaves of a binary tree never branch off at one node
    assert (found.equilateral.mean, found.isosceles.mean) == (0.0, 1.0)


def test_equal_distances_are_ultrametric():
    for size in (1.0, 0.1, 0.0):
        found = triangle_statistics(size * (np.ones((5, 5)) - np.eye(5)))
        assert [getattr(found, n).mean for n in NAMES] == [0, 0, 0, 1, 0]


def test_three_points_have_no_error():
    found = triangle_statistics([[0, 3, 4], [3, 0, 5], [4, 5, 0]])
    assert found.k.mean == pytest.approx(1 / np.std([3, 4, 5]))
    assert math.isnan(found.k.error)


def test_refuses():
    with pytest.raises(DataError, match="at least 3 points, got 2"):
        triangle_statistics([[0, 1], [1, 0]])
    with pytest.raises(ParameterError, match="tolerance must not be negative"):
        triangle_statistics(cloud(4, 2), tolerance=-1.0)


def test_round_trip(tmp_path):
    found = triangle_statistics(cloud(6, 4))
    loaded = sg.load(sg.save(found, tmp_path / "t.npz"))
    assert loaded.k.mean == found.k.mean
    assert "20 triangles of 6 points" in repr(loaded)


@given(random_matrices(), st.floats(1e-3, 1e3))
def test_knows_no_scale(d, scale):
    a, b = triangle_statistics(d), triangle_statistics(d * scale)
    for name in ("k", "iso", "rel"):
        scaled = getattr(b, name).mean
        assert getattr(a, name).mean == pytest.approx(scaled, rel=1e-8, abs=1e-10)


@given(random_matrices(), st.randoms(use_true_random=False))
def test_knows_no_labels(d, random):
    order = list(range(len(d)))
    random.shuffle(order)
    a, b = triangle_statistics(d), triangle_statistics(d[np.ix_(order, order)])
    for name in NAMES:
        relabelled = getattr(b, name).mean
        assert getattr(a, name).mean == pytest.approx(relabelled, rel=1e-9, abs=1e-12)
    assert a.k.error == pytest.approx(b.k.error, rel=1e-6, abs=1e-9, nan_ok=True)


@given(random_matrices(4))
def test_statistics_have_their_ranges(d):
    found = triangle_statistics(d)
    assert found.k.mean >= 0
    assert 0 <= found.iso.mean <= 1
    assert 0 <= found.rel.mean <= 1
    assert 0 <= found.equilateral.mean + found.isosceles.mean <= 1 + 1e-12


@given(random_matrices())
def test_the_heights_of_any_tree_are_ultrametric(d):
    met = sg.overlaps.cophenetic_matrix(sg.overlaps.cluster(d))
    assert triangle_statistics(met).k.mean == pytest.approx(0.0, abs=1e-6)
