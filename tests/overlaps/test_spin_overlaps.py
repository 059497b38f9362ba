from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import points as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps import _bits, distances, flip_gauge, matrix


def spins(n_points, n_spins, seed=0):
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n_points, n_spins))


@pytest.mark.parametrize(("n_points", "n_spins"), [(2, 1), (5, 63), (9, 512), (6, 1025)])
def test_counted_overlaps_are_those_of_loops(n_points, n_spins):
    points = spins(n_points, n_spins)
    expected = naive.all_pairs(naive.overlap_of_spins, points)
    assert np.array_equal(matrix(points, of="spins"), expected)
    assert np.array_equal(matrix(points), expected)
    assert np.array_equal(matrix(points.astype(np.float64), of="spins"), expected)
    np.testing.assert_allclose(matrix(points.astype(np.float64)), expected, atol=1e-14)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_many_points_and_several_blocks_of_columns(monkeypatch, n_threads):
    points = spins(203, 3000)
    wide = points.astype(np.int64)
    monkeypatch.setattr(_bits, "_WIDTH", 1000)
    monkeypatch.setattr(_bits, "_BLOCK", 7000)
    monkeypatch.setattr(_bits, "_LITTLE", 0)
    assert np.array_equal(matrix(points, of="spins", n_threads=n_threads), wide @ wide.T / 3000)


def test_distances_of_spins():
    points = spins(6, 40)
    q = naive.all_pairs(naive.overlap_of_spins, points)
    differ = np.array([[np.mean(a != b) for b in points] for a in points])
    found = distances(points, kind="hamming")
    assert np.array_equal(found.values, differ)
    assert "share of spins that differ" in found.convention
    assert np.array_equal(distances(points, kind="1 - overlap").values, 2 * differ)
    np.testing.assert_allclose(distances(points, kind="angle").values, np.arccos(q), atol=1e-7)
    absolute = distances(points, kind="1 - |overlap|").values
    np.testing.assert_allclose(absolute, 1 - np.abs(q), atol=1e-15)
    flipped = points * spins(6, 1, seed=1)
    assert np.array_equal(distances(flipped, kind="1 - |overlap|").values, absolute)
    real = distances(flipped.astype(np.float64), kind="1 - |overlap|").values
    np.testing.assert_allclose(real, absolute, atol=1e-14)


@pytest.mark.parametrize(
    "model",
    [
        sg.spins.EdwardsAnderson((4, 3, 2), rng=1),
        sg.spins.SherringtonKirkpatrick(24, rng=1),
        sg.spins.IsingGraph.from_arrays([0, 5], [7, 23], 1.0, 24),
        [(0, 1), (0, 1), (5, 9)],
    ],
    ids=["lattice", "complete", "graph", "given"],
)
def test_link_overlaps_are_those_of_loops(model):
    points = spins(5, 24)
    links = sg.overlaps.spin_overlaps.links_of(model, 24)
    expected = naive.all_pairs(lambda a, b: naive.overlap_of_links(a, b, links), points)
    found = matrix(points, of="links", model=model)
    np.testing.assert_allclose(found, expected, atol=1e-15)
    np.testing.assert_allclose(matrix(-points, of="links", model=model), found, atol=0)


def test_links_of_a_short_axis_count_twice_here_and_once_in_a_graph():
    lattice = sg.spins.EdwardsAnderson((2, 3), rng=0)
    assert len(sg.overlaps.spin_overlaps.links_of(lattice, 6)) == 12
    assert lattice.graph().n_bonds == 9


@pytest.mark.parametrize("shape", [(3, 3), (2, 3)])
def test_link_overlap_of_exact_enumeration(shape):
    """<q_l> over all pairs of states, weighted, is what `exact` has from correlations."""
    model = sg.spins.EdwardsAnderson(shape, distribution="gaussian", rng=3)
    found = sg.spins.exact.enumerate(model, 0.7)
    states = np.array(list(itertools.product([1, -1], repeat=model.n_spins)), dtype=np.int8)
    energy = model.energy(states)
    weights = np.exp(-(energy - energy.min()) / 0.7)
    weights /= weights.sum()
    graph = model.graph() if 2 in shape else model
    mean = weights @ matrix(states, of="links", model=graph) @ weights
    assert mean == pytest.approx(found.link_overlap[0], rel=1e-12)


def test_links_of_what_dynamics_measures():
    model = sg.spins.EdwardsAnderson((2, 4, 3), rng=2)
    geometry = pytest.importorskip("spinglass_nn.dynamics._geometry")
    expected = geometry.geometry_of(model, ("link_overlap",)).links
    assert np.array_equal(sg.overlaps.spin_overlaps.links_of(model, 24), expected)


@pytest.mark.parametrize(
    ("points", "model", "error", "message"),
    [
        (spins(3, 4) * 2, [(0, 1)], DataError, r"points must be \+1 or -1, got"),
        (np.where(np.eye(3) > 0, np.nan, 1.0), [(0, 1)], DataError, r"\+1 or -1, got nan"),
        (np.ones((3, 4), dtype=bool), [(0, 1)], DataError, r"\+1 and -1, got dtype bool"),
        (spins(1, 4), [(0, 1)], DataError, r"at least 2 configurations .* got shape \(1, 4\)"),
        (spins(3, 4)[0], [(0, 1)], DataError, r"at least 2 configurations"),
        (spins(3, 4), [(0, 4)], DataError, r"links between spins 0 \.\.\. 3, got 1 links"),
        (spins(3, 4), [(-1, 2)], DataError, r"links between spins 0 \.\.\. 3"),
        (spins(3, 4), np.zeros((0, 2), dtype=int), DataError, r"got 0 links"),
        (spins(3, 4), [0, 1], ShapeError, r"model must have shape \(any, 2\)"),
        (spins(3, 4), sg.spins.EdwardsAnderson((3, 3), rng=0), ParameterError, r"got 9"),
        (spins(3, 4), sg.spins.PSpin(4, p=3, rng=0), ParameterError, r"p must be 2|pairs"),
    ],
)
def test_refuses(points, model, error, message):
    with pytest.raises(error, match=message):
        matrix(points, of="links", model=model)


def test_networks_are_no_spins():
    net = sg.networks.MLP((2, 3, 2))
    with pytest.raises(ParameterError, match="spin configurations, got networks"):
        matrix(sg.networks.initialize(net, n_replicas=3, rng=0), of="spins")


def test_flips_are_undone_wherever_that_is_possible():
    rng = np.random.default_rng(5)
    base = np.where(rng.random((12, 400)) < 0.1, -1, 1)
    signs = rng.choice([-1, 1], 12)
    gauge = flip_gauge(matrix(base * signs[:, None], of="spins"))
    assert np.array_equal(gauge.signs, signs * signs[0])
    assert gauge.n_negative == 0
    assert np.all(gauge.overlaps > 0)
    assert repr(gauge).startswith("<flip gauge of 12 points: ")


@pytest.mark.parametrize("seed", range(8))
def test_flip_gauge_of_frustrated_overlaps_is_the_best_of_all(seed):
    q = matrix(spins(7, 12, seed=seed), of="spins")
    gauge = flip_gauge(q)
    best = np.array(naive.best_signs(q))
    assert gauge.overlaps.sum() == pytest.approx((q * np.outer(best, best)).sum(), abs=1e-12)
    assert gauge.n_negative == np.count_nonzero(np.triu(gauge.overlaps, 1) < 0)


@given(st.integers(0, 10_000), st.integers(2, 9))
def test_flip_gauge_does_not_know_the_flips(seed, n_points):
    points = spins(n_points, 25, seed=seed)  # odd: no overlap is zero
    signs = spins(n_points, 1, seed=seed + 1)
    found = flip_gauge(matrix(points, of="spins"))
    turned = flip_gauge(matrix(points * signs, of="spins"))
    assert found.overlaps.sum() == pytest.approx(turned.overlaps.sum(), abs=1e-9)
    again = matrix(points * found.signs[:, None], of="spins")
    assert np.array_equal(again, found.overlaps)


def test_flip_gauge_of_overlaps_that_vanish():
    gauge = flip_gauge(np.eye(4))
    assert gauge.signs.tolist() == [1, 1, 1, 1]
    assert gauge.n_negative == 0


def test_flip_gauge_round_trip(tmp_path):
    gauge = flip_gauge([[1.0, -0.5], [-0.5, 1.0]])
    loaded = sg.load(sg.save(gauge, tmp_path / "gauge.npz"))
    assert loaded.signs.tolist() == [1, -1]
    with pytest.raises(DataError, match="unit diagonal"):
        flip_gauge(np.zeros((3, 3)))
