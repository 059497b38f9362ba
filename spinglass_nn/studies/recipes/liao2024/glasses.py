"""Reference models whose answer is known, judged by the same instrument as the networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.dynamics import descend, geometric, langevin, parallel_tempering
from spinglass_nn.overlaps import (
    Distances,
    OverlapDistribution,
    Tree,
    Verdict,
    cluster,
    distribution,
    flip_gauge,
    from_overlaps,
    matrix,
    tree_points,
    verdict,
)
from spinglass_nn.spins import EdwardsAnderson, PSpin, SherringtonKirkpatrick
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array

_DIMENSIONS = 1000  # of planted points
_SK_COLD, _SK_HOT = 0.4, 1.3  # the transition is at 1
_LATTICE_COLD, _LATTICE_HOT = 0.5, 1.8  # the transition is at about 1.1
_TIMES = 3  # configurations of each ladder, in the second half of the run
_WELLS = 4  # descents whose ends spherical replicas leave from
_FEWEST = 6  # points that can be judged
_SAME = 0.99  # overlap beyond which two ends of descents are one minimum
_SPHERICAL_COLD = 0.25  # below the transitions of both, 1 and 0.586


class _Points(NamedTuple):
    """Overlaps of every sample as they are, and what is known of them."""

    title: str
    expected: str
    overlaps: list[Float64Array]
    n_dimensions: int
    flips: bool = False
    energy: Estimate | None = None
    notes: tuple[str, ...] = ()


@result()
class Glass:
    """A reference model seen by the instrument.

    Parameters
    ----------
    name, title, expected : str
        Short name, the name in figures, and what theory expects.
    raw, gauged : OverlapDistribution
        P(q) before and after the global flip was removed; the same where there is none.
    distances : Distances
        1 - q of the points of the first sample, flip removed.
    tree : Tree
        Average linkage of these.
    verdict : Verdict
        On all samples together.
    energy : Estimate or None
        Per spin, over samples.
    notes : tuple of str
        Tests of equilibrium.
    """

    name: str
    title: str
    expected: str
    raw: OverlapDistribution
    gauged: OverlapDistribution
    distances: Distances
    tree: Tree
    verdict: Verdict
    energy: Estimate | None
    notes: tuple[str, ...]


@result()
class Glasses:
    """All reference models.

    Parameters
    ----------
    systems : tuple of Glass
        Planted points first, then spherical models, then Ising spin glasses by size.
    """

    systems: tuple[Glass, ...]

    def of(self, name: str) -> Glass:
        """The system of this name."""
        for system in self.systems:
            if system.name == name:
                return system
        raise KeyError(name)


def run(context: Context) -> Glasses:
    """Make and judge every system."""
    p: Parameters = context.parameters
    made: dict[str, Callable[[Context, Any], _Points]] = {
        "noise": lambda c, r: _noise(c, r),
        "planted-0": lambda c, r: _planted(c, r, 0),
        "planted-1": lambda c, r: _planted(c, r, 1),
        "planted-2": lambda c, r: _planted(c, r, 2),
        "spherical-2": lambda c, r: _wells(c, r, 2),
        "spherical-3": lambda c, r: _wells(c, r, 3),
        "descents-3": lambda c, r: _descents(c, r),
    }
    for n in p.sk_sizes:
        made[f"sk-{n}"] = lambda c, r, n=n: _sk(c, r, n)  # type: ignore[misc]
    for length in p.lattice_sizes:
        made[f"lattice-{length}"] = lambda c, r, n=length: _lattice(c, r, n)  # type: ignore[misc]
    systems = []
    with track(len(made), "reference models", context.progress) as done:
        for number, (name, make) in enumerate(made.items()):
            system = partial(_system, context, name, make, number)
            systems.append(kept(context, name, system))
            done(1)
    return Glasses(tuple(systems))


def _system(
    context: Context, name: str, make: Callable[[Context, Any], _Points], number: int
) -> Glass:
    """One system, made and judged."""
    p: Parameters = context.parameters
    points = make(context, context.rng(1, number))
    gauged = [flip_gauge(q).overlaps if points.flips else q for q in points.overlaps]
    apart = [from_overlaps(q, n_dimensions=points.n_dimensions) for q in gauged]
    return Glass(
        name=name,
        title=points.title,
        expected=points.expected,
        raw=distribution([_pairs(q) for q in points.overlaps]),
        gauged=distribution([_pairs(q) for q in gauged]),
        distances=apart[0],
        tree=cluster(apart[0]),
        verdict=verdict(
            apart,
            n_null=p.n_null,
            n_controls=p.n_controls,
            rng=context.rng(2, number),
            n_threads=context.n_threads,
        ),
        energy=points.energy,
        notes=points.notes,
    )


def _pairs(overlaps: Float64Array) -> Float64Array:
    return overlaps[np.triu_indices(len(overlaps), 1)]


def _n_points(context: Context) -> int:
    return int(context.parameters.glass_replicas) * _TIMES


def _noise(context: Context, rng: Any) -> _Points:
    """Independent directions."""
    generator = np.random.default_rng(rng)
    shape = (context.parameters.glass_samples, _n_points(context), _DIMENSIONS)
    drawn = generator.standard_normal(shape)
    return _Points(
        "independent Gaussian points", "noise", [matrix(x) for x in drawn], _DIMENSIONS
    )


def _planted(context: Context, rng: Any, n_steps: int) -> _Points:
    """Leaves about a common centre: one cluster, flat clusters, or clusters of clusters."""
    n = _n_points(context)
    levels = n_steps + 1
    branching = int(np.ceil(n ** (1 / levels) - 1e-9))
    seeds = rng.spawn(context.parameters.glass_samples)
    overlaps = []
    for seed in seeds:
        leaves = tree_points(
            n, _DIMENSIONS, branching=branching, variances=(1.0,) * levels, rng=seed
        )
        centre = np.random.default_rng(seed.spawn(1)[0]).standard_normal(_DIMENSIONS)
        overlaps.append(matrix(leaves + centre))
    titles = ("planted, one state (RS)", "planted, flat (1-RSB)", "planted, nested (2-RSB)")
    expected = ("one cluster", "clusters without hierarchy", "hierarchy")
    return _Points(titles[n_steps], expected[n_steps], overlaps, _DIMENSIONS)


def _spherical(context: Context, rng: Any, p: int) -> list[PSpin]:
    n = context.parameters.spherical_size
    return [
        PSpin(n, p, "spherical", sample=k, rng=rng)
        for k in range(context.parameters.glass_samples)
    ]


def _wells(context: Context, rng: Any, p: int) -> _Points:
    """Replicas at low temperature, several from the end of each of a few descents.

    What E4 does with networks. For p = 2 all descents end in the same state up to its flip, so
    that it is one cluster whatever was asked; for p = 3 each ends in another.
    """
    disorder, *seeds = rng.spawn(1 + context.parameters.glass_samples)
    overlaps, energies = [], []
    n_each = -(-_n_points(context) // _WELLS)
    for model, seed in zip(_spherical(context, disorder, p), seeds, strict=True):
        ends = descend(
            model, n_starts=_WELLS, tolerance=1e-4, n_threads=context.n_threads, rng=seed
        )
        step = 0.1 / model.n_spins ** (1 / 3)
        walk = langevin(
            model,
            _SPHERICAL_COLD,
            n_steps=int(context.parameters.spherical_time / step),
            n_replicas=n_each * _WELLS,
            start=np.repeat(ends.points, n_each, axis=0),
            n_threads=context.n_threads,
            rng=seed.spawn(1)[0],
        )
        overlaps.append(matrix(walk.points))
        energies.append(ends.energies.mean() / model.n_spins)
    n = context.parameters.spherical_size
    return _Points(
        f"spherical p = {p}, N = {n}, replicas from {_WELLS} descents",
        "one state up to the flip" if p == 2 else "flat states, one step",
        overlaps,
        n,
        flips=p == 2,
        energy=mean_estimate(np.array(energies)),
    )


def _descents(context: Context, rng: Any) -> _Points:
    """Distinct minima that independent descents find for p = 3: what E1 is for networks.

    Small systems have so few minima that descents meet; networks of independent starts do
    not, and equal points would count as clusters.
    """
    n = _n_points(context)
    disorder, *seeds = rng.spawn(1 + context.parameters.glass_samples)
    overlaps, energies, fewest = [], [], n
    for model, seed in zip(_spherical(context, disorder, 3), seeds, strict=True):
        ends = descend(
            model,
            n_starts=2 * n,
            tolerance=1e-4,
            n_threads=context.n_threads,
            rng=seed,
        )
        found, n_distinct = _distinct(matrix(ends.points))
        overlaps.append(found)
        fewest = min(fewest, max(n_distinct, _FEWEST))  # repeats where a system has too few
        energies.append(ends.energies.mean() / model.n_spins)
    size = context.parameters.spherical_size
    return _Points(
        f"spherical p = 3, N = {size}, independent descents",
        "unrelated states",
        [q[:fewest, :fewest] for q in overlaps],
        size,
        energy=mean_estimate(np.array(energies)),
    )


def _distinct(overlaps: Float64Array) -> tuple[Float64Array, int]:
    """Minima that were not found before first, then the repeats; and how many are distinct."""
    kept: list[int] = []
    repeats: list[int] = []
    for k in range(len(overlaps)):
        again = (overlaps[k, kept] > _SAME).any()
        (repeats if again else kept).append(k)
    order = kept + repeats
    return overlaps[np.ix_(order, order)], len(kept)


def _sk(context: Context, rng: Any, n: int) -> _Points:
    disorder, seed = rng.spawn(2)
    models = [
        SherringtonKirkpatrick(n, sample=k, rng=disorder)
        for k in range(context.parameters.glass_samples)
    ]
    n_temperatures = 12 if n <= 128 else 14
    ladder = geometric(_SK_COLD, _SK_HOT, n=n_temperatures)
    return _tempered(
        context, models, ladder, f"SK, N = {n}, T = {_SK_COLD}", "full breaking", seed
    )


def _lattice(context: Context, rng: Any, length: int) -> _Points:
    disorder, seed = rng.spawn(2)
    models = [
        EdwardsAnderson((length,) * 3, "pm1", sample=k, rng=disorder)
        for k in range(context.parameters.glass_samples)
    ]
    ladder = geometric(_LATTICE_COLD, _LATTICE_HOT, n=16 if length <= 4 else 18)
    title = f"3D ±J lattice, L = {length}, T = {_LATTICE_COLD}"
    return _tempered(context, models, ladder, title, "disputed", seed)


def _tempered(
    context: Context,
    models: list[Any],
    ladder: Float64Array,
    title: str,
    expected: str,
    seed: Any,
) -> _Points:
    """Independent ladders, each at some times of the second half of the run.

    The number of sweeps grows with the size squared, counted from 64 spins.
    """
    p: Parameters = context.parameters
    n = models[0].n_spins
    every = 8
    records = 2 * _TIMES
    stretch = max(1.0, n / 64) ** 2
    record_every = every * max(1, round(p.glass_sweeps * stretch / (every * records)))
    run = parallel_tempering(
        models,
        ladder,
        n_sweeps=record_every * records,
        n_replicas=p.glass_replicas,
        measure_every=every,
        record_spins=True,
        record_every=record_every,
        checkpoint=context.checkpoint(f"{type(models[0]).__name__}-{n}"),
        n_threads=context.n_threads,
        rng=seed,
    )
    cold = float(run.temperatures[0])
    spins = run.spins(temperature=cold)[:, :, -_TIMES:].reshape(len(models), -1, n)
    return _Points(
        title,
        expected,
        [matrix(sample, of="spins") for sample in spins],
        n,
        flips=True,
        energy=run.energy[0],
        notes=tuple(test.sentence for test in run.equilibration(temperature=cold)),
    )
