"""One call of `train_replicas`: committed state of every replica, and how to advance it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from spinglass_nn._core import threads, vectors
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.io.archive import save
from spinglass_nn.networks._blocks import source
from spinglass_nn.networks.losses import evaluate
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replicas
from spinglass_nn.training._state import extended, series, stopped
from spinglass_nn.training._steps import (
    FusedSteps,
    PlainSteps,
    Steps,
    crew_size,
    fused_is_faster,
    inputs_of,
)
from spinglass_nn.training.history import TrainingRun, TrainingState
from spinglass_nn.training.optimizers import Optimizer
from spinglass_nn.typing import FloatArray, IntArray, PathType, ProgressLike

_SECONDS_BETWEEN_CHECKPOINTS = 20.0


class Job:
    """One call of `train_replicas`: committed state of every replica, and how to advance it.

    Workers train on copies and commit after each epoch under a lock, so that a checkpoint or
    an interrupt at any time finds whole epochs.
    """

    def __init__(
        self,
        net: MLP,
        data: Dataset,
        optimizer: Optimizer,
        settings: dict[str, Any],
        seed: Seed,
        state: TrainingState,
        n_epochs: int,
        stop_at_loss: float,
        checkpoint: PathType | None,
    ) -> None:
        self.net, self.data, self.optimizer = net, data, optimizer
        self.settings, self.seed = settings, seed
        self.n_epochs, self.stop_at_loss = n_epochs, stop_at_loss
        self.checkpoint = checkpoint
        self.every: int = settings["record_every"]
        self.state = extended(state, self.every, n_epochs)
        self.state.stopped[:] = stopped(self.state, stop_at_loss)
        self.source = source(net, data, state.weights.dtype)
        batch = min(settings["batch_size"], settings["subset_size"] or data.n_samples)
        self.fused = fused_is_faster(net, batch, state.weights.dtype)
        to_go = np.maximum(n_epochs - self.state.epochs_done, 0)[~self.state.stopped].sum()
        self.inputs = inputs_of(self.source, int(to_go) if self.fused else 0)
        self.crew = 1  # threads for each replica
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.saved_at = time.monotonic()

    def run(self, progress: ProgressLike, n_threads: int | None) -> TrainingRun:
        state = self.state
        n_replicas = len(state.weights)
        n_active = np.count_nonzero(~state.stopped & (state.epochs_done < self.n_epochs))
        free = threads.resolve(n_threads) // max(1, int(n_active))
        self.crew = crew_size(self.net, self.settings["batch_size"], max(1, free))
        total = n_replicas * self.n_epochs
        try:
            with track(total, f"training {n_replicas} x {self.net}", progress) as tick:
                threads.run(
                    lambda k: self.train(k, tick), range(n_replicas), n_threads, self.stop
                )
        except KeyboardInterrupt:
            where = "its state"
            if self.checkpoint is not None:
                save(state, self.checkpoint)
                where = str(self.checkpoint)
            done = int(state.epochs_done.sum())
            raise Interrupted(
                f"training interrupted after {done} of {total} replica epochs; "
                f"it goes on from {where}",
                state,
            ) from None
        if self.checkpoint is not None:
            save(state, self.checkpoint)
        replicas = Replicas(self.net, state.weights.copy())
        return TrainingRun(replicas, state.history, state.snapshots, state)

    def train(self, k: int, tick: Callable[[int], None]) -> None:
        """Advance replica k to its end, committing after every epoch."""
        state = self.state
        theta, slots = state.weights[k].copy(), state.slots[k].copy()
        subset = self._subset(k)
        trained_on = self._training_data(subset)
        steps = self.steps(len(subset))
        tick(int(state.epochs_done[k]))
        if state.epochs_done[k] == 0 and np.isnan(state.history.norm[k, 0]):
            self._keep(k, 0, theta)
            self._commit(k, 0, theta, slots, self._record(theta, trained_on))
        while state.epochs_done[k] < self.n_epochs and not state.stopped[k]:
            if self.stop.is_set():
                return
            epoch = int(state.epochs_done[k])
            self.epoch(k, epoch, theta, slots, subset, steps)
            due = (epoch + 1) % self.every == 0 or epoch + 1 == self.n_epochs
            record = self._record(theta, trained_on) if due else None
            if record is not None and not math.isfinite(record[0]):
                raise self._diverged(k, epoch)
            self._commit(k, epoch + 1, theta, slots, record)
            tick(1)
        tick(self.n_epochs - int(state.epochs_done[k]))

    def _subset(self, k: int) -> IntArray:
        n, size = self.data.n_samples, self.settings["subset_size"]
        if size is None:
            return np.arange(n)
        index = self._index(k, "subset")
        return self.seed.generator(Stream.SUBSETS, index).permutation(n)[:size]

    def _training_data(self, subset: IntArray) -> Dataset:
        if self.settings["subset_size"] is None:
            return self.data
        chosen = np.sort(subset)
        labels, targets = self.data.labels, self.data.targets
        return Dataset(
            inputs=self.data.inputs[chosen],
            labels=None if labels is None else labels[chosen],
            targets=None if targets is None else targets[chosen],
            n_classes=self.data.n_classes,
        )

    def _index(self, k: int, what: str) -> int:
        """The number of the stream replica k draws ``what`` from."""
        return 0 if what in self.settings["share"] else self.settings["first_replica"] + k

    def steps(self, n_samples: int) -> Steps:
        """A replica's way to take steps, on that many samples, with memory of its own."""
        batch = min(self.settings["batch_size"], n_samples)
        net, data, how = self.net, self.source, self.optimizer.update
        if not self.fused:
            return PlainSteps(net, data, how, batch)
        return FusedSteps(net, data, self.inputs, how, self.optimizer.n_slots, batch, self.crew)

    def epoch(
        self,
        k: int,
        epoch: int,
        theta: FloatArray,
        slots: FloatArray,
        subset: IntArray,
        steps: Steps,
    ) -> None:
        """One pass over the replica's samples, in pieces that end at snapshots."""
        generator = self.seed.generator(Stream.MINIBATCHES, self._index(k, "order"), epoch)
        order = subset[generator.permutation(subset.size)]
        size = steps.batch
        per_epoch = -(-order.size // size)
        first = epoch * per_epoch
        rates = self.optimizer.learning_rate * self.optimizer.schedule.factor(
            epoch + np.arange(per_epoch) / per_epoch
        )
        wanted = self.state.snapshots.steps
        cuts = [s - first for s in wanted if first < s < first + per_epoch]
        for low, high in zip([0, *cuts], [*cuts, per_epoch], strict=True):
            piece = order[low * size : high * size]
            loss = steps.train(theta, slots, piece, rates[low:high], first + low)
            if not (math.isfinite(loss) and np.isfinite(theta).all()):
                raise self._diverged(k, epoch)
            self._keep(k, first + high, theta)

    def _diverged(self, k: int, epoch: int) -> ParameterError:
        return ParameterError(
            f"learning_rate must keep training finite, got {self.optimizer!r}: replica "
            f"{self.settings['first_replica'] + k} diverged in epoch {epoch + 1}"
        )

    def _keep(self, k: int, step: int, theta: FloatArray) -> None:
        place = np.flatnonzero(self.state.snapshots.steps == step)
        if place.size:
            self.state.snapshots.weights[k, place[0]] = theta

    def _record(self, theta: FloatArray, trained_on: Dataset) -> tuple[float, ...]:
        train = evaluate(self.net, theta, trained_on, n_threads=1)
        test = (math.nan, math.nan)
        if self.data.test is not None:
            held_out = evaluate(self.net, theta, self.data.test, n_threads=1)
            test = (held_out.loss, held_out.accuracy)
        with np.errstate(over="ignore"):  # diverged, which the loss shows
            norm = vectors.norm(theta)
        return (train.loss, train.accuracy, *test, norm)

    def _commit(
        self,
        k: int,
        epoch: int,
        theta: FloatArray,
        slots: FloatArray,
        record: tuple[float, ...] | None,
    ) -> None:
        """Make an epoch part of the state, and save it now and then."""
        state, history = self.state, self.state.history
        with self.lock:
            state.weights[k], state.slots[k], state.epochs_done[k] = theta, slots, epoch
            if record is not None:
                place = int(np.flatnonzero(history.epochs == epoch)[0])
                for values, value in zip(series(history), record, strict=True):
                    values[k, place] = value
                state.stopped[k] = record[0] <= self.stop_at_loss
            overdue = time.monotonic() - self.saved_at > _SECONDS_BETWEEN_CHECKPOINTS
            if self.checkpoint is not None and overdue:
                save(state, self.checkpoint)
                self.saved_at = time.monotonic()
