from __future__ import annotations

import math

import numpy as np
import pytest
from naive import overlaps as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps import (
    Distances,
    NullModel,
    column_shuffled,
    distances,
    gaussian_null,
    tree_points,
    triangle_statistics,
    ultrametricity,
)
from spinglass_nn.statistics import holm, mean_estimate

RNG = np.random.default_rng


def cloud(n_points, seed, n_dimensions=500):
    return distances(RNG(seed).normal(size=(n_points, n_dimensions)))


def test_statistics_are_those_of_the_room():
    d = cloud(12, 1)
    found = ultrametricity(d, n_null=19, rng=1)
    assert found.k.value.mean == triangle_statistics(d).k.mean
    tree = sg.overlaps.cluster(d)
    assert found.cophenetic.value.mean == pytest.approx(tree.cophenetic_correlation)
    upper = np.triu_indices(11, 1)
    left = [
        np.corrcoef(part[upper], naive.average_linkage_heights(part)[upper])[0, 1]
        for part in (naive.without(d.values, i) for i in range(12))
    ]
    assert found.cophenetic.value.error == pytest.approx(naive.jackknife_error(left))
    raw = [found.k.p_value, found.cophenetic.p_value]
    assert [found.k.corrected, found.cophenetic.corrected] == holm(raw).tolist()
    assert found.p_value == min(holm(raw))


def test_null_draws_are_those_of_the_null_and_repeat():
    d = cloud(10, 2)
    short = ultrametricity(d, n_null=20, rng=7, n_threads=1)
    long = ultrametricity(d, n_null=30, rng=7, n_threads=2)
    assert np.array_equal(short.k.draws, long.k.draws[:20])
    model = gaussian_null(d)
    one = sg._core.random.seed_of(7).generator(sg._core.random.Stream.NULLS, 4)
    assert triangle_statistics(model.draw(one)).k.mean == pytest.approx(long.k.draws[4])


@pytest.mark.parametrize("n_points", [8, 16, 24])
def test_a_tree_is_more_tree_like(n_points):
    leaves = tree_points(n_points, 2000, variances=(1, 1, 1, 1, 1), rng=n_points)
    for null in ("gaussian", "star", "spectrum", column_shuffled(leaves)):
        found = ultrametricity(distances(leaves), null=null, n_null=99, rng=1)
        assert found.verdict == "more tree-like"
        assert found.p_value == pytest.approx(0.02)  # the least that 99 draws allow for two


def test_noise_is_no_more_tree_like():
    found = ultrametricity(cloud(24, 3), n_null=199, rng=1)
    assert found.verdict == "no more tree-like"
    assert str(found).startswith("The 24 points are no more tree-like than Gaussian points")
    assert "K = 0." in str(found)


def test_default_null_fits_the_kind_of_distances():
    d = cloud(6, 1)
    assert ultrametricity(d, n_null=9, rng=1).null.startswith("Gaussian points in 500")
    for kind in ("aligned euclidean", "balanced euclidean", "disagreement"):
        moved = Distances(d.values, kind)
        assert "how far out they lie" in ultrametricity(moved, n_null=9, rng=1).null
        asked = ultrametricity(moved, n_dimensions=50, n_null=9, rng=1)
        assert asked.null == "Gaussian points in 50 dimensions"


def test_unequal_radii_are_no_hierarchy():
    # Gaussian points call a star with rays of unequal length a tree; the star null does not
    radii = np.linspace(1.0, 2.0, 20)[:, None]
    d = distances(radii * RNG(3).normal(size=(20, 3000)))
    assert ultrametricity(d, null="gaussian", n_null=99, rng=1).verdict == "more tree-like"
    assert ultrametricity(d, null="star", n_null=99, rng=1).verdict == "no more tree-like"


def test_cannot_tell_with_four_points_or_too_few_draws():
    verdict = ultrametricity(cloud(4, 5), n_null=99, rng=1)
    assert verdict.verdict == "cannot tell"
    assert str(verdict).startswith("Cannot tell with 4 points")
    leaves = tree_points(16, 2000, variances=(1, 1, 1, 1), rng=1)
    assert ultrametricity(distances(leaves), n_null=10, rng=1).verdict == "cannot tell"


def test_overlaps_of_a_narrow_cone_are_noise():
    points = 2.0 + RNG(6).normal(size=(24, 800))
    q = sg.overlaps.matrix(points)
    found = ultrametricity(q, n_dimensions=800, n_null=199, rng=2)
    assert found.kind == "1 - overlap"
    assert found.verdict == "no more tree-like"


def test_a_null_of_ones_own():
    d = cloud(8, 8)
    model = NullModel("my points", lambda g: distances(g.normal(size=(8, 500))).values)
    found = ultrametricity(d, null=model, n_null=50, rng=1)
    assert found.null == "my points"
    with pytest.raises(ParameterError, match="n_dimensions must be None with a null model"):
        ultrametricity(d, null=model, n_dimensions=3)
    with pytest.raises(ShapeError, match=r"null distances must have shape \(6, 6\)"):
        ultrametricity(cloud(6, 1), null=model)


@pytest.mark.parametrize(
    ("d", "options", "error", "message"),
    [
        (np.zeros((3, 3)), {}, DataError, r"at least 4 points, got 3"),
        (np.ones((5, 5)) - np.eye(5), {}, DataError, r"must not all be equal"),
        (np.zeros((5, 5)), {}, DataError, r"must not all be equal"),
        (cloud(5, 1), {"null": "gaussians"}, ParameterError, r"did you mean 'gaussian'"),
        (cloud(5, 1), {"null": "column_shuffled"}, ParameterError, r"needs the points"),
        (cloud(5, 1), {"null": "spectrum", "n_dimensions": 3}, ParameterError, r"must be None"),
        (cloud(5, 1), {"n_null": 1}, ParameterError, r"n_null must be at least 2"),
        (cloud(5, 1), {"level": 1.5}, ParameterError, r"level must lie in \[0, 1\]"),
    ],
)
def test_refuses(d, options, error, message):
    with pytest.raises(error, match=message):
        ultrametricity(d, **options)


def test_round_trip(tmp_path):
    found = ultrametricity(cloud(8, 1), n_null=20, rng=1)
    loaded = sg.load(sg.save(found, tmp_path / "u.npz"))
    assert loaded.sentence == found.sentence
    assert np.array_equal(loaded.cophenetic.draws, found.cophenetic.draws)
    assert loaded.k.null.high == found.k.null.high


def test_forked_points_pass_the_acceptance_test():
    # T6: 3 initial points x 2 x 2 x 2 forks, with the merge heights of the pilot (E5)
    heights = np.square([12.41, 1.94, 1.40, 1.14]) / 2
    steps = -np.diff(np.append(heights, 0.0))
    leaves = np.concatenate(
        [
            tree_points(n_dimensions=20_000, variances=steps[1:] / 20_000, rng=k)
            + RNG(k).normal(size=20_000) * math.sqrt(steps[0] / 20_000)
            for k in range(3)
        ]
    )
    found = ultrametricity(distances(leaves), n_null=199, rng=1)
    assert found.cophenetic.value.mean >= 0.98
    assert found.k.value.mean <= 0.05
    assert found.verdict == "more tree-like"


@pytest.mark.physics
@pytest.mark.parametrize(
    ("n_points", "cophenetic", "k"),
    [(24, (0.53, 0.75), (0.67, 0.82)), (32, (0.52, 0.73), (0.67, 0.80))],
)
def test_gaussian_bands(n_points, cophenetic, k):
    # T7: bands of the pilot, from 150 draws, printed to two digits; extreme quantiles of so
    # few draws are uncertain by about 0.02 (a third of the standard deviation, .05 and .03)
    d = cloud(n_points, 1, n_dimensions=79_510 // 10)
    found = ultrametricity(d, n_dimensions=79_510, n_null=4000, rng=1)
    assert found.cophenetic.null.low == pytest.approx(cophenetic[0], abs=0.025)
    assert found.cophenetic.null.high == pytest.approx(cophenetic[1], abs=0.025)
    assert found.k.null.low == pytest.approx(k[0], abs=0.025)
    assert found.k.null.high == pytest.approx(k[1], abs=0.025)


@pytest.mark.physics
@pytest.mark.parametrize("kind", ["euclidean", "1 - overlap"])
@pytest.mark.parametrize("n_points", [8, 16])
def test_false_positive_rate_is_nominal(kind, n_points):
    n_sets, level = 600, 0.05
    shift = 1.0 if kind == "1 - overlap" else 0.0
    found = [
        ultrametricity(
            distances(shift + RNG(10_000 + k).normal(size=(n_points, 300)), kind=kind),
            n_null=99,
            level=level,
            rng=k,
            n_threads=1,
        )
        for k in range(n_sets)
    ]
    error = math.sqrt(level * (1 - level) / n_sets)
    for single in (lambda f: f.k, lambda f: f.cophenetic):
        rate = np.mean([single(f).p_value <= level for f in found])
        assert abs(rate - level) / error < 4
    whole = np.mean([f.verdict == "more tree-like" for f in found])
    assert (whole - level) / error < 4  # Holm bounds it from above
    assert whole > level / 4


@pytest.mark.physics
def test_power_on_trees_and_in_low_dimension():
    # in 2000 dimensions eight leaves are enough; in two dimensions a tree is blurred
    rate = {}
    for n_dimensions in (2, 2000):
        rate[n_dimensions] = np.mean(
            [
                ultrametricity(
                    distances(tree_points(8, n_dimensions, variances=(1, 1, 1, 1), rng=k)),
                    n_null=99,
                    rng=k,
                ).verdict
                == "more tree-like"
                for k in range(60)
            ]
        )
    assert rate[2000] == 1.0
    assert rate[2] < 0.6


@pytest.mark.physics
def test_untrained_networks_after_matching_are_stars_and_not_trees():
    net = sg.networks.MLP((784, 128, 10))
    found = {"gaussian": [], "star": []}
    for k in range(25):
        replicas = sg.networks.initialize(net, n_replicas=16, rng=k)
        d = distances(replicas, kind="balanced euclidean")
        for null, results in found.items():
            results.append(ultrametricity(d, null=null, n_null=99, rng=k))
    excess = {
        null: mean_estimate([f.cophenetic.value.mean - f.cophenetic.null.mean for f in results])
        for null, results in found.items()
    }
    assert excess["gaussian"].z() > 4  # the wrong null sees trees
    assert abs(excess["star"].z()) < 4
    rejected = np.mean([f.verdict == "more tree-like" for f in found["star"]])
    assert rejected <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 25)
