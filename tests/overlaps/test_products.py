"""Digits, bits and memory of what BLAS multiplies."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from naive import overlaps as naive_overlaps
from naive import points as naive

from spinglass_nn.overlaps import _pairs, _products, distances, matrix
from spinglass_nn.overlaps._products import GAMMA
from spinglass_nn.overlaps.points import norms

RNG = np.random.default_rng(11)
LINEAR = ("1 - overlap", "(1 - overlap)/2", "1 - |overlap|")


def clusters(spread, *, n_points=40, n_dimensions=1500, offset=0.0):
    """Float32 points in five clusters, some of them copies."""
    rng = np.random.default_rng(4)
    centres = offset + rng.normal(size=(5, n_dimensions))
    found = centres[np.arange(n_points) % 5]
    found = (found + spread * rng.normal(size=found.shape)).astype(np.float32)
    found[7] = found[2]
    return found


def exact_squares(points):
    wide = points.astype(np.longdouble)
    return np.array([[np.sum((a - b) ** 2) for b in wide] for a in wide])


def exact_cosines(points):
    wide = points.astype(np.longdouble)
    lengths = np.sqrt((wide**2).sum(axis=1))
    return (wide @ wide.T) / np.outer(lengths, lengths)


@pytest.mark.parametrize("n_dimensions", [1, 255, 256, 257, 5000])
@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_float32_overlaps_err_less_than_the_bound(n_dimensions, offset):
    points = (offset + RNG.normal(size=(20, n_dimensions))).astype(np.float32)
    error = np.abs(matrix(points) - exact_cosines(points)).max()
    assert error < GAMMA + 1e-15
    assert error < 1e-6  # as a rule


def test_float32_overlaps_of_the_worst_kind_err_less_than_the_bound():
    """Terms of 1 + u beside a sum that has grown: every addition rounds the same way."""
    terms = np.full(5000, 1 + 2.0**-23, dtype=np.float32)
    terms[::256] = 3000.0
    points = np.stack([terms, np.ones_like(terms)])
    assert abs(matrix(points)[0, 1] - float(exact_cosines(points)[0, 1])) < GAMMA


@pytest.mark.parametrize("spread", [0.0, 1e-6, 1e-3, 0.05, 0.2, 1.0])
@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_float32_distances_err_less_than_the_bound(spread, offset):
    points = clusters(spread, offset=offset)
    expected = exact_squares(points)
    found = distances(points).values ** 2
    away = expected > 0
    assert not found[~away].any()
    error = np.abs(found / np.where(away, expected, 1) - 1)[away].max()
    assert error < 2.5e-4
    assert error < 1e-5  # as a rule


@pytest.mark.parametrize("kind", LINEAR)
@pytest.mark.parametrize("spread", [1e-3, 0.05, 1.0])
@pytest.mark.parametrize("offset", [0.0, 5.0, 300.0])
def test_float32_distances_of_directions_err_less_than_the_bound(kind, spread, offset):
    points = clusters(spread, offset=offset)
    signs = np.where(np.arange(40) % 3 == 0, -1, 1) if kind == "1 - |overlap|" else 1
    points = (points.T * signs).T.astype(np.float32)
    wide = points.astype(np.longdouble)
    wide /= np.sqrt((wide**2).sum(axis=1))[:, None]
    expected = exact_squares(wide) / 2
    if kind == "1 - |overlap|":
        expected = np.minimum(
            expected, exact_squares(np.concatenate([wide, -wide]))[:40, 40:] / 2
        )
    expected = expected / (2 if kind == "(1 - overlap)/2" else 1)
    found = distances(points, kind=kind).values
    away = expected > 1e-25
    assert found[~away].max(initial=0) < 1e-20
    error = np.abs(found / np.where(away, expected, 1) - 1)[away].max()
    assert error < 2.5e-4
    assert error < 1e-5


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e17, 1e30])
def test_float32_products_out_of_range(scale):
    points = RNG.normal(size=(12, 300))
    points[5] = points[4] + 1e-3
    small = (points * scale).astype(np.float32)
    np.testing.assert_allclose(matrix(small), matrix(small.astype(np.float64)), atol=1e-6)
    for kind in ("euclidean", "1 - overlap"):
        expected = distances(small.astype(np.float64), kind=kind).values
        np.testing.assert_allclose(distances(small, kind=kind).values, expected, rtol=1e-5)


def test_points_of_all_lengths():
    points = (
        RNG.normal(size=(9, 50))
        * 10.0 ** np.array([-170, -60, -30, -8, 0, 8, 30, 60, 150])[:, None]
    )
    one = points / np.abs(points).max(axis=1)[:, None]
    np.testing.assert_allclose(matrix(points), matrix(one), atol=1e-14)
    np.testing.assert_allclose(norms(one * 1e-160), norms(one) * 1e-160, rtol=1e-13)
    mixed = points[2:7].astype(np.float32)
    np.testing.assert_allclose(matrix(mixed), matrix(mixed.astype(np.float64)), atol=1e-6)
    found = distances(mixed).values
    np.testing.assert_allclose(found, naive.all_pairs(naive.separation, mixed), rtol=1e-5)


@pytest.mark.parametrize("others", [[[0.0, 1.0]], [[-3e38, 0.0], [-3e38, 1e38]]])
def test_pairs_farther_apart_than_float32_can_say(others):
    points = np.array([[3e38, 0], [-3e38, 0], *others], dtype=np.float32)
    expected = naive.all_pairs(naive.separation, points)
    np.testing.assert_allclose(distances(points).values, expected, rtol=1e-6)


@pytest.mark.parametrize("largest", [1, 7, 127, 3000, 2**20, 2**40])
def test_integers_are_exact_as_long_as_they_can_be(largest):
    points = RNG.integers(-largest, largest + 1, size=(9, 400))
    if largest == 127:
        points = points.astype(np.int8)
    found = distances(points).values
    expected = np.array([[
        float(sum((int(x) - int(y)) ** 2 for x, y in zip(a, b, strict=True))) for b in points
    ] for a in points])  # fmt: skip
    np.testing.assert_allclose(found, np.sqrt(expected), rtol=0 if largest < 2**20 else 1e-14)
    np.testing.assert_allclose(matrix(points), naive_overlaps.cosine(points), atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("tile", "wide"), [(512, 1 << 20), (16, 4000), (7, 1000)])
def test_how_the_work_is_cut_does_not_matter(monkeypatch, dtype, tile, wide):
    points = clusters(0.05).astype(dtype)
    expected = distances(points).values
    monkeypatch.setattr(_products, "_TILE", tile)
    monkeypatch.setattr(_products, "WIDE", wide)
    monkeypatch.setattr(_pairs, "_PAIRED", 1000)
    monkeypatch.setattr(_products, "_LITTLE", 0)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    found = distances(points)
    np.testing.assert_allclose(found.values, expected, rtol=tolerance)
    assert np.array_equal(found.values, found.values.T)
    np.testing.assert_allclose(matrix(points), exact_cosines(points).astype(float), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8])
@pytest.mark.parametrize("tile", [16, 512])
def test_threads_do_not_change_the_bits(monkeypatch, dtype, tile):
    monkeypatch.setattr(_products, "_TILE", tile)
    monkeypatch.setattr(_products, "_LITTLE", 0)
    monkeypatch.setattr(_pairs, "_PAIRED", 1000)
    points = np.rint(10 * clusters(0.05)).astype(dtype) if dtype == np.int8 else clusters(0.05)
    points = points.astype(dtype)
    for kind in ("euclidean", *LINEAR):
        one, two, three = (distances(points, kind=kind, n_threads=n) for n in (1, 2, 3))
        assert np.array_equal(one.values, two.values)
        assert np.array_equal(one.values, three.values)
    assert np.array_equal(matrix(points, n_threads=1), matrix(points, n_threads=2))


def test_memory_stays_near_that_of_the_result():
    """Neither float64 copies of the points (160 MB) nor n^2 x dimension."""
    points = RNG.standard_normal((1000, 20_000), dtype=np.float32)
    for call, share in ((matrix, 4), (distances, 8)):
        call(points[:20])
        tracemalloc.start()
        call(points, n_threads=2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < share * 8e6 + 24e6
