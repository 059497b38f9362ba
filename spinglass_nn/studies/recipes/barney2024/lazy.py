"""The control of lazy training: the same networks with a large factor on their output.

A network trained as alpha (f - f_0) with the squared error and a rate over alpha^2, f_0 its own
output at the start (Chizat, Oyallon and Bach, arXiv:1812.07956), takes exactly the steps of the
network f itself towards the targets f_0 + y / alpha at the rate as it is. That is how it is done
here: nothing but targets differs between lazy and rich.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.networks import Replica, logits
from spinglass_nn.spins import layered_spectrum
from spinglass_nn.studies.recipes.barney2024.parameters import (
    KINDS,
    Parameters,
    gain,
    network,
    starts,
)
from spinglass_nn.studies.recipes.barney2024.reading import Readings, read, spins_of
from spinglass_nn.studies.recipes.data_choice import part_of
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, train_replicas
from spinglass_nn.typing import Float64Array, FloatArray


@result()
class LazyControl:
    """Training at output scales 1 (rich) and much larger (lazy), squared error, same starts.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of network, the first axis of arrays.
    scales : array (2,)
        Factors on the output, the second axis.
    initial, trained : tuple of Readings
        Before and after, kind by kind; arrays (2, n_replicas).
    moved : array (n_kinds, 2, n_replicas)
        Change of the weights over their initial length.
    accuracy : array (n_kinds, 2, n_replicas)
        Of what training has added to the output, on the test samples.
    """

    kinds: tuple[str, ...]
    scales: Float64Array
    initial: tuple[Readings, ...]
    trained: tuple[Readings, ...]
    moved: Float64Array
    accuracy: Float64Array


def run(context: Context) -> LazyControl:
    """Train at both scales and read the ends."""
    p: Parameters = context.parameters
    data = part_of(context.shared, p.lazy_samples, p.seed)
    scales, shape = np.array([1.0, p.lazy_scale]), (2, p.n_replicas)
    initial, trained, moved, accuracy = [], [], [], []
    for number, kind in enumerate(KINDS):
        net = network(p, data, kind, loss="squared_error")
        drawn = starts(
            net, gain(p, kind), p.n_replicas, context.rng(1, number), data.inputs.dtype
        )
        first = [start for _ in scales for start in drawn]
        last = [
            _trained(context, data, start, float(scale), (number, c, k))
            for c, scale in enumerate(scales)
            for k, start in enumerate(drawn)
        ]
        edge = layered_spectrum.bulk_edge(net.sizes, gain(p, kind))
        for ends, readings in ((first, initial), (last, trained)):
            models = [spins_of(net, end.weights) for end in ends]
            readings.append(read(models, edge, shape, n_threads=context.n_threads))
        pairs = list(zip(first, last, strict=True))
        moved.append([np.linalg.norm(b.weights - a.weights) / a.norm for a, b in pairs])
        accuracy.append([_accuracy(context, a, b) for a, b in pairs])
    return LazyControl(
        kinds=tuple(KINDS),
        scales=scales,
        initial=tuple(initial),
        trained=tuple(trained),
        moved=np.array(moved).reshape(-1, *shape),
        accuracy=np.array(accuracy).reshape(-1, *shape),
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
