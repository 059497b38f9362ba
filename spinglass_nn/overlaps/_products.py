"""Scalar products of all pairs by BLAS, in tiles of points and blocks of columns.

Only tiles on and above the diagonal are computed. Products of float32 points are made in
float32 over `WIDTH` columns and added up in float64, so that by Cauchy and Schwarz

    |G_ab - x_a . x_b| <= gamma |x_a| |x_b|,   gamma = WIDTH u / (1 - WIDTH u),  u = 2^-24,

in whatever order BLAS adds (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.
2002, section 3.1). How the work is cut depends on its size alone, and BLAS runs on one thread
in each of ours: the bits do not depend on the number of threads.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn.overlaps import _pairs_kernels as kernels
from spinglass_nn.typing import Float64Array

WIDTH = 256  # columns of a float32 product
GAMMA = WIDTH * 2.0**-24 / (1 - WIDTH * 2.0**-24)  # 1.5e-5
_TILE = 512  # points
WIDE = 1 << 20  # float64 numbers of a block (8 MB)
_PARTS = 8  # pieces of work wanted, where tiles are fewer
_LITTLE = 1 << 26  # multiplications, below which threads cost more than they gain

Tile = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Rows:
    """Points as blocks of the working precision: (x_a / scale_a - centre) * factor.

    Parameters
    ----------
    values : array (n_points, n_dimensions)
        Any precision.
    dtype : dtype
        float32 or float64: that of the products.
    scale : array (n_points,), optional
        Each row is divided by its entry.
    centre : array (n_dimensions,), optional
        Subtracted from each (scaled) row.
    factor : float
        A power of two that keeps float32 products within range.
    """

    values: NDArray[Any]
    dtype: Any
    scale: Float64Array | None = None
    centre: NDArray[Any] | None = None
    factor: float = 1.0

    def block(self, points: slice, columns: slice) -> NDArray[Any]:
        """Some columns of some points; a view where nothing has to be done."""
        part = self.values[points, columns]
        if part.dtype == self.dtype and self.scale is None and self.centre is None:
            return part
        block = part.astype(self.dtype)
        if self.scale is not None:
            block /= self.scale[points, None].astype(self.dtype)
        if self.centre is not None:
            block -= self.centre[columns].astype(self.dtype)
        if self.factor != 1:
            block *= np.asarray(self.factor, dtype=self.dtype)
        return block

    def blocks(self, first: int, last: int, n_points: int) -> Iterator[slice]:
        """Columns ``first ... last - 1`` in blocks for tiles of ``n_points``."""
        width = WIDTH if self.dtype == np.float32 else max(WIDTH, WIDE // n_points)
        return (slice(k, min(k + width, last)) for k in range(first, last, width))

    def squares(self, n_threads: int | None = 1) -> Float64Array:
        """Squared norms, summed in float64."""
        n_points, n_dimensions = self.values.shape
        found = np.zeros(n_points)

        def one(points: slice) -> None:
            step = max(1, WIDE // (points.stop - points.start))
            for start in range(0, n_dimensions, step):
                block = self.block(points, slice(start, start + step))
                kernels.add_squares(block, found[points])

        threads.run(one, cuts(n_points), n_threads)
        return found


def cuts(n_points: int) -> list[slice]:
    """The points in runs of at most `_TILE`, of nearly equal length."""
    n_tiles = -(-n_points // _TILE)
    ends = [n_points * k // n_tiles for k in range(n_tiles + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def tiles(n_points: int) -> list[Tile]:
    """All tiles on and above the diagonal; whole ones first, for those take longer."""
    found = list(itertools.combinations_with_replacement(cuts(n_points), 2))
    return sorted(found, key=lambda tile: tile[0] == tile[1])


def products(
    rows: Rows, wanted: Sequence[Tile], n_threads: int | None = 1
) -> list[Float64Array]:
    """The scalar products in each tile wanted."""
    n_dimensions = rows.values.shape[1]
    n_parts = _n_parts(rows.values.shape, len(wanted))
    ends = [n_dimensions * k // n_parts // WIDTH * WIDTH for k in range(n_parts)]
    ranges = list(itertools.pairwise([*ends, n_dimensions]))
    tasks = [(tile, part) for tile in wanted for part in ranges]
    work = sum(_area(tile) for tile in wanted) * n_dimensions
    found = threads.run(
        lambda task: _product(rows, *task), tasks, 1 if work < _LITTLE else n_threads
    )
    sums = found[::n_parts]
    for k in range(1, n_parts):
        for total, part in zip(sums, found[k::n_parts], strict=True):
            total += part
    return sums


def _n_parts(shape: tuple[int, ...], n_tiles: int) -> int:
    """Runs of columns that are summed apart, to have work for threads with few points."""
    little = shape[0] * shape[0] * shape[1] < _LITTLE
    return 1 if little or n_tiles == 0 else max(1, _PARTS // n_tiles)


def _area(tile: Tile) -> int:
    one, two = tile
    return int(one.stop - one.start) * int(two.stop - two.start)


def _product(rows: Rows, tile: Tile, part: tuple[int, int]) -> Float64Array:
    """The scalar products in one tile over a range of columns."""
    one, two = tile
    shape = (one.stop - one.start, two.stop - two.start)
    total = np.zeros(shape)
    product = np.empty(shape, dtype=rows.dtype)
    for columns in rows.blocks(*part, max(shape)):
        left = rows.block(one, columns)
        right = left if one == two else rows.block(two, columns)
        np.matmul(left, right.T, out=product)  # of a block with itself: half the work
        if rows.dtype == np.float32:
            kernels.accumulate(total, product)
        else:
            total += product
    return total


def symmetric(n_points: int, wanted: Sequence[Tile], found: Sequence[NDArray[Any]]) -> Any:
    """Tiles laid out as one matrix, exactly symmetric."""
    values = np.zeros((n_points, n_points), dtype=found[0].dtype)
    for (one, two), tile in zip(wanted, found, strict=True):
        if one == two:
            upper = np.triu(tile)
            values[one, two] = upper + np.triu(upper, 1).T
        else:
            values[one, two] = tile
            values[two, one] = tile.T
    return values
