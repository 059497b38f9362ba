"""P(K) beside its nulls, and a statistic against the size."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ShapeError
from spinglass_nn.overlaps import dendrogram_triples, distances, triangle_distribution
from spinglass_nn.statistics import Estimate, Estimates, band


def cloud(seed, n_points=12):
    return distances(np.random.default_rng(seed).normal(size=(n_points, 30)))


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def heights(ax, label):
    return next(p for p in ax.patches if p.get_label() == label).get_data()


def test_density_and_rest_are_drawn_as_given():
    found = triangle_distribution(cloud(1))
    ax = sg.plotting.triangle_histogram(found)
    values, edges, _ = heights(ax, "P(K), K = (d₃ − d₂)/sd(d)")
    np.testing.assert_array_equal(values, found.x_density.mean)
    np.testing.assert_array_equal(edges, found.edges)
    rest = heights(ax, "(d₂ − d₁)/sd(d)")[0]
    np.testing.assert_array_equal(rest, found.y_density.mean)
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylim()[1] >= max(found.x_density.mean.max(), found.y_density.mean.max())


def test_triples_of_a_dendrogram_have_one_density():
    found = dendrogram_triples(cloud(1), upper=3.0)
    ax = sg.plotting.triangle_histogram(found, nulls=[dendrogram_triples(cloud(2), upper=3.0)])
    assert labels(ax) == ["P(K), null", "P(K), K = (d₃ − d₂)/sd(d)"]


def test_several_nulls_are_a_band():
    nulls = [triangle_distribution(cloud(seed), upper=3.0) for seed in range(2, 9)]
    ax = sg.plotting.triangle_histogram(triangle_distribution(cloud(1), upper=3.0), nulls=nulls)
    high, _, low = heights(ax, "P(K), null 1–99 %")
    expected = np.percentile([null.x_density.mean for null in nulls], [1, 99], axis=0)
    np.testing.assert_allclose([low, high], expected)


def test_three_points_and_equal_distances_are_drawn():
    for d in (cloud(1, 3), distances(np.eye(5))):
        ax = sg.plotting.triangle_histogram(triangle_distribution(d))
        assert np.isfinite(ax.get_ylim()).all()


def test_bins_must_agree():
    found, other = (triangle_distribution(cloud(1), upper=u) for u in (3.0, 4.0))
    with pytest.raises(ShapeError, match="nulls must have the bins of the result, 50 up to 3"):
        sg.plotting.triangle_histogram(found, nulls=[other])


def test_against_size():
    draws = np.random.default_rng(1).normal(0.7, 0.1, (3, 50))
    values = [Estimate(0.5, 0.1), Estimate(0.4, 0.05), Estimate(0.3, 0.02)]
    ax = sg.plotting.against_size([16, 32, 64], values, nulls=draws)
    shown = ax.containers[0].lines[0]
    np.testing.assert_array_equal(shown.get_xdata(), [16, 32, 64])
    np.testing.assert_array_equal(shown.get_ydata(), [0.5, 0.4, 0.3])
    vertices = ax.collections[0].get_paths()[0].vertices
    at = vertices[vertices[:, 0] == 32, 1]
    assert (at.min(), at.max()) == pytest.approx((band(draws[1]).low, band(draws[1]).high))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["16", "32", "64"]


def test_against_size_without_nulls_and_with_bands():
    values = Estimates([0.5, 0.4], [0.1, 0.1])
    ax = sg.plotting.against_size([8, 16], values, statistic="D")
    assert labels(ax) == ["D"]
    ax = sg.plotting.against_size([8, 16], values, nulls=[band([0.1, 0.2])] * 2)
    assert labels(ax) == ["null 1–99 %", "K"]
    with pytest.raises(ShapeError, match="nulls"):
        sg.plotting.against_size([8, 16], values, nulls=[band([0.1, 0.2])])
