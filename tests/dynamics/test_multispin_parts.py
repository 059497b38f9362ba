"""The parts of multi-spin coding: ties, measurements, clusters; and the same bits always."""

from __future__ import annotations

import numpy as np
import pytest
from naive import monte_carlo
from naive import multispin as naive
from naive.multispin_engines import LAYOUTS, cubes, engine_of, run_all

from spinglass_nn._core.jit import kernel
from spinglass_nn._core.simd import aligned
from spinglass_nn._core.threads import run as run_threads
from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics._multispin_cluster_kernels import exchange_clusters
from spinglass_nn.dynamics._multispin_sweep_kernels import N_BITS, sweep
from spinglass_nn.spins import EdwardsAnderson

ALL = ("magnetization", "overlap", "link_overlap", "structure")


@kernel
def sweep_one(spins, signs, table, chance_at, chances, used, moves):
    sweep((0, 0, 0, 0), spins, signs, table, chance_at, chances, used, moves)


@pytest.mark.parametrize("agree", [0, 11, 12, 13, 15, 16, 40, 55, 56])
def test_ties_are_decided_by_further_bits_and_cost_their_own_column_alone(agree):
    """One free spin whose u and P agree in so many bits, in one lane of column 5."""
    rng = np.random.default_rng(agree)
    state = rng.integers(2**64, size=4, dtype=np.uint64)
    walk = [int(word) for word in state]
    words = [naive.next_word(walk) for _ in range(N_BITS)]
    words = words[11::-1] + words[12:]  # the first twelve from the lowest bit up
    u = [1 - (word >> 9 & 1) for word in words]
    signs, table = aligned(16, np.uint64), np.tile(np.array([8, 0], np.int32), 4)
    for larger in (0, 1):
        if agree < N_BITS and u[agree] == larger:
            continue
        chance = [*u[:agree], larger, *rng.integers(2, size=N_BITS)][:N_BITS]
        chances = aligned((N_BITS, 2, 8), np.uint64)
        chances[:, 0] = np.array(chance, dtype=np.uint64)[:, None] << np.uint64(9)
        spins, used, moves = (aligned(n, np.uint64) for n in (24, 8, 32))
        used[:] = 1 << 9
        moves[:] = rng.integers(2**64, size=32, dtype=np.uint64)
        moves[5::8] = state
        before = moves.copy()
        sweep_one(spins, signs, table, np.zeros(1, int), chances.ravel(), used, moves)
        assert spins[8 + 5] == (larger << 9 if agree < N_BITS else 0)
        for column in range(8):
            expected = [int(word) for word in before[column::8]]
            more = 4 * max(0, -(-(min(agree + 1, N_BITS) - 12) // 4)) if column == 5 else 0
            for _ in range(12 + more):
                naive.next_word(expected)
            if column == 5 or not decided_late(before[column::8], chance):
                assert moves[column::8].tolist() == expected, column


def decided_late(state, chance):
    """Whether another column happens to tie too in its first twelve bits."""
    walk = [int(word) for word in state]
    words = [naive.next_word(walk) for _ in range(12)][::-1]
    return [1 - (word >> 9 & 1) for word in words] == chance[:12]


@pytest.mark.parametrize("layout", [*LAYOUTS, "many"])
def test_measurements_are_those_of_the_spins(layout):
    n_samples, replicas, n_temperatures = LAYOUTS.get(layout, (1, 600, 1))
    models = [EdwardsAnderson((2, 3, 5), "pm1", rng=k) for k in range(n_samples)]
    temperatures = np.geomspace(0.6, 2, n_temperatures) if n_temperatures > 1 else [1.2]
    names = ALL if layout != "many" else ("magnetization", "overlap")
    engine = engine_of(models, replicas, temperatures, observables=names, every=2)
    run_all(engine, 3)
    spins, raws = engine.spins(), engine.raws
    links = geometry_of(models[0], ALL).links
    energies = np.array([m.energy(s) for m, s in zip(models, spins, strict=True)])
    assert np.array_equal(engine.energies(), energies)
    assert np.array_equal(np.concatenate([raw.energy for raw in raws]), energies)
    found = np.concatenate([raw.magnetization for raw in raws])
    assert np.allclose(found, spins.mean(axis=-1), atol=1e-14)
    a, b = np.triu_indices(replicas, 1)
    joint = spins[:, a] * spins[:, b]
    found = np.concatenate([raw.overlap for raw in raws])
    assert np.allclose(found, joint.mean(axis=-1), atol=1e-14)
    if layout == "many":
        return
    found = np.concatenate([raw.link_overlap for raw in raws])
    bonds = joint[..., links[:, 0]] * joint[..., links[:, 1]]
    assert np.allclose(found, bonds.mean(axis=-1), atol=1e-14)
    found = np.concatenate([raw.structure for raw in raws])
    for k, pair, t in [(0, 0, 0), (n_samples - 1, len(a) - 1, n_temperatures - 1)]:
        one, other = spins[k, a[pair], t], spins[k, b[pair], t]
        expected = monte_carlo.structure(one, other, (2, 3, 5))
        assert found[k, pair, t] == pytest.approx(expected, abs=1e-13)


def test_sums_and_lowest_energies():
    models = [EdwardsAnderson((4, 4, 3), "pm1", rng=k) for k in range(3)]
    engine = engine_of(models, 2, observables=("overlap",))
    energies, overlaps, lowest = [], [], np.full(3, np.inf)
    for _ in range(30):
        run_all(engine, 1)
        energies.append(engine.energies())
        spins = engine.spins().astype(float)
        overlaps.append((spins[:, 0] * spins[:, 1]).mean(axis=-1)[:, None])
        lowest = np.minimum(lowest, energies[-1].min(axis=(1, 2)))
    totals = engine.record.totals
    for k in range(3):
        expected = monte_carlo.moments(
            np.moveaxis(np.array(energies)[:, k], 1, 0).swapaxes(0, 1),
            np.array(overlaps)[:, k],
        )
        for name, value in expected.items():
            column = engine.record.columns.index(name)
            assert np.allclose(totals.sums[k, :, column] / 30, value), name
    assert np.array_equal(totals.lowest_energy, lowest)
    assert [m.energy(s) for m, s in zip(models, totals.lowest_spins, strict=True)] == list(
        lowest
    )
    assert (totals.overlap_counts.sum(axis=2) == 30).all()


def test_the_same_bits_in_pieces_and_after_putting_back():
    options = {"cluster": 2, "observables": ALL, "every": 3}
    whole, pieces = engine_of(cubes(2), **options), engine_of(cubes(2), **options)
    whole.run(0, 12)
    pieces.run(0, 5)
    again = engine_of(cubes(2), seed=99, **options)
    for name, array in pieces.arrays().items():
        again.arrays()[name][...] = array
    for name, array in pieces.record.arrays().items():
        again.record.arrays()[name][...] = array
    again.restored()
    assert np.array_equal(again.energies(), pieces.energies())
    again.run(0, 1)
    again.run(0, 6)
    assert np.array_equal(again.spins(), whole.spins())
    for name, array in whole.record.arrays().items():
        assert np.array_equal(again.record.arrays()[name], array), name


@pytest.mark.parametrize(("replicas", "n_temperatures"), [(2, 16), (5, 24)])
def test_samples_do_not_feel_their_neighbours(replicas, n_temperatures):
    options = {"temperatures": np.geomspace(0.3, 2, n_temperatures), "cluster": 3}
    many, few = (
        engine_of(cubes(11), replicas, **options),
        engine_of(cubes(3), replicas, **options),
    )
    for engine in (many, few):
        run_all(engine, 300)
    assert np.array_equal(many.spins()[:3], few.spins())
    for name, array in few.record.arrays().items():
        assert np.array_equal(many.record.arrays()[name][:3], array), name


def test_the_same_bits_on_several_threads():
    one, several = engine_of(cubes(20)), engine_of(cubes(20))
    run_all(one, 100)
    run_threads(lambda group: several.run(group, 100), range(several.n_groups), 2)
    assert one.n_groups == 3
    assert np.array_equal(one.spins(), several.spins())
    assert np.array_equal(one.record.totals.sums, several.record.totals.sums)


@kernel
def move_clusters(tables, part):
    exchange_clusters(
        part.spins, tables.n_spins, tables.lattice, tables.places, tables.partners,
        part.clusters, part.scratch,
    )  # fmt: skip


@pytest.mark.parametrize("layout", ["one word", "two words", "two blocks", "all of a block"])
def test_clusters_are_components_and_keep_the_sum_of_energies(layout):
    n_samples, replicas, n_temperatures = LAYOUTS[layout]
    models = [EdwardsAnderson((4, 5), "pm1", boundary="free", rng=k) for k in range(n_samples)]
    engine = engine_of(models, replicas, np.geomspace(0.5, 4, n_temperatures), cluster=1000)
    run_all(engine, 5)
    before = engine.spins()
    states = engine.arrays()["clusters"].copy()
    for group in range(engine.n_groups):
        move_clusters(engine._tables, engine._parts[group])
    engine.restored()
    after = engine.spins()
    assert np.array_equal(np.array([m.energy(s) for m, s in zip(models, after, strict=True)]),
                          engine.energies())  # fmt: skip
    n_moved = 0
    for k, model in enumerate(models):
        bonds = naive.bonds_of(model)
        for pair in range(replicas // 2):
            generator = sfc64(states[k, pair])
            for t in range(n_temperatures):
                old, new = (
                    before[k, 2 * pair : 2 * pair + 2, t],
                    after[k, 2 * pair : 2 * pair + 2, t],
                )
                seed = int(generator.random() * model.n_spins)
                expected = old.copy()
                if old[0, seed] != old[1, seed]:
                    cluster = naive.component(bonds, old[0] != old[1], seed)
                    expected[:, cluster] = old[::-1, cluster]
                    n_moved += cluster.size
                assert np.array_equal(new, expected)
                assert model.energy(new).sum() == model.energy(old).sum()
    assert n_moved > 0
    if replicas % 2:
        assert np.array_equal(before[:, -1], after[:, -1])


def sfc64(words):
    generator = np.random.Generator(np.random.SFC64(0))
    state = generator.bit_generator.state
    state["state"]["state"] = words
    generator.bit_generator.state = state
    return generator


def test_spins_put_in_come_out_and_temperatures_change():
    engine = engine_of(cubes(3), 5, np.geomspace(0.5, 2, 30))
    given = np.random.default_rng(2).choice(np.array([-1, 1], np.int8), engine.spins().shape)
    run_all(engine, 50)
    engine.set_spins(given)
    assert np.array_equal(engine.spins(), given)
    assert np.array_equal(
        engine.energies(), [m.energy(s) for m, s in zip(cubes(3), given, strict=True)]
    )
    assert not engine.arrays()["labels"].any()
    chosen = np.array([[4, 3, 2, 1, 0]] * 3)
    engine.resample(chosen)
    assert np.array_equal(engine.spins(), given[:, ::-1])
