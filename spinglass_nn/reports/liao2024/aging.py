"""Protocol (a) along training, in figures and words: checkpoints and aging."""

from __future__ import annotations

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies import Aging, StudyRun


def figures(aging: Aging) -> Drawn:
    """Figures of walks from checkpoints, and of two-time displacements."""
    places = range(aging.checkpoints.size)
    return {
        "walk-checkpoints": (
            plotting.walk_loss(
                [aging.pooled(c) for c in places],
                [_epoch(aging, c) for c in places],
                ordered=True,
            ),
            f"Loss along free walks of length {aging.excursion:g} |θ₀| from checkpoints of "
            "training. Lines are means, bands hold 10 to 90 % of the walkers of all runs.",
            "Train loss against distance, one line for each checkpoint.",
        ),
        "aging": (
            plotting.two_time(aging.two_time),
            "Squared displacement per parameter between two times of training, one curve a waiting "
            "time. Curves of a stationary motion would fall onto one. Bands are standard errors "
            "over runs.",
            "Displacement against time since the waiting time on logarithmic axes.",
        ),
    }


def _epoch(aging: Aging, checkpoint: int) -> str:
    step = int(aging.checkpoints[checkpoint])
    return f"epoch {step / aging.epoch_steps:.3g}"


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings along training."""
    aging: Aging = run.results["aging"]

    def starts(name: str, c: int) -> Estimate:
        return mean_estimate(getattr(aging, name)[c, :, 0, 0])

    rows = [
        (_epoch(aging, c), starts("loss", c), starts("accuracy", c), aging.rise(c))
        for c in range(aging.checkpoints.size)
    ]
    return Section(
        "aging",
        "(a) Along training",
        "When does the landscape around a run change, and does the run itself slow down?",
        method=(
            f"{len(aging.two_time.displacement)} runs of {aging.n_epochs} epochs at a constant "
            "rate, without a stopping rule, kept at many times. Free walks start from some of "
            "these checkpoints; the displacement between any two of the times says whether the "
            "motion is stationary. Errors are over runs.",
            "Slower motion at later times is called aging in glasses. Here the gradient and its "
            "noise shrink with the loss, which slows any descent: aging by itself is no evidence "
            "of barriers.",
        ),
        findings=(
            f"In the last {aging.interval} steps the squared displacement is {aging.slowing()} of "
            f"that in the second {aging.interval}.",
        ),
        drawings=[drawings["walk-checkpoints"], drawings["aging"]],
        tables=[
            Table(
                f"Walks of length {aging.excursion:g} |θ₀| from checkpoints (nats)",
                ("checkpoint", "loss", "accuracy", "rise over the walk"),
                rows,
            )
        ],
    )
