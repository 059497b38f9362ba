"""The network's own Gibbs measure in figures and words: is it in equilibrium, and what then."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.liao2024._drawn import plain_decades
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import Estimates
from spinglass_nn.studies import Gibbs, StudyRun

_NAMES = {"functions": "of functions", "weights": "of matched weights"}


def figures(gibbs: Gibbs) -> Drawn:
    """Figures of the Gibbs measure."""
    lines = "On grey it is not equilibrated: read nothing off there."
    return {
        "gibbs-energy": (
            _energy(gibbs),
            "Mean loss of the Gibbs measure against temperature, from draws of the prior and "
            "from trained networks, which come to it from above and from below. Bars are "
            f"standard errors over replicas. {lines}",
            "Mean loss against temperature on a logarithmic axis, from two kinds of start.",
        ),
        "gibbs-heat": (
            _heat(gibbs),
            "Heat capacity per parameter, the variance of the energy over T²; 1/2 would be a "
            f"quadratic bowl in all directions. {lines}",
            "Heat capacity per parameter against temperature on logarithmic axes.",
        ),
        **{
            f"gibbs-{of}": (
                _overlaps(gibbs, of),
                f"P(q) {_NAMES[of]} between replicas from different kinds of start, at the "
                "temperatures of the legend; bars are standard errors over pairs of replicas. "
                "The prior, T = ∞, shows what networks without data have in common"
                + (" and what matching alone does." if of == "weights" else "."),
                f"Histograms of the overlap {_NAMES[of]} at three temperatures.",
            )
            for of in _NAMES
        },
    }


def _finite(values: Estimates, scale: float) -> Estimates:
    """Scaled, without the prior, whose temperature has no place on an axis."""
    return Estimates(scale * values.mean[:-1], scale * values.error[:-1])


def _energy(gibbs: Gibbs) -> Axes:
    axes = None
    for start in ("prior", "trained"):
        axes = plotting.against_temperature(
            gibbs.temperatures[:-1],
            _finite(gibbs.energy_from(start), 1 / gibbs.n_samples),
            label="from the prior" if start == "prior" else "from trained networks",
            quantity="loss ⟨L⟩ (nats per sample)",
            ax=axes,
        )
    assert axes is not None
    axes.set_xscale("log")
    plain_decades(axes.xaxis)
    _shade(axes, gibbs)
    return axes


def _heat(gibbs: Gibbs) -> Axes:
    axes = plotting.against_temperature(
        gibbs.temperatures[:-1],
        _finite(gibbs.heat_capacity, 1 / gibbs.network.n_parameters),
        quantity="heat capacity C / N",
    )
    axes.set_xscale("log")
    plain_decades(axes.xaxis)
    axes.set_yscale("log")
    _shade(axes, gibbs)
    return axes


def _shade(axes: Axes, gibbs: Gibbs) -> None:
    """Grey where nothing may be concluded: up to between the last bad and the first good."""
    good, temperatures = gibbs.equilibrated[:-1], gibbs.temperatures[:-1]
    low, high = axes.get_xlim()
    if good.all():
        return
    edge = high
    if good.any():
        first = int(np.argmax(good))
        edge = float(np.sqrt(temperatures[first - 1] * temperatures[first]))
    axes.axvspan(low, edge, color="0.85", zorder=0, linewidth=0)
    axes.set_xlim(low, high)


def _overlaps(gibbs: Gibbs, of: str) -> Axes:
    axes = None
    for k, temperature in enumerate(gibbs.kept):
        place = int(np.flatnonzero(gibbs.temperatures == temperature)[0])
        label = "T = ∞" if np.isinf(temperature) else f"T = {temperature:g}"
        if not gibbs.equilibrated[place]:
            label += ", not equilibrated"
        axes = plotting.overlap_distribution(gibbs.distribution(of, k), label=label, ax=axes)
    assert axes is not None
    return axes


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on the Gibbs measure; nothing where it did not mix."""
    gibbs: Gibbs = run.results["gibbs"]
    n = gibbs.network.n_parameters
    losses = gibbs.energy * (1 / gibbs.n_samples)
    heat = gibbs.heat_capacity * (1 / n)
    swaps = [*gibbs.swap_rates.mean(axis=0), None]
    rows = [
        (
            "∞" if np.isinf(t) else f"{t:g}",
            losses[k],
            heat[k] if np.isfinite(t) else None,
            f"{gibbs.r_hat[k]:.3f}",
            f"{gibbs.starts_agree[k].z:.1f}",
            swaps[k],
            "yes" if gibbs.equilibrated[k] else "no",
        )
        for k, t in enumerate(gibbs.temperatures)
    ]
    return Section(
        "gibbs",
        "Equilibrium of a small network",
        "What would the network do in equilibrium at a temperature, as a spin glass does?",
        method=(
            f"The measure p(θ) exp(−E/T), with E the summed loss of {gibbs.n_samples} training "
            f"samples and a normal prior p of variance 1/fan-in, for {gibbs.network} "
            f"({n} parameters). Hamiltonian Monte Carlo over all the samples with "
            "replica exchange is exact for any step; T = 1 is the Bayesian posterior. "
            f"{gibbs.energies.shape[2]} independent ladders began at draws of the prior, as "
            f"many at networks trained to a loss of {gibbs.trained_loss.mean():.2f} nats.",
            "A temperature counts as equilibrated if the rank-normalised split R-hat of the "
            "energy over all ladders is below 1.01 and the energies from the two kinds of start "
            "agree within three errors (Student's t over ladders), there and at all higher "
            "temperatures. Below, nothing is concluded. Energies cannot tell permuted copies "
            "apart; functions can be compared as they are, weights after matching.",
        ),
        findings=_findings(gibbs),
        drawings=[drawings[f"gibbs-{name}"] for name in
                  ("energy", "heat", "functions", "weights")],
        tables=[Table("The ladder: both kinds of start together; z compares them",
                      ("T", "loss (nats)", "C / N", "R-hat", "z of starts", "exchanges",
                       "equilibrated"), rows)],
    )  # fmt: skip


def _findings(gibbs: Gibbs) -> list[str]:
    good = gibbs.equilibrated
    cold = gibbs.temperatures[0]
    trips = int(gibbs.round_trips.sum())
    if not good.any():
        return ["It is not equilibrated at any temperature of the ladder; nothing follows."]
    lowest = float(gibbs.temperatures[np.argmax(good)])
    found = [
        f"Equilibrated at all temperatures of the ladder, down to T = {cold:g}, with {trips} "
        "round trips between its ends."
        if good.all()
        else f"Equilibrated from T = {lowest:g} upwards and not below, down to T = {cold:g}: "
        f"there R-hat reaches {gibbs.r_hat.max():.2f} ({trips} round trips between the ends of "
        "the ladders). Energies, heat capacity and overlaps below are of a system still on its "
        "way, and nothing follows from them."
    ]
    return found + [_of_overlaps(gibbs, k) for k, t in enumerate(gibbs.kept)
                    if good[gibbs.temperatures == t].all() and np.isfinite(t)]  # fmt: skip


def _of_overlaps(gibbs: Gibbs, kept: int) -> str:
    """Means and widths of P(q) at an equilibrated temperature, against the prior."""
    parts = []
    for of, name in _NAMES.items():
        here, prior = gibbs.distribution(of, kept), gibbs.distribution(of, gibbs.kept.size - 1)
        width = np.sqrt(max(0.0, here.second_moment.mean - here.mean.mean**2))
        test = gibbs.overlaps_agree(of, kept)
        noticed = (
            f"replicas of one and of different starts overlap alike (z = {test.z:.1f})"
            if test.passed
            else f"replicas of one start overlap otherwise than those of two (z = {test.z:.1f}): "
            "it has not mixed in this quantity, and P(q) must not be read"
        )
        if test.resolution > 1:
            noticed = "too few replicas to compare overlaps within and across starts"
        parts.append(
            f"q {name} is {here.mean} with a spread of {width:.2g} ({prior.mean} in the prior); "
            + noticed
        )
    return f"At T = {gibbs.kept[kept]:g}: " + "; ".join(parts) + "."
