"""Protocol (c) in figures and words: the hierarchy of solutions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.liao2024._drawn import (
    beside_null,
    trees_over_matrices,
    where_overlaps_are,
)
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.studies import Ensembles, Hierarchy, Solutions, StudyRun
from spinglass_nn.studies.recipes.liao2024.hierarchy import ENSEMBLES, LINKAGES

_MATCHED = "aligned euclidean"
_SHOWN = ("independent", "same_start", "mixed", "walked", "forked")


def figures(hierarchy: Hierarchy, solutions: Solutions, ensembles: Ensembles) -> Drawn:
    """Figures of trees, null bands and overlaps."""
    independent = hierarchy.branch("independent", _MATCHED)
    forked = hierarchy.branch("forked", "euclidean")
    return {
        "tree-independent": (
            plotting.dendrogram_and_matrix(independent.tree, independent.distances),
            "Independent solutions after pairwise matching of their hidden units: dendrogram "
            "(average linkage) and distances in its order. Any set of points yields a tree.",
            "Dendrogram of the independent solutions over the matrix of their distances.",
        ),
        "tree-forked": (
            plotting.dendrogram_and_matrix(
                forked.tree,
                forked.distances,
                groups=[f"start {g + 1}" for g in solutions.fork_groups],
            ),
            "Positive control: runs that share history and part at the fork epochs, as trained. "
            "This is what a hierarchy looks like.",
            "Dendrogram of the forked runs over the matrix of their distances.",
        ),
        "trees": (
            _trees(hierarchy, solutions, ensembles),
            "All ensembles after matching: dendrograms (average linkage) and distances in their "
            "order, each on a scale from zero. Colours: cell of settings (E3), solution the walk "
            "left from (E4), start (E5). What is a tree here was made one.",
            "Five dendrograms over five matrices of distances, one for each ensemble.",
        ),
        "nulls-cophenetic": (
            _null_band(hierarchy, "cophenetic correlation"),
            _null_caption("high"),
            "Observed cophenetic correlations beside null bands.",
        ),
        "nulls-k": (
            _null_band(hierarchy, "K"),
            _null_caption("low"),
            "Observed K beside null bands.",
        ),
        **_overlaps(hierarchy),
    }


def _overlaps(hierarchy: Hierarchy) -> Drawn:
    found, before = hierarchy.overlaps_of("independent"), hierarchy.overlaps_of("initial")
    axes = plotting.overlap_distribution(found.raw, label="as trained")
    plotting.overlap_distribution(before.aligned, label="untrained, matched", ax=axes)
    plotting.overlap_distribution(found.aligned, label="trained, matched", ax=axes)
    labels = plotting.overlap_distribution(before.predictions, label="untrained")
    early = hierarchy.overlaps_of("early").predictions
    plotting.overlap_distribution(early, label="early", ax=labels)
    plotting.overlap_distribution(
        found.predictions, label="trained", quantity="overlap q of predictions", ax=labels
    )
    return {
        "overlaps": (
            axes,
            "P(q) of weight vectors over pairs of independent solutions, before and after "
            "matching hidden units, and of untrained networks after the same matching, which "
            "alone makes q positive. Bars are jackknife errors over solutions.",
            "Three distributions of the overlap.",
        ),
        "overlaps-predictions": (
            labels,
            "P(q) of predicted labels on the test set, which know no symmetry: q = (C p - 1)/"
            "(C - 1) with p the share of equal predictions of C classes. Bars are jackknife "
            "errors over networks.",
            "Three distributions of the overlap of predictions, over training time.",
        ),
        "overlaps-ensembles": (
            _of_ensembles(hierarchy),
            "P(q) of all ensembles. Above: of weights, as trained (first colour), after matching "
            "hidden units (second), after matching in the balanced gauge (third). Below: of "
            "predicted labels. Peaks apart are what runs, walks and settings share. Bars are "
            "jackknife errors over points.",
            "Distributions of the overlap of five ensembles, of weights and of predictions.",
        ),
    }


def _of_ensembles(hierarchy: Hierarchy) -> Figure:
    figure = Figure(figsize=(3.2 * len(_SHOWN), 5.2), layout="constrained")
    seen_as = ("raw", "aligned", "balanced", "predictions")
    shown = [getattr(hierarchy.overlaps_of(name), kind) for name in _SHOWN for kind in seen_as]
    for column, name in enumerate(_SHOWN):
        found = hierarchy.overlaps_of(name)
        upper = figure.add_subplot(2, len(_SHOWN), column + 1)
        for seen in (found.raw, found.aligned, found.balanced):
            plotting.overlap_distribution(seen, quantity="overlap q of weights", ax=upper)
        upper.set_title(ENSEMBLES[name], fontsize="medium")
        lower = figure.add_subplot(2, len(_SHOWN), len(_SHOWN) + column + 1)
        plotting.overlap_distribution(
            found.predictions, quantity="overlap q of predictions", ax=lower
        )
        where_overlaps_are((upper, lower), shown)
    return figure


def _trees(hierarchy: Hierarchy, solutions: Solutions, ensembles: Ensembles) -> Figure:
    groups: dict[str, Sequence[object]] = {
        "mixed": [ensembles.cell_names[k] for k in ensembles.mixed_cells],
        "walked": [f"solution {k + 1}" for k in ensembles.walked_sources],
        "forked": [f"start {k + 1}" for k in solutions.fork_groups],
    }
    columns = []
    for name in _SHOWN:
        branch = hierarchy.branch(name, _MATCHED)
        columns.append((ENSEMBLES[name], branch.tree, branch.distances, groups.get(name)))
    return trees_over_matrices(columns)


def _null_band(hierarchy: Hierarchy, which: str) -> Axes:
    """One statistic of all ensembles over the null of the first test."""
    return beside_null([(b.title, b.verdict.clusters) for b in hierarchy.branches], which)


def _null_caption(side: str) -> str:
    return (
        "Dots: measured, with jackknife errors over points. Grey: 1 to 99 % of one cluster, "
        "points that differ only in how far out they lie. Trees lie on the "
        f"{side} side, but flat clusters do as well."
    )


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on trees, null bands and overlaps."""
    hierarchy: Hierarchy = run.results["hierarchy"]
    matched = [b for b in hierarchy.branches if b.distances.kind == _MATCHED]
    return Section(
        "hierarchy",
        "(c) Hierarchy of solutions",
        "Do solutions form a tree of clusters, as states do under replica symmetry breaking?",
        method=_method(run),
        findings=[
            *(f"{b.title}: {b.verdict.sentence}" for b in matched),
            "Mean overlap of independent solutions: "
            f"{hierarchy.overlaps_of('independent').raw.mean} as trained, {hierarchy.aligned.mean} "
            f"after matching, {hierarchy.overlaps_of('independent').balanced.mean} in the balanced "
            f"gauge; of untrained networks {hierarchy.untrained.mean} after matching and "
            f"{hierarchy.overlaps_of('initial').balanced.mean} in the balanced gauge.",
        ],
        drawings=[drawings[name] for name in
                  ("tree-independent", "tree-forked", "trees", "nulls-cophenetic", "nulls-k",
                   "overlaps", "overlaps-predictions", "overlaps-ensembles")],
        tables=_tables(hierarchy, run.parameters.n_null),
    )  # fmt: skip


def _method(run: StudyRun) -> tuple[str, ...]:
    p, ensembles = run.parameters, run.results["ensembles"]
    return (
        "Five ensembles, reported apart: independent runs (E1), runs of one start (E2), runs of "
        f"mixed batch size and rate (E3: {'; '.join(ensembles.cell_names)}; train loss at the "
        f"end {ensembles.mixed_loss.min():.3f} to {ensembles.mixed_loss.max():.3f}), points of "
        f"free walks of length {p.branch_excursion:g} |θ₀| from {p.branch_solutions} solutions "
        f"(E4, train loss {ensembles.walked_loss.min():.3f} to "
        f"{ensembles.walked_loss.max():.3f}), and runs that share history and fork (E5). Five "
        "distances: between weights as trained, after matching hidden units pair by pair, after "
        "matching in the balanced gauge, between directions (1 - q), and between predictions on "
        "the test set.",
        "A dendrogram always looks like a tree, and in many dimensions all distances are nearly "
        "equal. So six statistics are compared with two nulls in turn: one cluster (points that "
        "differ only in how far out they lie, which worse solutions do), and flat clusters, at "
        "every number of them. A hierarchy has to beat both. A test that does not reject counts "
        "only if half a tree put into the null's own draws is found four times in five. Each test "
        f"has a level of 5 %, so that of {len(run.results['hierarchy'].branches)} rows one or two "
        f"may be wrong; claims ask for 1 %.",
        "Runs that share history, walks from one solution, and runs of one setting are nearer to "
        "each other for that reason: E3, E4 and E5 can show trees that say nothing about the "
        "landscape. Predictions of solutions that differ in quality lie farther out, and the first "
        "null keeps how far out each lies.",
    )


def _tables(hierarchy: Hierarchy, n_null: int) -> list[Table]:
    rows, measures, beside, linkages = [], [], [], []
    for branch in hierarchy.branches:
        pairs, found = branch.distances.pairs, branch.verdict
        flat = found.hierarchy
        rows.append((
            branch.title,
            len(branch.distances.values),
            f"{pairs.mean():.4g} ({pairs.std() / pairs.mean():.1%})",
            found.finding,
            f"{found.clusters.p_value:.2g}",
            f"{found.clusters.power:.0%}",
            None if flat is None else f"{flat.p_value:.2g}",
            None if flat is None else f"{flat.power:.0%}",
        ))  # fmt: skip
        s = branch.statistics
        measures.append((branch.title, s.k, s.iso, s.x_share, s.isosceles, s.k_picked,
                         s.cophenetic, s.rammal))  # fmt: skip
        beside.append((branch.title, *[
            f"{value:.3f} ({band.low:.3f} to {band.high:.3f})"
            for value, band in zip(found.clusters.values.mean, found.clusters.bands, strict=True)
        ]))  # fmt: skip
        linkages.append((branch.title, *[
            None if np.isnan(c) else f"{c:.3f} ({low:.3f} to {high:.3f})"
            for c, (low, high) in zip(branch.cophenetic, branch.cophenetic_null, strict=True)
        ]))  # fmt: skip
    return [
        Table(
            f"Verdict on every ensemble and distance ({n_null} draws of each null)",
            ("ensemble, distance", "n", "mean distance (c.v.)", "finding", "p, one cluster",
             "power", "p, flat clusters", "power"),
            rows,
        ),
        Table(
            "Measures of a tree, errors over points; trees lie low but for the share of isosceles "
            "triangles and the cophenetic correlation. Rammal's D feels how concentrated "
            "distances are, and compares only where that is alike",
            ("ensemble, distance", "K", "iso", "X of X and Y", "isosceles", "K, dendrogram",
             "cophenetic", "Rammal's D"),
            measures,
        ),
        Table(
            "The six statistics of the verdict, in brackets 1 to 99 % of one cluster",
            ("ensemble, distance", *hierarchy.branches[0].verdict.clusters.statistics),
            beside,
        ),
        Table(
            "Cophenetic correlation for every linkage, in brackets 1 to 99 % of one cluster",
            ("ensemble, distance", *LINKAGES),
            linkages,
        ),
    ]  # fmt: skip
