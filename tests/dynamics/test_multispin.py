"""Multi-spin coding against exact enumeration, and against one system at a time."""

from __future__ import annotations

import numpy as np
import pytest
from naive.multispin_engines import (
    LADDER,
    LAYOUTS,
    PAIRS,
    Twin,
    cubes,
    engine_of,
    run_all,
    setting_of,
)

from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics.multispin import suits
from spinglass_nn.spins import EdwardsAnderson, IsingGraph, SherringtonKirkpatrick, exact
from spinglass_nn.spins.graphs import random_regular_graph


def crowded_graph(seed=3):
    """Nine spins with 7 or 8 neighbours each, couplings ±1/2."""
    i, j = np.triu_indices(9, 1)
    there = ~((j == i + 1) & (i % 2 == 0))
    signs = np.random.default_rng(seed).choice([-0.5, 0.5], there.sum())
    return IsingGraph.from_arrays(i[there], j[there], signs, 9)


def diluted_square(seed=3):
    """Sites of all degrees from 0 to 4."""
    couplings = np.random.default_rng(seed).choice([-1.0, 1.0], (2, 12))
    couplings[:, [2, 3, 7, 10]] = 0
    couplings[0, 11] = couplings[1, 1] = 0
    return EdwardsAnderson((3, 4), "pm1", couplings=couplings)


MODELS = {
    "torus": (2, lambda k: EdwardsAnderson((2, 2, 3), "pm1", sample=k, rng=1)),
    "square": (2, lambda k: EdwardsAnderson((4, 3), "pm1", sample=k, rng=2)),
    "free": (3, lambda k: EdwardsAnderson((3, 4), "pm1", boundary="free", sample=k, rng=3)),
    "ring": (5, lambda k: EdwardsAnderson((9,), "pm1", sample=k, rng=4)),
    "4D": (2, lambda k: EdwardsAnderson((2, 2, 1, 3), "pm1", sample=k, rng=5)),
    "regular": (6, lambda k: random_regular_graph(12, 3, "pm1", sample=k, rng=6)),
    "crowded": (3, crowded_graph),
    "diluted": (2, diluted_square),
}


def z_scores(model, engine, n_warm, n_measures):
    """Of <E>, <q^2>, <q^4>, <q_l> and P(q) by temperature; the units are copies of a model."""
    totals, columns = engine.record.totals, engine.record.columns
    run_all(engine, n_warm)
    totals.sums[:] = 0
    totals.overlap_counts[:] = 0
    run_all(engine, n_measures)
    truth = exact.enumerate(model, engine.setting.temperatures)
    i, j = geometry_of(model, PAIRS).links.T
    expected = {
        "energy": truth.energy,
        "q^2": truth.q2,
        "q^4": truth.q4,
        "q_l": (truth.correlations[:, i, j] ** 2).mean(axis=1),
    }
    # where next to nothing moves, one event more or less is no surprise
    event = 4.0 / (n_measures * engine.n_samples)
    found = {
        name: score(totals.sums[:, :, columns.index(name)] / n_measures, value, event)
        for name, value in expected.items()
    }
    law = truth.overlap_probabilities
    filled = law * n_measures > 50
    counts = totals.overlap_counts / (n_measures * engine.setting.n_pairs)
    found["P(q)"] = score(counts[:, filled], law[filled], event)
    return found


def score(values, expected, event):
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return (values.mean(axis=0) - expected) / np.hypot(error, event)


@pytest.mark.parametrize("cluster", [0, 3])
@pytest.mark.parametrize("name", MODELS)
def test_exact_averages_with_tempering(name, cluster):
    replicas, make = MODELS[name]
    model, n_units = make(0), 32
    engine = engine_of([model] * n_units, replicas, cluster=cluster)
    for quantity, z in z_scores(model, engine, 300, 2000).items():
        assert np.abs(z).max() < 5, (quantity, z)
        assert np.sqrt(np.mean(z**2)) < 1.9, (quantity, z)


@pytest.mark.physics
@pytest.mark.parametrize("name", MODELS)
def test_exact_averages_of_several_samples_in_long_runs(name):
    replicas, make = MODELS[name]
    scores = []
    for k in range(8):
        model = make(k)
        engine = engine_of([model] * 48, replicas, seed=10 + k, cluster=4 * (k % 2))
        found = z_scores(model, engine, 1000, 10_000)
        assert max(np.abs(z).max() for z in found.values()) < 6
        scores.append([np.mean(z**2) for z in found.values()])
    assert_fair(scores, 48)


@pytest.mark.physics
@pytest.mark.parametrize("coldest", [0.2, 0.5])
def test_exact_energies_of_32_temperatures_closely(coldest):
    models = [EdwardsAnderson((2, 2, 4), "pm1", sample=k, rng=3) for k in range(4)]
    temperatures = np.geomspace(coldest, 2, 32)
    scores = []
    for k, model in enumerate(models):
        engine = engine_of([model] * 32, 2, temperatures, seed=k)
        found = z_scores(model, engine, 2000, 100_000)
        scores.append([np.mean(z**2) for z in found.values()])
        errors = engine.record.totals.sums[:, :, 0].std(axis=0) / 100_000 / np.sqrt(32)
        assert errors.max() / model.n_spins < 2e-4
    assert_fair(scores, 32)


def assert_fair(scores, n_units):
    """Mean squares of z, one a model and quantity, average to that of Student's t."""
    expected = (n_units - 1) / (n_units - 3)
    mean, scatter = np.mean(scores, axis=0), np.std(scores, axis=0, ddof=1)
    error = np.maximum(scatter, 0.4) / np.sqrt(len(scores))  # few models: not taken below
    assert (np.abs(mean - expected) < 4 * error).all(), (mean, error)


@pytest.mark.parametrize(
    ("name", "layout"),
    [(name, "one word") for name in MODELS]
    + [(name, layout) for name in ("free", "torus", "crowded") for layout in LAYOUTS],
)
def test_sweeps_and_exchanges_bit_for_bit(name, layout):
    n_samples, replicas, n_temperatures = LAYOUTS[layout]
    models = [EdwardsAnderson(m.shape, "pm1", boundary=m.boundary, rng=k)
              if name in ("torus", "free") else m
              for k, m in enumerate([MODELS[name][1](0)] * n_samples)]  # fmt: skip
    temperatures = np.geomspace(0.4, 3, n_temperatures) if n_temperatures > 1 else [0.8]
    engine = engine_of(models, replicas, temperatures, observables=())
    twin = Twin(engine)
    for number in range(12 if layout == "one word" else 3):
        run_all(engine, 1)
        twin.advance(number % 2)
        assert np.array_equal(engine.spins(), twin.spins), number
    totals = engine.record.totals
    if n_temperatures > 1:
        assert np.array_equal(totals.accepts, twin.accepts)
        assert np.array_equal(totals.labelled, twin.labelled)
        assert np.array_equal(totals.from_hot, twin.from_hot)
        assert np.array_equal(totals.round_trips, twin.trips)
        assert totals.attempts.sum() > twin.accepts.sum() > 0
    assert np.array_equal(totals.lowest_energy, twin.lowest)


def test_annealing_512_copies_finds_the_ground_state():
    model = EdwardsAnderson((4, 4), "pm1", rng=3)
    engine = engine_of([model], 512, [3.0], exchange=False, observables=())
    for temperature in np.linspace(3, 0.1, 60):
        engine.set_temperatures(np.array([temperature]))
        engine.run(0, 1)
    truth = exact.enumerate(model, 1.0)
    assert engine.n_groups == 1
    assert engine.record.totals.lowest_energy[0] == truth.ground_energy
    found = engine.spins()[engine.energies() == truth.ground_energy]
    assert len(found) > 256
    assert len(np.unique(found, axis=0)) == truth.degeneracy


def test_couplings_of_any_strength_behave_like_ones_at_a_scaled_temperature():
    one = random_regular_graph(30, 5, "pm1", rng=1)
    ten = IsingGraph(one.first, one.neighbors, 10 * one.couplings, one.fields)
    engines = [engine_of([one], 2, LADDER), engine_of([ten], 2, 10 * LADDER)]
    for engine in engines:
        engine.run(0, 200)
    assert np.array_equal(engines[0].spins(), engines[1].spins())
    assert np.allclose(10 * engines[0].energies(), engines[1].energies())


def test_unsuited_models_are_told_why():
    cube = cubes(1)[0]
    assert suits([cube], setting_of(2, LADDER)) == ""
    refused = {
        "Metropolis": ([cube], setting_of(2, LADDER, move="heat_bath")),
        "64 temperatures": ([cube], setting_of(2, np.linspace(1, 2, 65))),
        "layers": ([cube], setting_of(2, LADDER, observables=("layers",))),
        "short range": ([SherringtonKirkpatrick(20, rng=1)], setting_of(2, LADDER)),
        "without field": ([EdwardsAnderson((4, 4), "pm1", field=0.1)], setting_of(2, LADDER)),
        "needs bonds": ([EdwardsAnderson((1,), "pm1")], setting_of(2, LADDER)),
        "one J": ([EdwardsAnderson((4, 4), rng=1)], setting_of(2, LADDER)),
        "8 neighbours": ([random_regular_graph(20, 9, "pm1")], setting_of(2, LADDER)),
        "same bonds": (
            [random_regular_graph(20, 3, "pm1", rng=k) for k in range(2)],
            setting_of(2, LADDER),
        ),
    }
    for words, (models, setting) in refused.items():
        assert words in suits(models, setting)
