"""Energies, fields, disorder and symmetries of every model against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import spins as naive
from numpy.testing import assert_allclose, assert_array_equal

import spinglass_nn as sg
from spinglass_nn.spins import (
    EdwardsAnderson,
    Hopfield,
    IsingGraph,
    LayeredIsing,
    PairModel,
    PSpin,
    SherringtonKirkpatrick,
    gauge,
    random_regular_graph,
)

RNG = np.random.default_rng(20260)
H24 = RNG.standard_normal(24)
WEIGHTS = [RNG.standard_normal((4, 5)), RNG.standard_normal((3, 4)), np.ones((2, 3))]
BIASES = [RNG.standard_normal(4), None, np.array([0.5, -1.0])]

LATTICES = [
    ((24,), "periodic"),
    ((24,), "free"),
    ((4, 6), "periodic"),
    ((4, 6), ("free", "periodic")),
    ((2, 12), "periodic"),
    ((2, 2, 6), ("periodic", "free", "periodic")),
    ((2, 3, 4), "free"),
    ((1, 4, 6), "periodic"),
    ((3, 2, 2, 2), "periodic"),
]


def lattices(**given):
    return [EdwardsAnderson(s, boundary=b, rng=5, **given) for s, b in LATTICES]


PAIR_MODELS = [
    SherringtonKirkpatrick(24, rng=1),
    SherringtonKirkpatrick(24, "pm1", field=H24, rng=1),
    *lattices(),
    *lattices(distribution="pm1", dilution=0.6, field=H24),
    Hopfield(24, 3, rng=1),
    Hopfield(24, 30, field=0.3, rng=1),
    LayeredIsing.from_weights(WEIGHTS),
    LayeredIsing.from_weights(WEIGHTS, BIASES, "layer"),
    random_regular_graph(24, 3, rng=4),
    random_regular_graph(24, 5, "pm1", field=H24, rng=4),
    PSpin(24, 2, rng=2),
    IsingGraph.from_arrays([], [], [], 3, [1.0, 0.0, -2.0]),
]
every_pair_model = pytest.mark.parametrize("model", PAIR_MODELS, ids=repr)
EVERY_MODEL = [*PAIR_MODELS, PSpin(9, 3, rng=2), PSpin(8, 4, rng=2), PSpin(4, 4, rng=2)]
every_model = pytest.mark.parametrize("model", EVERY_MODEL, ids=repr)


def configurations(model, n=3, seed=7):
    generator = np.random.default_rng(seed)
    return generator.choice(np.array([-1, 1], dtype=np.int8), (n, model.n_spins))


@every_pair_model
def test_pair_models_are_their_matrix(model):
    assert isinstance(model, PairModel)
    matrix = model.matrix()
    assert_array_equal(matrix, matrix.T)
    assert not matrix.diagonal().any()
    spins = configurations(model)
    for s, energy, fields in zip(
        spins, model.energy(spins), model.local_fields(spins), strict=True
    ):
        assert_allclose(energy, naive.pair_energy(matrix, model.fields, s), atol=1e-12)
        assert_allclose(fields, naive.pair_local_fields(matrix, model.fields, s), atol=1e-12)


@every_pair_model
def test_graph_is_the_same_model(model):
    graph = model.graph()
    spins = configurations(model)
    assert_allclose(graph.matrix(), model.matrix(), atol=1e-15)
    assert_allclose(graph.energy(spins), model.energy(spins), atol=1e-12)
    assert_allclose(graph.local_fields(spins), model.local_fields(spins), atol=1e-12)


@pytest.mark.parametrize("distribution", ["gaussian", "pm1"])
@pytest.mark.parametrize(("shape", "boundary"), LATTICES)
def test_lattice_is_the_loop_over_its_bonds(shape, boundary, distribution):
    model = EdwardsAnderson(shape, distribution, boundary=boundary, rng=3)
    each = (boundary,) * len(shape) if isinstance(boundary, str) else boundary
    bonds = naive.lattice_bonds(shape, [b == "periodic" for b in each])
    assert model.n_bonds == len(bonds)
    assert_allclose(
        model.matrix(), naive.lattice_matrix(bonds, model.couplings, 24), atol=1e-15
    )
    table = np.full((24, 2 * len(shape)), -1)
    for axis, x, y in bonds:
        table[x, 2 * axis], table[y, 2 * axis + 1] = y, x
    assert_array_equal(model.neighbors, table)


def test_periodic_axis_of_two_has_two_bonds_added_in_the_graph():
    model = EdwardsAnderson((2,), couplings=[[1.5, -0.5]])
    assert (model.n_bonds, model.graph().n_bonds) == (2, 1)
    assert model.energy([1, 1]) == -1.0
    assert model.graph().bonds[2] == [1.0]
    cancelled = EdwardsAnderson((2,), "pm1", couplings=[[1.0, -1.0]])
    assert (cancelled.graph().n_bonds, cancelled.energy([1, -1])) == (1, 0.0)
    assert EdwardsAnderson((2,), boundary="free").n_bonds == 1
    assert EdwardsAnderson((1,)).n_bonds == 0


@pytest.mark.parametrize(("n", "p"), [(9, 2), (9, 3), (8, 4), (3, 3), (4, 4)])
@pytest.mark.parametrize("kind", ["ising", "spherical"])
@pytest.mark.parametrize("n_points", [1, 3, 20])
def test_p_spin_is_the_sum_over_tuples(n, p, kind, n_points):
    model = PSpin(n, p, kind, rng=6)
    assert model.n_terms == math.comb(n, p)
    points = model.random_point(n_points, rng=1)
    energies, fields = model.energy(points), model.local_fields(points)
    for k, s in enumerate(points):
        assert_allclose(energies[k], naive.p_spin_energy(model.couplings, p, s), atol=1e-12)
        expected = [naive.p_spin_local_field(model.couplings, p, s, i) for i in range(n)]
        assert_allclose(fields[k], expected, atol=1e-12)


def test_many_p2_points_go_through_blas_to_the_same_numbers():
    model = PSpin(30, 2, "spherical", rng=6)
    points = model.random_point(40, rng=1)
    one_by_one = [model.local_fields(point) for point in points]
    assert_allclose(model.local_fields(points), one_by_one, atol=1e-12)


@pytest.mark.parametrize("p", [2, 3, 4])
def test_tangent_gradient(p):
    model = PSpin(12, p, "spherical", rng=1)
    point = model.random_point(rng=3)
    gradient = model.tangent_gradient(point)
    assert abs(gradient @ point) < 1e-12
    direction = np.random.default_rng(0).standard_normal(12)
    direction -= (direction @ point) / 12 * point
    step = 1e-5
    ends = [x * math.sqrt(12) / np.linalg.norm(x)
            for x in (point + step * direction, point - step * direction)]  # fmt: skip
    slope = np.subtract(*model.energy(ends)) / (2 * step)
    assert_allclose(slope, gradient @ direction, rtol=1e-8)


def test_random_points():
    ising, sphere = PSpin(50, 3), PSpin(50, 3, "spherical")
    assert ising.random_point(4, rng=1).dtype == np.int8
    assert_array_equal(np.abs(ising.random_point(4, rng=1)), 1)
    points = sphere.random_point(4, rng=1)
    assert_allclose((points**2).sum(axis=1), 50)
    assert_array_equal(points[0], sphere.random_point(rng=1))
    assert_array_equal(points, sphere.random_point(6, rng=1)[:4])


@every_model
def test_a_flip_costs_twice_spin_times_field(model):
    spins = configurations(model, n=1)[0]
    flips = np.where(np.eye(model.n_spins, dtype=bool), -spins, spins)
    cost = model.energy(flips) - model.energy(spins)
    assert_allclose(cost, 2 * spins * model.local_fields(spins), atol=1e-11)


@every_model
def test_leading_axes_and_types(model):
    spins = configurations(model, n=6)
    energies = model.energy(spins)
    assert isinstance(model.energy(spins[0]), float)
    assert_allclose(model.energy(spins.reshape(2, 3, -1)), energies.reshape(2, 3), atol=1e-12)
    assert model.local_fields(spins.reshape(2, 3, -1)).shape == (2, 3, model.n_spins)
    assert_allclose(model.energy(spins.astype(float)), energies, atol=1e-12)
    assert model.energy(spins[:0]).shape == (0,)


@every_model
def test_comes_back_from_its_file(model, tmp_path):
    found = sg.load(sg.save(model, tmp_path / "model.npz"))
    spins = configurations(model)
    assert_array_equal(found.energy(spins), model.energy(spins))
    assert repr(found) == repr(model)
    assert "\n" not in repr(model)
    if isinstance(model, PairModel) and not isinstance(model, PSpin):
        assert_array_equal(found.graph().couplings, model.graph().couplings)


def test_long_stacks_are_taken_in_parts(monkeypatch):
    model = EdwardsAnderson((4, 6), rng=1)
    spins = configurations(model, n=50)
    expected = model.energy(spins), model.local_fields(spins)
    monkeypatch.setattr(sg.spins.models, "_BLOCK", 24 * 7)
    assert_allclose(model.energy(spins), expected[0], atol=1e-13)
    assert_allclose(model.local_fields(spins), expected[1], atol=1e-13)


@given(st.integers(0, len(PAIR_MODELS) - 1), st.integers(0, 2**32 - 1))
def test_gauge_invariance(which, seed):
    model = PAIR_MODELS[which]
    signs, spins = configurations(model, n=2, seed=seed)
    turned = gauge(model, signs)
    assert_allclose(turned.energy(signs * spins), model.energy(spins), atol=1e-11)
    back = gauge(turned, signs)
    assert_array_equal(back.couplings, model.graph().couplings)
    assert_array_equal(back.fields, model.fields)


@given(st.integers(0, len(EVERY_MODEL) - 1), st.integers(0, 2**32 - 1))
def test_flip_of_all_spins(which, seed):
    model = EVERY_MODEL[which]
    spins = configurations(model, seed=seed)
    even, there = model.energy(-spins), model.energy(spins)
    if isinstance(model, PSpin) and model.p == 3:
        assert_allclose(even, -there, atol=1e-12)
    else:
        assert_allclose(even - there, 2 * spins @ model.fields, atol=1e-11)


def z_moments(values, variance):
    """z-scores of mean and variance of many couplings."""
    n = values.size
    mean = values.mean() / math.sqrt(variance / n)
    fourth = np.mean(values**4) - variance**2
    second = (np.mean(values**2) - variance) / math.sqrt(max(fourth, 1e-300) / n)
    return mean, second


@pytest.mark.parametrize(
    ("values", "variance"),
    [
        (SherringtonKirkpatrick(300, rng=8).couplings[np.triu_indices(300, 1)], 1 / 300),
        (EdwardsAnderson((20, 20, 20), rng=8).couplings.ravel(), 1.0),
        (PSpin(200, 2, rng=8).couplings, 1 / 200),
        (PSpin(60, 3, rng=8).couplings, 3 / 60**2),
        (PSpin(30, 4, rng=8).couplings, 12 / 30**3),
        (random_regular_graph(4000, 3, rng=8).bonds[2], 1.0),
    ],
    ids=["SK", "EA", "p=2", "p=3", "p=4", "regular"],
)
def test_moments_of_gaussian_disorder(values, variance):
    mean, second = z_moments(values, variance)
    assert abs(mean) < 4
    assert abs(second) < 4
    kurtosis = np.mean(values**4) / variance**2
    assert abs(kurtosis - 3) < 4 * math.sqrt(96 / values.size)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (SherringtonKirkpatrick(300, "pm1", rng=8).couplings[np.triu_indices(300, 1)], 300),
        (EdwardsAnderson((20, 20, 20), "pm1", rng=8).couplings.ravel(), 1),
        (Hopfield(2000, 10, rng=8).patterns.ravel(), 1),
        (random_regular_graph(4000, 3, "pm1", rng=8).bonds[2], 1),
    ],
    ids=["SK", "EA", "Hopfield", "regular"],
)
def test_moments_of_pm1_disorder(values, scale):
    assert_allclose(np.abs(values), 1 / math.sqrt(scale), rtol=1e-15)
    assert abs(np.mean(values) * math.sqrt(scale * values.size)) < 4


def test_dilution_takes_bonds_away_and_leaves_the_rest():
    full = EdwardsAnderson((20, 20, 20), rng=4)
    thin = EdwardsAnderson((20, 20, 20), dilution=0.3, rng=4)
    kept = thin.couplings != 0
    assert_array_equal(thin.couplings[kept], full.couplings[kept])
    n = kept.size
    assert abs(kept.sum() - 0.3 * n) < 4 * math.sqrt(n * 0.3 * 0.7)
    assert EdwardsAnderson((4, 4), dilution=0).n_bonds == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda **k: SherringtonKirkpatrick(20, **k).couplings,
        lambda **k: EdwardsAnderson((5, 4), "pm1", dilution=0.9, **k).couplings,
        lambda **k: PSpin(20, 3, **k).couplings,
        lambda **k: Hopfield(20, 3, **k).patterns,
        lambda **k: random_regular_graph(20, 3, **k).matrix(),
    ],
    ids=["SK", "EA", "p-spin", "Hopfield", "regular"],
)
def test_sample_k_is_sample_k(make):
    first = [make(sample=k, rng=11) for k in range(4)]
    assert_array_equal(make(sample=3, rng=11), first[3])
    assert_array_equal(make(sample=3, rng=np.random.SeedSequence(11)), first[3])
    for k in range(3):
        assert not np.array_equal(first[k], first[k + 1])
    assert not np.array_equal(make(sample=3, rng=12), first[3])
    generator = np.random.default_rng(0)
    assert not np.array_equal(make(rng=generator), make(rng=generator))


def test_disorder_cannot_be_written_to():
    for model in PAIR_MODELS:
        graph = model.graph()
        with pytest.raises(ValueError, match="read-only"):
            graph.couplings[...] = 0
        with pytest.raises(ValueError, match="read-only"):
            model.fields[...] = 0
    with pytest.raises(ValueError, match="read-only"):
        EdwardsAnderson((4,)).couplings[0, 0] = 1


def test_sk_bulk_and_energy_scale():
    """The spectrum fills the semicircle of radius 2; [H²] over disorder is (N - 1)/2."""
    values = np.linalg.eigvalsh(SherringtonKirkpatrick(800, rng=3).matrix())
    assert abs(values[-1] - 2) < 0.06
    assert abs(values[0] + 2) < 0.06
    up = np.ones(24)
    energies = [SherringtonKirkpatrick(24, sample=k, rng=5).energy(up) for k in range(800)]
    square = np.square(energies)
    error = square.std() / math.sqrt(800)
    assert abs(square.mean() - 23 / 2) < 4 * error


def test_hopfield():
    model = Hopfield(200, 8, rng=2)
    assert_allclose(model.matrix(), naive.hopfield_matrix(model.patterns), atol=1e-15)
    spins = configurations(model)
    overlaps = model.overlaps(spins)
    assert_allclose(overlaps, spins @ model.patterns.T.astype(float) / 200)
    assert_allclose(
        model.energy(spins), -100 * (overlaps**2).sum(axis=1) + 4, atol=1e-12
    )  # the second form of the definition
    own = Hopfield.from_patterns(model.patterns.astype(float))
    assert own.patterns.dtype == np.int8
    assert_array_equal(own.energy(spins), model.energy(spins))
    alone = Hopfield(200, 1, rng=2)
    assert_allclose(alone.energy(alone.patterns[0]), -100 + 0.5)


def test_layered():
    model = LayeredIsing.from_weights(WEIGHTS, BIASES)
    assert model.sizes == (5, 4, 3, 2)
    assert_array_equal(model.matrix(), naive.layered_matrix(WEIGHTS))
    assert_array_equal(model.fields, [0] * 5 + [*BIASES[0]] + [0] * 3 + [0.5, -1.0])
    spins = configurations(model)
    parts = model.layers(spins)
    assert [part.shape for part in parts] == [(3, 5), (3, 4), (3, 3), (3, 2)]
    assert all(part.base is not None for part in parts)
    values = np.linalg.eigvalsh(model.matrix())
    assert_allclose(values, -values[::-1], atol=1e-12)  # two-colourable: symmetric spectrum


def test_layered_scales():
    generator = np.random.default_rng(1)
    sizes = (784, 512, 512, 10)
    weights = [
        generator.standard_normal((b, a)) * math.sqrt(c / a)
        for a, b, c in zip(sizes[:-1], sizes[1:], (2, 2, 1), strict=True)
    ]
    biases = [np.full(b, 0.25) for b in sizes[1:]]
    raw = LayeredIsing.from_weights(weights, biases)
    unit = LayeredIsing.from_weights(weights, biases, "unit-row")
    layer = LayeredIsing.from_weights(weights, biases, "layer")
    assert_allclose(unit.factors, 1.604284, rtol=5e-3)  # T_c of gains 2, 2, 1
    spins = configurations(raw)
    assert_allclose(unit.energy(spins) * unit.factors[0], raw.energy(spins))
    for w, scaled, factor in zip(weights, layer.weights, layer.factors, strict=True):
        assert_allclose(np.mean(scaled**2), 1 / w.shape[1])
        assert_allclose(scaled * factor, w)
    assert_allclose(layer.fields[784 : 784 + 512], 0.25 / layer.factors[0])
    again = LayeredIsing.from_weights(unit.weights, scale="unit-row")
    assert_allclose(again.factors, 1.0)
