"""Replicas: one network, many parameter vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from spinglass_nn._core import check, vectors
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.networks.mlp import MLP, Layer
from spinglass_nn.typing import FloatArray


def _checked(network: MLP, weights: ArrayLike, ndim: int, name: str = "weights") -> FloatArray:
    values = np.asarray(weights)
    dtype = values.dtype if values.dtype in (np.float32, np.float64) else np.float64
    n = network.n_parameters
    shape = (n,) if ndim == 1 else (None, n)
    return check.array(values, name, shape=shape, dtype=dtype)


@result()
class Replica:
    """One parameter vector and the network it belongs to.

    Parameters
    ----------
    network : MLP
        Architecture and loss.
    weights : array (n_parameters,)
        Flat parameters, float32 or float64.
    """

    network: MLP
    weights: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", _checked(self.network, self.weights, 1))

    def __repr__(self) -> str:
        return f"<replica of {self.network}, norm {self.norm:.4g}>"

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Views of weights and biases, layer by layer."""
        return self.network.layers(self.weights)

    @property
    def norm(self) -> float:
        """Euclidean length of the parameter vector."""
        return vectors.norm(self.weights)


@result()
class Replicas:
    """Parameter vectors of one network.

    Parameters
    ----------
    network : MLP
        Architecture and loss.
    weights : array (n_replicas, n_parameters)
        One flat parameter vector a row, float32 or float64.

    Raises
    ------
    ShapeError
        If the vectors do not fit the network.
    DataError
        If a weight is NaN or infinite.

    Examples
    --------
    >>> net = MLP(sizes=(2, 3, 1), loss="squared_error")
    >>> replicas = Replicas(net, np.zeros((5, net.n_parameters)))
    >>> len(replicas), replicas[0].layers[0].weight.shape
    (5, (3, 2))
    """

    network: MLP
    weights: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", _checked(self.network, self.weights, 2))

    @classmethod
    def from_layers(
        cls,
        network: MLP,
        layers: Sequence[Sequence[tuple[ArrayLike, ArrayLike | None]]],
        *,
        dtype: DTypeLike | None = None,
    ) -> Replicas:
        """Make replicas from separate weight matrices and bias vectors.

        Parameters
        ----------
        network : MLP
            The network they belong to.
        layers : sequence over replicas of sequences over layers of (W, b)
            W of shape (outputs, inputs); b of shape (outputs,), or None for a network
            without biases.
        dtype : float32 or float64, optional
            Default: float32 if every array is, else float64.

        Raises
        ------
        ShapeError
            If a matrix or a bias does not fit, naming replica and layer.
        """
        try:
            given = [
                [(np.asarray(w), None if b is None else np.asarray(b)) for w, b in one]
                for one in layers
            ]
        except (TypeError, ValueError):
            raise ParameterError(
                "layers must be nested [replica][layer] = (weight, bias); one replica alone "
                "is [[(W1, b1), (W2, b2), ...]]"
            ) from None
        if not given:
            raise ParameterError("layers must hold at least one replica, got none")
        if dtype is None:
            kinds = {a.dtype for one in given for pair in one for a in pair if a is not None}
            dtype = np.float32 if kinds == {np.dtype(np.float32)} else np.float64
        dtype = check.precision(dtype)
        weights = np.empty((len(given), network.n_parameters), dtype=dtype)
        for r, one in enumerate(given):
            _fill(network, weights[r], one, f"layers[{r}]")
        return cls(network, weights)

    def __repr__(self) -> str:
        return f"<{len(self)} replicas of {self.network}, {self.weights.dtype}>"

    def __len__(self) -> int:
        return int(self.weights.shape[0])

    def __iter__(self) -> Iterator[Replica]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Replica: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | np.ndarray[Any, Any]) -> Replicas: ...

    def __getitem__(self, index: Any) -> Replica | Replicas:
        if isinstance(index, (int, np.integer)):
            return Replica(self.network, self.weights[index])
        if isinstance(index, tuple):
            raise ParameterError(f"index must be one number, slice or list, got {index}")
        return Replicas(self.network, self.weights[index])

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Views of weights and biases, layer by layer; the first axis counts replicas."""
        return self.network.layers(self.weights)


def _fill(
    network: MLP,
    theta: FloatArray,
    layers: Sequence[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]],
    name: str,
) -> None:
    """Copy one replica's matrices and biases into its flat vector."""
    if len(layers) != network.n_layers:
        raise ShapeError(
            f"{name} must hold {network.n_layers} layers for {network}, got {len(layers)}"
        )
    for k, ((weight, bias), view) in enumerate(zip(layers, network.layers(theta), strict=True)):
        if weight.shape != view.weight.shape:
            hint = "; transpose it" if weight.T.shape == view.weight.shape else ""
            raise ShapeError(
                f"{name}[{k}] weight must have shape (outputs, inputs) = {view.weight.shape}, "
                f"got {weight.shape}{hint}"
            )
        view.weight[...] = weight
        if (bias is None) != (view.bias is None):
            wanted = "no bias" if view.bias is None else "a bias"
            raise ShapeError(
                f"{name}[{k}] must have {wanted} for a network with bias={network.bias}"
            )
        if bias is not None and view.bias is not None:
            if bias.shape != view.bias.shape:
                raise ShapeError(
                    f"{name}[{k}] bias must have shape {view.bias.shape}, got {bias.shape}"
                )
            view.bias[...] = bias


Parameters: TypeAlias = "Replica | Replicas | FloatArray"


def stack(replicas: Iterable[Replica | Replicas]) -> Replicas:
    """Join replicas of one network into one `Replicas`.

    Parameters
    ----------
    replicas : iterable of Replica or Replicas
        Parts, in order.

    Returns
    -------
    Replicas
        Copies of them all; float64 if one of them is.

    Raises
    ------
    ParameterError
        If there are none, or they belong to different networks.
    """
    parts = list(replicas)
    if not parts:
        raise ParameterError("replicas must hold at least one, got none")
    network = parts[0].network
    if any(part.network != network for part in parts):
        raise ParameterError("replicas must all belong to one network")
    return Replicas(network, np.concatenate([np.atleast_2d(p.weights) for p in parts]))


def as_rows(network: MLP, theta: Parameters) -> tuple[FloatArray, bool]:
    """Parameters as checked rows (n_replicas, n_parameters), and whether there was just one."""
    if isinstance(theta, (Replica, Replicas)):
        if theta.network.sizes != network.sizes or theta.network.bias != network.bias:
            raise ParameterError(f"theta must belong to {network}, got {theta.network}")
        values = theta.weights
    else:
        values = np.asarray(theta)
    if values.ndim not in (1, 2):
        raise ShapeError(
            f"theta must have shape (n_parameters,) or (n_replicas, n_parameters), "
            f"got {values.shape}"
        )
    if values.size == 0:
        raise ParameterError("theta must hold at least one parameter vector, got none")
    if values is not getattr(theta, "weights", None):  # those of replicas were checked
        values = _checked(network, values, values.ndim, "theta")
    return np.atleast_2d(values), values.ndim == 1
