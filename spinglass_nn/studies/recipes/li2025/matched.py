"""Two ways of training at equal test accuracy, network by network."""

from __future__ import annotations

from functools import partial

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.networks import Replicas
from spinglass_nn.studies.recipes.li2025.curves import OverlapCurves, joined
from spinglass_nn.studies.recipes.li2025.parameters import Parameters, network
from spinglass_nn.studies.recipes.li2025.training import measured, train
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.training import TrainingRun
from spinglass_nn.typing import Float64Array, IntArray


@result()
class MatchedOverlaps:
    """Q(T) of two ways of training at matched test accuracy.

    Parameters
    ----------
    curves : OverlapCurves
        Two groups: the study's own rule and the other.
    epochs : integer array (2, n_seeds)
        When each network had the accuracy nearest to what both reach.
    """

    curves: OverlapCurves
    epochs: IntArray


def run(context: Context) -> MatchedOverlaps:
    """Train both ways; take each network where it is as good as the poorer of the two."""
    p: Parameters = context.parameters
    data, net = context.shared, network(context.shared, p.width)
    own = train(context, data, net, "own", epochs=p.other_epochs)
    other = train(
        context, data, net, "other", epochs=p.other_epochs,
        learning_rate=p.other_learning_rate, weight_decay=p.other_weight_decay,
    )  # fmt: skip
    runs = (own, other)
    candidates = np.array([*p.other_epochs, p.n_epochs])
    accuracies = np.stack([run.history.test_accuracy[:, candidates] for run in runs])
    places = nearest(accuracies)
    names = ("rule of the study", "other rule")
    parts = []
    for which, (found, name) in enumerate(zip(runs, names, strict=True)):
        points = _at(found, places[which])
        compute = partial(measured, context, points, data, name, np.nan, which)
        parts.append(kept(context, f"curves{which}", compute))
    return MatchedOverlaps(curves=joined(parts), epochs=candidates[places])


def nearest(accuracies: Float64Array) -> IntArray:
    """Where accuracies (2, n_seeds, n_epochs) come nearest to the lower of the two last."""
    common = accuracies[..., -1].min(axis=0)[:, None]
    away = np.abs(accuracies - common)
    last = away.shape[-1] - 1
    found: IntArray = last - away[..., ::-1].argmin(axis=-1)  # of equals the latest
    return found


def _at(run: TrainingRun, places: IntArray) -> Replicas:
    weights = np.concatenate([run.snapshots.weights, run.replicas.weights[:, None]], axis=1)
    return Replicas(run.network, weights[np.arange(len(places)), places])
