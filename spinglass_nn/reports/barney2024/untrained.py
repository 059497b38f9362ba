"""Untrained networks in figures and words: the mapping, the theory, the glass."""

from __future__ import annotations

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.studies import LayeredOverlaps, MeltingRun, StudyRun, UntrainedLayers


def figures(run: StudyRun) -> Drawn:
    """The mapping of a network onto spins, and P(q)."""
    trained: MeltingRun = run.results["binarised"]
    overlaps: LayeredOverlaps = run.results["overlaps"]
    axes = None
    for name, histogram in zip(overlaps.names, overlaps.histograms, strict=True):
        if name in ("untrained", "one mode"):
            axes = plotting.overlap_distribution(histogram, label=name, band=True, ax=axes)
    assert axes is not None
    return {
        "mapping": (
            plotting.layered_mapping(trained.kept_model(0, 0)),
            "How a network becomes a spin model. Left: some units of every layer and the weights "
            "between them (blue positive, red negative). Right: the matrix of couplings, as means "
            "of |J| over patches; it is not zero beside the diagonal blocks only.",
            "A sketch of layers joined by lines, and a matrix with blocks beside the diagonal.",
        ),
        "overlap-untrained": (
            axes,
            f"P(q) at T = {overlaps.temperature:g} T_c of {overlaps.histograms[0].n_samples} "
            f"random networks of {overlaps.n_spins[0]} spins, and of layers with one mode, whose "
            "two states are known. Bands are standard errors over networks.",
            "Two distributions of the overlap, from minus one to one.",
        ),
    }


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on untrained networks."""
    found: UntrainedLayers = run.results["untrained"]
    overlaps: LayeredOverlaps = run.results["overlaps"]
    n = found.dip.shape[1]
    rows = [
        ("-".join(map(str, found.widths[k])), found.variances[k], found.theory[k],
         mean_estimate(found.dip[k]), found.ratio(k), f"{found.n_crossing[k]} of {n}")
        for k in range(len(found.widths))
    ]  # fmt: skip
    tests = " ".join(
        f"{name}: {'; '.join(said)}."
        for name, said in zip(overlaps.names, overlaps.tests, strict=True)
        if name == "untrained"
    )
    return Section(
        "untrained",
        "(a) Untrained networks",
        "Is an untrained network a spin glass, with the critical temperature of theory?",
        method=(
            "Every unit, inputs and outputs included, is a spin ±1 and every weight a coupling; "
            "data play no part in the Hamiltonian. The TAP equations linearised at m = 0 have a "
            "lowest eigenvalue that, for random weights, only touches zero in the limit of many "
            "spins: T_c of a sample is where it is least.",
            f"Below T_c, P(q) comes from exchange Monte Carlo with {overlaps.n_spins[0]} spins. It "
            "is held against layers of one mode, an order with two states.",
        ),
        findings=(f"Equilibrium at that temperature, {tests}",),
        drawings=[drawings["mapping"], drawings["overlap-untrained"]],
        tables=[
            Table(
                f"Critical temperature of {n} random networks of each architecture",
                ("layers", "C", "T_c of theory", "dip", "dip / theory", "minima below zero"),
                rows,
            ),
            Table(
                "Overlaps in equilibrium, each in units of its own T_c",
                ("networks", "spins", "mean q²", "weight near zero", "equilibrated"),
                [
                    (name, overlaps.n_spins[k], mean_estimate(overlaps.mean_square[k]),
                     mean_estimate(overlaps.near_zero[k]), overlaps.equilibrated[k])
                    for k, name in enumerate(overlaps.names)
                ],
            ),
        ],
    )  # fmt: skip
