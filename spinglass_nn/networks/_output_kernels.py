"""From logits to errors, a few classes at a time: softmax and the two squared losses."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import part, spliced
from spinglass_nn._core.simd_functions import exponentials
from spinglass_nn._core.simd_reals import (
    first_lanes,
    lanes_of,
    larger_of,
    largest_lane,
    load_reals,
    spread_real,
    store_reals,
    sum_of_lanes,
)
from spinglass_nn.networks._kernels import CROSS_ENTROPY, SQUARED_HINGE

Array = NDArray[Any]

_ENOUGH = 1e200  # a product of sums of exponentials may grow to this before its logarithm


class Answers(NamedTuple):
    """What the outputs are compared with, for all samples."""

    labels: Array  # (n_samples,), or empty
    targets: Array  # (n_samples, n_outputs), or without columns


@spliced
def softmax_row(z: Array, at: int, n: int) -> tuple[float, float]:
    """Softmax of ``z[at:at + n]`` in place; its largest entry and the sum it was divided by.

    Sums lie between 1 and n: neither large logits nor equal ones overflow or divide by zero.
    What pads the row becomes zero.
    """
    lanes = lanes_of(z)
    real = z.dtype.type
    below = spread_real(real(-np.inf))
    tops = below
    for c in range(0, n, lanes):
        tops = larger_of(first_lanes(load_reals(z, at + c), n - c, below), tops)
    top = largest_lane(tops)
    shift, sums = spread_real(top), spread_real(real(0))
    for c in range(0, n, lanes):
        e = exponentials(first_lanes(load_reals(z, at + c), n - c, below) - shift)
        sums = sums + e
        store_reals(z, at + c, e)
    total = sum_of_lanes(sums)
    share = spread_real(real(1) / total)
    for c in range(0, n, lanes):
        store_reals(z, at + c, load_reals(z, at + c) * share)
    return top, total


@part
def softmax_errors(
    z: Array, start: int, row: int, n: int, n_out: int, labels: Array, order: Array, begin: int
) -> float:
    """Summed cross-entropy of ``n`` samples; logits become softmax minus one-hot.

    Sample i of the block is number ``order[begin + i]`` of the data, its logits lie at
    ``z[start + i row]``. The logarithms of the sums are taken together.
    """
    loss, product = 0.0, 1.0
    for i in range(n):
        at = start + i * row
        label = labels[order[begin + i]]
        own = np.float64(z[at + label])
        top, total = softmax_row(z, at, n_out)
        z[at + label] -= z.dtype.type(1)
        loss -= own - np.float64(top)
        product *= np.float64(total)
        if product > _ENOUGH:
            loss += math.log(product)
            product = 1.0
    return loss + math.log(product)


@part
def squared_errors(
    z: Array, start: int, row: int, n: int, n_out: int, targets: Array, order: Array,
    begin: int, hinge: bool,
) -> float:  # fmt: skip
    """Summed squared loss, or squared hinge; logits become their slopes."""
    loss = 0.0
    for i in range(n):
        for c in range(n_out):
            at = start + i * row + c
            t = targets[order[begin + i], c]
            error = z[at] - t
            if hinge and t * z[at] >= 1:  # t = ±1, so else it is z - t
                error *= 0
            loss += 0.5 * np.float64(error) * np.float64(error)
            z[at] = error
    return loss


@spliced
def output_errors(
    z: Array, start: int, row: int, n: int, n_out: int, answers: Answers, order: Array,
    begin: int, loss: int,
) -> float:  # fmt: skip
    """Summed loss of a block; its logits become the errors that go back."""
    if loss == CROSS_ENTROPY:
        return softmax_errors(z, start, row, n, n_out, answers.labels, order, begin)
    hinge = loss == SQUARED_HINGE
    return squared_errors(z, start, row, n, n_out, answers.targets, order, begin, hinge)
