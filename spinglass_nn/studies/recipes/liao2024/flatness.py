"""Protocol (d): flatness against generalization, over batch sizes and two stopping rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.landscape import flatness
from spinglass_nn.networks import Replica, Replicas, evaluate
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, network, probe
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import balance
from spinglass_nn.training import SGD, TrainingRun, train_replicas
from spinglass_nn.typing import Float64Array, IntArray

RULES = ("matched loss", "matched epochs")
MEASURES = ("F1", "F2", "F3")


@result()
class Sweep:
    """Runs over batch size and seed, under both stopping rules.

    Axes: rule (as in `RULES`), batch size, seed.

    Parameters
    ----------
    batch_sizes : int64 array (n_batch_sizes,)
        Samples per step; at most as many as there are.
    epochs, train_loss, test_loss, train_accuracy, test_accuracy, norm : array
        Of every run at its end, shape (2, n_batch_sizes, n_seeds).
    reached : bool array (2, n_batch_sizes, n_seeds)
        Whether the run met its stopping rule.
    sharpness : array (3, 2, n_batch_sizes, n_seeds)
        F1, F2, F3: mean rise of the loss; small is flat.
    errors : array, like sharpness
        Their errors from directions.
    balanced : array (2, n_batch_sizes, n_seeds)
        F1 in the balanced gauge, of the same function.
    """

    batch_sizes: IntArray
    epochs: Float64Array
    train_loss: Float64Array
    test_loss: Float64Array
    train_accuracy: Float64Array
    test_accuracy: Float64Array
    norm: Float64Array
    reached: Float64Array
    sharpness: Float64Array
    errors: Float64Array
    balanced: Float64Array

    @property
    def gap(self) -> Float64Array:
        """Test loss minus train loss."""
        gaps: Float64Array = self.test_loss - self.train_loss
        return gaps


def run(context: Context) -> Sweep:
    """Train every cell and measure it."""
    p: Parameters = context.parameters
    runs = [
        [_train(context, rule, batch_size) for batch_size in p.batch_sizes] for rule in RULES
    ]

    def gathered(name: str) -> Float64Array:
        return np.array([[r.history.last(name) for r in row] for row in runs])

    tested = [
        [
            evaluate(r.network, r.replicas, context.shared.test, n_threads=context.n_threads)
            for r in row
        ]
        for row in runs
    ]

    measured = [[_measure(context, r.replicas) for r in row] for row in runs]
    sharpness, errors, balanced = (
        np.array([[m[k] for m in row] for row in measured]) for k in range(3)
    )
    train_loss = gathered("train_loss")
    reached = np.ones(train_loss.shape)
    reached[0] = train_loss[0] <= p.sweep_stop_at_loss
    return Sweep(
        batch_sizes=np.minimum(p.batch_sizes, context.shared.n_samples).astype(np.int64),
        epochs=np.array([[r.n_epochs for r in row] for row in runs], dtype=float),
        train_loss=train_loss,
        test_loss=np.array([[t.loss for t in row] for row in tested]),
        train_accuracy=gathered("train_accuracy"),
        test_accuracy=np.array([[t.accuracy for t in row] for row in tested]),
        norm=gathered("norm"),
        reached=reached,
        sharpness=np.moveaxis(sharpness, 2, 0),
        errors=np.moveaxis(errors, 2, 0),
        balanced=balanced,
    )


def _train(context: Context, rule: str, batch_size: int) -> TrainingRun:
    """Seed k starts from the same point whatever the batch size and the rule."""
    p: Parameters = context.parameters
    matched = rule == "matched loss"
    return train_replicas(
        network(p, context.shared),
        replace(context.shared, test=None),
        n_replicas=p.sweep_seeds,
        n_epochs=p.sweep_max_epochs if matched else p.sweep_epochs,
        batch_size=min(batch_size, context.shared.n_samples),
        optimizer=SGD(learning_rate=p.sweep_learning_rate),
        start=p.initializer,
        stop_at_loss=p.sweep_stop_at_loss if matched else None,
        # larger batches come down more slowly, so the rule is tested less often
        record_every=max(1, batch_size // 64) if matched else p.sweep_epochs,
        checkpoint=context.checkpoint(f"{rule.split()[1]}{batch_size}"),
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(1),
    )


def _measure(
    context: Context, replicas: Replicas
) -> tuple[list[Float64Array], list[Float64Array], Float64Array]:
    """F1, F2, F3 with errors, and F1 in the balanced gauge."""
    p: Parameters = context.parameters
    net, data = replicas.network, probe(p, context.shared)

    def over_seeds(points: list[Replica], **how: Any) -> tuple[Float64Array, Float64Array]:
        """Seed k has directions of its own, so that seeds stay independent units."""
        found = [
            flatness(
                net,
                point,
                data,
                n_directions=p.n_directions,
                rng=context.rng(2, k),
                n_threads=context.n_threads,
                **how,
            )
            for k, point in enumerate(points)
        ]
        return np.array([f.mean for f in found]), np.array([f.error for f in found])

    points = list(replicas)
    measures = [
        over_seeds(points, radius=p.flatness_radius),
        over_seeds(points, excursion=p.flatness_excursion),
        over_seeds(points, excursion=p.flatness_excursion, kind="filter"),
    ]
    balanced, _ = over_seeds([balance(point) for point in points], radius=p.flatness_radius)
    return [m[0] for m in measures], [m[1] for m in measures], balanced
