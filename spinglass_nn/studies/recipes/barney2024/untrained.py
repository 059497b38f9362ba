"""Untrained networks against theory: the critical temperature of random layers."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.networks import MLP
from spinglass_nn.spins import LayeredIsing, instability, layered_theory
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.recipes.barney2024.parameters import Parameters, starts
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array, IntArray

_REAL = (784, 512, 512, 10)


@result()
class UntrainedLayers:
    """Random networks of several architectures, each a row of the arrays.

    Parameters
    ----------
    widths : tuple of tuple of int
        Units of every layer.
    variances : array (n_architectures,)
        C.
    equal : tuple of bool
        Whether all layers are equally wide.
    theory : array (n_architectures,)
        T_c of random layers.
    dip : array (n_architectures, n_networks)
        Temperature at which the lowest eigenvalue of the linearised TAP equations is least.
    minimum : array (n_architectures, n_networks)
        Its value there.
    n_crossing : int64 array (n_architectures,)
        Networks whose minimum is negative.
    entropy, replicon : array (n_architectures,)
        Of the replica-symmetric solution at a twentieth of T_c.
    """

    widths: tuple[tuple[int, ...], ...]
    variances: Float64Array
    equal: tuple[bool, ...]
    theory: Float64Array
    dip: Float64Array
    minimum: Float64Array
    n_crossing: IntArray
    entropy: Float64Array
    replicon: Float64Array

    def ratio(self, row: int) -> Estimate:
        """Mean of the measured over the theoretical T_c of one architecture."""
        return mean_estimate(self.dip[row] / self.theory[row])


def run(context: Context) -> UntrainedLayers:
    """Find the critical temperature of random networks."""
    p: Parameters = context.parameters
    n = p.theory_width
    chosen = [
        ((n,) * 3, 1.0),
        ((n,) * 4, 1.0),
        (_REAL, p.binarised_variance),
        (_REAL, p.relu_variance),
    ]
    dips, minima = [], []
    with track(len(chosen) * p.n_networks, "random networks", context.progress) as tick:

        def one(model: LayeredIsing) -> tuple[float, float]:
            found = instability.find(model)
            tick(1)
            return found.minimum_temperature, found.minimum

        for k, (widths, variance) in enumerate(chosen):
            net = MLP(widths, bias=False)
            drawn = starts(net, math.sqrt(variance), p.n_networks, context.rng(k))
            models = [LayeredIsing.from_network(replica) for replica in drawn]
            found = np.array(threads.run(one, models, context.n_threads))
            dips.append(found[:, 0])
            minima.append(found[:, 1])
    theory = [layered_theory.critical_temperature(w, math.sqrt(c)) for w, c in chosen]
    cold = [
        layered_theory.solve(w, 0.05 * t, math.sqrt(c))
        for (w, c), t in zip(chosen, theory, strict=True)
    ]
    return UntrainedLayers(
        widths=tuple(w for w, _ in chosen),
        variances=np.array([c for _, c in chosen]),
        equal=tuple(len(set(w)) == 1 for w, _ in chosen),
        theory=np.array(theory),
        dip=np.array(dips),
        minimum=np.array(minima),
        n_crossing=(np.array(minima) < 0).sum(axis=1),
        entropy=np.array([found.entropy for found in cold]),
        replicon=np.array([found.replicon for found in cold]),
    )
