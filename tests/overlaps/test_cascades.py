from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import cascades as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import cascade, cascade_points, matrix
from spinglass_nn.statistics import mean_estimate

RNG = np.random.default_rng
VALUES, STEPS = (0.1, 0.4, 0.6, 0.9), (0.2, 0.5, 0.7)


def draws(n_draws, n_points, values=VALUES, breakpoints=STEPS, first=0):
    """Overlap matrices of independent samples."""
    return np.array(
        [
            cascade(n_points, values=values, breakpoints=breakpoints, rng=first + k).overlaps
            for k in range(n_draws)
        ]
    )


@given(st.integers(2, 25), st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5, unique=True))
def test_cascades_are_ultrametric_and_nested(n_points, steps):
    heights = np.linspace(0.0, 1.0, len(steps) + 1)
    found = cascade(n_points, values=heights, breakpoints=sorted(steps), rng=n_points)
    q = found.overlaps
    assert np.array_equal(q, q.T)
    assert np.all(np.diagonal(q) == 1)
    smallest = np.minimum(q[:, :, None], q[None, :, :])
    assert np.all(q[:, None, :] >= smallest)  # of any three the two smallest are equal
    assert set(np.unique(q)) <= set(heights) | {1.0}
    for coarse, fine in itertools.pairwise(found.clusters):
        assert all(len(set(coarse[fine == label])) == 1 for label in set(fine))
    assert found.n_points == n_points
    assert found.n_steps == len(steps)


def test_share_of_pairs_at_each_step():
    # [P(q = q_r)] = m_(r+1) - m_r; one pair from each sample, so that samples are independent
    pairs = draws(6000, 2)[:, 0, 1]
    expected = np.diff([0, *STEPS, 1])
    for value, share in zip(VALUES, expected, strict=True):
        error = math.sqrt(share * (1 - share) / pairs.size)
        assert abs(np.mean(pairs == value) - share) / error < 4


def test_weights_of_states():
    # [sum w^2] = 1 - m and [sum w^3] = (1 - m)(2 - m)/2 for one step
    m = 0.35
    q = draws(6000, 3, (0.0, 1.0), (m,), first=10_000)
    for found, share in (
        (q[:, 0, 1] == 1, 1 - m),
        ((q[:, 0, 1] == 1) & (q[:, 0, 2] == 1), (1 - m) * (2 - m) / 2),
    ):
        assert abs(found.mean() - share) / math.sqrt(share * (1 - share) / 6000) < 4


@pytest.mark.parametrize("power", [1, 2])
def test_ghirlanda_guerra(power):
    q = draws(8000, 4, first=30_000) ** power
    one = q[:, 0, 1]
    moments = np.diff([0, *STEPS, 1])
    mean = float(moments @ np.array(VALUES) ** power)
    square = float(moments @ np.array(VALUES) ** (2 * power))
    joined = mean_estimate(one * q[:, 0, 2])
    apart = mean_estimate(one * q[:, 2, 3])
    assert abs(joined.z(square / 2 + mean**2 / 2)) < 4
    assert abs(apart.z(square / 3 + 2 * mean**2 / 3)) < 4


@pytest.mark.parametrize("breakpoints", [(0.5,), STEPS, tuple(np.arange(1, 40) / 40)])
def test_triangles_of_three_replicas(breakpoints):
    heights = np.linspace(0.0, 0.9, len(breakpoints) + 1)
    q = draws(2500, 3, heights, breakpoints, first=60_000)
    sides = np.sort(np.stack([q[:, 0, 1], q[:, 0, 2], q[:, 1, 2]]), axis=0)
    assert np.array_equal(sides[0], sides[1])
    share = naive.equilateral_share(breakpoints)
    error = math.sqrt(share * (1 - share) / 2500)
    assert abs(np.mean(sides[0] == sides[2]) - share) / error < 4
    if len(breakpoints) > 30:
        assert share == pytest.approx(0.25, abs=0.02)  # Parisi's quarter for many steps


def test_law_is_that_of_nested_poisson_processes():
    steps, values, n_draws = (0.25, 0.5), (0.0, 0.5, 1.0), 250
    kept = {"exact": [], "truncated": []}
    for k in range(n_draws):
        exact = cascade(4, values=values, breakpoints=steps, rng=k).overlaps
        paths = naive.truncated_cascade(steps, 4, RNG(k), width=40)
        kept["exact"].append([exact[a, b] for a, b in itertools.combinations(range(4), 2)])
        kept["truncated"].append(
            [
                naive.overlap_of_paths(paths[a], paths[b], values)
                for a, b in itertools.combinations(range(4), 2)
            ]
        )
    for function in (
        lambda x: x.mean(axis=1),
        lambda x: x[:, 0] * x[:, 5],
        lambda x: x[:, 0] * x[:, 1],
        lambda x: x.max(axis=1),
    ):
        one, other = (mean_estimate(function(np.array(kept[name]))) for name in kept)
        assert abs(one.mean - other.mean) / math.hypot(one.error, other.error) < 4


@pytest.mark.parametrize("kind", ["gaussian", "ising"])
def test_points_have_the_overlaps_of_the_cascade(kind):
    made = cascade(12, values=VALUES, breakpoints=STEPS, rng=3)
    n_dimensions = 40_000
    points = cascade_points(made, n_dimensions, kind=kind, rng=4)
    q = matrix(points)
    # an overlap of spins has variance (1 - q^2)/N, of Gaussian directions (1 - q^2)^2/N
    assert np.abs(q - made.overlaps).max() < 5 / math.sqrt(n_dimensions)
    if kind == "ising":
        assert points.dtype == np.int8
        assert set(np.unique(points)) == {-1, 1}
    else:
        assert np.square(points).mean() == pytest.approx(1.0, abs=0.05)


def test_ising_points_are_unbiased_at_finite_size():
    made = cascade(2, values=(0.3, 0.7), breakpoints=(0.5,), rng=1)
    found = [matrix(cascade_points(made, 50, kind="ising", rng=k))[0, 1] for k in range(800)]
    assert abs(mean_estimate(found).z(made.overlaps[0, 1])) < 4


def test_a_cascade_repeats_and_is_saved(tmp_path):
    made = cascade(9, values=VALUES, breakpoints=STEPS, rng=5)
    again = cascade(9, values=VALUES, breakpoints=STEPS, rng=5)
    assert np.array_equal(made.overlaps, again.overlaps)
    loaded = sg.load(sg.save(made, tmp_path / "cascade.npz"))
    assert np.array_equal(loaded.clusters, made.clusters)
    assert "9 replicas in" in repr(loaded)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"values": (0, 1), "breakpoints": (0.2, 0.4)}, "one more than breakpoints"),
        ({"values": (0.5,), "breakpoints": ()}, "one more than breakpoints"),
        ({"values": (0.5, 0.2)}, r"values must increase and lie in \[0, 1\]"),
        ({"values": (-0.1, 0.2)}, r"values must increase and lie in \[0, 1\]"),
        ({"breakpoints": (1.0,)}, "breakpoints must increase and lie between 0 and 1"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(DataError, match=message):
        cascade(5, **options)


def test_points_refuse_unknown_kinds():
    with pytest.raises(ParameterError, match="kind must be one of"):
        cascade_points(cascade(3, rng=1), 10, kind="potts")
