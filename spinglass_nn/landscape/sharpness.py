"""How fast the loss rises around a point: flatness by random displacements."""

from __future__ import annotations

import math
from typing import overload

import numpy as np

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, Parameters, Replica, Replicas, evaluate
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.statistics.estimate import Estimate
from spinglass_nn.typing import RNG, Float64Array, FloatArray, LabelledData, ProgressLike

KINDS = ("isotropic", "filter")


@result()
class Flatness:
    """Mean loss rise around each of several points.

    Parameters
    ----------
    mean, error : array (n_replicas,)
        Mean rise of the loss and its standard error over directions. All replicas see the
        same directions, so their errors are correlated: differences between them are known
        better than the errors say.
    radius : array (n_replicas,)
        Length of the displacements.
    base_loss : array (n_replicas,)
        Loss at the points themselves.
    kind : str
        ``"isotropic"`` or ``"filter"``.
    n_directions : int
        Independent directions (pairs, if antithetic).
    antithetic : bool
        Whether each direction was taken both ways.
    """

    mean: Float64Array
    error: Float64Array
    radius: Float64Array
    base_loss: Float64Array
    kind: str
    n_directions: int
    antithetic: bool

    def __len__(self) -> int:
        return int(self.mean.shape[0])

    def __getitem__(self, index: int) -> Estimate:
        return Estimate(self.mean[index], self.error[index])


@overload
def flatness(
    net: MLP,
    points: Replica,
    data: LabelledData,
    *,
    radius: float | None = None,
    excursion: float | None = None,
    kind: str = "isotropic",
    n_directions: int = 32,
    antithetic: bool = True,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Estimate: ...


@overload
def flatness(
    net: MLP,
    points: Replicas,
    data: LabelledData,
    *,
    radius: float | None = None,
    excursion: float | None = None,
    kind: str = "isotropic",
    n_directions: int = 32,
    antithetic: bool = True,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Flatness: ...


@overload
def flatness(
    net: MLP,
    points: FloatArray,
    data: LabelledData,
    *,
    radius: float | None = None,
    excursion: float | None = None,
    kind: str = "isotropic",
    n_directions: int = 32,
    antithetic: bool = True,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Estimate | Flatness: ...


def flatness(
    net: MLP,
    points: Parameters,
    data: LabelledData,
    *,
    radius: float | None = None,
    excursion: float | None = None,
    kind: str = "isotropic",
    n_directions: int = 32,
    antithetic: bool = True,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Estimate | Flatness:
    r"""Mean rise of the loss at a distance, over random directions.

    .. math:: F = \left\langle L(\theta + R\,d) - L(\theta) \right\rangle_d , \quad |d| = 1

    Larger is sharper. With ``radius`` the distance R is the same for all points (F1 in the
    reports); with ``excursion`` it is :math:`R = \rho|\theta|` (F2). With ``kind="filter"``
    (F3) each unit, a row of a weight matrix with its bias, is displaced by a Gaussian vector
    scaled to :math:`\rho` times that unit's norm, which makes the length of the whole again
    :math:`\rho|\theta|`; units of zero norm stay where they are.

    ReLU units can be rescaled without changing the function (input weights by s, output
    weights by 1/s), which changes F1 and F2. F3 follows a unit's input weights but not its
    output weights. So all three compare functions only in a common gauge, such as the
    balanced one.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    points : Replica, Replicas, or array (n_parameters,) or (n_replicas, n_parameters)
        Around these; float32 points are evaluated in float32.
    data : Dataset
        The loss is the mean over all of it.
    radius : float
        R. Give this or ``excursion``.
    excursion : float
        :math:`\rho = R/|\theta|`.
    kind : {"isotropic", "filter"}
        Which displacements.
    n_directions : int
        Independent directions, at least 2.
    antithetic : bool
        Take every direction both ways and average, which removes the gradient and all odd
        orders; each pair is one unit of the error.
    rng : Generator, SeedSequence, int or None
        Seed. Direction k is the same for all points and whatever ``n_directions`` is, so
        calls with one seed compare points, or radii, along common directions.
    n_threads : int, optional
        Default: all cores. Results do not depend on it.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).

    Returns
    -------
    Estimate or Flatness
        An Estimate for one point, a `Flatness` with arrays (n_replicas,) for several.

    Raises
    ------
    ParameterError
        If a number makes no sense, both or none of ``radius`` and ``excursion`` are given, or
        a point is zero where its norm is needed.

    References
    ----------
    F3: H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018
    (arXiv:1712.09913), there for filters of convolutions. Rescaling: L. Dinh et al., Sharp
    minima can generalize for deep nets, ICML 2017 (arXiv:1703.04933).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> rise = flatness(net, np.zeros(4), data, radius=0.2, n_directions=64, rng=0)
    >>> abs(rise.mean - 0.2**2 / 8 * 2.0) < 1e-12  # R^2 tr H / 2N; here H is a multiple of 1
    True
    """
    rows, single = as_rows(net, points)
    n_directions = check.count(n_directions, "n_directions", minimum=2)
    check.choice(kind, "kind", KINDS)
    radii, scales = _lengths(net, rows, radius, excursion, kind)
    seed = random.seed_of(rng)
    base = np.atleast_1d(evaluate(net, rows, data, n_threads=n_threads).loss)
    signs = (1.0, -1.0) if antithetic else (1.0,)

    with track(n_directions, "flatness", progress) as report:

        def measure(index: int) -> Float64Array:
            direction = _direction(net, seed, index, kind)
            rises = np.empty(len(rows))
            for k, row in enumerate(rows):
                moved = np.stack([_moved(row, direction, scales[k], s) for s in signs])
                rises[k] = evaluate(net, moved, data, n_threads=1).loss.mean() - base[k]
            report(1)
            return rises

        rises = np.stack(threads.run(measure, range(n_directions), n_threads))
    mean = rises.mean(axis=0)
    error = rises.std(axis=0, ddof=1) / math.sqrt(n_directions)
    if single:
        return Estimate(mean[0], error[0])
    return Flatness(mean, error, radii, base, kind, n_directions, antithetic)


def _lengths(
    net: MLP, rows: FloatArray, radius: float | None, excursion: float | None, kind: str
) -> tuple[Float64Array, Float64Array]:
    """Length of the displacement of each point, and the factor on each of its parameters.

    Factors have shape (n_replicas, 1) for a common scale, else (n_replicas, n_parameters).
    """
    norms = np.linalg.norm(rows.astype(np.float64, copy=False), axis=1)
    if (radius is None) == (excursion is None):
        found = "neither" if radius is None else "both"
        raise ParameterError(f"give radius or excursion, got {found}")
    if (kind == "filter" or radius is None) and not norms.all():
        raise ParameterError(
            f"points must not be zero for a displacement in units of their norm, "
            f"got a zero vector at {int(np.argmin(norms))}"
        )
    if radius is not None:
        radii = np.full(len(rows), check.positive(radius, "radius"))
    else:
        radii = check.positive(excursion, "excursion") * norms
    if kind == "isotropic":
        return radii, radii[:, None]
    return radii, (radii / norms)[:, None] * unit_norms(net, rows)


def unit_norms(net: MLP, theta: FloatArray) -> Float64Array:
    """The norm of its unit (row of a weight matrix with its bias) for every parameter.

    Parameters
    ----------
    net : MLP
        Architecture.
    theta : array (..., n_parameters)
        Flat parameters.

    Returns
    -------
    array, shape of theta
        Each unit's norm, repeated over the parameters that belong to it.
    """
    norms: Float64Array = np.empty(theta.shape)
    given = theta.astype(np.float64, copy=False)
    for layer, out in zip(net.layers(given), net.layers(norms), strict=True):
        squares = (layer.weight**2).sum(axis=-1)
        if layer.bias is not None:
            squares = squares + layer.bias**2
        out.weight[...] = np.sqrt(squares)[..., None]
        if out.bias is not None:
            out.bias[...] = np.sqrt(squares)
    return norms


def _direction(net: MLP, seed: Seed, index: int, kind: str) -> Float64Array:
    """Direction number ``index``: of unit length as a whole, or unit by unit."""
    vector = seed.generator(Stream.DIRECTIONS, index).standard_normal(net.n_parameters)
    if kind == "isotropic":
        return vector / np.linalg.norm(vector)
    return vector / unit_norms(net, vector)


def _moved(
    row: FloatArray, direction: Float64Array, scale: Float64Array, sign: float
) -> FloatArray:
    """A displaced point in the precision of the original."""
    moved: FloatArray = (row + sign * scale * direction).astype(row.dtype, copy=False)
    return moved
