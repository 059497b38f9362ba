"""Figures of networks as spins along training show what was given."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ShapeError

TIMES = np.array([0.0, 0.1, 1.0, 10.0, 100.0])


def line(ax, label):
    return next(item for item in ax.get_lines() if item.get_label() == label)


def test_mapping_shows_blocks_beside_the_diagonal():
    rng = np.random.default_rng(1)
    model = sg.spins.LayeredIsing.from_weights(
        [rng.standard_normal((20, 40)), np.full((10, 20), -2.0)]
    )
    figure = sg.plotting.layered_mapping(model)
    sketch, matrix = figure.axes[:2]
    image = np.ma.filled(matrix.images[0].get_array().astype(float), np.nan)
    assert image.shape == (70, 70)  # small enough to be drawn spin by spin
    np.testing.assert_allclose(
        image[40:60, :40], abs(model.weights[0]) / abs(model.weights[0]).mean()
    )
    assert (image[60:, 40:60] == 1).all()
    np.testing.assert_array_equal(image, image.T)
    assert np.isnan(image[:40, :40]).all()
    assert np.isnan(image[60:, :40]).all()
    said = [text.get_text() for text in sketch.texts]
    assert [text for text in said if "spins" in text] == ["40 spins", "20 spins", "10 spins"]


def test_large_matrices_are_drawn_in_patches():
    model = sg.spins.LayeredIsing.from_weights([np.ones((300, 500))])
    image = sg.plotting.layered_mapping(model).axes[1].images[0].get_array()
    assert image.shape == (120, 120)


def test_phase_diagram_names_what_is_there():
    critical = np.array([[1.0, 1.0, 1.1, 2.0, 4.0], [1.0, 1.0, 1.3, 2.2, 4.2]])
    glass = np.ones((2, 5))
    ax = sg.plotting.phase_diagram(TIMES, critical, glass, [1.0, 10.0])
    np.testing.assert_allclose(line(ax, "T$_c$").get_data(), [TIMES[1:], critical.mean(0)[1:]])
    np.testing.assert_allclose(line(ax, "T$_g$").get_ydata(), 1)
    assert {text.get_text() for text in ax.texts} == {
        "paramagnet", "spin glass", "hidden order",
    }  # fmt: skip
    without = sg.plotting.phase_diagram(TIMES, glass, glass, [np.inf, np.inf])
    assert "hidden order" not in {text.get_text() for text in without.texts}


def test_growth_with_law_and_theory():
    rows = [np.ones((3, 5)), np.array([[2.0, 2, 3, 4, 5]])]
    ax = sg.plotting.critical_growth(
        [TIMES, TIMES], rows, ["one", "two"],
        laws=[None, (1.0, 100.0, 3.0, 0.11)], untrained=[0.9, 1.9],
    )  # fmt: skip
    np.testing.assert_allclose(line(ax, "two").get_ydata(), [2, 3, 4, 5])
    law = line(ax, "t^0.110")
    np.testing.assert_allclose(law.get_ydata()[[0, -1]], [3, 3 * 100**0.11])
    levels = [x.get_ydata()[0] for x in ax.get_lines() if x.get_label() == "_untrained"]
    assert levels == [0.9, 1.9]
    assert ax.get_xscale() == ax.get_yscale() == "log"


@pytest.mark.parametrize("log", [False, True])
def test_anything_in_training(log):
    rows = np.array([[1.0, 2, 3, 4, 5], [3.0, 4, 5, 6, 7]])
    ax = sg.plotting.in_training(TIMES, {"a": rows, "b": rows + 1}, quantity="loss", log=log)
    np.testing.assert_allclose(line(ax, "b").get_ydata(), rows.mean(0)[1:] + 1)
    assert ax.get_yscale() == ("log" if log else "linear")
    assert ax.get_ylabel() == "loss"


def test_states_beside_each_other():
    found = np.array([[3, 2, 0], [1, 1, 0]])
    ax = sg.plotting.states_in_training(
        [0.5, 0.9, 1.1], found, [[0, 0, 0], [1, 1, 0]], ["before", "after"]
    )
    np.testing.assert_array_equal(line(ax, "before").get_ydata(), found[0])
    assert abs(line(ax, "after").get_xdata() - [0.5, 0.9, 1.1]).max() < 0.01
    full = [x.get_ydata().tolist() for x in ax.get_lines() if x.get_label() == "_valid"]
    assert full == [[], [1, 1]]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="times must have shape"):
        sg.plotting.in_training([[1.0]], {"a": [[1.0]]}, quantity="loss")
    with pytest.raises(ShapeError, match=r"a must have shape \(any, 5\), got \(1, 2\)"):
        sg.plotting.in_training(TIMES, {"a": [[1.0, 2.0]]}, quantity="loss")
    with pytest.raises(ShapeError, match="labels"):
        sg.plotting.critical_growth([TIMES], [np.ones((1, 5))], [])
    with pytest.raises(ShapeError, match="labels"):
        sg.plotting.states_in_training([1.0], [[1]], [[1]], [])
