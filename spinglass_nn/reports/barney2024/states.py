"""TAP states in figures and words."""

from __future__ import annotations

import numpy as np

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.barney2024._drawn import epoch_of, named
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.studies import MeltingRun, MeltingStates, StateCounts, StudyRun
from spinglass_nn.studies.claims import mean_of
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, WORDS
from spinglass_nn.studies.recipes.barney2024.states import cold_temperature
from spinglass_nn.typing import IntArray

_SCHEMES = ("plain", "clamped")


def figures(run: StudyRun) -> Drawn:
    """Numbers of states against temperature, for each kind and scheme."""
    drawn: Drawn = {}
    relative = run.parameters.tap_temperatures
    for kind in KINDS:
        found: MeltingStates = run.results[f"{kind}-states"]
        trained: MeltingRun = run.results[kind]
        labels = [epoch_of(int(step), trained.epoch_steps) for step in found.steps]
        for number, scheme in enumerate(_SCHEMES):
            drawn[f"states-{kind}-{scheme}"] = (
                plotting.states_in_training(
                    relative,
                    np.array([each.n_distinct[number] for each in found.solutions]),
                    np.array([each.n_valid[number] for each in found.solutions]),
                    labels,
                ),
                f"TAP solutions other than m = 0 of a {WORDS[kind]} network, {scheme} equations, "
                f"{run.parameters.tap_starts} starts at each temperature. Full marks: pairs that "
                "pass both filters.",
                "Numbers of pairs against temperature, one line a time of training.",
            )
    return drawn


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on states."""
    p = run.parameters
    counts: list[StateCounts] = [run.results[f"{kind}-counts"] for kind in KINDS]
    searched: list[MeltingStates] = [run.results[f"{kind}-states"] for kind in KINDS]
    return Section(
        "states",
        "(c) States",
        "Are there many TAP states before training, and one pair after?",
        method=(
            "Damped iteration of the TAP equations from uniform and from quenched starts, finished "
            "by Newton's method; a solution and its mirror image count once. Plain: the equations "
            "as they are, which from anywhere end at m = 0 in a glass, where that is no state. "
            "Clamped: with the reaction term frozen at overlaps from theory, which solves other "
            "equations but finds more on cooling. A solution is valid if Plefka's condition holds "
            "and the Hessian has no negative eigenvalue. The paper's own solver was not seen.",
            f"Every run is counted at {p.state_temperature:g} T_c (plain) and at "
            f"{cold_temperature(p):g} T_c (clamped).",
        ),
        findings=tuple(_finding(one) for one in counts),
        drawings=[
            drawings[f"states-{kind}-{scheme}"] for kind in KINDS for scheme in _SCHEMES
        ],
        tables=[
            *(_counted(run, one) for one in counts),
            Table(
                "How the number of solutions depends on how they are looked for: range over "
                "damping, number of starts and tolerance",
                ("network", "T", *_SCHEMES),
                [
                    (f"{WORDS[one.kind]}, {name}", sensitivity.temperature,
                     *(f"{n.min()} to {n.max()}" for n in sensitivity.n_distinct))
                    for one in searched
                    for name, sensitivity in zip(
                        ("untrained", "trained"), one.sensitivities, strict=True
                    )
                ],
            ),
        ],
    )  # fmt: skip


def _finding(one: StateCounts) -> str:
    n, last = len(one.n_valid), -1
    single = int((one.n_valid[:, last] == 1).sum())
    aligned = one.alignment[:, last]
    aligned = aligned[np.isfinite(aligned)]
    beside = (
        f"; its cosine with the leading eigenvector of the couplings is {mean_of(aligned)}"
        if aligned.size > 1
        else ""
    )
    return (
        f"{named(one.kind)} networks: before training {one.n_trapped[:, 0].sum()} of "
        f"{n * one.n_starts} plain starts end at m = 0; after it {single} of {n} runs have "
        f"exactly one valid pair{beside}."
    )


def _counted(run: StudyRun, one: StateCounts) -> Table:
    epoch_steps = run.results[one.kind].epoch_steps
    return Table(
        f"Pairs of states of every {WORDS[one.kind]} run",
        ("time", "valid, plain", "all, plain", "at rest", "at m = 0", "clamped", "of these valid",
         "cosine with the leading eigenvector"),
        [
            (epoch_of(int(step), epoch_steps), _listed(one.n_valid[:, c]),
             _listed(one.n_distinct[:, c]), f"{one.n_converged[:, c].sum()} of "
             f"{one.n_starts * len(one.n_valid)}", int(one.n_trapped[:, c].sum()),
             _listed(one.clamped[:, c]), _listed(one.clamped_valid[:, c]),
             ", ".join(f"{x:.2f}" if np.isfinite(x) else "–" for x in one.alignment[:, c]))
            for c, step in enumerate(one.steps)
        ],
    )  # fmt: skip


def _listed(values: IntArray) -> str:
    return ", ".join(map(str, values))
