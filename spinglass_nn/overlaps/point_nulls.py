"""Nulls that shuffle or draw again: distances, coordinates of points, Ising spins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.networks import Replicas
from spinglass_nn.overlaps import overlap
from spinglass_nn.overlaps._null_draws import NullModel, from_overlaps, overlaps_of
from spinglass_nn.overlaps.metric import CONVENTIONS, Distances, as_distances
from spinglass_nn.overlaps.points import Points, as_replicas, labels_of, weight_points
from spinglass_nn.typing import Float64Array, IntArray

# after matching there is no common frame in which to shuffle
KINDS = tuple(k for k in CONVENTIONS if k not in ("aligned euclidean", "balanced euclidean"))
_BLOCK = 1 << 22  # spins drawn at a time


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


def column_shuffled(
    points: Points,
    *,
    kind: str = "euclidean",
    data: Any = None,
    groups: ArrayLike | None = None,
) -> NullModel:
    """The same points with each coordinate shuffled among them.

    Every coordinate keeps its values (for "disagreement": every sample keeps its predicted
    labels, easy ones stay easy; for spins: every site its magnetisation); what a point's
    coordinates have to do with each other is lost, and with it clusters and hierarchy. Exact
    if coordinates are independent of each other, whatever the law of each.

    With ``groups`` the coordinates of one group move together: each layer of a network stays
    as it is, and which layers go with which is dealt anew. This null keeps structure within
    groups and destroys what groups share.

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        Networks or any vectors; integer labels for "disagreement".
    kind : str
        How they were measured, as in `distances`. After matching there is no common frame to
        shuffle in.
    data : Dataset or array (n_samples, n_inputs), optional
        Where predictions of networks are compared.
    groups : "layers" or array (n_dimensions,) of int, optional
        Coordinates with the same number move together; "layers" of networks (weights with
        biases). Default: every coordinate moves alone.

    Returns
    -------
    NullModel
        For ``ultrametricity(..., null=...)``.

    See Also
    --------
    row_shuffled : Shuffles the coordinates of each point, not each coordinate among points.
    """
    rows = _rows(points, kind, data)
    if groups is None:
        name = "the same points with shuffled coordinates"

        def mixed(generator: np.random.Generator) -> NDArray[Any]:
            return generator.permuted(rows, axis=0)

    else:
        name = "the same points with shuffled groups of coordinates"
        parts = _parts(groups, points, rows.shape[1])

        def mixed(generator: np.random.Generator) -> NDArray[Any]:
            moved = np.empty_like(rows)
            for part in parts:
                moved[:, part] = rows[:, part][generator.permutation(rows.shape[0])]
            return moved

    return NullModel(name, lambda generator: _measured(mixed(generator), kind))


def row_shuffled(
    points: Points,
    *,
    kind: str = "euclidean",
    data: Any = None,
    groups: ArrayLike | None = None,
) -> NullModel:
    """The same points, the coordinates of each one shuffled among themselves.

    Every point keeps its histogram of coordinates, in each group by itself (for spins: the
    magnetisation of every layer), and with it its norm; all that points share from site to
    site is lost, also one common mean. Spin configurations around any common state are far
    from this null: its rejection says that the points have something in common, and only
    points with nothing else in common (a paramagnet, random weights) belong to it.

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        Networks or any vectors; integer labels for "disagreement".
    kind : str
        How they were measured, as in `distances`.
    data : Dataset or array (n_samples, n_inputs), optional
        Where predictions of networks are compared.
    groups : "layers" or array (n_dimensions,) of int, optional
        Coordinates are shuffled among those with the same number; "layers" of networks
        (weights with biases). Default: one group.

    Returns
    -------
    NullModel
        For ``ultrametricity(..., null=...)``.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> spins = np.random.default_rng(0).choice([-1, 1], size=(5, 8))
    >>> null = sg.overlaps.row_shuffled(spins, kind="1 - overlap", groups=np.repeat([0, 1], 4))
    >>> null.name
    'the same points, each shuffled within groups of coordinates'
    """
    rows = _rows(points, kind, data)
    parts = [np.arange(rows.shape[1])]
    if groups is not None:
        parts = _parts(groups, points, rows.shape[1])

    def draw(generator: np.random.Generator) -> Float64Array:
        moved = np.empty_like(rows)
        for part in parts:
            moved[:, part] = generator.permuted(rows[:, part], axis=1)
        return _measured(moved, kind)

    inside = " within groups of coordinates" if groups is not None else ""
    return NullModel(f"the same points, each shuffled{inside}", draw)


def ising_null(
    distances: Distances | ArrayLike,
    *,
    n_spins: int | None = None,
    magnetisations: ArrayLike = 0.0,
) -> NullModel:
    """Independent random Ising spins.

    Parameters
    ----------
    distances : Distances or array (n_points, n_points)
        What is to be tested: 1 - q or a multiple of it, or the Euclidean distances of
        configurations, the root of 2 N (1 - q).
    n_spins : int, optional
        Number of spins N; default the dimension of ``distances``.
    magnetisations : float or array (n_spins,), default 0
        Mean of each spin, in [-1, 1]. Where they are those of the data themselves, use
        `column_shuffled`, which keeps them exactly.

    Returns
    -------
    NullModel
        To be given to `ultrametricity` as ``null``.

    Raises
    ------
    ParameterError
        If the number of spins is not known.
    DataError
        If a magnetisation is outside [-1, 1].

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> spins = np.random.default_rng(0).choice([-1, 1], size=(9, 64))
    >>> q = sg.overlaps.matrix(spins)
    >>> sg.overlaps.ising_null(q, n_spins=64).name
    '64 independent Ising spins'
    """
    found = as_distances(distances)
    given = found.n_dimensions if n_spins is None else n_spins
    if given is None:
        raise ParameterError("n_spins must be given: these distances do not know it")
    n_sites = check.count(given, "n_spins")
    means = check.array(magnetisations, "magnetisations")
    if means.shape not in ((1,), (n_sites,)) or np.abs(means).max() > 1:
        raise DataError(
            f"magnetisations must be one or {n_sites} numbers in [-1, 1], got shape "
            f"{means.shape}"
        )
    thresholds = np.broadcast_to(((1 + means) / 2).astype(np.float32), (n_sites,))
    width = max(1, _BLOCK // found.n_points)
    by_overlap = overlaps_of(found) is not None

    def draw(generator: np.random.Generator) -> Float64Array:
        total = np.zeros((found.n_points, found.n_points))
        for first in range(0, n_sites, width):
            up = thresholds[first : first + width]
            drawn = generator.random((found.n_points, up.size), dtype=np.float32) < up
            spins = np.where(drawn, np.float32(1), np.float32(-1))
            total += spins @ spins.T  # sums of up to 2^22 signs are exact in single precision
        overlaps = total / n_sites
        if by_overlap:
            return from_overlaps(overlaps, found)
        return np.sqrt(2 * n_sites * (1 - overlaps))

    magnet = " with magnetisations" if np.any(means) else ""
    return NullModel(f"{n_sites} independent Ising spins{magnet}", draw)


def _rows(points: Points, kind: str, data: Any) -> NDArray[Any]:
    check.choice(kind, "kind", KINDS)
    return labels_of(points, data, None) if kind == "disagreement" else weight_points(points)


def _measured(rows: NDArray[Any], kind: str) -> Float64Array:
    return overlap.distances(rows, kind=kind, n_threads=1).values


def _parts(groups: ArrayLike, points: Points, n_dimensions: int) -> list[IntArray]:
    """Coordinates of each group."""
    numbers = np.asarray(groups)
    replicas = as_replicas(points)
    if isinstance(groups, str):
        if groups != "layers" or replicas is None or replicas.weights.shape[1] != n_dimensions:
            raise ParameterError(
                f"groups must be 'layers' of networks' weights, or numbers, got {groups!r}"
            )
        numbers = _layer_numbers(replicas)
    if numbers.shape != (n_dimensions,) or numbers.dtype.kind not in "iu":
        raise DataError(
            f"groups must be {n_dimensions} integers, one for each coordinate, got "
            f"{numbers.dtype} of shape {numbers.shape}"
        )
    return [np.flatnonzero(numbers == number) for number in np.unique(numbers)]


def _layer_numbers(replicas: Replicas) -> IntArray:
    sizes = [
        layer.weight[0].size + (0 if layer.bias is None else layer.bias[0].size)
        for layer in replicas.layers
    ]
    return np.repeat(np.arange(len(sizes)), sizes)
