"""Kernels that measure configurations packed into words, for engines that can pack them.

A configuration is a row of uint64, spin i in bit i % 64 of word i // 64, set where s_i = -1.
The bits behind the last spin are 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import kernel, part
from spinglass_nn._core.simd import count_ones

_ONE = np.uint64(1)
_LOW = np.uint64(63)


@kernel
def measure_packed(bits: Any, geometry: Any, raw: Any, k: Any, joint: Any) -> None:
    """Measure one sample: ``bits`` (n_replicas, n_temperatures, n_words) into row k of raw.

    ``joint`` (n_words,) is room for the product of two configurations.
    """
    n_replicas, n_temperatures = bits.shape[0], bits.shape[1]
    n_spins = geometry.n_spins
    if raw.magnetization.shape[1] > 0:
        for r in range(n_replicas):
            for t in range(n_temperatures):
                raw.magnetization[k, r, t] = _mean_spin(bits[r, t], n_spins)
    if raw.overlap.shape[1] + raw.link_overlap.shape[1] + raw.layers.shape[1] == 0 and (
        raw.structure.shape[1] == 0
    ):
        return
    pair = np.int64(0)  # a plain 0 would have the kernel below compiled twice
    for a in range(n_replicas):
        for b in range(a + 1, n_replicas):
            for t in range(n_temperatures):
                for w in range(joint.shape[0]):
                    joint[w] = bits[a, t, w] ^ bits[b, t, w]
                _measure_pair(joint, geometry, raw, k, pair, t)
            pair += 1


@part
def _mean_spin(words: Any, n_spins: int) -> float:
    down = 0
    for w in range(words.shape[0]):
        down += count_ones(words[w])
    return 1.0 - 2.0 * down / n_spins


@part
def _measure_pair(joint: Any, geometry: Any, raw: Any, k: int, pair: Any, t: int) -> None:
    if raw.overlap.shape[1] > 0:
        raw.overlap[k, pair, t] = _mean_spin(joint, geometry.n_spins)
    if raw.link_overlap.shape[1] > 0:
        raw.link_overlap[k, pair, t] = _mean_link(joint, geometry.links)
    if raw.structure.shape[1] > 0:
        for axis in range(raw.structure.shape[3]):
            raw.structure[k, pair, t, axis] = _wave(joint, geometry.waves[axis])
    if raw.layers.shape[1] > 0:
        for layer in range(raw.layers.shape[3]):
            start, stop = geometry.layers[layer], geometry.layers[layer + 1]
            raw.layers[k, pair, t, layer] = _mean_part(joint, start, stop)


@part
def _bit(words: Any, i: int) -> Any:
    return (words[i >> 6] >> (np.uint64(i) & _LOW)) & _ONE


@part
def _mean_link(joint: Any, links: Any) -> Any:
    n_links = links.shape[0]
    differ = np.uint64(0)
    for b in range(n_links):
        differ += _bit(joint, links[b, 0]) ^ _bit(joint, links[b, 1])
    return 1.0 - 2.0 * float(differ) / n_links


@part
def _wave(joint: Any, wave: Any) -> Any:
    """|(1/N) sum_x q_x exp(i k x)|^2 with ``wave`` (n_spins, 2) the cosines and sines."""
    real, imaginary = 0.0, 0.0
    n_spins = wave.shape[0]
    for i in range(n_spins):
        sign = 1.0 - 2.0 * float(_bit(joint, i))
        real += sign * wave[i, 0]
        imaginary += sign * wave[i, 1]
    return (real * real + imaginary * imaginary) / (n_spins * n_spins)


@part
def _mean_part(joint: Any, start: int, stop: int) -> float:
    down = np.uint64(0)
    for i in range(start, stop):
        down += _bit(joint, i)
    return 1.0 - 2.0 * float(down) / (stop - start)


@kernel
def unpack(bits: Any, spins: Any) -> None:
    """Spins ±1 (n_spins,) of one packed configuration (n_words,)."""
    for i in range(spins.shape[0]):
        spins[i] = 1 - 2 * np.int64(_bit(bits, i))
