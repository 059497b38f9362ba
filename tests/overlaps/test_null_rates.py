"""How often nulls are rejected: at the nominal level on data of their own, else with power."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinglass_nn.overlaps import (
    as_distances,
    cascade,
    cascade_points,
    cluster,
    coalescent_points,
    column_shuffled,
    cophenetic_correlation,
    distances,
    gaussian_null,
    ising_null,
    one_step_null,
    replica_symmetric_null,
    row_shuffled,
    shuffled_distances,
    spectrum_null,
    star_null,
    tree_points,
)
from spinglass_nn.overlaps.triangles import mean_gap

LEVEL, N_NULL = 0.05, 19  # the smallest number of draws whose p-values reach the level exactly
RNG = np.random.default_rng


def statistics(values):
    values = np.ascontiguousarray(values)
    pairs = values[np.triu_indices(len(values), 1)]
    return mean_gap(values, pairs), -cophenetic_correlation(pairs)


def p_values(d, null, rng):
    """Of K and of the cophenetic correlation."""
    found = np.array(statistics(d.values))
    drawn = np.array([statistics(null.draw(rng)) for _ in range(N_NULL)])
    return (1 + np.sum(drawn <= found, axis=0)) / (1 + N_NULL)


def rejected(make, n_sets, seed=0):
    """Share of data sets that each statistic rejects."""
    p = []
    for k in range(n_sets):
        rng = RNG([seed, k])
        d, null = make(rng)
        p.append(p_values(d, null, rng))
    return np.mean(np.array(p) <= LEVEL + 1e-12, axis=0)


def gaussian(rng, n=12, dimensions=300):
    return distances(rng.normal(size=(n, dimensions)), n_threads=1)


def spins(rng, mean=0.0, n=12, sites=300):
    up = rng.random((n, sites)) < (1 + mean) / 2
    return np.where(up, 1, -1).astype(np.int8)


def wide(rng):
    """Unequal variances: few effective dimensions."""
    scales = 1 / np.sqrt(1 + np.arange(200))
    return distances(rng.normal(size=(12, 200)) * scales, n_threads=1)


def of_a_star(rng):
    reach = np.exp(0.4 * rng.normal(size=(12, 1)))
    return distances(reach * rng.normal(size=(12, 1000)), n_threads=1)


def histogram(rng):
    """Distances dealt to pairs at random: no points at all."""
    upper = np.triu(1 + rng.random((12, 12)), 1)
    return as_distances(upper + upper.T)


def one_step(rng, n=16, n_clusters=4, dimensions=500):
    """Equally distant clusters of random sizes, labelled by cutting the tree of the data."""
    sizes = rng.multinomial(n - n_clusters, rng.dirichlet(2 * np.ones(n_clusters))) + 1
    labels = np.repeat(np.arange(n_clusters), sizes)
    centres = rng.normal(size=(n_clusters, dimensions))
    d = distances(centres[labels] + rng.normal(size=(n, dimensions)), n_threads=1)
    return d, one_step_null(d, cluster(d, optimal_order=False).labels(n_clusters))


def with_null(points, null, **options):
    def make(rng):
        d = points(rng)
        return d, null(d, **options)

    return make


def shuffled_spins(null, mean):
    def make(rng):
        x = spins(rng, mean)
        return distances(x, kind="hamming", n_threads=1), null(x, kind="hamming")

    return make


def cone(rng):
    return distances(1 + rng.normal(size=(12, 300)), kind="1 - overlap", n_threads=1)


def ising(rng):
    return distances(spins(rng), kind="hamming", n_threads=1)


OWN = {
    "gaussian": with_null(gaussian, gaussian_null),
    "gaussian cone": with_null(cone, gaussian_null),
    "replica symmetric": with_null(gaussian, replica_symmetric_null),
    "replica symmetric cone": with_null(cone, replica_symmetric_null),
    "spectrum": with_null(gaussian, spectrum_null),
    "unequal spectrum": with_null(wide, spectrum_null),
    "spectrum of spins": with_null(ising, spectrum_null),
    "star": with_null(of_a_star, star_null),
    "star of equal reach": with_null(gaussian, star_null),
    "ising": with_null(ising, ising_null),
    "columns": shuffled_spins(column_shuffled, np.linspace(-0.9, 0.9, 300)),
    "rows": shuffled_spins(row_shuffled, 0.0),
    "histogram": with_null(histogram, shuffled_distances),
    "one step": one_step,
}


def is_nominal(rates, n_sets):
    error = math.sqrt(LEVEL * (1 - LEVEL) / n_sets)
    return np.all(np.abs(rates - LEVEL) < 4 * error)


@pytest.mark.parametrize("name", ["spectrum", "star", "replica symmetric", "one step"])
def test_rate_is_nominal_in_a_few_sets(name):
    assert is_nominal(rejected(OWN[name], 150), 150)


@pytest.mark.physics
@pytest.mark.parametrize("name", OWN)
def test_rate_on_data_of_the_null_is_nominal(name):
    assert is_nominal(rejected(OWN[name], 500, seed=1), 500)


@pytest.mark.physics
def test_many_clusters_of_random_sizes_are_no_hierarchy():
    rates = rejected(lambda rng: one_step(rng, 32, 8), 500, seed=2)
    assert np.all(rates < LEVEL + 4 * math.sqrt(LEVEL * (1 - LEVEL) / 500))


@pytest.mark.physics
def test_one_step_cascades_are_no_hierarchy():
    def make(rng):
        made = cascade(24, values=(0.2, 0.7), breakpoints=(0.6,), rng=rng)
        points = cascade_points(made, 1000, kind="ising", rng=rng)
        d = distances(points, kind="hamming", n_threads=1)
        labels = cluster(d, optimal_order=False).labels(int(made.clusters.max()) + 1)
        return d, one_step_null(d, labels)

    rates = rejected(make, 500, seed=3)
    assert np.all(rates < LEVEL + 4 * math.sqrt(LEVEL * (1 - LEVEL) / 500))


@pytest.mark.physics
@pytest.mark.parametrize("kind", ["tree", "kingman", "bolthausen-sznitman"])
def test_power_on_hierarchies(kind):
    """Every number of clusters is rejected, as a verdict of hierarchy asks for."""

    def points(rng):
        if kind == "tree":
            return tree_points(24, 1000, branching=2, variances=(1,) * 5, rng=rng)
        return coalescent_points(24, 1000, kind=kind, rng=rng)

    found = []
    for k in range(12):
        rng = RNG([4, k])
        d = distances(points(rng), n_threads=1)
        tree = cluster(d, optimal_order=False)
        found.append(
            all(
                p_values(d, one_step_null(d, tree.labels(m)), rng).min() <= LEVEL + 1e-12
                for m in range(1, 7)
            )
        )
    assert np.mean(found) > (0.9 if kind != "bolthausen-sznitman" else 0.7)
