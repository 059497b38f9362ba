"""Data as quenched disorder: replicas that share a subset of the data, averages over subsets."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.networks import MLP, Replicas
from spinglass_nn.overlaps import (
    OverlapDistribution,
    Verdict,
    distances,
    distribution,
    matrix,
    verdict,
)
from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, train_replicas
from spinglass_nn.typing import Float64Array

TIMES = ("initial", "early", "solutions")


@result()
class SharedData:
    """Overlaps of replicas that share their data, and of those that do not.

    Parameters
    ----------
    width : int
        Hidden units.
    time : str
        "initial", "early" or "solutions".
    raw, aligned, predictions : OverlapDistribution
        P(q) of replicas of one subset, averaged over subsets: weights as trained, after
        matching, and labels on the test set. Errors over subsets.
    within, between : tuple of Estimate
        Mean overlap of two replicas of one subset, and of two subsets: weights after
        matching, labels. Jackknife errors over subsets.
    difference : tuple of Estimate
        within - between; what sharing the data does.
    verdict : Verdict
        On the matched distances of all subsets together.
    """

    width: int
    time: str
    raw: OverlapDistribution
    aligned: OverlapDistribution
    predictions: OverlapDistribution
    within: tuple[Estimate, ...]
    between: tuple[Estimate, ...]
    difference: tuple[Estimate, ...]
    verdict: Verdict


@result()
class Disorder:
    """Replicas that share a data subset, over training time and width.

    Parameters
    ----------
    n_subsets, n_replicas, subset_size : int
        Subsets, replicas of each, samples in each.
    records : tuple of SharedData
        Widths in their order, times of each.
    """

    n_subsets: int
    n_replicas: int
    subset_size: int
    records: tuple[SharedData, ...]

    def record(self, width: int, time: str) -> SharedData:
        """The record of one width and time."""
        for record in self.records:
            if (record.width, record.time) == (width, time):
                return record
        raise KeyError(f"{width}, {time}")


def run(context: Context) -> Disorder:
    """Train on every subset at every width, and measure at three times."""
    p: Parameters = context.parameters
    data = context.shared
    assert data.n_classes is not None
    records = []
    for place, width in enumerate(p.disorder_widths):
        net = MLP(sizes=(data.n_inputs, width, data.n_classes))
        weights = np.stack([_trained(context, net, place, k) for k in range(p.n_subsets)])
        records += [
            _record(context, net, weights[:, :, k], (place, k)) for k in range(len(TIMES))
        ]
    return Disorder(p.n_subsets, p.subset_replicas, _size(context), tuple(records))


def _size(context: Context) -> int:
    """Samples of a subset: of small data, all of them."""
    return min(int(context.parameters.subset_size), int(context.shared.n_samples))


def _trained(context: Context, net: MLP, place: int, subset: int) -> Float64Array:
    """Weights of the replicas of one subset at all times, (n_replicas, n_times, n)."""
    p: Parameters = context.parameters
    size = _size(context)
    early_step = min(p.early_epochs, p.max_epochs) * -(-size // p.batch_size)
    found = train_replicas(
        net,
        context.shared,
        n_replicas=p.subset_replicas,
        n_epochs=p.max_epochs,
        batch_size=p.batch_size,
        optimizer=SGD(learning_rate=p.learning_rate),
        subset_size=size,
        share=("subset",),
        stop_at_loss=p.stop_at_loss,
        start=p.initializer,
        snapshots=(0, early_step),
        checkpoint=context.checkpoint(f"width{net.sizes[1]}-subset{subset}"),
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(place, subset),
    )
    kept, last = found.snapshots.weights, found.replicas.weights
    early = np.where(np.isnan(kept[:, 1]), last, kept[:, 1])  # some may stop before
    return np.stack([kept[:, 0], early, last], axis=1)


def _record(
    context: Context, net: MLP, weights: Float64Array, place: tuple[int, int]
) -> SharedData:
    p: Parameters = context.parameters
    n_threads = context.n_threads
    n_subsets, n_replicas = weights.shape[:2]
    points = Replicas(net, np.ascontiguousarray(weights.reshape(-1, net.n_parameters)))
    subsets = np.repeat(np.arange(n_subsets), n_replicas)
    overlaps = {
        "raw": matrix(points, n_threads=n_threads),
        "aligned": matrix(points, align="permutations", n_threads=n_threads),
        "predictions": matrix(
            points, of="labels", data=context.shared.test, n_threads=n_threads
        ),
    }
    compared = [compare(overlaps[name], subsets) for name in ("aligned", "predictions")]
    within, between, difference = zip(*compared, strict=True)
    apart = [
        distances(points[subsets == k], kind="aligned euclidean", n_threads=n_threads)
        for k in range(n_subsets)
    ]
    return SharedData(
        width=net.sizes[1],
        time=TIMES[place[1]],
        **{name: distribution(_rows(q, subsets)) for name, q in overlaps.items()},
        within=within,
        between=between,
        difference=difference,
        verdict=verdict(
            apart,
            n_null=p.n_null,
            n_controls=p.n_controls,
            rng=context.rng(100, *place),
            n_threads=n_threads,
        ),
    )


def _rows(overlaps: Float64Array, subsets: np.ndarray) -> Float64Array:
    """Overlaps of the pairs of each subset, (n_subsets, n_pairs)."""
    blocks = [overlaps[np.ix_(subsets == k, subsets == k)] for k in np.unique(subsets)]
    return np.array([block[np.triu_indices(len(block), 1)] for block in blocks])


def compare(overlaps: Float64Array, subsets: np.ndarray) -> tuple[Estimate, Estimate, Estimate]:
    """Mean overlap within subsets, between them, and the difference.

    Errors by leaving out one subset, with all its pairs, at a time.
    """

    def means(keep: np.ndarray) -> tuple[float, float]:
        q, of = overlaps[np.ix_(keep, keep)], subsets[keep]
        upper = np.triu(np.ones_like(q, dtype=bool), 1)
        same = of[:, None] == of[None, :]
        return float(q[upper & same].mean()), float(q[upper & ~same].mean())

    everything = means(np.ones(subsets.size, dtype=bool))
    left_out = np.array([means(subsets != k) for k in np.unique(subsets)])
    within, between = (jackknife_from(everything[k], left_out[:, k]) for k in (0, 1))
    difference = jackknife_from(everything[0] - everything[1], left_out[:, 0] - left_out[:, 1])
    return within, between, difference
