"""Positive rescaling of hidden units, and the gauge in which each unit is balanced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import NotConverged, ParameterError, ShapeError
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.typing import Float64Array, FloatArray

TOLERANCE = 1e-12
HOMOGENEOUS = ("relu", "identity")  # activations with phi(s z) = s phi(z) for s > 0


@result()
class Balance:
    """Factors that bring a network into the balanced gauge, and how they were found.

    Parameters
    ----------
    factors : tuple of float64 arrays
        One factor a unit for each hidden layer, for `rescale`; 1 for dead units.
    n_dead : int
        Hidden units left alone because all their input weights and bias, or all their
        output weights, are zero: no factor balances them.
    residual : float
        Largest ``|log(out-norm / in-norm)|`` that the last pass met, over units that are not
        dead; 0 for one hidden layer.
    n_iterations : int
        Passes over the layers; 1 for one hidden layer, where the factors are exact.
    """

    factors: tuple[Float64Array, ...]
    n_dead: int
    residual: float
    n_iterations: int


def rescale(replica: Replica, factors: Sequence[FloatArray]) -> Replica:
    r"""Multiply the inputs of each hidden unit and divide its outputs by a positive factor.

    .. math:: (w_j, b_j, a_{\cdot j}) \to (s_j w_j,\; s_j b_j,\; a_{\cdot j} / s_j)

    leaves the function alone if the activation is ReLU or the identity.

    Parameters
    ----------
    replica : Replica
        Point to rescale.
    factors : sequence over hidden layers of arrays (units,)
        Positive factors s.

    Returns
    -------
    Replica
        The same function at another point, in the precision of ``replica``.

    Raises
    ------
    ParameterError
        If the activation is not homogeneous, or a factor is not positive.
    ShapeError
        If the factors do not fit the hidden layers.

    Examples
    --------
    >>> net = MLP(sizes=(1, 1, 1), bias=False, loss="squared_error")
    >>> rescale(Replica(net, np.array([1.0, 6.0])), [np.array([2.0])]).weights
    array([2., 3.])
    """
    network = replica.network
    _check_homogeneous(network)
    if len(factors) != len(network.hidden_sizes):
        raise ShapeError(
            f"factors must hold {len(network.hidden_sizes)} arrays, one for each hidden layer "
            f"of {network}, got {len(factors)}"
        )
    weights = replica.weights.astype(np.float64)
    layers = network.layers(weights)
    for k, size in enumerate(network.hidden_sizes):
        s = check.array(factors[k], f"factors[{k}]", shape=(size,))
        if not (s > 0).all():
            raise ParameterError(f"factors[{k}] must be positive, got {s.min():g}")
        layers[k].weight[...] *= s[:, None]
        bias = layers[k].bias
        if bias is not None:
            bias *= s
        layers[k + 1].weight[...] /= s
    return Replica(network, weights.astype(replica.weights.dtype, copy=False))


def balance(replica: Replica) -> Replica:
    r"""The point of the balanced gauge: each hidden unit's in- and out-norm are equal.

    For one hidden layer the factors are

    .. math:: s_j = \sqrt{|a_{\cdot j}| \,/\, |(w_j, b_j)|}

    and they are exact. In deeper networks the output weights of a layer are input weights of
    the next, and the layers take turns until all are balanced. The result is the shortest
    point among all rescaled copies and is unique up to dead units.

    Parameters
    ----------
    replica : Replica
        Point of a network with ReLU or identity activation.

    Returns
    -------
    Replica
        The same function; `balancing_factors` says how it was reached.

    Raises
    ------
    ParameterError
        If the activation is not homogeneous.
    NotConverged
        If a deep network is not balanced after the allowed number of passes.

    References
    ----------
    Dinh et al. 2017 (arXiv:1703.04933) on rescaling and flatness.

    Examples
    --------
    >>> net = MLP(sizes=(1, 1, 1), bias=False, loss="squared_error")
    >>> balance(Replica(net, np.array([1.0, 4.0]))).weights
    array([2., 2.])
    """
    return rescale(replica, balancing_factors(replica).factors)


def to_torus(replica: Replica) -> Replica:
    r"""The point of the toroidal gauge: each hidden unit's in-norm, bias included, is 1.

    Layer by layer from the inputs, each unit is divided by its in-norm and what it feeds
    multiplied with it. The output layer takes what is left over; Pittorino et al. divide
    that by its norm as well, which changes the scale of the outputs and so the loss, but no
    prediction. Dead units stay as they are.

    Parameters
    ----------
    replica : Replica
        Point of a network with ReLU or identity activation.

    Returns
    -------
    Replica
        The same function.

    Raises
    ------
    ParameterError
        If the activation is not homogeneous.

    References
    ----------
    F. Pittorino et al., Deep networks on toroids, ICML 2022 (arXiv:2202.03038).

    Examples
    --------
    >>> net = MLP(sizes=(1, 1, 1), bias=False, loss="squared_error")
    >>> to_torus(Replica(net, np.array([2.0, 3.0]))).weights
    array([1., 6.])
    """
    factors: list[Float64Array] = []
    for layer in replica.layers[:-1]:
        weight = layer.weight.astype(np.float64)
        if factors:
            weight /= factors[-1]
        square = np.square(weight).sum(axis=1)
        if layer.bias is not None:
            square += np.square(layer.bias, dtype=np.float64)
        factors.append(1 / np.sqrt(np.where(square > 0, square, 1.0)))
    return rescale(replica, factors)


def balancing_factors(replica: Replica, *, max_iterations: int = 10_000) -> Balance:
    """Factors that `balance` applies, with the number of dead units.

    Parameters
    ----------
    replica : Replica
        Point of a network with ReLU or identity activation.
    max_iterations : int
        Passes over the layers allowed.

    Returns
    -------
    Balance
        Factors, count of dead units, residual and passes.

    Raises
    ------
    ParameterError
        If the activation is not homogeneous.
    NotConverged
        If the residual is still above 1e-12; ``.last`` holds the `Balance` reached.
    """
    network = replica.network
    _check_homogeneous(network)
    max_iterations = check.count(max_iterations, "max_iterations")
    sizes = network.hidden_sizes
    gauge = _Gauge(
        [np.square(layer.weight, dtype=np.float64) for layer in replica.layers],
        [
            np.zeros(len(layer.weight))
            if layer.bias is None
            else np.square(layer.bias, dtype=np.float64)
            for layer in replica.layers
        ],
        [np.ones(size) for size in sizes],
    )
    live = [(gauge.inner(k) > 0) & (gauge.outer(k) > 0) for k in range(len(sizes))]
    n_dead = sum(int((~alive).sum()) for alive in live)
    for n_passes in range(1, max_iterations + 1):
        residual = max((gauge.step(k, alive) for k, alive in enumerate(live)), default=0.0)
        if len(sizes) <= 1:
            residual = 0.0
        if residual <= TOLERANCE:
            return Balance(tuple(gauge.factors), n_dead, residual, n_passes)
    raise NotConverged(
        f"balance must reach a residual of {TOLERANCE:g} within {max_iterations} passes over "
        f"the layers, got {residual:.3g}",
        Balance(tuple(gauge.factors), n_dead, residual, max_iterations),
    )


class _Gauge(NamedTuple):
    """Squared weights and biases of each layer as the factors found so far make them."""

    weights: list[Float64Array]
    biases: list[Float64Array]
    factors: list[Float64Array]

    def inner(self, k: int) -> Float64Array:
        """Squared in-norm of each unit of hidden layer k, bias included."""
        norm: Float64Array = self.weights[k].sum(axis=1) + self.biases[k]
        return norm

    def outer(self, k: int) -> Float64Array:
        """Squared out-norm of each unit of hidden layer k."""
        norm: Float64Array = self.weights[k + 1].sum(axis=0)
        return norm

    def step(self, k: int, alive: NDArray[np.bool_]) -> float:
        """Balance hidden layer k; the largest |log(out-norm / in-norm)| it had."""
        square = np.ones(alive.size)
        square[alive] = np.sqrt(self.outer(k)[alive] / self.inner(k)[alive])
        self.weights[k] *= square[:, None]
        self.biases[k] *= square
        self.weights[k + 1] /= square
        self.factors[k] *= np.sqrt(square)
        return float(np.abs(np.log(square)).max(initial=0.0))


def _check_homogeneous(network: MLP) -> None:
    if network.activation not in HOMOGENEOUS:
        raise ParameterError(
            "replica must belong to a network with activation 'relu' or 'identity' for "
            f"rescaling to leave its function alone, got {network}"
        )
