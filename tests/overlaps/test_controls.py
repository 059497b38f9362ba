from __future__ import annotations

import math

import numpy as np
import pytest
from naive import cascades as naive

from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import coalescent_points, distances, matrix, tree_points
from spinglass_nn.statistics import mean_estimate

KINDS = ("kingman", "bolthausen-sznitman")


@pytest.mark.parametrize("kind", KINDS)
def test_overlaps_of_a_coalescent_are_uniform_over_samples(kind):
    # two lineages meet at time t of the law exp(-t), and have the overlap exp(-t)
    q = np.array([matrix(coalescent_points(5, 4000, kind=kind, rng=k)) for k in range(600)])
    pairs = q[:, 0, 3]
    assert abs(mean_estimate(pairs).z(1 / 2)) < 4
    assert abs(mean_estimate(np.square(pairs)).z(1 / 3)) < 4


@pytest.mark.parametrize(("kind", "share"), [("kingman", 0.0), ("bolthausen-sznitman", 0.25)])
def test_triangles_of_a_coalescent(kind, share):
    n_draws, n_dimensions, near = 400, 20_000, 0.04
    close = 0
    for k in range(n_draws):
        d = np.square(distances(coalescent_points(3, n_dimensions, kind=kind, rng=k)).pairs)
        d = np.sort(d) / (2 * n_dimensions)  # 1 - exp(-t)
        assert d[2] - d[1] < 6 * math.sqrt(2 / n_dimensions)
        close += d[1] - d[0] < near
    # different heights are nearer than that by chance with probability 1.5 * near, to first
    # order, in either kind
    expected = share + 1.5 * near
    error = math.sqrt(expected * (1 - expected) / n_draws)
    assert abs(close / n_draws - expected) < 4 * error


@pytest.mark.parametrize("kind", KINDS)
def test_coalescent_has_the_law_of_competing_groups(kind):
    rng = np.random.default_rng(1)
    slow = np.array([naive.coalescence(5, kind, rng) for _ in range(400)])
    fast = np.array(
        [matrix(coalescent_points(5, 20_000, kind=kind, rng=k)) for k in range(400)]
    )
    slow = np.exp(-slow)
    for function in (
        lambda q: q[:, 0, 1] * q[:, 0, 2],
        lambda q: q[:, 0, 1] * q[:, 2, 3],
        lambda q: q.min(axis=(1, 2)),
        lambda q: (q.sum(axis=(1, 2)) - 5) ** 2 / 400,
    ):
        one, other = mean_estimate(function(slow)), mean_estimate(function(fast))
        assert abs(one.mean - other.mean) < 4 * math.hypot(one.error, other.error) + 0.003


def test_random_branching_keeps_the_heights():
    variances, n_dimensions = (4.0, 1.0, 0.25), 30_000
    points = tree_points(
        n_dimensions=n_dimensions,
        branching=2,
        variances=variances,
        random_branching=True,
        rng=6,
    )
    d2 = np.square(distances(points).pairs) / (2 * n_dimensions)
    heights = np.cumsum(variances[::-1])
    nearest = np.abs(d2[:, None] / heights - 1).min(axis=1)
    assert nearest.max() < 6 * math.sqrt(2 / n_dimensions)


def test_random_branching_has_the_mean_number_of_leaves():
    # generations of a Galton-Watson tree with mean 2 and variance 1: mean 8, variance 28
    sizes = [
        len(tree_points(n_dimensions=1, branching=2, random_branching=True, rng=k))
        for k in range(600)
    ]
    found = mean_estimate(sizes)
    assert abs(found.z(8)) < 4
    assert np.var(sizes) == pytest.approx(28, rel=0.4)
    assert min(sizes) >= 1
    asked = tree_points(14, 5, branching=2, random_branching=True, rng=1)
    assert asked.shape == (14, 5)


def test_controls_refuse():
    with pytest.raises(DataError, match="what a random tree has leaves, about 8, got 500"):
        tree_points(500, 3, random_branching=True, rng=1)
    with pytest.raises(ParameterError, match="did you mean 'kingman'"):
        coalescent_points(4, 10, kind="kingmann")
    with pytest.raises(ParameterError, match="n_points must be at least 2"):
        coalescent_points(1)
