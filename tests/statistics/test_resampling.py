from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from naive import overlaps as naive

from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.statistics import (
    Estimate,
    bootstrap,
    bootstrap_from,
    jackknife,
    jackknife_from,
    mean_estimate,
)


def test_jackknife_of_the_mean_is_the_standard_error():
    values = np.random.default_rng(1).normal(size=37)
    assert jackknife(np.mean, values).error == pytest.approx(mean_estimate(values).error)


def test_jackknife_of_a_ratio_against_loops():
    rng = np.random.default_rng(2)
    x, y = rng.normal(5, 1, size=(12, 3)), rng.normal(2, 0.1, size=12)
    ratio = lambda a, b: a.mean() / b.mean()  # noqa: E731
    left_out = [ratio(np.delete(x, i, axis=0), np.delete(y, i)) for i in range(12)]
    found = jackknife(ratio, x, y)
    assert found.mean == pytest.approx(ratio(x, y))
    assert found.error == pytest.approx(naive.jackknife_error(left_out))
    assert jackknife_from(1.0, left_out).error == pytest.approx(found.error)


def test_jackknife_refuses():
    with pytest.raises(ShapeError, match=r"same number of units, got \[3, 4\]"):
        jackknife(np.mean, [1, 2, 3], [1, 2, 3, 4])
    with pytest.raises(DataError, match=r"at least 2 independent units, got 1"):
        jackknife(np.mean, [1.0])
    with pytest.raises(DataError, match=r"sample 0 must be finite"):
        jackknife(np.mean, [1.0, np.inf])
    with pytest.raises(DataError, match=r"at least one array, got none"):
        jackknife(np.mean)
    with pytest.raises(DataError, match=r"statistic must be defined on these units, got NaN"):
        jackknife(lambda x: math.nan, [1.0, 2.0])
    with pytest.raises(DataError, match=r"left_out must hold at least 2"):
        jackknife_from(0.0, [1.0])


def test_bootstrap_agrees_with_scipy():
    values = np.random.default_rng(3).exponential(size=60)
    ours = bootstrap(np.median, values, n_resamples=4000, rng=4)
    theirs = scipy.stats.bootstrap(
        (values,), np.median, n_resamples=4000, method="percentile", random_state=5
    )
    assert ours.estimate.mean == np.median(values)
    assert ours.estimate.error == pytest.approx(theirs.standard_error, rel=0.08)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.05)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.05)
    assert "95%" in str(ours)


def test_bootstrap_repeats_and_pairs_samples():
    x = np.arange(20.0)
    found = bootstrap(lambda a, b: (a - b).mean(), x, x + 1, n_resamples=50, rng=1)
    assert found.estimate.error == 0.0  # the same units were drawn in both
    again = bootstrap(np.mean, x, n_resamples=50, rng=1)
    assert again.estimate.error == bootstrap(np.mean, x, n_resamples=50, rng=1).estimate.error


def test_bootstrap_refuses_what_is_mostly_undefined():
    draws = np.ones(100)
    draws[:4] = np.nan
    assert bootstrap_from(1.0, draws).estimate.error == 0.0
    draws[:6] = np.nan
    with pytest.raises(DataError, match=r"at least 95 % of the resamples, got 6 of 100"):
        bootstrap_from(1.0, draws)


@pytest.mark.physics
def test_intervals_cover_the_truth():
    # means of skewed data: 95 % intervals of 60 units should cover in nearly 95 %
    rng = np.random.default_rng(6)
    covered = [_covers(rng.exponential(size=60), seed) for seed in range(400)]
    share = Estimate(float(np.mean(covered)), math.sqrt(0.95 * 0.05 / 400))
    assert share.z(0.935) < 4
    assert share.z(0.935) > -4


def _covers(values, seed):
    found = bootstrap(np.mean, values, n_resamples=400, rng=seed)
    return found.low <= 1.0 <= found.high
