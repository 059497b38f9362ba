from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import statistics as naive

import spinglass_nn as sg
from spinglass_nn.errors import ChainTooShort, DataError, ParameterError
from spinglass_nn.statistics import autocorrelation_time, mean_estimate


def autoregressive(a, shape, rng):
    """Stationary Gaussian chains with rho(t) = a^t, so tau = (1 + a) / (2 (1 - a))."""
    noise = np.random.default_rng(rng).standard_normal(shape)
    noise[..., 0] /= math.sqrt(1 - a * a)
    return scipy.signal.lfilter([1], [1, -a], noise, axis=-1)


def exact_time(a):
    return (1 + a) / (2 * (1 - a))


def results(a, shape, rng, **given):
    """Results for many chains, and how many were refused."""
    found, n_refused = [], 0
    for chain in autoregressive(a, shape, rng):
        try:
            found.append(autocorrelation_time(chain, **given))
        except ChainTooShort:
            n_refused += 1
    return found, n_refused


class TestValue:
    @pytest.mark.parametrize("a", [0.0, 0.5, 0.9, -0.5, -0.9])
    def test_mean_over_chains_is_the_exact_time(self, a):
        n_records = int(1000 * exact_time(abs(a)))
        found, n_refused = results(a, (60, n_records), 1)
        assert n_refused == 0
        over_chains = mean_estimate([f.time.mean for f in found])
        # truncation and the window's own fluctuations: below one percent here
        assert abs(over_chains.mean - exact_time(a)) < (
            4 * over_chains.error + 0.01 * exact_time(a)
        )
        pulls = np.array([f.time.z(exact_time(a)) for f in found])
        assert abs(pulls.std() - 1) < 4 / math.sqrt(2 * 60)

    def test_error_of_the_mean_is_right(self):
        found, _ = results(0.8, (300, 2000), 2)
        z = np.array([f.mean.z() for f in found])
        assert abs(z.mean()) < 4 / math.sqrt(300)
        assert abs(z.std() - 1) < 4 / math.sqrt(2 * 300)

    def test_effective_number_and_length(self):
        found = autocorrelation_time(autoregressive(0.8, 20_000, 3))
        assert found.n_effective == pytest.approx(20_000 / (2 * found.time.mean))
        assert found.mean.error == pytest.approx(math.sqrt(found.variance / found.n_effective))
        assert found.length == pytest.approx(20_000 / found.envelope)
        assert found.envelope == pytest.approx(found.time.mean, rel=0.05)
        assert "independent values in 1 chain of 20000 records" in repr(found)

    def test_white_noise_has_one_half(self):
        found = autocorrelation_time(np.random.default_rng(4).normal(size=50_000))
        assert abs(found.time.z(0.5)) < 4
        assert found.n_effective == pytest.approx(50_000, rel=0.05)

    def test_two_modes_of_different_speed(self):
        """Rho a mixture of two exponentials; the slow one carries most of tau."""
        fast, slow = autoregressive(0.5, 400_000, 5), autoregressive(0.98, 400_000, 6)
        # unit variances times the shares
        chain = math.sqrt(0.8 * 0.75) * fast + math.sqrt(0.2 * (1 - 0.98**2)) * slow
        exact = 0.8 * exact_time(0.5) + 0.2 * exact_time(0.98)
        found = autocorrelation_time(chain)
        assert abs(found.time.z(exact)) < 4

    def test_a_larger_stretch_takes_a_larger_window(self):
        chain = autoregressive(0.9, 20_000, 7)
        small, large = (autocorrelation_time(chain, stretch=s) for s in (1.0, 2.0))
        assert small.window < large.window
        assert small.time.error < large.time.error


@pytest.fixture(scope="module")
def chains():
    return autoregressive(0.6, (3, 400), 8)


class TestAgainstDefinitions:
    def test_function_and_time(self, chains):
        found = autocorrelation_time(chains)
        raw = np.array([naive.autocovariance(chains, t) for t in range(2 * found.window + 1)])
        inside = raw[: found.window + 1] / raw[0]
        tau = 0.5 + inside[1:-1].sum() + inside[-1] / 2
        corrected = raw + 2 * tau * raw[0] / chains.size
        assert found.variance == pytest.approx(corrected[0])
        assert found.function.mean == pytest.approx(corrected / corrected[0])
        rho = found.function.mean[: found.window + 1]
        assert found.time.mean == pytest.approx(0.5 + rho[1:-1].sum() + rho[-1] / 2)

    def test_errors_are_bartlett_s(self, chains):
        found = autocorrelation_time(chains)
        rho = found.function.mean[: found.window + 1].tolist()
        for lag in (0, 1, 2, found.window, 2 * found.window):
            variance = naive.bartlett(rho, lag, lag) / (3 * (400 - lag))
            assert found.function.error[lag] == pytest.approx(math.sqrt(variance), abs=1e-9)

    def test_error_of_time_sums_bartlett_s_covariances(self, chains):
        found = autocorrelation_time(chains)
        window = found.window
        rho = found.function.mean[: window + 1].tolist()
        weights = [1.0] * (window - 1) + [0.5]
        variance = sum(
            weights[s - 1] * weights[t - 1] * naive.bartlett(rho, s, t)
            for s in range(1, window + 1)
            for t in range(1, window + 1)
        )
        # the two differ in half the last term's square
        assert found.time.error == pytest.approx(math.sqrt(variance / chains.size), rel=0.02)

    @settings(max_examples=30, deadline=None)
    @given(scale=st.sampled_from([-3.0, 1e-6, 1e6]), shift=st.sampled_from([0.0, 10.0, -1e3]))
    def test_does_not_care_for_units_direction_or_order(self, chains, scale, shift):
        found = autocorrelation_time(chains)
        for other in (scale * (chains + shift), chains[:, ::-1], chains[::-1]):
            again = autocorrelation_time(other)
            assert again.window == found.window
            assert again.time.mean == pytest.approx(found.time.mean, rel=1e-6)
            assert again.time.error == pytest.approx(found.time.error, rel=1e-6)


class TestChains:
    def test_pooled_chains_say_what_one_long_chain_says(self):
        one, _ = results(0.9, (80, 4000), 9)
        four, _ = results(0.9, (80, 4, 1000), 10)
        difference = mean_estimate([f.time.mean for f in one]) - mean_estimate(
            [f.time.mean for f in four]
        )
        assert abs(difference.z()) < 4
        assert four[0].n_chains == 4
        assert math.isnan(one[0].agreement)

    def test_agreement_is_a_p_value(self):
        found, _ = results(0.5, (300, 4, 1000), 11)
        p = np.array([f.agreement for f in found])
        assert abs(p.mean() - 0.5) < 4 / math.sqrt(12 * 300)
        assert np.mean(p < 0.05) < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 300)

    def test_chains_around_different_values_are_refused(self):
        chains = autoregressive(0.5, (4, 1000), 12)
        chains[0] += 0.5
        with pytest.raises(ChainTooShort, match=r"forgotten where they began") as caught:
            autocorrelation_time(chains)
        assert caught.value.estimate.agreement < 1e-4

    def test_chains_that_stand_still_are_refused(self):
        with pytest.raises(ChainTooShort) as caught:
            autocorrelation_time(np.stack([np.full(200, 0.7), np.full(200, 0.4)]))
        assert caught.value.estimate.agreement == 0
        assert caught.value.estimate.time.mean > 50


class TestRefusal:
    def test_short_chain_carries_what_it_has(self):
        with pytest.raises(ChainTooShort, match=r"at least 50 autocorrelation times") as caught:
            autocorrelation_time(autoregressive(0.95, 500, 13))
        found = caught.value.estimate
        assert isinstance(found, sg.statistics.AutocorrelationTime)
        assert found.length < 50
        assert found.time.mean > 5
        assert pickle.loads(pickle.dumps(caught.value)).estimate.window == found.window

    def test_length_asked_for_is_respected(self):
        chain = autoregressive(0.9, 2000, 14)
        found = autocorrelation_time(chain)
        assert autocorrelation_time(chain, shortest=found.length - 1e-9).window == found.window
        with pytest.raises(ChainTooShort, match=r"at least 500 autocorrelation times"):
            autocorrelation_time(chain, shortest=500)

    def test_many_chains_shorter_than_the_window(self):
        with pytest.raises(ChainTooShort, match=r"twice its window"):
            autocorrelation_time(autoregressive(0.95, (40, 20), 15), shortest=0)

    def test_drift_is_no_equilibrium(self):
        chain = np.linspace(0, 5, 2000) + np.random.default_rng(16).normal(size=2000)
        with pytest.raises(ChainTooShort):
            autocorrelation_time(chain)

    def test_few_chains_of_20_times_pass(self):
        found, n_refused = results(0.9, (400, 190), 17)
        assert len(found) < 0.06 * 400
        assert n_refused > 370

    def test_most_chains_of_100_times_pass_with_little_bias(self):
        found, n_refused = results(0.9, (400, 950), 18)
        assert n_refused < 20
        bias = mean_estimate([f.time.mean for f in found]) * (1 / exact_time(0.9)) - 1
        assert abs(bias.mean) < 0.05 + 4 * bias.error

    def test_unusable_input(self):
        with pytest.raises(DataError, match=r"must vary, got 2.5 in all records"):
            autocorrelation_time(np.full(100, 2.5))
        with pytest.raises(DataError, match=r"at least 8 records, got 3"):
            autocorrelation_time([1.0, 2.0, 3.0])
        with pytest.raises(DataError, match=r"series must be finite, got 1 NaN"):
            autocorrelation_time([1.0, 2.0, np.nan, 1, 2, 3, 4, 5, 6])
        with pytest.raises(DataError, match=r"shape \(n_records,\) or"):
            autocorrelation_time(np.ones((2, 3, 4)))
        with pytest.raises(DataError, match=r"at least 8 records, got 0"):
            autocorrelation_time([])
        with pytest.raises(ParameterError, match=r"stretch must be positive"):
            autocorrelation_time(np.arange(100.0), stretch=0)

    def test_result_is_saved_and_loaded(self, tmp_path):
        found = autocorrelation_time(autoregressive(0.5, 2000, 19))
        again = sg.load(sg.save(found, tmp_path / "time.npz"))
        assert again.time.mean == found.time.mean
        assert np.array_equal(again.function.error, found.function.error)
        assert math.isnan(again.agreement)


@pytest.mark.physics
@pytest.mark.parametrize("a", [0.95, 0.5, 0.0, -0.5, -0.9])
def test_bias_pulls_and_refusals(a):
    """What the docstring says of chains of 20, 50, 100 and 1000 times, on 1000 chains each."""
    shares, biases = {}, {}
    for ratio in (20, 50, 100, 1000):
        n_records = int(ratio * exact_time(abs(a)))
        found, n_refused = results(a, (1000, n_records), 20)
        shares[ratio] = 1 - n_refused / 1000
        if shares[ratio] > 0.4:
            times = np.array([f.time.mean for f in found])
            biases[ratio] = times.mean() / exact_time(a) - 1
            pulls = np.array([f.time.z(exact_time(a)) for f in found])
            assert 0.85 < pulls.std() < 1.35
    assert shares[20] < 0.05
    assert shares[100] > 0.9
    assert shares[1000] == 1
    assert abs(biases[100]) < 0.08
    assert abs(biases[1000]) < 0.02
