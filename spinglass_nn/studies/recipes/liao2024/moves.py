"""Protocol (a): several kinds of moves, the law that each must follow, and the gauge."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import flatness, kink_curvature, random_direction
from spinglass_nn.networks import Replica, gradient, hessian_vector_product, loss
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, probe
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.recipes.liao2024.thermal import ThermalWalks, thermal_walks
from spinglass_nn.studies.recipes.liao2024.walks import PooledWalk, free_walk
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import balance
from spinglass_nn.typing import Float64Array, IntArray
from spinglass_nn.walks import Isotropic, Move, PerLayer, PerUnit, RandomWalk

# the walk's move, its geometry, and the same displacement as one random direction
_KINDS: dict[str, tuple[Move, str, str]] = {
    "isotropic": (Isotropic(), "flat", "norm"),
    "per layer": (PerLayer(), "flat", "layer"),
    "per unit": (PerUnit(), "flat", "filter"),
    "sphere": (Isotropic(), "sphere", "norm"),
}


@result()
class Moves:
    """Walks of several kinds of moves from solutions, all of one relative length.

    Parameters
    ----------
    kinds : tuple of str
        Isotropic; in proportion to the norm of each layer, of each unit; on the sphere.
    excursion : float
        Length of the walks over that of the solution.
    steps : int64 array (n_records,)
        Step of each record.
    distance : array (n_kinds, n_solutions, n_records)
        Displacement over the length of the solution; one walk from each.
    loss, accuracy : array, like distance
        Along the walks.
    excursions : array (n_excursions,)
        Lengths of the displacements that follow.
    rises : array (n_kinds, n_excursions, n_solutions)
        Mean rise over pairs of opposite random displacements of each kind, the same for all
        lengths; on the sphere they go as far round it as its walks do.
    laws : array (n_kinds, n_solutions)
        The quadratic law's rise at an excursion of 1, from the Hessian along the same
        displacements; on the sphere with what the gradient along the radius adds.
    kinks : array (n_kinds, n_excursions, n_solutions)
        What ReLUs that switch add to the law's rise, to first order: see
        `spinglass_nn.landscape.kink_curvature`.
    balanced_change : array (n_solutions,)
        By how much the balanced gauge changes the loss, in float64.
    gauge_rises : array (2, n_solutions)
        Rise at one displacement, the same for all, as trained and in the balanced gauge.
    n_parameters : int
        Dimension of the walk.
    thermal : ThermalWalks
        Walks of one weight at a time under Metropolis.
    """

    kinds: tuple[str, ...]
    excursion: float
    steps: IntArray
    distance: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    excursions: Float64Array
    rises: Float64Array
    laws: Float64Array
    kinks: Float64Array
    balanced_change: Float64Array
    gauge_rises: Float64Array
    n_parameters: int
    thermal: ThermalWalks

    def constant(self, kind: str, excursion: int) -> Estimate:
        """Rise over the excursion squared, which the quadratic law holds constant."""
        rise = self.rises[self.kinds.index(kind), excursion]
        return mean_estimate(rise / self.excursions[excursion] ** 2)

    def against_law(self, kind: str, excursion: int) -> Estimate:
        """Rise over that of the quadratic law, error over solutions."""
        return mean_estimate(self._ratio(kind, excursion, 0.0))

    def against_kinked_law(self, kind: str, excursion: int) -> Estimate:
        """The same where the law has the kinks of the ReLUs in it."""
        return mean_estimate(self._ratio(kind, excursion, self.kinks))

    def _ratio(self, kind: str, excursion: int, more: Float64Array | float) -> Float64Array:
        """Rise over the law plus what is given, of each solution."""
        place = self.kinds.index(kind)
        law = self.excursions[:, None] ** 2 * self.laws[:, None] + more
        found: Float64Array = (self.rises / law)[place, excursion]
        return found

    def growth(self, kind: str, longer: int, shorter: int = 0) -> Estimate:
        """How much faster than d² the rise grows from one excursion to another."""
        scaled = self.rises[self.kinds.index(kind)] / self.excursions[:, None] ** 2
        return mean_estimate(scaled[longer] / scaled[shorter])

    def walk_rise(self, kind: str) -> Estimate:
        """Rise of the loss over a whole walk, error over solutions."""
        change = self.loss[..., -1] - self.loss[..., 0]
        return mean_estimate(change[self.kinds.index(kind)])

    def pooled(self, kind: str) -> PooledWalk:
        """The walks of one kind, in units of their start's length."""
        place = self.kinds.index(kind)
        return PooledWalk(
            steps=self.steps,
            distance=self.distance[place],
            loss=self.loss[place],
            accuracy=self.accuracy[place],
            start_norm=1.0,
            n_parameters=self.n_parameters,
        )


def run(context: Context) -> Moves:
    """Walk with every kind of move, and measure the law of each."""
    p: Parameters = context.parameters
    found: Solutions = context.results["solutions"]
    solutions = found.independent[: min(p.n_walk_solutions, len(found.independent))]
    data = probe(p, context.shared)
    rho = min(p.excursions, key=lambda value: abs(math.log(value)))
    walks = _all_walks(context, data, list(solutions), rho)
    measured = []
    with track(len(solutions), "laws of moves", context.progress) as tick:
        for k, solution in enumerate(solutions):
            measured.append([_measure(context, data, solution, kind, k) for kind in _KINDS])
            tick(1)
    gauge = [_gauge(context, data, solution, k) for k, solution in enumerate(solutions)]
    rises, laws, kinks = (
        np.array([[found[part] for found in row] for row in measured]) for part in range(3)
    )

    def gathered(name: str) -> Float64Array:
        return np.array([[getattr(walk, name)[0] for walk in row] for row in walks])

    norms = np.array([solution.norm for solution in solutions])
    return Moves(
        kinds=tuple(_KINDS),
        excursion=rho,
        steps=walks[0][0].steps,
        distance=gathered("distance") / norms[:, None],
        loss=gathered("loss"),
        accuracy=gathered("accuracy"),
        excursions=np.array(p.law_excursions),
        rises=rises.transpose(1, 2, 0),
        laws=laws.T,
        kinks=kinks.transpose(1, 2, 0),
        balanced_change=np.array([change for change, _ in gauge]),
        gauge_rises=np.array([rises for _, rises in gauge]).T,
        n_parameters=found.independent.network.n_parameters,
        thermal=thermal_walks(context, list(solutions[: p.thermal_solutions])),
    )


def _all_walks(
    context: Context, data: Dataset, solutions: list[Replica], rho: float
) -> list[list[RandomWalk]]:
    """By kind of move and solution."""
    walks: list[list[RandomWalk]] = []
    with track(len(_KINDS) * len(solutions), "kinds of moves", context.progress) as tick:
        for number, (kind, (move, geometry, _)) in enumerate(_KINDS.items()):
            walks.append([])
            for k, solution in enumerate(solutions):
                walk = partial(
                    free_walk,
                    context,
                    data,
                    solution,
                    rho,
                    n_walkers=1,
                    move=move,
                    geometry=geometry,
                    name=kind,
                    rng=context.rng(1, number, k),
                )
                walks[-1].append(kept(context, f"walk{number}-{k}", walk))
                tick(1)
    return walks


def _measure(
    context: Context, data: Dataset, solution: Replica, kind: str, k: int
) -> tuple[Float64Array, float, Float64Array]:
    """Mean rise at every excursion, the law's at an excursion of 1, and what kinks add."""
    p: Parameters = context.parameters
    on_sphere, scaling = _KINDS[kind][1] == "sphere", _KINDS[kind][2]
    theta = solution.weights.astype(np.float64)
    directions = np.array(
        [
            random_direction(solution, scaling=scaling, index=i, rng=context.rng(2, k))
            for i in range(p.n_law_pairs)
        ]
    )
    if on_sphere:
        directions -= np.outer(directions @ theta, theta) / (theta @ theta)
        directions *= solution.norm / np.linalg.norm(directions, axis=1)[:, None]
    rho = np.array(p.law_excursions)
    lengths = np.sqrt(-np.expm1(-(rho**2))) if on_sphere else rho
    signed = np.array([1.0, -1.0])[:, None] * directions[:, None]  # pair, sign, parameter
    # diffusion on the sphere forgets the start as exp(-rho^2 / 2) in many dimensions
    left = np.exp(-(rho**2) / 2) if on_sphere else np.ones_like(rho)
    shape = (-1, 1, 1, 1)
    points = left.reshape(shape) * theta + lengths.reshape(shape) * signed
    net, threads = solution.network, context.n_threads
    rows = points.reshape(-1, theta.size).astype(solution.weights.dtype)
    losses = loss(net, rows, data, n_threads=threads).reshape(len(rho), -1)
    rises = losses.mean(axis=1) - loss(net, solution, data, n_threads=threads)
    turned = hessian_vector_product(net, solution, directions, data, n_threads=threads)
    law = float(np.einsum("ij,ij->i", directions, turned).mean()) / 2
    if on_sphere:  # the sphere falls back from its tangent by rho^2 |theta| / 2
        law -= float(theta @ gradient(net, solution, data, n_threads=threads)) / 2
    kinks = kink_curvature(net, solution, data, directions, scales=lengths, n_threads=threads)
    return rises, law, kinks.mean(axis=1) / 2


def _gauge(
    context: Context, data: Dataset, solution: Replica, k: int
) -> tuple[float, tuple[float, float]]:
    """What the balanced gauge does to the loss, and to its rise at one displacement."""
    p: Parameters = context.parameters
    exact = Replica(solution.network, solution.weights.astype(np.float64))
    both = (exact, balance(exact))
    losses = [loss(r.network, r, data, n_threads=context.n_threads) for r in both]
    rises = [
        flatness(
            replica.network,
            replica,
            data,
            radius=p.flatness_radius,
            n_directions=p.n_law_pairs,
            rng=context.rng(3, k),
            n_threads=context.n_threads,
        ).mean
        for replica in both
    ]
    return abs(float(losses[1]) - float(losses[0])), (rises[0], rises[1])
