"""Initial weights: their distributions, their streams, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, initialize, random_points

NET = MLP((50, 40, 30))
VARIANCE = {
    "he_normal": lambda n, m: 2 / n,
    "he_uniform": lambda n, m: 2 / n,
    "glorot_normal": lambda n, m: 2 / (n + m),
    "glorot_uniform": lambda n, m: 2 / (n + m),
    "fan_in": lambda n, m: 1 / (3 * n),
    "orthogonal": lambda n, m: 1 / max(n, m),
}
FAMILIES = [name for name in VARIANCE if name != "orthogonal"]


def moment_z_scores(values, variance, uniform):
    """z of mean and variance of independent draws, from the exact fourth moment."""
    n = values.size
    fourth = (1.8 if uniform else 3.0) * variance**2
    mean = values.mean() / math.sqrt(variance / n)
    square = ((values**2).mean() - variance) / math.sqrt((fourth - variance**2) / n)
    quartic = (9.0 if uniform else 105.0) * variance**4
    kurtosis = ((values**4).mean() - fourth) / math.sqrt((quartic - fourth**2) / n)
    return mean, square, kurtosis


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_moments_of_weights(name, gain):
    replicas = initialize(NET, n_replicas=40, initializer=name, gain=gain, rng=11)
    for layer in replicas.layers:
        m, n = layer.weight.shape[1:]
        variance = gain**2 * VARIANCE[name](n, m)
        uniform = "normal" not in name
        assert np.all(np.abs(moment_z_scores(layer.weight.ravel(), variance, uniform)) < 4)
        bound = math.sqrt(3 * variance)
        assert (abs(layer.weight).max() <= bound) == uniform


@pytest.mark.parametrize("name", VARIANCE)
def test_biases_are_zero_but_for_fan_in(name):
    replicas = initialize(NET, n_replicas=40, initializer=name, gain=0.5, rng=2)
    for layer in replicas.layers:
        n = layer.weight.shape[2]
        if name != "fan_in":
            assert not layer.bias.any()
            continue
        assert np.all(np.abs(moment_z_scores(layer.bias.ravel(), 0.25 / (3 * n), True)) < 4)
        assert abs(layer.bias).max() <= 0.5 / math.sqrt(n)


@pytest.mark.parametrize("sizes", [(6, 9, 2), (9, 6, 6), (1, 4, 2)])
def test_orthogonal_rows_or_columns(sizes):
    for layer in initialize(MLP(sizes), initializer="orthogonal", gain=2.0, rng=0)[0].layers:
        w = layer.weight / 2
        m, n = w.shape
        product = w @ w.T if m <= n else w.T @ w
        assert_allclose(product, np.eye(min(m, n)), atol=1e-14)


@pytest.mark.parametrize("sizes", [(3, 3), (5, 2), (2, 5)])
def test_orthogonal_matrices_are_uniform(sizes):
    """Uniform (Haar): E q = 0, E q² = 1/m and E q⁴ = 3/(m(m+2)), m the longer side."""
    replicas = initialize(MLP(sizes), initializer="orthogonal", n_replicas=3000, rng=6)
    q = replicas.layers[0].weight
    m = max(sizes)
    for power, expected in ((1, 0.0), (2, 1 / m), (4, 3 / (m * (m + 2)))):
        values = q**power
        z = (values.mean(axis=0) - expected) / (values.std(axis=0) / math.sqrt(len(q)))
        assert abs(z).max() < 4


@pytest.mark.parametrize("name", VARIANCE)
def test_replica_k_is_replica_k(name):
    many = initialize(NET, n_replicas=5, initializer=name, rng=3)
    few = initialize(NET, n_replicas=2, initializer=name, rng=3)
    rest = initialize(NET, n_replicas=3, first_replica=2, initializer=name, rng=3)
    assert_array_equal(many.weights, np.vstack([few.weights, rest.weights]))
    assert len(np.unique(many.weights[:, 0])) == 5


def test_single_precision_is_the_rounded_double():
    double = initialize(NET, n_replicas=2, rng=3)
    single = initialize(NET, n_replicas=2, rng=3, dtype="float32")
    assert single.weights.dtype == np.float32
    assert_array_equal(single.weights, double.weights.astype(np.float32))


def test_seeds():
    first = initialize(NET, rng=3).weights
    assert_array_equal(first, initialize(NET, rng=np.random.SeedSequence(3)).weights)
    assert not np.array_equal(first, initialize(NET, rng=4).weights)
    assert not np.array_equal(initialize(NET).weights, initialize(NET).weights)
    generator = np.random.default_rng(1)
    drawn = initialize(NET, rng=generator).weights
    assert not np.array_equal(drawn, initialize(NET, rng=generator).weights)
    assert_array_equal(drawn, initialize(NET, rng=np.random.default_rng(1)).weights)


@pytest.mark.parametrize("first_layer_twin", [MLP((50, 40, 7)), MLP((50, 40, 30), "tanh")])
def test_first_layer_does_not_depend_on_what_follows(first_layer_twin):
    ours = initialize(NET, rng=5)[0].layers[0]
    theirs = initialize(first_layer_twin, rng=5)[0].layers[0]
    assert_array_equal(ours.weight, theirs.weight)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_replicas": 0}, "n_replicas must be at least 1, got 0"),
     ({"first_replica": -1}, "first_replica must be at least 0, got -1"),
     ({"initializer": "he_norm"}, "initializer must be one of .*did you mean 'he_normal'"),
     ({"gain": 0}, "gain must be positive, got 0"),
     ({"gain": math.nan}, "gain must be finite, got nan"),
     ({"dtype": "int64"}, "dtype must be float32 or float64, got 'int64'"),
     ({"dtype": "float23"}, "dtype must be float32 or float64, got 'float23'"),
     ({"rng": -1}, "rng must be a Generator, SeedSequence, non-negative int or None, got -1")],
)  # fmt: skip
def test_messages(options, message):
    with pytest.raises(ParameterError, match=message):
        initialize(NET, **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_random_points_have_the_norm_asked_for(dtype):
    points = random_points(NET, norm=7.5, n_points=6, dtype=dtype, rng=1)
    assert points.weights.shape == (6, NET.n_parameters)
    assert points.weights.dtype == dtype
    assert [p.norm for p in points] == pytest.approx([7.5] * 6, rel=1e-6)
    fewer = random_points(NET, norm=7.5, n_points=2, dtype=dtype, rng=1)
    assert_array_equal(points.weights[:2], fewer.weights)


def test_random_points_are_isotropic():
    net = MLP((3, 2), bias=False)
    points = random_points(net, norm=1.0, n_points=4000, rng=9).weights
    n = net.n_parameters
    z = points.mean(axis=0) * math.sqrt(n * 4000)
    assert abs(z).max() < 4
    z = ((points**2).mean(axis=0) - 1 / n) / ((points**2).std(axis=0) / math.sqrt(4000))
    assert abs(z).max() < 4


@pytest.mark.parametrize(
    ("options", "message"),
    [({"norm": 0}, "norm must be positive, got 0"), ({"norm": 1, "n_points": 0}, "n_points"),
     ({"norm": 1, "dtype": complex}, "dtype must be float32 or float64")],
)  # fmt: skip
def test_random_points_messages(options, message):
    with pytest.raises(ParameterError, match=message):
        random_points(NET, **options)
