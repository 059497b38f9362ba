"""Engines whose systems stay in place while temperatures pass among them, but for the sweep."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn._core.random import Stream
from spinglass_nn._core.simd import aligned
from spinglass_nn._core.streams import stream_states
from spinglass_nn.dynamics import _ladder_kernels as kernels
from spinglass_nn.dynamics._engine import Engine, Setting
from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics._ladder_kernels import Notes, Rules, Systems
from spinglass_nn.dynamics._record import Record
from spinglass_nn.dynamics._reluctance import quantum_of, reluctance
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.typing import Float64Array, IntArray

BLOCK = 64  # spins in a word
_NOTE_BYTES = 1 << 20  # of measurements put off, so that threads rarely have to meet
_SAVED = (
    "words", "states", "exchange_states", "order", "label", "attempts", "accepts", "labelled",
    "from_hot", "round_trips", "lowest", "lowest_words", "n_sweeps",
)  # fmt: skip
_COUNTED = ("attempts", "accepts", "labelled", "from_hot")


class LadderEngine(Engine):
    """What the engines of models with many interactions per spin share.

    Each sample is a part of its own; within it, ladders share nothing but the couplings and
    may run on threads of their own between measurements. Couplings are rounded to whole
    multiples of a power of 2, chosen so that the largest field possible fits into 32 bits:
    fields and energies are then exact sums of these, whatever was done to the spins.
    """

    def __init__(self, models: Sequence[Any], setting: Setting, record: Record) -> None:
        super().__init__(models, setting, record)
        if setting.cluster_every:
            raise ParameterError(
                f"cluster_every must be 0 for {self.name} models, whose clusters would be all "
                f"spins at once, got {setting.cluster_every}"
            )
        self.n_groups = len(models)
        self.n_blocks = -(-self.n_spins // BLOCK)
        self.n_temperatures = len(setting.temperatures)
        self.n_systems = setting.n_replicas * self.n_temperatures
        self.raws = [record.raw(1) for _ in models]
        self._geometries = [geometry_of(model, setting.observables) for model in models]
        known: dict[
            int, tuple[Any, float, float]
        ] = {}  # batches of one model share its couplings
        for model in models:
            if id(model) not in known:
                known[id(model)] = (*self._prepared(model), self._quantum(model))
        self._couplings = [known[id(model)][0] for model in models]
        self._units = [known[id(model)][1] for model in models]
        self._quanta = [known[id(model)][2] for model in models]
        self._all = self._stacked()
        self._systems = [self._of_sample(k) for k in range(self.n_samples)]
        self._reported = [(0, -1)] * self.n_samples  # lowest energy and its ladder
        for k in range(self.n_samples):
            self._start(k)
        self.set_temperatures(setting.temperatures)

    @abstractmethod
    def _prepared(self, model: Any) -> tuple[Any, float]:
        """The couplings of a model as the kernels want them, and their unit."""

    def _quantum(self, model: Any) -> float:
        """What all couplings and fields are multiples of; 0 if there is no such number."""
        couplings = model.couplings if isinstance(model, PSpin) else model.matrix()
        return quantum_of(couplings, np.asarray(model.fields))

    @abstractmethod
    def _field_shape(self) -> tuple[int, ...]:
        """Shape of the fields of one sample."""

    @abstractmethod
    def _refresh(self, k: int) -> None:
        """Fields and energies of sample k from its spins."""

    @abstractmethod
    def _advance(
        self, k: int, rules: Rules, notes: Notes, n_notes: int, first: int, stop: int
    ) -> None:
        """Advance ladders first ... stop - 1 of sample k, writing down what is measured."""

    def _stacked(self) -> dict[str, NDArray[Any]]:
        """What is saved, of all samples."""
        n_samples, n_ladders = self.n_samples, self.setting.n_replicas
        ladder = (n_samples, n_ladders, self.n_temperatures)
        pairs = (n_samples, n_ladders, max(0, self.n_temperatures - 1))
        none = np.iinfo(np.int64).max
        return {
            "words": np.zeros((n_samples, self.n_blocks, self.n_systems), dtype=np.uint64),
            "states": aligned((n_samples, n_ladders, 32), np.uint64),
            "exchange_states": np.zeros((n_samples, n_ladders, 4), dtype=np.uint64),
            "order": np.zeros(ladder, dtype=np.int64),
            "label": np.zeros(ladder, dtype=np.int64),
            "attempts": np.zeros(pairs, dtype=np.int64),
            "accepts": np.zeros(pairs, dtype=np.int64),
            "labelled": np.zeros(ladder, dtype=np.int64),
            "from_hot": np.zeros(ladder, dtype=np.int64),
            "round_trips": np.zeros((n_samples, n_ladders), dtype=np.int64),
            "lowest": np.full((n_samples, n_ladders), none),
            "lowest_words": np.zeros((n_samples, n_ladders, self.n_blocks), dtype=np.uint64),
            "n_sweeps": np.zeros((n_samples, n_ladders), dtype=np.int64),
        }

    def _of_sample(self, k: int) -> Systems:
        return Systems(
            **{name: self._all[name][k] for name in _SAVED},
            fields=aligned(self._field_shape(), np.int32),
            energy=np.zeros(self.n_systems, dtype=np.int64),
            floats=np.zeros((self.setting.n_replicas, self.n_temperatures)),
            inverse=np.zeros(self.n_temperatures),
            widths=np.zeros(self.n_temperatures, dtype=np.float32),
            scale=np.zeros(self.n_systems, dtype=np.float32),
            idle=aligned(16, np.float32),
        )

    def _start(self, k: int) -> None:
        """Random streams and random spins."""
        systems, setting = self._systems[k], self.setting
        for r in range(setting.n_replicas):
            generator = setting.seed.generator(Stream.MOVES, k, r)
            systems.states[r] = generator.integers(0, 2**64, size=32, dtype=np.uint64)
            down = generator.integers(0, 2, size=(self.n_temperatures, self.n_spins))
            self._write(k, r, down.astype(bool))
        systems.exchange_states[:] = stream_states(
            setting.seed, Stream.EXCHANGE, setting.n_replicas, k
        )
        systems.order[:] = np.arange(self.n_temperatures)
        self._refresh(k)

    def _write(self, k: int, r: int, down: NDArray[np.bool_]) -> None:
        """Put configurations (n_temperatures, n_spins) into the systems of one ladder."""
        padded = np.zeros((self.n_temperatures, self.n_blocks * BLOCK), dtype=np.uint8)
        padded[:, : self.n_spins] = down
        packed = np.packbits(padded, axis=1, bitorder="little").view("<u8")
        first = r * self.n_temperatures
        self._systems[k].words[:, first : first + self.n_temperatures] = packed.T

    def _unpacked(self, words: NDArray[np.uint64]) -> NDArray[np.int8]:
        """Spins (..., n_spins) of words (..., n_blocks)."""
        octets = np.ascontiguousarray(words.astype("<u8")).view(np.uint8)
        bits = np.unpackbits(octets, axis=-1, count=self.n_spins, bitorder="little")
        return 1 - 2 * bits.astype(np.int8)

    def samples_of(self, group: int) -> slice:
        return slice(group, group + 1)

    def run(self, group: int, n_measures: int, n_threads: int = 1) -> None:
        setting = self.setting
        rules = Rules(
            unit=self._units[group],
            heat_bath=setting.move == "heat_bath",
            exchange=setting.exchange,
            measure_every=setting.measure_every,
        )
        note = 8 * self.n_systems * (self.n_blocks + 1)
        room = max(1, min(n_measures, _NOTE_BYTES // note))
        ladder = (room, setting.n_replicas, self.n_temperatures)
        notes = Notes(np.zeros((*ladder, self.n_blocks), np.uint64), np.zeros(ladder))
        parts = _parts(setting.n_replicas, n_threads)
        for start in range(0, n_measures, room):
            n = min(room, n_measures - start)
            self._to_notes(group, rules, notes, n, parts)
            kernels.measure_notes(
                notes, n, self._geometries[group], self.raws[group],
                self.record.of_group(self.samples_of(group)), self.record.n_links,
            )  # fmt: skip
        self._report(group)

    def _to_notes(
        self, k: int, rules: Rules, notes: Notes, n_notes: int, parts: Sequence[tuple[int, int]]
    ) -> None:
        if len(parts) == 1:
            self._advance(k, rules, notes, n_notes, *parts[0])
        else:
            threads.run(
                lambda part: self._advance(k, rules, notes, n_notes, *part), parts, len(parts)
            )

    def _report(self, k: int) -> None:
        """Add what the ladders counted to the record, and the lowest energy if it is new."""
        systems, totals = self._systems[k], self.record.totals
        for name in _COUNTED:
            counted = getattr(systems, name)
            getattr(totals, name)[k] += counted.sum(axis=0)
            counted[:] = 0
        totals.round_trips[k] += systems.round_trips
        systems.round_trips[:] = 0
        ladder = int(systems.lowest.argmin())  # the first of equals, whenever it got there
        found = (int(systems.lowest[ladder]), ladder)
        if found != self._reported[k]:
            self._reported[k] = found
            spins = self._unpacked(systems.lowest_words[ladder])
            totals.lowest_spins[k] = spins
            totals.lowest_energy[k] = self.models[k].energy(spins)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return self._all

    def restored(self) -> None:
        self._reported = [(0, -1)] * self.n_samples
        for k in range(self.n_samples):
            self._refresh(k)
        self._hand_out()

    def _hand_out(self) -> None:
        for systems in self._systems:
            for r in range(self.setting.n_replicas):
                kernels.hand_out(systems, r)

    def _by_temperature(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values (n_samples, ..., n_systems) with the last axis split and put second."""
        shape = (self.n_samples, self.setting.n_replicas, self.n_temperatures)
        split = np.moveaxis(values, -1, 1).reshape(*shape, *values.shape[1:-1])
        order = self._all["order"].reshape(*shape, *[1] * (values.ndim - 2))
        found: NDArray[Any] = np.take_along_axis(split, order, axis=2)
        return found

    def energies(self) -> Float64Array:
        energy = [s.energy * u for s, u in zip(self._systems, self._units, strict=True)]
        return self._by_temperature(np.stack(energy))

    def spins(self) -> NDArray[np.int8]:
        return self._unpacked(self._by_temperature(self._all["words"]))

    def set_spins(self, spins: NDArray[np.int8]) -> None:
        self._all["order"][:] = np.arange(self.n_temperatures)
        self._all["label"][:] = 0
        for k, ladders in enumerate(np.asarray(spins) < 0):
            for r, down in enumerate(ladders):
                self._write(k, r, down)
        self.restored()

    def set_temperatures(self, temperatures: Float64Array) -> None:
        for systems, unit, quantum in zip(
            self._systems, self._units, self._quanta, strict=True
        ):
            systems.idle[:] = reluctance(quantum, temperatures)
            systems.inverse[:] = 1 / temperatures
            systems.widths[:] = temperatures / (2 * unit)
        self._hand_out()

    def resample(self, choice: IntArray) -> None:
        for systems, chosen in zip(self._systems, choice, strict=True):
            first = chosen[:, None] * self.n_temperatures
            source = (first + np.arange(self.n_temperatures)).ravel()
            systems.words[:] = systems.words[:, source]
            systems.energy[:] = systems.energy[source]
            systems.order[:] = systems.order[chosen]
            systems.label[:] = systems.label[chosen]
            by_system = self._fields_by_system(systems.fields)
            by_system[:] = by_system[:, source]
        self._hand_out()

    @abstractmethod
    def _fields_by_system(self, fields: NDArray[np.int32]) -> NDArray[np.int32]:
        """A view (anything, n_systems, anything) of the fields of one sample."""


def _parts(n_ladders: int, n_threads: int) -> list[tuple[int, int]]:
    """Ladders first ... stop - 1 for each thread, as evenly as can be."""
    n_parts = max(1, min(n_ladders, n_threads))
    ends = [n_ladders * part // n_parts for part in range(n_parts + 1)]
    return list(itertools.pairwise(ends))


def unit_for(largest: float, n_terms: float) -> float:
    """The finest power of 2 in which sums up to ``largest`` of rounded terms fit 31 bits."""
    room = 2.0**31 - 1 - n_terms
    return float(2.0 ** -np.floor(np.log2(room / largest))) if largest > 0 else 1.0
