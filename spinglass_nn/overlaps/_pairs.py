"""All pairs at once: Gram matrices and distances by BLAS, in blocks of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn import symmetries
from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn.networks import Replica, Replicas
from spinglass_nn.typing import Float64Array, IntArray, ProgressLike

_BLOCK = 1 << 22  # float64 numbers converted at a time (32 MB)
# below this share of the squared norms the Gram route has lost half of its digits
_NEAR = 1e-5


def _blocks(rows: NDArray[Any]) -> Iterator[slice]:
    width = max(1, _BLOCK // rows.shape[0])
    return (slice(k, k + width) for k in range(0, rows.shape[1], width))


def gram(
    rows: NDArray[Any], *, scale: Float64Array | None = None, centred: bool = False
) -> Float64Array:
    """Scalar products of all rows in float64, exactly symmetric.

    Parameters
    ----------
    rows : array (n_points, n_dimensions)
        Any precision; only a block of columns is converted at a time.
    scale : array (n_points,), optional
        Each row is divided by its entry first.
    centred : bool
        Subtract the mean of each column first.
    """
    total = np.zeros((rows.shape[0], rows.shape[0]))
    for columns in _blocks(rows):
        block = rows[:, columns].astype(np.float64)
        if scale is not None:
            block /= scale[:, None]
        if centred:
            block -= block.mean(axis=0)
        total += block @ block.T
    return total


def squared_distances(rows: NDArray[Any], *, scale: Float64Array | None = None) -> Float64Array:
    """|x_a - x_b|^2 of all pairs; exactly symmetric, exactly zero on the diagonal.

    Through the centred Gram matrix; pairs much nearer than their norms, for which the
    difference of large numbers would lose its digits, are computed again from x_a - x_b.
    """
    products = gram(rows, scale=scale, centred=True)
    own = np.diagonal(products)
    sums = own[:, None] + own[None, :]
    squares: Float64Array = sums - 2 * products
    for a, b in np.argwhere(np.triu(squares < _NEAR * sums, 1)):
        difference = _row(rows, int(a), scale) - _row(rows, int(b), scale)
        squares[a, b] = squares[b, a] = float(difference @ difference)
    np.maximum(squares, 0.0, out=squares)
    np.fill_diagonal(squares, 0.0)
    return squares


def _row(rows: NDArray[Any], index: int, scale: Float64Array | None) -> Float64Array:
    row: Float64Array = rows[index].astype(np.float64)
    return row if scale is None else row / scale[index]


def agreement(labels: IntArray) -> Float64Array:
    """Share of samples on which two rows carry the same label, for all pairs."""
    # counts stay exact in float64, and BLAS does the n^2 x n_samples work
    total: Float64Array = np.zeros((labels.shape[0], labels.shape[0]))
    for label in np.unique(labels):
        one_hot = (labels == label).astype(np.float64)
        total += one_hot @ one_hot.T
    total /= labels.shape[1]
    return total


def aligned(
    replicas: Replicas,
    function: Callable[[Float64Array, Float64Array], float],
    *,
    balanced: bool,
    n_threads: int | None,
    progress: ProgressLike,
) -> Float64Array:
    """``function(x_a, x_b)`` of each pair, with b matched to a by permuting hidden units.

    Every pair is matched on its own: matching all replicas to one reference would pull them
    towards it. With one hidden layer the match is exact, and so the order of a pair does not
    matter; deeper, b is matched to a for a < b.
    """
    members = [symmetries.balance(replica) if balanced else replica for replica in replicas]
    n_points = len(members)
    values = np.zeros((n_points, n_points))
    pairs = [(a, b) for a in range(n_points) for b in range(a + 1, n_points)]
    with track(len(pairs), "matching pairs", progress) as done:

        def one(pair: tuple[int, int]) -> float:
            first, second = members[pair[0]], members[pair[1]]
            # restarts for deep networks draw from a stream of the pair's own
            rng = np.random.SeedSequence(0, spawn_key=pair)
            moved = symmetries.match(first, second, rng=rng).apply(second)
            done(1)
            return function(_double(first), _double(moved))

        found = threads.run(one, pairs, n_threads)
    for (a, b), value in zip(pairs, found, strict=True):
        values[a, b] = values[b, a] = value
    return values


def _double(replica: Replica) -> Float64Array:
    return replica.weights.astype(np.float64, copy=False)
