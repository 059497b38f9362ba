"""Accuracy without the leading mode of the couplings, to see whether order is tied to the task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinglass_nn._core import random
from spinglass_nn._core.results import result
from spinglass_nn.networks import MLP, Replicas, accuracy
from spinglass_nn.spins import LayeredIsing, instability
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, Parameters
from spinglass_nn.studies.recipes.barney2024.reading import spins_of
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array, FloatArray


@result()
class ModeRemoval:
    r"""Test accuracy of trained networks without one mode of their couplings.

    Removed is, from each matrix, the part that an eigenvector of the bond matrix and its mirror
    image contribute, :math:`2 \lambda v_k v_{k-1}^T`.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of network, the first axis.
    intact : array (n_kinds, n_replicas)
        Accuracy as trained.
    leading : array (n_kinds, n_replicas)
        Without the leading eigenvector.
    bulk : array (n_kinds, n_replicas)
        Without the eigenvector in the middle of the positive spectrum.
    random : array (n_kinds, n_replicas)
        Without a random direction at the strength of the leading one, layer by layer; mean over
        directions.
    chance : float
        Share of the largest class among the test samples.
    temperature, temperature_without : array (n_kinds, n_replicas)
        T_c as trained, and without the leading eigenvector.
    """

    kinds: tuple[str, ...]
    intact: Float64Array
    leading: Float64Array
    bulk: Float64Array
    random: Float64Array
    chance: float
    temperature: Float64Array
    temperature_without: Float64Array


def run(context: Context) -> ModeRemoval:
    """Remove modes from every trained network."""
    rows = []
    for number, kind in enumerate(KINDS):
        trained: MeltingRun = context.results[kind]
        rows.append([_one(context, trained, number, k) for k in range(trained.n_replicas)])
    columns = np.moveaxis(np.array(rows), -1, 0)
    names = ("intact", "leading", "bulk", "random", "temperature", "temperature_without")
    test = context.shared.test
    chance = np.bincount(test.labels).max() / test.n_samples
    return ModeRemoval(
        kinds=tuple(KINDS),
        chance=float(chance),
        **dict(zip(names, columns, strict=True)),
    )


def _one(context: Context, trained: MeltingRun, number: int, k: int) -> list[float]:
    p: Parameters = context.parameters
    net, last = trained.network, trained.kept.steps.size - 1
    model = trained.kept_model(k, last)
    values, vectors = modes(model)
    middle = values.size // 2
    weights = model.weights
    parts = _split(model, vectors[0])
    leading = without(weights, values[0], parts)
    changed = [
        weights,
        leading,
        without(weights, values[middle], _split(model, vectors[middle])),
    ]
    seed = random.seed_of(context.rng(number, k))
    for draw in range(p.n_removals):
        generator = seed.generator(random.Stream.STUDY, draw)
        changed.append(without(weights, values[0], _random_like(parts, generator)))
    dtype = context.shared.inputs.dtype
    flat = np.array([_flat(net, each) for each in changed], dtype=dtype)
    found = accuracy(net, Replicas(net, flat), context.shared.test, n_threads=context.n_threads)
    without_it = spins_of(net, _flat(net, leading))
    return [
        *found[:3],
        float(found[3:].mean()),
        float(trained.readings.temperature[k, -1]),
        instability.find(without_it).temperature,
    ]


def modes(model: LayeredIsing) -> tuple[Float64Array, Float64Array]:
    """Positive eigenvalues of the bond matrix, descending, and eigenvectors (n, n_spins).

    From the singular vectors of the block between even and odd layers.
    """
    odd = np.repeat(np.arange(len(model.sizes)) % 2 == 1, model.sizes)
    block = model.matrix()[np.ix_(odd, ~odd)]
    left, values, right = np.linalg.svd(block, full_matrices=False)
    vectors = np.zeros((values.size, model.n_spins))
    vectors[:, odd], vectors[:, ~odd] = left.T, right
    return values, vectors / np.sqrt(2)


def without(
    weights: tuple[Float64Array, ...], value: float, parts: list[Float64Array]
) -> list[Float64Array]:
    """Matrices without what one mode and its mirror image contribute."""
    return [
        weight - 2 * value * np.outer(parts[k + 1], parts[k])
        for k, weight in enumerate(weights)
    ]


def _split(model: LayeredIsing, vector: Float64Array) -> list[Float64Array]:
    return [vector[part] for part in model.layer_slices]


def _random_like(
    parts: list[Float64Array], generator: np.random.Generator
) -> list[Float64Array]:
    """Random directions as long as these, layer by layer."""
    drawn = [generator.standard_normal(part.size) for part in parts]
    return [
        part * np.linalg.norm(old) / np.linalg.norm(part)
        for part, old in zip(drawn, parts, strict=True)
    ]


def _flat(net: MLP, weights: Sequence[Float64Array]) -> FloatArray:
    theta = np.empty(net.n_parameters)
    for layer, weight in zip(net.layers(theta), weights, strict=True):
        layer.weight[...] = weight
    return theta
