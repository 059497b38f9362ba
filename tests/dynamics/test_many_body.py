"""Many-body engine: exact averages and fields of 3- and 4-spin models."""

from __future__ import annotations

import numpy as np
import pytest
from naive import dense_dynamics as naive

from spinglass_nn.dynamics.many_body import ManyBodyEngine
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins import PSpin


@pytest.mark.parametrize("p", [3, 4])
def test_exact_averages_of_a_small_model(make_engine, z_scores, assert_fair, p):
    models = [PSpin(10, p, sample=k, rng=4) for k in range(3)]
    engine = make_engine(ManyBodyEngine, models, np.geomspace(0.2, 1.5, 9))
    assert_fair(z_scores(engine, 2000, 1000), len(models))


@pytest.mark.physics
@pytest.mark.parametrize("move", ["metropolis", "heat_bath"])
@pytest.mark.parametrize(("n_spins", "p"), [(12, 3), (11, 4)])
def test_exact_averages(make_engine, z_scores, assert_fair, n_spins, p, move):
    models = [PSpin(n_spins, p, sample=k, rng=4) for k in range(8)]
    engine = make_engine(ManyBodyEngine, models, np.geomspace(0.15, 1.5, 14), move=move, seed=6)
    assert_fair(z_scores(engine, 4000, 2000), len(models))


@pytest.mark.parametrize("heat_bath", [False, True])
@pytest.mark.parametrize(("n_spins", "p"), [(5, 3), (16, 3), (70, 3), (4, 4), (19, 4)])
def test_a_sweep_as_its_definition_says(make_engine, n_spins, p, heat_bath):
    temperatures = np.array([0.2, 0.6, 1.2])
    model = PSpin(n_spins, p, rng=4)
    move = "heat_bath" if heat_bath else "metropolis"
    engine = make_engine(ManyBodyEngine, [model], temperatures, move=move, exchange=False)
    expected, words = engine.spins()[0].astype(int), engine.arrays()["states"][0].copy()
    for r in range(2):
        words[r] = naive.sweep(model, expected[r], temperatures, words[r], heat_bath)
    engine.run(0, 1)
    assert np.array_equal(engine.spins()[0], expected)
    assert np.array_equal(engine.arrays()["states"][0], words)


@pytest.mark.parametrize(("n_spins", "p"), [(30, 3), (81, 3), (12, 4), (66, 4)])
def test_fields_and_energies_never_drift(make_engine, n_spins, p):
    model = PSpin(n_spins, p, rng=4)
    engine = make_engine(
        ManyBodyEngine, [model], [0.5, 0.8, 1.2], measure_every=20 if n_spins > 40 else 2000,
    )  # fmt: skip
    engine.run(0, 10)
    systems, unit = engine._systems[0], engine._units[0]
    fields, energy = systems.fields.copy(), systems.energy.copy()
    expected = model.local_fields(engine._unpacked(systems.words.T))
    assert np.allclose(systems.fields.reshape(6, -1)[:, :n_spins] * unit, expected, atol=1e-4)
    assert np.allclose(engine.energies(), model.energy(engine.spins()), atol=1e-4)
    engine.restored()
    assert np.array_equal(systems.fields, fields)
    assert np.array_equal(systems.energy, energy)


@pytest.mark.parametrize("p", [3, 4])
def test_the_same_bits_in_pieces_beside_others_and_on_threads(make_engine, p):
    models = [PSpin(18, p, sample=k, rng=4) for k in range(2)]

    def run(chosen, *cuts, n_threads=1):
        engine = make_engine(ManyBodyEngine, chosen, np.linspace(0.3, 1.2, 5), n_replicas=3)
        for n in cuts:
            for k in range(len(chosen)):
                engine.run(k, n, n_threads)
        return engine

    whole = run(models, 60)
    for other in (run(models, 13, 47), run(models, 60, n_threads=2), run(models[:1], 60)):
        n = other.n_samples
        assert np.array_equal(whole.spins()[:n], other.spins())
        for name, array in other.record.arrays().items():
            assert np.array_equal(whole.record.arrays()[name][:n], array), name


def test_resampled_systems_keep_their_fields(make_engine):
    model = PSpin(18, 3, rng=4)
    engine = make_engine(
        ManyBodyEngine, [model], [0.7], n_replicas=50, exchange=False, observables=()
    )
    engine.run(0, 20)
    choice, before = np.arange(50)[None, ::-1] // 2, engine.spins()
    engine.resample(choice)
    assert np.array_equal(engine.spins()[0], before[0, choice[0]])
    fields = engine._systems[0].fields.copy()
    engine.restored()
    assert np.array_equal(engine._systems[0].fields, fields)


def test_lowest_energy_is_the_energy_of_its_configuration(make_engine):
    model = PSpin(11, 3, rng=4)
    engine = make_engine(ManyBodyEngine, [model], np.geomspace(0.15, 1.5, 9))
    engine.run(0, 1000)
    totals = engine.record.totals
    states = 1 - 2 * ((np.arange(2**11)[:, None] >> np.arange(11)) & 1)
    assert totals.lowest_energy[0] == model.energy(totals.lowest_spins[0])
    assert np.isclose(totals.lowest_energy[0], model.energy(states).min())


def test_tensors_beyond_memory_are_refused(make_engine, monkeypatch):
    monkeypatch.setattr("spinglass_nn.spins.models._memory", lambda: 1e6)
    with pytest.raises(ParameterError, match="couplings of 40 spins with p=4 would take"):
        make_engine(ManyBodyEngine, [PSpin(40, 4, rng=4)], [1.0])
