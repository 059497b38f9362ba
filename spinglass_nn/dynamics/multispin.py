"""The engine for ±J couplings: 512 systems at once, one bit each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.random import Stream
from spinglass_nn._core.simd import N_WORDS, aligned
from spinglass_nn._core.streams import stream_states
from spinglass_nn.dynamics import _multispin_kernels as kernels
from spinglass_nn.dynamics._engine import Engine, Setting
from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics._multispin_measure_kernels import (
    note_levels,
    read_spins,
    write_spins,
)
from spinglass_nn.dynamics._multispin_sweep_kernels import N_BITS
from spinglass_nn.dynamics._multispin_tables import (
    ALL,
    SLOTS,
    Compared,
    Ends,
    Layout,
    Part,
    Partners,
    Scratch,
    Tables,
    bonds_of,
    in_bits,
    lattice_of,
    passes_of,
    probabilities,
    size_of,
    waves_of,
    words_of,
)
from spinglass_nn.dynamics._record import Record
from spinglass_nn.spins.edwards_anderson import EdwardsAnderson
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import Float64Array

_PAIRS = ("overlap", "link_overlap", "structure")
_LARGEST = 2**27  # sites, so that 32 bits hold the place of a word


def suits(models: Sequence[Any], setting: Setting) -> str:
    """Why this engine cannot run these models; empty if it can."""
    if setting.move != "metropolis":
        return "it moves by Metropolis' rule alone"
    if len(setting.temperatures) > 64:
        return "it takes 64 temperatures at most"
    if "layers" in setting.observables:
        return "it has no layers"
    if not all(isinstance(m, (EdwardsAnderson, IsingGraph)) for m in models):
        return "it needs lattices or graphs of short range"
    if any(np.any(m.fields) for m in models):
        return "it needs models without field"
    return _bonds_unsuited(models)


def _bonds_unsuited(models: Sequence[Any]) -> str:
    tails, heads, couplings = bonds_of(models[0])
    if not couplings.size:
        return "it needs bonds"
    unit = abs(couplings[0])
    degree = np.bincount(np.concatenate([tails, heads]))
    if degree.max() > SLOTS[-1]:
        return f"it takes {SLOTS[-1]} neighbours at most, here are {degree.max()}"
    if models[0].n_spins > _LARGEST:
        return f"it takes {_LARGEST} spins at most"
    for model in models:
        other_tails, other_heads, couplings = bonds_of(model)
        if not (np.array_equal(tails, other_tails) and np.array_equal(heads, other_heads)):
            return "its samples must have the same bonds"
        if np.any(np.abs(np.abs(couplings) - unit) > 1e-12 * unit):
            return "it needs couplings of ±J with one J"
    return ""


class MultispinEngine(Engine):
    """Multi-spin coding: a spin is a bit, and 512 systems move by operations on words.

    Metropolis sweeps in the order of the sites. Every lane draws random bits of its own,
    so that replicas and temperatures are independent, and accepts with a probability exact to
    2^-56. Eight samples with 32 temperatures and two replicas fill the vectors; so do 512
    replicas of one sample.

    Parameters
    ----------
    models : sequence of EdwardsAnderson or IsingGraph
        Samples with the same bonds, all couplings ±J with one J, at most 8 neighbours, no
        field.
    setting : Setting
        What is done.
    record : Record
        Where measurements go.
    """

    name: ClassVar[str] = "multispin"

    def __init__(self, models: Sequence[Any], setting: Setting, record: Record) -> None:
        super().__init__(models, setting, record)
        self._layout = Layout(setting.n_replicas, len(setting.temperatures))
        self.n_groups = -(-self.n_samples // self._layout.n_samples)
        self.raws = [
            record.raw(span.stop - span.start)
            for span in map(self.samples_of, range(self.n_groups))
        ]
        self._tables = self._make_tables()
        self._make_arrays()
        self._parts = [self._make_part(group) for group in range(self.n_groups)]
        self._first_spins()
        self.set_temperatures(setting.temperatures)
        self.restored()

    def _make_tables(self) -> Tables:
        model, layout, setting = self.models[0], self._layout, self.setting
        tails, heads, couplings = bonds_of(model)
        lattice = lattice_of(self.n_spins, tails, heads)
        last = layout.n_temperatures - 1
        ends = aligned((2, N_WORDS), np.uint64)
        ends[:] = np.array([[layout.copies()], [layout.copies() << last]], dtype=np.uint64)
        return Tables(
            n_spins=self.n_spins,
            n_bonds=tails.size,
            unit=float(abs(couplings[0])),
            measure_every=setting.measure_every,
            cluster_every=setting.cluster_every,
            exchange=setting.exchange and last > 0,
            lattice=lattice,
            bonds=Ends(words_of(tails), words_of(heads)),
            partners=self._make_partners(),
            compared=self._make_compared(),
            places=layout.places(),
            chances=aligned(2 * N_BITS * len(lattice.slots) // 2 * N_WORDS, np.uint64),
            gaps=np.zeros(last),
            ends=ends.ravel(),
        )

    def _make_partners(self) -> Partners:
        layout, n_pairs = self._layout, self.setting.n_replicas // 2
        in_one_word = layout.per_word > 1
        return Partners(
            offset=0 if in_one_word else 1,
            shift=layout.n_temperatures if in_one_word else 0,
            n_temperatures=layout.n_temperatures,
            first=layout.lanes(slice(0, 2 * n_pairs, 2), layout.everyone),
        )

    def _make_compared(self) -> Compared:
        names, model = self.setting.observables, self.models[0]
        geometry = geometry_of(model, names)
        wanted = any(name in names for name in _PAIRS)
        return Compared(
            *passes_of(self._layout if wanted else Layout(1, 1)),
            sites=words_of(np.arange(self.n_spins)),
            n_links=len(geometry.links),
            tails=words_of(geometry.links[:, 0]),
            heads=words_of(geometry.links[:, 1]),
            waves=waves_of(getattr(model, "shape", ()), geometry.waves),
        )

    def _make_arrays(self) -> None:
        """All that changes, for all groups."""
        setting, groups = self.setting, (self.n_groups, self._layout.n_blocks)
        size = size_of(self.n_spins)
        self._spins = aligned((*groups, size), np.uint64)
        self._moves = aligned((*groups, 4 * N_WORDS), np.uint64)
        self._labels = aligned((*groups, 2 * N_WORDS), np.uint64)
        self._number = np.zeros(self.n_groups, dtype=np.int64)
        n_ladders = setting.n_replicas if self._tables.exchange else 0
        n_pairs = setting.n_replicas // 2 if setting.cluster_every else 0
        self._exchange = self._streams(Stream.EXCHANGE, n_ladders)
        self._clusters = self._streams(Stream.CLUSTERS, n_pairs)
        self._levels = np.zeros(
            (self.n_samples, setting.n_replicas, len(setting.temperatures)), dtype=np.int64
        )

    def _streams(self, stream: Stream, n_streams: int) -> NDArray[np.uint64]:
        states = np.zeros((self.n_samples, n_streams, 4), dtype=np.uint64)
        for k in range(self.n_samples if n_streams else 0):
            states[k] = stream_states(self.setting.seed, stream, n_streams, k)
        return states

    def _make_part(self, group: int) -> Part:
        layout, samples = self._layout, self.samples_of(group)
        n_blocks, n_samples = layout.n_blocks, samples.stop - samples.start
        tallies = aligned((n_blocks, 4 * 32 * N_WORDS), np.uint64)
        return Part(
            spins=self._spins[group],
            signs=self._signs(samples),
            used=layout.lanes(slice(None), layout.everyone, n_samples),
            moves=self._moves[group],
            exchange=self._exchange[samples],
            clusters=self._clusters[samples],
            labels=self._labels[group],
            number=self._number[group : group + 1],
            levels=self._levels[samples],
            masks=aligned((n_blocks, N_WORDS), np.uint64),
            tallies=tallies,
            tally_counts=tallies.view(np.int32),
            tried=np.zeros(2, dtype=np.int64),
            scratch=self._make_scratch(),
        )

    def _make_scratch(self) -> Scratch:
        setting, size = self.setting, size_of(self.n_spins)
        planes = aligned((self._layout.n_blocks, 32 * N_WORDS), np.uint64)
        clusters = setting.cluster_every > 0
        whole = clusters or bool({"link_overlap", "structure"} & set(setting.observables))
        return Scratch(
            planes=planes,
            counts=planes.view(np.int32),
            waiting=aligned(32 * N_WORDS, np.uint64),
            joint=aligned(size if whole else 0, np.uint64),
            cluster=aligned(size if clusters else 0, np.uint64),
            real=np.zeros(64 * N_WORDS),
            imaginary=np.zeros(64 * N_WORDS),
        )

    def _signs(self, samples: slice) -> NDArray[np.uint64]:
        """Words of the bonds: ones where a sample's coupling is negative."""
        places, n_bonds = self._layout.places(), self._tables.n_bonds
        n_rows = self._tables.bonds.tails.size + 2
        signs = aligned((self._layout.n_blocks, n_rows, N_WORDS), np.uint64)
        for k, model in enumerate(self.models[samples]):
            words = np.where(bonds_of(model)[2] < 0, ALL, np.uint64(0))
            for block, column, _ in places[k, :: self._layout.per_word]:
                signs[block, :n_bonds, column] = words
        signs[:, -1] = ALL
        return signs.reshape(len(signs), -1)

    def _first_spins(self) -> None:
        """Random spins and the states of the random words, by sample and column."""
        columns = self._layout.places()[:, :: self._layout.per_word]
        for k in range(self.n_samples):
            group, place = divmod(k, self._layout.n_samples)
            generator = self.setting.seed.generator(Stream.MOVES, k)
            used = self._parts[group].used
            for block, column, _ in columns[place]:
                draw = generator.integers(2**64, size=4 + self.n_spins, dtype=np.uint64)
                self._moves[group, block, column::N_WORDS] = draw[:4]
                words = self._spins[group, block, N_WORDS + column :: N_WORDS]
                words[: self.n_spins] = draw[4:] & used[block, column]

    def samples_of(self, group: int) -> slice:  # noqa: D102  # as in Engine
        each = self._layout.n_samples
        return slice(group * each, min(self.n_samples, (group + 1) * each))

    def run(self, group: int, n_measures: int, n_threads: int = 1) -> None:  # noqa: D102
        totals = self.record.of_group(self.samples_of(group))
        raw, part = self.raws[group], self._parts[group]
        kernels.run(n_measures, self._tables, part, raw, totals)

    def arrays(self) -> dict[str, NDArray[Any]]:  # noqa: D102
        return {
            "spins": self._spins,
            "moves": self._moves,
            "exchange": self._exchange,
            "clusters": self._clusters,
            "labels": self._labels,
            "number": self._number,
        }

    def restored(self) -> None:  # noqa: D102
        tables = self._tables
        for part in self._parts:
            kernels.count_levels(tables.bonds, part.spins, part.signs, part.scratch)
            note_levels(
                part.scratch.counts, tables.places, part.spins, tables.unit, tables.n_bonds,
                part.levels, np.full(len(part.levels), -np.inf), np.zeros((0, 0), np.int8),
            )  # fmt: skip

    def energies(self) -> Float64Array:  # noqa: D102
        levels = self._levels.astype(np.float64)
        return self._tables.unit * (2 * levels - self._tables.n_bonds)

    def spins(self) -> NDArray[np.int8]:  # noqa: D102
        found = np.empty((*self._levels.shape, self.n_spins), dtype=np.int8)
        for group, part in enumerate(self._parts):
            read_spins(self._tables.places, part.spins, found[self.samples_of(group)])
        return found

    def set_spins(self, spins: NDArray[np.int8]) -> None:  # noqa: D102
        given = np.ascontiguousarray(spins, dtype=np.int8)
        for group, part in enumerate(self._parts):
            write_spins(self._tables.places, part.spins, given[self.samples_of(group)])
        self._labels[:] = 0
        self.restored()

    def set_temperatures(self, temperatures: Float64Array) -> None:  # noqa: D102
        tables = self._tables
        slots, inverse = len(tables.lattice.slots), 1 / temperatures
        tables.gaps[:] = 2 * tables.unit * (inverse[:-1] - inverse[1:])
        chances = probabilities(slots, tables.unit, temperatures)
        words = in_bits(chances, self._layout.copies())
        tables.chances.reshape(-1, N_WORDS)[:] = words.reshape(-1, 1)
