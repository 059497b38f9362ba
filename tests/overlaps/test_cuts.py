"""Cutting trees by count, by height, by the largest gap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive import trees as naive

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError
from spinglass_nn.overlaps import cluster, cophenetic_matrix, distances, largest_gap

LINE = distances(np.array([[0.0], [1.0], [10.0], [11.0], [40.0]]))
CLOUDS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(3, 9), st.just(2)),
    elements=st.integers(-5, 5).map(float),
)
METHODS = st.sampled_from(["average", "single", "complete"])


def partition(labels):
    return {frozenset(np.flatnonzero(labels == k).tolist()) for k in set(labels.tolist())}


@given(CLOUDS, METHODS, st.floats(-1, 15))
def test_cut_at_a_height_keeps_pairs_that_meet_below(points, method, height):
    tree = cluster(distances(points), method=method)
    labels = tree.labels_at(height)
    together = labels[:, None] == labels[None, :]
    met = cophenetic_matrix(tree) <= height
    np.fill_diagonal(met, True)
    np.testing.assert_array_equal(together, met)
    assert labels[0] == 0
    assert labels.max() + 1 == len(points) - np.count_nonzero(tree.heights <= height)


@given(CLOUDS, METHODS)
def test_cuts_by_count_are_nested(points, method):
    tree = cluster(distances(points), method=method)
    n = len(points)
    coarse = partition(tree.labels(1))
    for k in range(1, n + 1):
        fine = partition(tree.labels(k))
        assert len(fine) == k
        assert all(any(small <= large for large in coarse) for small in fine)
        coarse = fine
        if k < n and tree.heights[n - k - 1] < tree.heights[n - k if k > 1 else -1]:
            assert fine == partition(tree.labels_at(tree.heights[n - k - 1]))


def test_largest_gap_by_difference_and_by_ratio():
    tree = cluster(LINE)
    np.testing.assert_allclose(tree.heights, [1, 1, 10, 34.5])
    gap = largest_gap(tree)
    assert (gap.n_clusters, gap.low, gap.size) == (2, 10, pytest.approx(24.5))
    assert tree.labels(2).tolist() == [0, 0, 0, 0, 1]
    assert tree.labels_at(gap.height).tolist() == [0, 0, 0, 0, 1]
    ratio = largest_gap(tree, quantity="ratio")
    assert (ratio.n_clusters, ratio.size) == (3, pytest.approx(10))
    assert tree.labels(3).tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_largest_gap_against_loops(seed):
    tree = cluster(distances(np.random.default_rng(seed).normal(size=(12, 3))))
    gap = largest_gap(tree)
    n_clusters, size = naive.largest_gap(tree.heights, lambda low, high: high - low)
    assert (gap.n_clusters, gap.size) == (n_clusters, pytest.approx(size))
    gap = largest_gap(tree, quantity="ratio")
    n_clusters, size = naive.largest_gap(tree.heights, lambda low, high: high / low)
    assert (gap.n_clusters, gap.size) == (n_clusters, pytest.approx(size))


def test_limits_and_every_point_for_itself():
    noise = cluster(distances(np.random.default_rng(1).normal(size=(10, 2000))))
    assert largest_gap(noise).n_clusters < 10
    alone = largest_gap(noise, max_clusters=10)
    assert (alone.n_clusters, alone.low) == (10, 0)
    assert largest_gap(cluster(LINE), min_clusters=3).n_clusters == 3
    assert largest_gap(cluster(LINE), quantity="ratio", max_clusters=5).n_clusters == 3


def test_of_equal_gaps_the_one_with_fewest_clusters():
    # merges at 1, 2, 3 under single linkage
    tree = cluster(distances(np.array([[0.0], [1.0], [3.0], [6.0]])), method="single")
    assert tree.heights.tolist() == [1, 2, 3]
    assert largest_gap(tree).n_clusters == 2


def test_no_gap_is_one_cluster():
    gap = largest_gap(cluster(np.ones((5, 5)) - np.eye(5)))
    assert (gap.n_clusters, gap.low, gap.high, gap.size) == (1, 1, 1, 0)
    assert largest_gap(cluster(np.zeros((4, 4))), quantity="ratio").size == 1
    # rounding does not make a gap
    tied = np.ones((5, 5)) - np.eye(5)
    tied[0, 1] = tied[1, 0] = 1 - 1e-14
    assert largest_gap(cluster(tied)).n_clusters == 1
    assert largest_gap(cluster(np.ones((5, 5)) - np.eye(5)), max_clusters=5).n_clusters == 5


def test_copies_have_an_infinite_ratio_to_the_rest():
    gap = largest_gap(cluster(distances(np.repeat(np.eye(3), 2, axis=0))), quantity="ratio")
    assert (gap.n_clusters, gap.size) == (3, np.inf)


def test_refuses():
    tree = cluster(LINE)
    with pytest.raises(ParameterError, match="quantity must be one of"):
        largest_gap(tree, quantity="log")
    with pytest.raises(ParameterError, match="min_clusters must be at least 2, got 1"):
        largest_gap(tree, min_clusters=1)
    with pytest.raises(ParameterError, match="<= max_clusters <= 5, got 2 and 6"):
        largest_gap(tree, max_clusters=6)
    with pytest.raises(ParameterError, match="got 4 and 3"):
        largest_gap(tree, min_clusters=4, max_clusters=3)
    with pytest.raises(ParameterError, match="height must be finite"):
        tree.labels_at(np.nan)


def test_three_points():
    tree = cluster(distances([[0.0], [1.0], [5.0]]))
    assert largest_gap(tree).n_clusters == 2


def test_round_trip(tmp_path):
    gap = largest_gap(cluster(LINE))
    assert sg.load(sg.save(gap, tmp_path / "gap.npz")).size == gap.size
