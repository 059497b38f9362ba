"""The verdict: right on systems whose answer is known, and at its level on null data."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn._core.random import seed_of
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import Distances, distances, tree_points, verdict
from spinglass_nn.overlaps import _evidence as evidence
from spinglass_nn.overlaps._noise import blurred
from spinglass_nn.overlaps.judgement import _Judge
from spinglass_nn.overlaps.star_nulls import star_null

RNG = np.random.default_rng


def clustered(n_points, n_clusters, seed, n_dimensions=1000):
    rng = RNG(seed)
    centres = rng.normal(size=(n_clusters, n_dimensions))
    labels = np.arange(n_points) % n_clusters
    return centres[labels] + rng.normal(size=(n_points, n_dimensions))


def judged(points, kind="1 - overlap", **options):
    return verdict(distances(points, kind=kind), n_null=99, n_controls=40, rng=1, **options)


@pytest.mark.parametrize("kind", ["1 - overlap", "euclidean"])
def test_independent_points_are_noise(kind):
    found = judged(RNG(1).normal(size=(24, 1000)), kind)
    assert found.finding == "consistent with noise"
    assert found.hierarchy is None
    assert found.noise_p > 0.05
    assert found.clusters.power > 0.8


def test_points_about_one_centre_are_one_cluster():
    rng = RNG(2)
    found = judged(rng.normal(size=1000) + rng.normal(size=(24, 1000)))
    assert found.finding == "one cluster"
    assert found.noise_p < 1e-6


@pytest.mark.parametrize("kind", ["1 - overlap", "euclidean"])
@pytest.mark.parametrize(("n_points", "n_clusters"), [(16, 4), (32, 6)])
def test_clusters_at_equal_distances_have_no_hierarchy(kind, n_points, n_clusters):
    found = judged(clustered(n_points, n_clusters, 3), kind)
    assert found.finding == "clusters without hierarchy"
    assert found.clusters.p_value <= 0.05 < found.hierarchy.p_value


def test_two_pure_states_of_a_ferromagnet():
    rng = RNG(4)
    sign = rng.choice([-1, 1], (24, 1))
    spins = (sign * np.where(rng.random((24, 600)) < 0.9, 1, -1)).astype(np.int8)
    assert judged(spins, "hamming").finding == "clusters without hierarchy"
    gauge = sg.overlaps.flip_gauge(sg.overlaps.matrix(spins, of="spins")).overlaps
    whole = sg.overlaps.from_overlaps(gauge, n_dimensions=600)
    assert verdict(whole, n_null=99, n_controls=40, rng=1).finding == "one cluster"


def test_trees_are_hierarchies():
    leaves = tree_points(27, 1000, branching=3, variances=(1, 1, 1), rng=5)
    found = judged(leaves)
    assert found.finding == "hierarchy"
    assert found.hierarchy.p_value <= 0.05
    assert "hierarchy" in str(found)


def test_few_points_tell_nothing():
    found = judged(RNG(6).normal(size=(6, 1000)))
    assert found.finding == "cannot tell"
    assert found.clusters.power < 0.8


def test_without_the_dimension_there_is_no_noise():
    d = distances(RNG(1).normal(size=(24, 1000)), kind="1 - overlap")
    found = verdict(Distances(d.values, d.kind), n_null=99, n_controls=40, rng=1)
    assert found.finding == "one cluster"
    assert np.isnan(found.noise_p)


def test_samples_together_tell_what_one_does_not():
    sets = [
        distances(tree_points(9, 30, branching=3, variances=(0.3, 1), rng=k)) for k in range(16)
    ]
    one, all_of_them = (verdict(s, n_null=99, n_controls=40, rng=1) for s in (sets[0], sets))
    assert all_of_them.n_samples == 16
    assert all_of_them.clusters.p_value < one.clusters.p_value
    values = [evidence.statistics_of(s.values) for s in sets]
    assert all_of_them.clusters.values.mean == pytest.approx(np.mean(values, axis=0))
    error = np.std(values, axis=0, ddof=1) / 4
    assert all_of_them.clusters.values.error == pytest.approx(error)


def test_same_bits_for_any_number_of_threads_and_saved(tmp_path):
    points = clustered(18, 3, 7)
    one, two = judged(points, n_threads=1), judged(points, n_threads=2)
    assert one.sentence == two.sentence
    assert np.array_equal(one.hierarchy.scores, two.hierarchy.scores)
    sg.save(one, tmp_path / "verdict.npz")
    back = sg.load(tmp_path / "verdict.npz")
    assert back.finding == one.finding
    assert np.array_equal(back.clusters.p_values, one.clusters.p_values)


def test_correction_is_the_largest_score_of_each_draw():
    rng = RNG(8)
    draws = rng.normal(size=(59, 6))
    observed = rng.normal(size=6)
    part = evidence.compared(observed, draws)
    together = np.array([*draws, observed])  # exchangeable: the sample is as one of them
    mean, sd = together.mean(axis=0), together.std(axis=0, ddof=1)
    largest = [
        max(
            s * (d - m) / w
            for s, d, m, w in zip(evidence.TREE_WARDS, row, mean, sd, strict=True)
        )
        for row in draws
    ]
    p = evidence.corrected(part, part.scores)
    for k, score in enumerate(part.scores[0]):
        assert p[k] == (1 + sum(value >= score for value in largest)) / 60


def test_half_a_tree_has_half_of_the_variance():
    d = distances(RNG(9).normal(size=(40, 1000)))
    null = sg.overlaps.star_null(d).draw
    draw = evidence.half_a_tree(d, null)
    upper = np.triu_indices(40, 1)
    ratio = [
        np.square(draw(RNG(k))[upper]).var() / np.square(null(RNG(k))[upper]).var()
        for k in range(60)
    ]
    # independent parts: the variance stays, but for their covariance in one draw
    assert abs(np.mean(ratio) - 1) < 4 * np.std(ratio) / np.sqrt(60)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.eye(5), "at least 6 points"),
        (np.ones((8, 8)), "not all be equal"),
        ([np.eye(8), 1 - np.eye(8)], "must not all be equal"),
    ],
)
def test_what_cannot_be_judged(samples, message):
    with pytest.raises(DataError, match=message):
        verdict(samples)


def test_kinds_must_agree():
    points = RNG(10).normal(size=(8, 50))
    with pytest.raises(DataError, match="of one kind"):
        verdict([distances(points), distances(points, kind="1 - overlap")])


def test_numbers_are_checked():
    d = distances(RNG(10).normal(size=(8, 50)))
    with pytest.raises(ParameterError, match="n_null"):
        verdict(d, n_null=5)
    with pytest.raises(ParameterError, match="level"):
        verdict(d, level=1.5)


N_SETS = 500


def least_p(make, flat=False):
    """Smallest corrected p-value of each set, without controls."""
    found = []
    for k in range(N_SETS):
        judge = _Judge([blurred(make(RNG(k)), seed_of(k), 0)], 99, 10, 0.05, seed_of(k), 1)
        if flat:
            part, _ = judge._flattest(0, judge.samples[0])
        else:
            part = judge._compare(0, 0, star_null(judge.samples[0]).draw, 99)
        found.append(evidence.corrected(part, part.scores).min())
    return np.array(found)


def directions_about(rng):
    return distances(rng.normal(size=300) + rng.normal(size=(16, 300)), kind="1 - overlap")


def far_and_near(rng):
    return distances(np.exp(0.4 * rng.normal(size=(16, 1))) * rng.normal(size=(16, 300)))


def one_state(rng):
    field = np.tanh(2 * rng.normal(size=300))
    return distances(
        np.where(rng.random((16, 300)) < (1 + field) / 2, 1, -1).astype(np.int8), kind="hamming"
    )


def ferromagnet(rng):
    spins = np.where(rng.random((12, 300)) < 0.98, 1, -1) * rng.choice([-1, 1], (12, 1))
    return distances(spins.astype(np.int8), kind="hamming")


def flat(rng):
    n_clusters = int(rng.integers(2, 6))
    centres = rng.normal(size=(n_clusters, 500))[rng.integers(0, n_clusters, 12)]
    return distances(centres + rng.normal(size=(12, 500)), kind="1 - overlap")


@pytest.mark.physics
@pytest.mark.parametrize("make", [directions_about, far_and_near, one_state])
def test_one_cluster_is_rejected_at_the_level(make):
    rejected = (least_p(make) <= 0.05).sum()
    assert abs(rejected - 0.05 * N_SETS) < 3 * np.sqrt(0.05 * 0.95 * N_SETS)


@pytest.mark.physics
@pytest.mark.parametrize("make", [flat, ferromagnet])
def test_clusters_are_called_a_hierarchy_at_most_at_the_level(make):
    rejected = (least_p(make, flat=True) <= 0.05).sum()
    assert rejected < 0.05 * N_SETS + 3 * np.sqrt(0.05 * 0.95 * N_SETS)
