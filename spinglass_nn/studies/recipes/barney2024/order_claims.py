"""Claims on the hidden order: whether it is one state, tied to the task, and there if lazy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinglass_nn.studies.claims import (
    INFERRED,
    SUMMARY,
    Claim,
    above,
    all_of,
    below,
    mean_of,
)
from spinglass_nn.studies.recipes.barney2024.counts import StateCounts
from spinglass_nn.studies.recipes.barney2024.lazy import LazyControl
from spinglass_nn.studies.recipes.barney2024.melting_claims import FLAT, RISE, one_pair
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, WORDS
from spinglass_nn.studies.recipes.barney2024.removal import ModeRemoval


def decide(results: Mapping[str, Any]) -> list[Claim]:
    """A-8, and the control of lazy training."""
    removal: ModeRemoval = results["removal"]
    tied = [
        _tied(removal, number, kind, results[f"{kind}-counts"])
        for number, kind in enumerate(KINDS)
    ]
    return [*tied, _lazy(results["lazy"])]


def _tied(removal: ModeRemoval, number: int, kind: str, counts: StateCounts) -> Claim:
    intact, leading = removal.intact[number], removal.leading[number]
    drop = mean_of(intact - leading)
    excess = mean_of(removal.random[number] - leading)
    single = one_pair(counts, -1)
    n = intact.size
    dropped = all_of(above(drop, 0.0, n), above(excess, 0.0, n))
    return Claim(
        identifier=f"A-8 ({WORDS[kind]})",
        statement="The trained network has one hidden order, and it is tied to the task.",
        source=f"{SUMMARY}; the test is this package's",
        protocol="c",
        statistic="fall of the test accuracy when the leading eigenvector is taken out of the "
        "weights",
        value=drop,
        control="a random direction of the same strength "
        f"{mean_of(intact - removal.random[number])}, an eigenvector of the bulk "
        f"{mean_of(intact - removal.bulk[number])}; T_c goes from "
        f"{mean_of(removal.temperature[number])} to "
        f"{mean_of(removal.temperature_without[number])}; valid TAP pairs of the trained "
        f"networks {', '.join(map(str, counts.n_valid[:, -1]))}",
        verdict=all_of(single, dropped),
        reason=f"There must be one pair of TAP states just below T_c in every run ({single}), and "
        f"accuracy must fall, by more than with random directions ({dropped}).",
    )


def _lazy(control: LazyControl) -> Claim:
    lazy, rich = control.scales.size - 1, 0
    ratio = control.trained.temperature / control.initial.temperature
    added = control.trained.n_outliers - control.initial.n_outliers
    n = ratio.shape[1]
    change, rise = mean_of(abs(ratio[lazy] - 1)), mean_of(ratio[rich])
    verdict = all_of(
        below(change, FLAT, n),
        below(mean_of(added[lazy]), 0.5, n),
        above(rise, RISE, n),
        above(mean_of(control.accuracy[lazy]), 0.5, n),
    )
    return Claim(
        identifier="A-L",
        statement="Lazy training leaves the spin model as it was: no outliers, T_c flat.",
        source=f"{SUMMARY}; {INFERRED}",
        protocol="c",
        statistic=f"change of T_c in ReLU networks trained at output scale "
        f"{control.scales[lazy]:g}",
        value=change,
        control=f"T_c times {rise} at scale {control.scales[rich]:g}, the same starts; outliers "
        f"added {mean_of(added[lazy])} and {mean_of(added[rich])}; test accuracy "
        f"{mean_of(control.accuracy[lazy])} and {mean_of(control.accuracy[rich])}; weights moved "
        f"by {mean_of(control.moved[lazy])} and {mean_of(control.moved[rich])} of their length",
        verdict=verdict,
        reason=f"The lazy runs must learn (accuracy above one half) with T_c within {FLAT:.0%} "
        f"and no outlier more, while the rich ones raise T_c by a factor above {RISE:g}.",
    )
