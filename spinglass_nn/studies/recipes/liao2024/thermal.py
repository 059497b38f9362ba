"""Protocol (a): walks at a temperature, one weight at a time, beside free ones."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from spinglass_nn import datasets
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import interpolate, loss_curves
from spinglass_nn.networks import Replica
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array
from spinglass_nn.walks import AlwaysAccept, Metropolis, OneWeight, RandomWalk, random_walk

_RECORDS = 10


@result()
class ThermalWalks:
    """Metropolis walks from solutions at several temperatures, the last one infinite.

    Parameters
    ----------
    temperatures : array (n_temperatures,)
        In the unit of the loss, nats per sample; infinity is the free walk.
    n_samples : int
        Samples whose mean loss decides.
    sweeps : array (n_records,)
        Moves proposed for each parameter.
    excursion : float
        Distance that the free walk reaches, over the length of the solution.
    distance : array (n_temperatures, n_solutions, n_walkers, n_records)
        From the start, over the length of the start.
    loss, accuracy, overlap : array, like distance
        Along the walks; the overlap is with the start.
    mutual_overlap : array (n_temperatures, n_solutions, n_records)
        Mean overlap of two walkers from one start.
    acceptance : array (n_temperatures, n_solutions, n_walkers)
        Share of moves accepted.
    to_start, between : array (n_temperatures, n_solutions, n_walkers)
        Barrier on the straight line from the end of a walk to its start, and to the end of
        the next walker.
    drift : float
        Largest error found of a loss that was followed from move to move.
    """

    temperatures: Float64Array
    n_samples: int
    sweeps: Float64Array
    excursion: float
    distance: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    overlap: Float64Array
    mutual_overlap: Float64Array
    acceptance: Float64Array
    to_start: Float64Array
    between: Float64Array
    drift: float

    def at_end(self, quantity: str, temperature: int) -> Estimate:
        """A quantity at the end of the walks, error over solutions."""
        values = getattr(self, quantity)[temperature]
        last = values[..., -1] if quantity in _ALONG else values
        return mean_estimate(last.reshape(last.shape[0], -1).mean(axis=1))

    def over_free(self, temperature: int) -> Estimate:
        """Loss at the end over that of the free walks from the same solutions."""
        ends = self.loss[..., -1].mean(axis=-1)
        return mean_estimate(ends[temperature] / ends[-1])

    def late_change(self, temperature: int) -> Estimate:
        """Change of the loss over the second half of the walks: zero on a plateau."""
        values = self.loss[temperature].mean(axis=1)
        return mean_estimate(values[:, -1] - values[:, values.shape[1] // 2])


_ALONG = ("distance", "loss", "accuracy", "overlap", "mutual_overlap")


def thermal_walks(context: Context, solutions: list[Replica]) -> ThermalWalks:
    """Walk from every solution at every temperature; finished walks survive a kill."""
    p: Parameters = context.parameters
    data = _samples(p, context.shared)
    temperatures = (*p.thermal_temperatures, math.inf)
    walks: list[list[RandomWalk]] = []
    with track(len(temperatures) * len(solutions), "thermal walks", context.progress) as tick:
        for t, temperature in enumerate(temperatures):
            walks.append([])
            for k, solution in enumerate(solutions):
                walk = partial(_walk, context, data, solution, temperature, (t, k))
                walks[-1].append(kept(context, f"thermal{t}-{k}", walk))
                tick(1)
    barriers = np.array(
        [
            [_barriers(context, data, s, w) for s, w in zip(solutions, row, strict=True)]
            for row in walks
        ]
    )

    def gathered(name: str) -> Float64Array:
        return np.array([[getattr(walk, name) for walk in row] for row in walks])

    norms = np.array([solution.norm for solution in solutions])
    return ThermalWalks(
        temperatures=np.array(temperatures),
        n_samples=data.n_samples,
        sweeps=walks[0][0].steps / solutions[0].network.n_parameters,
        excursion=p.thermal_excursion,
        distance=gathered("distance") / norms[:, None, None],
        loss=gathered("loss"),
        accuracy=gathered("accuracy"),
        overlap=gathered("overlap"),
        mutual_overlap=gathered("mutual_overlap"),
        acceptance=gathered("acceptance"),
        to_start=barriers[:, :, 0],
        between=barriers[:, :, 1],
        drift=float(gathered("drift").max()),
    )


def _samples(p: Parameters, data: Dataset) -> Dataset:
    """Of the training data, as many as a step can afford."""
    if p.thermal_samples >= data.n_samples:
        return data
    return datasets.subset(data, p.thermal_samples, rng=p.seed)


def _walk(
    context: Context, data: Dataset, start: Replica, temperature: float, index: tuple[int, int]
) -> RandomWalk:
    p: Parameters = context.parameters
    n_steps = p.thermal_sweeps * start.network.n_parameters
    return random_walk(
        start.network,
        data,
        start,
        n_steps=n_steps,
        excursion=p.thermal_excursion,
        n_walkers=p.thermal_walkers,
        record_every=math.ceil(n_steps / _RECORDS),
        move=OneWeight(),
        rule=AlwaysAccept() if math.isinf(temperature) else Metropolis(temperature),
        name=f"T = {temperature:g}",
        test=False,
        n_threads=context.n_threads,
        rng=context.rng(4, *index),
    )


def _barriers(
    context: Context, data: Dataset, start: Replica, walk: RandomWalk
) -> tuple[list[float], list[float]]:
    """From the ends of walks to the start, and from each to the next."""
    p: Parameters = context.parameters
    ends = [Replica(start.network, row) for row in walk.state.positions]
    nexts = [*ends[1:], ends[0]]
    paths = [interpolate(start, end, n_points=p.n_points) for end in ends]
    paths += [
        interpolate(one, other, n_points=p.n_points)
        for one, other in zip(ends, nexts, strict=True)
    ]
    curves = loss_curves(start.network, data, paths, test=False, n_threads=context.n_threads)
    barriers = [curve.barrier for curve in curves]
    return barriers[: len(ends)], barriers[len(ends) :]
