"""What the functions of the room refuse, and in which words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spinglass_nn import networks
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.networks import MLP, Replica, Replicas

NET = MLP((2, 3, 3))
THETA = np.zeros(NET.n_parameters)
INPUTS = np.zeros((4, 2))
DATA = Dataset(INPUTS, np.array([0, 1, 2, 0]), n_classes=3)
every_verb = pytest.mark.parametrize(
    "verb",
    [
        networks.loss,
        networks.accuracy,
        networks.evaluate,
        networks.gradient,
        lambda net, theta, data, **k: networks.hessian_vector_product(
            net, theta, np.zeros(np.shape(getattr(theta, "weights", theta))), data, **k
        ),
    ],
    ids=["loss", "accuracy", "evaluate", "gradient", "hvp"],
)


@every_verb
@pytest.mark.parametrize(
    ("theta", "kind", "message"),
    [(np.zeros(20), ShapeError, r"theta must have shape \(21,\), got \(20,\)"),
     (np.zeros((2, 20)), ShapeError, r"theta must have shape \(any, 21\), got \(2, 20\)"),
     (np.zeros((1, 2, 21)), ShapeError, r"theta must have shape .*, got \(1, 2, 21\)"),
     (np.zeros((0, 21)), ParameterError, r"theta must hold at least one parameter vector"),
     (np.full(21, np.nan), DataError, r"theta must be finite, got 21 NaN"),
     (np.full((2, 21), np.inf), DataError, r"theta must be finite, got 42 NaN or infinite"),
     (Replica(MLP((2, 2, 3)), np.zeros(15)), ParameterError,
      r"theta must belong to MLP\(2-3-3, .*\), got MLP\(2-2-3"),
     (Replicas(MLP((2, 3, 3), bias=False), np.zeros((2, 15))), ParameterError,
      r"got MLP\(2-3-3, relu, no bias, cross_entropy\)")],
)  # fmt: skip
def test_parameters_that_do_not_fit(verb, theta, kind, message):
    with pytest.raises(kind, match=message):
        verb(NET, theta, DATA)


@every_verb
@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [(Dataset(np.zeros((4, 3)), DATA.labels, n_classes=3), ShapeError,
      r"data must have 2 inputs per sample for MLP\(2-3-3, .*, got inputs of shape \(4, 3\)"),
     (Dataset(INPUTS, DATA.labels, n_classes=4), ShapeError,
      r"data must have at most 3 classes for MLP\(2-3-3, .*, got 4"),
     (SimpleNamespace(inputs=INPUTS[:0], labels=DATA.labels[:0], targets=None, n_classes=3),
      DataError, r"data must hold at least one sample, got none"),
     (Dataset(INPUTS, np.array([0, 1, 2, 3]), n_classes=3), DataError,
      r"labels must lie in \[0, 2\], got 0 \.\.\. 3"),
     (Dataset(INPUTS, np.array([0, 1, 2, -1]), n_classes=3), DataError,
      r"labels must lie in \[0, 2\], got -1 \.\.\. 2"),
     (Dataset(INPUTS, DATA.labels[:3], n_classes=3), ShapeError,
      r"labels must have shape \(4,\), got \(3,\)"),
     (Dataset(INPUTS, DATA.labels + 0.5, n_classes=3), DataError,
      r"labels must hold whole numbers"),
     (Dataset(INPUTS, None, np.zeros((4, 3))), DataError, r"data must have labels")],
)  # fmt: skip
def test_data_that_do_not_fit(verb, data, kind, message):
    with pytest.raises(kind, match=message):
        verb(NET, THETA, data)


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_hinge"])
def test_losses_of_classes_want_labels(loss):
    data = Dataset(INPUTS, None, np.zeros((4, 3)))
    with pytest.raises(
        DataError, match=rf"data must have labels for the loss '{loss}', got none"
    ):
        networks.loss(MLP((2, 3, 3), loss=loss), THETA, data)


def test_targets_must_fit_the_outputs():
    net = MLP((2, 3, 3), loss="squared_error")
    data = Dataset(INPUTS, None, np.zeros((4, 2)))
    with pytest.raises(ShapeError, match=r"targets must have shape \(4, 3\) .*, got \(4, 2\)"):
        networks.loss(net, THETA, data)


def test_accuracy_wants_labels():
    net = MLP((2, 3, 3), loss="squared_error")
    data = Dataset(INPUTS, None, np.zeros((4, 3)))
    with pytest.raises(DataError, match="data must have labels for an accuracy"):
        networks.accuracy(net, THETA, data)


def test_single_output_takes_two_classes():
    net = MLP((2, 1), loss="squared_hinge")
    with pytest.raises(ShapeError, match=r"at most 2 classes .*, got 3"):
        networks.loss(net, np.zeros(3), DATA)


@pytest.mark.parametrize(
    ("vector", "kind", "message"),
    [(np.zeros(20), ShapeError, r"vector must have the shape of theta, \(21,\), got \(20,\)"),
     (np.zeros((1, 1, 21)), ShapeError, r"vector must have the shape of theta, \(21,\)"),
     (1.0, ShapeError, r"vector must have the shape of theta, \(21,\)"),
     (np.full(21, np.nan), DataError, r"vector must be finite, got 21"),
     ("vector", DataError, r"vector must be an array of numbers, got str")],
)  # fmt: skip
def test_vectors_that_do_not_fit(vector, kind, message):
    with pytest.raises(kind, match=message):
        networks.hessian_vector_product(NET, THETA, vector, DATA)


@pytest.mark.parametrize("verb", [networks.logits, networks.predictions])
@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [(np.zeros((4, 3)), ShapeError, r"data must have shape \(n_samples, 2\) .*got \(4, 3\)"),
     (np.zeros(2), ShapeError, r"data must have shape \(n_samples, 2\) .*got \(2,\)"),
     (np.zeros((0, 2)), DataError, r"data must hold at least one sample, got none"),
     (np.full((4, 2), np.nan), DataError, r"data must be finite, got 8"),
     ([["a", "b"]], DataError, r"data must be an array of numbers, got list")],
)  # fmt: skip
def test_outputs_of_inputs_that_do_not_fit(verb, data, kind, message):
    with pytest.raises(kind, match=message):
        verb(NET, THETA, data)


@every_verb
@pytest.mark.parametrize("n_threads", [0, -1, 1.0, True])
def test_number_of_threads_is_checked(verb, n_threads):
    with pytest.raises(ParameterError, match="n_threads must be"):
        verb(NET, THETA, DATA, n_threads=n_threads)
