"""The engine for sparse pair models: sixteen systems of one sample in a vector of floats.

Any graph, couplings and fields will do, and samples may have different graphs. A coupling is
loaded once for up to 64 systems, so two ladders of 32 temperatures fill what the engine can
take; fewer systems than 16 leave lanes empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.simd_draws import UNIT
from spinglass_nn.dynamics import _sparse_bits_kernels as bits_kernels
from spinglass_nn.dynamics import _sparse_kernels as kernels
from spinglass_nn.dynamics import _sparse_tables as tables
from spinglass_nn.dynamics._engine import Engine, Setting
from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics._record import Record
from spinglass_nn.typing import Float64Array, IntArray

_SAVED = ("order", "labels", "exchanges", "clusters", "lowest", "n_sweeps")


class SparseEngine(Engine):
    """Metropolis or heat bath with couplings in float32, one part for each sample.

    A spin flips where s h < (T / 2) (-ln u), or (T / 2) ln((1 - u) / u) by heat bath; spins
    that nothing acts on are drawn anew. Energies after each sweep are sums of float32 products
    kept in two parts: right to about 1e-7 relative, and free of drift because nothing is
    carried over from sweep to sweep. The lowest energy is exact, in float64.

    Parameters
    ----------
    models : sequence of models
        Pair models of equal size.
    setting : Setting
        What is done to them.
    record : Record
        Where measurements go.
    """

    name: ClassVar[str] = "sparse"

    def __init__(self, models: Sequence[Any], setting: Setting, record: Record) -> None:
        super().__init__(models, setting, record)
        self.n_groups = self.n_samples
        self.raws = [record.raw(1) for _ in models]
        clusters = setting.cluster_every > 0 and setting.n_replicas > 1
        together = setting.exchange or clusters
        self._plan = tables.Plan(
            bool(setting.exchange),
            setting.measure_every if together else 1,
            1 if together else setting.measure_every,
            setting.cluster_every,
        )
        self._n_systems = setting.n_replicas * len(setting.temperatures)
        self._networks = [tables.network_of(model.graph()) for model in models]
        self._tables = [
            tables.tables_of(
                geometry_of(model, setting.observables), record.n_links, setting.observables
            )
            for model in models
        ]
        self._advance = kernels.ADVANCERS[
            setting.move == "heat_bath", clusters, self._tables[0].sites_wanted
        ]
        self._systems = [tables.systems_of(self._n_systems, self.n_spins) for _ in models]
        self._ladders = [tables.ladders_of(setting, k) for k in range(self.n_samples)]
        self._lanes: IntArray = np.arange(self._systems[0].energy.size)
        self._rooms = [
            tables.room_of(self._n_systems, self.n_spins, len(t.links), self._lanes.size)
            for t in self._tables
        ]
        for k, (systems, room) in enumerate(zip(self._systems, self._rooms, strict=True)):
            tables.draw_words(setting.seed, k, systems.states, room.bits, self.n_spins)
            self._unpack(k)
        self.set_temperatures(setting.temperatures)

    def samples_of(self, group: int) -> slice:
        """The one sample of a part."""
        return slice(group, group + 1)

    def run(self, group: int, n_measures: int, n_threads: int = 1) -> None:
        """Advance one sample by measurements."""
        totals = self.record.of_group(self.samples_of(group))
        self._advance(
            self._networks[group], self._systems[group], self._ladders[group],
            self._rooms[group], self._tables[group], self.raws[group], totals, self._plan,
            n_measures,
        )  # fmt: skip

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that changes; the configurations packed, one bit a spin."""
        found: dict[str, NDArray[Any]] = {}
        for k, ladders in enumerate(self._ladders):
            self._pack(k, self._lanes)
            found[f"{k}.bits"] = self._rooms[k].bits
            found[f"{k}.energy"] = self._systems[k].energy
            found[f"{k}.states"] = self._systems[k].states
            found.update({f"{k}.{name}": getattr(ladders, name) for name in _SAVED})
        return found

    def restored(self) -> None:
        """Unpack the configurations, and give the lanes their temperatures."""
        for k, ladders in enumerate(self._ladders):
            self._unpack(k, energies=False)
            tables.set_scales(self._systems[k], ladders)

    def energies(self) -> Float64Array:
        """Energies of the systems as they are now."""
        return np.stack([
            np.take_along_axis(
                systems.energy[: self._n_systems].reshape(ladders.order.shape),
                ladders.order, axis=1,
            )
            for systems, ladders in zip(self._systems, self._ladders, strict=True)
        ])  # fmt: skip

    def spins(self) -> NDArray[np.int8]:
        """Configurations of the systems as they are now."""
        shape = (self.setting.n_replicas, len(self.setting.temperatures), self.n_spins)
        found = np.empty((self.n_samples, *shape), dtype=np.int8)
        for k, ladders in enumerate(self._ladders):
            self._pack(k, tables.rows_of(ladders, self._lanes.size))
            found[k] = tables.unpacked(self._rooms[k].bits, self.n_spins).reshape(shape)
        return found

    def set_spins(self, spins: NDArray[np.int8]) -> None:
        """Put the systems into given configurations, each ladder in order again."""
        for k, ladders in enumerate(self._ladders):
            rows, bits = spins[k].reshape(self._n_systems, self.n_spins), self._rooms[k].bits
            bits[...] = tables.packed(rows, bits.shape[1])
            ladders.order[...] = np.arange(ladders.order.shape[1])
            ladders.labels[...] = 0
            self._unpack(k)
            tables.set_scales(self._systems[k], ladders)

    def set_temperatures(self, temperatures: Float64Array) -> None:
        """Change the temperatures of all ladders."""
        every = np.asarray(temperatures)
        for systems, ladders, network in zip(
            self._systems, self._ladders, self._networks, strict=True
        ):
            ladders.inverse_temperatures[:] = 1.0 / every
            ladders.scale_at[:] = tables.scales_at(every, UNIT)
            systems.idle[:] = tables.idle_at(network.quantum, every, UNIT)
            tables.set_scales(systems, ladders)

    def resample(self, choice: IntArray) -> None:
        """Replace replica r of sample k by its replica ``choice[k, r]``."""
        for k, ladders in enumerate(self._ladders):
            systems = self._systems[k]
            self._pack(k, self._lanes)
            for kept in (self._rooms[k].bits, systems.energy[: self._n_systems]):
                by_replica = kept.reshape(self.setting.n_replicas, -1)
                by_replica[...] = by_replica[choice[k]]
            for held in (ladders.order, ladders.labels):
                held[...] = held[choice[k]]
            self._unpack(k, energies=False)
            tables.set_scales(systems, ladders)

    def _pack(self, k: int, rows: IntArray) -> None:
        """Pack the systems of a sample, lane i into row ``rows[i]``."""
        room = self._rooms[k]
        systems = self._systems[k]
        bits_kernels.pack_lanes(
            systems.blocks, systems.spins, self.n_spins, rows, room.bits, room.rows
        )

    def _unpack(self, k: int, *, energies: bool = True) -> None:
        """Take the systems of a sample from the rows in the order of lanes."""
        room, systems = self._rooms[k], self._systems[k]
        bits_kernels.unpack_lanes(
            systems.blocks, systems.spins, self.n_spins, self._lanes, room.bits, room.rows
        )
        if energies:
            found = self.models[k].energy(tables.unpacked(room.bits, self.n_spins))
            systems.energy[: self._n_systems] = found
