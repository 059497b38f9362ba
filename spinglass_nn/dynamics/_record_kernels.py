"""Kernels that add a measurement to the totals, whoever measured."""

from __future__ import annotations

from typing import Any

from spinglass_nn._core.jit import kernel, part


@kernel
def accumulate(raw: Any, totals: Any, n_spins: int, n_links: int) -> None:
    """Add one measurement of a group's samples to sums and histograms."""
    sums = totals.sums
    _add_energy(raw.energy, sums)
    column = 2
    if raw.magnetization.shape[1] > 0:
        _add_magnetization(raw.magnetization, sums, column)
        column += 3
    if raw.overlap.shape[1] > 0:
        _add_overlap(raw.overlap, sums, column)
        _count(raw.overlap, totals.overlap_counts, n_spins)
        column += 4
    if raw.link_overlap.shape[1] > 0:
        _add_link_overlap(raw.link_overlap, sums, column)
        _count(raw.link_overlap, totals.link_counts, n_links)
        column += 2
    if raw.structure.shape[1] > 0:
        _add_structure(raw.structure, sums, column)
        column += raw.structure.shape[3]
    if raw.layers.shape[1] > 0:
        _add_layers(raw.layers, sums, column)


# Whole arrays are indexed, never sliced: a view costs more than the sums.


@part
def _add_energy(energy: Any, sums: Any) -> None:
    n_samples, n_replicas, n_temperatures = energy.shape
    for k in range(n_samples):
        for t in range(n_temperatures):
            first, second = 0.0, 0.0
            for r in range(n_replicas):
                e = energy[k, r, t]
                first += e
                second += e * e
            sums[k, t, 0] += first / n_replicas
            sums[k, t, 1] += second / n_replicas


@part
def _add_magnetization(values: Any, sums: Any, column: int) -> None:
    n_samples, n_replicas, n_temperatures = values.shape
    for k in range(n_samples):
        for t in range(n_temperatures):
            modulus, second, fourth = 0.0, 0.0, 0.0
            for r in range(n_replicas):
                m = values[k, r, t]
                squared = m * m
                modulus += abs(m)
                second += squared
                fourth += squared * squared
            sums[k, t, column] += modulus / n_replicas
            sums[k, t, column + 1] += second / n_replicas
            sums[k, t, column + 2] += fourth / n_replicas


@part
def _add_overlap(values: Any, sums: Any, column: int) -> None:
    n_samples, n_pairs, n_temperatures = values.shape
    for k in range(n_samples):
        for t in range(n_temperatures):
            modulus, first, second, fourth = 0.0, 0.0, 0.0, 0.0
            for p in range(n_pairs):
                q = values[k, p, t]
                squared = q * q
                modulus += abs(q)
                first += q
                second += squared
                fourth += squared * squared
            sums[k, t, column] += modulus / n_pairs
            sums[k, t, column + 1] += first / n_pairs
            sums[k, t, column + 2] += second / n_pairs
            sums[k, t, column + 3] += fourth / n_pairs


@part
def _add_link_overlap(values: Any, sums: Any, column: int) -> None:
    n_samples, n_pairs, n_temperatures = values.shape
    for k in range(n_samples):
        for t in range(n_temperatures):
            first, second = 0.0, 0.0
            for p in range(n_pairs):
                q = values[k, p, t]
                first += q
                second += q * q
            sums[k, t, column] += first / n_pairs
            sums[k, t, column + 1] += second / n_pairs


@part
def _add_structure(values: Any, sums: Any, column: int) -> None:
    n_samples, n_pairs, n_temperatures, n_axes = values.shape
    for k in range(n_samples):
        for p in range(n_pairs):
            for t in range(n_temperatures):
                for axis in range(n_axes):
                    sums[k, t, column + axis] += values[k, p, t, axis] / n_pairs


@part
def _add_layers(values: Any, sums: Any, column: int) -> None:
    n_samples, n_pairs, n_temperatures, n_layers = values.shape
    for k in range(n_samples):
        for p in range(n_pairs):
            for t in range(n_temperatures):
                for layer in range(n_layers):
                    q = values[k, p, t, layer]
                    sums[k, t, column + layer] += q * q / n_pairs
                    if layer + 1 < n_layers:
                        product = q * values[k, p, t, layer + 1]
                        sums[k, t, column + n_layers + layer] += product / n_pairs


@part
def _count(values: Any, counts: Any, size: int) -> None:
    n_samples, n_pairs, n_temperatures = values.shape
    n_bins = counts.shape[2]
    for k in range(n_samples):
        for p in range(n_pairs):
            for t in range(n_temperatures):
                place = int((values[k, p, t] + 1) * size / 2 + 0.5)  # 0 ... size
                counts[k, t, place * n_bins // (size + 1)] += 1
