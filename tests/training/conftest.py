from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg


@pytest.fixture(scope="session")
def clouds():
    """50 samples of 4 inputs in 3 classes, 20 more held out."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 70)
    inputs = rng.standard_normal((70, 4)) + 2 * np.eye(3, 4)[labels]
    test = sg.datasets.from_arrays(inputs[50:], labels[50:], n_classes=3)
    return sg.datasets.Dataset(inputs[:50], labels[:50], n_classes=3, test=test)


@pytest.fixture(scope="session")
def net():
    return sg.networks.MLP(sizes=(4, 5, 3))


@pytest.fixture(scope="session")
def same_run():
    """Assert that two runs agree bit for bit: parameters, memory, records, snapshots."""

    def compare(one, other, rows=slice(None)):
        np.testing.assert_array_equal(one.replicas.weights, other.replicas.weights[rows])
        np.testing.assert_array_equal(one.state.slots, other.state.slots[rows])
        np.testing.assert_array_equal(one.state.epochs_done, other.state.epochs_done[rows])
        np.testing.assert_array_equal(one.history.epochs, other.history.epochs)
        for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "norm"):
            np.testing.assert_array_equal(
                getattr(one.history, name), getattr(other.history, name)[rows], err_msg=name
            )
        np.testing.assert_array_equal(one.snapshots.steps, other.snapshots.steps)
        np.testing.assert_array_equal(one.snapshots.weights, other.snapshots.weights[rows])

    return compare
