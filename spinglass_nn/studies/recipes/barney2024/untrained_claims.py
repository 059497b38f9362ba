"""Claims on untrained networks: their critical temperature, and the glass below it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies.claims import (
    ABSTRACT,
    CANNOT_TELL,
    NOT_SUPPORTED,
    SUMMARY,
    SUPPORTED,
    Claim,
    above,
    all_of,
    mean_of,
    outside,
)
from spinglass_nn.studies.recipes.barney2024.counts import StateCounts
from spinglass_nn.studies.recipes.barney2024.glass import LayeredOverlaps, gaussian_share
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS
from spinglass_nn.studies.recipes.barney2024.untrained import UntrainedLayers

MARGIN = 0.03  # by which a measured T_c may differ from theory
_OPPOSITE = {SUPPORTED: NOT_SUPPORTED, NOT_SUPPORTED: SUPPORTED, CANNOT_TELL: CANNOT_TELL}


def decide(results: Mapping[str, Any]) -> list[Claim]:
    """A-1 to A-3."""
    found: UntrainedLayers = results["untrained"]
    return [
        _temperature(
            "A-1",
            "Random networks with layers of equal width become unstable at "
            "T_c = [2 C cos(π/(L+2))]^(1/2).",
            SUMMARY,
            found,
            [k for k, equal in enumerate(found.equal) if equal],
        ),
        _temperature(
            "A-2",
            "Random networks of any widths become unstable at the square root of the largest "
            "eigenvalue of the matrix of variances.",
            "derived for this package",
            found,
            [k for k, equal in enumerate(found.equal) if not equal],
        ),
        _glass(found, results),
    ]


def _temperature(
    identifier: str, statement: str, source: str, found: UntrainedLayers, rows: list[int]
) -> Claim:
    ratios = [found.ratio(row) for row in rows]
    n = found.dip.shape[1]
    verdict = all_of(
        *(_OPPOSITE[outside(ratio, 1 - MARGIN, 1 + MARGIN, n)] for ratio in ratios)
    )
    worst = max(ratios, key=lambda ratio: abs(ratio.mean - 1))
    listed = "; ".join(
        f"{'-'.join(map(str, found.widths[row]))} at C = {found.variances[row]:g}: {ratio}"
        for row, ratio in zip(rows, ratios, strict=True)
    )
    crossing = int(found.n_crossing[rows].sum())
    return Claim(
        identifier=identifier,
        statement=statement,
        source=source,
        protocol="a",
        statistic="temperature of the dip of the lowest eigenvalue over T_c of theory; the "
        f"farthest from 1 of {len(rows)} architectures, {n} networks each",
        value=worst,
        control=f"{listed}. {crossing} of {n * len(rows)} minima are below zero, by "
        f"{-min(found.minimum[rows].min(), 0):.3g} at most",
        verdict=verdict,
        reason=f"All must lie within {MARGIN:.0%} of the formula by several standard errors; "
        f"the farthest is {worst}.",
        extreme=True,
    )


def _glass(found: UntrainedLayers, results: Mapping[str, Any]) -> Claim:
    overlaps: LayeredOverlaps = results["overlaps"]
    counts: list[StateCounts] = [results[f"{kind}-counts"] for kind in KINDS]
    near, known = (
        mean_of(overlaps.near_zero[overlaps.names.index(name)])
        for name in ("untrained", "one mode")
    )
    square = mean_of(overlaps.mean_square[0])
    n = overlaps.near_zero[0].size
    excess = Estimate(near.mean - known.mean, math.hypot(near.error, known.error))
    frozen = above(square, 10 / overlaps.n_spins[0], n)
    broad = all_of(above(excess, 0.0, n), frozen)
    if not overlaps.equilibrated[0]:
        broad = CANNOT_TELL
    # finding few valid states is no evidence of there being few: searches miss marginal ones
    valid = np.concatenate([np.maximum(c.n_valid, c.clamped_valid)[:, 0] for c in counts])
    clamped = np.concatenate([c.clamped[:, 0] for c in counts])
    many = SUPPORTED if (valid > 1).mean() > 0.5 else CANNOT_TELL
    unstable = bool((found.entropy < 0).all() and (found.replicon < 0).all())
    theory = SUPPORTED if unstable else NOT_SUPPORTED
    return Claim(
        identifier="A-3",
        statement="Below T_c an untrained network is a spin glass with broken replica symmetry.",
        source=ABSTRACT,
        protocol="a",
        statistic=f"weight of |q| below half its root mean square at T = "
        f"{overlaps.temperature:g} T_c, {n} random networks of {overlaps.n_spins[0]} spins",
        value=near,
        control=f"layers of one mode, with two states: {known}; a Gaussian: "
        f"{gaussian_share():.2f}; mean q² {square}, against {1 / overlaps.n_spins[0]:.2g} of "
        f"free spins; valid TAP pairs other than m = 0 in the {valid.size} untrained networks: "
        f"{valid.min()} to {valid.max()}, clamped ones {clamped.min()} to {clamped.max()}; "
        f"replica-symmetric entropy at T_c/20 {found.entropy.max():.2g} or less",
        verdict=all_of(broad, many, theory),
        reason=f"P(q) broad: {broad}; several valid TAP states: {many} (searches do not find "
        f"marginal states); failure of the replica-symmetric solution: {theory}. All three "
        "are asked for.",
    )
