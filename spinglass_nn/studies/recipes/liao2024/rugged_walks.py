"""Protocol (d), ruggedness: walks from every run of the sweep, beside a quadratic bowl."""

from __future__ import annotations

from functools import partial

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import quadratic_walk, ruggedness
from spinglass_nn.networks import Curvature, Replica, gradient
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.recipes.liao2024.flatness import Sweep
from spinglass_nn.studies.recipes.liao2024.measures import GAUGES
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, sweep_probe
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import balance
from spinglass_nn.typing import Float64Array, IntArray
from spinglass_nn.walks import RandomWalk, random_walk

N_PROBES = 8  # for the two moments of the spectrum


@result()
class RuggedWalks:
    """Walks from every run, their ruggedness F4, and what a quadratic landscape would show.

    The axes after those named are those of a `Sweep`: rule, rate, batch size, seed.

    Parameters
    ----------
    steps : int64 array (n_records,)
        Step of each record.
    distance : array (2, n_rates, n_batch_sizes, n_seeds, n_walkers, n_records)
        Displacement over the length of the start point, in the raw gauge.
    loss : array, like distance
        Along the walks.
    rms, rms_error : array (n_gauges, ...)
        F4: r.m.s. of the loss about a parabola in the number of steps (nats).
    excess, excess_error : array (n_gauges, ...)
        Its square beyond that of the quadratic landscape of the same curvature.
    null : array (n_gauges, ...)
        R.m.s. on that landscape.
    length, null_length : array (n_gauges, ...)
        Steps over which the residual is remembered, and there; NaN if beyond the walk.
    up_share : array (n_gauges, ...)
        Share of the moves that raise the loss.
    """

    steps: IntArray
    distance: Float64Array
    loss: Float64Array
    rms: Float64Array
    rms_error: Float64Array
    excess: Float64Array
    excess_error: Float64Array
    null: Float64Array
    length: Float64Array
    null_length: Float64Array
    up_share: Float64Array

    def z(self) -> Float64Array:
        """Excess in units of its error, (n_gauges, ...)."""
        scores: Float64Array = self.excess / self.excess_error
        return scores


def run(context: Context) -> RuggedWalks:
    """Walk from every run, in both gauges."""
    sweep: Sweep = context.results["flatness"]
    data = sweep_probe(context.parameters, context.shared)
    shape = sweep.gap.shape
    rows = []
    with track(len(sweep.solutions), "walks for ruggedness", context.progress) as tick:
        for index in np.ndindex(shape):
            name = "run" + "-".join(map(str, index))
            rows.append(kept(context, name, partial(_from_run, context, data, sweep, index)))
            tick(1)
    steps, distances, losses, numbers = zip(*rows, strict=True)
    table = np.array(numbers).transpose(2, 1, 0).reshape(-1, len(GAUGES), *shape)
    records = (*shape, *losses[0].shape)
    return RuggedWalks(
        steps[0],
        np.array(distances).reshape(records),
        np.array(losses).reshape(records),
        *table,
    )


def _from_run(
    context: Context, data: Dataset, sweep: Sweep, index: tuple[int, ...]
) -> tuple[IntArray, Float64Array, Float64Array, list[tuple[float, ...]]]:
    """Steps, distances and losses of the walks from one run, and the numbers of each gauge."""
    point = sweep.solutions[int(sweep.numbers()[index])]
    # as for the measures: batch sizes and rules see the same directions
    place = (index[1], index[3])
    points = (point, balance(point))
    seed = context.rng(1, *place)
    walks = [rugged_walk(context, data, start, seed) for start in points]
    raw = walks[0]
    numbers = [_numbers(context, data, w, s, place) for w, s in zip(walks, points, strict=True)]
    return raw.steps, raw.distance / raw.start_norm, raw.loss, numbers


def rugged_walk(
    context: Context, data: Dataset, start: Replica, seed: np.random.SeedSequence
) -> RandomWalk:
    """Free walks from one point, every step of them recorded."""
    p: Parameters = context.parameters
    return random_walk(
        start.network,
        data,
        start,
        n_steps=p.ruggedness_steps,
        excursion=p.ruggedness_excursion,
        n_walkers=p.ruggedness_walkers,
        record_every=1,
        test=False,
        n_threads=context.n_threads,
        rng=seed,
    )


def _numbers(
    context: Context, data: Dataset, walk: RandomWalk, start: Replica, place: tuple[int, int]
) -> tuple[float, ...]:
    """What is kept of one start, in the order of the fields of `RuggedWalks`."""
    slope = gradient(start.network, start, data, n_threads=context.n_threads)
    null = quadratic_walk(
        walk,
        *_moments(context, data, start, place),
        gradient_norm=float(np.linalg.norm(slope)),
    )
    found = ruggedness(walk)
    excess = found.excess(null)
    return (
        found.rms.mean, found.rms.error, excess.mean, excess.error, null.rms,
        found.length.mean, null.length, found.up_share.mean,
    )  # fmt: skip


def _moments(
    context: Context, data: Dataset, start: Replica, place: tuple[int, int]
) -> tuple[Estimate, Estimate]:
    """``tr H / N`` and ``tr H² / N``, both from one product with each random vector of signs."""
    curvature = Curvature(start.network, start, data, n_threads=context.n_threads)
    rng = np.random.default_rng(context.rng(2, *place))
    signs = rng.choice((-1.0, 1.0), (N_PROBES, curvature.size))
    products = np.asarray(curvature.product(signs), dtype=np.float64)
    return (
        mean_estimate((signs * products).mean(axis=1)),
        mean_estimate((products**2).mean(axis=1)),
    )
