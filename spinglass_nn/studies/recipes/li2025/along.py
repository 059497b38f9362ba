"""Q(T) of the networks along their training, and of their nulls at its end."""

from __future__ import annotations

import math
from functools import partial

from spinglass_nn.spins import layered_nulls
from spinglass_nn.studies.recipes.li2025.curves import OverlapCurves, joined, measure
from spinglass_nn.studies.recipes.li2025.training import OverlapNetworks, measured, models_of
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context

NULLS = {"shuffled": layered_nulls.shuffled, "rotated": layered_nulls.rotated}


def epochs(context: Context) -> OverlapCurves:
    """From the random-parameter networks to the trained ones."""
    trained: OverlapNetworks = context.results["training"]
    parts = []
    for place, epoch in enumerate(trained.epochs.tolist()):
        compute = partial(
            measured, context, trained.at(place), context.shared, f"epoch {epoch}", epoch, place,
            glassy=epoch == 0,
        )  # fmt: skip
        parts.append(kept(context, f"epoch{epoch}", compute))
    return joined(parts)


def nulls(context: Context) -> OverlapCurves:
    """The trained networks with weights shuffled, and with singular vectors turned."""
    return joined([
        kept(context, name, partial(_of_null, context, place, name))
        for place, name in enumerate(NULLS)
    ])  # fmt: skip


def _of_null(context: Context, place: int, name: str) -> OverlapCurves:
    trained: OverlapNetworks = context.results["training"]
    models = [
        NULLS[name](model, rng=context.rng(place, 0, seed))
        for seed, model in enumerate(models_of(context, trained.at(-1)))
    ]
    return measure(context, models, name, math.nan, {}, place, glassy=name == "shuffled")
