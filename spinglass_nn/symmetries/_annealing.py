"""Annealed matching: the orders of all hidden layers together, by swaps, ever colder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from spinglass_nn._core.simd import aligned
from spinglass_nn._core.streams import States
from spinglass_nn.symmetries import _annealing_kernels as kernels
from spinglass_nn.symmetries._assignment import Layers, Pair, gram
from spinglass_nn.typing import Float64Array, IntArray

HOT, COLD = 0.5, 0.1  # first and last temperature over typical gains of a swap


def annealed(
    pair: Pair, start: Sequence[IntArray], n_sweeps: int, state: States
) -> list[IntArray]:
    """Orders of b's hidden layers after one sweep at each of ``n_sweeps`` temperatures.

    They fall geometrically, from half the r.m.s. change that a swap makes at the start in the
    layer where it is largest, to a tenth of that where it is smallest.
    """
    gains = [_typical_gain(gram(pair, start, k)[:, order]) for k, order in enumerate(start)]
    gains = [gain for gain in gains if gain > 0]
    if not gains:
        return list(start)
    sizes = np.array([order.size for order in start])
    width = -(-int(sizes.max()) // kernels.VECTOR) * kernels.VECTOR
    orders = np.zeros((sizes.size, width), dtype=np.int64)
    fixed = np.zeros((sizes.size, width, width))
    for k, order in enumerate(start):
        orders[k, : order.size] = order
        fixed[k, : order.size, : order.size] = pair.fixed[k]
    kernels.anneal(
        _rows(pair.a, [np.arange(size) for size in sizes], width),
        _rows(pair.b, start, width),
        fixed,
        orders,
        sizes,
        np.geomspace(HOT * max(gains), COLD * min(gains), n_sweeps),
        state,
    )
    return [orders[k, :size].copy() for k, size in enumerate(sizes)]


def _typical_gain(similar: Float64Array) -> float:
    """Root mean square change of the trace when two columns are swapped."""
    own = np.diag(similar)
    gain = similar + similar.T - own[:, None] - own
    return float(np.sqrt(np.square(gain).mean()))


def _rows(layers: Layers, orders: Sequence[IntArray], width: int) -> Float64Array:
    """Weights of each unit from and to neighbouring hidden layers, flat, for the kernel."""
    rows = aligned((len(orders), width, 2 * width), np.float64)
    for k, (order, above) in enumerate(itertools.pairwise(orders)):
        weight = layers[k + 1].weight[np.ix_(above, order)]
        rows[k, : order.size, width : width + above.size] = weight.T
        rows[k + 1, : above.size, : order.size] = weight
    return rows.reshape(-1)
