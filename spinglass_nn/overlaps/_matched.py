"""Pairs of networks, each matched on its own by permuting hidden units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn import symmetries
from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn.networks import Replica, Replicas
from spinglass_nn.symmetries import Permutation
from spinglass_nn.typing import Float64Array, ProgressLike

Measure = Callable[[Replica, Replica], ArrayLike]  # of a, and of b with its units matched


def members_of(replicas: Replicas, balanced: bool) -> list[Replica]:
    """The networks in float64, in the balanced gauge if wanted."""
    double = Replicas(replicas.network, replicas.weights.astype(np.float64, copy=False))
    return [symmetries.balance(replica) if balanced else replica for replica in double]


def permutation(members: list[Replica], a: int, b: int) -> Permutation:
    """What brings the hidden units of b next to those of a."""
    # restarts for deep networks draw from a stream of the pair's own
    rng = np.random.SeedSequence(0, spawn_key=(a, b))
    return symmetries.match(members[a], members[b], n_threads=1, rng=rng).permutation


def aligned(
    replicas: Replicas,
    measure: Measure,
    *,
    balanced: bool,
    n_threads: int | None,
    progress: ProgressLike,
) -> Float64Array:
    """``measure(a, b)`` of each pair (..., n_points, n_points), b matched to a.

    Every pair is matched on its own: matching all replicas to one reference would pull them
    towards it. With one hidden layer the match is exact, and so the order of a pair does not
    matter; deeper, b is matched to a for a < b.
    """
    members = members_of(replicas, balanced)

    def one(a: int, b: int) -> ArrayLike:
        return measure(members[a], permutation(members, a, b).apply(members[b]))

    return over_pairs(len(members), one, n_threads, progress)


def over_pairs(
    n_points: int,
    function: Callable[[int, int], Any],
    n_threads: int | None,
    progress: ProgressLike,
) -> Float64Array:
    """``function(a, b)`` of all a < b as symmetric matrices, zero on the diagonal."""
    pairs = [(a, b) for a in range(n_points) for b in range(a + 1, n_points)]
    with track(len(pairs), "matching pairs", progress) as done:

        def one(pair: tuple[int, int]) -> Any:
            value = function(*pair)
            done(1)
            return value

        found = np.array(threads.run(one, pairs, n_threads), dtype=np.float64)
    first, second = np.array(pairs).T
    values = np.zeros((*found.shape[1:], n_points, n_points))
    values[..., first, second] = values[..., second, first] = np.moveaxis(found, 0, -1)
    return values
