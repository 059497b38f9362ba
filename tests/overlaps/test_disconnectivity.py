"""The tree of barriers, from given barriers."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import trees as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps import cluster, cophenetic_matrix, disconnectivity_graph

INF = np.inf


@st.composite
def landscapes(draw):
    """Energies and saddles among few values, so that ties and missing barriers are common."""
    n = draw(st.integers(1, 7))
    energies = draw(st.lists(st.integers(0, 3).map(float), min_size=n, max_size=n))
    pairs = list(itertools.combinations(range(n), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=12)) if pairs else []
    heights = [draw(st.integers(3, 8)) for _ in chosen]
    return energies, [(i, j, float(h)) for (i, j), h in zip(chosen, heights, strict=True)]


def as_matrix(n, saddles):
    barriers = np.full((n, n), INF)
    for i, j, height in saddles:
        barriers[i, j] = barriers[j, i] = min(barriers[i, j], height)
    return barriers


@given(landscapes())
def test_barriers_depths_and_superbasins_against_loops(landscape):
    energies, saddles = landscape
    expected = naive.minimax(energies, saddles)
    for graph in (
        disconnectivity_graph(energies, saddles=saddles),
        disconnectivity_graph(energies, as_matrix(len(energies), saddles)),
    ):
        found = graph.minimax_barriers()
        np.testing.assert_array_equal(found, expected)
        assert graph.depths.tolist() == naive.depths(energies, expected)
        off = np.where(np.eye(len(energies), dtype=bool), INF, expected)
        np.testing.assert_array_equal(graph.escape_barriers, off.min(axis=1) - energies)
        for level in (-1, 0, 2, 3, 4, 5.5, 8, 9):
            basins = naive.superbasins(energies, expected, level)
            labels = graph.superbasins(level)
            assert {
                frozenset(np.flatnonzero(labels == k).tolist()) for k in set(labels) - {-1}
            } == basins
            assert graph.n_superbasins(level) == len(basins)
        assert graph.n_components == nx.number_connected_components(
            nx.from_numpy_array(np.isfinite(expected))
        )
        assert sorted(graph.order.tolist()) == list(range(len(energies)))


@given(landscapes())
def test_minimax_barriers_are_ultrametric_and_lines_do_not_cross(landscape):
    graph = disconnectivity_graph(landscape[0], saddles=landscape[1])
    u = graph.minimax_barriers()
    assert np.all(u[:, None, :] <= np.maximum(u[:, :, None], u[None, :, :]))
    assert np.array_equal(u, u.T)
    place = np.argsort(graph.order)
    inside = [{i} for i in range(graph.n_minima)]
    for left, right, _, size in graph.merges:
        inside.append(inside[int(left)] | inside[int(right)])
        places = sorted(place[i] for i in inside[-1])
        assert len(places) == size
        assert places == list(range(places[0], places[-1] + 1))


def test_it_is_single_linkage_by_barriers():
    rng = np.random.default_rng(1)
    barriers = np.triu(rng.uniform(1, 2, (12, 12)), 1)
    barriers += barriers.T
    graph = disconnectivity_graph(np.zeros(12), barriers)
    tree = cluster(barriers, method="single")
    np.testing.assert_allclose(graph.merges[:, 2], tree.heights)
    np.testing.assert_allclose(graph.minimax_barriers(), cophenetic_matrix(tree))


def test_by_hand():
    # 0 deepest; 2 behind 1, though a direct barrier is known
    graph = disconnectivity_graph([0, 1, 0.5], [[0, 2, 5], [2, 0, 3], [5, 3, 0]])
    assert graph.minimax_barriers().tolist() == [[0, 2, 3], [2, 1, 3], [3, 3, 0.5]]
    assert graph.depths.tolist() == [INF, 1, 2.5]
    assert graph.escape_barriers.tolist() == [2, 1, 2.5]
    assert graph.superbasins(2.0).tolist() == [0, 0, 1]
    assert graph.superbasins(0.7).tolist() == [0, -1, 1]
    assert graph.n_superbasins([0, 0.5, 1, 2, 3]).tolist() == [1, 2, 3, 2, 1]
    assert "3 minima, lowest 0" in repr(graph)


def test_minima_of_equal_energy_are_not_lower_than_each_other():
    graph = disconnectivity_graph([0, 0, 1], saddles=[(0, 1, 3), (1, 2, 2)])
    assert graph.depths.tolist() == [INF, INF, 1]
    # nor where they differ by rounding
    graph = disconnectivity_graph([-1 - 1e-15, -1, 1], saddles=[(0, 1, 3), (1, 2, 2)])
    assert graph.depths.tolist() == [INF, INF, 1]


def test_the_deepest_of_a_funnel_stands_in_its_middle():
    energies = [0, 3, 3, 3, 3]
    graph = disconnectivity_graph(energies, saddles=[(0, k, 4.0 + k) for k in range(1, 5)])
    assert graph.order[2] == 0
    assert graph.order.tolist() in ([4, 2, 0, 1, 3], [3, 1, 0, 2, 4])


def test_components():
    graph = disconnectivity_graph([2, 0, 1, 5], saddles=[(0, 2, 3)])
    assert graph.n_components == 3
    assert "in 3 components" in repr(graph)
    assert graph.order[0] == 1
    assert graph.minimax_barriers()[0].tolist() == [2, INF, 3, INF]
    assert graph.depths.tolist() == [1, INF, INF, INF]
    assert graph.escape_barriers.tolist() == [1, INF, 2, INF]
    assert sorted(graph.to_networkx().graph["roots"]) == [1, 3, 4]
    alone = disconnectivity_graph([1.0], saddles=[])
    assert (alone.n_minima, alone.n_components, alone.order.tolist()) == (1, 1, [0])


def test_graph():
    graph = disconnectivity_graph([0, 1, 0.5], saddles=[(0, 1, 2), (1, 2, 3)]).to_networkx()
    assert nx.is_arborescence(graph)
    assert graph.graph["roots"] == [4]
    assert graph.nodes[4] == {"energy": 3.0, "size": 3, "lowest": 0}
    assert graph.nodes[2] == {"energy": 0.5, "size": 1, "lowest": 2}
    assert graph.edges[3, 1]["length"] == 1.0


def test_refuses_and_names_the_pair():
    low = r"must not lie below the minima they join, got 1 between minima 0 and 2 at 0 and 4"
    with pytest.raises(DataError, match=low):
        disconnectivity_graph([0, 0, 4], saddles=[(0, 1, 2), (0, 2, 1)])
    with pytest.raises(DataError, match=low):  # also where a better path would hide it
        disconnectivity_graph([0, 0, 4], [[0, 0, 1], [0, 0, INF], [1, INF, 0]])
    with pytest.raises(
        DataError, match="the same both ways, got 2 and 3 between minima 0 and 1"
    ):
        disconnectivity_graph([0, 0], [[0, 2], [3, 0]])
    with pytest.raises(DataError, match="got 2 and inf between minima 0 and 1"):
        disconnectivity_graph([0, 0], [[0, 2], [INF, 0]])
    with pytest.raises(DataError, match="a number or infinite, got nan between minima 0 and 1"):
        disconnectivity_graph([0, 0], [[0, np.nan], [3, 0]])
    with pytest.raises(DataError, match="got -inf between minima 0 and 1"):
        disconnectivity_graph([0, 0], [[0, -INF], [-INF, 0]])
    with pytest.raises(DataError, match="energies must be finite"):
        disconnectivity_graph([0, np.nan], saddles=[])
    with pytest.raises(DataError, match="at least 1 minimum"):
        disconnectivity_graph([], saddles=[])
    with pytest.raises(ShapeError, match=r"barriers must have shape \(2, 2\), got \(2, 3\)"):
        disconnectivity_graph([0, 0], np.ones((2, 3)))
    with pytest.raises(ShapeError, match=r"saddles must have shape \(any, 3\), got \(1, 2\)"):
        disconnectivity_graph([0, 0], saddles=[(0, 1)])
    with pytest.raises(DataError, match="numbered 0 to 1, got 0 and 2 in entry 1"):
        disconnectivity_graph([0, 0], saddles=[(0, 1, 3), (0, 2, 3)])
    with pytest.raises(DataError, match=r"two different minima .* got 1 and 1 in entry 0"):
        disconnectivity_graph([0, 0], saddles=[(1, 1, 3)])
    for arguments in ({}, {"barriers": np.ones((2, 2)), "saddles": []}):
        with pytest.raises(ParameterError, match="exactly one of barriers and saddles"):
            disconnectivity_graph([0, 0], **arguments)


def test_diagonal_is_not_looked_at_and_rounding_is_forgiven():
    graph = disconnectivity_graph([0.1 + 0.2, 0], [[np.nan, 0.3], [0.3, 7]])
    assert graph.minimax_barriers()[0, 1] == 0.1 + 0.2


def test_all_equal():
    graph = disconnectivity_graph(np.zeros(4), np.zeros((4, 4)))
    assert graph.n_superbasins(0.0) == 1
    assert graph.depths.tolist() == [INF] * 4
    assert not graph.minimax_barriers().any()


def test_round_trip(tmp_path):
    graph = disconnectivity_graph([0, 1, 0.5], saddles=[(0, 1, 2), (1, 2, 3)])
    loaded = sg.load(sg.save(graph, tmp_path / "graph.npz"))
    assert np.array_equal(loaded.merges, graph.merges)
    assert np.array_equal(loaded.order, graph.order)
