from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from naive import nulls as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import (
    cluster,
    column_shuffled,
    distances,
    from_overlaps,
    ising_null,
    matrix,
    one_step_null,
    replica_symmetric_null,
    row_shuffled,
    spectrum_null,
    star_null,
    tree_points,
    ultrametricity,
)
from spinglass_nn.overlaps._stars import Star
from spinglass_nn.overlaps.null_models import null_model
from spinglass_nn.statistics import mean_estimate

RNG = np.random.default_rng
OVERLAP_KINDS = ("1 - overlap", "(1 - overlap)/2", "1 - |overlap|", "angle", "hamming")


def spins(n_points, n_spins, seed, mean=0.0):
    up = RNG(seed).random((n_points, n_spins)) < (1 + mean) / 2
    return np.where(up, 1, -1).astype(np.int8)


def clustered(sizes, n_dimensions=1000, seed=1):
    """Points of one step: equally distant centres, and noise of the same width."""
    rng = RNG(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    centres = rng.normal(size=(len(sizes), n_dimensions))
    return centres[labels] + rng.normal(size=(labels.size, n_dimensions)), labels


# -- stars


@pytest.mark.parametrize("n_points", [4, 5, 9])
def test_star_fit_is_weighted_least_squares(n_points):
    radii = np.linspace(1, 3, n_points)[:, None]
    squares = naive.squared_distances(radii * RNG(n_points).normal(size=(n_points, 30)))
    star = Star(squares)
    reach, floor = naive.star_fit(squares)
    off = ~np.eye(n_points, dtype=bool)
    np.testing.assert_allclose(star.expected[off], (reach[:, None] + reach)[off], rtol=1e-8)
    np.testing.assert_allclose(star.noise_scale, -2 * np.sqrt(np.outer(floor, floor)))


@given(st.integers(4, 12), st.integers(0, 10))
def test_star_noise_keeps_the_fit_and_its_size(n_points, seed):
    squares = naive.squared_distances(RNG(seed).normal(size=(n_points, 40)))
    star = Star(squares)
    noise = star.noise(RNG(seed + 100))
    assert np.array_equal(noise, noise.T)
    np.testing.assert_allclose(star.without_star(star.expected + noise), noise, atol=1e-9)
    assert np.linalg.norm(noise / star.noise_scale) == pytest.approx(star.size, rel=1e-9)


def test_directions_keep_their_heights_over_the_mean():
    rng = RNG(3)
    own = np.linspace(0.3, 0.9, 7)[:, None]
    rows = own * rng.normal(size=400) + np.sqrt(1 - own**2) * rng.normal(size=(7, 400))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    drawn = 1 - star_null(distances(rows, kind="1 - overlap")).draw(RNG(1))
    mean = rows.mean(axis=0)
    heights = rows @ mean / np.linalg.norm(mean)
    width = np.sqrt(1 - heights**2)
    turned = (drawn - np.outer(heights, heights)) / np.outer(width, width)
    np.testing.assert_allclose(np.diagonal(turned), 1, atol=1e-12)
    # directions are new, and still those of points
    cosines = (rows @ rows.T - np.outer(heights, heights)) / np.outer(width, width)
    off = ~np.eye(7, dtype=bool)
    assert abs(turned[off] - cosines[off]).max() > 0.5 * cosines[off].std()
    assert np.linalg.eigvalsh(turned).min() > -1e-9


@pytest.mark.parametrize("n_points", [1, 2, 3])
def test_up_to_three_points_are_a_star(n_points):
    star = Star(naive.squared_distances(RNG(1).normal(size=(n_points, 5))))
    assert not star.noise(RNG(2)).any()


# -- clusters without hierarchy


def test_one_step_keeps_means_and_widths_of_clusters():
    points, labels = clustered((6, 5, 1, 8))
    d = distances(points)
    null = one_step_null(d, labels)
    assert null.name == "4 clusters without hierarchy"
    drawn = null.draw(RNG(3))
    for k in range(4):
        own = np.ix_(labels == k, labels == k)
        assert np.square(drawn[own]).sum() == pytest.approx(np.square(d.values[own]).sum())
    for values in (drawn, d.values):
        assert np.array_equal(values, values.T)
        assert not np.diagonal(values).any()
    # of four clusters the mean squared distances to all others keep their weighted fit
    one_hot = np.eye(4)[labels] / np.bincount(labels)
    means = [one_hot.T @ np.square(x) @ one_hot for x in (d.values, drawn)]
    own = [np.diagonal(m) / 2 for m in means]
    centres = [m - w[:, None] - w for m, w in zip(means, own, strict=True)]
    star = Star(centres[0])
    off = ~np.eye(4, dtype=bool)
    kept = star.expected + star.without_star(centres[1])
    np.testing.assert_allclose(kept[off], centres[1][off], rtol=1e-9)
    assert np.abs(centres[1] - centres[0])[off].max() > 1  # and the rest moves


def test_one_step_has_the_law_of_the_points():
    """A far draw and another sample of the same centres and widths cannot be told apart."""
    labels = np.repeat([0, 1], [4, 5])
    centres = RNG(0).normal(size=(2, 40))[labels] * 2
    found = {"null": [], "truth": []}
    for k in range(800):
        for name, seed in (("null", k), ("truth", 10_000 + k)):
            x = distances(centres + RNG(seed).normal(size=(9, 40)))
            drawn = one_step_null(x, labels).draw(RNG(k)) if name == "null" else x.values
            found[name].append([drawn[0, 1], drawn[0, 5] - drawn[1, 5], drawn[4:, 4:].min()])
            found[name][-1][2] = drawn[4:, 4:][np.triu_indices(5, 1)].min()
    for column in range(3):
        one, other = (np.array(found[name])[:, column] for name in found)
        assert scipy.stats.ks_2samp(one, other).pvalue > 1e-4


def test_one_cluster_and_singletons():
    d = distances(RNG(4).normal(size=(8, 300)))
    assert one_step_null(d, np.zeros(8, dtype=int)).name == "1 cluster without hierarchy"
    single = one_step_null(d, np.arange(8)).draw(RNG(1))
    np.testing.assert_allclose(single, star_null(d).draw(RNG(1)), rtol=1e-9)
    pairs = one_step_null(d, np.repeat([3, 9, 1, 7], 2)).draw(RNG(1))
    for a in range(0, 8, 2):
        assert pairs[a, a + 1] == pytest.approx(d.values[a, a + 1])


@pytest.mark.parametrize("branching", [2, 3])
def test_one_step_refuses_trees(branching):
    depth = 4 if branching == 2 else 3
    d = distances(tree_points(n_dimensions=2000, branching=branching, variances=(1,) * depth))
    for n_clusters in (branching, branching**2):
        labels = cluster(d).labels(n_clusters)
        found = ultrametricity(d, null=one_step_null(d, labels), n_null=99, rng=1)
        assert found.verdict == "more tree-like"


@pytest.mark.parametrize(
    "labels", [[0, 1, 2], np.zeros((2, 3), dtype=int), np.linspace(0, 1, 6), ["a"] * 6]
)
def test_one_step_refuses_other_labels(labels):
    d = distances(RNG(4).normal(size=(6, 30)))
    with pytest.raises(DataError, match="labels must be 6 integers, one for each point"):
        one_step_null(d, labels)


# -- Gaussian points


@pytest.mark.parametrize("n_dimensions", [20, 300])
@pytest.mark.parametrize("kind", ["euclidean", "1 - overlap", "angle"])
def test_replica_symmetric_points_have_the_mean_and_variance(kind, n_dimensions):
    points = 0.7 + RNG(2).normal(size=(40, n_dimensions))
    d = distances(points, kind=kind)
    null = replica_symmetric_null(d)
    assert null.name.startswith("one cluster of Gaussian points in ")
    drawn = np.array([null.draw(RNG(k))[np.triu_indices(40, 1)] for k in range(60)])
    means, spreads = drawn.mean(axis=1), drawn.std(axis=1)
    assert means.mean() == pytest.approx(d.pairs.mean(), rel=0.03)
    assert spreads.mean() == pytest.approx(d.pairs.std(), rel=0.15)


def test_replica_symmetric_points_of_absolute_overlaps():
    q = matrix(spins(60, 200, 5))
    null = replica_symmetric_null(from_overlaps(q, kind="1 - |overlap|"))
    found = float(null.name.split()[-2])
    assert found == pytest.approx(200, rel=0.15)
    shifted = from_overlaps(matrix(spins(60, 200, 6, mean=0.7)), kind="1 - |overlap|")
    drawn = replica_symmetric_null(shifted).draw(RNG(1))
    assert drawn[np.triu_indices(60, 1)].mean() == pytest.approx(shifted.pairs.mean(), rel=0.05)


@pytest.mark.parametrize("kind", OVERLAP_KINDS)
@pytest.mark.parametrize(
    "null", ["gaussian", "replica_symmetric", "star", "spectrum", "ising", "shuffled_distances"]
)
def test_every_null_measures_every_kind(kind, null):
    d = distances(spins(12, 150, 7), kind=kind)
    drawn = null_model(null, d, None).draw(RNG(1))
    upper = np.triu_indices(12, 1)
    assert np.array_equal(drawn, drawn.T)
    assert not np.diagonal(drawn).any()
    assert drawn[upper].mean() == pytest.approx(d.pairs.mean(), rel=0.03)
    assert drawn[upper].std() == pytest.approx(d.pairs.std(), rel=0.6)


# -- spins and coordinates


@pytest.mark.parametrize("mean", [0.0, 0.6])
def test_ising_null_has_the_law_of_spins(mean):
    d = distances(spins(3, 31, 1), kind="hamming")
    null = ising_null(d, magnetisations=mean)
    drawn = np.array([null.draw(RNG(k)) for k in range(1500)])
    counts = np.rint(31 * drawn[:, 0, 1]).astype(int)
    assert np.allclose(counts, 31 * drawn[:, 0, 1])
    differ = (1 - mean**2) / 2  # binomial
    assert abs(mean_estimate(counts).z(31 * differ)) < 4
    assert counts.var() == pytest.approx(31 * differ * (1 - differ), rel=0.2)
    q = 1 - 2 * drawn
    product = q[:, 0, 1] * q[:, 0, 2]  # sites with magnetisation m: m^4 + (m^2 - m^4)/N
    assert abs(mean_estimate(product).z(mean**4 + (mean**2 - mean**4) / 31)) < 4


def test_ising_null_takes_euclidean_distances_and_refuses():
    d = distances(spins(6, 50, 1).astype(float))
    assert ising_null(d).draw(RNG(1))[0, 1] == pytest.approx(10, abs=3)
    assert null_model("ising", d, 80).name == "80 independent Ising spins"
    with pytest.raises(ParameterError, match="n_spins must be given"):
        ising_null(d.values)
    with pytest.raises(DataError, match="magnetisations must be one or 50 numbers"):
        ising_null(d, magnetisations=1.5)
    with pytest.raises(DataError, match=r"magnetisations must be one or 50 numbers .* \(3,\)"):
        ising_null(d, magnetisations=[0.1, 0.2, 0.3])


def test_rows_keep_the_magnetisation_of_each_layer():
    points, layers = spins(5, 40, 2, mean=0.3), np.repeat([0, 1], [10, 30])
    reference = np.ones((1, 40), dtype=np.int8)
    null = row_shuffled(points, kind="1 - overlap", groups=layers)
    assert null.name.endswith("within groups of coordinates")
    # points with one spin up in each layer: an overlap of 1, or 1 - 4/N or 1 - 8/N
    lonely = -np.ones((4, 40), dtype=np.int8)
    lonely[:, 0] = lonely[:, 10] = 1
    drawn = 1 - row_shuffled(lonely, kind="1 - overlap", groups=layers).draw(RNG(1))
    assert set(np.rint((1 - drawn[np.triu_indices(4, 1)]) * 10).tolist()) <= {0.0, 1.0, 2.0}
    # with no shuffling across points a constant point stays at its distance
    fixed = np.concatenate([reference, points])
    moved = row_shuffled(fixed, kind="hamming").draw(RNG(2))
    np.testing.assert_allclose(moved[0, 1:], (points < 0).mean(axis=1))


def test_columns_move_in_groups():
    points, labels = clustered((4, 4), n_dimensions=200)
    whole = column_shuffled(points, groups=np.zeros(200, dtype=int)).draw(RNG(1))
    np.testing.assert_allclose(
        np.sort(whole, axis=None), np.sort(distances(points).values, axis=None)
    )
    halves = column_shuffled(points, groups=np.repeat([0, 1], 100))
    assert halves.name == "the same points with shuffled groups of coordinates"
    squares = np.square(halves.draw(RNG(1)))
    assert squares.sum() == pytest.approx(np.square(distances(points).values).sum())
    assert labels.size == 8


def test_layers_of_networks():
    replicas = sg.networks.initialize(sg.networks.MLP((3, 4, 2)), n_replicas=5, rng=1)
    drawn = column_shuffled(replicas, groups="layers").draw(RNG(1))
    layers = [distances(sg.overlaps.weight_points(replicas, layer=k)).values for k in (0, 1)]
    total = sum(np.square(layer).sum() for layer in layers)
    assert np.square(drawn).sum() == pytest.approx(total)
    rows = row_shuffled(replicas, groups="layers").draw(RNG(1))
    assert rows.shape == (5, 5)
    with pytest.raises(ParameterError, match="groups must be 'layers' of networks"):
        column_shuffled(RNG(1).normal(size=(4, 6)), groups="layers")
    with pytest.raises(DataError, match="groups must be 6 integers, one for each coordinate"):
        row_shuffled(RNG(1).normal(size=(4, 6)), groups=[0, 1])


@pytest.mark.parametrize(
    ("null", "need"),
    [
        ("one_step", "needs labels, not only distances"),
        ("row_shuffled", "needs the points"),
        ("column_shuffled", "needs the points"),
        ("replica_symetric", "did you mean 'replica_symmetric'"),
    ],
)
def test_names_that_need_more(null, need):
    with pytest.raises(ParameterError, match=need):
        null_model(null, distances(RNG(1).normal(size=(5, 9))), None)


def test_gaussian_spectrum_is_exact_in_law():
    # the law of a drawn distance is that of the points, also with few and unequal dimensions
    scales = np.array([3.0, 1.0, 0.5])
    truth, drawn = [], []
    for k in range(1200):
        x = RNG(k).normal(size=(6, 3)) * scales
        drawn.append(spectrum_null(distances(x)).draw(RNG(k + 5000))[0, :3])
        truth.append(distances(RNG(k + 9000).normal(size=(6, 3)) * scales).values[0, :3])
    truth, drawn = np.array(truth), np.array(drawn)
    for function in (
        lambda x: x[:, 1],
        lambda x: x[:, 1] - x[:, 2],
        lambda x: x[:, 1] * x[:, 2],
    ):
        assert scipy.stats.ks_2samp(function(truth), function(drawn)).pvalue > 1e-4
    assert math.isfinite(truth.sum())
