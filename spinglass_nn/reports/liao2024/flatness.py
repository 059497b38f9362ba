"""Protocol (d) in figures and words: flatness against generalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.liao2024 import flatness_words
from spinglass_nn.reports.model import Drawing, Section
from spinglass_nn.studies import Measures, RuggedWalks, StudyRun, Sweep
from spinglass_nn.studies.claims import ranked
from spinglass_nn.studies.recipes.liao2024.flatness import RULES
from spinglass_nn.studies.recipes.liao2024.flatness_grid import LEVEL, all_measures, grid
from spinglass_nn.studies.recipes.liao2024.walks import PooledWalk
from spinglass_nn.typing import Float64Array

_F2 = "F2: ΔL at fixed distance over norm (nats)"


def figures(sweep: Sweep, measures: Measures, rugged: RuggedWalks) -> Drawn:
    """Figures of flatness."""
    drawn = _against_batch(sweep, measures, rugged)
    for rule, name in enumerate(RULES):
        short = name.split()[1]
        drawn |= _scatter(sweep, measures, rule, short)
        drawn[f"walks-{short}"] = _walks(sweep, rugged, rule)
        drawn |= _heat_maps(sweep, all_measures(measures, rugged), rule, short)
    return drawn


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on flatness."""
    results = run.results
    given = (results["flatness"], results["measures"], results["rugged"])
    names = figures_shown(drawings)
    return Section(
        "flatness",
        "(d) Flatness against generalization",
        "Do small batches find flatter minima, and do flatter minima generalize better?",
        method=flatness_words.method(run.parameters, given[0]),
        findings=flatness_words.findings(*given),
        drawings=[drawings[name] for name in names],
        tables=flatness_words.tables(*given),
    )


def figures_shown(drawings: dict[str, Drawing]) -> list[str]:
    """Names of this section's figures that could be drawn, in order."""
    kinds = ("walks", "accuracy", "correlations", "settings")
    names = ["flatness-absolute", "flatness-relative", "flatness-rugged", "gap"]
    names += [f"{_FILES[kind]}-{rule.split()[1]}" for kind in kinds for rule in RULES]
    return [name for name in names if name in drawings]


_FILES = {
    "walks": "walks",
    "accuracy": "flatness-accuracy",
    "correlations": "correlations",
    "settings": "correlations-settings",
}


def _against_batch(sweep: Sweep, measures: Measures, rugged: RuggedWalks) -> Drawn:
    sizes = sweep.batch_sizes

    def series(values: Float64Array) -> dict[str, Any]:
        return {
            f"{rule}, rate {rate:g}": values[r, i]
            for r, rule in enumerate(RULES)
            for i, rate in enumerate(sweep.learning_rates)
        }

    both = {}
    for r, rule in enumerate(RULES):
        both[rule] = _by_batch(rugged.rms[0, r])
        both[f"{rule}, quadratic bowl"] = _by_batch(rugged.null[0, r])
    return {
        "flatness-absolute": (
            plotting.flatness(sizes, series(measures.at("F1, raw")),
                              measure="F1: ΔL at fixed distance (nats)", log=True),
            "Rise of the loss at a fixed distance, against batch size. Bars are standard "
            "errors over seeds.",
            "F1 against batch size for both stopping rules and every rate.",
        ),
        "flatness-relative": (
            plotting.flatness(sizes, series(measures.at("F2, raw")), measure=_F2, log=True),
            "Rise of the loss at a fixed fraction of the solution's length, against batch size. "
            "Bars are standard errors over seeds. At matched epochs large batches take "
            "fewer steps and end at another train loss, on which flatness depends too.",
            "F2 against batch size for both stopping rules and every rate.",
        ),
        "flatness-rugged": (
            plotting.flatness(sizes, both, measure="F4: residual r.m.s. (nats)", log=True),
            "Ruggedness: what is left of the loss along walks beside a parabola, and what a "
            "quadratic bowl with the same curvature would leave. All rates together; bars are "
            "standard errors over runs.",
            "F4 against batch size for both stopping rules, with its null.",
        ),
        "gap": (
            plotting.generalization_gap(sizes, series(sweep.gap)),
            "Test loss minus train loss against batch size. Bars are standard errors over "
            "seeds.",
            "Generalization gap against batch size for both stopping rules and every rate.",
        ),
    }  # fmt: skip


def _by_batch(values: Float64Array) -> Float64Array:
    """Runs of all rates together, (n_batch_sizes, n_rates * n_seeds)."""
    rows: Float64Array = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
    return rows


def _scatter(sweep: Sweep, measures: Measures, rule: int, short: str) -> Drawn:
    flat, accuracy = measures.at("F2, raw")[rule], sweep.test_accuracy[rule]
    settings = np.arange(flat.size) // flat.shape[-1]
    return {
        f"flatness-accuracy-{short}": (
            plotting.flatness_against_generalization(
                _by_batch(flat),
                _by_batch(accuracy),
                batch_sizes=sweep.batch_sizes,
                measure=_F2,
                correlation=ranked(flat, accuracy, groups=settings).estimate,
            ),
            f"Sharpness against test accuracy at {RULES[rule]}, one point a run, all rates. The "
            "error of the correlation is from resampling whole settings.",
            f"Scatter of test accuracy against F2 at {RULES[rule]}, coloured by batch size.",
        )
    }


def _walks(sweep: Sweep, rugged: RuggedWalks, rule: int) -> tuple[Any, str, str]:
    n_records = rugged.steps.size
    walks, labels = [], []
    for b in (0, -1):
        for i, rate in enumerate(sweep.learning_rates):
            loss, distance = (
                values[rule, i, b].reshape(-1, n_records)
                for values in (rugged.loss, rugged.distance)
            )
            accuracy = np.full_like(loss, np.nan)
            walks.append(
                PooledWalk(
                    rugged.steps,
                    distance,
                    loss,
                    accuracy,
                    1.0,
                    sweep.solutions.network.n_parameters,
                )
            )
            labels.append(f"batch {sweep.batch_sizes[b]}, rate {rate:g}")
    return (
        plotting.walk_loss(walks, labels),
        f"Train loss along random walks from solutions of the smallest and the largest batch, at "
        f"{RULES[rule]}. Bands hold 80 % of the walks of all seeds.",
        f"Loss against distance of the walk for small and large batches at {RULES[rule]}.",
    )


def _heat_maps(
    sweep: Sweep, sharpness: dict[str, Float64Array], rule: int, short: str
) -> Drawn:
    drawn: Drawn = {}
    for within in (True, False):
        found = grid(sharpness, sweep, rule, within=within)
        if found is None:
            continue
        where = "among runs of equal setting" if within else "between settings (means of runs)"
        drawn[_FILES["correlations" if within else "settings"] + f"-{short}"] = (
            plotting.rank_correlations(found),
            f"Rank correlations of every measure of sharpness with every number of "
            f"generalization at {RULES[rule]}, {where}. A dot: p < {1 - LEVEL:.2g} corrected for "
            "having looked at all.",
            f"Heat map of rank correlations at {RULES[rule]}, {where}.",
        )
    return drawn
