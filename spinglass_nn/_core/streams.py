"""Random streams inside kernels: SFC64 on explicit states, bit for bit NumPy's own.

A kernel is handed a state array ``uint64 (n_streams, 4)``, one row for each replica or
walker, and advances the rows it uses; there is no hidden global generator, and no stream is
shared between threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check
from spinglass_nn._core.jit import kernel
from spinglass_nn._core.random import Seed, Stream

States = NDArray[np.uint64]

_1, _3, _11, _24, _40 = (np.uint64(n) for n in (1, 3, 11, 24, 40))
_UNIT = 2.0**-53


def stream_states(seed: Seed, stream: Stream, n_streams: int, *index: int) -> States:
    """States of ``n_streams`` generators for kernels; row k belongs to (stream, *index, k).

    Parameters
    ----------
    seed : Seed
        Where they grow from.
    stream : Stream
        Which algorithm draws.
    n_streams : int
        How many rows; row k is the same whatever this number is.
    *index : int
        Further numbers of the stream, before k.

    Returns
    -------
    uint64 array (n_streams, 4)
        The state that NumPy's SFC64 would start with.
    """
    rows = np.empty((check.count(n_streams, "n_streams"), 4), dtype=np.uint64)
    for k in range(n_streams):
        state: Any = seed.generator(stream, *index, k).bit_generator.state
        rows[k] = state["state"]["state"]
    return rows


@kernel
def next_word(state: Any) -> Any:
    """Draw 64 random bits and advance the state (4,) in place.

    Chris Doty-Humphrey's Small Fast Chaotic generator, 64-bit, with counter.
    """
    a, b, c, counter = state[0], state[1], state[2], state[3]
    word = a + b + counter
    state[0] = b ^ (b >> _11)
    state[1] = c + (c << _3)
    state[2] = ((c << _24) | (c >> _40)) + word
    state[3] = counter + _1
    return word


@kernel
def uniform(state: Any) -> Any:
    """Draw a number in [0, 1) with 53 random bits."""
    return (next_word(state) >> _11) * _UNIT


@kernel
def below(state: Any, n: int) -> int:
    """Draw an integer in 0 ... n - 1; the bias, below n / 2^53, is beyond measure."""
    return int(uniform(state) * n)
