"""Piecewise straight paths through parameter space, with the places where to look."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.symmetries.permutations import Permutation
from spinglass_nn.typing import Float64Array, FloatArray, IntArray


@result()
class Path:
    r"""Straight legs from node to node, and positions on them.

    Position s is read as leg :math:`k = \lfloor s \rfloor` and :math:`t = s - k` on it,

    .. math:: \theta(s) = (1 - t)\, \theta_k + t\, \theta_{k+1}

    Parameters
    ----------
    network : MLP
        Network whose parameters the nodes are.
    nodes : array (n_legs + 1, n_parameters)
        Corners of the path, float32 or float64. They take (n_legs + 1) x n_parameters x 8
        bytes in float64: 65 MB for 100 legs of a 784-100-10 network.
    positions : float64 array (n_points,)
        Where to look, increasing, from 0 to n_legs.
    name : str
        What the path is called in figures.

    Raises
    ------
    ParameterError
        If there are fewer than two nodes, or positions that do not increase or leave the
        path.
    ShapeError
        If the nodes do not fit the network.
    """

    network: MLP
    nodes: FloatArray
    positions: Float64Array
    name: str = "path"

    def __post_init__(self) -> None:
        nodes = np.asarray(self.nodes)
        dtype = nodes.dtype if nodes.dtype in (np.float32, np.float64) else np.float64
        shape = (None, self.network.n_parameters)
        nodes = check.array(nodes, "nodes", shape=shape, dtype=dtype)
        if len(nodes) < 2:
            raise ParameterError(f"nodes must hold at least 2 points, got {len(nodes)}")
        positions = check.array(self.positions, "positions", shape=(None,))
        low, high = positions.min(initial=math.inf), positions.max(initial=-math.inf)
        if not (positions.size and low >= 0 and high <= len(nodes) - 1):
            raise ParameterError(
                f"positions must be numbers from 0 to {len(nodes) - 1}, the number of legs, "
                f"got {positions.size} from {low:g} to {high:g}"
            )
        if not (np.diff(positions) > 0).all():
            raise ParameterError("positions must increase, got two that do not")
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "positions", positions)

    def __repr__(self) -> str:
        return (
            f"<{self.name}: {self.n_legs} legs, {self.positions.size} points, "
            f"length {self.lengths.sum():.4g}>"
        )

    @property
    def n_legs(self) -> int:
        """Number of straight legs."""
        return len(self.nodes) - 1

    @property
    def lengths(self) -> Float64Array:
        """Euclidean length of each leg, (n_legs,)."""
        pairs = zip(self.nodes[:-1], self.nodes[1:], strict=True)
        # no BLAS here: its threads, started for so little work, would cost more than they do
        return np.array(
            [math.sqrt(np.square(end.astype(np.float64) - start).sum()) for start, end in pairs]
        )

    @property
    def distance(self) -> Float64Array:
        """Length of the path up to each position, (n_points,)."""
        lengths = self.lengths
        legs = self.legs
        before = np.concatenate([[0.0], np.cumsum(lengths)])[legs]
        along: Float64Array = before + (self.positions - legs) * lengths[legs]
        return along

    @property
    def legs(self) -> IntArray:
        """The leg each position lies on, (n_points,); a node belongs to the leg it begins."""
        return np.minimum(self.positions.astype(np.int64), self.n_legs - 1)

    def at(self, position: float) -> Replica:
        """The point of the path at one position.

        Parameters
        ----------
        position : float
            From 0 to n_legs; a whole number gives a node exactly.

        Returns
        -------
        Replica
            In the precision of the nodes.
        """
        position = check.within(position, "position", 0, self.n_legs)
        leg = min(int(position), self.n_legs - 1)
        t = position - leg
        weights = (1 - t) * self.nodes[leg] + t * self.nodes[leg + 1]
        return Replica(self.network, weights)


def interpolate(
    a: Replica, b: Replica, *, n_points: int = 21, name: str = "straight line"
) -> Path:
    """The straight line between two points.

    Parameters
    ----------
    a, b : Replica
        Ends, of one network.
    n_points : int
        Points at equal distances, both ends among them; an odd number has the middle.
    name : str
        What the path is called in figures.

    Returns
    -------
    Path
        One leg; in float32 if both ends are.

    Raises
    ------
    ParameterError
        If the ends belong to different networks or ``n_points`` is below 2.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> net = sg.networks.MLP(sizes=(2, 3, 2))
    >>> a, b = sg.networks.initialize(net, n_replicas=2, rng=0)
    >>> interpolate(a, b, n_points=5).positions
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    if a.network != b.network:
        raise ParameterError(
            f"a and b must belong to one network, got {a.network} and {b.network}"
        )
    n_points = check.count(n_points, "n_points", minimum=2)
    return Path(a.network, np.stack([a.weights, b.weights]), np.linspace(0, 1, n_points), name)


def line(
    a: Replica,
    direction: ArrayLike,
    *,
    span: float | tuple[float, float] = 1.0,
    n_points: int = 21,
    name: str = "line",
) -> Path:
    r"""The straight line :math:`\theta + s u` through a point.

    Parameters
    ----------
    a : Replica
        The point :math:`\theta`.
    direction : array (n_parameters,)
        The direction u; it is not normalised, so s counts its lengths.
    span : float or (float, float)
        From which s to which; one number stands for both signs of it.
    n_points : int
        Points at equal distances, both ends among them.
    name : str
        What the path is called in figures.

    Returns
    -------
    Path
        One leg; ``np.linspace(*span, n_points)`` are the values of s.

    Raises
    ------
    ShapeError
        If the direction does not fit the network.
    ParameterError
        If the span is empty.
    """
    u = check.array(direction, "direction", shape=a.weights.shape)
    ends = (-span, span) if isinstance(span, (int, float)) else tuple(span)
    if len(ends) != 2:
        raise ParameterError(f"span must be a number or two, got {span!r}")
    low, high = (check.number(end, "span") for end in ends)
    if not low < high:
        raise ParameterError(f"span must go from a lower to a higher number, got {ends}")
    n_points = check.count(n_points, "n_points", minimum=2)
    nodes = np.stack([a.weights + low * u, a.weights + high * u])
    nodes = nodes.astype(a.weights.dtype, copy=False)
    return Path(a.network, nodes, np.linspace(0, 1, n_points), name)


def swap_chain(
    a: Replica, permutation: Permutation, *, n_points_per_leg: int = 5, name: str = "swaps"
) -> Path:
    """From a point to its permuted copy, one swap of two units a leg.

    Parameters
    ----------
    a : Replica
        Start.
    permutation : Permutation
        The last node is exactly ``permutation.apply(a)``; every node is a permuted copy.
    n_points_per_leg : int
        Points on each leg, both its nodes among them; an odd number has the middle.
    name : str
        What the path is called in figures.

    Returns
    -------
    Path
        ``len(permutation.transpositions())`` legs: units minus cycles.

    Raises
    ------
    ParameterError
        If the permutation moves nothing.
    ShapeError
        If it does not fit the network.
    """
    permutation.apply(a)  # refuses another network's
    swaps = permutation.transpositions()
    if not swaps:
        raise ParameterError("permutation must move at least two units, got the identity")
    nodes = np.empty((len(swaps) + 1, a.weights.size), dtype=a.weights.dtype)
    nodes[0] = a.weights
    for k, (layer, i, j) in enumerate(swaps):
        nodes[k + 1] = nodes[k]
        below, above = a.network.layers(nodes[k + 1])[layer : layer + 2]
        below.weight[[i, j]] = below.weight[[j, i]]
        if below.bias is not None:
            below.bias[[i, j]] = below.bias[[j, i]]
        above.weight[:, [i, j]] = above.weight[:, [j, i]]
    return Path(a.network, nodes, leg_positions(len(swaps), n_points_per_leg), name)


def spare_unit_path(
    a: Replica,
    i: int,
    j: int,
    spare: int,
    *,
    n_points_per_leg: int = 5,
    name: str = "around, by a spare unit",
) -> Path:
    """From a point to its copy with units i and j swapped, by way of a third unit.

    Seven straight legs: the spare unit takes i's input weights, then i's output weights pass
    to it; i takes j's input weights, then j's output weights pass to i; j takes the input
    weights that were i's, then the output weights pass from the spare unit to j; the spare
    unit is restored. If the spare unit has zero output weights the loss is the same all
    along, so the two copies, which a barrier separates on the straight line, are connected.

    Parameters
    ----------
    a : Replica
        Start, of a network with one hidden layer.
    i, j : int
        Hidden units to swap.
    spare : int
        A third hidden unit. If its output weights are not zero they fade on the first leg
        and come back on the last; then the path is as high as the network without it.
    n_points_per_leg : int
        Points on each leg, both its nodes among them.
    name : str
        What the path is called in figures.

    Returns
    -------
    Path
        Seven legs; the last node is exactly the swapped copy.

    Raises
    ------
    ParameterError
        If the network has not one hidden layer, or the units are not three different ones.

    References
    ----------
    Compare the valleys of equal loss between permuted copies in Brea et al. 2019
    (arXiv:1907.02911).
    """
    network = a.network
    if len(network.hidden_sizes) != 1:
        raise ParameterError(f"a must belong to a network with one hidden layer, got {network}")
    size = network.hidden_sizes[0]
    names = ("i", "j", "spare")
    i, j, spare = (
        check.count(unit, name, minimum=0)
        for unit, name in zip((i, j, spare), names, strict=True)
    )
    if len({i, j, spare}) < 3 or max(i, j, spare) >= size:
        raise ParameterError(
            f"i, j and spare must be three different units below {size}, "
            f"got {i}, {j} and {spare}"
        )
    k = spare
    legs: tuple[tuple[Copies, Copies], ...] = (  # input weights, output weights, from where
        (((k, i),), ((k, None),)),
        ((), ((k, i), (i, None))),
        (((i, j),), ()),
        ((), ((i, j), (j, None))),
        (((j, i),), ()),
        ((), ((j, i), (k, None))),
        (((k, k),), ((k, k),)),
    )
    nodes = np.stack([a.weights] * (len(legs) + 1))
    for n, (inputs, outputs) in enumerate(legs):
        nodes[n + 1] = nodes[n]
        _copy_units(a, nodes[n + 1], inputs, outputs)
    return Path(network, nodes, leg_positions(len(legs), n_points_per_leg), name)


Copies: TypeAlias = "tuple[tuple[int, int | None], ...]"


def _copy_units(a: Replica, node: FloatArray, inputs: Copies, outputs: Copies) -> None:
    """Give units of ``node`` the input or output weights of units of ``a``, None for zeros."""
    old, new = a.layers, a.network.layers(node)
    for unit, source in inputs:
        new[0].weight[unit] = old[0].weight[source]
        if new[0].bias is not None and old[0].bias is not None:
            new[0].bias[unit] = old[0].bias[source]
    for unit, source in outputs:
        new[1].weight[:, unit] = 0 if source is None else old[1].weight[:, source]


def leg_positions(n_legs: int, n_points_per_leg: int) -> Float64Array:
    """Equally spaced positions; neighbouring legs share the node between them."""
    n = check.count(n_points_per_leg, "n_points_per_leg", minimum=2) - 1
    return np.arange(n_legs * n + 1) / n
