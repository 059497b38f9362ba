"""The claims of the paper, each decided by a stated criterion against a control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.studies.claims import Claim
from spinglass_nn.studies.recipes.liao2024 import (
    connection_claims,
    flatness_claims,
    hierarchy_claims,
    mapping_claims,
    path_claims,
    setting_claims,
    walk_claims,
)
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters


def decide(parameters: Parameters, data: Dataset, results: Mapping[str, Any]) -> list[Claim]:
    """Decide every claim this study tests."""
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN: nothing can be told
        return [
            *setting_claims.decide(parameters, data),
            *walk_claims.decide(parameters, results),
            *path_claims.decide(parameters, results["interpolation"]),
            *connection_claims.decide(results),
            *mapping_claims.decide(results["hierarchy"], results["glasses"]),
            *hierarchy_claims.decide(
                results["solutions"], results["hierarchy"], results["glasses"]
            ),
            *flatness_claims.decide(
                results["flatness"], results["measures"], results["rugged"]
            ),
        ]
