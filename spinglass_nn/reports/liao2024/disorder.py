"""Data as quenched disorder, in figures and words."""

from __future__ import annotations

from matplotlib.figure import Figure

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.liao2024._drawn import where_overlaps_are
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.studies import Disorder, StudyRun
from spinglass_nn.studies.recipes.liao2024.disorder import TIMES

_QUANTITIES = ("weights, matched", "predictions")


def figures(disorder: Disorder) -> Drawn:
    """Figures of overlaps within and between subsets, and of their distribution."""
    return {
        "disorder-overlaps": (
            _within_and_between(disorder),
            "Mean overlap of two replicas that share their data (filled) and of two that do not "
            "(open), over training time. Errors over subsets, by jackknife.",
            "Overlaps of weights and of predictions at three times, within subsets and between.",
        ),
        "disorder-distribution": (
            _distributions(disorder),
            "P(q) of replicas of one data subset, averaged over subsets, by width: of weights "
            "after matching (above) and of predictions (below), before training, early and "
            "trained. Errors over subsets.",
            "Distributions of the overlap before, early in and after training, for every width.",
        ),
    }


def _distributions(disorder: Disorder) -> Figure:
    widths = list(dict.fromkeys(record.width for record in disorder.records))
    figure = Figure(figsize=(3.8 * len(widths), 5.4), layout="constrained")
    shown = [seen for one in disorder.records for seen in (one.aligned, one.predictions)]
    for column, width in enumerate(widths):
        upper, lower = (
            figure.add_subplot(2, len(widths), row * len(widths) + column + 1)
            for row in range(2)
        )
        for time in TIMES:
            found = disorder.record(width, time)
            plotting.overlap_distribution(
                found.aligned, quantity="overlap q of weights", ax=upper
            )
            plotting.overlap_distribution(
                found.predictions, label=time, quantity="overlap q of predictions", ax=lower
            )
        upper.set_title(f"{width} hidden units", fontsize="medium")
        where_overlaps_are((upper, lower), shown)
    return figure


def _within_and_between(disorder: Disorder) -> Figure:
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    widths = list(dict.fromkeys(record.width for record in disorder.records))
    for place, quantity in enumerate(_QUANTITIES):
        axes = figure.add_subplot(1, 2, place + 1)
        for number, width in enumerate(widths):
            records = [disorder.record(width, time) for time in TIMES]
            for kind, shift, fill in (("within", -0.04, "full"), ("between", 0.04, "none")):
                values = [getattr(record, kind)[place] for record in records]
                axes.errorbar(
                    [k + shift + 0.02 * number for k in range(len(TIMES))],
                    [v.mean for v in values], yerr=[v.error for v in values],
                    marker="o", fillstyle=fill, capsize=2, color=f"C{number}",
                    linestyle="-" if fill == "full" else "--",
                    label=f"M = {width}, {kind} subsets" if kind == "between"
                    else f"M = {width}, within a subset",
                )  # fmt: skip
        axes.set_xticks(range(len(TIMES)), TIMES)
        axes.set_ylabel(f"mean overlap of {quantity}")
    figure.axes[0].legend(fontsize="small")
    return figure


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on replicas that share their data."""
    disorder: Disorder = run.results["disorder"]
    rows = [
        (
            record.width, record.time, record.raw.mean, record.within[0], record.between[0],
            record.difference[0], record.within[1], record.between[1], record.difference[1],
            record.verdict.finding,
        )
        for record in disorder.records
    ]  # fmt: skip
    trained = [record for record in disorder.records if record.time == "solutions"]
    return Section(
        "disorder",
        "Data as disorder",
        "Do replicas that share their data overlap more than replicas that do not, and do they "
        "cluster?",
        method=(
            f"{disorder.n_subsets} subsets of {disorder.subset_size} samples stand for samples of "
            f"quenched disorder; {disorder.n_replicas} replicas are trained on each from starts "
            "and orders of their own, to the stopping loss of the solutions or the last epoch. "
            "P(q) is averaged over subsets, and the verdict judges all subsets together.",
            "The subsets are parts of one data set and may share samples, so that replicas of two "
            "subsets are not as unrelated as replicas of two samples of a spin glass.",
        ),
        findings=[
            *(
                f"Width {r.width}: sharing the data changes the overlap of weights by "
                f"{r.difference[0]} and that of predictions by {r.difference[1]}."
                for r in trained
            ),
            *(f"Width {r.width}, trained: {r.verdict.sentence}" for r in trained),
        ],
        drawings=[drawings[name] for name in ("disorder-overlaps", "disorder-distribution")],
        tables=[
            Table(
                "Overlaps within and between subsets, errors over subsets; weights after "
                "matching, and predictions",
                ("width", "time", "weights, raw", "within", "between", "difference",
                 "predictions, within", "between", "difference", "finding on weights"),
                rows,
            ),
        ],
    )  # fmt: skip
