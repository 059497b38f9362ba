"""Overlaps and distances between points: raw, after matching, in function space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check, threads
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.networks import Replicas
from spinglass_nn.overlaps import _pairs
from spinglass_nn.overlaps.metric import Distances
from spinglass_nn.overlaps.points import (
    Points,
    as_replicas,
    function_points,
    labels_of,
    norms,
    weight_points,
)
from spinglass_nn.typing import Float64Array, LabelledData, ProgressLike

KINDS = (
    "euclidean",
    "aligned euclidean",
    "balanced euclidean",
    "1 - overlap",
    "disagreement",
)
_ALIGN = ("permutations", "balanced")

_CONVENTIONS = {
    "euclidean": "d = |x_a - x_b|",
    "aligned euclidean": "d = min over permutations of hidden units of |x_a - P x_b|, each "
    "pair matched on its own",
    "balanced euclidean": "aligned euclidean after each hidden unit's in- and outgoing "
    "weights were rescaled to equal norm",
    "1 - overlap": "d = 1 - q with q = x_a . x_b / (|x_a| |x_b|)",
    "disagreement": "d = share of samples on which the predicted labels differ",
}


def matrix(
    points: Points,
    *,
    of: str = "weights",
    align: str | None = None,
    data: LabelledData | NDArray[Any] | None = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Float64Array:
    r"""Overlaps of all pairs of points.

    For weights and logits the cosine :math:`q_{ab} = x_a \cdot x_b / (|x_a| |x_b|)`; for
    labels the agreement beyond chance, :math:`q_{ab} = (C p_{ab} - 1)/(C - 1)`, with p the
    share of equal predictions and C the number of classes (the overlap of Potts spins).

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        Networks, or any vectors (spin configurations, labels for ``of="labels"``).
    of : {"weights", "labels", "logits"}
        What is compared: the points themselves, or predictions of networks on ``data``.
    align : {None, "permutations", "balanced"}
        Remove the symmetries of networks first, pair by pair: permutations of hidden units,
        or rescaling of ReLU units to equal in- and outgoing norm and then permutations.
    data : Dataset or array (n_samples, n_inputs), optional
        Where predictions are compared.
    n_threads : int, optional
        Threads for matching and predicting.
    progress : bool or callable
        Show the matching of pairs.

    Returns
    -------
    array (n_points, n_points)
        Symmetric, unit diagonal, in [-1, 1].

    Raises
    ------
    DataError
        If a point is a zero vector, or has NaN entries.
    ParameterError
        If an option does not fit the points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> sg.overlaps.matrix([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]).round(3).tolist()
    [[1.0, 0.0, 0.707], [0.0, 1.0, 0.707], [0.707, 0.707, 1.0]]
    """
    check.choice(of, "of", ("weights", "labels", "logits"))
    if align is not None:
        check.choice(align, "align", _ALIGN)
        if of != "weights":
            raise ParameterError(
                f"align must be None for of={of!r}: outputs know no order of "
                f"hidden units; got {align!r}"
            )
        return _aligned_overlaps(_networks(points), align, n_threads, progress)
    if of == "labels":
        return _label_overlaps(points, data, n_threads)
    rows = weight_points(points if of == "weights" else _logits(points, data, n_threads))
    with threads.one_blas_thread():
        return _unit(_pairs.gram(rows, scale=norms(rows)))


def distances(
    points: Points,
    *,
    kind: str = "euclidean",
    data: LabelledData | NDArray[Any] | None = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Distances:
    """Distances of all pairs of points.

    - "euclidean": ``|x_a - x_b|``.
    - "aligned euclidean": the same after the hidden units of b were permuted to match a,
      each pair on its own (matching everything to one reference would distort).
    - "balanced euclidean": aligned euclidean in the balanced gauge, in which the in- and
      outgoing weights of each ReLU unit have equal norm.
    - "1 - overlap": 1 - q; half the squared distance of the directions.
    - "disagreement": share of ``data`` on which the predicted labels differ.

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        Networks or any vectors; integer labels (n_points, n_samples) for "disagreement".
    kind : str
        One of the five.
    data : Dataset or array (n_samples, n_inputs), optional
        Where predictions are compared.
    n_threads : int, optional
        Threads for matching and predicting.
    progress : bool or callable
        Show the matching of pairs.

    Returns
    -------
    Distances
        Values, kind and convention.

    Raises
    ------
    DataError
        If there are fewer than two points, NaN entries, or zero vectors where directions
        are needed.
    ParameterError
        If the kind does not fit the points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> sg.overlaps.distances([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]).values[0].round(9).tolist()
    [0.0, 5.0, 1.0]
    """
    check.choice(kind, "kind", KINDS)
    if kind == "disagreement":
        labels = labels_of(points, data, n_threads)
        with threads.one_blas_thread():
            values = 1.0 - _pairs.agreement(labels)
        return _made(values, kind, labels.shape[1])
    if kind.endswith("euclidean") and kind != "euclidean":
        replicas = _networks(points)
        values = _pairs.aligned(
            replicas,
            _separation,
            balanced=kind.startswith("balanced"),
            n_threads=n_threads,
            progress=progress,
        )
        return _made(values, kind, replicas.network.n_parameters)
    rows = weight_points(points)
    with threads.one_blas_thread():
        if kind == "euclidean":
            return _made(np.sqrt(_pairs.squared_distances(rows)), kind, rows.shape[1])
        # half the squared distance of directions: exact where 1 - q would round to zero
        values = _pairs.squared_distances(rows, scale=norms(rows)) / 2
        return _made(values, kind, rows.shape[1])


def _made(values: Float64Array, kind: str, n_dimensions: int) -> Distances:
    np.fill_diagonal(values, 0.0)
    return Distances(values, kind, _CONVENTIONS[kind], n_dimensions)


def _networks(points: Points) -> Replicas:
    replicas = as_replicas(points)
    if replicas is None:
        raise ParameterError(
            "points must be networks (Replicas) to be matched by their hidden units, got "
            f"{type(points).__name__}"
        )
    return replicas


def _logits(
    points: Points, data: LabelledData | NDArray[Any] | None, n_threads: int | None
) -> NDArray[Any]:
    if data is None:
        raise ParameterError("data must be given to compare logits of networks")
    return function_points(_networks(points), data, of="logits", n_threads=n_threads)


def _label_overlaps(
    points: Points, data: LabelledData | NDArray[Any] | None, n_threads: int | None
) -> Float64Array:
    labels = labels_of(points, data, n_threads)
    replicas = as_replicas(points)
    known = max(replicas.network.n_outputs, 2) if replicas is not None else 0
    n_classes = max(known, len(np.unique(labels)))
    if n_classes < 2:
        raise DataError("points must use at least 2 labels to have an overlap, got 1")
    with threads.one_blas_thread():
        return _unit((n_classes * _pairs.agreement(labels) - 1) / (n_classes - 1))


def _aligned_overlaps(
    replicas: Replicas, align: str, n_threads: int | None, progress: ProgressLike
) -> Float64Array:
    norms(replicas.weights)
    return _unit(
        _pairs.aligned(
            replicas,
            _cosine,
            balanced=align == "balanced",
            n_threads=n_threads,
            progress=progress,
        )
    )


def _separation(a: Float64Array, b: Float64Array) -> float:
    return float(np.linalg.norm(a - b))


def _cosine(a: Float64Array, b: Float64Array) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _unit(values: Float64Array) -> Float64Array:
    """Clip rounding beyond [-1, 1] and set the diagonal to one."""
    np.clip(values, -1.0, 1.0, out=values)
    np.fill_diagonal(values, 1.0)
    return values
