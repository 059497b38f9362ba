"""Training in figures and words: from glass to hidden order."""

from __future__ import annotations

import numpy as np

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.barney2024._drawn import epoch_of, named
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.studies import MeltingRun, MeltingViews, StudyRun
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, WORDS


def figures(run: StudyRun) -> Drawn:
    """Stability, phases, loss and accuracy, growth of T_c, spectra."""
    runs: dict[str, MeltingRun] = {kind: run.results[kind] for kind in KINDS}
    drawn = {"growth": _growth(run, list(runs.values())), **_training(runs)}
    views: MeltingViews = run.results["views"]
    for number, (kind, one) in enumerate(runs.items()):
        word = WORDS[kind]
        drawn[f"phases-{kind}"] = (
            plotting.phase_diagram(
                one.epochs, one.readings.temperature, one.readings.glass_temperature,
                one.onsets / one.epoch_steps,
            ),
            f"Phases of the {word} networks as measured. Solid: T_c of the linear instability; "
            "dashed: T_g, of random couplings with the same mean squares; bands hold 10 to 90 % of "
            "the runs. Grey: where order sets in.",
            "Regions named paramagnet, spin glass and hidden order, with T_c and T_g as lines.",
        )  # fmt: skip
        drawn[f"stability-{kind}"] = _stability(views, number, one)
        drawn[f"spectrum-{kind}"] = _spectrum(views, number, one)
    return drawn


def _growth(run: StudyRun, runs: list[MeltingRun]) -> tuple:  # type: ignore[type-arg]
    fits = [run.results["growth"].of(one.kind) for one in runs]
    laws = [
        None if fit is None else (fit.first, fit.last, fit.amplitude, fit.exponent.mean)
        for fit in fits
    ]
    return (
        plotting.critical_growth(
            [one.epochs for one in runs],
            [one.readings.temperature for one in runs],
            [WORDS[one.kind] for one in runs],
            laws=laws,
            untrained=[one.critical_temperature for one in runs],
        ),
        "Critical temperature along training, mean of the runs with the 10-90 % band. Dotted: "
        "theory of random layers; dashed: power law fitted over the range it is drawn on.",
        "Critical temperature against epoch on logarithmic axes, one curve for each kind of "
        "network, with dashed lines for the fitted laws.",
    )


def _training(runs: dict[str, MeltingRun]) -> Drawn:
    times = runs[next(iter(runs))].epochs
    tables = {
        "loss": {
            f"{WORDS[kind]}, {part}": getattr(one, f"{part}_loss")
            for kind, one in runs.items() for part in ("train", "test")
        },
        "accuracy": {
            f"{WORDS[kind]}, {part}": getattr(one, f"{part}_accuracy")
            for kind, one in runs.items() for part in ("train", "test")
        },
        "moved": {
            f"{WORDS[kind]}, layer {k + 1}": one.moved[..., k]
            for kind, one in runs.items() for k in range(one.moved.shape[-1])
        },
        "outliers": {WORDS[kind]: one.readings.n_outliers for kind, one in runs.items()},
    }  # fmt: skip
    words = {
        "loss": ("loss L (nats per sample)", True, "Loss along training."),
        "accuracy": ("accuracy (fraction correct)", False, "Accuracy along training."),
        "moved": ("|W − W₀| / |W₀|", True, "Change of every matrix over its initial length."),
        "outliers": (
            "eigenvalues beyond the first edge",
            False,
            "Number of eigenvalues beyond the bulk of the untrained network.",
        ),
    }
    return {
        f"training-{name}": (
            plotting.in_training(times, tables[name], quantity=quantity, log=log),
            f"{caption} Mean of the runs with the 10-90 % band.",
            f"Curves of the {name} against the logarithm of training time.",
        )
        for name, (quantity, log, caption) in words.items()
    }


def _stability(views: MeltingViews, number: int, one: MeltingRun) -> tuple:  # type: ignore[type-arg]
    axes = None
    for place in (0, len(views.curves[number]) - 1):
        axes = plotting.stability_curve(
            views.curves[number][place],
            at=views.points[number][place],
            label=epoch_of(int(views.steps[number][place]), one.epoch_steps),
            ax=axes,
        )
    return (
        axes,
        f"Lowest eigenvalue of the linearised TAP equations of a {WORDS[one.kind]} network before "
        "and after training. A ring: it only comes near zero; a dot: it crosses.",
        "Two curves with a minimum each, before and after training, and a line at zero.",
    )


def _spectrum(views: MeltingViews, number: int, one: MeltingRun) -> tuple:  # type: ignore[type-arg]
    axes = None
    last = len(views.spectra[number]) - 1
    for place in sorted({0, last // 2, last}):
        axes = plotting.bond_spectrum(
            views.spectra[number][place],
            label=epoch_of(int(views.steps[number][place]), one.epoch_steps),
            ax=axes,
        )
    return (
        axes,
        f"Spectrum of the couplings of a {WORDS[one.kind]} network at several times. Dashed: edge "
        "of the bulk of the untrained ensemble; triangles: eigenvalues beyond it.",
        "Densities with bars for zero modes, and single eigenvalues marked beyond the edges.",
    )


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on training."""
    p = run.parameters
    runs: list[MeltingRun] = [run.results[kind] for kind in KINDS]
    names = ["growth"]
    for stem in ("phases", "stability", "spectrum"):
        names += [f"{stem}-{kind}" for kind in KINDS]
    names += [f"training-{name}" for name in ("loss", "accuracy", "moved", "outliers")]
    return Section(
        "melting",
        "(b) Training",
        "When is the glass lost, and how does the melting temperature of the order grow?",
        method=(
            f"{runs[0].n_replicas} runs each of a binarised network (sign activation, "
            "straight-through gradient) and of a ReLU network, layers "
            f"{'-'.join(map(str, runs[0].network.sizes))}, no biases, cross-entropy, SGD at rate "
            f"{p.learning_rate:g} with momentum {p.momentum:g}, batches of {p.batch_size}, "
            f"{p.n_epochs} epochs of {runs[0].epoch_steps} steps. {runs[0].steps.size} snapshots, "
            "the start among them, are about equally spaced in the logarithm of the step"
            + (
                f", and in the first epoch every {p.first_epoch_every} steps."
                if p.first_epoch_every
                else "."
            ),
            "A run is ordered from the snapshot on after which the lowest eigenvalue always is "
            "below zero by more than samples of random couplings may have it (N^(-2/3)); a single "
            "crossing by a hair is no sign of order. Growth is fitted from "
            f"{p.fit_onsets:g} times the latest of these onsets.",
        ),
        findings=tuple(_findings(run, one) for one in runs),
        drawings=[drawings[name] for name in names],
        tables=[_snapshots(one) for one in runs],
    )


def _findings(run: StudyRun, one: MeltingRun) -> str:
    fits = run.results["growth"].of(one.kind)
    onset = np.median(one.onsets)
    begins = (
        f"{named(one.kind)} networks: order sets in at step {onset:g} (median; "
        f"{onset / one.steps[-1]:.1%} of training)."
        if np.isfinite(onset)
        else f"{named(one.kind)} networks: order does not set in."
    )
    cosine = one.readings.leading_overlap[:, -1]
    if np.isfinite(cosine).all():
        begins += (
            " At the end the direction that becomes unstable at T_c has a cosine of "
            f"{mean_estimate(cosine)} with the leading eigenvector of the couplings."
        )
    if fits is None:
        return begins
    return (
        f"{begins} From epoch {fits.first:.3g} on, T_c ∝ t^α has α = {fits.exponent} with R² = "
        f"{fits.r_squared}; the local slope goes from {fits.early_slope} in the first half of that "
        f"range to {fits.late_slope} in the second."
    )


def _snapshots(one: MeltingRun) -> Table:
    chosen = np.unique(np.linspace(0, one.steps.size - 1, 9).astype(int))
    found = one.readings
    return Table(
        f"{named(one.kind)} networks along training, mean of {one.n_replicas} runs",
        ("epoch", "T_c", "minimum", "ordered", "T_g", "T_c / T_g", "largest eigenvalue",
         "outliers", "test accuracy"),
        [
            (f"{one.epochs[s]:.3g}", mean_estimate(found.temperature[:, s]),
             mean_estimate(found.minimum[:, s]),
             f"{found.ordered[:, s].sum()} of {one.n_replicas}",
             mean_estimate(found.glass_temperature[:, s]), mean_estimate(found.ratio[:, s]),
             mean_estimate(found.largest[:, s]), mean_estimate(found.n_outliers[:, s]),
             mean_estimate(one.test_accuracy[:, s]))
            for s in chosen
        ],
    )  # fmt: skip
