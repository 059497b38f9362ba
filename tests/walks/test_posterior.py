"""Posterior runs: their slow twin, what is recorded, going on, starts, errors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from naive import posterior as naive

import spinglass_nn as sg
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import DataError, Interrupted, ParameterError
from spinglass_nn.networks import MLP, initialize
from spinglass_nn.walks import (
    HMC,
    MALA,
    GaussianPrior,
    RandomWalkMetropolis,
    SphericalPrior,
    compare_starts,
    sample_posterior,
)

KIND = {
    "temperatures": [2.0, 8.0, np.inf],
    "prior": GaussianPrior(0.5),
    "n_tuning": 6,
    "rng": 3,
}
ARRAYS = ("energies", "positions", "acceptance", "step_sizes", "swap_rates", "round_trips",
          "record_sweeps", "kept_temperatures")  # fmt: skip


def assert_same(one, other):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.state.n_sweeps == other.state.n_sweeps
    for name, values in one.state.systems.items():
        np.testing.assert_array_equal(values, other.state.systems[name], err_msg=name)


@pytest.mark.parametrize("temperatures", [[3.0], [3.0, 10.0, np.inf]])
def test_is_its_slow_twin(net, small_data, temperatures):
    data = Dataset(small_data.inputs[:9], small_data.labels[:9], n_classes=3)
    run = sample_posterior(
        net, data, temperatures=temperatures, prior=GaussianPrior(0.5), sampler=HMC(3, 0.2),
        n_replicas=2, n_sweeps=8, n_tuning=0, rng=11,
    )  # fmt: skip
    for replica in (0, 1):
        twin, _ = naive.hamiltonian_ladder(
            net, data, temperatures, deviation=0.5, step=0.2, n_steps=3, n_sweeps=8, seed=11,
            replica=replica,
        )  # fmt: skip
        np.testing.assert_allclose(run.energies[:, replica], twin.T, rtol=1e-9)
    assert 0 < run.acceptance[0].mean() <= 1


def test_what_is_recorded(net, small_data):
    run = sample_posterior(
        net, small_data, n_sweeps=20, record_every=3, keep=[2.0, 8.0], keep_every=5,
        n_replicas=4, **KIND,
    )  # fmt: skip
    assert run.energies.shape == (3, 4, 6)
    assert run.record_sweeps.tolist() == [3, 6, 9, 12, 15, 18]
    assert run.positions.shape == (2, 4, 4, net.n_parameters)
    assert run.kept_temperatures.tolist() == [2.0, 8.0]
    assert run.n_samples == 60
    np.testing.assert_array_equal(
        run.replicas(temperature=8.0, record=1).weights, run.positions[1, :, 1]
    )
    assert len(run.replicas(record=None)) == 16
    # sweep 15 was recorded and kept
    loss = sg.networks.loss(net, run.replicas(temperature=8.0, record=2), small_data)
    np.testing.assert_allclose(60 * loss, run.energies[1, :, 4], rtol=1e-12)
    assert repr(run) == (
        "<posterior of MLP(4-6-3, tanh, cross_entropy): 3 temperatures, T = 2 ... inf, "
        "4 replicas, 20 sweeps>"
    )
    assert len(run.energy) == len(run.heat_capacity) == len(run.r_hat) == 3
    assert run.heat_capacity.mean[2] == 0


def test_replicas_draw_the_same_in_any_number(net, small_data):
    few, many = (
        sample_posterior(net, small_data, n_sweeps=12, n_replicas=n, **KIND) for n in (1, 3)
    )
    np.testing.assert_array_equal(few.energies[:, 0], many.energies[:, 0])
    np.testing.assert_array_equal(few.positions[:, 0], many.positions[:, 0])


@pytest.mark.parametrize("n_replicas", [1, 2])
def test_threads_change_no_bit(net, n_replicas):
    rng = np.random.default_rng(1)
    data = Dataset(rng.standard_normal((600, 4)), rng.integers(0, 3, 600), n_classes=3)
    runs = [
        sample_posterior(
            net, data, n_sweeps=6, n_replicas=n_replicas, n_threads=n, **KIND
        )
        for n in (1, 2, 7)
    ]  # fmt: skip
    assert_same(runs[0], runs[1])
    assert_same(runs[0], runs[2])


SAMPLERS = [HMC(3), MALA(), RandomWalkMetropolis()]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("prior", [GaussianPrior(0.5), SphericalPrior(4.0)])
def test_10_and_10_are_20(net, small_data, tmp_path, sampler, prior, dtype):
    kind = KIND | {"sampler": sampler, "prior": prior, "dtype": dtype, "keep_every": 4}
    whole = sample_posterior(net, small_data, n_sweeps=20, **kind)
    assert whole.positions.dtype == dtype
    half = sample_posterior(net, small_data, n_sweeps=10, **kind)
    loaded = sg.load(sg.save(half.state, tmp_path / "state.npz"))
    for state in (half.state, loaded):
        assert_same(sample_posterior(net, small_data, n_sweeps=20, state=state, **kind), whole)


@pytest.mark.parametrize("after", [8, 30])
def test_interrupt_loses_nothing(net, small_data, after):
    """In tuning and after it."""
    kind = KIND | {"n_tuning": 20}
    whole = sample_posterior(net, small_data, n_sweeps=40, **kind)

    def stop(done, total, text):
        assert (total, text) == (120, "posterior")
        if done >= 2 * after:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"after \d+ of 60 sweeps; repeat") as caught:
        sample_posterior(net, small_data, n_sweeps=40, progress=stop, **kind)
    state = caught.value.state
    assert after <= state.n_sweeps < 60
    assert "after" in repr(state)
    assert_same(sample_posterior(net, small_data, n_sweeps=40, state=state, **kind), whole)


def test_run_comes_back_from_its_file(net, small_data, tmp_path):
    run = sample_posterior(net, small_data, n_sweeps=8, **KIND)
    loaded = sg.load(sg.save(run, tmp_path / "run.npz"))
    assert_same(run, loaded)
    assert repr(loaded.state.plan.prior) == repr(run.state.plan.prior)
    assert repr(loaded) == repr(run)


def test_steps_stand_after_tuning(net, small_data):
    """Tuned to the acceptance aimed at, then the same however long the run."""
    kind = {"temperatures": [5.0], "prior": GaussianPrior(0.5), "n_tuning": 150, "rng": 5}
    for sampler in SAMPLERS:
        runs = [
            sample_posterior(net, small_data, sampler=sampler, n_sweeps=n, n_replicas=4, **kind)
            for n in (1, 150)
        ]
        np.testing.assert_array_equal(runs[0].step_sizes, runs[1].step_sizes)
        assert runs[1].acceptance.mean() == pytest.approx(sampler.target, abs=0.1)


def test_steps_without_tuning_are_the_samplers(net, small_data):
    run = sample_posterior(net, small_data, sampler=HMC(2, 0.07), n_sweeps=3, n_tuning=0, rng=1)
    assert run.step_sizes == pytest.approx(np.full((1, 2), 0.07), rel=1e-15)


def test_at_infinite_temperature_weights_are_the_priors(net, small_data):
    run = sample_posterior(
        net, small_data, temperatures=np.inf, prior=GaussianPrior((0.5, 2.0)), n_sweeps=200,
        n_tuning=0, keep_every=1, n_replicas=4, rng=2,
    )  # fmt: skip
    scaled = run.positions[0].reshape(-1, net.n_parameters) / GaussianPrior((0.5, 2.0)).scale(
        net
    )
    assert scaled.std() == pytest.approx(1, abs=4 / math.sqrt(2 * scaled.size))
    assert abs(np.corrcoef(scaled[:-1, 0], scaled[1:, 0])[0, 1]) < 4 / math.sqrt(800)


def test_diverging_trajectories_are_refused(net, small_data):
    run = sample_posterior(
        net, small_data, temperatures=1e-9, sampler=HMC(20, 1.5), n_sweeps=5, n_tuning=0,
        dtype=np.float32, rng=1,
    )  # fmt: skip
    assert np.isfinite(run.energies).all()
    assert np.isfinite(run.positions).all()


def test_starts_are_compared(net, small_data):
    """From a solution and from the prior: equal after a while, told apart at once."""
    trained = sg.training.train_replicas(net, small_data, n_epochs=60, n_replicas=8, rng=1)
    kind = {"temperatures": 5.0, "prior": GaussianPrior(0.7), "n_replicas": 8}
    long, short = kind | {"n_sweeps": 150, "n_tuning": 150}, kind | {
        "n_sweeps": 10, "n_tuning": 0, "sampler": MALA(0.01)
    }  # fmt: skip
    for settings, equal in ((long, True), (short, False)):
        cold = sample_posterior(net, small_data, start=trained.replicas, rng=2, **settings)
        hot = sample_posterior(net, small_data, rng=3, **settings)
        (test,) = compare_starts(cold, hot)
        assert test.passed is equal, test.sentence
        assert test.n_units == 8
    assert "energy from two starts at T = 5" in test.sentence
    assert test.left.mean < test.right.mean


def test_start_on_the_sphere_and_at_one_point(net, small_data):
    start = initialize(net, rng=1)[0]
    kind = {"n_sweeps": 2, "n_tuning": 0, "sampler": MALA(1e-9), "keep_every": 1}
    run = sample_posterior(
        net, small_data, prior=SphericalPrior(start.norm), start=start, rng=1, **kind
    )
    np.testing.assert_allclose(run.positions[0, :, 0], [start.weights] * 2, atol=1e-6)
    with pytest.raises(DataError, match="start must have the prior's norm 1, got"):
        sample_posterior(net, small_data, prior=SphericalPrior(1.0), start=start, **kind)


def test_weights_go_to_the_overlaps(net, small_data):
    """q and P(q) of replicas at one temperature, of weights modulo symmetries and functions."""
    run = sample_posterior(net, small_data, n_sweeps=10, n_replicas=5, **KIND)
    replicas = run.replicas()
    for settings in (
        {"of": "weights"},
        {"of": "weights", "align": "permutations"},
        {"of": "logits", "data": small_data},
    ):
        q = sg.overlaps.matrix(replicas, **settings)
        assert q.shape == (5, 5)
        assert math.isfinite(sg.overlaps.distribution(q).mean.error)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperatures": [1.0, 0.5]}, "temperatures must be positive and increasing"),
        ({"temperatures": 0.0}, "temperatures must be positive and increasing"),
        ({"temperatures": [math.nan]}, "temperatures must be one number or several"),
        ({"temperatures": []}, "temperatures must be one number or several"),
        ({"prior": 1.0}, r"prior must be GaussianPrior\(...\) or SphericalPrior"),
        ({"sampler": "hmc"}, r"sampler must be HMC\(...\), MALA\(...\) or"),
        ({"n_sweeps": 0}, "n_sweeps must be at least 1, got 0"),
        ({"n_tuning": -1}, "n_tuning must be at least 0, got -1"),
        ({"n_replicas": 0}, "n_replicas must be at least 1, got 0"),
        ({"record_every": 0}, "record_every must be at least 1, got 0"),
        ({"keep": 3.0}, "keep must be among the temperatures .*, got 3"),
        ({"keep_every": 0}, "keep_every must be at least 1, got 0"),
        ({"dtype": "float16"}, "dtype must be float32 or float64"),
        ({"start": np.zeros((3, 51))}, "start must be one point or one for each of 2 replicas"),
    ],
)  # fmt: skip
def test_bad_parameters(net, small_data, given, message):
    with pytest.raises(ParameterError, match=message):
        sample_posterior(net, small_data, **({"n_sweeps": 4} | KIND | given))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperatures": [2.0, 9.0, np.inf]}, "temperatures must be that of state"),
        ({"prior": GaussianPrior(0.6)}, "prior must be that of state, GaussianPrior"),
        ({"prior": SphericalPrior(0.6)}, "prior must be that of state, GaussianPrior"),
        ({"sampler": HMC(4)}, "sampler must be that of state, HMC"),
        ({"n_replicas": 3}, "n_replicas must be that of state, 2, got 3"),
        ({"n_tuning": 7}, "n_tuning must be that of state, 6, got 7"),
        ({"record_every": 2}, "record_every must be that of state, 1, got 2"),
        ({"keep": 8.0}, "keep must be that of state"),
        ({"rng": 4}, "rng must be that of state"),
        ({"dtype": np.float32}, "dtype must be that of state, float64, got float32"),
        ({"n_sweeps": 3}, "n_sweeps must be at least the 4 that state has made, got 3"),
    ],
)  # fmt: skip
def test_states_of_other_runs(net, small_data, given, message):
    state = sample_posterior(net, small_data, n_sweeps=4, **KIND).state
    with pytest.raises(ParameterError, match=message):
        sample_posterior(net, small_data, **({"n_sweeps": 8, "state": state} | KIND | given))


def test_state_of_other_data(net, small_data):
    state = sample_posterior(net, small_data, n_sweeps=4, **KIND).state
    message = r"data must be as in state, with fingerprint \w+, got others with \w+"
    moved = small_data.inputs.copy()
    moved[0, 0] += 1e-12  # no energy would tell
    for data in (small_data.test, Dataset(moved, small_data.labels, n_classes=3)):
        with pytest.raises(ParameterError, match=message):
            sample_posterior(net, data, n_sweeps=8, state=state, **KIND)
    hurt = replace(state, systems=state.systems | {"energies": 1 + state.systems["energies"]})
    with pytest.raises(DataError, match="state must hold the energies of its weights"):
        sample_posterior(net, small_data, n_sweeps=8, state=hurt, **KIND)
    with pytest.raises(ParameterError, match="net must be that of state"):
        sample_posterior(MLP((4, 3, 3)), small_data, n_sweeps=8, state=state, **KIND)


def test_what_a_run_cannot_say(net, small_data):
    run = sample_posterior(
        net, small_data, temperatures=[2.0, 4.0], n_sweeps=4, n_tuning=0, keep=(), rng=1
    )
    with pytest.raises(ParameterError, match="temperatures must end in infinity"):
        _ = run.free_energy
    with pytest.raises(ParameterError, match="temperature must be one of none, got None"):
        run.replicas()
    with pytest.raises(ParameterError, match="temperature must be one of 2, 4, got 3"):
        run.autocorrelation(temperature=3.0)
    kept = sample_posterior(net, small_data, n_sweeps=2, n_tuning=0, rng=1)
    with pytest.raises(
        ParameterError, match="record must be below the 2 positions kept, got 5"
    ):
        kept.replicas(record=5)
    short = sample_posterior(net, small_data, n_sweeps=1, n_tuning=0, n_replicas=1, rng=1)
    with pytest.raises(DataError, match="energies must hold at least 4 records of one replica"):
        _ = short.energy
    other = sample_posterior(net, small_data, n_sweeps=2, n_tuning=0, n_replicas=3, rng=1)
    with pytest.raises(ParameterError, match=r"runs must be alike in .*, got different n_rep"):
        compare_starts(kept, other)
    with pytest.raises(ParameterError, match="runs must have at least 2 replicas, got 1"):
        compare_starts(short, short)


def test_starts_of_different_runs_are_not_compared(net, small_data):
    kind = KIND | {"n_sweeps": 4, "n_tuning": 0}
    one = sample_posterior(net, small_data, **kind)
    labels = np.roll(small_data.labels, 1)  # as many samples, the same inputs
    shuffled = Dataset(small_data.inputs, labels, n_classes=3)
    others = {
        "network": sample_posterior(MLP((4, 3, 3)), small_data, **kind),
        "data": sample_posterior(net, shuffled, **kind),
        "temperatures": sample_posterior(
            net, small_data, **(kind | {"temperatures": [2.0, 9.0, np.inf]})
        ),
        "prior": sample_posterior(
            net, small_data, **(kind | {"prior": GaussianPrior(0.5 + 1e-9)})
        ),
    }
    for name, other in others.items():
        with pytest.raises(ParameterError, match=f"runs must be alike .* different {name}$"):
            compare_starts(one, other)
    again = sample_posterior(net, small_data, **(kind | {"rng": 4, "sampler": MALA()}))
    assert len(compare_starts(one, again)) == 3  # samplers may differ
