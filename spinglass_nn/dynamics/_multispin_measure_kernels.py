"""Kernels that measure 512 systems packed in words: energies, overlaps, waves."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import kernel, part
from spinglass_nn._core.simd import store_words
from spinglass_nn.dynamics._multispin_count_kernels import (
    FIRST,
    count_products,
    count_set,
    count_unsatisfied,
    place_of,
    product,
    to_integers,
)

_ONE = np.uint64(1)
_NONE: Any = np.int64(0)


@kernel
def note_levels(
    counts: Any, places: Any, spins: Any, unit: float, n_bonds: int, levels: Any,
    lowest_energy: Any, lowest_spins: Any,
) -> None:  # fmt: skip
    """Read the levels of all systems; keep the lowest energy of each sample and its spins."""
    n_samples, n_replicas, n_temperatures = levels.shape
    for k in range(n_samples):
        lowest, lowest_r, lowest_t = np.int64(n_bonds + 1), 0, 0
        for r in range(n_replicas):
            block, column, bit = places[k, r, 0], places[k, r, 1], places[k, r, 2]
            for t in range(n_temperatures):
                level = np.int64(counts[block, place_of(column, bit + t)])
                levels[k, r, t] = level
                if level < lowest:
                    lowest, lowest_r, lowest_t = level, r, t
        energy = unit * (2 * lowest - n_bonds)
        if energy < lowest_energy[k]:
            lowest_energy[k] = energy
            block, column = places[k, lowest_r, 0], places[k, lowest_r, 1]
            shift = np.uint64(places[k, lowest_r, 2] + lowest_t)
            for i in range(lowest_spins.shape[1]):
                down = (spins[block, 8 * i + 8 + column] >> shift) & _ONE
                lowest_spins[k, i] = 1 - 2 * np.int64(down)


@part
def measure_energies(levels: Any, unit: float, n_bonds: int, found: Any) -> None:
    """Energies of all systems from their levels, the numbers of unsatisfied bonds."""
    n_samples, n_replicas, n_temperatures = levels.shape
    for k in range(n_samples):
        for r in range(n_replicas):
            for t in range(n_temperatures):
                found[k, r, t] = unit * (2 * levels[k, r, t] - n_bonds)


@part
def measure_magnetizations(
    spins: Any, sites: Any, places: Any, n_spins: int, scratch: Any, found: Any
) -> None:
    """Mean spin of all systems."""
    n_samples, n_replicas, n_temperatures = found.shape
    for block in range(spins.shape[0]):
        planes = scratch.planes[block]
        count_set(spins[block], sites, FIRST, sites.shape[0], planes, scratch.waiting)
        to_integers(planes, FIRST)
    for k in range(n_samples):
        for r in range(n_replicas):
            block, column, bit = places[k, r, 0], places[k, r, 1], places[k, r, 2]
            for t in range(n_temperatures):
                down = scratch.counts[block, place_of(column, bit + t)]
                found[k, r, t] = 1.0 - 2.0 * down / n_spins


@part
def measure_pairs(spins: Any, n_spins: int, pairs: Any, scratch: Any, raw: Any) -> None:
    """All about pairs of replicas, those equally many columns and bits apart in one pass."""
    planes, waiting, joint = scratch.planes[0], scratch.waiting, scratch.joint
    n_links = pairs.n_links
    for p in range(pairs.passes.shape[0]):
        a, b = spins[pairs.passes[p, 0]], spins[pairs.passes[p, 1]]
        offset, left, right = pairs.passes[p, 2], pairs.passes[p, 3], pairs.passes[p, 4]
        entries = pairs.entries[pairs.first_entry[p] : pairs.first_entry[p + 1]]
        if raw.overlap.shape[1] > 0:
            n_words = 8 * pairs.sites.shape[0]
            count_products(a, b, offset, left, right, n_words, planes, waiting)
            _to_overlaps(planes, scratch.counts, entries, n_spins, raw.overlap)
        if joint.shape[0] == 0:
            continue
        for at in range(8, 8 + 8 * n_spins, 8):
            store_words(joint, at, product(a, b, at, offset, left, right))
        if raw.link_overlap.shape[1] > 0:
            tails, heads = (
                pairs.tails,
                pairs.heads,
            )  # joint begins with words of zeros: no signs
            count_unsatisfied(joint, tails, heads, joint, _NONE, planes, waiting)
            _to_overlaps(planes, scratch.counts, entries, n_links, raw.link_overlap)
        if raw.structure.shape[1] > 0:
            for axis in range(raw.structure.shape[3]):
                _measure_wave(pairs.waves, axis, entries, n_spins, scratch, raw.structure)


@part
def _to_overlaps(planes: Any, counts: Any, entries: Any, size: int, found: Any) -> None:
    """Write the counts of one pass as overlaps 1 - 2 count / size."""
    to_integers(planes, FIRST)
    for e in range(entries.shape[0]):
        k, pair, column, bit = entries[e, 0], entries[e, 1], entries[e, 2], entries[e, 3]
        if k < found.shape[0]:
            for t in range(found.shape[2]):
                found[k, pair, t] = 1.0 - 2.0 * counts[0, place_of(column, bit + t)] / size


@part
def _measure_wave(
    waves: Any, axis: int, entries: Any, n_spins: int, scratch: Any, found: Any
) -> None:
    """|q(k)|^2 from the overlaps of the planes of sites with the same place along an axis."""
    real, imaginary, planes = scratch.real, scratch.imaginary, scratch.planes[0]
    real[:] = 0
    imaginary[:] = 0
    for plane in range(waves.first_plane[axis], waves.first_plane[axis + 1]):
        start, stop = waves.first_site[plane], waves.first_site[plane + 1]
        count_set(scratch.joint, waves.sites, start, stop, planes, scratch.waiting)
        to_integers(planes, FIRST)
        cosine, sine = waves.phases[plane, 0], waves.phases[plane, 1]
        size = waves.sizes[plane]
        for lane in range(real.shape[0]):
            total = size - 2.0 * scratch.counts[0, lane]
            real[lane] += cosine * total
            imaginary[lane] += sine * total
    scale = 1.0 / (float(n_spins) * n_spins)
    for e in range(entries.shape[0]):
        k, pair, column, bit = entries[e, 0], entries[e, 1], entries[e, 2], entries[e, 3]
        if k < found.shape[0]:
            for t in range(found.shape[2]):
                at = place_of(column, bit + t)
                found[k, pair, t, axis] = scale * (real[at] ** 2 + imaginary[at] ** 2)


@kernel
def read_spins(places: Any, words: Any, spins: Any) -> None:
    """Spins (n_samples, n_replicas, n_temperatures, n_spins) of one group."""
    n_samples, n_replicas, n_temperatures, n_spins = spins.shape
    for k in range(n_samples):
        for r in range(n_replicas):
            block, column = places[k, r, 0], places[k, r, 1]
            for t in range(n_temperatures):
                shift = np.uint64(places[k, r, 2] + t)
                for i in range(n_spins):
                    down = (words[block, 8 * i + 8 + column] >> shift) & _ONE
                    spins[k, r, t, i] = 1 - 2 * np.int64(down)


@kernel
def write_spins(places: Any, words: Any, spins: Any) -> None:
    """Put one group into given configurations."""
    n_samples, n_replicas, n_temperatures, n_spins = spins.shape
    for k in range(n_samples):
        for r in range(n_replicas):
            block, column = places[k, r, 0], places[k, r, 1]
            for t in range(n_temperatures):
                lane = _ONE << np.uint64(places[k, r, 2] + t)
                for i in range(n_spins):
                    at = 8 * i + 8 + column
                    if spins[k, r, t, i] < 0:
                        words[block, at] |= lane
                    else:
                        words[block, at] &= ~lane
