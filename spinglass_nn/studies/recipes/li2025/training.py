"""Training the networks of the study, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spinglass_nn._core.random import Stream
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.networks import MLP, Replicas, evaluate
from spinglass_nn.spins import LayeredIsing
from spinglass_nn.studies.recipes.li2025.curves import OverlapCurves, measure
from spinglass_nn.studies.recipes.li2025.parameters import Parameters, network
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, History, TrainingRun, train_replicas
from spinglass_nn.typing import Float64Array, FloatArray, IntArray


@result()
class OverlapNetworks:
    """The networks of the study along their training.

    Parameters
    ----------
    network : MLP
        Their architecture.
    epochs : integer array (n_epochs,)
        When they were kept; 0 is untrained, the last is the end.
    weights : array (n_epochs, n_seeds, n_parameters)
        Parameters.
    history : History
        Loss and accuracy of every epoch.
    """

    network: MLP
    epochs: IntArray
    weights: FloatArray
    history: History

    def at(self, place: int) -> Replicas:
        """All networks at one of the epochs."""
        return Replicas(self.network, self.weights[place])


def run(context: Context) -> OverlapNetworks:
    """Train the networks that all others are compared with."""
    p: Parameters = context.parameters
    data = context.shared
    kept = (0, *p.kept_epochs)
    found = train(context, data, network(data, p.width), "base", epochs=kept)
    weights = [*np.moveaxis(found.snapshots.weights, 1, 0), found.replicas.weights]
    return OverlapNetworks(
        network=found.network,
        epochs=np.array([*kept, p.n_epochs], dtype=np.int64),
        weights=np.stack(weights),
        history=found.history,
    )


def train(
    context: Context,
    data: Dataset,
    net: MLP,
    name: str,
    *,
    epochs: Sequence[int] = (),
    n_epochs: int = 0,
    weight_decay: float = 0.0,
    learning_rate: float | None = None,
) -> TrainingRun:
    """One network of each seed; networks of one size share starts, whatever else is varied."""
    p: Parameters = context.parameters
    per_epoch = -(-data.n_samples // p.batch_size)
    rate = p.learning_rate if learning_rate is None else learning_rate
    return train_replicas(
        net,
        data,
        n_replicas=p.n_seeds,
        n_epochs=n_epochs or p.n_epochs,
        batch_size=p.batch_size,
        optimizer=SGD(rate, momentum=p.momentum, weight_decay=weight_decay),
        start=p.initializer,
        snapshots=[per_epoch * epoch for epoch in epochs],
        checkpoint=context.checkpoint(name),
        progress=context.progress,
        n_threads=context.n_threads,
        rng=np.random.SeedSequence(context.seed, spawn_key=(int(Stream.STUDY), 1)),
    )


def measured(
    context: Context,
    points: Replicas,
    data: Dataset,
    name: str,
    varied: float,
    *index: int,
    glassy: bool = False,
) -> OverlapCurves:
    """Q(T) of networks trained on these samples."""
    models = models_of(context, points)
    found = scores(context, points, data)
    return measure(context, models, name, varied, found, *index, glassy=glassy)


def scores(context: Context, points: Replicas, data: Dataset) -> dict[str, Float64Array]:
    """Loss and accuracy on the samples trained on, on held-out ones, and on these with noise."""
    found: dict[str, Float64Array] = {}
    test = context.shared.test
    parts = {"train": data, "test": test, "noisy": with_noise(context, test)}
    for name, part in parts.items():
        value = evaluate(points.network, points, part, n_threads=context.n_threads)
        found |= {f"{name}_loss": value.loss, f"{name}_accuracy": value.accuracy}
    return found


def with_noise(context: Context, data: Dataset) -> Dataset:
    """The same samples with Gaussian noise on every input, the same for all networks."""
    sequence = np.random.SeedSequence(context.seed, spawn_key=(int(Stream.STUDY), 2))
    draw = np.random.default_rng(sequence).standard_normal(data.inputs.shape)
    noisy = data.inputs + context.parameters.noise * draw
    return replace(data, inputs=noisy.astype(data.inputs.dtype))


def models_of(context: Context, points: Replicas) -> list[LayeredIsing]:
    """Every network read as a spin model."""
    return [LayeredIsing.from_network(point, context.parameters.couplings) for point in points]
