"""Protocol (c): hierarchical clustering of solutions, against nulls and a positive control."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.networks import Replicas
from spinglass_nn.overlaps import (
    Distances,
    OverlapDistribution,
    Tree,
    Ultrametricity,
    cluster,
    distances,
    distribution,
    matrix,
    ultrametricity,
)
from spinglass_nn.overlaps.clustering import Method
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array

# ensemble, kind of distance, what the row is called
ROWS = (
    ("independent", "euclidean", "E1 independent, as trained"),
    ("independent", "aligned euclidean", "E1 independent, matched"),
    ("independent", "balanced euclidean", "E1 independent, matched and balanced"),
    ("independent", "disagreement", "E1 independent, predictions"),
    ("same_start", "euclidean", "E2 same start, as trained"),
    ("forked", "euclidean", "E5 forked (control), as trained"),
)
# of every test; claims are decided at this level throughout
LEVEL = 0.01
LINKAGES: tuple[Method, ...] = ("average", "single", "complete", "ward")


@result()
class Branch:
    """One ensemble seen through one distance.

    Parameters
    ----------
    ensemble, title : str
        Which solutions; the row's name in figures and tables.
    distances : Distances
        Between them.
    tree : Tree
        Average linkage.
    cophenetic : array (n_linkages,)
        Cophenetic correlation for every linkage of `LINKAGES`; NaN where a linkage does not
        apply to the distance.
    ultrametricity : Ultrametricity
        Against points that differ only in how far out they lie.
    """

    ensemble: str
    title: str
    distances: Distances
    tree: Tree
    cophenetic: Float64Array
    ultrametricity: Ultrametricity


@result()
class Hierarchy:
    """All ensembles and distances, and the distribution of overlaps.

    Parameters
    ----------
    branches : tuple of Branch
        One for each entry of `ROWS`; none for predictions where all solutions predict alike.
    raw, aligned, untrained : OverlapDistribution
        P(q) of independent solutions before and after matching, and of untrained networks
        after matching (what matching alone does).
    """

    branches: tuple[Branch, ...]
    raw: OverlapDistribution
    aligned: OverlapDistribution
    untrained: OverlapDistribution

    def branch(self, ensemble: str, kind: str) -> Branch:
        """The branch of an ensemble and a distance."""
        for branch in self.branches:
            if (branch.ensemble, branch.distances.kind) == (ensemble, kind):
                return branch
        raise KeyError(f"{ensemble}, {kind}")


def run(context: Context) -> Hierarchy:
    """Measure every branch and P(q)."""
    found: Solutions = context.results["solutions"]
    branches = []
    with track(len(ROWS), "distances and null models", context.progress) as tick:
        for k, row in enumerate(ROWS):
            branch = _branch(context, getattr(found, row[0]), row, k)
            branches += [] if branch is None else [branch]
            tick(1)
    return Hierarchy(
        branches=tuple(branches),
        raw=distribution(matrix(found.independent)),
        aligned=distribution(_aligned(context, found.independent)),
        untrained=distribution(_aligned(context, found.initial)),
    )


def _aligned(context: Context, replicas: Replicas) -> Float64Array:
    return matrix(replicas, align="permutations", n_threads=context.n_threads)


def _branch(
    context: Context, replicas: Replicas, row: tuple[str, str, str], number: int
) -> Branch | None:
    p: Parameters = context.parameters
    ensemble, kind, title = row
    data = context.shared.test if kind == "disagreement" else None
    found = distances(replicas, kind=kind, data=data, n_threads=context.n_threads)
    if kind == "disagreement" and _all_equal(found):
        return None
    test = ultrametricity(
        found,
        null="star",  # norms of networks differ: Gaussian points would be too easy a null
        n_null=p.n_null,
        level=LEVEL,
        rng=context.rng(number),
        n_threads=context.n_threads,
    )
    linkages = [
        np.nan
        if method == "ward" and "euclidean" not in kind
        else cluster(found, method=method).cophenetic_correlation
        for method in LINKAGES
    ]
    return Branch(
        ensemble=ensemble,
        title=title,
        distances=found,
        tree=cluster(found),
        cophenetic=np.array(linkages),
        ultrametricity=test,
    )


def _all_equal(found: Distances) -> bool:
    apart = found.values[np.triu_indices(len(found.values), 1)]
    return bool(np.ptp(apart) == 0)
