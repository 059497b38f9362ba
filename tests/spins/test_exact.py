from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from naive import exact as naive
from numpy.testing import assert_allclose, assert_array_equal

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.spins import exact

TEMPERATURES = [0.3, 1.0, 4.0]


def with_fields(n):
    field = np.random.default_rng(5).standard_normal(n)
    return sg.spins.SherringtonKirkpatrick(n, rng=3, field=field)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_everything_against_the_definitions(n):
    matrix = np.zeros((1, 1)) if n == 1 else np.asarray(with_fields(n).matrix())
    fields = np.linspace(-0.7, 0.4, n)
    model = sg.spins.IsingGraph.from_matrix(matrix, fields)
    found = exact.enumerate(model, TEMPERATURES)
    every = naive.states(n)
    energies = [naive.energy(matrix, fields, s) for s in every]
    for k, t in enumerate(TEMPERATURES):
        law, total = naive.boltzmann(energies, t)
        u, square = naive.mean(energies, law), naive.mean([e * e for e in energies], law)
        assert_allclose(found.log_partition[k], np.log(total), rtol=1e-12)
        assert_allclose(found.free_energy[k], -t * np.log(total), rtol=1e-12)
        assert_allclose(found.energy[k], u, rtol=1e-12)
        assert_allclose(found.heat_capacity[k], (square - u * u) / t**2, rtol=1e-9, atol=1e-13)
        entropy = -sum(p * np.log(p) for p in law if p > 0)
        assert_allclose(found.entropy[k], entropy, rtol=1e-9, atol=1e-12)
        for i, j in itertools.product(range(n), repeat=2):
            expected = naive.mean([s[i] * s[j] for s in every], law)
            assert_allclose(found.correlations[k, i, j], expected, atol=1e-13)
        expected = [naive.mean([s[i] for s in every], law) for i in range(n)]
        assert_allclose(found.magnetizations[k], expected, atol=1e-13)
        q_law = naive.overlap_law(n, law)
        assert_allclose(found.overlap_probabilities[k], q_law, atol=1e-14)
        assert_allclose(found.q2[k], naive.mean(found.overlaps**2, q_law), rtol=1e-12)
        assert_allclose(found.q4[k], naive.mean(found.overlaps**4, q_law), rtol=1e-12)
    assert_allclose(found.ground_energy, min(energies), rtol=1e-13)
    assert_array_equal(found.ground_states[0], every[int(np.argmin(energies))])


def test_blocks_agree_with_the_energy_of_the_model():
    """More spins than one block holds: 13 and 14 start 2 and 4 walks."""
    for n in (12, 13, 14):
        model = with_fields(n)
        energies = exact._energies(model, model.graph(), n)
        states = np.random.default_rng(1).integers(0, 2**n, size=500)
        assert_allclose(
            energies[states], model.energy(exact.spins_of(states, n)), rtol=0, atol=1e-12
        )


def test_link_overlap_is_a_mean_over_bonds():
    model = sg.spins.EdwardsAnderson((3, 3), rng=2)
    found = exact.enumerate(model, 0.7)
    i, j, _ = model.graph().bonds
    assert_allclose(
        found.link_overlap[0], np.mean(found.correlations[0, i, j] ** 2), rtol=1e-13
    )
    assert i.size == 18


@pytest.mark.parametrize("n", [2, 9])
def test_open_chain(n):
    """Z = 2^N cosh(beta J)^(N-1); <s_i s_j> = tanh(beta J)^|i-j|."""
    chain = sg.spins.IsingGraph.from_arrays(range(n - 1), range(1, n), 1.3, n)
    found = exact.enumerate(chain, 0.9)
    beta = 1.3 / 0.9
    assert_allclose(found.log_partition[0], n * np.log(2) + (n - 1) * np.log(np.cosh(beta)))
    i, j = np.indices((n, n))
    assert_allclose(found.correlations[0], np.tanh(beta) ** abs(i - j), atol=1e-13)
    assert found.degeneracy == 2
    assert set(map(tuple, found.ground_states)) == {(1,) * n, (-1,) * n}


def test_ring():
    """Z = (2 cosh beta)^N + (2 sinh beta)^N."""
    n, beta = 10, 0.8
    ring = sg.spins.IsingGraph.from_arrays(range(n), (np.arange(n) + 1) % n, 1.0, n)
    found = exact.enumerate(ring, 1 / beta)
    expected = np.log((2 * np.cosh(beta)) ** n + (2 * np.sinh(beta)) ** n)
    assert_allclose(found.log_partition[0], expected, rtol=1e-13)


@pytest.mark.parametrize("p", [3, 4])
def test_p_spin_by_its_energy(p):
    model = sg.spins.PSpin(6, p, rng=2)
    found = exact.enumerate(model, 0.8)
    energies = [model.energy(s) for s in np.array(naive.states(6))]
    law, total = naive.boltzmann(energies, 0.8)
    assert_allclose(found.log_partition[0], np.log(total), rtol=1e-12)
    assert_allclose(found.energy[0], naive.mean(energies, law), rtol=1e-12)
    assert_allclose(found.overlap_probabilities[0], naive.overlap_law(6, law), atol=1e-14)
    assert found.link_overlap is None


@pytest.mark.parametrize("make", [
    lambda: sg.spins.Hopfield(9, 2, rng=1),
    lambda: sg.spins.LayeredIsing.from_weights([np.eye(3, 4), np.ones((2, 3))]),
    lambda: sg.spins.PSpin(9, 2, rng=1),
    lambda: sg.spins.EdwardsAnderson((3, 3), "pm1", rng=1),
])  # fmt: skip
def test_models_of_the_room(make):
    model = make()
    n = model.n_spins
    found = exact.enumerate(model, 1.1)
    energies = model.energy(exact.spins_of(np.arange(2**n), n))
    assert_allclose(found.log_partition[0], np.log(np.exp(-energies / 1.1).sum()), rtol=1e-12)
    assert found.degeneracy == np.sum(np.isclose(energies, energies.min(), rtol=0, atol=1e-9))


def test_frustrated_triangle_has_six_ground_states():
    triangle = sg.spins.IsingGraph.from_arrays([0, 1, 2], [1, 2, 0], -1.0, 3)
    found = exact.enumerate(triangle, 0.5, max_ground_states=4)
    assert found.degeneracy == 6
    assert found.ground_states.shape == (4, 3)
    assert_allclose(triangle.energy(found.ground_states), found.ground_energy)


def test_low_temperature_is_the_ground_state():
    model = sg.spins.SherringtonKirkpatrick(10, rng=4)
    found = exact.enumerate(model, [1e-3])
    assert_allclose(found.energy[0], found.ground_energy)
    assert_allclose(found.entropy[0], np.log(2), atol=1e-9)
    assert_allclose(found.q2[0], 1)
    assert_allclose(found.overlap_probabilities[0][[0, -1]], 0.5)


def test_gauge_transformation_changes_nothing_but_signs():
    model = sg.spins.SherringtonKirkpatrick(8, rng=4)
    signs = np.where(np.random.default_rng(0).random(8) < 0.5, -1, 1)
    turned = sg.spins.IsingGraph.from_matrix(model.matrix() * np.outer(signs, signs))
    a, b = exact.enumerate(model, 0.6), exact.enumerate(turned, 0.6)
    assert_allclose(a.energy, b.energy)
    assert_allclose(a.overlap_probabilities, b.overlap_probabilities, atol=1e-14)
    assert_allclose(a.correlations[0], b.correlations[0] * np.outer(signs, signs), atol=1e-13)


def test_memory_is_sixteen_bytes_a_state():
    model = sg.spins.SherringtonKirkpatrick(16, rng=1)
    exact.enumerate(model, 1.0)
    tracemalloc.start()
    exact.enumerate(model, [0.5, 1.0, 2.0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.3 * 16 * 2**16


class Broken:
    n_spins = 3

    def energy(self, spins):
        return np.full(len(spins), np.nan)

    def local_fields(self, spins):
        return spins


class Large(Broken):
    n_spins = 40


@pytest.mark.parametrize(("model", "temperature", "error", "message"), [
    (Broken(), 1.0, DataError, "energies must be finite"),
    (Large(), 1.0, ParameterError, r"n_spins must be at most 26 .* got 40: .* 1\.64e\+04 GiB"),
    (Broken(), -1.0, ParameterError, "temperature must be positive, got -1"),
    (Broken(), [], ParameterError, "temperature must be a number or a list"),
    (Broken(), [1.0, np.nan], DataError, "temperature must be finite"),
])  # fmt: skip
def test_refused(model, temperature, error, message):
    with pytest.raises(error, match=message):
        exact.enumerate(model, temperature)


def test_spherical_spins_are_refused():
    with pytest.raises(ParameterError, match="must have Ising spins"):
        exact.enumerate(sg.spins.PSpin(6, 3, "spherical", rng=1), 1.0)


def test_progress_and_repr():
    seen = []
    found = exact.enumerate(
        with_fields(4), [1.0, 2.0], progress=lambda done, total, _: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]
    assert repr(found) == "<exact solution: 4 spins, 2 temperatures>"


# Disorder averages


def averages(make, temperatures, n_samples):
    """Per-spin u, f, <q^2>, <q^4>, <q_l> and e_0, one row a sample."""
    rows = []
    for sample in range(n_samples):
        model = make(sample)
        found = exact.enumerate(model, temperatures, max_ground_states=1)
        n = model.n_spins
        rows.append([
            found.energy / n, found.free_energy / n, found.q2, found.q4, found.link_overlap,
            np.full(len(temperatures), found.ground_energy / n),
        ])  # fmt: skip
    return np.array(rows)


def z_score(values, expected, error):
    own = values.std(ddof=1) / np.sqrt(values.size)
    return (values.mean() - expected) / np.hypot(own, error)


def gaussian_sk(n):
    return lambda sample: sg.spins.SherringtonKirkpatrick(n, rng=11, sample=sample)


def planar(size, distribution):
    return lambda sample: sg.spins.EdwardsAnderson(
        (size, size), distribution, rng=12, sample=sample
    )


# per spin, by full enumeration of 10 000 to 200 000 independent samples, standard errors in
# the second column: e_0; T: u, f, <q^2>, ratio of moments
TABLE = {
    "SK 8": (gaussian_sk(8), (-0.57254, 25e-5), {
        0.4: ((-0.53086, 28e-5), (-0.64415, 22e-5), (0.57450, 42e-5), 1.4288),
        0.7: ((-0.45254, 28e-5), (-0.75181, 17e-5), (0.36557, 29e-5), 1.8480),
        1.0: ((-0.37190, 25e-5), (-0.89569, 13e-5), (0.25548, 17e-5), 2.2014)}),
    "SK 12": (gaussian_sk(12), (-0.61786, 19e-5), {
        0.2: ((-0.60927, 20e-5), (-0.63686, 19e-5), (0.75600, 40e-5), 1.1867),
        0.4: ((-0.57723, 22e-5), (-0.67481, 17e-5), (0.53758, 40e-5), 1.4316),
        0.5: ((-0.55249, 22e-5), (-0.70196, 16e-5), (0.44690, 36e-5), 1.5777),
        0.7: ((-0.49288, 22e-5), (-0.77205, 13e-5), (0.30946, 26e-5), 1.8950),
        1.0: ((-0.40214, 19e-5), (-0.90922, 10e-5), (0.19533, 13e-5), 2.3083),
        1.5: ((-0.29094, 14e-5), (-1.18906, 6e-5), (0.12685, 4e-5), 2.6352)}),
    "SK 16": (gaussian_sk(16), (-0.64387, 50e-5), {
        0.4: ((-0.60437, 57e-5), (-0.69265, 44e-5), (0.5176, 12e-4), 1.4252),
        1.0: ((-0.41957, 51e-5), (-0.91666, 24e-5), (0.16146, 36e-5), 2.3699)}),
    "EA 3": (planar(3, "gaussian"), (-1.20792, 77e-5), {
        1.0: ((-1.07720, 86e-5), (-1.40200, 64e-5), (0.46499, 52e-5), 1.6211)}),
    "EA 4": (planar(4, "gaussian"), (-1.2610, 18e-4), {
        0.5: ((-1.2312, 19e-4), (-1.3076, 17e-4), (0.6393, 19e-4), 1.3008),
        1.0: ((-1.1218, 20e-4), (-1.4201, 15e-4), (0.3624, 14e-4), 1.7501)}),
    "EA 4 pm1": (planar(4, "pm1"), (-1.3141, 13e-4), {
        0.5: ((-1.3125, 13e-4), (-1.3921, 10e-4), (0.6129, 25e-4), 1.3195),
        1.0: ((-1.2413, 13e-4), (-1.4893, 8e-4), (0.4555, 18e-4), 1.5503)}),
}  # fmt: skip
LINKS = {("EA 4", 0.5): (0.6914, 15e-4), ("EA 4", 1.0): (0.4399, 12e-4),
         ("EA 4 pm1", 0.5): (0.6699, 20e-4), ("EA 4 pm1", 1.0): (0.5322, 15e-4)}  # fmt: skip


def check_table(name, n_samples):
    make, lowest, table = TABLE[name]
    temperatures = list(table)
    rows = averages(make, temperatures, n_samples)
    scores = [z_score(rows[:, 5, 0], *lowest)]
    for k, t in enumerate(temperatures):
        for column in range(3):
            scores.append(z_score(rows[:, column, k], *table[t][column]))
        q2, q4 = rows[:, 2, k], rows[:, 3, k]
        ratio = q4.mean() / q2.mean() ** 2
        slope = q4 / q4.mean() - 2 * q2 / q2.mean()  # of the logarithm of the ratio
        scores.append((ratio / table[t][3] - 1) / (slope.std() / np.sqrt(n_samples) + 1e-4))
        if (name, t) in LINKS:
            scores.append(z_score(rows[:, 4, k], *LINKS[name, t]))
    assert np.abs(scores).max() < 4, scores
    return scores


@pytest.mark.parametrize(
    ("name", "n_samples"), [("SK 8", 1500), ("SK 12", 400), ("EA 3", 1000)]
)
def test_disorder_averages(name, n_samples):
    check_table(name, n_samples)


@pytest.mark.physics
@pytest.mark.parametrize(("name", "n_samples"), [
    ("SK 8", 40_000), ("SK 12", 20_000), ("SK 16", 3_000),
    ("EA 3", 30_000), ("EA 4", 4_000), ("EA 4 pm1", 4_000),
])  # fmt: skip
def test_disorder_averages_with_many_samples(name, n_samples):
    check_table(name, n_samples)


def check_identities(make, temperatures, n_samples, coordination):
    """Integration by parts over Gaussian couplings: both sides agree on average at any N."""
    rows = averages(make, temperatures, n_samples)
    scores = []
    for k, t in enumerate(temperatures):
        u, q2, q_link = rows[:, 0, k], rows[:, 2, k], rows[:, 4, k]
        if coordination is None:
            difference = u + (1 - q2) / (2 * t)
        else:
            difference = u + coordination / (2 * t) * (1 - q_link)
        scores.append(z_score(difference, 0.0, 0.0))
    assert np.abs(scores).max() < 4, scores


@pytest.mark.parametrize("temperatures", [[0.3, 0.8, 2.0]])
def test_identities_of_gaussian_couplings(temperatures):
    """SK: u = -(beta/2) (1 - [<q^2>]); EA: u = -(z/2) beta (1 - [<q_l>])."""
    check_identities(gaussian_sk(7), temperatures, 1000, None)
    check_identities(planar(3, "gaussian"), temperatures, 800, 4)


@pytest.mark.physics
def test_identities_with_many_samples():
    check_identities(gaussian_sk(12), [0.2, 0.5, 1.0], 20_000, None)
    check_identities(planar(4, "gaussian"), [0.4, 1.0], 4_000, 4)
