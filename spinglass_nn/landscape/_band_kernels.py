"""Compiled kernels: elastic bands, a few parameters of all their nodes at a time.

The bare arithmetic reads a band some twenty times a step; here it is read three times. What
does not fill a vector at the end of the rows is copied into rows that do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel, part
from spinglass_nn._core.simd_reals import (
    fused,
    lanes_of,
    load_reals,
    spread_real,
    store_reals,
    sum_of_lanes,
)
from spinglass_nn.training._update_kernels import Update

Array = NDArray[Any]

TILE = 512  # parameters at a time: those of a dozen nodes stay in the L1 cache


@part
def ends_of(rows: Array, first: int) -> Array:
    """The columns from ``first`` on, and zeros after them to a whole vector."""
    found = np.zeros((len(rows), lanes_of(rows)), rows.dtype)
    for k in range(len(rows)):
        for i in range(rows.shape[1] - first):
            found[k, i] = rows[k, first + i]
    return found


@part
def put_back(rows: Array, first: int, ends: Array) -> None:
    """The inverse of `ends_of`."""
    for k in range(len(rows)):
        for i in range(rows.shape[1] - first):
            rows[k, first + i] = ends[k, i]


@kernel
def inner_products(nodes: Array, gradients: Array, decay: float) -> Array:
    """For each inner node, products with the legs before and after it, (n, 5).

    Leg before squared, leg after squared, one with the other, and the gradient with each;
    weight decay is added to the gradient. Tiles are summed in float64.
    """
    n_inner, size = gradients.shape
    found = np.zeros((n_inner, 5))
    whole = size - size % lanes_of(nodes)
    for low in range(0, whole, TILE):
        add_products(nodes, gradients, decay, low, min(low + TILE, whole), found)
    if whole < size:
        last = ends_of(nodes, whole)
        add_products(last, ends_of(gradients, whole), decay, 0, last.shape[1], found)
    return found


@part
def add_products(
    nodes: Array, gradients: Array, decay: float, low: int, high: int, found: Array
) -> None:
    """Add what some columns give to all products."""
    n_inner, size = gradients.shape
    real = nodes.dtype.type
    nothing, pull = spread_real(real(0)), spread_real(real(decay))
    for k in range(n_inner):
        left = k * size
        bb, aa, ba, gb, ga = nothing, nothing, nothing, nothing, nothing
        for i in range(low, high, lanes_of(nodes)):
            x = load_reals(nodes, left + size + i)
            b = x - load_reals(nodes, left + i)
            a = load_reals(nodes, left + 2 * size + i) - x
            g = fused(pull, x, load_reals(gradients, left + i))
            bb, aa, ba = fused(b, b, bb), fused(a, a, aa), fused(b, a, ba)
            gb, ga = fused(g, b, gb), fused(g, a, ga)
        row = found[k]
        row[0] += np.float64(sum_of_lanes(bb))
        row[1] += np.float64(sum_of_lanes(aa))
        row[2] += np.float64(sum_of_lanes(ba))
        row[3] += np.float64(sum_of_lanes(gb))
        row[4] += np.float64(sum_of_lanes(ga))


@kernel
def descend(
    nodes: Array, slots: Array, gradients: Array, shares: Array, rate: float, how: Update
) -> Array:
    """One step of inner nodes, in place, along gradients less multiples (n, 2) of legs.

    ``slots`` are the velocities (n, n_parameters), or empty without momentum; legs are those
    before the step. Returns the squared lengths of the new ones.
    """
    n_inner, size = gradients.shape
    squares = np.zeros(n_inner + 1)
    whole = size - size % lanes_of(nodes)
    for low in range(0, whole, TILE):
        high = min(low + TILE, whole)
        descend_columns(nodes, slots, gradients, shares, rate, how, low, high, squares)
    if whole < size:
        last, speeds = ends_of(nodes, whole), ends_of(slots, whole)
        descend_columns(
            last, speeds, ends_of(gradients, whole), shares, rate, how, 0, last.shape[1],
            squares,
        )  # fmt: skip
        put_back(nodes, whole, last)
        put_back(slots, whole, speeds)
    return squares


@part
def descend_columns(
    nodes: Array, slots: Array, gradients: Array, shares: Array, rate: float, how: Update,
    low: int, high: int, squares: Array,
) -> None:  # fmt: skip
    """One step of some columns."""
    n_inner, size = gradients.shape
    real, lanes = nodes.dtype.type, lanes_of(nodes)
    down, pull = spread_real(real(-rate)), spread_real(real(how.weight_decay))
    m, nothing = spread_real(real(how.momentum)), spread_real(real(0))
    old = np.empty(TILE, nodes.dtype)
    for i in range(low, high, lanes):
        store_reals(old, i - low, load_reals(nodes, i))
    for k in range(n_inner):
        back, ahead = spread_real(real(-shares[k, 0])), spread_real(real(-shares[k, 1]))
        left, here = k * size, (k + 1) * size
        before, after = nothing, nothing
        for i in range(low, high, lanes):
            x, right = load_reals(nodes, here + i), load_reals(nodes, here + size + i)
            g = fused(pull, x, load_reals(gradients, left + i))
            g = fused(back, x - load_reals(old, i - low), fused(ahead, right - x, g))
            store_reals(old, i - low, x)
            along = g
            if how.momentum != 0:
                along = fused(m, load_reals(slots, left + i), g)
                store_reals(slots, left + i, along)
                if how.variant:
                    along = fused(m, along, g)
            x = fused(down, along, x)
            store_reals(nodes, here + i, x)
            leg = x - load_reals(nodes, left + i)
            before = fused(leg, leg, before)
            leg = right - x
            after = fused(leg, leg, after)
        squares[k] += np.float64(sum_of_lanes(before))
        if k == n_inner - 1:
            squares[k + 1] += np.float64(sum_of_lanes(after))


@kernel
def slide(nodes: Array, leg: Array, t: Array) -> None:
    """Put inner node k, in place, at ``t[k]`` of the way along old leg ``leg[k]``."""
    size = nodes.shape[1]
    whole = size - size % lanes_of(nodes)
    for low in range(0, whole, TILE):
        slide_columns(nodes, leg, t, low, min(low + TILE, whole))
    if whole < size:
        last = ends_of(nodes, whole)
        slide_columns(last, leg, t, 0, last.shape[1])
        put_back(nodes, whole, last)


@part
def slide_columns(nodes: Array, leg: Array, t: Array, low: int, high: int) -> None:
    """Slide nodes in some columns."""
    size, lanes = nodes.shape[1], lanes_of(nodes)
    old = np.empty(len(nodes) * TILE, nodes.dtype)
    for k in range(len(nodes)):
        for i in range(low, high, lanes):
            store_reals(old, k * TILE + i - low, load_reals(nodes, k * size + i))
    for k in range(len(leg)):
        share, start = spread_real(nodes.dtype.type(t[k])), leg[k] * TILE
        for i in range(low, high, lanes):
            x = load_reals(old, start + i - low)
            way = load_reals(old, start + TILE + i - low) - x
            store_reals(nodes, (k + 1) * size + i, fused(share, way, x))
