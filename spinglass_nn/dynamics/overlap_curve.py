"""A network's replica overlap against temperature, Q(T): the curve that stands for the network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from spinglass_nn._core import check, threads
from spinglass_nn._core.results import result
from spinglass_nn.dynamics import _averages
from spinglass_nn.dynamics._pair_means import FEWEST, pair_estimates
from spinglass_nn.dynamics.equilibration import EquilibrationTest
from spinglass_nn.dynamics.histograms import OverlapHistogram
from spinglass_nn.dynamics.ladder import checked_temperatures, geometric
from spinglass_nn.dynamics.results import MonteCarloRun, MonteCarloState
from spinglass_nn.dynamics.sampling import parallel_tempering
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins.instability import Instability, find
from spinglass_nn.spins.layered import LayeredIsing
from spinglass_nn.spins.models import PairModel
from spinglass_nn.statistics import Estimate, Estimates, mean_estimate, r_hat
from spinglass_nn.typing import RNG, Float64Array, IntArray, PathType, ProgressLike

_SPAN = (0.1, 2.0)  # of T_c, the ladder where none is given
_LEAST_TEMPERATURES, _PER_ROOT = 16, 1.2  # of it: swap rates near 0.35 at any size
_LEAST_SWEEPS = 64
_EVERY = 4  # sweeps between measurements, which cost about as much as a sweep
_RECORDS = 256  # configurations kept at each temperature while it runs


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


def replica_overlap_curve(
    model: PairModel,
    temperatures: ArrayLike | None = None,
    *,
    reduced: bool = False,
    n_sweeps: int = 2000,
    n_replicas: int = 8,
    checkpoint: PathType | None = None,
    state: MonteCarloState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> OverlapCurve:
    r"""Overlap of independent replicas of one given model against temperature, Q(T).

    .. math:: Q(T) = \overline{\langle |q_{ab}| \rangle}, \qquad
              q_{ab} = \frac1N \sum_i s_i^a s_i^b,

    the mean over pairs of replicas and times [1]_; with fields, of q itself. Every replica has a
    ladder of its own in `parallel_tempering`, so that replicas are independent and errors come
    from them. The mean is over the second half of the run, at up to 128 times.

    Free spins have :math:`\langle |q| \rangle = 2^{-N} \binom{N}{N/2}` for even N, about
    :math:`\sqrt{2/\pi N}`, given as ``baseline``; in fields
    :math:`\frac1N \sum_i \tanh^2(h_i/T)`.

    Parameters
    ----------
    model : LayeredIsing or another model of pairs
        The network, as a spin model; its ``scale`` decides in which units T is.
    temperatures : array (n_temperatures,), optional
        Increasing. Default: geometric from 0.1 to 2 of this model's own T_c
        (`spinglass_nn.spins.instability.find`), as many as exchanges need.
    reduced : bool
        Whether these temperatures are in units of T_c.
    n_sweeps : int
        Sweeps of every system, counted from the start of the run; a multiple of 4.
    n_replicas : int
        Independent replicas, at least 4; 8 or more give errors worth the name.
    checkpoint : path, optional
        File that holds the state of the run, as in `parallel_tempering`.
    state : MonteCarloState, optional
        State of an earlier run of the same settings, to go on from.
    progress : bool or callable
        Progress in sweeps.
    n_threads : int, optional
        Threads; the same bits for any number. Default: all cores.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    OverlapCurve
        Q(T) as a whole and in each layer, and what tells whether it is that of equilibrium.

    Raises
    ------
    ParameterError, ShapeError, DataError
        If settings and model make no sense together, or no spins are coupled.
    Interrupted
        On Ctrl-C, with ``.state``.

    Notes
    -----
    Q(T) mostly tells at which temperature order sets in, and so the largest singular values.
    What it adds to T_c, which comes for a thousandth of the cost, shows at equal T / T_c and
    against `spinglass_nn.spins.layered_nulls.rotated`.

    Replicas that are stuck have overlaps that are too small: ``drift`` is then positive,
    ``r_hat`` above 1.01, and round trips are few.

    References
    ----------
    .. [1] J. Li, A Spin Glass Characterization of Neural Networks, arXiv:2508.07397 (2025), of
       which only the abstract was at hand: ladder, sampler and errors are this package's.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.LayeredIsing.from_weights([np.ones((8, 8)), np.ones((4, 8))])
    >>> curve = replica_overlap_curve(model, n_sweeps=256, rng=1)
    >>> curve.overlap[0].mean > 0.99, abs(curve.overlap[-1].mean - curve.baseline[-1]) < 0.2
    (True, True)
    """
    check.count(n_sweeps, "n_sweeps", minimum=_LEAST_SWEEPS)
    check.count(n_replicas, "n_replicas", minimum=FEWEST)
    found = find(model)
    if temperatures is None:
        low, high = (share * found.temperature for share in _SPAN)
        count = math.ceil(_PER_ROOT * math.sqrt(model.n_spins))
        ladder = geometric(low, high, n=max(_LEAST_TEMPERATURES, count))
    else:
        unit = found.temperature if reduced else 1.0
        ladder = unit * checked_temperatures(temperatures, exchange=True)
    run = parallel_tempering(
        model,
        ladder,
        n_sweeps=n_sweeps,
        n_replicas=n_replicas,
        measure_every=_EVERY,
        record_every=_stride(n_sweeps, state),
        record_spins=True,
        checkpoint=checkpoint,
        state=state,
        progress=progress,
        n_threads=n_threads,
        rng=rng,
    )
    return _curve(model, found, run)


def _stride(n_sweeps: int, state: MonteCarloState | None) -> int | None:
    """Sweeps between configurations kept; the run knows if it goes on from a state."""
    return None if state is not None else _EVERY * max(1, n_sweeps // (_EVERY * _RECORDS))


def _curve(model: PairModel, found: Instability, run: MonteCarloRun) -> OverlapCurve:
    sizes = model.sizes if isinstance(model, LayeredIsing) else (model.n_spins,)
    folded = not np.any(model.fields)
    with threads.one_blas_thread():
        rows = [_overlaps(run, t, sizes) for t in run.temperatures]
    size = np.abs if folded else np.asarray
    shares = np.array(sizes) / run.n_spins
    total = [np.tensordot(shares, q, axes=1) for q in rows]  # (n_times, R, R) each
    upper = np.triu_indices(run.trips.shape[1], 1)
    late = run.record_sweeps > run.window
    energies = run.energy_series[0][..., late] / run.n_spins
    middle = len(total[0]) // 2
    return OverlapCurve(
        model=run.model,
        temperatures=run.temperatures,
        layer_sizes=np.array(sizes, dtype=np.int64),
        folded=folded,
        instability=found,
        halves=np.stack([
            [size(q[:middle]).mean(axis=0) for q in total],
            [size(q[-middle:]).mean(axis=0) for q in total],
        ]),
        layers=np.stack([size(q).mean(axis=1) for q in rows], axis=1),
        squares=np.stack([(q**2).mean(axis=0) for q in total]),
        fourths=np.stack([(q**4).mean(axis=0) for q in total]),
        layer_products=np.stack([
            (q[1:] * q[:-1]).mean(axis=1)[:, *upper].mean(axis=1) for q in rows
        ]),
        energies=np.ascontiguousarray(energies.mean(axis=-1).T),
        baseline=_free(model.fields, run.temperatures),
        layer_baselines=np.stack([
            _free(part, run.temperatures)
            for part in np.split(model.fields, np.cumsum(sizes)[:-1])
        ]),
        counts=run.overlap_counts[0],
        r_hat=np.array([r_hat(energies[:, t]) for t in range(len(rows))]),
        round_trips=run.trips[0],
        swap_rates=run.swap_rates,
        stationarity=_stationary(run),
        n_sweeps=run.n_sweeps,
        state=run.state,
    )  # fmt: skip


def _overlaps(run: MonteCarloRun, temperature: float, sizes: tuple[int, ...]) -> Float64Array:
    """Overlaps (n_layers, n_times, R, R) of all pairs in each layer, at the times that count."""
    late = run.record_sweeps > run.window
    spins = run.spins(temperature=temperature)[0][:, late].astype(np.float32)
    parts = np.split(spins.transpose(1, 0, 2), np.cumsum(sizes)[:-1], axis=2)
    # sums of +-1 are exact in float32
    return np.stack([
        (part @ part.transpose(0, 2, 1)).astype(np.float64) / part.shape[2] for part in parts
    ])  # fmt: skip


def _free(fields: Float64Array, temperatures: Float64Array) -> Float64Array:
    """Q of spins that feel these fields alone."""
    if np.any(fields):
        found: Float64Array = np.square(np.tanh(fields / temperatures[:, None])).mean(axis=1)
        return found
    pairs = (fields.size + 1) // 2  # E|S| is the same for 2m - 1 and 2m spins
    central = special.gammaln(2 * pairs + 1) - 2 * special.gammaln(pairs + 1)
    mean = 2 * pairs * math.exp(central - 2 * pairs * math.log(2)) / fields.size
    return np.full(temperatures.size, mean)


def _stationary(run: MonteCarloRun) -> Any:
    """The run's own test at its lowest temperature, where there are replicas enough."""
    return run.equilibration()[0] if run.trips.shape[1] > FEWEST else None
