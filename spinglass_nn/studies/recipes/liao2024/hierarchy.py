"""Protocol (c): hierarchical clustering of solutions, against nulls and a positive control."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.networks import Replicas
from spinglass_nn.overlaps import (
    Distances,
    OverlapDistribution,
    Tree,
    TreeStatistics,
    Verdict,
    cluster,
    distances,
    distribution,
    matrix,
    star_null,
    tree_statistics,
    verdict,
)
from spinglass_nn.overlaps.clustering import Method
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies.recipes.liao2024.ensembles import Ensembles
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array

ENSEMBLES = {
    "initial": "untrained",
    "early": "early",
    "independent": "E1 independent",
    "same_start": "E2 same start",
    "mixed": "E3 mixed batch and rate",
    "walked": "E4 walks from solutions",
    "forked": "E5 forked (control)",
}
KINDS = {
    "euclidean": "as trained",
    "aligned euclidean": "matched",
    "balanced euclidean": "matched and balanced",
    "1 - overlap": "directions",
    "disagreement": "predictions",
}
# points that are no solutions, for comparison: after matching and in function space only
_BEFORE = ("initial", "early")
# ensemble, kind of distance, what the row is called
ROWS = tuple(
    (ensemble, kind, f"{title}, {seen}")
    for ensemble, title in ENSEMBLES.items()
    for kind, seen in KINDS.items()
    if ensemble not in _BEFORE or kind in ("aligned euclidean", "disagreement")
)
# of a hierarchy in a claim; verdicts are made at the level they were calibrated at
LEVEL = 0.01
LINKAGES: tuple[Method, ...] = ("average", "single", "complete", "ward")


@result(version=3)
class Branch:
    """One ensemble seen through one distance.

    Parameters
    ----------
    ensemble, title : str
        Which points; the row's name in figures and tables.
    distances : Distances
        Between them.
    tree : Tree
        Average linkage.
    cophenetic : array (n_linkages,)
        Cophenetic correlation for every linkage of `LINKAGES`; NaN where a linkage does not
        apply to the distance.
    cophenetic_null : array (n_linkages, 2)
        1 and 99 % of the same for one cluster, points that differ only in how far out they lie.
    statistics : TreeStatistics
        Ten measures of a tree, with errors over points.
    verdict : Verdict
        Noise, one cluster, clusters, a hierarchy, or that it cannot be told.
    """

    ensemble: str
    title: str
    distances: Distances
    tree: Tree
    cophenetic: Float64Array
    cophenetic_null: Float64Array
    statistics: TreeStatistics
    verdict: Verdict


@result()
class Overlaps:
    """P(q) of one ensemble, before and after symmetries are removed.

    Parameters
    ----------
    ensemble : str
        Which points.
    raw, aligned, balanced : OverlapDistribution
        Of weights: as they are, after matching hidden units, after matching in the balanced
        gauge.
    predictions : OverlapDistribution
        Of labels on the test set, which know no symmetry.
    """

    ensemble: str
    raw: OverlapDistribution
    aligned: OverlapDistribution
    balanced: OverlapDistribution
    predictions: OverlapDistribution


@result(version=3)
class Hierarchy:
    """All ensembles and distances, and the distribution of overlaps.

    Parameters
    ----------
    branches : tuple of Branch
        One for each entry of `ROWS`; none where all distances are equal, as those between
        predictions of solutions that predict alike.
    overlaps : tuple of Overlaps
        One for each of `ENSEMBLES`.
    dependence : Estimate
        Mean squared correlation between the activity of a hidden unit (on or off) and an
        input, over that of independent ones, 1/(n - 1) for n samples; over solutions.
    """

    branches: tuple[Branch, ...]
    overlaps: tuple[Overlaps, ...]
    dependence: Estimate

    def branch(self, ensemble: str, kind: str) -> Branch:
        """The branch of an ensemble and a distance."""
        for branch in self.branches:
            if (branch.ensemble, branch.distances.kind) == (ensemble, kind):
                return branch
        raise KeyError(f"{ensemble}, {kind}")

    def overlaps_of(self, ensemble: str) -> Overlaps:
        """P(q) of an ensemble."""
        return self.overlaps[tuple(ENSEMBLES).index(ensemble)]

    @property
    def aligned(self) -> OverlapDistribution:
        """P(q) of independent solutions after matching."""
        return self.overlaps_of("independent").aligned

    @property
    def untrained(self) -> OverlapDistribution:
        """P(q) of untrained networks after matching: what matching alone does."""
        return self.overlaps_of("initial").aligned


def run(context: Context) -> Hierarchy:
    """Measure every branch and P(q)."""
    solutions: Solutions = context.results["solutions"]
    ensembles: Ensembles = context.results["ensembles"]
    points = {
        name: getattr(ensembles if hasattr(ensembles, name) else solutions, name)
        for name in ENSEMBLES
    }
    branches = []
    with track(len(ROWS), "distances and null models", context.progress) as tick:
        for k, row in enumerate(ROWS):
            branch = _branch(context, points[row[0]], row, k)
            branches += [] if branch is None else [branch]
            tick(1)
    return Hierarchy(
        branches=tuple(branches),
        overlaps=tuple(_overlaps(context, name, points[name]) for name in ENSEMBLES),
        dependence=dependence(solutions.independent, context.shared.test),
    )


def _overlaps(context: Context, ensemble: str, replicas: Replicas) -> Overlaps:
    def seen(align: str | None = None, of: str = "weights") -> OverlapDistribution:
        data = context.shared.test if of == "labels" else None
        q = matrix(replicas, of=of, align=align, data=data, n_threads=context.n_threads)
        return distribution(q)

    return Overlaps(ensemble, seen(), seen("permutations"), seen("balanced"), seen(of="labels"))


def _branch(
    context: Context, replicas: Replicas, row: tuple[str, str, str], number: int
) -> Branch | None:
    p: Parameters = context.parameters
    ensemble, kind, title = row
    data = context.shared.test if kind == "disagreement" else None
    found = distances(replicas, kind=kind, data=data, n_threads=context.n_threads)
    if np.ptp(found.pairs) <= 1e-12 * found.pairs.max():
        return None
    judged = verdict(
        found,
        n_null=p.n_null,
        n_controls=p.n_controls,
        rng=context.rng(number),
        n_threads=context.n_threads,
    )
    generator = np.random.default_rng(context.rng(number, 1))
    null = star_null(found)
    draws = np.array(
        [_linkages(replace(found, values=null.draw(generator))) for _ in range(p.n_null)]
    )
    return Branch(
        ensemble=ensemble,
        title=title,
        distances=found,
        tree=cluster(found),
        cophenetic=_linkages(found),
        cophenetic_null=np.quantile(draws, (0.01, 0.99), axis=0).T,
        statistics=tree_statistics(found, n_threads=context.n_threads),
        verdict=judged,
    )


def _linkages(found: Distances) -> Float64Array:
    """Cophenetic correlation of distances for every linkage; Ward's needs Euclidean ones."""
    return np.array(
        [
            np.nan
            if method == "ward" and "euclidean" not in found.kind
            else cluster(found, method=method).cophenetic_correlation
            for method in LINKAGES
        ]
    )


def is_sure(found: Verdict) -> bool:
    """Whether the tests that made a finding rejected their nulls at the level of claims."""
    if found.finding == "hierarchy" and found.hierarchy is not None:
        return max(found.clusters.p_value, found.hierarchy.p_value) <= LEVEL
    if found.finding == "clusters without hierarchy":
        return found.clusters.p_value <= LEVEL
    return found.finding != "cannot tell"  # nothing was rejected, and there was power


def dependence(replicas: Replicas, data: Dataset) -> Estimate:
    """How far activities of hidden units depend on the inputs; 1 if they do not.

    The mapping to a spin glass takes them for independent. Units that are always on or off,
    and inputs that never vary, do not count.

    Parameters
    ----------
    replicas : Replicas
        Networks with one hidden layer.
    data : Dataset
        Samples of the inputs.

    Returns
    -------
    Estimate
        Mean squared correlation times n - 1, mean over networks.
    """
    inputs = _standardised(np.asarray(data.inputs, dtype=np.float64))
    first = replicas.layers[0]
    values = []
    assert first.bias is not None
    for weights, biases in zip(first.weight, first.bias, strict=True):
        active = _standardised((data.inputs @ weights.T + biases > 0).astype(np.float64))
        squared = np.square(active.T @ inputs / len(inputs))
        values.append(float(squared.mean()) * (len(inputs) - 1))
    return mean_estimate(np.array(values))


def _standardised(columns: Float64Array) -> Float64Array:
    spread = columns.std(axis=0)
    kept = spread > 1e-9 * np.abs(columns).max()
    scaled: Float64Array = (columns[:, kept] - columns[:, kept].mean(axis=0)) / spread[kept]
    return scaled
