"""What figures of bands and barrier graphs show is what was given."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape import AutoNEB, barrier_graph, nudged_elastic_band
from spinglass_nn.networks import MLP, initialize

NET = MLP((4, 5, 3))


@pytest.fixture(scope="module")
def points():
    return initialize(NET, n_replicas=5, gain=2, rng=0)


def test_a_band_shows_its_pivots_and_its_saddle(small_data, points):
    a, b = points[0], points[1]
    band = nudged_elastic_band(NET, small_data, a, b, n_pivots=4, n_steps=5)
    before = sg.landscape.loss_curve(NET, small_data, sg.landscape.interpolate(a, b))
    ax = sg.plotting.elastic_band(band, before=before)
    line, curve, pivots, star = ax.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), before.loss)
    np.testing.assert_array_equal(curve.get_ydata(), band.curve.loss)
    assert len(pivots.get_xdata()) == 6
    assert star.get_ydata() == [band.saddle]
    assert ax.get_legend_handles_labels()[1] == [
        "straight line", "elastic band", "4 pivots", f"saddle {band.saddle:.3g}"
    ]  # fmt: skip
    ax = sg.plotting.elastic_band(band, quantity="test_accuracy")
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), band.curve.test_accuracy)
    with pytest.raises(ParameterError, match="quantity must be one of"):
        sg.plotting.elastic_band(band, quantity="norm")


def test_a_graph_shows_its_tree_in_bold(small_data, points):
    schedule = AutoNEB(n_steps=(3,), factors=(1.0,))
    graph = barrier_graph(
        NET, small_data, points, method="neb", n_bands=2, schedule=schedule, rng=1
    )
    ax = sg.plotting.barrier_graph(graph, groups=["x", "x", "y", "y", "y"])
    others, tree = ax.collections[:2]
    assert (len(others.get_segments()), len(tree.get_segments())) == (6, 4)
    np.testing.assert_array_equal(tree.get_array(), graph.spanning_saddles)
    assert tree.get_linewidth()[0] > others.get_linewidth()[0]
    assert [text.get_text() for text in ax.texts[:5]] == list("01234")
    assert ax.figure.axes[-1].get_ylabel().startswith("saddle L")
    two = sg.plotting.barrier_graph(barrier_graph(NET, small_data, points[:2]))
    assert len(two.collections[1].get_segments()) == 1
