from __future__ import annotations

import numpy as np
import pytest
from naive import families as naive

from spinglass_nn import io, networks
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.landscape import (
    AffineFamily,
    Plane,
    family_losses,
    interpolate,
    loss_curve,
    loss_surface,
    pair_barriers,
    plane,
    plane_through,
    random_direction,
)
from spinglass_nn.networks import MLP, _affine
from spinglass_nn.symmetries import random_permutation

NET = MLP((4, 9, 3))


def clouds(n=150, dtype=np.float64):
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((3, 4))
    labels = rng.integers(0, 3, n + 40)
    inputs = (centers[labels] + rng.standard_normal((n + 40, 4))).astype(dtype)
    held_out = Dataset(inputs[n:], labels[n:], n_classes=3)
    return Dataset(inputs[:n], labels[:n], n_classes=3, test=held_out)


def points(n=3, net=NET, dtype=np.float64, gain=2.0):
    return networks.initialize(net, n_replicas=n, gain=gain, dtype=dtype, rng=1)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_surface_is_the_loss_at_every_point(dtype, tolerance):
    data, through = clouds(dtype=dtype), plane_through(*points(dtype=dtype), n_points=5)
    surface = loss_surface(NET, data, through)
    assert surface.loss.shape == surface.test_accuracy.shape == (5, 5)
    for row, y in enumerate(through.y):
        for column, x in enumerate(through.x):
            point = through.at(x, y)
            for part, loss, accuracy in (
                (data, surface.loss, surface.accuracy),
                (data.test, surface.test_loss, surface.test_accuracy),
            ):
                expected = naive.losses(
                    NET, point.weights[None], [[1.0]], part.inputs, part.labels
                )[0]
                assert loss[row, column] == pytest.approx(expected[0], abs=tolerance)
                assert accuracy[row, column] == pytest.approx(expected[1], abs=0.03)


def test_plane_through_three_points_has_them_where_it_says():
    a, b, c = points()
    through = plane_through(a, b, c, names=("one", "two", "three"))
    for point, (x, y) in zip((a, b, c), through.marks, strict=True):
        np.testing.assert_allclose(through.at(x, y).weights, point.weights, atol=1e-12)
    gaps = np.linalg.norm(through.marks[:, None] - through.marks[None], axis=-1)
    expected = [[np.linalg.norm(p.weights - q.weights) for q in (a, b, c)] for p in (a, b, c)]
    np.testing.assert_allclose(gaps, expected, atol=1e-12)
    assert through.mark_names == ("one", "two", "three")
    assert through.x[0] < 0 < through.marks[1, 0] < through.x[-1]
    x, y = np.meshgrid(through.x, through.y)
    np.testing.assert_allclose(through.distance, np.hypot(x, y), rtol=1e-12)


def test_plane_along_directions():
    a, b, c = points()
    u, v = b.weights - a.weights, c.weights - a.weights
    skew = plane(a, u, v, span=(-1, 2), n_points=4)
    np.testing.assert_allclose(skew.at(0, 1).weights, c.weights, atol=1e-12)
    moved = [[np.linalg.norm(x * u + y * v) for x in skew.x] for y in skew.y]
    np.testing.assert_allclose(skew.distance, moved, rtol=1e-12)
    straight = plane(a, u, v, orthogonal=True).directions
    assert straight[0] @ straight[1] == pytest.approx(0, abs=1e-9)
    assert np.linalg.norm(straight[1]) == pytest.approx(np.linalg.norm(v))


def test_random_directions_have_the_norms_of_the_point():
    a = points()[0]
    a.layers[0].weight[2], a.layers[0].bias[2] = 0, 0
    found = NET.layers(random_direction(a, rng=0))
    for layer, own in zip(found, a.layers, strict=True):
        norms = np.hypot(np.linalg.norm(layer.weight, axis=1), layer.bias)
        expected = np.hypot(np.linalg.norm(own.weight, axis=1), own.bias)
        np.testing.assert_allclose(norms, expected, atol=1e-12)
    found = NET.layers(random_direction(a, scaling="layer", rng=0))
    for layer, own in zip(found, a.layers, strict=True):
        norms = np.hypot(np.linalg.norm(layer.weight), np.linalg.norm(layer.bias))
        expected = np.hypot(np.linalg.norm(own.weight), np.linalg.norm(own.bias))
        assert norms == pytest.approx(expected)
    assert np.linalg.norm(random_direction(a, scaling="norm")) == pytest.approx(a.norm)
    one, two = (random_direction(a, scaling="unit", index=k, rng=0) for k in (0, 1))
    assert np.linalg.norm(one) == pytest.approx(1)
    assert abs(one @ two) < 0.5
    np.testing.assert_array_equal(one, random_direction(a, scaling="unit", rng=0))


def test_averages_and_permuted_copies():
    data, a = clouds(), points()[0]
    copies = [random_permutation(NET, index=k, rng=2).apply(a) for k in range(4)]
    vectors = np.stack([a.weights, *(copy.weights for copy in copies)])
    rows = np.random.default_rng(3).dirichlet(np.ones(5), size=30)
    rows[:5] = np.eye(5)
    family = AffineFamily(NET, vectors, rows, name="averages of copies")
    assert len(family) == 30
    packed = _affine.pack_family(NET, vectors, _affine.from_matrix(rows), True)
    assert packed.biases.size == 9  # units of all copies are those of one
    found = family_losses(NET, data, family)
    expected = naive.losses(NET, vectors, rows, data.inputs, data.labels)
    np.testing.assert_allclose(found.loss, expected[:, 0], rtol=1e-12)
    np.testing.assert_allclose(found.accuracy, expected[:, 1])
    assert np.ptp(found.loss[:5]) < 1e-12
    at = networks.loss(NET, family.at(17), data.test)
    assert found.test_loss[17] == pytest.approx(at, abs=1e-12)
    assert family_losses(NET, data, family, test=False).test_loss is None


@pytest.mark.parametrize("most", [_affine.MOST_UNITS, 40])
def test_pair_barriers_are_those_of_the_lines(most, monkeypatch):
    monkeypatch.setattr(_affine, "MOST_UNITS", most)
    data, some = clouds(), points(5)
    found = pair_barriers(NET, data, some, n_points=7)

    def loss(i, j, t):
        mixed = (1 - t) * some.weights[i] + t * some.weights[j]
        return naive.losses(NET, mixed[None], [[1.0]], data.inputs, data.labels)[0, 0]

    chord, ends = naive.barriers(some, loss)
    assert chord.max() > 0.05
    np.testing.assert_allclose(found.barrier, chord, atol=1e-12)
    np.testing.assert_allclose(found.barrier_above_ends, ends, atol=1e-12)
    for i, j in ((0, 3), (3, 0), (2, 4)):
        curve = loss_curve(NET, data, interpolate(some[i], some[j], n_points=7))
        assert found.position[i, j] == pytest.approx(curve.barrier_position)
        assert found.lowest_accuracy[i, j] == pytest.approx(curve.lowest_accuracy)
        assert found.loss[i] == pytest.approx(curve.loss[0], abs=1e-12)
    np.testing.assert_array_equal(np.diag(found.lowest_accuracy), found.accuracy)
    assert len(found) == 5
    two = pair_barriers(NET, data, some[:2], n_points=2)
    assert not two.barrier.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_change_a_bit(dtype):
    data, some = clouds(2500, dtype=dtype), points(4, dtype=dtype)
    through = plane_through(*some[:3], n_points=6)
    seen = []
    one = loss_surface(NET, data, through, n_threads=1)
    two = loss_surface(NET, data, through, n_threads=3, progress=lambda *x: seen.append(x[:2]))
    np.testing.assert_array_equal(one.loss, two.loss)
    np.testing.assert_array_equal(one.test_accuracy, two.test_accuracy)
    assert seen[-1][0] == seen[-1][1]
    lines = [pair_barriers(NET, data, some, n_points=5, n_threads=k) for k in (1, 3)]
    np.testing.assert_array_equal(lines[0].barrier, lines[1].barrier)


def test_results_survive_a_file(tmp_path):
    data, some = clouds(), points()
    through = plane_through(*some, n_points=3)
    results = [
        through,
        loss_surface(NET, data, through),
        pair_barriers(NET, data, some, n_points=3),
        AffineFamily(NET, some.weights, np.eye(3)),
        family_losses(NET, data, AffineFamily(NET, some.weights, np.eye(3))),
    ]
    for k, value in enumerate(results):
        again = io.load(io.save(value, tmp_path / f"{k}.npz"))
        assert repr(again) == repr(value)
    assert results[1].lowest[0] in through.x
    assert "3 points" in repr(results[2])


def test_errors_say_what_is_wrong():
    data, (a, b, c) = clouds(), points()
    other = networks.initialize(MLP((4, 5, 3)), rng=0)[0]
    with pytest.raises(ParameterError, match="a, b and c must belong to one network"):
        plane_through(a, b, other)
    with pytest.raises(ParameterError, match="a, b and c must not lie on a line"):
        plane_through(a, b, interpolate(a, b).at(0.3))
    with pytest.raises(ParameterError, match="a, b and c must not lie on a line"):
        plane_through(a, a, b)
    with pytest.raises(ParameterError, match="u and v must be two different directions"):
        plane(a, b.weights, -2 * b.weights)
    with pytest.raises(ShapeError, match=r"v must have shape \(75,\)"):
        plane(a, b.weights, other.weights)
    with pytest.raises(ParameterError, match="span must go from a lower to a higher"):
        plane(a, b.weights, c.weights, span=(1, 1))
    with pytest.raises(ParameterError, match="scaling must be one of 'filter'"):
        random_direction(a, scaling="filters")
    with pytest.raises(ParameterError, match="x must hold numbers that increase"):
        Plane(NET, a.weights, points(2).weights, [0, 0], [0, 1], np.zeros((0, 2)))
    with pytest.raises(ShapeError, match="mark_names must hold 1 names"):
        Plane(NET, a.weights, points(2).weights, [0, 1], [0, 1], np.zeros((1, 2)))
    with pytest.raises(ShapeError, match=r"coefficients must have shape \(any, 3\)"):
        AffineFamily(NET, points().weights, np.eye(2))
    with pytest.raises(ParameterError, match="at least one point and one vector"):
        AffineFamily(NET, points().weights, np.zeros((0, 3)))
    with pytest.raises(DataError, match="coefficients must be finite"):
        AffineFamily(NET, points().weights, np.full((1, 3), np.nan))
    with pytest.raises(ParameterError, match=r"three points must belong to MLP\(4-5-3"):
        loss_surface(MLP((4, 5, 3)), data, plane_through(a, b, c))
    with pytest.raises(ParameterError, match="points must hold at least 2 points, got 1"):
        pair_barriers(NET, data, points(1))
    with pytest.raises(ParameterError, match="points must belong to"):
        pair_barriers(MLP((4, 5, 3)), data, points())
