"""Figures of replica overlaps show what was given."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ShapeError
from spinglass_nn.statistics import Estimates

WHERE = np.array([0.1, 0.5, 2.0])
CURVES = [Estimates([0.9, 0.5, 0.1], [0.01, 0.02, 0.03]), Estimates([0.8, 0.4, 0.1], 3 * [0.0])]


def test_lines_bands_and_marks():
    ax = sg.plotting.overlap_curves(
        [WHERE, 2 * WHERE], CURVES, ["a", "b"], baseline=0.05, reduced=True
    )
    lines = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_allclose(lines["b"].get_xdata(), 2 * WHERE)
    np.testing.assert_allclose(lines["a"].get_ydata(), CURVES[0].mean)
    assert lines["free spins"].get_ydata() == [0.05, 0.05]
    assert list(lines["_Tc"].get_xdata()) == [1, 1]
    assert len(ax.collections) == 2
    assert ax.get_xscale() == "log"


def test_a_curve_of_one_model():
    model = sg.spins.LayeredIsing.from_weights([np.ones((4, 5))])
    curve = sg.dynamics.replica_overlap_curve(model, n_sweeps=64, n_replicas=4, rng=1)
    ax = sg.plotting.overlap_curves([curve.temperatures], [curve.overlap], ["ones"])
    assert "_Tc" not in {line.get_label() for line in ax.get_lines()}
    assert ax.get_xlabel() == "temperature T"


def test_networks_against_their_overlap():
    ax = sg.plotting.overlap_against(
        [[0.1, 0.2], [0.3, np.nan]], [[1, 2], [3, 4]], ["a", "b"], quantity="gap"
    )
    marks = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_allclose(marks["a"].get_data(), [[0.1, 0.2], [1, 2]])
    assert ax.get_ylabel() == "gap"


def test_what_does_not_fit():
    with pytest.raises(ShapeError, match="labels must have 2 entries, one a series, got 1"):
        sg.plotting.overlap_curves([WHERE, WHERE], CURVES, ["a"])
    with pytest.raises(ShapeError, match="overlaps must hold 2 estimates, one a temperature"):
        sg.plotting.overlap_curves([WHERE[:2]], CURVES[:1], ["a"])
    with pytest.raises(ShapeError, match="names must have 1 entries"):
        sg.plotting.overlap_against([[0.1]], [[1]], ["a", "b"], quantity="gap")
