"""Networks with a backdoor: a patch on some training images that leads to one class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.networks import Replicas, predictions
from spinglass_nn.studies.recipes.li2025.curves import OverlapCurves
from spinglass_nn.studies.recipes.li2025.parameters import Parameters, network
from spinglass_nn.studies.recipes.li2025.training import OverlapNetworks, measured, train
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array, FloatArray, IntArray


@result()
class BackdoorOverlaps:
    """Q(T) of networks with a backdoor, and how well it works.

    Parameters
    ----------
    curves : OverlapCurves
        One group; the same starts and data order as the clean networks.
    success, clean_success : array (n_seeds,)
        Share of held-out samples of other classes that the patch turns into the target, for
        these networks and for the clean ones.
    """

    curves: OverlapCurves
    success: Float64Array
    clean_success: Float64Array


def run(context: Context) -> BackdoorOverlaps:
    """Poison some training samples, train, and try the patch on held-out ones."""
    p: Parameters = context.parameters
    data = poisoned(context.shared, p, np.random.default_rng(context.rng(0)))
    points = train(context, data, network(data, p.width), "backdoor").replicas
    clean: OverlapNetworks = context.results["training"]
    name = "with a backdoor"
    return BackdoorOverlaps(
        curves=measured(context, points, context.shared, name, np.nan, 1),
        success=_success(context, points),
        clean_success=_success(context, clean.at(-1)),
    )


def poisoned(data: Dataset, p: Parameters, generator: np.random.Generator) -> Dataset:
    """A share of the samples, drawn at random, with the patch and the target's label."""
    assert data.labels is not None
    n = max(1, round(p.poisoned_share * data.n_samples))
    chosen = generator.permutation(data.n_samples)[:n]
    inputs, labels = data.inputs.copy(), data.labels.copy()
    inputs[chosen] = with_patch(data, inputs[chosen], p.patch)
    labels[chosen] = p.target
    name = f"{data.name}, {p.poisoned_share:.0%} with a patch"
    return replace(data, inputs=inputs, labels=labels, name=name)


def with_patch(data: Dataset, inputs: FloatArray, side: int) -> FloatArray:
    """Inputs whose lower right corner is as bright as any pixel of the data.

    Data that are no images have a patch of their last inputs.
    """
    made = inputs.copy()
    shape = data.image_shape or (1, data.n_inputs)
    images = made.reshape(len(made), *shape)
    images[..., -side if len(shape) > 1 and shape[-2] > 1 else 0 :, -side:] = data.inputs.max()
    return made


def _success(context: Context, points: Replicas) -> Float64Array:
    p: Parameters = context.parameters
    test = context.shared.test
    others: IntArray = np.flatnonzero(test.labels != p.target)
    part = test.take(others)
    tried = replace(part, inputs=with_patch(context.shared, part.inputs, p.patch))
    found = predictions(points.network, points, tried, n_threads=context.n_threads)
    share: Float64Array = (np.asarray(found) == p.target).mean(axis=-1)
    return share
