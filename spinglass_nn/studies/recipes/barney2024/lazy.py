"""The control of lazy training: the same networks with a large factor on their output.

A network trained as alpha (f - f_0) with the squared error and a rate over alpha^2, f_0 its own
output at the start (Chizat, Oyallon and Bach, arXiv:1812.07956), takes exactly the steps of the
network f itself towards the targets f_0 + y / alpha at the rate as it is. That is how it is done
here: nothing but targets differs between lazy and rich. Binarised networks have no such limit:
their output is constant between jumps, and the straight-through gradient is not its gradient.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.networks import Replica, logits
from spinglass_nn.spins import layered_spectrum
from spinglass_nn.studies.recipes.barney2024.parameters import (
    Parameters,
    gain,
    network,
    starts,
)
from spinglass_nn.studies.recipes.barney2024.reading import SpinReadings, read, spins_of
from spinglass_nn.studies.recipes.data_choice import part_of
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, train_replicas
from spinglass_nn.typing import Float64Array, FloatArray


@result()
class LazyControl:
    """ReLU networks trained at several output scales by the squared error, from the same starts.

    Parameters
    ----------
    scales : array (n_scales,)
        Factors on the output, increasing: rich to lazy.
    initial, trained : SpinReadings
        Arrays (n_scales, n_replicas), before and after.
    moved : array (n_scales, n_replicas)
        Change of the weights over their initial length.
    accuracy : array (n_scales, n_replicas)
        Of what training has added to the output, on the test samples.
    """

    scales: Float64Array
    initial: SpinReadings
    trained: SpinReadings
    moved: Float64Array
    accuracy: Float64Array


def run(context: Context) -> LazyControl:
    """Train at all scales and read the ends."""
    p: Parameters = context.parameters
    data = part_of(context.shared, p.lazy_samples, p.seed)
    net = network(p, data, "relu", loss="squared_error")
    c, shape = gain(p, "relu"), (len(p.lazy_scales), p.n_replicas)
    drawn = starts(net, c, p.n_replicas, context.rng(1), data.inputs.dtype)
    pairs = [
        (start, _trained(context, data, start, scale, (number, k)))
        for number, scale in enumerate(p.lazy_scales)
        for k, start in enumerate(drawn)
    ]
    edge = layered_spectrum.bulk_edge(net.sizes, c)
    initial, trained = (
        read(
            lambda number, ends=ends: spins_of(net, ends[number].weights),  # type: ignore[misc]
            edge,
            shape,
            n_threads=context.n_threads,
        )
        for ends in zip(*pairs, strict=True)
    )
    moved = [np.linalg.norm(b.weights - a.weights) / a.norm for a, b in pairs]
    return LazyControl(
        scales=np.array(p.lazy_scales),
        initial=initial,
        trained=trained,
        moved=np.array(moved, dtype=np.float64).reshape(shape),
        accuracy=np.array([_accuracy(context, a, b) for a, b in pairs]).reshape(shape),
    )


def _trained(
    context: Context, data: Dataset, start: Replica, scale: float, index: tuple[int, ...]
) -> Replica:
    """One run towards the targets that stand for this scale."""
    p: Parameters = context.parameters
    targets = lazy_targets(data, logits(start.network, start, data), scale)
    (end,) = train_replicas(
        start.network,
        targets,
        n_epochs=p.lazy_epochs,
        record_every=p.lazy_epochs,
        start=start,
        batch_size=p.batch_size,
        optimizer=SGD(learning_rate=p.learning_rate, momentum=p.momentum),
        checkpoint=context.checkpoint("-".join(map(str, index))),
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(2, *index),
    ).replicas
    return end


def lazy_targets(data: Dataset, outputs: FloatArray, scale: float) -> Dataset:
    """The data with targets f_0 + y / alpha, y one-hot."""
    assert data.labels is not None
    hot = np.eye(outputs.shape[1], dtype=outputs.dtype)[data.labels]
    return replace(data, labels=None, n_classes=None, targets=outputs + hot / scale, test=None)


def _accuracy(context: Context, start: Replica, end: Replica) -> float:
    """Share of test samples whose label the change of the output points at."""
    test = context.shared.test
    change = logits(end.network, end, test) - logits(start.network, start, test)
    return float((change.argmax(axis=1) == test.labels).mean())
