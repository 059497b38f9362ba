"""Kernels for engines whose systems stay in place while temperatures pass among them.

Fields and energies are whole numbers of a unit chosen for each sample, so that sums are exact:
a field never drifts, and the same bits come out in whatever order it was added up. The systems
of one sample are numbered ladder after ladder, ``m = r * n_temperatures + x``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import inlined, kernel, part
from spinglass_nn._core.simd_draws import exponential, logistic, next_words, reluctant
from spinglass_nn.dynamics._exchange_kernels import exchange, follow
from spinglass_nn.dynamics._measure_kernels import measure_packed
from spinglass_nn.dynamics._record_kernels import accumulate
from spinglass_nn.typing import Float64Array, IntArray


class Systems(NamedTuple):
    """All systems of one sample.

    Parameters
    ----------
    words : uint64 array (n_blocks, n_systems)
        Spins, 64 in a word, a bit set where s_i = -1; bits behind the last spin are 0.
    fields : int32 array
        Fields on the spins, in the order the engine likes; derived from the spins.
    energy : int64 array (n_systems,)
        Of each system; derived from the spins.
    states, exchange_states : uint64 arrays (n_ladders, 32) and (n_ladders, 4)
        Random streams: eight of xoshiro256++ for the moves, one of SFC64 for exchanges.
    order, label : integer arrays (n_ladders, n_temperatures)
        System at each temperature, and which end of the ladder each system saw last.
    attempts, accepts, labelled, from_hot, round_trips : integer arrays (n_ladders, ...)
        As in the totals of a record, of each ladder, since they were last added to these.
    lowest, lowest_words : int64 array (n_ladders,), uint64 array (n_ladders, n_blocks)
        Lowest energy of each ladder after any sweep, and a configuration with it.
    n_sweeps : integer array (n_ladders,)
        Sweeps done.
    floats : array (n_ladders, n_temperatures)
        Room for the energies of each system in the model's own units.
    inverse, widths : arrays (n_temperatures,)
        1/T, and T/2 in units of the fields (float32).
    scale : float32 array (n_systems,)
        The ``widths`` of each system.
    idle : float32 array (16,)
        Values of -ln u for which flips that cost nothing are refused are below this.
    """

    words: NDArray[np.uint64]
    fields: NDArray[np.int32]
    energy: IntArray
    states: NDArray[np.uint64]
    exchange_states: NDArray[np.uint64]
    order: IntArray
    label: IntArray
    attempts: IntArray
    accepts: IntArray
    labelled: IntArray
    from_hot: IntArray
    round_trips: IntArray
    lowest: IntArray
    lowest_words: NDArray[np.uint64]
    n_sweeps: IntArray
    floats: Float64Array
    inverse: Float64Array
    widths: NDArray[np.float32]
    scale: NDArray[np.float32]
    idle: NDArray[np.float32]


class Rules(NamedTuple):
    """What is done, in numbers: see `Setting`; ``unit`` is that of energies and fields."""

    unit: float
    heat_bath: bool
    exchange: bool
    measure_every: int


class Notes(NamedTuple):
    """What measurements need of the systems, at several times and by temperature.

    Parameters
    ----------
    bits : uint64 array (n_notes, n_ladders, n_temperatures, n_blocks)
        Configurations.
    energy : array (n_notes, n_ladders, n_temperatures)
        Their energies.
    """

    bits: NDArray[np.uint64]
    energy: Float64Array


@inlined
def threshold(heat_bath: bool, scale: Any, idle: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Sixteen numbers e, and the streams after them: a spin flips where s times its field < e.

    Metropolis flips with probability min(1, exp(-2 s f / T)): e = -(T/2) ln u, or below zero
    if -ln u < ``idle``, so that flips that cost nothing are not always made. Heat bath flips
    with probability 1 / (1 + exp(2 s f / T)): e = (T/2) ln((1 - u) / u).
    """
    words, a, b, c, d = next_words(a, b, c, d)
    e = logistic(words) if heat_bath else reluctant(exponential(words), idle)
    return e * scale, a, b, c, d


@inlined
def settle(systems: Any, rules: Any, r: int) -> None:
    """What follows a sweep of ladder r: the lowest energy and the exchange."""
    n_temperatures = systems.order.shape[1]
    first = r * n_temperatures
    for x in range(n_temperatures):
        energy = systems.energy[first + x]
        if energy < systems.lowest[r]:
            systems.lowest[r] = energy
            for w in range(systems.words.shape[0]):
                systems.lowest_words[r, w] = systems.words[w, first + x]
    if rules.exchange:
        for x in range(n_temperatures):
            systems.floats[r, x] = systems.energy[first + x] * rules.unit
        order = systems.order[r]
        exchange(
            systems.floats[r], order, systems.inverse, systems.n_sweeps[r] % 2,
            systems.exchange_states[r], systems.attempts[r], systems.accepts[r],
        )  # fmt: skip
        systems.round_trips[r] += follow(
            order, systems.label[r], systems.labelled[r], systems.from_hot[r]
        )
        hand_out(systems, r)
    systems.n_sweeps[r] += 1


@kernel
def hand_out(systems: Any, r: int) -> None:
    """Tell the systems of ladder r their temperatures."""
    n_temperatures = systems.order.shape[1]
    for t in range(n_temperatures):
        systems.scale[r * n_temperatures + systems.order[r, t]] = systems.widths[t]


@part
def note(systems: Any, rules: Any, notes: Any, n: int, r: int) -> None:
    """Write ladder r down as note n."""
    n_temperatures = systems.order.shape[1]
    for t in range(n_temperatures):
        m = r * n_temperatures + systems.order[r, t]
        notes.energy[n, r, t] = systems.energy[m] * rules.unit
        for w in range(systems.words.shape[0]):
            notes.bits[n, r, t, w] = systems.words[w, m]


@kernel
def measure_notes(
    notes: Any, n_notes: int, geometry: Any, raw: Any, totals: Any, n_links: int
) -> None:
    """Measure the notes of one sample, one after the other."""
    joint = np.zeros(notes.bits.shape[3], dtype=np.uint64)
    for n in range(n_notes):
        for r in range(raw.energy.shape[1]):
            for t in range(raw.energy.shape[2]):
                raw.energy[0, r, t] = notes.energy[n, r, t]
        measure_packed(notes.bits[n], geometry, raw, np.int64(0), joint)
        accumulate(raw, totals, geometry.n_spins, n_links)
