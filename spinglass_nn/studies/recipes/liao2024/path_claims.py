"""Claims of protocol (b): permuted copies, and what lies between them."""

from __future__ import annotations

import numpy as np

from spinglass_nn.landscape import LossCurve
from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, INFERRED, Claim
from spinglass_nn.studies.recipes.liao2024.interpolation import Interpolation
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.typing import Float64Array

# rounding of a loss in float64; a copy's loss differs by summation order alone
_ROUNDING = 1e-12


def decide(p: Parameters, paths: Interpolation) -> list[Claim]:
    """Claims about copies and paths."""
    return [
        _copies(paths),
        _barrier(p, paths),
        _grows(p, paths),
        _own_copy(p, paths),
        _matching(p, paths),
    ]


def _copies(paths: Interpolation) -> Claim:
    error = paths.copy_error
    verdict = rules.SUPPORTED if error < _ROUNDING else rules.NOT_SUPPORTED
    return Claim(
        "C8",
        "Permuting hidden units gives copies of identical loss",
        ABSTRACT,
        "b",
        "largest |ΔL| between a solution and 4 random copies, in float64",
        Estimate(error, 0.0),
        f"rounding, {_ROUNDING:g}",
        verdict,
        "an exact symmetry of the architecture",
    )


def _by_solution(values: Float64Array, p: Parameters) -> Float64Array:
    """Means over the permutations of one solution: these, not permutations, are independent."""
    return np.array([values[k :: p.n_solutions].mean() for k in range(p.n_solutions)
                     if k < len(values)])  # fmt: skip


def _one_hump(curve: LossCurve) -> float:
    """1 if the loss only rises up to its highest point and only falls after it, else 0."""
    steps, top = np.diff(curve.loss), int(curve.loss.argmax())
    slack = 1e-3 * curve.barrier  # a dip smaller than this is no second barrier
    return float((steps[:top] >= -slack).all() and (steps[top:] <= slack).all())


def _barrier(p: Parameters, paths: Interpolation) -> Claim:
    barrier = rules.mean_of(_by_solution(paths.barriers[-1], p))
    peak = rules.mean_of(_by_solution(paths.peaks[-1], p))
    # a barrier cannot be negative, this can
    middle = rules.mean_of(
        _by_solution(
            np.array(
                [c.loss[c.loss.size // 2] - (c.loss[0] + c.loss[-1]) / 2 for c in paths.copies]
            ),
            p,
        )
    )
    humps = np.array([_one_hump(c) for c in paths.copies])
    independent = rules.mean_of(np.array([c.barrier for c in paths.pairs]))
    n = min(paths.barriers.shape[1], p.n_solutions)
    verdict = rules.all_of(
        rules.above(middle, 0, n),
        rules.above(peak, 0.4, n),
        rules.below(peak, 0.6, n),
        rules.above(rules.mean_of(_by_solution(humps, p)), 0.5, n),
    )
    return Claim(
        "C10",
        "On the straight line to a permuted copy the loss rises to one barrier near the middle",
        INFERRED,
        "b",
        f"barrier to copies with {paths.fractions[-1]:.0%} of the units moved (nats)",
        barrier,
        f"two independent solutions: {independent}; peak at t = {peak}; excess in the middle "
        f"{middle}; a single hump on {humps.sum():.0f} of {humps.size} lines; accuracy falls by "
        f"{rules.mean_of(_by_solution(paths.accuracy_barriers[-1], p))}",
        verdict,
        "the loss in the middle has to exceed that of the ends, the peak to lie in 0.4 to 0.6 "
        "and most lines to have one hump; a barrier on the straight line says nothing about "
        "other paths",
    )


def _grows(p: Parameters, paths: Interpolation) -> Claim:
    full, swap = paths.barriers[-1], paths.swap_barriers
    ratio = rules.mean_of(_by_solution(swap / full, p))
    n_fractions, n = paths.barriers.shape
    trend = rules.ranked(  # the barriers of one solution belong together
        np.tile(paths.fractions, n),
        paths.barriers.T,
        groups=np.repeat(np.arange(n), n_fractions),
    )
    rising = rules.CANNOT_TELL
    if trend.low > 0 or trend.high < 0:  # an interval that holds zero tells nothing
        rising = rules.SUPPORTED if trend.low > 0 else rules.NOT_SUPPORTED
    verdict = rules.all_of(rules.below(ratio, 0.1, min(n, p.n_solutions)), rising)
    return Claim(
        "C11",
        "The barrier grows with the share of permuted units and is tiny for a single swap",
        INFERRED,
        "b",
        "barrier of one swap over that of a full permutation, same solution",
        ratio,
        f"tiny means below 0.1; rank correlation of barrier and share: {trend.estimate} "
        f"(95 % from {trend.low:.2f} to {trend.high:.2f})",
        verdict,
        "the ratio has to lie below 0.1 and the rank correlation above 0",
    )


def _disjoint(p: Parameters, paths: Interpolation) -> int:
    """Pairs that share no solution; they come first."""
    return min(len(paths.pairs), p.n_solutions // 2)


# equal to within this factor, either way, counts as equal
_EQUAL = 1.25


def _own_copy(p: Parameters, paths: Interpolation) -> Claim:
    n = _disjoint(p, paths)
    own = paths.own[:n].mean(axis=1)
    shuffled = np.array([c.barrier for c in paths.shuffled[:n]])
    raw = np.array([c.barrier for c in paths.pairs[:n]])
    ratio = rules.mean_of(own / shuffled)
    verdict = rules.all_of(rules.above(ratio, 1 / _EQUAL, n), rules.below(ratio, _EQUAL, n))
    return Claim(
        "B1",
        "The barrier of a solution to its own random copy equals that to an independent solution",
        INFERRED,
        "b",
        "barrier to the own copy (mean of both ends of a pair) over that between the two, the "
        "second permuted the same way",
        ratio,
        f"independent solutions as trained, in place of permuted: {rules.mean_of(own / raw)}; "
        f"equal means 1 to within a factor of {_EQUAL:g}; {n} pairs that share no solution",
        verdict,
        "the ratio has to lie inside these limits by its error; an error that reaches over one "
        "of them leaves it open",
    )


# the barrier between independent solutions has to fall at least so much
_FALL = 5


def _matching(p: Parameters, paths: Interpolation) -> Claim:
    n = _disjoint(p, paths)
    raw, matched, shuffled = (
        np.array([c.barrier for c in curves[:n]])
        for curves in (paths.pairs, paths.matched, paths.shuffled)
    )
    left = rules.mean_of(matched / raw)
    before, after = (rules.mean_of(paths.similarity[:n, k]) for k in range(2))
    return Claim(
        "B2",
        "Matching hidden units removes most of the barrier between independent solutions",
        INFERRED,
        "b",
        "barrier after matching over that before, same pair",
        left,
        f"permuted at random instead: {rules.mean_of(shuffled / raw)}; most means at least "
        f"{_FALL}-fold; overlap {before} before and {after} after, untrained networks "
        f"{rules.mean_of(paths.untrained_similarity[:n])} after",
        rules.below(left, 1 / _FALL, n),
        f"the ratio has to lie below 1/{_FALL}; matching raises the overlap of untrained "
        "networks too, so overlap alone is no evidence",
    )
