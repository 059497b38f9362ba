"""Ranks in strata, and the resamples and permutations that keep to strata or blocks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.typing import Float64Array, IntArray

# resamples are ranked together, as many as need this many numbers
NUMBERS_AT_ONCE = 1_000_000

Shuffle = Callable[[np.random.Generator], IntArray]


def as_labels(labels: ArrayLike | None, name: str, n_points: int) -> IntArray:
    """Labels as integers 0, 1, ...; one stratum if there are none."""
    if labels is None:
        return np.zeros(n_points, dtype=np.int64)
    given = np.asarray(labels)
    if given.shape != (n_points,):
        raise ShapeError(f"{name} must have shape ({n_points},), got {given.shape}")
    return np.asarray(np.unique(given, return_inverse=True)[1], dtype=np.int64)


def _members(labels: IntArray) -> list[IntArray]:
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def ranks(values: Float64Array, strata: IntArray) -> Float64Array:
    """Ranks within strata along the last axis, over the stratum's size plus one, centred."""
    placed = np.empty(values.shape)
    for rows in _members(strata):
        placed[..., rows] = rankdata(values[..., rows], axis=-1) / (rows.size + 1) - 0.5
    return placed


def correlations(x: Float64Array, y: Float64Array, strata: IntArray) -> Float64Array:
    """Along the last axis; NaN where a side is constant."""
    a, b = ranks(x, strata), ranks(y, strata)
    norm = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (a * b).sum(axis=-1) / norm
    # rounding can leave a constant's ranks a hair from zero
    return np.asarray(np.where(norm > 1e-12, value, math.nan))


def resampled(
    generator: np.random.Generator, strata: IntArray, blocks: IntArray | None
) -> IntArray:
    """Row numbers of one bootstrap resample."""
    if blocks is not None:
        members = _members(blocks)
        chosen = generator.integers(0, len(members), len(members))
        return np.concatenate([members[k] for k in chosen])
    rows = np.empty(strata.size, dtype=np.int64)
    for inside in _members(strata):
        rows[inside] = inside[generator.integers(0, inside.size, inside.size)]
    return rows


def shuffler(strata: IntArray, blocks: IntArray | None) -> Shuffle:
    """Return a function that permutes row numbers within strata, or whole blocks."""
    if blocks is None:
        members = _members(strata)

        def shuffle_within(generator: np.random.Generator) -> IntArray:
            rows = np.empty(strata.size, dtype=np.int64)
            for inside in members:
                rows[inside] = generator.permutation(inside)
            return rows

        return shuffle_within
    sizes = {rows.size for rows in _members(blocks)}
    if len(sizes) > 1:
        raise DataError(f"groups must be of equal size to be permuted, got {sorted(sizes)}")
    table = np.stack(_members(blocks))

    def shuffle_blocks(generator: np.random.Generator) -> IntArray:
        rows = np.empty(strata.size, dtype=np.int64)
        rows[table] = generator.permutation(table)
        return rows

    return shuffle_blocks


def design_of(
    groups: ArrayLike | None, strata: ArrayLike | None, n_points: int
) -> tuple[IntArray, IntArray | None, str]:
    """Strata and groups as numbers, and what is resampled and permuted, in words."""
    within = as_labels(strata, "strata", n_points)
    blocks = as_labels(groups, "groups", n_points) if groups is not None else None
    if blocks is None:
        words = "independent points" if strata is None else "points within strata"
        return within, None, words
    if strata is None:
        return within, blocks, "points in groups"
    inside = {tuple(within[rows]) for rows in _members(blocks)}
    if len(inside) > 1:
        raise DataError(
            "groups must all hold the same strata in the same order to be permuted within "
            f"them, got {len(inside)} different lists"
        )
    return within, blocks, "points within strata, in groups"
