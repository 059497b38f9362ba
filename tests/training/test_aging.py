from __future__ import annotations

import numpy as np
import pytest
from naive import aging as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, NotConverged, ParameterError, ShapeError
from spinglass_nn.training import Snapshots, aging_exponent, log_spaced_steps, two_time

N = 1000  # parameters of synthetic motions


@pytest.fixture(scope="module")
def run(clouds, net):
    return sg.training.train_replicas(
        net, clouds, n_replicas=3, n_epochs=4, batch_size=10, snapshots=[0, 1, 3, 9, 20], rng=3
    )


def brownian(clock, steps, seed, n_replicas=16):
    """Free motion: variance clock(t) a parameter, from zero."""
    rng = np.random.default_rng(seed)
    rises = np.sqrt(np.diff(clock(steps), prepend=0.0))
    moves = rng.standard_normal((n_replicas, steps.size, N)) * rises[:, None]
    return Snapshots(steps, moves.cumsum(axis=1))


def ornstein_uhlenbeck(clock, steps, seed, n_replicas=16):
    """Motion in a parabola, from equilibrium: correlation exp(-(clock(t') - clock(t)))."""
    rng = np.random.default_rng(seed)
    points = [rng.standard_normal((n_replicas, N))]
    for passed in np.diff(clock(steps)):
        noise = rng.standard_normal((n_replicas, N))
        points.append(np.exp(-passed) * points[-1] + np.sqrt(-np.expm1(-2 * passed)) * noise)
    return Snapshots(steps, np.stack(points, axis=1))


def test_every_pair_of_snapshots_is_its_definition(run):
    found = two_time(run, n_threads=2)
    assert (found.n_parameters, found.layer) == (run.network.n_parameters, None)
    for replica in range(3):
        points = run.snapshots.weights[replica]
        for w in range(5):
            for later in range(5):
                place = (replica, w, later)
                moved = naive.displacement(points[w], points[later])
                cosine = naive.overlap(points[w], points[later])
                assert found.displacement[place] == pytest.approx(moved, rel=1e-12)
                assert found.overlap[place] == pytest.approx(cosine, rel=1e-12)
    assert found.times(3).tolist() == [6, 17]
    values = found.displacement[:, 2, 3:]
    np.testing.assert_array_equal(found.values("displacement", 3), values)
    estimates = found.estimates("displacement", 3)
    np.testing.assert_allclose(estimates.mean, values.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(
        estimates.error, values.std(axis=0, ddof=1) / np.sqrt(3), rtol=1e-12
    )


def test_layers_add_up_to_the_whole(run):
    whole = two_time(run)
    parts = [two_time(run, layer=layer) for layer in range(2)]
    assert [part.n_parameters for part in parts] == [25, 18]
    total = sum(part.n_parameters * part.displacement for part in parts)
    np.testing.assert_allclose(total / 43, whole.displacement, rtol=1e-12)
    assert "18 parameters of layer 1" in repr(parts[1])


def test_replicas_that_stopped_do_not_count():
    steps = np.array([0, 1, 2])
    weights = np.random.default_rng(0).standard_normal((3, 3, 5))
    weights[0, 2] = np.nan
    weights[1:, 0] = 0
    found = two_time(Snapshots(steps, weights))
    assert np.isnan(found.displacement[0, 1, 2])
    assert np.isnan(found.overlap[1, 0, 1])
    estimates = found.estimates("displacement", 1)
    assert estimates.mean[0] == pytest.approx(found.displacement[1:, 1, 2].mean())
    only = found.estimates("overlap", 0)
    assert np.isfinite(only.mean[0])
    assert np.isnan(only.error[0])
    with pytest.raises(DataError, match="displacement must be finite"):
        aging_exponent(two_time(Snapshots(np.arange(1, 6), np.full((2, 5, 3), np.nan))),
                       of="displacement")  # fmt: skip


@pytest.mark.physics
def test_free_motion_has_displacement_2dt_and_a_known_overlap():
    steps = log_spaced_steps(1000, 10)[1:]
    found = two_time(brownian(lambda t: 0.3 * t, steps, seed=1, n_replicas=64))
    for waiting in steps[:-1].tolist():
        t = found.times(waiting)
        assert np.abs(found.estimates("displacement", waiting).z(0.3 * t)).max() < 4
        # the cosine of two vectors is short of the ratio of means by parts of 1/N
        expected = np.sqrt(waiting / (waiting + t))
        expected *= 1 - (1 - expected**2) / (2 * N)
        assert np.abs(found.estimates("overlap", waiting).z(expected)).max() < 4


@pytest.mark.physics
def test_motion_in_a_parabola_is_stationary():
    steps = log_spaced_steps(1000, 10)[1:]
    found = two_time(ornstein_uhlenbeck(lambda t: t / 50, steps, seed=2, n_replicas=64))
    for waiting in steps[:-1].tolist():
        q = np.exp(-found.times(waiting) / 50)
        estimates = found.estimates("displacement", waiting)
        assert np.abs(estimates.z(2 * (1 - q))).max() < 4


CASES = {
    "parabola": (ornstein_uhlenbeck, lambda t: t / 100, "overlap", 0.0),
    "parabola, displacement": (ornstein_uhlenbeck, lambda t: t / 100, "displacement", 0.0),
    "parabola, logarithmic clock": (
        ornstein_uhlenbeck,
        lambda t: np.log(t) / 2,
        "overlap",
        1.0,
    ),
    "parabola, square-root clock": (ornstein_uhlenbeck, lambda t: t**0.5 / 30, "overlap", 0.5),
    "free, displacement": (brownian, lambda t: 1.0 * t, "displacement", 0.0),
    "free, overlap": (brownian, lambda t: 1.0 * t, "overlap", 1.0),
    "free, logarithmic clock": (brownian, lambda t: 1 + np.log(t), "displacement", 1.0),
}


@pytest.mark.physics
@pytest.mark.parametrize("case", CASES)
def test_exponents_are_those_of_the_clock(case):
    motion, clock, of, expected = CASES[case]
    steps = log_spaced_steps(10_000, 22)[1:]
    fit = aging_exponent(two_time(motion(clock, steps, seed=4)), of=of, rng=0)
    assert abs(fit.exponent.estimate.z(expected)) < 4
    assert fit.exponent.estimate.error < 0.03
    assert fit.unexplained < 0.01
    wrong = fit.unexplained_full if expected == 0 else fit.unexplained_stationary
    assert wrong > 0.04


def test_fits_say_what_they_found_and_survive_a_file(tmp_path):
    steps = log_spaced_steps(300, 10)[1:]
    found = two_time(brownian(lambda t: 1.0 * t, steps, seed=5, n_replicas=6))
    fit = aging_exponent(found, of="displacement", n_resamples=50, rng=0)
    assert fit.n_waitings == steps.size - 1
    assert fit.n_points == steps.size * (steps.size - 1) // 2
    assert str(fit).startswith("displacement of 8 waiting times: exponent ")
    again = sg.load(sg.save(fit, tmp_path / "fit.npz"))
    assert repr(again) == repr(fit)
    same = aging_exponent(found, of="displacement", n_resamples=50, rng=0)
    assert same.exponent.estimate.error == fit.exponent.estimate.error
    later = aging_exponent(found, of="displacement", first_waiting=10, n_resamples=50, rng=0)
    assert later.n_waitings < fit.n_waitings


def test_errors_say_what_is_wrong(run):
    found = two_time(run)
    with pytest.raises(ParameterError, match="waiting must be the step of a snapshot"):
        found.values("overlap", 2)
    with pytest.raises(ParameterError, match="did you mean 'overlap'"):
        found.values("overlaps", 1)
    with pytest.raises(ParameterError, match="layer must be below 2"):
        two_time(run, layer=2)
    with pytest.raises(ParameterError, match="layer must be None for bare snapshots"):
        two_time(run.snapshots, layer=0)
    with pytest.raises(DataError, match="run must have at least 2 snapshots, got 1"):
        two_time(Snapshots(np.array([0]), np.zeros((2, 1, 3))))
    with pytest.raises(ShapeError, match=r"weights must have shape \(any, 2, any\)"):
        two_time(Snapshots(np.array([0, 1]), np.zeros((2, 3, 3))))
    with pytest.raises(DataError, match="steps must increase"):
        two_time(Snapshots(np.array([1, 1]), np.zeros((2, 2, 3))))
    with pytest.raises(DataError, match="3 waiting times from 9, got 3 and 1"):
        aging_exponent(found, first_waiting=9)
    still = two_time(Snapshots(np.arange(1, 6), np.ones((2, 5, 3))))
    with pytest.raises(DataError, match="displacement must vary"):
        aging_exponent(still, of="displacement")
    steps = log_spaced_steps(1000, 12)[1:]
    faster = two_time(brownian(lambda t: (t / 100.0) ** 4, steps, seed=0))
    with pytest.raises(
        NotConverged, match="aging exponent must lie between -1 and 2"
    ) as caught:
        aging_exponent(faster, of="displacement")
    assert caught.value.last == -1
