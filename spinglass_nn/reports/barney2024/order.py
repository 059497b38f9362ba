"""The order and its controls in figures and words."""

from __future__ import annotations

from spinglass_nn import plotting
from spinglass_nn.reports.barney2024._drawn import Drawn, named
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.studies import (
    LayeredOverlaps,
    LazyControl,
    MeltingNulls,
    MeltingRun,
    ModeRemoval,
    StudyRun,
)
from spinglass_nn.studies.claims import mean_of
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, WORDS


def figures(run: StudyRun) -> Drawn:
    """P(q) of trained networks."""
    overlaps: LayeredOverlaps = run.results["overlaps"]
    axes = None
    for name, histogram in zip(overlaps.names, overlaps.histograms, strict=True):
        if name in KINDS:
            axes = plotting.overlap_distribution(
                histogram, label=WORDS[name], band=True, ax=axes
            )
    assert axes is not None
    return {
        "overlap-trained": (
            axes,
            f"P(q) of the trained networks at T = {overlaps.temperature:g} of each one's T_c. "
            "Bands are standard errors over runs.",
            "Distributions of the overlap for both kinds of network.",
        )
    }


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on the order and its controls."""
    removal: ModeRemoval = run.results["removal"]
    nulls: MeltingNulls = run.results["nulls"]
    lazy: LazyControl = run.results["lazy"]
    trained: list[MeltingRun] = [run.results[kind] for kind in KINDS]
    p = run.parameters
    null_rows = []
    for number, one in enumerate(trained):
        whole = one.readings
        null_rows.append(
            (WORDS[one.kind], "as trained", mean_of(whole.temperature[:, -1]),
             mean_of(whole.ratio[:, -1]), mean_of(whole.minimum[:, -1]),
             mean_of(whole.largest[:, -1]), mean_of(whole.n_outliers[:, -1]))
        )  # fmt: skip
        for name, readings in (
            ("shuffled", nulls.shuffled[number]),
            ("rotated", nulls.rotated[number]),
        ):
            null_rows.append(
                (WORDS[one.kind], name, mean_of(readings.temperature), mean_of(readings.ratio),
                 mean_of(readings.minimum), mean_of(readings.largest),
                 mean_of(readings.n_outliers))
            )  # fmt: skip
    return Section(
        "order",
        "(d) The hidden order",
        "Is the order tied to the task, to how weights are arranged, and to rich training?",
        method=(
            "The leading eigenvector of the couplings and its mirror image are taken out of the "
            "weights, and the test accuracy is read. The same is done with random directions as "
            "strong in every layer, and with an eigenvector from the middle of the spectrum.",
            "Nulls of the trained networks: the weights of each matrix shuffled, and its singular "
            "vectors turned at random.",
            "Lazy training: ReLU networks trained as α (f − f₀) by the squared error at a rate "
            "over α², which is the same as training f towards f₀ + y/α. For binarised networks "
            "there is no such limit, as their output is constant between jumps.",
        ),
        findings=tuple(_finding(one, nulls, number) for number, one in enumerate(trained)),
        drawings=[drawings["overlap-trained"]],
        tables=[
            Table(
                f"Test accuracy of the trained networks without one mode (chance: {removal.chance:.3g})",
                ("network", "intact", "without the leading", "random direction", "bulk",
                 "T_c", "T_c without"),
                [
                    (WORDS[kind], *(mean_of(getattr(removal, name)[number]) for name in
                     ("intact", "leading", "random", "bulk", "temperature",
                      "temperature_without")))
                    for number, kind in enumerate(removal.kinds)
                ],
            ),
            Table(
                "Trained networks and their nulls",
                ("network", "weights", "T_c", "T_c / T_g", "minimum", "largest eigenvalue",
                 "outliers"),
                null_rows,
            ),
            Table(
                f"ReLU networks after {p.lazy_epochs} epochs at several output scales",
                ("scale", "T_c over its start", "outliers added", "weights moved",
                 "test accuracy"),
                [
                    (f"{scale:g}",
                     mean_of(lazy.trained.temperature[k] / lazy.initial.temperature[k]),
                     mean_of(lazy.trained.n_outliers[k] - lazy.initial.n_outliers[k]),
                     mean_of(lazy.moved[k]), mean_of(lazy.accuracy[k]))
                    for k, scale in enumerate(lazy.scales)
                ],
            ),
        ],
    )  # fmt: skip


def _finding(one: MeltingRun, nulls: MeltingNulls, number: int) -> str:
    whole, shuffled, rotated = one.readings, nulls.shuffled[number], nulls.rotated[number]
    return (
        f"{named(one.kind)} networks have T_c / T_g = {mean_of(whole.ratio[:, -1])} when trained, "
        f"{mean_of(shuffled.ratio)} with their weights shuffled and {mean_of(rotated.ratio)} with "
        f"singular vectors turned; eigenvalues beyond the first edge number "
        f"{mean_of(whole.n_outliers[:, -1])}, {mean_of(shuffled.n_outliers)} and "
        f"{mean_of(rotated.n_outliers)}. What shuffled weights share comes from the sizes of "
        "weights alone."
    )
