from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.statistics import Estimate, mean_estimate


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (-0.76321, 0.00417, "-0.7632 ± 0.0042"),
        (0.0, 0.00996, "0.000 ± 0.010"),
        (0.0, 0.0996, "0.00 ± 0.10"),
        (12345.6, 123.4, "12350 ± 120"),
        (3.0, 2.0, "3.0 ± 2.0"),
        (-0.0001, 0.5, "0.00 ± 0.50"),
        (0.5, 0.0, "0.5 ± 0"),
        (1.25, math.nan, "1.25 ± nan"),
        (math.nan, math.nan, "nan ± nan"),
        (1.0, math.inf, "1 ± inf"),
        (2.5e-9, 4e-11, "(2.500 ± 0.040)e-09"),
        (1.0, 4e7, "(0.0 ± 4.0)e+07"),
        (6.02214e23, 1e19, "(6.02214 ± 0.00010)e+23"),
        (1.0, 1e-18, "1.000000000000000 ± 0.000000000000000"),
        (1e-310, 1e-311, "1e-310 ± 1e-311"),
    ],
)
def test_text_shows_two_digits_of_the_error(mean, error, text):
    assert str(Estimate(mean, error)) == text
    assert repr(Estimate(mean, error)) == f"Estimate({text})"


def test_format_applies_to_both_or_pads():
    value = Estimate(1.23456, 0.0123)
    assert f"{value:.3f}" == "1.235 ± 0.012"
    assert f"{value:>20}" == "       1.235 ± 0.012"
    assert f"{value}" == "1.235 ± 0.012"


def test_arithmetic_of_independent_numbers():
    a, b = Estimate(1.0, 0.3), Estimate(2.0, 0.4)
    assert (a - b).mean == -1.0
    assert (a - b).error == pytest.approx(0.5)
    assert (a + 1).mean == 2.0
    assert (2.0 * -a).mean == -2.0
    assert (-2.0 * a).error == 0.6
    assert a.z(b) == pytest.approx(-2.0)
    assert b.z() == 5.0
    assert Estimate(1, 0).z(1.0) == 0.0
    assert Estimate(1, 0).z(2.0) == -math.inf


def test_refuses_nonsense():
    with pytest.raises(ParameterError, match=r"error must not be negative, got -1"):
        Estimate(0.0, -1.0)
    with pytest.raises(ParameterError, match=r"mean must be a real number, got 'x'"):
        Estimate("x", 1.0)


def test_round_trip(tmp_path):
    loaded = sg.load(sg.save(Estimate(0.25, math.nan), tmp_path / "e.npz"))
    assert loaded.mean == 0.25
    assert math.isnan(loaded.error)


def test_mean_estimate_of_units():
    values = np.array([[1.0, 3.0], [2.0, 4.0], [6.0, 8.0]])
    found = mean_estimate(values)
    units = [2.0, 3.0, 7.0]
    assert found.mean == pytest.approx(4.0)
    assert found.error == pytest.approx(np.std(units, ddof=1) / math.sqrt(3))
    assert mean_estimate(values.T, axis=1).error == found.error
    assert mean_estimate(values.T, axis=-1).error == found.error


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([1.0], r"at least 2 independent units, got shape \(1,\)"),
        (3.0, r"at least 2 independent units, got shape \(1,\)"),
        ([], r"at least 2 independent units"),
        ([1.0, math.nan], r"samples must be finite, got 1 NaN"),
    ],
)
def test_mean_estimate_refuses(samples, message):
    with pytest.raises(DataError, match=message):
        mean_estimate(samples)
    with pytest.raises(ParameterError, match=r"axis must be below 1, got 1"):
        mean_estimate([1.0, 2.0], axis=1)


@given(st.floats(-1e12, 1e12), st.floats(1e-12, 1e12))
def test_text_is_near_the_number(mean, error):
    text = str(Estimate(mean, error))
    head, _, power = text.partition("e") if text.startswith("(") else (text, "", "0")
    shown = [float(part) * 10.0 ** int(power) for part in head.strip("()").split(" ± ")]
    assert abs(shown[0] - mean) <= 0.051 * error + 1e-14 * abs(mean)
    assert abs(shown[1] - error) <= 0.051 * error + 1e-14 * abs(mean)
