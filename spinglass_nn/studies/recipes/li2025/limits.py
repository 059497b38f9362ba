"""What has to be so: free spins far above T_c, ground states far below, energies of random nets."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.dynamics import OverlapCurve, geometric, replica_overlap_curve
from spinglass_nn.spins import LayeredIsing, layered_theory
from spinglass_nn.studies.recipes.li2025.curves import HOTTEST, ladder
from spinglass_nn.studies.recipes.li2025.parameters import Parameters
from spinglass_nn.studies.recipes.li2025.training import OverlapNetworks, models_of
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array


@result()
class OverlapLimits:
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
    temperatures : array (n_temperatures,)
        The same for all untrained networks, whatever their own T_c.
    energy : array (n_seeds, n_temperatures)
        Of the untrained networks, per spin.
    layer_products : array (n_seeds, n_temperatures, n_layers - 1)
        Of overlaps in neighbouring layers, which the energy follows from for Gaussian weights.
    """

    hot: Float64Array
    hot_error: Float64Array
    baseline: float
    reduced: Float64Array
    cold: Float64Array
    r_hat: Float64Array
    round_trips: Float64Array
    ferromagnet: float
    temperatures: Float64Array
    energy: Float64Array
    layer_products: Float64Array


def run(context: Context) -> OverlapLimits:
    """Sample trained networks at both ends, a ferromagnet, and untrained ones at fixed T."""
    p: Parameters = context.parameters
    trained: OverlapNetworks = context.results["training"]
    models, untrained = models_of(context, trained.at(-1)), models_of(context, trained.at(0))
    sizes = trained.network.sizes
    ones = LayeredIsing.from_weights(
        [np.full(w.shape, 1 / w.shape[1]) for w in models[0].weights]
    )
    share = math.log(HOTTEST / p.cold) / math.log(HOTTEST / p.coldest)
    above = np.array([p.hot, 2 * p.hot])
    below = geometric(p.cold, HOTTEST, n=math.ceil(share * p.n_temperatures))
    # a T_c of each network's own would depend on its weights, and the identity not hold
    common = ladder(p) * layered_theory.critical_temperature(sizes, untrained[0].gains)

    def curves(
        name: str, networks: list[LayeredIsing], where: Float64Array, *, reduced: bool = True
    ) -> list[OverlapCurve]:
        place = ("hot", "cold", "ferromagnet", "untrained").index(name)
        return [
            kept(
                context, f"{name}{k}", partial(_curve, context, model, where, reduced, place, k)
            )
            for k, model in enumerate(networks)
        ]

    hot, cold = curves("hot", models, above), curves("cold", models, below)
    random = curves("untrained", untrained, common, reduced=False)
    return OverlapLimits(
        hot=np.array([curve.overlap[0].mean for curve in hot]),
        hot_error=np.array([curve.overlap[0].error for curve in hot]),
        baseline=float(hot[0].baseline[0]),
        reduced=below,
        cold=np.stack([curve.overlap.mean for curve in cold]),
        r_hat=np.array([curve.r_hat[0] for curve in cold]),
        round_trips=np.array([float(curve.round_trips.sum()) for curve in cold]),
        ferromagnet=curves("ferromagnet", [ones], below)[0].overlap[0].mean,
        temperatures=common,
        energy=np.stack([curve.energies.mean(axis=1) for curve in random]),
        layer_products=np.stack([curve.layer_products for curve in random]),
    )


def _curve(
    context: Context,
    model: LayeredIsing,
    temperatures: Float64Array,
    reduced: bool,
    *index: int,
) -> OverlapCurve:
    p: Parameters = context.parameters
    found = replica_overlap_curve(
        model,
        temperatures,
        reduced=reduced,
        n_sweeps=p.limit_sweeps,
        n_replicas=p.n_replicas,
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(*index),
    )
    return replace(found, state=None)
