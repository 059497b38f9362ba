"""Kernels of P(q): counting overlaps in one pass over them."""

from __future__ import annotations

from spinglass_nn._core.jit import kernel
from spinglass_nn.typing import Float64Array, FloatArray, IntArray

_ROUNDING = 1e-9  # how far beyond 1 an overlap may lie
_OFF_GRID = 0.01  # of the step between values: what float32 may leave


@kernel
def count_between(
    values: FloatArray, edges: Float64Array, counts: IntArray, sums: Float64Array
) -> int:
    """Add overlaps to bins of equal width, and q, ``|q|``, q^2, q^4 to ``sums``.

    Bins are closed below; the last is closed above too. Returns how many overlaps were no
    numbers in [-1, 1]; they are left out.
    """
    n_bins = counts.size
    low = edges[0]
    high = edges[n_bins]
    scale = n_bins / (high - low)
    refused = 0
    for k in range(values.size):
        q = float(values[k])
        size = abs(q)
        if not size <= 1.0 + _ROUNDING:
            refused += 1
            continue
        if size > 1.0:
            size = 1.0
            q = 1.0 if q > 0 else -1.0
        square = q * q
        sums[0] += q
        sums[1] += size
        sums[2] += square
        sums[3] += square * square
        if q < low or q > high:
            continue
        place = int((q - low) * scale)
        if place >= n_bins:
            place = n_bins - 1
        if q < edges[place]:  # rounding may miss by one
            place -= 1
        elif place + 1 < n_bins and q >= edges[place + 1]:
            place += 1
        counts[place] += 1
    return refused


@kernel
def count_values(values: FloatArray, n_spins: int, counts: IntArray, sums: Float64Array) -> int:
    """Add overlaps of ``n_spins`` Ising spins to the counts of the values they can take.

    ``counts`` is (n_spins + 1,), for q = -1, -1 + 2/N, ..., 1; ``sums`` as above. Returns how
    many were none of these values; they are left out.
    """
    half = 0.5 * n_spins
    refused = 0
    for k in range(values.size):
        exact = (float(values[k]) + 1.0) * half
        if not (exact >= -_OFF_GRID and exact <= n_spins + _OFF_GRID):
            refused += 1
            continue
        place = int(exact + 0.5)
        if abs(exact - place) > _OFF_GRID:
            refused += 1
            continue
        counts[place] += 1
        q = (2 * place - n_spins) / n_spins
        square = q * q
        sums[0] += q
        sums[1] += abs(q)
        sums[2] += square
        sums[3] += square * square
    return refused
