"""Protocol (b) against width and train loss: networks of other sizes, at equal train loss."""

from __future__ import annotations

from functools import partial

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import interpolate, loss_curves, pair_barriers
from spinglass_nn.networks import MLP, Replicas, loss
from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, probe
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import random_permutation
from spinglass_nn.training import SGD, train_replicas
from spinglass_nn.typing import Float64Array, IntArray

KINDS = ("independent", "matched", "own copy", "single swap")


@result()
class Widths:
    """Barriers between solutions of several widths, at points along their training.

    Parameters
    ----------
    widths : int64 array (n_widths,)
        Hidden units.
    epochs : int64 array (n_stages,)
        Epochs of each stage but the last, which stands for the end and is -1.
    losses : array (n_widths, n_stages, n_solutions)
        Train loss of every run.
    pairs, matched : array (n_widths, n_stages, n_solutions, n_solutions)
        Barrier between each two runs, as they are and after matching.
    copies, swaps : array (n_widths, n_stages, n_solutions)
        Barrier of each run to a randomly permuted copy of itself, and of one random swap.
    """

    widths: IntArray
    epochs: IntArray
    losses: Float64Array
    pairs: Float64Array
    matched: Float64Array
    copies: Float64Array
    swaps: Float64Array

    def barrier(self, kind: str, width: int, stage: int = -1) -> Estimate:
        """Mean barrier of a kind at the width of that place, error over runs."""
        return _mean(self._values(kind)[width, stage])

    def units(self, kind: str, stage: int = -1) -> Float64Array:
        """Barriers of a kind by width, one value a run: of pairs, its mean over partners."""
        values = self._values(kind)[:, stage]
        if values.ndim == 2:
            return values
        found: Float64Array = values.sum(axis=2) / (values.shape[2] - 1)
        return found

    def exponent(self, kind: str) -> Estimate:
        """Slope of the logarithm of the barrier against that of the width, at the end.

        An unweighted fit of a line, its error from those of the barriers; NaN where a mean
        barrier is zero.
        """
        found = [self.barrier(kind, w) for w in range(self.widths.size)]
        means, errors = np.array([(b.mean, b.error) for b in found]).T
        x = np.log(self.widths)
        share = (x - x.mean()) / np.square(x - x.mean()).sum()
        return Estimate(
            float(share @ np.log(means)),
            float(np.sqrt(np.square(share * errors / means).sum())),
        )

    def _values(self, kind: str) -> Float64Array:
        named = (self.pairs, self.matched, self.copies, self.swaps)
        return dict(zip(KINDS, named, strict=True))[kind]


def run(context: Context) -> Widths:
    """Train at every width, and measure barriers along the way."""
    p: Parameters = context.parameters
    data = probe(p, context.shared)
    rows = [
        kept(context, f"barriers{width}", partial(_width, context, data, w))
        for w, width in enumerate(p.widths)
    ]

    return Widths(
        epochs=rows[0].epochs,
        **{
            name: np.concatenate([getattr(row, name) for row in rows])
            for name in ("widths", "losses", "pairs", "matched", "copies", "swaps")
        },
    )


def _width(context: Context, data: Dataset, place: int) -> Widths:
    """One width alone; stages that a run did not reach are its end."""
    p: Parameters = context.parameters
    train = context.shared
    net = MLP(sizes=(train.n_inputs, p.widths[place], train.n_classes))
    per_epoch = -(-train.n_samples // p.batch_size)
    run = train_replicas(
        net,
        train,
        n_replicas=p.width_solutions,
        n_epochs=p.width_max_epochs,
        batch_size=p.batch_size,
        optimizer=SGD(learning_rate=p.learning_rate),
        start=p.initializer,
        stop_at_loss=p.width_stop_at_loss,
        snapshots=[per_epoch * epoch for epoch in p.width_epochs],
        checkpoint=context.checkpoint(f"training{p.widths[place]}"),
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(1, place),
    )
    end = run.replicas.weights
    stages = [
        np.where(np.isnan(run.snapshots.weights[:, k]), end, run.snapshots.weights[:, k])
        for k in range(len(p.width_epochs))
    ]
    found = [_stage(context, data, Replicas(net, weights), place) for weights in (*stages, end)]
    losses, pairs, matched, copies, swaps = (
        np.stack(x)[None] for x in zip(*found, strict=True)
    )
    return Widths(
        widths=np.array([p.widths[place]], dtype=np.int64),
        epochs=np.array([*p.width_epochs, -1], dtype=np.int64),
        losses=losses,
        pairs=pairs,
        matched=matched,
        copies=copies,
        swaps=swaps,
    )


def _stage(
    context: Context, data: Dataset, points: Replicas, place: int
) -> tuple[Float64Array, ...]:
    """Losses, and barriers of every kind, at one point of training."""
    net, n = points.network, len(points)
    n_points, n_threads = context.parameters.n_points, context.n_threads
    own = []
    for fraction, kind in ((1.0, 2), (2 / net.hidden_sizes[0], 3)):
        for k, point in enumerate(points):
            permutation = random_permutation(
                net,
                fraction=fraction,
                kind="uniform" if fraction == 1 else "cycle",
                rng=context.rng(kind, place, k),
            )
            own.append(interpolate(point, permutation.apply(point), n_points=n_points))
    curves = loss_curves(net, data, own, test=False, n_threads=n_threads)
    copies, swaps = np.array([curve.barrier for curve in curves]).reshape(2, n)
    pairs, matched = (
        pair_barriers(
            net, data, points, align=align, n_points=n_points, n_threads=n_threads
        ).barrier
        for align in (None, "permutations")
    )
    return loss(net, points, data, n_threads=n_threads), pairs, matched, copies, swaps


def _mean(values: Float64Array) -> Estimate:
    """Mean over runs, or over pairs of runs, with an error that leaves out one run a time."""
    if values.ndim == 1:
        total, n, each = values.sum(), values.size, values
        return jackknife_from(float(total / n), (total - each) / (n - 1))
    n = len(values)
    each = values.sum(axis=1)
    total = each.sum() / 2
    return jackknife_from(
        float(2 * total / (n * (n - 1))), (total - each) * 2 / ((n - 1) * (n - 2))
    )
