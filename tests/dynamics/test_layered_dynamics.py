"""Layered engine: exact layer overlaps, steps as defined, nothing between distant layers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from naive import dense_dynamics as naive

from spinglass_nn.dynamics.layered import LayeredEngine
from spinglass_nn.spins import LayeredIsing

OBSERVABLES = ("overlap", "layers")


def network(*sizes, seed=0, biases=True):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(b, a)) for a, b in itertools.pairwise(sizes)]
    given = [0.3 * rng.normal(size=b) for b in sizes[1:]] if biases else None
    return LayeredIsing.from_weights(weights, given, scale="unit-row")


def test_exact_averages_of_a_small_network(make_engine, z_scores, assert_fair):
    models = [network(4, 3, 2, seed=k) for k in range(3)]
    engine = make_engine(
        LayeredEngine, models, np.geomspace(0.15, 1.5, 9), move="heat_bath",
        observables=OBSERVABLES, n_layers=3,
    )  # fmt: skip
    assert_fair(z_scores(engine, 1500, 500), 3)


@pytest.mark.physics
@pytest.mark.parametrize("move", ["heat_bath", "metropolis"])
def test_exact_averages(make_engine, z_scores, assert_fair, move):
    models = [network(5, 4, 3, seed=k, biases=k % 2 == 0) for k in range(8)]
    engine = make_engine(
        LayeredEngine, models, np.geomspace(0.15, 1.5, 12), move=move,
        observables=OBSERVABLES, n_layers=3, seed=5,
    )  # fmt: skip
    assert_fair(z_scores(engine, 4000, 2000), len(models))


@pytest.mark.parametrize("sizes", [(5, 4, 3), (130, 20, 7)])
def test_a_sweep_as_its_definition_says(make_engine, sizes):
    temperatures = np.array([0.2, 0.6, 1.2])
    model = network(*sizes)
    engine = make_engine(LayeredEngine, [model], temperatures, move="heat_bath", exchange=False)
    expected, words = engine.spins()[0].astype(int), engine.arrays()["states"][0].copy()
    for _ in range(3):
        for r in range(2):
            words[r] = naive.sweep(model, expected[r], temperatures, words[r], True)
    engine.run(0, 3)
    assert np.array_equal(engine.spins()[0], expected)


def test_blocks_within_a_layer_are_known_to_be_free(make_engine):
    engine = make_engine(LayeredEngine, [network(192, 64, 10)], [1.0], move="heat_bath")
    couplings = engine._couplings[0]
    assert not couplings.inner.any()
    # inputs act on the hidden layer alone, which acts on all
    assert np.diff(couplings.first).tolist() == [2, 2, 2, 5, 2]


def test_the_same_bits_in_pieces_and_on_threads(make_engine):
    def run(*cuts, n_threads=1):
        engine = make_engine(
            LayeredEngine, [network(100, 20, 5)], np.linspace(0.2, 1.4, 5), n_replicas=3,
            move="heat_bath", observables=OBSERVABLES, n_layers=3,
        )  # fmt: skip
        for n in cuts:
            engine.run(0, n, n_threads)
        return engine

    whole = run(30)
    for other in (run(7, 23), run(30, n_threads=2)):
        assert np.array_equal(whole.spins(), other.spins())
        for name, array in whole.record.arrays().items():
            assert np.array_equal(array, other.record.arrays()[name]), name
    assert np.allclose(whole.energies(), network(100, 20, 5).energy(whole.spins()), atol=1e-5)
