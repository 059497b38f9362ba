from __future__ import annotations

import numpy as np
import pytest
from naive import langevin as naive

import spinglass_nn as sg
from spinglass_nn.dynamics import _langevin_job
from spinglass_nn.dynamics.descent import descend
from spinglass_nn.dynamics.langevin_dynamics import LangevinState, langevin
from spinglass_nn.errors import (
    DataError,
    Interrupted,
    NotConverged,
    ParameterError,
    ShapeError,
)
from spinglass_nn.spins import PSpin, spherical
from spinglass_nn.statistics import mean_estimate

SIZES = {2: 12, 3: 10, 4: 8}


def spherical_model(p, n=None, sample=0):
    return PSpin(n or SIZES[p], p, "spherical", sample=sample, rng=3)


def same(a, b, names=("energy", "correlation", "overlap", "points", "acceptance", "times")):
    return all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in names)


@pytest.mark.parametrize("p", [2, 3, 4])
@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_same_as_the_naive_twin(p, temperature):
    model = spherical_model(p)
    starts = model.random_point(3, rng=11)
    run = langevin(
        model, temperature, n_steps=40, time_step=0.15, n_replicas=3, rng=11,
        waiting_times=(0, 1.5), record_every=7,
    )  # fmt: skip
    paths = []
    for k, start in enumerate(starts):
        path, accepted = naive.trajectory(model, start, temperature, 0.15, 40, 11, k)
        assert np.allclose(run.points[k], path[-1], rtol=0, atol=1e-9)
        assert run.acceptance[k] == np.mean(accepted)
        paths.append(path)
    steps = np.rint(run.times / 0.15).astype(int)
    assert steps.tolist() == [0, 7, 14, 21, 28, 35, 40]
    paths = np.array(paths)
    energies = [[naive.energy(model, path[s]) for s in steps] for path in paths]
    assert np.allclose(run.energy, energies, atol=1e-9)
    n = model.n_spins
    pairs = [
        (paths[a, steps] * paths[b, steps]).sum(-1) / n for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    assert np.allclose(run.overlap, pairs, atol=1e-9)
    for w, since in enumerate((0, 10)):
        c = (paths[:, [since]] * paths[:, steps]).sum(-1) / n
        assert np.isnan(run.correlation[:, w, steps < since]).all()
        assert np.allclose(
            run.correlation[:, w, steps >= since], c[:, steps >= since], atol=1e-9
        )


@pytest.mark.parametrize("p", [2, 3, 4])
def test_replica_k_is_replica_k(p):
    model = spherical_model(p, 40)
    many = langevin(model, 0.5, n_steps=30, n_replicas=21, rng=5, record_every=4, n_threads=2)
    few = langevin(model, 0.5, n_steps=30, n_replicas=3, rng=5, record_every=5, n_threads=1)
    assert np.array_equal(many.points[:3], few.points)
    assert np.array_equal(many.energy[:3, [0, 5]], few.energy[:, [0, 4]])
    assert np.array_equal(many.overlap[:2, 5], few.overlap[:2, 4])  # pairs (0, 1) and (0, 2)
    threads = langevin(
        model, 0.5, n_steps=30, n_replicas=21, rng=5, record_every=4, n_threads=1
    )
    assert same(many, threads)


@pytest.mark.parametrize("p", [2, 3])
def test_going_on_gives_the_same_bits(p, tmp_path):
    model = spherical_model(p, 30)
    settings = dict(time_step=0.05, n_replicas=9, waiting_times=(0.2, 1.0), record_every=6)
    whole = langevin(model, 0.6, n_steps=50, rng=8, **settings)
    state = None
    for n_steps in (4, 20, 33, 50):  # before, at and off records and waiting times
        part = langevin(model, 0.6, n_steps=n_steps, rng=8, state=state, **settings)
        path = sg.save(part.state, tmp_path / "state.npz")
        state = sg.load(path)
    assert same(whole, part)
    settings.pop("record_every")  # left out, they are the state's
    again = langevin(model, 0.6, n_steps=50, state=whole.state, **settings)
    assert same(whole, again)


def test_interrupt_and_checkpoint(tmp_path, monkeypatch):
    model = spherical_model(3, 30)
    file = tmp_path / "run.npz"
    given = dict(n_steps=60, n_replicas=3, rng=2, record_every=5, checkpoint=file)
    whole = langevin(model, 0.5, **given | {"checkpoint": None})
    calls, advance = [], _langevin_job.advance

    def tired(*arguments):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return advance(*arguments)

    monkeypatch.setattr(_langevin_job, "advance", tired)
    with pytest.raises(Interrupted, match="interrupted after 35 of 60 steps") as caught:
        langevin(model, 0.5, **given)
    assert caught.value.state.n_steps == 35
    assert isinstance(sg.load(file), LangevinState)
    finished = langevin(model, 0.5, **given)
    assert same(whole, finished)
    assert sg.load(file).n_steps == 60


def test_points_stay_on_the_sphere():
    model = spherical_model(3, 40)
    run = langevin(model, 0.3, n_steps=500, time_step=0.05, n_replicas=2, rng=1)
    assert np.allclose((run.points**2).sum(axis=1), 40, rtol=1e-14)
    assert run.overlap.shape == (1, 101)
    assert run.correlation[:, 0, 0] == pytest.approx(1)


def test_descent_at_zero_temperature_never_goes_up():
    model = spherical_model(3, 60)
    run = langevin(model, 0, n_steps=400, time_step=0.1, n_replicas=4, rng=1, record_every=1)
    assert (np.diff(run.energy, axis=1) <= 1e-9).all()
    assert (run.acceptance == 1).all()


def test_two_spin_model_falls_to_the_largest_eigenvalue():
    model = spherical_model(2, 60)
    top = np.linalg.eigvalsh(model.matrix())[-1]
    run = langevin(model, 0, n_steps=3000, time_step=0.2, n_replicas=3, rng=1)
    assert np.allclose(run.energy[:, -1] / 60, -top / 2, rtol=1e-8)
    end = descend(model, n_starts=11, rng=1)
    assert np.allclose(end.energies / 60, -top / 2, rtol=1e-10)
    assert end.gradient_norms.max() < 1e-7


@pytest.mark.parametrize("p", [3, 4])
def test_descent_ends_in_minima(p):
    model = spherical_model(p, 20)
    end = descend(model, n_starts=9, rng=4, tolerance=1e-8)
    for point, energy, norm in zip(end.points, end.energies, end.gradient_norms, strict=True):
        assert naive.energy(model, point) == pytest.approx(energy, rel=1e-10)
        gradient = naive.gradient(model, point)
        assert np.sqrt(gradient @ gradient / 20) == pytest.approx(norm, abs=1e-9)
        for direction in np.random.default_rng(1).standard_normal((20, 20)):
            near = point + 1e-3 * direction
            near *= np.sqrt(20 / (near @ near))
            assert model.energy(near) > energy - 1e-9
    few = descend(model, n_starts=2, rng=4, tolerance=1e-8, n_threads=1)
    assert np.array_equal(few.points, end.points[:2])


def test_descent_can_fail():
    model = spherical_model(3, 40)
    with pytest.raises(NotConverged, match=r"gradient of 1e-07 per spin, got .* after 3"):
        descend(model, max_steps=3, rng=1)
    with pytest.raises(NotConverged) as caught:
        descend(model, max_steps=3, rng=1)
    assert caught.value.last.points.shape == (1, 40)
    stationary = descend(model, rng=1)
    again = descend(model, start=stationary.points[0])
    assert again.n_steps[0] == 0


def test_energy_of_the_two_spin_model():
    # the finite-N integral over the sphere, sample by sample
    scores = []
    for sample in range(2):
        model = spherical_model(2, 50, sample)
        values = np.linalg.eigvalsh(model.matrix())
        for temperature in (0.5, 2.0):
            run = langevin(
                model, temperature, n_steps=1600, time_step=0.06, n_replicas=16, rng=sample,
                record_every=10,
            )  # fmt: skip
            late = run.energy[:, run.times > 30].mean(axis=1) / 50
            exact = naive.exact_energy_two(values, temperature)
            scores.append(mean_estimate(late).z(exact))
            # the saddle point differs by the order of 1/N
            assert abs(spherical.sample_energy(values, temperature) - exact) < 1.5 / 50
    assert np.max(np.abs(scores)) < 4


def test_exactness_needs_no_small_time_step():
    model = spherical_model(2, 50)
    exact = naive.exact_energy_two(np.linalg.eigvalsh(model.matrix()), 1.0)
    run = langevin(model, 1.0, n_steps=2000, time_step=0.2, n_replicas=24, rng=2)
    assert 0.3 < run.acceptance.mean() < 0.8
    late = run.energy[:, run.times > 100].mean(axis=1) / 50
    assert abs(mean_estimate(late).z(exact)) < 4


def test_default_time_step_keeps_nearly_all_moves():
    for n in (30, 120):
        run = langevin(spherical_model(3, n), 0.6, n_steps=300, n_replicas=8, rng=1)
        assert 0.95 < run.acceptance.mean() < 0.995


def test_errors():
    model = spherical_model(3, 20)
    with pytest.raises(ParameterError, match=r"model must be a spherical PSpin, got <3-spin"):
        langevin(PSpin(10, 3, rng=1), 1.0, n_steps=5)
    with pytest.raises(ParameterError, match="model must be a spherical PSpin, got"):
        descend(sg.spins.SherringtonKirkpatrick(5, rng=1))
    with pytest.raises(ParameterError, match="temperature must not be negative, got -1"):
        langevin(model, -1, n_steps=5)
    with pytest.raises(ParameterError, match="time_step must be positive, got 0"):
        langevin(model, 1, n_steps=5, time_step=0)
    with pytest.raises(ParameterError, match="waiting_times must not be negative"):
        langevin(model, 1, n_steps=5, waiting_times=(-1,))
    with pytest.raises(DataError, match="start must lie on the sphere of squared radius 20"):
        langevin(model, 1, n_steps=5, start=np.full(20, 2.0))
    with pytest.raises(ShapeError, match=r"start must have shape \(20,\) or \(4, 20\)"):
        langevin(model, 1, n_steps=5, start=np.ones((3, 20)), n_replicas=4)
    with pytest.raises(ParameterError, match="GiB"):
        langevin(model, 1, n_steps=10**12, record_every=1)
    state = langevin(model, 1, n_steps=5, rng=1).state
    with pytest.raises(ParameterError, match=r"temperature must be as in the state .* \(1.0\)"):
        langevin(model, 2, n_steps=9, state=state)
    with pytest.raises(ParameterError, match="model must be as in the state"):
        langevin(spherical_model(3, 21), 1, n_steps=9, state=state)
    with pytest.raises(ParameterError, match="n_steps must be at least the 5"):
        langevin(model, 1, n_steps=4, state=state)


@pytest.mark.physics
def test_energy_of_the_two_spin_model_in_many_samples():
    scores = []
    for sample in range(8):
        model = spherical_model(2, 100, sample)
        values = np.linalg.eigvalsh(model.matrix())
        for temperature in (0.5, 1.0, 2.0):
            run = langevin(
                model, temperature, n_steps=2400, time_step=0.05, n_replicas=16, rng=sample,
                record_every=10,
            )  # fmt: skip
            late = run.energy[:, run.times > 50].mean(axis=1) / 100
            scores.append(mean_estimate(late).z(naive.exact_energy_two(values, temperature)))
    spread = np.sqrt(np.mean(np.square(scores)))
    # z of 16 units follows Student's t, of variance 15/13
    assert abs(spread - np.sqrt(15 / 13)) < 3.5 / np.sqrt(2 * len(scores))
    assert np.max(np.abs(scores)) < 4.5


def triples(values):
    """Sum over i < j < k of x_i x_j x_k, from power sums."""
    one, two, three = ((values**k).sum(axis=-1) for k in (1, 2, 3))
    return (one**3 - 3 * one * two + 2 * three) / 6


@pytest.mark.physics
def test_energy_of_the_three_spin_paramagnet():
    # Gaussian couplings J: [J <sss>] = var(J) [<(sss)^2> - <sss>^2] / T, exact for any N
    n, temperature, energies, sides = 60, 1.0, [], []
    first, second = np.triu_indices(8, 1)
    for sample in range(40):
        model, run = spherical_model(3, n, sample), None
        for n_steps in range(200, 1001, 100):
            run = langevin(
                model, temperature, n_steps=n_steps, time_step=0.05, n_replicas=8, rng=sample,
                record_every=100, state=run and run.state,
            )  # fmt: skip
            squares = triples(run.points**2).mean()
            overlaps = triples(run.points[first] * run.points[second]).mean()
            sides.append(-(squares - overlaps) * 3 / n**2 / temperature / n)
            energies.append(run.energy[:, -1].mean() / n)
    energies, sides = (np.reshape(x, (40, -1)).mean(axis=1) for x in (energies, sides))
    assert abs(mean_estimate(energies - sides).z()) < 4
    # -1/(2T) for many spins (Crisanti & Sommers 1992), times the share of terms without
    # equal indices and <s_i^2 s_j^2 s_k^2> of random points
    factor = (1 - 1 / n) * (1 - 2 / n) / ((1 + 2 / n) * (1 + 4 / n))
    assert abs(mean_estimate(energies).mean + factor / (2 * temperature)) < 0.015


@pytest.mark.physics
def test_descent_of_the_three_spin_model_ends_at_the_threshold():
    # e = -2/sqrt(3) = -1.154701 (Cugliandolo & Kurchan 1993) for many spins; corrections as
    # those of the edge of a random matrix, N^(-2/3) and 1/N; the couplings' variance is
    # taken as that of so many terms
    sizes, means = np.array([25, 50, 100, 170]), []
    for n, n_samples in zip(sizes, (200, 80, 30, 8), strict=True):
        terms = (1 - 1 / n) * (1 - 2 / n)
        found = [
            descend(spherical_model(3, n, k), n_starts=8, rng=k).energies.mean() / n
            for k in range(n_samples)
        ]
        means.append(mean_estimate(found) * (1 / np.sqrt(terms)))
    columns = np.stack([np.ones(4), sizes ** (-2 / 3), 1 / sizes], axis=1)
    weights = 1 / np.array([m.error for m in means])
    covariance = np.linalg.inv((columns * weights[:, None] ** 2).T @ columns)
    fit = covariance @ (columns.T @ (weights**2 * [m.mean for m in means]))
    error = np.sqrt(covariance[0, 0])
    assert error < 0.012
    assert abs(fit[0] - spherical.threshold_energy(3)) < 3 * error


@pytest.mark.physics
def test_time_step_bias_of_a_relaxation():
    # energy on the way down is right to first order in the time step
    model = spherical_model(3, 64)

    def energy(time_step):
        every = round(0.8 / time_step)
        run = langevin(
            model, 0.5, n_steps=3 * every, time_step=time_step, n_replicas=400, rng=1,
            record_every=every, start=model.random_point(400, rng=7),
        )  # fmt: skip
        return run.energy[:, 2] / 64

    fine, coarse, default = energy(0.005), energy(0.04), energy(0.02)
    assert mean_estimate(coarse - fine).mean < 0.03
    assert abs(mean_estimate(default - fine).mean) < 0.015
