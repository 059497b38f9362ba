from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import statistics as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.statistics import Histogram
from spinglass_nn.statistics import histogram as module

UNEVEN = np.array([-1.0, -0.5, 0.1, 0.15, 2.0])


def around(edges):
    """Each edge, its neighbours in floating point, and values far outside."""
    edges = np.asarray(edges, dtype=np.float64)
    return np.concatenate([
        edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf),
        [-math.inf, math.inf, -1e300, 1e300, 0.0, -0.0, 5e-324],
    ])  # fmt: skip


def counted(histogram):
    return [histogram.below, *histogram.counts.tolist(), histogram.above]


class TestEdges:
    @pytest.mark.parametrize("n_bins", [1, 2, 3, 7, 10, 49, 50, 64, 100, 101, 1000, 4096])
    @pytest.mark.parametrize(
        "limits", [(-1.0, 1.0), (0.0, 1.0), (-0.3, 0.7), (1e6, 1e6 + 1), (-1e-9, 3e-9)]
    )
    def test_values_at_edges_and_beside_them(self, n_bins, limits):
        histogram = Histogram.empty(n_bins, limits)
        assert module._grid(histogram.edges) is not None or limits[0] == 1e6
        values = around(histogram.edges)
        found = histogram.add(values)
        assert found.counts.tolist() == np.histogram(values, histogram.edges)[0].tolist()
        assert found.n_values == values.size
        assert found.below == np.count_nonzero(values < limits[0])
        assert found.above == np.count_nonzero(values > limits[1])
        if n_bins <= 101:
            assert counted(found) == naive.histogram(values, histogram.edges)

    def test_one_value_at_a_time(self):
        histogram = Histogram.empty(20)
        for value in around(histogram.edges):
            assert counted(histogram.add([value])) == naive.histogram([value], histogram.edges)

    @settings(max_examples=300, deadline=None)
    @given(
        low=st.floats(-1e6, 1e6),
        width=st.floats(1e-6, 1e6),
        n_bins=st.integers(1, 300),
        inside=st.lists(st.floats(-0.1, 1.1), max_size=20),
    )
    def test_any_grid_is_numpy_s(self, low, width, n_bins, inside):
        edges = np.linspace(low, low + width, n_bins + 1)
        values = np.concatenate([around(edges), low + width * np.array(inside)])
        found = Histogram.empty(edges).add(values)
        assert found.counts.tolist() == np.histogram(values, edges)[0].tolist()

    def test_single_precision_and_integers(self):
        values = np.random.default_rng(1).uniform(-1.2, 1.2, 10_001).astype(np.float32)
        values[:101] = np.linspace(-1, 1, 101)
        found = Histogram.empty(100).add(values)
        assert counted(found) == naive.histogram(values.astype(float), found.edges)
        whole = Histogram.empty(5, (-2.5, 2.5)).add(np.array([-2, 0, 0, 1, 3], dtype=np.int8))
        assert counted(whole) == [0, 1, 0, 2, 1, 0, 1]

    def test_overlaps_of_few_spins_lie_on_edges(self):
        overlaps = np.arange(-64, 65, 2) / 64
        found = Histogram.empty(32).add(overlaps)
        assert found.counts.tolist() == np.histogram(overlaps, found.edges)[0].tolist()
        assert found.counts.tolist() == [2] * 31 + [3]

    def test_edges_that_are_not_even(self):
        values = np.concatenate([around(UNEVEN), np.random.default_rng(2).normal(size=999)])
        found = Histogram.empty(UNEVEN).add(values)
        assert module._grid(UNEVEN) is None
        assert counted(found) == naive.histogram(values, UNEVEN)

    def test_edges_of_arange_take_the_fast_way(self):
        edges = np.arange(-1.0, 1.01, 0.1)
        assert module._grid(edges) is not None
        values = around(edges)
        assert counted(Histogram.empty(edges).add(values)) == naive.histogram(values, edges)

    def test_edges_almost_even_are_not_taken_for_even(self):
        edges = np.linspace(-1, 1, 21)
        edges[7] = np.nextafter(edges[7], 1)
        assert module._grid(edges) is None
        values = around(edges)
        assert counted(Histogram.empty(edges).add(values)) == naive.histogram(values, edges)

    def test_huge_and_tiny_spans(self):
        for edges in (np.array([-1e308, 0, 1e308]), np.array([0.0, 5e-324, 1e-323])):
            found = Histogram.empty(edges).add(around(edges))
            assert counted(found) == naive.histogram(around(edges), edges)


class TestStreaming:
    @settings(max_examples=50, deadline=None)
    @given(data=st.data())
    def test_parts_add_up_in_any_order(self, data):
        values = np.random.default_rng(3).normal(0, 0.6, 5000)
        cuts = sorted(data.draw(st.lists(st.integers(0, 5000), max_size=5)))
        start = Histogram.empty(30)
        whole = start.add(values)
        parts = [start.add(chunk) for chunk in np.split(values, cuts)]
        order = data.draw(st.permutations(range(len(parts))))
        for joined in (
            sum(parts),
            sum(parts[k] for k in order),
            parts[0] + sum(parts[1:], start),
        ):
            assert counted(joined) == counted(whole)
        chained = start
        for chunk in np.split(values, cuts):
            chained = chained.add(chunk)
        assert counted(chained) == counted(whole)

    def test_shapes_strides_and_blocks(self):
        values = np.random.default_rng(4).uniform(-1, 1, (3, 4099))
        start = Histogram.empty(17)
        expected = np.histogram(values, start.edges)[0].tolist()
        assert start.add(values).counts.tolist() == expected
        assert start.add(values.T).counts.tolist() == expected
        assert start.add(values[:, ::-1]).counts.tolist() == expected
        assert start.add(np.array(0.5)).n_values == 1
        assert start.add([]).n_values == 0

    def test_nothing_is_changed_in_place(self):
        start = Histogram.empty(4)
        more = start.add([0.1])
        both = more + more
        assert (start.n_values, more.n_values, both.n_values) == (0, 1, 2)

    def test_goes_through_processes_and_files(self, tmp_path):
        found = Histogram.empty(10).add(np.random.default_rng(5).normal(size=100))
        for again in (pickle.loads(pickle.dumps(found)),
                      sg.load(sg.save(found, tmp_path / "pq.npz"))):  # fmt: skip
            assert counted(again + found) == [2 * n for n in counted(found)]

    def test_density(self):
        values = np.random.default_rng(6).normal(0, 0.5, 1000)
        found = Histogram.empty(25).add(values)
        inside = np.mean(np.abs(values) <= 1)
        assert (found.density * np.diff(found.edges)).sum() == pytest.approx(inside)
        assert found.centers == pytest.approx((found.edges[1:] + found.edges[:-1]) / 2)
        assert "1000 values in 25 bins from -1 to 1" in repr(found)


class TestRefusals:
    def test_nan(self):
        for bins in (10, UNEVEN):
            with pytest.raises(DataError, match=r"values must not be NaN, got 2 of 4"):
                Histogram.empty(bins).add([0.1, np.nan, np.nan, -5.0])

    def test_other_edges(self):
        with pytest.raises(
            DataError, match=r"got 10 bins from -1 to 1 and 10 bins from 0 to 1"
        ):
            Histogram.empty(10) + Histogram.empty(10, (0, 1))
        with pytest.raises(TypeError):
            Histogram.empty(10) + 3
        with pytest.raises(TypeError):
            sum([Histogram.empty(10)], 3)

    def test_making(self):
        with pytest.raises(ParameterError, match=r"edges must be at least 2 and rise"):
            Histogram.empty([0.0, 0.0, 1.0])
        with pytest.raises(ParameterError, match=r"edges must be at least 2"):
            Histogram.empty([0.0])
        with pytest.raises(ParameterError, match=r"limits must rise, got \(1, -1\)"):
            Histogram.empty(10, (1, -1))
        with pytest.raises(ParameterError, match=r"bins must be at least 1"):
            Histogram.empty(0)
        with pytest.raises(ShapeError, match=r"one for each of 2 bins, got 3"):
            Histogram(np.array([0.0, 1, 2]), np.array([1, 2, 3]))
        with pytest.raises(ParameterError, match=r"counts must not be negative, got -1"):
            Histogram(np.array([0.0, 1, 2]), np.array([1, -1]))
        with pytest.raises(DataError, match=r"array of numbers"):
            Histogram.empty(3).add(["a"])
        with pytest.raises(DataError, match=r"density must be of at least one value"):
            _ = Histogram.empty(3).density
