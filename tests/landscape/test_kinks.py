"""What units that switch add to the curvature: by definition, and against second differences."""

from __future__ import annotations

import numpy as np
import pytest
from naive import curvature as naive
from scipy.stats import norm

from spinglass_nn import datasets
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.landscape import kink_curvature
from spinglass_nn.networks import MLP, Replica, hessian_vector_product, loss, random_points
from spinglass_nn.training import train_replicas


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(4, 5, 3), (4, 5, 4, 3), (4, 3, 3, 3, 3)])
@pytest.mark.parametrize("name", ["cross_entropy", "squared_error", "squared_hinge"])
def test_is_that_of_the_definition(small_data, sizes, bias, name):
    net = MLP(sizes=sizes, bias=bias, loss=name)
    theta = random_points(net, norm=3.0, rng=1)[0].weights
    directions = np.random.default_rng(2).standard_normal((3, net.n_parameters)) / 3
    scales = np.array([0.3, 1.0])
    found = kink_curvature(net, theta, small_data, directions, scales=scales)
    exact = [[naive.kinks(net, theta, s * d, small_data) for d in directions] for s in scales]
    assert np.abs(exact).min() > 0
    np.testing.assert_allclose(found, exact, rtol=1e-10)


def test_one_vector_one_scale_and_any_threads(small_data):
    net = MLP(sizes=(4, 5, 3))
    theta = random_points(net, norm=3.0, rng=1)[0]
    directions = np.random.default_rng(2).standard_normal((40, net.n_parameters))
    found = kink_curvature(net, theta, small_data, directions, scales=[0.5, -1.0], n_threads=1)
    again = kink_curvature(net, theta, small_data, directions, scales=[0.5, 1.0], n_threads=2)
    assert found.shape == (2, 40)
    assert np.array_equal(found, again)
    one = kink_curvature(net, theta, small_data, directions[0])
    assert one.shape == ()
    assert one == pytest.approx(found[1, 0], rel=1e-12)
    single = Replica(net, theta.weights.astype(np.float32))
    np.testing.assert_allclose(
        kink_curvature(net, single, small_data, directions), found[1], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("shift", [0.01, 0.1, 0.5])
def test_unit_among_gaussian_sums(shift):
    """A unit's bias moves by s, its sum is a normal number x, and the output is to be t.

    Then K = E[(a - t) max(0, s - |x|)], near -t s^2 / sqrt(2 pi): curvature that does not vanish
    with s, of which the Hessian, P(x > 0), knows nothing.
    """
    n, target = 200_000, -2.0
    x = norm.ppf((np.arange(n) + 0.5) / n)[:, None]
    data = Dataset(x, None, np.full((n, 1), target))
    net = MLP(sizes=(1, 1, 1), loss="squared_error")
    theta, bias = np.array([1.0, 0.0, 1.0, 0.0]), np.eye(4)[1]
    found = float(kink_curvature(net, theta, data, shift * bias))
    low, density = norm.cdf(shift) - 0.5, (norm.pdf(0) - norm.pdf(shift))
    inside = 2 * (shift * low - density)  # E max(0, s - |x|)
    above = shift * density - (low - shift * norm.pdf(shift))  # E[x max(0, s - x), x > 0]
    assert found == pytest.approx(above - target * inside, rel=1e-3)
    assert found / shift**2 == pytest.approx(-target / np.sqrt(2 * np.pi), rel=shift)
    smooth = shift**2 * (bias @ hessian_vector_product(net, theta, bias, data))
    assert smooth == pytest.approx(shift**2 / 2, rel=1e-3)


@pytest.fixture(scope="module")
def trained():
    """A network that has learnt digits, and displacements of its own length."""
    data = datasets.digits()
    net = MLP(sizes=(64, 32, 10))
    run = train_replicas(net, data, n_replicas=1, n_epochs=60, rng=1)
    theta = run.replicas.weights[0].astype(np.float64)
    directions = np.random.default_rng(0).standard_normal((20, theta.size))
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    return net, data, theta, directions * np.linalg.norm(theta) / lengths


def test_second_difference_is_hessian_and_kinks(trained):
    """The Hessian alone is off by a sixth or more; what kinks leave is of third order."""
    net, data, theta, directions = trained
    smooth = np.einsum(
        "ij,ij->i", directions, hessian_vector_product(net, theta, directions, data)
    )
    left = []
    scales = np.array([0.003, 0.03])
    kinks = kink_curvature(net, theta, data, directions, scales=scales)
    for scale, kink in zip(scales, kinks, strict=True):
        pair = [loss(net, theta + sign * scale * directions, data) for sign in (1, -1)]
        seen = pair[0] + pair[1] - 2 * loss(net, theta, data)
        missing = seen - scale**2 * smooth
        assert missing.mean() > 0.15 * scale**2 * smooth.mean()
        assert missing.mean() > 5 * missing.std() / np.sqrt(missing.size)
        left.append(np.sqrt(np.mean((missing - kink) ** 2)))
        assert left[-1] < 10 * scale * np.sqrt(np.mean(kink**2))
    order = np.log(left[1] / left[0]) / np.log(scales[1] / scales[0])
    assert order > 2.5


def test_nothing_hidden_and_nothing_asked(small_data):
    linear = MLP(sizes=(4, 3))
    assert not kink_curvature(linear, np.ones(15), small_data, np.ones((2, 15))).any()
    net = MLP(sizes=(4, 5, 3))
    for directions, scales, shape in (
        (np.ones((0, 43)), 1.0, (0,)),
        (np.ones(43), [], (0,)),
        (np.ones((2, 43)), np.ones((3, 4)), (3, 4, 2)),
    ):
        found = kink_curvature(net, np.ones(43), small_data, directions, scales=scales)
        assert found.shape == shape


def test_smooth_units_have_none(small_data):
    net = MLP(sizes=(4, 5, 3), activation="tanh")
    assert not kink_curvature(net, np.ones(43), small_data, np.ones((2, 43))).any()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"point": np.ones((2, 43))},
            ParameterError,
            "point must be one point, got 2 replicas",
        ),
        ({"net": MLP(sizes=(4, 5, 3), activation="sign")}, ParameterError, "without jumps"),
        (
            {"directions": np.ones((2, 42))},
            ShapeError,
            r"directions must have shape \(any, 43\)",
        ),
        ({"directions": np.full(43, np.nan)}, DataError, "directions"),
        ({"scales": np.nan}, DataError, "scales"),
    ],
)
def test_bad_input(small_data, change, error, message):
    given = {
        "net": MLP(sizes=(4, 5, 3)), "point": np.ones(43), "data": small_data,
        "directions": np.ones(43),
    } | change  # fmt: skip
    with pytest.raises(error, match=message):
        kink_curvature(**given)
