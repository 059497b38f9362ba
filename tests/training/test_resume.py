"""Going on to the same bits: from a state, from a file, after an interrupt."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.training import SGD, Adam, Cosine, train_replicas

SETTINGS = {
    "n_replicas": 3,
    "batch_size": 16,
    "snapshots": (0, 5, 8, 14, 20),
    "rng": 21,
}
OPTIMIZERS = {
    "sgd": SGD(0.1),
    "momentum": SGD(0.1, momentum=0.9, schedule=Cosine(n_epochs=6)),
    "adam": Adam(0.01),
}


class Stop:
    """A progress callable that presses Ctrl-C after some reports."""

    def __init__(self, after):
        self.left = after

    def __call__(self, done, total, what):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("through_a_file", [False, True])
def test_three_epochs_and_three_more_are_six(
    net, clouds, same_run, tmp_path, name, through_a_file
):
    settings = SETTINGS | {"optimizer": OPTIMIZERS[name]}
    direct = train_replicas(net, clouds, n_epochs=6, **settings)
    state = train_replicas(net, clouds, n_epochs=3, **settings).state
    if through_a_file:
        sg.save(state, tmp_path / "state.npz")
        state = sg.load(tmp_path / "state.npz")
    same_run(train_replicas(net, clouds, n_epochs=6, state=state, **settings), direct)
    # the seed is in the state, and the state is left as it was
    settings.pop("rng")
    same_run(train_replicas(net, clouds, n_epochs=6, state=state, **settings), direct)
    assert state.epochs_done.tolist() == [3, 3, 3]


def test_a_whole_run_survives_a_file(net, clouds, same_run, tmp_path):
    run = train_replicas(net, clouds, n_epochs=2, **SETTINGS)
    sg.save(run, tmp_path / "run.npz")
    same_run(sg.load(tmp_path / "run.npz"), run)


def test_records_between_multiples_stay(net, clouds):
    """The last epoch of the first part was recorded, and is kept."""
    settings = SETTINGS | {"record_every": 2}
    first = train_replicas(net, clouds, n_epochs=3, **settings)
    on = train_replicas(net, clouds, n_epochs=6, state=first.state, **settings)
    direct = train_replicas(net, clouds, n_epochs=6, **settings)
    assert on.history.epochs.tolist() == [0, 2, 3, 4, 6]
    assert direct.history.epochs.tolist() == [0, 2, 4, 6]
    common = np.isin(on.history.epochs, direct.history.epochs)
    np.testing.assert_array_equal(on.history.train_loss[:, common], direct.history.train_loss)
    np.testing.assert_array_equal(on.replicas.weights, direct.replicas.weights)


def test_nothing_left_to_do_changes_nothing(net, clouds, same_run):
    run = train_replicas(net, clouds, n_epochs=4, **SETTINGS)
    same_run(train_replicas(net, clouds, n_epochs=4, state=run.state, **SETTINGS), run)
    shorter = train_replicas(net, clouds, n_epochs=2, state=run.state, **SETTINGS)
    np.testing.assert_array_equal(shorter.replicas.weights, run.replicas.weights)
    assert shorter.n_epochs.tolist() == [4, 4, 4]


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("after", [0, 1, 4, 9])
def test_interrupted_and_called_again(net, clouds, same_run, tmp_path, n_threads, after):
    settings = SETTINGS | {"optimizer": Adam(0.01), "n_epochs": 5, "n_threads": n_threads}
    uninterrupted = train_replicas(net, clouds, **settings)
    file = tmp_path / "training.npz"
    with pytest.raises(Interrupted, match=r"interrupted after \d+ of 15 .* goes on from .*npz"):
        train_replicas(net, clouds, checkpoint=file, progress=Stop(after), **settings)
    assert sg.load(file).epochs_done.sum() < 15
    same_run(train_replicas(net, clouds, checkpoint=file, **settings), uninterrupted)
    assert [f.name for f in tmp_path.iterdir()] == ["training.npz"]
    # finished: the file holds the end, and calling again costs and changes nothing
    same_run(train_replicas(net, clouds, checkpoint=file, **settings), uninterrupted)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_interrupted_again_and_again(net, clouds, same_run, tmp_path, n_threads):
    settings = SETTINGS | {"n_epochs": 6, "n_threads": n_threads}
    file, interrupts = tmp_path / "training.npz", 0
    while True:
        try:
            run = train_replicas(net, clouds, checkpoint=file, progress=Stop(7), **settings)
            break
        except Interrupted:
            interrupts += 1
    assert interrupts >= 1
    same_run(run, train_replicas(net, clouds, **settings))


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interrupt_carries_the_state(net, clouds, same_run, n_threads):
    settings = SETTINGS | {"n_epochs": 5, "n_threads": n_threads}
    with pytest.raises(Interrupted, match="goes on from its state") as caught:
        train_replicas(net, clouds, progress=Stop(6), **settings)
    assert isinstance(caught.value, KeyboardInterrupt)
    state = caught.value.state
    assert 0 < state.epochs_done.sum() < 15
    settings.pop("rng")
    same_run(
        train_replicas(net, clouds, state=state, **settings),
        train_replicas(net, clouds, **settings, rng=21),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_real_ctrl_c(net, clouds, same_run, tmp_path, n_threads):
    settings = SETTINGS | {"n_epochs": 400, "n_threads": n_threads}
    file = tmp_path / "training.npz"

    def press(done, total, what):
        if done == 60:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        train_replicas(net, clouds, checkpoint=file, progress=press, **settings)
    assert 0 < sg.load(file).epochs_done.sum() < 1200
    same_run(
        train_replicas(net, clouds, checkpoint=file, **settings),
        train_replicas(net, clouds, **settings),
    )


def test_a_refused_call_leaves_the_checkpoint_alone(net, clouds, tmp_path):
    file = tmp_path / "training.npz"
    train_replicas(net, clouds, n_epochs=1, checkpoint=file, **SETTINGS)
    before = file.read_bytes()
    with pytest.raises(ParameterError, match="batch_size must be as in the state"):
        train_replicas(net, clouds, n_epochs=9, checkpoint=file, **SETTINGS | {"batch_size": 8})
    assert file.read_bytes() == before


def changed(net, clouds):
    inputs = clouds.inputs.copy()
    inputs[3, 2] += 1e-12
    other_data = sg.datasets.Dataset(inputs, clouds.labels, n_classes=3)
    other_points = sg.networks.initialize(net, n_replicas=3, rng=1)
    return {
        "network": {"net": sg.networks.MLP(sizes=(4, 5, 3), loss="squared_hinge")},
        "data": {"data": other_data},
        "n_replicas": {"n_replicas": 4},
        "batch_size": {"batch_size": 17},
        "optimizer": {"optimizer": SGD(0.1 + 1e-9)},
        "share": {"share": ("order",)},
        "subset_size": {"subset_size": 30},
        "record_every": {"record_every": 2},
        "first_replica": {"first_replica": 1},
        "dtype": {"dtype": np.float32},
        "rng": {"rng": 22},
        "start": {"start": other_points},
        "snapshots": {"snapshots": (0, 5)},
    }


@pytest.mark.parametrize(
    "name",
    [
        "network",
        "data",
        "n_replicas",
        "batch_size",
        "optimizer",
        "share",
        "subset_size",
        "record_every",
        "first_replica",
        "dtype",
        "rng",
        "start",
        "snapshots",
    ],
)
def test_other_settings_are_refused_by_name(net, clouds, name):
    settings = SETTINGS | {"optimizer": SGD(0.1)}
    state = train_replicas(net, clouds, n_epochs=1, **settings).state
    given = {"net": net, "data": clouds, **settings, **changed(net, clouds)[name]}
    with pytest.raises(
        ParameterError, match=f"^{name} must be as in the state it goes on from"
    ):
        train_replicas(given.pop("net"), given.pop("data"), n_epochs=2, state=state, **given)


def test_a_network_without_biases_is_another_network(net, clouds):
    state = train_replicas(net, clouds, n_epochs=0, rng=0).state
    bare = sg.networks.MLP(sizes=(4, 5, 3), bias=False)
    with pytest.raises(ParameterError, match="network must be as in the state"):
        train_replicas(bare, clouds, n_epochs=1, state=state)


def test_points_to_start_from_are_remembered(net, clouds, same_run):
    points = sg.networks.initialize(net, n_replicas=3, rng=1)
    settings = SETTINGS | {"start": points}
    state = train_replicas(net, clouds, n_epochs=2, **settings).state
    same_run(
        train_replicas(net, clouds, n_epochs=4, state=state, **settings),
        train_replicas(net, clouds, n_epochs=4, **settings),
    )


def test_what_is_shared_may_be_named_in_any_order(net, clouds):
    settings = {"n_replicas": 2, "rng": 0}
    state = train_replicas(net, clouds, n_epochs=1, share=("start", "order"), **settings).state
    on = train_replicas(
        net, clouds, n_epochs=2, share=("order", "start"), state=state, **settings
    )
    assert on.n_epochs.tolist() == [2, 2]


def test_checkpoints_are_written_now_and_then(net, clouds, tmp_path, monkeypatch):
    from spinglass_nn.training import _job

    monkeypatch.setattr(_job, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    file, seen = tmp_path / "training.npz", []

    def look(done, total, what):
        if file.exists():
            seen.append(int(sg.load(file).epochs_done.sum()))

    train_replicas(
        net, clouds, n_epochs=3, checkpoint=file, progress=look, n_threads=1, **SETTINGS
    )
    assert seen == sorted(seen)
    assert set(seen) == set(range(1, 10))
    assert sg.load(file).epochs_done.tolist() == [3, 3, 3]


@pytest.mark.parametrize("content", [b"", b"not a file of ours"])
def test_a_damaged_checkpoint_is_refused(net, clouds, tmp_path, content):
    file = tmp_path / "training.npz"
    file.write_bytes(content)
    with pytest.raises(sg.errors.FormatError, match=r"training\.npz"):
        train_replicas(net, clouds, n_epochs=1, checkpoint=file, **SETTINGS)
    assert file.read_bytes() == content


def test_another_result_is_no_checkpoint(net, clouds, tmp_path):
    file = tmp_path / "replicas.npz"
    sg.save(sg.networks.initialize(net, rng=0), file)
    with pytest.raises(
        ParameterError, match=r"checkpoint .*replicas\.npz must be a TrainingState .* Replicas"
    ):
        train_replicas(net, clouds, n_epochs=1, checkpoint=file, **SETTINGS)
    run = train_replicas(net, clouds, n_epochs=1, **SETTINGS)
    with pytest.raises(ParameterError, match=r"state must be a TrainingState .*TrainingRun"):
        train_replicas(net, clouds, n_epochs=2, state=run, **SETTINGS)


def test_a_checkpoint_without_a_folder_is_refused_at_once(net, clouds, tmp_path):
    with pytest.raises(ParameterError, match="checkpoint must lie in an existing folder, got"):
        train_replicas(net, clouds, checkpoint=tmp_path / "nowhere" / "a.npz", **SETTINGS)
