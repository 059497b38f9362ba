"""Protocol (d) in words: how it was measured, findings with their numbers, and tables."""

from __future__ import annotations

import itertools

import numpy as np

from spinglass_nn.reports.model import Table
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies import Measures, RuggedWalks, Sweep
from spinglass_nn.studies.claims import mean_of
from spinglass_nn.studies.recipes.liao2024.flatness import RULES
from spinglass_nn.studies.recipes.liao2024.measures import GAUGES
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.typing import Float64Array

_SHARP = ("F1, raw", "F2, raw", "F3, raw")


def method(p: Parameters, sweep: Sweep) -> tuple[str, ...]:
    """What was trained and what was measured."""
    _, n_rates, n_sizes, n_seeds = sweep.gap.shape
    return (
        f"SGD over {n_sizes} batch sizes and {n_rates} rates, {n_seeds} runs of each setting, "
        "every run with a start of its own, under two stopping rules that are never put "
        f"together: train loss {p.sweep_stop_at_loss:g}, or {p.sweep_epochs} epochs.",
        "Sharpness is the mean rise of the loss over random displacements: of fixed length "
        f"{p.flatness_radius:g} (F1), of length {p.flatness_excursion:g} |θ| (F2), and the same "
        "unit by unit (F3). F4, ruggedness, is the residual of the loss about a parabola along "
        f"walks of length {p.ruggedness_excursion:g} |θ|. {_others(p)} Measures are given in the "
        "raw gauge and in the balanced one, where each unit's in- and out-norm are equal, but for "
        "those that do not change when units are rescaled.",
        "F1 to F4 in both gauges were declared primary before looking: verdicts rest on all "
        "eight agreeing, not on a choice. The other measures are for exploration.",
    )


def _others(p: Parameters) -> str:
    if p.sharpness_measures == "all":
        return (
            "Beside these: Keskar's maximum in a small box, trace and largest eigenvalue of the "
            "Hessian, average and worst-case adaptive sharpness, and the Fisher-Rao norm."
        )
    return (
        "Beside these: the trace of the Hessian, average adaptive sharpness and the Fisher-Rao "
        "norm. Searches for a maximum, the largest eigenvalue and local entropy are left to the "
        "standard scale."
    )


def findings(sweep: Sweep, measures: Measures, rugged: RuggedWalks) -> tuple[str, ...]:
    """What came out, with numbers."""
    change = measures.at("F1, balanced") / measures.at("F1, raw")
    found = [
        "The same function can be made sharper or flatter by rescaling its units: going to the "
        f"balanced gauge multiplies F1 by {change.min():.2f} to {change.max():.2f}, by "
        f"{change.mean():.2f} on average, and moves the loss by at most "
        f"{measures.gauge_shift:.1g} nats, which is rounding.",
        _ruggedness(rugged),
        "Runs at matched epochs differ in how far they were trained; that alone moves F2 and "
        "the gap together.",
    ]
    noise = _noise(sweep, measures.at("F2, raw")[0])
    return (*found, noise) if noise else tuple(found)


def _ruggedness(rugged: RuggedWalks) -> str:
    parts = []
    for r, rule in enumerate(RULES):
        share = mean_of((rugged.excess[0, r] / rugged.null[0, r] ** 2).ravel())
        memory = (rugged.length[0, r] / rugged.null_length[0, r]).ravel()
        forgets = np.median(memory[np.isfinite(memory)]) if np.isfinite(memory).any() else None
        parts.append(
            f"at {rule} its mean square exceeds that of a quadratic bowl of the same curvature by "
            f"a share of {share} (mean over runs; z > 3 in {int((rugged.z()[0, r] > 3).sum())} of "
            f"{memory.size})"
            + ("" if forgets is None else f", with {forgets:.2f} times the memory (median)")
        )
    return (
        f"Whether F4 is ruggedness: {'; '.join(parts)}. Bumps shorter than the walk would shorten "
        "the memory; where residual and memory are those of the bowl, F4 is curvature by another "
        "name."
    )


def _noise(sweep: Sweep, f2: Float64Array) -> str:
    """F2 at equal ratio of rate to batch size, and where it differs by one batch size."""
    scale = sweep.learning_rates[:, None] / sweep.batch_sizes
    mean = f2.mean(axis=-1)
    places = list(np.ndindex(scale.shape))
    equal = [
        mean[b] / mean[a]
        for a, b in itertools.product(places, places)
        if b[0] > a[0] and np.isclose(scale[a], scale[b])
    ]
    if not equal:
        return ""
    neighbours = (mean[:, 1:] / mean[:, :-1]).ravel()
    return (
        "At equal noise, rate over batch size, and matched loss, F2 at the larger rate and batch "
        f"is {min(equal):.2f} to {max(equal):.2f} times that at the smaller; from one batch size "
        f"to the next at one rate it is {neighbours.min():.2f} to {neighbours.max():.2f} times."
    )


def tables(sweep: Sweep, measures: Measures, rugged: RuggedWalks) -> list[Table]:
    """All settings, and local entropies where they were sampled."""
    rows = []
    for r, i, b in np.ndindex(sweep.gap.shape[:-1]):
        rows.append((
            f"{RULES[r]}, batch {sweep.batch_sizes[b]}, rate {sweep.learning_rates[i]:g}",
            f"{sweep.epochs[r, i, b].mean():.0f}",
            mean_estimate(sweep.train_loss[r, i, b]),
            mean_estimate(sweep.test_accuracy[r, i, b]),
            mean_estimate(sweep.gap[r, i, b]),
            f"{sweep.norm[r, i, b].mean():.1f}",
            *[mean_estimate(measures.at(name)[r, i, b]) for name in _SHARP],
            mean_estimate(rugged.rms[0, r, i, b]),
        ))  # fmt: skip
    found = [
        Table(
            "All settings, errors over seeds (losses in nats)",
            ("setting", "epochs", "train loss", "test accuracy", "gap", "|θ|", "F1", "F2", "F3",
             "F4"),
            rows,
        )
    ]  # fmt: skip
    if measures.entropy.size:
        found.append(_entropies(sweep, measures))
    return found


def _entropies(sweep: Sweep, measures: Measures) -> Table:
    f2 = [measures.at(f"F2, {gauge}") for gauge in GAUGES]

    def told(g: int, row: int) -> Estimate | str:
        value, error = float(measures.entropy[g, row]), float(measures.entropy_error[g, row])
        return Estimate(value, error) if np.isfinite(error) else f"{value:.3g} (n/a)"

    return Table(
        "Local free energy of a few runs at matched loss under a Gaussian as wide as the "
        "displacement of F2, at the temperature of the posterior of at most 500 samples (nats; "
        "n/a: chains too short for an error). Negative: the loss nearby is lower than at the end "
        "of the run",
        (
            "run",
            *(f"{name}, {gauge}" for gauge in GAUGES for name in ("local free energy", "F2")),
        ),
        [
            (
                f"batch {sweep.batch_sizes[b]}, rate {sweep.learning_rates[i]:g}, seed {k}",
                *(
                    cell
                    for g in range(len(GAUGES))
                    for cell in (told(g, row), f"{f2[g][r, i, b, k]:.3g}")
                ),
            )
            for row, (r, i, b, k) in enumerate(measures.entropy_runs)
        ],
    )
