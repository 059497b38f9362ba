"""Why flips that cost nothing are not always made, where fields can be exactly zero.

Metropolis accepts them always; in a sweep of fixed order that can be a deterministic dance
that never reaches all states (on every ring of ±J bonds, for instance), although each step
keeps detailed balance. So they are made with probability 7/8 where couplings and fields are
all multiples of one number. A flip either way costs nothing, so balance holds.
"""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn.typing import Float64Array

_REFUSED = math.log(8 / 7)  # -ln u is below this in one of eight draws
_MOST = 2.0**20  # quanta in a coupling: beyond, zero fields are rare


def quantum_of(couplings: Float64Array, fields: Float64Array) -> float:
    """The smallest coupling or field, if all others are multiples of it; otherwise 0."""
    sizes = np.abs(np.concatenate([np.ravel(couplings), np.ravel(fields)]))
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return 0.0
    multiples = sizes / sizes.min()
    if multiples.max() > _MOST or np.abs(multiples - np.rint(multiples)).max() > 1e-6:
        return 0.0
    return float(sizes.min())


def reluctance(quantum: float, temperatures: Float64Array) -> float:
    """Values of -ln u below which a flip that costs nothing is not made.

    Smaller than the exponent of the cheapest flip that costs something, at any temperature.
    """
    return min(_REFUSED, 0.99 * 2 * quantum / float(np.max(temperatures)))
