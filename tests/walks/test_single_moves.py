"""Moves of one weight or unit: the same walk as with losses computed from scratch."""

from __future__ import annotations

import numpy as np
import pytest
from naive import walks as naive

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, evaluate, initialize
from spinglass_nn.walks import (
    AlwaysAccept,
    LossCap,
    Metropolis,
    OneUnit,
    OneWeight,
    random_walk,
    singles,
)

NETWORKS = [
    MLP(sizes=(4, 6, 3), activation="tanh"),
    MLP(sizes=(4, 6, 5, 3), activation="sign"),
    MLP(sizes=(4, 6, 3), activation="relu", bias=False),
    MLP(sizes=(4, 3)),
    MLP(sizes=(4, 5, 6, 4, 3), activation="relu"),
    MLP(sizes=(4, 5, 6, 3), activation="tanh", bias=False),
    MLP(sizes=(4, 5, 3), activation="identity", loss="squared_error"),
    MLP(sizes=(4, 5, 3), activation="relu", loss="squared_hinge"),
    MLP(sizes=(4, 5, 4, 3), activation="tanh", loss="squared_error"),
    MLP(sizes=(4, 5, 5, 3), activation="relu", loss="squared_hinge"),
]
MOVES = [OneWeight(), OneUnit()]
each_network = pytest.mark.parametrize("net", NETWORKS, ids=repr)
each_move = pytest.mark.parametrize("move", MOVES, ids=repr)


@pytest.fixture(scope="module")
def data():
    """More than one block of samples, the last of them not full."""
    rng = np.random.default_rng(4)
    return Dataset(rng.standard_normal((150, 4)), rng.integers(0, 3, 150), n_classes=3)


def from_scratch(net, data, start, move, *, n_steps, step, accept, walker=0):
    return naive.single_moves(
        net,
        start.weights,
        lambda here: evaluate(net, here, data, n_threads=1).loss,
        n_steps=n_steps,
        step=step,
        seed=7,
        walker=walker,
        of_weight=isinstance(move, OneWeight),
        accept=accept,
    )


@each_network
@each_move
@pytest.mark.parametrize(("step", "temperature"), [(0.05, 1e-5), (3.0, 0.05)])
def test_decisions_are_those_of_losses_from_scratch(net, data, move, step, temperature):
    start = initialize(net, rng=2)[0]
    path = from_scratch(
        net, data, start, move, n_steps=500, step=step, accept=naive.metropolis(temperature)
    )
    walk = random_walk(
        net, data, start, n_steps=500, step=step, move=move, rule=Metropolis(temperature),
        record_every=90, rng=7,
    )  # fmt: skip
    moves = sum(any(a != b) for a, b in zip(path[1:], path[:-1], strict=True))
    assert walk.acceptance[0] == moves / 500
    assert 0.01 < walk.acceptance[0] < 0.99
    np.testing.assert_allclose(walk.state.positions[0], path[-1], rtol=1e-9, atol=1e-12)
    away = [naive.length(path[t] - path[0]) for t in walk.steps]
    np.testing.assert_allclose(walk.distance[0], away, rtol=1e-10)
    assert walk.drift[0] < 1e-12 * max(1, walk.loss.max())


@each_move
def test_the_same_decisions_over_many_steps(data, move):
    net = NETWORKS[0]
    start = initialize(net, rng=2)[0]
    path = from_scratch(
        net, data, start, move, n_steps=9000, step=0.1, accept=naive.metropolis(1e-3), walker=3
    )
    walk = random_walk(
        net, data, start, n_steps=9000, step=0.1, move=move, rule=Metropolis(1e-3),
        record_every=9000, first_walker=3, rng=7,
    )  # fmt: skip
    moves = sum(any(a != b) for a, b in zip(path[1:], path[:-1], strict=True))
    assert round(walk.acceptance[0] * 9000) == moves
    np.testing.assert_allclose(walk.state.positions[0], path[-1], rtol=1e-7, atol=1e-9)
    assert 0 < walk.drift[0] < 1e-13


@each_move
def test_ceiling_and_free_walk(data, move):
    net = NETWORKS[0]
    start = initialize(net, rng=2)[0]
    ceiling = evaluate(net, start, data).loss + 0.02
    for rule, accept in (
        (LossCap(ceiling), lambda before, after, generator: after <= ceiling),
        (AlwaysAccept(), lambda before, after, generator: True),
    ):
        path = from_scratch(net, data, start, move, n_steps=300, step=0.3, accept=accept)
        walk = random_walk(net, data, start, n_steps=300, step=0.3, move=move, rule=rule, rng=7)
        np.testing.assert_allclose(walk.state.positions[0], path[-1], rtol=1e-9, atol=1e-12)
        assert (walk.acceptance[0] == 1) == isinstance(rule, AlwaysAccept)
        assert (walk.drift[0] == 0) == isinstance(rule, AlwaysAccept)


@each_move
@pytest.mark.parametrize("coded", [False, True], ids=["reals", "bytes"])
def test_single_precision_follows_its_losses(move, coded, monkeypatch):
    # pixels in float32: the walk is another one than in float64, but it knows where it is
    rng = np.random.default_rng(5)
    inputs = rng.integers(0, 256, (700, 20)).astype(np.float32) / 255
    data = Dataset(inputs, rng.integers(0, 3, 700), n_classes=3)
    net = MLP(sizes=(20, 12, 3))
    start = initialize(net, rng=2, dtype=np.float32)[0]
    monkeypatch.setattr(singles, "SMALLEST", 0 if coded else 1 << 40)
    walk = random_walk(
        net, data, start, n_steps=4000, step=0.05, move=move, rule=Metropolis(1e-4),
        record_every=1000, rng=7,
    )  # fmt: skip
    assert walk.state.positions.dtype == np.float32
    exact = evaluate(net, walk.state.positions[0].astype(np.float64), data).loss
    assert walk.state.losses[0] == pytest.approx(exact, abs=1e-6)
    assert 0 < walk.drift[0] < 1e-6
    table = singles.prepare(net, data, np.dtype(np.float32), walk.state.plan).table
    assert table.inputs.dtype == (np.uint8 if coded else np.float32)
    scale, offset = table.scale
    held = table.inputs.reshape(20, -1)[:, :700].astype(np.float32) * scale + offset
    np.testing.assert_allclose(held, inputs.T, atol=5e-7)


def test_a_loss_that_is_not_a_number_is_refused():
    # sums near the end of float32: proposals overflow
    data = Dataset(np.full((10, 1), 1e30, np.float32), None, np.zeros((10, 1), np.float32))
    net = MLP(sizes=(1, 1), loss="squared_error", bias=False)
    walk = random_walk(
        net, data, np.zeros(1, np.float32), n_steps=50, step=1e3, move=OneWeight(),
        rule=Metropolis(1.0), rng=1,
    )  # fmt: skip
    assert walk.acceptance[0] == 0
    assert np.isfinite(walk.loss).all()
