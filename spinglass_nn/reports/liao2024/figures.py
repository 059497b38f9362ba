"""The figures of the study, each with a caption and words for those who cannot see it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spinglass_nn import plotting
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.studies import (
    Hierarchy,
    Interpolation,
    Solutions,
    StudyRun,
    Sweep,
    Walks,
)
from spinglass_nn.studies.claims import ranked

Drawn = dict[str, tuple[Figure | Axes, str, str]]

_BAND = "Lines are means, bands hold 10 to 90 % of the walkers."
_RULES = ("matched loss", "matched epochs")


def figures(run: StudyRun) -> Drawn:
    """All figures of the report by name: what was drawn, caption, alternative text."""
    results = run.results
    return {
        **_training(results["solutions"]),
        **_walks(results["walks"]),
        **_paths(results["interpolation"]),
        **_hierarchy(results["hierarchy"], results["solutions"]),
        **_flatness(results["flatness"]),
    }


def _training(solutions: Solutions) -> Drawn:
    axes = plotting.training_curves(solutions.history)
    n = len(solutions.independent)
    return {
        "training-loss": (
            axes,
            f"Training of {n} independent solutions: mean and 10-90 % band over those still "
            "training; a dot where each stopped.",
            "Train and test loss against epoch; the train loss falls to the stopping value, "
            "the test loss turns up again.",
        )
    }


def _walks(walks: Walks) -> Drawn:
    trained = [walks.pooled("trained", k) for k in range(walks.excursions.size)]
    labels = [f"ρ = {rho:g}" for rho in walks.excursions]
    place = int(np.argmin(np.abs(np.log(walks.excursions))))
    starts = [walks.pooled(start, place) for start in walks.starts]
    longest = f"of length {walks.excursions[place]:g} |θ₀|"
    return {
        "walk-loss": (
            plotting.walk_loss(trained, labels, against="steps", ordered=True),
            f"Loss along free random walks from solutions, for walks of length ρ|θ₀|. {_BAND}",
            "Train loss against step, one line for each length of walk.",
        ),
        "walk-law": (
            _law(walks),
            "Rise of the loss against distance along the longest walks (line and band) and at "
            "fixed distances over pairs of opposite directions (points, standard errors over "
            "solutions), with the quadratic law tr(H) d²/2N from the Hessian at the solutions "
            "(dashed; band: its error). The law does not see the kinks of ReLU units, so a "
            "constant factor to it is no structure; another slope is.",
            "Rise of the loss against distance on logarithmic axes, beside a dashed line of "
            "slope two.",
        ),
        "walk-starts": (
            plotting.walk_loss(starts, list(walks.starts), against="distance"),
            f"The same walks {longest} from a solution, from its untrained starting point and "
            f"from a random point of the solution's length. {_BAND}",
            "Train loss against distance for three kinds of start.",
        ),
        "walk-accuracy": (
            plotting.walk_accuracy(starts, list(walks.starts), against="distance"),
            f"Accuracy along the walks {longest}. {_BAND}",
            "Train accuracy against distance for three kinds of start.",
        ),
    }


def _law(walks: Walks) -> Axes:
    longest = walks.pooled("trained", walks.excursions.size - 1)
    axes = plotting.walk_loss([longest], ["walks"], traces=[walks.scaled_trace()], rise=True)
    points = [mean_estimate(row) for row in walks.bowl]
    axes.errorbar(
        walks.excursions,
        [p.mean for p in points],
        yerr=[p.error for p in points],
        fmt="o",
        color="black",
        label="opposite pairs",
    )
    axes.set_xlim(0.7 * walks.excursions[0], 1.3 * walks.excursions[-1])
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.3 * points[0].mean), high)
    axes.legend(loc="upper left", frameon=False)
    return axes


def _paths(paths: Interpolation) -> Drawn:
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


def _hierarchy(hierarchy: Hierarchy, solutions: Solutions) -> Drawn:
    independent = hierarchy.branch("independent", "aligned euclidean")
    forked = hierarchy.branch("forked", "euclidean")
    drawn: Drawn = {
        "tree-independent": (
            plotting.dendrogram_and_matrix(independent.tree, independent.distances),
            "Independent solutions after pairwise matching of their hidden units: dendrogram "
            "(average linkage) and distances in its order. Any set of points yields a tree.",
            "Dendrogram of the independent solutions over the matrix of their distances.",
        ),
        "tree-forked": (
            plotting.dendrogram_and_matrix(
                forked.tree,
                forked.distances,
                groups=[f"start {g + 1}" for g in solutions.fork_groups],
            ),
            "Positive control: runs that share history and part at the fork epochs, as trained "
            "(they were trained less long than the solutions). This is what a hierarchy looks "
            "like.",
            "Dendrogram of the forked runs over the matrix of their distances.",
        ),
        "nulls-cophenetic": (
            _null_band(hierarchy, "cophenetic"),
            _null_caption("high"),
            "Observed cophenetic correlations beside null bands.",
        ),
        "nulls-k": (
            _null_band(hierarchy, "k"),
            _null_caption("low"),
            "Observed K beside null bands.",
        ),
    }
    axes = plotting.overlap_distribution(hierarchy.raw, label="as trained")
    plotting.overlap_distribution(hierarchy.untrained, label="untrained, matched", ax=axes)
    plotting.overlap_distribution(hierarchy.aligned, label="trained, matched", ax=axes)
    drawn["overlaps"] = (
        axes,
        "P(q) of weight vectors over pairs of independent solutions, before and after matching "
        "hidden units, and of untrained networks after the same matching, which alone makes q "
        "positive. Bars are jackknife errors over solutions.",
        "Three distributions of the overlap.",
    )
    return drawn


def _null_band(hierarchy: Hierarchy, which: str) -> Axes:
    tests: list[Any] = [getattr(b.ultrametricity, which) for b in hierarchy.branches]
    return plotting.null_band(
        [t.value for t in tests],
        [t.draws for t in tests],
        names=[b.title for b in hierarchy.branches],
        statistic=tests[0].statistic,
    )


def _null_caption(side: str) -> str:
    return (
        "Dots: measured, with jackknife errors over solutions. Grey: 1 to 99 % of the null "
        "model's draws, points that differ only in how far out they lie. Trees lie on the "
        f"{side} side."
    )


def _flatness(sweep: Sweep) -> Drawn:
    sizes = sweep.batch_sizes
    rho = ranked(sweep.sharpness[1, 0], sweep.test_accuracy[0]).estimate

    def by_rule(values: Any) -> dict[str, Any]:
        return {rule: values[k] for k, rule in enumerate(_RULES)}

    return {
        "flatness-absolute": (
            plotting.flatness(sizes, by_rule(sweep.sharpness[0]),
                              measure="F1: ΔL at fixed distance (nats)", log=True),
            "Rise of the loss at a fixed distance, against batch size. Bars are standard "
            "errors over seeds.",
            "F1 against batch size for both stopping rules.",
        ),
        "flatness-relative": (
            plotting.flatness(sizes, by_rule(sweep.sharpness[1]),
                              measure="F2: ΔL at fixed distance over norm (nats)", log=True),
            "Rise of the loss at a fixed fraction of the solution's length, against batch size. "
            "Bars are standard errors over seeds. At matched epochs large batches take "
            "fewer steps and end at another train loss, on which flatness depends too.",
            "F2 against batch size for both stopping rules.",
        ),
        "gap": (
            plotting.generalization_gap(sizes, by_rule(sweep.gap)),
            "Test loss minus train loss against batch size. Bars are standard errors over "
            "seeds.",
            "Generalization gap against batch size for both stopping rules.",
        ),
        "flatness-accuracy": (
            plotting.flatness_against_generalization(
                sweep.sharpness[1, 0],
                sweep.test_accuracy[0],
                batch_sizes=sizes,
                measure="F2: ΔL at fixed distance over norm (nats)",
                correlation=rho,
            ),
            "Sharpness against test accuracy at matched train loss, one point a run.",
            "Scatter of test accuracy against F2, coloured by batch size.",
        ),
    }  # fmt: skip
