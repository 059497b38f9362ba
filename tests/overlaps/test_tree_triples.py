"""Triples through a dendrogram, and the distributions of the differences of sides."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive import overlaps as naive_overlaps
from naive import triangles as naive
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import dendrogram_triples, triangle_distribution
from spinglass_nn.overlaps._clusters import three_clusters

FIELDS = ("k", "relative", "x", "y", "x_variance", "y_variance")


def cloud(n_points, n_dimensions=5, seed=1):
    points = np.random.default_rng(seed).normal(size=(n_points, n_dimensions))
    return squareform(pdist(points))


def by_hand(values, upper=3.0, n_bins=7):
    """Estimates, density of K, from Ward's tree by loops."""
    sd = naive.deviation(values)
    sides = naive.sides_between(values, naive.ward_clusters(values))
    edges = np.linspace(0, upper, n_bins + 1)
    gaps = [(d3 - d2) / sd for _, d2, d3 in sides]
    return naive.measures_of(sides, sd), naive.histogram(gaps, edges), len(sides)


@pytest.mark.parametrize("n_points", [3, 4, 5, 9, 18, 30])
def test_against_loops(n_points):
    d = cloud(n_points)
    found = dendrogram_triples(d, n_bins=7, upper=3.0)
    values, density, n_triangles = by_hand(d)
    np.testing.assert_allclose([getattr(found, f).mean for f in FIELDS], values, atol=1e-13)
    np.testing.assert_allclose(found.k_density.mean, density, atol=1e-12)
    assert found.n_triangles == n_triangles == found.sizes.prod()
    inside = found.k_density.mean.sum() * found.edges[1]
    assert inside + found.beyond == pytest.approx(1)


def test_errors_against_loops():
    d = cloud(9)
    found = dendrogram_triples(d)
    left = [by_hand(naive_overlaps.without(d, i))[0] for i in range(9)]
    expected = [naive_overlaps.jackknife_error(column) for column in zip(*left, strict=True)]
    np.testing.assert_allclose([getattr(found, f).error for f in FIELDS], expected, rtol=1e-8)


@pytest.mark.parametrize("method", ["ward", "average", "single", "complete"])
def test_the_larger_child_is_split(method):
    points = np.array([0.0, 1, 2, 100, 101, 110, 111])[:, None]
    labels = dendrogram_triples(squareform(pdist(points)), method=method).labels
    assert labels[:3].tolist() == [0, 0, 0]
    assert len(set(labels[3:5])) == len(set(labels[5:])) == 1
    assert {labels[3], labels[5]} == {1, 2}


def test_of_children_of_one_size_the_higher_is_split():
    points = np.array([0.0, 1, 100, 103])[:, None]
    for order in ([0, 1, 2, 3], [2, 3, 0, 1], [3, 0, 2, 1]):
        linkage = hierarchy.linkage(pdist(points[order]), "average")
        labels = three_clusters(linkage)[np.argsort(order)]
        assert labels[0] == labels[1] == 0
        assert {labels[2], labels[3]} == {1, 2}


def test_clusters_are_those_of_the_cut_where_both_agree():
    """Three clusters of a cut, if the larger child is also the higher one."""
    points = np.repeat(np.eye(3) * [[0.0], [40], [50]], 6, axis=0)
    points += np.random.default_rng(1).normal(size=points.shape)
    linkage = hierarchy.linkage(points, "ward")
    cut = hierarchy.cut_tree(linkage, 3)[:, 0]
    assert len(set(zip(three_clusters(linkage).tolist(), cut.tolist(), strict=True))) == 3


def test_an_exact_tree_has_no_gaps():
    tree = np.full((8, 8), 4.0)
    tree[:4, :4] = tree[4:, 4:] = 2.0
    for k in range(0, 8, 2):
        tree[k : k + 2, k : k + 2] = 1.0
    np.fill_diagonal(tree, 0)
    found = dendrogram_triples(tree)
    assert (found.k.mean, found.k.error, found.x_variance.mean) == (0.0, 0.0, 0.0)
    assert (found.y.mean, found.sizes.tolist()) == (2.0, [4, 2, 2])
    assert found.k_density.mean[0] * found.edges[1] == pytest.approx(1)
    whole = triangle_distribution(tree)
    assert (whole.x.mean, whole.x_variance.mean) == (0.0, 0.0)
    assert whole.y_variance.mean > 0.1


def test_equal_distances():
    for size in (0.0, 0.3):
        d = size * (np.ones((5, 5)) - np.eye(5))
        for found in (dendrogram_triples(d), triangle_distribution(d)):
            assert (found.sd, found.x.mean, found.y.mean) == (1.0, 0.0, 0.0)
        assert found.x_density.mean[0] * found.edges[1] == pytest.approx(1)


@pytest.mark.parametrize("n_points", [3, 4, 9, 21])
@pytest.mark.parametrize("upper", [None, 1.5])
def test_distribution_against_loops(n_points, upper):
    d = cloud(n_points)
    found = triangle_distribution(d, n_bins=9, upper=upper)
    sides, sd = list(naive.triples(d)), naive.deviation(d)
    _, _, *moments = naive.measures_of(sides, sd)
    for name, value in zip(("x", "y", "x_variance", "y_variance"), moments, strict=True):
        assert getattr(found, name).mean == pytest.approx(value, rel=1e-9, abs=1e-13)
    x = [(d3 - d2) / sd for _, d2, d3 in sides]
    y = [(d2 - d1) / sd for d1, d2, _ in sides]
    np.testing.assert_allclose(found.x_density.mean, naive.histogram(x, found.edges))
    np.testing.assert_allclose(found.y_density.mean, naive.histogram(y, found.edges))
    assert found.x_beyond == pytest.approx(np.mean(np.array(x) >= found.edges[-1]))
    assert found.y_beyond == pytest.approx(np.mean(np.array(y) >= found.edges[-1]))
    if upper is None:
        assert found.x_beyond == found.y_beyond == 0


def test_errors_of_the_distribution_against_loops():
    d = cloud(8)
    found = triangle_distribution(d, n_bins=5)
    sd = naive.deviation(d)
    left, variances = [], []
    for i in range(8):
        sides = list(naive.triples(naive_overlaps.without(d, i)))
        left.append(naive.histogram([(d3 - d2) / sd for _, d2, d3 in sides], found.edges))
        variances.append(naive.measures_of(sides, sd)[5])
    expected = [naive_overlaps.jackknife_error(column) for column in zip(*left, strict=True)]
    np.testing.assert_allclose(found.x_density.error, expected, rtol=1e-9)
    error = naive_overlaps.jackknife_error(variances)
    assert found.y_variance.error == pytest.approx(error, rel=1e-9)


def test_ordered_overlaps():
    """Of overlaps, X = q_med - q_min and Y = q_max - q_med, whatever the sign convention."""
    spins = np.random.default_rng(2).choice([-1.0, 1.0], (12, 40))
    q = spins @ spins.T / 40
    found = triangle_distribution(q)
    sides = np.array([sorted(1 - np.array(s)) for s in naive.triples(1 - q)])
    assert found.x.mean == pytest.approx((sides[:, 1] - sides[:, 0]).mean())
    assert found.y.mean == pytest.approx((sides[:, 2] - sides[:, 1]).mean())
    assert found.y_variance.mean == pytest.approx((sides[:, 2] - sides[:, 1]).var())


def test_law_of_k_for_independent_normal_distances():
    """P(K) at zero is 6 int phi^2 Phi dx = 3/(2 sqrt(pi)) for three normal variates."""
    upper = np.triu(np.random.default_rng(3).normal(20, 1, (250, 250)), 1)
    found = triangle_distribution(upper + upper.T, n_bins=200, upper=5.0)
    x = np.linspace(-8, 8, 4001)
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    cumulative = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])
    for k in (0, 20, 60):
        t = found.centers[k]
        shifted = np.exp(-((x + t) ** 2) / 2) / math.sqrt(2 * math.pi)
        exact = 6 * np.trapezoid(density * shifted * cumulative, x)
        assert abs(found.x_density[k].z(exact)) < 4
        assert abs(found.y_density[k].z(exact)) < 4


def test_threads_do_not_change_the_bits():
    d = cloud(70)
    for function in (dendrogram_triples, triangle_distribution):
        one, two = (function(d, n_threads=n) for n in (1, 2))
        assert (one.x.mean, one.x.error) == (two.x.mean, two.x.error)
        assert (one.y_variance.mean, one.y_variance.error) == (
            two.y_variance.mean,
            two.y_variance.error,
        )
    np.testing.assert_array_equal(one.x_density.error, two.x_density.error)


def test_three_points_have_no_error():
    for found in (dendrogram_triples(cloud(3)), triangle_distribution(cloud(3))):
        assert math.isnan(found.x.error)


def test_refuses():
    with pytest.raises(DataError, match="at least 3 points, got 2"):
        dendrogram_triples([[0, 1], [1, 0]])
    with pytest.raises(DataError, match="at least 3 points, got 2"):
        triangle_distribution([[0, 1], [1, 0]])
    with pytest.raises(ParameterError, match="method must be one of"):
        dendrogram_triples(cloud(4), method="centroid")
    with pytest.raises(ParameterError, match="n_bins must be at least 1, got 0"):
        triangle_distribution(cloud(4), n_bins=0)
    with pytest.raises(ParameterError, match="upper must be positive"):
        dendrogram_triples(cloud(4), upper=0.0)


def test_round_trips(tmp_path):
    d = cloud(6)
    triples, law = dendrogram_triples(d), triangle_distribution(d)
    loaded = sg.load(sg.save(triples, tmp_path / "a.npz"))
    assert loaded.k.mean == triples.k.mean
    assert "triples of a dendrogram (ward): K = " in repr(loaded)
    loaded = sg.load(sg.save(law, tmp_path / "b.npz"))
    np.testing.assert_array_equal(loaded.y_density.mean, law.y_density.mean)
    assert repr(loaded).startswith("<20 triangles of 6 points: X = ")
