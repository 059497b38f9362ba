"""Sums over triples of points: the matrix made ready, blocks handed to threads, ratios."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.simd import aligned
from spinglass_nn.overlaps import _kernels
from spinglass_nn.typing import Float64Array

# what the kernels add up, in their order, for sides d1 <= d2 <= d3
SUMS = (
    "gap",  # X = d3 - d2
    "relative",  # min((d3 - d2)/d1, 1)
    "iso",  # (d3 - d2)/(d3 - d1)
    "rel",  # (d3 - d2)/d3
    "murtagh",  # 1 if the two larger angles differ by at most two degrees
    "isosceles",  # 1 if d3 - d2 <= tolerance
    "equilateral",  # 1 if d3 - d1 <= tolerance
    "broken",  # 1 if d3 > d1 + d2
    "gap_square",  # X^2
    "rest",  # Y = d2 - d1
    "rest_square",  # Y^2
)
ZERO = 1e-12  # of the largest distance: shorter ones and smaller differences count as zero
MURTAGH = math.radians(2)
BLOCKS = 64  # at most so many blocks of points to leave out
_BLOCK, _PARTS = 32, 64  # first points to a thread at a time, at least; parts at most


class Ready(NamedTuple):
    """A matrix as kernels read it: scaled by a power of two (exactly) to a maximum near 1."""

    rows: Float64Array
    scale: float

    @property
    def n_points(self) -> int:
        """Number of points."""
        return int(self.rows.shape[0])


def ready(values: Float64Array) -> Ready:
    """Scale and pad a matrix of distances."""
    scale = scale_of(values)
    return Ready(padded(values, scale), scale)


def scale_of(values: Float64Array) -> float:
    """The power of two just above the largest distance; 1 if all are zero."""
    return math.ldexp(1.0, math.frexp(float(values.max()))[1])


def padded(values: Float64Array, scale: float = 1.0) -> Float64Array:
    """Rows with at least seven zeros behind them, so that eight can be read from any place."""
    rows: Float64Array = aligned((values.shape[0], -(-(values.shape[1] + 7) // 8) * 8), float)
    np.divide(values, scale, out=rows[:, : values.shape[1]])
    return rows


def limits(tolerance: float) -> Float64Array:
    """What kernels compare with, for a tolerance in units of the scaled matrix."""
    angle = math.tan(MURTAGH / 2) ** 2
    return np.array([tolerance, ZERO, angle] + [1.0] * 8 + [0.0] * 8)


def total_sums(matrix: Ready, tolerance: float) -> Float64Array:
    """Sums over all triangles, (11,), on this thread."""
    sums = np.zeros(len(SUMS))
    n, stride = matrix.rows.shape
    _kernels.add_triangles(
        matrix.rows.reshape(-1), n, stride, 0, n - 2, limits(tolerance), sums
    )
    return sums


def point_sums(matrix: Ready, tolerance: float, n_threads: int | None = None) -> Float64Array:
    """Sums over the triangles of each point, (11, n_points)."""
    n, stride = matrix.rows.shape
    flat, bounds = matrix.rows.reshape(-1), limits(tolerance)
    size = max(_BLOCK, -(-n // _PARTS))  # not by threads, or sums would depend on them

    def block(first: int) -> Float64Array:
        sums: Float64Array = aligned((len(SUMS), stride), float)
        last = min(first + size, n - 2)
        _kernels.share_triangles(flat, n, stride, first, last, bounds, sums.reshape(-1))
        return sums[:, :n]

    if n - 2 <= size:
        return block(0)
    found: Float64Array = np.zeros((len(SUMS), n))
    for part in threads.run(block, range(0, n - 2, size), n_threads):
        found += part
    return found


def leaving_out(
    values: Float64Array,
    function: Callable[[Float64Array, Float64Array], Float64Array],
    n_threads: int | None = None,
) -> Float64Array:
    """A function of matrix and pairs, without each point or block of points in turn."""
    n_points = values.shape[0]
    n_blocks = min(n_points, BLOCKS)

    def without(block: int) -> Float64Array:
        keep = np.flatnonzero(np.arange(n_points) % n_blocks != block)
        part = np.ascontiguousarray(values[np.ix_(keep, keep)])
        return function(part, part[np.triu_indices(keep.size, 1)])

    return np.array(threads.run(without, range(n_blocks), n_threads))


def deviations(values: Float64Array) -> tuple[float, Float64Array]:
    """Standard deviation of the distances, of all points and without each point in turn."""
    n_points, scale = values.shape[0], scale_of(values)  # squares must not overflow
    pairs = values[np.triu_indices(n_points, 1)]
    shifted = values / scale - (pairs / scale).mean()  # keeps the digits of the variances
    np.fill_diagonal(shifted, 0.0)
    first, second = shifted.sum(axis=1), np.square(shifted).sum(axis=1)
    n_pairs = max(math.comb(n_points - 1, 2), 1)
    mean = (first.sum() / 2 - first) / n_pairs
    variance = (second.sum() / 2 - second) / n_pairs - np.square(mean)
    return spread(pairs), scale * np.sqrt(np.maximum(variance, 0.0))


def spread(pairs: Float64Array) -> float:
    """Standard deviation; what rounding leaves of equal distances is no spread."""
    scale = scale_of(pairs)
    found = float((pairs / scale).std())  # squares must neither overflow nor vanish
    return found * scale if found > 1e-14 * float(pairs.max()) / scale else 0.0


def ratio(top: Float64Array | float, bottom: Float64Array | float) -> Float64Array:
    """Divide; where there is no spread there is no gap, and 0/0 is 0."""
    found = np.zeros(np.shape(top))
    np.divide(top, bottom, out=found, where=np.asarray(bottom) > 0)
    return found
