"""What is known of the weights before any data: normal with given deviations, or of one length."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from spinglass_nn._core import check, vectors
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.networks import MLP
from spinglass_nn.typing import FloatArray
from spinglass_nn.walks._flows import Flow, GaussianFlow, SphereFlow

_SAME_LENGTH = 1e-5  # relative


class Prior(ABC):
    """Distribution of the weights at infinite temperature."""

    __slots__ = ()

    @abstractmethod
    def flow(self, net: MLP, dtype: np.dtype[np.floating]) -> Flow:
        """How a point moves under this prior alone, and how it is drawn."""

    def placed(self, points: FloatArray) -> FloatArray:
        """Starting points (n, n_parameters), refused where the prior has no weight."""
        return points


@result()
class GaussianPrior(Prior):
    r"""Independent normal weights and biases of mean zero.

    .. math:: p(\theta) \propto \exp\Big(-\sum_i \frac{\theta_i^2}{2 \sigma_i^2}\Big)

    Parameters
    ----------
    deviation : float or tuple of float
        Standard deviation :math:`\sigma` of all parameters, or one for each layer.
    fan_in : bool
        Divide it by the square root of the number of inputs of each layer, as initialisers do.
        The default initialiser, uniform within :math:`\pm 1/\sqrt{n}`, has the variance of
        ``GaussianPrior(3**-0.5, fan_in=True)``.

    Raises
    ------
    ParameterError
        If a deviation is not positive.

    Examples
    --------
    >>> GaussianPrior((0.5, 0.2))
    GaussianPrior(deviation=(0.5, 0.2), fan_in=False)
    """

    deviation: float | tuple[float, ...] = 1.0
    fan_in: bool = False

    def __post_init__(self) -> None:
        given = self.deviation
        each = given if isinstance(given, (tuple, list)) else (given,)
        values = tuple(check.positive(value, "deviation") for value in each)
        kept = values if isinstance(given, (tuple, list)) else values[0]
        object.__setattr__(self, "deviation", kept)

    def scale(self, net: MLP) -> FloatArray:
        """Standard deviation of every parameter.

        Parameters
        ----------
        net : MLP
            Architecture.

        Returns
        -------
        array (n_parameters,)
            In the order of the flat parameter vector.

        Raises
        ------
        ShapeError
            If there are several deviations, but not one for each layer.
        """
        each = self.deviation
        if not isinstance(each, tuple):
            each = (each,) * net.n_layers
        if len(each) != net.n_layers:
            raise ShapeError(
                f"deviation must be one number or {net.n_layers} for {net}, got {len(each)}"
            )
        scale = np.empty(net.n_parameters)
        for layer, n_in, value in zip(net.layers(scale), net.sizes, each, strict=False):
            layer.weight[...] = value / math.sqrt(n_in) if self.fan_in else value
            if layer.bias is not None:
                layer.bias[...] = layer.weight.flat[0]
        return scale

    def flow(self, net: MLP, dtype: np.dtype[np.floating]) -> Flow:
        """How a point turns under this prior alone."""
        return GaussianFlow(self.scale(net).astype(dtype))


@result()
class SphericalPrior(Prior):
    r"""Weights of one length, all directions alike: the constraint of spherical spin models.

    Parameters
    ----------
    norm : float
        Euclidean length :math:`|\theta|` of the whole parameter vector.

    Raises
    ------
    ParameterError
        If it is not positive.

    Examples
    --------
    >>> SphericalPrior(10.0)
    SphericalPrior(norm=10)
    """

    norm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "norm", check.positive(self.norm, "norm"))

    def flow(self, net: MLP, dtype: np.dtype[np.floating]) -> Flow:
        """How a point moves along great circles."""
        return SphereFlow(self.norm, net.n_parameters, dtype)

    def placed(self, points: FloatArray) -> FloatArray:
        """Points on the sphere, to the last bit; refused if they were not there before."""
        lengths = np.array([vectors.norm(point) for point in points])
        if (np.abs(lengths / self.norm - 1) > _SAME_LENGTH).any():
            found = ", ".join(f"{length:.6g}" for length in lengths[:4])
            raise DataError(f"start must have the prior's norm {self.norm:g}, got {found}")
        placed: FloatArray = points * (self.norm / lengths).astype(points.dtype)[:, None]
        return placed
