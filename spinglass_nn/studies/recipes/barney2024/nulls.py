"""Trained networks with their weights shuffled or rotated: what is left of the order."""

from __future__ import annotations

from spinglass_nn._core.results import result
from spinglass_nn.spins import LayeredIsing, layered_nulls
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS
from spinglass_nn.studies.recipes.barney2024.reading import SpinReadings, read
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context

_NULLS = (layered_nulls.shuffled, layered_nulls.rotated)


@result()
class MeltingNulls:
    """Readings of the trained networks' nulls; tuples go kind by kind, arrays over runs.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of network.
    shuffled : tuple of SpinReadings
        The weights of each matrix in random order.
    rotated : tuple of SpinReadings
        The singular vectors of each matrix turned at random.
    """

    kinds: tuple[str, ...]
    shuffled: tuple[SpinReadings, ...]
    rotated: tuple[SpinReadings, ...]


def run(context: Context) -> MeltingNulls:
    """Read both nulls of every trained network."""
    shuffled, rotated = (
        tuple(_read(context, kind, null) for kind in KINDS) for null in range(len(_NULLS))
    )
    return MeltingNulls(tuple(KINDS), shuffled, rotated)


def _read(context: Context, kind: str, null: int) -> SpinReadings:
    """One null of all runs of one kind."""
    trained: MeltingRun = context.results[kind]
    last, number = trained.kept.steps.size - 1, list(KINDS).index(kind)

    def make(k: int) -> LayeredIsing:
        rng = context.rng(number, null, k)
        return _NULLS[null](trained.kept_model(k, last), rng=rng)

    return read(
        make,
        trained.edge,
        (trained.n_replicas,),
        progress=context.progress,
        n_threads=context.n_threads,
    )
