"""Simulated annealing: many independent copies of a model, cooled along one schedule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.dynamics._cooling import Cooling, refuse_sequence
from spinglass_nn.dynamics._setup import checked_models
from spinglass_nn.dynamics.ladder import checked_temperatures
from spinglass_nn.dynamics.results import MonteCarloState
from spinglass_nn.statistics import Estimate
from spinglass_nn.typing import RNG, Float64Array, PathType, ProgressLike

_BATCH = 512  # copies that fill the vectors of the multi-spin engine


@result()
class AnnealingRun:
    """What annealing found.

    Parameters
    ----------
    model : str
        The model, in words.
    kernel : str
        The engine that ran.
    temperatures : array (n_steps,)
        The schedule, from hot to cold.
    energies : array (n_reads,)
        Energy of each copy at the end.
    spins : int8 array (n_reads, n_spins)
        Its configuration.
    lowest_energy : float
        Lowest energy of any copy at any time.
    lowest_spins : int8 array (n_spins,)
        A configuration with it.
    state : MonteCarloState
        Hand it back as ``state=``, after an interrupt.
    """

    model: str
    kernel: str
    temperatures: Float64Array
    energies: Float64Array
    spins: NDArray[np.int8]
    lowest_energy: float
    lowest_spins: NDArray[np.int8]
    state: MonteCarloState

    def __repr__(self) -> str:
        return (
            f"<{self.energies.size} anneals of {self.model}: "
            f"lowest energy {self.lowest_energy:g}>"
        )

    def success(self, energy: float, *, tolerance: float = 1e-9) -> Estimate:
        """Share of the copies that ended at an energy, such as the known optimum, or below.

        Parameters
        ----------
        energy : float
            Energy of the whole system.
        tolerance : float, default 1e-9
            Relative slack.

        Returns
        -------
        Estimate
            The share with its binomial error.
        """
        hit = self.energies <= energy + tolerance * max(1.0, abs(energy))
        share, n = float(hit.mean()), hit.size
        return Estimate(share, math.sqrt(share * (1 - share) / n))


def simulated_annealing(
    model: Any,
    temperatures: ArrayLike,
    *,
    n_reads: int = _BATCH,
    n_sweeps: int = 1,
    move: str | None = None,
    kernel: str = "auto",
    checkpoint: PathType | None = None,
    state: MonteCarloState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> AnnealingRun:
    """Cool independent copies of a model, a few sweeps at each temperature.

    For ground states of hard instances `parallel_tempering` is the better tool; annealing is
    the yardstick, and the protocol of physical cooling.

    Parameters
    ----------
    model : Ising model
        What is cooled.
    temperatures : array (n_steps,)
        The schedule: increasing as everywhere, run from its end to its beginning. See
        `geometric`.
    n_reads : int, default 512
        Copies; multiples of 512 use the multi-spin engine best.
    n_sweeps : int, default 1
        Sweeps at each temperature.
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
    AnnealingRun
        Final energies and configurations, and the lowest met.

    Raises
    ------
    ParameterError
        If a setting makes no sense.
    Interrupted
        On Ctrl-C, with ``.state``.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, Science 220 (1983) 671.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.EdwardsAnderson((6, 6), "pm1", rng=1)
    >>> run = simulated_annealing(model, sg.dynamics.geometric(0.2, 3, n=50), n_reads=64, rng=2)
    >>> run.energies.shape, bool(run.lowest_energy <= run.energies.min())
    ((64,), True)
    """
    refuse_sequence(model)
    checked_models(model)
    schedule = checked_temperatures(temperatures, exchange=False)[::-1].copy()
    n_reads = check.count(n_reads, "n_reads")
    n_batches = math.ceil(n_reads / _BATCH)
    cooling = Cooling(
        model,
        schedule,
        n_batches=n_batches,
        n_copies=math.ceil(n_reads / n_batches),
        n_sweeps=check.count(n_sweeps, "n_sweeps"),
        move=move,
        kernel=kernel,
        state=state,
        checkpoint=checkpoint,
        rng=rng,
    )
    cooling.run(lambda step: None, progress, n_threads)
    lowest = int(cooling.record.totals.lowest_energy.argmin())
    spins = cooling.engine.spins().reshape(-1, model.n_spins)[:n_reads]
    return AnnealingRun(
        model=repr(model),
        kernel=cooling.engine.name,
        temperatures=schedule,
        energies=model.energy(spins),
        spins=spins,
        lowest_energy=float(cooling.record.totals.lowest_energy[lowest]),
        lowest_spins=cooling.record.totals.lowest_spins[lowest].copy(),
        state=cooling.state(),
    )
