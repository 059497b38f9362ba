"""Loss and accuracy under multiplicative noise: local energy, average-case sharpness."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check, random
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape.families import AffineFamily, family_losses
from spinglass_nn.networks import MLP, Parameters
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.typing import RNG, Float64Array, FloatArray, LabelledData, ProgressLike

_SIGMAS = tuple(k / 20 for k in range(1, 11))
_AT_ONCE = 8  # directions in one family


@result()
class LocalEnergy:
    """Mean rise of loss and error rate under multiplicative noise of several strengths.

    Parameters
    ----------
    sigmas : array (n_sigmas,)
        Strengths of the noise.
    rise, rise_error : array (n_replicas, n_sigmas)
        Mean rise of the loss and its standard error over directions. All replicas and
        strengths see the same directions.
    drop, drop_error : array (n_replicas, n_sigmas)
        Mean loss of accuracy (the rise of the error rate); NaN for regression.
    base_loss, base_accuracy : array (n_replicas,)
        At the points themselves.
    n_directions : int
        Independent directions, each taken both ways.
    """

    sigmas: Float64Array
    rise: Float64Array
    rise_error: Float64Array
    drop: Float64Array
    drop_error: Float64Array
    base_loss: Float64Array
    base_accuracy: Float64Array
    n_directions: int

    def __len__(self) -> int:
        return int(self.rise.shape[0])


def local_energy(
    net: MLP,
    points: Parameters,
    data: LabelledData,
    *,
    sigmas: ArrayLike = _SIGMAS,
    n_directions: int = 32,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> LocalEnergy:
    r"""Rise of loss and error rate when every parameter is changed in proportion to itself.

    .. math:: \delta E(\sigma) = \left\langle E\bigl(\theta_i (1 + \sigma z_i)\bigr)
              \right\rangle_z - E(\theta), \qquad z_i \sim N(0, 1)

    With E the error rate this is the local energy of Pittorino et al.; with E the loss, at one
    :math:`\sigma`, the average-case adaptive sharpness of Andriushchenko et al. Noise in
    proportion to the parameters moves with them, so neither changes when units are rescaled.
    The root mean square of the displacement is :math:`\sigma |\theta|`.

    Each direction is taken both ways, at all strengths: these are mixtures of two vectors, so
    the first layer is computed once for all of them.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    points : Replica, Replicas, or array (n_parameters,) or (n_replicas, n_parameters)
        Around these; float32 points are evaluated in float32.
    data : Dataset
        Loss and accuracy are means over all of it.
    sigmas : array (n_sigmas,)
        Strengths, by default 0.05, 0.1, ... 0.5.
    n_directions : int
        Independent directions, at least 2.
    rng : Generator, SeedSequence, int or None
        Seed. Direction k is the same for all points and whatever ``n_directions`` is.
    n_threads : int, optional
        Default: all cores. Results do not depend on it.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).

    Returns
    -------
    LocalEnergy
        Arrays (n_replicas, n_sigmas), also for one point.

    Raises
    ------
    ParameterError
        If a strength is not positive or there are fewer than 2 directions.

    References
    ----------
    F. Pittorino et al., Entropic gradient descent algorithms and wide flat minima, ICLR 2021
    (arXiv:2006.07897); M. Andriushchenko et al., arXiv:2302.07011.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> found = local_energy(net, np.ones(4), data, sigmas=[0.1], n_directions=500, rng=0)
    >>> exact = 0.1**2 / 2 * (0.5 + 2 + 0.5 + 2)  # the Hessian's diagonal times theta^2
    >>> bool(abs(found.rise[0, 0] - exact) < 4 * found.rise_error[0, 0])
    True
    """
    rows, _ = as_rows(net, points)
    strengths = check.array(sigmas, "sigmas", shape=(None,))
    if not strengths.size or strengths.min() <= 0:
        raise ParameterError(f"sigmas must be positive numbers, got {strengths.tolist()}")
    n_directions = check.count(n_directions, "n_directions", minimum=2)
    seed = random.seed_of(rng)
    changes = np.empty((2, len(rows), n_directions, strengths.size))
    base = np.empty((2, len(rows)))
    with track(len(rows) * n_directions, "local energy", progress) as report:
        for k, row in enumerate(rows):
            for low in range(0, n_directions, _AT_ONCE):
                some = range(low, min(low + _AT_ONCE, n_directions))
                family = _family(net, row, some, strengths, seed)
                found = family_losses(net, data, family, test=False, n_threads=n_threads)
                values = np.stack([found.loss, found.accuracy])
                base[:, k] = values[:, 0]
                both = values[:, 1:].reshape(2, len(some), strengths.size, 2).mean(axis=3)
                changes[:, k, low : some.stop] = both - values[:, :1, None]
                report(len(some))
    mean = changes.mean(axis=2)
    error = changes.std(axis=2, ddof=1) / math.sqrt(n_directions)
    return LocalEnergy(
        sigmas=strengths,
        rise=mean[0],
        rise_error=error[0],
        drop=-mean[1],
        drop_error=error[1],
        base_loss=base[0],
        base_accuracy=base[1],
        n_directions=n_directions,
    )


def _family(
    net: MLP, row: FloatArray, directions: range, strengths: Float64Array, seed: Seed
) -> AffineFamily:
    """The point itself, then each direction at each strength both ways."""
    vectors = np.empty((1 + len(directions), row.size), dtype=row.dtype)
    vectors[0] = row
    for place, index in enumerate(directions, start=1):
        noise = seed.generator(Stream.DIRECTIONS, index).standard_normal(row.size)
        vectors[place] = row * noise
    signed = np.stack([strengths, -strengths], axis=1).ravel()
    steps = np.kron(np.eye(len(directions)), signed[:, None])
    points = np.concatenate([np.zeros((1, len(directions))), steps])
    coefficients = np.concatenate([np.ones((len(points), 1)), points], axis=1)
    return AffineFamily(net, vectors, coefficients, "local energy")
