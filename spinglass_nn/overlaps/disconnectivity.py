"""The disconnectivity graph: which minima are joined below which barrier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps.graphs import spanning_edges
from spinglass_nn.typing import Float64Array, IntArray

_ROUNDING = 1e-9  # of the largest energy; differences below are none


@result()
class DisconnectivityGraph:
    """The tree of barriers between minima.

    Two minima belong to one superbasin at an energy if a path joins them that nowhere rises
    above it; the tree tells at which energies superbasins become one. All energies are
    absolute, those of minima and those of barriers.

    Parameters
    ----------
    energies : array (n_minima,)
        Energies of the minima.
    merges : array (n_minima - n_components, 4)
        In SciPy's form: two superbasins (minima 0 ... n - 1, then the merges in their order),
        the barrier at which they become one, number of minima. Merges at one barrier are one
        event, told pair by pair.
    order : array (n_minima,)
        Minima from left to right, so that lines do not cross: the lowest of every superbasin
        in its middle, components by their lowest energies.
    """

    energies: Float64Array
    merges: Float64Array
    order: IntArray

    @property
    def n_minima(self) -> int:
        """Number of minima."""
        return int(self.energies.size)

    @property
    def n_components(self) -> int:
        """Number of groups of minima between which no barrier is known."""
        return self.n_minima - len(self.merges)

    @property
    def depths(self) -> Float64Array:
        """How far to climb from each minimum to reach a lower one, (n_minima,).

        Infinite where there is no lower one; minima of equal energy do not count as lower.
        The largest finite depth decides how slowly simulated annealing has to cool (Hajek,
        Math. Oper. Res. 13 (1988) 311).
        """
        found = np.full(self.n_minima, np.inf)
        near = _ROUNDING * _scale(self.energies, self.merges[:, 2])
        lowest = [[i] for i in range(self.n_minima)]  # of each superbasin, all that tie
        for left, right, level, _ in self.merges.tolist():
            first, second = lowest[int(left)], lowest[int(right)]
            difference = self.energies[first[0]] - self.energies[second[0]]
            if difference > near:
                first, second = second, first
            if abs(difference) > near:
                found[second] = level - self.energies[second]
                second = []
            lowest.append(first + second)
        return found

    @property
    def escape_barriers(self) -> Float64Array:
        """How far to climb from each minimum to reach any other, (n_minima,).

        Infinite for a minimum without a known barrier.
        """
        found = np.full(self.n_minima, np.inf)
        for left, right, level, _ in self.merges.tolist():
            for child in (int(left), int(right)):
                if child < self.n_minima:
                    found[child] = level - self.energies[child]
        return found

    def minimax_barriers(self) -> Float64Array:
        """The lowest energy at which each pair of minima is joined.

        The subdominant ultrametric of the barriers: of any three, the two highest are equal.

        Returns
        -------
        array (n_minima, n_minima)
            Infinite between components; the minima's own energies on the diagonal.
        """
        found = np.full((self.n_minima, self.n_minima), np.inf)
        np.fill_diagonal(found, self.energies)
        inside = [np.array([i]) for i in range(self.n_minima)]
        for left, right, level, _ in self.merges.tolist():
            first, second = inside[int(left)], inside[int(right)]
            found[np.ix_(first, second)] = level
            found[np.ix_(second, first)] = level
            inside.append(np.concatenate([first, second]))
        return found

    def superbasins(self, energy: float) -> IntArray:
        """Superbasin of each minimum at an energy.

        Parameters
        ----------
        energy : float
            Barriers at this energy are passed.

        Returns
        -------
        array (n_minima,) of int64
            Numbers 0, 1, ... in the order of their first minima; -1 for minima that lie
            above the energy.
        """
        level = check.number(energy, "energy")
        owner = np.arange(self.n_minima + len(self.merges))
        done = int(np.count_nonzero(self.merges[:, 2] <= level))
        nodes = self.merges[:done, :2].astype(np.int64)
        for row in range(done - 1, -1, -1):
            owner[nodes[row]] = owner[self.n_minima + row]
        below = self.energies <= level
        roots = owner[: self.n_minima][below].tolist()
        names = {root: number for number, root in enumerate(dict.fromkeys(roots))}
        found = np.full(self.n_minima, -1, dtype=np.int64)
        found[below] = [names[root] for root in roots]
        return found

    def n_superbasins(self, energy: ArrayLike) -> Any:
        """Count the superbasins that hold a minimum at or below an energy.

        Parameters
        ----------
        energy : float or array (...)
            One or many.

        Returns
        -------
        int or integer array (...)
            Minima at or below it, less the barriers at or below it that join two superbasins.
        """
        level = check.array(energy, "energy")
        minima = np.searchsorted(np.sort(self.energies), level, side="right")
        joined = np.searchsorted(self.merges[:, 2], level, side="right")
        return int(minima - joined) if level.ndim == 0 else minima - joined

    def to_networkx(self) -> Any:
        """The tree as a directed graph, from the last merges to the minima.

        Returns
        -------
        networkx.DiGraph
            Nodes are numbered as in ``merges``, with ``energy`` (of the minimum, or of the
            barrier), ``size`` (minima below) and ``lowest`` (the lowest minimum below); edges
            have ``length``, the difference of energies. ``graph.graph["roots"]`` lists one
            root a component.
        """
        graph = nx.DiGraph()
        for i, energy in enumerate(self.energies.tolist()):
            graph.add_node(i, energy=energy, size=1, lowest=i)
        for row, (left, right, level, size) in enumerate(self.merges.tolist()):
            node, children = self.n_minima + row, (int(left), int(right))
            lows = [graph.nodes[child]["lowest"] for child in children]
            lowest = min(lows, key=lambda i: self.energies[i])
            graph.add_node(node, energy=level, size=int(size), lowest=lowest)
            for child in children:
                graph.add_edge(node, child, length=level - graph.nodes[child]["energy"])
        graph.graph["roots"] = [node for node in graph if graph.in_degree(node) == 0]
        return graph

    def __repr__(self) -> str:
        parts = f" in {self.n_components} components" if self.n_components > 1 else ""
        return (
            f"<disconnectivity graph of {self.n_minima} minima{parts}, "
            f"lowest {self.energies.min():.6g}>"
        )


def disconnectivity_graph(
    energies: ArrayLike,
    barriers: ArrayLike | None = None,
    *,
    saddles: Sequence[tuple[int, int, float]] | ArrayLike | None = None,
) -> DisconnectivityGraph:
    """Build the tree of barriers from minima and the barriers between some of them.

    Barriers are sorted, and superbasins united from the lowest up (Becker and Karplus, J.
    Chem. Phys. 106 (1997) 1495): single linkage by the height of the barrier. A path may lead
    through other minima, so that two minima are joined at the lowest, over all paths, of the
    highest barrier on the way. A tree comes out of any barriers; that minima lie in funnels
    is seen from its shape only.

    Parameters
    ----------
    energies : array (n_minima,)
        Energies of the minima.
    barriers : array (n_minima, n_minima), optional
        Energy of the lowest known barrier between each pair (absolute, not counted from a
        minimum); infinite where none is known. Symmetric; the diagonal is not looked at.
    saddles : sequence of (i, j, barrier), optional
        Instead of a matrix; of several between one pair the lowest counts.

    Returns
    -------
    DisconnectivityGraph
        Minima that no barriers join, not even through others, are in different components,
        each with a tree of its own.

    Raises
    ------
    DataError
        If a barrier lies below one of its minima, the matrix is not symmetric, or entries are
        NaN; the message names the pair.
    ParameterError
        If not exactly one of ``barriers`` and ``saddles`` is given.
    ShapeError
        If their shape is not as above.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> found = sg.overlaps.disconnectivity_graph(
    ...     [0.0, 1.0, 0.5], saddles=[(0, 1, 2.0), (1, 2, 3.0), (0, 2, 5.0)]
    ... )
    >>> found.minimax_barriers()[0].tolist(), found.depths.tolist()
    ([0.0, 2.0, 3.0], [inf, 1.0, 2.5])
    >>> found.n_superbasins([0.0, 1.0, 2.0, 3.0]).tolist()
    [1, 3, 2, 1]
    """
    lows = check.array(energies, "energies", shape=(None,))
    if lows.size == 0:
        raise DataError("energies must hold at least 1 minimum, got none")
    if (barriers is None) == (saddles is None):
        raise ParameterError("exactly one of barriers and saddles must be given")
    if barriers is not None:
        ends, heights = _from_matrix(barriers, lows)
    else:
        ends, heights = _from_list(saddles, lows.size)
    heights = _above_minima(ends, heights, lows)
    by_height = np.argsort(heights, kind="stable")
    merges = _united(ends[by_height], heights[by_height], lows.size)
    return DisconnectivityGraph(lows, merges, _order(merges, lows))


def _from_matrix(barriers: ArrayLike, lows: Float64Array) -> tuple[IntArray, Float64Array]:
    """Edges that matter of a full matrix: those of its minimum spanning tree."""
    n = lows.size
    values = check.array(barriers, "barriers", finite=False)
    if values.shape != (n, n):
        raise ShapeError(f"barriers must have shape ({n}, {n}), got {values.shape}")
    off = ~np.eye(n, dtype=np.bool_)
    _refuse_pair(off & (np.isnan(values) | (values == -np.inf)), values, "a number or infinite")
    with np.errstate(invalid="ignore"):
        near = _ROUNDING * _scale(lows, values[off])
        unequal = off & ~((values == values.T) | (np.abs(values - values.T) <= near))
    _refuse_pair(unequal, values, "the same both ways")
    values = np.minimum(values, values.T)
    all_ends = np.argwhere(np.triu(off & np.isfinite(values)))
    _above_minima(all_ends, values[tuple(all_ends.T)], lows)  # all, also those not needed
    ends = spanning_edges(np.where(off, values, np.inf)) if n > 1 else np.zeros((0, 2), int)
    heights = values[tuple(ends.T)]
    known = np.isfinite(heights)
    return ends[known], heights[known]


def _refuse_pair(wrong: NDArray[np.bool_], values: Float64Array, requirement: str) -> None:
    if wrong.any():
        i, j = (int(k) for k in np.argwhere(wrong)[0])
        other = f" and {values[j, i]:g}" if requirement.startswith("the same") else ""
        raise DataError(
            f"barriers must be {requirement}, got {values[i, j]:g}{other} between minima "
            f"{i} and {j}"
        )


def _from_list(saddles: Any, n_minima: int) -> tuple[IntArray, Float64Array]:
    rows = check.array(saddles, "saddles")
    if rows.size == 0:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise ShapeError(f"saddles must have shape (any, 3), got {rows.shape}")
    ends = check.array(rows[:, :2], "minima of saddles", dtype=np.int64)
    outside = ((ends < 0) | (ends >= n_minima)).any(axis=1)
    for k in np.flatnonzero(outside | (ends[:, 0] == ends[:, 1]))[:1]:
        raise DataError(
            f"saddles must join two different minima numbered 0 to {n_minima - 1}, got "
            f"{ends[k, 0]} and {ends[k, 1]} in entry {k}"
        )
    return ends, rows[:, 2]


def _above_minima(ends: IntArray, heights: Float64Array, lows: Float64Array) -> Float64Array:
    """Barriers, raised by rounding at most to the minima that they join."""
    floor = lows[ends].max(axis=1) if len(ends) else heights
    short = heights < floor - _ROUNDING * _scale(lows, heights)
    for k in np.flatnonzero(short)[:1]:
        i, j = (int(end) for end in ends[k])
        raise DataError(
            f"barriers must not lie below the minima they join, got {heights[k]:g} between "
            f"minima {i} and {j} at {lows[i]:g} and {lows[j]:g}; barriers are absolute energies"
        )
    return np.maximum(heights, floor)


def _scale(lows: Float64Array, heights: Float64Array) -> float:
    finite = heights[np.isfinite(heights)]
    return float(max(np.abs(lows).max(), np.abs(finite).max(initial=0.0)))


def _united(ends: IntArray, heights: Float64Array, n_minima: int) -> Float64Array:
    """Merges of superbasins, from the edges in order of height."""
    parent = list(range(n_minima))
    node = list(range(n_minima))  # of the tree, for each root
    sizes = [1] * n_minima
    merges: list[tuple[float, float, float, float]] = []

    def root_of(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for (i, j), height in zip(ends.tolist(), heights.tolist(), strict=True):
        a, b = root_of(i), root_of(j)
        if a == b:
            continue
        if sizes[a] < sizes[b]:
            a, b = b, a
        parent[b] = a
        sizes[a] += sizes[b]
        merges.append((*sorted((node[a], node[b])), height, sizes[a]))
        node[a] = n_minima + len(merges) - 1
        if len(merges) == n_minima - 1:
            break
    return np.array(merges, dtype=np.float64).reshape(-1, 4)


def _order(merges: Float64Array, lows: Float64Array) -> IntArray:
    """Minima from left to right: side branches to whichever side has fewer so far."""
    near = _ROUNDING * _scale(lows, merges[:, 2])
    rows: dict[int, list[int]] = {i: [i] for i in range(lows.size)}
    middle = dict.fromkeys(rows, 0.0)  # place of the lowest minimum, or between two that tie
    lowest = dict(enumerate(lows.tolist()))
    for node, pair in enumerate(merges[:, :2].astype(np.int64).tolist(), start=lows.size):
        trunk, side = sorted(pair, key=lambda k: (lowest[k], k))
        old, new, place = rows.pop(trunk), rows.pop(side), middle[trunk]
        to_the_left = place < (len(old) - 1) / 2
        rows[node] = new + old if to_the_left else old + new
        middle[node] = place + len(new) * to_the_left
        if lowest[side] - lowest[trunk] <= near:
            other = middle[side] + len(old) * (not to_the_left)
            middle[node] = (middle[node] + other) / 2
        lowest[node] = lowest[trunk]
    by_energy = sorted(rows, key=lambda node: lowest[node])
    return np.array([i for node in by_energy for i in rows[node]], dtype=np.int64)
