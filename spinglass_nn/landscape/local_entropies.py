"""Local entropy as a number: the free energy of the loss under a Gaussian around a point."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre

from spinglass_nn._core import check, random
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import ChainTooShort, ParameterError
from spinglass_nn.landscape import _cloud
from spinglass_nn.networks import MLP, Curvature, Parameters, evaluate
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.statistics import (
    AutocorrelationTime,
    Estimate,
    Estimates,
    autocorrelation_time,
)
from spinglass_nn.typing import RNG, Float64Array, LabelledData, ProgressLike

_N_PROBES = 4


@result()
class LocalEntropy:
    r"""Local free energy of the loss around a point, and how it was found.

    Parameters
    ----------
    free_energy : Estimate
        :math:`-T \log \langle e^{-[L(w) - L(\theta)]/T} \rangle`, in the unit of the loss:
        larger is sharper. Minus this over T is the local entropy, up to what does not depend
        on the point.
    last_term : Estimate
        What the last Legendre coefficient of the integrand weighs: of the order of the
        quadrature's error or, as a rule, far larger. Take more nodes if it matters.
    base_loss : float
        :math:`L(\theta)`.
    gamma, temperature : float
        The Gaussian's stiffness, and T.
    gammas : array (n_nodes,)
        Stiffnesses at which chains ran.
    virial : Estimates
        :math:`\langle (w - \theta) \cdot \nabla L \rangle` at each.
    acceptance : array (n_nodes,)
        Share of trajectories accepted.
    n_effective : array (n_nodes,)
        Independent values that the chains of a node are worth.
    """

    free_energy: Estimate
    last_term: Estimate
    base_loss: float
    gamma: float
    temperature: float
    gammas: Float64Array
    virial: Estimates
    acceptance: Float64Array
    n_effective: Float64Array

    def __repr__(self) -> str:
        return (
            f"<local free energy {self.free_energy} at gamma {self.gamma:g}, temperature "
            f"{self.temperature:g}; {len(self.gammas)} nodes, acceptance at least "
            f"{self.acceptance.min():.2f}, {self.n_effective.min():.0f} independent values>"
        )


def local_entropy(
    net: MLP,
    theta: Parameters,
    data: LabelledData,
    *,
    gamma: float,
    temperature: float = 1.0,
    n_nodes: int = 6,
    n_chains: int = 4,
    n_samples: int = 50,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> LocalEntropy:
    r"""Local free energy by thermodynamic integration over the width of a Gaussian.

    .. math:: F(\gamma) = -T \log \int e^{-[L(w) - L(\theta)]/T}
              \Bigl(\frac{\gamma}{2\pi}\Bigr)^{N/2} e^{-\gamma |w - \theta|^2 / 2}\, dw

    It is Chaudhari's :math:`-T \log \int \exp(-L/T - \gamma |w - \theta|^2/2)` less the same for
    a flat loss and less :math:`L(\theta)`: the rise of the loss from the point to its
    surroundings, averaged as statistical mechanics does. For large T it is the mean rise
    under Gaussian noise, for small T the deepest point nearby counts. With
    :math:`s = 1/\gamma` the variance of the Gaussian,

    .. math:: F = \frac12 \int_0^{1/\gamma} \frac{ds}{s}\,
              \bigl\langle (w - \theta) \cdot \nabla L(w) \bigr\rangle_s ,

    where the average is over :math:`e^{-L/T - |w-\theta|^2/2s}`. Integrating
    :math:`\langle |w - \theta|^2 \rangle` over :math:`\gamma` gives the same, but as a small
    difference of numbers of order N. For a quadratic loss at its minimum
    :math:`F = \frac T2 \sum_i \log(1 + \lambda_i / T\gamma)`.

    The averages come from Hamiltonian Monte Carlo over all of the data, with a Metropolis test
    for every trajectory; the Gaussian's part of the motion is exact. The integral takes Gauss'
    nodes in :math:`\log(1 + s \kappa/T)`, :math:`\kappa = \mathrm{tr} H^2 / \mathrm{tr} H`.

    F changes when units are rescaled: compare points in a common gauge.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica or array (n_parameters,)
        One point; chains run in float64.
    data : Dataset
        The loss is the mean over all of it.
    gamma : float
        Stiffness of the Gaussian; its width in each direction is :math:`\gamma^{-1/2}`, its
        radius :math:`(N/\gamma)^{1/2}`.
    temperature : float
        T, in the unit of the loss; 1 over the number of samples is Bayes' posterior for the
        cross-entropy.
    n_nodes : int
        Values of s, at least 2.
    n_chains, n_samples : int
        Chains for each node, and trajectories of each after 40 for warming up.
    rng : Generator, SeedSequence, int or None
        Seed.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).

    Returns
    -------
    LocalEntropy
        The free energy with its error, and what each node's chains are worth.

    Raises
    ------
    ChainTooShort
        If the chains of a node are too short for an error, or disagree; its ``estimate`` is
        what would have been returned. Take more samples or a larger ``gamma``.
    ParameterError
        If a number makes no sense or several points are given.

    References
    ----------
    P. Chaudhari et al., Entropy-SGD, ICLR 2017 (arXiv:1611.01838); C. Baldassi et al., PNAS
    113 (2016) E7655. Exact motion of the Gaussian part: A. Beskos et al., Stochastic
    Processes and their Applications 121 (2011) 2201.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> minimum = np.array([0.0, 0.5, 1.0, 0.0])
    >>> found = local_entropy(net, minimum, data, gamma=1.0, n_samples=100, rng=0)
    >>> exact = math.log(1 + 2.0) + math.log(1 + 0.5)  # two eigenvalues of each
    >>> abs(found.free_energy.z(exact)) < 4
    True
    """
    rows, _ = as_rows(net, theta)
    if len(rows) != 1:
        raise ParameterError(f"theta must be one point, got {len(rows)} replicas")
    point = rows[0].astype(np.float64, copy=False)
    gamma = check.positive(gamma, "gamma")
    temperature = check.positive(temperature, "temperature")
    n_nodes = check.count(n_nodes, "n_nodes", minimum=2)
    n_chains = check.count(n_chains, "n_chains", minimum=2)
    n_samples = check.count(n_samples, "n_samples", minimum=16)
    seed = random.seed_of(rng)
    base = float(evaluate(net, point, data, n_threads=n_threads).loss)
    curvature = Curvature(net, point, data, n_threads=n_threads)
    nodes = _nodes(gamma, _mean_eigenvalue(curvature, seed) / temperature, n_nodes)
    cloud = _cloud.Cloud(net, data, point, nodes.s, temperature, n_threads)
    with track(_cloud.N_WARMUP + n_samples, "local entropy", progress) as report:
        virials, accepted = _cloud.sample(
            cloud, nodes.stiffest, n_chains, n_samples, seed, report
        )
    series, faults = _measured(virials, 1 / nodes.s)
    virial = _estimates([a.mean for a in series])
    found = LocalEntropy(
        free_energy=_sum(virial, nodes.weights),
        last_term=_sum(virial, nodes.last),
        base_loss=base,
        gamma=gamma,
        temperature=temperature,
        gammas=1 / nodes.s,
        virial=virial,
        acceptance=accepted,
        n_effective=np.array([a.n_effective for a in series]),
    )
    if faults:
        raise ChainTooShort(faults[0], found)
    return found


class _Nodes(NamedTuple):
    """Gauss' nodes of the integral over s, and what the virial at each weighs in it."""

    s: Float64Array
    weights: Float64Array
    last: Float64Array  # in the last Legendre coefficient
    stiffest: Float64Array  # about the stiffness of the loss there, in units of the Gaussian's


def _nodes(gamma: float, scale: float, n_nodes: int) -> _Nodes:
    """Nodes in u = log(1 + s k), from s = 0 to 1 / gamma; k is the scale."""
    scale = scale or gamma
    places, weights = legendre.leggauss(n_nodes)
    length = math.log1p(scale / gamma)
    s = np.expm1(length * (places + 1) / 2) / scale
    each = length * weights / 2 * (1 + 1 / (s * scale)) / 2  # ds / 2s = (1 + 1 / s k) du / 2
    last = (2 * n_nodes - 1) * legendre.Legendre.basis(n_nodes - 1)(places)
    return _Nodes(s, each, each * last, scale * s)


def _mean_eigenvalue(matrix: Curvature, seed: Seed) -> float:
    """About the mean eigenvalue, each weighed by itself."""
    generator = seed.generator(Stream.PROBES, 0, 3)
    signs = generator.integers(0, 2, (_N_PROBES, matrix.size), dtype=np.int8) * 2.0 - 1.0
    products = np.asarray(matrix.product(signs), dtype=np.float64)
    trace = abs(float((signs * products).sum()))
    return float((products**2).sum()) / trace if trace > 0 else 0.0


def _measured(
    series: Float64Array, gammas: Float64Array
) -> tuple[list[AutocorrelationTime], list[str]]:
    """Mean and memory of the chains of each node, and what is wrong with them."""
    found, faults = [], []
    for gamma, chains in zip(gammas, series, strict=True):
        try:
            found.append(autocorrelation_time(chains))
        except ChainTooShort as error:
            found.append(error.estimate)
            faults.append(f"chains at gamma = {gamma:.4g} cannot be used: {error}")
    return found, faults


def _estimates(values: list[Estimate]) -> Estimates:
    return Estimates(np.array([v.mean for v in values]), np.array([v.error for v in values]))


def _sum(values: Estimates, weights: Float64Array) -> Estimate:
    """Weighted sum of independent numbers."""
    error = float(np.linalg.norm(values.error * weights))
    return Estimate(float(values.mean @ weights), error)
