"""Protocol (b) in figures and words: paths between copies and between solutions."""

from __future__ import annotations

import numpy as np

from spinglass_nn import plotting
from spinglass_nn.landscape import mean_barrier
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.studies import Interpolation, StudyRun


def figures(paths: Interpolation) -> Drawn:
    """Figures of paths and barriers."""
    groups = [paths.copies, paths.pairs, paths.matched, paths.shuffled]
    labels = ["own copy", "independent", "independent, matched", "independent, shuffled"]
    direct = paths.chain_direct.barrier
    return {
        "path-loss": (
            plotting.curves(groups, labels),
            "Train loss on straight lines: from a solution to its copy with all hidden units "
            "permuted, to an independent solution, and to that after matching or shuffling "
            "its units. Means with 10-90 % bands over pairs.",
            "Loss against position on the line for four kinds of pairs.",
        ),
        "path-accuracy": (
            plotting.curves(groups, labels, quantity="test_accuracy"),
            "Test accuracy on the same lines.",
            "Test accuracy against position on the line for the same pairs.",
        ),
        "barrier-fraction": (
            plotting.barrier_against_fraction(paths.fractions, paths.barriers, log=True),
            "Barrier to a copy against the share of hidden units that were moved; bars are "
            "standard errors over permutations. Lines without a barrier count in the mean, but "
            "have no point on this axis.",
            "Barrier against the share of permuted units on logarithmic axes.",
        ),
        "chain": (
            plotting.chain_profile(paths.chain),
            "The same kind of copy reached one swap of two units at a time; the straight line "
            f"to it has a barrier of {direct:.3g} nats.",
            "Loss along the chain of swaps, with dots of equal loss where legs meet.",
        ),
    }


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on paths and barriers."""
    paths: Interpolation = run.results["interpolation"]
    legs = paths.chain.leg_barriers
    return Section(
        "paths",
        "(b) Paths between copies",
        "Permuting hidden units copies a solution exactly. How are the copies connected?",
        method=(
            "Straight lines from solutions to copies with a share of their units permuted; one "
            "long permutation taken one swap at a time; straight lines between independent "
            "solutions, as trained, after matching the second one's units to the first's "
            "(exact for one hidden layer), and after shuffling them.",
            "The barrier is the largest excess of the loss over the chord between the ends, zero "
            "where the loss lies below it; lines without a barrier have no peak.",
        ),
        findings=(
            f"Copies have the loss of the original to {paths.copy_error:.1g} (float64).",
            f"Along the chain of swaps no leg rises by more than {legs.max():.3g} nats, the "
            f"straight line to the same copy by {paths.chain_direct.barrier:.3g}: the barrier on "
            "the straight line is no barrier of the landscape between the two.",
            "Matching lowers the barrier between independent solutions from "
            f"{mean_barrier(paths.pairs)} to {mean_barrier(paths.matched)} nats and "
            f"raises their overlap from {mean_estimate(paths.similarity[:, 0])} to "
            f"{mean_estimate(paths.similarity[:, 1])}; untrained networks reach "
            f"{mean_estimate(paths.untrained_similarity)} by matching alone.",
            "The same runs at other points of training: "
            + "; ".join(
                f"{stage} (loss {loss.mean():.2g}) {mean_estimate(barriers[:, 0])}, matched "
                f"{mean_estimate(barriers[:, 1])}"
                for stage, loss, barriers in zip(
                    paths.stages, paths.stage_losses, paths.stage_barriers, strict=True
                )
            )
            + ".",
        ),
        drawings=[drawings[name] for name in
                  ("path-loss", "path-accuracy", "barrier-fraction", "chain")],
        tables=[_table(paths)],
    )  # fmt: skip


def _table(paths: Interpolation) -> Table:
    rows = [
        (
            f"own copy, {f:.0%} of units moved",
            mean_estimate(b),
            mean_estimate(t[b > 0]) if (b > 0).sum() > 1 else None,
            mean_estimate(a),
        )
        for f, b, t, a in zip(
            paths.fractions, paths.barriers, paths.peaks, paths.accuracy_barriers, strict=True
        )
    ]
    rows += [
        (
            name,
            mean_barrier(curves),
            mean_estimate(np.array([c.barrier_position for c in curves])),
            mean_barrier(curves, of="accuracy_barrier"),
        )
        for name, curves in (
            ("independent", paths.pairs),
            ("independent, matched", paths.matched),
            ("independent, shuffled", paths.shuffled),
        )
    ]
    return Table(
        "Barriers on straight lines (nats), errors over permutations or pairs",
        ("line", "barrier", "peak at t", "accuracy below the chord"),
        rows,
    )
