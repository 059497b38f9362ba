"""P(q) in equilibrium: random layers below their T_c, layers of one mode, trained networks."""

from __future__ import annotations

import itertools
import math

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.dynamics import MonteCarloRun, OverlapHistogram, geometric, parallel_tempering
from spinglass_nn.networks import MLP
from spinglass_nn.spins import LayeredIsing, instability, layered_theory
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, Parameters, gain, starts
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array

_HOTTEST = 1.7  # in units of T_c
_REPLICAS = 4  # ladders of each network
_BINS = 64
_ONE_MODE = 5  # networks of the control


@result()
class LayeredOverlaps:
    r"""P(q) of random and of trained networks, temperatures in units of each one's T_c.

    Parameters
    ----------
    names : tuple of str
        "untrained", then "one mode" (each matrix the outer product of two vectors of ±1, the
        control whose order is known: two states, each other's mirror image), then the kinds
        of trained network.
    n_spins : tuple of int
        Of each.
    temperature : float
        Where, over T_c.
    histograms : tuple of OverlapHistogram
        P(q), averaged over networks.
    near_zero : tuple of array (n_networks,)
        Weight of \|q\| below half its root mean square, for each network.
    mean_square : tuple of array (n_networks,)
        Mean of q^2.
    tests : tuple of tuple of str
        What tests of equilibrium said at this temperature; none for fewer than 5 networks.
    equilibrated : tuple of bool
        Whether all tests passed.
    swap_rate : array (n_names,)
        Lowest rate of exchange between neighbours on the ladder.
    """

    names: tuple[str, ...]
    n_spins: tuple[int, ...]
    temperature: float
    histograms: tuple[OverlapHistogram, ...]
    near_zero: tuple[Float64Array, ...]
    mean_square: tuple[Float64Array, ...]
    tests: tuple[tuple[str, ...], ...]
    equilibrated: tuple[bool, ...]
    swap_rate: Float64Array


def run(context: Context) -> LayeredOverlaps:
    """Sample random networks and the trained ones."""
    p: Parameters = context.parameters
    groups = {"untrained": _untrained(context), "one mode": _one_mode(context)}
    for kind in KINDS:
        trained: MeltingRun = context.results[kind]
        critical = trained.readings.temperature[:, -1]
        last = trained.kept.steps.size - 1
        groups[kind] = [
            _in_units(trained.kept_model(k, last), critical[k])
            for k in range(trained.n_replicas)
        ]
    runs = [
        parallel_tempering(
            models,
            _ladder(models[0].n_spins, p.glass_temperature),
            n_sweeps=p.ordered_sweeps if name in KINDS else p.glass_sweeps,
            n_replicas=_REPLICAS,
            checkpoint=context.checkpoint(name.replace(" ", "-")),
            progress=context.progress,
            n_threads=context.n_threads,
            rng=context.rng(2, number),
        )
        for number, (name, models) in enumerate(groups.items())
    ]
    shares = [_shares(one, p.glass_temperature) for one in runs]
    tests = [
        one.equilibration(temperature=p.glass_temperature) if one.n_samples >= 5 else ()
        for one in runs
    ]
    return LayeredOverlaps(
        names=tuple(groups),
        n_spins=tuple(models[0].n_spins for models in groups.values()),
        temperature=p.glass_temperature,
        histograms=tuple(
            one.overlap_histogram(temperature=p.glass_temperature, n_bins=_BINS) for one in runs
        ),
        near_zero=tuple(near for near, _ in shares),
        mean_square=tuple(square for _, square in shares),
        tests=tuple(tuple(test.sentence for test in each) for each in tests),
        equilibrated=tuple(bool(each) and all(test.passed for test in each) for each in tests),
        swap_rate=np.array([one.swap_rates.min() for one in runs]),
    )


def _ladder(n_spins: int, temperature: float) -> Float64Array:
    """Temperatures around the one wanted; their number grows as the root of that of spins."""
    spaced = geometric(0.8 * temperature, _HOTTEST, n=max(4, round(math.sqrt(n_spins))))
    return np.unique([*spaced, temperature])


def _untrained(context: Context) -> list[LayeredIsing]:
    """Random networks in units of the T_c of theory."""
    p: Parameters = context.parameters
    net = MLP(p.glass_widths, bias=False)
    c = gain(p, "binarised")
    critical = layered_theory.critical_temperature(p.glass_widths, c)
    drawn = starts(net, c, p.glass_samples, context.rng(1))
    return [_in_units(LayeredIsing.from_network(replica), critical) for replica in drawn]


def _one_mode(context: Context) -> list[LayeredIsing]:
    """Layers of the same sizes with one strong mode in each matrix, in units of their T_c."""
    p: Parameters = context.parameters
    made = []
    for k in range(_ONE_MODE):
        generator = np.random.default_rng(context.rng(3, k))
        signs = [generator.choice([-1.0, 1.0], n) for n in p.glass_widths]
        weights = [np.outer(b, a) / a.size for a, b in itertools.pairwise(signs)]
        model = LayeredIsing.from_weights(weights)
        made.append(_in_units(model, instability.find(model).temperature))
    return made


def _in_units(model: LayeredIsing, temperature: float) -> LayeredIsing:
    return LayeredIsing.from_weights([weight / temperature for weight in model.weights])


def _shares(run: MonteCarloRun, temperature: float) -> tuple[Float64Array, Float64Array]:
    """Weight near zero and mean square of q, network by network."""
    q = np.abs(run.overlaps(temperature=temperature))
    square = (q**2).mean(axis=1)
    near = (q < 0.5 * np.sqrt(square)[:, None]).mean(axis=1)
    return near, square


def gaussian_share() -> float:
    """What a Gaussian P(q), that of a paramagnet, has below half its root mean square."""
    return math.erf(0.5 / math.sqrt(2))
