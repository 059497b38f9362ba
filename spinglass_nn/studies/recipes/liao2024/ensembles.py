"""Ensembles that mix what solutions come from: settings of training, and walks around them."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.networks import Replicas, loss
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, network, probe
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, train_replicas
from spinglass_nn.typing import Float64Array, IntArray
from spinglass_nn.walks import random_walk

_STEPS = 20  # of a stage; a free walk's law depends on its length alone


@result()
class Ensembles:
    """Solutions of mixed settings, and points of walks from several solutions.

    Parameters
    ----------
    mixed : Replicas
        E3: own start, own data order, batch size and learning rate of its cell.
    mixed_cells : int64 array (n_mixed,)
        Which cell each comes from.
    cell_names : tuple of str
        Batch size and rate of each cell.
    mixed_loss : array (n_mixed,)
        Train loss at the end.
    walked : Replicas
        E4: points of walks from several solutions, intermediate ones and ends.
    walked_sources : int64 array (n_walked,)
        Which solution each walk started from.
    walked_loss : array (n_walked,)
        Train loss there.
    """

    mixed: Replicas
    mixed_cells: IntArray
    cell_names: tuple[str, ...]
    mixed_loss: Float64Array
    walked: Replicas
    walked_sources: IntArray
    walked_loss: Float64Array


def run(context: Context) -> Ensembles:
    """Train in every cell, and walk from several solutions."""
    mixed, cells, names, losses = _mixed(context)
    walked, sources = _walked(context)
    data = probe(context.parameters, context.shared)
    return Ensembles(
        mixed=mixed,
        mixed_cells=cells,
        cell_names=names,
        mixed_loss=losses,
        walked=walked,
        walked_sources=sources,
        walked_loss=loss(walked.network, walked, data, n_threads=context.n_threads),
    )


def _mixed(context: Context) -> tuple[Replicas, IntArray, tuple[str, ...], Float64Array]:
    p: Parameters = context.parameters
    net = network(p, context.shared)
    cells = [(b, rate) for b in p.mixed_batch_sizes for rate in p.mixed_learning_rates]
    weights, losses = [], []
    for number, (batch_size, rate) in enumerate(cells):
        found = train_replicas(
            net,
            context.shared,
            n_replicas=p.mixed_runs,
            n_epochs=p.max_epochs,
            batch_size=batch_size,
            optimizer=SGD(learning_rate=rate),
            stop_at_loss=p.stop_at_loss,
            start=p.initializer,
            checkpoint=context.checkpoint(f"mixed{number}"),
            progress=context.progress,
            n_threads=context.n_threads,
            rng=context.rng(1, number),
        )
        weights.append(found.replicas.weights)
        losses.append(found.history.last("train_loss"))
    return (
        Replicas(net, np.concatenate(weights)),
        np.repeat(np.arange(len(cells)), p.mixed_runs).astype(np.int64),
        tuple(f"batch {b}, rate {rate:g}" for b, rate in cells),
        np.concatenate(losses),
    )


def _walked(context: Context) -> tuple[Replicas, IntArray]:
    """Points in the order source, walker, stage."""
    p: Parameters = context.parameters
    solutions: Solutions = context.results["solutions"]
    net = solutions.independent.network
    data = probe(p, context.shared)
    n_steps = _STEPS * p.branch_stages
    points = []
    with track(p.branch_solutions, "walks from solutions", context.progress) as done:
        for source in range(p.branch_solutions):
            start = solutions.independent[source]
            state, stages = None, []
            for stage in range(1, p.branch_stages + 1):
                state = random_walk(
                    net,
                    data,
                    start,
                    n_steps=stage * _STEPS,
                    step=p.branch_excursion * start.norm / np.sqrt(n_steps),
                    n_walkers=p.branch_walkers,
                    record_every=n_steps,
                    rng=context.rng(2, source),
                    state=state,
                    n_threads=context.n_threads,
                ).state
                stages.append(state.positions)
            points.append(np.stack(stages, axis=1).reshape(-1, net.n_parameters))
            done(1)
    sources = np.repeat(np.arange(p.branch_solutions), p.branch_walkers * p.branch_stages)
    return Replicas(net, np.concatenate(points)), sources.astype(np.int64)
