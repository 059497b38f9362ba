"""Protocol (d), measures: sharpness of every run of the sweep, in two gauges."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets import subset
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import ChainTooShort
from spinglass_nn.landscape import (
    SharpnessTable,
    flatness,
    local_entropy,
    sharpness_table,
    worst_case_sharpness,
)
from spinglass_nn.networks import Replica, Replicas, evaluate
from spinglass_nn.studies.recipes.liao2024.flatness import Sweep
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, sweep_probe
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import balance
from spinglass_nn.typing import Float64Array, IntArray

GAUGES = ("raw", "balanced")
_ENTROPY_SAMPLES = 500


@result(version=2)
class Measures:
    """Sharpness of every run of a sweep; larger is sharper.

    Parameters
    ----------
    names : tuple of str
        Measures, with their gauge where it matters.
    mean, error : array (n_measures, 2, n_rates, n_batch_sizes, n_seeds)
        Values, and errors from random directions; zero for what is not sampled.
    gauge_shift : float
        Largest change of the loss of any run between the gauges, in float64.
    entropy_runs : int64 array (n_chosen, 4)
        Rule, rate, batch size and seed of the runs whose local entropy was sampled.
    entropy, entropy_error : array (n_gauges, n_chosen)
        Their local free energy (nats); the error is NaN where chains were too short for one.
    """

    names: tuple[str, ...]
    mean: Float64Array
    error: Float64Array
    gauge_shift: float
    entropy_runs: IntArray
    entropy: Float64Array
    entropy_error: Float64Array

    def at(self, name: str) -> Float64Array:
        """One measure of all runs, (2, n_rates, n_batch_sizes, n_seeds)."""
        found: Float64Array = self.mean[self.names.index(name)]
        return found


def run(context: Context) -> Measures:
    """Measure every run."""
    sweep: Sweep = context.results["flatness"]
    data = sweep_probe(context.parameters, context.shared)
    numbers = sweep.numbers()
    _, n_rates, _, n_seeds = numbers.shape
    parts: list[tuple[IntArray, list[SharpnessTable]]] = []
    with track(n_rates * n_seeds, "sharpness", context.progress) as tick:
        for i in range(n_rates):
            for k in range(n_seeds):
                tables = kept(
                    context, f"run{i}-{k}", partial(_measured, context, data, sweep, i, k)
                )
                parts.append((numbers[:, i, :, k].ravel(), tables))
                tick(1)
    names = tuple(name for table in parts[0][1] for name in table.rows)
    mean = np.empty((len(names), numbers.size))
    error = np.empty_like(mean)
    for places, tables in parts:
        mean[:, places] = np.concatenate([t.mean.reshape(-1, places.size) for t in tables])
        error[:, places] = np.concatenate([t.error.reshape(-1, places.size) for t in tables])
    chosen, entropy = _entropies(context, data, sweep)
    return Measures(
        names=names,
        mean=mean.reshape(-1, *numbers.shape),
        error=error.reshape(-1, *numbers.shape),
        gauge_shift=_gauge_shift(context, data, sweep.solutions),
        entropy_runs=chosen,
        entropy=entropy[..., 0],
        entropy_error=entropy[..., 1],
    )


def _measured(
    context: Context, data: Dataset, sweep: Sweep, i: int, k: int
) -> list[SharpnessTable]:
    """Runs number k at one rate: all batch sizes and both rules see the same directions.

    What compares batch sizes is then sharp, and the numbers k remain independent units.
    """
    net = sweep.solutions.network
    points = Replicas(net, sweep.solutions.weights[sweep.numbers()[:, i, :, k].ravel()])
    seed = context.rng(2, i, k)
    tables = cheap_tables(context, data, points, seed)
    if context.parameters.sharpness_measures == "all":
        tables += _dear_tables(context, data, points, seed)
    return tables


def cheap_tables(
    context: Context, data: Dataset, points: Replicas, seed: np.random.SeedSequence
) -> list[SharpnessTable]:
    """Means over directions, and what needs none; all points see the same directions."""
    p: Parameters = context.parameters
    many: dict[str, Any] = {
        "n_directions": p.n_directions, "rng": seed, "n_threads": context.n_threads,
    }  # fmt: skip
    own = {"F1": partial(flatness, radius=p.flatness_radius, **many)}
    many["excursion"] = p.flatness_excursion
    averages = ("average_adaptive", "fisher_rao")
    table = partial(sharpness_table, points.network, points, data)
    return [
        table(measures=own, gauges=GAUGES),
        table(measures=("F2", "F3", "trace"), gauges=GAUGES, **many),
        table(measures=averages, gauges=("raw",), **many),
    ]


def _dear_tables(
    context: Context, data: Dataset, points: Replicas, seed: np.random.SeedSequence
) -> list[SharpnessTable]:
    """Worst cases and the largest eigenvalue, which are searched for."""
    common: dict[str, Any] = {"rng": seed, "n_threads": context.n_threads}
    # one search is enough: at the end of training no gradient vanishes
    worst = partial(worst_case_sharpness, n_starts=1, **common)
    named = {"keskar": partial(worst, measure="keskar")}
    ball = {"adaptive_ball": partial(worst, measure="adaptive_ball")}
    table = partial(sharpness_table, points.network, points, data)
    return [
        table(measures=named, gauges=GAUGES),
        table(measures=("top_eigenvalue",), gauges=GAUGES, **common),
        table(measures=ball, gauges=("raw",)),
    ]


def _gauge_shift(context: Context, data: Dataset, solutions: Replicas) -> float:
    """How far rescaling units moves the loss: by rounding only."""
    shift = 0.0
    for weights in solutions.weights:
        point = Replica(solutions.network, weights.astype(np.float64))
        pair = [
            evaluate(solutions.network, one, data, n_threads=context.n_threads).loss
            for one in (point, balance(point))
        ]
        shift = max(shift, abs(float(pair[0] - pair[1])))
    return shift


def _entropies(context: Context, data: Dataset, sweep: Sweep) -> tuple[IntArray, Float64Array]:
    """Local free energy of a few runs at matched loss, at the extreme batch sizes, by gauge.

    Under a Gaussian as wide as the displacement of F2, over a few samples at the temperature of
    their posterior: half a minute a run.
    """
    p: Parameters = context.parameters
    if data.n_samples > _ENTROPY_SAMPLES:
        data = subset(data, _ENTROPY_SAMPLES, rng=p.seed)
    last = sweep.batch_sizes.size - 1
    chosen = [
        (0, 0, b, k) for b in (0, last) for k in range(min(p.entropy_runs, p.sweep_seeds))
    ]
    found = np.empty((len(GAUGES), len(chosen), 2))
    for row, place in enumerate(chosen):
        point = sweep.solutions[int(sweep.numbers()[place])]
        for g, start in enumerate((point, balance(point))):
            found[g, row] = kept(
                context, f"entropy{row}-{g}", partial(_entropy, context, data, start, row)
            )
    return np.array(chosen, dtype=np.int64).reshape(-1, 4), found


def _entropy(context: Context, data: Dataset, point: Replica, row: int) -> tuple[float, float]:
    """Local free energy at one point, and its error."""
    radius = context.parameters.flatness_excursion * point.norm
    try:
        sampled = local_entropy(
            point.network,
            point,
            data,
            gamma=point.network.n_parameters / radius**2,
            temperature=1 / data.n_samples,
            n_nodes=3,
            n_chains=2,
            n_samples=64,
            rng=context.rng(3, row),
            n_threads=context.n_threads,
            progress=context.progress,
        ).free_energy
        return sampled.mean, sampled.error
    except ChainTooShort as error:
        return error.estimate.free_energy.mean, np.nan
