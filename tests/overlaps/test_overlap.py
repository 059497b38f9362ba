from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive import overlaps as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps import (
    Distances,
    as_distances,
    distances,
    matrix,
    weight_points,
)

POINTS = np.random.default_rng(1).normal(size=(7, 13))
LABELS = np.random.default_rng(2).integers(0, 3, size=(6, 40))


@pytest.mark.parametrize("dtype", [np.float64, np.int8, np.int64])
def test_overlap_against_loops(dtype):
    points = np.rint(3 * POINTS).astype(dtype) if dtype != np.float64 else POINTS
    np.testing.assert_allclose(matrix(points), naive.cosine(points), atol=1e-12)


def test_overlap_is_exactly_symmetric_with_unit_diagonal():
    q = matrix(POINTS)
    assert np.array_equal(q, q.T)
    assert np.all(np.diagonal(q) == 1)


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_euclidean_against_loops(shift):
    found = distances(POINTS + shift).values
    np.testing.assert_allclose(found, naive.euclidean(POINTS + shift), rtol=1e-9)
    assert np.array_equal(found, found.T)
    assert np.all(np.diagonal(found) == 0)


def test_near_pairs_keep_their_digits():
    points = np.random.default_rng(3).normal(size=(5, 200))
    points[1] = points[0]
    points[2] = points[0]
    points[2, 17] += 1e-11
    found = distances(points).values
    assert found[0, 1] == 0.0
    assert found[0, 2] == pytest.approx(points[2, 17] - points[0, 17], rel=1e-12)
    turned = distances(points, kind="1 - overlap").values
    assert turned[0, 1] == 0.0
    assert 0 < turned[0, 2] < 1e-22


def test_one_minus_overlap():
    found = distances(POINTS, kind="1 - overlap")
    np.testing.assert_allclose(found.values, 1 - naive.cosine(POINTS), atol=1e-12)
    assert found.n_dimensions == 13
    assert "1 - q" in found.convention


def test_disagreement_and_label_overlap_against_loops():
    found = distances(LABELS, kind="disagreement").values
    np.testing.assert_allclose(found, naive.disagreement(LABELS), atol=1e-15)
    q = matrix(LABELS, of="labels")
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(q[off], ((3 * (1 - found) - 1) / 2)[off], atol=1e-12)


def test_independent_labels_have_no_overlap_beyond_chance():
    labels = np.random.default_rng(4).integers(0, 5, size=(3, 20_000))
    q = matrix(labels, of="labels")[np.triu_indices(3, 1)]
    assert np.all(np.abs(q) < 4 * np.sqrt(0.2 * 0.8 / 20_000) * 5 / 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: matrix(np.zeros((3, 2))), DataError, r"must not be zero .*got zeros at 0"),
        (lambda: matrix([[1.0, np.nan], [0, 1]]), DataError, r"points must be finite, got 1"),
        (lambda: matrix([[1.0, 2.0]]), DataError, r"at least 2 with at least 1 component"),
        (lambda: matrix([1.0, 2.0]), ShapeError, r"points must have shape \(any, any\)"),
        (lambda: matrix(POINTS, of="weight"), ParameterError, r"did you mean 'weights'"),
        (lambda: matrix(POINTS, align="permutations"), ParameterError, r"must be networks"),
        (lambda: matrix(POINTS, of="logits", data=POINTS), ParameterError, r"must be networks"),
        (lambda: matrix(POINTS, of="logits"), ParameterError, r"data must be given"),
        (lambda: matrix(LABELS, of="labels", align="balanced"), ParameterError, r"align must"),
        (lambda: matrix(LABELS * 0, of="labels"), DataError, r"at least 2 labels .* got 1"),
        (lambda: distances(POINTS, kind="disagreement"), DataError, r"integer labels of shape"),
        (lambda: distances(POINTS, kind="aligned euclidean"), ParameterError, r"hidden units"),
        (lambda: distances(POINTS, kind="euclid"), ParameterError, r"did you mean 'euclidean'"),
        (lambda: weight_points(POINTS, layer=0), ParameterError, r"layer must be None"),
        (lambda: matrix(LABELS, of="labels", layer=0), ParameterError, r"layer must be None"),
        (lambda: matrix(POINTS, of="activations"), ParameterError, r"must be networks"),
        (lambda: matrix(POINTS, of="links"), ParameterError, r"model must be given for of"),
        (lambda: matrix(POINTS, model=[(0, 1)]), ParameterError, r"model must be None"),
        (lambda: matrix(POINTS, align="activations"), ParameterError, r"align must be one of"),
        (lambda: matrix(POINTS, of="spins"), DataError, r"points must be \+1 or -1, got"),
        (lambda: distances(LABELS, kind="hamming"), DataError, r"must be \+1 or -1, got"),
        (lambda: sg.overlaps.layer_matrices(POINTS), ParameterError, r"must be networks"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (np.zeros((2, 3)), ShapeError, r"square matrix, got shape \(2, 3\)"),
        ([[0, 1, 1], [2, 0, 1], [1, 1, 0]], DataError, r"symmetric, got 1 at \(0, 1\) and 2"),
        ([[0, 1], [1, 0]], DataError, r"at least 3 points, got 2"),
        ([[0, 1, 1], [1, 0, np.nan], [1, np.nan, 0]], DataError, r"finite, got 2 NaN"),
        ([[0, -1, 1], [-1, 0, 1], [1, 1, 0]], DataError, r"not be negative, got -1"),
        (np.full((3, 3), 0.5), DataError, r"zero diagonal \(or overlaps a unit one\)"),
        ([[1, 2, 0], [2, 1, 0], [0, 0, 1]], DataError, r"must lie in \[-1, 1\], got 2"),
    ],
)
def test_matrices_that_are_not_distances(values, error, message):
    with pytest.raises(error, match=message):
        as_distances(values)


def test_a_matrix_of_overlaps_becomes_distances():
    q = matrix(POINTS)
    found = as_distances(q)
    assert found.kind == "1 - overlap"
    np.testing.assert_allclose(found.values, 1 - q, atol=1e-15)
    assert as_distances(found) is found
    assert np.all(as_distances(np.ones((3, 3))).values == 0)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("1 - overlap", 1.3),
        ("(1 - overlap)/2", 0.65),
        ("1 - |overlap|", 0.7),
        ("angle", np.arccos(-0.3)),
    ],
)
def test_distances_made_of_overlaps_and_of_points_agree(kind, expected):
    found = sg.overlaps.from_overlaps([[1, -0.3], [-0.3, 1]], kind=kind, name="test overlaps")
    assert found.values[0, 1] == pytest.approx(expected, rel=1e-15)
    assert str(found).startswith(f"distances of 2 points: {kind}, d = ")
    assert str(found).endswith(" of test overlaps")
    direct = distances(POINTS, kind=kind)
    q = sg.overlaps.from_overlaps(naive.cosine(POINTS), kind=kind, n_dimensions=13)
    np.testing.assert_allclose(direct.values, q.values, atol=1e-12)
    assert (direct.kind, direct.n_dimensions) == (q.kind, q.n_dimensions)


def test_overlaps_that_are_none_make_no_distances():
    with pytest.raises(DataError, match="unit diagonal"):
        sg.overlaps.from_overlaps(np.zeros((3, 3)))
    with pytest.raises(ParameterError, match="kind must be one of"):
        sg.overlaps.from_overlaps(np.eye(3), kind="euclidean")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8])
def test_equal_points_have_overlap_one_and_no_distance(dtype):
    points = np.tile(np.array([1, -1, 1, 1], dtype=dtype), (600, 5)) * dtype(3)
    assert np.allclose(matrix(points), 1, rtol=0, atol=1e-6 if dtype == np.float32 else 1e-15)
    for kind in ("euclidean", "1 - overlap", "1 - |overlap|", "angle"):
        assert not distances(points, kind=kind).values.any()


def test_distances_are_read_only_and_round_trip(tmp_path):
    found = distances(POINTS)
    with pytest.raises(ValueError, match="read-only"):
        found.values[0, 1] = 3
    loaded = sg.load(sg.save(found, tmp_path / "d.npz"))
    assert isinstance(loaded, Distances)
    assert np.array_equal(loaded.values, found.values)
    assert (loaded.kind, loaded.n_dimensions) == ("euclidean", 13)
    assert repr(found) == "<distances of 7 points: euclidean>"


COMPONENTS = st.floats(-1e3, 1e3).filter(lambda v: abs(v) > 1e-3)


@given(hnp.arrays(np.float64, (4, 6), elements=COMPONENTS), st.floats(0.01, 100.0))
def test_overlaps_are_bounded_and_know_no_scale(points, scale):
    q = matrix(points)
    assert np.all(np.abs(q) <= 1)
    np.testing.assert_allclose(matrix(points * scale), q, atol=1e-12)


@given(hnp.arrays(np.int64, (4, 12), elements=st.integers(0, 2)))
def test_disagreement_is_a_metric(labels):
    d = distances(labels, kind="disagreement").values
    assert np.all(d[:, None, :] <= d[:, :, None] + d[None, :, :] + 1e-12)
