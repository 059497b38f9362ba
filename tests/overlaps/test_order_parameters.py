from __future__ import annotations

import math

import numpy as np
import pytest
from naive import distributions as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import (
    distribution,
    edwards_anderson,
    matrix,
    sample_fluctuations,
    weight_near_zero,
)
from spinglass_nn.overlaps.histograms import _first_values

RNG = np.random.default_rng(5)
ROWS = RNG.uniform(-1, 1, size=(12, 40))
FREE = RNG.binomial(20, 0.5, size=(12, 40)) / 10 - 1


class TestBins:
    @pytest.mark.parametrize("n_spins", [1, 2, 7, 16, 63, 64, 100])
    @pytest.mark.parametrize("bins", [1, 2, 3, 5, 8, 20, 50, 200])
    def test_hold_equal_numbers_of_values_mirrored_about_zero(self, n_spins, bins):
        per_bin = np.diff(np.append(_first_values(n_spins, bins), n_spins + 1))
        assert 1 <= per_bin.size <= bins
        assert per_bin.sum() == n_spins + 1
        assert np.unique(per_bin[1:-1]).size <= 1
        assert np.array_equal(per_bin, per_bin[::-1])
        assert (per_bin[[0, -1]] <= per_bin.max()).all()

    def test_show_no_comb_where_bins_of_equal_width_do(self):
        q = np.arange(-64, 65, 2) / 64
        flat = np.tile(q, (3, 1))  # each value once
        assert distribution(flat, n_spins=64, bins=30).density == pytest.approx(64 / 130)
        assert np.ptp(distribution(flat, bins=50).density) > 0.3

    def test_folding_adds_both_signs(self):
        for options in ({"n_spins": 20, "bins": 7}, {"n_spins": 20}, {"bins": 10}):
            rows = FREE if "n_spins" in options else ROWS
            signed = distribution(rows, **{**options, "bins": 2 * options.get("bins", 50)})
            folded = distribution(rows, **options, fold=True)
            assert folded.edges[0] == 0
            assert folded.shares.sum(axis=1) == pytest.approx(1)
            for low, high, share in zip(
                folded.edges, folded.edges[1:], folded.shares[0], strict=False
            ):
                size = np.abs(rows[0])
                assert share == pytest.approx(np.mean((size >= low) & (size < high)))
            assert folded.second_moment.mean == signed.second_moment.mean
            assert repr(folded).startswith("<P(|q|) in")

    def test_odd_number_of_spins_has_no_zero(self):
        rows = RNG.binomial(7, 0.5, size=(5, 30)) * 2 / 7 - 1
        folded = distribution(rows, n_spins=7, fold=True)
        np.testing.assert_allclose(folded.edges, np.arange(5) * 2 / 7)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"n_spins": 20, "limits": (0, 1)}, "limits must not be set for Ising spins"),
            ({"fold": True, "limits": (-1, 1)}, "limits must begin at 0 if folded"),
        ],
    )
    def test_refuse(self, options, message):
        with pytest.raises(ParameterError, match=message):
            distribution(FREE, **options)

    def test_of_counts_stay(self):
        counts = sg.overlaps.count_overlaps(ROWS, bins=9, limits=(-1, 0.5))
        with pytest.raises(ParameterError, match="bins of these counts must be 9, got 3"):
            distribution(counts, bins=3)
        with pytest.raises(ParameterError, match="limits and n_spins of counts"):
            distribution(counts, n_spins=4)
        with pytest.raises(ParameterError, match="mirrored about q = 0"):
            distribution(counts, fold=True)
        with pytest.raises(DataError, match="at least 2 independent units, got 1"):
            distribution(sg.overlaps.count_overlaps(ROWS[:1]))
        empty = sg.overlaps.OverlapCounts.from_histogram([[1, 0], [0, 0]], n_spins=1)
        with pytest.raises(DataError, match="got none of unit 1"):
            distribution(empty)


class TestMoments:
    def test_against_loops(self):
        pq = distribution(FREE, n_spins=20)
        rows = FREE.tolist()
        for found, function in (
            (pq.binder, naive.binder),
            (pq.cumulant, lambda r: naive.binder(r) * 2 / 3),
            (pq.fourth_moment, lambda r: naive.mean(naive.mean(q**4 for q in x) for x in r)),
            (pq.absolute_mean, lambda r: naive.mean(naive.mean(map(abs, x)) for x in r)),
        ):
            value, error = naive.jackknife(function, rows)
            assert found.mean == pytest.approx(value)
            assert found.error == pytest.approx(error)

    def test_binder_of_known_laws(self):
        two = RNG.choice([-0.5, 0.5], size=(4, 9))
        assert distribution(two).binder.mean == pytest.approx(1)
        assert distribution(two).cumulant.mean == pytest.approx(2 / 3)
        free = distribution(RNG.binomial(400, 0.5, size=(50, 4000)) / 200 - 1, n_spins=400)
        # the fourth cumulant of a mean of N signs: kurtosis 3 - 2/N
        assert abs(free.binder.z(1 / 400)) < 4
        assert abs(free.second_moment.z(1 / 400)) < 4

    def test_without_any_overlap_there_is_no_binder(self):
        pq = distribution(np.zeros((3, 4)))
        assert math.isnan(pq.binder.mean)
        assert pq.second_moment.mean == 0

    def test_samples_weigh_the_same_however_many_overlaps_they_have(self):
        counts = sg.overlaps.OverlapCounts.from_histogram([[1, 1], [30, 10]], n_spins=1)
        assert distribution(counts).mean.mean == pytest.approx((0 - 0.5) / 2)


class TestWeightNearZero:
    def test_against_counting(self):
        zero = weight_near_zero(distribution(FREE, n_spins=20), window=0.25)
        assert zero.window == pytest.approx(0.25)  # values 0, ±0.1, ±0.2
        inside = np.mean(np.abs(FREE) < 0.25, axis=1)
        np.testing.assert_allclose(zero.unit_weights, inside)
        value, error = naive.jackknife(naive.mean, inside.tolist())
        assert zero.weight.mean == pytest.approx(value)
        assert zero.weight.error == pytest.approx(error)
        assert zero.density.mean == pytest.approx(value / 0.5)

    def test_takes_both_signs_or_none(self):
        assert weight_near_zero(
            distribution(ROWS, bins=10), window=0.3
        ).window == pytest.approx(0.2)

    def test_is_the_same_folded(self):
        for options in ({"n_spins": 20}, {"bins": 20}):
            one = weight_near_zero(distribution(FREE, **options), window=0.3)
            options["bins"] = options.get("bins", 100) // 2
            other = weight_near_zero(distribution(FREE, fold=True, **options), window=0.3)
            assert one.density.mean == pytest.approx(other.density.mean)
            assert one.window == pytest.approx(other.window)

    def test_repr_says_where(self):
        zero = weight_near_zero(distribution(ROWS, bins=10), window=0.31)
        assert "from |q| < 0.4" in repr(zero)

    @pytest.mark.parametrize(
        ("options", "window", "message"),
        [
            ({"bins": 4}, 0.2, "window must reach beyond 0.25, got 0.2"),
            ({"limits": (0.5, 1)}, 0.4, "window must reach beyond 0.505"),
            (
                {"limits": (-0.1, 1), "bins": 11},
                0.3,
                "mirrored about q = 0, got them from -0.1",
            ),
            ({}, 0.0, "window must be positive"),
            ({}, np.nan, "window must be finite"),
        ],
    )
    def test_refuses(self, options, window, message):
        with pytest.raises(ParameterError, match=message):
            weight_near_zero(distribution(ROWS, **options), window=window)


class TestEdwardsAnderson:
    @pytest.mark.parametrize("fold", [False, True])
    def test_finds_the_peak(self, fold):
        rng = np.random.default_rng(2)
        rows = rng.choice([-1, 1], (60, 300)) * rng.normal(0.62, 0.06, (60, 300))
        found = edwards_anderson(distribution(rows, fold=fold), rng=1)
        assert 0.0003 < found.estimate.error < 0.01
        assert abs(found.estimate.z(0.62)) < 4
        assert found.low < found.estimate.mean < found.high

    def test_error_is_that_of_repetitions(self):
        rng = np.random.default_rng(3)

        def once():
            centres = rng.normal(0.6, 0.05, (30, 1))  # units differ
            rows = centres + rng.normal(0, 0.1, (30, 200))
            pq = distribution(np.clip(rows, -1, 1), bins=40)
            return edwards_anderson(pq, n_resamples=100, rng=rng).estimate

        found = [once() for _ in range(60)]
        spread = np.std([f.mean for f in found], ddof=1)
        assert np.mean([f.error for f in found]) == pytest.approx(spread, rel=0.4)

    def test_of_replicas_at_one_disorder(self):
        rng = np.random.default_rng(4)
        points = 1.0 + rng.normal(size=(25, 200))
        found = edwards_anderson(distribution(matrix(points), bins=60), rng=1)
        assert found.estimate.mean == pytest.approx(0.5, abs=0.05)
        assert 0 < found.estimate.error < 0.05

    def test_of_a_paramagnet_is_zero(self):
        rows = np.random.default_rng(6).binomial(400, 0.5, size=(40, 2000)) / 200 - 1
        found = edwards_anderson(distribution(rows, n_spins=400, bins=101), rng=1)
        assert found.estimate.mean < 0.02

    def test_above_leaves_a_higher_peak_out(self):
        rng = np.random.default_rng(7)
        rows = np.concatenate(
            [rng.normal(0, 0.05, (20, 300)), rng.normal(0.7, 0.05, (20, 100))], axis=1
        )
        pq = distribution(np.clip(rows, -1, 1), fold=True)
        assert edwards_anderson(pq, rng=1).estimate.mean < 0.05
        assert edwards_anderson(pq, above=0.4, rng=1).estimate.mean == pytest.approx(
            0.7, abs=0.03
        )

    def test_is_reproducible(self):
        pq = distribution(ROWS, fold=True, bins=8)
        one, other = (edwards_anderson(pq, rng=3) for _ in range(2))
        assert one.estimate.error == other.estimate.error

    def test_refuses(self):
        with pytest.raises(ParameterError, match=r"above must leave bins to look at, got 1\.5"):
            edwards_anderson(distribution(ROWS), above=1.5)
        with pytest.raises(ParameterError, match="mirrored about q = 0, or folded"):
            edwards_anderson(distribution(ROWS, limits=(0, 1)))


class TestSampleFluctuations:
    def test_against_loops(self):
        pq = distribution(FREE, n_spins=20)
        found = sample_fluctuations(pq, window=0.25, threshold=2.0, rng=1)
        peaks = []
        for row in FREE:
            p = [np.isclose(row, v).mean() / 0.1 for v in np.arange(-10, 11) / 10]
            peaks.append(max((p[k] + p[20 - k]) / 2 for k in range(8, 13)))
        np.testing.assert_allclose(found.peaks, peaks)
        k = sum(peak > 2.0 for peak in peaks)
        assert found.peaked.mean == k / 12
        assert found.peaked.error == pytest.approx(math.sqrt((k + 1) * (13 - k) / (14**2 * 15)))
        np.testing.assert_allclose(found.second_moments, (FREE**2).mean(axis=1))
        assert found.median_weight.estimate.mean == np.median(found.weights)
        assert found.mean_weight.mean == pytest.approx(found.weights.mean())

    def test_is_the_same_folded(self):
        one = sample_fluctuations(distribution(ROWS, bins=20), rng=1)
        other = sample_fluctuations(distribution(ROWS, bins=10, fold=True), rng=1)
        np.testing.assert_allclose(one.peaks, other.peaks)
        np.testing.assert_allclose(one.weights, other.weights)
        assert repr(one) == repr(other)

    def test_samples_without_weight_are_counted(self):
        rows = np.full((10, 5), 0.8)
        rows[:3] = 0.0
        found = sample_fluctuations(distribution(rows, bins=21), rng=1)
        assert found.empty.mean == 0.7
        assert found.peaked.mean == 0.3
        assert found.median_weight.estimate.mean == 0

    def test_refuses(self):
        with pytest.raises(DataError, match="between disorder samples, got replicas"):
            sample_fluctuations(distribution(matrix(RNG.normal(size=(6, 9)))))
        with pytest.raises(ParameterError, match="threshold must be positive"):
            sample_fluctuations(distribution(ROWS), threshold=0.0)

    def test_round_trip(self, tmp_path):
        found = sample_fluctuations(distribution(ROWS), rng=1)
        loaded = sg.load(sg.save(found, tmp_path / "fluctuations.npz"))
        assert repr(loaded) == repr(found)
