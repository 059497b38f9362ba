"""Replicas: indexing, layers there and back, stacking, and what they refuse."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.networks import MLP, Replica, Replicas, stack

NET = MLP((2, 3, 2))


def draw(n=4, net=NET, dtype=np.float64):
    rng = np.random.default_rng(5)
    return Replicas(net, rng.standard_normal((n, net.n_parameters)).astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept(dtype):
    replicas = draw(dtype=dtype)
    assert replicas.weights.dtype == replicas[0].weights.dtype == dtype


@pytest.mark.parametrize("dtype", [np.int64, np.float16, ">f8", bool])
def test_other_numbers_become_double(dtype):
    weights = np.ones((2, 17), dtype=dtype)
    assert Replicas(NET, weights).weights.dtype == np.float64
    assert Replica(NET, weights[0]).weights.dtype.isnative


def test_indexing():
    replicas = draw()
    assert len(replicas) == 4
    assert isinstance(replicas[2], Replica)
    assert_array_equal(replicas[-1].weights, replicas.weights[3])
    assert_array_equal(replicas[np.int32(1)].weights, replicas.weights[1])
    for index in (slice(1, 3), [1, 2], np.array([1, 2]), [False, True, True, False]):
        part = replicas[index]
        assert isinstance(part, Replicas)
        assert_array_equal(part.weights, replicas.weights[1:3])
    assert_array_equal(np.array([r.weights for r in replicas]), replicas.weights)
    with pytest.raises(IndexError):
        replicas[4]


def test_layers_of_one_and_of_many():
    replicas = draw()
    for many, one in zip(replicas.layers, replicas[2].layers, strict=True):
        assert_array_equal(many.weight[2], one.weight)
        assert_array_equal(many.bias[2], one.bias)


def test_norm_of_single_precision_is_summed_in_double():
    replica = Replica(NET, np.full(17, 1e30, dtype=np.float32))
    assert replica.norm == pytest.approx(1e30 * np.sqrt(17), rel=1e-6)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_from_layers_round_trip(bias, dtype):
    net = MLP((4, 5, 3, 2), bias=bias)
    replicas = draw(3, net, dtype)
    layers = [[(w.copy(), None if b is None else b.copy()) for w, b in r.layers]
              for r in replicas]  # fmt: skip
    again = Replicas.from_layers(net, layers)
    assert again.weights.dtype == dtype
    assert_array_equal(again.weights, replicas.weights)


def test_from_layers_precision():
    single = [(np.zeros((3, 2), np.float32), np.zeros(3, np.float32)),
              (np.zeros((2, 3), np.float32), np.zeros(2, np.float32))]  # fmt: skip
    mixed = [single[0], (np.zeros((2, 3)), np.zeros(2, np.float32))]
    assert Replicas.from_layers(NET, [single]).weights.dtype == np.float32
    assert Replicas.from_layers(NET, [single, mixed]).weights.dtype == np.float64
    assert Replicas.from_layers(NET, [mixed], dtype="float32").weights.dtype == np.float32
    with pytest.raises(
        ParameterError, match="dtype must be float32 or float64, got <class 'int'>"
    ):
        Replicas.from_layers(NET, [mixed], dtype=int)


W1, B1, W2, B2 = np.ones((3, 2)), np.ones(3), np.ones((2, 3)), np.ones(2)


@pytest.mark.parametrize(
    ("layers", "message"),
    [([[(W1.T, B1), (W2, B2)]],
      r"layers\[0\]\[0\] weight must have shape \(outputs, inputs\) = \(3, 2\), got \(2, 3\); "
      r"transpose it"),
     ([[(W1, B1), (W2, B2)], [(W1, B1), (np.ones((2, 4)), B2)]],
      r"layers\[1\]\[1\] weight must have shape .* = \(2, 3\), got \(2, 4\)$"),
     ([[(W1, B1)]], r"layers\[0\] must hold 2 layers for MLP\(2-3-2.*, got 1"),
     ([[(W1, None), (W2, B2)]], r"layers\[0\]\[0\] must have a bias .* bias=True"),
     ([[(W1, B2), (W2, B2)]], r"layers\[0\]\[0\] bias must have shape \(3,\), got \(2,\)"),
     ([[(W1, B1[:, None]), (W2, B2)]], r"bias must have shape \(3,\), got \(3, 1\)")],
)  # fmt: skip
def test_from_layers_names_replica_and_layer(layers, message):
    with pytest.raises(ShapeError, match=message):
        Replicas.from_layers(NET, layers)


def test_from_layers_refuses_a_bias_for_a_network_without():
    with pytest.raises(ShapeError, match=r"layers\[0\]\[0\] must have no bias .* bias=False"):
        Replicas.from_layers(MLP((2, 3, 2), bias=False), [[(W1, B1), (W2, B2)]])


def test_from_layers_refuses_nothing_and_nan():
    with pytest.raises(ParameterError, match="layers must hold at least one replica, got none"):
        Replicas.from_layers(NET, [])
    with pytest.raises(DataError, match=r"weights must be finite, got 6 NaN .* \(0, 0\)"):
        Replicas.from_layers(NET, [[(W1 * np.nan, B1), (W2, B2)]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinite_weights_are_refused(bad):
    weights = np.zeros((3, 17))
    weights[1, 4] = weights[2, 0] = bad
    with pytest.raises(
        DataError, match=r"weights must be finite, got 2 .*\(first at \(1, 4\)\)"
    ):
        Replicas(NET, weights)
    with pytest.raises(DataError, match=r"weights must be finite, got 1 .*\(4,\)"):
        Replica(NET, weights[1])


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.zeros(17), r"weights must have shape \(any, 17\), got \(17,\)"),
     (np.zeros((2, 16)), r"weights must have shape \(any, 17\), got \(2, 16\)"),
     (np.float64(3), r"weights must have shape \(any, 17\), got \(\)")],
)  # fmt: skip
def test_wrong_shapes(weights, message):
    with pytest.raises(ShapeError, match=message):
        Replicas(NET, weights)


def test_one_replica_wants_one_vector():
    with pytest.raises(ShapeError, match=r"weights must have shape \(17,\), got \(1, 17\)"):
        Replica(NET, np.zeros((1, 17)))


@pytest.mark.parametrize("weights", [[["a"] * 17], [[1j] * 17], [[1.0], [1.0, 2.0]]])
def test_weights_must_be_real_numbers(weights):
    with pytest.raises(DataError, match=r"weights must be an array of numbers"):
        Replicas(NET, np.array(weights, dtype=object) if weights[0] == [1.0] else weights)


def test_repr():
    assert repr(draw()) == "<4 replicas of MLP(2-3-2, relu, cross_entropy), float64>"
    one = Replica(NET, np.full(17, 2.0))
    assert repr(one) == f"<replica of {NET}, norm {2 * 17**0.5:.4g}>"


def test_frozen_and_copied_by_value():
    replicas = draw()
    with pytest.raises(dataclasses.FrozenInstanceError):
        replicas.weights = None
    for twin in (copy.deepcopy(replicas), pickle.loads(pickle.dumps(replicas))):
        assert twin.network == NET
        assert_array_equal(twin.weights, replicas.weights)


def test_stack():
    replicas = draw()
    joined = stack([replicas[0], replicas[1:], replicas])
    assert_array_equal(joined.weights, np.vstack([replicas.weights] * 2))
    assert stack(iter(replicas)).weights.shape == (4, 17)


def test_stack_refuses_nothing_and_mixed_networks():
    with pytest.raises(ParameterError, match="at least one, got none"):
        stack([])
    with pytest.raises(ParameterError, match="must all belong to one network"):
        stack([draw(), draw(net=MLP((2, 3, 2), "tanh"))])
