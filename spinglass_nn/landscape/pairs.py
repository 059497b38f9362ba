"""Barriers on the straight lines between all pairs of some solutions."""

from __future__ import annotations

import itertools

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape.curves import check_network, means
from spinglass_nn.networks import _affine, _blocks
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replicas
from spinglass_nn.typing import Float64Array, IntArray, LabelledData, ProgressLike


@result()
class PairBarriers:
    r"""Barriers between points, with t running from i to j on a straight line.

    Parameters
    ----------
    barrier : float64 array (n, n)
        Height above the chord, :math:`\max_t [L(t) - (1-t) L_i - t L_j]`; symmetric, zero on
        the diagonal.
    barrier_above_ends : float64 array (n, n)
        Height above the higher end, :math:`\max_t L(t) - \max(L_i, L_j)`; symmetric.
    position : float64 array (n, n)
        Where the first is reached, t from i to j; 0 where there is no barrier.
    lowest_accuracy : float64 array (n, n)
        On the line; NaN for regression. On the diagonal the points' own.
    loss, accuracy : float64 arrays (n,)
        At the points themselves.
    n_points : int
        Points on each line, both ends among them.
    """

    barrier: Float64Array
    barrier_above_ends: Float64Array
    position: Float64Array
    lowest_accuracy: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    n_points: int

    def __repr__(self) -> str:
        pairs = self.barrier[np.triu_indices(len(self), 1)]
        return (
            f"<barriers between {len(self)} points: {pairs.min():.4g} to {pairs.max():.4g}, "
            f"mean {pairs.mean():.4g}>"
        )

    def __len__(self) -> int:
        return int(self.barrier.shape[0])


def pair_barriers(
    net: MLP,
    data: LabelledData,
    points: Replicas,
    *,
    n_points: int = 21,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> PairBarriers:
    """Barriers on the straight lines between all pairs of points, on all samples.

    First-layer sums are computed once for each point and mixed for each line: a line costs
    its points' upper layers and nothing else. Give ``data.test`` for held-out barriers.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples.
    points : Replicas
        At least two points of one network, such as solutions, as they are or matched.
    n_points : int
        Points on each line at equal distances, both ends among them.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    progress : bool or callable
        False for silence, True for a bar, or a callable ``(done, total, description)``.

    Returns
    -------
    PairBarriers
        The same as `loss_curve` gives for each pair.

    Raises
    ------
    ParameterError
        If there are fewer than two points, or they belong to another network.
    ShapeError
        If the data do not fit the network.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 4, 2))
    >>> found = pair_barriers(net, data, sg.networks.initialize(net, n_replicas=4, rng=0))
    >>> found.barrier.shape, bool((found.barrier >= 0).all())
    ((4, 4), True)
    """
    check_network(net, points.network, "points")
    n, n_points = len(points), check.count(n_points, "n_points", minimum=2)
    if n < 2:
        raise ParameterError(f"points must hold at least 2 points, got {n}")
    sources = [_blocks.source(net, data, points.weights.dtype)]
    ends = _affine.sums(net, points.weights, _affine.each(n), sources, n_threads, shared=False)
    loss, accuracy = means(ends, sources)[0].T.copy()
    t = np.linspace(0, 1, n_points)
    matrices = [np.zeros((n, n)) for _ in range(3)] + [np.diag(accuracy)]
    with track(n * (n - 1) // 2, "lines between pairs", progress) as advance:
        for i, j in _blocks_of_pairs(n, net):
            sums = _affine.sums(net, points.weights, _inner_points(i, j, t), sources, n_threads)
            inner = means(sums, sources)[0].reshape(i.size, n_points - 2, 2)
            _fill(matrices, i, j, t, _with_ends(inner[..., 0], loss, i, j), loss)
            lowest = _with_ends(inner[..., 1], accuracy, i, j).min(axis=1)
            matrices[3][i, j] = matrices[3][j, i] = lowest
            advance(i.size)
    barrier, above, position, lowest = matrices
    return PairBarriers(barrier, above, position, lowest, loss, accuracy, n_points)


def _blocks_of_pairs(n: int, net: MLP) -> list[tuple[IntArray, IntArray]]:
    """Pairs i < j, cut so that the first-layer sums of all points of a part fit together."""
    size = max(1, _affine.MOST_UNITS // (2 * net.sizes[1]))
    pairs = []
    for low, other in itertools.combinations_with_replacement(range(0, n, size), 2):
        i, j = np.meshgrid(
            np.arange(low, min(low + size, n)),
            np.arange(other, min(other + size, n)),
            indexing="ij",
        )
        there = i < j
        if there.any():
            pairs.append((i[there], j[there]))
    return pairs


def _inner_points(i: IntArray, j: IntArray, t: Float64Array) -> _affine.Terms:
    """The points between the ends of every line, line after line."""
    inner, n = t[1:-1], i.size * (t.size - 2)
    vector = np.repeat(np.stack([i, j], axis=1), inner.size, axis=0).reshape(-1)
    coefficient = np.tile(np.stack([1 - inner, inner], axis=1), (i.size, 1)).reshape(-1)
    return _affine.Terms(np.arange(n + 1) * 2, vector, coefficient)


def _with_ends(
    inner: Float64Array, ends: Float64Array, i: IntArray, j: IntArray
) -> Float64Array:
    """Values along lines (n_lines, n_points), with those at the ends."""
    return np.concatenate([ends[i][:, None], inner, ends[j][:, None]], axis=1)


def _fill(
    matrices: list[Float64Array], i: IntArray, j: IntArray, t: Float64Array,
    along: Float64Array, ends: Float64Array,
) -> None:  # fmt: skip
    """Barriers of some lines, and where they are, both ways."""
    excess = along - ((1 - t) * ends[i][:, None] + t * ends[j][:, None])
    excess[:, [0, -1]] = 0
    where = excess.argmax(axis=1)
    matrices[0][i, j] = matrices[0][j, i] = excess.max(axis=1)
    above = along.max(axis=1) - np.maximum(ends[i], ends[j])
    matrices[1][i, j] = matrices[1][j, i] = above
    matrices[2][i, j] = t[where]
    matrices[2][j, i] = np.where(where > 0, 1 - t[where], 0)
