"""Calibration: Parisi's P(q) as N grows, and the verdict on systems whose answer is known."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.overlaps import distances, from_overlaps, matrix, tree_points, verdict
from spinglass_nn.statistics import Estimates, extrapolate, mean_estimate

FIGURES = Path(__file__).resolve().parents[2] / "docs" / "figures"
COLD = 0.4
RNG = np.random.default_rng
pytestmark = pytest.mark.physics


def table(name):
    with (FIGURES / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def estimates(rows, name):
    return Estimates(*(np.array([float(r[c]) for r in rows]) for c in (name, f"{name}_error")))


@pytest.fixture(scope="module")
def sk_runs():
    """Runs of SK at three sizes, 60 samples each."""
    runs = {}
    for n_spins, n_sweeps in ((24, 2048), (48, 2048), (96, 4096)):
        runs[n_spins] = sg.dynamics.parallel_tempering(
            [sg.spins.SherringtonKirkpatrick(n_spins, sample=k, rng=3) for k in range(60)],
            sg.dynamics.geometric(COLD, 1.3, n=10),
            n_sweeps=n_sweeps,
            measure_every=4,
            n_threads=1,
            rng=n_spins,
        )
    return runs


@pytest.fixture(scope="module")
def parisi():
    return sg.spins.parisi.solve(COLD)


def test_sk_comes_to_parisi_with_growing_size(sk_runs, parisi):
    by_energy, shifts = [], []
    for n_spins, run in sk_runs.items():
        assert all(test.passed for test in run.equilibration(temperature=COLD))
        energy = run.sample_averages("energy")[:, 0] / n_spins
        by_energy.append(mean_estimate(1 + 2 * COLD * energy))
        counts = sg.overlaps.OverlapCounts.from_histogram(
            run.overlap_counts[:, 0], n_spins=n_spins
        )
        pq = sg.overlaps.distribution(counts, bins=24, fold=True)
        shifts.append(sg.overlaps.compare_with_theory(pq, parisi).shift)
    found = extrapolate(list(sk_runs), by_energy, exponent=2 / 3)
    assert found.goodness > 1e-3
    assert abs(found.limit.z(parisi.moments[1])) < 4
    assert by_energy[0].mean > by_energy[1].mean > by_energy[2].mean > parisi.moments[1]
    assert shifts[0].mean > shifts[2].mean


def test_weight_at_zero_overlap_is_that_of_parisi(sk_runs, parisi):
    for n_spins, run in sk_runs.items():
        counts = sg.overlaps.OverlapCounts.from_histogram(
            run.overlap_counts[:, 0], n_spins=n_spins
        )
        found = sg.overlaps.weight_near_zero(sg.overlaps.distribution(counts), window=0.25)
        edges = [-found.window, found.window]
        # corrections of finite size are within the errors of 60 samples
        assert abs(found.density.z(sg.overlaps.expected_density(parisi, edges)[0])) < 4


def test_saved_averages_extrapolate_to_parisi(parisi):
    rows = table("sk_overlaps")
    sizes = [int(row["n"]) for row in rows]
    assert sizes[-1] == 512
    for row in rows:
        assert abs(float(row["z_identity"])) < 3
        assert abs(float(row["z_stationary"])) < 3
    for name in ("q2", "q2_by_energy"):
        found = extrapolate(sizes, estimates(rows, name), exponent=2 / 3)
        assert found.goodness > 1e-3, name
        assert abs(found.limit.z(parisi.moments[1])) < 4, name
    found = extrapolate(sizes, estimates(rows, "energy"), exponent=2 / 3)
    assert abs(found.limit.z(parisi.energy)) < 4


def judged(samples):
    return verdict(samples, n_null=99, n_controls=25, rng=1)


def of_spins(spins, gauge=True):
    q = matrix(spins, of="spins")
    q = sg.overlaps.flip_gauge(q).overlaps if gauge else q
    return from_overlaps(q, n_dimensions=spins.shape[-1])


def warm(models, temperature, n_points=24):
    run = sg.dynamics.simulate(
        models,
        temperature,
        n_sweeps=1024,
        n_replicas=n_points,
        measure_every=8,
        record_spins=True,
        record_every=1024,
        n_threads=1,
        rng=7,
    )
    return run.spins(temperature=temperature)[:, :, -1]


def saved(name):
    with np.load(FIGURES / "points" / f"{name}.npz") as data:
        n_spins = json.loads(str(data["facts"]))["n_dimensions"]
        bits = np.unpackbits(data["points"], axis=-1, count=n_spins)
    return [of_spins(sample) for sample in 2 * bits.astype(np.int8) - 1]


def test_sk_above_its_transition_is_one_cluster():
    models = [sg.spins.SherringtonKirkpatrick(128, sample=k, rng=1) for k in range(6)]
    found = judged([of_spins(spins) for spins in warm(models, 1.5)])
    assert found.finding in ("one cluster", "consistent with noise")


def test_a_ferromagnet_has_one_state_but_for_the_flip():
    couplings = np.full((256, 256), 1 / 256)
    np.fill_diagonal(couplings, 0.0)
    sets = warm([sg.spins.IsingGraph.from_matrix(couplings)] * 4, 0.5)
    assert judged([of_spins(spins) for spins in sets]).finding == "one cluster"


def spherical(n_spins, temperature, n_samples, n_replicas):
    """Directions of the spherical p = 3 model in its paramagnetic phase."""
    sets = []
    for k in range(n_samples):
        model = sg.spins.PSpin(n_spins, 3, "spherical", sample=k, rng=1)
        run = sg.dynamics.langevin(
            model, temperature, n_steps=600, n_replicas=n_replicas, n_threads=1, rng=k
        )
        sets.append(run.points / np.linalg.norm(run.points, axis=-1, keepdims=True))
    return sets


def test_a_warm_spherical_p_spin_is_one_cluster():
    """At T = 5 the overlaps' skewness, 3 beta^2/sqrt(N), is 0.015: too little to be seen."""
    sets = [distances(points, kind="1 - overlap") for points in spherical(64, 5.0, 3, 24)]
    assert judged(sets).finding in ("one cluster", "consistent with noise")


def test_small_spherical_p_spin_is_skew():
    """Why few spins are called clusters: correlations of three, beta J, are in no Gaussian.

    <q^3> is the sum of their squares over N^3, which is 3 beta^2/N^2 to leading order.
    """
    cubes = []
    for points in spherical(32, 2.0, 10, 48):
        overlaps = (points @ points.T)[np.triu_indices(48, 1)]
        cubes.append(np.mean(overlaps**3) * 32**2)
    assert abs(mean_estimate(cubes).z(3 / 2.0**2)) < 4


@pytest.mark.parametrize("name", ["sk-256", "sk-1024", "ea-6-t0.2"])
def test_cold_glasses_are_not_one_cluster(name):
    found = judged(saved(name)[:4])
    assert found.clusters.p_value <= 0.05
    assert found.finding in ("clusters without hierarchy", "hierarchy", "cannot tell")


def test_evidence_for_a_hierarchy_grows_with_size_where_there_is_one():
    """Parisi's law in ten steps: Ising spins, noise of 1/sqrt(N) on exact overlaps."""
    solution = sg.spins.parisi.solve(COLD)
    breakpoints = solution.x_max * np.arange(1, 11) / 10
    middles = np.interp(breakpoints - solution.x_max / 20, solution.x, solution.q)
    findings = {}
    for n_spins in (64, 4096):
        sets = []
        for k in range(4):
            law = sg.overlaps.cascade(
                24, values=[*middles, solution.q_ea], breakpoints=breakpoints, rng=k
            )
            spins = sg.overlaps.cascade_points(law, n_spins, kind="ising", rng=100 + k)
            sets.append(of_spins(spins))
        findings[n_spins] = judged(sets)
    assert findings[64].finding != "hierarchy"
    assert findings[4096].finding == "hierarchy"


def test_one_step_is_no_hierarchy():
    sets = []
    for k in range(4):
        law = sg.overlaps.cascade(24, values=(0, 0.712), breakpoints=(0.735,), rng=k)
        points = sg.overlaps.cascade_points(law, 1024, rng=100 + k)
        sets.append(distances(points, kind="1 - overlap"))
    assert judged(sets).finding == "clusters without hierarchy"


def test_power_on_trees():
    """Sixteen leaves of three levels are enough in 1,000 dimensions; two levels are flat."""
    findings = {2: [], 3: []}
    for n_levels, branching in ((2, 4), (3, 3)):
        for k in range(20):
            leaves = tree_points(
                16, 1000, branching=branching, variances=(1.0,) * n_levels, rng=k
            )
            found = verdict(
                distances(leaves, kind="1 - overlap"), n_null=99, n_controls=10, rng=k
            )
            findings[n_levels].append(found.finding)
    assert findings[3].count("hierarchy") >= 14
    assert findings[2].count("hierarchy") <= 4
