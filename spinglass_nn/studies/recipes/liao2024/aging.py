"""Protocol (a) along training: walks from checkpoints, and how far a run moves in a time."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.networks import MLP, Replicas
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, network, probe
from spinglass_nn.studies.recipes.liao2024.walks import PooledWalk, free_walk
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.training import (
    SGD,
    Snapshots,
    TwoTime,
    log_spaced_steps,
    train_replicas,
    two_time,
)
from spinglass_nn.typing import Float64Array, IntArray
from spinglass_nn.walks import RandomWalk

_INTERVALS = 16  # of equal length, into which training is cut; fewer if it is that short
_CHECKPOINTS = 5  # that walks start from
_LOGARITHMIC = 16


@result()
class Aging:
    """Runs of a fixed length, watched at many times.

    Parameters
    ----------
    two_time : TwoTime
        Displacement and overlap between snapshots.
    interval : int
        Steps between snapshots of equal distance, besides those spaced evenly in the
        logarithm.
    n_intervals : int
        How many of these.
    epoch_steps : int
        Steps of an epoch.
    n_epochs : int
        Epochs of a run.
    checkpoints : int64 array (n_checkpoints,)
        Steps from whose snapshots walks start: 0, one interval, ..., the last.
    excursion : float
        Length of these walks over that of their start.
    steps : int64 array (n_records,)
        Step of each record of a walk.
    distance : array (n_checkpoints, n_replicas, n_walkers, n_records)
        Displacement over the length of the start.
    loss, accuracy : array, like distance
        Along the walks.
    """

    two_time: TwoTime
    interval: int
    n_intervals: int
    epoch_steps: int
    n_epochs: int
    checkpoints: IntArray
    excursion: float
    steps: IntArray
    distance: Float64Array
    loss: Float64Array
    accuracy: Float64Array

    def slowing(self) -> Estimate:
        """Squared displacement in the last interval over that in the second, over replicas.

        The first is left out: it begins at the untrained point. NaN if there are no three.
        """
        if self.n_intervals < 3:
            return Estimate(math.nan, math.nan)
        step, last = self.interval, self.interval * (self.n_intervals - 1)
        return mean_estimate(self._moved(last) / self._moved(step))

    def _moved(self, waiting: int) -> Float64Array:
        """Squared displacement of each replica in one interval after a waiting time."""
        place = int(np.flatnonzero(self.two_time.times(waiting) == self.interval)[0])
        moved: Float64Array = self.two_time.values("displacement", waiting)[:, place]
        return moved

    def pooled(self, checkpoint: int) -> PooledWalk:
        """All walks from one checkpoint together, in units of their start's length."""
        shape = (-1, self.steps.size)
        return PooledWalk(
            steps=self.steps,
            distance=self.distance[checkpoint].reshape(shape),
            loss=self.loss[checkpoint].reshape(shape),
            accuracy=self.accuracy[checkpoint].reshape(shape),
            start_norm=1.0,
            n_parameters=self.two_time.n_parameters,
        )

    def rise(self, checkpoint: int) -> Estimate:
        """Rise of the loss over the walks from a checkpoint, error over replicas."""
        change = self.loss[checkpoint, ..., -1] - self.loss[checkpoint, ..., 0]
        return mean_estimate(change.mean(axis=-1))


def run(context: Context) -> Aging:
    """Train, keep snapshots, and walk from some of them."""
    p: Parameters = context.parameters
    net, data = network(p, context.shared), context.shared
    epoch = -(-data.n_samples // p.batch_size)
    total = epoch * p.aging_epochs
    n_intervals = min(_INTERVALS, total)
    interval = total // n_intervals
    even = interval * np.arange(n_intervals + 1)
    spaced = log_spaced_steps(total, _LOGARITHMIC)
    trained = train_replicas(
        net,
        data,
        n_replicas=p.aging_replicas,
        n_epochs=p.aging_epochs,
        start=p.initializer,
        snapshots=sorted({*even.tolist(), *spaced.tolist()}),
        batch_size=p.batch_size,
        optimizer=SGD(learning_rate=p.learning_rate),
        checkpoint=context.checkpoint("training"),
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(1),
    )
    snapshots = trained.snapshots
    places = np.rint(np.geomspace(1, n_intervals, _CHECKPOINTS - 1)).astype(int)
    checkpoints = even[np.unique([0, *places])]
    rho = min(p.excursions, key=lambda value: abs(math.log(value)))
    walks = _walks(context, net, snapshots, checkpoints, rho)

    def gathered(name: str) -> Float64Array:
        return np.array([[getattr(walk, name) for walk in row] for row in walks])

    norms = np.array([[walk.start_norm for walk in row] for row in walks])

    return Aging(
        two_time=two_time(snapshots, n_threads=context.n_threads),
        interval=interval,
        n_intervals=n_intervals,
        epoch_steps=epoch,
        n_epochs=p.aging_epochs,
        checkpoints=checkpoints.astype(np.int64),
        excursion=rho,
        steps=walks[0][0].steps,
        distance=gathered("distance") / norms[..., None, None],
        loss=gathered("loss"),
        accuracy=gathered("accuracy"),
    )


def _walks(
    context: Context, net: MLP, snapshots: Snapshots, checkpoints: IntArray, rho: float
) -> list[list[RandomWalk]]:
    """Free walks from every run at every checkpoint."""
    p: Parameters = context.parameters
    data, walks = probe(p, context.shared), []
    with track(len(checkpoints), "walks from checkpoints", context.progress) as tick:
        for c, step in enumerate(checkpoints):
            place = int(np.flatnonzero(snapshots.steps == step)[0])
            starts = Replicas(net, snapshots.weights[:, place].copy())
            row = partial(_from_checkpoint, context, data, starts, rho, c)
            walks.append(kept(context, f"walks{c}", row))
            tick(1)
    return walks


def _from_checkpoint(
    context: Context, data: Dataset, starts: Replicas, rho: float, checkpoint: int
) -> list[RandomWalk]:
    """Free walks from every run at one checkpoint."""
    return [
        free_walk(
            context,
            data,
            start,
            rho,
            n_walkers=context.parameters.n_walkers,
            rng=context.rng(2, checkpoint, k),
        )
        for k, start in enumerate(starts)
    ]
