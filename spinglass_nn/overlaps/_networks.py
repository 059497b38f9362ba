"""Overlaps that only networks have: of labels, and of weights after matching."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.networks import Replica, Replicas
from spinglass_nn.overlaps import _matched, _pairs
from spinglass_nn.overlaps.points import Points, as_replicas, labels_of, norms, weight_points
from spinglass_nn.typing import Float64Array, IntArray, LabelledData, ProgressLike


def networks_of(points: Points) -> Replicas:
    replicas = as_replicas(points)
    if replicas is None:
        raise ParameterError(
            "points must be networks (Replicas), whose hidden units or outputs can be compared, "
            f"got {type(points).__name__}"
        )
    return replicas


def label_overlaps(
    points: Points, data: LabelledData | NDArray[Any] | None, n_threads: int | None
) -> Float64Array:
    labels = labels_of(points, data, n_threads)
    replicas = as_replicas(points)
    known = max(replicas.network.n_outputs, 2) if replicas is not None else 0
    n_classes = max(known, len(np.unique(labels)))
    if n_classes < 2:
        raise DataError("points must use at least 2 labels to have an overlap, got 1")
    agreement = _pairs.agreement(labels, n_threads)
    return unit((n_classes * agreement - 1) / (n_classes - 1))


def matched_overlaps(
    replicas: Replicas,
    align: str,
    layers: list[int] | list[int | None],
    n_threads: int | None,
    progress: ProgressLike,
) -> Float64Array:
    """Cosines after matching, for the layers named (None: all parameters)."""
    for layer in layers:
        norms(weight_points(replicas, layer=layer))

    def measure(a: Replica, b: Replica) -> list[float]:
        both = Replicas(a.network, np.stack([a.weights, b.weights]))
        return [_cosine(*weight_points(both, layer=layer)) for layer in layers]

    found = _matched.aligned(
        replicas, measure, balanced=align == "balanced", n_threads=n_threads, progress=progress
    )
    return np.stack([unit(values) for values in found])


def orders_by(replicas: Replicas, align: str, layer: int | None) -> Any:
    """What says which hidden units of two networks belong together, layer by layer."""
    if align == "activations":
        return lambda a, b: None
    members = _matched.members_of(replicas, align == "balanced")

    def orders_of(a: int, b: int) -> list[IntArray]:
        orders = _matched.permutation(members, a, b).orders
        return list(orders) if layer is None else [orders[layer]]

    return orders_of


def _cosine(a: Float64Array, b: Float64Array) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def unit(values: Float64Array) -> Float64Array:
    """Clip rounding beyond [-1, 1] and set the diagonal to one."""
    np.clip(values, -1.0, 1.0, out=values)
    np.fill_diagonal(values, 1.0)
    return values
