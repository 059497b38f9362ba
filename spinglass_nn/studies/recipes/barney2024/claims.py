"""The claims of the paper, each decided by a stated criterion against a control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.studies.claims import Claim
from spinglass_nn.studies.recipes.barney2024 import (
    melting_claims,
    order_claims,
    untrained_claims,
)
from spinglass_nn.studies.recipes.barney2024.parameters import Parameters


def decide(parameters: Parameters, data: Dataset, results: Mapping[str, Any]) -> list[Claim]:
    """Decide every claim this study tests."""
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN: nothing can be told
        return [
            *untrained_claims.decide(results),
            *melting_claims.decide(parameters, results),
            *order_claims.decide(results),
        ]
