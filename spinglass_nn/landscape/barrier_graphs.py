"""Barriers between many solutions as a graph, and bands where the graph depends on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from spinglass_nn import symmetries
from spinglass_nn._core import check
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import Interrupted
from spinglass_nn.io.resuming import fingerprint, seed_in, written
from spinglass_nn.landscape._optimized import checked_optimizer, checked_schedule, resumed
from spinglass_nn.landscape.bands import AutoNEB, BandState
from spinglass_nn.landscape.elastic import auto_neb
from spinglass_nn.landscape.pairs import (
    ALIGN,
    check_points,
    curves_of_pairs,
    in_gauge,
    pair_barriers,
)
from spinglass_nn.landscape.paths import Path, interpolate
from spinglass_nn.networks.losses import loss
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica, Replicas
from spinglass_nn.overlaps.disconnectivity import DisconnectivityGraph, disconnectivity_graph
from spinglass_nn.overlaps.graphs import spanning_edges
from spinglass_nn.training.optimizers import SGD
from spinglass_nn.typing import RNG, Float64Array, IntArray, LabelledData, ProgressLike

METHODS = ("line", "neb")


@result()
class BarrierGraph:
    """Solutions, and the lowest saddle known on a direct path between each pair.

    All saddles are losses, not heights. Each is the highest point of a path that was found,
    so an upper bound on the barrier; a lower path may exist, which more bands may find.

    Parameters
    ----------
    losses : array (n,)
        Losses of the solutions.
    saddles : array (n, n)
        Highest loss on the lowest known path from i to j that leads through no other
        solution; symmetric, the losses on the diagonal.
    pairs : int64 array (n_bands, 2)
        Between which solutions bands were run, in this order.
    forces : array (n_bands,)
        How far each was from convergence, see `BandHistory`.
    paths : tuple of Path
        The bands, (n_pivots + 2) x n_parameters numbers each. With ``align`` they end at a
        permuted copy of the second solution (``"balanced"``: both ends are rescaled). Between
        solutions that are the same, a line without length.
    under_way : BandState or None
        A band that was interrupted.
    settings : dict
        Alignment and what else must be the same when more bands are run.
    """

    losses: Float64Array
    saddles: Float64Array
    pairs: IntArray
    forces: Float64Array
    paths: tuple[Path, ...]
    under_way: BandState | None
    settings: dict[str, Any]

    def __repr__(self) -> str:
        bands = f", {len(self.pairs)} bands" if len(self.pairs) else ""
        return (
            f"<barrier graph of {len(self)} solutions{bands}: saddles of its spanning tree "
            f"{self.spanning_saddles.min():.4g} to {self.spanning_saddles.max():.4g}>"
        )

    def __len__(self) -> int:
        return int(self.losses.size)

    @property
    def tree(self) -> DisconnectivityGraph:
        """The disconnectivity graph; its ``minimax_barriers()`` lead over any solutions."""
        return disconnectivity_graph(self.losses, self.saddles)

    @property
    def spanning_pairs(self) -> IntArray:
        """Edges (n - 1, 2) of the minimum spanning tree of the saddles, the lowest first."""
        edges = spanning_edges(self.saddles)
        order = np.argsort(self.saddles[tuple(edges.T)], kind="stable")
        return edges[order]

    @property
    def spanning_saddles(self) -> Float64Array:
        """Saddles of the minimum spanning tree, the lowest first, (n - 1,)."""
        values: Float64Array = self.saddles[tuple(self.spanning_pairs.T)]
        return values

    @property
    def next_pair(self) -> tuple[int, int] | None:
        """Between which solutions a band may change the spanning tree; None if nowhere.

        The highest edge of the tree that has had no band. If all have: the tree without its
        highest edge falls into two parts, and of the pairs between them that have had no band
        it is the one with the lowest saddle; if there is none, so for the next highest edge.
        """
        done = {(int(i), int(j)) for i, j in self.pairs}
        edges = [(int(min(pair)), int(max(pair))) for pair in self.spanning_pairs[::-1]]
        for edge in edges:
            if edge not in done:
                return edge
        for edge in edges:
            inside = _part(len(self), [other for other in edges if other != edge], edge[0])
            between = np.triu(inside[:, None] != inside[None, :])
            for i, j in done:
                between[i, j] = False
            if between.any():
                lowest = int(np.where(between, self.saddles, np.inf).argmin())
                i, j = divmod(lowest, len(self))
                return i, j
        return None


def barrier_graph(
    net: MLP,
    data: LabelledData,
    solutions: Replicas,
    *,
    method: str = "line",
    align: str | None = None,
    n_points: int = 21,
    n_bands: int | None = None,
    schedule: AutoNEB | None = None,
    n_pivots: int = 3,
    batch_size: int | None = 512,
    optimizer: SGD | None = None,
    state: BarrierGraph | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> BarrierGraph:
    """Saddles between all pairs of solutions, and the tree that they make.

    Straight lines give a first saddle for every pair. With ``method="neb"`` bands are then
    run one after the other where the minimum spanning tree of the saddles depends on them
    (`BarrierGraph.next_pair`), as AutoNEB suggests edges; since lines join all solutions from
    the beginning, none is ever disconnected.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples.
    solutions : Replicas
        At least two points of one network.
    method : {"line", "neb"}
        Straight lines alone, or elastic bands too.
    align : {None, "permutations", "balanced"}
        Take solutions as they are, or the second of each pair as the permuted copy that is
        most similar to the first, or both rescaled to the balanced gauge before. Then
        solutions stand for all their copies, and paths still join end to end, as every path
        has its permuted copies.
    n_points : int
        Points on each line, both ends among them.
    n_bands : int, optional
        Bands in all, counted from the start of the run. Default: 2 (n - 1), enough for every
        edge of the tree and as many attempts at replacing its highest.
    schedule, n_pivots, batch_size, optimizer
        Of each band, as for `auto_neb`.
    state : BarrierGraph, optional
        An earlier graph of the same settings, to go on from; ``method`` and ``n_bands`` may
        differ, and those of bands as long as none was run.
    progress : bool or callable
        Progress in bands.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    rng : Generator, SeedSequence, int or None
        Seed of minibatches, and of matching where there are several hidden layers.

    Returns
    -------
    BarrierGraph
        ``.saddles``, ``.tree``, ``.spanning_pairs``.

    Raises
    ------
    ParameterError
        If there are fewer than two solutions, they belong to another network, or settings are
        not those of the state.
    Interrupted
        On Ctrl-C while bands run, with the graph so far as ``.state``.

    References
    ----------
    Draxler et al. 2018 (arXiv:1803.00885).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.digits()
    >>> net = sg.networks.MLP(sizes=(64, 8, 10))
    >>> found = sg.training.train_replicas(net, data, n_replicas=4, n_epochs=5, rng=0).replicas
    >>> raw, matched = (
    ...     barrier_graph(net, data, found, align=align) for align in (None, "permutations")
    ... )
    >>> bool(matched.spanning_saddles[-1] < raw.spanning_saddles[-1])
    True
    """
    check_points(net, solutions, "solutions", minimum=2)
    check.choice(method, "method", METHODS)
    if align is not None:
        check.choice(align, "align", ALIGN)
    settings: dict[str, Any] = {
        "network": repr(net),
        "data": fingerprint(data.inputs, data.labels, data.targets),
        "solutions": fingerprint(solutions.weights),
        "align": align,
        "n_points": check.count(n_points, "n_points", minimum=2),
    }
    of_bands = {
        "schedule": written(checked_schedule(schedule)),
        "n_pivots": check.count(n_pivots, "n_pivots"),
        "batch_size": None if batch_size is None else check.count(batch_size, "batch_size"),
        "optimizer": written(checked_optimizer(optimizer)),
    }
    most = 2 * (len(solutions) - 1) if n_bands is None else check.count(n_bands, "n_bands")
    if isinstance(state, BarrierGraph) and not len(state.pairs) and state.under_way is None:
        state = replace(state, settings=state.settings | of_bands)  # no band had any others
    members = in_gauge(solutions, align)
    graph = resumed(
        state, BarrierGraph, settings | of_bands, rng,
        lambda known: _of_lines(net, data, members, known, n_threads),
    )  # fmt: skip
    if method == "line":
        return graph
    seed = seed_in(graph.settings)

    def band(i: int, j: int, under_way: BandState | None) -> tuple[Path, float, float]:
        a, b = _ends(members, align, seed, i, j)
        name = f"band from {i} to {j}"
        if np.array_equal(a.weights, b.weights):  # the same solution: there is no way to go
            return interpolate(a, b, n_points=2, name=name), -math.inf, 0.0
        found = auto_neb(
            net, data, a, b, schedule=schedule, n_pivots=n_pivots, batch_size=batch_size,
            optimizer=optimizer, name=name, state=under_way, n_threads=n_threads,
            rng=seed.generator(Stream.CURVES, i, j),
        )  # fmt: skip
        return found.path, found.saddle, found.force

    return _with_bands(graph, band, most, progress)


def _of_lines(
    net: MLP,
    data: LabelledData,
    members: Replicas,
    settings: dict[str, Any],
    n_threads: int | None,
) -> BarrierGraph:
    """The graph of straight lines."""
    n, align, n_points = len(members), settings["align"], settings["n_points"]
    if align is None:
        found = pair_barriers(net, data, members, n_points=n_points, n_threads=n_threads)
        losses = found.loss
        saddles = found.barrier_above_ends + np.maximum.outer(losses, losses)
    else:
        losses = loss(net, members, data, n_threads=n_threads)
        saddles = np.zeros((n, n))
        ends = partial(_ends, members, align, seed_in(settings))
        for i, j, curves in curves_of_pairs(net, data, ends, n, n_points, n_threads, False):
            saddles[i, j] = saddles[j, i] = [curve.loss.max() for curve in curves]
    saddles = np.maximum(saddles, np.maximum.outer(losses, losses))  # rounding
    np.fill_diagonal(saddles, losses)
    no_pairs = np.empty((0, 2), np.int64)
    return BarrierGraph(losses, saddles, no_pairs, np.empty(0), (), None, settings)


def _ends(
    members: Replicas, align: str | None, seed: Seed, i: int, j: int
) -> tuple[Replica, Replica]:
    """A pair, the second as it is or as its copy next to the first."""
    a, b = members[i], members[j]
    if align is None:
        return a, b
    return a, symmetries.match(a, b, rng=seed.generator(Stream.MATCHING, i, j)).apply(b)


def _with_bands(
    graph: BarrierGraph,
    band: Callable[[int, int, BandState | None], tuple[Path, float, float]],
    n_bands: int,
    progress: ProgressLike,
) -> BarrierGraph:
    """Run bands where they matter, until there are enough or none matters."""
    try:
        with track(n_bands, "bands between solutions", progress) as advance:
            advance(len(graph.pairs))
            while len(graph.pairs) < n_bands and (pair := graph.next_pair) is not None:
                graph = _with_band(graph, pair, *band(*pair, graph.under_way))
                advance(1)
    except KeyboardInterrupt as stop:
        if (under_way := getattr(stop, "state", None)) is not None:
            graph = replace(graph, under_way=under_way)
        raise Interrupted(
            f"bands interrupted after {len(graph.pairs)} of {n_bands}; "
            "repeat the call with state= to go on",
            graph,
        ) from None
    return graph


def _with_band(
    graph: BarrierGraph, pair: tuple[int, int], path: Path, saddle: float, force: float
) -> BarrierGraph:
    """The graph with one more band, which counts if it is lower than what was known."""
    i, j = pair
    saddles = graph.saddles.copy()
    floor = max(graph.losses[i], graph.losses[j])
    saddles[i, j] = saddles[j, i] = min(saddles[i, j], max(saddle, floor))
    return replace(
        graph,
        saddles=saddles,
        pairs=np.concatenate([graph.pairs, [pair]]).astype(np.int64),
        forces=np.append(graph.forces, force),
        paths=(*graph.paths, path),
        under_way=None,
    )


def _part(n: int, edges: list[tuple[int, int]], start: int) -> Any:
    """Which of n solutions some edges join to one, as booleans."""
    inside = np.zeros(n, dtype=np.bool_)
    inside[start] = True
    for _ in range(n):
        for i, j in edges:
            inside[i] = inside[j] = inside[i] | inside[j]
    return inside
