"""A made-up report of realistic length; its numbers come from no measurement."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.statistics import Estimate


def claim(identifier, protocol, statement, source, statistic, value, control, verdict, reason):
    return SimpleNamespace(
        identifier=identifier,
        protocol=protocol,
        statement=statement,
        source=source,
        statistic=statistic,
        value=value,
        control=control,
        verdict=verdict,
        reason=reason,
    )


def claims():
    return [
        claim(
            "C7",
            "a",
            "Loss rises and accuracy falls along the free walk from a solution.",
            "inferred from the abstract",
            "rise of the loss at distance |θ₀|, nats",
            Estimate(0.0913, 0.0042),
            "quadratic law 0.090 ± 0.004",
            "supported",
            "The rise is 21 standard errors above zero.",
        ),
        claim(
            "C10",
            "b",
            "The straight line to a permuted copy rises to one barrier near its "
            "middle and returns to the start value.",
            "inferred from the abstract",
            "barrier B over 20 permutations, nats per sample",
            Estimate(0.352, 0.011),
            "0 at both ends by symmetry; one maximum in 20 of 20",
            "supported",
            "One maximum, at t = 0.50 ± 0.01.",
        ),
        claim(
            "C13",
            "c",
            "Hierarchical clustering of trained solutions gives a hierarchy "
            "reminiscent of replica symmetry breaking.",
            "abstract, versions 1 and 2",
            "cophenetic correlation of 16 independent solutions, average linkage",
            Estimate(0.61, 0.03),
            "Gaussian null 0.50 to 0.77 (1–99 %); forked runs 0.999",
            "not supported",
            "Independent solutions are no more tree-like than noise.",
        ),
        claim(
            "C17",
            "d",
            "Flatness correlates with generalization across runs.",
            "two third parties' summaries",
            "Spearman ρ of ΔL at ρ = 0.3 and test accuracy",
            Estimate(-0.21, 0.24),
            "shuffled labels −0.42 to 0.41 (1–99 %)",
            "cannot tell here",
            "The sign changes with the stop rule.",
        ),
        claim(
            "C19",
            "d",
            "Spin-glass terms help to explain the absence of overfitting.",
            "motivation in the abstract",
            "none",
            None,
            "–",
            "cannot tell here",
            "Not a testable statement as it stands.",
        ),
    ]


@cache
def curve_of_height(height):
    t = np.linspace(0, 1, 21)
    curve = SimpleNamespace(
        coordinate=t,
        loss=0.2 + height * np.sin(np.pi * t) ** 2,
        accuracy=0.9 - t * 0,
        test_loss=None,
        test_accuracy=None,
    )
    return sg.plotting.svg(sg.plotting.curves([curve], ["to its permuted copy"]))


def drawing(height=0.8, wide=False):
    return sg.reports.Drawing(
        svg=curve_of_height(height),
        caption="Loss on the straight line; mean over 20 permutations, band 10–90 %.",
        alternative="A curve with one maximum in the middle.",
        wide=wide,
    )


def demo(drawings=None, **changes):
    """The report; `drawings` maps a section's letter to its figures."""
    drawings = drawings or {"a": [drawing(0.1)], "b": [drawing(0.8), drawing(0.2, wide=True)]}
    text = {
        "a": ("walks", "Random walks", "How does the loss grow around a solution?"),
        "b": ("copies", "Permuted copies", "How are symmetric copies connected?"),
        "c": ("clusters", "Hierarchical clustering", "Do solutions form a tree?"),
        "d": ("flatness", "Flatness and generalization", "Do flat solutions do better?"),
    }
    sections = [
        sg.reports.Section(
            *text[letter],
            method=[
                "Each walk starts at a trained point and takes 1,000 Gaussian steps of "
                "fixed length; every step is accepted. Distances are in units of the "
                "norm of the start."
            ],
            findings=[
                "The loss follows the quadratic law within its error up to |θ₀|: the "
                "ratio is 1.02 ± 0.04.",
                "Beyond, it grows faster than the law.",
            ],
            drawings=figures,
            tables=[
                sg.reports.Table(
                    "Ratio of measured rise to the quadratic law.",
                    ["excursion ρ", "rise ΔL", "ratio", "walkers"],
                    [
                        ["0.1", Estimate(9.1e-4, 4e-5), 1.01, 20],
                        ["0.3", Estimate(0.0082, 0.0003), 1.02, 20],
                        ["1.0", None, float("nan"), 20],
                    ],
                )
            ],
        )
        for letter, figures in drawings.items()
    ]
    fields = {
        "title": "Loss landscape through the lens of spin-glass theory",
        "subtitle": "Study `liao2024` on the built-in Fashion-MNIST subset (6,000 + 2,000 "
        "images), seed 1",
        "summary": sg.reports.Summary(
            done=[
                "Four protocols on one-hidden-layer ReLU networks (784–100–10): random "
                "walks, interpolation between permuted copies, hierarchical clustering, and "
                "flatness over batch sizes."
            ],
            found=[
                "Solutions sit in a quadratic bowl out to a distance of |θ₀|. Permuted "
                "copies are separated by one barrier of 0.35 ± 0.01 nats.",
                "Independent solutions show no hierarchy beyond that of noise; runs with a "
                "shared history do.",
            ],
            certainty=[
                "Errors are standard errors over 5 seeds. One data set, one width: "
                "differences between widths and data sets are not in them."
            ],
        ),
        "headlines": [
            sg.reports.Headline(
                "barrier to a permuted copy", Estimate(0.352, 0.011), "nats per sample"
            ),
            sg.reports.Headline(
                "the same after matching", Estimate(0.021, 0.004), "nats per sample"
            ),
            sg.reports.Headline(
                "cophenetic correlation", Estimate(0.61, 0.03), "null: 0.50 to 0.77"
            ),
            sg.reports.Headline("test accuracy", Estimate(0.846, 0.002), "5 seeds"),
        ],
        "sections": sections,
        "claims": claims(),
        "parameters": [
            sg.reports.Parameter("hidden width M", 100, "near the usual 128", "width"),
            sg.reports.Parameter(
                "stop rule",
                "train loss ≤ 0.2 nats",
                "matched loss across batch sizes",
                "stop_loss",
            ),
            sg.reports.Parameter(
                "batch sizes", [8, 32, 128, 512], "small-large contrast", "batch_sizes"
            ),
        ],
        "provenance": [
            ("package", "spinglass_nn 0.1.0"),
            ("seed", 1),
            ("digest of the data", "8f3c" * 16),
        ],
        "next_steps": [
            "`spinglass-nn run liao2024 --set data=fashion-mnist --set "
            "data_dir=DIR --out RESULTS` repeats it on all 60,000 images.",
            "More seeds for C17: `--set n_seeds=20`.",
        ],
        "warnings": ["This is the quick run: 5 seeds and a subset of the data."],
        "references": [
            sg.reports.Reference(
                "Liao and others, Exploring loss landscapes "
                "through the lens of spin glass theory, 2024.",
                "https://arxiv.org/abs/2407.20724",
            )
        ],
    }
    return sg.reports.Report(**(fields | changes))


@pytest.fixture
def make_report():
    """Builder of the made-up report; keywords replace its fields."""
    return demo
