"""Claims on what training does: when the glass is lost, how T_c grows, what the spectrum does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies.claims import (
    ABSTRACT,
    CANNOT_TELL,
    INFERRED,
    NOT_SUPPORTED,
    SUMMARY,
    SUPPORTED,
    Claim,
    above,
    all_of,
    below,
    mean_of,
    n_errors,
)
from spinglass_nn.studies.recipes.barney2024.counts import StateCounts
from spinglass_nn.studies.recipes.barney2024.growth import Growth
from spinglass_nn.studies.recipes.barney2024.nulls import MeltingNulls
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS, WORDS, Parameters
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun

R_SQUARED = 0.98
DECADES = 1.5
FLAT = 0.05  # change of T_c that is none
RISE = 1.2  # factor by which T_c must have grown


def decide(parameters: Parameters, results: Mapping[str, Any]) -> list[Claim]:
    """A-4 to A-7 and A-9."""
    lost, powers, slopes, tails, plateaus = [], [], [], [], []
    for number, kind in enumerate(KINDS):
        run: MeltingRun = results[kind]
        fits = results["growth"].of(kind)
        lost.append(_lost(parameters, run, results[f"{kind}-counts"]))
        powers.append(_power(run, fits))
        slopes.append(_constant(run, fits))
        tails.append(_tails(run, results["nulls"], number))
        plateaus.append(_plateau(run))
    return [*lost, *powers, *slopes, _alike(lost, powers), *tails, *plateaus]


def _lost(p: Parameters, run: MeltingRun, counts: StateCounts) -> Claim:
    share = run.onsets / run.steps[-1]
    value = mean_of(share)
    if not np.isfinite(share).any():
        crossed = NOT_SUPPORTED
    else:
        crossed = below(value, p.early_share, share.size)
    disordered = unanimous(~run.readings.ordered[:, 0])
    single = one_pair(counts, counts.early)
    start = run.readings.minimum[:, 0]
    return Claim(
        identifier=f"A-4 ({WORDS[run.kind]})",
        statement="The spin glass is destroyed early in training.",
        source=ABSTRACT,
        protocol="b",
        statistic="share of training after which the lowest eigenvalue stays below zero by more "
        "than random couplings may",
        value=value,
        control=f"at the start {int(run.readings.ordered[:, 0].sum())} of {share.size} runs are "
        f"ordered by that rule (minima {start.min():.3g} to {start.max():.3g}); valid TAP pairs "
        f"at the start {_listed(counts.n_valid[:, 0])}, at {p.early_share:g} of training "
        f"{_listed(counts.n_valid[:, counts.early])}",
        verdict=all_of(crossed, disordered, single),
        reason=f"Order must set in before {p.early_share:g} of training ({crossed}), be absent "
        f"at the start ({disordered}), and leave one pair of TAP states by then ({single}); it "
        f"sets in at step {_listed(run.onsets)} of {run.steps[-1]}.",
    )


def unanimous(hits: NDArray[np.bool_], *, counted: NDArray[np.bool_] | None = None) -> str:
    """Verdict on what has to hold in every run: all, less than half, or something between.

    Runs that are not ``counted`` may have missed what is there: they speak for, not against.
    """
    if hits.all():
        return SUPPORTED
    missed = ~hits if counted is None else ~hits & counted
    return NOT_SUPPORTED if missed.mean() > 0.5 else CANNOT_TELL


def one_pair(counts: StateCounts, place: int) -> str:
    """Verdict on exactly one valid pair of TAP states in every run at one time."""
    hits = counts.n_valid[:, place] == 1
    several = counts.n_valid[:, place] > 1  # whatever other starts did
    return unanimous(hits, counted=counts.searched(place) | several)


def _listed(values: NDArray[Any]) -> str:
    return ", ".join(f"{value:g}" if np.isfinite(value) else "never" for value in values)


def _power(run: MeltingRun, fits: Growth | None) -> Claim:
    common: dict[str, Any] = {
        "identifier": f"A-5 ({WORDS[run.kind]})",
        "statement": "The melting temperature of the hidden order grows as a power of training "
        "time.",
        "source": ABSTRACT,
        "protocol": "b",
        "statistic": f"R² of a straight line in ln T_c against ln t, mean of {run.n_replicas} "
        "runs",
    }
    if fits is None:
        return Claim(
            **common,
            value=None,
            control="none",
            verdict=CANNOT_TELL,
            reason="Order does not set in early enough in every run for growth to be fitted.",
        )
    good = above(fits.r_squared, R_SQUARED, run.n_replicas)
    enough = fits.decades >= DECADES
    verdict = good if enough or good == NOT_SUPPORTED else CANNOT_TELL
    rival = fits.logarithm_r_squared
    return Claim(
        **common,
        value=fits.r_squared,
        control=f"exponent {fits.exponent}; T₀ + c t^α: {fits.shifted}, R² "
        f"{fits.shifted_r_squared:.4f}; a + b ln t: R² {rival:.4f} (of T_c itself, as the one "
        "before)",
        verdict=verdict,
        reason=f"R² must exceed {R_SQUARED} over {DECADES} decades of time or more; there are "
        f"{fits.decades:.2f}, from epoch {fits.first:.3g} to {fits.last:.3g}. R² so near to 1 "
        "does not single out a power law: see the local slope.",
    )


def _constant(run: MeltingRun, fits: Growth | None) -> Claim:
    common: dict[str, Any] = {
        "identifier": f"A-5s ({WORDS[run.kind]})",
        "statement": "The local slope d ln T_c / d ln t is the same early and late in that "
        "range, as a power law has it.",
        "source": INFERRED,
        "protocol": "b",
        "statistic": "slope in the first half of the logarithmic range less that in the second",
    }
    if fits is None:
        return Claim(
            **common, value=None, control="none", verdict=CANNOT_TELL, reason="Nothing to fit."
        )
    change = Estimate(
        fits.early_slope.mean - fits.late_slope.mean,
        math.hypot(fits.early_slope.error, fits.late_slope.error),
    )
    reach = n_errors(run.n_replicas) * change.error
    tolerated = 0.2 * abs(fits.exponent.mean)
    if abs(change.mean) - reach > tolerated:
        verdict = NOT_SUPPORTED
    else:
        verdict = SUPPORTED if abs(change.mean) + reach < tolerated else CANNOT_TELL
    return Claim(
        **common,
        value=change,
        control=f"{fits.early_slope} and {fits.late_slope}; a fifth of the exponent, "
        f"{tolerated:.3g}, counts as no change",
        verdict=verdict,
        reason="A slope that falls is that of growth slower than a power, such as a logarithm."
        if change.mean > 0
        else "A slope that rises is that of growth faster than a power.",
    )


def _alike(lost: list[Claim], powers: list[Claim]) -> Claim:
    verdicts = [claim.verdict for claim in (*lost, *powers)]
    return Claim(
        identifier="A-6",
        statement="Both activations behave alike: the glass is lost early and T_c grows as a power "
        "of training time.",
        source=ABSTRACT,
        protocol="b",
        statistic="verdicts on A-4 and A-5 in both kinds",
        value=None,
        control="; ".join(f"{claim.identifier}: {claim.verdict}" for claim in (*lost, *powers)),
        verdict=all_of(*verdicts),
        reason="Both claims must be supported in both kinds of network.",
    )


def _tails(run: MeltingRun, nulls: MeltingNulls, number: int) -> Claim:
    counts = run.readings.n_outliers
    early = int(np.flatnonzero(run.steps == run.early_step)[0])
    late = mean_of(counts[:, -1] - counts[:, early])
    whole = mean_of(counts[:, -1] - counts[:, 0])
    shuffled = mean_of(nulls.shuffled[number].n_outliers)
    top = mean_of(run.readings.largest[:, -1] / nulls.shuffled[number].largest)
    n = run.n_replicas
    return Claim(
        identifier=f"A-7 ({WORDS[run.kind]})",
        statement="Training gives the spectrum of the couplings a tail beyond the bulk of the "
        "untrained network, which grows.",
        source=SUMMARY,
        protocol="b",
        statistic="eigenvalues beyond that edge at the end, less those at the early step",
        value=late,
        control=f"{_listed(counts[:, 0])} at the start, {mean_of(counts[:, -1])} at the end; the "
        f"same weights shuffled: {shuffled}, with a largest eigenvalue smaller by a factor of "
        f"{top}",
        verdict=all_of(above(late, 0.0, n), above(whole, 0.0, n)),
        reason="The number must grow from the start and from the early step on. Larger "
        "variances of the weights alone move eigenvalues beyond the first edge: where shuffled "
        "weights have as many, the number is no sign of structure, and the largest "
        "eigenvalue is.",
    )


def _plateau(run: MeltingRun) -> Claim:
    temperature = run.readings.temperature / run.readings.temperature[:, :1]
    before = run.steps[None] <= 0.5 * run.onsets[:, None]
    seen = before.sum(axis=1).min() > 2
    stray = np.where(before, np.abs(temperature - 1), 0.0).max(axis=1)
    rise = mean_of(temperature[:, -1])
    flat = below(mean_of(stray), FLAT, run.n_replicas) if seen else CANNOT_TELL
    rises = above(rise, RISE, run.n_replicas)
    return Claim(
        identifier=f"A-9 ({WORDS[run.kind]})",
        statement="T_c stays where it is at first, and then rises.",
        source="third-party re-implementation",
        protocol="b",
        statistic="T_c at the end over T_c at the start",
        value=rise,
        control=f"largest change up to half the onset of order {mean_of(stray)}; the onset is at "
        f"step {_listed(run.onsets)}",
        verdict=all_of(flat, rises),
        reason=f"T_c must change by less than {FLAT:.0%} up to half the onset ({flat}), and end "
        f"more than {RISE:g} times higher ({rises}).",
    )
