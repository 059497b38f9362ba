"""What every Monte Carlo engine is given, keeps and offers.

An engine holds n_samples x n_replicas x n_temperatures systems ("ladders" of temperatures, one
for each replica of each sample) and knows how to move, exchange and measure them fast. Which
engine a model gets is decided in `choice`; everything above (records, results, annealing)
sees this interface alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.random import Seed
from spinglass_nn.dynamics._record import Raw, Record
from spinglass_nn.typing import Float64Array, IntArray


@dataclass(frozen=True, slots=True)
class Setting:
    """What is done to the systems, whatever the engine.

    Parameters
    ----------
    n_replicas : int
        Ladders of each sample.
    temperatures : array (n_temperatures,)
        Increasing.
    move : {"metropolis", "heat_bath"}
        How a spin is updated; sweeps visit the spins in a fixed order.
    exchange : bool
        Whether neighbours on the ladder try to exchange after each sweep: pairs that begin at
        even and at odd temperatures in turn.
    measure_every : int
        Sweeps between two measurements.
    cluster_every : int
        Sweeps between Houdayer moves of pairs of replicas; 0 for none.
    observables : tuple of str
        Of {"magnetization", "overlap", "link_overlap", "structure", "layers"}; the energy is
        always measured.
    seed : Seed
        Where all streams grow from; sample k depends on (seed, k), not on its neighbours.
    """

    n_replicas: int
    temperatures: Float64Array
    move: str
    exchange: bool
    measure_every: int
    cluster_every: int
    observables: tuple[str, ...]
    seed: Seed

    @property
    def n_pairs(self) -> int:
        """Pairs of replicas of one sample, in the order of `numpy.triu_indices`."""
        return self.n_replicas * (self.n_replicas - 1) // 2


class Engine(ABC):
    """Systems of one model or of several samples of it, and how they move.

    Attributes
    ----------
    n_groups : int
        Parts that share nothing and may run on threads of their own.
    raws : list of Raw
        The last measurement of each part.
    """

    name: ClassVar[str]

    def __init__(self, models: Sequence[Any], setting: Setting, record: Record) -> None:
        self.models = models
        self.setting = setting
        self.record = record
        self.n_samples = len(models)
        self.n_spins: int = models[0].n_spins

    n_groups: int
    raws: list[Raw]

    @abstractmethod
    def samples_of(self, group: int) -> slice:
        """The samples of one part."""

    @abstractmethod
    def run(self, group: int, n_measures: int, n_threads: int = 1) -> None:
        """Advance one part: n_measures times ``measure_every`` sweeps and a measurement.

        Everything measured is added to ``record``. The same bits come out however a run is
        cut into calls, and for any ``n_threads``.
        """

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that changes, by reference: what has to be saved, and put back, to go on."""

    @abstractmethod
    def energies(self) -> Float64Array:
        """Energies (n_samples, n_replicas, n_temperatures) of the systems as they are now."""

    @abstractmethod
    def spins(self) -> NDArray[np.int8]:
        """Configurations (n_samples, n_replicas, n_temperatures, n_spins) as they are now."""

    @abstractmethod
    def set_spins(self, spins: NDArray[np.int8]) -> None:
        """Put the systems into given configurations, and forget where they came from."""

    @abstractmethod
    def set_temperatures(self, temperatures: Float64Array) -> None:
        """Change the temperatures, their number staying the same (for annealing)."""

    def restored(self) -> None:  # noqa: B027  # most engines have nothing to do
        """Bring what is derived up to date after the arrays were put back."""

    def resample(self, choice: IntArray) -> None:
        """Replace replica r of sample k by its replica ``choice[k, r]``."""
        spins = self.spins()
        self.set_spins(np.take_along_axis(spins, choice[:, :, None, None], axis=1))
