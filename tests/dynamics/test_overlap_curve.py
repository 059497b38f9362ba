"""Q(T): exact values with and without fields, errors that are what they say, both limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from naive import overlap_curve as naive

import spinglass_nn as sg
from spinglass_nn.dynamics import replica_overlap_curve
from spinglass_nn.dynamics._pair_means import pair_estimates
from spinglass_nn.errors import DataError, Interrupted, ParameterError
from spinglass_nn.spins import LayeredIsing, exact


def network(*sizes, seed=0, fields=False, scale="unit-row"):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(b, a)) / a**0.5 for a, b in itertools.pairwise(sizes)]
    biases = [0.3 * rng.normal(size=b) for b in sizes[1:]] if fields else None
    return LayeredIsing.from_weights(weights, biases, scale=scale)


@pytest.mark.parametrize("fields", [False, True])
def test_exact_values_and_errors(fields):
    """z-scores over seeds scatter as Student's t does: errors are neither small nor large."""
    model = network(5, 4, 3, fields=fields)
    temperatures = np.geomspace(0.3, 3, 6)
    known = exact.enumerate(model, temperatures)
    size = known.overlaps if fields else abs(known.overlaps)
    expected = known.overlap_probabilities @ size
    found = [
        replica_overlap_curve(model, temperatures, n_sweeps=4096, n_replicas=12, rng=seed)
        for seed in range(12)
    ]
    assert all(curve.folded is not fields for curve in found)
    for name, value in (
        ("overlap", expected), ("squared", known.q2), ("binder", known.q4 / known.q2**2),
    ):  # fmt: skip
        z = np.array([getattr(curve, name).z(value) for curve in found])
        assert abs(z).max() < 6, name
        assert abs(z.mean(axis=0)).max() * 12**0.5 < 4 * (11 / 9) ** 0.5, name
        # temperatures of a ladder are not independent: about three count
        assert abs(np.sqrt(np.mean(z**2)) - (11 / 9) ** 0.5) < 4 / np.sqrt(2 * 36), name
    energy = np.array([c.energy.z(known.energy / model.n_spins) for c in found])
    assert abs(energy).max() < 6
    assert all(curve.r_hat.max() < 1.05 for curve in found)
    assert max(abs(c.drift.z()).max() for c in found) < 6


def test_what_is_averaged_is_as_defined():
    """Pair means from configurations of the very same run, by loops."""
    model = network(4, 3, 2, fields=True)
    temperatures = [0.5, 1.5]
    settings = {"n_sweeps": 64, "n_replicas": 5, "rng": 3}
    curve = replica_overlap_curve(model, temperatures, **settings)
    run = sg.dynamics.parallel_tempering(
        model, temperatures, measure_every=4, record_every=4, record_spins=True, **settings
    )
    late = run.record_sweeps > run.window
    for t, temperature in enumerate(temperatures):
        spins = run.spins(temperature=temperature)[0][:, late]
        total, layers = naive.pair_means(spins, model.sizes, folded=False)
        np.testing.assert_allclose(curve.halves.mean(axis=0)[t], total, atol=1e-12)
        np.testing.assert_allclose(curve.layers[:, t], layers, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 7, 8])
def test_free_spins(n):
    curve = replica_overlap_curve(
        network(n, 3), np.array([1e5, 2e5]), n_sweeps=2048, n_replicas=12, rng=n
    )
    assert curve.layer_baselines[:, 0] == pytest.approx(
        [naive.free_overlap(n), naive.free_overlap(3)]
    )
    assert curve.baseline[0] == pytest.approx(naive.free_overlap(n + 3))
    assert abs(curve.overlap.z(curve.baseline)).max() < 4
    if n > 1:
        assert abs(curve.layer(0).z(curve.layer_baselines[0])).max() < 4
    assert curve.baseline[0] == pytest.approx((2 / np.pi / (n + 3)) ** 0.5, rel=0.2)


def test_free_spins_in_fields():
    """Hot spins overlap by what the fields alone make of them."""
    weights = [1e-6 * np.ones((3, 4))]
    model = LayeredIsing.from_weights(weights, [np.array([0.5, -1.0, 2.0])])
    curve = replica_overlap_curve(model, [0.5, 1.0], n_sweeps=4096, n_replicas=16, rng=1)
    expected = np.square(np.tanh(np.outer([2, 1], [0, 0, 0, 0, 0.5, -1, 2]))).mean(axis=1)
    np.testing.assert_allclose(curve.baseline, expected)
    assert abs(curve.overlap.z(expected)).max() < 4


def test_one_pair_of_ground_states():
    """A ferromagnet of layers is all up or all down when it is cold."""
    model = LayeredIsing.from_weights([np.ones((6, 8)), np.ones((4, 6))])
    curve = replica_overlap_curve(model, n_sweeps=512, rng=1)
    assert curve.overlap[0].mean == pytest.approx(1, abs=1e-3)
    assert curve.binder[0].mean == pytest.approx(1, abs=1e-2)
    assert curve.stationarity.passed
    assert curve.reduced[[0, -1]] == pytest.approx([0.1, 2])
    assert curve.susceptibility[0].mean == pytest.approx(18, abs=0.1)


@pytest.mark.physics
@pytest.mark.parametrize(
    ("sizes", "n_sweeps", "passes"), [((24, 16, 8), 2048, True), ((160, 80, 40), 64, False)]
)
def test_energy_is_what_layer_overlaps_make_it(sizes, n_sweeps, passes):
    """The identity of Gaussian couplings over disorder; it fails in a run cut short."""
    temperatures, n_spins = np.geomspace(0.15, 2.0, 12), sum(sizes)
    curves = [
        replica_overlap_curve(
            network(*sizes, seed=k, scale="raw"), temperatures, n_sweeps=n_sweeps, rng=k
        )
        for k in range(40)
    ]
    tests = [
        sg.dynamics.layer_identity(
            [c.energy[t].mean * n_spins for c in curves], [c.layer_products[t] for c in curves],
            temperatures[t], sizes=sizes, variances=[1 / sizes[0], 1 / sizes[1]],
        )
        for t in (0, 5, 11)
    ]  # fmt: skip
    assert all(test.passed for test in tests) == passes


def test_errors_of_pair_means():
    """Planted parts of replicas and pairs are told from each other."""
    rng = np.random.default_rng(1)
    n, trials = 8, 20_000
    off = np.triu(np.ones((n, n)), 1)
    for shared, own in ((1.0, 0.0), (0.0, 1.0), (0.5, 1.0)):
        g = shared * rng.standard_normal((trials, n))
        e = own * rng.standard_normal((trials, n, n)) * off
        values = g[:, :, None] + g[:, None, :] + e + e.transpose(0, 2, 1)
        found = pair_estimates(values)
        true = 4 * shared**2 / n + 2 * own**2 / (n * (n - 1))
        assert found.mean.var() == pytest.approx(true, rel=0.05)
        # what is below zero counts as zero: errors are up to a quarter too large
        assert true * 0.95 < np.mean(found.error**2) < true * 1.65


def test_interpolation_and_parts():
    curve = replica_overlap_curve(network(6, 5, 4), n_sweeps=128, rng=1)
    q, t = curve.overlap, curve.temperatures
    assert curve.at(t[3]).mean == pytest.approx(q.mean[3])
    middle = np.sqrt(t[3] * t[4])
    assert curve.at(middle).mean == pytest.approx(q.mean[3:5].mean())
    critical = curve.instability.temperature
    assert curve.at(middle / critical, reduced=True).mean == pytest.approx(q.mean[3:5].mean())
    same = replica_overlap_curve(
        network(6, 5, 4), curve.reduced, reduced=True, n_sweeps=128, rng=1
    )
    np.testing.assert_allclose(same.temperatures, t)
    pq = curve.distribution(2)
    assert np.sum(pq.density * np.diff(pq.edges)) == pytest.approx(1)
    np.testing.assert_array_equal(curve.layer(-1).mean, curve.layer(2).mean)
    with pytest.raises(ParameterError, match=r"number must be one of 3 layers, got 3"):
        curve.layer(3)
    with pytest.raises(ParameterError, match=r"temperature must lie in the ladder.*got 99"):
        curve.at(99)


def test_goes_on_to_the_same_bits(tmp_path):
    model, settings = network(6, 5, 4), {"n_sweeps": 512, "n_replicas": 4, "rng": 5}
    whole = replica_overlap_curve(model, **settings)

    def stop(done, total, text):
        if done > total / 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        replica_overlap_curve(model, progress=stop, checkpoint=tmp_path / "c.npz", **settings)
    again = replica_overlap_curve(model, checkpoint=tmp_path / "c.npz", **settings)
    threads = replica_overlap_curve(model, n_threads=2, **settings)
    for other in (again, threads):
        np.testing.assert_array_equal(other.halves, whole.halves)
        np.testing.assert_array_equal(other.counts, whole.counts)
    longer = replica_overlap_curve(model, n_sweeps=600, n_replicas=4, state=whole.state)
    assert longer.n_sweeps == 600


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"n_replicas": 3}, ParameterError, "n_replicas must be at least 4, got 3"),
        ({"n_sweeps": 66}, ParameterError, "n_sweeps must be a multiple of .* 4, got 66"),
        ({"n_sweeps": 8}, ParameterError, "n_sweeps must be at least 64, got 8"),
        ({"temperatures": [1.0]}, ParameterError, "temperatures must be at least two"),
        ({"temperatures": [np.nan, 1.0]}, DataError, "temperatures must be finite"),
    ],
)
def test_what_is_refused(settings, error, message):
    with pytest.raises(error, match=message):
        replica_overlap_curve(network(4, 3), **{"temperatures": [0.5, 1.0], **settings})


def test_models_without_pairs_are_refused():
    model = sg.spins.PSpin(8, 3, rng=1)
    with pytest.raises(ParameterError):
        replica_overlap_curve(model, n_sweeps=64)


def test_a_model_without_layers_is_one_layer():
    curve = replica_overlap_curve(
        sg.spins.SherringtonKirkpatrick(32, rng=1), n_sweeps=128, rng=2
    )
    assert curve.layer_sizes.tolist() == [32]
    np.testing.assert_allclose(curve.layer(0).mean, curve.overlap.mean)
    assert curve.layer_products.shape == (curve.temperatures.size, 0)
