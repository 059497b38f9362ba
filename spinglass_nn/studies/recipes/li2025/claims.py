"""The claims of the paper, each decided by a stated criterion against a control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import CANNOT_TELL, INFERRED, NOT_SUPPORTED, SUPPORTED, Claim
from spinglass_nn.studies.recipes.li2025 import difference_claims, relation_claims
from spinglass_nn.studies.recipes.li2025.limits import OverlapLimits
from spinglass_nn.studies.recipes.li2025.parameters import Parameters

_NEAR = 0.05  # of the baseline, and of 1
_MIXED = 1.05  # R-hat of the energies at the cold end
_OPPOSITE = {SUPPORTED: NOT_SUPPORTED, NOT_SUPPORTED: SUPPORTED, CANNOT_TELL: CANNOT_TELL}


def decide(parameters: Parameters, data: Dataset, results: Mapping[str, Any]) -> list[Claim]:
    """Decide every claim this study tests."""
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN: nothing can be told
        return [
            *difference_claims.decide(parameters, results),
            *relation_claims.decide(parameters, results),
            *_limits(parameters, results["limits"]),
        ]


def _limits(p: Parameters, limits: OverlapLimits) -> list[Claim]:
    n = limits.hot.size
    ratio: Estimate = rules.mean_of(limits.hot / limits.baseline)
    # what replicas leave open of the mean, where seeds happen to agree
    ratio = Estimate(
        ratio.mean, max(ratio.error, float(np.sqrt(np.mean(limits.hot_error**2) / n))
                        / limits.baseline),
    )  # fmt: skip
    cold = rules.mean_of(limits.cold[:, 0])
    mixed = bool((~(limits.r_hat > _MIXED)).all() and limits.round_trips.min() > 0)
    verdict = rules.above(cold, 1 - _NEAR, n)
    return [
        Claim(
            "B-5 hot",
            "Far above T_c replicas overlap as free spins do, by √(2/πN)",
            INFERRED,
            "e",
            f"Q at {p.hot:g} T_c over that of free spins",
            ratio,
            f"free spins: {limits.baseline:.4f}",
            _OPPOSITE[rules.outside(ratio, 1 - _NEAR, 1 + _NEAR, n)],
            f"equal means within {_NEAR:.0%}",
        ),
        Claim(
            "B-5 cold",
            "Far below T_c there is one pair of ground states, and Q goes to 1",
            INFERRED,
            "e",
            f"Q at {p.cold:g} T_c",
            cold,
            f"layers coupled by equal weights: {limits.ferromagnet:.4f}",
            verdict if mixed else CANNOT_TELL,
            f"close to 1 means above {1 - _NEAR:g}"
            + ("" if mixed else "; replicas do not agree on the energy, or did not travel"),
        ),
    ]
