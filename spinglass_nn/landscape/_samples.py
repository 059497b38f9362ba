"""The loss of a network as a function of points: on all samples, or minibatch by minibatch."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.networks import _affine, _blocks
from spinglass_nn.networks._kernels import losses_of_samples
from spinglass_nn.networks.losses import losses_and_gradients
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.training.optimizers import SGD
from spinglass_nn.typing import Float64Array, FloatArray, IntArray, LabelledData


class SampledLoss:
    """Mean loss on some samples."""

    def __init__(self, net: MLP, source: _blocks.Source, n_threads: int | None) -> None:
        self.net, self.source, self.n_threads = net, source, n_threads

    def of_samples(self, points: FloatArray) -> Float64Array:
        """Loss of each sample (n, n_samples) at points (n, n_parameters)."""
        source = self.source
        logits = _affine.outputs(self.net, points, source, self.n_threads)
        found = np.empty(logits.shape[:2])
        for outputs, losses in zip(logits, found, strict=True):
            losses_of_samples(
                outputs, source.labels, source.targets, self.net.layout.loss, losses
            )
        return found

    def losses_and_gradients(self, points: FloatArray) -> tuple[Float64Array, FloatArray]:
        """Losses (n,) and gradients, of the shape of the points, in one pass."""
        return losses_and_gradients(self.net, points, self.source, self.n_threads)

    def on(self, rows: IntArray) -> SampledLoss:
        """The loss on some of the samples."""
        whole = self.source
        labels = whole.labels[rows] if whole.labels.size else whole.labels
        some = _blocks.Source(whole.inputs[rows], labels, whole.targets[rows], whole.dtype)
        return SampledLoss(self.net, some, self.n_threads)


class Minibatches:
    """The samples of every step: all, or minibatches in an order drawn anew each epoch.

    Step k has the same samples whatever was done before it.
    """

    def __init__(
        self,
        net: MLP,
        data: LabelledData,
        dtype: np.dtype[Any],
        size: int | None,
        seed: Seed,
        n_threads: int | None,
    ) -> None:
        self.whole = SampledLoss(net, _blocks.source(net, data, dtype), n_threads)
        self.n_samples = self.whole.source.n_samples
        self.size = self.n_samples if size is None else min(size, self.n_samples)
        self.per_epoch = -(-self.n_samples // self.size)
        self.seed = seed
        self._drawn = (-1, np.empty(0, np.int64), np.empty(0))

    def rate(self, optimizer: SGD, step: int) -> float:
        """The learning rate of a step; schedules count passes over the data."""
        epoch = np.array([step / self.per_epoch])
        return optimizer.learning_rate * float(optimizer.schedule.factor(epoch)[0])

    @property
    def all_at_once(self) -> bool:
        """Whether every step sees all samples."""
        return self.per_epoch == 1

    def rows(self, step: int) -> IntArray:
        """The samples of step ``step``, counted from 0, of those that are not all at once."""
        order, _ = self._draws(step // self.per_epoch)
        first = step % self.per_epoch * self.size
        return order[first : first + self.size]

    def of_step(self, step: int) -> SampledLoss:
        """The loss that step ``step`` goes down on."""
        return self.whole if self.all_at_once else self.whole.on(self.rows(step))

    def uniform(self, step: int) -> float:
        """A number from 0 to 1, drawn for the step."""
        epoch, place = divmod(step, self.per_epoch)
        return float(self._draws(epoch)[1][place])

    def _draws(self, epoch: int) -> tuple[IntArray, Float64Array]:
        """The order of samples in an epoch, and a number for each of its steps."""
        if self._drawn[0] != epoch:
            order = self.seed.generator(Stream.CURVES, 0, epoch).permutation(self.n_samples)
            uniform = self.seed.generator(Stream.CURVES, 1, epoch).random(self.per_epoch)
            self._drawn = epoch, order, uniform
        return self._drawn[1:]
