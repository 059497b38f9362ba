"""What averages and equilibration tests need to know of the models that ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spinglass_nn.spins.edwards_anderson import EdwardsAnderson
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.spins.sk import SherringtonKirkpatrick


def facts_of(models: Sequence[Any]) -> dict[str, Any]:
    """Shape of a lattice, and which identity holds at equilibrium: "edwards-anderson", "sk"."""
    first = models[0]
    facts: dict[str, Any] = {"identity": ""}
    plain = not any(np.any(model.fields) for model in models)
    if isinstance(first, EdwardsAnderson):
        facts["shape"] = first.shape
        bonds = {model.n_bonds for model in models}
        if plain and len(bonds) == 1 and _all(models, "gaussian"):
            facts |= {"identity": "edwards-anderson", "n_bonds": bonds.pop()}
    elif isinstance(first, SherringtonKirkpatrick):
        facts["identity"] = "sk" if plain and _all(models, "gaussian") else ""
    elif isinstance(first, PSpin) and first.p == 2:
        facts["identity"] = "sk"
    return facts


def _all(models: Sequence[Any], distribution: str) -> bool:
    return all(model.distribution == distribution for model in models)
