"""The right physics: published numbers, exact limits, optima of public instances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spinglass_nn as sg

DATA = Path(__file__).parents[1] / "data"

pytestmark = pytest.mark.physics


def line_at_zero(x, y, error):
    """Intercept of a weighted straight line through (x, y) and its error."""
    design = np.stack([np.ones_like(x), x], axis=1) / error[:, None]
    covariance = np.linalg.inv(design.T @ design)
    return (covariance @ (design.T @ (y / error)))[0], np.sqrt(covariance[0, 0])


def crossing(temperatures, one, two):
    """Where two curves cross, by a straight line through their difference."""
    slope, intercept = np.polyfit(temperatures, one - two, 1)
    return -intercept / slope


@pytest.fixture(scope="module")
def connected():
    """Runs of the Sherrington-Kirkpatrick model."""
    found = {}
    for n in TestSherringtonKirkpatrick.sizes:
        samples = [sg.spins.SherringtonKirkpatrick(n, sample=k, rng=n) for k in range(160)]
        found[n] = sg.dynamics.parallel_tempering(
            samples, TestSherringtonKirkpatrick.ladder, n_sweeps=4096, record_every=0, rng=1
        )
    return found


@pytest.fixture(scope="module")
def lattices():
    """Runs of the three-dimensional model."""
    found = {}
    for size, n_sweeps in ((4, 4096), (8, 32768)):
        samples = [
            sg.spins.EdwardsAnderson((size,) * 3, "pm1", sample=k, rng=size) for k in range(480)
        ]
        found[size] = sg.dynamics.parallel_tempering(
            samples, TestThreeDimensions.ladder, n_sweeps=n_sweeps, n_replicas=4,
            measure_every=32, observables=("overlap", "structure"), record_every=0, rng=2,
        )  # fmt: skip
    return found


class TestSherringtonKirkpatrick:
    sizes = (48, 96, 192)
    ladder = sg.dynamics.geometric(0.4, 1.5, n=14)

    def test_equilibrium_identity_and_doubling(self, connected):
        for run in connected.values():
            for test in run.equilibration():
                assert abs(test.z) < 4, test.sentence

    @pytest.mark.parametrize("place", [0, 3, 6])
    def test_energy_goes_to_parisi_s(self, connected, place):
        """Corrections of N^(-2/3) below T_c (spec: Boettcher, cond-mat/0407130)."""
        values = [run.energy[place] for run in connected.values()]
        x = np.array(self.sizes) ** (-2 / 3)
        limit, error = line_at_zero(
            x, np.array([v.mean for v in values]), np.array([v.error for v in values])
        )
        parisi = sg.spins.parisi.solve(self.ladder[place])
        # the next correction is about a tenth of the first at the largest size
        assert abs(limit - parisi.energy) < 4 * error + 0.1 * abs(values[-1].mean - limit)

    @pytest.mark.parametrize("place", [0, 3, 6])
    def test_squared_overlap_goes_to_parisi_s(self, connected, place):
        values = [run.average("q^2")[place] for run in connected.values()]
        x = np.array(self.sizes) ** (-2 / 3)
        limit, error = line_at_zero(
            x, np.array([v.mean for v in values]), np.array([v.error for v in values])
        )
        parisi = sg.spins.parisi.solve(self.ladder[place])
        second = float(parisi.moments[1])
        assert abs(limit - second) < 4 * error + 0.1 * abs(values[-1].mean - limit)

    def test_ground_states_extrapolate_to_the_known_energy(self):
        """e_0 = -0.76317 with corrections 0.70 N^(-2/3) (physics-numbers, C1)."""
        sizes, n_samples = (24, 48, 96), 300
        means, errors = [], []
        for n in sizes:
            samples = [
                sg.spins.SherringtonKirkpatrick(n, sample=k, rng=7 * n)
                for k in range(n_samples)
            ]
            run = sg.dynamics.parallel_tempering(
                samples, sg.dynamics.geometric(0.15, 1.3, n=16), n_sweeps=2048,
                observables=(), record_every=0, rng=1,
            )  # fmt: skip
            means.append(run.lowest_energy.mean() / n)
            errors.append(run.lowest_energy.std(ddof=1) / n / np.sqrt(n_samples))
        x = np.array(sizes) ** (-2 / 3)
        limit, error = line_at_zero(x, np.array(means), np.array(errors))
        assert abs(limit + 0.7631667) < 4 * error + 0.1 * abs(means[-1] - limit)


class TestThreeDimensions:
    """±J, periodic: crossings of sizes 4 and 8 (physics-numbers, C2: a public validation page
    with 3840 samples, 1.204(17) for xi/L and 1.130(37) for the Binder ratio)."""

    ladder = np.linspace(1.0, 1.6, 16)

    def test_in_equilibrium(self, lattices):
        for run in lattices.values():
            for test in run.equilibration():
                assert abs(test.z) < 4, test.sentence

    def resampled(self, lattices, function, n_draws=200):
        rng = np.random.default_rng(3)
        draws = []
        for _ in range(n_draws):
            curves = []
            for run in lattices.values():
                chosen = rng.integers(0, run.n_samples, run.n_samples)
                curves.append(function(run, chosen))
            draws.append(crossing(self.ladder, *curves))
        return np.mean(draws), np.std(draws)

    def test_correlation_lengths_cross_where_published(self, lattices):
        def length(run, chosen):
            q2 = run.sample_averages("q^2")[chosen].mean(axis=0)
            size = run.facts["shape"][0]
            waves = [run.sample_averages(f"|q(k{a})|^2")[chosen].mean(axis=0) for a in range(3)]
            ratio = q2 / np.array(waves) - 1
            return np.sqrt(ratio).mean(axis=0) / (2 * size * np.sin(np.pi / size))

        where, error = self.resampled(lattices, length)
        assert abs(where - 1.204) < 3 * np.hypot(error, 0.017)
        height = np.interp(where, self.ladder, lattices[8].correlation_length.mean)
        assert abs(height - 0.561) < 0.05

    def test_binder_ratios_cross_where_published(self, lattices):
        def binder(run, chosen):
            q2, q4 = (run.sample_averages(name)[chosen].mean(axis=0) for name in ("q^2", "q^4"))
            return q4 / q2**2

        where, error = self.resampled(lattices, binder)
        assert abs(where - 1.130) < 3 * np.hypot(error, 0.037)


@pytest.mark.parametrize(
    ("shape", "distribution", "known", "exponent"),
    [
        ((4, 6, 8, 10), "gaussian", -1.31479, 1.72),  # 2D: d + theta, theta = -0.28
        ((4, 6, 8, 10), "pm1", -1.40194, 2.0),
    ],
)
def test_ground_states_in_two_dimensions(shape, distribution, known, exponent):
    """Energies of periodic lattices against the limit (physics-numbers, C2)."""
    means, errors = [], []
    n_samples = 400
    for size in shape:
        samples = [
            sg.spins.EdwardsAnderson((size, size), distribution, sample=k, rng=size)
            for k in range(n_samples)
        ]
        run = sg.dynamics.parallel_tempering(
            samples, sg.dynamics.geometric(0.15, 2.0, n=16), n_sweeps=2048, cluster_every=4,
            observables=(), record_every=0, rng=1,
        )  # fmt: skip
        means.append(run.lowest_energy.mean() / size**2)
        errors.append(run.lowest_energy.std(ddof=1) / size**2 / np.sqrt(n_samples))
    x = np.array(shape, dtype=float) ** -exponent
    limit, error = line_at_zero(x, np.array(means), np.array(errors))
    assert abs(limit - known) < 4 * error


@pytest.mark.parametrize(
    ("name", "largest_cut", "n_sweeps"),
    [
        ("t2g10_5555.txt", 6049461, 3000),
        ("t3g5_5555.txt", 10933215, 2000),
        ("t3g7_5555.txt", 28302918, 30_000),
        ("ising2.5-100_5555.txt", 2460049, 30_000),
        ("G11.txt", 564, 20_000),
        ("toruspm3-8-50.dat", 458, 20_000),
    ],
)
def test_known_optima_are_reached(name, largest_cut, n_sweeps):
    """Optima proven or best known; sources in tests/data/README.md."""
    model = sg.spins.read_instance(DATA / name, form="maxcut")
    field = np.sqrt(np.square(model.couplings).sum() / model.n_spins)  # typical, on a spin
    run = sg.dynamics.parallel_tempering(
        [model] * 2, field * sg.dynamics.geometric(0.04, 1.0, n=32), n_sweeps=n_sweeps,
        n_replicas=4, observables=(), record_every=0, rng=5,
    )  # fmt: skip
    cuts = sg.spins.cut_value(model, run.lowest_spins)
    assert cuts.max() == largest_cut
    assert np.allclose(model.energy(run.lowest_spins), run.lowest_energy)
