"""Protocol (d) over width in figures and words."""

from __future__ import annotations

import numpy as np

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import RankGrid, mean_estimate
from spinglass_nn.studies import StudyRun, WidthFlatness
from spinglass_nn.studies.recipes.liao2024.flatness_grid import (
    LEVEL,
    PRIMARY,
    correlations,
    targets,
)

_RAW = tuple(name for name in PRIMARY if name.endswith("raw"))
_RISES = "F1 to F3: ΔL (nats), F4: residual r.m.s. (nats)"


def figures(found: WidthFlatness) -> Drawn:
    """Figures of sharpness and generalization against width."""
    widths = found.widths
    sharp = plotting.barrier_against_width(
        widths, {name.removesuffix(", raw"): found.at(name) for name in _RAW}
    )
    sharp.set_ylabel(_RISES)
    gap = plotting.barrier_against_width(
        widths,
        {"test loss": found.test_loss, "test − train loss": targets(found)["loss gap"]},
        log=False,
    )
    gap.set_ylabel("nats per sample")
    drawn: Drawn = {
        "width-flatness": (
            sharp,
            "Sharpness in the raw gauge against the number of hidden units, at one train loss. "
            "Bars are standard errors over runs.",
            "Four measures of sharpness against width.",
        ),
        "width-generalization": (
            gap,
            "Test loss, and test minus train loss, against the number of hidden units, at one "
            "train loss. Bars are standard errors over runs.",
            "Test loss and generalization gap against width.",
        ),
    }
    for within, name in ((False, "between"), (True, "within")):
        grid = _grid(found, within)
        if grid is None:
            continue
        where = "among runs of one width" if within else "between widths (means of runs)"
        drawn[f"correlations-width-{name}"] = (
            plotting.rank_correlations(grid),
            f"Rank correlations of sharpness with generalization {where}. A dot: p < "
            f"{1 - LEVEL:.2g} corrected for having looked at all.",
            f"Heat map of rank correlations {where}.",
        )
    return drawn


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on flatness over width."""
    found: WidthFlatness = run.results["width_flatness"]
    p = run.parameters
    shown = ("width-flatness", "width-generalization", "correlations-width-between",
             "correlations-width-within")  # fmt: skip
    return Section(
        "flatness-width",
        "(d) Flatness over width",
        "Do wider networks find flatter minima, and does that go with generalization?",
        method=(
            f"{found.epochs.shape[1]} runs of each width at rate {p.learning_rate:g} and batch "
            f"{p.batch_size}, every one with a start of its own, until the train loss is "
            f"{p.sweep_stop_at_loss:g}. F1 to F4 as above, with the trace of the Hessian, average "
            "adaptive sharpness and the Fisher-Rao norm. Exponents are slopes of logarithms over "
            "all widths, errors over runs. F2 and F3 scale displacements with the weights, whose "
            "length hardly depends on the width, F1 does not. All three spread a displacement over "
            "the more weights the wider the network is, and so fall as 1/M where the trace of the "
            "Hessian is the same: that is the ruler, not the landscape.",
        ),
        findings=_findings(found),
        drawings=[drawings[name] for name in shown if name in drawings],
        tables=_tables(found),
    )


def _grid(found: WidthFlatness, within: bool) -> RankGrid | None:
    sharpness = {name: found.at(name) for name in (*PRIMARY, *found.names)}
    return correlations(sharpness, targets(found), within=within)


def _findings(found: WidthFlatness) -> list[str]:
    said = [
        "With the width M sharpness goes as M to the power of: "
        + "; ".join(f"{name} {found.exponent(name)}" for name in PRIMARY)
        + f"; of the trace of the Hessian {found.exponent('trace, raw')}, in the balanced gauge "
        f"{found.exponent('trace, balanced')}.",
        f"From {found.widths[0]} to {found.widths[-1]} units the test accuracy goes from "
        f"{mean_estimate(found.test_accuracy[0])} to {mean_estimate(found.test_accuracy[-1])}.",
    ]
    for within, where in ((False, "Between widths"), (True, "Among runs of one width")):
        grid = _grid(found, within)
        if grid is None:
            continue
        beyond = int((grid.corrected <= 1 - grid.level).sum())
        said.append(
            f"{where} {beyond} of {grid.corrected.size} correlations of sharpness with "
            f"generalization are beyond chance, over {grid.n_points} points. "
            + ("" if within else "Widths order both, and this cannot tell which moves which.")
        )
    missed = int((found.reached == 0).sum())
    if missed:
        said.append(f"{missed} runs did not reach the loss they were to stop at.")
    return said


def _tables(found: WidthFlatness) -> list[Table]:
    rows = []
    gap = targets(found)["loss gap"]
    for k, width in enumerate(found.widths):
        rows.append((
            int(width), f"{found.epochs[k].mean():.0f}", mean_estimate(found.train_loss[k]),
            mean_estimate(found.test_accuracy[k]), mean_estimate(gap[k]),
            f"{found.norm[k].mean():.1f}",
            *(mean_estimate(found.at(name)[k]) for name in _RAW),
        ))  # fmt: skip
    exponents = [
        (name, found.exponent(name)) for name in dict.fromkeys((*PRIMARY, *found.names))
    ]
    finite = [(name, e) for name, e in exponents if np.isfinite(e.mean)]
    return [
        Table(
            "All widths, errors over runs (losses in nats)",
            ("hidden units", "epochs", "train loss", "test accuracy", "gap", "|θ|", "F1", "F2",
             "F3", "F4"),
            rows,
        ),
        Table("Exponents of the width, errors over runs", ("measure", "exponent"), finite),
    ]  # fmt: skip
