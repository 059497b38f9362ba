"""Where training starts: initial weights by the names the field gives them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replicas
from spinglass_nn.typing import RNG, FloatArray

Draw = Callable[[np.random.Generator, int, int], FloatArray]


def _he_normal(generator: np.random.Generator, n_out: int, n_in: int) -> FloatArray:
    return generator.standard_normal((n_out, n_in)) * math.sqrt(2 / n_in)


def _he_uniform(generator: np.random.Generator, n_out: int, n_in: int) -> FloatArray:
    return generator.uniform(-1, 1, (n_out, n_in)) * math.sqrt(6 / n_in)


def _glorot_normal(generator: np.random.Generator, n_out: int, n_in: int) -> FloatArray:
    return generator.standard_normal((n_out, n_in)) * math.sqrt(2 / (n_in + n_out))


def _glorot_uniform(generator: np.random.Generator, n_out: int, n_in: int) -> FloatArray:
    return generator.uniform(-1, 1, (n_out, n_in)) * math.sqrt(6 / (n_in + n_out))


def _fan_in(generator: np.random.Generator, n_out: int, n_in: int) -> FloatArray:
    return generator.uniform(-1, 1, (n_out, n_in)) / math.sqrt(n_in)


def _orthogonal(generator: np.random.Generator, n_out: int, n_in: int) -> FloatArray:
    tall = generator.standard_normal((max(n_out, n_in), min(n_out, n_in)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))  # makes the distribution uniform (Haar)
    return q if n_out >= n_in else np.ascontiguousarray(q.T)


INITIALIZERS: dict[str, Draw] = {
    "he_normal": _he_normal,
    "he_uniform": _he_uniform,
    "glorot_normal": _glorot_normal,
    "glorot_uniform": _glorot_uniform,
    "fan_in": _fan_in,
    "orthogonal": _orthogonal,
}


def initialize(
    net: MLP,
    *,
    n_replicas: int = 1,
    initializer: str = "fan_in",
    gain: float = 1.0,
    first_replica: int = 0,
    dtype: DTypeLike = np.float64,
    rng: RNG | Seed = None,
) -> Replicas:
    r"""Draw initial weights.

    Parameters
    ----------
    net : MLP
        Architecture.
    n_replicas : int
        How many to draw; replica k is the same whatever this number is.
    initializer : str
        With fan-in n and fan-out m: ``"he_normal"`` (Kaiming) :math:`N(0, 2/n)`;
        ``"he_uniform"`` :math:`U(\pm\sqrt{6/n})`; ``"glorot_normal"`` (Xavier)
        :math:`N(0, 2/(n+m))`; ``"glorot_uniform"`` :math:`U(\pm\sqrt{6/(n+m)})`;
        ``"fan_in"`` :math:`U(\pm 1/\sqrt{n})` for weights and biases; ``"orthogonal"``
        rows or columns orthonormal, uniform over such matrices. Biases are zero but for
        ``"fan_in"``.
    gain : float
        Factor on all of them.
    first_replica : int
        Number of the first replica, to draw a part of a larger ensemble.
    dtype : float32 or float64
        Precision of the result.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    Replicas
        Weights of shape (n_replicas, n_parameters).

    Raises
    ------
    ParameterError
        If the initializer is unknown or a number makes no sense.

    References
    ----------
    He et al. 2015 (arXiv:1502.01852); Glorot and Bengio, AISTATS 2010; Saxe et al. 2014
    (arXiv:1312.6120).

    Examples
    --------
    >>> initialize(MLP(sizes=(4, 8, 3)), n_replicas=2, rng=1)
    <2 replicas of MLP(4-8-3, relu, cross_entropy), float64>
    """
    n_replicas = check.count(n_replicas, "n_replicas")
    first_replica = check.count(first_replica, "first_replica", minimum=0)
    check.choice(initializer, "initializer", INITIALIZERS)
    gain = check.positive(gain, "gain")
    dtype = check.precision(dtype)
    seed = random.seed_of(rng)
    weights = np.empty((n_replicas, net.n_parameters), dtype=dtype)
    with threads.one_blas_thread():  # the last bits of a QR depend on their number
        for k in range(n_replicas):
            _fill(net, weights[k], initializer, gain, seed, first_replica + k)
    return Replicas(net, weights)


def _fill(
    net: MLP, theta: FloatArray, initializer: str, gain: float, seed: Seed, index: int
) -> None:
    generator = seed.generator(Stream.INITIAL_WEIGHTS, index)
    for layer in net.layers(theta):
        n_out, n_in = layer.weight.shape
        layer.weight[...] = gain * INITIALIZERS[initializer](generator, n_out, n_in)
        if layer.bias is not None:
            bound = gain / math.sqrt(n_in) if initializer == "fan_in" else 0.0
            layer.bias[...] = generator.uniform(-1, 1, n_out) * bound


def random_points(
    net: MLP,
    *,
    norm: float,
    n_points: int = 1,
    dtype: DTypeLike = np.float64,
    rng: RNG = None,
) -> Replicas:
    """Parameter vectors of a given length in random directions, as a control for solutions.

    Parameters
    ----------
    net : MLP
        Architecture.
    norm : float
        Euclidean length of each vector.
    n_points : int
        How many.
    dtype : float32 or float64
        Precision of the result.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    Replicas
        Weights of shape (n_points, n_parameters).
    """
    norm = check.positive(norm, "norm")
    dtype = check.precision(dtype)
    seed = random.seed_of(rng)
    weights: Any = np.stack(
        [
            seed.generator(Stream.RANDOM_POINTS, k).standard_normal(net.n_parameters)
            for k in range(check.count(n_points, "n_points"))
        ]
    )
    weights *= norm / np.linalg.norm(weights, axis=1, keepdims=True)
    return Replicas(net, weights.astype(dtype, copy=False))
