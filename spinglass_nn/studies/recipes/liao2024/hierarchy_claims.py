"""Claims of protocol (c): many minima, their hierarchy, and whether it is ultrametric."""

from __future__ import annotations

import numpy as np

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, INFERRED, SUMMARY, Claim
from spinglass_nn.studies.recipes.liao2024.glasses import Glasses
from spinglass_nn.studies.recipes.liao2024.hierarchy import Branch, Hierarchy, is_sure
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions

# a spread of test accuracies below this share of the error rate counts as equal quality
_ALIKE = 0.1
# K below this share of its mean under the null counts as ultrametric
_ULTRAMETRIC = 0.1
_CONTROL = "forked"  # seen through the distance of the claim
_ENSEMBLES = (
    ("C13", "independent", "aligned euclidean", ABSTRACT,
     "Clustering of independently trained solutions shows a hierarchy like that of RSB"),
    ("C13 (predictions)", "independent", "disagreement", INFERRED,
     "Clustering of their predictions shows a hierarchy like that of RSB"),
    ("C13 (E3)", "mixed", "aligned euclidean", INFERRED,
     "Solutions of mixed batch sizes and learning rates form a hierarchy"),
    ("C13 (E4)", "walked", "aligned euclidean", INFERRED,
     "Points of walks from several solutions form a hierarchy"),
)  # fmt: skip


def decide(solutions: Solutions, hierarchy: Hierarchy, glasses: Glasses) -> list[Claim]:
    """Claims about the set of solutions."""
    return [
        _many_minima(solutions, hierarchy),
        *(_hierarchy(hierarchy, glasses, *row) for row in _ENSEMBLES),
        _ultrametric(hierarchy),
    ]


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


def _hierarchy(
    hierarchy: Hierarchy,
    glasses: Glasses,
    name: str,
    ensemble: str,
    kind: str,
    source: str,
    statement: str,
) -> Claim:
    """The verdict of the instrument; forked runs show that it can say yes."""
    statistic = (
        "score of the strongest of six statistics against one cluster, in sd of that null"
    )
    try:
        branch, forked = (hierarchy.branch(e, kind) for e in (ensemble, _CONTROL))
    except KeyError:
        return Claim(
            name, statement, source, "c", statistic, Estimate(np.nan, np.nan), "-",
            rules.CANNOT_TELL, "all distances are equal",
        )  # fmt: skip
    control = forked.verdict.finding
    descents = glasses.of("descents-3")
    found = branch.verdict
    tests = "; ".join(
        f"{test.null}: p = {test.p_value:.2g}, power {test.power:.0%}"
        for test in (found.clusters, found.hierarchy)
        if test is not None
    )
    return Claim(
        name,
        statement,
        source,
        "c",
        statistic,
        Estimate(float(found.clusters.scores.max()), 1.0),
        f"{tests}; forked runs, which share history: {control}; {descents.title}: "
        f"{descents.verdict.finding}",
        _decided(branch, control),
        f"{branch.title}: {found.sentence}{_CAUTION[ensemble]}",
        extreme=True,
    )


_CAUTION = {
    "independent": "",
    "mixed": " A tree of these would be one of the settings, not of the landscape.",
    "walked": " Points of one walk share history: a tree of these is that of the walks.",
}


def _decided(branch: Branch, control: str) -> str:
    """Judge by both tests; "no" counts only with power, and if the control was seen."""
    found = branch.verdict
    if found.finding == "hierarchy":
        return rules.SUPPORTED if is_sure(found) else rules.CANNOT_TELL
    seen = found.finding != "cannot tell" and control == "hierarchy"
    return rules.NOT_SUPPORTED if seen else rules.CANNOT_TELL


def _ultrametric(hierarchy: Hierarchy) -> Claim:
    branch = hierarchy.branch("independent", "aligned euclidean")
    control = hierarchy.branch(_CONTROL, branch.distances.kind)
    null, value = branch.verdict.clusters.bands[0], branch.statistics.k
    most = _ULTRAMETRIC * null.mean
    n = min(branch.distances.n_points, control.distances.n_points)
    verdict = rules.below(value, most, branch.distances.n_points)
    seen = rules.above(value - control.statistics.k, 0, n) == rules.SUPPORTED
    if verdict == rules.NOT_SUPPORTED and not seen:  # a limit that a tree may fail too
        verdict = rules.CANNOT_TELL
    return Claim(
        "C14",
        "The hierarchy of solutions is ultrametric",
        INFERRED,
        "c",
        "K = ⟨d₃ - d₂⟩ / sd(d) over all triangles, distances after matching",
        value,
        f"one cluster: {null.low:.3f} to {null.high:.3f} (1-99 %); ultrametric points: 0; forked "
        f"runs: {control.statistics.k}",
        verdict,
        f"K has to lie below {most:.3f}, {_ULTRAMETRIC:.0%} of its value without hierarchy; "
        "denied only if it lies above that of the forked runs as well",
    )
