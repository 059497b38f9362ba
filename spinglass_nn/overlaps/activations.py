"""Which hidden ReLU units are on, sample by sample: networks as points between the layers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from spinglass_nn._core import check, threads
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.networks import MLP, Replicas, _blocks, _kernels
from spinglass_nn.overlaps import _bits, _bits_kernels, _matched
from spinglass_nn.typing import Float64Array, IntArray, LabelledData, ProgressLike

_FOUR = 4  # rows the counting kernel takes at a time


@dataclass(frozen=True, slots=True)
class Patterns:
    """Units that are on (bit set) or off, packed along samples.

    Parameters
    ----------
    words : uint64 array (n_points padded to fours, n_rows, n_words)
        A row for each unit; each layer's rows are padded to fours.
    active : int64 array (n_points, n_rows)
        On how many samples each unit is on.
    sizes : tuple of int
        Units of the hidden layers taken.
    n_samples : int
        Number of samples.
    """

    words: NDArray[np.uint64]
    active: IntArray
    sizes: tuple[int, ...]
    n_samples: int

    @property
    def layers(self) -> list[slice]:
        """Rows of each layer, without what pads them."""
        return _rows(self.sizes)

    def unpacked(self) -> NDArray[np.int8]:
        """The same as rows of +1 (on) and -1 (off), unit by unit."""
        kept = np.concatenate([np.arange(part.start, part.stop) for part in self.layers])
        packed = self.words[: len(self.active), kept].view(np.uint8)
        bits = np.unpackbits(packed, axis=-1, count=self.n_samples).view(np.int8)
        return (2 * bits - 1).reshape(len(bits), -1)


def patterns(
    replicas: Replicas,
    data: LabelledData | NDArray[Any] | None,
    n_threads: int | None,
    layer: int | None = None,
) -> Patterns:
    """Run the data through the networks and keep which hidden units are on."""
    net = replicas.network
    chosen = _chosen_layers(net, layer)
    source = _source(net, data, replicas.weights.dtype)
    sizes = tuple(net.hidden_sizes[k] for k in chosen)
    rows = _rows(sizes)
    n_points, n_samples = len(replicas), source.n_samples
    n_words = -(-n_samples // 512) * 8
    words = np.zeros((n_points + -n_points % _FOUR, _padded(sizes), n_words), dtype=np.uint64)
    active = np.zeros((n_points, words.shape[1]), dtype=np.int64)

    def one(k: int) -> None:
        on = np.zeros((words.shape[1], n_samples), dtype=bool)
        workspace = np.empty(_blocks.workspace_size(net), dtype=source.dtype)
        low = 0
        for block in source.blocks(0, n_samples):
            n = len(block.inputs)
            _kernels.forward(replicas.weights[k], net.layout, block.inputs, workspace)
            for place, part in zip(chosen, rows, strict=True):
                values = _kernels.activation_view(workspace, net.layout.sizes, place, n)
                on[part, low : low + n] = values.T > 0
            low += n
        words[k].view(np.uint8)[:, : -(-n_samples // 8)] = np.packbits(on, axis=1)
        active[k] = np.count_nonzero(on, axis=1)

    threads.run(one, range(n_points), n_threads)
    return Patterns(words, active, sizes, n_samples)


def pattern_overlaps(
    found: Patterns,
    orders_of: Callable[[int, int], list[IntArray] | None] | None,
    n_threads: int | None,
    progress: ProgressLike,
) -> Float64Array:
    r"""Agreement beyond chance of all pairs of networks.

    With the share of samples on which unit j of network a is on, f_aj, and the share on which
    it and its partner in network b are both on or both off, p_j,

    .. math:: q = \frac{\sum_j (p_j - e_j)}{\sum_j (1 - e_j)}, \qquad
              e_j = f_{aj} f_{bj} + (1 - f_{aj})(1 - f_{bj}),

    Cohen's kappa pooled over units: 1 for equal patterns, 0 for patterns that agree as often
    as independent ones with the same shares. (p_j - e_j is twice the covariance.)

    Parameters
    ----------
    found : Patterns
        Of the networks.
    orders_of : callable, optional
        Takes a and b, returns the unit of b that belongs to each unit of a, for each layer; or
        None, to pair units such that the sum of p - e is largest. Without it, unit j of b
        belongs to unit j of a.
    n_threads : int, optional
        Threads over pairs.
    progress : bool or callable
        Show the pairs.
    """
    shares = found.active / found.n_samples
    constant = np.flatnonzero(~(shares * (1 - shares)).any(axis=1))
    if constant.size:
        raise DataError(
            "points must have hidden units that are on for some samples and off for others, "
            f"got none in network {constant[0]}"
        )
    if orders_of is None:
        return _in_place(found, shares, n_threads)

    def one(a: int, b: int) -> float:
        orders = orders_of(a, b)
        above, possible = 0.0, 0.0
        for k, part in enumerate(found.layers):
            gain, chance = _gains(found, shares, a, b, part)
            if orders is None:
                units, order = linear_sum_assignment(gain, maximize=True)
            else:
                units, order = np.arange(len(gain)), orders[k]
            above += float(gain[units, order].sum())
            possible += float(chance[units, order].sum())
        return above / possible

    return _matched.over_pairs(len(shares), one, n_threads, progress)


def _in_place(found: Patterns, shares: Float64Array, n_threads: int | None) -> Float64Array:
    """Unit j compared with unit j, for all pairs at once."""
    n_points = len(shares)
    flat = found.words.reshape(len(found.words), -1)
    counts = np.zeros((len(flat), len(flat)), dtype=np.int64)
    _bits.add_counts(flat, counts, n_threads)
    differ = _bits.mirrored(counts, n_points) / found.n_samples
    with threads.one_blas_thread():
        both = shares @ shares.T
    own = shares.sum(axis=1)
    possible = own[:, None] + own[None, :] - both - both.T
    values: Float64Array = 1 - differ / possible  # 1 - e is the chance to differ
    return values


def _gains(
    found: Patterns, shares: Float64Array, a: int, b: int, part: slice
) -> tuple[Float64Array, Float64Array]:
    """Gains p - e and chances 1 - e of all units of a (rows) with all of b, in one layer."""
    size = part.stop - part.start
    padded = slice(part.start, part.start + size + -size % _FOUR)
    one, two = found.words[a, padded], found.words[b, padded]
    counts = np.zeros((len(one), len(one)), dtype=np.int64)
    _bits_kernels.add_differences(one, two, counts[:, :])
    f, g = shares[a, part, None], shares[b, None, part]
    chance = f * (1 - g) + g * (1 - f)
    return chance - counts[:size, :size] / found.n_samples, chance


def _rows(sizes: tuple[int, ...]) -> list[slice]:
    starts = [0, *itertools.accumulate(size + -size % _FOUR for size in sizes)]
    return [slice(start, start + size) for start, size in zip(starts, sizes, strict=False)]


def _padded(sizes: tuple[int, ...]) -> int:
    return sum(size + -size % _FOUR for size in sizes)


def _chosen_layers(net: MLP, layer: int | None) -> list[int]:
    n_hidden = len(net.hidden_sizes)
    if net.activation != "relu" or n_hidden == 0:
        raise ParameterError(
            f"points must be networks with hidden ReLU units, which are on or off, got {net}"
        )
    if layer is None:
        return list(range(n_hidden))
    if check.count(layer, "layer", minimum=0) >= n_hidden:
        raise ParameterError(f"layer must be below {n_hidden} for hidden layers, got {layer}")
    return [layer]


def _source(net: MLP, data: LabelledData | NDArray[Any] | None, dtype: Any) -> _blocks.Source:
    if data is None:
        raise ParameterError("data must be given to compare activations of networks")
    if isinstance(data, LabelledData):
        inputs: NDArray[Any] = data.inputs
    else:
        inputs = check.array(data, "data", dtype=dtype)
    if inputs.ndim != 2 or inputs.shape[1] != net.n_inputs or len(inputs) == 0:
        raise ShapeError(
            f"data must have shape (n_samples, {net.n_inputs}) for {net}, got {inputs.shape}"
        )
    none = np.zeros((len(inputs), 0), dtype=dtype)
    return _blocks.Source(inputs, np.zeros(0, dtype=np.int64), none, dtype)
