"""The four protocols as sections: what was asked, how, and what came out."""

from __future__ import annotations

import numpy as np

from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies import Hierarchy, Interpolation, StudyRun, Sweep, Walks
from spinglass_nn.studies.recipes.liao2024.flatness import MEASURES, RULES
from spinglass_nn.studies.recipes.liao2024.hierarchy import LINKAGES


def all_sections(run: StudyRun, drawings: dict[str, Drawing]) -> list[Section]:
    """Sections in the order of the protocols."""
    return [
        _solutions(run, drawings),
        _walks(run, drawings),
        _paths(run, drawings),
        _hierarchy(run, drawings),
        _flatness(run, drawings),
    ]


def _solutions(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    found, p = run.results["solutions"], run.parameters
    history, epochs = found.history, found.n_epochs
    rows = [
        (name, mean_estimate(history.last(key)), float(history.last(key).std(ddof=1)))
        for name, key in (
            ("train loss (nats)", "train_loss"),
            ("test loss (nats)", "test_loss"),
            ("train accuracy", "train_accuracy"),
            ("test accuracy", "test_accuracy"),
            ("norm |θ|", "norm"),
        )
    ]
    return Section(
        "solutions",
        "Solutions",
        "What does training find, and how alike are the finds in quality?",
        method=(
            f"{found.independent.network} with {found.independent.network.n_parameters} "
            f"parameters, plain SGD at rate {p.learning_rate:g} and batch {p.batch_size}, until "
            f"the train loss is {p.stop_at_loss:g} nats or less. Three ensembles: independent "
            "runs (E1), runs that share the start but not the data order (E2), and runs that "
            f"share history and fork (E5), which end after "
            f"{p.fork_epochs[-1] + max(np.diff([0, *p.fork_epochs]))} epochs, whatever their loss.",
        ),
        findings=(
            f"The {len(epochs)} independent runs took {epochs.min()} to {epochs.max()} epochs.",
        ),
        drawings=[drawings["training-loss"]],
        tables=[Table("Independent solutions at the end of training",
                      ("quantity", "mean", "s.d. over runs"), rows)],
    )  # fmt: skip


def _walks(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    walks: Walks = run.results["walks"]
    ratios = walks.quadratic_ratio()
    rows = []
    for k, rho in enumerate(walks.excursions):
        rises = [mean_estimate(walks.rise(start)[k]) for start in walks.starts]
        rows.append((f"{rho:g}", *rises, mean_estimate(walks.fall("trained")[k]), ratios[k]))
    return Section(
        "walks",
        "(a) Random walks",
        "What does the landscape look like around a solution, seen by a blind walker?",
        method=(
            f"Free walks of {run.parameters.walk_steps} Gaussian steps that are always accepted, "
            f"{walks.loss.shape[3]} from each of {walks.norms.size} solutions, from the points "
            "where their training began, and from random points of the same length. A walk's "
            "length is ρ|θ₀|. Errors are over solutions.",
            "Such a walk goes in random directions only, so for short distances its loss must "
            "grow as d², as tr(H) d²/2N with H the Hessian and N the number of parameters. Only "
            "another growth says more than curvature. The Hessian of a ReLU network does not see "
            "its kinks. Where units about to switch on raise the loss on average, the kinks add "
            "to the rise, also as d². The last column, from pairs of opposite displacements of "
            "length ρ|θ₀|, shows this at short distance; at long distance it shows higher orders "
            "of the smooth part as well.",
        ),
        findings=(
            f"At ρ = {walks.excursions[-1]:g} the loss has risen by "
            f"{mean_estimate(walks.rise('trained')[-1])} nats from solutions and by "
            f"{mean_estimate(walks.rise('untrained')[-1])} from untrained points.",
        ),
        drawings=[drawings[name] for name in
                  ("walk-loss", "walk-law", "walk-starts", "walk-accuracy")],
        tables=[
            Table(
                "Change over a whole walk (nats; accuracy as a fraction), errors over solutions",
                ("ρ", "ΔL trained", "ΔL untrained", "ΔL random", "Δaccuracy trained",
                 "ΔL over tr(H) d²/2N"),
                rows,
            )
        ],
    )  # fmt: skip


def _paths(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    paths: Interpolation = run.results["interpolation"]
    legs = paths.chain.leg_barriers

    def mean(curves: tuple[object, ...]) -> Estimate:
        return mean_estimate(np.array([c.barrier for c in curves]))  # type: ignore[attr-defined]

    rows = [
        (
            f"own copy, {f:.0%} of units moved",
            mean_estimate(b),
            mean_estimate(t[b > 0]) if (b > 0).sum() > 1 else None,
        )
        for f, b, t in zip(paths.fractions, paths.barriers, paths.peaks, strict=True)
    ]
    rows += [
        (name, mean(curves), mean_estimate(np.array([c.barrier_position for c in curves])))
        for name, curves in (
            ("independent", paths.pairs),
            ("independent, matched", paths.matched),
            ("independent, shuffled", paths.shuffled),
        )
    ]
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
            f"Matching lowers the barrier between independent solutions from {mean(paths.pairs)} "
            f"to {mean(paths.matched)} nats and raises their overlap from "
            f"{mean_estimate(paths.similarity[:, 0])} to "
            f"{mean_estimate(paths.similarity[:, 1])}; untrained networks reach "
            f"{mean_estimate(paths.untrained_similarity)} by matching alone.",
        ),
        drawings=[drawings[name] for name in
                  ("path-loss", "path-accuracy", "barrier-fraction", "chain")],
        tables=[Table("Barriers on straight lines (nats), errors over permutations or pairs",
                      ("line", "barrier", "peak at t"), rows)],
    )  # fmt: skip


def _hierarchy(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    hierarchy: Hierarchy = run.results["hierarchy"]
    rows, linkages = [], []
    for branch in hierarchy.branches:
        test, values = branch.ultrametricity, branch.distances.values
        upper = values[np.triu_indices(len(values), 1)]
        rows.append((
            branch.title,
            len(values),
            f"{upper.mean():.4g} ({upper.std() / upper.mean():.1%})",
            test.cophenetic.value,
            f"{test.cophenetic.null.low:.2f} to {test.cophenetic.null.high:.2f}",
            test.k.value,
            f"{test.k.null.low:.2f} to {test.k.null.high:.2f}",
            f"{test.p_value:.2g}",
        ))  # fmt: skip
        linkages.append((branch.title, *[None if np.isnan(c) else f"{c:.3f}"
                                         for c in branch.cophenetic]))  # fmt: skip
    sentences = [f"{b.title}: {b.ultrametricity.sentence}" for b in hierarchy.branches]
    return Section(
        "hierarchy",
        "(c) Hierarchy of solutions",
        "Do solutions form a tree of clusters, as states do under replica symmetry breaking?",
        method=(
            "Distances between weight vectors as trained, after matching hidden units pair by "
            "pair, after matching in the balanced gauge, and between predictions on the test "
            "set. Average linkage; all triangles for K, which is 0 for ultrametric points.",
            "A dendrogram always looks like a tree, and in many dimensions all distances are "
            "nearly equal. So every number is compared with a null model: points that differ only "
            "in how far out they lie. Gaussian points would be too easy a null, since norms of "
            "networks differ and matching evens out pairs but not norms. The six tests are not "
            "corrected for their number. Forked runs, which have a tree by construction, show what "
            "would be seen, though most of their small K is due to the three starts, far apart and "
            "with eight near runs each. Predictions of solutions that differ in quality can look "
            "tree-like for that reason alone.",
        ),
        findings=sentences,
        drawings=[drawings[name] for name in
                  ("tree-independent", "tree-forked", "nulls-cophenetic", "nulls-k", "overlaps")],
        tables=[
            Table(
                "Ensembles and distances against their null models (1-99 % of "
                f"{run.parameters.n_null} draws); p is corrected for two statistics",
                ("ensemble, distance", "n", "mean distance (c.v.)", "cophenetic", "null",
                 "K", "null", "p"),
                rows,
            ),
            Table("Cophenetic correlation for every linkage", ("ensemble, distance", *LINKAGES),
                  linkages),
        ],
    )  # fmt: skip


def _flatness(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    sweep: Sweep = run.results["flatness"]
    rows = []
    for r, rule in enumerate(RULES):
        for b, size in enumerate(sweep.batch_sizes):
            rows.append((
                f"{rule}, batch {size}",
                f"{sweep.epochs[r, b].mean():.0f}",
                mean_estimate(sweep.train_loss[r, b]),
                mean_estimate(sweep.test_accuracy[r, b]),
                mean_estimate(sweep.gap[r, b]),
                f"{sweep.norm[r, b].mean():.1f}",
                *[mean_estimate(sweep.sharpness[k, r, b]) for k in range(len(MEASURES))],
            ))  # fmt: skip
    change = sweep.balanced / sweep.sharpness[0]
    return Section(
        "flatness",
        "(d) Flatness against generalization",
        "Do small batches find flatter minima, and do flatter minima generalize better?",
        method=(
            f"SGD at rate {run.parameters.sweep_learning_rate:g} over batch sizes, "
            f"{sweep.gap.shape[2]} seeds each, same starts throughout, under two stopping rules: "
            f"train loss {run.parameters.sweep_stop_at_loss:g}, or "
            f"{run.parameters.sweep_epochs} epochs.",
            "Sharpness is the mean rise of the loss over random displacements: of fixed length "
            f"{run.parameters.flatness_radius:g} (F1), of length "
            f"{run.parameters.flatness_excursion:g} |θ| (F2), and the same unit by unit (F3).",
        ),
        findings=(
            "The same function can be made sharper or flatter by rescaling its units: going to "
            f"the balanced gauge multiplies F1 by {change.min():.2f} to "
            f"{change.max():.2f} without changing the function.",
            "Runs at matched epochs differ in how far they were trained; that alone moves F2 and "
            "the gap together.",
        ),
        drawings=[drawings[name] for name in
                  ("flatness-absolute", "flatness-relative", "gap", "flatness-accuracy")],
        tables=[
            Table(
                "All cells, errors over seeds (losses in nats)",
                ("cell", "epochs", "train loss", "test accuracy", "gap", "|θ|", *MEASURES),
                rows,
            )
        ],
    )  # fmt: skip
