"""Flatness against its definition, exact laws and symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from naive import sharpness as naive

from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape import Flatness, flatness
from spinglass_nn.networks import MLP, Replica, initialize, loss
from spinglass_nn.statistics import Estimate
from spinglass_nn.walks import quadratic_law


@pytest.fixture(scope="module")
def net():
    return MLP(sizes=(4, 6, 3))


@pytest.fixture(scope="module")
def replicas(net):
    return initialize(net, n_replicas=3, gain=2.0, rng=6)


@pytest.mark.parametrize("kind", ["isotropic", "filter"])
@pytest.mark.parametrize("antithetic", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_flatness_is_that_of_the_definition(small_data, kind, antithetic, bias):
    net = MLP(sizes=(4, 5, 3), bias=bias)
    replicas = initialize(net, n_replicas=2, rng=1)
    found = flatness(
        net,
        replicas,
        small_data,
        radius=0.7,
        kind=kind,
        n_directions=6,
        antithetic=antithetic,
        rng=8,
    )
    for k, replica in enumerate(replicas):
        mean, error = naive.flatness(
            net,
            replica.weights,
            small_data,
            radius=0.7,
            kind=kind,
            n_directions=6,
            antithetic=antithetic,
            seed=8,
        )
        assert found[k].mean == pytest.approx(mean, rel=1e-9)
        assert found[k].error == pytest.approx(error, rel=1e-9)


def test_quadratic_loss_rises_by_the_trace():
    rng = np.random.default_rng(4)
    inputs = rng.standard_normal((30, 3)) * [1.0, 2.0, 0.5]
    data = Dataset(inputs, None, rng.standard_normal((30, 2)))
    net = MLP(sizes=(3, 2), activation="identity", loss="squared_error")
    design = np.c_[inputs, np.ones(30)]
    trace = 2 * float((design**2).sum()) / 30
    point = Replica(net, rng.standard_normal(8))
    for radius in (0.01, 1.0, 100.0):
        found = flatness(net, point, data, radius=radius, n_directions=200, rng=2)
        assert abs(found.z(quadratic_law(trace, 8, radius))) < 4
    # without pairs the gradient adds noise but no bias
    alone = flatness(net, point, data, radius=0.5, n_directions=2000, antithetic=False, rng=2)
    assert abs(alone.z(quadratic_law(trace, 8, 0.5))) < 4


def test_excursion_is_a_radius_in_units_of_the_norm(net, small_data, replicas):
    rho = 0.3
    found = flatness(net, replicas, small_data, excursion=rho, n_directions=4, rng=0)
    for k, replica in enumerate(replicas):
        same = flatness(
            net, replica, small_data, radius=rho * replica.norm, n_directions=4, rng=0
        )
        assert isinstance(same, Estimate)
        assert found[k].mean == pytest.approx(same.mean, rel=1e-10)
        assert found.radius[k] == pytest.approx(rho * replica.norm)
    assert isinstance(found, Flatness)
    assert len(found) == 3


def test_units_of_zero_norm_stay_where_they_are(net, small_data):
    point = initialize(net, rng=3).weights[0].copy()
    layers = net.layers(point)
    layers[0].weight[2], layers[0].bias[2] = 0, 0
    found = flatness(
        net,
        Replica(net, point),
        small_data,
        excursion=0.5,
        kind="filter",
        n_directions=4,
        rng=0,
    )
    mean, _ = naive.flatness(
        net,
        point,
        small_data,
        radius=0.5 * np.linalg.norm(point),
        kind="filter",
        n_directions=4,
        antithetic=True,
        seed=0,
    )
    assert found.mean == pytest.approx(mean, rel=1e-9)
    moved = naive.displacement(
        net, point, 0, 0, radius=0.5 * np.linalg.norm(point), kind="filter"
    )
    assert not net.layers(moved)[0].weight[2].any()


def test_rescaling_units_moves_f1_but_not_the_loss(net, small_data, replicas):
    # T9, second part: the same function, another flatness
    point = replicas[0]
    scaled = point.weights.copy()
    first, second = net.layers(scaled)
    factors = np.array([5.0, 0.2, 5.0, 0.2, 5.0, 0.2])
    first.weight[...] *= factors[:, None]
    first.bias[...] *= factors
    second.weight[...] /= factors
    before, after = loss(net, point, small_data), loss(net, scaled, small_data)
    assert after == pytest.approx(before, abs=1e-12)
    one, other = (
        flatness(net, p, small_data, radius=0.5, n_directions=200, rng=1)
        for p in (point, Replica(net, scaled))
    )
    assert abs(one.z(other)) > 5
    assert other.mean > 1.2 * one.mean


def test_same_bits_on_any_threads_and_in_any_company(net, small_data, replicas):
    one, two = (
        flatness(net, replicas, small_data, radius=0.5, n_directions=9, rng=1, n_threads=n)
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one.mean, two.mean)
    np.testing.assert_array_equal(one.error, two.error)
    alone = flatness(net, replicas[1:2], small_data, radius=0.5, n_directions=9, rng=1)
    assert alone.mean[0] == one.mean[1]


def test_float32_is_close(net, small_data, replicas):
    single = flatness(
        net, replicas.weights.astype(np.float32), small_data, radius=0.5, n_directions=8, rng=1
    )
    double = flatness(net, replicas, small_data, radius=0.5, n_directions=8, rng=1)
    np.testing.assert_allclose(single.mean, double.mean, rtol=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "give radius or excursion, got neither"),
        ({"radius": 1.0, "excursion": 1.0}, "give radius or excursion, got both"),
        ({"radius": -1.0}, "radius must be positive, got -1"),
        ({"excursion": 0}, "excursion must be positive, got 0"),
        ({"radius": 1.0, "n_directions": 1}, "n_directions must be at least 2, got 1"),
        ({"radius": 1.0, "kind": "filters"}, "kind must be one of .* did you mean 'filter'"),
    ],
)
def test_bad_input(net, small_data, replicas, given, message):
    with pytest.raises(ParameterError, match=message):
        flatness(net, replicas, small_data, **given)


@pytest.mark.parametrize("given", [{"excursion": 0.1}, {"radius": 1.0, "kind": "filter"}])
def test_zero_points_have_no_relative_displacement(net, small_data, given):
    points = np.ones((3, net.n_parameters))
    points[1] = 0
    with pytest.raises(ParameterError, match=r"points must not be zero .* zero vector at 1"):
        flatness(net, points, small_data, **given)
