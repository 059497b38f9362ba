"""Time series at a stride: energies, overlaps and, on request, configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.dynamics._engine import Engine


class Series:
    """Arrays that grow by one entry every ``every`` measurements.

    Parameters
    ----------
    n_records : int
        Entries there will be.
    every : int
        Measurements between entries; 0 for none at all.
    engine : Engine
        Whose systems are recorded.
    spins : bool
        Whether configurations are kept, one bit a spin.
    """

    def __init__(self, n_records: int, every: int, engine: Engine, spins: bool) -> None:
        self.every = every
        self.engine = engine
        setting = engine.setting
        n_records = n_records if every else 0
        cells = (engine.n_samples, len(setting.temperatures))
        pairs = setting.n_pairs if "overlap" in setting.observables else 0
        n_bytes = (engine.n_spins + 7) // 8 if spins else 0
        self.energies = np.zeros((n_records, cells[0], setting.n_replicas, cells[1]))
        self.overlaps = np.zeros((n_records, cells[0], pairs, cells[1]))
        self.spins = np.zeros(
            (n_records if spins else 0, cells[0], setting.n_replicas, cells[1], n_bytes),
            dtype=np.uint8,
        )

    def until_record(self, n_measures: int) -> int:
        """Measurements until the next entry is due."""
        return self.every - n_measures % self.every if self.every else 1 << 62

    def take(self, n_measures: int) -> None:
        """Write down the last measurement, if an entry is due."""
        if not self.every or n_measures % self.every:
            return
        place = n_measures // self.every - 1
        for group, raw in enumerate(self.engine.raws):
            samples = self.engine.samples_of(group)
            self.energies[place, samples] = raw.energy
            if self.overlaps.shape[2]:
                self.overlaps[place, samples] = raw.overlap
        if len(self.spins):
            self.spins[place] = np.packbits(self.engine.spins() < 0, axis=-1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that changes, by reference."""
        return {"energies": self.energies, "overlaps": self.overlaps, "spins": self.spins}

    def put_back(self, saved: dict[str, NDArray[Any]]) -> None:
        """Take over the entries of an earlier, shorter run."""
        for name, array in self.arrays().items():
            array[: len(saved[name])] = saved[name]
