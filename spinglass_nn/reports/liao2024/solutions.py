"""The solutions themselves: how they were trained, and how alike they are."""

from __future__ import annotations

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.studies import Solutions, StudyRun


def figures(solutions: Solutions) -> Drawn:
    """Figures of training."""
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


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on training."""
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
            f"share history and fork after {', '.join(map(str, p.fork_epochs))} epochs (E5).",
        ),
        findings=(
            f"The {len(epochs)} independent runs took {epochs.min()} to {epochs.max()} epochs.",
        ),
        drawings=[drawings["training-loss"]],
        tables=[Table("Independent solutions at the end of training",
                      ("quantity", "mean", "s.d. over runs"), rows)],
    )  # fmt: skip
