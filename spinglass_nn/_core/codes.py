"""Numbers that take at most 256 values, such as pixels, held as a byte each.

Reading a quarter of the memory saves time wherever all inputs stream by. The codes are exact:
numbers are coded only if every value they take comes back to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from spinglass_nn._core.simd_codes import encode, few_values

Array = NDArray[Any]

SMALLEST = 1 << 22  # bytes of numbers; what is smaller stays in the caches anyhow


def coded(rows: Array, width: int | None = None) -> tuple[Array, Array] | None:
    """Codes (n_rows, width) and the five numbers that `decode` reads them by.

    None if there are no codes; what stands beyond the rows' own width is zero.
    """
    values = values_taken(rows)
    found = None if values is None else line_through(values)
    if values is None or found is None:
        return None
    codes = np.zeros((rows.shape[0], width or rows.shape[1]), np.uint8)
    encode(rows, float(values[0]), float(np.diff(values.astype(np.float64)).min()), codes)
    return codes, found


def values_taken(rows: Array) -> Array | None:
    """The different values, in order; None for one, for more than 256, or if not finite."""
    bits = np.ascontiguousarray(rows).reshape(-1).view(f"u{rows.itemsize}")
    table, used = np.zeros(1024, bits.dtype), np.zeros(1024, bool)
    if few_values(bits, table, used) < 2:
        return None
    values: Array = np.unique(table[used].view(rows.dtype))
    return values if values.size > 1 and np.isfinite(values).all() else None


def line_through(values: Array) -> Array | None:
    """Numbers ``s`` with ``(m s0 + s1) + (m s2 + s3)`` the k-th value to the bit, m = k - s4.

    None if there are no such numbers. The first sum must not round, so s0 and s1 are multiples
    of what the largest value has as its last bit; s4 is where values are nearest to zero, and
    their last bits the smallest.
    """
    exact = values.astype(np.float64)
    k = np.rint((exact - exact[0]) / np.diff(exact).min())
    if k[-1] > 255:
        return None
    m = k - k[np.abs(exact).argmin()]
    slope, offset = _closest_line(m, values)
    unit = float(np.spacing(np.abs(values).max()))
    scale = np.empty(5, values.dtype)
    scale[0], scale[1] = np.rint(slope / unit) * unit, np.rint(offset / unit) * unit
    scale[2], scale[3] = slope - float(scale[0]), offset - float(scale[1])
    scale[4] = -m[0]
    return scale if _returns(m, values, scale) else None


def _closest_line(m: Array, values: Array) -> tuple[float, float]:
    """Slope and offset of the line that misses the values by least, in units of last places.

    Values rounded from a line miss it by half a last place at most, and so does this one. It
    goes through zero where a value does.
    """
    exact = values.astype(np.float64)
    ulp = np.spacing(np.abs(values)).astype(np.float64)
    free = float(not np.any(exact == 0))
    slope, offset = (exact @ m) / (m @ m), free * exact[np.abs(exact).argmin()]
    kept = exact != 0
    m, ulp, exact = m[kept], ulp[kept], exact[kept]
    unit = ulp.max()
    per = np.abs(m).max() / unit  # so that what is asked for is about one
    across = np.stack([m / per, np.full(m.size, free * unit), -ulp], axis=1) / ulp[:, None]
    missed = (exact - (slope * m + offset)) / ulp
    below = across * np.array([-1, -1, 1])
    found = linprog(
        [0, 0, 1],
        A_ub=np.concatenate([across, below]),
        b_ub=np.concatenate([missed, -missed]),
        bounds=[(None, None)] * 3,
    )
    if found.x is None:
        return float(slope), float(offset)
    return float(slope + found.x[0] / per), float(offset + free * found.x[1] * unit)


def _returns(m: Array, values: Array, scale: Array) -> bool:
    """Whether the codes give back every value, with and without fused multiply-add."""
    code, (s0, s1, s2, s3) = m.astype(values.dtype), scale[:4]
    high = code * s0 + s1
    if not np.array_equal(high, m * np.float64(s0) + np.float64(s1)):
        return False
    apart = code * s2 + s3
    at_once = (m * np.float64(s2) + np.float64(s3)).astype(values.dtype)
    return all(np.array_equal(high + low, values) for low in (apart, at_once))
