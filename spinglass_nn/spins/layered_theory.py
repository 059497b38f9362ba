"""Layers of spins with random weights: critical temperature and replica-symmetric solution.

A chain of layers of N_0, ..., N_L spins, independent weights of variance C_k / N_{k-1} between
layers k - 1 and k, H = -sum_k sum_ij W^(k)_ij s^(k)_i s^(k-1)_j, k_B = 1, energies per spin in the
limit of wide layers. After Barney, Winer and Galitski, arXiv:2408.06421. `gains` are g_k with
C_k = g_k^2, as of `spinglass_nn.networks.initialize`: 1 for N(0, 1/N_{k-1}), sqrt(2) for weights
that suit rectifiers. What the couplings do as a random matrix is in `layered_spectrum`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import NotConverged, ParameterError, ShapeError
from spinglass_nn.spins._gaussian import gaussian_rule, log_2cosh
from spinglass_nn.typing import Float64Array

_LOWEST = 1e-3  # of temperatures: the Gaussian averages take 1/T nodes
_CRITICAL = 1e-9  # this near to T_c, relatively, overlaps are zero to rounding
_MOST_STEPS = 200
_SAME = 1e-13


@result()
class LayeredSolution:
    """The replica-symmetric solution of random layers at one temperature.

    Parameters
    ----------
    widths : tuple of int
        Spins of each layer, or their proportions.
    gains : tuple of float
        One for each matrix.
    temperature, critical_temperature : float
        T and T_c.
    q : array (n_layers,)
        Overlap of two replicas in each layer; zeros in the paramagnet.
    energy, free_energy, entropy : float
        Per spin. Below some temperature the entropy is negative: the solution is wrong there.
    replicon : float
        1 - beta^2 rho(A diag <sech^4>); negative where replica symmetry is unstable.
    """

    widths: tuple[int, ...]
    gains: tuple[float, ...]
    temperature: float
    critical_temperature: float
    q: Float64Array
    energy: float
    free_energy: float
    entropy: float
    replicon: float

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.widths))
        return f"<replica-symmetric layers {sizes}: T = {self.temperature:g}, {self.sentence}>"

    @property
    def sentence(self) -> str:
        """What the solution is worth."""
        if self.temperature >= self.critical_temperature:
            return f"paramagnet, free energy {self.free_energy:.6g} per spin"
        wrong = f"and wrong: entropy {self.entropy:.3g}" if self.entropy < 0 else "approximate"
        return f"unstable (replicon {self.replicon:.3g}) {wrong}"


def variance_profile(
    widths: Sequence[int], gains: float | Sequence[float] = 1.0
) -> Float64Array:
    r"""Sums of variances of the couplings of a spin, layer by layer.

    .. math:: A_{kl} = \sum_{j \in l} \mathrm{Var}\, J_{ij}, \quad i \in k: \qquad
        A_{k-1,k} = C_k N_k / N_{k-1}, \quad A_{k,k-1} = C_k

    Parameters
    ----------
    widths : sequence of int
        Spins of each layer, from the inputs to the outputs; at least 2 layers.
    gains : float or sequence of float
        :math:`\sqrt{C_k}`, one for all matrices or one each.

    Returns
    -------
    array (n_layers, n_layers)
        The profile A.

    Raises
    ------
    ShapeError
        If gains are not one a matrix.
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> variance_profile((4, 2)).tolist()
    [[0.0, 0.5], [1.0, 0.0]]
    """
    sizes, factors = checked(widths, gains)
    profile = np.zeros((len(sizes), len(sizes)))
    for k, ((below, above), gain) in enumerate(
        zip(itertools.pairwise(sizes), factors, strict=True)
    ):
        profile[k, k + 1] = gain * gain * above / below
        profile[k + 1, k] = gain * gain
    return profile


def critical_temperature(widths: Sequence[int], gains: float | Sequence[float] = 1.0) -> float:
    r"""Temperature of the spin-glass transition of random layers.

    :math:`T_c^2` is the largest eigenvalue of `variance_profile`. For equal widths and gains it
    is :math:`T_c = [2 C \cos(\pi / (L + 2))]^{1/2}` with L matrices.

    Parameters
    ----------
    widths : sequence of int
        Spins of each layer.
    gains : float or sequence of float
        As for `variance_profile`.

    Returns
    -------
    float
        T_c.

    Raises
    ------
    ShapeError, ParameterError
        As for `variance_profile`.

    References
    ----------
    .. [1] R. Barney, M. Winer and V. Galitski, arXiv:2408.06421 (2024).

    Examples
    --------
    >>> round(critical_temperature((784, 512, 512, 10)), 6)
    1.135924
    >>> round(critical_temperature((784, 512, 512, 10), gains=2**0.5), 6)
    1.606438
    """
    sizes, factors = checked(widths, gains)
    # A in a basis in which it is symmetric
    beside = [
        g * g * math.sqrt(above / below)
        for g, (below, above) in zip(factors, itertools.pairwise(sizes), strict=True)
    ]
    return math.sqrt(float(np.linalg.eigvalsh(np.diag(beside, 1) + np.diag(beside, -1))[-1]))


def solve(
    widths: Sequence[int], temperature: float, gains: float | Sequence[float] = 1.0
) -> LayeredSolution:
    r"""Replica-symmetric solution of random layers.

    With :math:`h_k = \sum_l A_{kl} q_l` and the mean over a standard Gaussian z,

    .. math:: q_k = \overline{\tanh^2 \beta\sqrt{h_k} z}, \qquad
        -\beta f N = \sum_k N_k\, \overline{\ln 2\cosh \beta\sqrt{h_k} z}
        + \tfrac{\beta^2}{2} \sum_{k=1}^{L} C_k N_k (1 - q_{k-1})(1 - q_k),

    and :math:`u = -\frac{\beta}{N} \sum_k C_k N_k (1 - q_{k-1} q_k)`. Below T_c replica symmetry
    is broken; energies are then approximate and the entropy ends below zero.

    Parameters
    ----------
    widths : sequence of int
        Spins of each layer.
    temperature : float
        At least 0.001 T_c.
    gains : float or sequence of float
        As for `variance_profile`.

    Returns
    -------
    LayeredSolution
        Overlaps, energies, and the signs of failure.

    Raises
    ------
    ShapeError, ParameterError
        As for `variance_profile`.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> found = sg.spins.layered_theory.solve((400, 400, 400), 0.5)
    >>> found.q.round(5).tolist()
    [0.56657, 0.65412, 0.56657]
    """
    sizes, factors = checked(widths, gains)
    profile, critical = variance_profile(sizes, factors), critical_temperature(sizes, factors)
    temperature = check.positive(temperature, "temperature")
    if temperature < _LOWEST * critical:
        raise ParameterError(
            f"temperature must be at least {_LOWEST:g} T_c = {_LOWEST * critical:g}, "
            f"got {temperature:g}"
        )
    beta = 1 / temperature
    q = np.zeros(len(sizes))
    if temperature < critical * (1 - _CRITICAL):
        q = _overlaps(profile, beta)
    return _thermodynamics(sizes, factors, beta, critical, q)


def checked(
    widths: Sequence[int], gains: float | Sequence[float]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Widths and one gain a matrix, or an error that names which is wrong."""
    sizes = tuple(check.count(n, f"widths[{k}]") for k, n in enumerate(widths))
    if len(sizes) < 2:
        raise ShapeError(f"widths must be at least 2 layers, got {len(sizes)}")
    given: ArrayLike = gains
    if np.ndim(given) == 0:
        factors = (check.positive(given, "gains"),) * (len(sizes) - 1)
    else:
        factors = tuple(check.positive(g, f"gains[{k}]") for k, g in enumerate(gains))  # type: ignore[arg-type]
    if len(factors) != len(sizes) - 1:
        raise ShapeError(f"gains must be {len(sizes) - 1}, one a matrix, got {len(factors)}")
    return sizes, factors


def _averages(beta: float, h: float) -> tuple[float, float, float, float]:
    """Means of tanh², of its slope in h, of sech⁴ and of ln 2cosh."""
    width = beta * math.sqrt(h)
    nodes, weights = gaussian_rule(1 / max(width, 1e-3))
    squares = np.tanh(width * nodes) ** 2
    slope = beta**2 * float(weights @ ((1 - squares) * (1 - 3 * squares)))  # by parts, twice
    return (
        float(weights @ squares),
        slope,
        float(weights @ (1 - squares) ** 2),
        float(weights @ log_2cosh(width * nodes)),
    )


def _overlaps(profile: Float64Array, beta: float) -> Float64Array:
    """Newton's method from q = 1: downhill all the way, as tanh² is concave in h."""
    q = np.ones(len(profile))
    for _ in range(_MOST_STEPS):
        means = [_averages(beta, h) for h in profile @ q]
        new = np.array([m[0] for m in means])
        slopes = np.array([m[1] for m in means])
        change = np.linalg.solve(np.eye(len(q)) - slopes[:, None] * profile, new - q)
        q = np.maximum(q + change, 0.0)
        if np.abs(change).max() <= _SAME:
            return q
    raise NotConverged("overlaps of the layers must meet 1e-13, and did not", q)


def _thermodynamics(
    widths: tuple[int, ...],
    gains: tuple[float, ...],
    beta: float,
    critical: float,
    q: Float64Array,
) -> LayeredSolution:
    sizes, n_spins = np.array(widths, dtype=np.float64), sum(widths)
    profile = variance_profile(widths, gains)
    means = [_averages(beta, h) for h in profile @ q]
    bonds = np.square(gains) * sizes[1:] / n_spins  # variances summed over pairs, per spin
    logs = float(sizes @ [m[3] for m in means]) / n_spins
    reaction = beta**2 / 2 * float(bonds @ ((1 - q[:-1]) * (1 - q[1:])))
    free_energy = -(logs + reaction) / beta
    energy = -beta * float(bonds @ (1 - q[:-1] * q[1:]))
    stiff = profile * np.array([m[2] for m in means])
    return LayeredSolution(
        widths=widths,
        gains=gains,
        temperature=1 / beta,
        critical_temperature=critical,
        q=q,
        energy=energy,
        free_energy=free_energy,
        entropy=beta * (energy - free_energy),
        replicon=1 - beta**2 * float(np.abs(np.linalg.eigvals(stiff)).max()),
    )
