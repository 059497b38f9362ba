"""Averages over a standard Gaussian of functions that vary on a given scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinglass_nn.typing import Float64Array

_REACH = 9.0


def gaussian_rule(scale: float) -> tuple[Float64Array, Float64Array]:
    """Nodes and weights of the mean over a standard Gaussian.

    The trapezoid rule, whose error for an analytic function is exp(-2 pi d / spacing), with d
    the distance of its poles from the real line: tanh(z / scale) is exact to rounding, where
    Gauss-Hermite nodes converge slowly once scale << 1.

    Parameters
    ----------
    scale : float
        Length on which the function varies, such as T / sqrt(q) for tanh(sqrt(q) z / T).

    Returns
    -------
    nodes, weights : array
        The mean of f is ``weights @ f(nodes)``.
    """
    spacing = min(0.125, 0.25 * scale)
    n = int(np.ceil(_REACH / spacing))
    nodes = np.linspace(-_REACH, _REACH, 2 * n + 1)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, weights / weights.sum()


def gaussian_mean(function: Callable[[Float64Array], Float64Array], scale: float) -> float:
    """Mean of a function of a standard Gaussian that varies on a scale."""
    nodes, weights = gaussian_rule(scale)
    return float(weights @ function(nodes))


def log_2cosh(x: Float64Array) -> Float64Array:
    """ln(2 cosh x) without overflow."""
    result: Float64Array = np.logaddexp(x, -x)
    return result
