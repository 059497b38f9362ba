"""Tests of equilibrium: identities for Gaussian couplings, and averages over doubling times.

For couplings drawn from normal distributions, integration by parts turns the mean energy into
overlaps of two replicas at the same temperature: [J F(J)] = Var J [dF/dJ]. In a run that is
not in equilibrium yet the energy is too high and the overlap too low, so the two sides come
from opposite directions. The identities hold for averages over disorder, not for one sample;
the two sides of one sample are correlated, so it is their difference that is averaged.

Every test compares at one temperature; many temperatures mean many chances to fail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from spinglass_nn._core import check
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.statistics.equilibrium import EquilibrationTest as EquilibrationTest
from spinglass_nn.statistics.equilibrium import compared, deviation
from spinglass_nn.typing import Float64Array

_ROUNDING = 1e-12  # relative difference of means of the same numbers


def link_overlap_identity(
    energy: ArrayLike,
    link_overlap: ArrayLike,
    temperature: float,
    *,
    n_spins: int,
    n_bonds: int | ArrayLike,
    variance: float = 1.0,
) -> EquilibrationTest:
    r"""Energy against link overlap, for independent Gaussian couplings on the bonds of a graph.

    .. math:: [\langle H \rangle] = -\frac{N_b \sigma^2}{T}\,(1 - [\langle q_l \rangle]),
              \qquad q_l = \frac{1}{N_b} \sum_{(ij)} s_i^a s_j^a s_i^b s_j^b,

    exact for any size, on a periodic lattice :math:`u = -\frac{z}{2T}(1 - [\langle q_l
    \rangle])` [1]_.

    Parameters
    ----------
    energy : array (n_samples,)
        Mean energy of each disorder sample, of the whole system, without that of a field.
    link_overlap : array (n_samples,)
        Mean q_l of two replicas of each.
    temperature : float
        T.
    n_spins : int
        Spins N; numbers in the result are per spin.
    n_bonds : int or array (n_samples,)
        Bonds N_b, the same for all samples or one number each.
    variance : float
        Of the couplings.

    Returns
    -------
    EquilibrationTest
        Left the energy per spin, right what the overlap makes it.

    Raises
    ------
    ShapeError, DataError
        If the arrays do not fit, or there is one sample only.

    References
    ----------
    .. [1] H. G. Katzgraber, M. Palassini and A. P. Young, Phys. Rev. B 63 (2001) 184422.

    Examples
    --------
    >>> test = link_overlap_identity([-9.0, -7.0, -8.2], [0.5, 0.56, 0.55], 1.0,
    ...                              n_spins=9, n_bonds=18)
    >>> test.passed
    True
    """
    energies, others, n = _columns(energy, link_overlap, "link_overlap", n_spins)
    bonds = np.broadcast_to(check.array(n_bonds, "n_bonds"), energies.shape)
    factor = check.positive(variance, "variance") / check.positive(temperature, "temperature")
    return compared(
        f"energy against link overlap at T = {temperature:g}",
        energies / n,
        -factor * bonds / n * (1 - others),
    )


def overlap_identity(
    energy: ArrayLike, squared_overlap: ArrayLike, temperature: float, *, n_spins: int
) -> EquilibrationTest:
    r"""Energy against squared overlap, for the Sherrington-Kirkpatrick model.

    .. math:: \frac{[\langle H \rangle]}{N} = -\frac{1}{2T}\,(1 - [\langle q^2 \rangle]),

    exact for any N with Gaussian couplings of variance 1/N.

    Parameters
    ----------
    energy : array (n_samples,)
        Mean energy of each disorder sample, of the whole system, without that of a field.
    squared_overlap : array (n_samples,)
        Mean q^2 of two replicas of each.
    temperature : float
        T.
    n_spins : int
        Spins N; numbers in the result are per spin.

    Returns
    -------
    EquilibrationTest
        Left the energy per spin, right what the overlap makes it.

    Raises
    ------
    ShapeError, DataError
        If the arrays do not fit, or there is one sample only.

    Examples
    --------
    >>> test = overlap_identity([-8.0, -7.0, -7.5], [0.5, 0.56, 0.52], 1.0, n_spins=10)
    >>> test.passed
    False
    """
    energies, others, n = _columns(energy, squared_overlap, "squared_overlap", n_spins)
    t = check.positive(temperature, "temperature")
    return compared(
        f"energy against squared overlap at T = {t:g}", energies / n, -(1 - others) / (2 * t)
    )


def layer_identity(
    energy: ArrayLike,
    layer_products: ArrayLike,
    temperature: float,
    *,
    sizes: Sequence[int],
    variances: Sequence[float],
) -> EquilibrationTest:
    r"""Energy against overlaps of neighbouring layers, for random layered models.

    .. math:: [\langle H \rangle] = -\frac1T \sum_{k=1}^{L} \sigma_k^2 N_k N_{k-1}
              \left(1 - [\langle q^{(k-1)} q^{(k)} \rangle]\right),

    with :math:`\sigma_k^2` the variance of the Gaussian couplings between layers k - 1 and
    k, C_k / N_{k-1} for weights scaled by the number of inputs. Not for trained weights,
    which are one sample of no known distribution.

    Parameters
    ----------
    energy : array (n_samples,)
        Mean energy of each disorder sample, of the whole system, without that of fields.
    layer_products : array (n_samples, n_layers - 1)
        Mean of the product of the overlaps of two replicas in neighbouring layers.
    temperature : float
        T.
    sizes : sequence of int
        Spins of each layer.
    variances : sequence of float
        Of the couplings between neighbouring layers.

    Returns
    -------
    EquilibrationTest
        Left the energy per spin, right what the overlaps make it.

    Raises
    ------
    ShapeError, DataError
        If the arrays do not fit, or there is one sample only.

    Examples
    --------
    >>> test = layer_identity([-4.0, -4.4], [[0.2], [0.3]], 1.0, sizes=(4, 3), variances=(0.5,))
    >>> test.name
    'energy against overlaps of layers at T = 1'
    """
    layers = np.array([check.count(size, "sizes") for size in sizes])
    if layers.size < 2 or len(variances) != layers.size - 1:
        raise ShapeError(
            "variances must be one for each pair of neighbouring layers, got "
            f"{len(variances)} for {layers.size} layers"
        )
    strengths = np.array([check.positive(v, "variances") for v in variances])
    t = check.positive(temperature, "temperature")
    energies = _units(energy, "energy")
    shape = (energies.size, strengths.size)
    products = check.array(layer_products, "layer_products", shape=shape)
    n = int(layers.sum())
    terms = strengths * layers[1:] * layers[:-1] * (1 - products)
    return compared(
        f"energy against overlaps of layers at T = {t:g}",
        energies / n,
        -terms.sum(axis=1) / (t * n),
    )


def stationarity(
    blocks: ArrayLike, *, n_last: int = 3, name: str = "energy"
) -> EquilibrationTest:
    """Whether averages over doubling times have stopped to change.

    Block k of a run of length t averages over times from t/2^(m-k) to t/2^(m-k-1), so that
    the last is its second half. That the last ``n_last`` blocks are equal is tested by
    Hotelling's T^2 on the differences to the last one, unit by unit: correlations between
    blocks of a unit are taken into account.

    Parameters
    ----------
    blocks : array (n_units, n_blocks)
        Averages, a row for each independent unit (disorder sample or replica), more units
        than ``n_last``.
    n_last : int
        Blocks compared, counted from the end.
    name : str
        What was averaged.

    Returns
    -------
    EquilibrationTest
        Left the first of the blocks compared, right the last. ``z`` is the normal deviation
        as improbable as T^2, with the sign of the difference; it can be large where another
        block stands out.

    Raises
    ------
    ShapeError, DataError, ParameterError
        If there are fewer blocks than ``n_last``, or too few units.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(1).standard_normal((50, 5))
    >>> stationarity(noise).passed, stationarity(noise - np.arange(5)).passed
    (True, False)
    """
    values = check.array(blocks, "blocks", shape=(None, None))
    last = check.count(n_last, "n_last", minimum=2)
    if values.shape[1] < last:
        raise ParameterError(f"n_last must be at most {values.shape[1]} blocks, got {last}")
    if len(values) <= last:
        raise DataError(f"blocks must have more than {last} units, got {len(values)}")
    kept = values[:, -last:]
    changes = kept[:, :-1] - kept[:, -1:]
    changes[np.abs(changes) <= _ROUNDING * np.abs(kept).max()] = 0  # a frozen system
    difference = mean_estimate(changes[:, 0])
    return EquilibrationTest(
        name=f"{name} in the last {last} blocks of doubling length",
        left=mean_estimate(kept[:, 0]),
        right=mean_estimate(kept[:, -1]),
        difference=difference,
        z=math.copysign(_hotelling(changes), difference.mean),
        n_units=len(values),
    )


def _hotelling(differences: Float64Array) -> float:
    """Normal deviation as improbable as the mean of rows being so far from zero."""
    n, k = differences.shape
    mean = differences.mean(axis=0)
    if not mean.any():
        return 0.0
    covariance = np.atleast_2d(np.cov(differences, rowvar=False)) / n
    inverse = np.linalg.pinv(covariance, hermitian=True)
    squared = float(mean @ inverse @ mean)
    if not np.allclose(covariance @ inverse @ mean, mean, rtol=1e-6, atol=0):
        return math.inf  # a shift without any scatter
    p = float(special.fdtrc(k, n - k, squared * (n - k) / (k * (n - 1))))
    return min(deviation(p), math.sqrt(squared))


def _columns(
    energy: ArrayLike, other: ArrayLike, name: str, n_spins: int
) -> tuple[Float64Array, Float64Array, int]:
    energies = _units(energy, "energy")
    others = check.array(other, name, shape=energies.shape)
    return energies, others, check.count(n_spins, "n_spins")


def _units(values: ArrayLike, name: str) -> Float64Array:
    found: Float64Array = check.array(values, name, shape=(None,))
    if found.size < 2:
        raise DataError(
            f"{name} must hold at least 2 disorder samples, got {found.size}: the identity holds "
            "for averages over disorder, not for one sample"
        )
    return found
