"""Compiled kernels for p-spin models: every tuple of spins read once for eight configurations.

Couplings of all i1 < i2 < ... < ip lie in one row in the order of a p-fold loop, the last index
fastest. Configurations come in groups of `LANES`, one a column, which the processor takes at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.jit import kernel

Array = NDArray[Any]

LANES = 8


@kernel
def add_row(couplings: Array, spins: Array, before: Array, fields: Array, inner: Array) -> None:
    """One run of the last index k: ``inner`` = Σ_k J_k s_k, and its part of the fields on k.

    ``before`` is the product of the earlier spins of the tuple; the arrays begin at the first
    k.
    """
    inner[:] = 0.0
    for k in range(couplings.size):
        value = couplings[k]
        for lane in range(LANES):
            inner[lane] += value * spins[k, lane]
            fields[k, lane] += value * before[lane]


@kernel
def fields_two(couplings: Array, spins: Array, fields: Array) -> None:
    """-dH/ds for p = 2, spins and fields (n_spins, LANES)."""
    n = spins.shape[0]
    inner = np.empty(LANES)
    start = 0
    for i in range(n - 1):
        end = start + n - 1 - i
        row = couplings[start:end]
        add_row(row, spins[i + 1 :], spins[i], fields[i + 1 :], inner)
        for lane in range(LANES):
            fields[i, lane] += inner[lane]
        start = end


@kernel
def fields_three(couplings: Array, spins: Array, fields: Array) -> None:
    """-dH/ds for p = 3."""
    n = spins.shape[0]
    inner, pair = np.empty(LANES), np.empty(LANES)
    start = 0
    for i in range(n - 2):
        for j in range(i + 1, n - 1):
            end = start + n - 1 - j
            for lane in range(LANES):
                pair[lane] = spins[i, lane] * spins[j, lane]
            row = couplings[start:end]
            add_row(row, spins[j + 1 :], pair, fields[j + 1 :], inner)
            for lane in range(LANES):
                fields[i, lane] += spins[j, lane] * inner[lane]
                fields[j, lane] += spins[i, lane] * inner[lane]
            start = end


@kernel
def fields_four(couplings: Array, spins: Array, fields: Array) -> None:
    """-dH/ds for p = 4."""
    n = spins.shape[0]
    inner, triple = np.empty(LANES), np.empty(LANES)
    start = 0
    for i in range(n - 3):
        for j in range(i + 1, n - 2):
            for k in range(j + 1, n - 1):
                end = start + n - 1 - k
                for lane in range(LANES):
                    triple[lane] = spins[i, lane] * spins[j, lane] * spins[k, lane]
                row = couplings[start:end]
                add_row(row, spins[k + 1 :], triple, fields[k + 1 :], inner)
                for lane in range(LANES):
                    a, b, c = spins[i, lane], spins[j, lane], spins[k, lane]
                    fields[i, lane] += b * c * inner[lane]
                    fields[j, lane] += a * c * inner[lane]
                    fields[k, lane] += a * b * inner[lane]
                start = end
