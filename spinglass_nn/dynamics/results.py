"""What a Monte Carlo run gives back: averages with errors, P(q), ground states, its state."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.dynamics import _averages
from spinglass_nn.dynamics._blocks import window_start
from spinglass_nn.dynamics._checks import equilibration_tests
from spinglass_nn.dynamics.equilibration import EquilibrationTest
from spinglass_nn.dynamics.histograms import OverlapHistogram
from spinglass_nn.errors import ParameterError
from spinglass_nn.statistics import Estimates
from spinglass_nn.typing import Float64Array, IntArray


@result()
class MonteCarloState:
    """All a run needs to go on to the same bits.

    Parameters
    ----------
    settings : dict
        What must be the same when the run goes on; all random numbers follow from it.
    n_sweeps : int
        Sweeps done.
    arrays : dict of arrays
        Systems, streams, sums and series.
    """

    settings: dict[str, Any]
    n_sweeps: int
    arrays: dict[str, NDArray[Any]]

    def __repr__(self) -> str:
        return f"<state of a Monte Carlo run after {self.n_sweeps} sweeps>"


@result()
class MonteCarloRun:
    """A Monte Carlo run of one model, or of several disorder samples of it.

    Averages are over the second half of the run (from the last power of two of measurements
    but one, so that a quarter to a half is left out). Their errors come from the disorder
    samples by the jackknife; for a single sample from 8 to 24 blocks of time, and are then
    right only if the run is much longer than the correlation time.

    Parameters
    ----------
    model : str
        The models, in words.
    kernel : str
        The engine that ran: "multispin", "sparse", "dense", "layered" or "many-body".
    temperatures : array (n_temperatures,)
        Increasing.
    n_spins, n_sweeps, measure_every : int
        Spins of a model, sweeps done, sweeps between measurements.
    single : bool
        Whether one model was given, not a sequence.
    columns : tuple of str
        What was averaged; see `average`.
    averages : array (n_blocks, n_samples, n_temperatures, n_columns)
        Averages over blocks of time.
    lengths : integer array (n_blocks,)
        Measurements in each block.
    overlap_counts, link_counts : integer array (n_samples, n_temperatures, n_bins)
        Histograms of q and of q_l over the same part of the run as the averages.
    attempts, accepts : integer array (n_samples, n_temperatures - 1)
        Exchanges tried and made.
    labelled, from_hot : integer array (n_samples, n_temperatures)
        Visits of systems that had been at an end of the ladder, and of those that had come
        from the hot one.
    trips : integer array (n_samples, n_replicas)
        Round trips of the systems of each ladder.
    lowest_energies : array (n_samples,)
        Lowest energy met.
    lowest_configurations : int8 array (n_samples, n_spins)
        One configuration with it.
    record_sweeps : integer array (n_records,)
        When entries of the time series were taken.
    energy_series : array (n_samples, n_replicas, n_temperatures, n_records)
        Energies of the whole system.
    overlap_series : array (n_samples, n_pairs, n_temperatures, n_records)
        Overlaps of pairs of replicas, pairs in the order (0, 1), (0, 2), ...
    packed_spins : uint8 array (n_records, n_samples, n_replicas, n_temperatures, n_bytes)
        Configurations, where they were asked for; see `spins`.
    facts : dict
        What the equilibration tests need to know of the model.
    state : MonteCarloState
        Hand it back as ``state=`` to go on.
    """

    model: str
    kernel: str
    temperatures: Float64Array
    n_spins: int
    n_sweeps: int
    measure_every: int
    single: bool
    columns: tuple[str, ...]
    averages: Float64Array
    lengths: IntArray
    overlap_counts: IntArray
    link_counts: IntArray
    attempts: IntArray
    accepts: IntArray
    labelled: IntArray
    from_hot: IntArray
    trips: IntArray
    lowest_energies: Float64Array
    lowest_configurations: NDArray[np.int8]
    record_sweeps: IntArray
    energy_series: Float64Array
    overlap_series: Float64Array
    packed_spins: NDArray[np.uint8]
    facts: dict[str, Any]
    state: MonteCarloState

    def __repr__(self) -> str:
        low, high = self.temperatures[0], self.temperatures[-1]
        where = f"T = {low:g}" if low == high else f"T = {low:g} ... {high:g}"
        return (
            f"<Monte Carlo run of {self.model}: {self.temperatures.size} temperatures, {where}, "
            f"{self.trips.shape[1]} replicas, {self.n_sweeps} sweeps, kernel {self.kernel}>"
        )

    @property
    def n_samples(self) -> int:
        """Disorder samples."""
        return int(self.averages.shape[1])

    @property
    def lowest_energy(self) -> Any:
        """Lowest energy met: a float, or an array (n_samples,) for a sequence of models."""
        return float(self.lowest_energies[0]) if self.single else self.lowest_energies

    @property
    def lowest_spins(self) -> NDArray[np.int8]:
        """A configuration of that energy: (n_spins,), or (n_samples, n_spins)."""
        lowest = self.lowest_configurations
        return lowest[0] if self.single else lowest

    def sample_averages(self, name: str) -> Float64Array:
        """Time averages of each disorder sample, (n_samples, n_temperatures).

        Parameters
        ----------
        name : str
            One of ``.columns``, such as "energy", "q^2" or "q_l".

        Returns
        -------
        array (n_samples, n_temperatures)
            Averages over the second half of the run. Powers of q of one pair of replicas, so
            the square of a sample's "q^2" is not an unbiased estimate of <q^2>^2.

        Raises
        ------
        ParameterError
            If that was not measured.
        """
        return _averages.of_samples(self, self._column(name))

    def _column(self, name: str) -> int:
        if name not in self.columns:
            raise ParameterError(
                f"name must be one of {', '.join(self.columns)} "
                f"(what was measured), got {name!r}"
            )
        return self.columns.index(name)

    def average(self, name: str) -> Estimates:
        """Average of one observable at every temperature, with errors.

        Parameters
        ----------
        name : str
            One of ``.columns``: ``energy`` and ``energy^2`` (whole system); ``|m|``, ``m^2``,
            ``m^4``; ``|q|``, ``q``, ``q^2``, ``q^4``; ``q_l``, ``q_l^2``; ``|q(k0)|^2``, ...
            for each axis of the lattice; ``q0^2``, ``q0 q1``, ... for each layer.

        Returns
        -------
        Estimates
            One for each temperature.

        Raises
        ------
        ParameterError
            If that was not measured.
        """
        return _averages.estimates(self, lambda mean: mean[..., 0], [self._column(name)])

    @property
    def energy(self) -> Estimates:
        """Mean energy per spin at every temperature."""
        return self.average("energy") * (1 / self.n_spins)

    @property
    def heat_capacity(self) -> Estimates:
        """Heat capacity per spin, (<E^2> - <E>^2) / (T^2 N), averaged over samples."""
        return _averages.heat_capacity(self)

    @property
    def binder(self) -> Estimates:
        """Ratio [<q^4>] / [<q^2>]^2 at every temperature: 3 for Gaussian q, 1 for q of one size."""
        columns = [self._column("q^4"), self._column("q^2")]
        return _averages.estimates(self, lambda m: m[..., 0] / m[..., 1] ** 2, columns)

    @property
    def correlation_length(self) -> Estimates:
        r"""Second-moment correlation length over the size of the lattice, averaged over axes.

        .. math:: \frac{\xi}{L} = \frac{1}{2 L \sin(k/2)}
                  \left(\frac{[\langle q^2\rangle]}{[\langle |q(k)|^2\rangle]} - 1\right)^{1/2},
                  \qquad k = 2\pi/L

        NaN where the structure factor at k exceeds that at 0.
        """
        axes = [self._column(name) for name in self.columns if name.startswith("|q(k")]
        if not axes:
            raise ParameterError(
                "correlation_length needs observables=(..., 'overlap', 'structure')"
            )
        return _averages.correlation_length(self, self._column("q^2"), axes)

    @property
    def swap_rates(self) -> Float64Array:
        """Share of exchanges accepted between neighbours, (n_temperatures - 1,)."""
        return _averages.share(self.accepts.sum(axis=0), self.attempts.sum(axis=0))

    @property
    def hot_share(self) -> Float64Array:
        """Share of the systems at each temperature that came from the hot end, 0 to 1."""
        return _averages.share(self.from_hot.sum(axis=0), self.labelled.sum(axis=0))

    @property
    def round_trips(self) -> IntArray:
        """Round trips along the ladder completed in each sample, (n_samples,)."""
        found: IntArray = self.trips.sum(axis=1)
        return found

    def _temperature(self, temperature: float) -> int:
        place = int(np.abs(self.temperatures - temperature).argmin())
        if not np.isclose(self.temperatures[place], temperature, rtol=1e-6):
            raise ParameterError(
                f"temperature must be one of the run's, got {temperature:g}; "
                f"the nearest is {self.temperatures[place]!r}"
            )
        return place

    def overlaps(self, *, temperature: float) -> Float64Array:
        """Overlaps from the time series, a row for each independent unit.

        Parameters
        ----------
        temperature : float
            One of ``.temperatures``.

        Returns
        -------
        array (n_units, n_values)
            Overlaps of all pairs of replicas in the second half of the run. Rows are disorder
            samples; for a single sample, blocks of time. The form that
            `spinglass_nn.overlaps.distribution` takes.

        Raises
        ------
        ParameterError
            If the temperature is not one of the run's, or overlaps were not recorded.
        """
        return _averages.overlap_rows(self, self._temperature(temperature))

    def overlap_histogram(
        self, *, temperature: float, n_bins: int | None = None
    ) -> OverlapHistogram:
        """P(q) from all measurements in the second half of the run.

        Parameters
        ----------
        temperature : float
            One of ``.temperatures``.
        n_bins : int, optional
            Join bins to so many; default: all that were counted, at most 128.

        Returns
        -------
        OverlapHistogram
            The density and its error.

        Raises
        ------
        ParameterError
            If the temperature is not one of the run's, or overlaps were not measured.
        """
        if not self.overlap_counts.size:
            raise ParameterError("overlap_histogram needs 'overlap' among the observables")
        if n_bins is not None:
            check.count(n_bins, "n_bins")
        place = self._temperature(temperature)
        edges, density, error = _averages.histogram(
            self.overlap_counts[:, place], self.n_spins, n_bins
        )
        return OverlapHistogram(
            temperature=float(self.temperatures[place]),
            centers=(edges[1:] + edges[:-1]) / 2,
            edges=edges,
            density=density,
            error=error,
            n_samples=self.n_samples,
        )

    def spins(self, *, temperature: float) -> NDArray[np.int8]:
        """Configurations from the time series at one temperature.

        Parameters
        ----------
        temperature : float
            One of ``.temperatures``.

        Returns
        -------
        int8 array (n_samples, n_replicas, n_records, n_spins)
            Spins ±1, at the sweeps ``.record_sweeps``.

        Raises
        ------
        ParameterError
            If the temperature is not one of the run's, or ``record_spins`` was not set.
        """
        if not self.packed_spins.size:
            raise ParameterError("spins needs a run with record_spins=True")
        place = self._temperature(temperature)
        packed = np.moveaxis(self.packed_spins[:, :, :, place], 0, 2)
        down = np.unpackbits(packed, axis=-1, count=self.n_spins)
        spins: NDArray[np.int8] = 1 - 2 * down.astype(np.int8)
        return spins

    def equilibration(
        self, *, temperature: float | None = None
    ) -> tuple[EquilibrationTest, ...]:
        """Whether the run is in equilibrium, as far as it can be told.

        Energy and q^2 are compared over doubling times; for Gaussian couplings without field
        (Sherrington-Kirkpatrick, Edwards-Anderson with the "link_overlap" observable) also
        the energy with what the overlaps make it. For a single sample, replicas are the units
        and only the energy is tested.

        Parameters
        ----------
        temperature : float, optional
            One of ``.temperatures``; the lowest, which is the slowest, by default.

        Returns
        -------
        tuple of EquilibrationTest
            Each says ``.passed`` and, in ``.sentence``, with what error.

        Raises
        ------
        ParameterError
            If the temperature is not one of the run's.
        DataError
            If there are fewer than 5 samples, and fewer than 5 replicas.
        """
        place = 0 if temperature is None else self._temperature(temperature)
        return equilibration_tests(self, place)

    @property
    def window(self) -> int:
        """First sweep that counts in averages and histograms."""
        return window_start(int(self.lengths.sum())) * self.measure_every
