"""Figures of networks read as spins show what was given."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ShapeError
from spinglass_nn.spins import bond_spectrum, instability, tap


@pytest.fixture(scope="module")
def models():
    rng = np.random.default_rng(1)
    weights = [rng.standard_normal((12, 16)) / 4, rng.standard_normal((5, 12)) / 12**0.5]
    spike = [np.full(w.shape, 2.5 / w.size**0.5) for w in weights]
    planted = [w + s for w, s in zip(weights, spike, strict=True)]
    return [sg.spins.LayeredIsing.from_weights(w) for w in (weights, planted)]


def line(ax, label):
    return next(item for item in ax.get_lines() if item.get_label() == label)


def test_stability_curves_with_their_critical_temperatures(models):
    ax = None
    for name, model in zip(("random", "planted"), models, strict=True):
        curve = instability.curve(model, [0.5, 3.0, 1.0])
        at = instability.find(model)
        ax = sg.plotting.stability_curve(curve, at=at, label=name, ax=ax)
        shown = line(ax, f"{name}, T$_c$ = {at.temperature:.3g}")
        np.testing.assert_allclose(shown.get_xdata(), [1 / 3, 1, 2])
        np.testing.assert_array_equal(shown.get_ydata(), curve.values[[1, 2, 0]])
    marks = [item for item in ax.get_lines() if item.get_label() == "_Tc"]
    assert [m.get_markerfacecolor() == "white" for m in marks] == [True, False]
    np.testing.assert_allclose(marks[1].get_data(), [[1 / at.temperature], [0]])
    assert ax.get_xlabel().startswith("inverse temperature")


def test_spectrum_with_edge_outliers_and_zero_modes_apart(models):
    found = bond_spectrum.find(models[1], edge=2.0)
    law = np.linspace(0, 1, found.values.size)
    ax = sg.plotting.bond_spectrum(found, law=law, label="planted")
    shown = line(ax, f"planted, {found.n_zero} zero modes ({100 * found.n_zero / 33:.0f} %)")
    np.testing.assert_array_equal(shown.get_ydata(), found.density)
    np.testing.assert_array_equal(line(ax, "theory").get_ydata(), law)
    alone = line(ax, "_outliers").get_xdata()
    np.testing.assert_array_equal(alone, np.concatenate([found.outliers, -found.outliers]))
    edges = [item.get_xdata()[0] for item in ax.get_lines() if item.get_label() == "_edge"]
    assert edges == [-2.0, 2.0]
    np.testing.assert_array_equal(line(ax, "_zero").get_xdata(), [0, 0])


def test_tap_solutions_against_temperature(models):
    found = tap.solve(models[1], [3.0, 0.8, 9.0], n_starts=4, damping=0.1, rng=1)
    ax = sg.plotting.tap_solutions(found, critical=2.5)
    for k, scheme in enumerate(found.schemes):
        shown = line(ax, scheme)
        np.testing.assert_array_equal(shown.get_xdata(), [0.8, 3.0, 9.0])
        np.testing.assert_array_equal(shown.get_ydata(), found.n_distinct[k][[1, 0, 2]])
    trapped = line(ax, "_trapped").get_xdata()
    assert 9.0 in trapped
    assert ax.get_ylabel() == "pairs of solutions"
    assert line(ax, "_Tc").get_xdata()[0] == 2.5


def test_a_law_of_another_length_is_refused(models):
    found = bond_spectrum.find(models[0])
    with pytest.raises(ShapeError, match=r"law must have shape \(\d+,\), got \(3,\)"):
        sg.plotting.bond_spectrum(found, law=np.ones(3))
