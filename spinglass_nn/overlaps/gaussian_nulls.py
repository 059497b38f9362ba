"""Gaussian points as nulls: of a dimension, of a mean and variance, of a spectrum."""

from __future__ import annotations

import math

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn.overlaps._null_draws import (
    Draw,
    NullModel,
    complement,
    cosines,
    from_overlaps,
    from_squares,
    haar,
    overlaps_of,
    products_of,
    squares_from,
    squares_of,
)
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.typing import RNG, Float64Array

HIGH_DIMENSION = 100_000  # stands for "high" where the dimension is not known


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
    return gram_draw(n_points, n_dimensions, check.number(mean, "mean"), generator)


def gaussian_null(
    distances: Distances | ArrayLike, *, n_dimensions: int | None = None
) -> NullModel:
    """Independent Gaussian points, as many as given and of the same dimension.

    Distances made of overlaps ("1 - overlap", "(1 - overlap)/2", "hamming", "angle",
    ``"1 - |overlap|"``) are measured as they were, for points about a common mean that gives
    them the mean overlap of the data (where that is positive): a narrow cone of directions
    without structure. All other kinds are measured by the Euclidean distance, disagreement
    by its square; these know no mean. Matching of hidden units is not imitated: it averages
    the fluctuations of pairs away and leaves those of norms, so that even untrained networks
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
    moments = _mean_and_variance(found)
    overlap = max(moments[0], 0.0) if moments else 0.0
    draw = _cloud(found, overlap, n_dims)
    about = f" about a mean with overlap {overlap:.2g}" if overlap > 0 else ""
    return NullModel(f"Gaussian points in {n_dims} dimensions{about}", draw)


def replica_symmetric_null(distances: Distances | ArrayLike) -> NullModel:
    r"""One cluster: Gaussian points with the mean and the variance of the distances given.

    Replica symmetry as it looks at finite size: one state, overlaps spread about one value.
    Points are :math:`x_a = \sqrt{q}\, c + \sqrt{1 - q}\, z_a` with independent Gaussian
    z_a in N dimensions, N such that the distances vary as much as those of the data. For
    squared distances D (or the disagreement, which adds up likewise), from which the common
    part is absent,

    .. math:: N = 2 \langle D \rangle^2 / \mathrm{var}(D),

    and for overlaps, with q their mean (zero if that is negative) and to leading order,

    .. math:: N = (1 - q)^2 (1 + 2q - q^2) / \mathrm{var}(q_{ab}) .

    For "1 - \|overlap\|" both moments are those of a normal law folded at zero.

    `gaussian_null` takes the dimension of the points themselves, and so has less spread than
    points correlated in some directions; `star_null` keeps every point's own distance from
    the centre, of which here only the share of Gaussian points is left, drawn anew. One far
    point is evidence against this null, not against that one. The mean is met up to 1/N.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        What is to be tested.

    Returns
    -------
    NullModel
        To be given to `ultrametricity` as ``null``.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> points = np.random.default_rng(0).normal(size=(20, 50))
    >>> null = sg.overlaps.replica_symmetric_null(sg.overlaps.distances(points))
    >>> null.name.startswith("one cluster of Gaussian points in 4")
    True
    """
    found = as_distances(distances)
    moments = _mean_and_variance(found)
    if moments:
        overlap, variance = max(moments[0], 0.0), moments[1]
        spread = (1 - overlap) ** 2 * (1 + 2 * overlap - overlap**2)
    else:
        pairs = squares_of(found)[np.triu_indices(found.n_points, 1)]
        overlap, variance, spread = 0.0, float(pairs.var()), 2 * float(pairs.mean()) ** 2
    n_dims = min(max(spread / max(variance, 1e-300), 1.0), 1e9)
    draw = _cloud(found, overlap, n_dims)
    return NullModel(f"one cluster of Gaussian points in {n_dims:.3g} dimensions", draw)


def spectrum_null(distances: Distances | ArrayLike) -> NullModel:
    """Gaussian points whose covariance has the eigenvalues of the points given.

    The scalar products of the points about their mean, by classical scaling, are rotated:
    G becomes O G O^T with a random orthogonal O that keeps the mean. For independent
    Gaussian points of any covariance this does not change the law of G, and it keeps all
    eigenvalues as they are: the test is exact, for any number of points and dimensions, and
    nothing is fitted (a rotation test: Langsrud, Stat. Comput. 15 (2005) 53). Points that
    differ in reach are not of this kind; see `star_null`.

    Where distances were made of overlaps, the lengths of points are not known. They are
    drawn, with the variance that Gaussian points of the same spread of overlaps have, and
    taken out again after the rotation. Distances that do not embed in a Euclidean space
    (after pairwise matching) have a few negative eigenvalues, which are kept as well.

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
    overlaps = overlaps_of(found)
    basis = complement(np.ones(found.n_points))
    products = products_of(squares_of(found)) if overlaps is None else overlaps
    spread = _length_spread(found)

    def draw(generator: np.random.Generator) -> Float64Array:
        lengths = np.exp(spread / 2 * generator.standard_normal(found.n_points))
        turn = basis @ haar(basis.shape[1], generator) @ basis.T + 1 / found.n_points
        turned = turn @ (products * np.outer(lengths, lengths)) @ turn.T
        turned = (turned + turned.T) / 2
        if overlaps is None:
            return from_squares(squares_from(turned), found)
        return from_overlaps(cosines(turned), found)

    return NullModel("Gaussian points of the same covariance spectrum", draw)


def _cloud(found: Distances, overlap: float, n_dimensions: float) -> Draw:
    """Gaussian points about a mean, measured as ``found`` was."""
    by_overlap = overlaps_of(found) is not None
    mean = math.sqrt(overlap / max(1 - overlap, 1e-12))
    squares = squares_of(found)
    # only ratios of distances count, but numbers of the size of the data are easier to read
    scale = float(squares.sum()) / (found.n_points * (found.n_points - 1)) / 2 / n_dimensions

    def draw(generator: np.random.Generator) -> Float64Array:
        products = gram_draw(found.n_points, n_dimensions, mean, generator)
        if by_overlap:
            return from_overlaps(cosines(products), found)
        return from_squares(squares_from(products * scale), found)

    return draw


def _mean_and_variance(found: Distances) -> tuple[float, float] | None:
    """Mean and variance of overlaps; None for distances not made of them."""
    overlaps = overlaps_of(found)
    if overlaps is None:
        return None
    pairs = overlaps[np.triu_indices(found.n_points, 1)]
    mean, square = float(pairs.mean()), float(np.square(pairs).mean())
    if found.kind == "1 - |overlap|":
        mean = _unfolded(mean, square)
    return mean, max(square - mean**2, 0.0)


def _unfolded(mean: float, square: float) -> float:
    """Mean of the normal law of which |x| has this mean and x^2 has this one."""

    def excess(centre: float) -> float:
        width = math.sqrt(square - centre**2)
        below = math.erf(centre / width / math.sqrt(2))
        peak = math.sqrt(2 / math.pi) * width * math.exp(-((centre / width) ** 2) / 2)
        return peak + centre * below - mean

    high = math.sqrt(square) * (1 - 1e-9)
    if high == 0 or excess(0.0) >= 0:
        return 0.0
    if excess(high) <= 0:
        return high
    return float(scipy.optimize.brentq(excess, 0.0, high))


def _length_spread(found: Distances) -> float:
    """Standard deviation of squared lengths to be put back where only directions are known.

    Of Gaussian points about a mean in N dimensions, to leading order in 1/N, overlaps have
    the variance (1-q)^2 (1+2q-q^2)/N, and squared lengths, in units of their mean,
    2 (1-q^2)/N.
    """
    moments = _mean_and_variance(found)
    if moments is None:
        return 0.0
    overlap = min(max(moments[0], 0.0), 1 - 1e-12)
    share = 2 * (1 + overlap) / ((1 - overlap) * (1 + 2 * overlap - overlap**2))
    return math.sqrt(min(share * moments[1], 1.0))


def gram_draw(
    n_points: int, n_dimensions: float, mean: float, generator: np.random.Generator
) -> Float64Array:
    """Draw the scalar products of `gaussian_gram` from a generator."""
    if n_dimensions <= n_points:  # one dimension is set apart for the mean
        whole = max(round(n_dimensions), 1)
        points = mean + generator.standard_normal((n_points, whole))
        return np.asarray(points @ points.T * (n_dimensions / whole), dtype=np.float64)
    along = generator.standard_normal(n_points) + mean * np.sqrt(n_dimensions)
    lower = np.tril(generator.standard_normal((n_points, n_points)), -1)
    freedom = n_dimensions - 1 - np.arange(n_points)
    np.fill_diagonal(lower, np.sqrt(generator.chisquare(freedom)))
    return np.asarray(lower @ lower.T + np.outer(along, along), dtype=np.float64)
