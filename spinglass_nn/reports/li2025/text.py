"""The words around the sections: what was done and found, and how sure it is."""

from __future__ import annotations

import numpy as np

from spinglass_nn.reports.assembling import assemble, counted
from spinglass_nn.reports.li2025 import sections
from spinglass_nn.reports.li2025._drawn import over
from spinglass_nn.reports.model import (
    Drawing,
    Headline,
    Reference,
    Report,
    Summary,
)
from spinglass_nn.studies import StudyRun

_REFERENCES = (
    Reference(
        "J. Li, A spin glass characterization of neural networks, 2025",
        "https://arxiv.org/abs/2508.07397",
    ),
    Reference(
        "R. Barney, M. Winer and V. Galitski, Neural networks as spin models: from glass to hidden "
        "order through training, 2024",
        "https://arxiv.org/abs/2408.06421",
    ),
    Reference("K. Hukushima and K. Nemoto, Exchange Monte Carlo method and application to spin "
              "glass simulations, J. Phys. Soc. Jpn. 65, 1604, 1996"),
    Reference(
        "T. Gu, B. Dolan-Gavitt and S. Garg, BadNets: identifying vulnerabilities in the machine "
        "learning model supply chain, 2017",
        "https://arxiv.org/abs/1708.06733",
    ),
)  # fmt: skip


def report(run: StudyRun, drawings: dict[str, Drawing]) -> Report:
    """Put the whole report together."""
    p, data = run.parameters, run.shared
    return assemble(
        run,
        title="Does the replica overlap tell what a network has learnt?",
        subtitle=(
            f"Q(T) after Li (2025) on {data.name}: {data.n_samples} training and "
            f"{data.test.n_samples} test samples, hidden layers of {p.width} and {p.width // 2} "
            f"ReLU units, scale {p.scale}"
        ),
        summary=_summary(run),
        headlines=_headlines(run),
        sections=sections.all_sections(run, drawings),
        next_steps=_next_steps(run),
        warnings=_warnings(run),
        references=_REFERENCES,
    )


# what Q tells apart from T_c and singular values
_BEYOND = ("T/T_c)", "(beyond)", "(rotated)")


def _summary(run: StudyRun) -> Summary:
    p, epochs = run.parameters, run.results["epochs"]
    n_networks = sum(
        run.results[name].critical.size
        for name in ("epochs", "nulls", "labels", "widths", "sizes")
    )
    q = epochs.at(p.compared_at)
    return Summary(
        done=(
            f"Networks were read as spin models, every unit a spin, every weight a coupling, and "
            f"Q(T), the mean overlap of {p.n_replicas} independent replicas, was measured for more "
            f"than {n_networks} of them: along training, for nulls, for random labels, for several "
            "widths and numbers of samples, at equal accuracy, and with a backdoor.",
            "Q(T) falls from 1 to the value of free spins near the temperature T_c at which order "
            "sets in, which depends on the largest singular values. So every statement is tested "
            "twice: at equal temperature, and at equal T/T_c, where T_c no longer counts.",
        ),
        found=(
            f"Of {len(run.claims)} verdicts, supported: {counted(run, 'supported')}; "
            f"not supported: {counted(run, 'not supported')}; cannot be told here: "
            f"{counted(run, 'cannot tell here')}.",
            "Of those that ask for more than T_c and singular values tell, supported: "
            f"{counted(run, 'supported', _BEYOND)}; not supported: "
            f"{counted(run, 'not supported', _BEYOND)}.",
            f"Training takes T_c from {over(epochs.critical[0])} to {over(epochs.critical[-1])}. Q "
            f"at {p.compared_at:g} T_c is {over(q[0])} before and {over(q[-1])} after.",
        ),
        certainty=(
            f"Errors are over {p.n_seeds} networks of each kind. A verdict takes three standard "
            "errors, by Student's distribution; levels are those of each verdict by itself, not "
            "corrected for their number. Absence of an effect has to be shown too.",
            "One data set, one kind of network: what holds here need not hold elsewhere.",
        ),
    )


def _headlines(run: StudyRun) -> list[Headline]:
    claims = {claim.identifier: claim for claim in run.claims}
    epochs = run.results["epochs"]
    value = claims["B-1"].value
    reduced = claims["B-1 (T/T_c)"].value
    effect = claims["B-4"].value
    assert value is not None
    assert reduced is not None
    assert effect is not None
    rise = epochs.critical[-1] / epochs.critical[0]
    return [
        Headline("T_c after training over before", over(rise) or float("nan"),
                 f"{rise.size} networks"),
        Headline("change of Q in training, equal T", value, "at the T_c of untrained networks"),
        Headline("change of Q in training, equal T/T_c", reduced,
                 f"at {run.parameters.compared_at:g} T_c"),
        Headline("change of Q by a backdoor", effect, "networks of the same start"),
    ]  # fmt: skip


def _next_steps(run: StudyRun) -> list[str]:
    steps = []
    if run.parameters.scale == "quick":
        steps.append(
            "Images of clothes, larger networks: `spinglass-nn run li2025 --out standard`"
        )
    return [
        *steps,
        "The full data: `spinglass-nn run li2025 --set data=fashion-mnist --set data_dir=FOLDER "
        "--out full`, with the folder of the IDX files",
        "Does it depend on where networks are compared? `--set compared_at=0.25 --out colder`",
        "More networks, smaller errors: `--set n_seeds=30 --out more`",
        "Q(T) of a network of your own: `spinglass_nn.dynamics.replica_overlap_curve` of "
        "`spinglass_nn.spins.LayeredIsing.from_network`",
        "Everything that can be set: `spinglass-nn parameters li2025`",
    ]


def _warnings(run: StudyRun) -> list[str]:
    p = run.parameters
    warnings = [
        "Only the paper's abstract and summaries by third parties were at hand. The protocols are "
        "reconstructed with documented choices (see the table of parameters); no number here can "
        "be compared with a number of the paper.",
    ]
    if p.scale == "quick":
        warnings.insert(
            0, "Quick scale: small networks on small images. Read the verdicts as a first look."
        )
    stuck = _stuck(run)
    if stuck:
        warnings.append(
            f"{stuck} networks have energies with an R-hat above 1.05 where they are compared: "
            "raise n_sweeps and glassy_sweeps."
        )
    return warnings


def _stuck(run: StudyRun) -> int:
    """Networks whose replicas disagree at the temperature of comparison."""
    names = ("epochs", "nulls", "labels", "widths", "sizes")
    parts = [run.results[name] for name in names]
    parts += [run.results[name].curves for name in ("matched", "backdoor")]
    place = int(np.abs(np.log(parts[0].reduced / run.parameters.compared_at)).argmin())
    return int(sum((part.r_hat[:, :, place] > 1.05).sum() for part in parts))
