"""Protocol (c) in figures and words: the hierarchy of solutions."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn import plotting
from spinglass_nn.reports.liao2024._drawn import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.studies import Hierarchy, Solutions, StudyRun
from spinglass_nn.studies.recipes.liao2024.hierarchy import LINKAGES


def figures(hierarchy: Hierarchy, solutions: Solutions) -> Drawn:
    """Figures of trees, null bands and overlaps."""
    independent = hierarchy.branch("independent", "aligned euclidean")
    forked = hierarchy.branch("forked", "euclidean")
    drawn: Drawn = {
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
            "Positive control: runs that share history and part at the fork epochs, as trained "
            "(they were trained less long than the solutions). This is what a hierarchy looks "
            "like.",
            "Dendrogram of the forked runs over the matrix of their distances.",
        ),
        "nulls-cophenetic": (
            _null_band(hierarchy, "cophenetic"),
            _null_caption("high"),
            "Observed cophenetic correlations beside null bands.",
        ),
        "nulls-k": (
            _null_band(hierarchy, "k"),
            _null_caption("low"),
            "Observed K beside null bands.",
        ),
    }
    axes = plotting.overlap_distribution(hierarchy.raw, label="as trained")
    plotting.overlap_distribution(hierarchy.untrained, label="untrained, matched", ax=axes)
    plotting.overlap_distribution(hierarchy.aligned, label="trained, matched", ax=axes)
    drawn["overlaps"] = (
        axes,
        "P(q) of weight vectors over pairs of independent solutions, before and after matching "
        "hidden units, and of untrained networks after the same matching, which alone makes q "
        "positive. Bars are jackknife errors over solutions.",
        "Three distributions of the overlap.",
    )
    return drawn


def _null_band(hierarchy: Hierarchy, which: str) -> Axes:
    tests: list[Any] = [getattr(b.ultrametricity, which) for b in hierarchy.branches]
    return plotting.null_band(
        [t.value for t in tests],
        [t.draws for t in tests],
        names=[b.title for b in hierarchy.branches],
        statistic=tests[0].statistic,
    )


def _null_caption(side: str) -> str:
    return (
        "Dots: measured, with jackknife errors over solutions. Grey: 1 to 99 % of the null "
        "model's draws, points that differ only in how far out they lie. Trees lie on the "
        f"{side} side."
    )


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on trees, null bands and overlaps."""
    hierarchy: Hierarchy = run.results["hierarchy"]
    rows, linkages = [], []
    for branch in hierarchy.branches:
        test, values = branch.ultrametricity, branch.distances.values
        upper = values[np.triu_indices(len(values), 1)]
        rows.append((
            branch.title,
            len(values),
            f"{upper.mean():.4g} ({upper.std() / upper.mean():.1%})",
            test.cophenetic.value,
            f"{test.cophenetic.null.low:.2f} to {test.cophenetic.null.high:.2f}",
            test.k.value,
            f"{test.k.null.low:.2f} to {test.k.null.high:.2f}",
            f"{test.p_value:.2g}",
        ))  # fmt: skip
        linkages.append((branch.title, *[None if np.isnan(c) else f"{c:.3f}"
                                         for c in branch.cophenetic]))  # fmt: skip
    sentences = [f"{b.title}: {b.ultrametricity.sentence}" for b in hierarchy.branches]
    return Section(
        "hierarchy",
        "(c) Hierarchy of solutions",
        "Do solutions form a tree of clusters, as states do under replica symmetry breaking?",
        method=(
            "Distances between weight vectors as trained, after matching hidden units pair by "
            "pair, after matching in the balanced gauge, and between predictions on the test "
            "set. Average linkage; all triangles for K, which is 0 for ultrametric points.",
            "A dendrogram always looks like a tree, and in many dimensions all distances are "
            "nearly equal. So every number is compared with a null model: points that differ only "
            "in how far out they lie. Gaussian points would be too easy a null, since norms of "
            "networks differ and matching evens out pairs but not norms. The six tests are not "
            "corrected for their number. Forked runs, which have a tree by construction, show what "
            "would be seen, though most of their small K is due to the three starts, far apart and "
            "with eight near runs each. Predictions of solutions that differ in quality can look "
            "tree-like for that reason alone.",
        ),
        findings=sentences,
        drawings=[drawings[name] for name in
                  ("tree-independent", "tree-forked", "nulls-cophenetic", "nulls-k", "overlaps")],
        tables=[
            Table(
                "Ensembles and distances against their null models (1-99 % of "
                f"{run.parameters.n_null} draws); p is corrected for two statistics",
                ("ensemble, distance", "n", "mean distance (c.v.)", "cophenetic", "null",
                 "K", "null", "p"),
                rows,
            ),
            Table("Cophenetic correlation for every linkage", ("ensemble, distance", *LINKAGES),
                  linkages),
        ],
    )  # fmt: skip
