"""The claims of the paper, each decided by a stated criterion against a control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import LossCurve
from spinglass_nn.statistics import Estimate, RankCorrelation
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
# a spread of test accuracies below this share of the error rate counts as equal quality
_ALIKE = 0.1
# K below this share of its mean under the null counts as ultrametric
_ULTRAMETRIC = 0.1


def decide(parameters: Parameters, data: Dataset, results: Mapping[str, Any]) -> list[Claim]:
    """Decide every claim this study tests."""
    walks, paths = results["walks"], results["interpolation"]
    solutions, hierarchy, sweep = (
        results["solutions"], results["hierarchy"], results["flatness"],
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN: nothing can be told
        return [
            _structure(parameters, walks),
            _rises(parameters, walks),
            _copies(paths),
            _barrier(parameters, paths),
            _grows(parameters, paths),
            _many_minima(solutions, hierarchy),
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
        f"quadratic law = 1, structure counts from ±{_LAW_MARGIN:.0%}; the same runs early in "
        f"training, at a loss of {walks.early_loss.mean():.2f}: {walks.growth(place, early=True)}; "
        f"at {shortest:g} |θ| the rise is {hessian} times that of the Hessian's trace, which does "
        "not see the kinks of ReLU units",
        verdict,
        reasons[verdict] + f", for solutions of train loss {p.stop_at_loss:g}",
    )


def _rises(p: Parameters, walks: Walks) -> Claim:
    place = int(np.argmin(np.abs(np.log(walks.excursions))))
    n = walks.norms.size
    rise = rules.mean_of(walks.rise("trained")[place])
    fall = rules.mean_of(walks.fall("trained")[place])
    control = rules.mean_of(walks.rise("untrained")[place])
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


def _by_solution(values: Float64Array, p: Parameters) -> Float64Array:
    """Means over the permutations of one solution: these, not permutations, are independent."""
    return np.array([values[k :: p.n_solutions].mean() for k in range(p.n_solutions)
                     if k < len(values)])  # fmt: skip


def _one_hump(curve: LossCurve) -> float:
    """1 if the loss only rises up to its highest point and only falls after it, else 0."""
    steps, top = np.diff(curve.loss), int(curve.loss.argmax())
    slack = 1e-3 * curve.barrier  # a dip smaller than this is no second barrier
    return float((steps[:top] >= -slack).all() and (steps[top:] <= slack).all())


def _barrier(p: Parameters, paths: Interpolation) -> Claim:
    barrier = rules.mean_of(_by_solution(paths.barriers[-1], p))
    peak = rules.mean_of(_by_solution(paths.peaks[-1], p))
    # a barrier cannot be negative, this can
    middle = rules.mean_of(
        _by_solution(
            np.array(
                [c.loss[c.loss.size // 2] - (c.loss[0] + c.loss[-1]) / 2 for c in paths.copies]
            ),
            p,
        )
    )
    humps = np.array([_one_hump(c) for c in paths.copies])
    independent = rules.mean_of(np.array([c.barrier for c in paths.pairs]))
    n = min(paths.barriers.shape[1], p.n_solutions)
    verdict = rules.all_of(
        rules.above(middle, 0, n),
        rules.above(peak, 0.4, n),
        rules.below(peak, 0.6, n),
        rules.above(rules.mean_of(_by_solution(humps, p)), 0.5, n),
    )
    return Claim(
        "C10",
        "On the straight line to a permuted copy the loss rises to one barrier near the middle",
        INFERRED,
        "b",
        f"barrier to copies with {paths.fractions[-1]:.0%} of the units moved (nats)",
        barrier,
        f"two independent solutions: {independent}; peak at t = {peak}; excess in the middle "
        f"{middle}; a single hump on {humps.sum():.0f} of {humps.size} lines",
        verdict,
        "the loss in the middle has to exceed that of the ends, the peak to lie in 0.4 to 0.6 "
        "and most lines to have one hump; a barrier on the straight line says nothing about "
        "other paths",
    )


def _grows(p: Parameters, paths: Interpolation) -> Claim:
    full, swap = paths.barriers[-1], paths.swap_barriers
    ratio = rules.mean_of(_by_solution(swap / full, p))
    n_fractions, n = paths.barriers.shape
    trend = rules.ranked(  # the barriers of one solution belong together
        np.tile(paths.fractions, n),
        paths.barriers.T,
        groups=np.repeat(np.arange(n), n_fractions),
    )
    rising = rules.CANNOT_TELL
    if trend.low > 0 or trend.high < 0:  # an interval that holds zero tells nothing
        rising = rules.SUPPORTED if trend.low > 0 else rules.NOT_SUPPORTED
    verdict = rules.all_of(rules.below(ratio, 0.1, min(n, p.n_solutions)), rising)
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


def _ranked(x: Float64Array, y: Float64Array) -> tuple[Estimate, float, float, float]:
    found = rules.ranked(x, y)
    return found.estimate, found.low, found.high, found.p_value


def _equal_batch(x: Float64Array, y: Float64Array) -> RankCorrelation:
    """Rank correlation among runs of one batch size, put together over batch sizes."""
    return rules.ranked(x, y, strata=np.repeat(np.arange(len(x)), x.shape[1]))


def _correlation_verdict(
    sign: int, estimate: Estimate, p_value: float, within: RankCorrelation
) -> str:
    """Decided at 1 %, in both directions, over all runs and among those of equal batch size.

    The first alone would do for exchangeable runs. But those of one batch size are alike in
    everything, above all in how far they were trained, and a few batch sizes are few units.
    """
    found = ((estimate, p_value), (within.estimate, within.p_value))
    if all(p <= 0.01 and e.mean * sign > 0 for e, p in found):
        return rules.SUPPORTED
    if all(p <= 0.01 and e.mean * sign < 0 for e, p in found):
        return rules.NOT_SUPPORTED
    return rules.CANNOT_TELL


def _runs(sweep: Sweep) -> str:
    return (
        f"{sweep.gap[0].size} runs over {sweep.batch_sizes.size} batch sizes; decided at "
        "p < 0.01 over all runs and at equal batch size, since batch size moves both"
    )


def _generalizes(p: Parameters, sweep: Sweep, rule: int) -> Claim:
    flat, accuracy = sweep.sharpness[1, rule], sweep.test_accuracy[rule]
    estimate, low, high, p_value = _ranked(flat, accuracy)
    within = _equal_batch(flat, accuracy)
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
        f"{high:.2f}; at equal batch size {within.estimate}, p = {within.p_value:.2g}; other "
        f"measures: {others}",
        _correlation_verdict(-1, estimate, p_value, within),
        _runs(sweep),
    )


def _small_batch(p: Parameters, sweep: Sweep, rule: int) -> Claim:
    small, large = sweep.sharpness[1, rule, 0], sweep.sharpness[1, rule, -1]
    difference = rules.mean_of(np.log(large / small))
    verdict = rules.above(difference, 0, small.size)
    reached = bool(sweep.reached[rule].all())
    if not reached:
        verdict = rules.CANNOT_TELL
    f1 = rules.mean_of(np.log(sweep.sharpness[0, rule, -1] / sweep.sharpness[0, rule, 0]))
    f3 = rules.mean_of(np.log(sweep.sharpness[2, rule, -1] / sweep.sharpness[2, rule, 0]))
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
        f"{small.size} pairs of runs, mean train loss {sweep.train_loss[rule, 0].mean():.3g} "
        f"at the smallest batch, {sweep.train_loss[rule, -1].mean():.3g} at the largest"
        + ("" if reached else "; some runs did not reach the loss they were to stop at"),
    )


def _correlates(p: Parameters, sweep: Sweep, rule: int) -> Claim:
    flat, gap = sweep.sharpness[1, rule], sweep.gap[rule]
    estimate, low, high, p_value = _ranked(flat, gap)
    within = _equal_batch(flat, gap)
    return Claim(
        f"C17 ({RULES[rule]})",
        "Flatness goes with a small generalization gap across runs",
        SUMMARY,
        "d",
        "rank correlation of sharpness F2 with test loss minus train loss (positive: flat is "
        "good)",
        estimate,
        f"no association = 0, p = {p_value:.2g} by permutation; 95 % from {low:.2f} to "
        f"{high:.2f}; at equal batch size {within.estimate}, p = {within.p_value:.2g}",
        _correlation_verdict(1, estimate, p_value, within),
        _runs(sweep),
    )
