from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive import overlaps as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import cluster, cophenetic_matrix, distances

POINTS = np.random.default_rng(1).normal(size=(9, 4))
CLOUDS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(3, 9), st.just(3)),
    elements=st.integers(-20, 20).map(float),
)


def test_average_linkage_against_brute_force():
    d = distances(POINTS)
    tree = cluster(d)
    met = naive.average_linkage_heights(d.values)
    np.testing.assert_allclose(cophenetic_matrix(tree), met, atol=1e-12)
    upper = np.triu_indices(9, 1)
    expected = np.corrcoef(d.values[upper], met[upper])[0, 1]
    assert tree.cophenetic_correlation == pytest.approx(expected)
    np.testing.assert_allclose(tree.heights, np.unique(met)[1:], atol=1e-12)


@pytest.mark.parametrize("method", ["average", "single", "complete", "ward"])
def test_cophenetic_correlation_from_the_matrix_of_heights(method):
    d = distances(np.random.default_rng(3).normal(size=(30, 2)))
    tree = cluster(d, method=method)
    met = cophenetic_matrix(tree)[np.triu_indices(30, 1)]
    assert tree.cophenetic_correlation == pytest.approx(np.corrcoef(d.pairs, met)[0, 1])


@pytest.mark.parametrize("method", ["average", "single", "complete", "ward"])
def test_labels_find_planted_clusters(method):
    points = np.repeat([[0.0, 0], [10, 0], [0, 10]], 5, axis=0)
    points += np.random.default_rng(2).normal(size=points.shape)
    tree = cluster(distances(points), method=method)
    assert tree.labels(3).tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert tree.labels(1).tolist() == [0] * 15
    assert sorted(tree.labels(15)) == list(range(15))
    assert tree.n_points == 15
    with pytest.raises(ParameterError, match="n_clusters must be at most 15, got 16"):
        tree.labels(16)


def test_overlaps_are_clustered_by_one_minus_q():
    q = sg.overlaps.matrix(POINTS)
    from_q, from_d = cluster(q), cluster(distances(POINTS, kind="1 - overlap"))
    np.testing.assert_allclose(from_q.linkage, from_d.linkage, atol=1e-12)
    assert from_q.kind == "1 - overlap"


def test_refuses():
    with pytest.raises(ParameterError, match=r"method must not be 'ward' for .*'1 - overlap'"):
        cluster(sg.overlaps.matrix(POINTS), method="ward")
    with pytest.raises(ParameterError, match="did you mean 'average'"):
        cluster(distances(POINTS), method="averages")
    with pytest.raises(DataError, match="at least 3 points, got 2"):
        cluster(distances(POINTS[:2]))


def test_equal_distances_and_equal_points():
    ones = np.ones((4, 4)) - np.eye(4)
    assert cluster(ones).cophenetic_correlation == 1.0
    assert cluster(np.zeros((4, 4))).cophenetic_correlation == 1.0
    # single linkage merges all at one height though distances differ: it explains nothing
    chain = distances([[0.0], [1.0], [2.0]])
    assert cluster(chain, method="single").cophenetic_correlation == 0.0


def test_round_trip(tmp_path):
    tree = cluster(distances(POINTS))
    loaded = sg.load(sg.save(tree, tmp_path / "tree.npz"))
    assert np.array_equal(loaded.linkage, tree.linkage)
    assert "9 points, average linkage of euclidean" in repr(loaded)


@given(CLOUDS, st.sampled_from(["average", "single", "complete"]))
def test_trees_are_ultrametric_and_order_is_a_permutation(points, method):
    tree = cluster(distances(points), method=method)
    met = cophenetic_matrix(tree)
    assert np.all(met[:, None, :] <= np.maximum(met[:, :, None], met[None, :, :]) + 1e-9)
    assert sorted(tree.order.tolist()) == list(range(len(points)))
    assert -1 - 1e-12 <= tree.cophenetic_correlation <= 1 + 1e-12
