"""Q(T) of many networks: one after the other, each kept as soon as its group is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.dynamics import (
    OverlapCurve,
    OverlapHistogram,
    geometric,
    replica_overlap_curve,
)
from spinglass_nn.spins import LayeredIsing
from spinglass_nn.statistics import Estimates, mean_estimate
from spinglass_nn.studies.recipes.li2025.parameters import Parameters
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array, IntArray

HOTTEST = 2.0  # of T_c
_BINS = 48


@result()
class OverlapCurves:
    """Q(T) of groups of networks, one network of each seed in a group.

    Parameters
    ----------
    names : tuple of str
        Of the groups.
    varied : array (n_groups,)
        What differs between them, as a number; NaN where it is none.
    layer_sizes : integer array (n_groups, n_layers)
        Units of each layer.
    reduced : array (n_temperatures,)
        Temperatures over the T_c of each network; the same for all.
    overlap, error, drift : array (n_groups, n_seeds, n_temperatures)
        Q, its error over replicas, and what it changed by from the first half of the times to
        the second.
    layers : array (n_groups, n_seeds, n_layers, n_temperatures)
        Q in each layer.
    energy : array (n_groups, n_seeds, n_temperatures)
        Per spin.
    layer_products : array (n_groups, n_seeds, n_temperatures, n_layers - 1)
        Mean of the product of the overlaps in neighbouring layers.
    r_hat : array (n_groups, n_seeds, n_temperatures)
        Of the energies of the replicas.
    round_trips : integer array (n_groups, n_seeds)
        Of all replicas of a network.
    baseline : array (n_groups,)
        Q of free spins.
    layer_baselines : array (n_groups, n_layers)
        The same in each layer.
    critical, glass, largest : array (n_groups, n_seeds)
        T_c, T_g and the largest eigenvalue of the couplings.
    crossing : bool array (n_groups, n_seeds)
        Whether m = 0 becomes unstable at T_c, rather than coming near to it.
    train_loss, train_accuracy, test_loss, test_accuracy, noisy_accuracy : array (n_groups, n_seeds)
        Of the networks; the last on test inputs with noise. NaN for what was not trained.
    portraits : tuple of OverlapHistogram
        P(q) of the first network of each group, near the temperature of comparison.
    """

    names: tuple[str, ...]
    varied: Float64Array
    layer_sizes: IntArray
    reduced: Float64Array
    overlap: Float64Array
    error: Float64Array
    drift: Float64Array
    layers: Float64Array
    energy: Float64Array
    layer_products: Float64Array
    r_hat: Float64Array
    round_trips: IntArray
    baseline: Float64Array
    layer_baselines: Float64Array
    critical: Float64Array
    glass: Float64Array
    largest: Float64Array
    crossing: IntArray
    train_loss: Float64Array
    train_accuracy: Float64Array
    test_loss: Float64Array
    test_accuracy: Float64Array
    noisy_accuracy: Float64Array
    portraits: tuple[OverlapHistogram, ...]

    def __repr__(self) -> str:
        n_groups, n_seeds = self.critical.shape
        return f"<Q(T) of {n_groups} groups of {n_seeds} networks: {', '.join(self.names)}>"

    @property
    def gap(self) -> Float64Array:
        """Train minus test accuracy, (n_groups, n_seeds)."""
        return self.train_accuracy - self.test_accuracy

    def at(self, reduced: float) -> Float64Array:
        """Q of every network at this T / T_c, (n_groups, n_seeds)."""
        return self.at_temperature(reduced * self.critical)

    def at_temperature(self, temperature: Float64Array) -> Float64Array:
        """Q of every network at a temperature of its own, (n_groups, n_seeds).

        By straight lines in ln T. Below the ladder Q is that of its cold end, which is too
        small, and above it that of its hot end.
        """
        asked = np.broadcast_to(temperature, self.critical.shape) / self.critical
        grid = np.log(self.reduced)
        found = np.empty(self.critical.shape)
        for place in np.ndindex(*found.shape):
            found[place] = np.interp(np.log(asked[place]), grid, self.overlap[place])
        return found

    def mean(self, group: int) -> Estimates:
        """Mean curve of a group against T / T_c, errors over seeds."""
        return over_seeds(self.overlap[group])

    def temperatures(self, group: int) -> Float64Array:
        """Temperatures that the ladders of all networks of a group span."""
        ends = self.critical[group].max(), self.critical[group].min()
        return geometric(self.reduced[0] * ends[0], self.reduced[-1] * ends[1], n=60)

    def mean_at_temperatures(self, group: int) -> Estimates:
        """Mean curve of a group against these temperatures, errors over seeds."""
        grid = self.temperatures(group)
        found = [self.at_temperature(np.array(t))[group] for t in grid]
        return over_seeds(np.array(found).T)


def over_seeds(values: Float64Array) -> Estimates:
    """Means of columns (n_seeds, n), errors over rows."""
    found = [mean_estimate(column) for column in values.T]
    return Estimates(np.array([e.mean for e in found]), np.array([e.error for e in found]))


def joined(parts: Sequence[OverlapCurves]) -> OverlapCurves:
    """Groups one after the other."""
    first = parts[0]
    made: dict[str, Any] = {}
    for name in (field.name for field in fields(OverlapCurves)):
        values = [getattr(part, name) for part in parts]
        if name in ("names", "portraits"):
            made[name] = tuple(item for value in values for item in value)
        else:
            made[name] = first.reduced if name == "reduced" else np.concatenate(values)
    return OverlapCurves(**made)


def group(curves: OverlapCurves, place: int) -> OverlapCurves:
    """One group alone; the place may count from the end."""
    chosen = place % len(curves.names)
    made: dict[str, Any] = {}
    for name in (field.name for field in fields(OverlapCurves)):
        value = getattr(curves, name)
        made[name] = value if name == "reduced" else value[chosen : chosen + 1]
    return OverlapCurves(**made)


def ladder(p: Parameters) -> Float64Array:
    """Temperatures over T_c."""
    return geometric(p.coldest, HOTTEST, n=p.n_temperatures)


def measure(
    context: Context,
    models: Sequence[LayeredIsing],
    name: str,
    varied: float,
    scores: dict[str, Float64Array],
    *index: int,
    glassy: bool = False,
) -> OverlapCurves:
    """Q(T) of one group of networks, and how good they are; ``glassy`` ones take longer."""
    p: Parameters = context.parameters
    reduced = ladder(p)
    found = [
        replica_overlap_curve(
            model,
            reduced,
            reduced=True,
            n_sweeps=p.glassy_sweeps if glassy else p.n_sweeps,
            n_replicas=p.n_replicas,
            progress=context.progress,
            n_threads=context.n_threads,
            rng=context.rng(*index, seed),
        )
        for seed, model in enumerate(models)
    ]
    nothing = np.full((1, len(models)), np.nan)
    place = int(np.abs(np.log(reduced / p.compared_at)).argmin())
    return OverlapCurves(
        names=(name,),
        varied=np.array([float(varied)]),
        layer_sizes=found[0].layer_sizes[None],
        reduced=reduced,
        overlap=_each(found, "overlap.mean"),
        error=_each(found, "overlap.error"),
        drift=_each(found, "drift.mean"),
        layers=np.stack([
            [curve.layer(k).mean for k in range(len(curve.layer_sizes))] for curve in found
        ])[None],
        energy=_each(found, "energy.mean"),
        layer_products=_each(found, "layer_products"),
        r_hat=_each(found, "r_hat"),
        round_trips=_each(found, "round_trips").sum(axis=-1),
        baseline=found[0].baseline[:1],
        layer_baselines=found[0].layer_baselines[None, :, 0],
        critical=_each(found, "instability.temperature"),
        glass=_each(found, "instability.glass_temperature"),
        largest=_each(found, "instability.largest_eigenvalue"),
        crossing=(_each(found, "instability.status") == "cross").astype(np.int64),
        **{
            name: np.reshape(scores.get(name, nothing), (1, -1)).astype(np.float64)
            for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy",
                         "noisy_accuracy")
        },
        portraits=(found[0].distribution(place, n_bins=_BINS),),
    )  # fmt: skip


def _each(found: list[OverlapCurve], path: str) -> Float64Array:
    """One attribute of every curve, as one group."""
    values = []
    for curve in found:
        value: Any = curve
        for name in path.split("."):
            value = getattr(value, name)
        values.append(value)
    return np.stack(values)[None]
