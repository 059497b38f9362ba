"""How a data set is streamed through the kernels: fixed segments, small blocks, any threads.

A data set is cut into at most `N_SEGMENTS` runs of samples, whatever the number of threads;
each is summed in order and the sums are added in order. So results have the same bits on one
thread and on many, and memory holds one block's activations per thread.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check, threads
from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.typing import LabelledData

Array = NDArray[Any]

N_SEGMENTS = 8
ROWS_AT_ONCE = 8  # parameter vectors whose sums over segments, a vector each, wait to be added
BLOCK = 256  # rows; with 784 inputs in float32 a block is 0.8 MB and stays in the L2 cache


class Block(NamedTuple):
    """Some samples, ready for a kernel."""

    inputs: Array
    labels: Array
    targets: Array


class Source(NamedTuple):
    """A data set checked against a network, from which blocks are cut."""

    inputs: Array
    labels: Array
    targets: Array
    dtype: np.dtype[Any]

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return int(self.inputs.shape[0])

    def segments(self) -> list[tuple[int, int]]:
        """Runs of samples, fixed by their number alone."""
        n_blocks = -(-self.n_samples // BLOCK)
        n_segments = min(N_SEGMENTS, n_blocks)
        cuts = [n_blocks * k // n_segments * BLOCK for k in range(n_segments + 1)]
        return [(a, min(b, self.n_samples)) for a, b in itertools.pairwise(cuts)]

    def blocks(self, start: int, stop: int) -> Iterator[Block]:
        """Blocks of a run of samples, converted to the working precision one at a time."""
        for low in range(start, stop, BLOCK):
            high = min(low + BLOCK, stop)
            rows = np.ascontiguousarray(self.inputs[low:high], dtype=self.dtype)
            block = Block(rows, self.labels[low:high], self.targets[low:high])
            for values in block:  # views or copies; so kernels are compiled for one kind
                values.flags.writeable = False
            yield block

    def is_ready(self, start: int, stop: int) -> bool:
        """Whether a run of samples is in the working precision as it lies."""
        rows = self.inputs[start:stop]
        return rows.dtype == self.dtype and bool(rows.flags.c_contiguous)

    def runs(self, start: int, stop: int) -> Iterator[Block]:
        """A run of samples in one piece, if it is ready, else in blocks.

        This is for kernels that cut samples into small blocks themselves.
        """
        if not self.is_ready(start, stop):
            yield from self.blocks(start, stop)
            return
        block = Block(
            self.inputs[start:stop].view(), self.labels[start:stop], self.targets[start:stop]
        )
        for values in block:
            values.flags.writeable = False
        yield block


def source(net: MLP, data: LabelledData, dtype: np.dtype[Any]) -> Source:
    """Check that data fit a network; labels become one-hot or ±1 where the loss needs it.

    Raises
    ------
    ShapeError
        If the number of inputs, classes or targets does not fit the network.
    DataError
        If the loss needs labels or targets that the data do not have.
    """
    if not isinstance(data, LabelledData):
        raise DataError(
            f"data must be a Dataset, got {type(data).__name__}; "
            "spinglass_nn.datasets.from_arrays(X, y) makes one"
        )
    if data.inputs.ndim != 2 or data.inputs.shape[1] != net.n_inputs:
        raise ShapeError(
            f"data must have {net.n_inputs} inputs per sample for {net}, "
            f"got inputs of shape {data.inputs.shape}"
        )
    if data.inputs.shape[0] == 0:
        raise DataError("data must hold at least one sample, got none")
    labels = np.zeros(0, dtype=np.int64)
    targets = np.zeros((data.inputs.shape[0], 0), dtype=dtype)
    if data.labels is not None and data.n_classes is not None:
        _check_classes(net, data.n_classes)
        labels = _checked_labels(data.labels, data.inputs.shape[0], data.n_classes)
        if net.loss != "cross_entropy":
            targets = _targets_of_labels(net, labels, dtype)
    elif data.targets is None or net.loss != "squared_error":
        raise DataError(f"data must have labels for the loss {net.loss!r}, got none")
    elif data.targets.shape != (data.inputs.shape[0], net.n_outputs):
        raise ShapeError(
            f"targets must have shape ({data.inputs.shape[0]}, {net.n_outputs}) for {net}, "
            f"got {data.targets.shape}"
        )
    else:
        targets = np.ascontiguousarray(data.targets, dtype=dtype)
    return Source(data.inputs, labels, targets, dtype)


def _check_classes(net: MLP, n_classes: int) -> None:
    wanted = 2 if net.n_outputs == 1 else net.n_outputs
    if n_classes > wanted:
        raise ShapeError(f"data must have at most {wanted} classes for {net}, got {n_classes}")


def _checked_labels(labels: Array, n_samples: int, n_classes: int) -> Array:
    """Labels as int64; kernels index with them, so one out of range must not get there."""
    labels = check.array(labels, "labels", shape=(n_samples,), dtype=np.int64)
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= n_classes:
        raise DataError(f"labels must lie in [0, {n_classes - 1}], got {low} ... {high}")
    return labels


def _targets_of_labels(net: MLP, labels: Array, dtype: np.dtype[Any]) -> Array:
    """One-hot rows for the squared error, ±1 for the hinge and for a single output."""
    if net.n_outputs == 1:
        return (2 * labels - 1).astype(dtype)[:, None]
    hot = np.zeros((labels.size, net.n_outputs), dtype=dtype)
    hot[np.arange(labels.size), labels] = 1
    return hot if net.loss == "squared_error" else 2 * hot - 1


def workspace_size(net: MLP, n_rows: int = BLOCK) -> int:
    """Entries one block's activations take."""
    return n_rows * sum(net.sizes[1:])


def over_segments(
    work: Callable[[int, tuple[int, int]], Any],
    n_rows: int,
    data: Source,
    n_threads: int | None,
    rows_at_once: int | None = None,
) -> Iterator[list[Any]]:
    """``work(row, segment)`` for every parameter vector and segment; a list per row.

    ``rows_at_once`` bounds what is held at a time, where each piece of work returns a vector.
    """
    segments = data.segments()
    step = rows_at_once or n_rows
    for first in range(0, n_rows, step):
        rows = range(first, min(first + step, n_rows))
        tasks = [(row, segment) for row in rows for segment in segments]
        done = threads.run(lambda task: work(*task), tasks, n_threads)
        yield from (done[k : k + len(segments)] for k in range(0, len(done), len(segments)))
