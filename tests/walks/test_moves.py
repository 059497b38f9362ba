"""Kinds of moves: their parts, their laws of diffusion, and where walks may begin."""

from __future__ import annotations

import numpy as np
import pytest
from naive import walks as naive

import spinglass_nn as sg
from spinglass_nn.networks import MLP, Replica, gradient, initialize
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.walks import (
    Isotropic,
    Metropolis,
    OneUnit,
    OneWeight,
    PerLayer,
    PerUnit,
    quadratic_law,
    random_walk,
)

TOGETHER = [Isotropic(), PerLayer(), PerUnit()]
ALONE = [OneUnit(), OneWeight()]


def scatter_of_square(move, net, origin, t):
    """Variance of the squared distance, in units of the step to the fourth, after t moves.

    Moves are independent; the square is a sum of squares and of twice the products of pairs.
    """
    parts = move.parts(net)
    n = np.bincount(parts)
    if not move.alone:
        share = np.bincount(parts, weights=origin**2) / (origin**2).sum()
        return 2 * t * (t - 1) * (share**2 / n).sum()
    return t * (2 / n).mean() + 2 * t * (t - 1) * (1 / n).sum() / n.size**2


@pytest.mark.parametrize("bias", [True, False])
def test_parts_cover_all_parameters(bias):
    net = MLP(sizes=(4, 3, 5, 2), bias=bias)
    layers = net.layers(np.arange(net.n_parameters, dtype=float))
    per_layer, per_unit = PerLayer().parts(net), PerUnit().parts(net)
    unit = 0
    for number, layer in enumerate(layers):
        for j in range(len(layer.weight)):
            own = [*layer.weight[j], *([] if layer.bias is None else [layer.bias[j]])]
            own = np.array(own, dtype=int)
            assert (per_layer[own] == number).all()
            assert (per_unit[own] == unit).all()
            assert (per_unit == unit).sum() == own.size
            unit += 1
    assert per_layer.size == per_unit.size == net.n_parameters
    np.testing.assert_array_equal(OneUnit().parts(net), per_unit)
    np.testing.assert_array_equal(OneWeight().parts(net), np.arange(net.n_parameters))
    assert not Isotropic().parts(net).any()


@pytest.mark.parametrize("move", TOGETHER, ids=repr)
def test_all_parts_move_by_their_shares(net, small_data, start, move):
    walk = random_walk(net, small_data, start, n_steps=1, excursion=0.2, move=move, rng=3)
    moved = walk.state.positions[0] - start.weights
    assert naive.length(moved) == pytest.approx(walk.step)
    parts = move.parts(net)
    for part in range(parts.max() + 1):
        own = parts == part
        share = naive.length(moved[own]) / naive.length(start.weights[own])
        assert share == pytest.approx(0.2)


def test_a_part_that_is_zero_stays_zero(net, small_data, start):
    weights = start.weights.copy()
    weights[-3:] = 0  # biases of the outputs
    weights[PerUnit().parts(net) == 2] = 0
    walk = random_walk(net, small_data, weights, n_steps=20, step=0.1, move=PerUnit(), rng=3)
    moved = walk.state.positions[0] != weights
    np.testing.assert_array_equal(moved, PerUnit().parts(net) != 2)


@pytest.mark.parametrize("move", ALONE, ids=repr)
def test_one_part_moves_at_a_time(net, small_data, start, move):
    walk = random_walk(
        net, small_data, start, n_steps=1, step=0.2, move=move, n_walkers=300, rng=3
    )
    moved = walk.state.positions != start.weights
    parts = move.parts(net)
    which = np.array([np.unique(parts[row]).item() for row in moved])
    assert all((row == (parts == part)).all() for row, part in zip(moved, which, strict=True))
    n_parts = parts.max() + 1
    counts = np.bincount(which, minlength=n_parts)
    expected = 300 / n_parts  # a binomial number each
    assert (np.abs(counts - expected) < 4.5 * np.sqrt(expected)).all()
    assert abs(mean_estimate(walk.distance[:, -1] ** 2).z(0.2**2)) < 4


@pytest.mark.parametrize("move", TOGETHER + ALONE, ids=repr)
def test_law_of_diffusion(net, small_data, start, move):
    # T3: <d^2> = r^2 t for each kind, and its variance
    walk = random_walk(
        net, small_data, start, n_steps=60, step=0.1, move=move, n_walkers=400,
        record_every=60, test=False, rng=8,
    )  # fmt: skip
    squares = (walk.distance[:, -1] / 0.1) ** 2
    assert abs(mean_estimate(squares).z(60.0)) < 4
    variance = scatter_of_square(move, net, start.weights, 60)
    assert abs(mean_estimate((squares - 60) ** 2).z(variance)) < 4


@pytest.mark.parametrize("move", TOGETHER + ALONE, ids=repr)
def test_quadratic_law(move):
    # T4: a linear network with squared error, from its minimum: half the trace of Hessian
    # times covariance of the displacement, at any distance
    rng = np.random.default_rng(8)
    inputs = rng.standard_normal((60, 3)) * [1.0, 2.0, 0.5] + [0.5, 0.0, 0.0]
    data = sg.datasets.Dataset(inputs, None, rng.standard_normal((60, 2)) + inputs[:, :2])
    net = MLP(sizes=(3, 2), loss="squared_error")
    design = np.c_[inputs, np.ones(60)]
    solved = np.linalg.lstsq(design, data.targets, rcond=None)[0]
    minimum = np.r_[solved[:3].T.ravel(), solved[3]]
    curvature = np.diag(design.T @ design) / 60
    diagonal = np.r_[curvature[:3], curvature[:3], curvature[3], curvature[3]]
    parts = move.parts(net)
    n = np.bincount(parts)
    if move.alone:
        variances = np.full(n.size, 1 / n.size) / n
    else:
        norms = np.bincount(parts, weights=minimum**2)
        variances = norms / norms.sum() / n
    t, step = 50, 0.3
    expected = 0.5 * step**2 * t * (diagonal * variances[parts]).sum()
    if isinstance(move, (Isotropic, OneWeight)):
        law = quadratic_law(float(diagonal.sum()), net.n_parameters, step * np.sqrt(t))
        assert expected == pytest.approx(law)
    walk = random_walk(
        net,
        data,
        minimum,
        n_steps=t,
        step=step,
        move=move,
        n_walkers=400,
        record_every=t,
        rng=2,
    )
    assert abs(mean_estimate(walk.loss[:, -1] - walk.loss[:, 0]).z(expected)) < 4


@pytest.mark.parametrize("move", ALONE, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_walker_is_itself_in_any_company_on_any_threads(net, small_data, start, move, dtype):
    def walk(**more):
        return random_walk(
            net, small_data, start, n_steps=300, step=0.1, move=move, rule=Metropolis(0.01),
            dtype=dtype, record_every=50, rng=9, **more,
        )  # fmt: skip

    crowd = walk(n_walkers=5, n_threads=1)
    threaded = walk(n_walkers=5, n_threads=3)
    alone = walk(n_walkers=1, first_walker=3)
    for name in ("distance", "loss", "acceptance", "drift", "mutual_overlap"):
        np.testing.assert_array_equal(getattr(crowd, name), getattr(threaded, name))
    np.testing.assert_array_equal(crowd.loss[3], alone.loss[0])
    np.testing.assert_array_equal(crowd.state.positions, threaded.state.positions)
    np.testing.assert_array_equal(crowd.state.positions[3], alone.state.positions[0])
    assert len({tuple(p) for p in crowd.state.positions}) == 5


def test_mutual_overlap_is_the_mean_over_pairs(net, small_data, start):
    walk = random_walk(
        net, small_data, start, n_steps=20, step=0.3, n_walkers=4, record_every=8, rng=1
    )
    rows = walk.state.positions
    pairs = [naive.overlap(rows[a], rows[b]) for a in range(4) for b in range(a)]
    assert walk.mutual_overlap[-1] == pytest.approx(np.mean(pairs), rel=1e-12)
    assert walk.mutual_overlap.shape == walk.steps.shape
    assert walk.mutual_overlap[0] == pytest.approx(1.0)
    alone = random_walk(net, small_data, start, n_steps=20, step=0.3, rng=1)
    assert np.isnan(alone.mutual_overlap).all()


def test_gradient_norm_where_asked_for(net, small_data, start):
    walk = random_walk(
        net, small_data, start, n_steps=21, step=0.3, n_walkers=2, record_every=5,
        gradient=True, rng=1,
    )  # fmt: skip
    found = [naive.length(gradient(net, p, small_data)) for p in walk.state.positions]
    np.testing.assert_allclose(walk.gradient_norm[:, -1], found, rtol=1e-12)
    at_start = naive.length(gradient(net, start, small_data))
    np.testing.assert_allclose(walk.gradient_norm[:, 0], at_start, rtol=1e-12)
    plain = random_walk(net, small_data, start, n_steps=21, step=0.3, rng=1)
    assert plain.gradient_norm is None


@pytest.mark.parametrize("move", [Isotropic(), OneUnit()], ids=repr)
def test_walks_from_snapshots_and_permuted_copies(small_data, move):
    net = MLP(sizes=(4, 6, 3))
    run = sg.training.train_replicas(
        net, small_data, n_replicas=2, n_epochs=4, snapshots=[2], rng=1
    )
    snapshot = Replica(net, run.snapshots.weights[0, 0])
    kind = {"n_steps": 30, "excursion": 0.2, "move": move, "rule": Metropolis(0.01), "rng": 2}
    walk = random_walk(net, small_data, snapshot, **kind)
    assert walk.start_norm == pytest.approx(snapshot.norm)
    shuffled = sg.symmetries.random_permutation(net, rng=4).apply(snapshot)
    again = random_walk(net, small_data, shuffled, **kind)
    assert again.loss[0, 0] == pytest.approx(walk.loss[0, 0], rel=1e-12)
    assert again.start_norm == pytest.approx(walk.start_norm)


def test_a_thousand_walkers_share_what_they_need(small_data):
    net = MLP(sizes=(4, 6, 3))
    start = initialize(net, rng=1, dtype=np.float32)[0]
    walk = random_walk(
        net, small_data, start, n_steps=10, step=0.1, n_walkers=1000, move=OneWeight(),
        rule=Metropolis(0.1), record_every=10, rng=1,
    )  # fmt: skip
    held = sum(
        getattr(walk.state, name).nbytes
        for name in ("positions", "generators", "records", "losses", "accepted", "drift")
    )
    assert held < 1000 * (4 * net.n_parameters + 200)
