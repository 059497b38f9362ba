from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import (
    Distances,
    column_shuffled,
    distances,
    gaussian_gram,
    gaussian_null,
    matrix,
    shuffled_distances,
    spectrum_null,
    star_null,
    tree_points,
)

RNG = np.random.default_rng


def eigenvalues(values):
    """Eigenvalues of the scalar products about the mean point."""
    centring = np.eye(len(values)) - 1 / len(values)
    return np.linalg.eigvalsh(-centring @ np.square(values) @ centring / 2)


@pytest.mark.parametrize("n_dimensions", [3, 5, 6, 20])
@pytest.mark.parametrize("mean", [0.0, 0.7])
def test_gram_has_the_law_of_explicit_points(n_dimensions, mean):
    n_points, n_draws = 5, 1500
    drawn = np.array(
        [gaussian_gram(n_points, n_dimensions, mean=mean, rng=k) for k in range(n_draws)]
    )
    points = mean + RNG(1).standard_normal((n_draws, n_points, n_dimensions))
    explicit = points @ points.transpose(0, 2, 1)
    # diagonal, one off-diagonal, a combination that sees three of them at once, the determinant
    for function in (
        lambda g: g[:, 0, 0],
        lambda g: g[:, 4, 4],
        lambda g: g[:, 3, 1],
        lambda g: g[:, 0, 1] * g[:, 1, 2] * g[:, 0, 2],
        lambda g: np.linalg.eigvalsh(g)[:, -1],
        lambda g: np.linalg.eigvalsh(g)[:, 0] if n_dimensions >= 5 else g[:, 2, 2],
    ):
        test = scipy.stats.ks_2samp(function(drawn), function(explicit))
        assert test.pvalue > 1e-4


def test_gram_is_a_gram_matrix():
    gram = gaussian_gram(6, 1_000_000, rng=3)
    assert np.array_equal(gram, gram.T)
    assert np.linalg.eigvalsh(gram)[0] > 0
    assert np.array_equal(gram, gaussian_gram(6, 1_000_000, rng=3))
    assert np.linalg.matrix_rank(gaussian_gram(6, 4, rng=3)) == 4


def test_gaussian_null_measures_as_the_data_were_measured():
    points = RNG(4).normal(size=(8, 500))
    null = gaussian_null(distances(points))
    assert null.name == "Gaussian points in 500 dimensions"
    drawn = null.draw(RNG(5))
    assert drawn[0, 1] == pytest.approx(math.sqrt(1000), rel=0.2)
    cone = gaussian_null(matrix(points + 1.0), n_dimensions=500)
    assert "about a mean with overlap 0.5" in cone.name
    overlap = np.mean([1 - cone.draw(RNG(k))[0, 1] for k in range(200)])
    assert overlap == pytest.approx(0.5, abs=0.02)
    for values in (drawn, cone.draw(RNG(1))):
        assert np.all(np.diagonal(values) == 0)
        assert np.array_equal(values, values.T)


def test_spectrum_null_keeps_the_spectrum():
    spread = np.array([5.0, 2.0, 1.0])
    points = RNG(6).normal(size=(40, 3)) * spread
    null = spectrum_null(distances(points))
    centred = points - points.mean(axis=0)
    total = 2 * np.square(centred).sum() / 39  # mean squared distance of the data
    drawn = np.array([null.draw(RNG(k)) for k in range(300)])
    upper = np.triu_indices(40, 1)
    squared = np.square(drawn[:, *upper]).mean(axis=1)
    np.testing.assert_allclose(squared, total, rtol=1e-12)
    wanted = np.sort(np.linalg.eigvalsh(centred.T @ centred))
    for values in drawn[:3]:
        turned = eigenvalues(values)
        np.testing.assert_allclose(turned[-3:], wanted, rtol=1e-10)
        assert np.abs(turned[:-3]).max() < 1e-9 * wanted[-1]  # three dimensions, no more


def test_shuffled_distances_keep_the_histogram():
    d = distances(RNG(7).normal(size=(6, 3)))
    drawn = shuffled_distances(d).draw(RNG(8))
    upper = np.triu_indices(6, 1)
    assert np.array_equal(np.sort(drawn[upper]), np.sort(d.pairs))
    assert not np.array_equal(drawn, d.values)
    assert np.array_equal(drawn, drawn.T)


def test_star_null_keeps_how_far_out_points_lie():
    rng = RNG(12)
    points = np.linspace(1.0, 3.0, 10)[:, None] * rng.normal(size=(10, 4000)) / math.sqrt(4000)
    null = star_null(distances(points))
    drawn = np.array([np.square(null.draw(RNG(k))) for k in range(200)])
    upper = np.triu_indices(10, 1)
    squares = np.square(points).sum(axis=1)
    expected = (squares[:, None] + squares[None, :])[upper]
    np.testing.assert_allclose(drawn.mean(axis=0)[upper], expected, rtol=0.05)
    # what is left beside the radii has the size that the data give it
    data = np.square(distances(points).values)[upper]
    sizes = [np.std(squared[upper] - expected) for squared in drawn]
    assert np.mean(sizes) == pytest.approx(np.std(data - expected), rel=0.2)
    with pytest.raises(DataError, match="at least 4 points, got 3"):
        star_null(np.ones((3, 3)) - np.eye(3))


def test_star_null_of_equal_distances_is_equal():
    d = 2 * (np.ones((5, 5)) - np.eye(5))
    np.testing.assert_allclose(star_null(d).draw(RNG(1)), d, atol=1e-12)


def test_column_shuffle_keeps_columns_and_destroys_clusters():
    points = np.repeat(RNG(9).normal(size=(2, 400)), 4, axis=0)
    assert distances(points).values[0, 1] == 0
    drawn = column_shuffled(points).draw(RNG(1))
    before = np.square(distances(points).values).sum()
    assert np.square(drawn).sum() == pytest.approx(before)
    assert drawn[np.triu_indices(8, 1)].min() > 5
    labels = np.repeat(RNG(2).integers(0, 3, size=(2, 300)), 4, axis=0)
    mixed = column_shuffled(labels, kind="disagreement").draw(RNG(3))
    assert mixed.sum() == pytest.approx(distances(labels, kind="disagreement").values.sum())
    turned = column_shuffled(points + 1, kind="1 - overlap").draw(RNG(4))
    assert 0 < turned[0, 1] < 1
    with pytest.raises(ParameterError, match="kind must be one of"):
        column_shuffled(points, kind="aligned euclidean")


def test_tree_points_lie_at_the_heights_of_the_tree():
    points = tree_points(n_dimensions=40_000, branching=2, variances=(4.0, 1.0, 0.25), rng=1)
    d2 = np.square(distances(points).values) / 40_000
    assert points.shape == (8, 40_000)
    for pair, expected in (((0, 1), 0.5), ((0, 2), 2.5), ((0, 4), 10.5), ((3, 7), 10.5)):
        assert d2[pair] == pytest.approx(expected, rel=5 * math.sqrt(2 / 40_000))
    chosen = tree_points(5, 40_000, branching=2, variances=(4.0, 1.0, 0.25), rng=1)
    assert all(any(np.array_equal(row, leaf) for leaf in points) for row in chosen)


def test_tree_points_refuse():
    with pytest.raises(DataError, match="at most the 8 leaves, got 9"):
        tree_points(9)
    with pytest.raises(DataError, match="none negative"):
        tree_points(variances=(1.0, -1.0))


def test_unknown_dimension_counts_as_high():
    d = Distances(distances(RNG(1).normal(size=(4, 9))).values)
    assert gaussian_null(d).name == "Gaussian points in 100000 dimensions"
