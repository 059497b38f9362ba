"""Single moves in equilibrium: equipartition, and densities against numerical integration."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP
from spinglass_nn.statistics import autocorrelation_time, mean_estimate
from spinglass_nn.walks import LossCap, Metropolis, OneUnit, OneWeight, random_walk

pytestmark = pytest.mark.physics
each_move = pytest.mark.parametrize("move", [OneWeight(), OneUnit()], ids=repr)


@each_move
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equipartition(move, dtype):
    # a linear network with squared error; one input stands there twice, so that of the
    # N = 10 directions n_eff = 8 have curvature: <L> - L_min = n_eff T / 2
    rng = np.random.default_rng(8)
    two = rng.standard_normal((80, 3)) * [1.0, 1.5, 0.7]
    inputs = np.c_[two, two[:, 0]]
    targets = rng.standard_normal((80, 2)) + two[:, :2]
    net = MLP(sizes=(4, 2), activation="identity", loss="squared_error")
    design = np.c_[inputs, np.ones(80)]
    solved = np.linalg.lstsq(design, targets, rcond=None)[0]
    minimum = np.r_[solved[:4].T.ravel(), solved[4]].astype(dtype)
    temperature, every = 0.01, 50
    walk = random_walk(
        net, Dataset(inputs, None, targets), minimum, n_steps=60_000, step=0.15, move=move,
        rule=Metropolis(temperature), n_walkers=4, record_every=every, test=False, rng=3,
    )  # fmt: skip
    assert 0.3 < walk.acceptance.mean() < 0.9
    rank = 2 * np.linalg.matrix_rank(design)
    assert rank == 8
    settled = walk.loss[:, 100:] - walk.loss[:, :1]
    found = autocorrelation_time(settled).mean
    assert found.error < 0.04 * rank * temperature / 2
    assert abs(found.z(rank * temperature / 2)) < 4
    assert walk.drift.max() < (1e-12 if dtype is np.float64 else 1e-6)


def grid(low, high, n=600):
    """Midpoints of a square grid, (n^2, 2)."""
    axes = [a + (b - a) * (np.arange(n) + 0.5) / n for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def assert_moments(points, nodes, weight):
    """First and second moments of independent points against those of a density."""
    weight = weight / weight.sum()
    assert weight.max() < 0.01
    for power in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2)):
        found = mean_estimate(np.prod(points**power, axis=1))
        expected = float(weight @ np.prod(nodes**power, axis=1))
        assert abs(found.z(expected)) < 4, power


@each_move
def test_density_of_a_hinge(move):
    # weight and bias of one unit under the squared hinge: quadratic in pieces
    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((12, 1)), np.array([0, 1] * 6)
    net = MLP(sizes=(1, 1), loss="squared_hinge")
    walk = random_walk(
        net, Dataset(x, labels, n_classes=2), [0.0, 0.0], n_steps=600, step=1.0, move=move,
        rule=Metropolis(0.3), n_walkers=1500, record_every=600, rng=5,
    )  # fmt: skip
    nodes = grid([-8, -6], [8, 6])
    margin = 1 - (2 * labels - 1)[:, None] * (x @ nodes[:, :1].T + nodes[:, 1])
    loss = 0.5 * (np.maximum(margin, 0) ** 2).mean(axis=0)
    assert 0.2 < walk.acceptance.mean() < 0.95
    assert_moments(walk.state.positions, nodes, np.exp(-loss / 0.3))


@each_move
def test_density_of_a_softmax(move):
    # two inputs and two classes: the loss depends on the two differences of weights alone,
    # whose walk is one of symmetric proposals itself
    rng = np.random.default_rng(2)
    x, labels = rng.standard_normal((14, 2)), np.array([0, 1] * 7)
    net = MLP(sizes=(2, 2), bias=False)
    walk = random_walk(
        net, Dataset(x, labels, n_classes=2), np.zeros(4), n_steps=800, step=1.5, move=move,
        rule=Metropolis(0.1), n_walkers=1500, record_every=800, rng=5,
    )  # fmt: skip
    nodes = grid([-10, -10], [10, 10])
    sums = nodes @ x.T * (1 - 2 * labels)
    loss = np.logaddexp(0, sums).mean(axis=1)
    away = walk.state.positions
    assert 0.2 < walk.acceptance.mean() < 0.95
    assert_moments(away[:, 2:] - away[:, :2], nodes, np.exp(-loss / 0.1))


@each_move
def test_uniform_below_a_ceiling(move):
    # one hidden unit, tanh: below the loss of a step function the region is bounded, in two
    # pieces that mirror each other; the walk stays in its own and covers it evenly
    x = np.linspace(-3, 3, 9)[:, None]
    net = MLP(sizes=(1, 1, 1), activation="tanh", loss="squared_error", bias=False)
    targets = np.tanh(0.8 * x)
    ceiling = 0.01
    nodes = grid([0, 0], [8, 6])
    outputs = nodes[:, 1] * np.tanh(x * nodes[:, 0])
    loss = 0.5 * ((outputs - targets) ** 2).mean(axis=0)
    inside = loss <= ceiling
    assert not inside[(nodes[:, 0] > 7.9) | (nodes[:, 1] > 5.9)].any()
    walk = random_walk(
        net, Dataset(x, None, targets), [0.8, 1.0], n_steps=3000, step=0.3, move=move,
        rule=LossCap(ceiling), n_walkers=800, record_every=3000, rng=5,
    )  # fmt: skip
    assert (walk.loss[:, -1] <= ceiling).all()
    assert_moments(walk.state.positions, nodes, inside.astype(float))


@each_move
def test_uniform_below_a_ceiling_of_the_cross_entropy(move):
    # one hidden unit, two classes: the loss depends on its weight and on the difference of
    # the two weights out of it; both classes occur everywhere, so the region is bounded
    places = np.linspace(-3, 3, 9)
    ones = np.rint(20 / (1 + np.exp(-3 * np.tanh(places)))).astype(int)
    x = np.repeat(places, 20)[:, None]
    labels = np.concatenate([[1] * k + [0] * (20 - k) for k in ones])
    net = MLP(sizes=(1, 1, 2), activation="tanh", bias=False)
    ceiling = 0.31
    nodes = grid([0, 0], [3, 9], 300)
    sums = nodes[:, 1] * np.tanh(x * nodes[:, 0])
    loss = np.logaddexp(0, (1 - 2 * labels[:, None]) * sums).mean(axis=0)
    inside = loss <= ceiling
    assert not inside[(nodes[:, 0] > 2.9) | (nodes[:, 1] > 8.9)].any()
    walk = random_walk(
        net, Dataset(x, labels, n_classes=2), [1.0, -1.5, 1.5], n_steps=3000, step=0.3,
        move=move, rule=LossCap(ceiling), n_walkers=800, record_every=3000, rng=5,
    )  # fmt: skip
    w, low, high = walk.state.positions.T
    assert (walk.loss[:, -1] <= ceiling).all()
    assert_moments(np.c_[w, high - low], nodes, inside.astype(float))
