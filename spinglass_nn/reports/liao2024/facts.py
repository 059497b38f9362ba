"""Facts that must hold if protocols and instrument work, beside what was found."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import mean_estimate
from spinglass_nn.studies import Glasses, Hierarchy, Interpolation, Moves, StudyRun
from spinglass_nn.studies import claims as rules

_Row = tuple[str, str, str, str]

_THREE_SPIN = (-1.66, -1.45)  # energy per spin if couplings of all ordered triples vary by one


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Every fact that this run can check; no figures."""
    results = run.results
    return Section(
        "facts",
        "Facts",
        "Do protocols and instrument give what they must?",
        method=(
            "What mathematics or a known system prescribes, and what this run found. Where a "
            "fact does not hold, its section says what is known of the reason.",
        ),
        findings=(),
        drawings=[],
        tables=[
            Table(
                "Facts",
                ("fact", "expected", "found", "verdict"),
                [
                    *_copies(results["interpolation"]),
                    *_walks(results["moves"], results["walks"].diffusion().mean),
                    *_gauges(results["moves"]),
                    *_trees(results["hierarchy"]),
                    _three_spins(results["glasses"]),
                ],
            )
        ],
    )


def _held(holds: bool, otherwise: str = "does not hold") -> str:
    return "holds" if holds else otherwise


def _copies(paths: Interpolation) -> list[_Row]:
    raw, matched = (
        np.array([curve.barrier for curve in curves]) for curves in (paths.pairs, paths.matched)
    )
    fall = rules.mean_of(matched / raw)
    return [
        (
            "change of the loss by permuting hidden units (T1)", "< 1e-12",
            f"{paths.copy_error:.1g}", _held(paths.copy_error < 1e-12),
        ),
        (
            "barrier of solutions after matching over that before (T8)", "1/5 or less",
            str(fall), _held(fall.mean <= 0.2),
        ),
    ]  # fmt: skip


def _walks(moves: Moves, reached: float) -> list[_Row]:
    inside = [e for e, rho in enumerate(moves.excursions) if 0.01 <= rho <= 1]
    constants = np.array([moves.constant("isotropic", e).mean for e in inside])
    spread = float(constants.max() / constants.min() - 1)
    return [
        (
            "distance of free walks over r √T (T3)", "1 to 1 %", f"{reached:.4f}",
            _held(abs(reached - 1) < 0.01),
        ),
        (
            "spread of ΔL/ρ², ρ from 0.01 to 1 (T4)", "10 %", f"{spread:.0%}",
            _held(spread < 0.1, "does not hold: no quadratic bowl here"),
        ),
    ]  # fmt: skip


def _gauges(moves: Moves) -> list[_Row]:
    change = float(moves.balanced_change.max())
    raw, balanced = (mean_estimate(row) for row in moves.gauge_rises)
    return [
        (
            "loss in the balanced gauge (T9)", "change < 1e-12", f"{change:.1g}",
            _held(change < 1e-12),
        ),
        (
            "rise at one displacement, raw and balanced (T9)", "differ",
            f"{raw} and {balanced}", _held(raw.mean != balanced.mean),
        ),
    ]  # fmt: skip


def _trees(hierarchy: Hierarchy) -> list[_Row]:
    forked = hierarchy.branch("forked", "euclidean").statistics
    return [
        (
            "cophenetic correlation of forked runs (T6)", "0.98 or more",
            str(forked.cophenetic), _held(forked.cophenetic.mean >= 0.98),
        ),
        ("K of forked runs (T6)", "0.05 or less", str(forked.k), _held(forked.k.mean <= 0.05)),
    ]  # fmt: skip


def _three_spins(glasses: Glasses) -> _Row:
    """T10 is stated where couplings of all ordered triples have variance one."""
    found = glasses.of("descents-3").energy
    low, high = _THREE_SPIN
    name = "energy per spin where descents of p = 3 end, times √2 (T10)"
    if found is None:
        return (name, f"{low} to {high}", "-", "not measured")
    energy = found * math.sqrt(2)
    small = (
        "does not hold: terms with equal indices, which the model lacks, count in small systems"
    )
    return (name, f"{low} to {high}", str(energy), _held(low < energy.mean < high, small))
