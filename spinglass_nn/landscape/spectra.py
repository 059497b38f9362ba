"""The density of eigenvalues of a large curvature matrix, by stochastic Lanczos quadrature."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn._core import check, random
from spinglass_nn._core.lanczos import grid_over, quadratures, smeared
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Stream
from spinglass_nn._core.results import result
from spinglass_nn.networks import MLP, Curvature, Parameters
from spinglass_nn.statistics.estimate import Estimate, mean_estimate
from spinglass_nn.typing import RNG, Float64Array, LabelledData, ProgressLike

TOGETHER = 4  # probes in lockstep


@result()
class SpectralDensity:
    r"""Density of the eigenvalues of a curvature matrix, smeared by a Gaussian.

    Parameters
    ----------
    values : array (n_points,)
        Eigenvalues, evenly spaced.
    density : array (n_points,)
        Share of the eigenvalues per unit; its integral is 1.
    error : array (n_points,)
        Standard error over the probes.
    width : float
        Standard deviation of the Gaussian in place of each eigenvalue.
    first_moment, second_moment : Estimate
        :math:`\mathrm{tr}\, H / P` and :math:`\mathrm{tr}\, H^2 / P`, without the smearing.
    nodes, weights : array (n_probes, n_steps)
        Gauss quadratures of the probes: each is a measure of n_steps points that has the first
        2 n_steps - 1 moments of the spectrum as the probe sees it.
    matrix : str
        Of which matrix.
    n_parameters : int
        Number of eigenvalues, P.
    """

    values: Float64Array
    density: Float64Array
    error: Float64Array
    width: float
    first_moment: Estimate
    second_moment: Estimate
    nodes: Float64Array
    weights: Float64Array
    matrix: str
    n_parameters: int


def spectral_density(
    net: MLP,
    theta: Parameters,
    data: LabelledData,
    *,
    n_probes: int = 8,
    n_steps: int = 60,
    width: float | None = None,
    matrix: str = "hessian",
    layer: int | None = None,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> SpectralDensity:
    r"""Density of the eigenvalues of the Hessian, without finding them.

    .. math:: \rho(\lambda) = \frac1P \mathrm{tr}\, g_\sigma(\lambda - H)
        = \frac1P \bigl\langle v^T g_\sigma(\lambda - H)\, v \bigr\rangle, \quad v_i = \pm 1

    The bracket of each probe v is a Gauss quadrature whose nodes come from Lanczos steps with
    full reorthogonalisation; probes run side by side. Structure finer than the nodes near it,
    in the bulk wider than at the ends, is not resolved, whatever the width.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica or array (n_parameters,)
        One point; products are in its precision.
    data : Dataset
        The loss is the mean over all of it.
    n_probes : int
        Random vectors, at least 2; the error is from the spread between them.
    n_steps : int
        Lanczos steps, at most the number of parameters: each a product for every probe.
    width : float, optional
        Standard deviation of the Gaussian; by default one hundredth of the range of nodes.
    matrix, layer : str, int, optional
        Which matrix, or which diagonal block; see `spinglass_nn.networks.Curvature`.
    rng : Generator, SeedSequence, int or None
        Seed; probe k is the same whatever ``n_probes`` is.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).

    Returns
    -------
    SpectralDensity
        Density with its error, and the first two moments.

    Raises
    ------
    ParameterError
        If there are fewer than 2 probes or several points.

    References
    ----------
    G. H. Golub and G. Meurant, Matrices, Moments and Quadrature with Applications, Princeton
    2010; B. Ghorbani, S. Krishnan and Y. Xiao, arXiv:1901.10159.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> found = spectral_density(net, np.zeros(4), data, rng=1)
    >>> round(float(np.trapezoid(found.density, found.values)), 6)
    1.0
    """
    n_probes = check.count(n_probes, "n_probes", minimum=2)
    n_steps = check.count(n_steps, "n_steps", minimum=2)
    if width is not None:
        width = check.positive(width, "width")
    curvature = Curvature(net, theta, data, matrix=matrix, layer=layer, n_threads=n_threads)
    size, seed = curvature.size, random.seed_of(rng)
    n_steps = min(n_steps, size)
    parts = []
    with track(n_probes, "spectral density", progress) as report:
        for low in range(0, n_probes, TOGETHER):
            probes = range(low, min(low + TOGETHER, n_probes))
            starts = np.empty((len(probes), size))
            for row, probe in enumerate(probes):
                draw = seed.generator(Stream.PROBES, probe)
                starts[row] = draw.integers(0, 2, size, dtype=np.int8) * 2.0 - 1.0
            starts /= math.sqrt(size)
            parts.append(quadratures(curvature.product, starts, n_steps))
            report(len(probes))
    nodes, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    values, width = grid_over(nodes, weights, width)
    each = np.stack([smeared(values, *one, width) for one in zip(nodes, weights, strict=True)])
    return SpectralDensity(
        values=values,
        density=each.mean(axis=0),
        error=each.std(axis=0, ddof=1) / math.sqrt(n_probes),
        width=width,
        first_moment=mean_estimate((weights * nodes).sum(axis=1)),
        second_moment=mean_estimate((weights * nodes**2).sum(axis=1)),
        nodes=nodes,
        weights=weights,
        matrix=matrix,
        n_parameters=size,
    )
