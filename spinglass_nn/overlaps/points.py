"""Networks, spins or plain vectors, turned into the points that this room measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn import networks
from spinglass_nn._core import check
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.networks import Replica, Replicas
from spinglass_nn.overlaps import activations
from spinglass_nn.spins.models import spin_rows
from spinglass_nn.typing import Float64Array, IntArray, LabelledData

Points: TypeAlias = Replicas | Sequence[Replica] | ArrayLike


def weight_points(points: Points, *, layer: int | None = None) -> NDArray[Any]:
    """Points as rows of an array: parameter vectors, spin configurations, any vectors.

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        What to measure.
    layer : int, optional
        Take only this layer's weights and biases (of networks).

    Returns
    -------
    array (n_points, n_dimensions)
        In the precision given (integers stay integers).

    Raises
    ------
    DataError
        If there are fewer than two points, or NaN or infinite entries.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> replicas = sg.networks.initialize(sg.networks.MLP((2, 3, 2)), n_replicas=4, rng=0)
    >>> sg.overlaps.weight_points(replicas, layer=0).shape
    (4, 9)
    """
    replicas = as_replicas(points)
    if replicas is None and layer is not None:
        raise ParameterError("layer must be None for points that are not networks")
    values = np.asarray(points) if replicas is None else _weights(replicas, layer)
    dtype = values.dtype if values.dtype.kind in "iu" or values.dtype == np.float32 else None
    rows = check.array(values, "points", shape=(None, None), dtype=dtype or np.float64)
    if rows.shape[0] < 2 or rows.shape[1] < 1:
        raise DataError(
            f"points must be at least 2 with at least 1 component, got shape {rows.shape}"
        )
    return rows


def function_points(
    points: Replicas | Sequence[Replica],
    data: LabelledData | NDArray[Any],
    *,
    of: str = "labels",
    n_threads: int | None = None,
) -> NDArray[Any]:
    """Networks as points in function space: what they answer on given inputs.

    Parameters
    ----------
    points : Replicas or sequence of Replica
        The networks.
    data : Dataset or array (n_samples, n_inputs)
        Where they are asked.
    of : {"labels", "logits", "activations"}
        Predicted classes; or logits centred over the classes of each sample (a constant
        added to all logits changes no probability); or which hidden ReLU units are on (+1)
        and off (-1), unit by unit, each over all samples.
    n_threads : int, optional
        Threads over replicas.

    Returns
    -------
    array (n_points, n_samples) of int64, or (n_points, n_samples * n_classes), or
    int8 (n_points, n_units * n_samples)
        One network a row.

    Raises
    ------
    ParameterError
        If the points are not networks, or have no hidden ReLU units that could be on or off.
    """
    check.choice(of, "of", ("labels", "logits", "activations"))
    replicas = as_replicas(points)
    if replicas is None:
        raise ParameterError(
            f"points must be networks (Replicas) to predict {of}, got {type(points).__name__}"
        )
    net = replicas.network
    if of == "activations":
        return activations.patterns(replicas, data, n_threads).unpacked()
    if of == "labels":
        labels: IntArray = networks.predictions(net, replicas, data, n_threads=n_threads)
        return labels
    outputs = networks.logits(net, replicas, data, n_threads=n_threads)
    if outputs.shape[-1] > 1:  # a single output has no constant to remove
        outputs = outputs - outputs.mean(axis=-1, keepdims=True)
    return np.ascontiguousarray(outputs.reshape(len(replicas), -1))


def as_replicas(points: object) -> Replicas | None:
    """The replicas that ``points`` are, or None if they are plain vectors."""
    if isinstance(points, Replicas):
        return points
    if isinstance(points, Sequence) and points and isinstance(points[0], Replica):
        if any(not isinstance(p, Replica) or p.network != points[0].network for p in points):
            raise ParameterError("points must all be replicas of one network")
        return Replicas(points[0].network, np.stack([p.weights for p in points]))
    return None


def labels_of(
    points: Points, data: LabelledData | NDArray[Any] | None, n_threads: int | None
) -> IntArray:
    """Predicted labels of networks on ``data``, or rows of integers as they are."""
    replicas = as_replicas(points)
    if replicas is not None:
        if data is None:
            raise ParameterError("data must be given to compare predictions of networks")
        found: IntArray = function_points(replicas, data, n_threads=n_threads)
        return found
    rows = np.asarray(points)
    if rows.dtype.kind not in "iub" or rows.ndim != 2 or min(rows.shape) < 1:
        raise DataError(
            "points must be networks or integer labels of shape (n_points, n_samples), got "
            f"{rows.dtype} of shape {rows.shape}"
        )
    return rows.astype(np.int64)


def _weights(replicas: Replicas, layer: int | None) -> NDArray[Any]:
    if layer is None:
        return replicas.weights
    n_layers = replicas.network.n_layers
    if not 0 <= check.count(layer, "layer", minimum=0) < n_layers:
        raise ParameterError(f"layer must be below {n_layers}, got {layer}")
    chosen = replicas.layers[layer]
    parts = [chosen.weight.reshape(len(replicas), -1)]
    if chosen.bias is not None:
        parts.append(chosen.bias)
    return np.concatenate(parts, axis=1)


def norms(rows: NDArray[Any]) -> Float64Array:
    """Euclidean norms in float64; zero is refused, for it has no direction."""
    with np.errstate(over="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    for k in np.flatnonzero((lengths < 1e-140) | ~np.isfinite(lengths)):
        largest = float(np.abs(rows[k]).max())  # squares over- or underflow, norms need not
        if largest == 0:
            raise DataError(f"points must not be zero to have a direction, got zeros at {k}")
        lengths[k] = largest * float(np.linalg.norm(rows[k] / largest))
    return np.asarray(lengths, dtype=np.float64)


def is_spins(rows: NDArray[Any]) -> bool:
    """Whether rows are integers that are all +1 or -1."""
    if rows.dtype.kind != "i" or rows.min() != -1 or rows.max() != 1:
        return False
    return bool(np.count_nonzero(rows) == rows.size)


def spin_points(points: Points) -> NDArray[Any]:
    """Configurations of spins ±1 as rows; anything else is refused."""
    if as_replicas(points) is not None:
        raise ParameterError("points must be spin configurations, got networks")
    rows: NDArray[Any] = np.asarray(points)
    if rows.ndim != 2 or len(rows) < 2 or rows.shape[1] < 1:
        raise DataError(
            f"points must be at least 2 configurations of at least 1 spin, got shape {rows.shape}"
        )
    return spin_rows(rows, rows.shape[1], "points")[0]
