"""Protocol (b), third reading: from the region around a solution to that around its copy."""

from __future__ import annotations

from functools import partial

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import RegionBarriers, region_barriers
from spinglass_nn.networks import Replica, Replicas, stack
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, probe
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import Permutation, random_permutation
from spinglass_nn.typing import Float64Array
from spinglass_nn.walks import random_walk

# the end of a free walk of Gaussian moves is Gaussian, however many steps it takes
_STEPS = 20


@result()
class Regions:
    """Barriers between points of walks around solutions and around their copies.

    Every region is entered by two sets of free walks from its centre. Values are means over
    all lines between the sets, one for each solution.

    Parameters
    ----------
    excursions : array (n_excursions,)
        Length of the walks over that of the solution.
    loss : array (n_excursions, n_solutions)
        Mean at the ends of the walks.
    within : array (n_excursions, n_solutions)
        From one set to the other, in one region.
    across : array (n_excursions, n_solutions)
        The second set permuted: to the region of a copy.
    lowest : array (n_excursions, n_solutions)
        The lowest of the lines to the copy's region.
    apart : array (n_excursions, n_solutions)
        To the region of an independent solution.
    centre, centre_apart : array (n_solutions,)
        From the solution to its copy, and to the independent solution.
    """

    excursions: Float64Array
    loss: Float64Array
    within: Float64Array
    across: Float64Array
    lowest: Float64Array
    apart: Float64Array
    centre: Float64Array
    centre_apart: Float64Array


def run(context: Context) -> Regions:
    """Walk around every centre, and look at all lines between the walks' ends."""
    p: Parameters = context.parameters
    found: Solutions = context.results["solutions"]
    data = probe(p, context.shared)
    n = min(p.n_walk_solutions, len(found.independent))
    rows = []
    with track(n, "lines between regions", context.progress) as tick:
        for k in range(n):
            row = partial(_region, context, data, found, k, n)
            rows.append(kept(context, f"region{k}", row))
            tick(1)

    return Regions(
        excursions=rows[0].excursions,
        **{
            name: np.concatenate([getattr(row, name) for row in rows], axis=-1)
            for name in (
                "loss",
                "within",
                "across",
                "lowest",
                "apart",
                "centre",
                "centre_apart",
            )
        },
    )


def _region(context: Context, data: Dataset, found: Solutions, k: int, n: int) -> Regions:
    """One solution alone; the other one is beyond those that are centres."""
    p: Parameters = context.parameters
    points = found.independent
    other = points[(k + n) % len(points)] if n < len(points) else points[(k + 1) % n]
    permutation = random_permutation(points.network, rng=context.rng(1, k))
    m, rows = p.n_region_points, []
    farthest = _ends(context, data, points[k], 2 * m, (2, k))
    beyond = _ends(context, data, other, m, (3, k))
    for rho in p.region_excursions:
        around = _nearer(farthest, points[k], rho / p.region_excursions[-1])
        beside = _nearer(beyond, other, rho / p.region_excursions[-1])
        first, second = around[:m], around[m:]
        within = _lines(context, data, first, second)
        across = _lines(context, data, first, second, permutation)
        apart = _lines(context, data, first, beside)
        rows.append(
            (
                within.loss.mean(),
                within.barrier.mean(),
                across.barrier.mean(),
                across.barrier.min(),
                apart.barrier.mean(),
            )
        )
    one = stack([points[k]])
    loss, within, across, lowest, apart = np.array(rows).T[..., None]
    return Regions(
        excursions=np.array(p.region_excursions),
        loss=loss,
        within=within,
        across=across,
        lowest=lowest,
        apart=apart,
        centre=_lines(context, data, one, one, permutation).barrier[0],
        centre_apart=_lines(context, data, one, stack([other])).barrier[0],
    )


def _ends(
    context: Context,
    data: Dataset,
    start: Replica,
    n: int,
    index: tuple[int, ...],
) -> Replicas:
    """Where the longest free walks from a solution have come to."""
    walk = random_walk(
        start.network,
        data,
        start,
        n_steps=_STEPS,
        excursion=context.parameters.region_excursions[-1],
        n_walkers=n,
        record_every=_STEPS,
        test=False,
        n_threads=context.n_threads,
        rng=context.rng(*index),
    )
    return Replicas(start.network, walk.state.positions)


def _nearer(ends: Replicas, start: Replica, share: float) -> Replicas:
    """Ends of shorter walks in the same directions, which are as likely as any."""
    return Replicas(ends.network, start.weights + share * (ends.weights - start.weights))


def _lines(
    context: Context,
    data: Dataset,
    first: Replicas,
    second: Replicas,
    permutation: Permutation | None = None,
) -> RegionBarriers:
    return region_barriers(
        first.network,
        data,
        first,
        second,
        permutation=permutation,
        n_points=context.parameters.n_points,
        n_threads=context.n_threads,
    )
