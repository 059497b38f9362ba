"""Metropolis walks with a prior: their slow twins, and the measure they sample, integrated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive import posterior as grids
from naive import walks as naive

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, evaluate, initialize
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.walks import (
    GaussianPrior,
    Isotropic,
    Metropolis,
    OneUnit,
    OneWeight,
    PerUnit,
    random_walk,
    sample_posterior,
)

NETWORKS = [
    MLP(sizes=(4, 6, 3), activation="tanh"),
    MLP(sizes=(4, 6, 5, 3), activation="relu"),
    MLP(sizes=(4, 5, 3), activation="relu", bias=False),
    MLP(sizes=(4, 5, 4, 3), activation="tanh", loss="squared_error"),
    MLP(sizes=(4, 5, 3), activation="relu", loss="squared_hinge"),
]
each_network = pytest.mark.parametrize("net", NETWORKS, ids=repr)
each_single = pytest.mark.parametrize("move", [OneWeight(), OneUnit()], ids=repr)


@pytest.fixture(scope="module")
def data():
    """More than one block of samples, the last of them not full."""
    rng = np.random.default_rng(4)
    return Dataset(rng.standard_normal((150, 4)), rng.integers(0, 3, 150), n_classes=3)


def priors_of(net):
    """Priors, each with the deviation of every layer."""
    each = (0.4, 0.9, 0.6)[: net.n_layers]
    yield GaussianPrior(0.5), (0.5,) * net.n_layers
    yield GaussianPrior(each), each
    yield GaussianPrior(1.1, fan_in=True), [1.1 / math.sqrt(n) for n in net.sizes[:-1]]


@each_network
@each_single
@pytest.mark.parametrize(("step", "temperature"), [(0.1, 1e-3), (1.5, 0.3)])
def test_decisions_are_those_of_energies_from_scratch(net, data, move, step, temperature):
    start = initialize(net, rng=2)[0]
    for prior, deviations in priors_of(net):
        energy = naive.with_prior(
            net,
            lambda here: evaluate(net, here, data, n_threads=1).loss,
            deviations,
            temperature,
        )
        path = naive.single_moves(
            net, start.weights, energy, n_steps=300, step=step, seed=7, walker=0,
            of_weight=isinstance(move, OneWeight), accept=naive.metropolis(temperature),
        )  # fmt: skip
        walk = random_walk(
            net, data, start, n_steps=300, step=step, move=move,
            rule=Metropolis(temperature, prior=prior), record_every=90, rng=7,
        )  # fmt: skip
        moves = sum(any(a != b) for a, b in zip(path[1:], path[:-1], strict=True))
        assert walk.acceptance[0] == moves / 300
        assert 0.01 < walk.acceptance[0] < 0.99
        np.testing.assert_allclose(walk.state.positions[0], path[-1], rtol=1e-9, atol=1e-12)
        assert walk.loss[0, -1] == evaluate(net, walk.state.positions[0], data).loss
        assert walk.drift[0] < 1e-12 * max(1, walk.loss.max())


@pytest.mark.parametrize("sphere", [False, True], ids=["flat", "sphere"])
def test_moves_of_all_weights_are_those_of_the_definition(net, small_data, start, sphere):
    deviations, temperature = (0.3, 0.6), 0.05
    energy = naive.with_prior(
        net, lambda here: naive.loss(net, here, small_data), deviations, temperature
    )
    path = naive.positions(
        net, small_data, start.weights, n_steps=40, step=0.5, seed=42, walker=0, sphere=sphere,
        accept=naive.metropolis(temperature), energy=energy,
    )  # fmt: skip
    walk = random_walk(
        net, small_data, start, n_steps=40, step=0.5, geometry="sphere" if sphere else "flat",
        rule=Metropolis(temperature, prior=GaussianPrior(deviations)), rng=42,
    )  # fmt: skip
    moves = sum(any(a != b) for a, b in zip(path[1:], path[:-1], strict=True))
    assert walk.acceptance[0] == moves / 40
    assert 0.1 < walk.acceptance[0] < 0.9
    np.testing.assert_allclose(walk.state.positions[0], path[-1], rtol=1e-11)


@pytest.mark.parametrize("move", [Isotropic(), OneWeight(), OneUnit()], ids=repr)
@pytest.mark.parametrize("step", [1e30, 1e170])
def test_moves_far_out_are_refused(net, small_data, start, move, step):
    """Where squares overflow, too."""
    walk = random_walk(
        net, small_data, start, n_steps=20, step=step, move=move,
        rule=Metropolis(1e-3, prior=GaussianPrior()), rng=1,
    )  # fmt: skip
    assert walk.acceptance[0] == 0


# moves of all weights are fewer, since each of them evaluates the whole loss
MOVES = {
    "one weight": {"move": OneWeight(), "step": 0.9, "n_steps": 900, "n_walkers": 600},
    "one weight in float32": {
        "move": OneWeight(), "step": 0.9, "n_steps": 900, "n_walkers": 600, "dtype": np.float32,
    },
    "one unit": {"move": OneUnit(), "step": 1.2, "n_steps": 600, "n_walkers": 600},
    "all": {"move": Isotropic(), "step": 0.8, "n_steps": 200, "n_walkers": 150},
    "all by units": {"move": PerUnit(), "step": 0.8, "n_steps": 200, "n_walkers": 150},
}  # fmt: skip
each_move = pytest.mark.parametrize("how", MOVES.values(), ids=MOVES)


def assert_prior(walk, net, deviations):
    """Means, squares and fourth powers of each layer are those of normal numbers."""
    positions, found = walk.state.positions.astype(np.float64), {}
    for k, layer in enumerate(net.layers(positions)):
        weights = layer.weight.reshape(len(positions), -1)
        if layer.bias is not None:
            weights = np.c_[weights, layer.bias]
        scaled = weights / deviations[k]
        for power, expected in ((1, 0.0), (2, 1.0), (4, 3.0)):
            found[k, power] = mean_estimate((scaled**power).mean(axis=1)).z(expected)
    assert max(map(abs, found.values())) < 4, found


@pytest.mark.physics
@each_move
@pytest.mark.parametrize("flat", [True, False], ids=["flat", "hot"])
def test_without_data_weights_are_the_priors(how, flat):
    """A loss that no weight changes, and one that weighs nothing at a high temperature."""
    rng = np.random.default_rng(1)
    net = MLP(sizes=(2, 3, 2), bias=not flat)
    inputs = np.zeros((5, 2)) if flat else rng.standard_normal((5, 2))
    data = Dataset(inputs, np.array([0, 1, 1, 0, 1]), n_classes=2)
    deviations = (0.5, 1.0)
    start = np.full(net.n_parameters, 0.6)
    walk = random_walk(
        net, data, start, rule=Metropolis(0.01 if flat else 1e7, GaussianPrior(deviations)),
        record_every=how["n_steps"], rng=3, **how,
    )  # fmt: skip
    assert 0.2 < walk.acceptance.mean() < 0.9
    assert_prior(walk, net, deviations)


def test_weights_of_the_prior_quickly():
    """The same for one move, in the time of a usual test; and without a prior they leave."""
    net = MLP(sizes=(2, 3, 2), bias=False)
    data = Dataset(np.zeros((5, 2)), np.array([0, 1, 1, 0, 1]), n_classes=2)
    kind = {"step": 0.9, "n_steps": 600, "n_walkers": 500, "record_every": 600, "rng": 3}
    kind |= {"move": OneWeight()}
    rule = Metropolis(0.01, GaussianPrior((0.5, 1.0)))
    walk = random_walk(net, data, np.full(12, 0.6), rule=rule, **kind)
    assert_prior(walk, net, (0.5, 1.0))
    free = random_walk(net, data, np.full(12, 0.6), rule=Metropolis(0.01), **kind)
    assert (free.acceptance == 1).all()
    assert mean_estimate(free.state.positions[:, 6:] ** 2).z(1.0) > 20


HINGED = MLP((1, 1, 1), activation="relu", bias=False, loss="squared_error")
SMOOTH = MLP((1, 1, 1), activation="tanh", bias=False, loss="squared_error")
DEVIATIONS = (1.5, 0.8)


def two_weights(net, temperature):
    """Data, points of a grid, their energies n L, and the weights of p exp(-L / T) on them."""
    rng = np.random.default_rng(12)
    inputs = rng.standard_normal((12, 1))
    targets = 0.8 * np.tanh(inputs) + 0.3 * rng.standard_normal((12, 1))
    data = Dataset(inputs, None, targets)
    points, _ = grids.plane(1.5)
    x, t = inputs[:, 0], targets[:, 0]
    sums = points[:, :1] * x
    hidden = np.maximum(sums, 0) if net.activation == "relu" else np.tanh(sums)
    losses = 0.5 * ((points[:, 1:] * hidden - t) ** 2).mean(axis=1)
    exponent = losses / temperature + (points**2 / (2 * np.square(DEVIATIONS))).sum(axis=1)
    weights = np.exp(-(exponent - exponent.min()))
    return data, points, losses, weights / weights.sum()


def deviations_of(walk, points, losses, weights):
    """How far means of loss and weights are off, in errors from independent walkers."""
    late = walk.loss[:, walk.loss.shape[1] // 2 :]
    found = {
        "L": mean_estimate(late).z(weights @ losses),
        "L^2": mean_estimate(late**2).z(weights @ losses**2),
    }
    for power in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 2)):
        value = mean_estimate(np.prod(walk.state.positions**power, axis=1))
        found[power] = value.z(weights @ np.prod(points**power, axis=1))
    return found


# T in the unit of the mean loss of 12 samples: 2 and 0.8 in that of the summed loss
@pytest.mark.physics
@pytest.mark.parametrize(
    ("net", "temperature"), [(HINGED, 2 / 12), (SMOOTH, 0.8 / 12)], ids=["relu", "tanh"]
)
@pytest.mark.parametrize("name", ["one weight", "one unit", "all"])
def test_the_measure_is_the_one_integrated(net, temperature, name):
    how = MOVES[name] | {"step": 1.3}
    data, *exact = two_weights(net, temperature)
    rule = Metropolis(temperature, GaussianPrior(DEVIATIONS))
    walk = random_walk(
        net, data, [0.0, 0.0], rule=rule, record_every=how["n_steps"] // 4, rng=5, **how
    )
    assert 0.2 < walk.acceptance.mean() < 0.9
    found = deviations_of(walk, *exact)
    assert max(map(abs, found.values())) < 4, found


def test_another_measure_is_noticed():
    """Quickly, that of one weight; then the same with no prior, and with one half as wide."""
    temperature = 2 / 12
    data, *exact = two_weights(HINGED, temperature)
    narrow = tuple(d / 2 for d in DEVIATIONS)
    largest = {}
    for name, prior in {
        "right": GaussianPrior(DEVIATIONS),
        "none": None,
        "narrow": GaussianPrior(narrow),
    }.items():
        walk = random_walk(
            HINGED, data, [0.0, 0.0], n_steps=300, step=1.3, move=OneWeight(), n_walkers=500,
            rule=Metropolis(temperature, prior), record_every=100, rng=5,
        )  # fmt: skip
        largest[name] = max(map(abs, deviations_of(walk, *exact).values()))
    assert largest["right"] < 4
    assert largest["none"] > 8
    assert largest["narrow"] > 8


@pytest.mark.physics
@each_single
def test_the_measure_is_that_of_sample_posterior(move):
    """At the temperature n T: with ReLUs, whose loss alone would not hold the weights."""
    rng = np.random.default_rng(3)
    inputs, n = rng.standard_normal((20, 2)), 20
    data = Dataset(inputs, (inputs[:, 0] * inputs[:, 1] > 0).astype(np.int64), n_classes=2)
    net, prior = MLP(sizes=(2, 3, 2)), GaussianPrior((1.0, 0.7))
    run = sample_posterior(
        net, data, temperatures=1.0, prior=prior, n_replicas=32, n_sweeps=600, n_tuning=200,
        rng=1,
    )  # fmt: skip
    walk = random_walk(
        net, data, initialize(net, rng=2)[0], n_steps=30_000, step=0.7, move=move,
        n_walkers=32, rule=Metropolis(1 / n, prior), record_every=200, rng=2,
    )  # fmt: skip
    energies = n * walk.loss[:, walk.loss.shape[1] // 5 :]
    for power in (1, 2):
        one, other = mean_estimate(energies**power), mean_estimate(run.energies[0] ** power)
        assert abs(one.z(other)) < 4
        assert one.error < 0.02 * one.mean
