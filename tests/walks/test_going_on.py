"""A walk that goes on, from memory, from disk or after an interrupt, has the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn._core.random import seed_of
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.networks import MLP, initialize
from spinglass_nn.walks import (
    AlwaysAccept,
    GaussianPrior,
    Isotropic,
    LossCap,
    Metropolis,
    OneUnit,
    OneWeight,
    PerLayer,
    PerUnit,
    random_walk,
    running,
    singles,
)
from spinglass_nn.walks.results import pack_generator, unpack_generator

SERIES = (
    "steps", "distance", "overlap", "loss", "accuracy", "test_loss", "test_accuracy",
    "gradient_norm", "mutual_overlap", "drift",
)  # fmt: skip

RULES = [
    AlwaysAccept(),
    Metropolis(0.02),
    Metropolis(0.02, prior=GaussianPrior((0.5, 0.7))),
    LossCap(3.0),
]


def assert_same(one, other):
    for name in (*SERIES, "acceptance"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("positions", "generators", "losses", "accepted", "records"):
        a, b = getattr(one.state, name), getattr(other.state, name)
        np.testing.assert_array_equal(a, b, err_msg=name)
    assert one.state.n_steps == other.state.n_steps
    assert one.step == other.step


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("geometry", ["flat", "sphere"])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_100_and_100_are_200(net, small_data, start, tmp_path, rule, geometry, dtype):
    kind = {
        "n_walkers": 3,
        "record_every": 30,
        "rule": rule,
        "geometry": geometry,
        "dtype": dtype,
        "rng": 11,
    }
    whole = random_walk(net, small_data, start, n_steps=200, step=0.1, **kind)
    half = random_walk(net, small_data, start, n_steps=100, step=0.1, **kind)
    assert half.steps.tolist() == [0, 30, 60, 90, 100]
    loaded = sg.load(sg.save(half.state, tmp_path / "state.npz"))
    for state in (half.state, loaded):
        assert_same(random_walk(net, small_data, n_steps=200, state=state, **kind), whole)


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("move", [PerLayer(), PerUnit(), OneUnit(), OneWeight()])
@pytest.mark.parametrize("record_every", [30, 1000])
def test_the_same_for_other_moves(
    net, small_data, start, tmp_path, monkeypatch, move, rule, record_every
):
    monkeypatch.setattr(singles, "_MOST", 64)  # so that a walk ends between fresh sums
    kind = {
        "n_walkers": 3, "record_every": record_every, "rule": rule, "move": move,
        "gradient": True, "rng": 11,
    }  # fmt: skip
    whole = random_walk(net, small_data, start, n_steps=200, step=0.1, **kind)
    half = random_walk(net, small_data, start, n_steps=100, step=0.1, **kind)
    assert half.state.n_steps == 100
    single = move.alone and rule.needs_loss
    assert (half.state.refreshed is not None) == single
    if single:
        assert half.state.refreshed.n_steps == (90 if record_every == 30 else 64)
    loaded = sg.load(sg.save(half.state, tmp_path / "state.npz"))
    for state in (half.state, loaded):
        again = random_walk(net, small_data, n_steps=200, state=state, n_threads=2, **kind)
        assert_same(again, whole)
        assert_same(random_walk(net, small_data, n_steps=100, state=state, **kind), half)


def test_half_used_random_words_are_kept():
    """Draws of float32 take half a word each; an odd number of them leaves one half over."""
    generator = np.random.Generator(np.random.SFC64(0))
    for _ in range(8):
        generator.standard_normal(dtype=np.float32)
        words = pack_generator(generator)
        if words[5]:
            break
    assert words[5] == 1
    again = unpack_generator(words)
    expected = generator.standard_normal(9, dtype=np.float32)
    np.testing.assert_array_equal(again.standard_normal(9, dtype=np.float32), expected)


def test_saved_walk_comes_back_whole(net, small_data, start, tmp_path):
    walk = random_walk(
        net,
        small_data,
        start,
        n_steps=20,
        step=0.1,
        rule=Metropolis(0.1),
        n_walkers=2,
        rng=np.random.SeedSequence(3, spawn_key=(1, 2)),
    )
    loaded = sg.load(sg.save(walk, tmp_path / "walk.npz"))
    assert_same(loaded, walk)
    assert loaded.rule == walk.rule == "Metropolis(temperature=0.1)"
    seed = seed_of(np.random.SeedSequence(3, spawn_key=(1, 2)))
    assert loaded.state.plan.seed == (seed.entropy, *seed.key)
    assert loaded.state.network == net


def test_state_at_its_end_gives_the_result_again(net, small_data, start):
    walk = random_walk(net, small_data, start, n_steps=20, step=0.1, rng=4)
    again = random_walk(net, small_data, n_steps=20, state=walk.state)
    assert_same(again, walk)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("record_every", [1, 7, 100])
@pytest.mark.parametrize("move", [Isotropic(), OneWeight()])
def test_interrupt_loses_nothing(
    net, small_data, start, monkeypatch, n_threads, record_every, move
):
    kind = {
        "move": move,
        "n_steps": 40,
        "excursion": 0.3,
        "n_walkers": 3,
        "rule": Metropolis(0.05),
        "record_every": record_every,
        "n_threads": n_threads,
        "rng": 6,
    }
    monkeypatch.setattr(singles, "_MOST", 4)
    monkeypatch.setattr(singles, "_FEWEST", 4)
    whole = random_walk(net, small_data, start, **kind)
    monkeypatch.setattr(running, "_STRETCH", 1e-3)
    real, calls = running.walk_to, []

    def interrupted(course, state, walker, until):
        calls.append(until)
        if len(calls) == 8:  # in the middle of a stretch: some walkers are done with it
            raise KeyboardInterrupt
        return real(course, state, walker, until)

    monkeypatch.setattr(running, "walk_to", interrupted)
    with pytest.raises(Interrupted, match=r"after \d+ of 40 steps; repeat the call") as caught:
        random_walk(net, small_data, start, **kind)
    monkeypatch.setattr(running, "walk_to", real)
    state = caught.value.state
    assert 0 < state.n_steps < 40
    assert_same(random_walk(net, small_data, start, state=state, **kind), whole)


def test_interrupt_from_progress(net, small_data, start):
    kind = {"n_steps": 40, "step": 0.1, "n_walkers": 2, "record_every": 5, "rng": 6}

    def stop(done, total, text):
        assert (total, text) == (80, "random walk")
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="after 10 of 40") as caught:
        random_walk(net, small_data, start, progress=stop, **kind)
    again = random_walk(net, small_data, start, state=caught.value.state, **kind)
    assert_same(again, random_walk(net, small_data, start, **kind))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_walkers": 3}, "n_walkers must be that of state, 2, got 3"),
        ({"first_walker": 1}, "first_walker must be that of state, 0, got 1"),
        ({"geometry": "sphere"}, "geometry must be that of state, flat, got sphere"),
        ({"record_every": 3}, "record_every must be that of state, 2, got 3"),
        ({"move": OneWeight()}, r"move must be that of state, Isotropic\(\), got OneWeight"),
        ({"gradient": True}, "gradient must be that of state, False, got True"),
        ({"rule": Metropolis(0.2)}, "rule must be that of state, Metropolis"),
        ({"rule": AlwaysAccept()}, "rule must be that of state, Metropolis"),
        (
            {"rule": Metropolis(0.1, prior=GaussianPrior())},
            r"rule must be that of state, Metropolis\(temperature=0.1\), got .*prior=GaussianPrior",
        ),
        ({"step": 0.2}, "step must be that of state, 0.1, got 0.2; leave it out"),
        (
            {"excursion": 0.2},
            "excursion must be left out to go on to another n_steps: 0.2 in 20",
        ),
        ({"rng": 8}, r"rng must be that of state, \(7,\), got \(8,\)"),
        ({"dtype": np.float32}, "dtype must be that of state, float64, got float32"),
        ({"test": False}, "test data must be that of state, True, got False"),
        ({"n_steps": 9}, "n_steps must be at least the 10 that state has made, got 9"),
    ],
)
def test_state_of_another_run(net, small_data, start, changed, message):
    kind = {"n_walkers": 2, "record_every": 2, "rule": Metropolis(0.1), "rng": 7}
    state = random_walk(net, small_data, start, n_steps=10, step=0.1, **kind).state
    with pytest.raises(ParameterError, match=message):
        random_walk(net, small_data, start, **({"n_steps": 20} | kind | changed), state=state)


def test_state_of_other_start_or_network(net, small_data, start):
    state = random_walk(net, small_data, start, n_steps=10, step=0.1).state
    with pytest.raises(ParameterError, match="start must be that of state, got another point"):
        random_walk(net, small_data, start.weights + 0.1, n_steps=20, state=state)
    other = MLP(sizes=(4, 5, 3))
    with pytest.raises(ParameterError, match="net must be that of state"):
        random_walk(other, small_data, initialize(other)[0], n_steps=20, state=state)


def altered(data, **parts):
    """A copy that differs in what is given; it has the test part of the other."""
    given = {"inputs": data.inputs, "labels": data.labels, "test": data.test} | parts
    return Dataset(given["inputs"], given["labels"], n_classes=3, test=given["test"])


@pytest.mark.parametrize("rule", [AlwaysAccept(), Metropolis(0.1)], ids=repr)
def test_state_of_other_data(net, small_data, start, rule):
    """A last bit of one input is enough, which no loss would tell, and so is one answer."""
    kind = {"rule": rule, "rng": 7}
    walk = random_walk(net, small_data, start, n_steps=10, step=0.1, **kind)
    again = random_walk(net, altered(small_data), n_steps=20, state=walk.state, **kind)
    assert_same(again, random_walk(net, small_data, n_steps=20, state=walk.state, **kind))
    inputs, labels, test = small_data.inputs.copy(), small_data.labels.copy(), small_data.test
    inputs[3, 1] = np.nextafter(inputs[3, 1], np.inf)
    labels[[0, -1]] = (labels[[0, -1]] + 1) % 3
    seen = test.inputs.copy()
    seen[0, 0] += 1e-9
    for other, name in [
        (altered(small_data, inputs=inputs), "data"),
        (altered(small_data, labels=labels), "data"),
        (altered(small_data, inputs=small_data.inputs[::-1].copy()), "data"),
        (altered(small_data, test=altered(test, inputs=seen)), "data.test"),
    ]:
        with pytest.raises(
            ParameterError,
            match=rf"^{name} must be as in state, with fingerprint \w+, got others with \w+$",
        ):
            random_walk(net, other, n_steps=20, state=walk.state, **kind)
    with pytest.raises(ParameterError, match="test data must be that of state, True, got Fal"):
        random_walk(net, altered(small_data, test=None), n_steps=20, state=walk.state, **kind)


def test_data_are_those_of_a_state_on_disk(net, small_data, start, tmp_path):
    for test in (True, False):
        kind = {"test": test, "rng": 7}
        state = random_walk(net, small_data, start, n_steps=10, step=0.1, **kind).state
        loaded = sg.load(sg.save(state, tmp_path / "state.npz"))
        assert loaded.plan.has_test == test
        random_walk(net, small_data, n_steps=20, state=loaded, **kind)
        other = altered(small_data.test, test=small_data.test)
        with pytest.raises(ParameterError, match=r"^data must be as in state"):
            random_walk(net, other, n_steps=20, state=loaded, **kind)


@pytest.mark.parametrize("move", [Isotropic(), OneWeight()], ids=repr)
def test_after_an_excursion_walks_go_on_with_the_step_of_their_state(
    net, small_data, start, move
):
    kind = {"move": move, "rule": Metropolis(0.1), "record_every": 5, "rng": 3}
    half = random_walk(net, small_data, start, n_steps=10, excursion=0.2, **kind)
    with pytest.raises(ParameterError) as caught:
        random_walk(net, small_data, n_steps=40, excursion=0.2, state=half.state, **kind)
    assert str(caught.value) == (
        "excursion must be left out to go on to another n_steps: 0.2 in 40 steps takes a step "
        f"of {half.step / 2:.8g}, and that of state is {half.step:.8g}"
    )
    more = random_walk(net, small_data, n_steps=40, state=half.state, **kind)
    assert_same(more, random_walk(net, small_data, start, n_steps=40, step=half.step, **kind))
    same = random_walk(net, small_data, n_steps=10, excursion=0.2, state=half.state, **kind)
    assert_same(same, half)
