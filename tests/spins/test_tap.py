"""TAP: the free energy and its derivatives, the search for solutions, and the trap at m = 0."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import brentq

import spinglass_nn as sg
from spinglass_nn._core.random import Seed
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins import (
    BondMatrix,
    LayeredIsing,
    SherringtonKirkpatrick,
    _tap_search,
    exact,
    instability,
    layered_theory,
    tap,
)
from spinglass_nn.spins._tap_equations import Equations
from tests.naive import tap as naive
from tests.spins.test_instability import random_layers, spiked


def with_biases(seed=0):
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((4, 5)), rng.standard_normal((3, 4))]
    return LayeredIsing.from_weights(weights, [rng.standard_normal(4), rng.standard_normal(3)])


MODELS = {
    "SK": SherringtonKirkpatrick(11, field=0.3, rng=1),
    "layers with biases": with_biases(),
    "lattice": sg.spins.EdwardsAnderson((4, 3), rng=1),
}
every_model = pytest.mark.parametrize("name", MODELS)


def somewhere(model, seed=0, shape=()):
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (*shape, model.n_spins))


@every_model
@pytest.mark.parametrize("temperature", [0.6, 1.7])
def test_energies_against_plain_loops(name, temperature):
    model = MODELS[name]
    m = somewhere(model, shape=(2, 3))
    for ours, theirs in ((tap.free_energy, naive.free_energy), (tap.energy, naive.energy)):
        found = ours(model, m, temperature)
        assert found.shape == (2, 3)
        expected = theirs(model.matrix(), model.fields, m[1, 2], temperature)
        assert_allclose(found[1, 2], expected, rtol=1e-12)


@every_model
@pytest.mark.parametrize("temperature", [0.6, 1.7])
def test_residual_is_the_gradient_of_the_free_energy(name, temperature):
    model = MODELS[name]
    m = somewhere(model)
    slope = naive.gradient(lambda x: tap.free_energy(model, x, temperature), m)
    assert_allclose(tap.residual(model, m, temperature), slope / temperature, atol=1e-8)


@every_model
def test_hessian_is_the_gradient_of_the_residual(name):
    model, temperature = MODELS[name], 0.8
    m = somewhere(model)
    found = tap.hessian(model, m, temperature)
    for i in range(model.n_spins):
        slope = naive.gradient(lambda x, i=i: tap.residual(model, x, temperature)[i], m, 1e-6)
        assert_allclose(found[i], slope, atol=1e-6)
    operator = tap.hessian_operator(model, m, temperature)
    assert_allclose(operator @ m, found @ m, rtol=1e-12)


@every_model
def test_energy_is_the_slope_of_beta_f(name):
    model, beta, step = MODELS[name], 0.9, 1e-5
    m = somewhere(model)
    ends = [b * tap.free_energy(model, m, 1 / b) for b in (beta + step, beta - step)]
    assert_allclose(tap.energy(model, m, 1 / beta), (ends[0] - ends[1]) / (2 * step), rtol=1e-8)


@every_model
def test_plefka_index_is_a_spectral_radius(name):
    model = MODELS[name]
    m = somewhere(model, shape=(3,))
    found = tap.plefka_index(model, m, 0.7)
    assert_allclose(found, [naive.plefka(model.matrix(), row, 0.7) for row in m], rtol=1e-8)
    assert tap.plefka_index(model, np.ones(model.n_spins), 0.7) == 0


@every_model
def test_scaled_hessian_has_the_signs_of_the_hessian(name):
    model, beta = MODELS[name], 1 / 0.5
    m = somewhere(model, 3)
    equations = Equations(BondMatrix(model), beta)
    scaled = equations.scaled(np.tile(m, (m.size, 1)), np.eye(m.size))
    root = np.sqrt(1 - m * m)
    dense = tap.hessian(model, m, 1 / beta)
    assert_allclose(scaled, root[:, None] * dense * root, atol=1e-12)
    signs = [(np.linalg.eigvalsh(matrix) < 0).sum() for matrix in (scaled, dense)]
    assert signs[0] == signs[1]


@pytest.mark.parametrize("frozen", [False, True])
def test_iteration_against_plain_loops(frozen):
    model = MODELS["layers with biases"]
    clamp = np.linspace(0.2, 1.4, model.n_spins) if frozen else None
    first = somewhere(model, 1, (20,))
    equations = Equations(BondMatrix(model), 1 / 1.4, clamp)
    found = _tap_search.iterate(equations, first, 0.3, 1e-30, 7)
    expected = naive.iterate(model.matrix(), model.fields, first[18], 1.4, 0.3, 7, clamp)
    assert_allclose(found.magnetizations[18], expected, rtol=1e-12)
    assert not found.converged.any()
    assert (found.n_iterations == 7).all()


@pytest.mark.parametrize("model", [
    SherringtonKirkpatrick(150, rng=1), random_layers((40, 30, 20)), with_biases(3),
], ids=["SK", "layers", "biases"])  # fmt: skip
def test_quenches_are_stable_against_single_flips(model):
    bonds = BondMatrix(model)
    first = np.where(somewhere(model, 2, (12,)) < 0, -1.0, 1.0)
    spins = _tap_search.quench(bonds, first)
    assert_array_equal(np.abs(spins), 1)
    assert (spins * model.local_fields(spins) >= -1e-9).all()
    assert (model.energy(spins) < model.energy(first)).all()


@pytest.mark.parametrize(
    "model", [MODELS["layers with biases"], SherringtonKirkpatrick(9, rng=4)]
)
def test_deviation_from_exact_enumeration_is_of_third_order(model):
    """Plefka 1982: what is left out begins with beta^3, triangles and J^3 m m' (1-m^2)(1-m'^2)."""
    betas, deviations = np.array([0.02, 0.04, 0.08]), []
    for beta in betas:
        fields = 0.6 * np.sin(np.arange(model.n_spins)) / beta  # m of order one at all of them
        graph = sg.spins.IsingGraph.from_matrix(model.matrix(), fields)
        truth = exact.enumerate(graph, 1 / beta)
        found = tap.solve(
            graph, [1 / beta], schemes="plain", n_starts=2, tolerance=1e-12, rng=1
        )
        assert found.n_valid.tolist() == [[1]]
        deviations.append((
            np.abs(found.magnetizations[0] - truth.magnetizations[0]).max(),
            beta * abs(found.free_energy[0] - truth.free_energy[0]),
        ))  # fmt: skip
    orders = np.diff(np.log(deviations), axis=0) / math.log(2)
    assert_allclose(orders, 3, atol=0.25)


@pytest.mark.parametrize("temperature", [0.5, 1.2, 1.9])
def test_ferromagnet_has_one_pair_with_the_magnetization_of_its_scalar_equation(temperature):
    n, strength, beta = 120, 2.0, 1 / temperature
    couplings = strength / n * (1 - np.eye(n))
    model = SherringtonKirkpatrick(n, couplings=couplings)

    def excess(m):
        field, reaction = strength * (n - 1) / n, strength**2 * (n - 1) / n**2
        return math.atanh(m) - beta * field * m + beta**2 * reaction * m * (1 - m * m)

    found = tap.solve(model, [temperature], schemes="plain", n_starts=12, rng=2)
    assert found.n_valid.tolist() == [[1]]
    k = int(np.flatnonzero(~found.trivial)[0])
    m = brentq(excess, 0.05, 1 - 1e-12, xtol=1e-14)
    assert_allclose(np.abs(found.magnetizations[k]), m, rtol=1e-8)
    assert_allclose(found.overlaps[k, 0], 1, rtol=1e-6)
    assert found.residual[k] < 1e-11


def test_fields_leave_no_mirror_image():
    model = random_layers((20, 20), spike=2.5, seed=1)
    without = tap.solve(model, [1.0], schemes="plain", n_starts=16, rng=1)
    assert without.folded
    assert without.n_valid.tolist() == [[1]]
    fields = np.full(40, 1e-3)
    biased = LayeredIsing(model.weights, fields)
    found = tap.solve(biased, [1.0], schemes="plain", n_starts=16, rng=1)
    assert not found.folded
    assert found.n_valid.tolist() == [[2]]
    assert found.n_hits.sum() == 16
    assert np.ptp(found.free_energy) > 0


@pytest.mark.parametrize("temperature", [0.75, 0.9])
def test_the_trap_at_zero_is_seen_and_rejected(temperature):
    """Random couplings below T_c: m = 0 attracts, has a positive Hessian and a low F."""
    model = SherringtonKirkpatrick(300, rng=3)
    found = tap.solve(model, [temperature, 1.3], schemes="plain", n_starts=6, rng=1)
    assert found.n_trapped.tolist() == [[6, 6]]
    assert found.n_distinct.tolist() == [[0, 0]]
    assert found.trivial.all()
    assert found.stable.all()
    assert found.convergent.tolist() == [False, True]
    assert found.valid.tolist() == [False, True]
    assert "12 of 12 starts at m = 0" in repr(found)
    value = instability.curve(model, [temperature], tolerance=1e-5).values[0]
    assert_allclose(found.stability[0], value, rtol=1e-4)
    glass = instability.find(model).glass_temperature
    assert_allclose(found.plefka[0], (glass / temperature) ** 2, rtol=1e-6)


def test_between_the_glass_and_the_order_zero_is_rejected_by_its_hessian():
    model, spike = spiked(300, 2.2, 1)
    zero, temperature = np.zeros(300), 1.5
    assert tap.plefka_index(model, zero, temperature) < 1
    assert np.linalg.eigvalsh(tap.hessian(model, zero, temperature))[0] < 0
    found = tap.solve(model, [temperature, 2.5], schemes="plain", n_starts=16, rng=1)
    assert found.n_valid.tolist() == [[1, 0]]
    assert found.n_trapped.tolist() == [[0, 16]]
    first = found.at(1.5)[0]
    along = found.magnetizations[first] @ spike / np.linalg.norm(found.magnetizations[first])
    assert abs(along) / math.sqrt(300) > 0.8


def test_following_goes_from_solution_to_solution():
    model = random_layers((30, 25, 10), spike=2.5, seed=2)
    grid = [0.5, 1.0, 1.5]
    free = tap.solve(model, grid, schemes="plain", n_starts=8, rng=1)
    led = tap.solve(model, grid, schemes="plain", n_starts=8, follow=True, rng=1)
    assert led.n_starts.tolist() == [[8, 1, 1]]
    assert_allclose(led.free_energy, free.free_energy, rtol=1e-10)


def test_clamped_overlaps_come_from_theory():
    layers = random_layers((40, 30, 10))
    theory = layered_theory.solve(layers.sizes, 0.6, layers.gains).q
    one = tap.solve(layers, [0.6], n_starts=4, damping=0.1, rng=1)
    two = tap.solve(layers, [0.6], n_starts=4, damping=0.1, qhat=theory[None], rng=1)
    assert_allclose(two.free_energy, one.free_energy, rtol=1e-8)
    model = SherringtonKirkpatrick(60, rng=2)
    unit = math.sqrt(float((model.couplings**2).sum() / 60))
    q = sg.spins.parisi.solve(0.6 / unit).q_ea
    found = tap.solve(model, [0.6], schemes=["clamped"], n_starts=4, rng=1)
    k = int(np.flatnonzero(~found.trivial)[0])
    reaction = (model.couplings**2).sum(axis=1) * (1 - q) / 0.6**2
    m = found.magnetizations[k]
    assert_allclose(np.arctanh(m), model.couplings @ m / 0.6 - reaction * m, atol=1e-10)
    assert found.residual[k] < 1e-11
    assert found.tap_residual[k] > 1e-3  # no solution of the equations themselves


def test_any_number_of_threads_and_starts():
    model = SherringtonKirkpatrick(80, rng=1)
    settings = {"schemes": ["clamped"], "max_iterations": 4000, "rng": 5}
    one = tap.solve(model, [0.4], n_starts=40, n_threads=1, **settings)
    two = tap.solve(model, [0.4], n_starts=40, n_threads=2, **settings)
    for name in ("magnetizations", "free_energy", "stability", "n_hits"):
        assert_array_equal(getattr(one, name), getattr(two, name))
    bonds = BondMatrix(model)
    few, many = (_tap_search.starts(bonds, n, "mixed", Seed(3)) for n in (5, 9))
    assert_allclose(many[:5], few, atol=1e-12)
    assert set(np.abs(few[1])) == {0.95}


@pytest.mark.parametrize("scheme", ["clamped", "plain"])
def test_newton_finishes_what_a_loose_tolerance_leaves(scheme):
    model = random_layers((60, 50, 40), spike=1.6, seed=4)
    settings = {"schemes": [scheme], "n_starts": 12, "damping": 0.2, "rng": 3}
    grid = [0.7, 1.0]
    tight = tap.solve(model, grid, max_iterations=20_000, **settings)
    loose = tap.solve(model, grid, tolerance=1e-5, max_iterations=20_000, **settings)
    assert_array_equal(loose.n_distinct, tight.n_distinct)
    assert_array_equal(loose.n_trapped, tight.n_trapped)
    assert_allclose(np.sort(loose.free_energy), np.sort(tight.free_energy), rtol=1e-10)
    assert loose.residual.max() < 1e-9
    assert (loose.n_iterations < tight.n_iterations).all()


def test_near_solutions_are_not_counted():
    """At rest by a tolerance far too loose, and no solution within reach of Newton's method."""
    model = SherringtonKirkpatrick(200, rng=1)
    found = tap.solve(
        model, [0.9], schemes=["clamped"], n_starts=16, tolerance=1e-3, damping=0.3, rng=1
    )
    assert found.n_converged.tolist() == [[16]]
    assert found.n_hits.sum() < 16
    assert (found.residual < 1e-6).all()


def test_sensitivity_counts_what_solve_finds():
    model = SherringtonKirkpatrick(80, rng=1)
    found = tap.sensitivity(model, 0.4, n_starts=[4, 12], damping=[0.1, 0.3], rng=5)
    assert found.n_distinct.shape == (2, 2, 2, 2)
    run = tap.solve(model, [0.4], n_starts=12, damping=0.3, rng=5)
    assert_array_equal(found.n_distinct[:, 1, 1, 1], run.n_distinct[:, 0])
    assert_array_equal(found.n_trapped[:, 1, 1, 1], run.n_trapped[:, 0])
    assert (found.n_distinct[:, :, 0] <= found.n_distinct[:, :, 1]).all()
    assert "clamped: " in repr(found)


def test_comes_back_from_its_file(tmp_path):
    found = tap.solve(SherringtonKirkpatrick(40, rng=1), [0.5], n_starts=4, rng=1)
    loaded = sg.load(sg.save(found, tmp_path / "found.npz"))
    assert repr(loaded) == repr(found)
    assert_array_equal(loaded.magnetizations, found.magnetizations)


SK = MODELS["SK"]


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: tap.solve(SK, [1.0]), ParameterError, "qhat must be given where there are fields"),
    (lambda: tap.solve(SK, [1.0], qhat=[0.5, 0.5]), ShapeError,
     r"qhat must have shape \(1, 1\), got \(2,\)"),
    (lambda: tap.solve(SK, [0.0]), ParameterError, "temperatures must be a list of positive"),
    (lambda: tap.solve(SK, [1.0], schemes=["exact"]), ParameterError,
     "schemes must be one of 'plain', 'clamped', got 'exact'"),
    (lambda: tap.solve(SK, [1.0], schemes=[]), ParameterError, "schemes must be one or both"),
    (lambda: tap.solve(SK, [1.0], schemes="plain", damping=1.5), ParameterError,
     "damping must be at most 1, got 1.5"),
    (lambda: tap.solve(SK, [1.0], schemes="plain", starts="cold"), ParameterError,
     "starts must be one of"),
    (lambda: tap.free_energy(SK, np.full(11, 1.5), 1.0), DataError,
     "magnetizations must not be beyond ±1, got 1.5 in size"),
    (lambda: tap.residual(SK, np.ones(11), 1.0), DataError,
     "magnetizations must lie within ±1, got 1 in size"),
    (lambda: tap.energy(SK, np.zeros(3), 1.0), ShapeError,
     r"magnetizations must have shape \(..., 11\), got \(3,\)"),
    (lambda: tap.energy(SK, np.zeros(11), math.nan), ParameterError, "temperature must be finite"),
])  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.physics
def test_clamped_solutions_of_sherrington_and_kirkpatrick_grow_in_number_on_cooling():
    """One sample of N = 200 gave 11, 5, 1, 1 at T = 0.3, 0.5, 0.7, 0.9 from 16 starts, with q of
    0.80-0.87, 0.59-0.63, 0.353, 0.086; ranges here are those of eight samples.
    """
    temperatures = [0.3, 0.5, 0.7, 0.9]
    counts, q = [], [[], [], [], []]
    for sample in range(8):
        found = tap.solve(
            SherringtonKirkpatrick(200, rng=sample), temperatures, schemes=["clamped"],
            n_starts=16, starts="uniform", damping=0.3, rng=sample,
        )  # fmt: skip
        counts.append(found.n_distinct[0])
        for k, t in enumerate(temperatures):
            q[k].extend(found.q[found.at(t, "clamped")])
    mean = np.mean(counts, axis=0)
    assert 6 <= mean[0] <= 15
    assert 2 <= mean[1] <= 7
    assert 0.8 <= mean[2] <= 2
    assert mean[3] <= 1.2
    assert 0.78 < np.mean(q[0]) < 0.88
    assert 0.57 < np.mean(q[1]) < 0.66


@pytest.mark.physics
def test_index_of_the_paramagnet_is_that_of_the_transition():
    """T_c^2 / T^2 for random weights; one sample gave 1.30 at T = 1, against 1.29."""
    model = random_layers((784, 512, 512, 10))
    found = tap.plefka_index(model, np.zeros(model.n_spins), 1.0)
    assert_allclose(found, layered_theory.critical_temperature(model.sizes) ** 2, rtol=0.01)


@pytest.mark.physics
def test_planted_layers_have_one_state_and_random_ones_none_but_the_trap():
    """As the networks of a pilot: trained, one pair below T_c; untrained, m = 0 at any T."""
    planted = random_layers((64, 64, 64, 10), spike=2.0, seed=1)
    critical = instability.find(planted).temperature
    grid = critical * np.array([0.4, 0.6, 0.8, 0.95, 1.05])
    found = tap.solve(planted, grid, schemes=["plain"], n_starts=24, rng=1)
    assert found.n_valid.tolist() == [[1, 1, 1, 1, 0]]
    near = found.at(grid[3])[0]
    assert 0.02 < found.q[near] < 0.12
    assert found.overlaps[near, 0] > 0.87
    rising = [found.q[found.at(t)[0]] for t in grid]
    assert (np.diff(rising) < 0).all()
    random = random_layers((64, 64, 64, 10), seed=1)
    glass = layered_theory.critical_temperature((64, 64, 64, 10))
    found = tap.solve(random, glass * np.array([0.6, 0.8, 0.95]), schemes=["plain"], rng=1)
    assert not found.n_valid.any()
    assert (found.n_trapped > 0.9 * found.n_starts).all()
