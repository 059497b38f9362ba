"""What sampling a posterior returns, and what it goes on from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, Replicas
from spinglass_nn.statistics import (
    AutocorrelationTime,
    Estimates,
    autocorrelation_time,
    r_hat,
)
from spinglass_nn.typing import Float64Array, FloatArray, IntArray
from spinglass_nn.walks import thermodynamics
from spinglass_nn.walks.priors import Prior
from spinglass_nn.walks.samplers import Sampler


@result(version=2)
class PosteriorPlan:
    """What must stay as it is when sampling goes on.

    Parameters
    ----------
    data : str
        Fingerprint of the data.
    temperatures : array (n_temperatures,)
        Increasing.
    prior : Prior
        Distribution of the weights without data.
    sampler : Sampler
        How systems move.
    n_replicas : int
        Ladders.
    n_tuning : int
        Sweeps before anything is recorded.
    record_every : int
        Sweeps between records of the energy.
    keep : tuple of float
        Temperatures at which positions are kept.
    keep_every : int
        Sweeps between positions kept.
    seed : tuple of int
        Entropy and key of the seed.
    """

    data: str
    temperatures: Float64Array
    prior: Prior
    sampler: Sampler
    n_replicas: int
    n_tuning: int
    record_every: int
    keep: tuple[float, ...]
    keep_every: int
    seed: tuple[int, ...]

    @property
    def kept_places(self) -> list[int]:
        """Where the temperatures whose positions are kept stand in the ladder."""
        return [int(np.flatnonzero(self.temperatures == value)[0]) for value in self.keep]


@result()
class PosteriorState:
    """Where sampling is; hand it back as ``state=`` to go on to the same bits.

    Parameters
    ----------
    network : MLP
        The network.
    plan : PosteriorPlan
        What was asked for, but for the length.
    n_sweeps : int
        Sweeps made by every system, those of tuning included.
    systems : dict of arrays
        Positions, streams, steps and counts of all ladders, the first axis counting replicas.
    energies : array (n_temperatures, n_replicas, n_records)
        Records so far.
    positions : array (n_kept_temperatures, n_replicas, n_kept, n_parameters)
        Positions kept so far.
    """

    network: MLP
    plan: PosteriorPlan
    n_sweeps: int
    systems: dict[str, NDArray[np.generic]]
    energies: Float64Array
    positions: FloatArray

    def __repr__(self) -> str:
        return f"<state of the posterior of {self.network} after {self.n_sweeps} sweeps>"


@result()
class PosteriorRun:
    r"""Energies and weights drawn from :math:`e^{-E(\theta)/T}` times a prior, E = n L.

    Averages are over all records, which begin after tuning. Their errors come from the
    replicas if there are 16 or more; from fewer, each cut into blocks of time, 16 units or
    more in all, and are then right only if blocks are much longer than the autocorrelation
    time and no replica is held where others do not go: see `autocorrelation` and `r_hat`.

    Parameters
    ----------
    network : MLP
        The network.
    temperatures : array (n_temperatures,)
        Increasing; infinity is the prior.
    energies : array (n_temperatures, n_replicas, n_records)
        :math:`E = n L`, in nats for the cross-entropy.
    record_sweeps : int64 array (n_records,)
        Sweep of each record, counted from the end of tuning.
    acceptance : array (n_temperatures, n_replicas)
        Share of trajectories accepted.
    step_sizes : array (n_temperatures, n_replicas)
        Angle of a step; NaN at infinite temperature, where every sweep is a fresh draw.
    swap_rates : array (n_temperatures - 1,)
        Share of exchanges accepted between neighbours.
    round_trips : int64 array (n_replicas,)
        Arrivals at the lowest temperature from the highest.
    kept_temperatures : array (n_kept_temperatures,)
        Temperatures at which weights were kept.
    positions : array (n_kept_temperatures, n_replicas, n_kept, n_parameters)
        Weights; see `replicas`.
    n_samples : int
        Samples n, so that the mean loss is the energy divided by n.
    n_sweeps : int
        Sweeps recorded over.
    state : PosteriorState
        Hand it back as ``state=`` to go on.
    """

    network: MLP
    temperatures: Float64Array
    energies: Float64Array
    record_sweeps: IntArray
    acceptance: Float64Array
    step_sizes: Float64Array
    swap_rates: Float64Array
    round_trips: IntArray
    kept_temperatures: Float64Array
    positions: FloatArray
    n_samples: int
    n_sweeps: int
    state: PosteriorState

    def __repr__(self) -> str:
        low, high = self.temperatures[0], self.temperatures[-1]
        where = f"T = {low:g}" if low == high else f"T = {low:g} ... {high:g}"
        n_temperatures, n_replicas = self.energies.shape[:2]
        return (
            f"<posterior of {self.network}: {n_temperatures} temperatures, {where}, "
            f"{n_replicas} replicas, {self.n_sweeps} sweeps>"
        )

    @property
    def energy(self) -> Estimates:
        """Mean energy at every temperature."""
        return thermodynamics.mean_energies(self.energies)

    @property
    def heat_capacity(self) -> Estimates:
        r"""Heat capacity :math:`(\langle E^2\rangle - \langle E\rangle^2) / T^2`.

        Half the number of parameters where the loss is quadratic and the prior is wide.
        """
        return thermodynamics.heat_capacities(self.temperatures, self.energies)

    @property
    def free_energy(self) -> thermodynamics.FreeEnergy:
        """Free energy at every temperature, by integration from the prior.

        Raises
        ------
        ParameterError
            If infinity is not among the temperatures.
        """
        return thermodynamics.integrate(self.temperatures, self.energies)

    @property
    def r_hat(self) -> Float64Array:
        """Rank-normalised split R-hat of the energy at every temperature.

        It should be below 1.01. It compares replicas in the energy alone: replicas that sit in
        copies of one region related by symmetry have equal energies.
        """
        return np.array([r_hat(chains) for chains in self.energies])

    def autocorrelation(self, *, temperature: float) -> AutocorrelationTime:
        """Autocorrelation time of the energy, in records.

        Parameters
        ----------
        temperature : float
            One of ``.temperatures``.

        Returns
        -------
        AutocorrelationTime
            Of all replicas together.

        Raises
        ------
        ChainTooShort
            If the run is too short to tell; its ``estimate`` is a lower bound.
        ParameterError
            If the temperature is not one of the run's.
        """
        return autocorrelation_time(self.energies[_place(self.temperatures, temperature)])

    def replicas(
        self, *, temperature: float | None = None, record: int | None = -1
    ) -> Replicas:
        """Weights at one temperature, to be measured like any other networks.

        Parameters
        ----------
        temperature : float, optional
            One of ``.kept_temperatures``; the lowest by default.
        record : int or None
            Which of the positions kept, the last by default: one network of each replica,
            independent of each other. None for all of them, replica by replica.

        Returns
        -------
        Replicas
            Weights (n_replicas, n_parameters), or (n_replicas * n_kept, n_parameters).

        Raises
        ------
        ParameterError
            If weights were not kept there, or there is no such record.
        """
        kept = self.kept_temperatures
        place = 0 if temperature is None and kept.size else _place(kept, temperature)
        found = self.positions[place]
        if record is None:
            return Replicas(self.network, found.reshape(-1, found.shape[-1]))
        if not -found.shape[1] <= record < found.shape[1]:
            raise ParameterError(
                f"record must be below the {found.shape[1]} positions kept, got {record}"
            )
        return Replicas(self.network, found[:, record])


def _place(temperatures: Float64Array, temperature: float | None) -> int:
    matches = [
        k for k, known in enumerate(temperatures)
        if temperature is not None and np.isclose(known, temperature, rtol=1e-6, atol=0)
    ]  # fmt: skip
    if not matches:
        listed = ", ".join(f"{value:g}" for value in temperatures) or "none"
        raise ParameterError(f"temperature must be one of {listed}, got {temperature}")
    return matches[0]
