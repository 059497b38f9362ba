"""One clear sentence for every misuse."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.training import (
    SGD,
    Adam,
    Cosine,
    StepDecay,
    log_spaced_steps,
    train_replicas,
)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_replicas": 0}, "n_replicas must be at least 1, got 0"),
        ({"n_replicas": 2.0}, "n_replicas must be an integer, got 2.0"),
        ({"n_epochs": -1}, "n_epochs must be at least 0, got -1"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"record_every": 0}, "record_every must be at least 1, got 0"),
        ({"first_replica": -1}, "first_replica must be at least 0, got -1"),
        ({"subset_size": 51}, "subset_size must be at most 50 samples, got 51"),
        ({"subset_size": 0}, "subset_size must be at least 1, got 0"),
        ({"share": ("starts",)}, "share must be one of .* got 'starts'; did you mean 'start'"),
        ({"snapshots": [-1]}, "snapshots must be at least 0, got -1"),
        ({"dtype": np.int64}, "dtype must be float32 or float64, got int64"),
        ({"dtype": np.float16}, "dtype must be float32 or float64, got float16"),
        ({"optimizer": "adam"}, "optimizer must be SGD or Adam, got 'adam'"),
        ({"start": "he"}, "initializer must be one of .* got 'he'"),
        ({"start": 3}, "start must be the name of an initializer, .* got int"),
        ({"stop_at_loss": float("nan")}, "stop_at_loss must be finite, got nan"),
        ({"rng": -1}, "rng must be a Generator, SeedSequence, non-negative int or None"),
        ({"n_threads": 0}, "n_threads must be at least 1, got 0"),
    ],
)
def test_settings(net, clouds, settings, message):
    with pytest.raises(ParameterError, match=message):
        train_replicas(net, clouds, **{"n_epochs": 1, **settings})


def test_points_must_fit(net, clouds):
    with pytest.raises(ShapeError, match="start must hold 1 or 4 points, got 3"):
        train_replicas(
            net, clouds, n_replicas=4, start=sg.networks.initialize(net, n_replicas=3, rng=0)
        )
    other = sg.networks.MLP(sizes=(4, 6, 3))
    with pytest.raises(ShapeError, match=r"start must belong to MLP\(4-5-3.* got MLP\(4-6-3"):
        train_replicas(net, clouds, start=sg.networks.initialize(other, rng=0))


def test_data_must_fit(clouds):
    with pytest.raises(ShapeError, match="data must have 5 inputs per sample"):
        train_replicas(sg.networks.MLP(sizes=(5, 3)), clouds)
    with pytest.raises(ShapeError, match="data must have at most 2 classes"):
        train_replicas(sg.networks.MLP(sizes=(4, 2)), clouds)
    regression = sg.datasets.Dataset(clouds.inputs, None, targets=clouds.inputs[:, :3])
    with pytest.raises(DataError, match="data must have labels for the loss 'cross_entropy'"):
        train_replicas(sg.networks.MLP(sizes=(4, 3)), regression)


def test_held_out_data_are_checked_before_training_begins(net, clouds):
    wrong = sg.datasets.from_arrays(np.zeros((2, 6)), [0, 1])
    data = sg.datasets.Dataset(clouds.inputs, clouds.labels, n_classes=3, test=wrong)
    with pytest.raises(ShapeError, match="data must have 4 inputs per sample"):
        train_replicas(net, data)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(learning_rate=0), "learning_rate must be positive, got 0"),
        (lambda: SGD(learning_rate=float("inf")), "learning_rate must be finite"),
        (lambda: SGD(momentum=1), r"momentum must lie in \[0, 1\), got 1"),
        (lambda: SGD(momentum=-0.1), r"momentum must lie in \[0, 1\), got -0.1"),
        (lambda: SGD(nesterov=True), "nesterov must come with a momentum above 0"),
        (lambda: SGD(weight_decay=-1), "weight_decay must not be negative, got -1"),
        (lambda: SGD(schedule="cosine"), "schedule must have a method .* got 'cosine'"),
        (lambda: Adam(learning_rate=-1), "learning_rate must be positive, got -1"),
        (lambda: Adam(beta1=1), r"beta1 must lie in \[0, 1\), got 1"),
        (lambda: Adam(beta2=1.5), r"beta2 must lie in \[0, 1\), got 1.5"),
        (lambda: Adam(epsilon=0), "epsilon must be positive, got 0"),
        (lambda: Adam(weight_decay=-1), "weight_decay must not be negative, got -1"),
        (lambda: Adam(schedule=0.5), "schedule must have a method .* got 0.5"),
        (lambda: StepDecay(every=0), "every must be positive, got 0"),
        (lambda: StepDecay(every=1, ratio=2), r"ratio must lie in \[0, 1\], got 2"),
        (lambda: Cosine(n_epochs=0), "n_epochs must be positive, got 0"),
        (lambda: Cosine(n_epochs=5, floor=2), r"floor must lie in \[0, 1\], got 2"),
        (lambda: Cosine(n_epochs=5, warm_up=6), r"warm_up must lie in \[0, 5\], got 6"),
        (lambda: log_spaced_steps(0, 5), "n_steps must be at least 1, got 0"),
        (lambda: log_spaced_steps(10, 1), "n must be at least 2, got 1"),
    ],
)
def test_optimizers_and_schedules(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("record_every", [1, 100])
@pytest.mark.parametrize(("n_epochs", "batch_size"), [(1, 50), (40, 16)])
def test_divergence_names_replica_and_epoch(
    clouds, n_threads, record_every, n_epochs, batch_size
):
    """Also where the very last step is the one that overflows."""
    net = sg.networks.MLP(sizes=(4, 5, 3), loss="squared_error")
    with pytest.raises(
        ParameterError,
        match=r"learning_rate must keep training finite, got SGD\(.*replica [67] diverged in",
    ):
        train_replicas(
            net,
            clouds,
            n_replicas=2,
            first_replica=6,
            n_epochs=n_epochs,
            batch_size=batch_size,
            optimizer=SGD(1e200 if n_epochs == 1 else 1e3),
            record_every=record_every,
            n_threads=n_threads,
            rng=0,
        )


def test_a_schedule_of_the_users_own(net, clouds):
    class Halves:
        def factor(self, epochs):
            return 0.5 ** np.floor(epochs)

        def __repr__(self):
            return "Halves()"

    settings = {"n_epochs": 2, "rng": 0}
    mine = train_replicas(net, clouds, optimizer=SGD(0.1, schedule=Halves()), **settings)
    theirs = train_replicas(
        net, clouds, optimizer=SGD(0.1, schedule=StepDecay(every=1, ratio=0.5)), **settings
    )
    np.testing.assert_array_equal(mine.replicas.weights, theirs.replicas.weights)
