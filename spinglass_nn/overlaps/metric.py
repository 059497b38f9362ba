"""The noun of this room: a matrix of distances that says what it holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.typing import Float64Array

ASYMMETRY = 1e-9  # relative to the largest entry; what rounding may leave

CONVENTIONS = {
    "euclidean": "d = |x_a - x_b|",
    "aligned euclidean": "d = min over permutations of hidden units of |x_a - P x_b|, each "
    "pair matched on its own",
    "balanced euclidean": "aligned euclidean after each hidden unit's in- and outgoing "
    "weights were rescaled to equal norm",
    "1 - overlap": "d = 1 - q with q = x_a . x_b / (|x_a| |x_b|)",
    "(1 - overlap)/2": "d = (1 - q)/2 with q = x_a . x_b / (|x_a| |x_b|)",
    "1 - |overlap|": "d = 1 - |q| with q = x_a . x_b / (|x_a| |x_b|)",
    "angle": "d = arccos q, in radians, with q = x_a . x_b / (|x_a| |x_b|)",
    "hamming": "d = (1 - q)/2 of spins ±1, the share of spins that differ",
    "disagreement": "d = share of samples on which the predicted labels differ",
}
# distances that are functions of an overlap alone
OF_OVERLAPS: dict[str, Callable[[Float64Array], Float64Array]] = {
    "1 - overlap": lambda q: 1 - q,
    "(1 - overlap)/2": lambda q: (1 - q) / 2,
    "1 - |overlap|": lambda q: 1 - np.abs(q),
    "angle": np.arccos,
}


@result()
class Distances:
    """Distances between points; read-only.

    Parameters
    ----------
    values : array (n_points, n_points)
        Symmetric, non-negative, zero diagonal.
    kind : str
        "euclidean", "aligned euclidean", "balanced euclidean", "1 - overlap",
        "(1 - overlap)/2", ``"1 - |overlap|"``, "angle", "hamming", "disagreement"; "given" for a
        user's own matrix.
    convention : str
        The definition, in one sentence.
    n_dimensions : int or None
        Dimension of the points, for nulls that need it; None where it is not known.

    Raises
    ------
    DataError
        If the matrix is asymmetric, or has NaN, negative entries or a non-zero diagonal.
    ShapeError
        If it is not square.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> d = sg.overlaps.Distances([[0, 2.0], [2.0, 0]], kind="given", convention="by hand")
    >>> d
    <distances of 2 points: given>
    """

    values: Float64Array
    kind: str = "given"
    convention: str = "a matrix handed in; its definition is not known here"
    n_dimensions: int | None = None

    def __post_init__(self) -> None:
        values = square(self.values, "distances").copy()
        if values.min() < 0:
            raise DataError(f"distances must not be negative, got {values.min():g}")
        if np.any(np.diagonal(values) != 0):
            worst = float(np.diagonal(values).max())
            raise DataError(f"distances must have a zero diagonal, got up to {worst:g}")
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    @property
    def n_points(self) -> int:
        """Number of points."""
        return int(self.values.shape[0])

    @property
    def pairs(self) -> Float64Array:
        """The n (n - 1)/2 distances of the upper triangle, row by row."""
        upper: Float64Array = self.values[np.triu_indices(self.n_points, 1)]
        return upper

    def __len__(self) -> int:
        return self.n_points

    def __repr__(self) -> str:
        return f"<distances of {self.n_points} points: {self.kind}>"

    def __str__(self) -> str:
        return f"distances of {self.n_points} points: {self.kind}, {self.convention}"


def from_overlaps(
    overlaps: ArrayLike,
    *,
    kind: str = "1 - overlap",
    name: str = "the overlaps handed in",
    n_dimensions: int | None = None,
) -> Distances:
    """Distances from a matrix of overlaps, whatever the overlap, in a stated convention.

    - "1 - overlap": 1 - q, half the squared distance of directions if q is a cosine.
    - "(1 - overlap)/2": (1 - q)/2, for spins the share that differ.
    - ``"1 - |overlap|"``: 1 - ``|q|``, which does not know the global flip of spins.
    - "angle": arccos q in radians, a metric for every cosine.

    From a matrix of overlaps known to 1e-16, distances below 1e-8 or so have few digits left;
    `distances` makes those of points with all their digits.

    Parameters
    ----------
    overlaps : array (n_points, n_points)
        Symmetric, in [-1, 1], with unit diagonal.
    kind : str
        One of the four.
    name : str
        What the overlaps are, for the convention: "link overlaps", say.
    n_dimensions : int, optional
        Dimension of the points, for nulls that need it.

    Returns
    -------
    Distances
        Values, kind and convention.

    Raises
    ------
    DataError
        If the matrix is not symmetric, an entry lies outside [-1, 1], or the diagonal is not 1.
    ParameterError
        If the kind is none of the four.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> q = [[1.0, -0.5], [-0.5, 1.0]]
    >>> print(sg.overlaps.from_overlaps(q, kind="(1 - overlap)/2", name="link overlaps"))
    distances of 2 points: (1 - overlap)/2, d = (1 - q)/2 of link overlaps
    >>> float(sg.overlaps.from_overlaps(q, kind="1 - |overlap|").values[0, 1])
    0.5
    """
    check.choice(kind, "kind", OF_OVERLAPS)
    values = OF_OVERLAPS[kind](checked_overlaps(overlaps))
    np.fill_diagonal(values, 0.0)
    formula = CONVENTIONS[kind].split(" with ")[0]
    return Distances(values, kind, f"{formula} of {name}", n_dimensions)


def as_distances(matrix: Distances | ArrayLike, *, minimum: int = 3) -> Distances:
    """Distances from what a user has: distances, or a matrix of overlaps.

    A matrix with zero diagonal holds distances; one with unit diagonal holds overlaps q and
    becomes 1 - q. Both are asked to be symmetric and finite.

    Parameters
    ----------
    matrix : Distances or array (n_points, n_points)
        Distances or overlaps.
    minimum : int, default 3
        Smallest number of points that makes sense for the caller.

    Returns
    -------
    Distances
        The same object if it was one.

    Raises
    ------
    DataError
        If there are too few points, or the diagonal is neither 0 nor 1, or an overlap lies
        outside [-1, 1].
    """
    found = matrix if isinstance(matrix, Distances) else _from_array(matrix)
    if found.n_points < minimum:
        raise DataError(
            f"distances must be between at least {minimum} points, got {found.n_points}"
        )
    return found


def square(matrix: ArrayLike, name: str) -> Float64Array:
    """Check that a matrix is square, finite and symmetric to rounding; symmetrise it."""
    values: Float64Array = check.array(matrix, name)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or values.size == 0:
        raise ShapeError(f"{name} must be a square matrix, got shape {values.shape}")
    difference = np.abs(values - values.T)
    scale = float(np.abs(values).max())
    if difference.max() > ASYMMETRY * scale:
        i, j = np.unravel_index(int(difference.argmax()), difference.shape)
        raise DataError(
            f"{name} must be symmetric, got {values[i, j]:g} at ({i}, {j}) and "
            f"{values[j, i]:g} at ({j}, {i})"
        )
    return values if not difference.any() else (values + values.T) / 2


def checked_overlaps(matrix: ArrayLike) -> Float64Array:
    """A symmetric matrix of overlaps in [-1, 1] with unit diagonal; rounding is clipped."""
    values = square(matrix, "overlaps")
    worst = float(np.abs(values).max())
    if worst > 1 + ASYMMETRY:
        raise DataError(f"overlaps must lie in [-1, 1], got {worst:g} in size")
    if not np.allclose(np.diagonal(values), 1.0, rtol=0, atol=1e-6):
        raise DataError("overlaps must have a unit diagonal")
    return np.clip(values, -1.0, 1.0)


def _from_array(matrix: ArrayLike) -> Distances:
    values = square(matrix, "distances")
    diagonal = np.diagonal(values)
    if not np.any(diagonal):
        return Distances(values)
    if np.allclose(diagonal, 1.0, rtol=0, atol=1e-6):
        return from_overlaps(values)
    raise DataError(
        "distances must have a zero diagonal (or overlaps a unit one), got diagonal entries "
        f"from {diagonal.min():g} to {diagonal.max():g}"
    )
