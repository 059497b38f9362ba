"""Claims of protocol (a): what random walks see."""

from __future__ import annotations

import numpy as np

from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, INFERRED, Claim
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters
from spinglass_nn.studies.recipes.liao2024.walks import Walks

# how far from the quadratic law counts as structure
_LAW_MARGIN = 0.1


def decide(p: Parameters, walks: Walks) -> list[Claim]:
    """Claims about walks."""
    return [_structure(p, walks), _rises(p, walks)]


def _structure(p: Parameters, walks: Walks) -> Claim:
    place = int(np.argmin(np.abs(np.log(walks.excursions))))
    rho, shortest = walks.excursions[place], walks.excursions[0]
    ratio, hessian = walks.growth(place), walks.quadratic_ratio()[0]
    n = len(walks.traces)
    verdict = rules.outside(ratio, 1 - _LAW_MARGIN, 1 + _LAW_MARGIN, n)
    reasons = {
        rules.SUPPORTED: "the rise departs from a quadratic bowl on the way to this length",
        rules.NOT_SUPPORTED: "the neighbourhood is a quadratic bowl out to this length, and "
                             "the walk sees nothing but its curvature",
        rules.CANNOT_TELL: "the error does not exclude either",
    }  # fmt: skip
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
        f"at {shortest:g} |θ| the rise is {hessian} times that of the Hessian's trace, which does "
        "not see the kinks of ReLU units",
        verdict,
        reasons[verdict] + f", for solutions of train loss {p.stop_at_loss:g}",
    )


def _rises(p: Parameters, walks: Walks) -> Claim:
    place = int(np.argmin(np.abs(np.log(walks.excursions))))
    n = walks.norms.size
    rise = rules.mean_of(walks.rise("trained")[place])
    fall = rules.mean_of(walks.fall("trained")[place])
    control = rules.mean_of(walks.rise("untrained")[place])
    verdict = rules.all_of(rules.above(rise, 0, n), rules.below(fall, 0, n))
    return Claim(
        "C7",
        "Along a free walk from a solution the loss rises and the accuracy falls",
        INFERRED,
        "a",
        f"change of the train loss over a walk of length {walks.excursions[place]:g} |θ|",
        rise,
        f"walks of the same relative length from untrained points: {control}; accuracy "
        f"changes by {fall}",
        verdict,
        "both have to change by more than their error over solutions",
    )
