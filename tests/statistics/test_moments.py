from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import statistics as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.statistics import Moments, mean_estimate

VALUES = np.random.default_rng(1).exponential(size=(70_001, 3)) - [0.0, 5.0, 1e3]


def assert_same(a, b, rel=1e-10):
    assert a.count == b.count
    assert a.mean == pytest.approx(b.mean, rel=rel)
    for order in (2, 3, 4):
        assert a.central(order) == pytest.approx(b.central(order), rel=rel)


class TestValues:
    def test_against_scipy(self):
        found = Moments.empty((3,)).add(VALUES)
        assert found.count == len(VALUES)
        assert found.mean == pytest.approx(VALUES.mean(axis=0), rel=1e-13)
        assert found.variance == pytest.approx(VALUES.var(axis=0, ddof=1))
        for order in (1, 2, 3, 4):
            central = scipy.stats.moment(VALUES, order, axis=0)
            assert found.central(order) == pytest.approx(central, rel=1e-9, abs=1e-12)
            raw = (VALUES**order).mean(axis=0)
            assert found.raw(order) == pytest.approx(raw, rel=1e-9, abs=1e-9)
        assert found.error[0] == pytest.approx(mean_estimate(VALUES[:, 0]).error)

    @pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
    def test_far_from_zero(self, offset):
        """Digits lost as in the mean itself, not as in a difference of squares."""
        values = offset + np.random.default_rng(2).normal(size=300)
        found = sum(Moments.empty().add(part) for part in np.array_split(values, 37))
        mean, sums = naive.central_sums(values)
        assert float(found.mean) == pytest.approx(mean, rel=1e-15)
        for k in range(3):
            assert found.sums[k] == pytest.approx(
                sums[k], rel=1e-12 + 2e-16 * offset, abs=1e-13 * (1e3 + offset)
            )

    def test_one_value_and_none(self):
        one = Moments.empty().add([2.0])
        assert (float(one.mean), float(one.raw(2)), one.count) == (2.0, 4.0, 1)
        assert math.isnan(one.variance)
        none = Moments.empty((2,))
        assert np.isnan(none.mean).all()
        assert np.isnan(none.error).all()
        with pytest.raises(DataError, match=r"at least one value, got none"):
            none.raw(2)


class TestStreaming:
    @settings(max_examples=40, deadline=None)
    @given(data=st.data())
    def test_parts_add_up_in_any_order(self, data):
        values = VALUES[:500]
        cuts = sorted(data.draw(st.lists(st.integers(0, 500), max_size=6)))
        start = Moments.empty((3,))
        parts = [start.add(chunk) for chunk in np.split(values, cuts)]
        order = data.draw(st.permutations(range(len(parts))))
        whole = start.add(values)
        assert_same(sum(parts), whole)
        assert_same(sum(parts[k] for k in order), whole)
        a, b, c = parts[0], sum(parts[1:], start), whole
        assert_same((a + b) + c, a + (b + c))
        assert_same(a + b, b + a)

    def test_nothing_is_changed_in_place(self):
        start = Moments.empty()
        more = start.add([1.0, 2.0])
        assert (start.count, more.count, (more + more).count) == (0, 2, 4)
        assert more.add([]).count == 2

    def test_blocks_of_wide_values(self):
        wide = np.random.default_rng(3).normal(size=(5, 40_000))
        found = Moments.empty((40_000,)).add(wide)
        assert found.variance == pytest.approx(wide.var(axis=0, ddof=1))

    def test_goes_through_processes_and_files(self, tmp_path):
        found = Moments.empty((3,)).add(VALUES[:100])
        single = Moments.empty().add(VALUES[:100, 0])
        for value in (found, single):
            for again in (pickle.loads(pickle.dumps(value)),
                          sg.load(sg.save(value, tmp_path / "moments.npz"))):  # fmt: skip
                assert_same(again + value, value + value)


def test_refusals():
    start = Moments.empty((3,))
    with pytest.raises(ShapeError, match=r"values must have shape \(n_values, 3\), got \(3,\)"):
        start.add(np.ones(3))
    with pytest.raises(ShapeError, match=r"values must have shape \(n_values\), got \(2, 2\)"):
        Moments.empty().add(np.eye(2))
    with pytest.raises(DataError, match=r"values must be finite"):
        Moments.empty().add([1.0, np.inf])
    with pytest.raises(ShapeError, match=r"one shape to be added, got \(3,\) and \(\)"):
        start + Moments.empty()
    with pytest.raises(TypeError):
        start + 2
    with pytest.raises(ParameterError, match=r"order must be at most 4, got 5"):
        start.add(VALUES[:9]).raw(5)
    with pytest.raises(ParameterError, match=r"order must be at least 1"):
        start.add(VALUES[:9]).central(0)
    with pytest.raises(ShapeError, match=r"sums must have shape \(3, 2\), got \(3,\)"):
        Moments(1, np.zeros(2), np.zeros(3))
