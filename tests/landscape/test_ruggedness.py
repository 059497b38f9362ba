"""Ruggedness against its definition, and its null against walks on quadratic landscapes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from naive import ruggedness as naive

from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.landscape import quadratic_walk, ruggedness, spectral_density
from spinglass_nn.networks import MLP, gradient, initialize
from spinglass_nn.statistics import Estimate
from spinglass_nn.walks import (
    AlwaysAccept,
    Isotropic,
    Metropolis,
    OneUnit,
    OneWeight,
    PerLayer,
    PerUnit,
    random_walk,
)


def walked(quadratic, start, **how):
    how = {"n_steps": 100, "step": 0.1, "n_walkers": 2, "record_every": 1, "rng": 3} | how
    return random_walk(quadratic.net, quadratic.data, start, **how)


def null_of(quadratic, walk, slope):
    h = quadratic.hessian
    return quadratic_walk(
        walk, h.trace() / len(h), (h @ h).trace() / len(h), gradient_norm=np.linalg.norm(slope)
    )


def test_ruggedness_is_that_of_the_definition():
    rng = np.random.default_rng(0)
    losses = rng.standard_normal((3, 40)).cumsum(axis=1) + 5
    found = ruggedness(losses, interval=7)
    square, ups, length = naive.ruggedness(losses)
    assert found.mean_square.mean == pytest.approx(square, rel=1e-9)
    assert found.rms.mean == pytest.approx(np.sqrt(square), rel=1e-9)
    assert found.up_share.mean == pytest.approx(ups)
    assert found.length.mean == pytest.approx(7 * length, rel=1e-9)


@pytest.mark.parametrize("record_every", [1, 7])
@pytest.mark.parametrize("where", ["minimum", "point"])
def test_null_is_that_of_the_dense_covariance(quadratic, record_every, where):
    start = getattr(quadratic, where)
    slope = quadratic.hessian @ (start - quadratic.minimum)
    walk = walked(quadratic, start, record_every=record_every)
    null = null_of(quadratic, walk, slope)
    steps = [t for t in walk.steps if t % record_every == 0]  # 7 does not divide 100
    exact = naive.null_mean_square(quadratic.hessian, slope, walk.step, steps)
    assert null.mean_square.mean == pytest.approx(exact, rel=1e-9)


def free_walk(hessian, slope, *, step=0.1, n_steps=100, n_walkers=3000, seed=3):
    """Losses (n_walkers, n_steps + 1) of free walks from the origin of a quadratic landscape."""
    rng = np.random.default_rng(seed)
    x = np.zeros((n_walkers, len(slope)))
    losses = np.zeros((n_walkers, n_steps + 1))
    for t in range(1, n_steps + 1):
        u = rng.standard_normal(x.shape)
        x += step * u / np.linalg.norm(u, axis=1, keepdims=True)
        losses[:, t] = x @ slope + ((x @ hessian) * x).sum(axis=1) / 2
    return losses


def facts_of(losses, n, *, step=0.1, interval=1):
    """What the null has to know of a walk that was made without a network."""
    return SimpleNamespace(
        steps=np.arange(losses.shape[1]) * interval,
        step=step,
        n_parameters=n,
        move=repr(Isotropic()),
        geometry="flat",
        rule=repr(AlwaysAccept()),
    )


@pytest.mark.parametrize("interval", [1, 10])
@pytest.mark.parametrize("where", ["minimum", "point"])
def test_no_excess_on_a_quadratic_landscape(quadratic, where, interval):
    h = quadratic.hessian
    slope = h @ (getattr(quadratic, where) - quadratic.minimum)
    losses = free_walk(h, slope)[:, ::interval]
    null = null_of(quadratic, facts_of(losses, 6, interval=interval), slope)
    found = ruggedness(losses, interval=interval)
    assert found.rms.z() > 20  # the trap: the residual itself is far from zero
    assert abs(found.excess(null).z()) < 4
    assert abs(found.length.z(null.length)) < 4


def test_no_excess_in_a_walk_of_a_network(quadratic):
    walk = walked(quadratic, quadratic.point, n_walkers=150, record_every=10)
    assert abs(ruggedness(walk).excess(null_of(quadratic, walk, quadratic.gradient)).z()) < 4


def test_up_moves_of_many_dimensions_are_as_expected():
    curvature = np.random.default_rng(2).uniform(0.5, 2.0, 300)
    losses = free_walk(np.diag(curvature), np.zeros(300), step=0.5, n_steps=60, n_walkers=500)
    null = quadratic_walk(
        facts_of(losses, 300, step=0.5),
        curvature.mean(),
        (curvature**2).mean(),
        gradient_norm=0.0,
    )
    found = ruggedness(losses)
    assert abs(found.up_share.z(null.up_share)) < 4
    assert abs(found.excess(null).z()) < 4


def test_excess_is_the_variance_of_what_was_planted(quadratic):
    """White noise on top of the bowl: the fit takes three of n numbers."""
    losses = free_walk(quadratic.hessian, np.zeros(6))
    null = null_of(quadratic, facts_of(losses, 6), np.zeros(6))
    noise = null.rms * np.random.default_rng(9).standard_normal(losses.shape)
    rugged = ruggedness(losses + noise)
    excess = rugged.excess(null)
    assert excess.z() > 4
    assert abs(excess.z(null.rms**2 * (1 - 3 / losses.shape[1]))) < 4
    assert rugged.length.mean < 0.7 * null.length


def test_errors_of_the_moments_are_those_of_the_null(quadratic):
    walk = walked(quadratic, quadratic.minimum)
    h1, h2 = Estimate(1.0, 0.1), Estimate(2.0, 0.3)
    null = quadratic_walk(walk, h1, h2, gradient_norm=0.0)
    up = quadratic_walk(walk, 1.0, 2.3, gradient_norm=0.0).mean_square
    assert null.mean_square.error == pytest.approx(up.mean - null.mean_square.mean, rel=0.02)


def test_a_smooth_series_leaves_nothing():
    found = ruggedness(np.tile(3 + np.arange(20.0) ** 2, (2, 1)))
    assert found.mean_square.mean == 0
    assert np.isnan(found.length.mean)
    assert found.up_share.mean == 1


@pytest.mark.physics
def test_a_trained_network_is_no_more_rugged_than_its_bowl(small_data):
    """A smooth network near a point, on steps far below the scale of its bends."""
    net = MLP(sizes=(4, 16, 3), activation="tanh")
    point = initialize(net, gain=1.5, rng=0)[0]
    for _ in range(400):
        moved = point.weights - 0.3 * gradient(net, point, small_data)
        point = type(point)(net, moved)
    density = spectral_density(net, point, small_data, n_probes=64, n_steps=30, rng=1)
    walk = random_walk(
        net,
        small_data,
        point,
        n_steps=200,
        excursion=0.02,
        n_walkers=400,
        record_every=2,
        rng=2,
    )
    slope = np.linalg.norm(gradient(net, point, small_data))
    null = quadratic_walk(
        walk, density.first_moment, density.second_moment, gradient_norm=slope
    )
    assert abs(ruggedness(walk).excess(null).z()) < 4


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (np.zeros((1, 20)), "at least 2 walkers and 8 evenly spaced records, got 1 and 20"),
        (np.zeros((3, 7)), "at least 2 walkers and 8 evenly spaced records, got 3 and 7"),
        (np.full((3, 9), np.nan), "walk must be finite"),
    ],
)
def test_bad_series(losses, message):
    with pytest.raises(DataError, match=message):
        ruggedness(losses)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"geometry": "sphere"}, "geometry of the walk must be one of 'flat'"),
        ({"rule": Metropolis(temperature=1.0)}, "rule of the walk must be one of"),
        (
            {"move": PerLayer()},
            r"move of the walk must be one of 'Isotropic\(\)', got 'PerLayer\(\)'",
        ),
        ({"move": PerUnit()}, r"move of the walk must be .*, got 'PerUnit\(\)'"),
        ({"move": OneUnit()}, r"move of the walk must be .*, got 'OneUnit\(\)'"),
        ({"move": OneWeight()}, r"move of the walk must be .*, got 'OneWeight\(\)'"),
    ],
)
def test_the_null_is_that_of_free_walks(quadratic, how, message):
    walk = walked(quadratic, quadratic.point, **how)
    with pytest.raises(ParameterError, match=message):
        quadratic_walk(walk, 1.0, 1.0, gradient_norm=0.0)
