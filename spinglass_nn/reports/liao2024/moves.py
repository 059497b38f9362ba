"""Kinds of moves and thermal walks of protocol (a), in figures and words."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.liao2024._drawn import plain_decades
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import Estimates, mean_estimate
from spinglass_nn.studies import Moves, StudyRun, ThermalWalks
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.recipes.liao2024.walks import PooledWalk

_NEAR = 0.1  # lengths up to which first order in what kinks do is shown


def figures(moves: Moves) -> Drawn:
    """Figures of kinds of moves and of thermal walks."""
    thermal = moves.thermal
    labels = [_named(t) for t in thermal.temperatures]
    walks = [_pooled(thermal, t) for t in range(thermal.temperatures.size)]
    return {
        "walk-moves": (
            _laws(moves),
            "Rise of the loss over ρ² at displacements of relative length ρ from solutions, over "
            "pairs of opposite random displacements of each kind; errors over solutions. Dashed: "
            "the quadratic law of each, from the Hessian along the same displacements; dotted, up "
            "to ρ = 0.1: with the curvature of kinks, which the Hessian leaves out. What leaves "
            "its law as ρ grows sees more than curvature.",
            "Scaled rise against length for four kinds of moves, each beside its dashed law, and a "
            "dotted one with kinks.",
        ),
        "walk-kinds": (
            plotting.walk_loss([moves.pooled(kind) for kind in moves.kinds], list(moves.kinds)),
            f"Loss along free walks of length {moves.excursion:g} |θ₀|, one of each kind from each "
            "solution, against the distance from it. Bands hold 10 to 90 % of the walks. On the "
            "sphere the distance is that of the chord.",
            "Train loss against distance for four kinds of moves.",
        ),
        "walk-thermal": (
            plotting.walk_loss(walks, labels, against="distance", ordered=True),
            f"Loss of {thermal.n_samples} samples along walks of one weight at a time, at "
            "several temperatures and free (T = ∞), with equal numbers of proposed moves. "
            "Lines are means, bands hold 10 to 90 % of the walkers.",
            "Train loss against distance, one line for each temperature.",
        ),
    }


def _named(temperature: float) -> str:
    return "T = ∞" if np.isinf(temperature) else f"T = {temperature:g}"


def _pooled(thermal: ThermalWalks, t: int) -> PooledWalk:
    shape = (-1, thermal.sweeps.size)
    return PooledWalk(
        steps=np.arange(thermal.sweeps.size),
        distance=thermal.distance[t].reshape(shape),
        loss=thermal.loss[t].reshape(shape),
        accuracy=thermal.accuracy[t].reshape(shape),
        start_norm=1.0,
        n_parameters=1,
    )


def _laws(moves: Moves) -> Axes:
    axes = None
    for k, kind in enumerate(moves.kinds):
        found = [moves.constant(kind, e) for e in range(moves.excursions.size)]
        values = Estimates(
            np.array([one.mean for one in found]), np.array([one.error for one in found])
        )
        axes = plotting.against_temperature(
            moves.excursions, values, label=kind, quantity="rise over ρ² (nats)", ax=axes
        )
        color = axes.containers[-1][0].get_color()
        axes.axhline(moves.laws[k].mean(), color=color, linestyle="--", linewidth=1.2)
        near = moves.excursions <= _NEAR
        kinks = moves.kinks[k].mean(axis=1) / moves.excursions**2
        axes.plot(
            moves.excursions[near], (moves.laws[k].mean() + kinks)[near], color=color,
            linestyle=":", linewidth=1.2,
        )  # fmt: skip
    assert axes is not None
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_decades(axes.yaxis)
    axes.set_xlabel("length ρ of the displacement, in units of |θ₀|")
    return axes


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on kinds of moves and thermal walks."""
    moves: Moves = run.results["moves"]
    thermal = moves.thermal
    lengths = [f"ρ = {rho:g}" for rho in moves.excursions]
    rows = [
        (
            kind,
            mean_estimate(moves.laws[k]),
            *(moves.constant(kind, e) for e in range(moves.excursions.size)),
            moves.walk_rise(kind),
        )
        for k, kind in enumerate(moves.kinds)
    ]
    return Section(
        "moves",
        "(a) Kinds of moves, and walks at a temperature",
        "Does it matter how the walker moves, and does one that refuses rises stay in the valley?",
        method=(
            "Moves of equal length relative to |θ₀|: isotropic; in proportion to the norm of each "
            "layer, or of each unit (filter-normalised); isotropic on the sphere |θ| = |θ₀|. Each "
            "has a quadratic law of its own: half the trace of the Hessian times the covariance of "
            "the displacement, on the sphere with what the gradient along the radius adds. The "
            "Hessian of a ReLU network knows nothing of units that switch on the way; what they "
            "add is computed apart, to first order in the change of their outputs.",
            f"Thermal walks propose one weight at a time and accept by Metropolis on the mean loss "
            f"of {thermal.n_samples} training samples, {thermal.loss.shape[2]} from each of "
            f"{thermal.loss.shape[1]} solutions, with {thermal.sweeps[-1]:g} times as many "
            "proposals as parameters. The free walk of the same moves is the control. Walkers "
            "stay in one low region with the start if their loss ends below half that of free "
            "walks, by more than its error, and no straight line back rises by a tenth of the "
            "latter. Errors are over solutions.",
        ),
        findings=(*_of_moves(moves), *_of_thermal(thermal)),
        drawings=[drawings[name] for name in ("walk-moves", "walk-kinds", "walk-thermal")],
        tables=[
            Table(
                "Rise over ρ² (nats): the law and what was found; last, the rise over a walk "
                f"of length {moves.excursion:g} |θ₀|",
                ("move", "law", *lengths, "walk"),
                rows,
            ),
            Table(
                "Ends of thermal walks; barriers are those on the straight line to the start and "
                "between walkers (nats)",
                ("T", "loss", "late change", "distance", "q with start", "q of walkers",
                 "accepted", "barrier to start", "barrier between"),
                [_ending(thermal, t) for t in range(thermal.temperatures.size)],
            ),
        ],
    )  # fmt: skip


def _of_moves(moves: Moves) -> list[str]:
    far = int(np.argmin(np.abs(np.log(moves.excursions))))
    rho, near = moves.excursions[far], moves.excursions[0]
    growths = ", ".join(f"{kind} {moves.growth(kind, far)}" for kind in moves.kinds)
    laws = ", ".join(f"{kind} {moves.against_law(kind, 0)}" for kind in moves.kinds)
    kinked = ", ".join(f"{kind} {moves.against_kinked_law(kind, 0)}" for kind in moves.kinds)
    return [
        f"At ρ = {near:g} the rise over that of its own law is: {laws}.",
        f"With the curvature of kinks in the law: {kinked}.",
        f"From ρ = {near:g} to {rho:g} the rise over ρ² grows by a factor: {growths} (1 for a "
        "quadratic bowl).",
    ]


def _of_thermal(thermal: ThermalWalks) -> list[str]:
    free = thermal.temperatures.size - 1
    start = thermal.loss[0, :, 0, 0].mean()
    found = [
        f"Free walks end at {thermal.at_end('distance', free)} |θ₀| with a loss of "
        f"{thermal.at_end('loss', free)}, from {start:.3f} at the start."
    ]
    limit = 0.1 * thermal.at_end("loss", free).mean
    for t in range(free):
        ratio, barrier = thermal.over_free(t), float(thermal.to_start[t].max())
        low = rules.below(ratio, 0.5, thermal.loss.shape[1])
        where = "in one low region with the start"
        if barrier >= limit:
            where = "across a barrier from the start"
        elif low != rules.SUPPORTED:
            where = "not shown to stay low"
        found.append(
            f"At {_named(thermal.temperatures[t])} walkers come {thermal.at_end('distance', t)} "
            f"|θ₀| far with {thermal.at_end('acceptance', t)} of moves accepted, to a loss of "
            f"{thermal.at_end('loss', t)}, {ratio} of that of free walks, and an overlap of "
            f"{thermal.at_end('overlap', t)} with the start. The largest barrier on a straight "
            f"line back is {barrier:.2g} nats: {where}."
        )
    late = [thermal.late_change(t) for t in range(free)]
    if any(abs(one.mean) > 3 * one.error for one in late):
        found.append(
            "The loss still changes in the second half of the walks (see the table): it is no "
            "plateau of equilibrium. Without a prior the measure exp(−L/T) has none: where all "
            "samples are told apart the loss falls for ever as weights grow."
        )
    return found


def _ending(thermal: ThermalWalks, t: int) -> tuple[object, ...]:
    along = ("distance", "overlap", "mutual_overlap", "acceptance", "to_start", "between")
    named = _named(thermal.temperatures[t]).removeprefix("T = ")
    ends = [thermal.at_end(name, t) for name in along]
    return (named, thermal.at_end("loss", t), thermal.late_change(t), *ends)
