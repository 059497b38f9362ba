"""The Gibbs measure of a small network: equilibrium, if it is reached, beside training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn import datasets
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.io.archive import save
from spinglass_nn.io.resuming import earlier
from spinglass_nn.networks import MLP, Replicas, loss, stack
from spinglass_nn.overlaps import OverlapDistribution, distribution, matrix
from spinglass_nn.statistics import EquilibrationTest, Estimates, r_hat
from spinglass_nn.statistics.equilibrium import compared
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, train_replicas
from spinglass_nn.typing import Float64Array, IntArray
from spinglass_nn.walks import (
    HMC,
    GaussianPrior,
    PosteriorRun,
    PosteriorState,
    sample_posterior,
)
from spinglass_nn.walks.thermodynamics import heat_capacities, mean_energies

STARTS = ("prior", "trained")
OVERLAPS = ("functions", "weights")
_MIXED = 1.01  # R-hat of chains that have mixed, as Vehtari et al. advise
_PARTS = 10  # of a run; what a kill can cost
_KEPT = 8  # positions of each replica


@result()
class Gibbs:
    """Energies and overlaps of replicas at a ladder of temperatures, from two kinds of start.

    Parameters
    ----------
    network : MLP
        The small network.
    n_samples : int
        Samples in the energy, which is the summed loss.
    temperatures : array (n_temperatures,)
        T = 1 is the posterior, the last is infinite, the prior.
    energies : array (2, n_temperatures, n_replicas, n_records)
        From draws of the prior, and from trained networks.
    acceptance : array (2, n_temperatures, n_replicas)
        Trajectories accepted.
    swap_rates : array (2, n_temperatures - 1)
        Exchanges accepted between neighbours.
    round_trips : int64 array (2, n_replicas)
        Ways from the coldest to the hottest temperature and back, per ladder.
    kept : array (3,)
        Temperatures of the overlaps: the lowest, one in the middle, and infinity.
    overlaps : array (2, 3, n_replicas, n_values)
        Of functions (centred logits on test data) and of weights after matching of hidden
        units, between replica k of one start and replica k of the other, at all times.
    within, across : array (2, 3, n_replicas // 2)
        Mean overlap of replicas of one start, and of replicas of different starts, in blocks
        of four replicas that share none.
    trained_loss : array (n_replicas,)
        Mean loss where the trained starts began.
    """

    network: MLP
    n_samples: int
    temperatures: Float64Array
    energies: Float64Array
    acceptance: Float64Array
    swap_rates: Float64Array
    round_trips: IntArray
    kept: Float64Array
    overlaps: Float64Array
    within: Float64Array
    across: Float64Array
    trained_loss: Float64Array

    def __repr__(self) -> str:
        return (
            f"<Gibbs measure of {self.network} on {self.n_samples} samples, equilibrated at "
            f"{self.equilibrated.sum()} of {self.temperatures.size} temperatures>"
        )

    @property
    def pooled(self) -> Float64Array:
        """Energies of both starts as one set of replicas."""
        return np.concatenate(list(self.energies), axis=1)

    @property
    def energy(self) -> Estimates:
        """Mean energy at every temperature, over both starts."""
        return mean_energies(self.pooled)

    def energy_from(self, start: str) -> Estimates:
        """Mean energy at every temperature from one kind of start."""
        return mean_energies(self.energies[STARTS.index(start)])

    @property
    def heat_capacity(self) -> Estimates:
        """Variance of the energy over T², over both starts."""
        return heat_capacities(self.temperatures, self.pooled)

    @property
    def r_hat(self) -> Float64Array:
        """R-hat of the energy over the replicas of both starts, at every temperature."""
        return np.array([r_hat(chains) for chains in self.pooled])

    @property
    def starts_agree(self) -> tuple[EquilibrationTest, ...]:
        """Whether energies from the two starts agree, at every temperature."""
        return tuple(
            compared(f"energy from two starts at T = {t:g}", *chains.mean(axis=2))
            for t, chains in zip(
                self.temperatures, self.energies.transpose(1, 0, 2, 3), strict=True
            )
        )

    @property
    def equilibrated(self) -> NDArray[np.bool_]:
        """Where replicas have mixed and starts agree, there and at all higher temperatures.

        The prior is drawn from as it is: there is nothing to reach.
        """
        agree = np.array([test.passed for test in self.starts_agree])
        good = (self.r_hat < _MIXED) & agree | np.isinf(self.temperatures)
        found: NDArray[np.bool_] = np.logical_and.accumulate(good[::-1])[::-1]
        return found

    def overlaps_agree(self, of: str, kept: int) -> EquilibrationTest:
        """Whether replicas of one start overlap as much as those of different starts."""
        where = (OVERLAPS.index(of), kept)
        return compared(f"overlap of {of}", self.within[where], self.across[where])

    def distribution(self, of: str, kept: int) -> OverlapDistribution:
        """P(q) at a temperature whose weights were kept; pairs of replicas are units."""
        values = self.overlaps[OVERLAPS.index(of), kept]
        low, high = np.floor(values.min() * 20) / 20, np.ceil(values.max() * 20) / 20
        return distribution(values, bins=max(10, round((high - low) * 20)), limits=(low, high))


def run(context: Context) -> Gibbs:
    """Sample the measure from draws of the prior and from trained networks."""
    p: Parameters = context.parameters
    data, test = (
        datasets.subset(part, min(p.gibbs_samples, part.n_samples), rng=p.seed)
        for part in (context.shared, context.shared.test)
    )
    assert data.n_classes is not None
    net = MLP(sizes=(data.n_inputs, p.gibbs_units, data.n_classes))
    trained = train_replicas(
        net,
        data,
        n_replicas=p.gibbs_replicas,
        n_epochs=p.gibbs_epochs,
        record_every=p.gibbs_epochs,
        start=p.initializer,
        batch_size=p.batch_size,
        optimizer=SGD(learning_rate=p.learning_rate),
        n_threads=context.n_threads,
        rng=context.rng(1),
    ).replicas
    runs = [_sampled(context, net, data, number, start) for number, start in
            enumerate((None, trained))]  # fmt: skip
    kept = runs[0].kept_temperatures
    found = [_overlaps(runs, float(t), test, context.n_threads) for t in kept]
    return Gibbs(
        network=net,
        n_samples=data.n_samples,
        temperatures=runs[0].temperatures,
        energies=np.array([r.energies for r in runs]),
        acceptance=np.array([r.acceptance for r in runs]),
        swap_rates=np.array([r.swap_rates for r in runs]),
        round_trips=np.array([r.round_trips for r in runs]),
        kept=kept,
        overlaps=np.array([values for values, _, _ in found]).swapaxes(0, 1),
        within=np.array([inner for _, inner, _ in found]).swapaxes(0, 1),
        across=np.array([outer for _, _, outer in found]).swapaxes(0, 1),
        trained_loss=np.atleast_1d(loss(net, trained, data, n_threads=context.n_threads)),
    )


def _sampled(
    context: Context, net: MLP, data: Dataset, number: int, start: Replicas | None
) -> PosteriorRun:
    """One run, part by part: a kill costs one of them."""
    p: Parameters = context.parameters
    ladder = np.append(p.gibbs_temperatures, np.inf)
    settings: dict[str, Any] = {
        "temperatures": ladder,
        "prior": GaussianPrior(1.0, fan_in=True),
        "sampler": HMC(p.gibbs_leapfrogs),
        "n_replicas": p.gibbs_replicas,
        "n_tuning": max(1, p.gibbs_sweeps // 3),
        "record_every": 1,
        "keep": (ladder[0], ladder[len(ladder) // 2], ladder[-1]),
        "keep_every": max(1, p.gibbs_sweeps // _KEPT),
        "dtype": np.float32,
        "progress": context.progress,
        "n_threads": context.n_threads,
        "rng": context.rng(2, number),
    }
    path = context.checkpoint(f"sampling{number}")
    state = earlier(None, path, PosteriorState)
    for part in range(1, _PARTS + 1):
        n_sweeps = max(1, p.gibbs_sweeps * part // _PARTS)
        if state is not None and state.n_sweeps - settings["n_tuning"] > n_sweeps:
            continue
        run = sample_posterior(
            net, data, start=start, n_sweeps=n_sweeps, state=state, **settings
        )
        state = run.state
        save(state, path)
    return run


def _overlaps(
    runs: list[PosteriorRun], temperature: float, test: Dataset, n_threads: int | None
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Overlaps of functions and of weights: paired replicas, within and across starts."""
    points = stack([r.replicas(temperature=temperature, record=None) for r in runs])
    n_replicas = runs[0].energies.shape[1]
    options: tuple[dict[str, Any], ...] = (
        {"of": "logits", "data": test},
        {"align": "permutations"},
    )
    values, inner, outer = [], [], []
    for each in options:
        q = matrix(points, n_threads=n_threads, **each)
        size = len(q) // (2 * n_replicas)  # positions kept of each replica
        blocks = q.reshape(2, n_replicas, size, 2, n_replicas, size).transpose(0, 1, 3, 4, 2, 5)
        values.append([blocks[0, k, 1, k].ravel() for k in range(n_replicas)])
        means = blocks.mean(axis=(-2, -1))
        pairs = range(0, n_replicas - 1, 2)
        inner.append([(means[0, k, 0, k + 1] + means[1, k, 1, k + 1]) / 2 for k in pairs])
        outer.append([(means[0, k, 1, k] + means[0, k + 1, 1, k + 1]) / 2 for k in pairs])
    return np.array(values), np.array(inner), np.array(outer)
