"""The network: a frozen description of architecture and loss, with no weights inside."""

from __future__ import annotations

import itertools
from dataclasses import field
from typing import NamedTuple

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.networks._kernels import ACTIVATIONS, LOSSES, Layout
from spinglass_nn.typing import FloatArray


class Layer(NamedTuple):
    """Named views of one layer's parameters; leading axes are replicas.

    Parameters
    ----------
    weight : array (..., outputs, inputs)
        Row j holds the input weights of unit j.
    bias : array (..., outputs) or None
        None for a network without biases.
    """

    weight: FloatArray
    bias: FloatArray | None


@result()
class MLP:
    r"""A fully connected network and the loss that makes its landscape.

    .. math:: a^{(0)} = x, \quad z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}, \quad
              a^{(l)} = \varphi(z^{(l)}), \quad f(x) = z^{(L)}

    The output layer is linear. The loss is a mean over samples, in nats per sample for the
    cross-entropy:

    - ``"cross_entropy"``: :math:`\log\sum_c e^{f_c} - f_y`;
    - ``"squared_error"``: :math:`\frac12\sum_c (f_c - t_c)^2`, with t one-hot for labels;
    - ``"squared_hinge"``: :math:`\frac12\sum_c \max(0, 1 - t_c f_c)^2`, with t = ±1.

    A network with a single output takes two classes with t = -1 and +1 (not with the
    cross-entropy, which wants one output per class).

    Parameters
    ----------
    sizes : tuple of int
        Units per layer, from inputs to outputs, such as ``(784, 32, 10)``.
    activation : {"relu", "tanh", "identity", "sign"}
        Of the hidden units. The derivative of ReLU at zero is taken as zero. ``"sign"`` makes a
        binarised network, whose hidden units are ±1 (1 for a sum of zero); what is called its
        gradient is the straight-through one, as if the derivative were 1 for sums between -1
        and 1 and 0 elsewhere.
    bias : bool
        Whether every layer has biases.
    loss : {"cross_entropy", "squared_error", "squared_hinge"}
        Loss function.

    Raises
    ------
    ParameterError
        If a size is not a positive integer, fewer than two are given, or a name is unknown.

    Examples
    --------
    >>> net = MLP(sizes=(784, 32, 10))
    >>> net.n_parameters
    25450
    >>> [layer.weight.shape for layer in net.layers(np.zeros(net.n_parameters))]
    [(32, 784), (10, 32)]
    """

    sizes: tuple[int, ...]
    activation: str = "relu"
    bias: bool = True
    loss: str = "cross_entropy"
    _offsets: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            sizes = tuple(self.sizes)
        except TypeError:
            raise ParameterError(
                f"sizes must be a sequence of integers, got {self.sizes!r}"
            ) from None
        if len(sizes) < 2:
            raise ParameterError(
                f"sizes must hold at least an input and an output size, got {sizes}"
            )
        sizes = tuple(check.count(n, f"sizes[{i}]") for i, n in enumerate(sizes))
        check.choice(self.activation, "activation", ACTIVATIONS)
        check.choice(self.loss, "loss", LOSSES)
        if not isinstance(self.bias, (bool, np.bool_)):
            raise ParameterError(f"bias must be True or False, got {self.bias!r}")
        if self.loss == "cross_entropy" and sizes[-1] < 2:
            raise ParameterError(
                "sizes must end in at least 2 outputs for the cross-entropy, got 1; "
                "take loss='squared_hinge' for one output"
            )
        object.__setattr__(self, "sizes", sizes)
        offsets = [0]
        for n_in, n_out in itertools.pairwise(sizes):
            offsets.append(offsets[-1] + n_out * (n_in + bool(self.bias)))
        object.__setattr__(self, "_offsets", tuple(offsets))

    def __repr__(self) -> str:
        bias = "" if self.bias else ", no bias"
        sizes = "-".join(map(str, self.sizes))
        return f"MLP({sizes}, {self.activation}{bias}, {self.loss})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MLP) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[object, ...]:
        return (self.sizes, self.activation, self.bias, self.loss)

    @property
    def n_inputs(self) -> int:
        """Dimension of the input."""
        return self.sizes[0]

    @property
    def n_outputs(self) -> int:
        """Dimension of the output."""
        return self.sizes[-1]

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Units per hidden layer."""
        return self.sizes[1:-1]

    @property
    def n_layers(self) -> int:
        """Number of weight layers."""
        return len(self.sizes) - 1

    @property
    def n_parameters(self) -> int:
        """Length of the flat parameter vector."""
        return self._offsets[-1]

    @property
    def layout(self) -> Layout:
        """What compiled kernels need to know of the network."""
        return Layout(
            np.array(self.sizes, dtype=np.int64),
            bool(self.bias),
            ACTIVATIONS[self.activation],
            LOSSES[self.loss],
        )

    def layers(self, theta: FloatArray) -> tuple[Layer, ...]:
        """Views of a flat parameter vector, layer by layer.

        Parameters
        ----------
        theta : array (..., n_parameters)
            Flat parameters: per layer the weights row by row, then the biases.

        Returns
        -------
        tuple of Layer
            Views, not copies: writing to them writes to ``theta``.

        Raises
        ------
        ShapeError
            If the last axis is not ``n_parameters`` long.
        """
        if theta.ndim < 1 or theta.shape[-1] != self.n_parameters:
            raise ShapeError(
                f"theta must have {self.n_parameters} parameters on its last axis for {self}, "
                f"got shape {theta.shape}"
            )
        lead = theta.shape[:-1]
        views = []
        for start, n_in, n_out in zip(
            self._offsets[:-1], self.sizes[:-1], self.sizes[1:], strict=True
        ):
            end = start + n_out * n_in
            weight = theta[..., start:end].reshape(*lead, n_out, n_in)
            views.append(Layer(weight, theta[..., end : end + n_out] if self.bias else None))
        return tuple(views)
