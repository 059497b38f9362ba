"""Positive controls: points with a hierarchy that any test should find."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn.errors import DataError
from spinglass_nn.typing import RNG, Float64Array


def tree_points(
    n_points: int | None = None,
    n_dimensions: int = 10_000,
    *,
    branching: int = 2,
    variances: ArrayLike = (1.0, 1.0, 1.0),
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
        Children of each node.
    variances : array (n_levels,)
        Variance of the steps, from the root down.
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
    n_leaves = children**levels.size
    if n_points is not None and check.count(n_points, "n_points") > n_leaves:
        raise DataError(f"n_points must be at most the {n_leaves} leaves, got {n_points}")
    generator = seed_of(rng).generator(Stream.RANDOM_POINTS)
    points = np.zeros((1, check.count(n_dimensions, "n_dimensions")))
    for variance in levels:
        points = np.repeat(points, children, axis=0)
        points += np.sqrt(variance) * generator.standard_normal(points.shape)
    if n_points is not None:
        points = points[np.sort(generator.choice(n_leaves, n_points, replace=False))]
    return np.asarray(points, dtype=np.float64)
