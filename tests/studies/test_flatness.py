"""The protocol of flatness: one training for two rules, correlations, and its verdicts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import spinglass_nn as sg
from spinglass_nn.networks import MLP, Replicas
from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import Sweep, WidthFlatness, claims
from spinglass_nn.studies.recipes.liao2024 import flatness_claims, parameters
from spinglass_nn.studies.recipes.liao2024.flatness_grid import PRIMARY, all_measures, grid

ALL, NONE, MIXED = (16, 0, 16), (0, 0, 16), (9, 2, 16)
BAD = (0, 16, 16)


@pytest.fixture(scope="module")
def runs(tiny_run):
    """Sweep, measures and walks of the tiny study."""
    return tuple(tiny_run.results[name] for name in ("flatness", "measures", "rugged"))


def made_up(n_rates=2, n_sizes=4, n_seeds=4, *, slope=1.0, noise=0.0):
    """A sweep and measures that go with its test loss as told, all settings at one train loss."""
    rng = np.random.default_rng(5)
    shape = (2, n_rates, n_sizes, n_seeds)
    sharp = rng.standard_normal(shape)
    test_loss = slope * sharp + noise * rng.standard_normal(shape)
    one = np.ones(shape)
    net = MLP((2, 2))
    sweep = Sweep(
        learning_rates=np.arange(1.0, n_rates + 1),
        batch_sizes=2 ** np.arange(n_sizes),
        epochs=one,
        train_loss=0 * one,
        test_loss=test_loss,
        train_accuracy=one,
        test_accuracy=1 - 0.1 * test_loss,
        norm=one,
        reached=one,
        solutions=Replicas(net, np.zeros((one.size, net.n_parameters))),
    )
    return sweep, dict.fromkeys(PRIMARY, sharp)


@pytest.mark.parametrize(
    ("between", "within", "expected"),
    [
        (ALL, ALL, claims.SUPPORTED),
        (ALL, NONE, claims.CANNOT_TELL),
        (NONE, ALL, claims.CANNOT_TELL),
        (ALL, MIXED, claims.CANNOT_TELL),
        (ALL, BAD, claims.CANNOT_TELL),
        (NONE, NONE, claims.CANNOT_TELL),
        (BAD, NONE, claims.NOT_SUPPORTED),
        (NONE, BAD, claims.NOT_SUPPORTED),
        (BAD, MIXED, claims.CANNOT_TELL),
    ],
)
def test_no_single_cell_decides(between, within, expected):
    assert flatness_claims.correlation_verdict(between, within) == expected


@pytest.mark.parametrize(
    ("slope", "noise", "expected"), [(1.0, 0.0, ALL), (-1.0, 0.0, BAD), (0.0, 1.0, NONE)]
)
def test_cells_are_counted_by_what_they_say(slope, noise, expected):
    sweep, sharp = made_up(slope=slope, noise=noise)
    for within in (False, True):
        found = grid(sharp, sweep, 0, within=within)
        chosen = ("test accuracy", "test loss")
        assert flatness_claims.counted(found, chosen) == expected
    assert flatness_claims.counted(None, chosen) == NONE


def test_grid_within_settings_does_not_see_what_settings_do():
    sweep, sharp = made_up(slope=0.0, noise=1.0)
    shift = 100 * np.arange(8.0).reshape(1, 2, 4, 1)  # of setting: moves both
    moved = replace(sweep, test_loss=sweep.test_loss + shift)
    both = {name: values + shift for name, values in sharp.items()}
    within = grid(both, moved, 0, within=True)
    assert_array_equal(within.correlation, grid(sharp, sweep, 0, within=True).correlation)
    between = grid(both, moved, 0, within=False)
    assert between.at("F2, raw", "test loss").mean == pytest.approx(1)
    assert between.n_points == 8
    assert within.n_points == 32


def test_grid_leaves_out_what_does_not_vary():
    sweep, sharp = made_up()
    flat = replace(sweep, test_accuracy=np.ones_like(sweep.gap), train_accuracy=sweep.reached)
    found = grid(sharp, flat, 0, within=True)
    assert found.targets == ("test loss", "loss gap")
    nothing = replace(flat, test_loss=np.zeros_like(sweep.gap))
    assert grid(sharp, nothing, 0, within=True) is None
    assert grid({"F1, raw": np.full(sweep.gap.shape, np.nan)}, sweep, 0, within=True) is None


def test_exponents_of_known_powers():
    widths, names = np.array([4, 16, 64]), ("F1, raw", "F2, raw")
    powers = np.array([-0.5, -0.7, 0.3])  # of runs 0, 1, 2
    values = 3 * widths[:, None] ** powers
    one = np.ones((3, 3))
    found = WidthFlatness(
        widths, one, one, one, one, one, one, one, names, np.stack([values, -values])
    )
    exponent = found.exponent("F1, raw")
    assert exponent.mean == pytest.approx(-0.3)
    assert exponent.error == pytest.approx(powers.std(ddof=1) / math.sqrt(3))
    assert math.isnan(found.exponent("F2, raw").mean)


def test_widths_are_measured_as_by_hand(tiny_run):
    p, found = tiny_run.parameters, tiny_run.results["width_flatness"]
    data, probe = (
        f(p, tiny_run.shared) for f in (parameters.sweep_data, parameters.sweep_probe)
    )
    assert set(PRIMARY) <= set(found.names)
    key = (int(sg._core.random.Stream.STUDY), 43)
    for place, width in enumerate(p.widths):
        net = MLP((64, width, 10))
        run = sg.training.train_replicas(
            net, data, n_replicas=p.sweep_seeds, n_epochs=p.sweep_max_epochs,
            batch_size=p.batch_size, optimizer=sg.training.SGD(p.learning_rate),
            start=p.initializer, stop_at_loss=p.sweep_stop_at_loss,
            rng=np.random.SeedSequence(p.seed, spawn_key=(*key, 1, place)),
        )  # fmt: skip
        points = run.replicas
        assert_array_equal(found.epochs[place], run.n_epochs)
        test = sg.networks.evaluate(net, points, tiny_run.shared.test)
        assert_array_equal(found.test_loss[place], test.loss)
        assert_array_equal(found.test_accuracy[place], test.accuracy)
        flat = sg.landscape.flatness(
            net, points, probe, radius=p.flatness_radius, n_directions=p.n_directions,
            rng=np.random.SeedSequence(p.seed, spawn_key=(*key, 2, place)),
        )  # fmt: skip
        assert_array_equal(found.at("F1, raw")[place], flat.mean)
        for k, start in enumerate(points):
            walk = sg.walks.random_walk(
                net, probe, start, n_steps=p.ruggedness_steps,
                excursion=p.ruggedness_excursion, n_walkers=p.ruggedness_walkers,
                record_every=1, test=False,
                rng=np.random.SeedSequence(p.seed, spawn_key=(*key, 3, place, k)),
            )  # fmt: skip
            rugged = sg.landscape.ruggedness(walk).rms.mean
            assert found.at("F4, raw")[place, k] == rugged


def test_log_ratio_of_known_numbers():
    values = np.exp(
        [[[0.0, 1.0], [9.0, 9.0], [2.0, 5.0]], [[0.0, 0.0], [9.0, 9.0], [1.0, 1.0]]]
    )
    ratio, n_units = flatness_claims.log_ratio(values)  # differences 2, 4 and 1, 1
    assert ratio.mean == pytest.approx(2.0)
    assert ratio.error == pytest.approx(math.sqrt(1.0**2 + 0) / 2)
    assert n_units == 3
    values[0, 0, 0] = 0
    assert math.isnan(flatness_claims.log_ratio(values)[0].mean)


def test_log_ratio_does_not_take_a_difference_between_rates_for_noise():
    rng = np.random.default_rng(3)
    values = np.exp(rng.standard_normal((2, 3, 6)) * 0.1)
    one, _ = flatness_claims.log_ratio(values)
    values[1, -1] *= 50
    other, _ = flatness_claims.log_ratio(values)
    assert other.error == pytest.approx(one.error)
    assert other.mean > one.mean + 1


@pytest.mark.parametrize("rule", [0, 1])
def test_small_batches_win_only_if_all_measures_say_so(rule):
    sweep, sharp = made_up()
    rise = np.exp(np.arange(4.0)[:, None] + 0.01 * sharp["F1, raw"])
    rising = dict.fromkeys(PRIMARY, rise)
    decide = flatness_claims._small_batch
    assert decide(rising, sweep, rule).verdict == claims.SUPPORTED
    falling = {name: 1 / values for name, values in rising.items()}
    assert decide(falling, sweep, rule).verdict == claims.NOT_SUPPORTED
    mixed = rising | {"F3, balanced": falling["F1, raw"]}
    claim = decide(mixed, sweep, rule)
    assert claim.verdict == claims.CANNOT_TELL
    assert "depends on the measure" in claim.reason
    missed = replace(sweep, reached=np.zeros_like(sweep.reached))
    assert decide(rising, missed, rule).verdict == claims.CANNOT_TELL


def test_correlation_is_turned_so_that_plus_is_good():
    sweep, sharp = made_up()
    found = grid(sharp, sweep, 0, within=False)
    least = flatness_claims._least(found, ("test accuracy", "test loss"))
    assert least.mean == pytest.approx(1)
    assert isinstance(least, Estimate)


def test_one_training_ends_where_each_rule_alone_would_stop(tiny_run, runs):
    """The same bits as two trainings."""
    p, sweep = tiny_run.parameters, runs[0]
    data = parameters.sweep_data(p, tiny_run.shared)
    assert data.n_samples == 250
    rate, size = 1, 2
    seed = np.random.SeedSequence(
        p.seed, spawn_key=(int(sg._core.random.Stream.STUDY), 5, 1, rate, p.batch_sizes[size])
    )
    for rule, stop in enumerate((p.sweep_stop_at_loss, None)):
        run = sg.training.train_replicas(
            parameters.network(p, tiny_run.shared),
            data,
            n_replicas=p.sweep_seeds,
            n_epochs=p.sweep_epochs if stop is None else p.sweep_max_epochs,
            batch_size=p.batch_sizes[size],
            optimizer=sg.training.SGD(learning_rate=p.sweep_learning_rates[rate]),
            start=p.initializer,
            stop_at_loss=stop,
            record_every=max(1, p.batch_sizes[size] // 64),
            rng=seed,
        )
        numbers = sweep.numbers()[rule, rate, size]
        assert_array_equal(sweep.solutions.weights[numbers], run.replicas.weights)
        assert_array_equal(sweep.epochs[rule, rate, size], run.n_epochs)
        assert_allclose(
            sweep.train_loss[rule, rate, size], run.history.last("train_loss"), rtol=1e-5
        )


def test_starts_are_independent_between_settings(runs):
    weights = runs[0].solutions.weights
    one_rule = weights[: len(weights) // 2]
    cosines = np.corrcoef(one_rule) - np.eye(len(one_rule))
    assert np.abs(cosines).max() < 0.9


def test_measures_are_those_of_the_runs_they_stand_for(tiny_run, runs):
    """One run measured by itself, with the directions of its number."""
    p, (sweep, measures, _) = tiny_run.parameters, runs
    rate, k = 1, 2
    seed = np.random.SeedSequence(
        p.seed, spawn_key=(int(sg._core.random.Stream.STUDY), 41, 2, rate, k)
    )
    probe = parameters.sweep_probe(p, tiny_run.shared)
    for place in ((0, rate, 0, k), (1, rate, 2, k)):
        point = sweep.solutions[int(sweep.numbers()[place])]
        found = sg.landscape.flatness(
            point.network, point, probe, radius=p.flatness_radius,
            n_directions=p.n_directions, rng=seed,
        )  # fmt: skip
        assert measures.at("F1, raw")[place] == pytest.approx(found.mean, rel=1e-6)
        worst = sg.landscape.worst_case_sharpness(
            point.network, point, probe, measure="adaptive_ball", n_starts=1, rng=seed
        )
        assert measures.at("adaptive_ball")[place] == pytest.approx(worst.value[0], rel=1e-6)


def test_gauge_moves_flatness_and_not_the_loss(runs):
    """T9 of the specification."""
    _, measures, _ = runs
    assert measures.gauge_shift < 1e-12
    change = measures.at("F1, balanced") / measures.at("F1, raw")
    assert np.abs(np.log(change)).max() > 0.01


def test_walks_stand_beside_their_null(tiny_run, runs):
    p, (sweep, measures, rugged) = tiny_run.parameters, runs
    assert rugged.loss.shape == (*sweep.gap.shape, p.ruggedness_walkers, p.ruggedness_steps + 1)
    assert_allclose(rugged.distance[..., -1], p.ruggedness_excursion, rtol=0.5)
    assert_allclose(rugged.excess, rugged.rms**2 - rugged.null**2, rtol=1e-3, atol=1e-9)
    assert (rugged.null > 0).all()
    assert set(PRIMARY) < set(all_measures(measures, rugged))


def test_local_entropy_of_chosen_runs(tiny_settings, without_claims, tmp_path):
    from spinglass_nn import studies

    settings = tiny_settings | {
        "entropy_runs": 1, "sweep_seeds": 2, "batch_sizes": "8,32", "sweep_learning_rates": "0.1",
        "sharpness_measures": "cheap",
    }  # fmt: skip
    run = studies.run_study("liao2024", tmp_path / "s", settings)
    measures = run.results["measures"]
    assert measures.entropy_runs.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0]]
    assert measures.entropy.shape == (2, 2)  # gauges, runs
    assert np.isfinite(measures.entropy).all()
    assert "keskar, raw" not in measures.names
    from spinglass_nn.reports.liao2024 import flatness_words

    given = [run.results[name] for name in ("flatness", "measures", "rugged")]
    words = flatness_words.tables(*given)[1]
    assert len(words.rows) == 2
    assert "left to the standard scale" in " ".join(
        flatness_words.method(run.parameters, given[0])
    )


def test_pairs_of_equal_noise_are_found():
    from spinglass_nn.reports.liao2024.flatness_words import _noise

    sweep, _ = made_up(n_rates=2, n_sizes=3)  # rates 1, 2 at batches 1, 2, 4
    f2 = np.repeat(np.array([[1.0, 2.0, 4.0], [5.0, 1.5, 2.0]])[..., None], 4, axis=-1)
    said = _noise(sweep, f2)  # 1.5 / 1 and 2 / 2
    assert "F2 at the larger rate and batch is 1.00 to 1.50 times" in said
    one = replace(sweep, learning_rates=np.array([1.0]), batch_sizes=np.array([1, 3, 7]))
    assert _noise(one, f2[:1]) == ""
