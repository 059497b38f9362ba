"""The claims of the paper, each decided by a stated criterion against a control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.statistics import Estimate, mean_estimate, spearman
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import Claim
from spinglass_nn.studies.recipes.liao2024.flatness import MEASURES, RULES, Sweep
from spinglass_nn.studies.recipes.liao2024.hierarchy import Branch, Hierarchy
from spinglass_nn.studies.recipes.liao2024.interpolation import Interpolation
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.recipes.liao2024.walks import Walks
from spinglass_nn.typing import Float64Array

ABSTRACT = "abstract"
SUMMARY = "third-party summary"
INFERRED = "inferred, not seen in the paper"

# rounding of a loss in float64; a copy's loss differs by summation order alone
_ROUNDING = 1e-12
# how far from the quadratic law counts as structure
_LAW_MARGIN = 0.1


def decide(parameters: Parameters, data: Dataset, results: Mapping[str, Any]) -> list[Claim]:
    """Decide every claim this study tests."""
    walks, paths = results["walks"], results["interpolation"]
    solutions, hierarchy, sweep = (
        results["solutions"], results["hierarchy"], results["flatness"],
    )  # fmt: skip
    return [
        _structure(parameters, walks),
        _rises(parameters, walks),
        _copies(paths),
        _barrier(paths),
        _grows(paths),
        _many_minima(parameters, data, solutions, hierarchy),
        _hierarchy(hierarchy),
        _ultrametric(hierarchy),
        *[_generalizes(parameters, sweep, rule) for rule in range(2)],
        *[_small_batch(parameters, sweep, rule) for rule in range(2)],
        *[_correlates(parameters, sweep, rule) for rule in range(2)],
    ]


def _structure(p: Parameters, walks: Walks) -> Claim:
    place = int(np.argmin(np.abs(np.log(walks.excursions))))
    rho, shortest = walks.excursions[place], walks.excursions[0]
    ratio, hessian = walks.growth(place), walks.quadratic_ratio()[0]
    n = len(walks.traces)
    verdict = rules.outside(ratio, 1 - _LAW_MARGIN, 1 + _LAW_MARGIN, n)
    reasons = {
        rules.SUPPORTED: "the rise departs from a quadratic bowl on the way to this length",
        rules.NOT_SUPPORTED: "the neighbourhood is a quadratic bowl out to this length, and "
                             "the walk sees nothing but its curvature",
        rules.CANNOT_TELL: "the error does not exclude either",
    }  # fmt: skip
    return Claim(
        "C5",
        "A random walk in parameter space reveals structure of the landscape",
        ABSTRACT,
        "a",
        f"loss rise per squared distance at {rho:g} |θ| over that at {shortest:g} |θ|, same "
        "directions",
        ratio,
        f"quadratic law = 1, structure counts from ±{_LAW_MARGIN:.0%}; at {shortest:g} |θ| the "
        f"rise is {hessian} times that of the Hessian's trace, which does not see the kinks of "
        "ReLU units",
        verdict,
        reasons[verdict],
    )


def _rises(p: Parameters, walks: Walks) -> Claim:
    place = int(np.argmin(np.abs(np.log(walks.excursions))))
    n = walks.norms.size
    rise = mean_estimate(walks.rise("trained")[place])
    fall = mean_estimate(walks.fall("trained")[place])
    control = mean_estimate(walks.rise("untrained")[place])
    verdict = rules.all_of(rules.above(rise, 0, n), rules.below(fall, 0, n))
    return Claim(
        "C7",
        "Along a free walk from a solution the loss rises and the accuracy falls",
        INFERRED,
        "a",
        f"change of the train loss over a walk of length {walks.excursions[place]:g} |θ|",
        rise,
        f"walks of the same relative length from untrained points: {control}; accuracy "
        f"changes by {fall}",
        verdict,
        "both have to change by more than their error over solutions",
    )


def _copies(paths: Interpolation) -> Claim:
    error = paths.copy_error
    verdict = rules.SUPPORTED if error < _ROUNDING else rules.NOT_SUPPORTED
    return Claim(
        "C8",
        "Permuting hidden units gives copies of identical loss",
        ABSTRACT,
        "b",
        "largest |ΔL| between a solution and 4 random copies, in float64",
        Estimate(error, 0.0),
        f"rounding, {_ROUNDING:g}",
        verdict,
        "an exact symmetry of the architecture",
    )


def _barrier(paths: Interpolation) -> Claim:
    barriers, peaks = paths.barriers[-1], paths.peaks[-1]
    barrier, peak = mean_estimate(barriers), mean_estimate(peaks)
    independent = mean_estimate(np.array([c.barrier for c in paths.pairs]))
    n = barriers.size
    verdict = rules.all_of(
        rules.above(barrier, 0, n), rules.above(peak, 0.4, n), rules.below(peak, 0.6, n)
    )
    return Claim(
        "C10",
        "On the straight line to a permuted copy the loss rises to one barrier near the middle",
        INFERRED,
        "b",
        f"barrier to copies with {paths.fractions[-1]:.0%} of the units moved (nats)",
        barrier,
        f"two independent solutions: {independent}; peak at t = {peak}",
        verdict,
        "the barrier has to exceed zero and the peak to lie in 0.4 to 0.6; a barrier on the "
        "straight line says nothing about other paths",
    )


def _grows(paths: Interpolation) -> Claim:
    full, swap = paths.barriers[-1], paths.swap_barriers
    ratio = mean_estimate(swap / full)
    trend = spearman(
        np.repeat(paths.fractions, paths.barriers.shape[1]), paths.barriers.ravel(), rng=0
    )
    verdict = rules.all_of(
        rules.below(ratio, 0.1, full.size), rules.above(Estimate(trend.low, 0.0), 0)
    )
    return Claim(
        "C11",
        "The barrier grows with the share of permuted units and is tiny for a single swap",
        INFERRED,
        "b",
        "barrier of one swap over that of a full permutation, same solution",
        ratio,
        f"tiny means below 0.1; rank correlation of barrier and share: {trend.estimate} "
        f"(95 % from {trend.low:.2f} to {trend.high:.2f})",
        verdict,
        "the ratio has to lie below 0.1 and the rank correlation above 0",
    )


def _many_minima(
    p: Parameters, data: Dataset, solutions: Solutions, hierarchy: Hierarchy
) -> Claim:
    accuracies = solutions.history.last("test_accuracy")
    assert data.test is not None
    mean = float(accuracies.mean())
    sampling = float(np.sqrt(mean * (1 - mean) / data.test.n_samples))
    overlap = hierarchy.aligned.mean
    # all solutions see one test set, so its sampling error is only a scale to compare with
    spread = float(accuracies.std(ddof=1))
    error = spread / np.sqrt(2 * (len(accuracies) - 1))
    distinct = rules.below(overlap, 0.9)
    verdict = rules.all_of(
        distinct, rules.below(Estimate(spread, error), 2 * sampling, len(accuracies))
    )
    return Claim(
        "C12",
        "There are many distinct minima of nearly the same quality",
        SUMMARY,
        "b",
        "standard deviation of the test accuracy over independent solutions",
        Estimate(spread, error),
        f"similar means below {2 * sampling:.4f}, twice the sampling error of one accuracy; "
        f"distinct means an overlap after matching below 0.9, found {overlap}",
        verdict,
        f"{len(accuracies)} solutions of test accuracy {mean:.3f}; their train loss is set by "
        "the stopping rule and says nothing",
    )


def _tree_verdict(hierarchy: Hierarchy, branch: Branch) -> tuple[str, float]:
    """Verdict on a hierarchy, and the K half-way between noise and a tree.

    A small p-value alone is no hierarchy: solutions of different norm are a little more
    tree-like than equal ones. The points also have to come half-way to a tree; to deny a
    hierarchy they have to stay short of that by three errors, and the instrument has to see
    the one in the forked runs.
    """
    test, half = branch.ultrametricity, branch.ultrametricity.k.null.mean / 2
    k = test.k.value
    seen = hierarchy.branch("forked", "euclidean").ultrametricity.verdict == "more tree-like"
    if test.p_value <= test.level and k.mean <= half:
        return rules.SUPPORTED, half
    if seen and rules.above(k, half) == rules.SUPPORTED:
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
    verdict, half = _tree_verdict(hierarchy, branch)
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
        f"K has to lie below {half:.2f}, half-way from noise to ultrametric points",
    )


def _ranked(x: Float64Array, y: Float64Array) -> tuple[Estimate, float, float, float]:
    found = spearman(x.ravel(), y.ravel(), rng=0)
    return found.estimate, found.low, found.high, found.p_value


def _correlation_verdict(estimate: Estimate, sign: int, p_value: float) -> str:
    """A correlation is decided by its permutation p-value at 1 %, in both directions."""
    if p_value > 0.01:
        return rules.CANNOT_TELL
    return rules.SUPPORTED if estimate.mean * sign > 0 else rules.NOT_SUPPORTED


def _runs(sweep: Sweep) -> str:
    return f"{sweep.gap[0].size} runs over {sweep.batch_sizes.size} batch sizes"


def _generalizes(p: Parameters, sweep: Sweep, rule: int) -> Claim:
    flat, accuracy = sweep.sharpness[1, rule], sweep.test_accuracy[rule]
    estimate, low, high, p_value = _ranked(flat, accuracy)
    others = ", ".join(
        f"{MEASURES[k]} {_ranked(sweep.sharpness[k, rule], accuracy)[0]}" for k in (0, 2)
    )
    return Claim(
        f"C15 ({RULES[rule]})",
        "Flatter minima generalize better",
        ABSTRACT,
        "d",
        "rank correlation of sharpness F2 with test accuracy (negative: flat is good)",
        estimate,
        f"no association = 0, p = {p_value:.2g} by permutation; 95 % from {low:.2f} to "
        f"{high:.2f}; other measures: {others}",
        _correlation_verdict(estimate, -1, p_value),
        f"{_runs(sweep)}; decided at p < 0.01",
    )


def _small_batch(p: Parameters, sweep: Sweep, rule: int) -> Claim:
    small, large = sweep.sharpness[1, rule, 0], sweep.sharpness[1, rule, -1]
    difference = mean_estimate(np.log(large / small))
    verdict = rules.above(difference, 0, small.size)
    reached = bool(sweep.reached[rule].all())
    if not reached:
        verdict = rules.CANNOT_TELL
    f1 = mean_estimate(np.log(sweep.sharpness[0, rule, -1] / sweep.sharpness[0, rule, 0]))
    f3 = mean_estimate(np.log(sweep.sharpness[2, rule, -1] / sweep.sharpness[2, rule, 0]))
    return Claim(
        f"C16 ({RULES[rule]})",
        "Small batches find flatter minima than large ones",
        SUMMARY,
        "d",
        f"log ratio of F2 at batch {sweep.batch_sizes[-1]} to batch {sweep.batch_sizes[0]}, "
        "same start",
        difference,
        f"equal flatness = 0; F1 {f1}, F3 {f3}",
        verdict,
        f"{small.size} pairs of runs"
        + ("" if reached else "; some runs did not reach the loss they were to stop at"),
    )


def _correlates(p: Parameters, sweep: Sweep, rule: int) -> Claim:
    flat, gap = sweep.sharpness[1, rule], sweep.gap[rule]
    estimate, low, high, p_value = _ranked(flat, gap)
    return Claim(
        f"C17 ({RULES[rule]})",
        "Flatness goes with a small generalization gap across runs",
        SUMMARY,
        "d",
        "rank correlation of sharpness F2 with test loss minus train loss (positive: flat is "
        "good)",
        estimate,
        f"no association = 0, p = {p_value:.2g} by permutation; 95 % from {low:.2f} to "
        f"{high:.2f}",
        _correlation_verdict(estimate, 1, p_value),
        f"{_runs(sweep)}; decided at p < 0.01",
    )
