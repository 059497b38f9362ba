"""Null models: points without hierarchy, measured exactly as the points in question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn.errors import ParameterError
from spinglass_nn.overlaps import _pairs
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.overlaps.points import Points, labels_of, norms, weight_points
from spinglass_nn.typing import RNG, Float64Array

NULLS = ("gaussian", "star", "spectrum", "shuffled_distances")
_VECTOR_KINDS = ("euclidean", "1 - overlap", "given")
HIGH_DIMENSION = 100_000  # stands for "high" where the dimension is not known

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


def gaussian_gram(
    n_points: int, n_dimensions: int, *, mean: float = 0.0, rng: RNG = None
) -> Float64Array:
    r"""Scalar products of independent Gaussian points, without the points.

    For points :math:`x_a \sim N(\mu, 1)^N` the Gram matrix is a Wishart matrix. If N >= n it
    is drawn exactly as :math:`L L^T` with independent entries of a lower triangular L:
    :math:`L_{ii} = \sqrt{\chi^2_{N-i}}` for i = 0 ... n - 1, and standard normal below
    (Bartlett 1933, Proc. R. Soc. Edinb. 53, 260). A mean vector of length
    :math:`\mu \sqrt{N}` lies along one axis, which is drawn apart. For N < n the points
    themselves are drawn.

    Parameters
    ----------
    n_points, n_dimensions : int
        Number of points n, and their dimension N.
    mean : float, default 0
        Mean :math:`\mu` of every component; the mean overlap is about
        :math:`\mu^2/(1 + \mu^2)`.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    array (n_points, n_points)
        Scalar products; memory and random draws are of order n^2, whatever N.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> gram = sg.overlaps.gaussian_gram(4, 1_000_000, rng=1)
    >>> gram.shape, bool(abs(gram[0, 0] / 1e6 - 1) < 0.01)
    ((4, 4), True)
    """
    check.count(n_points, "n_points")
    check.count(n_dimensions, "n_dimensions")
    generator = seed_of(rng).generator(Stream.NULLS)
    return _gram(n_points, n_dimensions, check.number(mean, "mean"), generator)


def gaussian_null(
    distances: Distances | ArrayLike, *, n_dimensions: int | None = None
) -> NullModel:
    """Independent Gaussian points, as many as given and of the same dimension.

    Distances of kind "1 - overlap" are measured by 1 - q, for points about a common mean
    that gives them the mean overlap of the data (where that is positive): a narrow cone of
    directions without structure. All other kinds are measured by the Euclidean distance,
    which knows no mean. Matching of hidden units is not imitated: it averages the
    fluctuations of pairs away and leaves those of norms, so that even untrained networks
    come out more tree-like than Gaussian points (784-128-10: 15 to 28 % of sets of 16 at
    level 5 %; 0 to 3 % with `star_null`). Use `star_null` after matching, and that or
    `column_shuffled` for disagreement.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        What is to be tested.
    n_dimensions : int, optional
        Default: that of ``distances``; where unknown, 100,000.

    Returns
    -------
    NullModel
        To be given to `ultrametricity` as ``null``.
    """
    found = as_distances(distances)
    given = found.n_dimensions if n_dimensions is None else n_dimensions
    n_dims = check.count(HIGH_DIMENSION if given is None else given, "n_dimensions")
    n_points, directions = found.n_points, _by_overlap(found)
    overlap = 1 - float(found.pairs.mean()) if directions else 0.0
    mean = np.sqrt(max(overlap, 0.0) / max(1 - overlap, 1e-12))

    def draw(generator: np.random.Generator) -> Float64Array:
        return _measured(_gram(n_points, n_dims, float(mean), generator), directions)

    about = f" about a mean with overlap {overlap:.2g}" if mean > 0 else ""
    return NullModel(f"Gaussian points in {n_dims} dimensions{about}", draw)


def spectrum_null(distances: Distances | ArrayLike) -> NullModel:
    """Gaussian points whose covariance has the eigenvalues of the points given.

    The eigenvalues are those of G/(n - 1), with the centred Gram matrix G = -J D2 J / 2,
    J = 1 - 1/n, from the squared distances D2 by classical scaling. Distances that do not
    embed in a Euclidean space (after pairwise matching) have a few negative ones, which are
    set to zero. For "1 - overlap", D2 = 2 (1 - q) are squared distances of directions; the
    Gaussian points are drawn about a mean of the length that directions have, and measured
    by 1 - q again. Only n - 1 eigenvalues of n points are known, so this null has fewer
    dimensions than the points, and the test is conservative (below 1 % instead of 5 % false
    positives for Gaussian points in 300 dimensions).

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        What is to be tested.

    Returns
    -------
    NullModel
        To be given to `ultrametricity` as ``null``.
    """
    found = as_distances(distances)
    directions = _by_overlap(found)
    squares = 2 * found.values if directions else np.square(found.values)
    centring = np.eye(found.n_points) - 1 / found.n_points
    eigenvalues = np.linalg.eigvalsh(-centring @ squares @ centring / 2)[1:]
    variances = np.maximum(eigenvalues, 0.0) / (found.n_points - 1)
    # directions have length one: what is not spread is their mean
    mean = np.sqrt(max(1 - variances.sum(), 0.0)) if directions else 0.0

    def draw(generator: np.random.Generator) -> Float64Array:
        noise = generator.standard_normal((found.n_points, variances.size))
        points = np.column_stack([np.full(found.n_points, mean), noise * np.sqrt(variances)])
        if directions:
            return _pairs.squared_distances(points, scale=norms(points)) / 2
        return np.sqrt(_pairs.squared_distances(points))

    return NullModel("Gaussian points of the same covariance spectrum", draw)


def shuffled_distances(distances: Distances | ArrayLike) -> NullModel:
    """The same distances, dealt anew to the pairs.

    Keeps the histogram and destroys all geometry, even that some points lie farther out
    than others: nearly every cloud of points differs from it (of sets of 16 Gaussian points,
    9 in 10 at level 5 %). Its rejection says that there is geometry, not hierarchy.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        What is to be tested.

    Returns
    -------
    NullModel
        To be given to `ultrametricity` as ``null``.
    """
    found = as_distances(distances)
    upper = np.triu_indices(found.n_points, 1)
    pairs = found.pairs

    def draw(generator: np.random.Generator) -> Float64Array:
        values = np.zeros((found.n_points, found.n_points))
        values[upper] = generator.permutation(pairs)
        return values + values.T

    return NullModel("the same distances shuffled", draw)


def star_null(distances: Distances | ArrayLike) -> NullModel:
    r"""Points that differ only in how far out they lie.

    A point far from the centre is far from all others, and a few such points make K smaller
    and trees straighter than Gaussian points do, without any hierarchy. Networks of unequal
    quality or norm, and networks after matching, are of this kind. The null keeps it: with
    :math:`D_{ab} = d_{ab}^2` (or 1 - q, or the disagreement, which add up likewise),

    .. math:: D_{ab} = s_a + s_b + e_{ab},

    is fitted by least squares, and the residuals e are dealt anew to the pairs, scaled up by
    sqrt(pairs/(pairs - n)) for the n numbers fitted; the spread of s is scaled down by what
    the residuals alone would have given it.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        What is to be tested; at least 4 points.

    Returns
    -------
    NullModel
        To be given to `ultrametricity` as ``null``.
    """
    found = as_distances(distances, minimum=4)
    n_points, additive = found.n_points, found.kind in ("1 - overlap", "disagreement")
    values = found.values if additive else np.square(found.values)
    upper = np.triu_indices(n_points, 1)
    rows = values.sum(axis=1)
    total = rows.sum() / (2 * (n_points - 1))
    reach = (rows - total) / (n_points - 2)
    residuals = (values - reach[:, None] - reach[None, :])[upper]
    free = residuals.size - n_points
    noise = float(residuals @ residuals) / free
    spread = float(reach.var(ddof=1))
    kept = 1 - noise / (n_points - 2) / spread if spread > 0 else 0.0
    reach = reach.mean() + (reach - reach.mean()) * np.sqrt(max(kept, 0.0))
    expected = (reach[:, None] + reach[None, :])[upper]
    residuals = residuals * np.sqrt(residuals.size / free)

    def draw(generator: np.random.Generator) -> Float64Array:
        pairs = np.maximum(expected + generator.permutation(residuals), 0.0)
        drawn = np.zeros((n_points, n_points))
        drawn[upper] = pairs if additive else np.sqrt(pairs)
        return drawn + drawn.T

    return NullModel("points that differ only in how far out they lie", draw)


def column_shuffled(points: Points, *, kind: str = "euclidean", data: Any = None) -> NullModel:
    """The same points with each coordinate shuffled among them.

    Every coordinate keeps its values (for "disagreement": every sample keeps its predicted
    labels, easy ones stay easy); what a point's coordinates have to do with each other is
    lost, and with it clusters and hierarchy.

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        Networks or any vectors; integer labels for "disagreement".
    kind : {"euclidean", "1 - overlap", "disagreement"}
        How they were measured. After matching there is no common frame to shuffle in.
    data : Dataset or array (n_samples, n_inputs), optional
        Where predictions of networks are compared.

    Returns
    -------
    NullModel
        For ``ultrametricity(..., null=...)``.
    """
    check.choice(kind, "kind", ("euclidean", "1 - overlap", "disagreement"))
    if kind == "disagreement":
        rows: NDArray[Any] = labels_of(points, data, None)
    else:
        rows = weight_points(points)

    def draw(generator: np.random.Generator) -> Float64Array:
        mixed = generator.permuted(rows, axis=0)
        if kind == "disagreement":
            return 1.0 - _pairs.agreement(mixed)
        scale = norms(mixed) if kind == "1 - overlap" else None
        squared = _pairs.squared_distances(mixed, scale=scale)
        return np.sqrt(squared) if scale is None else squared / 2

    return NullModel("the same points with shuffled coordinates", draw)


def null_model(
    null: str | NullModel | None, distances: Distances, n_dimensions: int | None
) -> NullModel:
    """Make the null that a user named or brought, or that fits the kind of distances."""
    if null is None:
        plain = distances.kind in _VECTOR_KINDS or n_dimensions is not None
        null = "gaussian" if plain else "star"
    if isinstance(null, NullModel):
        if n_dimensions is not None:
            raise ParameterError("n_dimensions must be None with a null model of your own")
        return null
    if null == "column_shuffled":
        raise ParameterError(
            "null 'column_shuffled' needs the points, not their distances: give "
            "null=column_shuffled(points, kind=...)"
        )
    check.choice(null, "null", NULLS)
    if null == "gaussian":
        return gaussian_null(distances, n_dimensions=n_dimensions)
    if n_dimensions is not None:
        raise ParameterError(f"n_dimensions must be None for null {null!r}")
    makers = {"star": star_null, "spectrum": spectrum_null}
    return makers.get(null, shuffled_distances)(distances)


def _by_overlap(found: Distances) -> bool:
    return found.kind == "1 - overlap"


def _gram(
    n_points: int, n_dimensions: int, mean: float, generator: np.random.Generator
) -> Float64Array:
    if n_dimensions <= n_points:  # one dimension is set apart for the mean
        points = mean + generator.standard_normal((n_points, n_dimensions))
        return np.asarray(points @ points.T, dtype=np.float64)
    along = generator.standard_normal(n_points) + mean * np.sqrt(n_dimensions)
    lower = np.tril(generator.standard_normal((n_points, n_points)), -1)
    freedom = n_dimensions - 1 - np.arange(n_points)
    np.fill_diagonal(lower, np.sqrt(generator.chisquare(freedom)))
    return np.asarray(lower @ lower.T + np.outer(along, along), dtype=np.float64)


def _measured(products: Float64Array, directions: bool) -> Float64Array:
    """Distances of points known by their scalar products."""
    own = np.diagonal(products)
    if directions:
        values = 1 - products / np.sqrt(np.outer(own, own))
    else:
        values = np.sqrt(np.maximum(own[:, None] + own[None, :] - 2 * products, 0.0))
    np.fill_diagonal(values, 0.0)
    return np.asarray(np.maximum(values, 0.0), dtype=np.float64)
