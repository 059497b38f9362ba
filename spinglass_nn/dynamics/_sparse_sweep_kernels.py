"""Sweeps over systems of one sample on any graph: a spin is a float ±1, a system a lane.

Lanes come in blocks of 64, 32 or 16, that is 4, 2 or 1 vectors; within a block the spins lie
site by site. A coupling is one number for all lanes, so each is loaded once for a block. The
field on a spin is summed over its neighbours in ascending order. Its part p_i from earlier
sites is kept apart: these have their new values already, so E = -sum_i s_i p_i (with the
external field in p_i) is the energy after the sweep, from scratch each time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, part
from spinglass_nn._core.simd import (
    load_floats,
    load_words,
    multiply_add,
    spread_float,
    store_floats,
    store_words,
)
from spinglass_nn._core.simd_draws import (
    flip_where_negative,
    halvings,
    next_words,
    random_signs,
    reluctant,
)

_RUN = 64  # sites whose energies are added up in float32 before they join the two-part sum
_ZERO = np.float32(0.0)


@inlined
def _variate(words: Any, heat_bath: bool, idle: Any) -> Any:
    """-log2 u, or log2((1 - u) / u): what 2 s h / (T ln 2) has to stay below to flip."""
    drawn = halvings(words)
    if heat_bath:
        return drawn - halvings(~words)
    return reluctant(drawn, idle)


@inlined
def _update(
    spins: Any, at: int, field: Any, part: Any, drawn: Any, scales: Any, lane: int, energy: Any
) -> Any:
    """Flip where s h < threshold, and add s p to the energy.

    s h is exact, so the sign of the difference is that of exact arithmetic.
    """
    old = load_floats(spins, at)
    new = flip_where_negative(old, multiply_add(old, field, load_floats(scales, lane) * drawn))
    store_floats(spins, at, new)
    return multiply_add(new, part, energy)


@inlined
def _collect(sums: Any, lane: int, part: Any) -> None:
    """Add to a sum kept as two float32, sixteen lanes of each, so that nothing is lost."""
    high, low = load_floats(sums, 2 * lane), load_floats(sums, 2 * lane + 16)
    total = high + part
    arrived = total - high
    low = low + ((high - (total - arrived)) + (part - arrived))
    store_floats(sums, 2 * lane, total)
    store_floats(sums, 2 * lane + 16, low)


def _four(heat_bath: bool) -> Any:
    """A sweep of a block of sixty-four lanes."""

    @part
    def sweep(network: Any, systems: Any, block: int, start: int, lane: int) -> None:
        first, middle, neighbors = network.first, network.middle, network.neighbors
        couplings, fields = network.couplings, network.fields
        spins, scales, states = systems.spins, systems.scales, systems.states
        n, q, idle = fields.shape[0], 32 * block, load_floats(systems.idle, 0)
        a, b = load_words(states, q), load_words(states, q + 8)
        c, d = load_words(states, q + 16), load_words(states, q + 24)
        for begin in range(0, n, _RUN):
            e0 = e1 = e2 = e3 = spread_float(_ZERO)
            for i in range(begin, min(begin + _RUN, n)):
                w0, a, b, c, d = next_words(a, b, c, d)
                w1, a, b, c, d = next_words(a, b, c, d)
                w2, a, b, c, d = next_words(a, b, c, d)
                w3, a, b, c, d = next_words(a, b, c, d)
                y0, y1 = _variate(w0, heat_bath, idle), _variate(w1, heat_bath, idle)
                y2, y3 = _variate(w2, heat_bath, idle), _variate(w3, heat_bath, idle)
                h0 = h1 = h2 = h3 = spread_float(fields[i])
                for e in range(first[i], middle[i]):
                    at, J = start + 64 * neighbors[e], spread_float(couplings[e])
                    h0 = multiply_add(load_floats(spins, at), J, h0)
                    h1 = multiply_add(load_floats(spins, at + 16), J, h1)
                    h2 = multiply_add(load_floats(spins, at + 32), J, h2)
                    h3 = multiply_add(load_floats(spins, at + 48), J, h3)
                p0, p1, p2, p3 = h0, h1, h2, h3
                for e in range(middle[i], first[i + 1]):
                    at, J = start + 64 * neighbors[e], spread_float(couplings[e])
                    h0 = multiply_add(load_floats(spins, at), J, h0)
                    h1 = multiply_add(load_floats(spins, at + 16), J, h1)
                    h2 = multiply_add(load_floats(spins, at + 32), J, h2)
                    h3 = multiply_add(load_floats(spins, at + 48), J, h3)
                at = start + 64 * i
                e0 = _update(spins, at, h0, p0, y0, scales, lane, e0)
                e1 = _update(spins, at + 16, h1, p1, y1, scales, lane + 16, e1)
                e2 = _update(spins, at + 32, h2, p2, y2, scales, lane + 32, e2)
                e3 = _update(spins, at + 48, h3, p3, y3, scales, lane + 48, e3)
            _collect(systems.sums, lane, e0)
            _collect(systems.sums, lane + 16, e1)
            _collect(systems.sums, lane + 32, e2)
            _collect(systems.sums, lane + 48, e3)
        store_words(states, q, a)
        store_words(states, q + 8, b)
        store_words(states, q + 16, c)
        store_words(states, q + 24, d)

    return sweep


def _two(heat_bath: bool) -> Any:
    """A sweep of a block of thirty-two lanes."""

    @part
    def sweep(network: Any, systems: Any, block: int, start: int, lane: int) -> None:
        first, middle, neighbors = network.first, network.middle, network.neighbors
        couplings, fields = network.couplings, network.fields
        spins, scales, states = systems.spins, systems.scales, systems.states
        n, q, idle = fields.shape[0], 32 * block, load_floats(systems.idle, 0)
        a, b = load_words(states, q), load_words(states, q + 8)
        c, d = load_words(states, q + 16), load_words(states, q + 24)
        for begin in range(0, n, _RUN):
            e0 = e1 = spread_float(_ZERO)
            for i in range(begin, min(begin + _RUN, n)):
                w0, a, b, c, d = next_words(a, b, c, d)
                w1, a, b, c, d = next_words(a, b, c, d)
                y0, y1 = _variate(w0, heat_bath, idle), _variate(w1, heat_bath, idle)
                h0 = h1 = spread_float(fields[i])
                for e in range(first[i], middle[i]):
                    at, J = start + 32 * neighbors[e], spread_float(couplings[e])
                    h0 = multiply_add(load_floats(spins, at), J, h0)
                    h1 = multiply_add(load_floats(spins, at + 16), J, h1)
                p0, p1 = h0, h1
                for e in range(middle[i], first[i + 1]):
                    at, J = start + 32 * neighbors[e], spread_float(couplings[e])
                    h0 = multiply_add(load_floats(spins, at), J, h0)
                    h1 = multiply_add(load_floats(spins, at + 16), J, h1)
                at = start + 32 * i
                e0 = _update(spins, at, h0, p0, y0, scales, lane, e0)
                e1 = _update(spins, at + 16, h1, p1, y1, scales, lane + 16, e1)
            _collect(systems.sums, lane, e0)
            _collect(systems.sums, lane + 16, e1)
        store_words(states, q, a)
        store_words(states, q + 8, b)
        store_words(states, q + 16, c)
        store_words(states, q + 24, d)

    return sweep


def _one(heat_bath: bool) -> Any:
    """A sweep of a block of sixteen lanes."""

    @part
    def sweep(network: Any, systems: Any, block: int, start: int, lane: int) -> None:
        first, middle, neighbors = network.first, network.middle, network.neighbors
        couplings, fields = network.couplings, network.fields
        spins, scales, states = systems.spins, systems.scales, systems.states
        n, q, idle = fields.shape[0], 32 * block, load_floats(systems.idle, 0)
        a, b = load_words(states, q), load_words(states, q + 8)
        c, d = load_words(states, q + 16), load_words(states, q + 24)
        for begin in range(0, n, _RUN):
            energy = spread_float(_ZERO)
            for i in range(begin, min(begin + _RUN, n)):
                words, a, b, c, d = next_words(a, b, c, d)
                drawn = _variate(words, heat_bath, idle)
                field = spread_float(fields[i])
                for e in range(first[i], middle[i]):
                    s = load_floats(spins, start + 16 * neighbors[e])
                    field = multiply_add(s, spread_float(couplings[e]), field)
                part = field
                for e in range(middle[i], first[i + 1]):
                    s = load_floats(spins, start + 16 * neighbors[e])
                    field = multiply_add(s, spread_float(couplings[e]), field)
                at = start + 16 * i
                energy = _update(spins, at, field, part, drawn, scales, lane, energy)
            _collect(systems.sums, lane, energy)
        store_words(states, q, a)
        store_words(states, q + 8, b)
        store_words(states, q + 16, c)
        store_words(states, q + 24, d)

    return sweep


@part
def _redraw_free(network: Any, systems: Any, block: int, start: int, width: int) -> None:
    """Draw spins that nothing acts on: Metropolis would flip them each time, all in step."""
    spins, states, q = systems.spins, systems.states, 32 * block
    a, b = load_words(states, q), load_words(states, q + 8)
    c, d = load_words(states, q + 16), load_words(states, q + 24)
    for k in range(network.free.shape[0]):
        at = start + 16 * width * network.free[k]
        for v in range(width):
            words, a, b, c, d = next_words(a, b, c, d)
            store_floats(spins, at + 16 * v, random_signs(words))
    store_words(states, q, a)
    store_words(states, q + 8, b)
    store_words(states, q + 16, c)
    store_words(states, q + 24, d)


_metropolis_four, _heat_bath_four = _four(False), _four(True)
_metropolis_two, _heat_bath_two = _two(False), _two(True)
_metropolis_one, _heat_bath_one = _one(False), _one(True)


@part
def _join_sums(systems: Any, vector: int, width: int) -> None:
    """Energies in float64 from their two parts."""
    for v in range(vector, vector + width):
        for k in range(16):
            high, low = systems.sums[32 * v + k], systems.sums[32 * v + 16 + k]
            systems.energy[16 * v + k] = -(np.float64(high) + np.float64(low))


def _sweeper(heat_bath: bool) -> Any:
    """A sweep of one block with one of the moves, so that only what is used gets compiled."""

    @part
    def sweep_block(network: Any, systems: Any, block: int) -> None:
        vector, width = systems.blocks[block, 0], systems.blocks[block, 1]
        lane = 16 * vector
        start = lane * network.fields.shape[0]
        systems.sums[2 * lane : 2 * (lane + 16 * width)] = _ZERO
        if width == 4:
            if heat_bath:
                _heat_bath_four(network, systems, block, start, lane)
            else:
                _metropolis_four(network, systems, block, start, lane)
        elif width == 2:
            if heat_bath:
                _heat_bath_two(network, systems, block, start, lane)
            else:
                _metropolis_two(network, systems, block, start, lane)
        else:
            if heat_bath:
                _heat_bath_one(network, systems, block, start, lane)
            else:
                _metropolis_one(network, systems, block, start, lane)
        if network.free.shape[0] > 0:
            _redraw_free(network, systems, block, start, width)
        _join_sums(systems, vector, width)

    return sweep_block


sweep_metropolis, sweep_heat_bath = _sweeper(False), _sweeper(True)


@part
def exact_energy(network: Any, spins: Any, at: int, stride: int) -> float:
    """Energy in float64 of the system whose spin i is ``spins[at + stride * i]``."""
    first, middle, neighbors = network.first, network.middle, network.neighbors
    couplings, fields = network.exact, network.exact_fields
    total = 0.0
    for i in range(fields.shape[0]):
        field = fields[i]
        for e in range(first[i], middle[i]):
            field += couplings[e] * np.float64(spins[at + stride * neighbors[e]])
        total -= field * np.float64(spins[at + stride * i])
    return total
