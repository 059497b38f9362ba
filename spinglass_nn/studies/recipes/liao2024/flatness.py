"""Protocol (d), training: runs over batch sizes and rates, stopped by two rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.networks import Evaluation, Replicas, evaluate
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, network, sweep_data
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, TrainingRun, train_replicas
from spinglass_nn.typing import Float64Array, FloatArray, IntArray

RULES = ("matched loss", "matched epochs")


@result(version=2)
class Sweep:
    """Runs over learning rate, batch size and seed, under both stopping rules.

    Axes: rule (as in `RULES`), learning rate, batch size, seed. Every run has a start and a
    data order of its own. The second rule stops the same runs elsewhere, so rules are never
    put together.

    Parameters
    ----------
    learning_rates : array (n_rates,)
        Rates of plain SGD.
    batch_sizes : int64 array (n_batch_sizes,)
        Samples per step; at most as many as there are.
    epochs, train_loss, test_loss, train_accuracy, test_accuracy, norm : array
        Of every run at its end, shape (2, n_rates, n_batch_sizes, n_seeds).
    reached : array, like epochs
        1 if the run met its stopping rule, else 0.
    solutions : Replicas
        All end points in the order of these axes, as one list.
    """

    learning_rates: Float64Array
    batch_sizes: IntArray
    epochs: Float64Array
    train_loss: Float64Array
    test_loss: Float64Array
    train_accuracy: Float64Array
    test_accuracy: Float64Array
    norm: Float64Array
    reached: Float64Array
    solutions: Replicas

    @property
    def gap(self) -> Float64Array:
        """Test loss minus train loss."""
        gaps: Float64Array = self.test_loss - self.train_loss
        return gaps

    @property
    def accuracy_gap(self) -> Float64Array:
        """Train accuracy minus test accuracy."""
        gaps: Float64Array = self.train_accuracy - self.test_accuracy
        return gaps

    def numbers(self) -> IntArray:
        """Where each run stands in the list of solutions."""
        return np.arange(len(self.solutions)).reshape(self.gap.shape)


def run(context: Context) -> Sweep:
    """Train every setting and evaluate both ends of its runs."""
    p: Parameters = context.parameters
    data = sweep_data(p, context.shared)
    ends = [
        [_ends(context, i, rate, size) for size in p.batch_sizes]
        for i, rate in enumerate(p.sweep_learning_rates)
    ]
    points, epochs, reached = (
        np.moveaxis(np.array([[end[k] for end in row] for row in ends]), 2, 0) for k in range(3)
    )
    net = network(p, context.shared)
    solutions = Replicas(net, points.reshape(-1, net.n_parameters))

    def evaluated(samples: Any) -> Evaluation:
        return evaluate(net, solutions, samples, n_threads=context.n_threads)

    trained, tested = evaluated(data), evaluated(context.shared.test)
    shape = epochs.shape
    return Sweep(
        learning_rates=np.array(p.sweep_learning_rates),
        batch_sizes=np.minimum(p.batch_sizes, data.n_samples).astype(np.int64),
        epochs=epochs.astype(float),
        train_loss=trained.loss.reshape(shape),
        test_loss=tested.loss.reshape(shape),
        train_accuracy=trained.accuracy.reshape(shape),
        test_accuracy=tested.accuracy.reshape(shape),
        norm=np.array([point.norm for point in solutions]).reshape(shape),
        reached=reached.astype(float),
        solutions=solutions,
    )


def _ends(
    context: Context, i: int, rate: float, size: int
) -> tuple[FloatArray, IntArray, IntArray]:
    """Where each rule stops the runs: weights, epochs, and if it did; (2, n_seeds, ...).

    One training serves both: it passes the given number of epochs on its way to the loss, or
    goes on to it.
    """
    p: Parameters = context.parameters
    n_samples = sweep_data(p, context.shared).n_samples
    steps = p.sweep_epochs * -(-n_samples // min(size, n_samples))
    place = (i, size)
    first = _train(context, place, rate, p.sweep_max_epochs, steps, p.sweep_stop_at_loss)
    passed = first.snapshots.weights[:, 0]
    if np.isnan(passed).any():
        on = _train(context, place, rate, p.sweep_epochs, steps, None, first)
        passed = on.snapshots.weights[:, 0]
    epochs = np.stack([first.n_epochs, np.full(p.sweep_seeds, p.sweep_epochs)])
    met = first.history.last("train_loss") <= p.sweep_stop_at_loss
    reached = np.stack([met, np.ones_like(met)]).astype(np.int64)
    return np.stack([first.replicas.weights, passed]), epochs, reached


def _train(
    context: Context,
    place: tuple[int, int],
    rate: float,
    n_epochs: int,
    kept_step: int,
    stop_at_loss: float | None,
    earlier: TrainingRun | None = None,
) -> TrainingRun:
    p: Parameters = context.parameters
    size = place[1]
    data = sweep_data(p, context.shared)
    return train_replicas(
        network(p, context.shared),
        data,
        n_replicas=p.sweep_seeds,
        n_epochs=n_epochs,
        batch_size=min(size, data.n_samples),
        optimizer=SGD(learning_rate=rate),
        start=p.initializer,
        stop_at_loss=stop_at_loss,
        # larger batches come down more slowly, so the rule is tested less often
        record_every=max(1, size // 64),
        snapshots=(kept_step,),
        state=None if earlier is None else earlier.state,
        checkpoint=context.checkpoint(f"{place[0]}-{size}") if earlier is None else None,
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(1, *place),
    )
