from __future__ import annotations

import math

import numpy as np
import pytest
from naive import overlaps as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import distribution, matrix

Q = matrix(np.random.default_rng(1).normal(size=(9, 5)))


def test_density_and_error_against_loops():
    pq = distribution(Q, bins=8)
    np.testing.assert_allclose(pq.density, naive.pair_histogram(Q, pq.edges), atol=1e-12)
    left = [naive.pair_histogram(naive.without(Q, i), pq.edges) for i in range(9)]
    errors = [naive.jackknife_error([row[k] for row in left]) for k in range(8)]
    np.testing.assert_allclose(pq.error, errors, atol=1e-12)
    off = Q[np.triu_indices(9, 1)]
    means = [naive.without(Q, i)[np.triu_indices(8, 1)].mean() for i in range(9)]
    assert pq.mean.mean == pytest.approx(off.mean())
    assert pq.mean.error == pytest.approx(naive.jackknife_error(means))
    assert pq.second_moment.mean == pytest.approx(np.mean(off**2))
    assert (pq.n_units, pq.unit) == (9, "replicas")


def test_density_integrates_to_the_share_inside():
    assert np.sum(distribution(Q).density * 0.04) == pytest.approx(1.0)
    inner = distribution(Q, bins=10, limits=(-0.2, 0.2))
    share = np.mean(np.abs(Q[np.triu_indices(9, 1)]) <= 0.2)
    assert np.sum(inner.density * 0.04) == pytest.approx(share)


def test_independent_units():
    rows = np.random.default_rng(2).uniform(-1, 1, size=(30, 50))
    pq = distribution(rows, bins=4)
    unit_means = rows.mean(axis=1)
    assert pq.mean.mean == pytest.approx(unit_means.mean())
    assert pq.mean.error == pytest.approx(unit_means.std(ddof=1) / math.sqrt(30))
    assert pq.unit == "units"
    assert np.all(np.abs(pq.density - 0.5) < 4 * pq.error)
    flat = distribution(rows[:, 0], bins=4)
    assert flat.n_units == 30


@pytest.mark.parametrize(
    ("values", "options", "error", "message"),
    [
        ([[1.0, 0.2], [0.2, 1.0]], {}, DataError, r"at least 3 replicas, got 2"),
        ([0.3], {}, DataError, r"at least 2 independent units"),
        ([0.3, 1.2], {}, DataError, r"must lie in \[-1, 1\], got 1.2"),
        ([0.3, np.nan], {}, DataError, r"overlaps must be finite"),
        ([0.3, 0.4], {"limits": (1.0, 0.0)}, ParameterError, r"limits must rise"),
        ([0.3, 0.4], {"bins": 0}, ParameterError, r"bins must be at least 1"),
        ([[1, 0, 0.5], [0, 1, 0], [0, 0, 1]], {}, DataError, r"must be symmetric"),
    ],
)
def test_refuses(values, options, error, message):
    with pytest.raises(error, match=message):
        distribution(values, **options)


def test_round_trip(tmp_path):
    pq = distribution(Q, bins=5)
    loaded = sg.load(sg.save(pq, tmp_path / "pq.npz"))
    assert np.array_equal(loaded.density, pq.density)
    assert loaded.mean.error == pq.mean.error
    assert "errors from 9 replicas" in repr(pq)


@pytest.mark.physics
def test_jackknife_of_overlaps_without_structure_is_conservative_by_a_known_factor():
    # overlaps of independent directions are uncorrelated, also where they share a replica;
    # then leaving out replicas gives 2 (n - 1)/(n - 2) times the variance of the mean
    assert variance_ratio(0.0, 12) == pytest.approx(2 * 11 / 10, rel=4 * 0.065)


@pytest.mark.physics
def test_jackknife_of_overlaps_that_share_replicas_is_nearly_right():
    # about a common mean, replicas of long or short projection carry the fluctuations
    assert 0.8 < variance_ratio(0.5, 30) < 1.35


def variance_ratio(shift, n_replicas, n_sets=600):
    """Mean squared error given by the jackknife over the true variance of the mean."""
    rng = np.random.default_rng(3)
    found = [
        distribution(matrix(shift + rng.normal(size=(n_replicas, 40)))).mean
        for _ in range(n_sets)
    ]
    return np.mean([f.error**2 for f in found]) / np.var([f.mean for f in found], ddof=1)
