"""The engine of losses against the definition, over shapes that fit no vector."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from naive import families as naive
from naive import networks as naive_networks

from spinglass_nn import networks
from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, _affine, _blocks

LOSSES = ["cross_entropy", "squared_error", "squared_hinge"]
ROOT = Path(__file__).resolve().parents[2]


def drawn(net, n, *, n_vectors=3, seed=0, dtype=np.float64, gain=2.0):
    rng = np.random.default_rng(seed)
    n_classes = max(2, net.sizes[-1])
    data = Dataset(
        rng.standard_normal((n, net.sizes[0])).astype(dtype),
        rng.integers(0, n_classes, n),
        n_classes=n_classes,
    )
    vectors = networks.initialize(net, n_replicas=n_vectors, gain=gain, rng=rng, dtype=dtype)
    weights = vectors.weights + 0.3 * rng.standard_normal(vectors.weights.shape).astype(dtype)
    return data, weights


def found(net, vectors, coefficients, data, n_threads=1, **options):
    source = _blocks.source(net, data, vectors.dtype)
    terms = _affine.from_matrix(np.asarray(coefficients, dtype=float))
    sums = _affine.sums(net, vectors, terms, [source], n_threads, **options)
    return sums[0] / source.n_samples


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["relu", "tanh", "identity", "sign"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("hidden", [(), (1,), (13,), (17, 3), (5, 33, 11)])
def test_mixtures_equal_the_definition(hidden, bias, activation, loss):
    net = MLP((3, *hidden, 5), activation=activation, bias=bias, loss=loss)
    data, vectors = drawn(net, 71, n_vectors=5)
    rows = np.random.default_rng(1).standard_normal((6, 5)) / 2
    rows[0] = 1, 0, 0, 0, 0
    rows[1, [0, 3, 4]] = 0
    rows[2, :3], rows[2, 3:] = (0.2, 0.3, 0.5), 0
    rows[5] = 0  # the zero vector: all outputs are equal, and the first class wins
    expected = naive.losses(net, vectors, rows, data.inputs, data.labels)
    np.testing.assert_allclose(
        found(net, vectors, rows, data), expected, rtol=1e-11, atol=1e-12
    )


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 63, 64, 65, 257])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_samples(n, dtype):
    net = MLP((4, 9, 3))
    data, vectors = drawn(net, n, dtype=dtype)
    rows = [[1, 0.5, -0.25], [0, 1, 0]]
    expected = naive.losses(net, vectors, np.array(rows), data.inputs, data.labels)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(found(net, vectors, rows, data), expected, rtol=tolerance)


@pytest.mark.parametrize("n_classes", [2, 3, 7, 10, 11, 12, 13, 25, 64, 100])
@pytest.mark.parametrize("loss", LOSSES)
def test_any_number_of_classes(n_classes, loss):
    net = MLP((4, 6, n_classes), loss=loss)
    data, vectors = drawn(net, 40)
    rows = np.array([[1, 0, 0], [0.3, 0.3, 0.4]])
    expected = naive.losses(net, vectors, rows, data.inputs, data.labels)
    np.testing.assert_allclose(found(net, vectors, rows, data), expected, rtol=1e-11)


@pytest.mark.parametrize("loss", ["squared_error", "squared_hinge"])
def test_one_output_and_real_targets(loss):
    net = MLP((4, 6, 1), loss=loss)
    data, vectors = drawn(net, 50)
    rows = np.array([[1, 0, 0], [0.3, 0.3, 0.4]])
    expected = naive.losses(net, vectors, rows, data.inputs, data.labels)
    np.testing.assert_allclose(found(net, vectors, rows, data), expected, rtol=1e-11)
    net = MLP((4, 6, 3), loss="squared_error")
    targets = np.random.default_rng(0).standard_normal((50, 3))
    data, vectors = Dataset(data.inputs, None, targets=targets), drawn(net, 1)[1]
    expected = naive.losses(net, vectors, rows, data.inputs, None, targets)
    got = found(net, vectors, rows, data)
    np.testing.assert_allclose(got[:, 0], expected[:, 0], rtol=1e-11)
    assert not got[:, 1].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_and_zero_weights_stay_finite(dtype):
    net = MLP((4, 9, 3))
    data, vectors = drawn(net, 70, dtype=dtype)
    rows = np.array([[1e6, 0, 0], [0, 0, 0], [1e-6, 0, 0]])
    expected = naive.losses(net, vectors, rows, data.inputs, data.labels)
    got = found(net, vectors, rows, data)
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_tiny_losses_keep_their_digits():
    """In float32, where 1 + r would lose r: the loss is log(1 + r) of r itself."""
    net = MLP((2, 2), bias=False)
    data = Dataset(np.ones((20, 2), np.float32), np.zeros(20, np.int64), n_classes=2)
    for gap in (5.0, 20.0, 40.0):
        theta = np.array([gap / 2, gap / 2, 0, 0], dtype=np.float32)
        assert networks.loss(net, theta, data) == pytest.approx(
            np.log1p(np.exp(-gap)), rel=1e-6
        )


def test_dead_units_and_ties():
    net = MLP((4, 9, 3))
    data, vectors = drawn(net, 70)
    vectors[0, : 9 * 4] = 0
    vectors[0, 9 * 4 : 10 * 4 + 5] = -1  # all units are dead: outputs are biases
    expected = naive.losses(net, vectors[:1], [[1.0]], data.inputs, data.labels)
    np.testing.assert_allclose(found(net, vectors[:1], [[1.0]], data), expected, rtol=1e-12)


def test_shared_units_and_pieces_change_no_bit(monkeypatch):
    net = MLP((4, 9, 6, 3))
    data, vectors = drawn(net, 300, dtype=np.float32)
    order = np.random.default_rng(2).permutation(9)
    copy = vectors[0].copy()
    for layer, old in zip(net.layers(copy)[:1], net.layers(vectors[0])[:1], strict=True):
        layer.weight[:], layer.bias[:] = old.weight[order], old.bias[order]
    vectors = np.concatenate([vectors, copy[None]])
    rows = np.random.default_rng(3).standard_normal((40, 4))
    rows[:20, 1:3] = 0
    family = _affine.pack_family(net, vectors, _affine.from_matrix(rows), True)
    assert family.biases.size == 3 * 9
    whole = found(net, vectors, rows, data)
    np.testing.assert_array_equal(found(net, vectors, rows, data, shared=False), whole)
    np.testing.assert_array_equal(found(net, vectors, rows, data, n_threads=3), whole)
    monkeypatch.setattr(_affine, "MOST_UNITS", 9)
    monkeypatch.setattr(_affine, "MOST_POINTS", 7)
    np.testing.assert_array_equal(found(net, vectors, rows, data, n_threads=2), whole)
    alone = [found(net, vectors, rows[k : k + 1], data)[0] for k in range(40)]
    np.testing.assert_array_equal(alone, whole)


@pytest.mark.parametrize("hidden", [(), (13,), (17, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_equal_the_definition(hidden, dtype):
    net = MLP((4, *hidden, 3), activation="tanh")
    data, vectors = drawn(net, 300, dtype=dtype)
    expected = [naive_networks.logits(net, v.astype(np.float64), data.inputs) for v in vectors]
    got = networks.logits(net, vectors, data, n_threads=2)
    assert got.dtype == dtype
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def test_inputs_of_another_precision_or_order():
    net = MLP((4, 9, 3))
    data, vectors = drawn(net, 600)
    expected = found(net, vectors, [[1, 0, 0]], data)
    for inputs in (np.asfortranarray(data.inputs), np.repeat(data.inputs, 2, axis=0)[::2]):
        other = Dataset(inputs, data.labels, n_classes=3)
        np.testing.assert_array_equal(found(net, vectors, [[1, 0, 0]], other), expected)
    single = Dataset(data.inputs.astype(np.float32), data.labels, n_classes=3)
    np.testing.assert_allclose(found(net, vectors, [[1, 0, 0]], single), expected, atol=1e-6)


@pytest.mark.parametrize("features", ["", "+sse2", "+sse2,+avx,+avx2,+fma"])
def test_narrow_machines_compute_the_same(features, tmp_path):
    code = (
        "import numpy as np\n"
        "from spinglass_nn import networks as n\n"
        "from spinglass_nn.datasets import Dataset\n"
        "rng = np.random.default_rng(0)\n"
        "net = n.MLP((5, 9, 4, 11))\n"
        "d = Dataset(rng.standard_normal((90, 5)), rng.integers(0, 11, 90), n_classes=11)\n"
        "theta = n.initialize(net, n_replicas=2, gain=2, rng=1).weights\n"
        "print(*n.loss(net, theta, d, n_threads=1))\n"
    )
    machine = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": features} if features else {}
    env = os.environ | machine | {"PYTHONPATH": str(ROOT)}
    if features:
        env["NUMBA_CACHE_DIR"] = str(tmp_path)
    out = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    rng = np.random.default_rng(0)
    net = MLP((5, 9, 4, 11))
    data = Dataset(rng.standard_normal((90, 5)), rng.integers(0, 11, 90), n_classes=11)
    theta = networks.initialize(net, n_replicas=2, gain=2, rng=1).weights
    expected = naive.losses(net, theta, np.eye(2), data.inputs, data.labels)[:, 0]
    np.testing.assert_allclose([float(x) for x in out.stdout.split()], expected, rtol=1e-12)
