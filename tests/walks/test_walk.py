"""The walk against its definition, and what it promises of streams, threads and shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive import walks as naive

from spinglass_nn.networks import MLP, Replicas, accuracy, initialize, loss
from spinglass_nn.walks import AlwaysAccept, LossCap, Metropolis, random_walk

SERIES = ("distance", "overlap", "loss", "accuracy", "test_loss", "test_accuracy")


@pytest.mark.parametrize("geometry", ["flat", "sphere"])
@pytest.mark.parametrize("temperature", [None, 0.02])
def test_positions_are_those_of_the_definition(net, small_data, start, geometry, temperature):
    rule = AlwaysAccept() if temperature is None else Metropolis(temperature)
    accept = None if temperature is None else naive.metropolis(temperature)
    walk = random_walk(
        net,
        small_data,
        start,
        n_steps=12,
        step=0.3,
        n_walkers=2,
        record_every=5,
        geometry=geometry,
        rule=rule,
        rng=42,
    )
    for k in range(2):
        path = naive.positions(
            net,
            small_data,
            start.weights,
            n_steps=12,
            step=0.3,
            seed=42,
            walker=k,
            sphere=geometry == "sphere",
            accept=accept,
        )
        np.testing.assert_allclose(walk.state.positions[k], path[-1], rtol=1e-12)
        moves = sum(any(a != b) for a, b in zip(path[1:], path[:-1], strict=True))
        assert walk.acceptance[k] == moves / 12
        assert walk.steps.tolist() == [0, 5, 10, 12]
        for column, t in enumerate(walk.steps):
            here = path[t]
            away = naive.length(here - path[0])
            assert walk.distance[k, column] == pytest.approx(away, abs=1e-12)
            assert walk.overlap[k, column] == pytest.approx(naive.overlap(here, path[0]))
            assert walk.loss[k, column] == pytest.approx(naive.loss(net, here, small_data))
            assert walk.accuracy[k, column] == accuracy(net, here, small_data)
            assert walk.test_loss[k, column] == pytest.approx(
                naive.loss(net, here, small_data.test)
            )
            assert walk.test_accuracy[k, column] == accuracy(net, here, small_data.test)
    if temperature is not None:
        assert 0 < walk.acceptance.mean() < 1


def test_distance_is_step_times_root_of_time(small_data):
    # T3: within 1 % for more than 10^4 parameters; one walker scatters by 1/sqrt(2N)
    net = MLP(sizes=(4, 1500, 3))
    n = net.n_parameters
    assert n > 10_000
    start = initialize(net, rng=1)[0]
    walk = random_walk(
        net, small_data, start, n_steps=400, step=0.02, n_walkers=8, record_every=100, rng=2
    )
    relative = walk.distance[:, 1:] / (0.02 * np.sqrt(walk.steps[1:]))
    assert (np.abs(relative.mean(axis=0) - 1) < 0.01).all()
    assert (np.abs(relative - 1) < 4 / np.sqrt(2 * n)).all()


def test_excursion_sets_the_step(net, small_data, start):
    walk = random_walk(net, small_data, start, n_steps=64, excursion=0.5, rng=0)
    assert walk.step == pytest.approx(0.5 * start.norm / 8, rel=1e-14)
    assert walk.start_norm == pytest.approx(start.norm)
    assert walk.distance[0, -1] == pytest.approx(0.5 * start.norm, rel=0.3)


def test_sphere_keeps_the_norm(net, small_data, start):
    walk = random_walk(
        net, small_data, start, n_steps=50, excursion=2.0, geometry="sphere", rng=0
    )
    norms = np.linalg.norm(walk.state.positions, axis=1)
    np.testing.assert_allclose(norms, start.norm, rtol=1e-12)
    chord = np.sqrt(2 * (1 - walk.overlap)) * start.norm
    np.testing.assert_allclose(walk.distance, chord, atol=1e-7)


@pytest.mark.parametrize("rule", [AlwaysAccept(), Metropolis(0.05)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_walker_is_itself_in_any_company_on_any_threads(net, small_data, start, rule, dtype):
    def walk(**more):
        return random_walk(
            net, small_data, start, n_steps=30, step=0.1, rule=rule, dtype=dtype, rng=9, **more
        )

    crowd = walk(n_walkers=5, n_threads=1)
    threaded = walk(n_walkers=5, n_threads=3)
    alone = walk(n_walkers=1, first_walker=3)
    assert crowd.state.positions.dtype == dtype
    for name in SERIES:
        np.testing.assert_array_equal(getattr(crowd, name), getattr(threaded, name))
        np.testing.assert_array_equal(getattr(crowd, name)[3:4], getattr(alone, name))
    np.testing.assert_array_equal(crowd.state.positions, threaded.state.positions)
    np.testing.assert_array_equal(crowd.state.positions[3], alone.state.positions[0])
    assert len({tuple(p) for p in crowd.state.positions}) == 5


def test_start_stays_as_it_was_and_is_the_first_record(net, small_data, start):
    before = start.weights.copy()
    walk = random_walk(net, small_data, start, n_steps=20, step=0.5, n_walkers=3, rng=0)
    np.testing.assert_array_equal(start.weights, before)
    assert walk.steps[0] == 0
    assert (walk.distance[:, 0] == 0).all()
    assert (walk.loss[:, 0] == loss(net, start, small_data)).all()


def test_about_fifty_records_by_default(net, small_data, start):
    walk = random_walk(net, small_data, start, n_steps=1000, step=1e-3, rng=0)
    assert walk.steps.tolist() == list(range(0, 1001, 20))
    short = random_walk(net, small_data, start, n_steps=7, step=1e-3, rng=0)
    assert short.steps.tolist() == list(range(8))


def test_free_walk_evaluates_only_for_records(net, small_data, start, monkeypatch):
    from spinglass_nn.walks import stepping, whole

    calls = []
    real = stepping.evaluate
    for module in (stepping, whole):
        monkeypatch.setattr(
            module, "evaluate", lambda *a, **k: calls.append(1) or real(*a, **k)
        )
    random_walk(net, small_data, start, n_steps=100, step=0.1, record_every=50, test=False)
    assert len(calls) == 3
    calls.clear()
    random_walk(
        net,
        small_data,
        start,
        n_steps=100,
        step=0.1,
        record_every=50,
        test=False,
        rule=Metropolis(1.0),
    )
    assert len(calls) == 103


def test_without_test_data_there_are_no_test_series(net, small_data, start):
    walk = random_walk(net, small_data, start, n_steps=4, step=0.1, test=False)
    assert walk.test_loss is None
    assert walk.test_accuracy is None


def test_regression_has_no_accuracy(bowl):
    net, data, minimum, _ = bowl
    walk = random_walk(net, data, minimum, n_steps=4, step=0.1)
    assert np.isnan(walk.accuracy).all()
    assert np.isfinite(walk.loss).all()


def test_zero_start_can_be_left_by_a_step(net, small_data):
    walk = random_walk(net, small_data, np.zeros(net.n_parameters), n_steps=9, step=0.1)
    assert np.isnan(walk.overlap).all()
    assert walk.distance[0, -1] > 0


def test_one_replica_of_replicas_and_lists_are_points(net, small_data, start):
    replicas = Replicas(net, start.weights[None])
    walks = [
        random_walk(net, small_data, point, n_steps=5, step=0.1, rng=3)
        for point in (start, replicas, start.weights, start.weights.tolist())
    ]
    for walk in walks[1:]:
        np.testing.assert_array_equal(walk.loss, walks[0].loss)


def test_cap_is_never_passed(net, small_data, start):
    ceiling = loss(net, start, small_data) + 0.05
    walk = random_walk(
        net,
        small_data,
        start,
        n_steps=300,
        step=0.2,
        n_walkers=2,
        record_every=1,
        rule=LossCap(ceiling),
        rng=1,
    )
    assert (walk.loss <= ceiling).all()
    assert (walk.acceptance < 1).all()
    assert walk.distance[:, -1].min() > 0.2


def test_cold_walk_never_rises(net, small_data, start):
    walk = random_walk(
        net,
        small_data,
        start,
        n_steps=200,
        step=0.1,
        record_every=1,
        rule=Metropolis(0.0),
        rng=1,
    )
    assert (np.diff(walk.loss[0]) <= 0).all()
    assert 0 < walk.acceptance[0] < 1


def test_overflow_is_refused_by_rules(net, small_data, start):
    walk = random_walk(
        net,
        small_data,
        start,
        n_steps=20,
        step=1e300,
        rule=Metropolis(1.0),
        rng=0,
    )
    assert np.isfinite(walk.loss).all()
    assert math.isclose(walk.acceptance[0], 0.0)


def test_repr_tells_what_happened(net, small_data, start):
    walk = random_walk(net, small_data, start, n_steps=5, step=0.1, name="trained", rng=0)
    assert repr(walk).startswith(
        "<trained: 1 walker, 5 steps of 0.1 (flat, Isotropic(), AlwaysAccept()),"
    )
    assert walk.rule == "AlwaysAccept()"
    assert "after 5 steps" in repr(walk.state)
