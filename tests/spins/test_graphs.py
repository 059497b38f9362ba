"""Graphs from and to arrays, matrices and networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from spinglass_nn.spins import IsingGraph, random_regular_graph

MATRIX = np.array([[0, 1.5, 0, -1], [1.5, 0, 2, 0], [0, 2, 0, 0], [-1, 0, 0, 0]])


def assert_equal(found, expected):
    for name in ("first", "neighbors", "couplings", "fields"):
        assert_array_equal(getattr(found, name), getattr(expected, name))
        assert getattr(found, name).dtype == getattr(expected, name).dtype


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 9))
    pairs = [(i, j) for i in range(n) for j in range(i)]
    bonds = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    numbers = st.floats(-1e6, 1e6).filter(lambda x: x != 0)
    values = draw(st.lists(numbers, min_size=len(bonds), max_size=len(bonds)))
    fields = draw(st.lists(numbers | st.just(0.0), min_size=n, max_size=n))
    i, j = ([b[k] for b in bonds] for k in (0, 1))
    return IsingGraph.from_arrays(i, j, values, n, fields)


@given(graphs())
def test_all_forms_give_the_same_graph(graph):
    i, j, couplings = graph.bonds
    assert (i < j).all()
    assert_equal(
        IsingGraph.from_arrays(j[::-1], i[::-1], couplings[::-1], graph.n_spins, graph.fields),
        graph,
    )
    assert_equal(IsingGraph.from_matrix(graph.matrix(), graph.fields), graph)
    assert_equal(IsingGraph.from_matrix(graph.sparse(), graph.fields), graph)
    assert_equal(IsingGraph.from_networkx(graph.to_networkx()), graph)
    assert_equal(IsingGraph(graph.first, graph.neighbors, graph.couplings, graph.fields), graph)


@pytest.mark.parametrize("form", ["csr", "csc", "bsr", "lil", "dok"])
def test_any_sparse_matrix(form):
    sparse = scipy.sparse.coo_matrix(MATRIX).asformat(form)
    before = sparse.copy().toarray()
    assert_equal(IsingGraph.from_matrix(sparse), IsingGraph.from_matrix(MATRIX))
    assert_array_equal(sparse.toarray(), before)
    assert_equal(
        IsingGraph.from_matrix(scipy.sparse.csr_array(MATRIX.astype(int) * 2)),
        IsingGraph.from_matrix(MATRIX.astype(int) * 2),
    )


def test_compressed_form():
    graph = IsingGraph.from_matrix(MATRIX)
    assert_array_equal(graph.first, [0, 2, 4, 5, 6])
    assert_array_equal(graph.neighbors, [1, 3, 0, 2, 1, 0])
    assert_array_equal(graph.couplings, [1.5, -1, 1.5, 2, 2, -1])
    assert (graph.n_spins, graph.n_bonds) == (4, 3)


def test_rounding_is_no_asymmetry():
    rounded = MATRIX.copy()
    rounded[0, 1] = np.nextafter(1.5, 2)
    assert IsingGraph.from_matrix(rounded).bonds[2][0] == rounded[0, 1]


def test_zero_couplings_of_arrays_are_kept_and_one_number_serves_all():
    graph = IsingGraph.from_arrays([0, 1], [1, 2], [0.0, 1.0], 3)
    assert graph.n_bonds == 2
    assert_array_equal(IsingGraph.from_arrays([0, 1], [1, 2], -1, 3).bonds[2], [-1, -1])


def test_networkx_names_and_attributes():
    graph = nx.Graph()
    graph.add_node("c", bias=2.0)
    graph.add_edge("a", "b", J=-1)
    graph.add_edge("b", "c", J=0.5)
    found = IsingGraph.from_networkx(graph, weight="J", field="bias")
    assert_array_equal(found.bonds[0], [0, 1])
    assert_array_equal(found.bonds[1], [2, 2])
    assert_array_equal(found.bonds[2], [0.5, -1])
    assert_array_equal(found.fields, [2, 0, 0])


@pytest.mark.parametrize(("n", "degree"), [(10, 3), (7, 4), (5, 0), (6, 5)])
def test_random_regular_graph(n, degree):
    graph = random_regular_graph(n, degree, rng=1)
    assert_array_equal(np.diff(graph.first), degree)
    assert graph.n_bonds == n * degree // 2
