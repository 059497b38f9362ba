"""Laws of growth found again in made-up runs whose laws are known."""

from __future__ import annotations

import numpy as np
import pytest
from studies.melting_made import made_run

from spinglass_nn.studies.recipes.barney2024 import growth as laws

TIMES = np.geomspace(0.5, 200, 25)


@pytest.mark.parametrize("exponent", [0.05, 0.15, 0.5, -0.3])
def test_power_law_is_found_again(exponent):
    found = laws.power_law(TIMES, 2.5 * TIMES**exponent)
    np.testing.assert_allclose(found, (exponent, 2.5, 1.0), rtol=1e-10)


@pytest.mark.parametrize(
    ("offset", "amplitude", "exponent"), [(1.2, 0.8, 0.4), (3.0, 0.1, 1.5)]
)
def test_shifted_power_law_is_found_again(offset, amplitude, exponent):
    found = laws.shifted_power_law(TIMES, offset + amplitude * TIMES**exponent)
    np.testing.assert_allclose(found[:3], (exponent, offset, amplitude), rtol=1e-4)
    assert found.r_squared > 1 - 1e-9


def test_logarithm_has_the_smallest_exponent():
    values = 2 + 0.3 * np.log(TIMES)
    found = laws.shifted_power_law(TIMES, values)
    assert found.exponent < 2e-3
    assert found.r_squared > 0.99999


@pytest.mark.parametrize("exponent", [0.1, 0.25])
def test_growth_of_noisy_runs(exponent):
    steps = np.unique(np.rint(np.geomspace(1, 20_000, 50)).astype(int))
    rng = np.random.default_rng(3)
    clean = np.where(steps < 40, 1.2, 1.2 * (steps / 40) ** exponent)
    noise = (
        1 + 0.02 * rng.standard_normal((8, 1)) + 0.002 * rng.standard_normal((8, steps.size))
    )
    run = made_run(steps=steps, temperature=clean * noise, ordered_from=40)
    found = laws.growth(run, 2.0, n_bootstrap=200, rng=1)
    assert found is not None
    assert found.first >= 80 / run.epoch_steps
    assert abs(found.exponent.mean - exponent) < 4 * found.exponent.error
    assert found.r_squared.mean > 0.99
    assert abs(found.early_slope.mean - found.late_slope.mean) < 4 * np.hypot(
        found.early_slope.error, found.late_slope.error
    )
    assert found.decades == pytest.approx(np.log10(20_000 / (found.first * run.epoch_steps)))


def test_growth_that_is_logarithmic_has_a_falling_slope():
    steps = np.unique(np.rint(np.geomspace(1, 20_000, 50)).astype(int))
    clean = np.where(steps < 40, 1.2, 1.2 + 0.4 * np.log(np.maximum(steps, 40) / 40))
    rng = np.random.default_rng(4)
    run = made_run(
        steps=steps,
        temperature=clean * (1 + 0.005 * rng.standard_normal((6, 1))),
        ordered_from=40,
    )
    found = laws.growth(run, 2.0, n_bootstrap=100, rng=1)
    assert found is not None
    assert found.logarithm_r_squared > 0.9999
    assert found.early_slope.mean > found.late_slope.mean + 10 * found.late_slope.error
    assert "logarithm" in found.shifted


def test_nothing_is_fitted_without_order_or_times():
    steps = np.array([0, 1, 10, 100, 1000])
    flat = np.ones((3, steps.size))
    never = made_run(steps=steps, temperature=flat, ordered_from=np.inf)
    assert np.isinf(never.onsets).all()
    assert laws.growth(never, 2.0, n_bootstrap=50, rng=1) is None
    late = made_run(steps=steps, temperature=flat, ordered_from=100)
    assert laws.growth(late, 2.0, n_bootstrap=50, rng=1) is None


def test_onset_is_after_the_last_time_without_order():
    steps = np.array([0, 1, 10, 100, 1000])
    run = made_run(steps=steps, temperature=np.ones((2, 5)), ordered_from=10)
    minimum = run.readings.minimum.copy()
    minimum[0, 3] = 0.0
    changed = made_run(
        steps=steps, temperature=np.ones((2, 5)), ordered_from=10, minimum=minimum
    )
    assert changed.onsets.tolist() == [1000, 10]
