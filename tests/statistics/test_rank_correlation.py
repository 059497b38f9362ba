from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.statistics import spearman


def test_agrees_with_scipy():
    rng = np.random.default_rng(1)
    x = rng.normal(size=40).round(1)  # with ties
    y = x + rng.normal(size=40)
    found = spearman(x, y, n_resamples=500, n_permutations=4999, rng=2)
    assert found.estimate.mean == pytest.approx(scipy.stats.spearmanr(x, y).statistic)
    assert found.p_value == pytest.approx(1 / 5000)
    assert found.low < found.estimate.mean < found.high
    assert "40 independent points" in str(found)


def test_p_value_agrees_with_scipys_permutation_test():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=12), rng.normal(size=12)
    statistic = lambda a: scipy.stats.spearmanr(a, y).statistic  # noqa: E731
    theirs = scipy.stats.permutation_test(
        (x,), statistic, permutation_type="pairings", n_resamples=2000, random_state=4
    )
    ours = spearman(x, y, n_resamples=10, rng=5)
    error = math.sqrt(theirs.pvalue * (1 - theirs.pvalue) / 2000)
    assert abs(ours.p_value - theirs.pvalue) < 5 * error


def test_exact_p_value_of_few_points():
    # 2 of the 6 orders of three points are as extreme as perfect agreement
    found = spearman([1, 2, 3, 4], [1, 2, 3, 4], n_resamples=50, n_permutations=20_000, rng=1)
    assert found.p_value == pytest.approx(2 / 24, abs=4 * math.sqrt(2 / 24 / 20_000))


def test_strata_remove_a_difference_between_them():
    # within each batch size there is no relation; between them a perfect one
    x = np.array([1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24], dtype=float)
    y = np.array([2, 4, 1, 3, 12, 14, 11, 13, 22, 24, 21, 23], dtype=float)
    strata = np.repeat(["small", "medium", "large"], 4)
    assert spearman(x, y, n_resamples=50, rng=1).p_value < 0.001
    within = spearman(x, y, strata=strata, n_resamples=50, rng=1)
    assert within.estimate.mean == pytest.approx(0.0)
    assert within.p_value > 0.5
    assert within.design == "points within strata"


def test_groups_widen_the_error_of_copies():
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=12), rng.normal(size=12)
    groups = np.repeat(np.arange(12), 5)
    alone = spearman(x, y, n_permutations=2000, rng=1)
    copied = spearman(
        np.repeat(x, 5), np.repeat(y, 5), groups=groups, n_permutations=2000, rng=1
    )
    naive = spearman(np.repeat(x, 5), np.repeat(y, 5), n_permutations=2000, rng=1)
    assert copied.estimate.mean == pytest.approx(alone.estimate.mean)
    assert copied.estimate.error == pytest.approx(alone.estimate.error, rel=0.1)
    assert copied.p_value == pytest.approx(alone.p_value, abs=0.06)
    assert naive.estimate.error < 0.6 * copied.estimate.error


def test_groups_within_strata_count_once():
    """The same 6 units in 4 strata, each time alike, are 6 points and not 24."""
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(2, 6))
    strata, groups = np.repeat(np.arange(4), 6), np.tile(np.arange(6), 4)
    many = [np.tile(v, 4) + 10 * strata for v in (x, y)]
    alone = spearman(x, y, n_permutations=4000, rng=1)
    both = spearman(*many, strata=strata, groups=groups, n_permutations=4000, rng=1)
    strata_only = spearman(*many, strata=strata, n_permutations=4000, rng=1)
    assert both.estimate.mean == pytest.approx(alone.estimate.mean)
    assert both.p_value == pytest.approx(alone.p_value, abs=0.04)
    assert both.estimate.error == pytest.approx(alone.estimate.error, rel=0.15)
    assert strata_only.p_value < 0.5 * both.p_value
    assert both.design == "points within strata, in groups"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(x=[1, 2], y=[1, 2]), DataError, r"at least 3 points, got 2"),
        (dict(x=[1, 2, 3], y=[1, 2]), ShapeError, r"y must have shape \(3"),
        (dict(x=[1, 1, 1], y=[1, 2, 3]), DataError, r"must vary \(within strata\)"),
        (dict(x=[1, 2, np.nan], y=[1, 2, 3]), DataError, r"x must be finite"),
        (dict(x=[1, 2, 3], y=[1, 2, 3], groups=[0, 1]), ShapeError, r"groups must have shape"),
        (dict(x=[1, 2, 3], y=[1, 3, 2], groups=[0, 0, 1]), DataError, r"must be of equal size"),
        (
            dict(x=[1, 2, 3, 4], y=[1, 3, 2, 4], groups=[0, 0, 1, 1], strata=[0, 1, 0, 0]),
            DataError,
            r"groups must all hold the same strata in the same order .* got 2 different",
        ),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        spearman(**arguments, n_resamples=200, rng=1)


@pytest.mark.physics
def test_false_positive_rate_is_nominal():
    rng = np.random.default_rng(8)
    p = [
        spearman(*rng.normal(size=(2, 10)), n_resamples=10, n_permutations=199, rng=k).p_value
        for k in range(800)
    ]
    rate = np.mean(np.array(p) <= 0.05)
    assert abs(rate - 0.05) / math.sqrt(0.05 * 0.95 / 800) < 4
