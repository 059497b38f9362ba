"""Losses of a block of samples that lie side by side: arrays (outputs, `COLUMNS`)."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from spinglass_nn._core.jit import part
from spinglass_nn._core.simd_functions import exponentials
from spinglass_nn._core.simd_layers import product_beyond_one, where_equal, where_larger
from spinglass_nn._core.simd_reals import (
    first_lanes,
    fused,
    lanes_of,
    load_reals,
    spread_real,
    sum_of_lanes,
)

Array = NDArray[Any]

COLUMNS = 64  # samples of a block: sums of 3 x 32 units in float32 fit a first-level cache
FAR = 1e150  # products of exponential sums are turned into logarithms from here on


@part
def right_answers(z: Array, at: int, n_out: int, n: int, labels: Array) -> float:
    """Samples of a block whose first largest output, or sign of one output, is the label's."""
    lanes = lanes_of(z)
    real = z.dtype.type
    zero, count = spread_real(real(0)), spread_real(real(0))
    one = spread_real(real(1))
    for i in range(0, n, lanes):
        top, best = load_reals(z, at + i), zero
        if n_out == 1:
            best = where_larger(top, zero, one, zero)
        for c in range(1, n_out):
            value = load_reals(z, at + c * COLUMNS + i)
            best = where_larger(value, top, spread_real(real(c)), best)
            top = where_larger(value, top, value, top)
        hits = where_equal(best, load_reals(labels, i), one, zero)
        count = count + first_lanes(hits, n - i, zero)
    return sum_of_lanes(count)  # type: ignore[no-any-return]


@part
def cross_entropy(z: Array, at: int, n_out: int, n: int, labels: Array) -> tuple[float, float]:
    r"""Summed cross-entropy of a block, and right answers.

    Per sample ``log(1 + r) + (top - z_label)``, with r the other outputs' exponentials over
    the largest one's: right to rounding even where the loss is tiny. The logarithms are of
    products over many samples.
    """
    lanes = lanes_of(z)
    real = z.dtype.type
    zero, one = spread_real(real(0)), spread_real(real(1))
    count, gaps = zero, zero
    product, total = 1.0, 0.0
    for i in range(0, n, lanes):
        label = load_reals(labels, i)
        top = load_reals(z, at + i)
        best, answer = zero, top
        for c in range(1, n_out):
            value, place = load_reals(z, at + c * COLUMNS + i), spread_real(real(c))
            best = where_larger(value, top, place, best)
            top = where_larger(value, top, value, top)
            answer = where_equal(label, place, value, answer)
        rest = zero
        for c in range(n_out):
            term = exponentials(load_reals(z, at + c * COLUMNS + i) - top)
            rest = rest + where_equal(best, spread_real(real(c)), zero, term)
        hits = where_equal(best, label, one, zero)
        count = count + first_lanes(hits, n - i, zero)
        gaps = gaps + first_lanes(top - answer, n - i, zero)
        product *= product_beyond_one(first_lanes(rest, n - i, zero))
        if not product < FAR:
            total += math.log(product)
            product = 1.0
    return total + math.log(product) + float(sum_of_lanes(gaps)), sum_of_lanes(count)


@part
def squared_loss(z: Array, at: int, n_out: int, n: int, targets: Array, hinge: bool) -> float:
    """Summed squared error or squared hinge of a block."""
    lanes = lanes_of(z)
    real = z.dtype.type
    zero, one, total = spread_real(real(0)), spread_real(real(1)), 0.0
    for i in range(0, n, lanes):
        squares = zero
        for c in range(n_out):
            value = load_reals(z, at + c * COLUMNS + i)
            target = load_reals(targets, c * COLUMNS + i)
            error = value - target
            if hinge:  # targets are ±1, so within the margin it is the error
                error = where_larger(target * value, one, zero, error)  # keeps a NaN
            squares = fused(error, error, squares)
        total += float(sum_of_lanes(first_lanes(squares, n - i, zero)))
    return 0.5 * total
