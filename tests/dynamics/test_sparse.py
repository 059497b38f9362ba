"""The sparse engine against exact enumeration, a naive twin, NumPy, and itself in pieces."""

from __future__ import annotations

import numpy as np
import pytest
from naive import monte_carlo, sparse_dynamics

from spinglass_nn._core.random import Seed
from spinglass_nn._core.threads import run as run_threads
from spinglass_nn.dynamics._engine import Setting
from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics._record import Record
from spinglass_nn.dynamics.sparse import SparseEngine
from spinglass_nn.spins import EdwardsAnderson, IsingGraph, LayeredIsing, exact
from spinglass_nn.spins.graphs import random_regular_graph

ALL = ("magnetization", "overlap", "link_overlap", "structure")
LADDER = np.geomspace(0.2, 2.5, 16)


def engine_of(models, *, replicas=2, temperatures=LADDER, move="metropolis", exchange=True,
              every=1, cluster=0, observables=("overlap",), seed=1):  # fmt: skip
    setting = Setting(
        replicas, np.asarray(temperatures, dtype=float), move, exchange, every, cluster,
        tuple(observables), Seed(seed),
    )  # fmt: skip
    tables = geometry_of(models[0], observables)
    record = Record(
        len(models), replicas, len(temperatures), models[0].n_spins, observables,
        n_links=len(tables.links), n_axes=len(tables.waves),
        n_layers=len(tables.layers) - 1,
    )  # fmt: skip
    return SparseEngine(models, setting, record)


def users_graph():
    """Ten spins: a triangle, a hub, a dimer in fields, a bond of coupling 0, one alone."""
    i, j = [0, 1, 2, 3, 3, 3, 3, 7, 2], [1, 2, 0, 0, 4, 5, 6, 8, 7]
    couplings = [-1.0, -1.1, -0.9, 0.7, -1.3, 0.4, 1.9, -0.6, 0.0]
    fields = np.zeros(10)
    fields[[4, 7, 8]] = 0.5, -0.3, 0.2
    return IsingGraph.from_arrays(i, j, couplings, 10, fields)


MODELS = {
    "square": lambda: EdwardsAnderson((4, 4), rng=2),
    "fields": lambda: EdwardsAnderson(
        (2, 2, 3), field=np.random.default_rng(4).normal(0, 0.4, 12), rng=3
    ),
    "diluted": lambda: EdwardsAnderson((3, 4), dilution=0.6, rng=5),
    "regular": lambda: random_regular_graph(12, 3, "pm1", rng=6),
    "user": users_graph,
}


def z_scores(model, engine, n_units, warm, n_measures, temperatures):
    """Of <E>, <q^2>, <q_l> and P(q) by temperature; the units are copies of the model."""
    record = engine.record
    for k in range(n_units):
        engine.run(k, warm)
    for array in (record.totals.sums, record.totals.overlap_counts):
        array[...] = 0
    for k in range(n_units):
        engine.run(k, n_measures)
    truth = exact.enumerate(model, temperatures)
    links = geometry_of(model, ("link_overlap",)).links
    column = {name: c for c, name in enumerate(record.columns)}
    sums = record.totals.sums / n_measures
    pairs = engine.setting.n_pairs
    measured = {
        "E": (sums[..., column["energy"]], truth.energy),
        "q2": (sums[..., column["q^2"]], truth.q2),
        "q4": (sums[..., column["q^4"]], truth.q4),
        "q_l": (
            sums[..., column["q_l"]],
            (truth.correlations[:, links[:, 0], links[:, 1]] ** 2).mean(axis=1),
        ),
    }
    found = {name: _scores(values, right) for name, (values, right) in measured.items()}
    counts = record.totals.overlap_counts / (n_measures * pairs)
    seen = truth.overlap_probabilities.ravel() > 0.01
    found["P(q)"] = _scores(
        counts.reshape(n_units, -1)[:, seen], truth.overlap_probabilities.ravel()[seen]
    )
    return found


def _scores(values, right):
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return (values.mean(axis=0) - right) / np.maximum(error, 1e-6)


def rms(z):
    return float(np.sqrt(np.mean(np.square(z))))


@pytest.mark.parametrize("move", ["metropolis", "heat_bath"])
@pytest.mark.parametrize("name", MODELS)
def test_exact_averages_with_tempering(name, move):
    model, n_units = MODELS[name](), 24
    engine = engine_of(
        [model] * n_units, move=move, cluster=3, observables=("overlap", "link_overlap")
    )
    for quantity, z in z_scores(model, engine, n_units, 300, 3000, LADDER).items():
        assert np.abs(z).max() < 5, (quantity, z)
        assert rms(z) < 1.7, (quantity, z)


@pytest.mark.physics
@pytest.mark.parametrize("cluster", [0, 2])
@pytest.mark.parametrize("move", ["metropolis", "heat_bath"])
@pytest.mark.parametrize("name", MODELS)
def test_exact_averages_in_a_long_run(name, move, cluster):
    model, n_units = MODELS[name](), 48
    engine = engine_of(
        [model] * n_units, move=move, cluster=cluster,
        observables=("overlap", "link_overlap"),
    )  # fmt: skip
    found = z_scores(model, engine, n_units, 1000, 15_000, LADDER)
    # temperatures of a ladder go together, so an r.m.s. of 16 z-scores scatters like that of
    # a few; all quantities and runs together are judged below
    assert {q: rms(z) for q, z in found.items() if rms(z) > 1.8} == {}
    everything = np.concatenate([z.ravel() for z in found.values()])
    assert np.abs(everything).max() < 5
    assert 0.5 < rms(everything) < 1.4


@pytest.mark.physics
def test_scores_of_many_models_scatter_as_they_should():
    scores = []
    for k in range(12):
        model = EdwardsAnderson((3, 4), rng=100 + k)
        engine = engine_of([model] * 32, seed=k, observables=("overlap", "link_overlap"))
        found = z_scores(model, engine, 32, 500, 6000, LADDER)
        scores.append([np.mean(found[q] ** 2) for q in ("E", "q2", "q_l")])
    scale = 31 / 29  # variance of Student's t for 32 units
    mean = np.mean(scores, axis=0) / scale
    error = np.std(scores, axis=0, ddof=1) / np.sqrt(len(scores)) / scale
    assert (np.abs(mean - 1) < 4 * error + 0.05).all(), (mean, error)


@pytest.mark.parametrize("move", ["metropolis", "heat_bath"])
@pytest.mark.parametrize("n_lanes", [16, 32, 64])
def test_a_sweep_is_what_the_naive_twin_does(n_lanes, move):
    model = users_graph()
    temperatures = np.geomspace(0.1, 4, n_lanes)
    engine = engine_of(
        [model], replicas=1, temperatures=temperatures, move=move, exchange=False,
        every=3, observables=(),
    )  # fmt: skip
    spins = engine.spins()[0, 0].astype(int).tolist()
    states = engine.arrays()["0.states"].reshape(4, 8).T
    streams = [sparse_dynamics.Xoshiro(state) for state in states]
    engine.run(0, 1)
    for _ in range(3):
        sparse_dynamics.sweep(
            model.matrix().tolist(), model.fields.tolist(), spins, temperatures.tolist(),
            streams, move == "heat_bath",
        )  # fmt: skip
    assert np.array_equal(engine.spins()[0, 0], spins)


@pytest.mark.parametrize(
    "model",
    [EdwardsAnderson((3, 4, 5), rng=1), EdwardsAnderson((9, 10, 10), rng=2),
     EdwardsAnderson((2, 2, 3), field=0.3, rng=3)],
    ids=str,
)  # fmt: skip
def test_measurements_are_those_of_the_configurations(model):
    temperatures = np.linspace(0.3, 3, 70)
    engine = engine_of(
        [model], replicas=3, temperatures=temperatures, observables=ALL, every=3, cluster=2
    )
    engine.run(0, 4)
    spins, raw = engine.spins()[0], engine.raws[0]
    energies = model.energy(spins)
    assert np.allclose(raw.energy[0], energies, rtol=1e-6, atol=1e-4)
    assert np.array_equal(raw.energy, engine.energies())
    assert np.allclose(raw.magnetization[0], spins.mean(axis=-1))
    links = geometry_of(model, ALL).links
    for pair, (a, b) in enumerate([(0, 1), (0, 2), (1, 2)]):
        product = spins[a].astype(int) * spins[b]
        assert np.allclose(raw.overlap[0, pair], product.mean(axis=-1))
        link = (product[:, links[:, 0]] * product[:, links[:, 1]]).mean(axis=-1)
        assert np.allclose(raw.link_overlap[0, pair], link)
        for t in (0, 33, 63, 64, 69):
            waves = monte_carlo.structure(spins[a, t], spins[b, t], model.shape)
            assert np.allclose(raw.structure[0, pair, t], waves)
    totals = engine.record.totals
    assert totals.lowest_energy[0] == pytest.approx(model.energy(totals.lowest_spins[0]))
    assert totals.lowest_energy[0] <= energies.min() + 1e-9


def test_overlaps_of_layers():
    rng = np.random.default_rng(8)
    model = LayeredIsing.from_weights([rng.normal(size=(30, 40)), rng.normal(size=(7, 30))])
    engine = engine_of([model], observables=("layers",))
    engine.run(0, 5)
    product = engine.spins()[0, 0].astype(int) * engine.spins()[0, 1]
    parts = np.split(product, np.cumsum(model.sizes)[:-1], axis=1)
    expected = np.stack([part.mean(axis=1) for part in parts], axis=1)
    assert np.allclose(engine.raws[0].layers[0, 0], expected)


def snapshot(engine):
    arrays = {**engine.arrays(), **engine.record.arrays()}
    return {name: array.copy() for name, array in arrays.items()}


def assert_same(one, two):
    assert one.keys() == two.keys()
    assert [name for name in one if not np.array_equal(one[name], two[name])] == []


def samples(n):
    return [EdwardsAnderson((3, 3, 4), sample=k, rng=11) for k in range(n)]


@pytest.mark.parametrize("exchange", [True, False])
def test_a_run_in_pieces_gives_the_same_bits(exchange):
    def make():
        return engine_of(samples(1), exchange=exchange, every=3, cluster=2, observables=ALL)

    whole, pieces, other = make(), make(), make()
    whole.run(0, 7)
    pieces.run(0, 3)
    saved = snapshot(pieces)
    for name, array in {**other.arrays(), **other.record.arrays()}.items():
        array[...] = saved[name]
    other.restored()
    for engine in (pieces, other):
        for n in (1, 3):
            engine.run(0, n)
        assert_same(snapshot(engine), snapshot(whole))


def test_samples_and_threads_do_not_disturb_each_other():
    models = samples(4)
    together, threaded = engine_of(models, observables=ALL), engine_of(models, observables=ALL)
    fewer = engine_of(models[:2], observables=ALL)
    for k in range(4):
        together.run(k, 6)
    run_threads(lambda k: threaded.run(k, 6), range(4), 3)
    assert_same(snapshot(together), snapshot(threaded))
    for k in range(2):
        fewer.run(k, 6)
    assert np.array_equal(fewer.spins(), together.spins()[:2])
    assert np.array_equal(fewer.record.totals.sums, together.record.totals.sums[:2])


def test_energies_do_not_drift():
    model = EdwardsAnderson((4, 4, 4), rng=9)
    engine = engine_of([model], every=1000, observables=())
    engine.run(0, 100)
    assert np.abs(engine.energies() / model.energy(engine.spins()) - 1).max() < 1e-6


def test_clusters_exchange_spins_and_keep_the_sum_of_energies():
    model = users_graph()
    matrix, cold = model.matrix(), np.full(16, 1e-9)
    engine = engine_of([model], temperatures=cold, exchange=False, cluster=1)
    # at a local minimum for both replicas nothing but clusters moves
    for _ in range(20):
        engine.run(0, 1)
    before, energies = engine.spins()[0], model.energy(engine.spins()[0])
    fixed = np.delete(np.arange(10), 9)
    engine.run(0, 1)
    after = engine.spins()[0]
    product = before[0].astype(int) * before[1]
    moved = 0
    for t in range(16):
        changed = set(np.flatnonzero(before[0, t] != after[0, t])) & set(fixed.tolist())
        if changed:
            seed = min(changed)
            assert changed == sparse_dynamics.cluster(matrix, product[t], seed)
            assert np.array_equal(after[0, t, fixed], np.where(
                np.isin(fixed, list(changed)), before[1, t, fixed], before[0, t, fixed]
            ))  # fmt: skip
            moved += 1
    assert moved > 0
    assert np.allclose(energies.sum(axis=0), model.energy(after).sum(axis=0))
    assert np.allclose(engine.energies()[0], model.energy(after))


def test_setting_and_resampling_configurations():
    model = EdwardsAnderson((3, 3, 4), rng=1)
    n = 300
    engine = engine_of(
        [model, model], replicas=n, temperatures=[0.5], exchange=False, every=2,
        observables=(),
    )  # fmt: skip
    rng = np.random.default_rng(2)
    spins = rng.choice([-1, 1], (2, n, 1, 36)).astype(np.int8)
    engine.set_spins(spins)
    assert np.array_equal(engine.spins(), spins)
    assert np.allclose(engine.energies(), model.energy(spins))
    choice = rng.integers(0, n, (2, n))
    engine.resample(choice)
    spins = np.stack([spins[k, choice[k]] for k in range(2)])
    assert np.array_equal(engine.spins(), spins)
    assert np.allclose(engine.energies(), model.energy(spins))
    engine.set_temperatures(np.array([1e-6]))
    for k in range(2):
        engine.run(k, 30)
    frozen = engine.spins()
    engine.run(0, 1)
    assert np.array_equal(engine.spins(), frozen)  # local minima
    assert (model.energy(frozen) < model.energy(spins)).mean() > 0.95
    fields = model.local_fields(frozen)
    assert (frozen * fields > 0).all()


def test_a_changed_temperature_keeps_to_its_law():
    model, n = MODELS["square"](), 400
    engine = engine_of(
        [model], replicas=n, temperatures=[3.0], exchange=False, every=200, observables=()
    )
    for temperature in (3.0, 2.0, 1.2):
        engine.set_temperatures(np.array([temperature]))
        engine.run(0, 1)
        energies = engine.energies().ravel()
        right = exact.enumerate(model, temperature).energy[0]
        z = (energies.mean() - right) / (energies.std(ddof=1) / np.sqrt(n))
        assert abs(z) < 4
