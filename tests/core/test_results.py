"""Results: frozen, slotted, told in one line, filed under room and class."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from spinglass_nn._core import results
from spinglass_nn._core.results import abbreviate, kind_of, registered, result
from spinglass_nn.errors import Interrupted, NotConverged, SpinglassError
from spinglass_nn.networks import MLP, Evaluation


@pytest.fixture
def made(monkeypatch):
    """A result class of the tests, forgotten afterwards."""
    monkeypatch.setattr(results, "_REGISTRY", dict(results._REGISTRY))

    @result(version=3)
    class Made:
        numbers: np.ndarray
        name: str = "x"

    return Made


def test_frozen_and_slotted(made):
    value = made(np.zeros(3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.name = "y"
    with pytest.raises((AttributeError, TypeError)):
        value.other = 1
    assert not hasattr(value, "__dict__")


def test_filed_under_room_and_class(made):
    assert kind_of(MLP) == "networks.MLP"
    assert registered("networks.MLP") is MLP
    assert registered(kind_of(made)) is made
    assert made.__format_version__ == 3
    assert MLP.__format_version__ == 1
    assert registered("networks.Nothing") is None


def test_repr_is_one_line(made):
    value = made(np.arange(12.0).reshape(3, 4), "two\nlines")
    assert repr(value).endswith("Made(numbers=array(3, 4), name='two\\nlines')")
    assert "\n" not in repr(made(np.eye(2)))
    assert "\n" not in repr(made({"a": np.zeros((40, 3))}))
    assert repr(made(np.array([1.0, 1 / 3]))).endswith("(numbers=[1.     0.3333], name='x')")


def test_equal_only_to_itself(made):
    value = made(np.zeros(3))
    assert value == value
    assert value != made(np.zeros(3))


@pytest.mark.parametrize(
    ("value", "text"),
    [(np.zeros((5, 2)), "array(5, 2)"), (np.zeros((2, 2)), "array(2, 2)"),
     (np.array([1, 2]), "[1 2]"), (np.array(2.5), "2.5"), (1 / 3, "0.333333"),
     (np.float64(1 / 3), "0.333333"), (float("nan"), "nan"), (None, "None"),
     ((1, 2), "(1, 2)"), (tuple(range(9)), "<9 items>"), ("a" * 200, "'" + "a" * 76 + "...")],
)  # fmt: skip
def test_abbreviations(value, text):
    assert abbreviate(value) == text


def test_evaluation_reads_well():
    assert repr(Evaluation(0.25, 1.0)) == "Evaluation(loss=0.25, accuracy=1)"


def test_errors_keep_what_was_reached():
    assert NotConverged("too few steps", last=3).last == 3
    assert pickle.loads(pickle.dumps(NotConverged("too few steps", last=3))).last == 3
    stopped = Interrupted("at epoch 3", state=(1, 2))
    assert isinstance(stopped, KeyboardInterrupt)
    assert isinstance(stopped, SpinglassError)
    assert pickle.loads(pickle.dumps(stopped)).state == (1, 2)
