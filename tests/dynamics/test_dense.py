"""Dense engine: exact averages, exact fields, the same bits however it is run."""

from __future__ import annotations

import numpy as np
import pytest
from naive import dense_dynamics as naive

from spinglass_nn.dynamics.dense import DenseEngine
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins import Hopfield, IsingGraph, PSpin, SherringtonKirkpatrick

LOW = np.geomspace(0.15, 1.6, 12)


def sk(n_spins, distribution="gaussian", field=0.0, sample=0):
    return SherringtonKirkpatrick(n_spins, distribution, field=field, sample=sample, rng=8)


def run_all(engine, *cuts, n_threads=1):
    for n in cuts:
        for k in range(engine.n_groups):
            engine.run(k, n, n_threads)
    return engine


def everything(engine):
    totals = engine.record.totals
    return {
        **{f"engine {name}": array.copy() for name, array in engine.arrays().items()},
        **{f"record {name}": array.copy() for name, array in totals._asdict().items()},
        "energies": engine.energies(),
        "spins": engine.spins(),
    }


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert np.array_equal(array, other[name]), name


@pytest.mark.parametrize("move", ["metropolis", "heat_bath"])
def test_exact_averages_of_a_small_sk_model(make_engine, z_scores, assert_fair, move):
    models = [sk(12), sk(12, field=0.2, sample=1)]
    engine = make_engine(DenseEngine, models, LOW, move=move)
    assert_fair(z_scores(engine, 1500, 1000), 2)


@pytest.mark.physics
@pytest.mark.parametrize("move", ["metropolis", "heat_bath"])
@pytest.mark.parametrize(
    "models",
    [
        [sk(16, sample=k) for k in range(8)],
        [sk(16, field=0.3, sample=k) for k in range(8)],
        [sk(14, "pm1", sample=k) for k in range(8)],
        [sk(13, "pm1", field=0.25, sample=k) for k in range(8)],
        [Hopfield(14, 3, sample=k, rng=8) for k in range(8)],
        [PSpin(15, 2, sample=k, rng=8) for k in range(8)],
    ],
    ids=["gaussian", "gaussian-field", "pm1", "pm1-field", "hopfield", "p=2"],
)
def test_exact_averages(make_engine, z_scores, assert_fair, models, move):
    engine = make_engine(DenseEngine, models, LOW, move=move, seed=3)
    assert_fair(z_scores(engine, 4000, 2000), len(models))


@pytest.mark.parametrize("heat_bath", [False, True])
@pytest.mark.parametrize("n_spins", [5, 64, 67, 150])
def test_a_sweep_as_its_definition_says(make_engine, n_spins, heat_bath):
    temperatures = np.array([0.3, 0.7, 1.5])
    move = "heat_bath" if heat_bath else "metropolis"
    model = sk(n_spins, field=0.1)
    engine = make_engine(DenseEngine, [model], temperatures, move=move, exchange=False)
    expected, words = engine.spins()[0].astype(int), engine.arrays()["states"][0].copy()
    for _ in range(2):
        for r in range(2):
            words[r] = naive.sweep(model, expected[r], temperatures, words[r], heat_bath)
    engine.run(0, 2)
    assert np.array_equal(engine.spins()[0], expected)
    assert np.array_equal(engine.arrays()["states"][0], words)
    assert np.allclose(engine.energies()[0], model.energy(expected), atol=1e-5)


def test_fields_and_energies_never_drift(make_engine):
    model = sk(70, field=0.1)
    engine = make_engine(
        DenseEngine, [model], np.linspace(0.2, 1.5, 4), measure_every=1000, observables=()
    )
    run_all(engine, 100)
    systems = engine._systems[0]
    fields, energy = systems.fields.copy(), systems.energy.copy()
    engine.restored()
    assert np.array_equal(systems.fields, fields)
    assert np.array_equal(systems.energy, energy)
    found, unit = systems.fields.reshape(2, 8, 64), engine._units[0]
    expected = model.local_fields(engine._unpacked(systems.words.T))
    assert np.allclose(found[0] * unit, expected[:, :64], atol=1e-6)
    assert np.allclose(found[1, :, :6] * unit, expected[:, 64:], atol=1e-6)
    assert np.allclose(engine.energies()[0], model.energy(engine.spins()[0]), atol=1e-5)


@pytest.mark.parametrize("n_spins", [20, 130])
def test_the_same_bits_in_pieces_beside_others_and_on_threads(make_engine, n_spins):
    models = [sk(n_spins, sample=k) for k in range(2)]

    def engine(chosen, n_replicas=3):
        return make_engine(
            DenseEngine,
            chosen,
            np.linspace(0.2, 1.4, 6),
            n_replicas=n_replicas,
            measure_every=3,
        )

    whole = everything(run_all(engine(models), 40))
    assert_same(whole, everything(run_all(engine(models), 1, 7, 32)))
    assert_same(whole, everything(run_all(engine(models), 40, n_threads=2)))
    assert_same(whole, everything(run_all(engine(models), 13, 27, n_threads=3)))
    alone = everything(run_all(engine(models[:1]), 40))
    for name, array in alone.items():
        assert np.array_equal(array, whole[name][:1]), name


def test_the_same_bits_after_saving_and_putting_back(make_engine):
    models, temperatures = [sk(70, sample=k) for k in range(2)], np.linspace(0.2, 1.4, 6)
    whole = everything(run_all(make_engine(DenseEngine, models, temperatures), 30))
    first = run_all(make_engine(DenseEngine, models, temperatures), 12)
    second = make_engine(DenseEngine, models, temperatures)
    for name, array in first.arrays().items():
        second.arrays()[name][...] = array
    for name, array in first.record.arrays().items():
        second.record.arrays()[name][...] = array
    second.restored()
    assert_same(whole, everything(run_all(second, 18)))


def test_lowest_energy_is_the_energy_of_its_configuration(make_engine):
    models = [sk(14, sample=k) for k in range(2)]
    engine = run_all(make_engine(DenseEngine, models, LOW), 300)
    totals = engine.record.totals
    states = 1 - 2 * ((np.arange(2**14)[:, None] >> np.arange(14)) & 1)
    for k, model in enumerate(models):
        assert totals.lowest_energy[k] == model.energy(totals.lowest_spins[k])
        assert np.isclose(totals.lowest_energy[k], model.energy(states).min())


def test_given_configurations_and_temperatures(make_engine):
    model = sk(67)
    engine = run_all(make_engine(DenseEngine, [model], np.linspace(0.2, 1.4, 6)), 20)
    given = np.random.default_rng(4).choice([-1, 1], size=(1, 2, 6, 67)).astype(np.int8)
    engine.set_spins(given)
    assert np.array_equal(engine.spins(), given)
    assert np.allclose(engine.energies(), model.energy(given), atol=1e-5)
    engine.set_temperatures(np.full(6, 1e-6))
    run_all(engine, 200)
    fields = model.local_fields(engine.spins()[0])
    assert (engine.spins()[0] * fields >= -1e-6).all()


def test_hundreds_of_replicas_at_one_temperature_are_cooled_and_chosen(make_engine):
    model = sk(20)
    engine = make_engine(
        DenseEngine, [model, model], [1.0], n_replicas=200, exchange=False, observables=()
    )
    assert engine._couplings[0] is engine._couplings[1]
    for temperature in np.linspace(1.0, 0.05, 60):
        engine.set_temperatures(np.array([temperature]))
        run_all(engine, 2, n_threads=2)
    lowest = engine.record.totals.lowest_energy
    assert lowest[0] == pytest.approx(lowest[1])
    assert (engine.energies() < lowest[0] + 1e-5).mean() > 0.3
    before, energies = engine.spins(), engine.energies()
    choice = np.random.default_rng(1).integers(0, 200, size=(2, 200))
    engine.resample(choice)
    assert np.array_equal(
        engine.spins(), np.take_along_axis(before, choice[:, :, None, None], axis=1)
    )
    assert np.array_equal(
        engine.energies(), np.take_along_axis(energies, choice[:, :, None], axis=1)
    )
    fields = [systems.fields.copy() for systems in engine._systems]
    engine.restored()
    for kept, systems in zip(fields, engine._systems, strict=True):
        assert np.array_equal(kept, systems.fields)


def test_tiles_without_couplings_are_left_out(make_engine):
    rng = np.random.default_rng(2)
    i, j = np.arange(199), np.arange(1, 200)
    chain = IsingGraph.from_arrays(i, j, rng.normal(size=199), 200, rng.normal(size=200))
    engine = run_all(make_engine(DenseEngine, [chain], np.linspace(0.3, 2.0, 5)), 50)
    assert engine._couplings[0].columns.size == 4 + 2 * 3
    assert np.allclose(engine.energies(), chain.energy(engine.spins()), atol=1e-5)
    dense = IsingGraph.from_matrix(chain.matrix(), chain.fields)
    assert np.allclose(engine.energies(), dense.energy(engine.spins()), atol=1e-5)


def test_a_fresh_sample_differs_in_its_spins(make_engine):
    model = sk(64)
    engine = make_engine(DenseEngine, [model, model], [1.0])
    spins = engine.spins().reshape(4, 64)
    assert len({tuple(row) for row in spins.tolist()}) == 4


def test_cluster_moves_are_refused():
    from spinglass_nn._core.random import seed_of
    from spinglass_nn.dynamics._engine import Setting
    from spinglass_nn.dynamics._record import Record

    setting = Setting(2, np.array([1.0]), "metropolis", True, 1, 10, (), seed_of(1))
    with pytest.raises(ParameterError, match="cluster_every must be 0 for dense models"):
        DenseEngine([sk(8)], setting, Record(1, 2, 1, 8, ()))
