"""One representative for all permuted and rescaled copies of a network."""

from __future__ import annotations

import itertools
from functools import cmp_to_key

import numpy as np

from spinglass_nn.networks.mlp import Layer
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.symmetries.permutations import Permutation
from spinglass_nn.symmetries.rescaling import HOMOGENEOUS, balance
from spinglass_nn.typing import Float64Array, IntArray

TIE = 1e-9  # relative difference below which two numbers count as equal


def canonical(replica: Replica) -> Replica:
    r"""The representative of a network's class under permutations and positive rescaling.

    .. math:: \mathrm{canonical}(\pi\, s\, \theta) = \mathrm{canonical}(\theta)

    to rounding. Networks with ReLU or identity are brought into the balanced gauge, dead
    units (no inputs, or no outputs) to zero, where their rescaled copies end. Then hidden
    layers are put in order, from below: by falling norm of a unit's input weights and bias;
    among equal norms by the input weights one by one, the bias, and the output weights.
    Sign flips, which tanh and the identity allow too, are left as they are.

    *Where it is ill-conditioned.* The order jumps where two norms meet: a small change of the
    weights can swap two units of nearly the same norm, and so the forms of two near networks
    can lie far apart, the more often the wider the layers. It tells whether two networks
    are copies; for distances, match pair by pair (`match`, `match_pairs`).

    Parameters
    ----------
    replica : Replica
        Point of any network.

    Returns
    -------
    Replica
        A copy that computes the same function, in the precision of ``replica``.

    Raises
    ------
    NotConverged
        If a deep network is not balanced after the allowed number of passes.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> net = sg.networks.MLP(sizes=(4, 6, 3))
    >>> theta = sg.networks.initialize(net, rng=0)[0]
    >>> copy = sg.symmetries.random_permutation(net, rng=1).apply(theta)
    >>> copy = sg.symmetries.rescale(copy, [np.linspace(0.5, 2, 6)])
    >>> bool(np.allclose(canonical(copy).weights, canonical(theta).weights))
    True
    """
    network = replica.network
    point = Replica(network, replica.weights.astype(np.float64))
    if network.activation in HOMOGENEOUS:
        _bury(point.layers)
        point = balance(point)
    for k, size in enumerate(network.hidden_sizes):
        orders = [np.arange(n) for n in network.hidden_sizes]
        orders[k] = _order(point.layers, k, size)
        point = Permutation(tuple(orders)).apply(point)
    return Replica(network, point.weights.astype(replica.weights.dtype))


def _bury(layers: tuple[Layer, ...]) -> None:
    """Set dead units to zero, in place, and those that die with them."""
    changed = True
    while changed:
        changed = False
        for layer, above in itertools.pairwise(layers):
            inputs = layer.weight.any(axis=1)
            if layer.bias is not None:
                inputs |= layer.bias != 0
            outputs = above.weight.any(axis=0)
            dead = inputs ^ outputs  # one side is left
            layer.weight[dead] = 0
            above.weight[:, dead] = 0
            if layer.bias is not None:
                layer.bias[dead] = 0
            changed |= bool(dead.any())


def _order(layers: tuple[Layer, ...], k: int, size: int) -> IntArray:
    """Units of hidden layer k by what no permutation of layers above can change."""
    weight, above = layers[k].weight, layers[k + 1].weight.T
    bias = layers[k].bias
    inputs = weight if bias is None else np.column_stack([weight, bias])
    # the layer above has no order yet, unless it is the output
    outputs = above if k + 2 == len(layers) else np.sort(above, axis=1)
    keys: Float64Array = np.column_stack([-np.linalg.norm(inputs, axis=1), inputs, outputs])
    tolerance = TIE * np.abs(keys).max(initial=0.0)

    def compare(i: int, j: int) -> int:
        difference = keys[i] - keys[j]
        unlike = difference[np.abs(difference) > tolerance]
        return int(np.sign(unlike[0])) if unlike.size else 0

    return np.array(sorted(range(size), key=cmp_to_key(compare)), dtype=np.int64)
