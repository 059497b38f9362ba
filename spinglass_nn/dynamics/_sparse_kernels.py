"""The loop of the sparse engine: sweeps, exchanges, clusters, lowest energies, measurements."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import kernel, part
from spinglass_nn.dynamics._exchange_kernels import exchange, follow
from spinglass_nn.dynamics._record_kernels import accumulate
from spinglass_nn.dynamics._sparse_bits_kernels import pack_lanes, pack_products
from spinglass_nn.dynamics._sparse_cluster_kernels import move_clusters
from spinglass_nn.dynamics._sparse_measure_kernels import measure_sites, measure_spins
from spinglass_nn.dynamics._sparse_sweep_kernels import (
    exact_energy,
    sweep_heat_bath,
    sweep_metropolis,
)


@part
def _exchange_ladders(systems: Any, ladders: Any, totals: Any, parity: int) -> None:
    """Try half of the neighbours on every ladder, and hand out the temperatures anew."""
    n_replicas, n_temperatures = ladders.order.shape
    for r in range(n_replicas):
        lane = r * n_temperatures
        order, energy = ladders.order[r], systems.energy[lane : lane + n_temperatures]
        exchange(
            energy, order, ladders.inverse_temperatures, parity, ladders.exchanges[r],
            totals.attempts[0], totals.accepts[0],
        )  # fmt: skip
        totals.round_trips[0, r] += follow(
            order, ladders.labels[r], totals.labelled[0], totals.from_hot[0]
        )
        for t in range(n_temperatures):
            systems.scales[lane + order[t]] = ladders.scale_at[t]


@part
def _pack(systems: Any, ladders: Any, room: Any, n_spins: int) -> None:
    """Pack all configurations, ordered by replica and temperature."""
    n_replicas, n_temperatures = ladders.order.shape
    for r in range(n_replicas):
        for t in range(n_temperatures):
            lane = r * n_temperatures + ladders.order[r, t]
            room.row_of[lane] = r * n_temperatures + t
    pack_lanes(systems.blocks, systems.spins, n_spins, room.row_of, room.bits, room.rows)


@part
def _read_energies(energy: Any, order: Any, by_temperature: Any) -> None:
    n_replicas, n_temperatures = order.shape
    for r in range(n_replicas):
        for t in range(n_temperatures):
            by_temperature[r, t] = energy[r * n_temperatures + order[r, t]]


@part
def _note_lowest(
    network: Any, systems: Any, block: int, limit: Any, n_systems: int, lowest_energy: Any,
    lowest_spins: Any,
) -> None:  # fmt: skip
    """Keep the configuration of a system of this block if no energy was lower before.

    ``limit`` is the lowest energy in the sweeps' own arithmetic, which gives equal numbers
    for equal configurations, so that each is looked at once; ``lowest_energy`` is exact.
    """
    lane = 16 * systems.blocks[block, 0]
    best = lane
    for k in range(lane + 1, min(lane + 16 * systems.blocks[block, 1], n_systems)):
        if systems.energy[k] < systems.energy[best]:
            best = k
    if systems.energy[best] >= limit[0] and lowest_energy[0] < np.inf:
        return
    limit[0] = systems.energy[best]
    at, stride = systems.starts[best], 16 * systems.widths[best]
    energy = exact_energy(network, systems.spins, at, stride)
    if energy < lowest_energy[0]:
        lowest_energy[0] = energy
        for i in range(lowest_spins.shape[0]):
            lowest_spins[i] = np.int8(systems.spins[at + stride * i])


@part
def _measure_all_sites(room: Any, tables: Any, raw: Any) -> None:
    """What depends on where spins sit, of all pairs of replicas."""
    n_replicas, n_temperatures = raw.energy.shape[1:]
    bits = room.bits.reshape(n_replicas, n_temperatures, room.bits.shape[1])
    for a in range(n_replicas):
        for b in range(a + 1, n_replicas):
            pair = a * (2 * n_replicas - a - 1) // 2 + b - a - 1
            for first in range(0, n_temperatures, 64):
                count = min(64, n_temperatures - first)
                pack_products(bits[a], bits[b], first, count, room.sites)
                measure_sites(room, tables, raw, pair, first)


def _sweeper(heat_bath: bool) -> Any:
    """Sweeps of all blocks with one of the moves."""

    @part
    def sweep_all(network: Any, systems: Any, ladders: Any, totals: Any, inner: int) -> None:
        for block in range(systems.blocks.shape[0]):
            for _ in range(inner):
                if heat_bath:
                    sweep_heat_bath(network, systems, block)
                else:
                    sweep_metropolis(network, systems, block)
                _note_lowest(
                    network, systems, block, ladders.lowest, ladders.order.size,
                    totals.lowest_energy, totals.lowest_spins[0],
                )  # fmt: skip

    return sweep_all


_sweep_metropolis, _sweep_heat_bath = _sweeper(False), _sweeper(True)


@part
def _exchange_clusters(
    network: Any, systems: Any, ladders: Any, room: Any, totals: Any
) -> None:
    _pack(systems, ladders, room, network.fields.shape[0])
    move_clusters(network, systems, ladders, room)
    for block in range(systems.blocks.shape[0]):
        _note_lowest(
            network, systems, block, ladders.lowest, ladders.order.size,
            totals.lowest_energy, totals.lowest_spins[0],
        )  # fmt: skip


def _advancer(heat_bath: bool, clusters: bool, sites: bool) -> Any:
    """The loop for one kind of run, so that only what is used gets compiled."""

    @kernel
    def advance(
        network: Any, systems: Any, ladders: Any, room: Any, tables: Any, raw: Any, totals: Any,
        plan: Any, n_measures: int,
    ) -> None:  # fmt: skip
        """Advance the systems of one sample by n_measures measurements."""
        n_spins = network.fields.shape[0]
        for _ in range(n_measures):
            for _ in range(plan.outer):
                if heat_bath:
                    _sweep_heat_bath(network, systems, ladders, totals, plan.inner)
                else:
                    _sweep_metropolis(network, systems, ladders, totals, plan.inner)
                if plan.exchange:
                    _exchange_ladders(systems, ladders, totals, ladders.n_sweeps[0] % 2)
                ladders.n_sweeps[0] += plan.inner
                if clusters and ladders.n_sweeps[0] % plan.cluster_every == 0:
                    _exchange_clusters(network, systems, ladders, room, totals)
            if tables.bits_wanted:
                _pack(systems, ladders, room, n_spins)
            _read_energies(systems.energy, ladders.order, raw.energy[0])
            measure_spins(room, raw, n_spins)
            if sites:
                _measure_all_sites(room, tables, raw)
            accumulate(raw, totals, n_spins, tables.n_links)

    return advance


_EITHER = (False, True)
ADVANCERS = {(h, c, s): _advancer(h, c, s) for h in _EITHER for c in _EITHER for s in _EITHER}
