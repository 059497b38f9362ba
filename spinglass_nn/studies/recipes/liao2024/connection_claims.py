"""Claims of protocol (b) beyond single straight lines: regions, other paths, widths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, INFERRED, Claim
from spinglass_nn.studies.recipes.liao2024.connections import NARROW, Connections
from spinglass_nn.studies.recipes.liao2024.regions import Regions
from spinglass_nn.studies.recipes.liao2024.widths import Widths

# a path that leaves less than this share of the straight line's barrier has removed it: the
# factor that matching is asked for
_LEFT = 0.2


def decide(results: Mapping[str, Any]) -> list[Claim]:
    """Claims about regions, paths that are not straight, and widths."""
    connections: Connections = results["connections"]
    return [
        _regions(results["regions"]),
        _copies(connections),
        _solutions(connections),
        _widths(results["widths"]),
    ]


def _regions(regions: Regions) -> Claim:
    excess = regions.across - regions.within
    n = excess.shape[1]
    found = [rules.mean_of(row) for row in excess]
    centre = rules.mean_of(regions.centre)
    rows = "; ".join(
        f"at {rho:g} |θ₀|: within a region {rules.mean_of(within)}, to the copy's "
        f"{rules.mean_of(across)}, to an independent solution's {rules.mean_of(apart)}"
        for rho, within, across, apart in zip(
            regions.excursions, regions.within, regions.across, regions.apart, strict=True
        )
    )
    return Claim(
        "C9",
        "Interpolating between copies tells how identical regions are connected",
        ABSTRACT,
        "b",
        f"barrier from walks around a solution to permuted walks, above that between walks of one "
        f"region, walks of {regions.excursions[0]:g} |θ₀| (nats)",
        found[0],
        f"{rows}; from centre to centre {centre}",
        rules.all_of(*(rules.above(value, 0, n) for value in found)),
        "by construction the protocol gives curves; they tell regions apart if the excess lies "
        "above 0 at every length of walk, and what they tell is about straight lines",
    )


def _refuted(left: Estimate, n: int) -> str:
    """Verdict on 'a barrier separates': a path found is an upper bound, so it can only refute."""
    low = rules.below(left, _LEFT, n) == rules.SUPPORTED
    return rules.NOT_SUPPORTED if low else rules.CANNOT_TELL


_BOUND = (
    "a path that was found bounds the barrier from above: it can show that there is none, not "
    f"that there is one; none means less than {_LEFT:g} of the straight line's. Ends trained "
    "further are a sharper test, for bands may run below ends that are not minima"
)


def _copies(found: Connections) -> Claim:
    n = len(found.copies)
    left = rules.mean_of(found.left("copy_bands", "copies"))
    line = rules.mean_of(np.array([c.barrier for c in found.copies]))
    narrow = rules.mean_of(found.left("narrow_bands", "narrow"))
    return Claim(
        "B3",
        "Permuted copies are separated by barriers",
        INFERRED,
        "b",
        "highest loss on an elastic band above the higher end, over that of the straight line",
        left,
        f"straight line {line} nats; the same band in networks of {NARROW} units: {narrow}; "
        f"with one spare unit a path of seven legs swaps two units with a change of loss of "
        f"{np.ptp(found.spare.loss):.1g} where the line has a barrier of "
        f"{found.spare_direct.barrier:.2g}",
        _refuted(left, n),
        _BOUND,
    )


def _solutions(found: Connections) -> Claim:
    n = len(found.straight)
    left = rules.mean_of(found.left("bands", "straight"))

    def mean(name: str) -> Estimate:
        return rules.mean_of(np.array([c.barrier for c in getattr(found, name)]))

    return Claim(
        "B4",
        "Independent solutions are separated by barriers",
        INFERRED,
        "b",
        "highest loss on an elastic band above the higher end, over that of the straight line",
        left,
        f"barriers in nats: straight {mean('straight')}, straight after matching "
        f"{mean('matched')}, band without matching {mean('bands')}, Bezier curve "
        f"{mean('curves')}; {n} pairs",
        _refuted(left, n),
        _BOUND,
    )


def _widths(found: Widths) -> Claim:
    trend, raw = (
        rules.ranked(np.repeat(found.widths, units.shape[1]), units)
        for units in (found.units("matched"), found.units("independent"))
    )
    verdict = rules.CANNOT_TELL
    if trend.p_value < 0.01 and trend.low * trend.high > 0:
        verdict = rules.SUPPORTED if trend.high < 0 else rules.NOT_SUPPORTED
    slope = found.exponent("matched")
    rows = ", ".join(
        f"{width}: {found.barrier('matched', k)}" for k, width in enumerate(found.widths)
    )
    losses = found.losses[:, -1].mean(axis=1)
    missed = "; no power law can be fitted where a barrier is zero" if math.isnan(
        slope.mean) or math.isinf(slope.mean) else ""  # fmt: skip
    return Claim(
        "B5",
        "After matching, the barrier between independent solutions falls with the width",
        INFERRED,
        "b",
        "rank correlation of barrier and width over runs (each with its mean over partners)",
        trend.estimate,
        f"not matched {raw.estimate}; matched barriers {rows} nats at train losses of "
        f"{losses.min():.2g} to {losses.max():.2g}; slope in logarithms: matched {slope}, not "
        f"matched {found.exponent('independent')}, one swap {found.exponent('single swap')}, "
        f"theory -1/2{missed}",
        verdict,
        "the interval has to lie below 0 with p < 0.01; the share of the barrier that matching "
        "removes depends on the train loss, which all widths share but for the last epoch",
    )
