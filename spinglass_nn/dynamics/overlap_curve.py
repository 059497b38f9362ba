"""A network's replica overlap against temperature, Q(T): the curve that stands for the network."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.dynamics import _averages
from spinglass_nn.dynamics._pair_means import pair_estimates
from spinglass_nn.dynamics.equilibration import EquilibrationTest
from spinglass_nn.dynamics.histograms import OverlapHistogram
from spinglass_nn.dynamics.results import MonteCarloState
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins.instability import Instability
from spinglass_nn.statistics import Estimate, Estimates, mean_estimate
from spinglass_nn.typing import Float64Array, IntArray


@result()
class OverlapCurve:
    r"""Overlaps of independent replicas of one model against temperature.

    Without fields Q(T) is the mean of :math:`|q_{ab}|` over pairs of replicas and times. With
    fields there is no flip to be undone, and it is the mean of :math:`q_{ab}` itself; so it is
    in each layer.

    Parameters
    ----------
    model : str
        What was sampled, in words.
    temperatures : array (n_temperatures,)
        Increasing.
    layer_sizes : integer array (n_layers,)
        Spins of each layer; all in one for models without layers.
    folded : bool
        Whether Q is a mean of absolute values, which it is without fields.
    instability : Instability
        T_c, T_g and the largest eigenvalue of this model, to compare Q(T) with.
    halves : array (2, n_temperatures, n_replicas, n_replicas)
        Mean over times of what is averaged to Q, for each pair, in the first and in the second
        half of the times that count.
    layers : array (n_layers, n_temperatures, n_replicas, n_replicas)
        The same within each layer, over all of these times.
    squares, fourths : array (n_temperatures, n_replicas, n_replicas)
        Means of q^2 and q^4.
    layer_products : array (n_temperatures, n_layers - 1)
        Mean of the product of the overlaps in neighbouring layers, over pairs.
    energies : array (n_temperatures, n_replicas)
        Mean energy per spin of each replica.
    baseline : array (n_temperatures,)
        Q of spins without couplings, exact.
    layer_baselines : array (n_layers, n_temperatures)
        The same within each layer.
    counts : integer array (n_temperatures, n_bins)
        Histograms of q; see `distribution`.
    r_hat : array (n_temperatures,)
        Of the energies of the replicas; NaN where they do not change.
    round_trips : integer array (n_replicas,)
        Round trips along the ladder.
    swap_rates : array (n_temperatures - 1,)
        Share of exchanges accepted between neighbours.
    stationarity : EquilibrationTest or None
        Energies at the lowest temperature over doubling times; None for too few replicas.
    n_sweeps : int
        Sweeps of every system.
    state : MonteCarloState or None
        Hand it back as ``state=`` to go on; None where it was left out to save room.
    """

    model: str
    temperatures: Float64Array
    layer_sizes: IntArray
    folded: bool
    instability: Instability
    halves: Float64Array
    layers: Float64Array
    squares: Float64Array
    fourths: Float64Array
    layer_products: Float64Array
    energies: Float64Array
    baseline: Float64Array
    layer_baselines: Float64Array
    counts: IntArray
    r_hat: Float64Array
    round_trips: IntArray
    swap_rates: Float64Array
    stationarity: EquilibrationTest | None
    n_sweeps: int
    state: MonteCarloState | None

    def __repr__(self) -> str:
        low, high = self.reduced[0], self.reduced[-1]
        kind = "|q|" if self.folded else "q"
        return (
            f"<Q(T) = <{kind}> of {self.model}: {self.n_replicas} replicas, T = {low:.3g} ... "
            f"{high:.3g} T_c, T_c = {self.instability.temperature:.4g}>"
        )

    @property
    def n_spins(self) -> int:
        """Number of spins."""
        return int(self.layer_sizes.sum())

    @property
    def n_replicas(self) -> int:
        """Independent replicas."""
        return int(self.squares.shape[-1])

    @property
    def reduced(self) -> Float64Array:
        """Temperatures over T_c."""
        return self.temperatures / self.instability.temperature

    @property
    def overlap(self) -> Estimates:
        """Q at every temperature, its error from the independent replicas."""
        return pair_estimates(self.halves.mean(axis=0))

    @property
    def drift(self) -> Estimates:
        """Q of the second half of the times minus that of the first; zero in equilibrium."""
        return pair_estimates(self.halves[1] - self.halves[0])

    @property
    def energy(self) -> Estimates:
        """Mean energy per spin."""
        found = [mean_estimate(row) for row in self.energies]
        return Estimates(np.array([e.mean for e in found]), np.array([e.error for e in found]))

    @property
    def squared(self) -> Estimates:
        """Mean of q^2."""
        return pair_estimates(self.squares)

    @property
    def susceptibility(self) -> Estimates:
        """N times the mean of q^2."""
        return self.squared * self.n_spins

    @property
    def binder(self) -> Estimates:
        """Ratio <q^4> / <q^2>^2: 3 for Gaussian q, 1 for q of one size; error to first order."""
        second = self.squared.mean[:, None, None]
        fourth = pair_estimates(self.fourths).mean[:, None, None]
        slopes = self.fourths / second**2 - 2 * fourth * self.squares / second**3
        ratio = (fourth / second**2)[:, 0, 0]
        return Estimates(ratio, pair_estimates(slopes).error)

    def layer(self, number: int) -> Estimates:
        """Q within one layer at every temperature.

        Parameters
        ----------
        number : int
            The layer, from the inputs to the outputs; may count from the end.

        Returns
        -------
        Estimates
            One for each temperature.

        Raises
        ------
        ParameterError
            If there is no such layer.
        """
        n = len(self.layers)
        if not -n <= number < n:
            raise ParameterError(f"number must be one of {n} layers, got {number}")
        return pair_estimates(self.layers[number])

    def at(self, temperature: float, *, reduced: bool = False) -> Estimate:
        """Q between the temperatures measured, by straight lines in ln T.

        Parameters
        ----------
        temperature : float
            Within the ladder.
        reduced : bool
            Whether it is in units of T_c.

        Returns
        -------
        Estimate
            The error is interpolated too, as neighbours are measured on the same systems.

        Raises
        ------
        ParameterError
            If the temperature is outside of the ladder.
        """
        grid = self.reduced if reduced else self.temperatures
        asked = check.positive(temperature, "temperature")
        if not grid[0] * (1 - 1e-9) <= asked <= grid[-1] * (1 + 1e-9):
            raise ParameterError(
                f"temperature must lie in the ladder, {grid[0]:.4g} ... {grid[-1]:.4g}, "
                f"got {asked:g}"
            )
        q, where = self.overlap, np.log(grid)
        return Estimate(*(np.interp(math.log(asked), where, y) for y in (q.mean, q.error)))

    def distribution(self, place: int, *, n_bins: int | None = None) -> OverlapHistogram:
        """P(q) at one of the temperatures, over all pairs and times that count.

        Parameters
        ----------
        place : int
            Which of ``.temperatures``.
        n_bins : int, optional
            Join bins to so many.

        Returns
        -------
        OverlapHistogram
            The density; without errors, as it is that of one model.
        """
        if n_bins is not None:
            check.count(n_bins, "n_bins")
        edges, density, error = _averages.histogram(
            self.counts[None, place], self.n_spins, n_bins
        )
        temperature, centers = float(self.temperatures[place]), (edges[1:] + edges[:-1]) / 2
        return OverlapHistogram(temperature, centers, edges, density, error, 1)
