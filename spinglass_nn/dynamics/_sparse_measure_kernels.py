"""Measurements of packed configurations, 64 temperatures at once where sites matter."""

from __future__ import annotations

from typing import Any

from spinglass_nn._core.jit import part
from spinglass_nn._core.simd import count_ones
from spinglass_nn.dynamics._sparse_bits_kernels import count_pairs, number


@part
def measure_spins(room: Any, raw: Any, n_spins: int) -> None:
    """Magnetisations and overlaps of packed configurations, ordered by temperature."""
    n_replicas, n_temperatures = raw.energy.shape[1:]
    n_words = room.bits.shape[1]
    bits = room.bits.reshape(n_replicas, n_temperatures, n_words)
    for r in range(raw.magnetization.shape[1]):
        for t in range(n_temperatures):
            down = _count_down(bits, r, t)
            raw.magnetization[0, r, t] = 1.0 - 2.0 * down / n_spins
    if raw.overlap.shape[1] == 0:
        return
    for a in range(n_replicas):
        for b in range(a + 1, n_replicas):
            pair = a * (2 * n_replicas - a - 1) // 2 + b - a - 1
            for t in range(n_temperatures):
                down = _count_different(bits, a, b, t)
                raw.overlap[0, pair, t] = 1.0 - 2.0 * down / n_spins


@part
def _count_different(bits: Any, a: int, b: int, t: int) -> int:
    """Number of spins that differ between two replicas at one temperature."""
    different = 0
    for w in range(bits.shape[2]):
        different += count_ones(bits[a, t, w] ^ bits[b, t, w])
    return different


@part
def _count_down(bits: Any, r: int, t: int) -> int:
    """Number of spins -1."""
    down = 0
    for w in range(bits.shape[2]):
        down += count_ones(bits[r, t, w])
    return down


@part
def measure_sites(room: Any, tables: Any, raw: Any, pair: int, first: int) -> None:
    """Link overlaps, waves and layers of a pair whose products are packed by sites.

    There are products at up to 64 temperatures from the first.
    """
    count = min(64, raw.energy.shape[2] - first)
    if raw.link_overlap.shape[1] > 0:
        count_pairs(room.sites, tables.links, room.planes)
        n_links = tables.links.shape[0]
        for k in range(count):
            share = number(room.planes, k) / n_links
            raw.link_overlap[0, pair, first + k] = 1.0 - 2.0 * share
    if raw.structure.shape[1] > 0:
        for axis in range(raw.structure.shape[3]):
            _measure_wave(room, tables, axis, raw.structure[0, pair, first:, axis])
    if raw.layers.shape[1] > 0:
        for layer in range(raw.layers.shape[3]):
            start, stop = tables.layers[layer], tables.layers[layer + 1]
            count_pairs(room.sites, tables.sites[start:stop], room.planes)
            for k in range(count):
                share = number(room.planes, k) / (stop - start)
                raw.layers[0, pair, first + k, layer] = 1.0 - 2.0 * share


@part
def _measure_wave(room: Any, tables: Any, axis: int, found: Any) -> None:
    """|(1/N) sum_x q_x exp(i k x)|^2 along one axis, from the sums of q over planes of sites."""
    count = min(64, found.shape[0])
    for k in range(count):
        room.real[k], room.imaginary[k] = 0.0, 0.0
    for plane in range(tables.first_plane[axis], tables.first_plane[axis + 1]):
        start, stop = tables.plane_starts[plane], tables.plane_starts[plane + 1]
        count_pairs(room.sites, tables.plane_sites[start:stop], room.planes)
        for k in range(count):
            total = (stop - start) - 2.0 * number(room.planes, k)
            room.real[k] += total * tables.cosines[plane]
            room.imaginary[k] += total * tables.sines[plane]
    n_spins = tables.sites.shape[0]
    for k in range(count):
        squared = room.real[k] ** 2 + room.imaginary[k] ** 2
        found[k] = squared / (n_spins * n_spins)
