"""The temperature at which the trivial state of one given model becomes unstable."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import spinglass_nn as sg
from spinglass_nn.errors import DataError, NotConverged, ParameterError
from spinglass_nn.spins import BondMatrix, LayeredIsing, SherringtonKirkpatrick, instability
from spinglass_nn.spins import layered_theory as theory
from tests.naive import layered as naive


def random_layers(widths, gain=1.0, seed=0, spike=0.0):
    """Independent weights, and on request one direction through all layers."""
    rng = np.random.default_rng(seed)
    weights = [
        gain * rng.standard_normal((b, a)) / np.sqrt(a) for a, b in itertools.pairwise(widths)
    ]
    signs = [rng.choice([-1.0, 1.0], n) for n in widths]
    for k, w in enumerate(weights):
        w += spike * np.outer(signs[k + 1], signs[k]) / np.sqrt(w.size)
    return LayeredIsing.from_weights(weights)


def spiked(n, strength, seed):
    rng = np.random.default_rng(seed + 1000)
    spike = rng.choice([-1.0, 1.0], n)
    noise = SherringtonKirkpatrick(n, rng=seed).couplings
    couplings = noise + strength / n * (np.outer(spike, spike) - np.eye(n))
    return SherringtonKirkpatrick(n, couplings=couplings), spike


MODELS = {
    "layers": random_layers((40, 30, 20, 5)),
    "planted layers": random_layers((40, 30, 20, 5), spike=2.0, seed=3),
    "SK": SherringtonKirkpatrick(90, rng=2),
    "spiked SK": spiked(90, 2.5, 4)[0],
    "lattice": sg.spins.EdwardsAnderson((6, 6), rng=1),
    "Hopfield": sg.spins.Hopfield(100, n_patterns=4, rng=1),
}


@pytest.mark.parametrize("name", MODELS)
def test_against_a_fine_scan_with_dense_matrices(name):
    found = instability.find(MODELS[name], tolerance=1e-6)
    temperature, status, minimum = naive.critical(MODELS[name].matrix())
    assert found.status == status
    assert_allclose(found.temperature, temperature, rtol=2e-2 if status == "touch" else 1e-5)
    assert_allclose(found.minimum, minimum, atol=1e-3 * max(1, abs(minimum)))
    assert found.minimum <= minimum + 1e-9
    assert found.converged
    assert f"T_c = {found.temperature:.5g}" in repr(found)
    assert_allclose(found.ratio, found.temperature / found.glass_temperature)
    squares = MODELS[name].matrix() ** 2
    assert_allclose(found.glass_temperature**2, np.linalg.eigvalsh(squares)[-1], rtol=1e-8)
    top = np.linalg.eigvalsh(MODELS[name].matrix())[-1]
    assert_allclose(found.largest_eigenvalue, top, rtol=1e-4)


@pytest.mark.parametrize("name", ["planted layers", "spiked SK"])
def test_the_direction_is_the_eigenvector_at_the_root(name):
    model = MODELS[name]
    found, matrix = instability.find(model), model.matrix()
    beta = 1 / found.temperature
    stability = np.diag(1 + beta**2 * (matrix**2).sum(axis=1)) - beta * matrix
    assert np.linalg.norm(stability @ found.direction) <= 1.1 * found.residual + 1e-6
    assert_allclose(np.linalg.norm(found.direction), 1)
    assert found.status == "cross"
    assert found.temperature <= found.largest_eigenvalue  # the bound of the onset


@pytest.mark.parametrize("name", MODELS)
def test_curve_against_dense_matrices(name):
    temperatures = np.array([0.7, 3.0, 1.1, 0.4])
    found = instability.curve(MODELS[name], temperatures, tolerance=1e-4)
    expected = [naive.lowest(MODELS[name].matrix(), 1 / t) for t in temperatures]
    assert_allclose(found.values, expected, atol=1e-6)
    step = 1e-5
    ends = [
        [naive.lowest(MODELS[name].matrix(), 1 / t + d) for t in temperatures]
        for d in (step, -step)
    ]
    assert_allclose(found.slopes, np.subtract(*ends) / (2 * step), atol=5e-3)


def test_the_second_root_is_never_returned():
    """Below it, at T = 0.5 for J0 = 2 and no noise, the trivial state looks stable again."""
    model, _ = spiked(400, 2.0, 1)
    values = instability.curve(model, [2.5, 1.0, 0.3]).values
    assert values[0] > 0 > values[1]
    assert values[2] > 0
    assert instability.find(model).temperature > 1.7


def test_bound_for_an_exact_ferromagnet():
    """J = 0.05 between all of 50 + 50 spins: 1 + 0.125 b² - 2.5 b = 0."""
    found = instability.find(LayeredIsing.from_weights([np.full((50, 50), 0.05)]))
    assert_allclose(found.temperature, 1 / np.roots([0.125, -2.5, 1])[1], rtol=1e-8)
    assert found.n_products < 10


def test_two_spins_have_their_minimum_below_the_bound():
    found = instability.find(LayeredIsing.from_weights([[[1.0]]]))
    assert (found.status, round(found.temperature, 6), round(found.minimum, 6)) == (
        "touch", 2.0, 0.75,
    )  # fmt: skip


def test_of_a_bond_matrix_with_any_seed_and_of_any_scale():
    model = MODELS["planted layers"]
    once = instability.find(model)
    again = instability.find(BondMatrix(model), rng=7)
    assert_allclose(again.temperature, once.temperature, rtol=1e-6)
    scaled = LayeredIsing.from_weights([100 * w for w in model.weights])
    assert_allclose(instability.find(scaled).temperature, 100 * once.temperature, rtol=1e-5)


def test_comes_back_from_its_file(tmp_path):
    found = instability.find(MODELS["SK"])
    loaded = sg.load(sg.save(found, tmp_path / "found.npz"))
    assert repr(loaded) == repr(found)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: instability.find(sg.spins.PSpin(8, p=3, rng=1)), ParameterError,
     "model must be a model of pairs of spins"),
    (lambda: instability.find(MODELS["SK"], tolerance=0.0), ParameterError,
     "tolerance must be positive, got 0"),
    (lambda: instability.find(SherringtonKirkpatrick(3, couplings=np.zeros((3, 3)))), DataError,
     "model must have couplings, got none but zeros"),
    (lambda: instability.curve(MODELS["SK"], [1.0, -1.0]), ParameterError,
     "temperatures must be a list of positive numbers"),
])  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("model", [
    SherringtonKirkpatrick(400, rng=15), SherringtonKirkpatrick(400, rng=3),
    random_layers((150, 120, 100), seed=2), spiked(400, 1.4, 2)[0],
], ids=["SK", "another SK", "layers", "spike"])  # fmt: skip
def test_little_room_for_the_subspace_changes_nothing(model, monkeypatch):
    roomy = instability.find(model)
    monkeypatch.setattr("spinglass_nn.spins._ritz._ROOM", 50)
    monkeypatch.setattr("spinglass_nn.spins._ritz._KEPT", 20)
    narrow = instability.find(model)
    assert narrow.n_products > 50
    assert narrow.status == roomy.status
    assert narrow.converged
    assert_allclose(narrow.temperature, roomy.temperature, rtol=1e-4)
    assert_allclose(narrow.minimum, roomy.minimum, atol=1e-6)


def test_what_does_not_converge_says_so():
    with pytest.raises(NotConverged, match="residuals must be at most 1e-17, got") as caught:
        instability.curve(SherringtonKirkpatrick(300, rng=1), [1.0], tolerance=1e-17)
    assert caught.value.last.values.shape == (1,)


@pytest.mark.physics
@pytest.mark.parametrize("strength", [1.3, 1.5, 2.0, 3.0])
def test_a_spike_of_strength_j0_has_t_c_equal_to_j0(strength):
    """λ_max → J0 + 1/J0 and 1 - β (J0 + 1/J0) + β² = 0, whose first root is 1/J0."""
    found = np.array([instability.find(spiked(1200, strength, s)[0]).temperature
                      for s in range(12)])  # fmt: skip
    error = found.std(ddof=1) / np.sqrt(found.size)
    assert abs(found.mean() - strength) / error < 4


@pytest.mark.physics
@pytest.mark.parametrize("widths", [(500, 500), (500,) * 3, (500,) * 4, (784, 512, 512, 10)])
def test_random_layers_touch_at_their_critical_temperature(widths):
    """The minimum is within 3 % in each of ten samples, and next to zero: few cross, by a hair."""
    expected = theory.critical_temperature(widths)
    found = [instability.find(random_layers(widths, seed=seed)) for seed in range(10)]
    for one in found:
        assert abs(one.minimum_temperature / expected - 1) < 0.03
        assert abs(one.minimum) < 0.08
        assert one.status == "touch" or one.marginal
    assert sum(one.status == "cross" for one in found) <= 2


@pytest.mark.physics
def test_sherrington_and_kirkpatrick_touch_at_one_as_a_square():
    """λ_min = (1 - β)² in the limit; what is left at β = 1 falls as N^(-2/3)."""
    sizes, left = np.array([125, 250, 500, 1000, 2000]), []
    for n in sizes:
        values = [instability.curve(SherringtonKirkpatrick(int(n), rng=s), [2.0, 1.0]).values
                  for s in range(8)]  # fmt: skip
        left.append(np.mean(values, axis=0)[1])
    slope = np.polyfit(np.log(sizes), np.log(left), 1)[0]
    assert -0.85 < slope < -0.5
    assert abs(np.mean(values, axis=0)[0] - 0.25) < 0.02
