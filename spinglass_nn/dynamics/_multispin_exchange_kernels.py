"""Kernels of replica exchange by bits: neighbours on a ladder are neighbouring bits of a word.

An accepted exchange swaps two bits of the words of all sites. Who was where is kept in words as
well, and what is counted after every sweep is counted in bit planes until `flush`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spinglass_nn._core.jit import inlined, part
from spinglass_nn._core.simd import any_bit, load_words, store_words
from spinglass_nn._core.streams import uniform
from spinglass_nn.dynamics._multispin_count_kernels import add_bits, place_of, to_integers

_ONE = np.uint64(1)
# where the tallies begin, 32 planes each
_KNOWN, _FROM_HOT, _ARRIVED, _ACCEPTED = (np.int64(256 * row) for row in range(4))


@part
def decide(
    levels: Any, places: Any, gaps: Any, parity: int, states: Any, masks: Any, tried: Any
) -> None:
    """Choose the exchanges of all ladders, do them to the levels, and set them in the masks.

    Systems t and t + 1 exchange with probability min(1, exp(-gap_t (n_{t+1} - n_t))), where
    gap_t is the difference of inverse temperatures times the energy of a level.
    """
    n_samples, n_ladders, n_temperatures = levels.shape
    masks[:] = 0
    tried[parity] += 1
    for k in range(n_samples):
        for r in range(n_ladders):
            made, state = np.uint64(0), states[k, r]
            for t in range(parity, n_temperatures - 1, 2):
                u = uniform(state)  # always, so that a stream's position is that of time alone
                low, high = levels[k, r, t], levels[k, r, t + 1]
                if low >= high or u < math.exp(gaps[t] * (low - high)):
                    levels[k, r, t], levels[k, r, t + 1] = high, low
                    made |= _ONE << np.uint64(t)
            masks[places[k, r, 0], places[k, r, 1]] |= made << np.uint64(places[k, r, 2])


@inlined
def _swapped(x: Any, mask: Any) -> Any:
    """Exchange each bit set in the mask with the next higher one."""
    differ = (x ^ (x >> 1)) & mask
    return x ^ differ ^ (differ << 1)


@part
def swap(spins: Any, n_spins: int, mask: Any, ends: Any, labels: Any, tallies: Any) -> None:
    """Carry out the exchanges of one block, and note where everybody is now.

    Labels say whether a system has been at an end of its ladder, and whether at the hot one
    last.
    """
    made = load_words(mask, 0)
    known, from_hot = load_words(labels, 0), load_words(labels, 8)
    cold_end, hot_end = load_words(ends, 0), load_words(ends, 8)
    if any_bit(made):
        for at in range(8, 8 + 8 * n_spins, 8):
            store_words(spins, at, _swapped(load_words(spins, at), made))
        known, from_hot = _swapped(known, made), _swapped(from_hot, made)
    add_bits(tallies, _ARRIVED, from_hot & cold_end)
    known = known | cold_end | hot_end
    from_hot = (from_hot & ~cold_end) | hot_end
    add_bits(tallies, _KNOWN, known)
    add_bits(tallies, _FROM_HOT, from_hot)
    add_bits(tallies, _ACCEPTED, made)
    store_words(labels, 0, known)
    store_words(labels, 8, from_hot)


@part
def flush(places: Any, tallies: Any, counts: Any, tried: Any, totals: Any) -> None:
    """Add what was counted in bits to the totals, and begin to count anew.

    ``counts`` is ``tallies`` seen as int32, (n_blocks, 4 * 512).
    """
    n_samples, n_ladders = totals.round_trips.shape
    n_temperatures = totals.labelled.shape[1]
    for block in range(tallies.shape[0]):
        for start in (_KNOWN, _FROM_HOT, _ARRIVED, _ACCEPTED):
            to_integers(tallies[block], start)
    for k in range(n_samples):
        for r in range(n_ladders):
            block, column = places[k, r, 0], places[k, r, 1]
            for t in range(n_temperatures):
                at = place_of(column, places[k, r, 2] + t)
                totals.labelled[k, t] += counts[block, 2 * _KNOWN + at]
                totals.from_hot[k, t] += counts[block, 2 * _FROM_HOT + at]
                totals.round_trips[k, r] += counts[block, 2 * _ARRIVED + at]
                if t < n_temperatures - 1:
                    totals.accepts[k, t] += counts[block, 2 * _ACCEPTED + at]
                    totals.attempts[k, t] += tried[t & 1]
    tallies[:] = 0
    tried[:] = 0
