from __future__ import annotations

import math

import numpy as np
import pytest
from naive import statistics as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.statistics import (
    Estimate,
    bootstrap,
    jackknife,
    mean_estimate,
    variance_components,
)

SHAPE = (12, 3, 4)
VARIANCES = (1.0, 0.6, 1.5)  # of samples, of chains inside them, of blocks inside those


def measurements(rng, n_datasets, shape=SHAPE, variances=VARIANCES):
    """Data sets of samples x chains x blocks with known variance at each level."""
    generator = np.random.default_rng(rng)
    data = np.zeros((n_datasets, *shape))
    for level, variance in enumerate(variances):
        units = (n_datasets, *shape[: level + 1]) + (1,) * (len(shape) - 1 - level)
        data += math.sqrt(variance) * generator.normal(size=units)
    return data


def parts_of_squared_error(shape=SHAPE, variances=VARIANCES):
    return np.array(variances) / np.cumprod(shape)


class TestBootstrap:
    """Which levels to draw anew, against the known variance of the mean.

    A bootstrap of n units has (n - 1)/n of their variance; of n units inside each of several,
    the same at that level.
    """

    @pytest.mark.parametrize("levels", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
    def test_squared_error_of_the_mean(self, levels):
        squared = mean_estimate([
            bootstrap(np.mean, data, levels=levels, n_resamples=150, rng=k).estimate.error ** 2
            for k, data in enumerate(measurements(1, 150))
        ])  # fmt: skip
        parts = parts_of_squared_error()
        # what a level's units differ by holds all the levels inside it
        from_level = [parts[k:].sum() * (1 - 1 / SHAPE[k]) for k in range(3)]
        assert abs(squared.z(sum(from_level[k] for k in levels))) < 4

    def test_outermost_alone_is_right_and_all_levels_are_too_much(self):
        truth = parts_of_squared_error().sum()
        data = measurements(2, 100)
        outer, every = (
            np.mean([
                bootstrap(np.mean, d, levels=levels, n_resamples=100, rng=k).estimate.error ** 2
                for k, d in enumerate(data)
            ])
            for levels in ((0,), (0, 1, 2))
        )  # fmt: skip
        assert abs(outer / truth - 11 / 12) < 0.15
        assert every / truth > 1.15

    def test_inner_units_stay_with_their_outer_ones(self):
        data = np.arange(5.0)[:, None] * 10 + np.arange(4.0)
        seen = []
        bootstrap(lambda x: seen.append(x) or x.mean(), data, levels=(0, 1), rng=1)
        for drawn in seen:
            assert ((drawn // 10) == (drawn[:, :1] // 10)).all()
        within = []
        bootstrap(lambda x: within.append(x) or x.mean(), data, levels=(1,), rng=1)
        for drawn in within:
            assert ((drawn // 10) == np.arange(5.0)[:, None]).all()

    def test_samples_are_drawn_together(self):
        data = np.random.default_rng(3).normal(size=(6, 4, 2))
        found = bootstrap(
            lambda a, b: (a.mean(axis=2) - b).mean(),
            data, data.mean(axis=2), levels=(0, 1), n_resamples=50, rng=1,
        )  # fmt: skip
        assert found.estimate.error < 1e-15

    def test_refusals(self):
        data = np.ones((4, 3))
        with pytest.raises(ShapeError, match=r"share 2 axes to be resampled at levels \(1,\)"):
            bootstrap(lambda a, b: a.mean(), data, np.ones(4), levels=(1,))
        with pytest.raises(ShapeError, match=r"share 3 axes"):
            bootstrap(np.mean, data, levels=(2,))
        with pytest.raises(ParameterError, match=r"levels must be different axes"):
            bootstrap(np.mean, data, levels=(0, 0))
        with pytest.raises(ParameterError, match=r"levels must be different axes"):
            bootstrap(np.mean, data, levels=())
        with pytest.raises(ParameterError, match=r"levels must be at least 0"):
            bootstrap(np.mean, data, levels=(-1,))
        with pytest.raises(DataError, match=r"at least 2 units at each resampled level, got 1"):
            bootstrap(np.mean, np.ones((4, 1)), levels=(1,))


class TestComponents:
    def test_against_loops(self):
        data = measurements(4, 1)[0]
        found = variance_components(data)
        assert found.variances.mean == pytest.approx(naive.nested_variances(data.tolist()))
        left_out = [
            naive.nested_variances(np.delete(data, unit, axis=0).tolist()) for unit in range(12)
        ]
        spread = np.var(left_out, axis=0) * 11
        assert found.variances.error == pytest.approx(np.sqrt(spread))

    def test_are_unbiased_with_right_errors(self):
        found = [variance_components(d).variances for d in measurements(5, 400)]
        for level, truth in enumerate(VARIANCES):
            values = np.array([f.mean[level] for f in found])
            assert abs(mean_estimate(values).z(truth)) < 4
            claimed = np.sqrt(np.mean([f.error[level] ** 2 for f in found]))
            assert claimed == pytest.approx(values.std(), rel=0.2)

    def test_parts_add_up_to_the_error(self):
        data = measurements(6, 1)[0]
        found = variance_components(data)
        assert found.shares.sum() == pytest.approx(1)
        assert found.mean.error == pytest.approx(mean_estimate(data).error)
        assert found.mean.error == pytest.approx(jackknife(np.mean, data).error)
        if (found.variances.mean > 0).all():
            assert found.error_with(SHAPE) == pytest.approx(found.mean.error)

    def test_predicts_the_error_of_another_design(self):
        other = (40, 2, 1)
        predicted = np.mean([
            variance_components(d).error_with(other) ** 2 for d in measurements(7, 400)
        ])  # fmt: skip
        truth = parts_of_squared_error(other).sum()
        actual = measurements(8, 4000, other).mean(axis=(1, 2, 3)).var()
        assert predicted == pytest.approx(truth, rel=0.1)
        assert predicted == pytest.approx(actual, rel=0.15)

    def test_says_where_the_error_comes_from(self):
        frozen = measurements(9, 1, (50, 2, 100), (1.0, 0.0, 1.0))[0]
        assert variance_components(frozen).shares[0] > 0.95
        noisy = measurements(10, 1, (50, 2, 100), (0.0, 0.0, 1.0))[0]
        found = variance_components(noisy)
        assert abs(found.variances[0].z()) < 4
        assert found.variances[2].mean == pytest.approx(1, rel=0.1)
        assert "50 samples" in repr(found)
        assert "100 blocks" in repr(found)

    def test_two_levels_names_and_files(self, tmp_path):
        data = measurements(11, 1, (8, 5), (1.0, 1.0))[0]
        found = variance_components(data, names=("runs", "records"))
        again = sg.load(sg.save(found, tmp_path / "parts.npz"))
        assert again.names == ("runs", "records")
        assert again.shape == (8, 5)
        assert isinstance(again.mean, Estimate)

    def test_refusals(self):
        with pytest.raises(DataError, match=r"at least 2 nested levels"):
            variance_components(np.ones(5))
        with pytest.raises(DataError, match=r"3 units of the outermost.*got shape \(2, 4\)"):
            variance_components(np.ones((2, 4)))
        with pytest.raises(DataError, match=r"values must be finite"):
            variance_components(np.full((4, 4), np.nan))
        with pytest.raises(ShapeError, match=r"names must be 2, one a level, got 1"):
            variance_components(np.eye(4), names=("runs",))
        with pytest.raises(ShapeError, match=r"shape must have 2 levels, got 1"):
            variance_components(np.eye(4)).error_with((4,))
