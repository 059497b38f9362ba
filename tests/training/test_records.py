"""What is recorded, when it stops, and what is kept along the way."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.training import SGD, log_spaced_steps, train_replicas

SETTINGS = {"batch_size": 16, "optimizer": SGD(0.1), "rng": 8}


@pytest.mark.parametrize(
    ("record_every", "epochs"),
    [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4, 5]), (5, [0, 5]), (100, [0, 5])],
)
def test_epochs_recorded(net, clouds, record_every, epochs):
    run = train_replicas(
        net, clouds, n_replicas=2, n_epochs=5, record_every=record_every, **SETTINGS
    )
    assert run.history.epochs.tolist() == epochs
    every = train_replicas(net, clouds, n_replicas=2, n_epochs=5, **SETTINGS).history
    for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "norm"):
        values = getattr(run.history, name)
        assert values.shape == (2, len(epochs))
        np.testing.assert_array_equal(values, getattr(every, name)[:, epochs])


def test_records_are_what_the_networks_room_says(net, clouds):
    run = train_replicas(net, clouds, n_replicas=2, n_epochs=2, **SETTINGS)
    evaluate = sg.networks.evaluate
    train, test = evaluate(net, run.replicas, clouds), evaluate(net, run.replicas, clouds.test)
    np.testing.assert_array_equal(run.history.train_loss[:, -1], train.loss)
    np.testing.assert_array_equal(run.history.train_accuracy[:, -1], train.accuracy)
    np.testing.assert_array_equal(run.history.test_loss[:, -1], test.loss)
    np.testing.assert_array_equal(run.history.test_accuracy[:, -1], test.accuracy)
    np.testing.assert_allclose(
        run.history.norm[:, -1], np.sqrt((run.replicas.weights**2).sum(axis=1)), rtol=1e-14
    )
    assert run.history.train_loss[:, -1].max() < run.history.train_loss[:, 0].min()


def test_without_held_out_data_the_test_series_are_nan(net, clouds):
    alone = sg.datasets.from_arrays(clouds.inputs, clouds.labels)
    run = train_replicas(net, alone, n_epochs=1, **SETTINGS)
    assert np.isnan(run.history.test_loss).all()
    assert np.isnan(run.history.test_accuracy).all()
    assert np.isfinite(run.history.train_loss).all()


def test_no_epochs_is_the_start(net, clouds):
    run = train_replicas(net, clouds, n_replicas=2, n_epochs=0, snapshots=[0], **SETTINGS)
    np.testing.assert_array_equal(
        run.replicas.weights, sg.networks.initialize(net, n_replicas=2, rng=8).weights
    )
    np.testing.assert_array_equal(run.snapshots.weights[:, 0], run.replicas.weights)
    assert run.history.epochs.tolist() == [0]
    assert run.n_epochs.tolist() == [0, 0]


@pytest.fixture(scope="module")
def long_run(net, clouds):
    return train_replicas(net, clouds, n_replicas=4, n_epochs=40, **SETTINGS)


@pytest.mark.parametrize("record_every", [1, 3])
def test_stopping_at_a_loss(net, clouds, long_run, record_every):
    """Each replica stops at its first record not above the loss, at the bits it had there."""
    loss = float(np.median(long_run.history.train_loss[:, 20]))
    run = train_replicas(
        net,
        clouds,
        n_replicas=4,
        n_epochs=40,
        stop_at_loss=loss,
        record_every=record_every,
        **SETTINGS,
    )
    looked = long_run.history.train_loss[:, ::record_every]
    wanted = record_every * (looked <= loss).argmax(axis=1)
    assert run.n_epochs.tolist() == wanted.tolist()
    assert 0 < wanted.min() < wanted.max() < 40
    assert run.state.stopped.all()
    assert (run.history.last("train_loss") <= loss).all()
    for k, epoch in enumerate(wanted):
        after = run.history.epochs > epoch
        assert after.any()
        assert np.isnan(run.history.train_loss[k, after]).all()
        np.testing.assert_array_equal(
            run.history.train_loss[k, ~after],
            long_run.history.train_loss[k, run.history.epochs[~after]],
        )
        again = train_replicas(
            net, clouds, n_replicas=1, first_replica=k, n_epochs=int(epoch), **SETTINGS
        )
        np.testing.assert_array_equal(run.replicas.weights[k], again.replicas.weights[0])


def test_a_start_good_enough_is_not_trained(net, clouds):
    run = train_replicas(net, clouds, n_epochs=5, stop_at_loss=100.0, **SETTINGS)
    assert run.n_epochs.tolist() == [0]
    assert np.isnan(run.history.train_loss[0, 1:]).all()


def test_a_lower_target_trains_on(net, clouds, long_run, same_run):
    first = train_replicas(net, clouds, n_replicas=4, n_epochs=40, stop_at_loss=0.6, **SETTINGS)
    assert (first.n_epochs < 40).all()
    on = train_replicas(net, clouds, n_replicas=4, n_epochs=40, state=first.state, **SETTINGS)
    same_run(on, long_run)


def test_snapshots_at_the_start_mid_epoch_and_at_epoch_ends(net, clouds):
    """50 samples in batches of 16: four steps an epoch."""
    steps = [0, 1, 3, 4, 6, 8, 12]
    run = train_replicas(
        net, clouds, n_replicas=2, n_epochs=3, snapshots=steps[::-1], **SETTINGS
    )
    assert run.snapshots.steps.tolist() == steps
    assert run.snapshots.weights.shape == (2, 7, net.n_parameters)
    kept = dict(zip(steps, run.snapshots.weights.swapaxes(0, 1), strict=True))
    np.testing.assert_array_equal(
        kept[0], sg.networks.initialize(net, n_replicas=2, rng=8).weights
    )
    for epochs in (1, 2, 3):
        shorter = train_replicas(net, clouds, n_replicas=2, n_epochs=epochs, **SETTINGS)
        np.testing.assert_array_equal(kept[4 * epochs], shorter.replicas.weights)
    every = train_replicas(
        net, clouds, n_replicas=2, n_epochs=3, snapshots=range(13), **SETTINGS
    )
    np.testing.assert_array_equal(run.snapshots.weights, every.snapshots.weights[:, steps])
    np.testing.assert_array_equal(run.replicas.weights, every.replicas.weights)


def test_snapshots_never_reached_are_nan(net, clouds):
    run = train_replicas(net, clouds, n_epochs=1, snapshots=[4, 5], **SETTINGS)
    assert np.isfinite(run.snapshots.weights[0, 0]).all()
    assert np.isnan(run.snapshots.weights[0, 1]).all()


@pytest.mark.parametrize(("n_steps", "n"), [(1, 2), (7, 20), (1000, 7), (1875 * 50, 40)])
def test_log_spaced_steps(n_steps, n):
    steps = log_spaced_steps(n_steps, n)
    assert steps[0] == 0
    assert steps[-1] == n_steps
    assert (np.diff(steps) > 0).all()
    assert len(steps) <= n
    big = steps[steps > 50]
    if big.size > 3:  # rounding no longer matters
        ratios = big[1:] / big[:-1]
        assert ratios.max() / ratios.min() < 1.1


def test_progress_counts_replica_epochs(net, clouds):
    seen = []
    train_replicas(
        net,
        clouds,
        n_replicas=3,
        n_epochs=4,
        progress=lambda *report: seen.append(report),
        n_threads=2,
        **SETTINGS,
    )
    done = [report[0] for report in seen]
    assert done == sorted(done)
    assert seen[-1] == (12, 12, "training 3 x MLP(4-5-3, relu, cross_entropy)")


def test_a_bar_on_standard_error_and_nothing_otherwise(net, clouds, capfd):
    train_replicas(net, clouds, n_epochs=2, **SETTINGS)
    assert capfd.readouterr() == ("", "")
    train_replicas(net, clouds, n_epochs=2, progress=True, **SETTINGS)
    out, err = capfd.readouterr()
    assert out == ""
    assert "training 1 x MLP" in err


def test_a_run_in_one_line(net, clouds):
    run = train_replicas(net, clouds, n_replicas=2, n_epochs=2, **SETTINGS)
    text = repr(run)
    assert text.startswith("<2 replicas of MLP(4-5-3, relu, cross_entropy) after 2 epochs")
    assert "\n" not in text
    assert run.network == net


def test_memory_does_not_grow_with_the_number_of_steps(clouds):
    net = sg.networks.MLP(sizes=(4, 200, 3))

    def peak(n_epochs):
        tracemalloc.start()
        train_replicas(
            net, clouds, n_epochs=n_epochs, record_every=10_000, n_threads=1, **SETTINGS
        )
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(50)  # what is compiled and loaded once
    few, many = peak(50), peak(2000)
    # what the interpreter keeps differs by some ten kilobytes from call to call; 7,800 more steps
    # of a vector of 12 kB would be 94 MB
    assert many - few < 65_536
