"""Protocol (d) in figures and words: flatness against generalization."""

from __future__ import annotations

from typing import Any

from spinglass_nn import plotting
from spinglass_nn.reports.liao2024._drawn import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.studies import StudyRun, Sweep
from spinglass_nn.studies.claims import ranked
from spinglass_nn.studies.recipes.liao2024.flatness import MEASURES, RULES


def figures(sweep: Sweep) -> Drawn:
    """Figures of flatness."""
    sizes = sweep.batch_sizes
    rho = ranked(sweep.sharpness[1, 0], sweep.test_accuracy[0]).estimate

    def by_rule(values: Any) -> dict[str, Any]:
        return {rule: values[k] for k, rule in enumerate(RULES)}

    return {
        "flatness-absolute": (
            plotting.flatness(sizes, by_rule(sweep.sharpness[0]),
                              measure="F1: ΔL at fixed distance (nats)", log=True),
            "Rise of the loss at a fixed distance, against batch size. Bars are standard "
            "errors over seeds.",
            "F1 against batch size for both stopping rules.",
        ),
        "flatness-relative": (
            plotting.flatness(sizes, by_rule(sweep.sharpness[1]),
                              measure="F2: ΔL at fixed distance over norm (nats)", log=True),
            "Rise of the loss at a fixed fraction of the solution's length, against batch size. "
            "Bars are standard errors over seeds. At matched epochs large batches take "
            "fewer steps and end at another train loss, on which flatness depends too.",
            "F2 against batch size for both stopping rules.",
        ),
        "gap": (
            plotting.generalization_gap(sizes, by_rule(sweep.gap)),
            "Test loss minus train loss against batch size. Bars are standard errors over "
            "seeds.",
            "Generalization gap against batch size for both stopping rules.",
        ),
        "flatness-accuracy": (
            plotting.flatness_against_generalization(
                sweep.sharpness[1, 0],
                sweep.test_accuracy[0],
                batch_sizes=sizes,
                measure="F2: ΔL at fixed distance over norm (nats)",
                correlation=rho,
            ),
            "Sharpness against test accuracy at matched train loss, one point a run.",
            "Scatter of test accuracy against F2, coloured by batch size.",
        ),
    }  # fmt: skip


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on flatness."""
    sweep: Sweep = run.results["flatness"]
    rows = []
    for r, rule in enumerate(RULES):
        for b, size in enumerate(sweep.batch_sizes):
            rows.append((
                f"{rule}, batch {size}",
                f"{sweep.epochs[r, b].mean():.0f}",
                mean_estimate(sweep.train_loss[r, b]),
                mean_estimate(sweep.test_accuracy[r, b]),
                mean_estimate(sweep.gap[r, b]),
                f"{sweep.norm[r, b].mean():.1f}",
                *[mean_estimate(sweep.sharpness[k, r, b]) for k in range(len(MEASURES))],
            ))  # fmt: skip
    change = sweep.balanced / sweep.sharpness[0]
    return Section(
        "flatness",
        "(d) Flatness against generalization",
        "Do small batches find flatter minima, and do flatter minima generalize better?",
        method=(
            f"SGD at rate {run.parameters.sweep_learning_rate:g} over batch sizes, "
            f"{sweep.gap.shape[2]} seeds each, same starts throughout, under two stopping rules: "
            f"train loss {run.parameters.sweep_stop_at_loss:g}, or "
            f"{run.parameters.sweep_epochs} epochs.",
            "Sharpness is the mean rise of the loss over random displacements: of fixed length "
            f"{run.parameters.flatness_radius:g} (F1), of length "
            f"{run.parameters.flatness_excursion:g} |θ| (F2), and the same unit by unit (F3).",
        ),
        findings=(
            "The same function can be made sharper or flatter by rescaling its units: going to "
            f"the balanced gauge multiplies F1 by {change.min():.2f} to "
            f"{change.max():.2f} without changing the function.",
            "Runs at matched epochs differ in how far they were trained; that alone moves F2 and "
            "the gap together.",
        ),
        drawings=[drawings[name] for name in
                  ("flatness-absolute", "flatness-relative", "gap", "flatness-accuracy")],
        tables=[
            Table(
                "All cells, errors over seeds (losses in nats)",
                ("cell", "epochs", "train loss", "test accuracy", "gap", "|θ|", *MEASURES),
                rows,
            )
        ],
    )  # fmt: skip
