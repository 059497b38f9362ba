"""Null models of a layered model: the same numbers, or the same stretches, without what was learnt.

A property of a trained network that its nulls share is one of the distribution of its weights,
or of its singular values, and says nothing about how they are arranged.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import ortho_group

from spinglass_nn._core import random
from spinglass_nn._core.random import Stream
from spinglass_nn.spins.layered import LayeredIsing
from spinglass_nn.typing import RNG, Float64Array


def shuffled(model: LayeredIsing, *, rng: RNG = None) -> LayeredIsing:
    """Shuffle the couplings between each two layers among themselves.

    Keeps the distribution of the weights of each matrix, and with it its mean square; destroys
    all correlations between them, so outliers of the spectrum go.

    Parameters
    ----------
    model : LayeredIsing
        A network read as a spin model.
    rng : Generator, SeedSequence, int or None
        Seed; every matrix has its own stream.

    Returns
    -------
    LayeredIsing
        With the same fields.

    Examples
    --------
    >>> model = LayeredIsing.from_weights([[[1.0, 2.0], [3.0, 4.0]]])
    >>> np.sort(shuffled(model, rng=0).weights[0], axis=None)
    array([1., 2., 3., 4.])
    """
    seed = random.seed_of(rng)
    weights = [
        seed.generator(Stream.NULLS, k).permutation(w.reshape(-1)).reshape(w.shape)
        for k, w in enumerate(model.weights)
    ]
    return replace(model, weights=tuple(weights))


def rotated(model: LayeredIsing, *, rng: RNG = None) -> LayeredIsing:
    r"""Turn the singular vectors of each matrix at random.

    .. math:: W = U \Sigma V^T \to (R U) \Sigma (S V)^T

    with R and S uniform over the orthogonal group. Keeps all singular values of each matrix, the
    largest included; destroys which units take part, and how layers fit each other.

    Parameters
    ----------
    model : LayeredIsing
        A network read as a spin model.
    rng : Generator, SeedSequence, int or None
        Seed; every matrix has its own stream.

    Returns
    -------
    LayeredIsing
        With the same fields.

    References
    ----------
    F. Mezzadri, Notices of the AMS 54 (2007) 592: uniform random rotations.

    Examples
    --------
    >>> model = LayeredIsing.from_weights([np.diag([3.0, 2.0, 1.0])])
    >>> np.linalg.svd(rotated(model, rng=0).weights[0], compute_uv=False).round(6)
    array([3., 2., 1.])
    """
    seed = random.seed_of(rng)
    weights = tuple(
        _turned(w, seed.generator(Stream.NULLS, k)) for k, w in enumerate(model.weights)
    )
    return replace(model, weights=weights)


def _turned(matrix: Float64Array, generator: np.random.Generator) -> Float64Array:
    left, right = (_rotation(n, generator) for n in matrix.shape)
    turned: Float64Array = left @ matrix @ right.T
    return turned


def _rotation(n: int, generator: np.random.Generator) -> Float64Array:
    """Uniform over O(n)."""
    if n == 1:
        return generator.choice([-1.0, 1.0], size=(1, 1))
    return np.asarray(ortho_group.rvs(n, random_state=generator))
