"""Two ways to take optimizer steps, and which is faster for a network and a batch."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn._core.codes import SMALLEST
from spinglass_nn._core.simd_meetings import crew
from spinglass_nn.networks._blocks import Source
from spinglass_nn.networks._output_kernels import Answers
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.training import _fused_plan, _kernels
from spinglass_nn.training._codes import coded_inputs, plain_inputs
from spinglass_nn.training._fused_kernels import train_fused
from spinglass_nn.training._gather_kernels import Inputs
from spinglass_nn.training._update_kernels import Update
from spinglass_nn.typing import Float64Array, FloatArray, IntArray

# Epochs, over all replicas, after which coding the inputs has saved the time that it takes.
EPOCHS_WORTH_CODES = 20


# Where tiles beat BLAS, as measured (docs/physics/training.md): from 8 samples a step on, which
# fill a tile, with a hidden layer, and as long as the largest matrix stays in the caches. What
# is larger BLAS cuts in depth as well, and sooner where batches are large.
SMALLEST_BATCH = 8
LARGE_BATCH = 256
LARGEST_MATRIX = 4 << 20  # bytes
LARGEST_MATRIX_OF_LARGE_BATCH = 2 << 20


def fused_is_faster(net: MLP, batch: int, dtype: np.dtype[Any]) -> bool:
    """Whether tiles are expected to beat BLAS."""
    largest = max(a * b for a, b in itertools.pairwise(net.sizes)) * dtype.itemsize
    limit = LARGEST_MATRIX if batch <= LARGE_BATCH else LARGEST_MATRIX_OF_LARGE_BATCH
    return batch >= SMALLEST_BATCH and net.n_layers > 1 and largest <= limit


# Floating-point operations of a step from which on a second thread saves more than meeting it,
# five times a block, costs.
WORTH_A_CREW = 1.5e7


def crew_size(net: MLP, batch: int, n_threads: int) -> int:
    """Threads to take the fused steps of one network with, of those that are free for it."""
    weights = sum(a * b for a, b in itertools.pairwise(net.sizes))
    return n_threads if 6.0 * batch * weights >= WORTH_A_CREW else 1


class Steps(Protocol):
    """One replica's memory for training, and the steps taken in it."""

    batch: int

    def train(
        self,
        theta: FloatArray,
        slots: FloatArray,
        order: IntArray,
        rates: Float64Array,
        first_step: int,
    ) -> float:
        """One step per rate, on consecutive batches of ``order``; changes theta and slots.

        Returns the summed loss of the batches, NaN once training has diverged.
        """
        ...


def inputs_of(data: Source, n_epochs: int) -> Inputs:
    """Inputs as fused steps read them, coded if that pays for so many replica epochs."""
    large = data.inputs.nbytes >= SMALLEST and data.inputs.dtype == data.dtype
    worth = large and n_epochs >= EPOCHS_WORTH_CODES
    return coded_inputs(data.inputs) if worth else plain_inputs(data.inputs, data.dtype)


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written to: of arrays of one kind, kernels are compiled once."""
    view = values.view()
    view.flags.writeable = False
    return view


class FasterWay:
    """The faster of some ways that give the same bits, as the machine is at this time.

    Threads that meet lose much where other work holds one of them up, which no size tells.
    """

    AGAIN = 16  # calls after which the slower ways are tried once more

    def __init__(self, ways: Sequence[int]) -> None:
        self._seconds = dict.fromkeys(ways, 0.0)  # of a step, when last tried
        self._untried = list(ways)
        self._calls = 0

    def next(self) -> int:
        """The way to go now."""
        if self._calls == self.AGAIN:
            self._calls = 0
            self._untried = [way for way in self._seconds if way != self._fastest()]
        self._calls += 1
        return self._untried.pop(0) if self._untried else self._fastest()

    def took(self, way: int, seconds: float) -> None:
        """Remember what a step took."""
        self._seconds[way] = seconds

    def _fastest(self) -> int:
        return min(self._seconds, key=self._seconds.__getitem__)


class FusedSteps:
    """Steps by register tiles, on packed parameters."""

    def __init__(
        self,
        net: MLP,
        data: Source,
        inputs: Inputs,
        update: Update,
        n_slots: int,
        batch: int,
        n_threads: int = 1,
    ) -> None:
        self.net, self.update, self.batch = net, update, batch
        self.inputs = Inputs(*map(_read_only, inputs))
        self.answers = Answers(_read_only(data.labels), _read_only(data.targets))
        self.plan = _fused_plan.plan_of(net, batch, data.dtype)
        self.rooms = _fused_plan.rooms_of(net, self.plan, n_slots, data.dtype, n_threads)
        self.threads = FasterWay([n_threads, 1] if n_threads > 1 else [1])

    def train(
        self,
        theta: FloatArray,
        slots: FloatArray,
        order: IntArray,
        rates: Float64Array,
        first_step: int,
    ) -> float:
        """See `Steps`."""
        net, plan, room = self.net, self.plan, self.rooms[0]
        memory = room.slots.reshape(len(slots), room.packed.size)
        pairs = [(theta, room.packed), *zip(slots, memory, strict=True)]
        for flat, packed in pairs:
            _fused_plan.pack_parameters(net, plan, flat, packed)
        n_threads, began = self.threads.next(), time.perf_counter()
        members = crew(n_threads)

        def work(member: int) -> float:
            return train_fused(
                plan, self.inputs, self.answers, order, rates, first_step, self.update,
                self.rooms[member], members[member],
            )  # fmt: skip

        loss = threads.together(work, n_threads)
        self.threads.took(n_threads, (time.perf_counter() - began) / rates.size)
        for flat, packed in pairs:
            _fused_plan.unpack_parameters(net, plan, packed, flat)
        return loss


class PlainSteps:
    """Steps by BLAS, one layer and one batch at a time."""

    def __init__(self, net: MLP, data: Source, update: Update, batch: int) -> None:
        self.net, self.update, self.batch = net, update, batch
        self.samples = _kernels.Samples(data.inputs, data.labels, data.targets)
        units = batch * sum(net.sizes[1:])
        self.scratch = _kernels.Scratch(
            np.empty((batch, net.n_inputs), data.dtype),
            np.empty(batch if data.labels.size else 0, np.int64),
            np.empty((batch, data.targets.shape[1]), data.dtype),
            np.empty(units, data.dtype),
            np.empty(units, data.dtype),
            np.empty(net.n_parameters, data.dtype),
        )

    def train(
        self,
        theta: FloatArray,
        slots: FloatArray,
        order: IntArray,
        rates: Float64Array,
        first_step: int,
    ) -> float:
        """See `Steps`."""
        return _kernels.train_steps(
            theta,
            slots,
            self.net.layout,
            self.samples,
            order,
            rates,
            first_step,
            self.update,
            self.scratch,
        )
