"""The straight lines between pairs of points, and the barriers on them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.progress import track
from spinglass_nn.landscape.curves import means
from spinglass_nn.networks import _affine, _blocks
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replicas
from spinglass_nn.typing import Float64Array, IntArray, LabelledData, ProgressLike

MEASURES = (
    "barrier",
    "barrier_above_ends",
    "position",
    "accuracy_barrier",
    "accuracy_barrier_below_ends",
    "accuracy_position",
    "lowest_accuracy",
)


class Lines(NamedTuple):
    """Points with their losses, and how to look along the lines between them."""

    net: MLP
    points: Replicas
    source: _blocks.Source
    t: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    n_threads: int | None

    @classmethod
    def between(
        cls,
        net: MLP,
        data: LabelledData,
        points: Replicas,
        n_points: int,
        n_threads: int | None,
    ) -> Lines:
        """Check, and evaluate the points themselves."""
        t = np.linspace(0, 1, check.count(n_points, "n_points", minimum=2))
        source = _blocks.source(net, data, points.weights.dtype)
        each = _affine.each(len(points))
        ends = _affine.sums(net, points.weights, each, [source], n_threads, shared=False)
        loss, accuracy = means(ends, [source])[0].T.copy()
        return cls(net, points, source, t, loss, accuracy, n_threads)

    def along(
        self, rows: IntArray, columns: IntArray, progress: ProgressLike
    ) -> Iterator[tuple[IntArray, IntArray, dict[str, Float64Array]]]:
        """What is measured on the lines from i of ``rows`` to j > i of ``columns``, in parts."""
        parts = _blocks_of_pairs(rows, columns, self.net)
        total = sum(i.size for i, _ in parts)
        with track(total, "lines between pairs", progress) as advance:
            for i, j in parts:
                terms = _inner_points(i, j, self.t)
                sums = _affine.sums(
                    self.net, self.points.weights, terms, [self.source], self.n_threads
                )
                inner = means(sums, [self.source])[0].reshape(i.size, self.t.size - 2, 2)
                loss = _with_ends(inner[..., 0], self.loss, i, j)
                accuracy = _with_ends(inner[..., 1], self.accuracy, i, j)
                yield i, j, _measured(self.t, loss, accuracy)
                advance(i.size)


def _blocks_of_pairs(
    rows: IntArray, columns: IntArray, net: MLP
) -> list[tuple[IntArray, IntArray]]:
    """Pairs i < j, cut so that the first-layer sums of all points of a part fit together."""
    size = max(1, _affine.MOST_UNITS // (2 * net.sizes[1]))
    pairs = []
    starts = (range(0, rows.size, size), range(0, columns.size, size))
    for low, other in itertools.product(*starts):
        i, j = np.meshgrid(
            rows[low : low + size], columns[other : other + size], indexing="ij"
        )  # fmt: skip
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


def _measured(
    t: Float64Array, loss: Float64Array, accuracy: Float64Array
) -> dict[str, Float64Array]:
    """Barriers of some lines (n_lines, n_points), and where they are."""
    barrier, above, position = _heights(t, loss)
    drop, below, drop_position = _heights(t, -accuracy)
    found = (barrier, above, position, drop, below, drop_position, accuracy.min(axis=1))
    return dict(zip(MEASURES, found, strict=True))


def _heights(
    t: Float64Array, along: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Heights above the chord and above the higher end, and where the first is."""
    first, last = along[:, :1], along[:, -1:]
    excess = along - ((1 - t) * first + t * last)
    excess[:, [0, -1]] = 0 * excess[:, [0, -1]]  # rounding; NaN stays
    above = along.max(axis=1) - np.maximum(first, last)[:, 0]
    return excess.max(axis=1) + 0.0, above + 0.0, t[excess.argmax(axis=1)]
