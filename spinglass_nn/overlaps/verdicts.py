"""The test for a hierarchy: statistics, errors, nulls, p-values, and one sentence."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.overlaps.clustering import cophenetic_correlation
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.overlaps.null_models import NullModel, null_model
from spinglass_nn.overlaps.triangles import Triangles, mean_gap, triangle_statistics
from spinglass_nn.statistics import Band, Estimate, band, holm, jackknife_from, p_value
from spinglass_nn.typing import RNG, Float64Array, ProgressLike

VERDICTS = ("more tree-like", "no more tree-like", "cannot tell")
_BLOCKS = 64  # at most so many leave-out trees for the cophenetic correlation


@result()
class TreeTest:
    """One statistic beside its null.

    Parameters
    ----------
    statistic : str
        "K" or "cophenetic correlation".
    value : Estimate
        Of the points given; error by jackknife over points.
    side : str
        Where trees lie: "low" or "high".
    null : Band
        Mean, standard deviation and 1 to 99 % band of the null draws.
    critical : float
        Value beyond which this statistic alone would reject the null at the level used.
    p_value : float
        One-sided, (1 + k)/(1 + n).
    corrected : float
        P-value after Holm's correction for the number of statistics tried.
    draws : array (n_null,)
        The null draws.
    """

    statistic: str
    value: Estimate
    side: str
    null: Band
    critical: float
    p_value: float
    corrected: float
    draws: Float64Array

    def __str__(self) -> str:
        return f"{self.statistic} = {self.value}, null {self.null}, p = {self.corrected:.2g}"


@result()
class Ultrametricity:
    """Is a set of points more tree-like than a null model? With errors and p-values.

    Parameters
    ----------
    triangles : Triangles
        K, iso, rel and shares of equilateral and isosceles triangles.
    tests : tuple of TreeTest
        K, then the cophenetic correlation (average linkage).
    null : str
        The null model in words.
    n_null : int
        Number of null draws.
    level : float
        Level of the test.
    verdict : str
        "more tree-like", "no more tree-like" or "cannot tell".
    sentence : str
        The verdict with its numbers.
    kind : str
        What was tested.
    """

    triangles: Triangles
    tests: tuple[TreeTest, ...]
    null: str
    n_null: int
    level: float
    verdict: str
    sentence: str
    kind: str

    @property
    def k(self) -> TreeTest:
        """The triangle statistic K beside its null."""
        return self.tests[0]

    @property
    def cophenetic(self) -> TreeTest:
        """The cophenetic correlation beside its null."""
        return self.tests[1]

    @property
    def p_value(self) -> float:
        """Smallest corrected p-value: that of the test as a whole."""
        return min(test.corrected for test in self.tests)

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"<{self.verdict}: {self.sentence}>"


def ultrametricity(
    distances: Distances | ArrayLike,
    *,
    null: str | NullModel | None = None,
    n_dimensions: int | None = None,
    n_null: int = 499,
    level: float = 0.05,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Ultrametricity:
    """Test whether points are more tree-like than points without hierarchy.

    Two statistics are compared with ``n_null`` draws of the null model, each on the side
    where trees lie: K of all triangles (low; see `triangle_statistics`) and the cophenetic
    correlation of average linkage (high). Their p-values are corrected by Holm's rule.

    The verdict follows this rule:

    1. "more tree-like" if a corrected p-value is at most ``level``.
    2. Otherwise "cannot tell" if the test had no chance to see a hierarchy here: if
       ``n_null`` is too small for any p-value to reach the level, or if half of the null's
       mean K, as of a set half-way to a tree, is not beyond the critical value (the null
       is too broad at this number of points), or lies less than two errors from the K found.
    3. Otherwise "no more tree-like".

    "More tree-like" does not mean a deep hierarchy: a few clusters at equal distances are
    ultrametric as well, and so are points that share history, whatever landscape they were
    found in.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        Distances; a matrix with unit diagonal holds overlaps q and counts as 1 - q.
    null : {"gaussian", "star", "spectrum", "shuffled_distances"} or NullModel, optional
        Points without hierarchy; see `gaussian_null`, `star_null`, `spectrum_null`,
        `shuffled_distances`, `column_shuffled`. Default: "gaussian" for points in a vector
        space ("euclidean", "1 - overlap", a given matrix), "star" for distances after
        matching and for disagreement, where Gaussian points would call independent
        networks tree-like because some lie farther out than others.
    n_dimensions : int, optional
        Dimension of Gaussian points; default that of ``distances``, else 100,000.
    n_null : int, default 499
        Null draws; draw k is the same whatever their number.
    level : float, default 0.05
        Level of the test.
    rng : Generator, SeedSequence, int or None
        Source of randomness.
    n_threads : int, optional
        Threads over null draws; the bits do not depend on their number.
    progress : bool or callable
        Show the null draws.

    Returns
    -------
    Ultrametricity
        Statistics, nulls, p-values, verdict.

    Raises
    ------
    DataError
        If the matrix is not one of distances, has fewer than 4 points (the jackknife leaves
        out one and needs a triangle), or all distances are equal.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> leaves = sg.overlaps.tree_points(branching=2, variances=(1, 1, 1), rng=1)
    >>> found = sg.overlaps.ultrametricity(sg.overlaps.distances(leaves), n_null=99, rng=2)
    >>> found.verdict
    'more tree-like'
    """
    found = as_distances(distances, minimum=4)
    check.count(n_null, "n_null", minimum=2)
    check.within(level, "level", 0, 1)
    triangles = triangle_statistics(found, n_threads=n_threads)
    if triangles.k.mean == 0 and np.ptp(found.pairs) <= 1e-12 * found.pairs.max():
        raise DataError("distances must not all be equal: there is no structure to test")
    model = null_model(null, found, n_dimensions)
    draws = _null_draws(model, found.n_points, n_null, rng, n_threads, progress)
    values = (triangles.k, _cophenetic(found))
    tests = _tests(values, draws, level)
    verdict = _verdict(tests, level, n_null)
    return Ultrametricity(
        triangles,
        tests,
        model.name,
        n_null,
        level,
        verdict,
        _sentence(verdict, tests, model.name, found.n_points),
        found.kind,
    )


def _null_draws(
    model: NullModel,
    n_points: int,
    n_null: int,
    rng: RNG,
    n_threads: int | None,
    progress: ProgressLike,
) -> Float64Array:
    """K and cophenetic correlation of each null draw, (n_null, 2)."""
    seed = seed_of(rng)
    upper = np.triu_indices(n_points, 1)
    with track(n_null, "null model", progress) as done:

        def one(index: int) -> tuple[float, float]:
            values = np.ascontiguousarray(model.draw(seed.generator(Stream.NULLS, index)))
            if values.shape != (n_points, n_points):
                raise ShapeError(
                    f"null distances must have shape ({n_points}, {n_points}), "
                    f"got {values.shape}"
                )
            pairs = values[upper]
            done(1)
            return mean_gap(values, pairs), cophenetic_correlation(pairs)

        return np.array(threads.run(one, range(n_null), n_threads))


def _cophenetic(found: Distances) -> Estimate:
    """The cophenetic correlation, jackknifed over points or over 64 blocks of them."""
    n_points = found.n_points
    n_blocks = min(n_points, _BLOCKS)
    left_out = []
    for block in range(n_blocks):
        keep = np.flatnonzero(np.arange(n_points) % n_blocks != block)
        part = found.values[np.ix_(keep, keep)]
        left_out.append(cophenetic_correlation(part[np.triu_indices(keep.size, 1)]))
    return jackknife_from(cophenetic_correlation(found.pairs), left_out)


def _tests(
    values: tuple[Estimate, Estimate], draws: Float64Array, level: float
) -> tuple[TreeTest, ...]:
    names, sides = ("K", "cophenetic correlation"), ("low", "high")
    p = [p_value(value.mean, draws[:, s], side=sides[s]) for s, value in enumerate(values)]
    corrected = holm(p)
    critical = [np.quantile(draws[:, 0], level), np.quantile(draws[:, 1], 1 - level)]
    return tuple(
        TreeTest(
            names[s],
            value,
            sides[s],
            band(draws[:, s]),
            float(critical[s]),
            p[s],
            float(corrected[s]),
            np.ascontiguousarray(draws[:, s]),
        )
        for s, value in enumerate(values)
    )


def _verdict(tests: tuple[TreeTest, ...], level: float, n_null: int) -> str:
    if min(test.corrected for test in tests) <= level:
        return "more tree-like"
    k = tests[0]
    half_way = k.null.mean / 2
    blind = len(tests) / (1 + n_null) > level or k.critical <= half_way
    unsure = k.value.mean - 2 * k.value.error <= half_way
    return "cannot tell" if blind or unsure else "no more tree-like"


def _sentence(verdict: str, tests: tuple[TreeTest, ...], null: str, n_points: int) -> str:
    numbers = "; ".join(
        f"{t.statistic} = {t.value} against {t.null.low:.2f} to {t.null.high:.2f}, "
        f"p = {t.corrected:.2g}"
        for t in tests
    )
    if verdict == "cannot tell":
        return (
            f"Cannot tell with {n_points} points whether they are more tree-like than "
            f"{null} ({numbers})."
        )
    return f"The {n_points} points are {verdict} than {null} ({numbers})."
