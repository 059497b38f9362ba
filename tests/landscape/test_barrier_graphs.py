"""Barriers between many solutions: lines, matched lines, bands, and the tree of them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.landscape import (
    AutoNEB,
    BarrierGraph,
    _band_job,
    barrier_graph,
    interpolate,
    loss_curve,
    pair_barriers,
)
from spinglass_nn.networks import MLP

NET = MLP((4, 5, 3))
SHORT = {
    "schedule": AutoNEB(n_steps=(20, 20), factors=(1, 0.3)),
    "batch_size": None,
    "optimizer": sg.training.SGD(0.1, momentum=0.8),
    "rng": 4,
}


@pytest.fixture(scope="module")
def solutions(small_data):
    run = sg.training.train_replicas(NET, small_data, n_replicas=5, n_epochs=15, rng=3)
    return run.replicas


def assert_same(one, other):
    for part in ("losses", "saddles", "pairs", "forces"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
    for a, b in zip(one.paths, other.paths, strict=True):
        np.testing.assert_array_equal(a.nodes, b.nodes)


def minimax(saddles, i, j):
    """The lowest, over all ways from i to j, of the highest saddle on the way."""
    others = [k for k in range(len(saddles)) if k not in (i, j)]
    ways = [(i, *middle, j) for n in range(len(others) + 1)
            for middle in itertools.permutations(others, n)]  # fmt: skip
    return min(max(saddles[a, b] for a, b in itertools.pairwise(way)) for way in ways)


@pytest.mark.parametrize("align", [None, "permutations", "balanced"])
def test_lines_have_the_saddles_of_their_curves(small_data, solutions, align):
    graph = barrier_graph(NET, small_data, solutions, align=align)
    ends = [sg.symmetries.balance(a) if align == "balanced" else a for a in solutions]
    for i in range(5):
        assert graph.saddles[i, i] == graph.losses[i]
        for j in range(i + 1, 5):
            b = ends[j]
            if align:
                b = sg.symmetries.match(ends[i], b).apply(b)
            curve = loss_curve(NET, small_data, interpolate(ends[i], b))
            assert graph.saddles[i, j] == pytest.approx(curve.loss.max(), abs=1e-12)
            assert graph.saddles[i, j] == graph.saddles[j, i]
    np.testing.assert_allclose(graph.losses, sg.networks.loss(NET, solutions, small_data))
    found = pair_barriers(NET, small_data, solutions, align=align)
    heights = graph.saddles - np.maximum.outer(graph.losses, graph.losses)
    np.testing.assert_allclose(heights, found.barrier_above_ends, atol=1e-12)


def test_the_tree_leads_over_other_solutions(small_data, solutions):
    graph = barrier_graph(NET, small_data, solutions)
    found = graph.tree.minimax_barriers()
    for i, j in itertools.combinations(range(5), 2):
        assert found[i, j] == pytest.approx(minimax(graph.saddles, i, j), rel=1e-12)
    np.testing.assert_allclose(graph.spanning_saddles, graph.tree.merges[:, 2])
    assert graph.spanning_pairs.shape == (4, 2)


def made(saddles, pairs=()):
    saddles = np.asarray(saddles, dtype=float)
    pairs = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    n = len(pairs)
    return BarrierGraph(saddles.diagonal(), saddles, pairs, np.zeros(n), (), None, {})


def test_bands_are_suggested_where_the_tree_depends_on_them():
    saddles = [[0, 1, 4, 9], [1, 0, 5, 8], [4, 5, 0, 7], [9, 8, 7, 0]]  # tree 01, 02, 23
    assert made(saddles).next_pair == (2, 3)
    assert made(saddles, [(2, 3)]).next_pair == (0, 2)
    assert made(saddles, [(2, 3), (0, 2), (0, 1)]).next_pair == (1, 3)  # replace 23
    done = [(2, 3), (0, 2), (0, 1), (1, 3), (0, 3)]
    assert made(saddles, done).next_pair == (1, 2)  # no other way to 3: replace 02
    assert made(saddles, [*done, (1, 2)]).next_pair is None


def test_bands_lower_the_tree(small_data, solutions):
    lines = barrier_graph(NET, small_data, solutions)
    graph = barrier_graph(NET, small_data, solutions, method="neb", **SHORT)
    assert (graph.saddles <= lines.saddles).all()
    assert graph.spanning_saddles[-1] < lines.spanning_saddles[-1]
    assert len(graph.pairs) == len(graph.paths) == len(graph.forces) == 8
    assert {tuple(sorted(p)) for p in graph.spanning_pairs} <= {tuple(p) for p in graph.pairs}
    for (i, j), path in zip(graph.pairs, graph.paths, strict=True):
        np.testing.assert_array_equal(path.nodes[[0, -1]], solutions[[i, j]].weights)
        highest = loss_curve(NET, small_data, path).loss.max()
        expected = min(highest, lines.saddles[i, j])
        assert graph.saddles[i, j] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("align", [None, "permutations"])
def test_one_solution_twice_needs_no_band(small_data, solutions, align, tmp_path):
    a = solutions[0]
    twin = sg.symmetries.random_permutation(NET, rng=1).apply(a) if align else a
    some = sg.networks.stack([a, solutions[1], twin])
    graph = barrier_graph(NET, small_data, some, method="neb", align=align, **SHORT)
    assert graph.saddles[0, 2] == max(graph.losses[0], graph.losses[2])
    (k,) = np.flatnonzero((graph.pairs == (0, 2)).all(axis=1))
    assert graph.paths[k].lengths.sum() == graph.forces[k] == 0
    assert len(graph.pairs) > 1
    assert_same(sg.load(sg.save(graph, tmp_path / "graph.npz")), graph)


def test_bands_end_at_matched_copies(small_data, solutions):
    graph = barrier_graph(
        NET, small_data, solutions, method="neb", align="permutations", n_bands=1, **SHORT
    )
    i, j = graph.pairs[0]
    copy = sg.symmetries.match(solutions[i], solutions[j]).apply(solutions[j])
    np.testing.assert_array_equal(graph.paths[0].nodes[-1], copy.weights)
    graph = barrier_graph(
        NET, small_data, solutions, method="neb", align="balanced", n_bands=1, **SHORT
    )
    a, b = (sg.symmetries.balance(solutions[k]) for k in graph.pairs[0])
    expected = [a.weights, sg.symmetries.match(a, b).apply(b).weights]
    np.testing.assert_array_equal(graph.paths[0].nodes[[0, -1]], expected)


def test_interrupted_graphs_go_on_to_the_same_bits(
    small_data, solutions, tmp_path, monkeypatch
):
    kind = {"method": "neb", "n_bands": 3, **SHORT, "batch_size": 25}
    whole = barrier_graph(NET, small_data, solutions, **kind)

    def stop(done, total, what):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="after 2 of 3") as caught:
        barrier_graph(NET, small_data, solutions, progress=stop, **kind)
    between = caught.value.state
    real, steps = _band_job.BandJob.step, []

    def count(job):
        steps.append(1)
        if len(steps) == 50:  # in the second band
            raise KeyboardInterrupt
        real(job)

    monkeypatch.setattr(_band_job.BandJob, "step", count)
    with pytest.raises(Interrupted, match="after 1 of 3") as caught:
        barrier_graph(NET, small_data, solutions, **kind)
    monkeypatch.undo()
    inside = caught.value.state
    assert inside.under_way.n_steps == 9
    for state in (between, inside):
        state = sg.load(sg.save(state, tmp_path / "graph.npz"))
        assert_same(barrier_graph(NET, small_data, solutions, state=state, **kind), whole)
    assert_same(sg.load(sg.save(whole, tmp_path / "graph.npz")), whole)
    lines = barrier_graph(NET, small_data, solutions, **(kind | {"method": "line"}))
    assert_same(barrier_graph(NET, small_data, solutions, state=lines, **kind), whole)
    lines = barrier_graph(NET, small_data, solutions, rng=kind["rng"])  # of bands, the defaults
    assert_same(barrier_graph(NET, small_data, solutions, state=lines, **kind), whole)
    other = kind | {"method": "line", "n_pivots": 4}
    free = barrier_graph(NET, small_data, solutions, state=lines, **other)
    assert free.settings["n_pivots"] == 4
    begun = replace(lines, settings=whole.settings, under_way=inside.under_way)
    for state in (whole, begun):
        with pytest.raises(ParameterError, match="n_pivots must be as in the state"):
            barrier_graph(NET, small_data, solutions, state=state, **other)


def test_errors_say_what_is_wrong(small_data, solutions):
    with pytest.raises(ParameterError, match="solutions must hold at least 2 points, got 1"):
        barrier_graph(NET, small_data, solutions[:1])
    with pytest.raises(ParameterError, match="method must be one of 'line', 'neb'"):
        barrier_graph(NET, small_data, solutions, method="matched")
    with pytest.raises(ParameterError, match="align must be one of 'permutations'"):
        barrier_graph(NET, small_data, solutions, align="signs")
    with pytest.raises(ParameterError, match="solutions must be Replicas, got list"):
        barrier_graph(NET, small_data, list(solutions))
    with pytest.raises(ParameterError, match="schedule must be an AutoNEB, got Constant"):
        barrier_graph(NET, small_data, solutions, schedule=sg.training.Constant())
    with pytest.raises(ParameterError, match=r"solutions must belong to MLP\(4-6-3"):
        barrier_graph(MLP((4, 6, 3)), small_data, solutions)
    graph = barrier_graph(NET, small_data, solutions)
    with pytest.raises(ParameterError, match="align must be as in the state"):
        barrier_graph(NET, small_data, solutions, align="permutations", state=graph)
