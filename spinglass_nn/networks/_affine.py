"""The engine behind every loss: sums over the data at mixtures of parameter vectors.

One parameter vector, many, a line, a plane, averages: each is a list of points, and a point a
list of terms, coefficient times vector. Hidden units that stand in several vectors (permuted
copies, chains of swaps) are multiplied with the data once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import simd, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.simd_layers import TALLEST
from spinglass_nn._core.simd_tiles import TILE_REALS, TILE_VECTORS
from spinglass_nn.networks import _affine_kernels as kernels
from spinglass_nn.networks._blocks import Block, Source
from spinglass_nn.networks._column_loss_kernels import COLUMNS
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.typing import Float64Array, FloatArray, IntArray, ProgressLike

Array = NDArray[Any]

MOST_UNITS = 4096  # in one go: their sums over a block, 1 MB in float32, stay near the core
MOST_POINTS = 1 << 16
LITTLE = 1e8  # floating-point operations, under a millisecond
CHUNKS_AT_ONCE = 8  # pieces of a family whose packed weights are held at a time


class Terms(NamedTuple):
    """Points as mixtures: point p owns the terms from first[p] up to first[p + 1]."""

    first: IntArray  # (n_points + 1,)
    vector: IntArray  # (n_terms,)
    coefficient: Float64Array  # (n_terms,)

    @property
    def n_points(self) -> int:
        """Number of points."""
        return self.first.size - 1

    def cut(self, low: int, high: int) -> Terms:
        """Points ``low`` to ``high``."""
        first = self.first[low : high + 1]
        inside = slice(int(first[0]), int(first[-1]))
        return Terms(first - first[0], self.vector[inside], self.coefficient[inside])


def each(n: int) -> Terms:
    """Every vector by itself."""
    return Terms(np.arange(n + 1), np.arange(n), np.ones(n))


def from_matrix(coefficients: Float64Array) -> Terms:
    """Points from coefficients (n_points, n_vectors); zeros cost nothing."""
    there = coefficients != 0
    there[~there.any(axis=1), 0] = True  # the zero vector has a term too
    point, vector = np.nonzero(there)
    first = np.searchsorted(point, np.arange(len(coefficients) + 1))
    return Terms(first, vector, coefficients[point, vector])


def sums(
    net: MLP,
    vectors: FloatArray,
    terms: Terms,
    sources: Sequence[Source],
    n_threads: int | None,
    *,
    shared: bool = True,
    progress: ProgressLike = False,
    title: str = "points",
) -> Float64Array:
    """Summed loss and right answers at every point, (n_sources, n_points, 2).

    Samples are summed in fixed segments, so neither threads nor the other points change a
    bit. ``shared`` looks for units that stand in several vectors.
    """
    total = np.zeros((len(sources), terms.n_points, 2))
    layout, cuts = net.layout, _cuts(net, terms, shared)
    n_tasks = len(cuts) * sum(len(source.segments()) for source in sources)
    with track(n_tasks, title, progress) as advance:

        def work(task: _Task) -> Float64Array:
            found = np.zeros((len(task.segments), task.family.first.size - 1, 2))
            with task.scratch.one() as scratch:
                for number, ends, block in _pieces(sources[task.source], task.segments):
                    kernels.family_of_run(
                        task.family, layout, *block, ends, scratch, found[number:]
                    )
            advance(len(task.segments))
            return found

        for group in _groups(net, vectors, terms, cuts, shared):
            tasks = [
                _Task(where, family, scratch, k, segments)
                for where, family, scratch in group
                for k, source in enumerate(sources)
                for segments in _portions(source, family, n_threads)
            ]
            for task, parts in zip(tasks, threads.run(work, tasks, n_threads), strict=True):
                for part in parts:  # segments are added in their order
                    total[task.source, task.points] += part
    return total


def _portions(
    source: Source, family: kernels.Family, n_threads: int | None
) -> list[list[tuple[int, int]]]:
    """Segments that go through the kernel together: a call by itself costs some 50 us."""
    segments = source.segments()
    work = 2 * family.panels.size * source.n_samples
    at_once = 1
    if work < LITTLE * len(segments):
        at_once = -(-len(segments) // threads.resolve(n_threads))
    return [segments[k : k + at_once] for k in range(0, len(segments), at_once)]


def _pieces(
    source: Source, segments: list[tuple[int, int]]
) -> Iterator[tuple[int, IntArray, Block]]:
    """Samples for one call of a kernel: number of the first segment, ends of segments in it."""
    start, stop = segments[0][0], segments[-1][1]
    if source.is_ready(start, stop):
        ends = np.array([end - start for _, end in segments])
        yield 0, ends, next(source.runs(start, stop))
        return
    for number, segment in enumerate(segments):
        for block in source.runs(*segment):
            yield number, np.array([len(block.inputs)]), block


def outputs(net: MLP, vectors: FloatArray, source: Source, n_threads: int | None) -> FloatArray:
    """Outputs (n_vectors, n_samples, n_outputs) of the network at every vector."""
    out = np.empty((len(vectors), source.n_samples, net.n_outputs), dtype=vectors.dtype)
    layout, terms = net.layout, each(len(vectors))

    def work(task: _Task) -> None:
        (segment,) = task.segments
        row = segment[0]
        with task.scratch.one() as scratch:
            for block in source.runs(*segment):
                to = out[task.points]
                kernels.logits_of_block(task.family, layout, block.inputs, scratch, to, row)
                row += len(block.inputs)

    for group in _groups(net, vectors, terms, _cuts(net, terms, False), False):
        tasks = [
            _Task(where, family, scratch, 0, [segment])
            for where, family, scratch in group
            for segment in source.segments()
        ]
        threads.run(work, tasks, n_threads)
    return out


class _Task(NamedTuple):
    """Some points over some segments of one data set."""

    points: slice
    family: kernels.Family
    scratch: threads.Lent[kernels.Scratch]
    source: int
    segments: list[tuple[int, int]]


def _cuts(net: MLP, terms: Terms, shared: bool) -> list[slice]:
    """Runs of points whose vectors have at most `MOST_UNITS` units, if one has no more."""
    most = max(1, MOST_UNITS // net.sizes[1])
    if shared:
        return _shared_cuts(terms, most)
    step = min(most, MOST_POINTS)
    return [slice(k, min(k + step, terms.n_points)) for k in range(0, terms.n_points, step)]


def _shared_cuts(terms: Terms, most: int) -> list[slice]:
    found, low, seen = [], 0, set[int]()
    first, vector = terms.first.tolist(), terms.vector.tolist()
    for p in range(terms.n_points):
        here = vector[first[p] : first[p + 1]]
        more = seen if seen.issuperset(here) else seen.union(here)
        if p > low and (len(more) > most or p - low >= MOST_POINTS):
            found.append(slice(low, p))
            low, more = p, set(here)
        seen = more
    if terms.n_points:
        found.append(slice(low, terms.n_points))
    return found


def _groups(
    net: MLP, vectors: FloatArray, terms: Terms, cuts: list[slice], shared: bool
) -> Iterator[list[tuple[slice, kernels.Family, threads.Lent[kernels.Scratch]]]]:
    """Runs of points with all that kernels need, a few at a time."""
    for k in range(0, len(cuts), CHUNKS_AT_ONCE):
        some = cuts[k : k + CHUNKS_AT_ONCE]
        families = [
            pack_family(net, vectors, terms.cut(cut.start, cut.stop), shared) for cut in some
        ]
        rooms = [threads.Lent(partial(scratch_for, net, family)) for family in families]
        yield list(zip(some, families, rooms, strict=True))


def pack_family(net: MLP, vectors: FloatArray, terms: Terms, shared: bool) -> kernels.Family:
    """Pack what a few points need."""
    used, which = np.unique(terms.vector, return_inverse=True)
    n_in, width = net.sizes[0], net.sizes[1]
    end = width * n_in
    some = vectors[used] if len(used) < len(vectors) else vectors
    biases = some[:, end : end + width] if net.bias else np.zeros_like(some[:, :width])
    units, chosen = _units(some, end, width, biases, shared)
    rows = np.ascontiguousarray(some[:, :end]).reshape(len(some) * width, n_in)
    rows = rows if len(chosen) == len(rows) else rows[chosen]
    lanes = 64 // vectors.itemsize
    panels = simd.aligned(n_in * (-(-len(rows) // lanes) * lanes), vectors.dtype)
    rows.flags.writeable = False
    kernels.pack_rows(rows, panels)
    return kernels.Family(
        panels,
        np.ascontiguousarray(biases.reshape(-1)[chosen]),
        units.reshape(-1),
        _upper(net, some),
        np.ascontiguousarray(terms.first),
        which.astype(np.int64),
        terms.coefficient.astype(vectors.dtype),
    )


def _upper(net: MLP, vectors: FloatArray) -> FloatArray:
    """Layers above the first, weights transposed and biases, if only zeros.

    There is room after them, for tiles read beyond.
    """
    lanes, place = 64 // vectors.itemsize, 0
    size = sum((a + 1) * b for a, b in itertools.pairwise(net.sizes[1:])) + TALLEST
    upper = simd.aligned((len(vectors), -(-size // lanes) * lanes), vectors.dtype)
    for layer in net.layers(vectors)[1:]:
        n_out, n_in = layer.weight.shape[1:]
        to = upper[:, place : place + n_in * n_out].reshape(len(vectors), n_in, n_out)
        to[...] = layer.weight.swapaxes(1, 2)
        place += n_in * n_out
        if layer.bias is not None:
            upper[:, place : place + n_out] = layer.bias
        place += n_out
    return upper.reshape(-1)


def _units(
    vectors: FloatArray, end: int, width: int, biases: FloatArray, shared: bool
) -> tuple[IntArray, IntArray]:
    """The place of every unit (n_vectors, width) among the different ones, and their list."""
    n_units = len(vectors) * width
    if not shared or len(vectors) == 1:
        return np.arange(n_units).reshape(len(vectors), width), np.arange(n_units)
    known: dict[bytes, int] = {}
    places = np.empty((len(vectors), width), dtype=np.int64)
    chosen: list[int] = []
    for v, vector in enumerate(vectors):
        for unit, row in enumerate(vector[:end].reshape(width, -1)):
            key = row.tobytes() + biases[v, unit].tobytes()
            place = known.setdefault(key, len(known))
            if place == len(chosen):
                chosen.append(v * width + unit)
            places[v, unit] = place
    return places, np.array(chosen)


def scratch_for(net: MLP, family: kernels.Family) -> kernels.Scratch:
    """Workspaces for one thread; they begin as zeros, so nothing read is ever undefined."""
    dtype, columns = family.panels.dtype, COLUMNS
    lanes = 64 // dtype.itemsize
    width = net.sizes[1]
    rows = max(net.sizes[1:]) + TALLEST
    return kernels.Scratch(
        across=simd.aligned(columns * TILE_VECTORS * lanes, dtype),
        pool=simd.aligned((-(-family.biases.size // lanes) * lanes) * columns, dtype),
        active=simd.aligned(2 * rows * columns, dtype),
        theta=simd.aligned(family.upper.size * width // family.units.size, dtype),
        labels=simd.aligned(columns, dtype),
        targets=simd.aligned(net.n_outputs * columns, dtype),
        tile=simd.aligned(TILE_REALS, dtype),
    )
