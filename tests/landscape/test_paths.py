from __future__ import annotations

import numpy as np
import pytest
from naive import curves as naive

from spinglass_nn import io, networks
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.landscape import Path, interpolate, line, spare_unit_path, swap_chain
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.symmetries import identity, random_permutation

NET = MLP((4, 6, 3))
DEEP = MLP((4, 3, 3, 3))


@pytest.fixture
def ends():
    return networks.initialize(NET, n_replicas=2, rng=1)


def test_interpolation_is_the_straight_line(ends):
    a, b = ends
    path = interpolate(a, b, n_points=5)
    assert (path.n_legs, path.nodes.shape) == (1, (2, NET.n_parameters))
    for t in path.positions:
        np.testing.assert_allclose(
            path.at(t).weights, a.weights + t * (b.weights - a.weights), atol=1e-15
        )
    np.testing.assert_array_equal(path.at(0).weights, a.weights)
    np.testing.assert_array_equal(path.at(1).weights, b.weights)
    length = np.linalg.norm(b.weights - a.weights)
    np.testing.assert_allclose(path.distance, path.positions * length)


def test_line_runs_both_ways_through_its_point(ends):
    a, u = ends[0], ends[1].weights
    path = line(a, u, span=0.5, n_points=3)
    np.testing.assert_allclose(path.at(0).weights, a.weights - 0.5 * u)
    np.testing.assert_allclose(path.at(0.5).weights, a.weights, atol=1e-15)
    path = line(a, u, span=(-1, 2), n_points=4)
    np.testing.assert_allclose(path.at(1).weights, a.weights + 2 * u)
    single = Replica(NET, a.weights.astype(np.float32))
    assert line(single, u).nodes.dtype == np.float32


@pytest.mark.parametrize("net", [NET, MLP((4, 6, 5, 3), bias=False)], ids=str)
def test_swap_chain_ends_at_the_permuted_copy_one_swap_a_leg(net):
    a = networks.initialize(net, rng=2)[0]
    permutation = random_permutation(net, rng=3)
    path = swap_chain(a, permutation, n_points_per_leg=3)
    swaps = permutation.transpositions()
    assert path.n_legs == len(swaps)
    assert path.positions.size == 2 * len(swaps) + 1
    np.testing.assert_array_equal(path.nodes[0], a.weights)
    np.testing.assert_array_equal(path.nodes[-1], permutation.apply(a).weights)
    for k in range(path.n_legs):
        np.testing.assert_array_equal(np.sort(path.nodes[k]), np.sort(a.weights))
    if len(net.hidden_sizes) == 1:
        theta = a.weights
        for k, (_, i, j) in enumerate(swaps):
            theta = naive.swapped(theta, net.sizes, net.bias, i, j)
            np.testing.assert_array_equal(path.nodes[k + 1], theta)


@pytest.mark.parametrize("bias", [True, False])
def test_spare_unit_path_ends_at_the_swapped_copy(bias):
    net = MLP((4, 6, 3), bias=bias)
    a = networks.initialize(net, rng=4)[0]
    for i, j, spare in ((0, 3, 5), (5, 1, 0), (2, 4, 3)):
        path = spare_unit_path(a, i, j, spare)
        assert path.n_legs == 7
        np.testing.assert_array_equal(
            path.nodes[-1], naive.swapped(a.weights, net.sizes, bias, i, j)
        )


def test_legs_and_distances_of_a_bent_path():
    nodes = np.zeros((3, NET.n_parameters))
    nodes[1, 0], nodes[2, :2] = 3, (3, 4)
    path = Path(NET, nodes, np.array([0, 0.5, 1, 1.25, 2]))
    np.testing.assert_array_equal(path.legs, [0, 0, 1, 1, 1])
    np.testing.assert_allclose(path.distance, [0, 1.5, 3, 4, 7])
    np.testing.assert_allclose(path.lengths, [3, 4])
    assert repr(path) == "<path: 2 legs, 5 points, length 7>"


def test_path_survives_a_file(tmp_path, ends):
    path = interpolate(*ends, n_points=4, name="ends")
    again = io.load(io.save(path, tmp_path / "path.npz"))
    np.testing.assert_array_equal(again.nodes, path.nodes)
    assert again.name == "ends"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda a, b: interpolate(a, networks.initialize(MLP((4, 5, 3)), rng=0)[0]),
            ParameterError,
            "a and b must belong to one network",
        ),
        (
            lambda a, b: interpolate(a, b, n_points=1),
            ParameterError,
            "n_points must be at least 2",
        ),
        (lambda a, b: line(a, np.ones(3)), ShapeError, r"direction must have shape \(51,\)"),
        (
            lambda a, b: line(a, b.weights, span=(1, 1)),
            ParameterError,
            "from a lower to a higher",
        ),
        (lambda a, b: line(a, b.weights, span=(1, 2, 3)), ParameterError, "a number or two"),
        (lambda a, b: swap_chain(a, identity(NET)), ParameterError, "got the identity"),
        (
            lambda a, b: swap_chain(a, random_permutation(MLP((4, 5, 3)), rng=0)),
            ShapeError,
            r"hidden layers of \(5,\) units",
        ),
        (
            lambda a, b: spare_unit_path(a, 0, 1, 1),
            ParameterError,
            "three different units below 6, got 0, 1 and 1",
        ),
        (
            lambda a, b: spare_unit_path(a, 0, 1, 6),
            ParameterError,
            "three different units below 6",
        ),
        (
            lambda a, b: spare_unit_path(networks.initialize(DEEP, rng=0)[0], 0, 1, 2),
            ParameterError,
            "one hidden layer",
        ),
        (
            lambda a, b: Path(NET, a.weights[None], np.zeros(1)),
            ParameterError,
            "at least 2 points",
        ),
        (
            lambda a, b: Path(NET, np.ones((2, 3)), np.zeros(1)),
            ShapeError,
            "nodes must have shape",
        ),
        (
            lambda a, b: interpolate(a, b).at(1.5),
            ParameterError,
            r"position must lie in \[0, 1\]",
        ),
        (
            lambda a, b: Path(NET, np.zeros((2, 51)), np.array([0, 2.0])),
            ParameterError,
            "from 0 to 1, the number of legs",
        ),
        (lambda a, b: Path(NET, np.zeros((2, 51)), np.zeros(0)), ParameterError, "got 0"),
        (
            lambda a, b: Path(NET, np.zeros((2, 51)), np.array([0.5, 0.5])),
            ParameterError,
            "positions must increase",
        ),
    ],
)
def test_errors_say_what_is_wrong(ends, call, error, message):
    with pytest.raises(error, match=message):
        call(*ends)
