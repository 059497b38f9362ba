"""The rules of a verdict: supported, not supported, or honestly open."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.claims import (
    CANNOT_TELL,
    NOT_SUPPORTED,
    SUPPORTED,
    above,
    all_of,
    below,
    mean_of,
    n_errors,
    outside,
    ranked,
)

NAN = math.nan


def test_number_of_errors_for_many_and_few_units():
    assert n_errors() == 3
    assert n_errors(10**7) == pytest.approx(3, abs=2e-3)
    assert n_errors(5) == pytest.approx(6.60, abs=0.03)  # a table's t(4) at 0.9987 is 6.62
    assert n_errors(2) > 200
    assert n_errors(1) == n_errors(0) == math.inf
    factors = [n_errors(n) for n in range(2, 60)]
    assert all(a > b > 3 for a, b in itertools.pairwise(factors))


@pytest.mark.parametrize("n", [3, 6, 20])
def test_verdicts_are_wrong_as_rarely_as_they_say(n):
    """Means of n Gaussians about the threshold: 0.27 % leave the factor, in both directions."""
    draws = np.random.default_rng(n).standard_normal((20_000, n))
    ts = draws.mean(axis=1) / (draws.std(axis=1, ddof=1) / math.sqrt(n))
    beyond = int((np.abs(ts) > n_errors(n)).sum())
    assert stats.binomtest(beyond, len(ts), 0.0027).pvalue > 1e-4


@pytest.mark.parametrize(
    ("mean", "error", "expected"),
    [
        (1.31, 0.1, SUPPORTED),
        (1.29, 0.1, CANNOT_TELL),
        (1.0, 0.1, CANNOT_TELL),
        (0.71, 0.1, CANNOT_TELL),
        (0.69, 0.1, NOT_SUPPORTED),
        (1.0001, 0.0, SUPPORTED),
        (0.9999, 0.0, NOT_SUPPORTED),
        (1.0, 0.0, CANNOT_TELL),
        (NAN, 0.1, CANNOT_TELL),
        (5.0, NAN, CANNOT_TELL),
        (NAN, NAN, CANNOT_TELL),
        (5.0, math.inf, CANNOT_TELL),
        (math.inf, 0.1, CANNOT_TELL),
    ],
)
def test_above_and_its_mirror(mean, error, expected):
    assert above(Estimate(mean, error), 1.0) == expected
    assert below(Estimate(-mean, error), -1.0) == expected


def test_few_units_ask_for_more():
    value = Estimate(1.5, 0.1)
    assert above(value, 1.0) == SUPPORTED
    assert above(value, 1.0, n_units=100) == SUPPORTED
    assert above(value, 1.0, n_units=4) == CANNOT_TELL
    assert above(value, 1.0, n_units=2) == CANNOT_TELL
    assert above(value, 1.0, n_units=1) == CANNOT_TELL
    assert below(Estimate(0.5, 0.1), 1.0, n_units=4) == CANNOT_TELL


@pytest.mark.parametrize(
    ("mean", "error", "expected"),
    [
        (1.5, 0.1, SUPPORTED),
        (0.5, 0.1, SUPPORTED),
        (1.0, 0.03, NOT_SUPPORTED),
        (1.0, 0.05, CANNOT_TELL),
        (1.1, 0.001, CANNOT_TELL),
        (1.2, 0.05, CANNOT_TELL),
        (1.0, 0.0, NOT_SUPPORTED),
        (1.2, 0.0, SUPPORTED),
        (NAN, 0.1, CANNOT_TELL),
        (1.0, NAN, CANNOT_TELL),
    ],
)
def test_outside_shows_absence_too(mean, error, expected):
    assert outside(Estimate(mean, error), 0.9, 1.1) == expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((SUPPORTED,), SUPPORTED),
        ((SUPPORTED, SUPPORTED), SUPPORTED),
        ((SUPPORTED, CANNOT_TELL), CANNOT_TELL),
        ((SUPPORTED, NOT_SUPPORTED), NOT_SUPPORTED),
        ((CANNOT_TELL, NOT_SUPPORTED), NOT_SUPPORTED),
        ((CANNOT_TELL, CANNOT_TELL), CANNOT_TELL),
    ],
)
def test_all_conditions_must_hold(verdicts, expected):
    assert all_of(*verdicts) == expected
    assert all_of(*reversed(verdicts)) == expected


def test_mean_of_what_is_there_and_of_what_is_not():
    assert str(mean_of([1.0, 2.0, 4.0])) == str(mean_estimate([1.0, 2.0, 4.0]))
    for units in ([1.0, NAN], [1.0, math.inf], [NAN, NAN]):
        assert math.isnan(mean_of(units).mean)
        assert above(mean_of(units), 0.0) == CANNOT_TELL


def test_rank_correlation_of_what_varies_and_of_what_does_not():
    x = np.arange(12.0).reshape(3, 4)
    assert ranked(x, x**3).estimate.mean == pytest.approx(1)
    for a, b in ((x, x * 0), (x * 0, x), ([1, 2], [3, 4])):
        nothing = ranked(a, b)
        assert math.isnan(nothing.estimate.mean)
        assert nothing.p_value == 1
        assert above(Estimate(nothing.low, 0.0), 0) == CANNOT_TELL
