"""What stands on the axes is what was given."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.statistics import Band, Estimate


def line(ax, label):
    return next(item for item in ax.get_lines() if item.get_label() == label)


def band_edges(collection, x):
    """Lower and upper edge of a filled band at the points x."""
    vertices = collection.get_paths()[0].vertices
    at = [vertices[np.isclose(vertices[:, 0], value), 1] for value in x]
    return np.array([v.min() for v in at]), np.array([v.max() for v in at])


def texts(ax):
    return " ".join(text.get_text() for text in ax.texts)


def test_training_curve_is_the_mean_over_replicas_still_training(like):
    history = like.history()
    ax = sg.plotting.training_curves(history)
    shown = line(ax, "train")
    np.testing.assert_array_equal(shown.get_xdata(), history.epochs)
    # the slowest replica ends before the last record here
    columns = np.isfinite(history.train_loss).any(axis=0)
    np.testing.assert_allclose(
        shown.get_ydata()[columns], np.nanmean(history.train_loss[:, columns], axis=0)
    )
    assert np.isnan(shown.get_ydata()[~columns]).all()
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "loss L (nats per sample)"
    assert ax.get_xlabel() == "epoch"


def test_training_curve_without_test_set_says_so(like):
    history = like.history()
    history.test_accuracy[:] = np.nan
    ax = sg.plotting.training_curves(history, quantity="accuracy")
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["train", "test (no data)"]


def test_stopped_replicas_get_a_dot_at_their_last_record(like):
    history = like.history()
    ax = sg.plotting.training_curves(history)
    dots = next(item for item in ax.get_lines() if item.get_marker() == "o")
    last = [np.flatnonzero(np.isfinite(row))[-1] for row in history.train_loss]
    np.testing.assert_array_equal(dots.get_xdata(), history.epochs[last])


def test_walk_loss_shows_mean_and_band_against_relative_distance(like):
    walk = like.walk()
    ax = sg.plotting.walk_loss([walk], ["trained"])
    shown = line(ax, "trained")
    np.testing.assert_allclose(shown.get_xdata(), walk.distance.mean(axis=0) / walk.start_norm)
    np.testing.assert_allclose(shown.get_ydata(), walk.loss.mean(axis=0))
    low, high = band_edges(ax.collections[0], shown.get_xdata())
    np.testing.assert_allclose(low, np.percentile(walk.loss, 10, axis=0))
    np.testing.assert_allclose(high, np.percentile(walk.loss, 90, axis=0))
    assert ax.get_xlabel() == "distance |θ − θ₀| / |θ₀|"


def test_quadratic_law_has_the_height_of_its_trace_and_keeps_the_range(like):
    walk = like.walk(rho=3)
    trace = Estimate(1e5, 1e4)
    free = sg.plotting.walk_loss([walk], ["walk"]).get_ylim()
    ax = sg.plotting.walk_loss([walk], ["walk"], traces=[trace])
    assert ax.get_ylim() == free
    dashed = next(
        item
        for item in ax.get_lines()
        if item.get_linestyle() == "--" and len(item.get_xdata())
    )
    x, y = dashed.get_data()
    distance = x * walk.start_norm
    start = walk.loss[:, 0].mean()
    np.testing.assert_allclose(y, start + 1e5 * distance**2 / (2 * walk.n_parameters))
    low, high = band_edges(ax.collections[-1], x[1:])
    np.testing.assert_allclose((high - low) / (y[1:] - start), 0.2)


def test_law_against_steps_is_linear_where_squared_distance_is(like):
    walk = like.walk()
    walk.distance[:] = 0.3 * np.sqrt(walk.steps)
    ax = sg.plotting.walk_loss([walk], ["walk"], against="steps", traces=[Estimate(4e4, 0.0)])
    dashed = next(
        item
        for item in ax.get_lines()
        if item.get_linestyle() == "--" and len(item.get_xdata())
    )
    slope = np.diff(dashed.get_ydata()) / np.diff(dashed.get_xdata())
    np.testing.assert_allclose(slope, 4e4 * 0.09 / (2 * walk.n_parameters))


def test_rise_of_the_loss_starts_at_zero_on_logarithmic_axes(like):
    walk = like.walk()
    ax = sg.plotting.walk_loss([walk], ["walk"], rise=True, traces=[Estimate(4e4, 1e3)])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    y = line(ax, "walk").get_ydata()
    assert np.isnan(y[0])
    np.testing.assert_allclose(y[1:], (walk.loss - walk.loss[:, :1]).mean(axis=0)[1:])


def test_walk_accuracy_of_walks_without_test_data_is_refused(like):
    with pytest.raises(ParameterError, match="test must be False for a walk without test_acc"):
        sg.plotting.walk_accuracy([like.walk()], ["walk"], test=True)


def test_walk_absent_beside_one_present_is_named_in_the_legend(like):
    gone = like.walk()
    gone.loss[:] = np.nan
    ax = sg.plotting.walk_loss([like.walk(), gone], ["here", "gone"])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["here", "gone (no data)"]


def test_labels_must_match_walks(like):
    with pytest.raises(ShapeError, match="labels must have 1 entries, one a series, got 2"):
        sg.plotting.walk_loss([like.walk()], ["a", "b"])


def test_curves_group_shows_mean_over_fraction_of_path(like):
    group = [like.curve(seed=seed) for seed in range(5)]
    for curve in group:
        curve.coordinate = curve.coordinate * 3  # three legs
    ax = sg.plotting.curves([group, like.curve(0.1)], ["group", "single"])
    x, y = line(ax, "group").get_data()
    np.testing.assert_allclose(x, np.linspace(0, 1, 21))
    np.testing.assert_allclose(y, np.mean([curve.loss for curve in group], axis=0))
    assert len(ax.collections) == 1  # a single curve has no band


def test_individual_curves_are_all_there(like):
    group = [like.curve(seed=seed) for seed in range(5)]
    ax = sg.plotting.curves([group], ["group"], individual=True, quantity="accuracy")
    assert len(ax.get_lines()) == 6
    np.testing.assert_array_equal(ax.get_lines()[3].get_ydata(), group[3].accuracy)
    assert not ax.collections


def test_curves_at_different_points_are_refused(like):
    group = [like.curve(), like.curve(n_points=11)]
    with pytest.raises(ShapeError, match="same coordinates, got 21 and 11 points"):
        sg.plotting.curves([group], ["group"])


def test_chain_has_dots_where_legs_meet(like):
    chain = like.chain(n_legs=5)
    ax = sg.plotting.chain_profile(chain)
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), chain.loss)
    np.testing.assert_allclose(ax.get_lines()[1].get_xdata(), np.arange(6))


def test_barriers_carry_standard_errors_of_the_mean(like):
    barriers = np.array([[0.1, 0.3, np.nan], [0.5, 0.7, 0.9]])
    ax = sg.plotting.barrier_against_fraction([0.1, 1.0], barriers)
    bars = ax.containers[0]
    np.testing.assert_allclose(bars.lines[0].get_ydata(), [0.2, 0.7])
    segments = bars.lines[2][0].get_segments()
    half = [(s[1, 1] - s[0, 1]) / 2 for s in segments]
    np.testing.assert_allclose(half, [0.1, 0.2 / np.sqrt(3)])


def test_barriers_against_width_name_the_widths():
    ax = sg.plotting.barrier_against_width(
        [16, 64], {"raw": [[0.5], [0.4]], "matched": [[0.2], [0.1]]}
    )
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["16", "64"]
    with pytest.raises(ShapeError, match="must have 2 rows, one for each of widths, got 3"):
        sg.plotting.barrier_against_width([16, 64], [[1.0]] * 3)


def test_dendrogram_has_a_bracket_at_each_merge(like):
    tree = like.tree(like.distances(n=12))
    ax = sg.plotting.dendrogram(tree)
    brackets = ax.collections[0].get_segments()
    assert len(brackets) == 11
    np.testing.assert_allclose([b[1, 1] for b in brackets], tree.linkage[:, 2])
    feet = sorted(b[i, 0] for b in brackets for i in (0, 3) if b[i, 1] == 0)
    np.testing.assert_allclose(feet, np.arange(12))  # every leaf in a place of its own
    assert ax.get_ylim()[0] == 0


def test_dendrogram_over_leaves_in_order_never_crosses(like):
    tree = like.tree(like.distances("independent", n=12))
    brackets = sg.plotting.dendrogram(tree).collections[0].get_segments()
    members = [{int(p)} for p in range(12)]
    place = {int(leaf): position for position, leaf in enumerate(tree.order)}
    for left, right, *_ in tree.linkage:
        members.append(members[int(left)] | members[int(right)])
        where = sorted(place[leaf] for leaf in members[-1])
        assert where == list(range(where[0], where[0] + len(where)))
    assert len(brackets) == len(tree.linkage)


def test_overlap_matrix_is_reordered_and_scaled_from_zero(like):
    distances = like.distances(n=12)
    tree = like.tree(distances)
    ax = sg.plotting.overlap_matrix(distances, order=tree.order)
    image = ax.get_images()[0]
    np.testing.assert_array_equal(
        image.get_array(), distances.values[np.ix_(tree.order, tree.order)]
    )
    assert image.get_clim() == (0, distances.values.max())


def test_signed_matrix_has_colours_centred_on_zero():
    ax = sg.plotting.overlap_matrix([[1.0, -0.2], [-0.2, 1.0]])
    assert ax.get_images()[0].get_clim() == (-1, 1)


def test_order_must_be_a_permutation():
    with pytest.raises(ShapeError, match="every number from 0 to 1 once"):
        sg.plotting.overlap_matrix(np.zeros((2, 2)), order=[0, 0])


def test_dendrogram_and_matrix_share_their_horizontal_axis(like):
    distances = like.distances(n=12)
    tree = like.tree(distances)
    figure = sg.plotting.dendrogram_and_matrix(
        tree, distances, groups=[f"init {g}" for g in distances.groups]
    )
    upper, strip, lower, _ = figure.axes
    assert upper.get_xlim() == strip.get_xlim() == lower.get_xlim() == (-0.5, 11.5)
    edges = [(ax.get_position().x0, ax.get_position().x1) for ax in (upper, strip, lower)]
    assert edges[0] == edges[1] == edges[2]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    colors = strip.get_images()[0].get_array()[0]
    found = [names[int(number)] for number in colors]
    assert found == [f"init {distances.groups[leaf]}" for leaf in tree.order]


def test_groups_must_name_every_point(like):
    distances = like.distances(n=12)
    with pytest.raises(ShapeError, match="groups must have 12 entries, one a point, got 2"):
        sg.plotting.dendrogram_and_matrix(like.tree(distances), distances, groups=["a", "b"])


def test_overlap_distributions_share_axes_high_enough_for_both(like):
    low, high = like.distribution(0.0, 0.1), like.distribution(0.5, 0.01, seed=7)
    ax = sg.plotting.overlap_distribution(low, label="raw")
    sg.plotting.overlap_distribution(high, label="matched", ax=ax)
    top = (high.density + high.error).max()
    assert top < ax.get_ylim()[1] < 1.5 * top
    full = high.density > 0
    np.testing.assert_allclose(ax.containers[1].lines[0].get_ydata(), high.density[full])


def test_overlap_distributions_with_bands_have_colours_of_their_own(like):
    low, high = like.distribution(0.0, 0.1), like.distribution(0.5, 0.1, seed=7)
    ax = sg.plotting.overlap_distribution(low, label="L = 4", band=True)
    sg.plotting.overlap_distribution(high, label="L = 8", band=True, ax=ax)
    bands = [patch for patch in ax.patches if patch.get_fill()]
    assert len(bands) == 2
    assert bands[0].get_facecolor() != bands[1].get_facecolor()
    for band, result in zip(bands, (low, high), strict=True):
        values, _, baseline = band.get_data()
        np.testing.assert_allclose(values, result.density + result.error)
        np.testing.assert_allclose(baseline, np.maximum(result.density - result.error, 0))
    assert not ax.containers


def test_theory_beside_p_of_q_is_cut_off_with_its_probability():
    rows = np.random.default_rng(1).uniform(-1, 1, (20, 200))
    pq = sg.overlaps.distribution(rows, bins=20)
    theory = np.full(20, 0.3)
    theory[[2, 17]] = 4.0
    ax = sg.plotting.overlap_distribution(pq, theory=theory, n_units=5)
    assert [text.get_text() for text in ax.texts] == ["0.40", "0.40"]
    assert (pq.density + pq.error).max() < ax.get_ylim()[1] < 4
    thin = [patch for patch in ax.patches if patch.get_linewidth() < 1]
    np.testing.assert_allclose([t.get_data()[0] for t in thin[:5]], pq.unit_densities[:5])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["theory, N → ∞"]
    with pytest.raises(ShapeError, match=r"theory must have shape \(20,\), a bin each"):
        sg.plotting.overlap_distribution(pq, theory=theory[1:])


def test_folded_distribution_names_its_axis():
    rows = np.random.default_rng(1).uniform(-1, 1, (20, 50))
    pq = sg.overlaps.distribution(rows, bins=10, fold=True)
    found = sg.overlaps.compare_with_theory(pq, sg.spins.parisi.solve(1.5))
    ax = sg.plotting.overlap_distribution(pq, theory=found)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("size of the overlap |q|", "density P(|q|)")
    ax = sg.plotting.overlap_distribution(pq, quantity="overlap of weights")
    assert ax.get_ylabel() == "density"


def test_null_band_spans_one_to_ninety_nine_percent():
    draws = np.linspace(0, 1, 101)
    ax = sg.plotting.null_band(
        [Estimate(0.5, 0.1), Estimate(2.0, 0.1), None, Estimate(np.nan, 0.0)],
        [draws, Band(0.5, 0.2, 0.1, 0.9, 0.98, 50), draws, []],
        names=["in", "out", "missing", "nan"],
        statistic="K",
    )
    boxes = [
        c.get_paths()[0].vertices[:, 0]
        for c in ax.collections
        if len(c.get_paths()) and len(c.get_paths()[0].vertices) > 3
    ]
    np.testing.assert_allclose([boxes[0].min(), boxes[0].max()], [0.01, 0.99])
    observed = [c.lines[0] for c in ax.containers]
    assert [item.get_marker() for item in observed] == ["o", "D"]
    written = [text.get_text() for text in ax.texts]
    assert written.count("not measured") == 2
    assert [text for text in written if text != "not measured"] == [
        "in",
        "out",
        "missing",
        "nan",
    ]


def test_flatness_draws_both_stop_rules():
    data = {"matched loss": [[1.0, 3.0], [5.0, 7.0]], "matched epochs": [[4.0, 4.0]] * 2}
    ax = sg.plotting.flatness([8, 512], data)
    means = [c.lines[0].get_ydata().tolist() for c in ax.containers]
    assert means == [[2.0, 6.0], [4.0, 4.0]]
    gap = sg.plotting.generalization_gap([8, 512], data)
    assert gap.get_ylabel() == "gap: test − train loss (nats per sample)"
    with pytest.raises(ShapeError, match="must have 3 rows, one a batch size, got 2"):
        sg.plotting.flatness([8, 64, 512], data)


def test_scatter_states_the_rank_correlation_given_or_of_its_points():
    x = np.arange(6.0).reshape(3, 2)
    y = -(x**3)
    x[0, 0] = np.nan
    ax = sg.plotting.flatness_against_generalization(x, y, batch_sizes=[8, 32, 128])
    assert texts(ax) == "Spearman ρ = −1.00 (5 runs)"
    assert line(ax, "B = 8").get_xdata().tolist() == [1.0]
    ax = sg.plotting.flatness_against_generalization(
        x, y, batch_sizes=[8, 32, 128], correlation=Estimate(-0.4, 0.2)
    )
    assert texts(ax) == "Spearman ρ = −0.40 ± 0.20"


def test_verdicts_have_a_shape_each(like):
    given = ["supported", "not supported", "cannot tell here"]
    ax = sg.plotting.verdicts([like.claim(f"C{i}", "a", v) for i, v in enumerate(given)])
    marks = [item.get_marker() for item in ax.get_lines() if len(item.get_xdata())]
    assert marks == ["o", "X", "D"]
    assert texts(ax) == "C0 C1 C2"
    with pytest.raises(ParameterError, match="verdict must be one of 'supported'"):
        sg.plotting.verdicts([like.claim("C1", "a", "true")])


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: sg.plotting.walk_loss([], []), "no walk"),
        (lambda: sg.plotting.walk_accuracy([], []), "no walk"),
        (lambda: sg.plotting.curves([[]], ["none"]), "no curve"),
        (lambda: sg.plotting.barrier_against_fraction([0.5], [[np.nan]]), "no barrier"),
        (lambda: sg.plotting.flatness([8], {"a": [[np.nan]]}), "no run"),
        (lambda: sg.plotting.overlap_matrix([[np.nan]]), "no distance"),
        (lambda: sg.plotting.null_band([], [], names=[]), "no statistic"),
        (lambda: sg.plotting.verdicts([]), "no claim"),
        (
            lambda: sg.plotting.flatness_against_generalization(
                [[np.nan]], [[1.0]], batch_sizes=[8]
            ),
            "no run",
        ),
    ],
)
def test_nothing_to_draw_is_said_and_still_a_figure(draw, said):
    ax = draw()
    assert said in texts(ax)
    assert sg.plotting.svg(ax).startswith("<svg")


def test_functions_draw_on_the_axes_they_get_and_leave_settings_alone(like):
    before = dict(matplotlib.rcParams)
    ax = Figure().add_subplot()
    assert sg.plotting.walk_loss([like.walk()], ["walk"], ax=ax) is ax
    sg.plotting.dendrogram(like.tree(like.distances()))
    assert dict(matplotlib.rcParams) == before


def test_evidence_is_drawn_towards_trees_on_the_right():
    leaves = sg.overlaps.tree_points(16, 300, branching=4, variances=(1, 1), rng=1)
    found = sg.overlaps.verdict(sg.overlaps.distances(leaves), n_null=19, n_controls=10, rng=1)
    ax = sg.plotting.evidence(found.clusters)
    shown = [x for line in ax.lines if line.get_marker() in "oD" for x in line.get_xdata()]
    assert max(shown) == pytest.approx(found.clusters.scores.max())
    assert "one cluster" in ax.get_xlabel()
