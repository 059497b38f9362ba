"""Q(T) of the networks along their training, and of their nulls at its end."""

from __future__ import annotations

from functools import partial

from spinglass_nn.spins import layered_nulls
from spinglass_nn.studies.recipes.li2025.curves import Curves, joined, measure
from spinglass_nn.studies.recipes.li2025.training import Trained, models_of, scores
from spinglass_nn.studies.recipes.liao2024.pieces import kept
from spinglass_nn.studies.task import Context

NULLS = {"shuffled": layered_nulls.shuffled, "rotated": layered_nulls.rotated}


def epochs(context: Context) -> Curves:
    """From the random-parameter networks to the trained ones."""
    trained: Trained = context.results["training"]
    parts = []
    for place, epoch in enumerate(trained.epochs.tolist()):
        points = trained.at(place)
        compute = partial(
            measure, context, models_of(points), f"epoch {epoch}", epoch,
            scores(context, points, context.shared), place,
        )  # fmt: skip
        parts.append(kept(context, f"epoch{epoch}", compute))
    return joined(parts)


def nulls(context: Context) -> Curves:
    """The trained networks with weights shuffled, and with singular vectors turned."""
    trained: Trained = context.results["training"]
    parts = []
    for place, (name, null) in enumerate(NULLS.items()):
        models = [
            null(model, rng=context.rng(place, seed))
            for seed, model in enumerate(models_of(trained.at(-1)))
        ]
        compute = partial(measure, context, models, name, float("nan"), {}, place)
        parts.append(kept(context, name, compute))
    return joined(parts)
