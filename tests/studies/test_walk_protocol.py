"""Protocol (a): kinds of moves and their laws, thermal walks, the Gibbs measure, aging."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.studies.claims import CANNOT_TELL, NOT_SUPPORTED, SUPPORTED
from spinglass_nn.studies.recipes.liao2024 import gibbs, moves, parameters, walk_claims
from spinglass_nn.studies.task import Context


@pytest.fixture
def context(tiny_run, tmp_path):
    """What the tasks of the tiny study were given, and checkpoints of its own."""

    def made(number):
        return Context(
            parameters=tiny_run.parameters,
            shared=tiny_run.shared,
            results=tiny_run.results,
            seed=tiny_run.parameters.seed,
            number=number,
            checkpoint=lambda name: tmp_path / f"{name}.npz",
            n_threads=1,
        )

    return made


@pytest.mark.physics
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_each_kind_of_move_follows_its_own_law_near_a_solution(tiny_run, context, activation):
    """Close by the rise is the law's and the kinks'; on the sphere, with the gradient's part."""
    found = tiny_run.results["solutions"].independent
    net = sg.networks.MLP(found.network.sizes, activation=activation)
    settings = msgspec.structs.replace(
        tiny_run.parameters, law_excursions=(1e-3, 5e-3), n_law_pairs=6
    )
    data = parameters.probe(settings, tiny_run.shared)
    point = sg.networks.Replica(net, found[0].weights.astype(np.float64))
    for kind in moves._KINDS:
        rises, law, kinks = moves._measure(
            replace(context(11), parameters=settings), data, point, kind, 0
        )
        assert kinks.any() == (activation == "relu")
        np.testing.assert_allclose((rises - kinks) / np.array([1e-6, 2.5e-5]), law, rtol=2e-3)


@pytest.mark.physics
def test_pairs_on_the_sphere_stay_on_it_and_go_as_far_as_walks(tiny_run):
    """The overlap after an excursion of 1 is exp(-1/2), up to 1/N."""
    start = tiny_run.results["solutions"].independent[0]
    walk = sg.walks.random_walk(
        start.network, tiny_run.shared, start, n_steps=400, excursion=1.0, n_walkers=24,
        record_every=400, geometry="sphere", test=False, rng=3,
    )  # fmt: skip
    end = sg.statistics.mean_estimate(walk.overlap[:, -1])
    n = start.network.n_parameters
    assert abs(end.z(math.exp(-(n - 1) / (2 * n)))) < 4


def test_shapes_and_limits_of_moves(tiny_run):
    found, p = tiny_run.results["moves"], tiny_run.parameters
    assert found.rises.shape == (4, len(p.law_excursions), p.n_walk_solutions)
    assert found.loss.shape == (4, p.n_walk_solutions, found.steps.size)
    assert (found.balanced_change < 1e-12).all()
    assert not np.allclose(*found.gauge_rises)
    sphere = found.pooled("sphere")
    assert (sphere.distance[:, -1] < found.pooled("isotropic").distance[:, -1]).all()


def test_free_walks_stand_last_among_thermal_ones(tiny_run):
    thermal = tiny_run.results["moves"].thermal
    assert thermal.temperatures.tolist() == [1e-4, 1e-2, math.inf]
    assert (thermal.acceptance[-1] == 1).all()
    assert (thermal.acceptance[:-1] < 1).all()
    assert thermal.over_free(2).mean == 1
    assert thermal.over_free(0).mean < 1
    assert thermal.sweeps[-1] == tiny_run.parameters.thermal_sweeps
    assert thermal.drift < 1e-5


def test_finished_thermal_walks_are_not_walked_again(tiny_run, context, monkeypatch):
    """A second run of the task reads what the first left, and gives the same."""
    first = moves.run(context(11))
    assert first.thermal.loss.tobytes() == tiny_run.results["moves"].thermal.loss.tobytes()
    monkeypatch.setattr(
        "spinglass_nn.studies.recipes.liao2024.thermal.random_walk",
        lambda *_, **__: pytest.fail("walked again"),
    )
    again = moves.run(context(11))
    assert again.thermal.loss.tobytes() == first.thermal.loss.tobytes()


def test_sampling_goes_on_from_its_parts(tiny_run, context, tmp_path):
    """From a checkpoint of an early part come the bits of the whole run."""
    whole = gibbs.run(context(12))
    state = sg.load(tmp_path / "sampling0.npz")
    assert state.n_sweeps == tiny_run.parameters.gibbs_sweeps * 4 // 3
    again = gibbs.run(context(12))
    for one in (whole, again):
        assert one.energies.tobytes() == tiny_run.results["gibbs"].energies.tobytes()
        assert one.overlaps.tobytes() == tiny_run.results["gibbs"].overlaps.tobytes()


def energies(shift, n_records=400, apart=0.0):
    """Independent energies of two starts at three temperatures; the coldest may differ."""
    draws = np.random.default_rng(5).standard_normal((2, 3, 8, n_records))
    draws[1, :shift] += apart
    return draws


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(0, [True, True, True]), (1, [False, True, True]), (2, [False, False, True])],
)
def test_equilibrium_is_judged_from_the_hot_end(tiny_run, shift, expected):
    found = replace(
        tiny_run.results["gibbs"],
        temperatures=np.array([1.0, 2.0, np.inf]),
        energies=energies(shift, apart=2.0),
    )
    assert found.equilibrated.tolist() == expected
    tests = found.starts_agree
    assert [t.passed for t in tests] == expected
    one = replace(found, energies=energies(0))
    bad = one.energies.copy()
    bad[:, 1] += 3 * np.arange(8)[:, None]  # replicas apart, starts alike
    assert replace(one, energies=bad).equilibrated.tolist() == [False, False, True]


def test_report_concludes_nothing_where_it_did_not_mix(tiny_run):
    from spinglass_nn.reports.liao2024.gibbs import _findings

    kept = {"temperatures": np.array([1.0, 2.0, np.inf]), "kept": np.array([1.0, 2.0, np.inf])}
    found = replace(tiny_run.results["gibbs"], energies=energies(1, apart=2.0), **kept)
    first, *rest = _findings(found)
    assert "from T = 2 upwards and not below" in first
    assert [line.partition(":")[0] for line in rest] == ["At T = 2"]
    assert len(_findings(replace(found, energies=energies(0)))) == 3


@pytest.mark.parametrize(
    ("factor", "verdict"), [(0.5, SUPPORTED), (1.0, CANNOT_TELL), (2.0, NOT_SUPPORTED)]
)
def test_aging_is_told_from_displacements(tiny_run, factor, verdict):
    """Free motion whose later steps are longer or shorter by a factor."""
    aging = tiny_run.results["aging"]
    n = aging.n_intervals
    steps = aging.interval * np.arange(n + 1)
    lengths = np.where(np.arange(n) < n // 2, 1.0, math.sqrt(factor))
    draws = np.random.default_rng(1).standard_normal((6, n, 3000)) * lengths[:, None]
    points = np.concatenate([np.zeros((6, 1, 3000)), draws.cumsum(axis=1)], axis=1)
    motion = sg.training.two_time(sg.training.Snapshots(steps, points))
    found = replace(aging, two_time=motion)
    assert abs(found.slowing().z(factor)) < 4
    assert walk_claims._ages(found).verdict == verdict


def test_too_short_a_run_tells_nothing_of_aging(tiny_run):
    aging = replace(tiny_run.results["aging"], n_intervals=2)
    assert math.isnan(aging.slowing().mean)
    assert walk_claims._ages(aging).verdict == CANNOT_TELL


def test_walks_from_copies_are_a_control(tiny_run):
    walks = tiny_run.results["walks"]
    assert walks.starts[-1] == "copy"
    at_start = walks.loss[[0, -1], ..., 0]
    np.testing.assert_allclose(at_start[0], at_start[1], rtol=1e-5)
    halves = walks.halves("trained").sum(axis=0)
    np.testing.assert_allclose(halves, walks.rise("trained"), rtol=1e-9)


def test_kinks_close_the_gap_to_the_law(tiny_run):
    """At the shortest length the rise is that of Hessian and kinks, for every kind of move."""
    moves = tiny_run.results["moves"]
    assert moves.kinks.shape == moves.rises.shape
    for kind in moves.kinds:
        alone, kinked = moves.against_law(kind, 0), moves.against_kinked_law(kind, 0)
        assert abs(kinked.mean - 1) < min(0.01, abs(alone.mean - 1) / 4)
        assert kinked.error < alone.error / 4
