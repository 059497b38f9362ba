"""Curvature operators against matrices written out from their definitions."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from naive import curvature as naive
from naive import networks as slow
from numpy.testing import assert_allclose, assert_array_equal

from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.networks import MLP, Curvature, _packing, curvature, hessian_vector_product
from spinglass_nn.networks import initialize as initial_points

every_loss = pytest.mark.parametrize(
    "loss", ["cross_entropy", "squared_error", "squared_hinge"]
)
every_activation = pytest.mark.parametrize("activation", ["relu", "tanh", "identity"])
shapes = pytest.mark.parametrize(
    ("sizes", "bias"), [((3, 2), True), ((3, 4, 3), False), ((2, 17, 2), True),
                        ((3, 2, 3, 2), True), ((2, 3, 2, 3, 2), False)],
)  # fmt: skip


def dense(case, matrix="hessian", dtype=np.float64, **options):
    operator = Curvature(
        case.net, case.theta.astype(dtype), case.data, matrix=matrix, **options
    )
    return operator.product(np.eye(operator.size, dtype=dtype))


def assert_close(found, expected, tolerance=1e-13):
    assert_allclose(found, expected, rtol=0, atol=tolerance * max(abs(expected).max(), 1e-3))


@shapes
@every_activation
@every_loss
def test_all_matrices_are_those_of_their_definitions(draw_case, sizes, bias, activation, loss):
    case = draw_case(sizes, n=9, activation=activation, bias=bias, loss=loss)
    args = case.net, case.theta, case.inputs, case.labels
    assert_close(dense(case), naive.hessian(*args))
    assert_close(dense(case, "gauss_newton"), naive.gauss_newton(*args))
    assert_close(dense(case, "empirical_fisher"), naive.empirical_fisher(*args))
    assert_close(dense(case, dtype=np.float32), naive.hessian(*args), 1e-5)


@every_activation
@every_loss
def test_hessian_is_gauss_newton_and_the_bends_of_the_network(draw_case, activation, loss):
    case = draw_case((3, 4, 3, 2), n=7, activation=activation, loss=loss, seed=1)
    bends = naive.residual_part(case.net, case.theta, case.inputs, case.labels)
    assert_close(dense(case) - dense(case, "gauss_newton"), bends, 1e-6)


def test_fisher_matrix_of_a_softmax_is_gauss_newton_and_not_the_empirical_one(draw_case):
    case = draw_case((3, 4, 3), n=8, activation="tanh")
    expected = naive.softmax_fisher(case.net, case.theta, case.inputs)
    assert_close(dense(case, "fisher"), expected)
    assert_array_equal(dense(case, "fisher"), dense(case, "gauss_newton"))
    assert abs(dense(case, "empirical_fisher") - expected).max() > 0.01


def test_gauss_newton_of_a_linear_network_is_its_hessian(draw_case):
    case = draw_case((5, 4), n=40)
    assert_close(dense(case, "gauss_newton"), dense(case), 1e-14)


@pytest.mark.parametrize("n_classes", [2, 3, 16, 17, 100])
@pytest.mark.parametrize("n", [1, 2, 127, 129, 1025])
def test_any_number_of_classes_and_samples(draw_case, n_classes, n):
    case = draw_case((3, 5, n_classes), n=n, activation="tanh")
    product = Curvature(case.net, case.theta, case.data).product(case.vector)
    expected = slow.hessian_vector_product(case.net, case.theta, case.vector, *case.arrays)
    assert_close(product, expected, 1e-12)


@pytest.mark.parametrize("matrix", list(_packing.MATRICES))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_vectors_give_the_bits_of_one_and_of_any_threads(draw_case, matrix, dtype):
    case = draw_case((20, 33, 7, 10), n=2100, activation="tanh")
    theta = case.theta.astype(dtype)
    vectors = np.random.default_rng(0).standard_normal((11, theta.size)).astype(dtype)
    operator = Curvature(case.net, theta, case.data, matrix=matrix, n_threads=1)
    together = operator.product(vectors)
    assert together.dtype == dtype
    for row, vector in zip(together, vectors, strict=True):
        assert_array_equal(operator.product(vector), row)
    threaded = Curvature(case.net, theta, case.data, matrix=matrix, n_threads=3)
    assert_array_equal(threaded.product(vectors), together)
    if matrix == "hessian":
        found = hessian_vector_product(case.net, theta, vectors, case.data)
        if dtype == np.float64:
            assert_array_equal(found, together)
        else:  # what the operator keeps of the point was found in float64
            assert_allclose(found, together, rtol=1e-4, atol=1e-5)


def test_what_is_kept_of_the_point_changes_nothing(draw_case, monkeypatch):
    case = draw_case((6, 9, 4), n=3000, activation="tanh")
    kept = Curvature(case.net, case.theta, case.data)
    first = kept.product(case.vector)
    assert_array_equal(kept.product(case.vector), first)
    monkeypatch.setattr(curvature, "HELD_BYTES", 0)
    assert_array_equal(Curvature(case.net, case.theta, case.data).product(case.vector), first)


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_blocks_of_layers(draw_case, layer, bias):
    case = draw_case((3, 4, 2, 3), n=20, bias=bias, activation="tanh")
    mark = np.zeros(case.net.n_parameters)
    part = case.net.layers(mark)[layer]
    part.weight[...] = 1
    if bias:
        part.bias[...] = 1
    own = np.flatnonzero(mark)
    assert_array_equal(dense(case, layer=layer), dense(case)[np.ix_(own, own)])


@pytest.mark.parametrize("scale", [0.0, 1e4])
@every_loss
def test_zero_and_huge_weights_stay_finite(draw_case, scale, loss):
    case = draw_case((4, 6, 3), scale=scale, loss=loss)
    for matrix in ("hessian", "gauss_newton", "empirical_fisher"):
        for dtype in (np.float32, np.float64):
            assert np.isfinite(dense(case, matrix, dtype)).all()


def test_dead_units_have_no_curvature():
    net = MLP((3, 4, 2))
    theta = np.random.default_rng(0).standard_normal(net.n_parameters)
    first = net.layers(theta)[0]
    first.weight[1], first.bias[1] = 0, -1  # silent whatever comes in
    inputs = np.random.default_rng(1).standard_normal((50, 3))
    data = Dataset(inputs, np.arange(50) % 2, n_classes=2)
    mark = np.zeros(net.n_parameters)
    net.layers(mark)[0].weight[1], net.layers(mark)[0].bias[1] = 1, 1
    net.layers(mark)[1].weight[:, 1] = 1
    found = Curvature(net, theta, data).product(np.eye(net.n_parameters))
    dead = mark == 1
    assert not found[dead].any()
    assert found[~dead].any()


def test_bytes_and_real_targets_are_taken_as_they_are():
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 255, (70, 5), dtype=np.uint8)
    net = MLP((5, 4, 2), activation="tanh", loss="squared_error")
    theta = 0.01 * rng.standard_normal(net.n_parameters)
    targets, vector = rng.standard_normal((70, 2)), rng.standard_normal(theta.size)
    expected = slow.hessian_vector_product(net, theta, vector, pixels, None, targets)
    found = Curvature(net, theta, Dataset(pixels.astype(float), None, targets)).product(vector)
    assert_close(found, expected, 1e-12)


def test_bad_input(draw_case):
    case = draw_case((3, 4, 2))
    with pytest.raises(ParameterError, match="matrix must be one of"):
        Curvature(case.net, case.theta, case.data, matrix="hesian")
    with pytest.raises(ParameterError, match="layer must be below 2"):
        Curvature(case.net, case.theta, case.data, layer=2)
    with pytest.raises(ParameterError, match="theta must be one point, got 2 replicas"):
        Curvature(case.net, initial_points(case.net, n_replicas=2), case.data)
    with pytest.raises(ShapeError, match=r"vectors must have shape \(26,\) or \(k, 26\)"):
        Curvature(case.net, case.theta, case.data).product(np.zeros(25))
    with pytest.raises(DataError, match="vectors must be finite"):
        Curvature(case.net, case.theta, case.data).product(np.full(26, np.nan))
    hinge = draw_case((3, 4, 2), loss="squared_hinge")
    with pytest.raises(ParameterError, match="no log-likelihood"):
        Curvature(hinge.net, hinge.theta, hinge.data, matrix="fisher")
    assert repr(Curvature(case.net, case.theta, case.data)).startswith("<hessian of MLP(3-4-2")


NARROW = """
import numpy as np
from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, Curvature
rng = np.random.default_rng(0)
net = MLP((5, 19, 3), activation="tanh")
theta, v = rng.standard_normal((2, net.n_parameters))
data = Dataset(rng.standard_normal((70, 5)), np.arange(70) % 3, n_classes=3)
print(*Curvature(net, theta, data).product(v).tolist())
"""


def test_machines_without_wide_vectors(tmp_path):
    found = []
    for name in ("", "generic"):
        extra = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ""} if name else {}
        done = subprocess.run(
            [sys.executable, "-c", NARROW], capture_output=True, text=True, check=True,
            env={**os.environ, **extra, "NUMBA_CACHE_DIR": str(tmp_path / f"cache{name}")},
        )  # fmt: skip
        found.append(np.array(done.stdout.split(), dtype=float))
    assert_close(found[1], found[0], 1e-13)


def test_units_near_their_kinks_stand_where_float64_has_them():
    """Sums of 32-bit numbers round to either side of zero; the matrix is told which is right."""
    rng = np.random.default_rng(0)
    net = MLP((40, 30, 4))
    theta = initial_points(net, rng=1).weights[0].astype(np.float32)
    inputs = rng.standard_normal((300, 40)).astype(np.float32)
    weight, bias = net.layers(theta)[0]
    for i in range(300):  # move each sample onto the kink of one unit, but for rounding
        w, b = weight[i % 30].astype(float), float(bias[i % 30])
        inputs[i] -= ((inputs[i] @ w + b) / (w @ w) * w).astype(np.float32)
    data = Dataset(inputs, rng.integers(0, 4, 300), n_classes=4)
    vector = rng.standard_normal(net.n_parameters)
    exact = Curvature(net, theta.astype(float), data).product(vector)
    found = Curvature(net, theta, data).product(vector)
    assert_allclose(found, exact, rtol=0, atol=2e-5 * np.abs(exact).max())
