"""Protocol (a): random walks from solutions, their copies, and points less trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import flatness, hessian_trace
from spinglass_nn.networks import Replica, Replicas, loss, random_points
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.claims import mean_of
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, probe
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import random_permutation
from spinglass_nn.typing import Float64Array, IntArray
from spinglass_nn.walks import RandomWalk, random_walk

STARTS = ("trained", "untrained", "random", "copy")


@result()
class Walks:
    """Walks of every kind of start and every length, and the curvature at the solutions.

    Parameters
    ----------
    starts : tuple of str
        Kinds of start: solutions, the points where they began, random points of their length,
        and copies with all hidden units permuted, a control.
    excursions : array (n_excursions,)
        Lengths over the length of the start point.
    steps : int64 array (n_records,)
        Step of each record.
    distance : array (n_starts, n_excursions, n_solutions, n_walkers, n_records)
        Displacement over the length of the start point.
    loss, accuracy : array, like distance
        Along the walks.
    bowl : array (n_excursions, n_solutions)
        Mean rise at exactly these lengths from the solutions, over pairs of opposite random
        directions, each solution's own, the same for all lengths: what the walks see, without
        their noise.
    early_bowl : array (n_excursions, n_solutions)
        The same around the same runs after a few epochs of training.
    early_loss : array (n_solutions,)
        Their train loss there.
    traces : tuple of Estimate
        Trace of the Hessian at each solution, error from the probes.
    n_parameters : int
        Dimension of the walk.
    norms : array (n_solutions,)
        Length of each solution.
    """

    starts: tuple[str, ...]
    excursions: Float64Array
    steps: IntArray
    distance: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    bowl: Float64Array
    early_bowl: Float64Array
    early_loss: Float64Array
    traces: tuple[Estimate, ...]
    n_parameters: int
    norms: Float64Array

    def rise(self, start: str) -> Float64Array:
        """Loss at the end minus at the start, mean over walkers (n_excursions, n_solutions)."""
        change: Float64Array = self.loss[..., -1] - self.loss[..., 0]
        rises: Float64Array = change[self.starts.index(start)].mean(axis=-1)
        return rises

    def fall(self, start: str) -> Float64Array:
        """Accuracy at the end minus at the start: (n_excursions, n_solutions)."""
        change: Float64Array = self.accuracy[..., -1] - self.accuracy[..., 0]
        falls: Float64Array = change[self.starts.index(start)].mean(axis=-1)
        return falls

    def quadratic_ratio(self) -> tuple[Estimate, ...]:
        """Rise over the law tr(H) d²/2N, per excursion, error over solutions."""
        traces = np.array([t.mean for t in self.traces])
        predicted = traces * self.norms**2 / (2 * self.n_parameters)
        return tuple(
            mean_of(row / (predicted * rho**2))
            for row, rho in zip(self.bowl, self.excursions, strict=True)
        )

    def growth(self, longer: int, shorter: int = 0, *, early: bool = False) -> Estimate:
        """How much faster than d² the rise grows from one excursion to another."""
        scaled = (self.early_bowl if early else self.bowl) / self.excursions[:, None] ** 2
        return mean_estimate(scaled[longer] / scaled[shorter])

    def halves(self, start: str) -> Float64Array:
        """Rise over the first and the second half of a walk, (2, n_excursions, n_solutions)."""
        mean = self.loss[self.starts.index(start)].mean(axis=-2)
        middle = self.steps.size // 2
        parts = [mean[..., middle] - mean[..., 0], mean[..., -1] - mean[..., middle]]
        return np.array(parts)

    def diffusion(self) -> Estimate:
        """Distance at the end of walks from solutions over the free walk's r √T."""
        ratio = self.distance[self.starts.index("trained"), ..., -1].mean(axis=-1)
        return mean_estimate((ratio / self.excursions[:, None]).mean(axis=0))

    def copy_difference(self, excursion: int) -> Estimate:
        """Rise from permuted copies minus that from the solutions, which must be zero."""
        return mean_of(self.rise("copy")[excursion] - self.rise("trained")[excursion])

    def pooled(self, start: str, excursion: int) -> PooledWalk:
        """All walks of one kind and length together, in units of their start's length."""
        where = (self.starts.index(start), excursion)
        return PooledWalk(
            steps=self.steps,
            distance=self.distance[where].reshape(-1, self.steps.size),
            loss=self.loss[where].reshape(-1, self.steps.size),
            accuracy=self.accuracy[where].reshape(-1, self.steps.size),
            start_norm=1.0,
            n_parameters=self.n_parameters,
        )

    def scaled_trace(self) -> Estimate:
        """Mean of ``tr(H) |θ₀|²`` over solutions: the law's constant in units of the length."""
        traces = np.array([t.mean for t in self.traces])
        return mean_estimate(traces * self.norms**2)


@dataclass(frozen=True, slots=True)
class PooledWalk:
    """Walks from several starts, for figures; fields as those of a `RandomWalk`."""

    steps: IntArray
    distance: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    start_norm: float
    n_parameters: int


def run(context: Context) -> Walks:
    """Walk from every kind of start, at every length."""
    p: Parameters = context.parameters
    solutions: Solutions = context.results["solutions"]
    net, data = solutions.independent.network, probe(p, context.shared)
    n = min(p.n_walk_solutions, len(solutions.independent))
    walks = _all_walks(context, data, solutions, n)
    traces = tuple(
        hessian_trace(
            net,
            solutions.independent[k],
            data,
            n_probes=16,
            rng=context.rng(9, k),
            n_threads=context.n_threads,
        )
        for k in range(n)
    )
    norms = np.array([solutions.independent[k].norm for k in range(n)])

    def gathered(name: str) -> Float64Array:
        return np.array([[[getattr(w, name) for w in row] for row in kind] for kind in walks])

    starts = np.array([[[w.start_norm for w in row] for row in kind] for kind in walks])
    return Walks(
        starts=STARTS,
        excursions=np.array(p.excursions),
        steps=walks[0][0][0].steps,
        distance=gathered("distance") / starts[..., None, None],
        loss=gathered("loss"),
        accuracy=gathered("accuracy"),
        bowl=_bowl(context, data, solutions.independent[:n]),
        early_bowl=_bowl(context, data, solutions.early[:n]),
        early_loss=loss(net, solutions.early[:n], data, n_threads=context.n_threads),
        traces=traces,
        n_parameters=net.n_parameters,
        norms=norms,
    )


def _bowl(context: Context, data: Dataset, points: Replicas) -> Float64Array:
    """Mean rise of the loss at every excursion, (n_excursions, n_points).

    Every point has directions of its own, the same at all lengths: its ratios between
    lengths are sharp, and points are independent.
    """
    p: Parameters = context.parameters
    return np.array(
        [
            [
                flatness(
                    points.network,
                    point,
                    data,
                    excursion=rho,
                    n_directions=p.n_law_pairs,
                    rng=context.rng(7, k),
                    n_threads=context.n_threads,
                ).mean
                for k, point in enumerate(points)
            ]
            for rho in p.excursions
        ]
    )


def _all_walks(
    context: Context, data: Dataset, solutions: Solutions, n: int
) -> list[list[list[RandomWalk]]]:
    """By kind of start, excursion and solution."""
    excursions = context.parameters.excursions
    walks: list[list[list[RandomWalk]]] = [[[] for _ in excursions] for _ in STARTS]
    with track(len(STARTS) * len(excursions) * n, "random walks", context.progress) as tick:
        for s, kind in enumerate(STARTS):
            points = [_start(kind, solutions, k, context) for k in range(n)]
            for i, rho in enumerate(excursions):
                for k, point in enumerate(points):
                    walk = partial(
                        free_walk,
                        context,
                        data,
                        point,
                        rho,
                        n_walkers=context.parameters.n_walkers,
                        name=f"{kind}, rho = {rho:g}",
                        rng=context.rng(s, i, k),
                    )
                    walks[s][i].append(kept(context, f"{kind}{i}-{k}", walk))
                    tick(1)
    return walks


def _start(kind: str, solutions: Solutions, k: int, context: Context) -> Replica:
    trained = solutions.independent[k]
    if kind == "trained":
        return trained
    if kind == "untrained":
        return solutions.initial[k]
    if kind == "copy":
        return random_permutation(trained.network, rng=context.rng(10, k)).apply(trained)
    points = random_points(
        trained.network, norm=trained.norm, dtype=trained.weights.dtype, rng=context.rng(8, k)
    )
    return points[0]


def free_walk(
    context: Context,
    data: Dataset,
    start: Replica,
    excursion: float,
    *,
    n_walkers: int,
    rng: np.random.SeedSequence,
    **options: Any,
) -> RandomWalk:
    """A walk that accepts everything, with the study's steps and records.

    Parameters
    ----------
    context : Context
        Of the task.
    data : Dataset
        Where the loss is evaluated.
    start : Replica
        Where the walk begins.
    excursion : float
        Its length over that of the start.
    n_walkers : int
        Walkers.
    rng : SeedSequence
        Their seed.
    **options
        Others of `random_walk`.

    Returns
    -------
    RandomWalk
        The walk.
    """
    p: Parameters = context.parameters
    return random_walk(
        start.network,
        data,
        start,
        n_steps=p.walk_steps,
        excursion=excursion,
        n_walkers=n_walkers,
        record_every=math.ceil(p.walk_steps / p.walk_records),
        test=False,
        n_threads=context.n_threads,
        rng=rng,
        **options,
    )
