from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from naive import statistics as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, NotConverged, ParameterError
from spinglass_nn.statistics import Estimate, Estimates, extrapolate, mean_estimate

SIZES = np.array([16.0, 32, 64, 128, 256, 512])
ERRORS = np.array([3.0, 2.0, 2.0, 1.0, 2.0, 3.0]) * 1e-3
LIMIT, AMPLITUDE, EXPONENT = -0.7632, 0.70, 2 / 3


def truth(sizes=SIZES, second=0.0, next_exponent=4 / 3):
    return LIMIT + AMPLITUDE * sizes**-EXPONENT + second * sizes**-next_exponent


def noisy(rng, n_datasets, means, errors=ERRORS):
    noise = np.random.default_rng(rng).normal(size=(n_datasets, means.size))
    return [Estimates(means + errors * row, errors) for row in noise]


def assert_calibrated(pulls):
    """Mean zero and standard deviation one, within four errors of each."""
    n = len(pulls)
    assert abs(np.mean(pulls)) < 4 / math.sqrt(n)
    assert abs(np.std(pulls) - 1) < 4 / math.sqrt(2 * n)


class TestLine:
    def test_against_normal_equations(self):
        values = noisy(1, 1, truth())[0]
        found = extrapolate(SIZES, values, exponent=EXPONENT)
        limit, slope, limit_error, slope_error = naive.line_at_zero(
            SIZES**-EXPONENT, values.mean, values.error
        )
        assert found.limit.mean == pytest.approx(limit)
        assert found.limit.error == pytest.approx(limit_error)
        assert found.amplitude.mean == pytest.approx(slope)
        assert found.amplitude.error == pytest.approx(slope_error)
        assert (found.exponent.mean, found.exponent.error) == (EXPONENT, 0)
        assert found.n_freedom == 4
        residual = (values.mean - limit - slope * SIZES**-EXPONENT) / values.error
        assert found.chi_squared == pytest.approx(residual @ residual)
        assert found.goodness == pytest.approx(scipy.stats.chi2.sf(residual @ residual, 4))
        rest = naive.line_at_zero(SIZES[1:] ** -EXPONENT, values.mean[1:], values.error[1:])
        assert found.shift.mean == pytest.approx(rest[0] - limit)
        assert found.shift.error == pytest.approx(math.sqrt(rest[2] ** 2 - limit_error**2))
        assert found.systematic == abs(found.shift.mean)

    def test_exact_data_give_the_truth(self):
        values = Estimates(truth(second=0.5), ERRORS)
        found = extrapolate(SIZES, values, exponent=EXPONENT, next_exponent=4 / 3)
        assert found.limit.mean == pytest.approx(LIMIT)
        assert found.amplitude.mean == pytest.approx(AMPLITUDE)
        assert found.next_amplitude.mean == pytest.approx(0.5)
        assert found.goodness == pytest.approx(1)
        assert found.at(SIZES).mean == pytest.approx(values.mean)

    def test_pulls_goodness_and_shift(self):
        found = [
            extrapolate(SIZES, v, exponent=EXPONENT) for v in noisy(2, 1000, truth())
        ]  # fmt: skip
        assert_calibrated([f.limit.z(LIMIT) for f in found])
        assert_calibrated([f.amplitude.z(AMPLITUDE) for f in found])
        assert_calibrated([f.shift.z() for f in found])
        q = [f.goodness for f in found]
        assert scipy.stats.kstest(q, "uniform").pvalue > 1e-4
        assert abs(mean_estimate([f.chi_squared for f in found]).z(4)) < 4

    def test_pulls_with_a_second_correction(self):
        found = [
            extrapolate(SIZES, v, exponent=EXPONENT, next_exponent=4 / 3)
            for v in noisy(3, 600, truth(second=0.6))
        ]
        assert_calibrated([f.limit.z(LIMIT) for f in found])
        assert_calibrated([f.next_amplitude.z(0.6) for f in found])
        assert_calibrated([f.shift.z() for f in found])
        assert scipy.stats.kstest([f.goodness for f in found], "uniform").pvalue > 1e-4

    def test_a_wrong_form_is_seen(self):
        """A second correction left out: poor fit, and a limit that moves."""
        values = Estimates(truth(second=3.0), ERRORS / 3)
        found = extrapolate(SIZES, values, exponent=EXPONENT)
        assert found.goodness < 1e-3
        assert abs(found.shift.z()) > 3

    def test_curve_and_its_error(self):
        values = noisy(4, 1, truth())[0]
        found = extrapolate(SIZES, values, exponent=EXPONENT)
        curve = found.at([100.0, math.inf])
        assert curve.mean[1] == pytest.approx(found.limit.mean)
        assert curve.error[1] == pytest.approx(found.limit.error)
        x = 100.0**-EXPONENT
        gradient = np.array([1.0, x])
        assert curve.error[0] == pytest.approx(
            math.sqrt(gradient @ found.covariance @ gradient)
        )
        assert "Q = " in repr(found)

    def test_several_values_of_one_size(self):
        values = noisy(5, 1, truth(np.repeat(SIZES, 2)), np.repeat(ERRORS, 2))[0]
        found = extrapolate(np.repeat(SIZES, 2), values, exponent=EXPONENT)
        assert found.n_freedom == 10
        kept = extrapolate(np.repeat(SIZES[1:], 2), Estimates(values.mean[2:], values.error[2:]),
                           exponent=EXPONENT)  # fmt: skip
        assert found.limit.mean + found.shift.mean == pytest.approx(kept.limit.mean)

    def test_three_sizes_are_the_fewest(self):
        values = Estimates(truth()[:3], ERRORS[:3])
        found = extrapolate(SIZES[:3], values, exponent=EXPONENT)
        assert found.n_freedom == 1
        assert math.isfinite(found.shift.error)


class TestFreeExponent:
    def test_against_scipy(self):
        values = noisy(6, 1, truth(), ERRORS / 10)[0]
        found = extrapolate(SIZES, values, exponent=None)
        theirs, covariance = scipy.optimize.curve_fit(
            lambda n, y, a, w: y + a * n**-w, SIZES, values.mean, p0=(-0.7, 0.6, 0.6),
            sigma=values.error, absolute_sigma=True, xtol=1e-12, ftol=1e-12,
        )  # fmt: skip
        ours = [found.limit.mean, found.amplitude.mean, found.exponent.mean]
        assert ours == pytest.approx(theirs, rel=1e-5)
        assert found.covariance == pytest.approx(covariance, rel=1e-3)
        assert found.n_freedom == 3
        gradient = scipy.optimize.approx_fprime(
            theirs, lambda p: p[0] + p[1] * 100.0 ** -p[2], 1e-8
        )
        error = math.sqrt(gradient @ covariance @ gradient)
        assert found.at([100.0]).error[0] == pytest.approx(error, rel=1e-3)

    def test_exact_data_give_the_truth(self):
        found = extrapolate(SIZES, Estimates(truth(), ERRORS / 10), exponent=None)
        assert found.exponent.mean == pytest.approx(EXPONENT, rel=1e-6)
        assert found.limit.mean == pytest.approx(LIMIT, rel=1e-7)
        assert found.shift.mean == pytest.approx(0, abs=1e-6)
        second = Estimates(truth(second=0.4), ERRORS / 100)
        both = extrapolate(SIZES, second, exponent=None, next_exponent=4 / 3)
        assert both.exponent.mean == pytest.approx(EXPONENT, rel=1e-5)
        assert both.next_amplitude.mean == pytest.approx(0.4, rel=1e-4)

    def test_what_does_not_depend_on_size_has_no_exponent(self):
        values = noisy(7, 1, np.full(SIZES.size, LIMIT))[0]
        with pytest.raises(NotConverged, match=r"exponent must be determined") as caught:
            extrapolate(SIZES, values, exponent=None)
        assert isinstance(caught.value.last, sg.statistics.Extrapolation)
        assert math.isnan(caught.value.last.shift.mean)

    def test_a_correction_of_the_smallest_size_alone_has_no_exponent(self):
        means = np.full(SIZES.size, LIMIT)
        means[0] += 0.3
        with pytest.raises(NotConverged, match=r"to an end of the range"):
            extrapolate(SIZES, Estimates(means, ERRORS), exponent=None)

    @pytest.mark.physics
    def test_pulls_and_goodness(self):
        found = [
            extrapolate(SIZES, v, exponent=None) for v in noisy(8, 500, truth(), ERRORS / 10)
        ]  # fmt: skip
        assert_calibrated([f.limit.z(LIMIT) for f in found])
        assert_calibrated([f.exponent.z(EXPONENT) for f in found])
        assert scipy.stats.kstest([f.goodness for f in found], "uniform").pvalue > 1e-4


def test_a_list_of_estimates_and_a_file(tmp_path):
    values = [Estimate(m, e) for m, e in zip(truth(), ERRORS, strict=True)]
    found = extrapolate(SIZES, values, exponent=EXPONENT)
    again = sg.load(sg.save(found, tmp_path / "limit.npz"))
    assert again.limit.mean == found.limit.mean
    assert again.next_amplitude is None
    assert again.at([64.0]).error == pytest.approx(found.at([64.0]).error)


def test_refusals():
    values = Estimates(truth(), ERRORS)
    with pytest.raises(DataError, match=r"at least 3 different ones for 2 parameters.*got 2"):
        extrapolate(SIZES[:2], Estimates(truth()[:2], ERRORS[:2]), exponent=1)
    with pytest.raises(DataError, match=r"at least 4 different ones for 3 parameters.*got 3"):
        extrapolate(SIZES[:3], Estimates(truth()[:3], ERRORS[:3]), exponent=None)
    with pytest.raises(DataError, match=r"at least 3 different ones.*got 1"):
        extrapolate(np.full(6, 8.0), values, exponent=1)
    with pytest.raises(DataError, match=r"one for each of 6 sizes, got 5"):
        extrapolate(SIZES, Estimates(truth()[:5], ERRORS[:5]), exponent=1)
    with pytest.raises(DataError, match=r"sizes must be positive, got 0"):
        extrapolate([0.0, *SIZES[1:]], values, exponent=1)
    with pytest.raises(DataError, match=r"positive and finite, got 0 at size 64"):
        extrapolate(SIZES, Estimates(truth(), [1, 1, 0, 1, 1, 1]), exponent=1)
    with pytest.raises(DataError, match=r"positive and finite, got nan at size 16"):
        extrapolate(SIZES, Estimates(truth(), [np.nan, 1, 1, 1, 1, 1]), exponent=1)
    with pytest.raises(DataError, match=r"values must be finite"):
        extrapolate(SIZES, Estimates([np.nan] * 6, ERRORS), exponent=1)
    with pytest.raises(ParameterError, match=r"exponent must be positive, got -1"):
        extrapolate(SIZES, values, exponent=-1)
    with pytest.raises(ParameterError, match=r"next_exponent must be above the exponent"):
        extrapolate(SIZES, values, exponent=1, next_exponent=1)
