"""The words of the report around its sections."""

from __future__ import annotations

from typing import Any

from spinglass_nn.reports.assembling import assemble, counted
from spinglass_nn.reports.barney2024 import melting, order, states, untrained
from spinglass_nn.reports.model import (
    Drawing,
    Headline,
    Reference,
    Report,
    Summary,
)
from spinglass_nn.studies import StudyRun
from spinglass_nn.studies.claims import mean_of
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, WORDS

_REFERENCES = (
    Reference(
        "R. Barney, M. Winer and V. Galitski, Neural networks as spin models: from glass to hidden "
        "order through training, 2024",
        "https://arxiv.org/abs/2408.06421",
    ),
    Reference(
        "D. J. Thouless, P. W. Anderson and R. G. Palmer, Solution of 'Solvable model of a spin "
        "glass', 1977",
    ),
    Reference("T. Plefka, Convergence condition of the TAP equation, 1982"),
    Reference(
        "L. Chizat, E. Oyallon and F. Bach, On lazy training in differentiable programming, 2018",
        "https://arxiv.org/abs/1812.07956",
    ),
)


def report(run: StudyRun, drawings: dict[str, Drawing]) -> Report:
    """Put the whole report together."""
    p, data = run.parameters, run.shared
    return assemble(
        run,
        title="From spin glass to hidden order?",
        subtitle=(
            f"Networks as spin models after Barney, Winer and Galitski (2024) on {data.name}: "
            f"{data.n_samples} training and {data.test.n_samples} test samples, hidden layers of "
            f"{', '.join(map(str, p.widths))} units, scale {p.scale}"
        ),
        summary=_summary(run),
        headlines=_headlines(run),
        sections=[part.section(run, drawings) for part in (untrained, melting, states, order)],
        next_steps=_next_steps(run),
        warnings=_warnings(run),
        references=_REFERENCES,
    )


def _summary(run: StudyRun) -> Summary:
    p = run.parameters
    rises = "; ".join(
        f"{WORDS[kind]} networks from {mean_of(run.results[kind].readings.temperature[:, 0])} to "
        f"{mean_of(run.results[kind].readings.temperature[:, -1])}"
        for kind in KINDS
    )
    return Summary(
        done=(
            f"{p.n_replicas} binarised and {p.n_replicas} ReLU networks were trained and read as "
            "Ising models at many times: units as spins, weights as couplings. Critical "
            "temperatures, spectra and TAP states were followed from the untrained network to the "
            "end.",
            "Beside them stand random networks and their theory, shuffled and rotated weights, "
            "random modes removed, and lazy training.",
        ),
        found=(
            f"Of {len(run.claims)} verdicts, supported here: {counted(run, 'supported')}; not "
            f"supported: {counted(run, 'not supported')}; cannot be decided: "
            f"{counted(run, 'cannot tell here')}.",
            f"T_c of {rises}.",
        ),
        certainty=(
            "Errors come from independent runs or networks, never from snapshots of one run; a "
            "verdict takes three standard errors, more where runs are few (Student's "
            "distribution). These are levels of each verdict by itself.",
            "Only the paper's abstract and opening, and third parties' summaries, were at hand: "
            "the protocol is reconstructed, and no number here can be compared with one of the "
            "paper.",
        ),
    )


def _headlines(run: StudyRun) -> list[Headline]:
    claims: dict[str, Any] = {claim.identifier: claim for claim in run.claims}
    made = [
        Headline("T_c over theory, untrained", claims["A-2"].value, "784-512-512-10"),
    ]
    for kind in KINDS:
        fits = run.results["growth"].of(kind)
        word = WORDS[kind]
        made.append(
            Headline(f"T_c at the end over start, {word}", claims[f"A-9 ({word})"].value,
                     "no exponent fitted" if fits is None else f"t^α, α = {fits.exponent}")
        )  # fmt: skip
    made.append(
        Headline("accuracy lost without the leading mode", claims["A-8 (ReLU)"].value, "ReLU")
    )
    return made


def _next_steps(run: StudyRun) -> list[str]:
    steps = []
    if run.parameters.scale == "quick":
        steps.append(
            "Full size: `spinglass-nn run barney2024 --set data=mnist --set data_dir=FOLDER --out "
            "standard`, with the folder of the IDX files"
        )
    return [
        *steps,
        "Does the verdict depend on the seed? `--set seed=1 --out seed1`",
        "Deeper: `--set widths=512,512,512`; inputs of ±1: `--set pixels=signs`",
        "ReLU networks that start as binarised ones do: `--set relu_variance=1`",
        "Everything that can be set: `spinglass-nn parameters barney2024`",
        "The numbers behind this page: `spinglass_nn.load` on the files in the folder `tasks`, "
        "and `claims.json`",
    ]


def _warnings(run: StudyRun) -> list[str]:
    warnings = [
        "Widths, rates, the solver of the TAP equations and the exponents of the paper were not "
        "seen. All choices stand in the table of parameters.",
        "Units of ReLU networks are not ±1: reading them as spins is the paper's step, not a "
        "property of these networks.",
        "T_c comes from the linear instability of m = 0 in the TAP equations, whatever the number "
        "of spins: in few of them order sets in gradually.",
    ]
    if run.parameters.scale == "quick":
        warnings.insert(
            0, "Quick scale: small networks on 8 x 8 images. Read the verdicts as a first look."
        )
    if not run.results["overlaps"].equilibrated[0]:
        warnings.append(
            "P(q) of the random networks is not in equilibrium by its tests; claim A-3 is not "
            "decided."
        )
    return warnings
