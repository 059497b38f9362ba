"""What the Hessian of a ReLU network leaves out: the curvature of its kinks."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import check, threads
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, Parameters
from spinglass_nn.networks._blocks import Block, source
from spinglass_nn.networks._kernels import output_loss
from spinglass_nn.networks.mlp import Layer
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.typing import Float64Array, FloatArray, LabelledData

_TOGETHER = 16  # directions whose derivatives are held at once


def kink_curvature(
    net: MLP,
    point: Parameters,
    data: LabelledData,
    directions: FloatArray,
    *,
    scales: float | FloatArray = 1.0,
    n_threads: int | None = None,
) -> Float64Array:
    r"""Second difference of the loss along displacements that comes from ReLUs switching.

    A displacement d that moves the sum :math:`z_j` of a ReLU by :math:`b_j = d \cdot \nabla z_j`
    gives its output the second difference :math:`\max(0, |b_j| - |z_j|)`, which is zero unless
    the unit switches. To first order in what this does to the loss of a sample,

    .. math:: L(\theta + d) + L(\theta - d) - 2 L(\theta) = d^T H d + K(d) + \dots, \quad
        K(d) = \frac{1}{n} \sum_i \sum_j \frac{\partial \ell_i}{\partial a_{ij}}
               \max(0, |b_{ij}| - |z_{ij}|)

    with the outputs a of all hidden units j. The Hessian H of the smooth pieces knows nothing
    of K. As :math:`|d| \to 0` at given samples K vanishes, but while many samples cross kinks
    their number grows as :math:`|d|` and so does the effect of each, so K grows as
    :math:`|d|^2`: it is curvature, of either sign, to anybody who moves. For units of other
    activations K is zero.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    point : Replica or array (n_parameters,)
        One point; its precision is that of the computation, sums are in float64.
    data : Dataset
        The loss is the mean over all of it.
    directions : array (n_directions, n_parameters) or (n_parameters,)
        Displacements, in the units of the parameters.
    scales : float or array (n_scales,)
        Factors on the displacements: many lengths cost little more than one.
    n_threads : int, optional
        Default: all cores. Results do not depend on it.

    Returns
    -------
    array, shape of ``scales`` followed by (n_directions,) unless one vector was given
        K, in nats for the cross-entropy.

    Raises
    ------
    ParameterError
        If there are several points, or units are signs, which jump.
    ShapeError, DataError
        If the directions do not fit the network or hold NaN.

    Notes
    -----
    In networks of several hidden layers the sums move by more than :math:`b_j`; what is left
    out is of the order of :math:`|d|^3`, as it is where one crossing changes another's weight, or
    where the squared hinge switches.

    Examples
    --------
    The sum of the only unit, 0.1 on the only sample, goes to 0.4 one way, to -0.2 the other:

    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[1.0]], [[1.0]])
    >>> net = sg.networks.MLP(sizes=(1, 1, 1), loss="squared_error", bias=False)
    >>> found = kink_curvature(net, np.array([0.1, 1.0]), data, np.array([0.3, 0.0]))
    >>> bool(abs(found + 0.18) < 1e-12)  # a slope of -0.9 times a second difference of 0.2
    True
    """
    rows, _ = as_rows(net, point)
    if len(rows) != 1:
        raise ParameterError(f"point must be one point, got {len(rows)} replicas")
    if net.activation == "sign":
        raise ParameterError(
            "net must have an activation without jumps for curvature, got 'sign'"
        )
    theta = np.ascontiguousarray(rows[0])
    moves = check.array(
        np.atleast_2d(directions),
        "directions",
        shape=(None, net.n_parameters),
        dtype=theta.dtype,
    )
    factors = np.abs(check.array(scales, "scales")).ravel()
    known = source(net, data, theta.dtype)
    here = net.layers(theta)

    def work(segment: tuple[int, int]) -> Float64Array:
        total = np.zeros((factors.size, len(moves)))
        if net.activation == "relu":
            for block in known.blocks(*segment):
                for low in range(0, len(moves), _TOGETHER):
                    group = slice(low, low + _TOGETHER)
                    there = net.layers(moves[group])
                    total[:, group] += _of_block(net, here, there, block, factors)
        return total

    found = sum(threads.run(work, known.segments(), n_threads)) / known.n_samples
    return np.asarray(found).reshape(np.shape(scales) + np.shape(directions)[:-1])


def _of_block(
    net: MLP,
    here: tuple[Layer, ...],
    there: tuple[Layer, ...],
    block: Block,
    scales: Float64Array,
) -> Float64Array:
    """Summed over a block of samples, (n_scales, n_directions)."""
    sums, shifts, logits = _forward(here, there, block.inputs)
    output_loss(logits, block.labels, block.targets, net.layout.loss)
    errors = logits  # that now hold the derivatives of the loss
    total = np.zeros((scales.size, len(there[0].weight)))
    for z, b, layer in zip(sums[::-1], shifts[::-1], here[:0:-1], strict=True):
        errors = errors @ layer.weight
        for k, scale in enumerate(scales.astype(z.dtype)):
            jumps = np.maximum(scale * b - np.abs(z)[:, None], 0)
            total[k] += np.einsum("nkj,nj->k", jumps, errors, dtype=np.float64)
        errors = errors * (z > 0)
    return total


def _forward(
    here: tuple[Layer, ...], there: tuple[Layer, ...], inputs: FloatArray
) -> tuple[list[FloatArray], list[FloatArray], FloatArray]:
    """Sums z (n, units) of the hidden layers, |b| (n, n_directions, units), and the logits."""
    n, k = len(inputs), len(there[0].weight)
    below, slopes = inputs, None
    sums: list[FloatArray] = []
    shifts: list[FloatArray] = []
    for layer, moved in zip(here[:-1], there[:-1], strict=True):
        z = below @ layer.weight.T
        b = (below @ moved.weight.reshape(-1, below.shape[1]).T).reshape(n, k, -1)
        if slopes is not None:
            b += slopes @ layer.weight.T
        if layer.bias is not None and moved.bias is not None:
            z += layer.bias
            b += moved.bias
        sums.append(z)
        shifts.append(np.abs(b))
        below, slopes = np.maximum(z, 0), b * (z > 0)[:, None]
    logits = below @ here[-1].weight.T
    if here[-1].bias is not None:
        logits += here[-1].bias
    return sums, shifts, np.ascontiguousarray(logits)
