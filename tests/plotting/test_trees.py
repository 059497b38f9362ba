"""Dendrograms with marks and colours, spanning trees, disconnectivity graphs."""

import itertools

import networkx as nx
import numpy as np
import pytest
from matplotlib.colors import to_hex

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.overlaps import cluster, disconnectivity_graph, distances, largest_gap
from spinglass_nn.plotting.appearance import INK

LEAVES = sg.overlaps.tree_points(n_dimensions=200, variances=(1, 0.3, 1), rng=1)
DISTANCES = distances(LEAVES)
TREE = cluster(DISTANCES)
GROUPS = ["a"] * 4 + ["b"] * 4
GRAPH = disconnectivity_graph(
    [0.0, 1.0, 0.5, 2.0], saddles=[(0, 1, 2.0), (1, 2, 3.0), (2, 3, 4.0)]
)


def legend_texts(ax):
    found = [child for child in ax.get_children() if type(child).__name__ == "Legend"]
    return [text.get_text() for made in found for text in made.get_texts()]


def test_branches_within_a_group_have_its_colour():
    ax = sg.plotting.dendrogram(TREE, groups=GROUPS)
    colors = [to_hex(c).upper() for c in ax.collections[0].get_colors()]
    inside = sg.overlaps._linkages.members(TREE.linkage)
    for color, row in zip(colors, inside, strict=True):
        names = {GROUPS[k] for k in np.flatnonzero(row)}
        expected = {"a": "#0072B2", "b": "#D55E00"}[names.pop()] if len(names) == 1 else INK
        assert color == expected.upper()
    assert legend_texts(ax) == ["a", "b"]
    strip = ax.child_axes[0].get_images()[0].get_array()[0]
    assert [GROUPS[k] for k in TREE.order] == [("a", "b")[int(number)] for number in strip]


def test_support_is_marked_by_grades_on_every_merge_but_the_root():
    shares = np.array([0.96, 0.95, 0.7, 0.69, 0.0, np.nan, 1.0])
    ax = sg.plotting.dendrogram(TREE, support=shares)
    marks = {
        to_hex(c.get_facecolor()[0]): sorted(c.get_offsets()[:, 1].tolist())
        for c in ax.collections[1:]
    }
    heights = TREE.heights
    assert marks[INK] == sorted(heights[:2].tolist())
    assert marks["#9a9a9a"] == [heights[2]]
    assert marks["#ffffff"] == sorted(heights[3:5].tolist())
    assert legend_texts(ax) == ["support ≥ 95 %", "≥ 70 %", "less"]


def test_little_support_is_left_out_among_many_points():
    d = distances(np.random.default_rng(1).normal(size=(60, 20)))
    ax = sg.plotting.dendrogram(cluster(d), support=np.full(59, 0.1))
    assert legend_texts(ax) == ["support ≥ 95 %", "≥ 70 %"]
    assert sum(len(c.get_offsets()) for c in ax.collections[1:]) == 0


def test_support_object_and_gap_are_understood():
    support = sg.overlaps.support_by_dimensions(LEAVES, n_resamples=10, rng=1)
    gap = largest_gap(TREE)
    figure = sg.plotting.dendrogram_and_matrix(
        TREE, DISTANCES, groups=GROUPS, support=support, cut=gap
    )
    upper = figure.axes[0]
    assert [t.get_text() for t in upper.texts] == [f"{gap.n_clusters} clusters"]
    assert gap.height in upper.get_lines()[0].get_ydata()
    texts = [[t.get_text() for t in made.get_texts()] for made in figure.legends]
    assert texts == [["support ≥ 95 %", "≥ 70 %", "less"], ["a", "b"]]
    # legends stand above the tree and inside of the figure
    figure.canvas.draw()
    boxes = [made.get_window_extent() for made in figure.legends]
    assert upper.get_window_extent().y1 < boxes[0].y0 < boxes[0].y1 < boxes[1].y0
    assert boxes[1].y1 <= figure.bbox.y1


def test_legends_of_a_dendrogram_fit_above_it():
    ax = sg.plotting.dendrogram(TREE, groups=GROUPS, support=np.ones(7))
    ax.figure.canvas.draw()
    made = [c for c in ax.get_children() if type(c).__name__ == "Legend"]
    boxes = sorted((m.get_window_extent() for m in made), key=lambda box: box.y0)
    assert len(boxes) == 2
    assert ax.get_window_extent().y1 < boxes[0].y0 < boxes[0].y1 < boxes[1].y0
    assert boxes[1].y1 <= ax.figure.bbox.y1


def test_cut_at_a_height_counts_its_clusters():
    height = float(TREE.heights[-1])
    ax = sg.plotting.dendrogram(TREE, cut=height)
    assert [t.get_text() for t in ax.texts] == ["1 cluster"]
    ax = sg.plotting.dendrogram(TREE, cut=np.float32(0.0))
    assert [t.get_text() for t in ax.texts] == ["8 clusters"]


def test_names_follow_the_order_as_far_as_there_is_room():
    names = [f"point {k}" for k in range(8)]
    ax = sg.plotting.dendrogram(TREE, names=names)
    shown = [text.get_text() for text in ax.get_xticklabels()]
    assert shown == [names[k] for k in TREE.order]
    many = cluster(distances(np.random.default_rng(1).normal(size=(90, 3))))
    assert not sg.plotting.dendrogram(many, names=range(90)).get_xticklabels()


def test_trees_refuse():
    with pytest.raises(ShapeError, match="names must have 8 entries, one a point, got 2"):
        sg.plotting.dendrogram(TREE, names=["a", "b"])
    with pytest.raises(ShapeError, match=r"support must have shape \(7,\), one a merge, got"):
        sg.plotting.dendrogram(TREE, support=np.ones(8))
    with pytest.raises(ShapeError, match="groups must have 8 entries"):
        sg.plotting.dendrogram(TREE, groups=["a"])


def test_trees_without_height_can_be_drawn():
    flat = cluster(np.zeros((4, 4)))
    assert sg.plotting.dendrogram(flat, cut=largest_gap(flat)).get_ylim() == (0, 1.05)


@pytest.mark.parametrize("seed", range(3))
def test_spanning_tree_has_true_lengths_and_no_crossings(seed):
    d = distances(np.random.default_rng(seed).normal(size=(40, 5)))
    graph = sg.overlaps.minimum_spanning_tree(d)
    ax = sg.plotting.spanning_tree(graph, groups=np.arange(40) % 3)
    lines = ax.collections[0].get_segments()
    lengths = [np.linalg.norm(b - a) for a, b in lines]
    np.testing.assert_allclose(lengths, [w for *_, w in graph.edges(data="weight")])
    for (edge, line), (other, second) in itertools.combinations(
        zip(graph.edges, lines, strict=True), 2
    ):
        assert set(edge) & set(other) or not crossing(line, second)
    assert len(ax.collections[1].get_offsets()) == 40


def crossing(first, second):
    def side(line, point):
        (x0, y0), (x1, y1) = line
        return (x1 - x0) * (point[1] - y0) - (y1 - y0) * (point[0] - x0)

    return (
        side(first, second[0]) * side(first, second[1]) < 0
        and side(second, first[0]) * side(second, first[1]) < 0
    )


def test_spanning_trees_of_few_points():
    for n in (1, 2, 3):
        path = nx.path_graph(n)
        nx.set_edge_attributes(path, 0.0, "weight")
        ax = sg.plotting.spanning_tree(path)
        assert np.isfinite(ax.collections[1].get_offsets()).all()


def test_lines_end_at_minima_and_meet_at_barriers():
    ax = sg.plotting.disconnectivity_graph(GRAPH)
    ends = ax.collections[2].get_offsets()
    assert ends[:, 1].tolist() == [0.0, 1.0, 0.5, 2.0]
    lines = ax.collections[0].get_segments()
    starts = {tuple(line[0]) for line in lines}
    assert {tuple(end) for end in ends} <= starts
    assert {line[-1][1] for line in lines} == {2.0, 3.0, 4.0}
    # the line of a minimum is as long as it is deep
    for end, depth in zip(ends, GRAPH.depths, strict=True):
        if np.isfinite(depth):
            line = next(line for line in lines if tuple(line[0]) == tuple(end))
            assert line[1][1] - line[0][1] == depth
            assert line[1][0] == line[0][0]


def test_barriers_are_raised_to_levels_and_limbs_start_one_level_below():
    ax = sg.plotting.disconnectivity_graph(GRAPH, n_levels=2)
    lines = ax.collections[0].get_segments()
    assert {line[-1][1] for line in lines} == {2.0, 4.0}
    at_top = [line for line in lines if line[-1][1] == 4.0]
    assert len(at_top) == 3  # barriers at 3 and 4 make one node
    assert all(line[1][1] == max(2.0, line[0][1]) for line in at_top)
    assert len({line[-1][0] for line in at_top}) == 1


def test_minima_that_nothing_joins_end_in_dotted_lines():
    graph = disconnectivity_graph([0.0, 1.0, 2.0], saddles=[(0, 1, 3.0)])
    ax = sg.plotting.disconnectivity_graph(graph)
    stems = ax.collections[1]
    assert len(stems.get_segments()) == 2
    assert stems.get_linestyle()[0][1] is not None
    connected = sg.plotting.disconnectivity_graph(GRAPH).collections[1]
    assert connected.get_linestyle()[0][1] is None


def test_superbasins_of_one_group_have_its_colour():
    ax = sg.plotting.disconnectivity_graph(GRAPH, groups=["x", "x", "y", "y"])
    lines = ax.collections[0]
    colors = {
        tuple(line[0]): to_hex(color).upper()
        for line, color in zip(lines.get_segments(), lines.get_colors(), strict=True)
    }
    ends = ax.collections[2].get_offsets()
    expected = ["#0072B2", "#0072B2", "#D55E00", "#D55E00"]
    assert [colors[tuple(end)] for end in ends] == expected
    assert legend_texts(ax) == ["x", "y"]


def test_graphs_of_one_minimum_and_of_no_height():
    for energies, saddles in (([1.0], []), ([0.0, 0.0], [(0, 1, 0.0)])):
        graph = disconnectivity_graph(energies, saddles=saddles)
        for n_levels in (None, 3):
            ax = sg.plotting.disconnectivity_graph(graph, n_levels=n_levels)
            assert sg.plotting.svg(ax).startswith("<svg")


def test_disconnectivity_refuses():
    with pytest.raises(ShapeError, match="groups must have 4 entries"):
        sg.plotting.disconnectivity_graph(GRAPH, groups=["a"])
    with pytest.raises(ParameterError, match="n_levels must be at least 1, got 0"):
        sg.plotting.disconnectivity_graph(GRAPH, n_levels=0)
