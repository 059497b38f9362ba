"""Trained networks with their weights shuffled or rotated: what is left of the order."""

from __future__ import annotations

from spinglass_nn._core.results import result
from spinglass_nn.spins import layered_nulls
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS
from spinglass_nn.studies.recipes.barney2024.reading import Readings, read
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context


@result()
class MeltingNulls:
    """Readings of the trained networks' nulls; tuples go kind by kind, arrays over runs.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of network.
    shuffled : tuple of Readings
        The weights of each matrix in random order.
    rotated : tuple of Readings
        The singular vectors of each matrix turned at random.
    """

    kinds: tuple[str, ...]
    shuffled: tuple[Readings, ...]
    rotated: tuple[Readings, ...]


def run(context: Context) -> MeltingNulls:
    """Read both nulls of every trained network."""
    made = {"shuffled": layered_nulls.shuffled, "rotated": layered_nulls.rotated}
    found: dict[str, list[Readings]] = {name: [] for name in made}
    for number, kind in enumerate(KINDS):
        trained: MeltingRun = context.results[kind]
        last = trained.kept.steps.size - 1
        for which, (name, null) in enumerate(made.items()):
            models = [
                null(trained.kept_model(k, last), rng=context.rng(number, which, k))
                for k in range(trained.n_replicas)
            ]
            readings = read(models, trained.edge, (len(models),), progress=context.progress,
                            n_threads=context.n_threads)  # fmt: skip
            found[name].append(readings)
    return MeltingNulls(
        tuple(KINDS), shuffled=tuple(found["shuffled"]), rotated=tuple(found["rotated"])
    )
