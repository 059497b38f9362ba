"""Matching: the permutation that brings one network's hidden units next to another's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.random import Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import _blocks, _kernels
from spinglass_nn.networks.mlp import MLP, Layer
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.symmetries.permutations import (
    Permutation,
    Points,
    identity,
    random_permutation,
    same_network,
)
from spinglass_nn.typing import RNG, Float64Array, FloatArray, IntArray, LabelledData

METHODS = ("weights", "activations")
_GAIN = 1e-12  # relative gain below which a better assignment is taken for rounding

Layers = Sequence[Layer]


@result()
class Match:
    """The permutation of network b that makes it most similar to network a.

    Parameters
    ----------
    permutation : Permutation
        To be applied to b.
    similarity_before, similarity_after : float
        Of a and b, and of a and the permuted b, from -1 to 1: for ``"weights"`` the cosine
        of the two parameter vectors, for ``"activations"`` the correlation of matched hidden
        units over the data, averaged over units.
    method : str
        What was compared.
    exact : bool
        Whether no permutation is more similar (one hidden layer, or activations), or the
        best of several searches was taken.
    restarts : float64 array (n_restarts,)
        Similarity each search reached; the first began at the identity.
    """

    permutation: Permutation
    similarity_before: float
    similarity_after: float
    method: str
    exact: bool
    restarts: Float64Array

    @property
    def spread(self) -> float:
        """Best minus worst similarity that the searches reached."""
        return float(self.restarts.max() - self.restarts.min())

    def apply(self, replica: Points) -> Points:
        """The matched copy of b (or of others that are to follow it)."""
        return self.permutation.apply(replica)


def match(
    a: Replica,
    b: Replica,
    *,
    method: str = "weights",
    data: LabelledData | None = None,
    n_restarts: int = 5,
    rng: RNG = None,
) -> Match:
    r"""Find the permutation of b's hidden units that makes b most similar to a.

    With ``method="weights"`` it maximises the inner product of the parameter vectors, which
    minimises their distance:

    .. math:: \max_\pi \sum_l \langle W_a^{(l)}, P_l W_b^{(l)} P_{l-1}^T \rangle
              + \langle b_a^{(l)}, P_l b_b^{(l)} \rangle

    With one hidden layer this is one linear assignment problem on
    :math:`(w_j, b_j, a_{\cdot j})` and the answer is exact. With more, the layers are
    assigned in turn, each exactly with its neighbours held, until nothing gains; this finds
    a local maximum, so it is repeated from random permutations and the best is returned.

    With ``method="activations"`` each layer's units are assigned by the correlation of
    their activations over ``data``; layers do not depend on each other.

    Parameters
    ----------
    a, b : Replica
        Points of one network.
    method : {"weights", "activations"}
        What is compared.
    data : Dataset, optional
        Inputs for ``"activations"``.
    n_restarts : int
        Searches in networks with two hidden layers or more: the first from the identity,
        search k from the k-th random permutation.
    rng : Generator, SeedSequence, int or None
        Seed of the further searches.

    Returns
    -------
    Match
        Permutation to apply to b, and similarity before and after; never worse than before.

    Raises
    ------
    ParameterError
        If the points belong to different networks, or the data are missing.

    References
    ----------
    Ainsworth, Hayase and Srinivasa 2023 (arXiv:2209.04836), matching by weights and by
    activations.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> net = sg.networks.MLP(sizes=(5, 8, 3))
    >>> a = sg.networks.initialize(net, rng=0)[0]
    >>> hidden = sg.symmetries.random_permutation(net, rng=1)
    >>> found = match(a, hidden.apply(a))
    >>> found.permutation == hidden.inverse(), round(found.similarity_after, 12)
    (True, 1.0)
    """
    network = same_network((a, b), "a and b")
    check.choice(method, "method", METHODS)
    n_restarts = check.count(n_restarts, "n_restarts")
    with threads.one_blas_thread():
        if method == "activations":
            return _match_activations(network, a, b, data)
        return _match_weights(network, a, b, n_restarts, rng)


def _match_weights(network: MLP, a: Replica, b: Replica, n_restarts: int, rng: RNG) -> Match:
    layers_a, layers_b = _as_float64(a), _as_float64(b)
    norm = a.norm * b.norm
    exact = len(network.hidden_sizes) <= 1
    seed = random.seed_of(rng)
    starts = [identity(network)]
    for k in range(1, 1 if exact else n_restarts):
        starts.append(random_permutation(network, rng=seed.generator(Stream.MATCHING, k, 0)))
    found, values = [], []
    for k, start in enumerate(starts):
        generator = None if k == 0 else seed.generator(Stream.MATCHING, k, 1)
        orders, value = _search(layers_a, layers_b, list(start.orders), norm, generator)
        found.append(orders)
        values.append(value)
    best = int(np.argmax(values))
    scale = norm if norm > 0 else 1.0
    return Match(
        permutation=Permutation(tuple(found[best])),
        similarity_before=_inner(layers_a, layers_b, starts[0].orders) / scale,
        similarity_after=values[best] / scale,
        method="weights",
        exact=exact,
        restarts=np.array(values) / scale,
    )


def _as_float64(replica: Replica) -> Layers:
    return replica.network.layers(replica.weights.astype(np.float64))


def _search(
    a: Layers,
    b: Layers,
    orders: list[IntArray],
    norm: float,
    generator: np.random.Generator | None,
) -> tuple[list[IntArray], float]:
    """Assign layer after layer (from below, or in random turns) until nothing gains."""
    gained = True
    while gained:
        gained = False
        turns = np.arange(len(orders))
        if generator is not None:
            turns = generator.permutation(turns)
        for k in turns:
            gram = _gram(a, b, orders, int(k))
            order = _assign(gram, orders[k], _GAIN * norm)
            gained |= order is not orders[k]
            orders[k] = order
        gained &= len(orders) > 1
    return orders, _inner(a, b, orders)


def _permuted(layer: Layer, orders: Sequence[IntArray], k: int) -> FloatArray:
    """Weights of layer k of b with its inputs (not its outputs) in the order found."""
    weight: FloatArray = layer.weight if k == 0 else layer.weight[:, orders[k - 1]]
    return weight


def _gram(a: Layers, b: Layers, orders: Sequence[IntArray], k: int) -> Float64Array:
    """Inner products of a's and b's units in hidden layer k, over inputs, bias and outputs."""
    gram: Float64Array = a[k].weight @ _permuted(b[k], orders, k).T
    bias_a, bias_b = a[k].bias, b[k].bias
    if bias_a is not None and bias_b is not None:
        gram += np.outer(bias_a, bias_b)
    above = b[k + 1].weight
    if k + 1 < len(orders):
        above = above[orders[k + 1]]
    gram += a[k + 1].weight.T @ above
    return gram


def _assign(gram: Float64Array, current: IntArray, least_gain: float) -> IntArray:
    """The best order for a matrix of similarities; the current one unless it gains."""
    rows, order = linear_sum_assignment(gram, maximize=True)
    if gram[rows, order].sum() - gram[rows, current].sum() <= least_gain:
        return current
    return np.asarray(order, dtype=np.int64)


def _inner(a: Layers, b: Layers, orders: Sequence[IntArray]) -> float:
    """Inner product of a and the permuted b."""
    total = 0.0
    for k, (one, other) in enumerate(zip(a, b, strict=True)):
        weight, bias = _permuted(other, orders, k), other.bias
        if k < len(orders):
            weight = weight[orders[k]]
            bias = None if bias is None else bias[orders[k]]
        total += float(np.vdot(one.weight, weight))
        if one.bias is not None and bias is not None:
            total += float(np.vdot(one.bias, bias))
    return total


def _match_activations(
    network: MLP, a: Replica, b: Replica, data: LabelledData | None
) -> Match:
    if data is None:
        raise ParameterError("data must be given for method='activations', got None")
    grams = _correlations(network, a, b, data)
    start = identity(network)
    orders = tuple(
        _assign(gram, order, _GAIN * len(gram))
        for gram, order in zip(grams, start.orders, strict=True)
    )
    before, after = (
        sum(
            float(gram[np.arange(len(gram)), order].sum())
            for gram, order in zip(grams, some, strict=True)
        )
        / max(start.n_units, 1)
        for some in (start.orders, orders)
    )
    return Match(Permutation(orders), before, after, "activations", True, np.array([after]))


def _correlations(
    network: MLP, a: Replica, b: Replica, data: LabelledData
) -> list[Float64Array]:
    """Correlation of a's and b's units in each hidden layer; 0 for units that never vary."""
    weights = [point.weights.astype(np.float64) for point in (a, b)]
    source = _blocks.source(network, data, np.dtype(np.float64))
    spaces = [np.empty(_blocks.workspace_size(network)) for _ in weights]
    sums = [np.zeros((2 * size + 1, 2 * size + 1)) for size in network.hidden_sizes]
    layout = network.layout
    for block in source.blocks(0, source.n_samples):
        n = len(block.inputs)
        for theta, space in zip(weights, spaces, strict=True):
            _kernels.forward(theta, layout, block.inputs, space)
        for k, total in enumerate(sums):
            views = [_kernels.activation_view(s, layout.sizes, k, n) for s in spaces]
            both = np.concatenate([*views, np.ones((n, 1))], axis=1)
            total += both.T @ both
    return [_correlation(total, source.n_samples) for total in sums]


def _correlation(total: Float64Array, n_samples: int) -> Float64Array:
    mean = total[:-1, -1] / n_samples
    covariance = total[:-1, :-1] / n_samples - np.outer(mean, mean)
    variance = np.diag(covariance).copy()
    # what is left of a constant by rounding is no variance
    constant = variance <= 1e-12 * np.diag(total)[:-1] / n_samples
    scale = np.where(constant, 0.0, 1 / np.sqrt(np.where(constant, 1.0, variance)))
    size = variance.size // 2
    correlation: Float64Array = (covariance * np.outer(scale, scale))[:size, size:]
    return correlation
