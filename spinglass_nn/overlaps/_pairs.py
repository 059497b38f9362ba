"""All pairs at once: cosines, squared distances and agreements of rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn.overlaps import _bits
from spinglass_nn.overlaps import _pairs_kernels as kernels
from spinglass_nn.overlaps._products import WIDE, WIDTH, Rows, Tile, products, symmetric, tiles
from spinglass_nn.typing import Float64Array, IntArray

_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
# Below this share of the squared norms a squared distance is made anew with more digits: what
# is left has a relative error below gamma / _NEAR = 2.5e-4 from float32 products (1e-6 as a
# rule), and half of its digits from float64 products.
_NEAR = {_SINGLE: 1 / 16, _DOUBLE: 1e-5}
_MANY = 1 / 8  # share of the pairs of a tile, above which one float64 product is quicker
_TINY = 2.0**-40  # of the largest square: smaller ones may have suffered from underflow
_NARROW = 2.0**-9  # between directions that division has rounded to float32
_PAIRED = 1 << 24  # components that one piece of work separates
_LARGEST = 2.0**125  # component whose distance from a mean float32 can hold
# norms between which products of rows neither overflow nor lose digits
_SAFE = {_SINGLE: (2.0**-50, 2.0**60), _DOUBLE: (2.0**-400, 2.0**500)}


def cosines(rows: NDArray[Any], lengths: Float64Array, n_threads: int | None = 1) -> Any:
    """x_a . x_b / (|x_a| |x_b|) of all pairs; exactly symmetric.

    Products of float32 rows err by at most `_products.GAMMA`, 1.5e-5, and by 1e-7 as a rule;
    those of small integers are exact.
    """
    wanted = tiles(len(rows))
    dtype = _precision(rows) or (_SINGLE if rows.dtype == _SINGLE else _DOUBLE)
    plain = _within(lengths, dtype)
    with threads.one_blas_thread():
        prepared = Rows(rows, dtype) if plain else Rows(rows, _DOUBLE, lengths)
        found = products(prepared, wanted, n_threads)
    if plain:
        for (one, two), tile in zip(wanted, found, strict=True):
            tile /= lengths[one, None] * lengths[None, two]
    return symmetric(len(rows), wanted, found)


def squared_distances(
    rows: NDArray[Any],
    *,
    scale: Float64Array | None = None,
    absolute: bool = False,
    n_threads: int | None = 1,
) -> Float64Array:
    """|x_a - x_b|^2 of all pairs; exactly symmetric, exactly zero on the diagonal.

    Through scalar products of centred rows; pairs much nearer than their norms, for which the
    difference of large numbers would lose its digits, are computed again in float64, and the
    nearest from x_a - x_b. Exact for small integers (without a scale).

    Parameters
    ----------
    rows : array (n_points, n_dimensions)
        Any precision.
    scale : array (n_points,), optional
        Each row is divided by its entry first.
    absolute : bool
        The smaller one of |x_a - x_b|^2 and |x_a + x_b|^2.
    n_threads : int, optional
        Threads over tiles; the result does not depend on it.
    """
    exact = None if scale is not None else _precision(rows)
    wanted = tiles(len(rows))
    with threads.one_blas_thread():
        if exact is not None:
            plain = Rows(rows, exact)
            made = _squares(plain, plain.squares(n_threads), wanted, absolute, n_threads)
            found = [tile.squares for tile in made]
        else:
            found = _careful(rows, scale, absolute, n_threads)
    squares: Float64Array = symmetric(len(rows), wanted, found)
    np.maximum(squares, 0.0, out=squares)
    np.fill_diagonal(squares, 0.0)
    return squares


def agreement(labels: IntArray, n_threads: int | None = 1) -> Float64Array:
    """Share of samples on which two rows carry the same label, for all pairs; exact counts."""
    n_points, n_samples = labels.shape
    known = np.unique(labels)
    step = max(1, _bits._WIDTH // len(known))
    counts = np.zeros((n_points + -n_points % 4,) * 2, dtype=np.int64)
    for start in range(0, n_samples, step):
        some = labels[:, start : start + step]
        n_columns = some.shape[1] * len(known)

        def one_hot(points: slice, columns: slice, some: IntArray = some) -> Any:
            hot = some[points, :, None] == known
            return hot.reshape(len(hot), -1)[:, columns]

        packed = _bits.pack(one_hot, n_points, slice(0, n_columns), n_threads)
        _bits.add_counts(packed, counts, n_threads)
    # where labels differ, two of the bits do
    shares: Float64Array = 1.0 - _bits.mirrored(counts, n_points) / (2.0 * n_samples)
    return shares


def _precision(rows: NDArray[Any]) -> Any:
    """The precision in which products of integers are exact; None if there is none."""
    if rows.dtype.kind not in "iu":
        return None
    largest = max(abs(int(rows.min())), abs(int(rows.max())))
    if largest**2 * WIDTH <= 2**24:
        return _SINGLE
    return _DOUBLE if largest**2 * rows.shape[1] <= 2**53 else None


class _Squares(NamedTuple):
    """Squared distances in one tile, and which of them are too small to be trusted."""

    squares: Float64Array
    near: NDArray[np.bool_]


def _squares(
    rows: Rows, own: Float64Array, wanted: Sequence[Tile], absolute: bool, n_threads: int | None
) -> list[_Squares]:
    """From the scalar products of rows with squared norms ``own``."""
    rounded = rows.scale is not None and rows.dtype == _SINGLE
    least = _NARROW if rounded else _TINY * own.max()
    found = []
    for tile, product in zip(wanted, products(rows, wanted, n_threads), strict=True):
        one, two = tile
        sums = own[one, None] + own[None, two]
        squares = sums - 2 * (np.abs(product) if absolute else product)
        near = squares < np.maximum(_NEAR[rows.dtype] * sums, least)
        squares /= rows.factor**2
        found.append(_Squares(squares, np.triu(near, 1) if one == two else near))
    return found


def _careful(
    rows: NDArray[Any], scale: Float64Array | None, absolute: bool, n_threads: int | None
) -> list[Float64Array]:
    """Squared distances of all tiles, with float64 and single pairs where digits are lost."""
    wanted = tiles(len(rows))
    prepared, own = _prepared(rows, scale, absolute, n_threads)
    found = _squares(prepared, own, wanted, absolute, n_threads)
    if prepared.dtype == _SINGLE:
        crowded = [k for k, tile in enumerate(found) if tile.near.mean() > _MANY]
        double = replace(prepared, dtype=_DOUBLE, factor=1.0)
        own = double.squares(n_threads) if crowded else own
        again = _squares(double, own, [wanted[k] for k in crowded], absolute, n_threads)
        for k, tile in zip(crowded, again, strict=True):
            found[k] = tile
    first, second = _listed(wanted, [tile.near for tile in found])
    if first.size:
        separated = _separated(rows, scale, absolute, (first, second), n_threads)
        start = 0
        for tile in found:
            stop = start + int(tile.near.sum())
            tile.squares[tile.near] = separated[start:stop]
            start = stop
    return [tile.squares for tile in found]


def _prepared(
    rows: NDArray[Any], scale: Float64Array | None, absolute: bool, n_threads: int | None
) -> tuple[Rows, Float64Array]:
    """Centred rows in the precision that suits them, and their squared norms."""
    dtype: Any = _DOUBLE
    if rows.dtype == _SINGLE:
        small = max(rows.max(), -rows.min()) < _LARGEST
        dtype = _SINGLE if (small if scale is None else _within(scale, _SINGLE)) else _DOUBLE
    plain = Rows(rows, dtype, scale)
    prepared = plain if absolute else replace(plain, centre=_centre(plain))
    own = prepared.squares(n_threads)
    largest = np.sqrt(own.max(keepdims=True))
    if dtype == _DOUBLE or scale is not None or largest == 0 or _within(largest, dtype):
        return prepared, own
    factor = float(2.0 ** -np.round(np.log2(largest[0])))
    return replace(prepared, factor=factor), own * factor**2


def _within(lengths: Float64Array, dtype: Any) -> bool:
    low, high = _SAFE[dtype]
    return bool(lengths.min() > low and lengths.max() < high)


def _centre(rows: Rows) -> NDArray[Any]:
    """The mean of the rows, in their precision: any common shift would do."""
    n_points, n_dimensions = rows.values.shape
    weights = np.full(n_points, 1 / n_points, dtype=rows.dtype)
    centre = np.empty(n_dimensions, dtype=rows.dtype)
    step = max(1, WIDE // n_points)
    for start in range(0, n_dimensions, step):
        columns = slice(start, start + step)
        centre[columns] = weights @ rows.block(slice(0, n_points), columns)
    return centre


def _listed(wanted: Sequence[Tile], near: Sequence[NDArray[np.bool_]]) -> tuple[Any, Any]:
    """The points of all pairs marked, tile after tile."""
    first, second = [], []
    for (one, two), marks in zip(wanted, near, strict=True):
        a, b = np.nonzero(marks)
        first.append(a + one.start)
        second.append(b + two.start)
    return np.concatenate(first), np.concatenate(second)


def _separated(
    rows: NDArray[Any],
    scale: Float64Array | None,
    absolute: bool,
    pairs: tuple[IntArray, IntArray],
    n_threads: int | None,
) -> Float64Array:
    """Squared distances of single pairs from the differences of their components."""
    first, second = pairs
    copies: dict[bytes, int] = {}  # equal points, however many, need no differences
    twin = np.arange(len(rows))
    for k in np.union1d(first, second).tolist():
        twin[k] = copies.setdefault(rows[k].tobytes(), k)
    squares = np.zeros(first.size)
    apart = np.flatnonzero(twin[first] != twin[second])
    factors = np.ones(len(rows)) if scale is None else 1 / scale
    step = max(1, _PAIRED // rows.shape[1])

    def one(start: int) -> None:
        some = apart[start : start + step]
        found = np.empty(some.size)
        for sign in (1.0, -1.0) if absolute else (1.0,):
            signs = np.full(some.size, sign)
            kernels.separations(rows, factors, first[some], second[some], signs, found)
            squares[some] = found if sign > 0 else np.minimum(found, squares[some])

    little = apart.size * rows.shape[1] < _PAIRED
    threads.run(one, range(0, apart.size, step), 1 if little else n_threads)
    return squares
