"""Protocol (b) beyond straight lines: spare units, elastic bands, curves, and the graph."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from threading import Event

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import (
    AutoNEB,
    BarrierGraph,
    ElasticBand,
    LossCurve,
    barrier_graph,
    bezier_curve,
    interpolate,
    loss_curve,
    loss_curves,
    nudged_elastic_band,
    spare_unit_path,
)
from spinglass_nn.networks import MLP, Replica, Replicas
from spinglass_nn.studies.recipes.liao2024.interpolation import solution_pairs
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, probe
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import match, random_permutation, swap
from spinglass_nn.training import SGD, Cosine, train_replicas
from spinglass_nn.typing import Float64Array

# so few units that bands to copies stay high: the control in which barriers are found
NARROW = 2
_NARROW_EPOCHS = 20
_PER_LEG = 7  # points of the scan on each leg of a band


@result()
class Connections:
    """Paths that are not straight, beside those that are, on all training samples.

    Every tuple of curves holds one for each pair of solutions.

    Parameters
    ----------
    straight, matched : tuple of LossCurve
        Lines between independent solutions, as they are and after matching.
    bands, curves : tuple of LossCurve
        Elastic band and Bezier curve between the same, not matched.
    copies, copy_bands : tuple of LossCurve
        From the first of each pair to its own permuted copy: line and band.
    narrow, narrow_bands : tuple of LossCurve
        The same as ``copies`` and ``copy_bands`` for networks of `NARROW` hidden units.
    forces : array (3, n_pairs)
        How far the bands were from convergence: between solutions, to copies, narrow.
    spare : LossCurve
        From the first solution with one spare unit to its copy with two units swapped, by way
        of the spare one; in float64.
    spare_direct : LossCurve
        The straight line between the same ends.
    lines, aligned : BarrierGraph
        Of some solutions, with straight lines as they are, and after matching.
    relaxed : BarrierGraph or None
        As they are, with bands where the tree depends on them; its ``paths`` are left out.
    """

    straight: tuple[LossCurve, ...]
    matched: tuple[LossCurve, ...]
    bands: tuple[LossCurve, ...]
    curves: tuple[LossCurve, ...]
    copies: tuple[LossCurve, ...]
    copy_bands: tuple[LossCurve, ...]
    narrow: tuple[LossCurve, ...]
    narrow_bands: tuple[LossCurve, ...]
    forces: Float64Array
    spare: LossCurve
    spare_direct: LossCurve
    lines: BarrierGraph
    aligned: BarrierGraph
    relaxed: BarrierGraph | None

    def left(self, bands: str, lines: str) -> Float64Array:
        """What is left of each barrier, above the higher end, as a share of the line's.

        NaN where the line has none.
        """
        above, line = (
            np.array([curve.barrier_above_ends for curve in getattr(self, name)])
            for name in (bands, lines)
        )
        shares: Float64Array = np.maximum(above, 0) / np.where(line > 0, line, np.nan)
        return shares


def run(context: Context) -> Connections:
    """Lower paths between solutions, between copies, and in the graph of solutions."""
    p: Parameters = context.parameters
    found: Solutions = context.results["solutions"]
    solutions, data = found.independent, context.shared
    probed = probe(p, data)
    pairs = solution_pairs(len(solutions), min(p.n_band_pairs, len(solutions) // 2))
    narrow = _narrow_solutions(context, len(pairs))
    stop = Event()
    alone = replace(context, n_threads=1, progress=partial(_unless, stop))
    with track(len(pairs), "elastic bands and curves", context.progress) as tick:

        def one(n: int) -> tuple[list[LossCurve], list[float]]:
            i, j = pairs[n]
            found = _joined(alone, data, (solutions[i], solutions[j], narrow[n]), n)
            tick(1)
            return found

        joined = threads.run(one, range(len(pairs)), context.n_threads, stop)
    few = solutions[: p.n_graph]
    straight = {
        align: barrier_graph(
            solutions.network,
            probed,
            few,
            align=align,
            n_points=p.n_points,
            n_threads=context.n_threads,
            rng=context.rng(7),
        )
        for align in (None, "permutations")
    }
    spare, spare_direct = _spare_paths(context, probed, solutions[0])
    paths, forces = zip(*joined, strict=True)
    names = (
        "straight", "matched", "bands", "curves", "copies", "copy_bands", "narrow",
        "narrow_bands",
    )  # fmt: skip
    return Connections(
        **dict(zip(names, zip(*paths, strict=True), strict=True)),
        forces=np.array(forces).T,
        spare=spare,
        spare_direct=spare_direct,
        lines=straight[None],
        aligned=straight["permutations"],
        relaxed=_relaxed(context, probed, few),
    )


def _unless(stop: Event, *_: object) -> None:
    """Progress of a pair on its thread, which ends when the others do."""
    if stop.is_set():
        raise KeyboardInterrupt


def _joined(
    context: Context, data: Dataset, ends: tuple[Replica, Replica, Replica], n: int
) -> tuple[list[LossCurve], list[float]]:
    """All paths of one pair of solutions and a narrow network, and forces of their bands."""
    p: Parameters = context.parameters
    a, b, c = ends
    copy = random_permutation(a.network, rng=context.rng(1, n)).apply(a)
    lines = [
        interpolate(a, end, n_points=p.n_points, name=name)
        for end, name in (
            (b, "straight line"),
            (match(a, b).apply(b), "straight line, matched"),
            (copy, "straight line to a copy"),
        )
    ]
    straight, matched, direct = loss_curves(a.network, data, lines, n_threads=context.n_threads)
    swapped = swap(c.network, 0, 0, 1).apply(c)
    narrow = loss_curve(
        c.network,
        data,
        interpolate(c, swapped, n_points=p.n_points),
        n_threads=context.n_threads,
    )
    bands = [
        kept(context, f"band{n}.{kind}", partial(_band, context, data, *places, (kind, n)))
        for kind, places in ((2, (a, b)), (3, (a, copy)), (4, (c, swapped)))
    ]
    curve = partial(
        bezier_curve,
        a.network,
        data,
        a,
        b,
        n_epochs=p.curve_epochs,
        n_points=(p.band_pivots + 1) * (_PER_LEG - 1) + 1,  # as many as of a band
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(5, n),
    )
    bent = kept(context, f"curve{n}", curve).curve
    band, copy_band, narrow_band = (one.curve for one in bands)
    return (
        [straight, matched, band, bent, direct, copy_band, narrow, narrow_band],
        [one.force for one in bands],
    )


def _band(
    context: Context, data: Dataset, a: Replica, b: Replica, index: tuple[int, ...]
) -> ElasticBand:
    p: Parameters = context.parameters
    return nudged_elastic_band(
        a.network,
        data,
        a,
        b,
        n_pivots=p.band_pivots,
        n_steps=p.band_steps,
        batch_size=p.band_batch_size,
        optimizer=_cooled(p, data),
        n_points_per_leg=_PER_LEG,
        record_every=p.band_steps,
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(*index),
    )


def _cooled(p: Parameters, data: Dataset) -> SGD:
    """The rate falls to zero, for at a constant one minibatches keep the band from settling."""
    passes = p.band_steps * min(p.band_batch_size, data.n_samples) / data.n_samples
    return SGD(learning_rate=0.1, momentum=0.9, schedule=Cosine(passes))


def _narrow_solutions(context: Context, n: int) -> Replicas:
    """Networks of so few units that there is hardly a way around anything."""
    p: Parameters = context.parameters
    return train_replicas(
        MLP(sizes=(context.shared.n_inputs, NARROW, context.shared.n_classes)),
        context.shared,
        n_replicas=n,
        n_epochs=min(_NARROW_EPOCHS, p.max_epochs),
        record_every=_NARROW_EPOCHS,
        batch_size=p.batch_size,
        optimizer=SGD(learning_rate=p.learning_rate),
        start=p.initializer,
        checkpoint=context.checkpoint("narrow"),
        n_threads=context.n_threads,
        rng=context.rng(6),
    ).replicas


def _spare_paths(
    context: Context, data: Dataset, solution: Replica
) -> tuple[LossCurve, LossCurve]:
    """Swap the first two units by way of a unit that was appended, and directly."""
    old = solution.network
    net = MLP(sizes=(old.n_inputs, old.hidden_sizes[0] + 1, old.n_outputs))
    weights = np.zeros(net.n_parameters)
    for source, target in zip(solution.layers, net.layers(weights), strict=True):
        n_out, n_in = source.weight.shape
        target.weight[:n_out, :n_in] = source.weight
        if source.bias is not None and target.bias is not None:
            target.bias[:n_out] = source.bias
    start = Replica(net, weights)
    wide = replace(data, inputs=data.inputs.astype(np.float64))
    paths = [
        spare_unit_path(start, 0, 1, old.hidden_sizes[0], n_points_per_leg=5),
        interpolate(
            start,
            swap(net, 0, 0, 1).apply(start),
            n_points=context.parameters.n_points,
            name="straight line",
        ),
    ]
    around, direct = loss_curves(net, wide, paths, test=False, n_threads=context.n_threads)
    return around, direct


def _relaxed(context: Context, data: Dataset, solutions: Replicas) -> BarrierGraph | None:
    """The graph with bands, kept after each of them."""
    p: Parameters = context.parameters
    graph = None
    for n in range(1, p.n_graph_bands + 1):
        more = partial(
            barrier_graph,
            solutions.network,
            data,
            solutions,
            method="neb",
            n_points=p.n_points,
            n_bands=n,
            schedule=AutoNEB((p.band_steps,), (1.0,)),
            n_pivots=p.band_pivots,
            batch_size=p.band_batch_size,
            optimizer=_cooled(p, data),
            state=graph,
            progress=context.progress,
            n_threads=context.n_threads,
            rng=context.rng(7),
        )
        graph = kept(context, f"graph{n}", more)
    return None if graph is None else replace(graph, paths=())
