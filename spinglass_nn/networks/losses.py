"""Loss, accuracy and outputs of one parameter vector or of many, streamed over the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check, threads
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.networks import _affine, _blocks, _gradients
from spinglass_nn.networks.curvature import Engine
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Parameters, as_rows
from spinglass_nn.typing import Float64Array, FloatArray, IntArray, LabelledData


@result()
class Evaluation:
    """Loss and accuracy from one pass over the data.

    Parameters
    ----------
    loss : float or array (n_replicas,)
        Mean loss per sample (nats for the cross-entropy).
    accuracy : float or array (n_replicas,)
        Share of samples whose largest output is the label's; NaN for regression.
    """

    loss: Any
    accuracy: Any


def evaluate(
    net: MLP, theta: Parameters, data: LabelledData, *, n_threads: int | None = None
) -> Evaluation:
    """Loss and accuracy in one pass over the data.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica, Replicas, or array (n_parameters,) or (n_replicas, n_parameters)
        Where to evaluate; float32 vectors are evaluated in float32.
    data : Dataset
        Samples; they are streamed in blocks and never copied as a whole.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.

    Returns
    -------
    Evaluation
        Floats for one parameter vector, arrays (n_replicas,) for several.

    Raises
    ------
    ShapeError
        If data, parameters and network do not fit each other.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = MLP(sizes=(2, 4, 2))
    >>> evaluate(net, np.zeros(net.n_parameters), data)
    Evaluation(loss=0.693147, accuracy=0.5)
    """
    rows, single = as_rows(net, theta)
    source = _blocks.source(net, data, rows.dtype)
    each = _affine.each(len(rows))
    found = _affine.sums(net, rows, each, [source], n_threads, shared=False)
    sums = found[0] / source.n_samples
    losses = sums[:, 0]
    accuracies = sums[:, 1] if source.labels.size else np.full(len(rows), np.nan)
    if single:
        return Evaluation(float(losses[0]), float(accuracies[0]))
    return Evaluation(losses, accuracies)


def loss(
    net: MLP, theta: Parameters, data: LabelledData, *, n_threads: int | None = None
) -> Any:
    r"""Mean loss per sample, :math:`L(\theta) = n^{-1}\sum_i \ell(f_\theta(x_i), y_i)`.

    Parameters, errors and shapes as for `evaluate`.

    Returns
    -------
    float or array (n_replicas,)
        Nats per sample for the cross-entropy.
    """
    return evaluate(net, theta, data, n_threads=n_threads).loss


def accuracy(
    net: MLP, theta: Parameters, data: LabelledData, *, n_threads: int | None = None
) -> Any:
    """Share of samples classified as labelled.

    Parameters and shapes as for `evaluate`.

    Returns
    -------
    float or array (n_replicas,)
        Between 0 and 1.

    Raises
    ------
    DataError
        If the data have no labels.
    """
    if data.labels is None:
        raise DataError("data must have labels for an accuracy, got real targets")
    return evaluate(net, theta, data, n_threads=n_threads).accuracy


def logits(
    net: MLP,
    theta: Parameters,
    data: LabelledData | NDArray[Any],
    *,
    n_threads: int | None = None,
) -> FloatArray:
    """Outputs of the network before any softmax.

    Parameters
    ----------
    net : MLP
        Architecture.
    theta : Replica, Replicas, or array (n_parameters,) or (n_replicas, n_parameters)
        Parameters.
    data : Dataset or array (n_samples, n_inputs)
        Inputs.
    n_threads : int, optional
        Default: all cores.

    Returns
    -------
    array (n_samples, n_outputs) or (n_replicas, n_samples, n_outputs)
        In the precision of ``theta``.
    """
    rows, single = as_rows(net, theta)
    source = _inputs(net, data, rows.dtype)
    out = _affine.outputs(net, rows, source, n_threads)
    return out[0] if single else out


def predictions(
    net: MLP,
    theta: Parameters,
    data: LabelledData | NDArray[Any],
    *,
    n_threads: int | None = None,
) -> IntArray:
    """Predicted classes: the largest output, or the sign of a single one.

    Parameters and shapes as for `logits`.

    Returns
    -------
    int64 array (n_samples,) or (n_replicas, n_samples)
        Classes.
    """
    outputs = logits(net, theta, data, n_threads=n_threads)
    if net.n_outputs == 1:
        return (outputs[..., 0] > 0).astype(np.int64)
    classes: IntArray = outputs.argmax(axis=-1).astype(np.int64)
    return classes


def gradient(
    net: MLP, theta: Parameters, data: LabelledData, *, n_threads: int | None = None
) -> FloatArray:
    """Gradient of the mean loss, by backpropagation over all samples.

    Parameters, errors and ``n_threads`` as for `evaluate`.

    Returns
    -------
    array, shape of theta
        In the precision of ``theta``; sums over blocks are kept in float64.
    """
    rows, single = as_rows(net, theta)
    source = _blocks.source(net, data, rows.dtype)
    found = losses_and_gradients(net, rows, source, n_threads)[1]
    return found[0] if single else found


def losses_and_gradients(
    net: MLP, rows: FloatArray, source: _blocks.Source, n_threads: int | None
) -> tuple[Float64Array, FloatArray]:
    """Mean loss (n,) and its gradient at checked rows (n, n_parameters), in one pass."""
    way = _gradients.gradient_of(net, source)
    points = [way.prepared(row) for row in rows]

    def work(row: int, segment: tuple[int, int]) -> tuple[float, Float64Array]:
        return way.over(points[row], segment)

    losses, gradients = np.empty(len(rows)), np.empty_like(rows)
    parts = _blocks.over_segments(
        work, len(rows), source, n_threads, rows_at_once=_blocks.ROWS_AT_ONCE
    )
    for row, one in enumerate(parts):  # segments are added in their order
        losses[row] = sum(loss for loss, _ in one) / source.n_samples
        total = way.unpacked(np.add.reduce([sums for _, sums in one]))
        gradients[row] = total / source.n_samples
    return losses, gradients


def hessian_vector_product(
    net: MLP,
    theta: Parameters,
    vector: NDArray[Any],
    data: LabelledData,
    *,
    n_threads: int | None = None,
) -> FloatArray:
    r"""Exact product :math:`H v` of the loss's Hessian with a vector, by the R-operator.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica, Replicas, or array (n_parameters,) or (n_replicas, n_parameters)
        Where the Hessian is taken.
    vector : array, shape of theta, or (k, n_parameters) for one point
        One vector for each parameter vector; or many for one, which cost less together.
    data : Dataset
        Samples.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.

    Returns
    -------
    array, shape of vector
        :math:`\nabla^2 L(\theta)\, v`. For products one after the other at the same point, as
        in an iteration, `Curvature` keeps what belongs to the point; it has other curvature
        matrices too.

    References
    ----------
    B. A. Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6
    (1994) 147.
    """
    rows, single = as_rows(net, theta)
    vectors = check.array(vector, "vector", dtype=rows.dtype)
    wanted = rows.shape[1:] if single else rows.shape
    if single and vectors.ndim == 2 and vectors.shape[1] == rows.shape[1]:
        wanted = vectors.shape
    if vectors.shape != wanted:
        raise ShapeError(f"vector must have the shape of theta, {wanted}, got {vectors.shape}")
    if single:
        engine = Engine(net, rows[0], data, "hessian", hold=False)
        return engine.products(np.atleast_2d(vectors), n_threads).reshape(wanted)

    def work(row: int) -> FloatArray:
        engine = Engine(net, rows[row], data, "hessian", hold=False)
        return engine.products(vectors[row : row + 1], 1)

    return np.concatenate(threads.run(work, range(len(rows)), n_threads))


def _inputs(
    net: MLP, data: LabelledData | NDArray[Any], dtype: np.dtype[Any]
) -> _blocks.Source:
    """A source for the forward pass alone; labels play no part."""
    if isinstance(data, LabelledData):
        values = data.inputs
    else:
        values = check.array(data, "data", dtype=dtype)
    if values.ndim != 2 or values.shape[1] != net.n_inputs:
        raise ShapeError(
            f"data must have shape (n_samples, {net.n_inputs}) for {net}, got {values.shape}"
        )
    if len(values) == 0:
        raise DataError("data must hold at least one sample, got none")
    empty = np.zeros((len(values), 0), dtype=dtype)
    return _blocks.Source(values, np.zeros(0, dtype=np.int64), empty, dtype)


__all__ = [
    "Evaluation",
    "accuracy",
    "evaluate",
    "gradient",
    "hessian_vector_product",
    "logits",
    "loss",
    "predictions",
]
