"""Nulls that keep how far out points lie: a star, and clusters without hierarchy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn.errors import DataError
from spinglass_nn.overlaps._null_draws import (
    OVERLAP_UNITS,
    Draw,
    NullModel,
    from_squares,
    squares_of,
)
from spinglass_nn.overlaps._stars import Star
from spinglass_nn.overlaps._turned_clusters import Clusters
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.typing import Float64Array, IntArray


def star_null(distances: Distances | ArrayLike) -> NullModel:
    r"""Points that differ only in how far out they lie.

    A point far from the centre is far from all others, and a few such points make K smaller
    and trees straighter than Gaussian points do, without any hierarchy. Networks of unequal
    quality or norm, and networks after matching, are of this kind. With
    :math:`D_{ab} = d_{ab}^2` (or the disagreement, or 1 - \|q\|, which add up likewise),

    .. math:: D_{ab} = s_a + s_b - 2 \sqrt{s_a s_b}\, c_{ab},

    is fitted by weighted least squares; the draws keep every :math:`s_a`, and the size and
    spectrum of c, the overlaps of directions from the centre, and turn these at random: a
    rotation test (Langsrud, Stat. Comput. 15 (2005) 53). For distances made of overlaps q,

    .. math:: q_{ab} = t_a t_b + \sqrt{(1 - t_a^2)(1 - t_b^2)}\, c_{ab}

    takes that place, with :math:`t_a` the overlap with the normalised mean of the points; this is
    `one_step_null` of one cluster. Where the signs of overlaps are lost (``"1 - |overlap|"``)
    no centre is known, and the first form is used.

    At level 5 % the test rejects 4 to 7 % of sets of Gaussian points of any dimension and
    reach. Distances of Ising spins are another matter where configurations differ by a few
    spins only; `verdict` adds noise to such before. Where spins are at hand
    `column_shuffled` is exact for one state.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        What is to be tested; at least 4 points.

    Returns
    -------
    NullModel
        To be given to `ultrametricity` as ``null``.

    See Also
    --------
    replica_symmetric_null : Keeps mean and variance of distances, not every point's reach.
    one_step_null : Several clusters.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> radii = np.linspace(1, 3, 12)[:, None]
    >>> star = radii * np.random.default_rng(0).normal(size=(12, 500))
    >>> d = sg.overlaps.distances(star)
    >>> sg.overlaps.ultrametricity(d, null="star", n_null=99, rng=1).verdict
    'no more tree-like'
    """
    found = as_distances(distances, minimum=4)
    name = "points that differ only in how far out they lie"
    if found.kind in OVERLAP_UNITS:
        return NullModel(name, _flat(found, np.zeros(found.n_points, dtype=np.int64)))
    star = Star(squares_of(found))
    return NullModel(
        name, lambda generator: from_squares(star.expected + star.noise(generator), found)
    )


def one_step_null(distances: Distances | ArrayLike, labels: ArrayLike) -> NullModel:
    r"""Clusters without hierarchy: no structure among them, and none within.

    The null of one-step replica symmetry breaking. Points of cluster k are a centre and
    independent noise, :math:`x_a = c_k + \rho_a u_a`. Each draw

    - rotates the points of each cluster among each other,
      :math:`x'_a = \rho_a \sum_b O_{ab} x_b / \rho_b`, with a random orthogonal O that keeps
      the weighted mean of the cluster. For Gaussian noise of any covariance, its own in
      every cluster, this leaves the law of all distances as it is, and so the test is exact
      at any number of points. It keeps the sizes of clusters, where they lie, and their widths;
    - draws the distances of centres anew as `star_null` does: how far out each cluster lies
      stays, and so does the size of what is left.

    Only scalar products by classical scaling are needed, and these need not be positive. For
    distances made of overlaps the points lie on a sphere, and are kept there: each keeps its
    overlap with the centre of its cluster, and the directions from that centre are rotated.
    The reach :math:`\rho_a` is that of a star in each cluster of four points or more, with
    its spread brought down by what Gaussian points of equal reach would show; if that is
    all, it is one. Where points differ in reach the test is conservative.

    Three clusters or fewer have no structure among them (any triangle is a star), nor has
    a cluster of two any within. Labels that join two clusters leave structure inside the
    union, which counts as hierarchy then; labels that cut too finely leave it among the
    parts. Where the number of clusters is not known, a set has a hierarchy only if it is
    more tree-like than this null at every number of clusters.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        What is to be tested; at least 4 points.
    labels : array (n_points,)
        Cluster of each point, any integers; as from `Tree.labels`.

    Returns
    -------
    NullModel
        To be given to `ultrametricity` as ``null``.

    Raises
    ------
    DataError
        If there is not one integer label for each point.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> points = sg.overlaps.tree_points(branching=5, variances=(2, 1), rng=1)
    >>> d = sg.overlaps.distances(points)
    >>> null = sg.overlaps.one_step_null(d, sg.overlaps.cluster(d).labels(5))
    >>> sg.overlaps.ultrametricity(d, null=null, n_null=99, rng=2).verdict
    'no more tree-like'
    """
    found = as_distances(distances, minimum=4)
    which = _numbered(labels, found.n_points)
    n_clusters = int(which.max()) + 1
    plural = "s" if n_clusters > 1 else ""
    return NullModel(f"{n_clusters} cluster{plural} without hierarchy", _flat(found, which))


def _flat(found: Distances, which: IntArray) -> Draw:
    clusters = Clusters(found, which)

    def draw(generator: np.random.Generator) -> Float64Array:
        return from_squares(clusters.draw(generator), found)

    return draw


def _numbered(labels: ArrayLike, n_points: int) -> IntArray:
    given = np.asarray(labels)
    if given.shape != (n_points,) or given.dtype.kind not in "iu":
        raise DataError(
            f"labels must be {n_points} integers, one for each point, got {given.dtype} of "
            f"shape {given.shape}"
        )
    return np.unique(given, return_inverse=True)[1].astype(np.int64)
