"""Claims of protocol (d): flatness, batch size and generalization."""

from __future__ import annotations

import numpy as np

from spinglass_nn.statistics import Estimate, RankCorrelation
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, SUMMARY, Claim
from spinglass_nn.studies.recipes.liao2024.flatness import MEASURES, RULES, Sweep
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.typing import Float64Array


def decide(p: Parameters, sweep: Sweep) -> list[Claim]:
    """Claims about flatness, each under both stopping rules."""
    claims = (_generalizes, _small_batch, _correlates)
    return [claim(p, sweep, rule) for claim in claims for rule in range(len(RULES))]


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
