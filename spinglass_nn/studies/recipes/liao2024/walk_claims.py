"""Claims of protocol (a): what random walks see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, INFERRED, SUMMARY, Claim
from spinglass_nn.studies.recipes.liao2024.aging import Aging
from spinglass_nn.studies.recipes.liao2024.moves import Moves
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.recipes.liao2024.walks import Walks

# how far from the quadratic law counts as structure
_LAW_MARGIN = 0.1
# how far from that of independent moves the distance may be
_STEP_MARGIN = 0.05


def decide(p: Parameters, results: Mapping[str, Any]) -> list[Claim]:
    """Claims about walks."""
    walks, moves = results["walks"], results["moves"]
    return [
        _structure(p, walks, moves),
        _walk_is_as_told(p, walks),
        _rises(walks),
        _ages(results["aging"]),
    ]


def _structure(p: Parameters, walks: Walks, moves: Moves) -> Claim:
    place = int(np.argmin(np.abs(np.log(walks.excursions))))
    rho, shortest = walks.excursions[place], walks.excursions[0]
    ratio = walks.growth(place)
    n = len(walks.traces)
    verdict = rules.outside(ratio, 1 - _LAW_MARGIN, 1 + _LAW_MARGIN, n)
    reasons = {
        rules.SUPPORTED: "the rise departs from a quadratic bowl on the way to this length",
        rules.NOT_SUPPORTED: "the neighbourhood is a quadratic bowl out to this length, and "
                             "the walk sees nothing but its curvature",
        rules.CANNOT_TELL: "the error does not exclude either",
    }  # fmt: skip
    far = int(np.argmin(np.abs(np.log(moves.excursions))))
    kinds = ", ".join(f"{kind} {moves.growth(kind, far)}" for kind in moves.kinds)
    return Claim(
        "C5",
        "A random walk in parameter space reveals structure of the landscape",
        ABSTRACT,
        "a",
        f"loss rise per squared distance at {rho:g} |θ| over that at {shortest:g} |θ|, same "
        "directions",
        ratio,
        f"quadratic law = 1, structure counts from ±{_LAW_MARGIN:.0%}; the same runs early in "
        f"training, at a loss of {walks.early_loss.mean():.2f}: {walks.growth(place, early=True)}; "
        f"at {moves.excursions[0]:g} |θ| the rise is {moves.against_law('isotropic', 0)} times "
        f"that of the law, {moves.against_kinked_law('isotropic', 0)} times with the kinks of "
        f"ReLUs; {moves.excursions[far]:g} over {moves.excursions[0]:g} |θ| for other "
        f"kinds of moves: {kinds}",
        verdict,
        reasons[verdict] + f", for solutions of train loss {p.stop_at_loss:g}",
    )


def _walk_is_as_told(p: Parameters, walks: Walks) -> Claim:
    reached = walks.diffusion()
    departs = rules.outside(reached, 1 - _STEP_MARGIN, 1 + _STEP_MARGIN, walks.norms.size)
    opposite = {rules.SUPPORTED: rules.NOT_SUPPORTED, rules.NOT_SUPPORTED: rules.SUPPORTED}
    return Claim(
        "C6",
        "The walk starts at a trained configuration, its moves are Gaussian, and loss and "
        "accuracy are logged along it",
        SUMMARY,
        "a",
        "distance at the end of free walks from solutions over r √T",
        reached,
        "1 for independent moves of length r",
        opposite.get(departs, rules.CANNOT_TELL),
        f"by construction, if the distance is that of such moves to {_STEP_MARGIN:.0%}: "
        f"{walks.steps.size} records along {p.walk_steps} moves; directions are Gaussian, "
        "lengths are fixed",
    )


def _rises(walks: Walks) -> Claim:
    place = int(np.argmin(np.abs(np.log(walks.excursions))))
    n = walks.norms.size
    first, second = (rules.mean_of(half[place]) for half in walks.halves("trained"))
    rise = rules.mean_of(walks.rise("trained")[place])
    fall = rules.mean_of(walks.fall("trained")[place])
    controls = "; ".join(
        f"{start} {rules.mean_of(walks.rise(start)[place])}"
        for start in ("untrained", "random")
    )
    verdict = rules.all_of(
        rules.above(first, 0, n), rules.above(second, 0, n), rules.below(fall, 0, n)
    )
    return Claim(
        "C7",
        "Along a free walk from a solution the loss rises and the accuracy falls",
        INFERRED,
        "a",
        f"change of the train loss over a walk of length {walks.excursions[place]:g} |θ|",
        rise,
        f"first half {first}, second half {second}, accuracy {fall}; walks of the same relative "
        f"length from other points: {controls}; permuted copies differ from the solutions by "
        f"{walks.copy_difference(place)}",
        verdict,
        "the loss has to rise in both halves of the walk and the accuracy to fall over it, by "
        "more than their errors over solutions",
    )


def _ages(aging: Aging) -> Claim:
    ratio = aging.slowing()
    n = len(aging.two_time.displacement)
    verdict = rules.below(ratio, 1, n)
    early, late = (aging.loss[c, ..., 0].mean() for c in (1, -1))
    reasons = {
        rules.SUPPORTED: "a run moves less in the same time later on; the loss and with it the "
                         "noise of the gradient have fallen, which is enough to explain "
                         "that: no barrier or glass follows",
        rules.NOT_SUPPORTED: "a run moves at least as far in the same time later on",
        rules.CANNOT_TELL: "the error does not exclude a stationary motion",
    }  # fmt: skip
    return Claim(
        "C21",
        "Training ages: the longer it has run, the less far parameters move in the same time",
        INFERRED,
        "a",
        f"squared displacement in the last {aging.interval} steps over that in the second "
        f"{aging.interval}, of {aging.n_epochs} epochs at a constant rate",
        ratio,
        f"1 for a stationary motion, above 1 for one that speeds up; the train loss is "
        f"{early:.2f} where the early interval begins and {late:.3f} where the late one ends",
        verdict,
        reasons[verdict],
    )
