"""Both ends of Q(T): free spins far above T_c, ground states far below."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.dynamics import OverlapCurve, geometric, replica_overlap_curve
from spinglass_nn.spins import LayeredIsing
from spinglass_nn.studies.recipes.li2025.curves import HOTTEST
from spinglass_nn.studies.recipes.li2025.parameters import Parameters
from spinglass_nn.studies.recipes.li2025.training import Trained, models_of
from spinglass_nn.studies.recipes.liao2024.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array


@result()
class Limits:
    """Q of the trained networks where it has to be known.

    Parameters
    ----------
    hot, hot_error : array (n_seeds,)
        Q far above T_c, and its error over replicas.
    baseline : float
        Q of free spins.
    reduced : array (n_temperatures,)
        A ladder over T_c that goes far below it.
    cold : array (n_seeds, n_temperatures)
        Q along it.
    r_hat : array (n_seeds,)
        Of the energies at its cold end; NaN where they no longer change.
    round_trips : array (n_seeds,)
        Of all replicas of a network.
    ferromagnet : float
        Q at the cold end for equal couplings between the same layers, the control.
    """

    hot: Float64Array
    hot_error: Float64Array
    baseline: float
    reduced: Float64Array
    cold: Float64Array
    r_hat: Float64Array
    round_trips: Float64Array
    ferromagnet: float


def run(context: Context) -> Limits:
    """Sample every trained network at both ends, and a ferromagnet at the cold one."""
    p: Parameters = context.parameters
    trained: Trained = context.results["training"]
    models = models_of(trained.at(-1))
    ones = [np.full(w.shape, 1 / w.shape[1]) for w in models[0].weights]
    ferromagnet = LayeredIsing.from_weights(ones)
    share = math.log(HOTTEST / p.cold) / math.log(HOTTEST / p.coldest)
    reduced = geometric(p.cold, HOTTEST, n=math.ceil(share * p.n_temperatures))
    above = np.array([p.hot, 2 * p.hot])

    def of(
        name: str, model: LayeredIsing, temperatures: Float64Array, *index: int
    ) -> OverlapCurve:
        compute = partial(_curve, context, model, temperatures, index)
        return kept(context, name, compute)

    hot = [of(f"hot{k}", model, above, 0, k) for k, model in enumerate(models)]
    cold = [of(f"cold{k}", model, reduced, 1, k) for k, model in enumerate(models)]
    return Limits(
        hot=np.array([curve.overlap[0].mean for curve in hot]),
        hot_error=np.array([curve.overlap[0].error for curve in hot]),
        baseline=float(hot[0].baseline[0]),
        reduced=reduced,
        cold=np.stack([curve.overlap.mean for curve in cold]),
        r_hat=np.array([curve.r_hat[0] for curve in cold]),
        round_trips=np.array([float(curve.round_trips.sum()) for curve in cold]),
        ferromagnet=of("ferromagnet", ferromagnet, reduced, 2).overlap[0].mean,
    )


def _curve(
    context: Context, model: LayeredIsing, reduced: Float64Array, index: tuple[int, ...]
) -> OverlapCurve:
    p: Parameters = context.parameters
    return replica_overlap_curve(
        model,
        reduced,
        reduced=True,
        n_sweeps=p.limit_sweeps,
        n_replicas=p.n_replicas,
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(*index),
    )
