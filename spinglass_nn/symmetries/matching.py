"""Matching: the permutation that brings one network's hidden units next to another's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn._core.streams import stream_states
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.symmetries._activations import correlations
from spinglass_nn.symmetries._annealing import annealed
from spinglass_nn.symmetries._assignment import (
    GAIN,
    Pair,
    assign,
    descend,
    inner_product,
    pair_of,
)
from spinglass_nn.symmetries.permutations import (
    Permutation,
    Points,
    identity,
    random_permutation,
    same_network,
)
from spinglass_nn.symmetries.rescaling import balance
from spinglass_nn.typing import RNG, Float64Array, IntArray, LabelledData

METHODS = ("weights", "annealing", "activations")


@result()
class Match:
    """The permutation of network b that makes it most similar to network a.

    Parameters
    ----------
    permutation : Permutation
        To be applied to b.
    similarity_before, similarity_after : float
        Of a and b, and of a and the permuted b, from -1 to 1: the cosine of the two parameter
        vectors (as compared: in the balanced gauge if it was asked for), or for
        ``"activations"`` the correlation of matched hidden units over the data, averaged over
        units.
    method : str
        What was compared, and how it was searched for, as asked. With one hidden layer the
        assignment is exact by itself, and nothing is annealed.
    exact : bool
        Whether no permutation is more similar (one hidden layer, or activations), or the
        best of several searches was taken.
    restarts : float64 array (n_searches,)
        Similarity each search reached; the first was assignment from the identity, the only
        one if that is exact.
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
    balanced: bool = False,
    n_restarts: int = 5,
    n_sweeps: int = 2000,
    n_threads: int | None = None,
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

    With ``method="annealing"`` the first search is that assignment, with which all others
    compete: simulated annealing of all layers together before their turns of assignment, by
    swaps of two units under Metropolis' rule. It costs some fifteen times as much and finds
    the maximum where assignment alone rarely does: few inputs, deep networks, much noise.

    With ``method="activations"`` each layer's units are assigned by the correlation of
    their activations over ``data``; layers do not depend on each other.

    Parameters
    ----------
    a, b : Replica
        Points of one network.
    method : {"weights", "annealing", "activations"}
        What is compared, and how the best permutation is looked for.
    data : Dataset, optional
        Inputs for ``"activations"``.
    balanced : bool
        Compare weights in the balanced gauge, so that rescaling of units does not count (ReLU
        and identity); the permutation is the one for the points as they are, too.
    n_restarts : int
        Searches in networks with two hidden layers or more: the first from the identity, by
        assignment; search k from the k-th random permutation. At least 2 for
        ``"annealing"``, so that one is annealed.
    n_sweeps : int
        Of each annealing; in a sweep every unit is once proposed for a swap.
    n_threads : int, optional
        Threads, one search each. Default: all cores. The result does not depend on it.
    rng : Generator, SeedSequence, int or None
        Seed of the further searches.

    Returns
    -------
    Match
        Permutation to apply to b, and similarity before and after; never worse than before.

    Raises
    ------
    ParameterError
        If the points belong to different networks, the data are missing, ``n_restarts`` leaves
        no search to anneal in, or the balanced gauge is asked for and the activation is not
        homogeneous.

    References
    ----------
    Ainsworth, Hayase and Srinivasa 2023 (arXiv:2209.04836), matching by weights and by
    activations; Entezari et al. 2022 (arXiv:2110.06296), annealing.

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
    same_network((a, b), "a and b")
    search = search_of(method, data, n_restarts, n_sweeps)
    a, b = (as_compared(point, balanced) for point in (a, b))
    with threads.one_blas_thread():
        return matched(a, b, search, random.seed_of(rng), n_threads)


class Search(NamedTuple):
    """How a permutation is looked for; the entries are those of `match`."""

    method: str
    data: LabelledData | None
    n_restarts: int
    n_sweeps: int


def search_of(method: str, data: LabelledData | None, n_restarts: int, n_sweeps: int) -> Search:
    """Check what a user gave, and put it together."""
    check.choice(method, "method", METHODS)
    if method == "activations" and data is None:
        raise ParameterError("data must be given for method='activations', got None")
    n_restarts = check.count(n_restarts, "n_restarts")
    if method == "annealing" and n_restarts < 2:
        raise ParameterError(
            "n_restarts must be at least 2 for method='annealing', whose first search is "
            f"assignment alone, got {n_restarts}"
        )
    return Search(method, data, n_restarts, check.count(n_sweeps, "n_sweeps"))


def as_compared(point: Replica, balanced: bool) -> Replica:
    """The point in float64, in the balanced gauge if wanted."""
    double = Replica(point.network, point.weights.astype(np.float64, copy=False))
    return balance(double) if balanced else double


def matched(a: Replica, b: Replica, search: Search, seed: Seed, n_threads: int | None) -> Match:
    """What `match` returns, for points and settings that were checked."""
    network = a.network
    if search.data is not None and search.method == "activations":
        return _by_activations(network, correlations(network, a, b, search.data))
    pair = pair_of(a, b)
    exact = len(network.hidden_sizes) <= 1
    n_sweeps = search.n_sweeps if search.method == "annealing" else 0
    starts = range(1 if exact else search.n_restarts)
    found = threads.run(
        lambda k: _orders_of(network, pair, k, n_sweeps, seed), starts, n_threads
    )
    scale = pair.norm if pair.norm > 0 else 1.0
    reached = np.array([inner_product(pair, orders) for orders in found]) / scale
    best = int(reached.argmax())
    return Match(
        permutation=Permutation(tuple(found[best])),
        similarity_before=inner_product(pair, identity(network).orders) / scale,
        similarity_after=float(reached[best]),
        method=search.method,
        exact=exact,
        restarts=reached,
    )


def _orders_of(network: MLP, pair: Pair, k: int, n_sweeps: int, seed: Seed) -> list[IntArray]:
    """Orders that search k ends with; they are at a maximum in each layer alone."""
    if k == 0:
        return descend(pair, list(identity(network).orders), None)
    start = random_permutation(network, rng=seed.generator(Stream.MATCHING, k, 0)).orders
    if n_sweeps > 0:
        state = stream_states(seed, Stream.ANNEALED_MATCHING, 1, k)[0]
        start = tuple(annealed(pair, start, n_sweeps, state))
    return descend(pair, list(start), seed.generator(Stream.MATCHING, k, 1))


def _by_activations(network: MLP, alike: list[Float64Array]) -> Match:
    start = identity(network)
    orders = tuple(
        assign(layer, order, GAIN * len(layer))
        for layer, order in zip(alike, start.orders, strict=True)
    )
    before, after = (
        sum(
            float(layer[np.arange(len(layer)), order].sum())
            for layer, order in zip(alike, some, strict=True)
        )
        / max(start.n_units, 1)
        for some in (start.orders, orders)
    )
    return Match(Permutation(orders), before, after, "activations", True, np.array([after]))
