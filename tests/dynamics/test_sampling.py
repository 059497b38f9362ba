"""What users call: parallel tempering and simulation with every engine, results, resuming."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import DataError, Interrupted, ParameterError, ShapeError

LADDER = sg.dynamics.geometric(0.5, 2.0, n=6)
RNG = np.random.default_rng(0)
MODELS = {
    "multispin": sg.spins.EdwardsAnderson((3, 4), "pm1", rng=1),
    "sparse": sg.spins.EdwardsAnderson((3, 4), rng=1),
    "dense": sg.spins.SherringtonKirkpatrick(12, rng=1),
    "layered": sg.spins.LayeredIsing.from_weights(
        [RNG.normal(size=(4, 5)), RNG.normal(size=(3, 4))],
        biases=[RNG.normal(size=4), RNG.normal(size=3)],
    ),
    "many-body": sg.spins.PSpin(12, 3, rng=1),
}  # fmt: skip
EVERY = pytest.mark.parametrize("kernel", MODELS)


def arrays(run):
    return {
        "averages": run.averages, "counts": run.overlap_counts, "accepts": run.accepts,
        "trips": run.trips, "energies": run.energy_series, "overlaps": run.overlap_series,
        "lowest": run.lowest_configurations, "hot": run.from_hot, **run.state.arrays,
    }  # fmt: skip


def assert_same(one, two):
    first, second = arrays(one), arrays(two)
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert np.array_equal(array, second[name]), name


@EVERY
def test_each_model_gets_the_engine_named_after_it(kernel):
    run = sg.dynamics.parallel_tempering(MODELS[kernel], LADDER, n_sweeps=20, rng=3)
    assert run.kernel == kernel
    assert repr(MODELS[kernel]) in repr(run)


@EVERY
def test_averages_agree_with_enumeration(kernel):
    model = MODELS[kernel]
    samples = [model] * 16  # independent runs of one model, so that errors are known
    run = sg.dynamics.parallel_tempering(samples, LADDER, n_sweeps=4096, n_replicas=3, rng=5)
    exact = sg.spins.exact.enumerate(model, LADDER)
    n = model.n_spins
    assert np.abs(run.energy.z(exact.energy / n)).max() < 4.5
    q2 = (exact.overlaps**2 * exact.overlap_probabilities).sum(axis=-1)
    assert np.abs(run.average("q^2").z(q2)).max() < 4.5
    assert np.abs(run.heat_capacity.z(exact.heat_capacity / n)).max() < 4.5
    for place, temperature in enumerate(LADDER):
        pq = run.overlap_histogram(temperature=temperature)
        share = pq.density * np.diff(pq.edges)
        assert share.sum() == pytest.approx(1)
        met = pq.error > 0
        error = (pq.error * np.diff(pq.edges))[met]
        z = (share - exact.overlap_probabilities[place])[met] / error
        assert np.abs(z).max() < 5.5  # of 16 runs: Student's tails
    assert np.allclose(run.lowest_energy, exact.ground_energy)
    assert np.allclose(model.energy(run.lowest_spins), run.lowest_energy)


@EVERY
@pytest.mark.parametrize("exchange", [True, False])
def test_a_run_in_pieces_has_the_same_bits(kernel, exchange):
    begin = sg.dynamics.parallel_tempering if exchange else sg.dynamics.simulate
    given = {"n_replicas": 2, "rng": 7, "record_every": 5, "record_spins": True}
    whole = begin(MODELS[kernel], LADDER, n_sweeps=75, **given)
    part = begin(MODELS[kernel], LADDER, n_sweeps=20, **given)
    for n_sweeps in (45, 75):
        part = begin(MODELS[kernel], LADDER, n_sweeps=n_sweeps, state=part.state, **given)
    assert_same(whole, part)


@EVERY
@pytest.mark.parametrize("n_threads", [2, 3])
def test_any_number_of_threads_has_the_same_bits(kernel, n_threads):
    samples = [MODELS[kernel]] * 11
    one = sg.dynamics.parallel_tempering(samples, LADDER, n_sweeps=40, n_threads=1, rng=7)
    many = sg.dynamics.parallel_tempering(
        samples, LADDER, n_sweeps=40, n_threads=n_threads, rng=7
    )
    assert_same(one, many)


@EVERY
def test_a_sample_does_not_depend_on_its_neighbours(kernel):
    samples = [MODELS[kernel]] * 10
    few = sg.dynamics.parallel_tempering(samples[:3], LADDER, n_sweeps=50, rng=7)
    many = sg.dynamics.parallel_tempering(samples, LADDER, n_sweeps=50, rng=7)
    assert np.array_equal(few.energy_series, many.energy_series[:3])
    assert np.array_equal(few.overlap_series, many.overlap_series[:3])


@EVERY
def test_a_saved_run_comes_back(kernel, tmp_path):
    run = sg.dynamics.parallel_tempering(MODELS[kernel], LADDER, n_sweeps=30, rng=1)
    back = sg.load(sg.save(run, tmp_path / "run.npz"))
    assert_same(run, back)
    assert back.columns == run.columns
    assert repr(back) == repr(run)


def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path):
    file = tmp_path / "checkpoint.npz"
    model = MODELS["sparse"]
    given = {"rng": 3, "n_sweeps": 20_000, "record_every": 1000}

    def interrupt(done, total, text):
        if done > 0:
            threading.Timer(0.0, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(Interrupted, match=r"after \d+ of 20000 sweeps; .*checkpoint") as raised:
        sg.dynamics.parallel_tempering(
            model, LADDER, checkpoint=file, progress=interrupt, **given
        )
    assert 0 < raised.value.state.n_sweeps < 20_000
    resumed = sg.dynamics.parallel_tempering(model, LADDER, checkpoint=file, **given)
    assert_same(resumed, sg.dynamics.parallel_tempering(model, LADDER, **given))


class TestResult:
    model = MODELS["sparse"]

    def run(self, **given):
        given = {"n_sweeps": 64, "rng": 2, **given}
        return sg.dynamics.parallel_tempering(self.model, LADDER, **given)

    def test_one_model_has_plain_numbers(self):
        run = self.run()
        assert isinstance(run.lowest_energy, float)
        assert run.lowest_spins.shape == (12,)
        many = sg.dynamics.parallel_tempering([self.model] * 2, LADDER, n_sweeps=8, rng=2)
        assert many.lowest_energy.shape == (2,)
        assert many.lowest_spins.shape == (2, 12)

    def test_series_and_spins_belong_together(self):
        run = self.run(record_every=8, record_spins=True, n_replicas=3)
        assert run.record_sweeps.tolist() == list(range(8, 65, 8))
        spins = run.spins(temperature=LADDER[2])
        assert spins.shape == (1, 3, 8, 12)
        energies = self.model.energy(spins)
        assert energies == pytest.approx(run.energy_series[:, :, 2], abs=1e-5)
        q = (spins[:, 0] * spins[:, 2]).mean(axis=-1)
        assert q == pytest.approx(run.overlap_series[:, 1, 2])

    def test_overlaps_are_what_the_instrument_takes(self):
        run = self.run(n_sweeps=1024)
        pq = sg.overlaps.distribution(run.overlaps(temperature=LADDER[0]))
        assert pq.n_units == 16
        rows = sg.dynamics.parallel_tempering([self.model] * 3, LADDER, n_sweeps=64, rng=1)
        assert rows.overlaps(temperature=LADDER[0]).shape[0] == 3

    def test_averages_are_those_of_the_series(self):
        run = self.run(record_every=1, n_sweeps=100)
        late = run.record_sweeps > run.window
        assert run.window == 32
        energies = run.energy_series[..., late].mean(axis=(1, 3))
        assert run.sample_averages("energy") == pytest.approx(energies)
        q2 = (run.overlap_series[..., late] ** 2).mean(axis=(1, 3))
        assert run.sample_averages("q^2") == pytest.approx(q2)
        assert run.overlap_counts.sum() == late.sum() * LADDER.size

    def test_all_observables_of_a_lattice(self):
        names = ("structure", "magnetization", "link_overlap", "overlap")
        run = self.run(observables=names)
        assert run.correlation_length.mean.shape == LADDER.shape
        assert (run.average("q_l").mean <= 1).all()
        assert {"|m|", "q_l^2", "|q(k1)|^2"} < set(run.columns)

    def test_swaps_and_round_trips(self):
        run = self.run(n_sweeps=1000)
        assert run.swap_rates.shape == (5,)
        assert (run.swap_rates > 0).all()
        assert run.hot_share[0] == 0
        assert run.hot_share[-1] == 1
        assert run.round_trips.shape == (1,)
        assert run.round_trips[0] > 0

    def test_a_given_start_is_where_it_starts(self):
        up = np.ones(12, dtype=np.int8)
        cold = sg.dynamics.simulate(
            MODELS["sparse"], [1e-3], n_sweeps=1, start=-up, rng=1, observables=()
        )
        assert cold.lowest_energies[0] <= MODELS["sparse"].energy(-up)

    @pytest.mark.parametrize(
        ("ask", "message"),
        [
            (lambda run: run.average("q_l"), "name must be one of energy"),
            (lambda run: run.overlaps(temperature=0.7), "one of the run's, got 0.7"),
            (lambda run: run.spins(temperature=0.5), "record_spins=True"),
            (lambda run: run.correlation_length, "'structure'"),
        ],
    )
    def test_what_was_not_measured(self, ask, message):
        with pytest.raises(ParameterError, match=message):
            ask(self.run())

    def test_equilibration_needs_units(self):
        with pytest.raises(DataError, match="at least 5 samples"):
            self.run().equilibration()
        tests = self.run(n_replicas=6, n_sweeps=512).equilibration(temperature=LADDER[-1])
        assert [test.name.split()[0] for test in tests] == ["energy"]


def test_equilibrium_is_told_from_a_quench():
    models = [sg.spins.SherringtonKirkpatrick(32, sample=k, rng=4) for k in range(100)]
    ladder = sg.dynamics.geometric(0.4, 1.6, n=8)
    good = sg.dynamics.parallel_tempering(models, ladder, n_sweeps=2048, rng=1)
    assert all(test.passed for test in good.equilibration())
    assert len(good.equilibration()) == 3
    short = sg.dynamics.simulate(models, ladder[:1], n_sweeps=16, rng=1)
    assert not all(test.passed for test in short.equilibration())


LATTICE = sg.spins.EdwardsAnderson((4, 4), rng=1)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"temperatures": [0.5, 0.4]}, ParameterError, "increase strictly"),
        ({"temperatures": [1.0]}, ParameterError, "at least two"),
        ({"temperatures": [0.0, 1.0]}, ParameterError, "must be positive"),
        ({"temperatures": [1.0, np.nan]}, DataError, "temperatures must"),
        ({"n_replicas": 0}, ParameterError, "n_replicas must be at least 1"),
        ({"n_replicas": 1, "observables": ("link_overlap",)}, ParameterError, "at least 2"),
        ({"n_replicas": 1, "cluster_every": 2}, ParameterError, "n_replicas of at least 2"),
        ({"observables": ("spin",)}, ParameterError, "observables must be"),
        ({"observables": ("layers",)}, ParameterError, "needs a LayeredIsing"),
        ({"n_sweeps": 7, "measure_every": 2}, ParameterError, "multiple of measure_every"),
        ({"record_every": 3, "measure_every": 2, "n_sweeps": 8}, ParameterError, "multiple"),
        ({"n_sweeps": 0}, ParameterError, "n_sweeps must be at least 1"),
        ({"move": "wolff"}, ParameterError, "move must be"),
        ({"kernel": "multispin"}, ParameterError, "kernel 'multispin' cannot run this"),
        ({"kernel": "layered"}, ParameterError, "needs LayeredIsing"),
        ({"start": np.ones(3)}, ShapeError, "start must have shape"),
        ({"start": np.zeros(16)}, DataError, r"start must be \+1 or -1"),
        ({"start": np.ones((3, 2, 2, 16))}, ShapeError, "broadcasts to"),
        ({"model": "sk"}, ParameterError, "got str"),
        ({"model": []}, ParameterError, "got none"),
        ({"model": sg.spins.PSpin(8, 3, "spherical", rng=1)}, ParameterError, "langevin"),
        ({"model": [LATTICE, sg.spins.SherringtonKirkpatrick(16)]}, ParameterError, "one kind"),
        ({"n_threads": 0}, ParameterError, "n_threads must be at least 1"),
        ({"rng": -1}, ParameterError, "rng must be"),
    ],
)
def test_one_clear_error(given, error, message):
    full = {"model": LATTICE, "temperatures": [0.5, 1.0], "n_sweeps": 4, "rng": 1, **given}
    model, temperatures = full.pop("model"), full.pop("temperatures")
    with pytest.raises(error, match=message):
        sg.dynamics.parallel_tempering(model, temperatures, **full)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_replicas": 3}, "n_replicas must be as in the state"),
        ({"rng": 2}, "rng must be as in the state"),
        ({"observables": ()}, "observables must be as in the state"),
        ({"n_sweeps": 4}, "at least the 8 sweeps"),
        ({"record_every": 2}, "record_every must be as in"),
    ],
)
def test_going_on_with_something_else(changed, message):
    given = {"n_sweeps": 8, "rng": 1}
    run = sg.dynamics.parallel_tempering(LATTICE, [0.5, 1.0], **given)
    with pytest.raises(ParameterError, match=message):
        sg.dynamics.parallel_tempering(
            LATTICE, [0.5, 1.0], state=run.state, **{**given, **changed}
        )
