"""Simulated and population annealing: exact answers, resuming, errors."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.dynamics.population import _systematic
from spinglass_nn.errors import Interrupted, ParameterError

MODELS = {
    "multispin": sg.spins.EdwardsAnderson((4, 4), "pm1", rng=1),
    "sparse": sg.spins.EdwardsAnderson((4, 4), rng=1),
    "dense": sg.spins.SherringtonKirkpatrick(14, rng=1),
    "many-body": sg.spins.PSpin(10, 3, rng=1),
}
EVERY = pytest.mark.parametrize("kernel", MODELS)


@EVERY
def test_annealing_finds_the_ground_state(kernel):
    model = MODELS[kernel]
    run = sg.dynamics.simulated_annealing(
        model, sg.dynamics.geometric(0.1, 3, n=40), n_reads=100, n_sweeps=2, rng=3
    )
    exact = sg.spins.exact.enumerate(model, 1.0)
    assert run.kernel == kernel
    assert run.lowest_energy == pytest.approx(exact.ground_energy)
    assert model.energy(run.lowest_spins) == run.lowest_energy
    assert np.array_equal(run.energies, model.energy(run.spins))
    assert run.success(exact.ground_energy).mean > 0.1
    assert run.success(exact.ground_energy - 1).mean == 0


def test_more_reads_than_a_batch_are_different_reads():
    model = sg.spins.EdwardsAnderson((12, 12), rng=1)
    ladder = sg.dynamics.geometric(1, 3, n=5)
    run = sg.dynamics.simulated_annealing(model, ladder, n_reads=1100, rng=3, n_threads=2)
    assert run.energies.shape == (1100,)
    assert len({row.tobytes() for row in run.spins}) > 1090
    one = sg.dynamics.simulated_annealing(model, ladder, n_reads=1100, rng=3, n_threads=1)
    assert np.array_equal(run.spins, one.spins)


@EVERY
def test_slow_cooling_ends_at_equilibrium(kernel):
    """Single copies cooled slowly sample the Boltzmann distribution at the last temperature."""
    model = MODELS[kernel]
    run = sg.dynamics.simulated_annealing(
        model, sg.dynamics.geometric(1.0, 4, n=30), n_reads=512, n_sweeps=8, rng=5
    )
    exact = sg.spins.exact.enumerate(model, 1.0)
    error = run.energies.std(ddof=1) / np.sqrt(512)
    assert abs(run.energies.mean() - exact.energy[0]) < 4 * error


@EVERY
def test_population_annealing_gives_the_free_energy(kernel):
    model = MODELS[kernel]
    ladder = sg.dynamics.geometric(0.4, 5, n=30)
    run = sg.dynamics.population_annealing(
        model, ladder, n_copies=400, n_runs=10, n_sweeps=5, rng=2
    )
    exact = sg.spins.exact.enumerate(model, ladder)
    n = model.n_spins
    # neighbouring temperatures share their noise: the worst of 30 counts as one of few
    assert np.abs(run.free_energy.z(exact.free_energy / n)).max() < 5
    assert np.abs(run.energy.z(exact.energy / n)).max() < 5
    assert run.lowest_energy == pytest.approx(exact.ground_energy)
    assert (np.diff(run.n_families, axis=1) >= 0).all()  # families only die out on cooling
    assert (run.family_size >= 1).all()


@pytest.mark.parametrize("n_runs", [1, 3])
def test_annealing_stopped_and_resumed_has_the_same_bits(n_runs, tmp_path):
    model, ladder = MODELS["sparse"], sg.dynamics.geometric(0.4, 5, n=300)
    file = tmp_path / "population.npz"
    given = {"n_copies": 40, "n_runs": n_runs, "n_sweeps": 2, "rng": 2}

    def interrupt(done, total, text):
        if done == 100:
            threading.Timer(0.0, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(Interrupted, match="of 300 temperatures") as raised:
        sg.dynamics.population_annealing(
            model, ladder, progress=interrupt, checkpoint=file, **given
        )
    assert raised.value.state.n_sweeps < 600
    resumed = sg.dynamics.population_annealing(model, ladder, checkpoint=file, **given)
    whole = sg.dynamics.population_annealing(model, ladder, **given)
    assert np.array_equal(resumed.log_partition, whole.log_partition)
    assert np.array_equal(resumed.family_size, whole.family_size)
    assert np.array_equal(resumed.spins, whole.spins)
    with pytest.raises(ParameterError, match="n_copies must be as in the state"):
        sg.dynamics.population_annealing(
            model, ladder, state=raised.value.state, **{**given, "n_copies": 50}
        )


def test_systematic_resampling_keeps_expectations():
    rng = np.random.default_rng(1)
    weights = rng.random(50)
    expected = 50 * weights / weights.sum()
    counts = np.mean(
        [np.bincount(_systematic(weights, u), minlength=50) for u in np.arange(1000) / 1000],
        axis=0,
    )
    assert counts == pytest.approx(expected, abs=2e-3)
    once = np.bincount(_systematic(weights, 0.3), minlength=50)
    assert (np.abs(once - expected) < 1).all()
    assert once.sum() == 50


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": [MODELS["sparse"]] * 2}, "must be one model, got a sequence of 2"),
        ({"temperatures": [2.0, 1.0]}, "increase strictly"),
        ({"n_copies": 1}, "n_copies must be at least 2"),
        ({"n_sweeps": 0}, "n_sweeps must be at least 1"),
        ({"kernel": "dense", "model": sg.spins.PSpin(8, 3)}, "cannot run this"),
    ],
)
def test_one_clear_error(given, message):
    full = {"model": MODELS["sparse"], "temperatures": [1.0, 2.0], **given}
    with pytest.raises(ParameterError, match=message):
        sg.dynamics.population_annealing(full.pop("model"), full.pop("temperatures"), **full)
