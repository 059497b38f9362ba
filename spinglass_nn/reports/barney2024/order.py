"""The order and its controls in figures and words."""

from __future__ import annotations

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.barney2024._drawn import named
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
    nulls: MeltingNulls = run.results["nulls"]
    trained: list[MeltingRun] = [run.results[kind] for kind in KINDS]
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
            _removal(run.results["removal"]),
            _nulls(trained, nulls),
            _lazy(run.results["lazy"], run.parameters.lazy_epochs),
        ],
    )


def _removal(removal: ModeRemoval) -> Table:
    names = ("intact", "leading", "random", "bulk", "temperature", "temperature_without")
    return Table(
        f"Test accuracy of the trained networks without one mode (chance: {removal.chance:.3g})",
        ("network", "intact", "without the leading", "random direction", "bulk", "T_c",
         "T_c without"),
        [
            (WORDS[kind], *(mean_of(getattr(removal, name)[number]) for name in names))
            for number, kind in enumerate(removal.kinds)
        ],
    )  # fmt: skip


def _nulls(trained: list[MeltingRun], nulls: MeltingNulls) -> Table:
    rows = []
    for number, one in enumerate(trained):
        whole = one.readings
        for name, found, last in (
            ("as trained", whole, (slice(None), -1)),
            ("shuffled", nulls.shuffled[number], slice(None)),
            ("rotated", nulls.rotated[number], slice(None)),
        ):
            columns = (found.temperature, found.ratio, found.minimum, found.largest,
                       found.n_outliers)  # fmt: skip
            rows.append((WORDS[one.kind], name, *(mean_of(each[last]) for each in columns)))
    return Table(
        "Trained networks and their nulls",
        ("network", "weights", "T_c", "T_c / T_g", "minimum", "largest eigenvalue", "outliers"),
        rows,
    )


def _lazy(lazy: LazyControl, n_epochs: int) -> Table:
    ratio = lazy.trained.temperature / lazy.initial.temperature
    added = lazy.trained.n_outliers - lazy.initial.n_outliers
    return Table(
        f"ReLU networks after {n_epochs} epochs at several output scales",
        ("scale", "T_c over its start", "outliers added", "weights moved", "test accuracy"),
        [
            (
                f"{scale:g}",
                *(mean_of(each[k]) for each in (ratio, added, lazy.moved, lazy.accuracy)),
            )
            for k, scale in enumerate(lazy.scales)
        ],
    )


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
