"""Protocol (a) in figures and words: random walks."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.studies import StudyRun, Walks
from spinglass_nn.studies import claims as rules

_BAND = "Lines are means, bands hold 10 to 90 % of the walkers."


def figures(walks: Walks) -> Drawn:
    """Figures of random walks."""
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
        "walk-accuracy-steps": (
            plotting.walk_accuracy(trained, labels, against="steps", ordered=True),
            f"Accuracy along the same walks. {_BAND}",
            "Train accuracy against step, one line for each length of walk.",
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
            f"The same walks {longest} from a solution, from its untrained starting point, from a "
            "random point of the solution's length, and from a copy with permuted units, a "
            f"control. {_BAND}",
            "Train loss against distance for four kinds of start.",
        ),
        "walk-accuracy": (
            plotting.walk_accuracy(starts, list(walks.starts), against="distance"),
            f"Accuracy along the walks {longest}. {_BAND}",
            "Train accuracy against distance for four kinds of start.",
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


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on random walks."""
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
            "where their training began, from random points of the same length, and from "
            "permuted copies of the solutions, which must give the same. A walk's length is "
            "ρ|θ₀|. Errors are over solutions.",
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
            f"The walks end at {walks.diffusion()} of the free distance r √T.",
            _control(walks),
        ),
        drawings=[drawings[name] for name in
                  ("walk-loss", "walk-accuracy-steps", "walk-law", "walk-starts",
                   "walk-accuracy")],
        tables=[
            Table(
                "Change over a whole walk (nats; accuracy as a fraction), errors over solutions",
                ("ρ", *(f"ΔL {start}" for start in walks.starts), "Δaccuracy trained",
                 "ΔL over tr(H) d²/2N"),
                rows,
            )
        ],
    )  # fmt: skip


def _control(walks: Walks) -> str:
    """How walks from permuted copies compare, at all lengths."""
    n = walks.norms.size
    differences = [walks.copy_difference(k) for k in range(walks.excursions.size)]
    worst = max(differences, key=lambda d: abs(d.z()) if d.error else 0.0)
    agree = abs(worst.mean) <= rules.n_errors(n) * worst.error
    return (
        f"Rises from permuted copies {'agree' if agree else 'DO NOT AGREE'} with those from the "
        f"solutions, as they must: the difference farthest from zero in its errors is {worst}."
    )
