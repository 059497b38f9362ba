"""Claims of protocol (c): many minima, their hierarchy, and whether it is ultrametric."""

from __future__ import annotations

import numpy as np

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, INFERRED, SUMMARY, Claim
from spinglass_nn.studies.recipes.liao2024.hierarchy import Branch, Hierarchy
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions

# a spread of test accuracies below this share of the error rate counts as equal quality
_ALIKE = 0.1
# K below this share of its mean under the null counts as ultrametric
_ULTRAMETRIC = 0.1


def decide(solutions: Solutions, hierarchy: Hierarchy) -> list[Claim]:
    """Claims about the set of solutions."""
    return [_many_minima(solutions, hierarchy), _hierarchy(hierarchy), _ultrametric(hierarchy)]


def _many_minima(solutions: Solutions, hierarchy: Hierarchy) -> Claim:
    accuracies = solutions.history.last("test_accuracy")
    mean = float(accuracies.mean())
    # a scale that does not depend on the size of the test set
    alike = _ALIKE * (1 - mean)
    overlap = hierarchy.aligned.mean
    spread = float(accuracies.std(ddof=1))
    error = spread / np.sqrt(2 * (len(accuracies) - 1))
    distinct = rules.below(overlap, 0.9, hierarchy.aligned.n_units)
    verdict = rules.all_of(
        distinct, rules.below(Estimate(spread, error), alike, len(accuracies))
    )
    return Claim(
        "C12",
        "There are many distinct minima of nearly the same quality",
        SUMMARY,
        "b",
        "standard deviation of the test accuracy over independent solutions",
        Estimate(spread, error),
        f"similar means below {alike:.4f}, {_ALIKE:.0%} of the error rate; distinct means an "
        f"overlap after matching below 0.9, found {overlap}",
        verdict,
        f"{len(accuracies)} solutions of test accuracy {mean:.3f}; training stopped at a train "
        "loss, so they are points of low loss, not minima proper, and their train loss says "
        "nothing",
    )


def _tree_verdict(hierarchy: Hierarchy, branch: Branch) -> tuple[str, float]:
    """Verdict on a hierarchy, and the K half-way between noise and a tree.

    A small p-value alone is no hierarchy: solutions of different norm are a little more
    tree-like than equal ones. The points also have to come half-way to a tree by three
    errors; to deny a hierarchy they have to stay short of that by as much, and the instrument
    has to see the one in the forked runs.
    """
    test, half = branch.ultrametricity, branch.ultrametricity.k.null.mean / 2
    place = rules.below(test.k.value, half, branch.distances.n_points)
    seen = hierarchy.branch("forked", "euclidean").ultrametricity.verdict == "more tree-like"
    if test.p_value <= test.level and place == rules.SUPPORTED:
        return rules.SUPPORTED, half
    if seen and place == rules.NOT_SUPPORTED:
        return rules.NOT_SUPPORTED, half
    return rules.CANNOT_TELL, half


def _hierarchy(hierarchy: Hierarchy) -> Claim:
    """Solutions that share nothing are the test; the forked ones show that it can succeed."""
    branch = hierarchy.branch("independent", "aligned euclidean")
    control = hierarchy.branch("forked", "euclidean").ultrametricity
    test = branch.ultrametricity
    verdict, half = _tree_verdict(hierarchy, branch)
    band = test.cophenetic.null
    return Claim(
        "C13",
        "Clustering of independently trained solutions shows a hierarchy like that of RSB",
        ABSTRACT,
        "c",
        "cophenetic correlation of average linkage, distances after matching",
        test.cophenetic.value,
        f"{test.null}: {band.low:.3f} to {band.high:.3f} (1-99 %), p = "
        f"{test.cophenetic.corrected:.2g}; forked runs, which share history: "
        f"{control.cophenetic.value.mean:.3f}",
        verdict,
        f"a hierarchy has to come half-way to a tree (K below {half:.2f}) at p < "
        f"{test.level:g}; found K = {test.k.value}",
    )


def _ultrametric(hierarchy: Hierarchy) -> Claim:
    branch = hierarchy.branch("independent", "aligned euclidean")
    control = hierarchy.branch("forked", "euclidean").ultrametricity.k.value
    test = branch.ultrametricity.k
    most = _ULTRAMETRIC * test.null.mean
    verdict = rules.below(test.value, most, branch.distances.n_points)
    return Claim(
        "C14",
        "The hierarchy of solutions is ultrametric",
        INFERRED,
        "c",
        "K = ⟨d₃ - d₂⟩ / sd(d) over all triangles, distances after matching",
        test.value,
        f"{branch.ultrametricity.null}: {test.null.low:.3f} to {test.null.high:.3f} (1-99 %), p = "
        f"{test.corrected:.2g}; ultrametric points: 0; forked runs: {control.mean:.3f}",
        verdict,
        f"K has to lie below {most:.3f}, {_ULTRAMETRIC:.0%} of its value without hierarchy",
    )
