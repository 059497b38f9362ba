"""The network noun: sizes, the order of the flat vector, equality, messages."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.networks import MLP


@pytest.mark.parametrize(
    ("sizes", "bias", "expected"),
    [((784, 32, 10), True, 784 * 32 + 32 + 320 + 10), ((784, 32, 10), False, 784 * 32 + 320),
     ((3, 2), True, 8), ((3, 2), False, 6), ((2, 3, 4, 5), True, 9 + 16 + 25)],
)  # fmt: skip
def test_number_of_parameters(sizes, bias, expected):
    net = MLP(sizes, bias=bias)
    assert net.n_parameters == expected
    assert (net.n_inputs, net.n_outputs) == (sizes[0], sizes[-1])
    assert net.hidden_sizes == sizes[1:-1]
    assert net.n_layers == len(sizes) - 1


def test_order_of_the_flat_vector():
    net = MLP((2, 3, 1), loss="squared_error")
    first, second = net.layers(np.arange(13.0))
    assert_array_equal(first.weight, [[0, 1], [2, 3], [4, 5]])
    assert_array_equal(first.bias, [6, 7, 8])
    assert_array_equal(second.weight, [[9, 10, 11]])
    assert_array_equal(second.bias, [12])
    bare = MLP((2, 3, 1), loss="squared_error", bias=False).layers(np.arange(9.0))
    assert_array_equal(bare[1].weight, [[6, 7, 8]])
    assert bare[0].bias is None


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(), (4,), (4, 3)])
def test_layers_are_views(bias, lead):
    net = MLP((2, 3, 2), bias=bias)
    theta = np.zeros((*lead, net.n_parameters))
    for layer in net.layers(theta):
        assert layer.weight.shape[:-2] == lead
        layer.weight[...] = 1
        if bias:
            layer.bias[...] = 1
    assert theta.all()


def test_sizes_may_be_any_sequence_of_integers():
    net = MLP(np.array([4, 5, 3]))
    assert net.sizes == (4, 5, 3)
    assert all(type(n) is int for n in net.sizes)
    assert MLP([4, 5, 3]) == net


def test_equality_and_hash():
    net = MLP((4, 5, 3))
    assert net == MLP((4, 5, 3))
    assert hash(net) == hash(MLP([4, 5, 3], bias=np.True_))
    others = [MLP((4, 3, 5)), MLP((4, 5, 3), "tanh"), MLP((4, 5, 3), bias=False),
              MLP((4, 5, 3), loss="squared_hinge")]  # fmt: skip
    assert len({net, *others}) == 5
    assert net != "MLP"


def test_frozen_and_copied_by_value():
    net = MLP((4, 5, 3), "tanh", bias=False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        net.sizes = (1, 2)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin == net
        assert twin.n_parameters == net.n_parameters
    changed = dataclasses.replace(net, bias=True)
    assert changed.n_parameters == net.n_parameters + 8


@pytest.mark.parametrize(
    ("net", "text"),
    [(MLP((784, 32, 10)), "MLP(784-32-10, relu, cross_entropy)"),
     (MLP((3, 1), "tanh", False, "squared_error"), "MLP(3-1, tanh, no bias, squared_error)")],
)  # fmt: skip
def test_repr_tells_networks_apart(net, text):
    assert repr(net) == text


@pytest.mark.parametrize(
    ("options", "message"),
    [({"sizes": 5}, r"sizes must be a sequence of integers, got 5"),
     ({"sizes": (5,)}, r"sizes must hold at least an input and an output size, got \(5,\)"),
     ({"sizes": ()}, r"sizes must hold at least an input and an output"),
     ({"sizes": (5, 0, 2)}, r"sizes\[1\] must be at least 1, got 0"),
     ({"sizes": (5, 2.0)}, r"sizes\[1\] must be an integer, got 2.0"),
     ({"sizes": "54"}, r"sizes\[0\] must be an integer, got '5'"),
     ({"sizes": (5, True)}, r"sizes\[1\] must be an integer, got True"),
     ({"activation": "rellu"}, r"activation must be one of .*'rellu'; did you mean 'relu'\?"),
     ({"activation": None}, r"activation must be one of 'identity', .*'sign', got None"),
     ({"loss": "mse"}, r"loss must be one of 'cross_entropy', 'squared_error'.*got 'mse'"),
     ({"bias": 1}, r"bias must be True or False, got 1"),
     ({"sizes": (5, 1)}, r"at least 2 outputs for the cross-entropy, got 1; .*squared_hinge")],
)  # fmt: skip
def test_messages(options, message):
    with pytest.raises(ParameterError, match=message):
        MLP(**({"sizes": (5, 4, 2)} | options))


@pytest.mark.parametrize("shape", [(), (12,), (18,), (17, 2)])
def test_layers_refuse_vectors_of_another_length(shape):
    with pytest.raises(ShapeError, match=r"theta must have 17 parameters on its last axis"):
        MLP((2, 3, 2)).layers(np.zeros(shape))
