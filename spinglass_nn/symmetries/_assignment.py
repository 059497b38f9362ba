"""Matching by assignment: one layer after the other, each exactly with its neighbours held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from spinglass_nn.networks.mlp import Layer
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.typing import Float64Array, IntArray

GAIN = 1e-12  # relative gain below which a better assignment is taken for rounding

Layers = Sequence[Layer]


class Pair(NamedTuple):
    """Two points, and what the inner products of their units owe to nobody's order.

    Parameters
    ----------
    a, b : sequence of Layer
        Layers in float64.
    fixed : list over hidden layers of float64 arrays (units, units)
        Inner products of a's and b's units over inputs, biases and outputs of the network.
    norm : float
        Product of the lengths of a and b.
    """

    a: Layers
    b: Layers
    fixed: list[Float64Array]
    norm: float


def pair_of(a: Replica, b: Replica) -> Pair:
    """Two points of one network in float64, ready to be matched."""
    layers_a, layers_b = a.layers, b.layers
    fixed = [np.zeros((size, size)) for size in a.network.hidden_sizes]
    if fixed:
        fixed[0] += layers_a[0].weight @ layers_b[0].weight.T
    for total, one, other in zip(fixed, layers_a, layers_b, strict=False):
        if one.bias is not None and other.bias is not None:
            total += np.outer(one.bias, other.bias)
    if fixed:
        fixed[-1] += layers_a[-1].weight.T @ layers_b[-1].weight
    return Pair(layers_a, layers_b, fixed, a.norm * b.norm)


def descend(
    pair: Pair, orders: list[IntArray], generator: np.random.Generator | None
) -> list[IntArray]:
    """Assign layer after layer (from below, or in random turns) until nothing gains."""
    gained = True
    while gained:
        gained = False
        turns = np.arange(len(orders))
        if generator is not None:
            turns = generator.permutation(turns)
        for k in turns:
            order = assign(gram(pair, orders, int(k)), orders[k], GAIN * pair.norm)
            gained |= order is not orders[k]
            orders[k] = order
        gained &= len(orders) > 1
    return orders


def gram(pair: Pair, orders: Sequence[IntArray], k: int) -> Float64Array:
    """Inner products of a's and b's units in hidden layer k, b's neighbours in order."""
    total = pair.fixed[k].copy()
    if k > 0:
        total += pair.a[k].weight @ pair.b[k].weight[:, orders[k - 1]].T
    if k + 1 < len(orders):
        total += pair.a[k + 1].weight.T @ pair.b[k + 1].weight[orders[k + 1]]
    return total


def assign(similar: Float64Array, current: IntArray, least_gain: float) -> IntArray:
    """The best order for a matrix of similarities; the current one unless it gains."""
    rows, order = linear_sum_assignment(similar, maximize=True)
    if similar[rows, order].sum() - similar[rows, current].sum() <= least_gain:
        return current
    return np.asarray(order, dtype=np.int64)


def inner_product(pair: Pair, orders: Sequence[IntArray]) -> float:
    """Inner product of a and the permuted b."""
    total = 0.0
    for k, (one, other) in enumerate(zip(pair.a, pair.b, strict=True)):
        weight = other.weight if k == 0 else other.weight[:, orders[k - 1]]
        bias = other.bias
        if k < len(orders):
            weight = weight[orders[k]]
            bias = None if bias is None else bias[orders[k]]
        total += float(np.vdot(one.weight, weight))
        if one.bias is not None and bias is not None:
            total += float(np.vdot(one.bias, bias))
    return total
