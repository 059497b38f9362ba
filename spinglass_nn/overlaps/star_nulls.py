"""Nulls that keep how far out points lie: a star, and clusters without hierarchy."""

from __future__ import annotations

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from spinglass_nn.errors import DataError
from spinglass_nn.overlaps._null_draws import (
    OVERLAP_UNITS,
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
from spinglass_nn.overlaps._stars import Cone, Star, star_reach
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.typing import Float64Array, IntArray

_NEAREST = 0.05
_TINY = 1e-24


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

    takes that place, and the histogram of c is kept as well, for overlaps of spins are skew.
    For Gaussian points of any dimension and reach the test has its level within a few
    percent. It has not for a few hundred spins about one state with very unequal local
    magnetisations, whose noise is not that of directions: at level 5 %, one in eight sets
    of 8 such spin configurations is rejected, and one in two of 32 (N = 200; less for larger
    N). Where spins are at hand `column_shuffled` is exact for one state.

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
    overlaps = overlaps_of(found)
    name = "points that differ only in how far out they lie"
    if overlaps is None or found.kind == "1 - |overlap|":  # signs are lost, so no centre is
        star = Star(squares_of(found))
        return NullModel(
            name, lambda generator: from_squares(star.expected + star.noise(generator), found)
        )
    cone = Cone(overlaps)
    return NullModel(
        name, lambda generator: from_overlaps(cone.expected + cone.noise(generator), found)
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

    Only scalar products by classical scaling are needed, and these need not be positive.
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
    clusters = _Clusters(found, _numbered(labels, found.n_points))

    def draw(generator: np.random.Generator) -> Float64Array:
        return from_squares(clusters.draw(generator), found)

    n_clusters = len(clusters.members)
    plural = "s" if n_clusters > 1 else ""
    return NullModel(f"{n_clusters} cluster{plural} without hierarchy", draw)


class _Clusters:
    """Squared distances of clustered points, to be turned within and among clusters."""

    def __init__(self, found: Distances, which: IntArray) -> None:
        squares = squares_of(found)
        self.members = [np.flatnonzero(which == k) for k in range(which.max() + 1)]
        self.blocks = np.ix_(which, which)
        one_hot = np.eye(len(self.members))[which]
        weights = one_hot / one_hot.sum(axis=0)
        means = weights.T @ squares @ weights
        own = np.diagonal(means) / 2  # mean square distance from the centre
        self.centres = Star(means - own[:, None] - own)
        unit = OVERLAP_UNITS.get(found.kind)
        self.sphere = None if unit is None else _Sphere(1 - squares / unit, one_hot, unit)
        self.products = products_of(squares) if self.sphere is None else self.sphere.products
        self.scales = _scales([squares[np.ix_(m, m)] for m in self.members])
        self.bases = [complement(1 / scale) for scale in self.scales]

    def draw(self, generator: np.random.Generator) -> Float64Array:
        products = self.products.copy()
        for members, scale, basis in zip(self.members, self.scales, self.bases, strict=True):
            if members.size == 1:
                continue
            axis = 1 / scale
            turn = np.outer(axis, axis) / (axis @ axis)
            turn += basis @ haar(members.size - 1, generator) @ basis.T
            turn *= np.outer(scale, 1 / scale)
            products[members] = turn @ products[members]
            products[:, members] = products[:, members] @ turn.T
        moved = self.centres.noise(generator) - self.centres.residuals
        turned = squares_from(products) if self.sphere is None else self.sphere.put(products)
        return turned + moved[self.blocks]


class _Sphere:
    """Points of equal length, seen in the plane that touches the sphere at their cluster.

    On the sphere lengths and directions depend on each other; in the plane noise is free to be
    turned, and points are then projected back.
    """

    def __init__(self, overlaps: Float64Array, one_hot: Float64Array, unit: float) -> None:
        self.unit = unit
        means = (one_hot / one_hot.sum(axis=0)).T
        lengths = np.sqrt(np.maximum(np.diagonal(means @ overlaps @ means.T), _TINY))
        axes = means / lengths[:, None]
        along = ((overlaps @ axes.T) * one_hot).sum(axis=1)
        safe = np.maximum(along, _NEAREST)
        self.touching = one_hot * (one_hot @ (means @ safe))[:, None]
        rest = np.eye(len(overlaps)) - along[:, None] * (one_hot @ axes)
        rest *= self.touching.sum(axis=1, keepdims=True) / safe[:, None]
        frame = np.concatenate([rest, axes])
        self.products = frame @ overlaps @ frame.T  # of places in the planes, then of the axes

    def put(self, products: Float64Array) -> Float64Array:
        """Distances of the points whose places in the planes have been turned."""
        back = np.concatenate([np.eye(len(self.touching)), self.touching], axis=1)
        found: Float64Array = self.unit * (1 - cosines(back @ products @ back.T))
        return found


def _scales(blocks: list[Float64Array]) -> list[Float64Array]:
    """Reach of points relative to their cluster, as far as it is more than Gaussian noise.

    Gaussian points of equal reach have noise of variance V = 4 tr C^2 for pairs, lengths of
    variance V/2, and V/(n - 2) in the fit. Clusters are pooled to compare with that by an F
    ratio; below its 99 % point reach counts as equal, for unequal scales would spoil a test
    that is exact without them.
    """
    reaches, found, noise = [], 0.0, 0.0
    freedom, left_freedom = 0, 0
    for block in blocks:
        n_points = block.shape[0]
        reach = star_reach(block)
        if n_points < 4 or reach.mean() <= 0:
            reaches.append(np.ones(n_points))
            continue
        relative, reach = block / reach.mean(), reach / reach.mean()
        left = relative - reach[:, None] - reach
        np.fill_diagonal(left, 0.0)
        pairs = n_points * (n_points - 3) // 2
        variance = np.square(left).sum() / (2 * pairs)
        noise += (n_points - 1) * variance * (0.5 + 1 / (n_points - 2))
        found += np.square(reach - 1).sum()
        freedom, left_freedom = freedom + n_points - 1, left_freedom + pairs
        reaches.append(reach)
    if found > 0:
        noise *= float(scipy.stats.f.ppf(0.99, freedom, left_freedom))
    kept = np.sqrt(max(1 - noise / found, 0.0)) if found > 0 else 0.0
    return [np.sqrt(np.maximum(1 + kept * (r - 1), _NEAREST)) for r in reaches]


def _numbered(labels: ArrayLike, n_points: int) -> IntArray:
    given = np.asarray(labels)
    if given.shape != (n_points,) or given.dtype.kind not in "iu":
        raise DataError(
            f"labels must be {n_points} integers, one for each point, got {given.dtype} of "
            f"shape {given.shape}"
        )
    return np.unique(given, return_inverse=True)[1].astype(np.int64)
