"""Q(T) against labels, width and number of training samples."""

from __future__ import annotations

from functools import partial

import numpy as np

from spinglass_nn import datasets
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.networks import Replicas
from spinglass_nn.studies.recipes.li2025.curves import Curves, group, joined, measure
from spinglass_nn.studies.recipes.li2025.parameters import Parameters, network
from spinglass_nn.studies.recipes.li2025.training import models_of, scores, train
from spinglass_nn.studies.recipes.liao2024.pieces import kept
from spinglass_nn.studies.task import Context


def labels(context: Context) -> Curves:
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


def _of_labels(context: Context, place: int, name: str, data: Dataset) -> Curves:
    p: Parameters = context.parameters
    net = network(data, p.width)
    points = train(context, data, net, f"on{place}", n_epochs=p.label_epochs).replicas
    return measure(
        context, models_of(points), name, np.nan, scores(context, points, data), 1, place
    )


def widths(context: Context) -> Curves:
    """Networks of other widths: the trained of all widths, then the untrained of all."""
    p: Parameters = context.parameters
    pieces = [
        kept(context, f"width{width}", partial(_of_width, context, width)) for width in p.widths
    ]
    return joined([part for which in (0, 1) for part in (group(c, which) for c in pieces)])


def _of_width(context: Context, width: int) -> Curves:
    data = context.shared
    found = train(context, data, network(data, width), f"training{width}", epochs=(0,))
    untrained = Replicas(found.network, found.snapshots.weights[:, 0])
    return joined([
        measure(
            context, models_of(points), f"width {width}{words}", width,
            scores(context, points, data), which, width,
        )
        for which, (points, words) in enumerate(
            ((found.replicas, ""), (untrained, ", untrained"))
        )
    ])  # fmt: skip


def sizes(context: Context) -> Curves:
    """Networks trained on fewer samples for the same number of steps."""
    p: Parameters = context.parameters
    return joined([
        kept(context, f"share{place}", partial(_of_share, context, place, share))
        for place, share in enumerate(p.train_shares)
    ])  # fmt: skip


def _of_share(context: Context, place: int, share: float) -> Curves:
    p: Parameters = context.parameters
    whole = context.shared
    n = round(share * whole.n_samples)
    data = datasets.subset(whole, n, rng=p.seed)
    steps = p.n_epochs * -(-whole.n_samples // p.batch_size)
    n_epochs = round(steps / -(-n // p.batch_size))
    run = train(context, data, network(data, p.width), f"training{place}", n_epochs=n_epochs)
    points = run.replicas
    return measure(
        context, models_of(points), f"{n} samples", n, scores(context, points, data), place
    )
