"""Solutions: independent ones, ones that share their start, and ones that share history."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.networks import Replicas
from spinglass_nn.networks.initializers import initialize
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, network
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, History, train_replicas
from spinglass_nn.typing import IntArray


@result()
class Solutions:
    """Trained networks of three ensembles.

    Parameters
    ----------
    independent : Replicas
        E1: own start, own data order.
    initial : Replicas
        The points the independent ones started from.
    early : Replicas
        The same runs after a few epochs, far from trained.
    same_start : Replicas
        E2: one start for all, own data order.
    forked : Replicas
        E5: runs that parted at the fork epochs, two ways each time (positive control).
    fork_groups : int64 array (n_forked,)
        Which start each forked run comes from.
    history : History
        Of the independent ones.
    n_epochs : int64 array (n_solutions,)
        Epochs each independent one took.
    """

    independent: Replicas
    initial: Replicas
    early: Replicas
    same_start: Replicas
    forked: Replicas
    fork_groups: IntArray
    history: History
    n_epochs: IntArray


def run(context: Context) -> Solutions:
    """Train the three ensembles."""
    p: Parameters = context.parameters
    data, net = context.shared, network(context.parameters, context.shared)
    common: dict[str, Any] = {
        "batch_size": p.batch_size,
        "optimizer": SGD(learning_rate=p.learning_rate),
        "progress": context.progress,
        "n_threads": context.n_threads,
    }
    early_step = min(p.early_epochs, p.max_epochs) * -(-data.n_samples // p.batch_size)
    independent = train_replicas(
        net,
        data,
        n_replicas=p.n_solutions,
        n_epochs=p.max_epochs,
        stop_at_loss=p.stop_at_loss,
        start=p.initializer,
        snapshots=(0, early_step),
        checkpoint=context.checkpoint("independent"),
        rng=context.rng(1),
        **common,
    )
    kept, last = independent.snapshots.weights, independent.replicas.weights
    early = np.where(np.isnan(kept[:, 1]), last, kept[:, 1])  # some may stop before
    same = train_replicas(
        net,
        data,
        n_replicas=max(6, p.n_solutions // 2),
        n_epochs=p.max_epochs,
        stop_at_loss=p.stop_at_loss,
        start=p.initializer,
        share=("start",),
        checkpoint=context.checkpoint("same_start"),
        rng=context.rng(2),
        **common,
    )
    forked, groups = _forked(context, common)
    return Solutions(
        independent=independent.replicas,
        initial=Replicas(net, kept[:, 0].copy()),
        early=Replicas(net, early),
        same_start=same.replicas,
        forked=forked,
        fork_groups=groups,
        history=independent.history,
        n_epochs=independent.n_epochs,
    )


def _forked(context: Context, common: dict[str, Any]) -> tuple[Replicas, IntArray]:
    """Three starts; at every fork epoch each run goes on twice, in different data order.

    After the last fork they train to the stopping loss of the other ensembles.
    """
    p: Parameters = context.parameters
    net = network(p, context.shared)
    points = initialize(
        net,
        n_replicas=3,
        initializer=p.initializer,
        dtype=context.shared.inputs.dtype,
        rng=context.rng(3),
    )
    groups = np.arange(3)
    lengths = np.diff([0, *p.fork_epochs])
    for generation, length in enumerate([*lengths, p.max_epochs]):
        if generation > 0:
            points = Replicas(net, np.repeat(points.weights, 2, axis=0))
            groups = np.repeat(groups, 2)
        points = train_replicas(
            net,
            context.shared,
            n_replicas=len(points),
            n_epochs=int(length),
            record_every=1 if generation == len(lengths) else int(length),
            stop_at_loss=p.stop_at_loss if generation == len(lengths) else None,
            start=points,
            checkpoint=context.checkpoint(f"fork{generation}"),
            rng=context.rng(3, generation),
            **common,
        ).replicas
    return points, groups.astype(np.int64)
