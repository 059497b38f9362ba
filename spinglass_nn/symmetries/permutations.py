"""Permutations of hidden units: copies of a network that compute the same function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from spinglass_nn._core import check, random
from spinglass_nn._core.random import Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica, Replicas
from spinglass_nn.typing import RNG, IntArray

Points = TypeVar("Points", Replica, Replicas)


@result()
class Permutation:
    r"""One permutation for each hidden layer.

    Unit j of the permuted network is unit ``order[j]`` of the original:

    .. math:: W'^{(l)}_{jk} = W^{(l)}_{\pi_l(j)\, \pi_{l-1}(k)}, \qquad
              b'^{(l)}_j = b^{(l)}_{\pi_l(j)}

    with :math:`\pi` the identity on inputs and outputs. The outputs do not change.

    Parameters
    ----------
    orders : tuple of int64 arrays
        ``order`` of each hidden layer, of shape (units,): each of 0 ... units - 1 once.

    Raises
    ------
    ParameterError
        If an order is not a permutation.

    Examples
    --------
    >>> turn = Permutation((np.array([1, 2, 0, 3]),))
    >>> turn
    <permutation of 4 units, 3 moved>
    >>> turn.cycles()
    (((0, 1, 2),),)
    >>> turn.then(turn.inverse()).n_moved
    0
    """

    orders: tuple[IntArray, ...]

    def __post_init__(self) -> None:
        orders = tuple(_checked(order, f"orders[{k}]") for k, order in enumerate(self.orders))
        object.__setattr__(self, "orders", orders)

    def __repr__(self) -> str:
        return f"<permutation of {self.n_units} units, {self.n_moved} moved>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Permutation) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[bytes, ...]:
        return tuple(order.tobytes() for order in self.orders)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(order.size for order in self.orders)

    @property
    def n_units(self) -> int:
        """Hidden units in all."""
        return sum(self.sizes)

    @property
    def n_moved(self) -> int:
        """Hidden units that do not stay in their place."""
        return sum(int((order != np.arange(order.size)).sum()) for order in self.orders)

    @property
    def fraction_moved(self) -> float:
        """Share of all hidden units that do not stay in their place; 0 where there are none."""
        return self.n_moved / self.n_units if self.n_units else 0.0

    def apply(self, replica: Points) -> Points:
        """The permuted copy of one replica, or of each of several.

        Parameters
        ----------
        replica : Replica or Replicas
            Points of a network with hidden layers of these sizes.

        Returns
        -------
        Replica or Replicas
            The same numbers in another order, so the function is the same to rounding.

        Raises
        ------
        ShapeError
            If the hidden layers have other sizes.
        """
        network = replica.network
        if network.hidden_sizes != self.sizes:
            raise ShapeError(
                f"replica must have hidden layers of {self.sizes} units for this permutation, "
                f"got {network}"
            )
        weights = np.empty_like(replica.weights)
        old, new = replica.layers, network.layers(weights)
        for k, (source, target) in enumerate(zip(old, new, strict=True)):
            weight, bias = source.weight, source.bias
            if k > 0:
                weight = weight[..., self.orders[k - 1]]
            if k < len(self.orders):
                weight = weight[..., self.orders[k], :]
                bias = None if bias is None else bias[..., self.orders[k]]
            target.weight[...] = weight
            if bias is not None and target.bias is not None:
                target.bias[...] = bias
        return type(replica)(network, weights)

    def inverse(self) -> Permutation:
        """The permutation that undoes this one."""
        return Permutation(tuple(np.argsort(order) for order in self.orders))

    def then(self, other: Permutation) -> Permutation:
        """One permutation that does what this one and then the other do.

        ``p.then(q).apply(r)`` equals ``q.apply(p.apply(r))``.

        Raises
        ------
        ShapeError
            If the two belong to different layer sizes.
        """
        if self.sizes != other.sizes:
            raise ShapeError(
                f"other must permute layers of {self.sizes} units, got {other.sizes}"
            )
        pairs = zip(self.orders, other.orders, strict=True)
        return Permutation(tuple(first[second] for first, second in pairs))

    def cycles(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Cycles of length two and more, for each hidden layer.

        Returns
        -------
        tuple over layers of tuples of cycles
            A cycle ``(a, b, c)`` says that place a holds unit b, place b unit c and place c
            unit a; it begins with its smallest unit.
        """
        return tuple(_cycles(order) for order in self.orders)

    def transpositions(self) -> tuple[tuple[int, int, int], ...]:
        """Swaps ``(layer, i, j)`` whose product, first to last, is this permutation.

        Returns
        -------
        tuple of (int, int, int)
            As few as can be: for each layer its units minus its cycles, units that stay
            counted as cycles.
        """
        return tuple(
            (layer, cycle[k], cycle[k + 1])
            for layer, cycles in enumerate(self.cycles())
            for cycle in cycles
            for k in range(len(cycle) - 1)
        )


def _checked(order: IntArray, name: str) -> IntArray:
    values = np.array(order)
    if values.ndim != 1 or values.dtype.kind not in "iu" or values.size == 0:
        raise ParameterError(f"{name} must be a row of integers, got {order!r}")
    if not np.array_equal(np.sort(values), np.arange(values.size)):
        raise ParameterError(
            f"{name} must hold each of 0 ... {values.size - 1} once, got {values}"
        )
    values = values.astype(np.int64)
    values.flags.writeable = False
    return values


def _cycles(order: IntArray) -> tuple[tuple[int, ...], ...]:
    found, seen = [], np.zeros(order.size, dtype=bool)
    for first in range(order.size):
        cycle, unit = [], first
        while not seen[unit]:
            seen[unit] = True
            cycle.append(unit)
            unit = int(order[unit])
        if len(cycle) > 1:
            found.append(tuple(cycle))
    return tuple(found)


def identity(net: MLP) -> Permutation:
    """The permutation that moves nothing.

    Parameters
    ----------
    net : MLP
        Network whose hidden units it leaves in place.

    Returns
    -------
    Permutation
        Of all hidden layers.
    """
    return Permutation(tuple(np.arange(size) for size in net.hidden_sizes))


def swap(net: MLP, layer: int, i: int, j: int) -> Permutation:
    """The permutation that swaps two units of one hidden layer.

    Parameters
    ----------
    net : MLP
        Network.
    layer : int
        Hidden layer, counted from 0.
    i, j : int
        Two different units of it.

    Returns
    -------
    Permutation
        Of all hidden layers; its own inverse.

    Raises
    ------
    ParameterError
        If there is no such layer or unit, or the units are the same.
    """
    layer = check.count(layer, "layer", minimum=0)
    if layer >= len(net.hidden_sizes):
        raise ParameterError(
            f"layer must be below {len(net.hidden_sizes)}, the hidden layers of {net}, "
            f"got {layer}"
        )
    size = net.hidden_sizes[layer]
    i, j = check.count(i, "i", minimum=0), check.count(j, "j", minimum=0)
    if i == j or max(i, j) >= size:
        raise ParameterError(
            f"i and j must be two different units below {size}, got {i} and {j}"
        )
    orders = [np.arange(n) for n in net.hidden_sizes]
    orders[layer][[i, j]] = [j, i]
    return Permutation(tuple(orders))


def _uniform(units: IntArray, generator: np.random.Generator) -> IntArray:
    return generator.permutation(units)


def _cycle(units: IntArray, generator: np.random.Generator) -> IntArray:
    ring = generator.permutation(units)
    order = np.empty_like(units)
    order[np.searchsorted(units, ring)] = np.roll(ring, -1)
    return order


def _involution(units: IntArray, generator: np.random.Generator) -> IntArray:
    ring = generator.permutation(units)
    half = units.size // 2
    order = units.copy()
    left, right = ring[:half], ring[half : 2 * half]
    order[np.searchsorted(units, left)] = right
    order[np.searchsorted(units, right)] = left
    return order


KINDS: dict[str, Callable[[IntArray, np.random.Generator], IntArray]] = {
    "uniform": _uniform,
    "cycle": _cycle,
    "involution": _involution,
}


def random_permutation(
    net: MLP,
    *,
    fraction: float = 1.0,
    kind: str = "uniform",
    index: int = 0,
    rng: RNG = None,
) -> Permutation:
    """Draw a permutation of all hidden layers, or of a random part of each.

    Parameters
    ----------
    net : MLP
        Network whose hidden units are permuted.
    fraction : float
        Share f of the M units of each hidden layer that take part, a random
        k = round(f M) of them; 0 gives the identity. Layers of one unit stay as they are.
    kind : {"uniform", "cycle", "involution"}
        ``"uniform"``: every order of the k units equally likely, so that one of them stays
        in place on average. ``"cycle"``: one cycle, which moves exactly k units.
        ``"involution"``: k/2 disjoint swaps of random pairs (an odd unit stays); its own
        inverse.
    index : int
        Number of the draw: the same ``rng`` gives another permutation for each.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    Permutation
        Of all hidden layers.

    Raises
    ------
    ParameterError
        If a fraction above zero leaves fewer than two units of a layer to take part.

    Examples
    --------
    >>> net = MLP(sizes=(784, 32, 10))
    >>> random_permutation(net, fraction=0.25, kind="cycle", rng=0)
    <permutation of 32 units, 8 moved>
    """
    fraction = check.within(fraction, "fraction", 0, 1)
    check.choice(kind, "kind", KINDS)
    index = check.count(index, "index", minimum=0)
    if fraction == 0:
        return identity(net)
    generator = random.seed_of(rng).generator(Stream.PERMUTATIONS, index)
    orders = []
    for size in net.hidden_sizes:
        order = np.arange(size)
        if size > 1:
            units = np.sort(generator.choice(size, _n_moved(fraction, size), replace=False))
            order[units] = KINDS[kind](units, generator)
        orders.append(order)
    return Permutation(tuple(orders))


def _n_moved(fraction: float, size: int) -> int:
    n_moved = round(fraction * size)
    if n_moved < 2:
        raise ParameterError(
            f"fraction must be 0 or let at least 2 units take part, got {fraction:g} "
            f"of a layer of {size} units, which is {n_moved}"
        )
    return n_moved


def same_network(points: Sequence[Replica], names: str) -> MLP:
    """The network that all points share.

    Raises
    ------
    ParameterError
        If they belong to different networks.
    """
    network = points[0].network
    for point in points[1:]:
        if point.network != network:
            raise ParameterError(
                f"{names} must belong to one network, got {network} and {point.network}"
            )
    return network
