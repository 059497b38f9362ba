"""The words of the report: question, method and findings of every protocol, with numbers."""

from __future__ import annotations

from typing import Any

from spinglass_nn.reports.assembling import assemble, counted
from spinglass_nn.reports.liao2024 import sections
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
        "H. Liao et al., Exploring loss landscapes through the lens of spin glass theory, 2024",
        "https://arxiv.org/abs/2407.20724",
    ),
    Reference(
        "R. Entezari et al., The role of permutation invariance in linear mode connectivity of "
        "neural networks, 2021",
        "https://arxiv.org/abs/2110.06296",
    ),
    Reference(
        "H. G. Katzgraber and A. K. Hartmann, Ultrametricity and clustering of states in spin "
        "glasses: a one-dimensional view, 2009",
        "https://arxiv.org/abs/0807.3513",
    ),
    Reference(
        "L. Dinh et al., Sharp minima can generalize for deep nets, 2017",
        "https://arxiv.org/abs/1703.04933",
    ),
    Reference(
        "N. S. Keskar et al., On large-batch training for deep learning: generalization gap "
        "and sharp minima, 2016",
        "https://arxiv.org/abs/1609.04836",
    ),
    Reference(
        "A. Choromanska et al., The loss surfaces of multilayer networks, 2015",
        "https://arxiv.org/abs/1412.0233",
    ),
)


def report(run: StudyRun, drawings: dict[str, Drawing]) -> Report:
    """Put the whole report together."""
    p, data = run.parameters, run.shared
    return assemble(
        run,
        title="Is this loss landscape a spin glass?",
        subtitle=(
            f"Four protocols after Liao et al. (2024) on {data.name}: {data.n_samples} training "
            f"and {data.test.n_samples} test samples, one hidden layer of {p.width} ReLU units, "
            f"scale {p.scale}"
        ),
        summary=_summary(run),
        headlines=_headlines(run),
        sections=sections.all_sections(run, drawings),
        next_steps=_next_steps(run),
        warnings=_warnings(run),
        references=_REFERENCES,
    )


def _summary(run: StudyRun) -> Summary:
    p, results = run.parameters, run.results
    solutions, paths = results["solutions"], results["interpolation"]
    branch = results["hierarchy"].branch("independent", "aligned euclidean")
    matched = sum(c.barrier for c in paths.matched) / len(paths.matched)
    raw = sum(c.barrier for c in paths.pairs) / len(paths.pairs)
    return Summary(
        done=(
            f"{len(solutions.independent)} networks were trained from independent starts to a "
            f"train loss of {p.stop_at_loss:g} nats. Random walks explored their "
            "neighbourhoods, straight lines joined them to their own permuted copies and to "
            "each other, clustering looked for a hierarchy among them, and a sweep over batch "
            "sizes set flatness against generalization.",
            "Hierarchy and overlaps stand beside null models, untrained networks and runs whose "
            "tree is known, walks and barriers beside untrained points and pairs of solutions. "
            "Spin glasses whose answer is known pass through the same tests of hierarchy.",
        ),
        found=(
            f"Of {len(run.claims)} verdicts, on statements of the paper's abstract, of summaries "
            "by third parties or inferred (the table says which; some are decided twice, under "
            "two stopping rules), "
            f"supported here: {counted(run, 'supported')}; not supported: "
            f"{counted(run, 'not supported')}; cannot be decided: "
            f"{counted(run, 'cannot tell here')}.",
            f"On straight lines independent solutions are separated by {raw:.2f} nats; matching "
            f"their hidden units leaves {matched:.3f}. {branch.verdict.sentence}",
        ),
        certainty=(
            "Errors come from independent runs, never from points of one run; a verdict takes "
            "three standard errors (Student's distribution where runs are few) or p < 0.01. These "
            "are levels of each verdict by itself, not corrected for the number of verdicts.",
            "One architecture, one data set, one optimizer: what holds here need not hold "
            "elsewhere, and solutions found by training are not samples of equilibrium.",
        ),
    )


def _headlines(run: StudyRun) -> list[Headline]:
    claims: dict[str, Any] = {claim.identifier: claim for claim in run.claims}
    branch = run.results["hierarchy"].branch("independent", "aligned euclidean")
    noise = branch.verdict.clusters.bands[0]
    solutions = run.results["solutions"]
    accuracy = solutions.history.last("test_accuracy")
    return [
        Headline("test accuracy of the solutions", f"{accuracy.mean():.3f}",
                 f"{len(accuracy)} independent runs"),
        Headline("barrier to a permuted copy", claims["C10"].value, "nats per sample"),
        Headline("overlap q after matching", run.results["hierarchy"].aligned.mean,
                 f"untrained: {run.results['hierarchy'].untrained.mean}"),
        Headline("ultrametricity K", branch.statistics.k,
                 f"one cluster: {noise.low:.2f} to {noise.high:.2f}, tree: 0"),
    ]  # fmt: skip


def _next_steps(run: StudyRun) -> list[str]:
    steps = []
    if run.parameters.scale == "quick":
        steps.append(
            "More solutions, wider networks, a lower loss: "
            "`spinglass-nn run liao2024 --out standard`"
        )
    elif run.parameters.scale == "standard":
        steps.append(
            "A lower loss, smaller errors: `spinglass-nn run liao2024 --set scale=paper "
            "--out paper`"
        )
    steps += [
        "The full data: `spinglass-nn run liao2024 --set data=fashion-mnist --set "
        "data_dir=FOLDER --out full`, with the folder of the IDX files",
        "Does the verdict depend on the seed? `--set seed=1 --out seed1`",
        "Does it depend on the width? `--set width=512 --out wide`",
        "Everything that can be set: `spinglass-nn parameters liao2024`",
        "The numbers behind this page: `spinglass_nn.load` on the files in the folder `tasks`, "
        "and `claims.json`",
    ]
    return steps


def _warnings(run: StudyRun) -> list[str]:
    warnings = [
        "Only the paper's abstract and third-party summaries were at hand. The protocols are "
        "re-implemented with documented choices (see the table of parameters); no number here "
        "can be compared with a number of the paper.",
        "If the paper's mapping is that of Choromanska et al., one hidden layer leads to a "
        "spherical model with interactions of H = 2 weights, which is replica symmetric, with two "
        "minima: the mapping by itself does not predict a hierarchy for this architecture.",
    ]
    if run.parameters.scale == "quick":
        warnings.insert(
            0,
            "Quick scale: few runs on a subset of the data. Read the verdicts as a first look.",
        )
    branches = run.results["hierarchy"].branches
    if ("independent", "disagreement") not in {
        (b.ensemble, b.distances.kind) for b in branches
    }:
        warnings.append(
            "All solutions predict the same on the test set, so there is no tree of predictions."
        )
    sweep = run.results["flatness"]
    missed = int(sweep.reached[0].size - sweep.reached[0].sum())
    if missed:
        warnings.append(
            f"{missed} of {sweep.reached[0].size} runs of the batch-size sweep did not reach "
            "their train loss; claims that rest on matched loss are not decided."
        )
    return warnings
