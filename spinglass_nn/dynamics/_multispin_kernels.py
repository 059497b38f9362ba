"""The kernel of the multi-spin engine: whole runs without a return to Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import kernel
from spinglass_nn.dynamics._multispin_cluster_kernels import exchange_clusters
from spinglass_nn.dynamics._multispin_count_kernels import FIRST, count_unsatisfied, to_integers
from spinglass_nn.dynamics._multispin_exchange_kernels import decide, flush, swap
from spinglass_nn.dynamics._multispin_measure_kernels import (
    measure_energies,
    measure_magnetizations,
    measure_pairs,
    note_levels,
)
from spinglass_nn.dynamics._multispin_sweep_kernels import sweep
from spinglass_nn.dynamics._record_kernels import accumulate

_EIGHT: Any = np.int64(8)


@kernel
def run(n_measures: int, tables: Any, part: Any, raw: Any, totals: Any) -> None:
    """Move the systems of one part on, by so many measurements.

    All is called from here, as kernels that call kernels are compiled again for each caller.
    """
    lattice, bonds, places, n_spins = (
        tables.lattice,
        tables.bonds,
        tables.places,
        tables.n_spins,
    )
    spins, signs, scratch, levels = part.spins, part.signs, part.scratch, part.levels
    lowest, lowest_spins = totals.lowest_energy, totals.lowest_spins
    unit, n_bonds = tables.unit, tables.n_bonds
    for _ in range(n_measures):
        for _ in range(tables.measure_every):
            number = part.number[0]
            part.number[0] = number + 1
            for block in range(spins.shape[0]):
                sweep(
                    lattice.slots, spins[block], signs[block], lattice.table,
                    lattice.chance_at, tables.chances, part.used[block], part.moves[block],
                )  # fmt: skip
            count_levels(bonds, spins, signs, scratch)
            note_levels(
                scratch.counts, places, spins, unit, n_bonds, levels, lowest, lowest_spins
            )
            if tables.exchange:
                decide(
                    levels, places, tables.gaps, number & 1, part.exchange, part.masks,
                    part.tried,
                )  # fmt: skip
                for block in range(spins.shape[0]):
                    swap(
                        spins[block], n_spins, part.masks[block], tables.ends,
                        part.labels[block], part.tallies[block],
                    )  # fmt: skip
            if tables.cluster_every > 0 and number % tables.cluster_every == 0:
                partners, clusters = tables.partners, part.clusters
                exchange_clusters(spins, n_spins, lattice, places, partners, clusters, scratch)
                count_levels(bonds, spins, signs, scratch)
                note_levels(
                    scratch.counts, places, spins, unit, n_bonds, levels, lowest, lowest_spins
                )
        measure_energies(levels, unit, n_bonds, raw.energy)
        if raw.magnetization.shape[1] > 0:
            sites, found = tables.compared.sites, raw.magnetization
            measure_magnetizations(spins, sites, places, n_spins, scratch, found)
        if tables.compared.passes.shape[0] > 0:
            measure_pairs(spins, n_spins, tables.compared, scratch, raw)
        accumulate(raw, totals, n_spins, tables.compared.n_links)
    flush(places, part.tallies, part.tally_counts, part.tried, totals)


@kernel
def count_levels(bonds: Any, spins: Any, signs: Any, scratch: Any) -> None:
    """Count the unsatisfied bonds of all systems."""
    for block in range(spins.shape[0]):
        planes = scratch.planes[block]
        count_unsatisfied(
            spins[block], bonds.tails, bonds.heads, signs[block], _EIGHT, planes,
            scratch.waiting,
        )  # fmt: skip
        to_integers(planes, FIRST)
