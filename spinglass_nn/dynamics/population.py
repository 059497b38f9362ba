"""Population annealing: copies cooled together and resampled, which gives the free energy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream
from spinglass_nn._core.results import result
from spinglass_nn.dynamics._cooling import Cooling, refuse_sequence
from spinglass_nn.dynamics._setup import checked_models
from spinglass_nn.dynamics.ladder import checked_temperatures
from spinglass_nn.dynamics.results import MonteCarloState
from spinglass_nn.statistics import Estimates
from spinglass_nn.typing import RNG, Float64Array, IntArray, PathType, ProgressLike


@result()
class PopulationRun:
    """Independent populations annealed, and what they tell together.

    Averages over runs are weighted with each run's estimate of the partition function, which
    makes them unbiased in the limit of many runs of any size [1]_; errors come from leaving
    out runs.

    Parameters
    ----------
    model : str
        The model, in words.
    temperatures : array (n_steps,)
        Increasing.
    n_spins : int
        Spins of the model.
    log_partition : array (n_runs, n_steps)
        ln Z estimated by each run.
    energies : array (n_runs, n_steps)
        Mean energy of each population (whole system).
    n_families : array (n_runs, n_steps)
        Copies at the start that have descendants.
    family_size : array (n_runs, n_steps)
        Mean square family size over the population, rho_t; a population much larger than
        this number is in equilibrium.
    spins : int8 array (n_runs, n_copies, n_spins)
        Populations at the lowest temperature.
    lowest_energy : float
        Lowest energy met.
    lowest_spins : int8 array (n_spins,)
        A configuration with it.
    state : MonteCarloState
        Hand it back as ``state=``, after an interrupt.

    References
    ----------
    .. [1] J. Machta, Phys. Rev. E 82 (2010) 026704.
    """

    model: str
    temperatures: Float64Array
    n_spins: int
    log_partition: Float64Array
    energies: Float64Array
    n_families: IntArray
    family_size: Float64Array
    spins: NDArray[np.int8]
    lowest_energy: float
    lowest_spins: NDArray[np.int8]
    state: MonteCarloState

    def __repr__(self) -> str:
        n_runs, n_copies, _ = self.spins.shape
        return (
            f"<{n_runs} populations of {n_copies} copies of {self.model}, "
            f"T = {self.temperatures[0]:g} ... {self.temperatures[-1]:g}>"
        )

    @property
    def free_energy(self) -> Estimates:
        """Free energy per spin at every temperature, -T ln Z / N."""
        scale = -self.temperatures / self.n_spins
        return _jackknife(lambda keep: scale * _log_mean(self.log_partition[keep]), self)

    @property
    def energy(self) -> Estimates:
        """Mean energy per spin at every temperature."""

        def mean(keep: NDArray[np.bool_]) -> Float64Array:
            weights = _weights(self.log_partition[keep])
            found: Float64Array = (weights * self.energies[keep]).sum(axis=0) / self.n_spins
            return found

        return _jackknife(mean, self)


def _log_mean(logs: Float64Array) -> Float64Array:
    top = logs.max(axis=0)
    found: Float64Array = top + np.log(np.exp(logs - top).mean(axis=0))
    return found


def _weights(logs: Float64Array) -> Float64Array:
    weights = np.exp(logs - logs.max(axis=0))
    found: Float64Array = weights / weights.sum(axis=0)
    return found


def _jackknife(function: Any, run: PopulationRun) -> Estimates:
    n = len(run.log_partition)
    value = function(np.ones(n, dtype=bool))
    if n < 2:
        return Estimates(value, np.full(value.shape, math.nan))
    left_out = np.stack([function(np.arange(n) != k) for k in range(n)])
    spread = np.square(left_out - left_out.mean(axis=0)).sum(axis=0)
    return Estimates(value, np.sqrt((n - 1) / n * spread))


def population_annealing(
    model: Any,
    temperatures: ArrayLike,
    *,
    n_copies: int = 1000,
    n_runs: int = 4,
    n_sweeps: int = 10,
    move: str | None = None,
    kernel: str = "auto",
    checkpoint: PathType | None = None,
    state: MonteCarloState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> PopulationRun:
    r"""Cool populations of copies from infinite temperature, resampling at every step.

    Going from :math:`\beta` to :math:`\beta'` copy i is represented in proportion to
    :math:`w_i = e^{-(\beta' - \beta) E_i}`, and the mean weight estimates
    :math:`Z(\beta') / Z(\beta)` [1]_; it starts from :math:`Z(0) = 2^N`. Resampling is
    systematic, so a copy's number of descendants is its expectation rounded up or down.

    Parameters
    ----------
    model : Ising model
        What is cooled.
    temperatures : array (n_steps,)
        Increasing as everywhere, run from its end to its beginning. Neighbours should be so
        close that weights of typical copies differ by a factor of few.
    n_copies : int, default 1000
        Copies in each population.
    n_runs : int, default 4
        Independent populations, for errors.
    n_sweeps : int, default 10
        Sweeps after each resampling.
    move : {"metropolis", "heat_bath"}, optional
        As for `simulate`.
    kernel : str
        As for `simulate`.
    checkpoint : path, optional
        File that holds the state of the run.
    state : MonteCarloState, optional
        State to go on from.
    progress : bool or callable
        Progress in temperatures.
    n_threads : int, optional
        Threads; the same bits for any number.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    PopulationRun
        Free energy, energy, families, final populations.

    Raises
    ------
    ParameterError
        If a setting makes no sense.
    Interrupted
        On Ctrl-C, with ``.state``.

    References
    ----------
    .. [1] K. Hukushima and Y. Iba, AIP Conf. Proc. 690 (2003) 200; J. Machta, Phys. Rev. E 82
       (2010) 026704; W. Wang, J. Machta and H. G. Katzgraber, Phys. Rev. E 92 (2015) 063307.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.EdwardsAnderson((4, 4), rng=1)
    >>> ladder = sg.dynamics.geometric(0.5, 10, n=30)
    >>> run = population_annealing(model, ladder, n_copies=200, rng=2)
    >>> exact = sg.spins.exact.enumerate(model, 0.5)
    >>> bool(abs(run.free_energy[0].z(float(exact.free_energy[0]) / 16)) < 4)
    True
    """
    refuse_sequence(model)
    checked_models(model)
    schedule = checked_temperatures(temperatures, exchange=False)[::-1].copy()
    n_copies = check.count(n_copies, "n_copies", minimum=2)
    n_runs = check.count(n_runs, "n_runs")
    cooling = Cooling(
        model,
        schedule,
        n_batches=n_runs,
        n_copies=n_copies,
        n_sweeps=check.count(n_sweeps, "n_sweeps"),
        move=move,
        kernel=kernel,
        state=state,
        checkpoint=checkpoint,
        rng=rng,
    )
    population = _Population(cooling, n_runs, n_copies, model.n_spins)
    cooling.run(population.before_step, progress, n_threads)
    population.measure(len(schedule) - 1)
    kept, totals = cooling.kept, cooling.record.totals
    lowest = int(totals.lowest_energy.argmin())
    return PopulationRun(
        model=repr(model),
        temperatures=schedule[::-1].copy(),
        n_spins=model.n_spins,
        log_partition=kept["log_partition"][:, ::-1].copy(),
        energies=kept["energies"][:, ::-1].copy(),
        n_families=kept["n_families"][:, ::-1].copy(),
        family_size=kept["family_size"][:, ::-1].copy(),
        spins=cooling.engine.spins()[:, :, 0],
        lowest_energy=float(totals.lowest_energy[lowest]),
        lowest_spins=totals.lowest_spins[lowest].copy(),
        state=cooling.state(),
    )


class _Population:
    """Weights, families and the partition function of populations being cooled."""

    def __init__(self, cooling: Cooling, n_runs: int, n_copies: int, n_spins: int) -> None:
        self.cooling = cooling
        self.n_runs, self.n_copies = n_runs, n_copies
        self.beta = np.append(0.0, 1 / cooling.temperatures)
        self.log_start = n_spins * math.log(2)
        shape = (n_runs, len(cooling.temperatures))
        cooling.kept = {
            "log_partition": np.zeros(shape),
            "energies": np.zeros(shape),
            "n_families": np.zeros(shape, dtype=np.int64),
            "family_size": np.zeros(shape),
            "families": np.tile(np.arange(n_copies), (n_runs, 1)),
        }

    def before_step(self, step: int) -> None:
        """Reweight from the temperature behind to the next, and resample."""
        if step:
            self.measure(step - 1)
        kept = self.cooling.kept
        energies = self.cooling.engine.energies()[:, :, 0]
        exponents = -(self.beta[step + 1] - self.beta[step]) * energies
        before = kept["log_partition"][:, step - 1] if step else self.log_start
        top = exponents.max(axis=1, keepdims=True)
        weights = np.exp(exponents - top)
        kept["log_partition"][:, step] = before + top[:, 0] + np.log(weights.mean(axis=1))
        chosen = np.empty((self.n_runs, self.n_copies), dtype=np.int64)
        for k in range(self.n_runs):
            offset = self.cooling.seed.generator(Stream.POPULATION, k, step).random()
            chosen[k] = _systematic(weights[k], offset)
        self.cooling.engine.resample(chosen)
        kept["families"][:] = np.take_along_axis(kept["families"], chosen, axis=1)

    def measure(self, step: int) -> None:
        """Note energies and families after the sweeps at a temperature."""
        kept = self.cooling.kept
        kept["energies"][:, step] = self.cooling.engine.energies()[:, :, 0].mean(axis=1)
        for k, families in enumerate(kept["families"]):
            sizes = np.bincount(families, minlength=self.n_copies)
            kept["n_families"][k, step] = np.count_nonzero(sizes)
            kept["family_size"][k, step] = np.square(sizes).mean()


def _systematic(weights: Float64Array, offset: float) -> IntArray:
    """Choose n of n copies, copy i about n w_i times, with one random number in [0, 1)."""
    n = weights.size
    edges = np.cumsum(weights) * (n / weights.sum())
    edges[-1] = n
    chosen: IntArray = np.searchsorted(edges, np.arange(n) + offset, side="right")
    return np.minimum(chosen, n - 1)
