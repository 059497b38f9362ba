"""Claims of protocol (d): flatness, batch size and generalization."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from spinglass_nn.statistics import Estimate, RankGrid
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, SUMMARY, Claim
from spinglass_nn.studies.recipes.liao2024.flatness import RULES, Sweep
from spinglass_nn.studies.recipes.liao2024.flatness_grid import (
    LEVEL,
    PRIMARY,
    TARGETS,
    all_measures,
    grid,
)
from spinglass_nn.studies.recipes.liao2024.measures import Measures
from spinglass_nn.studies.recipes.liao2024.rugged_walks import RuggedWalks
from spinglass_nn.typing import Float64Array

_NOTHING = Estimate(math.nan, math.nan)


def decide(sweep: Sweep, measures: Measures, rugged: RuggedWalks) -> list[Claim]:
    """Claims about flatness, each under both stopping rules."""
    sharpness = all_measures(measures, rugged)
    generalizes, correlates = [], []
    for rule in range(len(RULES)):
        between, within = (
            grid(sharpness, sweep, rule, within=inside, only=PRIMARY)
            for inside in (False, True)
        )
        generalizes.append(
            _correlation(
                f"C15 ({RULES[rule]})",
                "Flatter and less rugged minima generalize better",
                ABSTRACT,
                ("test accuracy", "test loss"),
                between,
                within,
                sweep,
                rule,
            )
        )
        correlates.append(
            _correlation(
                f"C17 ({RULES[rule]})",
                "Flatness goes with a small generalization gap across runs",
                SUMMARY,
                ("loss gap", "accuracy gap"),
                between,
                within,
                sweep,
                rule,
            )
        )
    small = [_small_batch(sharpness, sweep, rule) for rule in range(len(RULES))]
    return [*generalizes, *small, *correlates]


def counted(grid: RankGrid | None, chosen: Iterable[str]) -> tuple[int, int, int]:
    """Primary cells of these targets that say flat is good, that say flat is bad, and all.

    Beyond chance in the whole grid, that is; a cell that is not there says nothing.
    """
    good = bad = n = 0
    for target in chosen:
        n += len(PRIMARY)
        if grid is None or target not in grid.targets:
            continue
        column = grid.targets.index(target)
        said = grid.corrected[:, column] <= 1 - grid.level
        signs = np.sign(grid.correlation[:, column]) * TARGETS[target]
        good += int((said & (signs > 0)).sum())
        bad += int((said & (signs < 0)).sum())
    return good, bad, n


def correlation_verdict(between: tuple[int, int, int], within: tuple[int, int, int]) -> str:
    """Supported if all cells of both grids say so; refuted if one grid does, none objecting.

    A claim about runs in general falls with their settings. To stand it has to hold among
    runs of equal setting as well: batch size and rate move sharpness and generalization both.
    """
    if between[0] == between[2] and within[0] == within[2]:
        return rules.SUPPORTED
    all_bad = between[1] == between[2] or within[1] == within[2]
    if all_bad and not between[0] and not within[0]:
        return rules.NOT_SUPPORTED
    return rules.CANNOT_TELL


def _correlation(
    identifier: str,
    statement: str,
    source: str,
    chosen: tuple[str, str],
    between: RankGrid | None,
    within: RankGrid | None,
    sweep: Sweep,
    rule: int,
) -> Claim:
    outer, inner = counted(between, chosen), counted(within, chosen)
    n_settings = sweep.gap[rule, ..., 0].size
    verdict = correlation_verdict(outer, inner)
    missed = _missed(sweep, rule)
    if missed:
        verdict = rules.CANNOT_TELL
    return Claim(
        identifier,
        statement,
        source,
        "d",
        f"rank correlation of sharpness F1 to F4, in two gauges, with {' and '.join(chosen)}, "
        f"between {n_settings} settings of batch size and rate, turned so that + means flat is "
        "good; the one of these that is least in favour",
        _least(between, chosen),
        f"no association: p < {1 - LEVEL:.2g} by permutation, corrected for {_cells(between)} "
        f"correlations. Between settings {_words(outer)}; at equal setting {_words(inner)}",
        verdict,
        _why(outer, inner) + missed,
        extreme=True,
    )


def _words(count: tuple[int, int, int]) -> str:
    return f"{count[0]} of {count[2]} say flat is good, {count[1]} flat is bad"


def _cells(grid: RankGrid | None) -> int:
    return 0 if grid is None else grid.corrected.size


def _why(outer: tuple[int, int, int], inner: tuple[int, int, int]) -> str:
    if (outer[0] or inner[0]) and (outer[1] or inner[1]):
        return "It depends on measure, target, or whether settings are compared or runs of one"
    return (
        "Supported if all say so, between settings and at equal setting, since settings move "
        "both; not supported if all of one kind say the opposite and none says so"
    )


def _least(grid: RankGrid | None, chosen: Iterable[str]) -> Estimate:
    """The correlation least in favour of 'flat is good'."""
    if grid is None or not set(chosen) <= set(grid.targets):
        return _NOTHING
    found = [
        grid.at(name, target) * TARGETS[target] for target in chosen for name in grid.measures
    ]
    return min(found, key=lambda e: e.mean)


def _missed(sweep: Sweep, rule: int) -> str:
    missed = int((sweep.reached[rule] == 0).sum())
    return f"; {missed} runs did not reach the loss they were to stop at" if missed else ""


def log_ratio(values: Float64Array) -> tuple[Estimate, int]:
    """Log ratio of a measure at the largest to that at the smallest batch, mean over rates.

    Takes values (n_rates, n_batch_sizes, n_seeds). Runs of one number saw the same directions,
    so their differences are the units; the error is from their spread at each rate, so that
    an effect that differs between rates is no noise. Returns also how many units that is worth.
    """
    with np.errstate(all="ignore"):
        ratios = np.log(values[:, -1] / values[:, 0])
    if not np.isfinite(ratios).all():
        return _NOTHING, 0
    n_rates, n_seeds = ratios.shape
    variances = ratios.var(axis=1, ddof=1) / n_seeds
    error = math.sqrt(variances.sum()) / n_rates
    return Estimate(float(ratios.mean()), error), n_rates * (n_seeds - 1) + 1


def _small_batch(sharpness: dict[str, Float64Array], sweep: Sweep, rule: int) -> Claim:
    found = {name: log_ratio(sharpness[name][rule]) for name in PRIMARY}
    verdicts = [rules.above(ratio, 0, n) for ratio, n in found.values()]
    missed = _missed(sweep, rule)
    verdict = verdicts[0] if len(set(verdicts)) == 1 and not missed else rules.CANNOT_TELL
    counts = {v: verdicts.count(v) for v in (rules.SUPPORTED, rules.NOT_SUPPORTED)}
    split = all(counts.values())
    losses = sweep.train_loss[rule].mean(axis=(0, 2))
    return Claim(
        f"C16 ({RULES[rule]})",
        "Small batches find flatter minima than large ones",
        SUMMARY,
        "d",
        f"log ratio of sharpness at batch {sweep.batch_sizes[-1]} to batch "
        f"{sweep.batch_sizes[0]}, mean over rates, F1 to F4 in two gauges; the smallest of these",
        min((ratio for ratio, _ in found.values()), key=lambda e: e.mean),
        "equal flatness = 0; "
        + ", ".join(f"{name} {ratio}" for name, (ratio, _) in found.items()),
        verdict,
        ("It depends on the measure: " if split else "Decided only if all eight agree: ")
        + f"{counts[rules.SUPPORTED]} say flatter, {counts[rules.NOT_SUPPORTED]} sharper; mean "
        f"train loss {losses[0]:.3g} at the smallest batch, {losses[-1]:.3g} at the largest"
        + missed,
        extreme=True,
    )
