"""How often a branch survives when the tree is grown again from a part of what made it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from spinglass_nn._core import check, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError
from spinglass_nn.overlaps import _linkages
from spinglass_nn.overlaps.clustering import Method, Tree, cluster
from spinglass_nn.overlaps.metric import CONVENTIONS, Distances, as_distances
from spinglass_nn.overlaps.overlap import distances as distances_of
from spinglass_nn.overlaps.points import Points, labels_of, weight_points
from spinglass_nn.statistics import Estimate, Estimates, mean_estimate
from spinglass_nn.typing import RNG, Float64Array, IntArray, ProgressLike

# after matching no components are common to all pairs
_KINDS = tuple(kind for kind in CONVENTIONS if not kind.endswith("d euclidean"))


@result()
class BranchSupport:
    """How often each branch of a tree survived resampling.

    Parameters
    ----------
    tree : Tree
        The tree of all the data.
    support : Estimates
        One a row of ``tree.linkage``: the share of resamples in which the points below that
        merge, and no others, form a branch again; for ``measure="jaccard"`` the mean
        similarity to the most similar branch. The last row is the root, which holds all
        points and survives by definition: 1 without error. NaN where no resample put the
        branch to the test. The errors are those of a finite number of resamples.
    n_trials : array (n_points - 1,)
        Resamples that put the branch to the test.
    mean : Estimate
        Mean support of a tree's branches without the root; its error comes from the
        resamples, which are independent, while branches are not.
    resampling : str
        "dimensions" or "points".
    measure : str
        "exact" or "jaccard".
    """

    tree: Tree
    support: Estimates
    n_trials: IntArray
    mean: Estimate
    resampling: str
    measure: str = "exact"

    def __repr__(self) -> str:
        return (
            f"<support of {self.n_trials.size - 1} branches by resampling {self.resampling}: "
            f"mean {self.mean} ({self.measure})>"
        )


def support_by_dimensions(
    points: Points,
    *,
    kind: str = "euclidean",
    method: Method = "average",
    blocks: ArrayLike | None = None,
    n_resamples: int = 100,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> BranchSupport:
    r"""How often branches come back when the components of the points are drawn anew.

    Felsenstein's bootstrap (Evolution 39 (1985) 783): N components are drawn out of N with
    replacement, the same for all points, distances are computed from them and clustered
    again. A branch survives if the points below it, and no others, form a branch of the new
    tree; branches of no length, that only spell out ties, do not count. It asks whether the
    components agree on a tree, and takes them for independent witnesses. Neighbouring spins or
    the weights of one unit are not: tell by ``blocks`` which of them belong together, or the
    support is too high.

    Noise has some support too, for the nearest of many pairs is near for a reason. Measured
    for independent Gaussian points under average linkage: mean support of all branches 0.29
    for 8 points, 0.16 for 16, 0.11 for 32 (in 1,000 dimensions; the same in 100), and the best
    branch of a tree about 0.5, once in twenty trees above 0.75. Points that diffused on a
    tree (`tree_points`) have 1.

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        At least 3 points with at least 2 components; integer labels
        (n_points, n_samples) for "disagreement".
    kind : str
        Any of those of `distances` but the ones after matching, which leaves no components
        common to all pairs.
    method : {"average", "single", "complete", "ward"}
        Linkage; "ward" for "euclidean" only.
    blocks : array (n_dimensions,), optional
        Number of the block that each component belongs to; whole blocks are drawn.
    n_resamples : int, default 100
        Trees to grow; each copies the points once.
    rng : Generator, SeedSequence, int or None
        Source of randomness; resample k has a stream of its own.
    n_threads : int, optional
        Threads over resamples; the result does not depend on their number.
    progress : bool or callable
        Show a bar over resamples.

    Returns
    -------
    BranchSupport
        With the error :math:`\sqrt{p(1-p)/(n+3)}`, p = (k + 1)/(n + 2), of a share k/n: the
        standard deviation of p given k under a flat prior, which is not zero at k = n.

    Raises
    ------
    DataError
        If there are fewer than 3 points or 2 components (or blocks), or if a resample leaves
        a point without direction.
    ParameterError
        If an option does not fit.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> leaves = sg.overlaps.tree_points(n_dimensions=500, variances=(1, 1), rng=1)
    >>> found = sg.overlaps.support_by_dimensions(leaves, n_resamples=20, rng=2)
    >>> found.support.mean.tolist()
    [1.0, 1.0, 1.0]
    """
    check.choice(kind, "kind", _KINDS)
    rows = labels_of(points, None, None) if kind == "disagreement" else weight_points(points)
    drawn = _columns(blocks, rows.shape[1])
    tree = cluster(distances_of(rows, kind=kind), method=method)
    inside = _linkages.keys(_linkages.members(tree.linkage))

    def survived(generator: np.random.Generator) -> Float64Array:
        try:
            found = distances_of(rows[:, drawn(generator)], kind=kind, n_threads=1)
        except DataError as error:
            raise DataError(
                f"points must keep a direction in each resample: {error}"
            ) from error
        pairs = squareform(found.values, checks=False)
        new = set(_linkages.clades(hierarchy.linkage(pairs, method)))
        return np.array([branch in new for branch in inside], dtype=np.float64)

    scores = _scores(survived, n_resamples, seed_of(rng), n_threads, progress)
    return _summary(tree, scores, "dimensions", "exact")


def support_by_points(
    distances: Distances | ArrayLike,
    *,
    method: Method = "average",
    fraction: float = 0.8,
    measure: str = "exact",
    n_resamples: int = 100,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> BranchSupport:
    r"""How often branches come back when some of the points are left out.

    A share of the points is drawn without replacement and clustered again from the same
    distances. A branch is put to the test if at least two of its points are drawn, and at
    least one point outside of it; it survives if what is left of it forms a branch again. With
    ``measure="jaccard"`` it scores the largest :math:`|A \cap B| / |A \cup B|` with a branch B
    of the new tree (Hennig, Comput. Stat. Data Anal. 52 (2007) 258). It asks
    whether the tree hangs on a few points, and needs no components: it goes with distances
    after matching, too.

    Noise has high support here: distances stay as they were, and two points that are nearest
    to each other remain so whoever else leaves. Measured for independent Gaussian points in
    1,000 dimensions under average linkage at ``fraction=0.8``: mean support 0.74 for 8 points,
    0.64 for 16, 0.54 for 32 (jaccard: 0.90, 0.89, 0.86). Compare with draws of a null.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        Distances, or overlaps q (unit diagonal), between at least 4 points.
    method : {"average", "single", "complete", "ward"}
        Linkage.
    fraction : float, default 0.8
        Share of points to draw, rounded so that at least 3 are drawn and 1 is left out.
    measure : {"exact", "jaccard"}
        What survival means.
    n_resamples : int, default 100
        Trees to grow.
    rng : Generator, SeedSequence, int or None
        Source of randomness; resample k has a stream of its own.
    n_threads : int, optional
        Threads over resamples; the result does not depend on their number.
    progress : bool or callable
        Show a bar over resamples.

    Returns
    -------
    BranchSupport
        Errors as in `support_by_dimensions`; for "jaccard" the standard error of the mean.

    Raises
    ------
    DataError
        If there are fewer than 4 points.
    ParameterError
        If an option does not fit.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> d = sg.overlaps.distances([[0.0], [1.0], [10.0], [11.0]])
    >>> found = sg.overlaps.support_by_points(d, fraction=0.75, n_resamples=50, rng=1)
    >>> found.support.mean.tolist()
    [1.0, 1.0, 1.0]
    """
    check.choice(measure, "measure", ("exact", "jaccard"))
    found = as_distances(distances, minimum=4)
    n_points = found.n_points
    share = check.within(fraction, "fraction", 0.0, 1.0)
    n_drawn = min(max(round(share * n_points), 3), n_points - 1)
    tree = cluster(found, method=method)
    inside = _linkages.members(tree.linkage)
    compare = _survival if measure == "exact" else _similarity

    def survived(generator: np.random.Generator) -> Float64Array:
        chosen = np.sort(generator.choice(n_points, n_drawn, replace=False))
        pairs = squareform(found.values[np.ix_(chosen, chosen)], checks=False)
        rest = inside[:, chosen]
        sizes = rest.sum(axis=1)
        tested = (sizes > 1) & (sizes < n_drawn)
        scores = np.full(len(inside), np.nan)
        scores[tested] = compare(rest[tested], hierarchy.linkage(pairs, method))
        return scores

    scores = _scores(survived, n_resamples, seed_of(rng), n_threads, progress)
    return _summary(tree, scores, "points", measure)


def _survival(rest: _linkages.Members, linkage: Float64Array) -> Float64Array:
    new = set(_linkages.clades(linkage))
    return np.array([branch in new for branch in _linkages.keys(rest)], dtype=np.float64)


def _similarity(rest: _linkages.Members, linkage: Float64Array) -> Float64Array:
    """Jaccard index with the most similar branch of the new tree; 0 if it has none."""
    keep = _linkages.resolved(linkage)
    keep[-1] = False
    new = _linkages.members(linkage)[keep].astype(np.float64)
    if not len(new):
        return np.zeros(len(rest))
    old = rest.astype(np.float64)
    both = old @ new.T
    either = old.sum(axis=1)[:, None] + new.sum(axis=1) - both
    best: Float64Array = (both / either).max(axis=1)
    return best


def _columns(
    blocks: ArrayLike | None, n_dimensions: int
) -> Callable[[np.random.Generator], NDArray[np.intp]]:
    """A function that draws components with replacement, block by block."""
    if blocks is None:
        _several(n_dimensions, "components")
        return lambda generator: generator.integers(0, n_dimensions, n_dimensions)
    numbers = check.array(blocks, "blocks", shape=(n_dimensions,), dtype=np.int64)
    _, which = np.unique(numbers, return_inverse=True)
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    _several(len(members), "blocks of components")

    def draw(generator: np.random.Generator) -> NDArray[np.intp]:
        drawn = generator.integers(0, len(members), len(members))
        return np.concatenate([members[k] for k in drawn])

    return draw


def _several(n_units: int, what: str) -> None:
    if n_units < 2:
        raise DataError(f"points must have at least 2 {what} to draw from, got {n_units}")


def _scores(
    survived: Callable[[np.random.Generator], Float64Array],
    n_resamples: int,
    seed: Seed,
    n_threads: int | None,
    progress: ProgressLike,
) -> Float64Array:
    """Scores (n_resamples, n_branches), one stream a resample."""
    n_resamples = check.count(n_resamples, "n_resamples", minimum=2)
    with track(n_resamples, "growing trees again", progress) as done:

        def one(index: int) -> Float64Array:
            found = survived(seed.generator(Stream.BRANCHES, index))
            done(1)
            return found

        return np.array(threads.run(one, range(n_resamples), n_threads))


def _summary(tree: Tree, scores: Float64Array, resampling: str, measure: str) -> BranchSupport:
    n_trials = np.count_nonzero(~np.isnan(scores), axis=0)
    total = np.nansum(scores, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n_trials
        if measure == "exact":
            share = (total + 1) / (n_trials + 2)
            error = np.sqrt(share * (1 - share) / (n_trials + 3))
        else:
            squares = np.nansum((scores - mean) ** 2, axis=0)
            error = np.sqrt(squares / (n_trials - 1) / n_trials)
            error[n_trials < 2] = np.nan
    error[n_trials == 0] = np.nan
    mean[-1], error[-1], n_trials[-1] = 1.0, 0.0, len(scores)
    return BranchSupport(
        tree, Estimates(mean, error), n_trials, _mean(scores[:, :-1]), resampling, measure
    )


def _mean(scores: Float64Array) -> Estimate:
    tested = ~np.isnan(scores)
    rows = tested.any(axis=1)
    if np.count_nonzero(rows) < 2:
        return Estimate(float("nan"), float("nan"))
    return mean_estimate(np.nansum(scores[rows], axis=1) / tested[rows].sum(axis=1))
