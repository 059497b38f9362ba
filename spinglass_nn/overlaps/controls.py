"""Positive controls: points with a hierarchy that any test should find."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn.errors import DataError
from spinglass_nn.typing import RNG, Float64Array, IntArray

_ATTEMPTS = 1000  # trees to be drawn until one has enough leaves


def tree_points(
    n_points: int | None = None,
    n_dimensions: int = 10_000,
    *,
    branching: int = 2,
    variances: ArrayLike = (1.0, 1.0, 1.0),
    random_branching: bool = False,
    rng: RNG = None,
) -> Float64Array:
    """Points that diffused on a tree: the positive control, ultrametric in high dimension.

    From the root, every node has ``branching`` children, each displaced from it by
    independent Gaussians of the level's variance per component. Two leaves whose branches
    part at level l lie at d^2 = 2 N (v_l + v_(l+1) + ...), up to fluctuations of relative
    size 1/sqrt(N).

    Parameters
    ----------
    n_points : int, optional
        Leaves to return, drawn at random without replacement; all by default.
    n_dimensions : int, default 10,000
        Dimension N.
    branching : int, default 2
        Children of each node, or their mean.
    variances : array (n_levels,)
        Variance of the steps, from the root down.
    random_branching : bool, default False
        Each node has 1 + Poisson(branching - 1) children: a Galton-Watson tree that does not
        die out. Trees with fewer leaves than asked for are drawn again.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    array (n_points, n_dimensions)
        Leaves from left to right.

    Raises
    ------
    DataError
        If the tree has fewer leaves than asked for, or a variance is negative.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> leaves = sg.overlaps.tree_points(branching=3, variances=(1.0, 0.1), rng=2)
    >>> sg.overlaps.cluster(sg.overlaps.distances(leaves)).labels(3).tolist()
    [0, 0, 0, 1, 1, 1, 2, 2, 2]
    """
    levels = check.array(variances, "variances", shape=(None,))
    if levels.size < 1 or levels.min() < 0:
        raise DataError(f"variances must be at least one, none negative, got {levels}")
    children = check.count(branching, "branching")
    wanted = 1 if n_points is None else check.count(n_points, "n_points")
    n_dims = check.count(n_dimensions, "n_dimensions")
    generator = seed_of(rng).generator(Stream.RANDOM_POINTS)
    if random_branching:
        tree = _random_tree(children, levels.size, wanted, generator)
    else:
        tree = [np.full(children**level, children) for level in range(levels.size)]
    n_leaves = int(tree[-1].sum())
    if wanted > n_leaves:
        raise DataError(f"n_points must be at most the {n_leaves} leaves, got {n_points}")
    points = np.zeros((1, n_dims))
    for variance, numbers in zip(levels, tree, strict=True):
        points = np.repeat(points, numbers, axis=0)
        points += np.sqrt(variance) * generator.standard_normal(points.shape)
    if n_points is not None:
        points = points[np.sort(generator.choice(n_leaves, n_points, replace=False))]
    return np.asarray(points, dtype=np.float64)


def coalescent_points(
    n_points: int,
    n_dimensions: int = 10_000,
    *,
    kind: str = "kingman",
    rng: RNG = None,
) -> Float64Array:
    r"""Points that diffused on a random genealogy, with overlaps of all sizes.

    Lineages of the points merge backwards in time t: any two at rate one, no three at once
    ("kingman": a random binary tree), or in groups, j of b at the rate
    (j - 2)! (b - j)!/(b - 1)! for each group ("bolthausen-sznitman": the genealogy of full
    replica symmetry breaking, with m = exp(-t)). A lineage has the variance exp(-t) per
    component, so that two points have the overlap exp(-t) of the time at which they merge,
    up to 1/sqrt(N), which is uniform in [0, 1] over samples of either kind. A quarter of
    the triangles are equilateral in the second kind, as in Parisi's solution, none in the
    first.

    Parameters
    ----------
    n_points : int
        Number of points.
    n_dimensions : int, default 10,000
        Dimension N.
    kind : {"kingman", "bolthausen-sznitman"}
        The law of the tree.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    array (n_points, n_dimensions)
        Points with components of variance one.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> points = sg.overlaps.coalescent_points(20, rng=1)
    >>> bool(sg.overlaps.triangle_statistics(sg.overlaps.matrix(points)).k.mean < 0.1)
    True
    """
    count = check.count(n_points, "n_points", minimum=2)
    n_dims = check.count(n_dimensions, "n_dimensions")
    check.choice(kind, "kind", ("kingman", "bolthausen-sznitman"))
    generator = seed_of(rng).generator(Stream.RANDOM_POINTS)
    lineages = [np.array([k]) for k in range(count)]
    variances = [1.0] * count
    points, time = np.zeros((count, n_dims)), 0.0
    while lineages:
        alive = len(lineages)
        size, rate = _merger(alive, kind, generator)
        time += generator.exponential(1 / rate) if rate > 0 else np.inf
        chosen = sorted(generator.choice(alive, size, replace=False).tolist(), reverse=True)
        reached = float(np.exp(-time))
        merged = []
        for index in chosen:
            members, variance = lineages.pop(index), variances.pop(index)
            points[members] += np.sqrt(variance - reached) * generator.standard_normal(n_dims)
            merged.append(members)
        if alive > 1:
            lineages.append(np.concatenate(merged))
            variances.append(reached)
    return points


def _merger(alive: int, kind: str, generator: np.random.Generator) -> tuple[int, float]:
    """How many of the lineages merge next, and at what rate anything happens."""
    if alive == 1:
        return 1, 0.0  # the common ancestor has its variance from time infinity
    if kind == "kingman":
        return 2, alive * (alive - 1) / 2
    # P(at most j merge) = (1 - 1/j) b/(b - 1)
    below = generator.random() * (alive - 1) / alive
    return min(max(int(np.ceil(1 / (1 - below))), 2), alive), alive - 1.0


def _random_tree(
    branching: int, depth: int, wanted: int, generator: np.random.Generator
) -> list[IntArray]:
    """Children of all nodes, level by level, of a tree with enough leaves."""
    for _ in range(_ATTEMPTS):
        tree: list[IntArray] = []
        nodes = 1
        for _ in range(depth):
            tree.append(1 + generator.poisson(branching - 1, nodes))
            nodes = int(tree[-1].sum())
        if nodes >= wanted:
            return tree
    raise DataError(
        f"n_points must be what a random tree has leaves, about {branching**depth}, "
        f"got {wanted}"
    )
