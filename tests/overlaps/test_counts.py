from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from naive import distributions as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps import OverlapCounts, count_overlaps, distribution

RNG = np.random.default_rng(1)
ROWS = RNG.uniform(-1, 1, size=(4, 60))
SPINS = RNG.binomial(9, 0.4, size=(4, 60)) * 2 / 9 - 1


def close(one, other):
    assert np.array_equal(one.counts, other.counts)
    assert np.array_equal(one.totals, other.totals)
    np.testing.assert_allclose(one.sums, other.sums, rtol=1e-12)


@pytest.mark.parametrize("options", [{"bins": 7}, {"bins": 5, "limits": (-0.3, 0.6)}])
def test_continuous_overlaps_against_loops(options):
    found = count_overlaps(ROWS, **options)
    assert found.counts.tolist() == [naive.counts_of(row, found.edges) for row in ROWS]
    powers = [[sum(r), sum(abs(r)), sum(r**2), sum(r**4)] for r in ROWS]
    np.testing.assert_allclose(found.sums, powers)
    assert found.totals.tolist() == [60] * 4


@given(arrays(np.float64, (2, 30), elements=st.integers(-20, 20).map(lambda k: k / 20)))
def test_overlaps_on_edges_fall_where_numpy_puts_them(rows):
    found = count_overlaps(rows, bins=40)
    assert found.counts.tolist() == [np.histogram(r, 40, (-1, 1))[0].tolist() for r in rows]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_overlaps_of_spins_are_counted_value_by_value(dtype):
    found = count_overlaps(SPINS.astype(dtype), n_spins=9)
    values = np.arange(-9, 10, 2) / 9
    expected = [[np.isclose(r, v).sum() for v in values] for r in SPINS]
    assert found.counts.tolist() == expected
    np.testing.assert_allclose(found.sums[:, 3], (SPINS**4).sum(axis=1))


def test_parts_add_and_join_to_the_whole():
    whole = count_overlaps(SPINS, n_spins=9)
    close(sum(count_overlaps(part, n_spins=9) for part in np.split(SPINS, 6, axis=1)), whole)
    first, *rest = (count_overlaps(SPINS[k : k + 1], n_spins=9) for k in range(4))
    close(first.joined(*rest), whole)


def test_counts_give_the_same_distribution_as_overlaps():
    for options in ({"n_spins": 9}, {"bins": 12}):
        rows = SPINS if "n_spins" in options else ROWS
        one = distribution(rows, **options)
        other = distribution(count_overlaps(rows, **options))
        assert np.array_equal(one.density, other.density)
        assert one.binder.error == other.binder.error


def test_counts_of_a_run_are_those_of_its_series():
    models = [sg.spins.SherringtonKirkpatrick(20, sample=k, rng=1) for k in range(3)]
    run = sg.dynamics.parallel_tempering(models, [0.7, 1.0], n_sweeps=64, record_every=1, rng=2)
    rows = run.overlaps(temperature=0.7)
    one = OverlapCounts.from_histogram(run.overlap_counts[:, 0], n_spins=20)
    close(one, count_overlaps(rows, n_spins=20))
    pq = distribution(one)
    assert pq.second_moment.mean == pytest.approx(run.average("q^2")[0].mean)
    assert pq.second_moment.error == pytest.approx(run.average("q^2")[0].error)


def test_joined_counts_are_spread_over_their_values():
    n = 1000
    fine = np.exp(-(np.linspace(-1, 1, n + 1) ** 2) / 0.18) * np.ones((2, 1))
    place = np.arange(n + 1) * 128 // (n + 1)
    joined = np.stack([np.bincount(place, weights=row) for row in fine])
    one, other = (OverlapCounts.from_histogram(c, n_spins=n) for c in (fine, joined))
    assert one.totals == pytest.approx(other.totals)
    np.testing.assert_allclose(
        one.sums / one.totals[:, None], other.sums / other.totals[:, None], atol=1e-4
    )


def test_round_trip(tmp_path):
    counts = count_overlaps(SPINS, n_spins=9)
    close(sg.load(sg.save(counts, tmp_path / "counts.npz")), counts)
    assert repr(counts) == "<240 overlaps of 4 units in 10 bins>"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: count_overlaps(0.5), ShapeError, "axis that counts units"),
        (lambda: count_overlaps([[0.1, np.nan]]), DataError, "overlaps must be finite"),
        (lambda: count_overlaps([[0.1, -1.2]]), DataError, r"in \[-1, 1\], got 1.2"),
        (lambda: count_overlaps([[0.1, 0.3]], n_spins=4), DataError, "got 2 that are not"),
        (
            lambda: count_overlaps([[0.1]], n_spins=0),
            ParameterError,
            "n_spins must be at least",
        ),
        (lambda: count_overlaps([[0.1]], limits=(1, -1)), ParameterError, "limits must rise"),
        (
            lambda: count_overlaps(ROWS) + count_overlaps(ROWS, bins=3),
            ParameterError,
            "same bins",
        ),
        (
            lambda: count_overlaps(ROWS) + count_overlaps(ROWS[:2]),
            ShapeError,
            "same units, got 4 and 2",
        ),
        (
            lambda: count_overlaps(ROWS).joined(count_overlaps(ROWS, bins=3)),
            ParameterError,
            "same bins",
        ),
        (lambda: count_overlaps(ROWS) + 1, TypeError, "unsupported operand"),
        (
            lambda: OverlapCounts.from_histogram([[1, 2, 3]], n_spins=1),
            ShapeError,
            "1 to 2 bins for 1 spins, got 3",
        ),
        (
            lambda: OverlapCounts.from_histogram([[1, -2]], n_spins=1),
            DataError,
            "must not be negative",
        ),
        (
            lambda: OverlapCounts(np.arange(3.0), np.ones((1, 3)), np.ones(1), np.ones((1, 4))),
            ShapeError,
            "counts must have shape",
        ),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
