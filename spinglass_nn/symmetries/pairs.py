"""Matching all pairs of some networks, each pair on its own."""

from __future__ import annotations

import itertools

import numpy as np

from spinglass_nn._core import random, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks.parameters import Replicas
from spinglass_nn.symmetries.matching import Match, as_compared, matched, search_of
from spinglass_nn.symmetries.permutations import Permutation
from spinglass_nn.typing import RNG, Float64Array, IntArray, LabelledData, ProgressLike


@result()
class PairMatches:
    """The permutation of each network that makes it most similar to each other one.

    Parameters
    ----------
    orders : tuple over hidden layers of int64 arrays (n_points, n_points, units)
        Entry (a, b) is the order of b's units that matches a; entry (b, a) undoes it.
    similarity_before, similarity_after : float64 arrays (n_points, n_points)
        As in `Match`; symmetric, one on the diagonal.
    spread : float64 array (n_points, n_points)
        Best minus worst similarity that the searches of a pair reached.
    method : str
        What was compared, and how.
    exact : bool
        Whether no permutations are more similar.
    """

    orders: tuple[IntArray, ...]
    similarity_before: Float64Array
    similarity_after: Float64Array
    spread: Float64Array
    method: str
    exact: bool

    def __repr__(self) -> str:
        upper = np.triu_indices(len(self), 1)
        before, after = (
            float(matrix[upper].mean())
            for matrix in (self.similarity_before, self.similarity_after)
        )
        return (
            f"<{len(upper[0])} matched pairs of {len(self)} networks: mean similarity "
            f"{before:.4g} before, {after:.4g} after>"
        )

    def __len__(self) -> int:
        return int(self.similarity_after.shape[0])

    def permutation(self, a: int, b: int) -> Permutation:
        """What brings the hidden units of network b next to those of network a."""
        return Permutation(tuple(order[a, b] for order in self.orders))


def match_pairs(
    points: Replicas,
    *,
    method: str = "weights",
    data: LabelledData | None = None,
    balanced: bool = False,
    n_restarts: int = 5,
    n_sweeps: int = 2000,
    n_threads: int | None = None,
    progress: ProgressLike = False,
    rng: RNG = None,
) -> PairMatches:
    """Match every pair of networks on its own.

    Matching all networks to one reference instead would pull them towards it. Matching finds
    likeness in noise too: match untrained networks as well, and quote that baseline.

    Parameters
    ----------
    points : Replicas
        At least two points of one network.
    method, data, balanced, n_restarts, n_sweeps
        As in `match`.
    n_threads : int, optional
        Threads, one pair each. Default: all cores. The result does not depend on it.
    progress : bool or callable
        Progress in pairs.
    rng : Generator, SeedSequence, int or None
        Seed of further searches; every pair has streams of its own.

    Returns
    -------
    PairMatches
        Orders and similarities of all pairs; for a < b, b was matched to a.

    Raises
    ------
    ParameterError
        If there are fewer than two points, or as in `match`.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> net = sg.networks.MLP(sizes=(20, 30, 5))
    >>> untrained = sg.networks.initialize(net, n_replicas=4, rng=0)
    >>> found = match_pairs(untrained)
    >>> bool((found.similarity_after > found.similarity_before)[0, 1:].all())
    True
    >>> found.permutation(1, 0) == found.permutation(0, 1).inverse()
    True
    """
    n = len(points)
    if n < 2:
        raise ParameterError(f"points must hold at least 2 points, got {n}")
    search, seed = search_of(method, data, n_restarts, n_sweeps), random.seed_of(rng)
    members = [as_compared(point, balanced) for point in points]
    pairs = list(itertools.combinations(range(n), 2))
    with track(len(pairs), "matching pairs", progress) as done:

        def one(pair: tuple[int, int]) -> Match:
            a, b = pair
            found = matched(members[a], members[b], search, seed.child(a, b), 1)
            done(1)
            return found

        return _joined(n, pairs, threads.run(one, pairs, n_threads))


def _joined(n: int, pairs: list[tuple[int, int]], found: list[Match]) -> PairMatches:
    orders = tuple(np.tile(np.arange(size), (n, n, 1)) for size in found[0].permutation.sizes)
    before, after, spread = np.eye(n), np.eye(n), np.zeros((n, n))
    for (a, b), match in zip(pairs, found, strict=True):
        backwards = match.permutation.inverse()
        for layer, there, back in zip(
            orders, match.permutation.orders, backwards.orders, strict=True
        ):
            layer[a, b], layer[b, a] = there, back
        before[a, b] = before[b, a] = match.similarity_before
        after[a, b] = after[b, a] = match.similarity_after
        spread[a, b] = spread[b, a] = match.spread
    return PairMatches(orders, before, after, spread, found[0].method, found[0].exact)
