"""Trees as networkx graphs and Newick text, the minimum spanning tree, reordered matrices."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive import trees as naive

from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.overlaps import (
    cluster,
    cophenetic_matrix,
    distances,
    minimum_spanning_tree,
    reordered,
    support_by_dimensions,
)

POINTS = np.random.default_rng(1).normal(size=(9, 4))
CLOUDS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(3, 9), st.just(2)),
    elements=st.integers(-3, 3).map(float),  # with copies and ties
)


def sorted_weights(graph):
    return sorted(weight for *_, weight in graph.edges(data="weight"))


def test_graph_is_the_tree():
    tree = cluster(distances(POINTS))
    graph = tree.to_networkx(names=list("abcdefghi"))
    root = graph.graph["root"]
    assert nx.is_arborescence(graph)
    assert (root, graph.number_of_nodes()) == (16, 17)
    assert [graph.nodes[k]["name"] for k in range(9)] == list("abcdefghi")
    met = cophenetic_matrix(tree)
    for a, b in itertools.combinations(range(9), 2):
        meeting = nx.lowest_common_ancestor(graph, a, b)
        assert graph.nodes[meeting]["height"] == met[a, b]
    for node in graph:
        below = {k for k in nx.descendants(graph, node) | {node} if k < 9}
        assert below == naive.leaves(tree.linkage, node)
        assert graph.nodes[node]["size"] == len(below)
    # all leaves are equally far from the root
    lengths = nx.single_source_dijkstra_path_length(graph, root, weight="length")
    np.testing.assert_allclose([lengths[k] for k in range(9)], tree.heights[-1])


def test_support_stands_on_merges():
    found = support_by_dimensions(POINTS, n_resamples=10, rng=1)
    graph = found.tree.to_networkx(support=found)
    shown = [graph.nodes[9 + row]["support"] for row in range(8)]
    assert shown == found.support.mean.tolist()
    text = found.tree.to_newick(support=found)
    assert text.endswith("1.000;")
    assert text.count(")") == 8


def parsed(text):
    """Leaves and their distances from the root, from Newick's notation."""
    depth, found, token = [0.0], {}, ""
    # a branch's length stands behind it: read from the right
    for letter in reversed(text.rstrip(";")):
        if letter in "(,":
            if token:
                name, _, length = token.partition(":")
                if name:
                    found[name] = depth[-1] + float(length)
            token = ""
            if letter == "(":
                depth.pop()
        elif letter == ")":
            length = token.partition(":")[2]
            depth.append(depth[-1] + (float(length) if length else 0.0))
            token = ""
        else:
            token = letter + token
    return found


def test_newick_has_all_leaves_at_one_distance():
    tree = cluster(distances(POINTS))
    found = parsed(tree.to_newick())
    assert sorted(found) == [str(k) for k in range(9)]
    np.testing.assert_allclose(list(found.values()), tree.heights[-1], rtol=1e-9)


def test_newick_quotes_what_would_be_read_as_structure():
    tree = cluster(distances([[0.0], [1.0], [4.0]]), optimal_order=False)
    text = tree.to_newick(names=["a b", "it's", "c"])
    assert text == "(c:3.5,('a b':1,'it''s':1):2.5);"


def test_long_chains_are_no_trouble():
    line = distances(np.cumsum(np.arange(1500.0))[:, None])
    tree = cluster(line, method="single", optimal_order=False)
    assert tree.to_newick().count("(") == 1499
    assert nx.is_arborescence(tree.to_networkx())


@given(CLOUDS)
def test_spanning_tree_has_the_heights_of_single_linkage(points):
    d = distances(points)
    graph = minimum_spanning_tree(d)
    assert nx.is_tree(graph)
    assert graph.number_of_nodes() == len(points)  # copies too: distance zero is an edge
    np.testing.assert_allclose(
        sorted_weights(graph), cluster(d, method="single").heights, atol=1e-12
    )


@given(CLOUDS)
def test_longest_edge_between_two_points_is_the_subdominant_ultrametric(points):
    d = distances(points)
    graph = minimum_spanning_tree(d)
    met = cophenetic_matrix(cluster(d, method="single"))
    for a, b in itertools.combinations(range(len(points)), 2):
        path = nx.shortest_path(graph, a, b)
        longest = max(graph.edges[edge]["weight"] for edge in itertools.pairwise(path))
        assert longest == pytest.approx(met[a, b], abs=1e-12)


def test_spanning_tree_is_as_short_as_networkx_finds():
    d = distances(np.random.default_rng(2).normal(size=(40, 3)))
    other = nx.minimum_spanning_tree(nx.from_numpy_array(d.values))
    ours = minimum_spanning_tree(d)
    assert {frozenset(e) for e in ours.edges} == {frozenset(e) for e in other.edges}
    assert [type(k) for k in list(ours.nodes)[:1]] == [int]


def test_spanning_tree_of_points_that_are_all_equal():
    assert sorted_weights(minimum_spanning_tree(np.zeros((4, 4)))) == [0, 0, 0]


def test_reordered_matrix_and_its_order():
    d = distances(POINTS)
    tree = cluster(d)
    found = reordered(d, tree)
    assert found.order.tolist() == tree.order.tolist()
    for a, b in itertools.product(range(9), repeat=2):
        assert found.values[a, b] == d.values[tree.order[a], tree.order[b]]
    by_hand = reordered(1 - d.values, tree.order[::-1])
    np.testing.assert_array_equal(by_hand.values, 1 - found.values[::-1, ::-1])


def test_optimal_order_puts_neighbours_near():
    d = distances(np.random.default_rng(3).normal(size=(30, 2)))
    lengths = [
        np.diagonal(reordered(d, cluster(d, optimal_order=best)).values, 1).sum()
        for best in (True, False)
    ]
    assert lengths[0] < lengths[1]


def test_refuses():
    tree = cluster(distances(POINTS))
    with pytest.raises(ShapeError, match="names must have 9 entries, one a point, got 2"):
        tree.to_networkx(names=["a", "b"])
    with pytest.raises(ShapeError, match=r"support must have shape \(8,\), got \(9,\)"):
        tree.to_newick(support=np.ones(9))
    with pytest.raises(DataError, match=r"support must lie in \[0, 1\], got 50"):
        tree.to_newick(support=np.full(8, 50.0))
    with pytest.raises(ShapeError, match="every number from 0 to 8 once, got 3 entries"):
        reordered(distances(POINTS), [0, 1, 2])
    with pytest.raises(DataError, match="must be symmetric"):
        reordered(np.triu(np.ones((3, 3))), [0, 1, 2])
    with pytest.raises(DataError, match="at least 2 points, got 1"):
        minimum_spanning_tree(np.zeros((1, 1)))
    with pytest.raises(DataError, match="NaN"):
        minimum_spanning_tree(np.full((3, 3), np.nan))
