"""How often branches survive resampling: exactly, for noise, for trees, for ties."""

from __future__ import annotations

import numpy as np
import pytest
from naive import overlaps as naive_overlaps
from naive import trees as naive
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import (
    cluster,
    distances,
    support_by_dimensions,
    support_by_points,
    tree_points,
)

POINTS = np.random.default_rng(1).normal(size=(7, 5))


def link(matrix, method="average"):
    return hierarchy.linkage(squareform(matrix, checks=False), method)


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        ("euclidean", naive_overlaps.euclidean),
        ("1 - overlap", lambda points: 1 - naive_overlaps.cosine(points)),
    ],
)
def test_dimensions_against_loops(kind, metric):
    found = support_by_dimensions(POINTS, kind=kind, n_resamples=30, rng=4)
    expected = naive.support_by_dimensions(POINTS, metric, link, 30, 4)
    np.testing.assert_allclose(found.support.mean[:-1], expected)
    assert 0 < np.mean(expected) < 1
    assert found.n_trials.tolist() == [30] * 6


def test_dimensions_of_labels_with_ties():
    labels = np.random.default_rng(2).integers(0, 2, (6, 9))
    found = support_by_dimensions(labels, kind="disagreement", n_resamples=40, rng=1)
    expected = naive.support_by_dimensions(labels, naive_overlaps.disagreement, link, 40, 1)
    # scipy may resolve ties either way where distances differ by rounding
    np.testing.assert_allclose(found.support.mean[:-1], expected, atol=0.1)


@pytest.mark.parametrize("measure", ["exact", "jaccard"])
def test_points_against_loops(measure):
    d = distances(POINTS)
    found = support_by_points(d, fraction=0.6, measure=measure, n_resamples=40, rng=3)
    expected, n_trials = naive.support_by_points(
        d.values, link, 4, 40, 3, jaccard=measure == "jaccard"
    )
    np.testing.assert_allclose(found.support.mean[:-1], expected)
    assert found.n_trials[:-1].tolist() == n_trials


def test_errors_are_those_of_a_share_and_the_mean_is_over_resamples():
    found = support_by_dimensions(POINTS, n_resamples=50, rng=4)
    n, k = 50, found.support.mean[:-1] * 50
    p = (k + 1) / (n + 2)
    np.testing.assert_allclose(found.support.error[:-1], np.sqrt(p * (1 - p) / (n + 3)))
    assert found.support.mean[-1] == 1
    assert found.support.error[-1] == 0
    assert found.mean.mean == pytest.approx(found.support.mean[:-1].mean())
    # repeated with other seeds, the mean scatters as its error says
    others = [support_by_dimensions(POINTS, n_resamples=50, rng=s).mean for s in range(40)]
    scatter = np.std([o.mean for o in others], ddof=1)
    assert scatter / np.mean([o.error for o in others]) == pytest.approx(1, abs=0.35)


def test_trees_are_certain_and_noise_is_not():
    leaves = tree_points(n_dimensions=1000, variances=(1, 1, 1), rng=1)
    assert support_by_dimensions(leaves, n_resamples=50, rng=1).support.mean.min() == 1
    means, best = [], []
    for seed in range(12):
        noise = np.random.default_rng(seed).normal(size=(16, 300))
        found = support_by_dimensions(noise, n_resamples=50, rng=seed)
        means.append(found.mean.mean)
        best.append(found.support.mean[:-1].max())
    # the docstring says 0.16, and about 0.5 for the best branch
    assert abs(np.mean(means) - 0.16) < 4 * np.std(means, ddof=1) / np.sqrt(12)
    assert 0.35 < np.mean(best) < 0.7


def test_leaving_out_points_does_not_disturb_noise():
    means = []
    for seed in range(12):
        d = distances(np.random.default_rng(seed).normal(size=(16, 1000)))
        means.append(support_by_points(d, n_resamples=50, rng=seed).mean.mean)
    assert abs(np.mean(means) - 0.64) < 4 * np.std(means, ddof=1) / np.sqrt(12)


def test_same_bits_for_any_number_of_threads_and_a_stream_for_each_resample():
    one = support_by_dimensions(POINTS, n_resamples=20, rng=4, n_threads=1)
    two = support_by_dimensions(POINTS, n_resamples=20, rng=4, n_threads=2)
    assert np.array_equal(one.support.mean, two.support.mean)
    assert one.mean.mean == two.mean.mean
    d = distances(POINTS)
    one = support_by_points(d, n_resamples=20, rng=4, n_threads=1)
    two = support_by_points(d, n_resamples=20, rng=4, n_threads=2)
    assert np.array_equal(one.support.mean, two.support.mean, equal_nan=True)
    assert not np.array_equal(
        one.support.mean, support_by_points(d, n_resamples=20, rng=5).support.mean
    )


def test_blocks_are_drawn_whole():
    # one component of noise, copied: as many witnesses as there are blocks
    noise = np.random.default_rng(3).normal(size=(12, 10))
    copied = np.repeat(noise, 100, axis=1)
    single = support_by_dimensions(copied, n_resamples=60, rng=1).mean
    whole = support_by_dimensions(
        copied, blocks=np.repeat(np.arange(10), 100), n_resamples=60, rng=1
    ).mean
    plain = support_by_dimensions(noise, n_resamples=60, rng=1).mean
    assert single.mean > 0.8
    assert whole.mean < 0.5
    assert whole.mean == pytest.approx(plain.mean, abs=1e-9)  # the same blocks were drawn


def test_points_that_are_all_equal_or_equally_far_have_no_branches():
    same = np.ones((5, 4))
    found = support_by_dimensions(same, n_resamples=5, rng=1)
    assert found.support.mean.tolist() == [0, 0, 0, 1]
    assert found.mean.mean == 0
    apart = np.ones((5, 5)) - np.eye(5)
    assert support_by_points(apart, rng=1).mean.mean == 0
    assert support_by_points(apart, measure="jaccard", rng=1).mean.mean == 0


def test_copies_of_a_point_stay_together():
    points = np.repeat(np.random.default_rng(1).normal(size=(3, 50)), 3, axis=0)
    found = support_by_dimensions(points, n_resamples=20, rng=1)
    triples = found.tree.linkage[:, 3] == 3
    assert found.support.mean[triples].tolist() == [1, 1, 1]
    assert found.support.mean[found.tree.linkage[:, 3] == 2].tolist() == [0, 0, 0]


def test_branches_never_put_to_the_test_are_nan():
    d = distances(np.arange(4.0)[:, None] ** 2)
    found = support_by_points(d, fraction=0.5, n_resamples=2, rng=0)
    assert np.isnan(found.support.mean[found.n_trials == 0]).all()
    assert np.isnan(found.support.error[found.n_trials == 0]).all()


def test_tree_is_that_of_all_points():
    found = support_by_dimensions(POINTS, method="ward", n_resamples=3, rng=1)
    np.testing.assert_array_equal(
        found.tree.linkage, cluster(distances(POINTS), method="ward").linkage
    )


def test_refuses():
    with pytest.raises(DataError, match="at least 3 points, got 2"):
        support_by_dimensions(POINTS[:2])
    with pytest.raises(DataError, match="at least 4 points, got 3"):
        support_by_points(distances(POINTS[:3]))
    with pytest.raises(DataError, match=r"points must have at least 2 components .* got 1"):
        support_by_dimensions(POINTS[:, :1])
    with pytest.raises(DataError, match=r"at least 2 blocks of components .* got 1"):
        support_by_dimensions(POINTS, blocks=np.zeros(5, dtype=int))
    with pytest.raises(DataError, match="blocks must hold whole numbers"):
        support_by_dimensions(POINTS, blocks=np.full(5, 0.5))
    with pytest.raises(DataError, match="NaN"):
        support_by_dimensions(np.full((4, 4), np.nan))
    with pytest.raises(ParameterError, match="kind must be one of"):
        support_by_dimensions(POINTS, kind="aligned euclidean")
    with pytest.raises(ParameterError, match="method must not be 'ward'"):
        support_by_dimensions(POINTS, kind="1 - overlap", method="ward")
    with pytest.raises(ParameterError, match="measure must be one of"):
        support_by_points(distances(POINTS), measure="jacard")
    with pytest.raises(ParameterError, match=r"fraction must lie in \[0, 1\], got 1.5"):
        support_by_points(distances(POINTS), fraction=1.5)
    with pytest.raises(ParameterError, match="n_resamples must be at least 2"):
        support_by_points(distances(POINTS), n_resamples=1)
    with pytest.raises(DataError, match="keep a direction in each resample"):
        support_by_dimensions(np.eye(4), kind="1 - overlap", rng=1)


def test_round_trip(tmp_path):
    found = support_by_points(distances(POINTS), n_resamples=10, rng=1)
    loaded = sg.load(sg.save(found, tmp_path / "support.npz"))
    assert np.array_equal(loaded.support.mean, found.support.mean, equal_nan=True)
    assert "support of 5 branches by resampling points" in repr(loaded)
