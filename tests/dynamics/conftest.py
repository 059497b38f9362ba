"""Engines made for tests, and how far their averages are from exact ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from spinglass_nn._core.random import seed_of
from spinglass_nn.dynamics._engine import Setting
from spinglass_nn.dynamics._record import Record
from spinglass_nn.spins import exact

N_BLOCKS = 20


@pytest.fixture(scope="session")
def make_engine():
    def make(engine, models, temperatures, *, n_replicas=2, move="metropolis", exchange=True,
             measure_every=1, observables=("overlap",), seed=1, n_layers=0):  # fmt: skip
        temperatures = np.asarray(temperatures, dtype=float)
        size = (len(models), n_replicas, len(temperatures), models[0].n_spins)
        record = Record(*size, observables, n_layers=n_layers)
        setting = Setting(
            n_replicas, temperatures, move, exchange, measure_every, 0, observables,
            seed_of(seed),
        )  # fmt: skip
        return engine(models, setting, record)

    return make


def exact_columns(model, temperatures):
    """Exact averages under the names of a record's columns, and the law of q."""
    found = exact.enumerate(model, temperatures)
    columns = {"energy": found.energy, "q^2": found.q2}
    if hasattr(model, "layer_slices"):
        squared, layers = found.correlations**2, model.layer_slices
        for k, layer in enumerate(layers):
            columns[f"q{k}^2"] = squared[:, layer, layer].mean(axis=(1, 2))
        for k, (one, other) in enumerate(itertools.pairwise(layers)):
            columns[f"q{k} q{k + 1}"] = squared[:, one, other].mean(axis=(1, 2))
    return columns, found.overlap_probabilities


def _z(blocks, expected, n_measures):
    """Blocks (N_BLOCKS, ...) against exact values, by Student's t with N_BLOCKS - 1 degrees.

    Where nearly nothing moves, one event more or less is no surprise.
    """
    error = blocks.std(axis=0, ddof=1) / np.sqrt(N_BLOCKS)
    event = 2 / (N_BLOCKS * n_measures)
    return (blocks.mean(axis=0) - expected) / np.hypot(error, event)


@pytest.fixture(scope="session")
def z_scores():
    """z of energies, <q^2> (and layers), and of the bins of P(q) that are well filled."""

    def scores(engine, n_measures, n_warm):
        record, samples = engine.record, range(engine.n_samples)
        columns, laws = zip(
            *(exact_columns(m, engine.setting.temperatures) for m in engine.models), strict=True
        )
        for k in samples:
            engine.run(k, n_warm)
        sums, counts = [], []
        for _ in range(N_BLOCKS):
            record.totals.sums[:] = 0
            record.totals.overlap_counts[:] = 0
            for k in samples:
                engine.run(k, n_measures)
            sums.append(record.totals.sums / n_measures)
            counts.append(record.totals.overlap_counts / n_measures / engine.setting.n_pairs)
        sums, counts = np.array(sums), np.array(counts)
        found = {}
        for name in columns[0]:
            expected = np.array([c[name] for c in columns])
            found[name] = _z(sums[..., record.columns.index(name)], expected, n_measures)
        law = np.array(laws)
        filled = law * n_measures > 200
        found["P(q)"] = _z(counts[:, filled], law[filled], n_measures)
        return found

    return scores


@pytest.fixture(scope="session")
def assert_fair():
    """The z-scores are as Student's t with 19 degrees of freedom has them.

    Those of one sample at neighbouring temperatures are nearly the same number, so that a
    sample counts as about three independent ones; the bounds are four standard errors.
    """

    def check(scores, n_samples):
        error = 1 / np.sqrt(2 * 3 * n_samples)
        for name, z in scores.items():
            assert np.isfinite(z).all(), name
            assert abs(z).max() < 6, name
            assert abs(np.sqrt(np.mean(z**2)) - np.sqrt(19 / 17)) < 4 * error, name

    return check
