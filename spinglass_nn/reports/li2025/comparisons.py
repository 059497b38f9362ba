"""Equal accuracy, backdoors and limits, in figures and words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinglass_nn import plotting
from spinglass_nn.dynamics import layer_identity
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.li2025._drawn import BANDS, differences, over, pair, table
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics.equilibrium import EquilibrationTest
from spinglass_nn.studies import (
    BackdoorOverlaps,
    MatchedOverlaps,
    OverlapCurves,
    OverlapLimits,
    StudyRun,
)
from spinglass_nn.studies.recipes.li2025.curves import group, joined, over_seeds


def figures(
    epochs: OverlapCurves,
    matched: MatchedOverlaps,
    backdoor: BackdoorOverlaps,
    limits: OverlapLimits,
) -> Drawn:
    """Figures of pairs of groups, and of the cold end."""
    clean = group(epochs, -1)
    both = _named(clean, backdoor)
    return {
        **pair(matched.curves, (0, 1), "matched", "Q(T) of two ways of training at equal accuracy"),
        **pair(both, (0, 1), "backdoor", "Q(T) of clean networks and of networks with a backdoor"),
        "cold": (
            plotting.overlap_curves(
                [limits.reduced], [over_seeds(limits.cold)], ["trained networks"],
                baseline=limits.baseline, reduced=True,
            ),
            f"Q(T) of the trained networks down to {limits.reduced[0]:g} T_c. {BANDS}",
            "A line that comes down from one to the value of free spins.",
        ),
    }  # fmt: skip


def _named(clean: OverlapCurves, backdoor: BackdoorOverlaps) -> OverlapCurves:
    return joined([replace(clean, names=("clean",)), backdoor.curves])


def equal_accuracy(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Two ways of training."""
    p, matched = run.parameters, run.results["matched"]
    curves = matched.curves
    return Section(
        "accuracy",
        "(b) Equal accuracy",
        "Can networks of equal accuracy be told from each other by Q(T)?",
        method=(
            f"The study's own rule (rate {p.learning_rate:g}, no weight decay) and another (rate "
            f"{p.other_learning_rate:g}, weight decay {p.other_weight_decay:g}) from the same "
            "starts. Each network is taken at the kept epoch at which its test accuracy is nearest "
            "to that of the poorer of the two at the end.",
        ),
        findings=(
            f"Test accuracies differ by {over(curves.test_accuracy[1] - curves.test_accuracy[0])}; "
            f"T_c is {over(curves.critical[0])} and {over(curves.critical[1])}.",
        ),
        drawings=[drawings["matched"], drawings["matched-reduced"]],
        tables=[
            table("Two ways of training at equal accuracy", curves, p.compared_at),
            shapes(run),
        ],
    )


def hidden(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Backdoors."""
    p, found, epochs = run.parameters, run.results["backdoor"], run.results["epochs"]
    clean = group(epochs, -1)
    return Section(
        "backdoor",
        "(d) Hidden backdoors",
        "Does Q(T) show that a network has learnt something it should not?",
        method=(
            f"{p.poisoned_share:.0%} of the training samples, drawn at random, get a bright patch "
            f"of {p.patch} x {p.patch} pixels in a corner and the label {p.target}. Starts and "
            "order of the data are those of the clean networks. To flag one network whose history "
            "is not known, Q has to be off by twice the scatter of clean ones; a mean difference "
            "between networks of the same start is not enough.",
        ),
        findings=(
            f"The patch turns {over(found.success)} of the held-out samples of other classes into "
            f"the target, and {over(found.clean_success)} in clean networks.",
        ),
        drawings=[drawings["backdoor"], drawings["backdoor-reduced"]],
        tables=[table("Clean and poisoned", _named(clean, found), p.compared_at)],
    )


def limits(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """What has to be so, and whether it is."""
    p, found = run.parameters, run.results["limits"]
    words = [
        f"At {p.hot:g} T_c Q is {over(found.hot)}, free spins have {found.baseline:.5g}.",
        f"At {p.cold:g} T_c Q is {over(found.cold[:, 0])}; of equal weights "
        f"{found.ferromagnet:.4f}.",
    ]
    if p.initializer == "he_normal" and p.couplings == "raw":
        over_cold = np.log(found.temperatures / found.temperatures[0])
        places = [
            int(np.abs(over_cold - np.log(share / p.coldest)).argmin())
            for share in (p.compared_at, 1.0)
        ]
        words += [f"Untrained networks, {identity(run, place).sentence}." for place in places]
    return Section(
        "limits",
        "(e) Limits",
        "Is Q(T) what it has to be where that is known?",
        method=(
            "Far above T_c couplings count for nothing. Far below it replicas sit in one pair of "
            "ground states, if there is one pair. For Gaussian weights the mean energy follows "
            "from the overlaps of neighbouring layers, exactly, but only in equilibrium and on "
            "average over networks.",
        ),
        findings=words,
        drawings=[drawings["cold"]],
    )


def shapes(run: StudyRun) -> Table:
    """All pairs of groups, at temperatures other than the one they are decided at."""
    results = run.results
    epochs, nulls = results["epochs"], results["nulls"]
    clean, labels, matched = group(epochs, -1), results["labels"], results["matched"].curves
    return differences(
        run,
        [
            ("trained, untrained", clean, group(epochs, 0)),
            *(
                (f"trained, {name}", clean, group(nulls, k))
                for k, name in enumerate(nulls.names)
            ),
            ("random, true labels", group(labels, 1), group(labels, 0)),
            ("other rule, rule of the study", group(matched, 1), group(matched, 0)),
            ("backdoor, clean", results["backdoor"].curves, clean),
        ],
    )


def identity(run: StudyRun, place: int) -> EquilibrationTest:
    """Energy against overlaps of layers, over the untrained networks at one temperature."""
    found, sizes = run.results["limits"], run.results["training"].network.sizes
    return layer_identity(
        found.energy[:, place] * sum(sizes),
        found.layer_products[:, place],
        float(found.temperatures[place]),
        sizes=sizes,
        variances=[2 / n for n in sizes[:-1]],
    )
