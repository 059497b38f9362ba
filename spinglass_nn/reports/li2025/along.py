"""Q(T) along training and beside its nulls, in figures and words."""

from __future__ import annotations

import numpy as np

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.li2025._drawn import BANDS, draw, over, pair, table
from spinglass_nn.reports.model import Drawing, Section
from spinglass_nn.studies import OverlapCurves, StudyRun
from spinglass_nn.studies.recipes.li2025.curves import group, joined, over_seeds

_LAYERS = ("inputs", "first hidden layer", "second hidden layer", "outputs")


def figures(epochs: OverlapCurves, nulls: OverlapCurves, compared_at: float) -> Drawn:
    """Figures of training, nulls, layers and P(q)."""
    places, end = list(range(len(epochs.names))), len(epochs.names) - 1
    beside = joined([group(epochs, -1), nulls, group(epochs, 0)])
    beside_names = ("trained", *nulls.names, "untrained")
    drawn = pair(epochs, places, "epochs", "Q(T) along training", ordered=True)
    for suffix, reduced in (("", False), ("-reduced", True)):
        where = "temperature over the T_c of each network" if reduced else "temperature"
        drawn[f"nulls{suffix}"] = (
            draw(beside, range(len(beside_names)), reduced=reduced, labels=beside_names),
            f"Q(T) of the trained networks, of the same with weights shuffled within each matrix "
            "(same numbers), with singular vectors turned (same singular values), and of the "
            f"untrained ones, against {where}. {BANDS}",
            f"Four lines of the overlap against {where}.",
        )
    baselines = ", ".join(f"{b:.3f}" for b in epochs.layer_baselines[end])
    for suffix, words, part in (
        ("", "trained networks", group(epochs, -1)),
        ("-rotated", "rotated networks", group(nulls, nulls.names.index("rotated"))),
    ):
        drawn[f"layers{suffix}"] = (
            plotting.overlap_curves(
                [part.reduced] * len(_LAYERS),
                [over_seeds(part.layers[0, :, k]) for k in range(len(_LAYERS))],
                _LAYERS,
                reduced=True,
            ),
            f"Overlap within each layer of the {words}. Small layers have large values of their "
            f"own, {baselines} for free spins. {BANDS}",
            f"Four lines of the overlap within layers of {words} against reduced temperature.",
        )
    axes = None
    for name, portrait in zip(beside_names, beside.portraits, strict=True):
        axes = plotting.overlap_distribution(portrait, label=name, ax=axes)
    assert axes is not None
    drawn["distribution"] = (
        axes,
        f"P(q) of one network of each kind at about {compared_at:g} of its T_c. It is symmetric "
        "up to noise, as all spins may be turned over.",
        "Distributions of the overlap of four networks.",
    )
    return drawn


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings along training."""
    p, epochs, nulls = run.parameters, run.results["epochs"], run.results["nulls"]
    end = len(epochs.names) - 1
    crossing = int(epochs.crossing[end].sum())
    q = epochs.at(p.compared_at)
    return Section(
        "training",
        "(a) Training and nulls",
        "Does Q(T) of a trained network differ from that of random parameters, and is it more than "
        "the temperature at which order sets in?",
        method=(
            f"{p.n_seeds} networks, {'-'.join(map(str, epochs.layer_sizes[0]))}, ReLU, without "
            "biases, SGD. Every unit is a spin and every weight a coupling. "
            f"{p.n_replicas} independent replicas of each network in parallel tempering, layers "
            f"updated by heat bath, {p.n_sweeps} sweeps ({p.glassy_sweeps} for networks without "
            f"order), {p.n_temperatures} temperatures from "
            f"{p.coldest:g} to 2 of the network's own T_c, where its trivial state becomes "
            "unstable. Q is the mean of |q| over pairs of replicas and times.",
            "Weights grow in training, and so does T_c: at equal temperature Q must rise. At equal "
            "T/T_c that is taken off. Rotated networks keep every singular value: turning spreads "
            "each mode over all units of a layer, and modes of neighbouring layers no longer meet. "
            "At equal temperature they differ from the trained ones in that alone.",
        ),
        findings=(
            f"T_c rises from {over(epochs.critical[0])} to {over(epochs.critical[end])}; at the "
            f"end it is a crossing, a sign of order, in {crossing} of {p.n_seeds} networks.",
            f"At {p.compared_at:g} T_c Q is {over(q[0])} before training and {over(q[end])} after.",
            *_equilibrium(run),
        ),
        drawings=[drawings[name] for name in (
            "epochs", "epochs-reduced", "nulls", "nulls-reduced", "layers",
            "layers-rotated", "distribution")],
        tables=[
            table("Along training; means and errors over networks", epochs, p.compared_at),
            table("Nulls of the trained networks", nulls, p.compared_at),
        ],
    )  # fmt: skip


def _equilibrium(run: StudyRun) -> list[str]:
    """Whether Q is that of equilibrium, in words."""
    p, epochs = run.parameters, run.results["epochs"]
    place = int(np.abs(np.log(epochs.reduced / p.compared_at)).argmin())
    words = []
    for name, k in ((f"{epochs.reduced[place]:.2g} T_c", place), ("the cold end", 0)):
        largest = float(np.nanmax(epochs.r_hat[:, :, k]))
        drift = over(epochs.drift[:, :, k].mean(axis=0))
        words.append(
            f"At {name} the largest R-hat of energies is {largest:.3f}, and Q changes by {drift} "
            "from the first half of the times to the second."
        )
    words.append(f"Fewest round trips of a network: {int(epochs.round_trips.min())}.")
    return words
