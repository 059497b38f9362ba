"""Q(T) against labels, width and number of training samples."""

from __future__ import annotations

from functools import partial

import numpy as np

from spinglass_nn import datasets
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.networks import Replicas
from spinglass_nn.studies.recipes.li2025.curves import OverlapCurves, group, joined
from spinglass_nn.studies.recipes.li2025.parameters import Parameters, network
from spinglass_nn.studies.recipes.li2025.training import measured, train
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context


def labels(context: Context) -> OverlapCurves:
    """Networks of the same starts, trained on few samples with their labels or random ones."""
    p: Parameters = context.parameters
    whole = context.shared
    n = min(p.label_samples or whole.n_samples, whole.n_samples)
    true = datasets.subset(whole, n, rng=p.seed)
    both = (
        ("true labels", true),
        ("random labels", datasets.random_labels(true, rng=context.rng(0))),
    )
    return joined([
        kept(context, f"labels{place}", partial(_of_labels, context, place, name, data))
        for place, (name, data) in enumerate(both)
    ])  # fmt: skip


def _of_labels(context: Context, place: int, name: str, data: Dataset) -> OverlapCurves:
    p: Parameters = context.parameters
    net = network(data, p.width)
    points = train(context, data, net, f"on{place}", n_epochs=p.label_epochs).replicas
    return measured(context, points, data, name, np.nan, 1, place, glassy=place == 1)


def widths(context: Context) -> OverlapCurves:
    """Networks of other widths: the trained of all widths, then the untrained of all."""
    p: Parameters = context.parameters
    pieces = [
        kept(context, f"width{width}", partial(_of_width, context, width)) for width in p.widths
    ]
    return joined([part for which in (0, 1) for part in (group(c, which) for c in pieces)])


def _of_width(context: Context, width: int) -> OverlapCurves:
    data = context.shared
    found = train(context, data, network(data, width), f"training{width}", epochs=(0,))
    untrained = Replicas(found.network, found.snapshots.weights[:, 0])
    both = ((found.replicas, ""), (untrained, ", untrained"))
    return joined([
        measured(
            context, points, data, f"width {width}{words}", width, which, width,
            glassy=which == 1,
        )
        for which, (points, words) in enumerate(both)
    ])  # fmt: skip


def sizes(context: Context) -> OverlapCurves:
    """Networks trained on fewer samples for the same number of steps."""
    p: Parameters = context.parameters
    return joined([
        kept(context, f"share{place}", partial(_of_share, context, place, share))
        for place, share in enumerate(p.train_shares)
    ])  # fmt: skip


def _of_share(context: Context, place: int, share: float) -> OverlapCurves:
    p: Parameters = context.parameters
    whole = context.shared
    n = round(share * whole.n_samples)
    data = datasets.subset(whole, n, rng=p.seed)
    steps = p.n_epochs * -(-whole.n_samples // p.batch_size)
    n_epochs = round(steps / -(-n // p.batch_size))
    run = train(context, data, network(data, p.width), f"training{place}", n_epochs=n_epochs)
    return measured(context, run.replicas, data, f"{n} samples", n, place)
