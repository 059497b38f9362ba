"""Energy, heat capacity and free energy of a ladder of temperatures, with errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.statistics import Estimates, jackknife_from
from spinglass_nn.typing import Float64Array

_FEWEST_UNITS = 16  # for an error of an error of a fifth


@result()
class FreeEnergy:
    r"""Free energy by thermodynamic integration from the prior.

    .. math:: \ln Z(\beta) = -\int_0^\beta \langle E \rangle\, d\beta', \qquad
              Z(\beta) = \int p(\theta)\, e^{-\beta E(\theta)} d\theta, \qquad F = -T \ln Z

    with a normalised prior p, so that Z(0) = 1; at T = 1 with the cross-entropy, ln Z is the
    logarithm of the evidence. Between neighbours the mean energy is taken as the cubic that
    has its values and its slopes, :math:`-\mathrm{Var}\, E`, at both.

    Parameters
    ----------
    temperatures : array (n_temperatures,)
        Increasing, the last one infinite.
    log_z : Estimates
        :math:`\ln Z`, with statistical errors.
    quadrature : array (n_temperatures,)
        What the third cumulants of the energy would change, added up in size from the prior
        on: about the error of the cubic. Where it is not small against the statistical error,
        the ladder is too coarse.
    free_energy : Estimates
        :math:`-T \ln Z`; NaN at infinite temperature.
    entropy : Estimates
        :math:`S = \beta \langle E \rangle + \ln Z`, never positive: minus the relative entropy
        of the posterior to the prior, in nats.

    References
    ----------
    J. G. Kirkwood, J. Chem. Phys. 3 (1935) 300; N. Friel and A. N. Pettitt, J. R. Stat. Soc. B
    70 (2008) 589.
    """

    temperatures: Float64Array
    log_z: Estimates
    quadrature: Float64Array
    free_energy: Estimates
    entropy: Estimates

    def __repr__(self) -> str:
        return (
            f"<ln Z {self.log_z[0]} at T = {self.temperatures[0]:g}, "
            f"quadrature {self.quadrature[0]:.2g}>"
        )


class _Moments(NamedTuple):
    """Cumulants of the energy: column 0 from all units, column k without unit k - 1."""

    mean: Float64Array  # (n_temperatures, 1 + n_units)
    variance: Float64Array
    third: Float64Array


def mean_energies(energies: Float64Array) -> Estimates:
    """Means over all records of (n_temperatures, n_replicas, n_records)."""
    return _jackknifed(_moments(energies).mean)


def heat_capacities(temperatures: Float64Array, energies: Float64Array) -> Estimates:
    """Variances over T^2."""
    return _jackknifed(_moments(energies).variance / temperatures[:, None] ** 2)


def integrate(temperatures: Float64Array, energies: Float64Array) -> FreeEnergy:
    """Integrate over beta from the prior, the last temperature."""
    if not np.isinf(temperatures[-1]):
        raise ParameterError(
            "temperatures must end in infinity, the prior, for a free energy, got "
            f"{temperatures[-1]:g}"
        )
    betas, moments = 1 / temperatures[:, None], _moments(energies)
    steps = betas[:-1] - betas[1:]
    values = _summed(-_integrals(steps, moments))
    log_z = _jackknifed(values)
    finite = np.where(np.isinf(temperatures), np.nan, temperatures)
    return FreeEnergy(
        temperatures=temperatures,
        log_z=log_z,
        quadrature=_summed(np.abs(_corrections(steps, moments)))[:, 0],
        free_energy=Estimates(-finite * log_z.mean, finite * log_z.error),
        entropy=_jackknifed(betas * moments.mean + values),
    )


def _integrals(steps: Float64Array, moments: _Moments) -> Float64Array:
    """Integrals of the mean energy between neighbours, of the cubic through values and slopes."""
    bend = moments.variance[:-1] - moments.variance[1:]
    return steps / 2 * (moments.mean[:-1] + moments.mean[1:]) + steps**2 / 12 * bend


def _corrections(steps: Float64Array, moments: _Moments) -> Float64Array:
    """What the polynomial of degree five through second derivatives, too, would add."""
    bend = moments.variance[:-1] - moments.variance[1:]
    return steps**2 / 60 * bend + steps**3 / 120 * (moments.third[:-1] + moments.third[1:])


def _summed(parts: Float64Array) -> Float64Array:
    """Sums of all parts from a temperature up to the last, where nothing is left."""
    sums = np.cumsum(parts[::-1], axis=0)[::-1]
    return np.concatenate([sums, np.zeros_like(parts[:1])]) if len(parts) else sums


def _jackknifed(values: Float64Array) -> Estimates:
    """Estimates at all temperatures from columns as those of `_Moments`."""
    found = [jackknife_from(float(row[0]), row[1:]) for row in values]
    return Estimates(
        np.array([one.mean for one in found]), np.array([one.error for one in found])
    )


def _moments(energies: Float64Array) -> _Moments:
    units = _units(energies)
    n_units = units.shape[1]
    centre = units.mean(axis=(1, 2), keepdims=True)
    powers = [((units - centre) ** k).mean(axis=2) for k in (1, 2, 3)]
    first, second, third = (
        np.concatenate([p.mean(axis=1, keepdims=True), _without_each(p, n_units)], axis=1)
        for p in powers
    )
    return _Moments(
        centre[:, :, 0] + first,
        second - first**2,
        third - 3 * first * second + 2 * first**3,
    )


def _without_each(values: Float64Array, n_units: int) -> Float64Array:
    left_out: Float64Array = (values.sum(axis=1, keepdims=True) - values) / (n_units - 1)
    return left_out


def _units(energies: Float64Array) -> Float64Array:
    """Records by unit, (n_temperatures, n_units, n_records): replicas, or blocks of them."""
    n_temperatures, n_replicas, n_records = energies.shape
    n_blocks = max(1, min(-(-_FEWEST_UNITS // n_replicas), n_records // 2))
    if n_replicas * n_blocks < 2:
        raise DataError(
            f"energies must hold at least 4 records of one replica, got {n_records}"
        )
    size = n_records // n_blocks
    last = energies[:, :, n_records - size * n_blocks :]  # the first few may be too many
    return last.reshape(n_temperatures, n_replicas * n_blocks, size)
