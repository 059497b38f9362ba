"""Worst-case sharpness against closed forms on quadratics, and grids where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape import worst_case_sharpness
from spinglass_nn.landscape._ascent import _checkpoints
from spinglass_nn.networks import MLP, initialize, loss


def trust_region(g, h, radius):
    """Maximum of g u + u h u / 2 over |u| <= radius, by its secular equation."""
    values, vectors = np.linalg.eigh(h)
    along = vectors.T @ g
    if np.abs(along).max() < 1e-12:
        return values[-1] * radius**2 / 2

    def excess(mu):
        return float(np.sum((along / (mu - values)) ** 2)) - radius**2

    mu = brentq(excess, values[-1] + 1e-9, values[-1] + 1e6, xtol=1e-13)
    u = vectors @ (along / (mu - values))
    return g @ u + u @ h @ u / 2


@pytest.mark.parametrize("size", [0.05, 1.0])
@pytest.mark.parametrize("where", ["minimum", "point"])
def test_ball_on_a_quadratic(quadratic, where, size):
    start = getattr(quadratic, where)
    g = quadratic.hessian @ (start - quadratic.minimum)
    found = worst_case_sharpness(
        quadratic.net, start, quadratic.data, size=size, n_iterations=40
    )
    exact = trust_region(g, quadratic.hessian, size)
    assert found.rise[0] == pytest.approx(exact, rel=1e-6)
    assert np.linalg.norm(found.displacement[0]) <= size * (1 + 1e-12)


@pytest.mark.parametrize("size", [0.05, 0.5])
def test_adaptive_ball_on_a_quadratic(quadratic, size):
    scale = np.abs(quadratic.point)
    found = worst_case_sharpness(
        quadratic.net, quadratic.point, quadratic.data, measure="adaptive_ball", size=size,
        n_iterations=40,
    )  # fmt: skip
    g, h = scale * quadratic.gradient, scale[:, None] * quadratic.hessian * scale
    assert found.rise[0] == pytest.approx(trust_region(g, h, size), rel=1e-6)
    assert np.linalg.norm(found.displacement[0] / scale) <= size * (1 + 1e-12)


@pytest.mark.parametrize("measure", ["sam", "adaptive_sam"])
def test_one_step_on_a_quadratic(quadratic, measure):
    t = np.abs(quadratic.point) if measure == "adaptive_sam" else np.ones(6)
    g = quadratic.gradient
    step = 0.3 * t**2 * g / np.linalg.norm(t * g)
    found = worst_case_sharpness(
        quadratic.net, quadratic.point, quadratic.data, measure=measure, size=0.3
    )
    assert found.rise[0] == pytest.approx(g @ step + step @ quadratic.hessian @ step / 2)
    np.testing.assert_allclose(found.displacement[0], step)


@pytest.mark.parametrize("size", [1e-3, 0.5])
@pytest.mark.parametrize("at_minimum", [True, False])
def test_box_on_a_diagonal_quadratic(size, at_minimum):
    """Each parameter goes to its own bound, away from the minimum."""
    rng = np.random.default_rng(3)
    inputs = np.diag([1.0, 2.0, 3.0, 0.3]) * 2  # H = diag(1, 4, 9, 0.09)
    targets = rng.standard_normal((4, 1))
    h = np.diag(inputs) ** 2 / 4
    minimum = targets[:, 0] / np.diag(inputs)
    theta = minimum if at_minimum else minimum + rng.standard_normal(4)
    net = MLP(sizes=(4, 1), activation="identity", loss="squared_error", bias=False)
    data = Dataset(inputs, None, targets)
    found = worst_case_sharpness(net, theta, data, measure="keskar", size=size)
    bound = size * (np.abs(theta) + 1)
    exact = (np.abs(h * (theta - minimum)) * bound + h * bound**2 / 2).sum()
    base = (h * (theta - minimum) ** 2).sum() / 2
    assert found.rise[0] == pytest.approx(exact, rel=1e-9)
    assert found.value[0] == pytest.approx(100 * exact / (1 + base), rel=1e-9)


def test_box_in_a_subspace_keeps_to_it(quadratic):
    whole, some = (
        worst_case_sharpness(
            quadratic.net, quadratic.point, quadratic.data, measure="keskar", size=0.1,
            n_directions=n, rng=5,
        )
        for n in (None, 2)
    )  # fmt: skip
    draw = np.random.SFC64(np.random.SeedSequence(5, spawn_key=(13, 0, 1)))
    axes = np.linalg.qr(np.random.Generator(draw).standard_normal((6, 2)))[0]
    y = axes.T @ some.displacement[0]
    np.testing.assert_allclose(axes @ y, some.displacement[0], atol=1e-12)
    bound = 0.1 * (np.abs(axes.T @ quadratic.point) + 1)
    assert (np.abs(y) <= bound * (1 + 1e-12)).all()
    corners = np.stack(np.meshgrid([-1, 1], [-1, 1]), axis=-1).reshape(-1, 2) * bound @ axes.T
    g, h = quadratic.gradient, quadratic.hessian
    exact = max(g @ d + d @ h @ d / 2 for d in corners)  # convex: largest in a corner
    assert some.rise[0] == pytest.approx(exact, rel=1e-9)
    assert some.rise[0] < whole.rise[0]


@pytest.mark.parametrize("measure", ["ball", "adaptive_ball", "keskar"])
def test_against_looking_everywhere(two_parameters, measure):
    net, data, point = two_parameters.net, two_parameters.data, two_parameters.point
    size = 0.4
    found = worst_case_sharpness(
        net, point, data, measure=measure, size=size, n_starts=4, n_iterations=40
    )
    angle = np.linspace(0, 2 * np.pi, 2001)
    inside = [
        r * np.stack([np.cos(angle), np.sin(angle)], axis=1) for r in np.linspace(0, 1, 41)
    ]
    if measure == "keskar":
        ticks = np.linspace(-1, 1, 301)
        inside = [np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)]
    scale = {
        "ball": size * np.ones(2),
        "adaptive_ball": size * np.abs(point),
        "keskar": size * (np.abs(point) + 1),
    }[measure]
    everywhere = loss(net, point + scale * np.concatenate(inside), data) - loss(
        net, point, data
    )
    assert found.rise[0] == pytest.approx(everywhere.max(), rel=1e-4)
    assert found.rise[0] == pytest.approx(
        loss(net, point + found.displacement[0], data) - loss(net, point, data)
    )


def test_checkpoints_come_closer():
    assert _checkpoints(100) == [0, 22, 41, 57, 70, 80, 87, 93, 99, 100]  # their figure
    assert _checkpoints(1) == [0, 1]


def test_same_bits_on_any_threads_and_in_any_company(small_data):
    net = MLP(sizes=(4, 6, 3))
    points = initialize(net, n_replicas=3, rng=6)
    for measure in ("ball", "keskar"):
        one, two = (
            worst_case_sharpness(net, points, small_data, measure=measure, n_threads=n)
            for n in (1, 2)
        )
        np.testing.assert_array_equal(one.rise, two.rise)
        alone = worst_case_sharpness(net, points[1], small_data, measure=measure)
        assert alone.value[0] == one.value[1]
        assert len(one) == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"measure": "bal"}, "measure must be one of .* did you mean 'ball'"),
        ({"size": 0}, "size must be positive, got 0"),
        ({"n_iterations": 0}, "n_iterations must be at least 1"),
        ({"n_starts": 0}, "n_starts must be at least 1"),
        ({"n_directions": 3}, "n_directions must be left out for 'ball', got 3"),
        ({"measure": "keskar", "n_directions": 7}, "n_directions must be at most 6, got 7"),
    ],
)
def test_bad_input(quadratic, given, message):
    with pytest.raises(ParameterError, match=message):
        worst_case_sharpness(quadratic.net, quadratic.point, quadratic.data, **given)
