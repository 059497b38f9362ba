from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import training as naive

from spinglass_nn import io, networks
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.symmetries import unit_report

ACTIVATIONS = ["relu", "tanh", "identity"]


def logits(replica: Replica, inputs) -> np.ndarray:
    return networks.logits(replica.network, replica, inputs)


def inputs_for(net: MLP, n: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, net.n_inputs))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_ordinary_networks_have_nothing_to_lose(activation):
    net = MLP((4, 8, 6, 3), activation=activation)
    replica = networks.initialize(net, rng=0)[0]
    found = unit_report(replica)
    assert (found.n_effective, found.n_units) == (14, 14)
    assert found.reduced.network == net
    np.testing.assert_array_equal(found.reduced.weights, replica.weights)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bias", [True, False])
@given(seed=st.integers(0, 10_000))
def test_planted_units_go_and_the_function_stays(activation, bias, seed):
    rng = np.random.default_rng(seed)
    net = MLP((3, 9, 7, 2), activation=activation, bias=bias)
    replica = networks.initialize(net, rng=seed)[0]
    first, second, third = replica.layers
    scale = -1.0 if activation == "tanh" else float(rng.uniform(0.2, 3))
    for layer, i, j in ((first, 1, 4), (second, 0, 6)):
        layer.weight[j] = scale * layer.weight[i]
        if bias:
            layer.bias[j] = scale * layer.bias[i]
    first.weight[2] = 0
    second.weight[3] = 0
    second.weight[:, 7] = 0
    third.weight[:, 5] = 0
    found = unit_report(replica, tolerance=1e-10)
    assert found.duplicate_of[0].tolist() == [-1, -1, -1, -1, 1, -1, -1, -1, -1]
    assert found.duplicate_of[1].tolist() == [-1] * 6 + [0]
    assert np.flatnonzero(found.constant[0]).tolist() == [2]
    assert np.flatnonzero(found.silent[0]).tolist() == ([7] if bias else [2, 7])
    assert np.flatnonzero(found.silent[1]).tolist() == ([5] if bias else [3, 5])
    assert [units.tolist() for units in found.kept] == [[0, 1, 3, 5, 6, 8], [0, 1, 2, 4]]
    assert found.reduced.network.hidden_sizes == (6, 4)
    x = inputs_for(net)
    np.testing.assert_allclose(logits(found.reduced, x), logits(replica, x), atol=1e-11)


def test_firing_is_told_sample_by_sample_and_removal_is_exact_on_the_data():
    net = MLP((3, 12, 10, 2))
    replica = networks.initialize(net, rng=5)[0]
    replica.layers[0].bias[:6] -= [9, 9, 1, -9, -9, 0.5]
    replica.layers[1].bias[:2] -= 9
    x = inputs_for(net, n=300)
    found = unit_report(replica, data=Dataset(x, np.zeros(300, dtype=int), n_classes=2))
    values = [naive.activations(net.sizes, "relu", True, replica.weights, row) for row in x]
    for k in range(2):
        fires = np.array([layers[k + 1] for layers in values]) > 0
        np.testing.assert_array_equal(found.never_fires[k], ~fires.any(axis=0))
        np.testing.assert_array_equal(found.always_fires[k], fires.all(axis=0))
        assert found.never_fires[k].sum() >= 2
        assert not found.never_fires[k][found.kept[k]].any()
    assert found.always_fires[0].sum() >= 2
    np.testing.assert_allclose(logits(found.reduced, x), logits(replica, x), atol=1e-12)
    assert unit_report(replica).n_effective == 22


def test_units_fall_one_after_the_other():
    """A unit read only by a silent one is silent; of equal sums only one is left."""
    net = MLP((2, 3, 3, 1), loss="squared_error")
    replica = networks.initialize(net, rng=1)[0]
    first, second, third = replica.layers
    second.weight[1:, 0] = 0  # first unit: read by unit 0 above alone,
    third.weight[0, 0] = 0  # which nobody reads
    second.weight[1] = [0, 2, 0]
    second.weight[2] = [0, 0, 3]
    second.bias[1:] = [0.2, 0.3]
    first.weight[2], first.bias[2] = first.weight[1], first.bias[1]
    found = unit_report(replica)
    assert [units.tolist() for units in found.kept] == [[1], [1]]
    x = inputs_for(net)
    np.testing.assert_allclose(logits(found.reduced, x), logits(replica, x), atol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_layers_without_any_unit_keep_an_idle_one(activation):
    net = MLP((2, 4, 3), activation=activation)
    replica = networks.initialize(net, rng=2)[0]
    replica.layers[0].weight[...] = 0
    found = unit_report(replica)
    assert (found.n_effective, found.reduced.network.sizes) == (0, (2, 1, 3))
    x = inputs_for(net)
    np.testing.assert_allclose(logits(found.reduced, x), logits(replica, x), atol=1e-14)


@pytest.mark.parametrize(
    ("activation", "scale", "is_copy"),
    [("relu", 2.0, True), ("relu", -1.0, False), ("tanh", 2.0, False), ("tanh", 1.0, True),
     ("tanh", -1.0, True), ("identity", -3.0, True)],
)  # fmt: skip
def test_what_counts_as_a_duplicate_depends_on_the_activation(activation, scale, is_copy):
    net = MLP((3, 2, 2), activation=activation, bias=False)
    replica = networks.initialize(net, rng=3)[0]
    replica.layers[0].weight[1] = scale * replica.layers[0].weight[0]
    assert unit_report(replica).n_effective == (1 if is_copy else 2)


def test_single_precision_wants_a_wider_tolerance():
    net = MLP((3, 4, 2))
    replica = networks.initialize(net, dtype=np.float32, rng=4)[0]
    replica.layers[0].weight[1] = np.float32(0.3) * replica.layers[0].weight[0]
    replica.layers[0].bias[1] = np.float32(0.3) * replica.layers[0].bias[0]
    found = unit_report(replica, tolerance=1e-6)
    assert (found.n_effective, found.reduced.weights.dtype) == (3, np.float32)
    assert unit_report(replica).n_effective == 4


def test_reports_speak_survive_a_file_and_refuse(small_data, tmp_path):
    replica = networks.initialize(MLP((4, 5, 3)), rng=6)[0]
    replica.layers[1].weight[:, 0] = 0
    found = unit_report(replica)
    assert str(found) == (
        "4 of 5 hidden units do work: 0 never fire and 0 always do, 0 are constant, "
        "1 have no effect, 0 duplicate another"
    )
    again = io.load(io.save(found, tmp_path / "units.npz"))
    assert repr(again) == repr(found)
    with pytest.raises(ParameterError, match=r"tolerance must lie in \[0, 1\], got -1"):
        unit_report(replica, tolerance=-1)
    signs = networks.initialize(MLP((4, 5, 3), activation="sign"), rng=6)[0]
    with pytest.raises(ParameterError, match="units can be idle, got MLP"):
        unit_report(signs)
