"""What null models share: their noun, and the two ways in which distances add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spinglass_nn.overlaps.metric import OF_OVERLAPS, Distances
from spinglass_nn.typing import Float64Array

# what stands for squared distances, over 1 - q, where the points have one length
OVERLAP_UNITS = {"1 - overlap": 1.0, "(1 - overlap)/2": 0.5, "hamming": 0.5, "angle": 1.0}

_ROUNDING = 1e-3  # of a step, in single precision

Draw = Callable[[np.random.Generator], Float64Array]


@dataclass(frozen=True, slots=True)
class NullModel:
    """A way to draw distances of points without hierarchy.

    Parameters
    ----------
    name : str
        What the points are, to stand in a sentence after "no more tree-like than".
    draw : callable
        Takes a Generator, returns distances (n_points, n_points).
    """

    name: str
    draw: Draw


def overlaps_of(found: Distances) -> Float64Array | None:
    """Overlaps (or their sizes) that distances were made of; None where they were not."""
    values = found.values
    if found.kind in ("1 - overlap", "1 - |overlap|"):
        return 1 - values
    if found.kind in ("(1 - overlap)/2", "hamming"):
        return 1 - 2 * values
    return np.cos(values) if found.kind == "angle" else None


def from_overlaps(overlaps: Float64Array, found: Distances) -> Float64Array:
    """Distances of the kind of ``found`` from overlaps."""
    kind = "(1 - overlap)/2" if found.kind == "hamming" else found.kind
    values = OF_OVERLAPS[kind](np.clip((overlaps + overlaps.T) / 2, -1.0, 1.0))
    np.fill_diagonal(values, 0.0)
    return np.asarray(values, dtype=np.float64)


def squares_of(found: Distances) -> Float64Array:
    """What adds up as squared Euclidean distances do: d^2, 1 - q, or the disagreement."""
    if found.kind == "given" or found.kind.endswith("euclidean"):
        return np.square(found.values)
    if found.kind == "angle":
        return 1 - np.cos(found.values)
    return found.values


def from_squares(squares: Float64Array, found: Distances) -> Float64Array:
    """Distances of the kind of ``found``; noise below zero is cut.

    Distances of Ising spins are whole multiples of one step. Draws are rounded to such, for
    shares of triangles with nearly equal sides depend on it.
    """
    values = np.maximum((squares + squares.T) / 2, 0.0)  # products by BLAS are not symmetric
    step = step_of(found)
    if step:
        values = step * np.rint(values / step)
    np.fill_diagonal(values, 0.0)
    if found.kind == "given" or found.kind.endswith("euclidean"):
        values = np.sqrt(values)
    elif found.kind == "angle":
        values = np.arccos(np.maximum(1 - values, -1.0))
    return np.asarray(values, dtype=np.float64)


def step_of(found: Distances) -> float:
    """The step between possible distances of Ising spins; 0 for other points."""
    unit = OVERLAP_UNITS.get(found.kind)
    if unit is None or found.kind == "angle" or not found.n_dimensions:
        return 0.0
    step = 2 * unit / found.n_dimensions
    steps = found.values / step
    return step if np.abs(steps - np.rint(steps)).max() < _ROUNDING else 0.0


def cosines(products: Float64Array) -> Float64Array:
    """Overlaps of points known by their scalar products."""
    lengths = np.sqrt(np.diagonal(products))
    return np.asarray(products / np.outer(lengths, lengths), dtype=np.float64)


def haar(n_points: int, generator: np.random.Generator) -> Float64Array:
    """A uniformly random orthogonal matrix: QR of Gaussian numbers, positive diagonal of R."""
    q, r = np.linalg.qr(generator.standard_normal((n_points, n_points)))
    return np.asarray(q * np.copysign(1.0, np.diagonal(r)), dtype=np.float64)


def complement(vector: Float64Array) -> Float64Array:
    """An orthonormal basis, in columns, of what is orthogonal to a vector without zeros."""
    columns = np.eye(vector.size)
    columns[:, 0] = vector
    return np.asarray(np.linalg.qr(columns)[0][:, 1:], dtype=np.float64)


def products_of(squares: Float64Array) -> Float64Array:
    """Scalar products about the mean point, by classical scaling."""
    rows = squares.mean(axis=1)
    return np.asarray((rows[:, None] + rows - rows.mean() - squares) / 2, dtype=np.float64)


def squares_from(products: Float64Array) -> Float64Array:
    """Squared distances of points known by their scalar products."""
    own = np.diagonal(products)
    return np.asarray(own[:, None] + own - 2 * products, dtype=np.float64)


def symmetric_normal(n_points: int, generator: np.random.Generator) -> Float64Array:
    """Independent standard normal numbers for all pairs; zero diagonal."""
    upper = np.triu(generator.standard_normal((n_points, n_points)), 1)
    return np.asarray(upper + upper.T, dtype=np.float64)
